"""One function for each metric, from the program's own descriptions: help(nescio.metrics.auroc).

Scores are higher for what is more out-of-distribution. nescio.evaluate() measures several at once, with intervals.
"""

from __future__ import annotations

import json
from typing import Any, Callable

from nescio import _arrays, _catalogue, _core


def _measure(name_of: Callable[[dict[str, Any]], str], function: _catalogue.Function) -> Callable[..., float]:
    signature = function.signature()

    def measure(*args: Any, **kwargs: Any) -> float:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        given = bound.arguments

        def of(name: str, convert: Callable[[Any, str], Any]) -> Any:
            value = given.get(name)
            return None if value is None else convert(value, name)

        return _core.measure_one(
            name_of(given),
            of("id", _arrays.scores),
            of("ood", _arrays.scores),
            of("logits", _arrays.matrix),
            of("predicted", _arrays.integers),
            of("labels", _arrays.integers),
        )

    return function.bind(measure, __name__)


_table: list[dict[str, Any]] = json.loads(_core.metrics_json())
_functions = [pair for metric in _table for pair in _catalogue.metric_functions(metric)]
__all__ = [function.name for function, _ in _functions]
globals().update({function.name: _measure(name_of, function) for function, name_of in _functions})


def __dir__() -> list[str]:
    return list(__all__)
