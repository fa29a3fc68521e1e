# %% [markdown]
# # Which detector suits my network?
# One network, rows that it knows and rows that it does not, every detector in one program.
#
# The "network" here is a small softmax regression that is trained on the spot, so that the script needs nothing but nescio
# and numpy. With one of your own, start from `nescio.torch.Network(model).extract(loader)`.

# %%
import sys

import nescio
import numpy as np

rng = np.random.default_rng(0)
CLASSES, WIDTH = 8, 32


def rectified(x):
    return np.maximum(x, 0).astype(np.float32)


centres = rng.normal(size=(CLASSES, WIDTH))
strange_centres = rng.normal(size=(4, WIDTH))


def known(n):
    y = rng.integers(0, CLASSES, n)
    return rectified(centres[y] + 1.0 * rng.normal(size=(n, WIDTH))), y


def near(n):  # classes that it was not trained on
    return rectified(strange_centres[rng.integers(0, 4, n)] + 1.0 * rng.normal(size=(n, WIDTH)))


def far(n):  # noise
    return rectified(3 * rng.normal(size=(n, WIDTH)))


# %% [markdown]
# ## A last layer
# Trained by gradient descent; any network's `(W, b)` would do.

# %%
features, labels = known(4000)
W, b = np.zeros((CLASSES, WIDTH), np.float32), np.zeros(CLASSES, np.float32)
for _ in range(300):
    z = features @ W.T + b
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    error = p - np.eye(CLASSES)[labels]
    W -= 0.5 * (error.T @ features / len(features)).astype(np.float32)
    b -= 0.5 * error.mean(axis=0).astype(np.float32)


def rows(h, y=None):
    out = {"features": h, "logits": h @ W.T + b}
    return out if y is None else {**out, "labels": y}


data = {
    "train": rows(features, labels),
    "val": rows(*known(1000)),
    "id": rows(*known(1000)),
    "near": rows(near(1000)),
    "far": rows(far(1000)),
}

# %% [markdown]
# ## Every detector at once
# What they share (products with the head, distances, sorted neighbours) is computed once. `skipped` says which of them these rows
# do not allow, and why.

# %%
scores = nescio.score_many(["all", "knn(k=[5,20,100])"], data, train="train", val="val", sets=["id", "near", "far"], head=(W, b))
print(scores)
results = nescio.evaluate(
    id=scores["id"],
    ood={"near": scores["near"], "far": scores["far"]},
    labels=data["id"]["labels"],
    logits=data["id"]["logits"],
    metrics=["oscr"],
    bootstrap=200,
)
best = sorted((row for row in results if row.metric == "auroc" and row.set == "mean"), key=lambda row: -row.value)
print(f"\n{'AUROC, mean of near and far':<28} 95 % interval")
for row in best[:12]:
    print(f"{row.detector:<20} {row.value:.4f}  {row.lower:.4f} to {row.upper:.4f}")

# %% [markdown]
# ## With settings that validation rows choose
# `benchmark()` does all of this at once; with `sweep=True` it tries the usual values of every parameter on validation rows.

# %%
data["ood_val"] = rows(rectified(rng.normal(size=(1000, WIDTH)) * 2))
swept = nescio.benchmark(
    data, train="train", val="val", id="id", near="near", far="far", ood_val="ood_val", head=(W, b),
    detectors=["knn", "react+energy", "vim"], sweep=True, bootstrap=0,
)  # fmt: skip
for asked, chosen in swept.chosen.items():
    print(f"{asked:<14} -> {chosen}")

# %% [markdown]
# ## A picture
# The scores of the best detector on the three sets.

# %%
name = best[0].detector
try:
    import matplotlib

    if "ipykernel" not in sys.modules:
        matplotlib.use("Agg")
    import matplotlib.pyplot as plt
except ImportError:
    print("matplotlib is not installed: no picture")
else:
    figure, axis = plt.subplots(figsize=(6, 3))
    edges = np.histogram_bin_edges(np.concatenate([scores[s][name] for s in ("id", "near", "far")]), 60)
    for s in ("id", "near", "far"):
        axis.hist(scores[s][name], edges, alpha=0.6, label=s)
    axis.set_xlabel(f"score of {name}, higher = more OOD")
    axis.set_ylabel("rows")
    axis.legend()
    figure.tight_layout()
    figure.savefig(sys.argv[1] if len(sys.argv) > 1 else "compare_detectors.png", dpi=120)
