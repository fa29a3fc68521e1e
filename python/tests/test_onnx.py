import os
import pathlib

import nescio
import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
from nescio.onnx import Network, export, find_program
from onnx import TensorProto, helper, numpy_helper


@pytest.fixture(params=["Gemm", "Gemm with softmax", "MatMul and Add", "MatMul"])
def model(request, world, tmp_path):
    """relu(x A), then the last layer in one of its forms."""
    rng = np.random.default_rng(3)
    A = rng.normal(size=(12, 16)).astype(np.float32)
    constants = {"A": A, "W": world.W, "Wt": np.ascontiguousarray(world.W.T), "b": world.b}
    nodes = [helper.make_node("MatMul", ["x", "A"], ["before"]), helper.make_node("Relu", ["before"], ["h"])]
    if request.param.startswith("Gemm"):
        nodes.append(helper.make_node("Gemm", ["h", "W", "b"], ["z"], transB=1))
    else:
        nodes.append(helper.make_node("MatMul", ["h", "Wt"], ["z" if request.param == "MatMul" else "zw"]))
        if request.param != "MatMul":
            nodes.append(helper.make_node("Add", ["b", "zw"], ["z"]))
    out = "z"
    if request.param.endswith("softmax"):
        nodes.append(helper.make_node("Softmax", ["z"], ["p"], axis=1))
        out = "p"
    used = {name for node in nodes for name in node.input}
    graph = helper.make_graph(
        nodes, "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 12])],
        [helper.make_tensor_value_info(out, TensorProto.FLOAT, ["N", 5])],
        [numpy_helper.from_array(v, k) for k, v in constants.items() if k in used],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(made)
    onnx.save(made, tmp_path / "model.onnx")
    x = rng.normal(size=(300, 12)).astype(np.float32)
    bias = 0 if request.param == "MatMul" else world.b
    h = np.maximum(x @ A, 0)
    return tmp_path / "model.onnx", x, h, h @ world.W.T + bias, world


def test_finds_logits_features_and_head(model):
    path, x, h, z, world = model
    net = Network(path)
    rows = net(x)
    np.testing.assert_allclose(rows["features"], h, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(rows["logits"], z, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(net.head[0], world.W)
    det = nescio.Detector("vim(dim=8)").fit(**rows, head=net.head)
    assert np.isfinite(det.score(**net({"x": x[:3]}))).all()


def test_puts_the_detector_into_the_model(model, tmp_path):
    path, x, h, z, world = model
    if not pathlib.Path(os.environ.get("NESCIO_PROGRAM", "/nowhere")).exists():
        pytest.skip("NESCIO_PROGRAM does not name the program")
    net = Network(path)
    det = nescio.Detector("vim(dim=8)").fit(**net(x), head=net.head)
    det.calibrate(det.score(**net(x)), keep=0.9)
    export(det, path, tmp_path / "ood.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "ood.onnx"), providers=["CPUExecutionProvider"])
    score, flagged = session.run(["ood_score", "is_ood"], {"x": x})
    ours = det.predict(**net(x))
    np.testing.assert_allclose(score.ravel(), ours.score, rtol=1e-3, atol=1e-3)
    assert (flagged.ravel().astype(bool) == ours.is_ood).mean() > 0.98


def test_says_what_is_wrong(tmp_path, monkeypatch, world):
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"])], "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 5])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 5])],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "m.onnx")
    with pytest.raises(nescio.Error, match="no last linear layer was found; name the tensors"):
        Network(tmp_path / "m.onnx")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("NESCIO_PROGRAM", raising=False)
    with pytest.raises(nescio.Error, match="no `nescio` on the PATH"):
        find_program()
