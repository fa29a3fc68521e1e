"""Detectors of pytorch-ood 0.4, each given the arrays that it asks for; see peer.py."""

import json
import logging
import sys

import torch
from peer import Skip, main

try:
    import pytorch_ood.detector as po
except ImportError as error:
    print(json.dumps({"missing": f"pytorch-ood cannot be imported: {error}"}), flush=True)
    sys.exit()

logging.disable(logging.WARNING)


def on_logits(detector):
    return lambda h, z: detector.predict_logits(z)


def on_features(detector):
    return lambda h, z: detector.predict_features(h)


def on_maps(detector):
    return lambda h, z: detector.predict_feature_maps(h[:, :, None, None])


def head_of_maps(a):
    return torch.nn.Sequential(torch.nn.Flatten(), a.head)


def gmm(a):
    gigabytes = 2 * 8e-9 * a.classes * a.width**2
    if gigabytes > 8:
        raise Skip(f"needs {gigabytes:.0f} GB for the covariances of all classes")
    return on_features(po.GMM(None).fit_features(a.train_features, a.train_labels))


def gradnorm(a):
    detector = po.GradNorm(a.head, param_filter=lambda name: name == "weight")
    return lambda h, z: detector.predict(h)


def fitted_on_features(make):
    return lambda a: on_features(make(a).fit_features(a.train_features, a.train_labels))


def fitted_on_maps(make):
    return lambda a: on_maps(make(a).fit_feature_maps(a.train_features[:, :, None, None], a.train_labels))


DETECTORS = {
    "MaxSoftmax": lambda a: on_logits(po.MaxSoftmax(None)),
    "MaxLogit": lambda a: on_logits(po.MaxLogit(None)),
    "EnergyBased": lambda a: on_logits(po.EnergyBased(None)),
    "WeightedEBO": lambda a: on_logits(po.WeightedEBO(None, torch.ones(a.classes))),
    "Entropy": lambda a: on_logits(po.Entropy(None)),
    "GEN": lambda a: on_logits(po.GEN(None, M=100)),
    "KLMatching": lambda a: on_logits(po.KLMatching(None).fit_logits(a.train_logits, a.train_labels)),
    "TemperatureScaling": lambda a: on_logits(po.TemperatureScaling(None).fit_logits(a.train_logits, a.train_labels)),
    "OpenMax": lambda a: on_logits(po.OpenMax(None).fit_logits(a.train_logits, a.train_labels)),
    "Mahalanobis": fitted_on_features(lambda a: po.Mahalanobis(None)),
    "RMD": fitted_on_features(lambda a: po.RMD(None)),
    "ViM": fitted_on_features(lambda a: po.ViM(None, 256, a.weight, a.bias)),
    "KNN": fitted_on_features(lambda a: po.KNN(None)),
    "SHE": fitted_on_features(lambda a: po.SHE(None, a.head)),
    "NNGuide": fitted_on_features(lambda a: po.NNGuide(None, a.head)),
    "fDBD": fitted_on_features(lambda a: po.fDBD(None, a.head)),
    "NCI": fitted_on_features(lambda a: po.NCI(None, a.head, alpha=0.01)),
    "PNML": fitted_on_features(lambda a: po.PNML(None, a.head)),
    "GMM": gmm,
    "ReAct": fitted_on_maps(lambda a: po.ReAct(None, head_of_maps(a))),
    "VRA": fitted_on_maps(lambda a: po.VRA(None, head_of_maps(a), lower_percentile=0.1, upper_percentile=0.9)),
    "DICE": fitted_on_features(lambda a: po.DICE(None, a.weight, a.bias, p=0.9)),
    "ASH": lambda a: on_maps(po.ASH(None, head_of_maps(a))),
    "SCALE": lambda a: on_maps(po.SCALE(None, head_of_maps(a), percentile=0.85)),
    "LTS": lambda a: on_features(po.LTS(None, a.head)),
    "GradNorm": gradnorm,
}

# OpenMax only knows distances to classes that some row of the call is predicted as.
main(DETECTORS, whole=("OpenMax",))
