"""The functions of nescio.detectors and nescio.metrics as the program's own descriptions of detectors and metrics have them.

Signatures, defaults, ranges, papers and docstrings follow from these; adding a detector or a metric edits nothing here.
Imports nothing of the package, since the build writes the stubs with it.
"""

from __future__ import annotations

import inspect
import keyword
import re
import textwrap
from dataclasses import dataclass, field
from typing import Any, Callable

EMPTY = inspect.Parameter.empty


@dataclass(frozen=True)
class Argument:
    """One argument of a function."""

    name: str
    annotation: str
    doc: str
    default: Any = EMPTY
    kind: Any = inspect.Parameter.KEYWORD_ONLY


@dataclass(frozen=True)
class Function:
    """What help(), an editor and a type checker see of one entry."""

    name: str
    doc: str
    returns: str
    arguments: list[Argument] = field(default_factory=list)

    def signature(self) -> inspect.Signature:
        """For inspect.signature() and help()."""
        parameters = [
            inspect.Parameter(a.name, a.kind, default=a.default, annotation=a.annotation) for a in self.arguments
        ]
        return inspect.Signature(parameters, return_annotation=self.returns)

    def stub(self) -> str:
        """The same in a .pyi file."""
        parts = []
        keywords = False
        for a in self.arguments:
            if a.kind is inspect.Parameter.VAR_POSITIONAL:
                parts.append(f"*{a.name}: {a.annotation}")
                keywords = True
                continue
            if a.kind is inspect.Parameter.KEYWORD_ONLY and not keywords:
                parts.append("*")
                keywords = True
            parts.append(f"{a.name}: {a.annotation}" + ("" if a.default is EMPTY else f" = {a.default!r}"))
        doc = self.doc.replace("\\", "\\\\").replace('"""', "'''")
        body = textwrap.indent(f'"""{doc}\n"""', "    ")
        return f"def {self.name}({', '.join(parts)}) -> {self.returns}:\n{body}\n    ...\n"

    def bind(self, call: Callable[..., Any], module: str) -> Callable[..., Any]:
        """`call` under this name, with this signature and docstring."""
        signature = self.signature()

        def function(*args: Any, **kwargs: Any) -> Any:
            bound = signature.bind(*args, **kwargs)
            return call(*bound.args, **bound.kwargs)

        function.__name__ = function.__qualname__ = self.name
        function.__module__ = module
        function.__doc__ = self.doc
        function.__signature__ = signature  # type: ignore[attr-defined]
        function.__annotations__ = {a.name: a.annotation for a in self.arguments}
        function.__annotations__["return"] = self.returns
        return function


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(text, 96, initial_indent=indent, subsequent_indent=indent, break_long_words=False)


# ---------------------------------------------------------------------- detectors

_TYPES = {
    "true or false": "bool",
    "whole number": "int",
    "number": "float",
    "text": "str",
    "numbers a,b,...": "Sequence[float]",
}


def _python_name(name: str) -> str:
    return f"{name}_" if keyword.iskeyword(name) else name  # lambda_


def _spec_name(name: str) -> str:
    return name[:-1] if keyword.iskeyword(name[:-1]) else name


def _annotation(parameter: dict[str, Any]) -> str:
    type_, auto = re.fullmatch(r"(.*?)( or auto)?", parameter["type"]).groups()  # type: ignore[union-attr]
    annotation = _TYPES[type_]
    if type_ == "text" and parameter["choices"]:
        annotation = f"Literal[{', '.join(repr(choice) for choice in parameter['choices'])}]"
    return f"Optional[{annotation}]" if auto else annotation


def _default(parameter: dict[str, Any]) -> Any:
    text = parameter["default"]
    type_ = parameter["type"]
    if text == "auto" and type_.endswith("or auto"):
        return None
    if type_.startswith("true"):
        return text == "true"
    if type_.startswith("whole"):
        return int(text)
    if type_.startswith("numbers"):
        return tuple(float(part) for part in text.strip("()").split(",") if part)
    if type_.startswith("number"):
        return float(text)
    return text


def value_text(value: Any) -> str:
    """A Python value as a spec has it."""
    if value is None:
        return "auto"
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)) or getattr(value, "ndim", False):
        return "(" + ",".join(value_text(part) for part in value) + ")"
    number = value.item() if hasattr(value, "item") else value
    if isinstance(number, float) and number.is_integer() and abs(number) < 1e15:
        number = int(number)
    return repr(number)


def _parameter_doc(parameter: dict[str, Any]) -> str:
    lines = f"{_python_name(parameter['name'])} : {_annotation(parameter)}, default {parameter['default'] or 'none'}"
    text = parameter["doc"]
    if parameter["unit"]:
        text += f" [{parameter['unit']}]"
    if parameter["range"]:
        text += f"; {parameter['range']}"
    if parameter["sweep"]:
        text += f"; usually tried: {', '.join(parameter['sweep'])}"
    return lines + "\n" + _wrapped(text, "    ")


def _fact(name: str, values: list[str]) -> str:
    if name == "formula":
        return textwrap.indent("\n".join(values), "    ")
    title = name.capitalize()
    if len(values) == 1:
        return _wrapped(f"{title}: {values[0]}")
    return f"{title}:\n" + "\n".join(_wrapped(f"- {value}", "  ") for value in values)


