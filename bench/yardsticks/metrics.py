"""What a toolkit needs for AUROC, AUPR in and out and FPR at 95 %: metrics.py FOLDER THREADS TOOLKIT.

scikit-learn gives both FPR; the others one, and AUPR by trapezoids, which is another number than ours: what they print
is what must agree.
"""

import json
import os
import runpy
import sys

import numpy as np
from clock import seconds
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve


def fpr95(positive, scores):
    fpr, tpr, _ = roc_curve(positive, scores, drop_intermediate=False)
    return fpr[np.argmax(tpr >= 0.95)]


def joined(scores_id, scores_ood):
    return np.concatenate([scores_id, scores_ood])


def labels(scores_id, scores_ood):
    return np.concatenate([np.zeros(len(scores_id), int), np.full(len(scores_ood), -1)])


def scikit_learn():
    def metrics(*scores):
        conf, is_ood = joined(*scores), labels(*scores) < 0
        return {
            "auroc": roc_auc_score(is_ood, conf),
            "aupr_in": average_precision_score(~is_ood, -conf),
            "aupr_out": average_precision_score(is_ood, conf),
            "fpr95_id": fpr95(~is_ood, -conf),
            "fpr95_ood": fpr95(is_ood, conf),
        }

    return metrics


def pytorch_ood():
    import torch
    from pytorch_ood.metrics import OODMetrics

    torch.set_num_threads(int(sys.argv[2]))

    def metrics(*scores):
        found = OODMetrics().update(*(torch.from_numpy(f(*scores)) for f in (joined, labels))).compute()
        return {"auroc": found["AUROC"], "fpr95_ood": found["FPR95TPR"]}

    return metrics


def openood():
    path = os.path.join(os.environ["OPENOOD"], "openood", "evaluators", "metrics.py")
    compute_all_metrics = runpy.run_path(path)["compute_all_metrics"]

    def metrics(*scores):
        label = labels(*scores)
        return {"auroc": compute_all_metrics(-joined(*scores), label, np.zeros_like(label))[1]}

    return metrics


def main(folder, threads, toolkit):
    try:
        metrics = {"scikit-learn": scikit_learn, "pytorch-ood": pytorch_ood, "OpenOOD": openood}[toolkit]()
    except (ImportError, KeyError, FileNotFoundError) as error:
        print(json.dumps({"missing": str(error)}))
        return
    scores = [np.load(f"{folder}/{side}.npy") for side in ("id", "ood")]
    time, result = seconds(lambda: metrics(*scores), int(threads))
    print(json.dumps({"seconds": time} | {key: float(value) for key, value in result.items()}))


main(*sys.argv[1:])
