"""The same scores in torch and faiss, from the arrays of one folder: detectors.py FOLDER THREADS.

For each ours_NAME.npy there: checks that the scores agree, then times. OpenOOD and pytorch-ood score with
these very calls; "mahalanobis" loops over the classes as they do, "mahalanobis_whitened" is the best of torch.
"""

import json
import os
import sys

import faiss
import numpy as np
import torch
from clock import median_seconds


def load(folder, name):
    return torch.from_numpy(np.load(f"{folder}/{name}.npy"))


def class_gaussians(folder):
    """Class means and the precision of the covariance within classes, in double as ours."""
    x, labels = load(folder, "train").double(), load(folder, "labels")
    means = torch.stack([x[labels == c].mean(0) for c in range(int(labels.max()) + 1)])
    centred = x - means[labels]
    return means, torch.linalg.inv(centred.T @ centred / len(x))


def mahalanobis(folder, x):
    means, precision = (t.float() for t in class_gaussians(folder))

    def score():
        distances = []
        for mean in means:
            d = x - mean
            distances.append(((d @ precision) * d).sum(1))
        return torch.stack(distances, 1).amin(1)

    return score


def mahalanobis_whitened(folder, x):
    means, precision = class_gaussians(folder)
    whitening = torch.linalg.cholesky(precision)
    origin = means.mean(0)
    centres = ((means - origin) @ whitening).float()
    squares = (centres * centres).sum(1)
    whitening, origin = whitening.float(), origin.float()

    def score():
        w = (x - origin) @ whitening
        return torch.addmm(squares, w, centres.T, alpha=-2).amin(1) + (w * w).sum(1)

    return score


def knn(folder, x):
    bank = torch.nn.functional.normalize(load(folder, "train")).numpy()
    index = faiss.IndexFlatL2(bank.shape[1])
    index.add(bank)
    return lambda: torch.from_numpy(index.search(torch.nn.functional.normalize(x).numpy(), 50)[0][:, -1]).sqrt()


# Name -> (which scores of ours it must equal, function of (folder, x) that makes the work).
CASES = {
    "max_logit": ("max_logit", lambda _, z: lambda: -z.max(1).values),
    "energy": ("energy", lambda _, z: lambda: -z.logsumexp(1)),
    "msp": ("msp", lambda _, z: lambda: -z.softmax(1).max(1).values),
    "mahalanobis": ("mahalanobis", mahalanobis),
    "mahalanobis_whitened": ("mahalanobis", mahalanobis_whitened),
    "knn": ("knn", knn),
}


def check(name, theirs, ours):
    if name == "msp":  # ours is the log-odds of the same probability
        ours = -1 / (1 + np.exp(ours.astype(np.float64)))
    error = np.abs(theirs.numpy() - ours).max() / (ours.max() - ours.min())
    if not error < 1e-4:
        sys.exit(f"{name}: differs from ours by {error} of the range")


def main(folder, threads):
    torch.set_num_threads(threads)
    faiss.omp_set_num_threads(threads)
    x = load(folder, "x")
    result = {}
    for name, (ours, make) in CASES.items():
        if os.path.exists(f"{folder}/ours_{ours}.npy"):
            result[name], scores = median_seconds(make(folder, x), threads)
            check(name, scores, np.load(f"{folder}/ours_{ours}.npy"))
    values = torch.rand(4096) * 2 - 1
    out = torch.empty_like(values)
    torch.set_num_threads(1)  # so few values are never shared among threads, which would only spin
    seconds, _ = median_seconds(lambda: [torch.exp(values, out=out) for _ in range(10000)], threads)
    result["exps_per_second"] = 4096 * 10000 / seconds
    print(json.dumps(result))


main(sys.argv[1], int(sys.argv[2]))
