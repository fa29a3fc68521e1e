"""A classifier as an ONNX file: what it says, by ONNX Runtime, and a detector put into it, by the nescio program.

>>> net = nescio.onnx.Network("model.onnx")              # finds logits, features and the last layer
>>> det = nescio.Detector("vim").fit(**net(images), labels=y, head=net.head)
>>> nescio.onnx.export(det, "model.onnx", "model_ood.onnx")
"""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import tempfile
from typing import Any, Mapping, Optional, Sequence, Union

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import numpy_helper

from nescio._arrays import Error, matrix
from nescio._detector import Detector, Path

_BEHIND_LOGITS = ("Softmax", "LogSoftmax", "Identity", "Cast", "Flatten", "Reshape", "Squeeze")
_BEFORE_HEAD = ("Identity", "Cast")


class Network:
    """An ONNX classifier. Called with its input it returns {"features": [B, D], "logits": [B, C]}.

    logits and features name tensors of the graph; without them they are those of the last product with a constant matrix (Gemm, or
    MatMul and Add), a softmax behind it left out. providers are ONNX Runtime's.
    """

    def __init__(
        self, path: Path, *, logits: str = "", features: str = "", providers: Sequence[str] = ("CPUExecutionProvider",)
    ) -> None:
        self.path = os.fspath(path)
        model = onnx.load(self.path)
        self.head: Optional[tuple[NDArray[np.float32], NDArray[np.float32]]] = None
        found = _last_layer(model.graph)
        if found is not None:
            self.logits, self.features, self.head = found
        self.logits, self.features = logits or getattr(self, "logits", ""), features or getattr(self, "features", "")
        if logits and found is not None and logits != found[0]:
            self.head = None
        if not self.logits or not self.features:
            raise Error(
                f"{self.path}: no last linear layer was found; name the tensors with logits= and features="
            )
        there = {out.name for out in model.graph.output}
        for name in (self.logits, self.features):
            if name not in there:
                model.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
        options = onnxruntime.SessionOptions()
        self.session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=list(providers))
        self.input = self.session.get_inputs()[0].name

    def __call__(self, inputs: Union[NDArray[Any], Mapping[str, NDArray[Any]]]) -> dict[str, Any]:
        feed = dict(inputs) if isinstance(inputs, Mapping) else {self.input: np.asarray(inputs)}
        logits, features = self.session.run([self.logits, self.features], feed)
        return {
            "features": matrix(features.reshape(len(features), -1), "features"),
            "logits": matrix(logits.reshape(len(logits), -1), "logits"),
        }


def _last_layer(
    graph: Any,
) -> Optional[tuple[str, str, tuple[NDArray[np.float32], NDArray[np.float32]]]]:
    """Its output, its input and (W, b), going back from the first output of the graph."""
    made_by = {out: node for node in graph.node for out in node.output}
    constants = {tensor.name: tensor for tensor in graph.initializer}
    name = graph.output[0].name
    while name in made_by and made_by[name].op_type in _BEHIND_LOGITS:
        name = made_by[name].input[0]
    node, bias = made_by.get(name), None
    if node is not None and node.op_type == "Add":
        for product, other in (tuple(node.input), tuple(node.input)[::-1]):
            if other in constants and product in made_by and made_by[product].op_type == "MatMul":
                bias, node = numpy_helper.to_array(constants[other]).reshape(-1), made_by[product]
                break
    if node is None or node.op_type not in ("Gemm", "MatMul") or node.input[1] not in constants:
        return None
    weight = numpy_helper.to_array(constants[node.input[1]])
    facts = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    if facts.get("transA", 0) or facts.get("alpha", 1.0) != 1.0 or facts.get("beta", 1.0) != 1.0:
        return None
    if not facts.get("transB", 0):
        weight = weight.T
    if node.op_type == "Gemm" and len(node.input) > 2 and node.input[2] in constants:
        bias = numpy_helper.to_array(constants[node.input[2]]).reshape(-1)
    if bias is None:
        bias = np.zeros(len(weight), np.float32)
    features = node.input[0]
    while features in made_by and made_by[features].op_type in _BEFORE_HEAD:
        features = made_by[features].input[0]
    head = np.ascontiguousarray(weight, np.float32), np.ascontiguousarray(bias, np.float32)
    return name, features, head


def find_program(program: str = "") -> str:
    """The nescio program: the one given, the one that NESCIO_PROGRAM names, or the one on the PATH."""
    asked = program or os.environ.get("NESCIO_PROGRAM", "")
    found = shutil.which(asked or "nescio")
    if found is None:
        what = f"{asked} cannot be run" if asked else "there is no `nescio` on the PATH"
        raise Error(f"export: {what}; build the program and give program=, or set NESCIO_PROGRAM")
    return found


def export(detector: Detector, model: Path, out: Path, *, program: str = "", options: Sequence[str] = ()) -> str:
    """Puts a fitted detector into an ONNX model, which gets the outputs ood_score, is_ood and ood_p_value.

    It is `nescio export`, which must be installed (find_program()); `options` are passed on, as "features=NAME". Returns
    what it prints. Raises nescio.Error with its sentence where it fails.
    """
    command = find_program(program)
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place) / "detector"
        detector.save(folder)
        done = subprocess.run(
            [command, "export", str(folder), f"onnx={os.fspath(model)}", f"out={os.fspath(out)}", *options],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        raise Error(f"export: {done.stderr.strip()}")
    return done.stdout + done.stderr
