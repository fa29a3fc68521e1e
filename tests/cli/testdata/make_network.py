#!/usr/bin/env python3
"""Writes small_network.onnx beside itself: a seeded network of 32 x 32 pictures, three classes, a softmax at its end; and
half_network.onnx, the same in float16, its weights in a file beside it, its logits so large that rounding counts.

Needs the packages numpy and onnx; its output is in git.
"""
import pathlib

import numpy as np
import onnx
from onnx import helper, numpy_helper

rng = np.random.default_rng(0)


def constant(name, *shape):
    return numpy_helper.from_array((rng.normal(size=shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32), name)


nodes = [
    helper.make_node("Conv", ["x", "K"], ["c"], kernel_shape=[3, 3], strides=[2, 2]),
    helper.make_node("Relu", ["c"], ["r"]),
    helper.make_node("GlobalAveragePool", ["r"], ["g"]),
    helper.make_node("Flatten", ["g"], ["h"]),
    helper.make_node("Gemm", ["h", "W", "b"], ["z"], transB=1),
    helper.make_node("Softmax", ["z"], ["p"], axis=1),
]
graph = helper.make_graph(
    nodes, "small", [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["n", 3, 32, 32])],
    [helper.make_tensor_value_info("p", onnx.TensorProto.FLOAT, ["n", 3])],
    [constant("K", 12, 3, 3, 3), constant("W", 3, 12), numpy_helper.from_array(np.float32([0, 0.1, -0.1]), "b")])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
model.metadata_props.add(key="names", value="{0: 'cat', 1: 'dog', 2: 'eel'}")
onnx.checker.check_model(model)
folder = pathlib.Path(__file__).parent
onnx.save(model, folder / "small_network.onnx")

for tensor in graph.initializer:
    values = numpy_helper.to_array(tensor) + (20 if tensor.name == "b" else 0)
    tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), tensor.name))
for value in (*graph.input, *graph.output):
    value.type.tensor_type.elem_type = onnx.TensorProto.FLOAT16
half = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
onnx.checker.check_model(half)
(folder / "half_network.onnx.data").unlink(missing_ok=True)
onnx.save(half, folder / "half_network.onnx", save_as_external_data=True, location="half_network.onnx.data", size_threshold=0)