def detector_function(info: dict[str, Any]) -> Function:
    """The function that makes a detector (or shaper) of keyword arguments."""
    parts = [_wrapped(info["summary"]), *(_fact(name, values) for name, values in info["facts"])]
    arguments = []
    if info["combinator"]:
        arguments.append(
            Argument("detectors", "Union[Detector, str]", "its members", kind=inspect.Parameter.VAR_POSITIONAL)
        )
    for parameter in info["parameters"]:
        name = _python_name(parameter["name"])
        arguments.append(Argument(name, _annotation(parameter), parameter["doc"], _default(parameter)))
    if info["parameters"]:
        documented = "\n".join(_parameter_doc(parameter) for parameter in info["parameters"])
        parts.append(f"Parameters\n----------\n{documented}")
    return Function(info["name"], "\n\n".join(parts), "Shaper" if info["shaper"] else "Detector", arguments)


def spec_of(name: str, members: tuple[Any, ...], arguments: dict[str, Any]) -> str:
    """The spec of a call."""
    written = [getattr(member, "spec", member) for member in members]
    written += [f"{_spec_name(key)}={value_text(value)}" for key, value in arguments.items()]
    return f"{name}({','.join(written)})" if written else name


# ---------------------------------------------------------------------- metrics


def _metric_doc(metric: dict[str, Any]) -> str:
    lines = [_wrapped(metric["definition"]), ""]
    if metric["positive"]:
        lines.append(f"Positive: {metric['positive']} rows.")
    lines.append(_wrapped(f"Equal scores: {metric['ties']}."))
    lines.append("Higher is better." if metric["higher_is_better"] else "Lower is better.")
    lines.append(_wrapped(f"Interval, in nescio.evaluate(): {metric['interval']}."))
    return "\n".join(lines)


def _metric_arguments(metric: dict[str, Any]) -> list[Argument]:
    positional = inspect.Parameter.POSITIONAL_OR_KEYWORD
    arguments = []
    if metric["of_ranking"]:
        arguments += [
            Argument("id", "ArrayLike", "scores [N] of ID rows, higher = more OOD", kind=positional),
            Argument("ood", "ArrayLike", "scores of OOD rows", kind=positional),
        ]
    if metric["needs_answers"]:
        kind = inspect.Parameter.KEYWORD_ONLY if metric["of_ranking"] else positional
        arguments.append(Argument("labels", "ArrayLike", "classes [N] of the ID rows", kind=kind))
        if metric["needs_confidence"] or metric["needs_classes"]:
            arguments.append(Argument("logits", "ArrayLike", "of the ID rows, [N, C]", kind=kind))
        else:
            arguments.append(Argument("logits", "Optional[ArrayLike]", "of the ID rows, [N, C]", None))
            arguments.append(
                Argument("predicted", "Optional[ArrayLike]", "classes [N] that the network sees, in place of logits", None)
            )
    return arguments


def metric_functions(metric: dict[str, Any]) -> list[tuple[Function, Callable[[dict[str, Any]], str]]]:
    """The functions of a metric, each with what makes the metric's name of its arguments: of a family, which has a
    level, the one that the table has (fpr95_id) and the one at any level (fpr_id(tpr=0.9))."""
    doc = _metric_doc(metric)
    arguments = _metric_arguments(metric)
    name = metric["name"]
    out: list[tuple[Function, Callable[[dict[str, Any]], str]]] = []
    if "(" not in name:
        out.append((Function(name, doc, "float", arguments), lambda given: name))
    if metric["family"]:
        family, level = metric["family"], metric["level"]
        in_table = re.fullmatch(rf"{family}\({level['name']}=(.*)\)", name)
        default: Any = float(in_table.group(1)) if in_table else EMPTY
        argument = Argument(level["name"], "float", f"{level['doc']}; {level['range']}", default)
        at = f"{level['name']} : float, {level['range']}\n    {level['doc']}\n"
        about = f"{doc}\n\n{'At any other level:' if in_table else 'At the level given:'}\n\n{at}".rstrip()
        if not in_table:
            about = about.replace(metric["definition"], f"{name} at any level: {metric['definition']}")
        key = level["name"]
        out.append(
            (
                Function(family, about, "float", arguments + [argument]),
                lambda given: f"{family}({key}={value_text(given[key])})",
            )
        )
    return out


DETECTORS_STUB = '''"""One function for each detector and shaper; written by the build from their descriptions."""

from typing import Literal, Optional, Sequence, Union

from nescio._detector import Detector
from nescio._shaper import Shaper

__all__ = {names!r}

'''

METRICS_STUB = '''"""One function for each metric; written by the build from their descriptions."""

from typing import Any, Optional

ArrayLike = Any

__all__ = {names!r}

'''


def detectors_stub(infos: list[dict[str, Any]]) -> str:
    """detectors.pyi"""
    functions = [detector_function(info) for info in infos]
    return DETECTORS_STUB.format(names=[f.name for f in functions]) + "\n".join(f.stub() for f in functions)


def metrics_stub(metrics: list[dict[str, Any]]) -> str:
    """metrics.pyi"""
    functions = [function for metric in metrics for function, _ in metric_functions(metric)]
    return METRICS_STUB.format(names=[f.name for f in functions]) + "\n".join(f.stub() for f in functions)
