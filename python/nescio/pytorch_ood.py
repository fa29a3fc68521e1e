"""pytorch-ood's detectors under their names: change `from pytorch_ood.detector import KNN` to this module.

Constructors, fit, fit_features, fit_logits, predict, predict_features, predict_logits and the like are those of pytorch-ood 0.4; rows
with negative labels are OOD and not learned from. Scores are nescio's: they order inputs as pytorch-ood's do, up to a
factor that does not depend on the input (Mahalanobis, RMD, GEN).

ReAct, ASH and SCALE shape what goes into the last layer: maps that are pooled already, [B, D, 1, 1] or [B, D], before a linear head. Maps of
more pixels are refused: pooling after the cut is another score than cutting after pooling. Not here: VRA, whose quantiles of each feature
nescio has not; what wants gradients or passes of its own (ODIN, GradNorm, MCD, RankFeat, Gram, NACUE, MultiMahalanobis: `nescio
extract` computes what their like read, see nescio.list_detectors()); WeightedEBO, TemperatureScaling and MCM; maps of scores (segmentation).
"""

from __future__ import annotations

from typing import Any, Callable, Iterable, Optional

import torch
from torch import Tensor

from nescio._arrays import Error
from nescio._detector import Detector

Model = Optional[Callable[[Tensor], Tensor]]


class _Detector:
    """What all of them have in common: `spec` says which detector of nescio it is."""

    kind = "features"  # what the model gives

    def __init__(self, spec: str, model: Model, head: Any = None) -> None:
        self.model = model
        self._head = head
        self._device: Any = None
        self.detector = Detector(spec)

    @property
    def requires_fit(self) -> bool:
        """Whether fit() must be called before predict()."""
        return bool(self.detector.fits_on)

    def to(self, device: Any) -> Any:
        """Moves the model; nescio computes on the CPU."""
        self._device = torch.device(device)
        if isinstance(self.model, torch.nn.Module):
            self.model.to(self._device)
        return self

    def _forward(self, x: Tensor) -> Tensor:
        if self.model is None:
            raise Error(f"{type(self).__name__}: was made without a model; give {self.kind} to the methods that take them")
        with torch.no_grad():
            return self.model(x if self._device is None else x.to(self._device)).flatten(1)

    def fit(self, data_loader: Iterable[Any]) -> Any:
        """Runs the model over batches (x, y) and learns from what it says."""
        if not self.requires_fit:
            return self
        batches = [(self._forward(x), y) for x, y in data_loader]
        return self._fit(torch.cat([z.cpu() for z, _ in batches]), torch.cat([y.cpu() for _, y in batches]))

    def _fit(self, z: Tensor, y: Tensor) -> Any:
        known = y.cpu() >= 0
        if not known.any():
            raise Error(f"{type(self).__name__}: expected rows with labels 0 .. C - 1, found none")
        rows: dict[str, Any] = {self.kind: z[known.to(z.device)], "labels": y.cpu()[known]}
        val = rows if "val" in self.detector.fits_on else None  # theirs know one set of rows
        self.detector.fit(**rows, head=self._head, val=val)
        return self

    def _predict(self, z: Tensor) -> Tensor:
        rows: dict[str, Any] = {self.kind: z}
        if not self.requires_fit and not self.detector.fitted:
            self.detector.fit(**rows, head=self._head)  # takes the widths
        return torch.from_numpy(self.detector.score(**rows)).to(z.device)

    def predict(self, x: Tensor) -> Tensor:
        """Outlier scores [B] of inputs, higher = more OOD."""
        return self._predict(self._forward(x))

    def __call__(self, x: Tensor) -> Tensor:
        return self.predict(x)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.detector.spec})"


class FeaturesDetector(_Detector):
    """Of pooled features [B, D]."""

    def fit_features(self, z: Tensor, labels: Tensor) -> Any:
        """Learns from features [N, D] and labels [N]."""
        return self._fit(z, labels)

    def predict_features(self, z: Tensor) -> Tensor:
        """Outlier scores [B] of features [B, D]."""
        return self._predict(z)


