# %% [markdown]
# # From a detector to an answer in production
# Fit, choose a threshold that keeps a promise, save, load, answer one row; then the same inside an ONNX file.

# %%
import pathlib
import sys
import tempfile
import time

import nescio
import numpy as np

rng = np.random.default_rng(1)
CLASSES, WIDTH = 5, 24
W, b = rng.normal(size=(CLASSES, WIDTH)).astype(np.float32), np.zeros(CLASSES, np.float32)


def known(n):
    y = rng.integers(0, CLASSES, n)
    h = np.maximum(W[y] + 0.7 * rng.normal(size=(n, WIDTH)), 0).astype(np.float32)
    return {"features": h, "logits": h @ W.T + b, "labels": y}


def unknown(n):
    h = np.maximum(2 * rng.normal(size=(n, WIDTH)), 0).astype(np.float32)
    return {"features": h, "logits": h @ W.T + b}


def seen(rows):
    return {name: rows[name] for name in ("features", "logits")}


# %% [markdown]
# ## A threshold that keeps 95 % of the known rows to come
# It is chosen on rows that the detector has not learned from. `guarantee=True` makes the share hold for rows to come with 95 %
# confidence, whatever their distribution. Every threshold comes with an interval.

# %%
det = nescio.Detector("vim").fit(**known(5000), head=(W, b), class_names=["ant", "bee", "cow", "dog", "eel"])
held_out = known(2000)
made = det.calibrate(det.score(**seen(held_out)), keep=0.95, guarantee=True)
print(f"{made.name}: above {made.threshold:.3f} is unknown; keeps {made.kept.share:.3f} ({made.kept.lower:.3f} to {made.kept.upper:.3f})")
print("of new known rows it keeps  ", 1 - det.predict(**seen(known(5000))).is_ood.mean())
print("of unknown rows it flags    ", det.predict(**unknown(5000)).is_ood.mean())

# %% [markdown]
# ## On disk
# The folder is that of the command line: `nescio score DETECTOR features=H.npy logits=Z.npy`. When it is loaded, stored rows are scored
# again and compared.

# %%
folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()) / "detector"
det.save(folder)
print(sorted(file.name for file in folder.iterdir()))
service = nescio.load(folder)

# %% [markdown]
# ## One row
# What a service does for each request.


# %%
def answer(features, logits):
    r = service.predict(features=features[None], logits=logits[None])
    name = service.class_names[r.class_[0]]
    sure = f"{name}; score {r.score[0]:.2f}, p-value {r.p_value[0]:.3f}"
    return f"I do not know (the network says {sure})" if r.is_ood[0] else sure


print(answer(held_out["features"][0], held_out["logits"][0]))
strangers = unknown(20)
one = service.score(**strangers).argmax()
print(answer(strangers["features"][one], strangers["logits"][one]))

h, z = held_out["features"][:1], held_out["logits"][:1]
for _ in range(100):
    service.score(features=h, logits=z)
start = time.perf_counter()
for _ in range(1000):
    service.score(features=h, logits=z)
print(f"score of one row: {(time.perf_counter() - start) * 1e3:.0f} microseconds a call")

# %% [markdown]
# ## Several promises side by side
# A strict one for the night shift, one for a stated share of known strangers, thresholds by class. predict() uses the active
# one, or the one that is named.

# %%
scores, of_strangers = det.score(**seen(held_out)), det.score(**unknown(1000))
det.calibrate(scores, keep=0.99, guarantee=True, name="night", active=False)
det.calibrate(scores, catch=0.9, ood=of_strangers, active=False)
det.calibrate(scores, keep=0.95, per_class=True, predicted=held_out["logits"].argmax(1), name="by_class", active=False)
for name in det.calibrations:
    one = det.calibration(name)
    by_class = f", by class {[round(t, 2) for t in one.by_class.values()]}" if one.by_class else ""
    print(f"{name:<10} threshold {one.threshold:.3f}, keeps {one.kept.share:.3f}{by_class}")

# %% [markdown]
# ## Inside your ONNX model
# `nescio.onnx.export(det, "model.onnx", "model_ood.onnx")` adds the outputs `ood_score`, `is_ood` and `ood_p_value` and the optional
# input `ood_threshold`. The program does it, so it has to be installed.

# %%
try:
    import nescio.onnx as onnx_of_nescio
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    onnx_of_nescio.find_program()
except (ImportError, nescio.Error) as e:
    print(f"not shown here: {e}")
else:
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["h"]), helper.make_node("Gemm", ["h", "W", "b"], ["z"], transB=1)], "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", WIDTH])],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, ["N", CLASSES])],
        [numpy_helper.from_array(W, "W"), numpy_helper.from_array(b, "b")],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, folder.parent / "model.onnx")
    onnx_of_nescio.export(det, folder.parent / "model.onnx", folder.parent / "model_ood.onnx")
    import onnxruntime

    session = onnxruntime.InferenceSession(str(folder.parent / "model_ood.onnx"), providers=["CPUExecutionProvider"])
    print([out.name for out in session.get_outputs()])
    theirs = session.run(["ood_score"], {"x": held_out["features"]})[0].ravel()
    print("largest difference of the scores:", np.abs(theirs - det.score(**seen(held_out))).max())
