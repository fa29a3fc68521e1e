"""Real features of a ResNet-20 and what OpenOOD and pytorch-ood say of them: NESCIO_GOLDEN names the folder."""

import json
import os
import pathlib

import nescio
import numpy as np
import pytest

GOLDEN = pathlib.Path(os.environ.get("NESCIO_GOLDEN", "/nowhere"))
SCORED = ["id_test", "near_cifar100", "far_gtsrb", "far_notmnist", "id_val", "ood_val"]

pytestmark = pytest.mark.skipif(not GOLDEN.exists(), reason="NESCIO_GOLDEN is not set")


@pytest.fixture(scope="module")
def data():
    def rows(split):
        names = ("features", "logits") if split.startswith(("near", "far", "ood")) else ("features", "logits", "labels")
        return {name: np.load(GOLDEN / "bank" / f"{split}_{name}.npy", mmap_mode="r") for name in names}

    return {split: rows(split) for split in ["train", *SCORED]}


@pytest.fixture(scope="module")
def head():
    return np.load(GOLDEN / "bank" / "head_weight.npy"), np.load(GOLDEN / "bank" / "head_bias.npy")


def references():
    """(id, spec) of those whose values are known up to the sign."""
    lines = [line.split("\t") for line in (GOLDEN / "names.tsv").read_text().splitlines() if not line.startswith("#")]
    return [(line[0], line[1]) for line in lines if line[2] == "value"]


def test_one_program_scores_as_the_toolkits_do(data, head):
    manifest = {entry["id"]: entry for entry in json.loads((GOLDEN / "manifest.json").read_text())["scores"]}
    specs = sorted({spec for _, spec in references()})
    scores = nescio.score_many(
        specs, data, train="train", val="id_val", ood_val="ood_val", sets=SCORED, head=head
    )
    assert len(specs) > 40 and not scores.skipped
    known = {nescio.Detector(spec).spec: spec for spec in specs}
    ours = {known[name]: np.concatenate([scores[s][name] for s in SCORED]) for name in scores.detectors}
    for name, spec in references():
        theirs = np.load(GOLDEN / "scores" / f"{name}.npy").astype(np.float64)
        tolerance = max(manifest[name]["tolerance_of_range"], 1e-6) * np.ptp(theirs)
        off = min(np.abs(sign * ours[spec] - theirs).max() for sign in (1, -1))
        assert off <= tolerance, (name, spec, off, tolerance)


THEIR_NAMES = {"auroc": "auroc", "ap_in": "aupr_in", "ap_out": "aupr_out", "fpr95_id": "fpr95_id", "oscr": "oscr", "autc": "autc"}


def test_metrics_are_theirs(data):
    z, y = data["id_test"]["logits"], data["id_test"]["labels"]
    theirs = -np.load(GOLDEN / "scores" / "openood" / "mls.npy")  # ours is higher = more OOD
    starts = np.cumsum([0] + [len(data[s]["features"]) for s in SCORED])
    scores = {s: theirs[starts[i] : starts[i + 1]] for i, s in enumerate(SCORED)}
    m = nescio.evaluate(
        id=scores["id_test"], ood={s: scores[s] for s in SCORED[1:4]}, labels=y, logits=z, bootstrap=0
    )
    known = json.loads((GOLDEN / "metrics.json").read_text())["openood/mls"]
    for s in SCORED[1:4]:
        for name, ours in THEIR_NAMES.items():
            assert m.find(ours, s).value == pytest.approx(known[s][name], abs=1e-6), (s, name)
    assert m.find("id_accuracy").value == 0.922
