"""A detector as scikit-learn sees outlier detectors: `OODDetector` in a Pipeline, in GridSearchCV, pickled."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from nescio._detector import Detector


class OODDetector(OutlierMixin, BaseEstimator):  # type: ignore[misc]
    """A nescio detector on rows X of features (or logits, with inputs="logits"). predict() says 1 for ID and -1 for OOD.

    Parameters
    ----------
    spec : the detector; one that needs labels takes them from y, one that needs the last layer from head
    inputs : "features" or "logits": what X holds
    head : (W, b) of the last layer, from which logits follow where X holds features
    contamination : share of the rows of fit() above the threshold, in (0, 0.5]. For a promise about rows to come
        calibrate on others: `detector_.calibrate(scores)`.

    Attributes
    ----------
    detector_ : the fitted nescio.Detector; its scores are higher for what is more OOD, score_samples() is their negative
    offset_ : decision_function(X) = score_samples(X) - offset_, negative for OOD rows
    """

    def __init__(
        self,
        spec: str = "knn(k=5,normalize=false)",
        *,
        inputs: str = "features",
        head: Optional[Any] = None,
        contamination: float = 0.1,
    ) -> None:
        self.spec = spec
        self.inputs = inputs
        self.head = head
        self.contamination = contamination

    def fit(self, X: ArrayLike, y: Optional[ArrayLike] = None) -> OODDetector:
        """Learns from rows X [N, D] and, where the detector needs them, their classes y [N], which may be of any type."""
        if self.inputs not in ("features", "logits"):
            raise ValueError(f"inputs: expected features or logits, found {self.inputs!r}")
        if not 0 < self.contamination <= 0.5:
            raise ValueError(f"contamination: expected a share in (0, 0.5], found {self.contamination}")
        rows: NDArray[np.float32] = validate_data(self, X, dtype=np.float32, ensure_min_samples=2)
        detector = Detector(self.spec)
        labels = None
        if y is not None and detector.needs["labels"]:
            self.classes_, labels = np.unique(np.asarray(y), return_inverse=True)
        arrays: dict[str, Any] = {self.inputs: rows, "labels": labels}
        val = {k: v for k, v in arrays.items() if v is not None} if "val" in detector.fits_on else None
        self.detector_ = detector.fit(**arrays, head=self.head, val=val)
        self.offset_ = float(np.percentile(self._scores(rows), 100 * self.contamination))
        return self

    def _scores(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        rows: dict[str, Any] = {self.inputs: X}
        return -self.detector_.score(**rows).astype(np.float64)

    def score_samples(self, X: ArrayLike) -> NDArray[np.float64]:
        """Higher = more like the rows of fit(), scikit-learn's sign."""
        check_is_fitted(self)
        return self._scores(validate_data(self, X, dtype=np.float32, reset=False))

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Below 0 for OOD rows."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """1 for ID rows, -1 for OOD rows."""
        return np.where(self.decision_function(X) < 0, -1, 1)
