"""What scikit-learn needs for AUROC, AUPR in and out and both FPR at 95 %: metrics.py FOLDER THREADS."""

import json
import sys

import numpy as np
from clock import seconds
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve


def fpr95(positive, scores):
    fpr, tpr, _ = roc_curve(positive, scores, drop_intermediate=False)
    return fpr[np.argmax(tpr >= 0.95)]


def metrics(scores_id, scores_ood):
    conf = np.concatenate([scores_id, scores_ood])
    is_ood = np.concatenate([np.zeros(len(scores_id), bool), np.ones(len(scores_ood), bool)])
    return {
        "auroc": roc_auc_score(is_ood, conf),
        "aupr_in": average_precision_score(~is_ood, -conf),
        "aupr_out": average_precision_score(is_ood, conf),
        "fpr95_id": fpr95(~is_ood, -conf),
        "fpr95_ood": fpr95(is_ood, conf),
    }


def main(folder, threads):
    scores = [np.load(f"{folder}/{side}.npy") for side in ("id", "ood")]
    time, result = seconds(lambda: metrics(*scores), int(threads))
    print(json.dumps({"seconds": time} | {key: float(value) for key, value in result.items()}))


main(*sys.argv[1:])
