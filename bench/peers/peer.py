"""What the scripts of both toolkits share: SCRIPT FOLDER THREADS BATCH LIMIT.

Each line of stdin names a detector, which is fitted on the folder's arrays and scores its rows in batches. Where scoring
would take longer than LIMIT seconds it sees fewer rows. The answer is one JSON object; the scores are theirs.npy of the
folder.
"""

import json
import sys

import numpy as np
import torch
from clock import seconds


class Skip(Exception):
    """Why a detector cannot be run."""


class Arrays:
    def __init__(self, folder):
        for name in ("train_features", "train_logits", "train_labels", "features", "logits", "weight", "bias"):
            setattr(self, name, torch.from_numpy(np.load(f"{folder}/{name}.npy")))
        self.classes, self.width = self.weight.shape
        self.head = torch.nn.Linear(self.width, self.classes)
        with torch.no_grad():
            self.head.weight.copy_(self.weight)
            self.head.bias.copy_(self.bias)


def fit_and_score(fit, arrays, threads, batch, limit):
    fit_time, score = seconds(lambda: fit(arrays), threads)

    def score_rows(rows):
        starts = range(0, rows, batch)
        return torch.cat([score(arrays.features[i : i + batch], arrays.logits[i : i + batch]) for i in starts])

    rows = len(arrays.features)
    with torch.no_grad():
        first, _ = seconds(lambda: score_rows(min(rows, batch)), threads)
        rows = min(rows, batch * max(1, int(limit / max(first, 1e-9))))
        score_time, scores = seconds(lambda: score_rows(rows), threads)
    return fit_time, score_time / rows, scores.numpy().astype(np.float64)


def main(detectors, whole=()):
    """`detectors`: a function of the arrays for each name, which fits and returns a function of features and logits;
    those in `whole` score all rows in one batch."""
    folder, threads, batch, limit = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    torch.set_num_threads(threads)
    arrays = Arrays(folder)
    for line in sys.stdin:
        name = line.strip()
        size = len(arrays.features) if name in whole else batch
        try:
            fit, score, scores = fit_and_score(detectors[name], arrays, threads, size, limit)
        except Skip as reason:
            print(json.dumps({"skipped": str(reason)}), flush=True)
            continue
        np.save(f"{folder}/theirs.npy", scores)
        print(json.dumps({"fit": fit, "score": score, "rows": len(scores)}), flush=True)