class LogitsDetector(_Detector):
    """Of logits [B, C]."""

    kind = "logits"

    def fit_logits(self, logits: Tensor, y: Tensor) -> Any:
        """Learns from logits [N, C] and labels [N]."""
        return self._fit(logits, y) if self.requires_fit else self

    def predict_logits(self, logits: Tensor) -> Tensor:
        """Outlier scores [B] of logits [B, C]."""
        return self._predict(logits)


class FeatureMapsDetector(_Detector):
    """Of maps that are pooled already, [B, D, 1, 1] or [B, D], and the linear layer behind them, whose logits `detector` scores."""

    def __init__(
        self, shaper: str, backbone: Model, head: Any, detector: Optional[Callable[[Tensor], Tensor]] = None
    ) -> None:
        scores = {None: "energy", EnergyBased.score: "energy", MaxSoftmax.score: "msp(variant=openood)", MaxLogit.score: "max_logit"}
        if detector not in scores:
            known = "EnergyBased.score, MaxSoftmax.score or MaxLogit.score of this module"
            raise Error(f"{type(self).__name__}: detector: expected {known}, found {detector!r}")
        super().__init__(f"{shaper}+{scores[detector]}", backbone, _last_layer(head, type(self).__name__))

    def fit_feature_maps(self, feature_maps: Tensor, y: Tensor) -> Any:
        """Learns from maps and labels [N]."""
        return self._fit(self._pooled(feature_maps), y) if self.requires_fit else self

    def predict_feature_maps(self, feature_maps: Tensor) -> Tensor:
        """Outlier scores [B] of maps."""
        return self._predict(self._pooled(feature_maps))

    def _forward(self, x: Tensor) -> Tensor:
        return self._pooled(super()._forward(x))

    def _pooled(self, maps: Tensor) -> Tensor:
        width = self._head.in_features
        if maps.flatten(1).shape[1] != width:
            raise Error(
                f"{type(self).__name__}: expected maps that are pooled already, [B, {width}, 1, 1], found {list(maps.shape)}; "
                "shaping before the pooling gives other scores: pytorch-ood has those"
            )
        return maps.flatten(1)


def _last_layer(head: Any, name: str) -> torch.nn.Linear:
    """The linear layer that `head` is, or that it ends in behind what pools and flattens."""
    nn = torch.nn
    layers = list(head) if isinstance(head, nn.Sequential) else [head]
    passing = (nn.AdaptiveAvgPool2d, nn.AvgPool2d, nn.Flatten, nn.Identity, nn.Dropout)
    if layers and isinstance(layers[-1], nn.Linear) and all(isinstance(layer, passing) for layer in layers[:-1]):
        return layers[-1]
    raise Error(f"{name}: head: expected a torch.nn.Linear, or a Sequential that pools and ends in one, found {head!r}")


class MaxSoftmax(LogitsDetector):
    def __init__(self, model: Model, t: float = 1.0) -> None:
        super().__init__(f"{'' if t == 1 else f'temperature(T={t})+'}msp(variant=openood)", model)


    @staticmethod
    def score(logits: Tensor, t: float = 1.0) -> Tensor:
        """Outlier scores [B] of logits [B, C]."""
        return MaxSoftmax(None, t).predict_logits(logits)


class MaxLogit(LogitsDetector):
    def __init__(self, model: Model) -> None:
        super().__init__("max_logit", model)

    @staticmethod
    def score(logits: Tensor) -> Tensor:
        """Outlier scores [B] of logits [B, C]."""
        return MaxLogit(None).predict_logits(logits)


class EnergyBased(LogitsDetector):
    def __init__(self, model: Model, t: float = 1.0) -> None:
        super().__init__(f"energy(T={t})", model)

    @staticmethod
    def score(logits: Tensor, t: float = 1.0) -> Tensor:
        """Outlier scores [B] of logits [B, C]."""
        return EnergyBased(None, t).predict_logits(logits)


class Entropy(LogitsDetector):
    def __init__(self, model: Model) -> None:
        super().__init__("entropy", model)


class GEN(LogitsDetector):
    def __init__(self, model: Model, gamma: float = 0.1, M: Optional[int] = None) -> None:
        super().__init__(f"gen(gamma={gamma},m={1_000_000 if M is None else M})", model)


