"""nescio.pytorch_ood beside the real package: the same calls, the same order of the scores."""

import importlib.util
import pathlib
import sys
import types

import numpy as np
import pytest

torch = pytest.importorskip("torch")
if importlib.util.find_spec("pytorch_ood") is None:
    pytest.skip("pytorch-ood is not installed", allow_module_level=True)
if importlib.util.find_spec("torchvision") is None and "pytorch_ood" not in sys.modules:
    # Only its data sets and networks need torchvision; importing the package would.
    package = types.ModuleType("pytorch_ood")
    package.__path__ = [str(pathlib.Path(importlib.util.find_spec("pytorch_ood").origin).parent)]
    sys.modules["pytorch_ood"] = package

import nescio.pytorch_ood as ours
import pytorch_ood.detector as theirs


@pytest.fixture(scope="module")
def tensors(world):
    def of(rows):
        return {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in rows.items()}

    head = torch.nn.Linear(16, 5)
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(world.W))
        head.bias.copy_(torch.from_numpy(world.b))
    return of(world.train), of(world.ood), head


FEATURES = {
    "Mahalanobis": lambda po, a: po.Mahalanobis(None),
    "RMD": lambda po, a: po.RMD(None),
    "KNN": lambda po, a: po.KNN(None, k=10),
    "ViM": lambda po, a: po.ViM(None, 8, a.weight, a.bias),
    "SHE": lambda po, a: po.SHE(None, a),
    "NNGuide": lambda po, a: po.NNGuide(None, a, k=5),
    "fDBD": lambda po, a: po.fDBD(None, a),
    "NCI": lambda po, a: po.NCI(None, a, alpha=0.01),
    "PNML": lambda po, a: po.PNML(None, a),
    "GMM": lambda po, a: po.GMM(None),
    "DICE": lambda po, a: po.DICE(None, a.weight, a.bias, p=0.5),
    "LTS": lambda po, a: po.LTS(None, a, p=0.2),
}
LOGITS = {
    "MaxSoftmax": lambda po: po.MaxSoftmax(None),
    "MaxLogit": lambda po: po.MaxLogit(None),
    "EnergyBased": lambda po: po.EnergyBased(None, t=2.0),
    "Entropy": lambda po: po.Entropy(None),
    "GEN": lambda po: po.GEN(None),
    "KLMatching": lambda po: po.KLMatching(None),
    "OpenMax": lambda po: po.OpenMax(None),
}


MAPS = {
    "ReAct": lambda po, backbone, head: po.ReAct(backbone, head, percentile=0.8),
    "ASH-S": lambda po, backbone, head: po.ASH(backbone, head),
    "ASH-P": lambda po, backbone, head: po.ASH(backbone, head, variant="ash-p", percentile=0.7),
    "ASH-B": lambda po, backbone, head: po.ASH(backbone, head, variant="ash-b", detector=po.MaxSoftmax.score),
    "SCALE": lambda po, backbone, head: po.SCALE(backbone, head, detector=po.EnergyBased.score),
}


def assert_same_up_to_a_factor(mine, reference, tolerance):
    mine, reference = mine.double(), reference.double()
    assert mine.shape == reference.shape
    factor = (mine * reference).sum() / (mine * mine).sum()
    assert factor > 0
    spread = reference.max() - reference.min()
    assert ((factor * mine - reference).abs().max() / spread).item() < tolerance


@pytest.mark.parametrize("name", FEATURES)
def test_features(tensors, name):
    train, ood, head = tensors

    def scores(package):
        detector = FEATURES[name](package, head)
        if detector.requires_fit:
            assert detector.fit_features(train["features"], train["labels"]) is detector
        return detector.predict_features(ood["features"])

    with torch.no_grad():
        assert_same_up_to_a_factor(scores(ours), scores(theirs), 1e-3)


@pytest.mark.parametrize("name", LOGITS)
def test_logits(tensors, name):
    train, ood, _ = tensors

    def scores(package):
        detector = LOGITS[name](package)
        detector.fit_logits(train["logits"] / 4, train["labels"])
        return detector.predict_logits(ood["logits"] / 4)  # they clip probabilities at 1e-7

    assert_same_up_to_a_factor(scores(ours), scores(theirs), 5e-3)


@pytest.mark.parametrize("name", MAPS)
def test_pooled_maps(tensors, name):
    train, ood, layer = tensors
    head = torch.nn.Sequential(torch.nn.Flatten(), layer)
    rows = {"train": train["features"], "ood": ood["features"]}
    maps = {split: h.abs()[:, :, None, None] for split, h in rows.items()}  # above 0, and none equal: which zeros ASH keeps is open
    scores = {}
    for package in (ours, theirs):
        detector = MAPS[name](package, torch.nn.Identity(), head).to("cpu")
        if detector.requires_fit:
            detector.fit_feature_maps(maps["train"], train["labels"])
        with torch.no_grad():
            scores[package] = detector.predict_feature_maps(maps["ood"])
            torch.testing.assert_close(detector(maps["ood"]), scores[package])
    torch.testing.assert_close(scores[ours], scores[theirs], rtol=1e-4, atol=1e-4)


def test_refuses_maps_that_it_would_score_otherwise(tensors):
    layer = tensors[2]
    with pytest.raises(ValueError, match=r"pooled already, \[B, 16, 1, 1\], found \[2, 16, 3, 3\]"):
        ours.SCALE(None, layer).predict_feature_maps(torch.ones(2, 16, 3, 3))
    with pytest.raises(ValueError, match="head: expected a torch.nn.Linear"):
        ours.ASH(None, torch.nn.Sequential(layer, torch.nn.ReLU()))
    with pytest.raises(ValueError, match="detector: expected EnergyBased.score"):
        ours.ASH(None, layer, detector=torch.sum)
    with pytest.raises(ValueError, match="threshold: expected None"):
        ours.ReAct(None, layer, threshold=1.0)


def test_their_example_runs_with_the_import_changed(tensors):
    """The example of pytorch-ood's ViM: a loader, an encoder, detector(images)."""
    train, ood, head = tensors
    encoder = torch.nn.Identity()
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(train["features"], train["labels"]), batch_size=100
    )
    scores = {}
    for package in (ours, theirs):
        detector = package.ViM(encoder, d=8, w=head.weight, b=head.bias).to("cpu")
        detector.fit(loader)
        scores[package] = detector(ood["features"])
    assert_same_up_to_a_factor(scores[ours], scores[theirs], 1e-3)


def test_rows_with_negative_labels_are_not_learned_from(tensors):
    train, ood, _ = tensors
    both = torch.cat([train["features"], ood["features"]])
    labels = torch.cat([train["labels"], -torch.ones(len(ood["features"]), dtype=torch.long)])
    a = ours.KNN(None).fit_features(both, labels).predict_features(ood["features"])
    b = ours.KNN(None).fit_features(train["features"], train["labels"]).predict_features(ood["features"])
    assert torch.equal(a, b) and a.dtype == torch.float32
    with pytest.raises(ValueError, match="made without a model"):
        ours.KNN(None).predict(ood["features"])
