"""What the scripts of both toolkits share: SCRIPT FOLDER THREADS DETECTOR BATCH LIMIT.

Fits the detector on the folder's arrays and scores its rows in batches, each up to ROUNDS times and for about LIMIT
seconds; where a round of scoring would take longer, it sees fewer rows. The scores are theirs.npy of the folder.
"""

import json
import sys

import numpy as np
import torch
from clock import seconds

ROUNDS = 3


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


def measure(fit, arrays, threads, batch, limit):
    fits, scorings, spent = [], [], 0
    rows = len(arrays.features)
    while not fits or (len(fits) < ROUNDS and spent < limit):
        time, score = seconds(lambda: fit(arrays), threads)
        fits.append(time)

        def score_rows(rows):
            starts = range(0, rows, batch)
            return torch.cat([score(arrays.features[i : i + batch], arrays.logits[i : i + batch]) for i in starts])

        with torch.no_grad():
            if not scorings:
                first, _ = seconds(lambda: score_rows(min(rows, batch)), threads)
                rows = min(rows, batch * max(1, int(limit / max(first, 1e-9))))
            time, scores = seconds(lambda: score_rows(rows), threads)
        scorings.append(time / rows)
        spent += fits[-1] + time
    return fits, scorings, scores


def main(detectors, whole=()):
    """`detectors`: a function of the arrays for each name, which fits and returns a function of features and logits;
    those in `whole` score all rows in one batch."""
    folder, threads, name, batch, limit = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), float(sys.argv[5])
    torch.set_num_threads(threads)
    arrays = Arrays(folder)
    if name in whole:
        batch = len(arrays.features)
    try:
        fits, scorings, scores = measure(detectors[name], arrays, threads, batch, limit)
    except Skip as reason:
        print(json.dumps({"skipped": str(reason)}))
        return
    np.save(f"{folder}/theirs.npy", scores.numpy().astype(np.float64))
    print(json.dumps({"fit": fits, "score": scorings, "rows": len(scores)}))