class KLMatching(LogitsDetector):
    def __init__(self, model: Model) -> None:
        super().__init__("kl_matching", model)


class OpenMax(LogitsDetector):
    def __init__(self, model: Model, tailsize: int = 25, alpha: int = 10, euclid_weight: float = 1.0) -> None:
        if euclid_weight != 1:
            raise Error(f"OpenMax: euclid_weight: expected 1, the Euclidean distance, found {euclid_weight}")
        super().__init__(f"openmax(alpha={alpha},tail={tailsize},variant=pytorch_ood)", model)


class Mahalanobis(FeaturesDetector):
    def __init__(self, encoder: Model) -> None:
        super().__init__("mahalanobis", encoder)


class RMD(FeaturesDetector):
    def __init__(self, encoder: Model) -> None:
        super().__init__("relative_mahalanobis", encoder)


class KNN(FeaturesDetector):
    def __init__(self, encoder: Model, k: int = 50, normalize: bool = True) -> None:
        super().__init__(f"knn(k={k},normalize={str(bool(normalize)).lower()})", encoder)


class ViM(FeaturesDetector):
    def __init__(self, encoder: Model, d: int, w: Tensor, b: Tensor) -> None:
        super().__init__(f"vim(dim={d})", encoder, (w, b))


class SHE(FeaturesDetector):
    def __init__(self, encoder: Model, head: Any) -> None:
        super().__init__("she", encoder, head)


class NNGuide(FeaturesDetector):
    def __init__(self, encoder: Model, head: Any, k: int = 10) -> None:
        super().__init__(f"nnguide(alpha=1,k={k})", encoder, head)


class fDBD(FeaturesDetector):
    def __init__(self, encoder: Model, head: Any) -> None:
        super().__init__("fdbd", encoder, head)


class NCI(FeaturesDetector):
    def __init__(self, encoder: Model, head: Any, alpha: float = 0.0) -> None:
        super().__init__(f"nci(alpha={alpha})", encoder, head)


class PNML(FeaturesDetector):
    def __init__(self, encoder: Model, head: Any) -> None:
        super().__init__("pnml(variant=pytorch_ood)", encoder, head)


class GMM(FeaturesDetector):
    def __init__(self, encoder: Model) -> None:
        super().__init__("gmm", encoder)


class DICE(FeaturesDetector):
    def __init__(self, encoder: Model, w: Tensor, b: Tensor, p: float) -> None:
        super().__init__(f"dice(p={p})+energy", encoder, (w, b))


class LTS(FeaturesDetector):
    def __init__(self, encoder: Model, head: Any, p: float = 0.05) -> None:
        super().__init__(f"lts(p={p})+energy", encoder, head)


class ReAct(FeatureMapsDetector):
    def __init__(
        self,
        backbone: Model,
        head: Any,
        threshold: Optional[float] = None,
        percentile: float = 0.9,
        detector: Optional[Callable[[Tensor], Tensor]] = None,
    ) -> None:
        if threshold is not None:
            raise Error(f"ReAct: threshold: expected None, the percentile of the rows of fit(), found {threshold}")
        super().__init__(f"react(q={percentile},fit_on=train)", backbone, head, detector)


class ASH(FeatureMapsDetector):
    def __init__(
        self,
        backbone: Model,
        head: Any,
        variant: str = "ash-s",
        percentile: float = 0.65,
        detector: Optional[Callable[[Tensor], Tensor]] = None,
    ) -> None:
        if variant not in ("ash-s", "ash-p", "ash-b"):
            raise Error(f"ASH: variant: expected one of ash-s, ash-p, ash-b, found {variant!r}")
        super().__init__(f"ash(kind={variant[-1]},p={percentile})", backbone, head, detector)


class SCALE(FeatureMapsDetector):
    def __init__(
        self, backbone: Model, head: Any, percentile: float = 0.65, detector: Optional[Callable[[Tensor], Tensor]] = None
    ) -> None:
        super().__init__(f"scale(p={percentile})", backbone, head, detector)
