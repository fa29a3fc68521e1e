"""Out-of-distribution detection for classifiers: fit, score, threshold and measure.

>>> import nescio
>>> det = nescio.Detector("react(q=0.9)+energy").fit(features, logits, labels, head=(W, b))
>>> scores = det.score(features=h, logits=z)             # [N] float32, higher = more OOD
>>> det.calibrate(scores_of_known_rows, keep=0.95)
>>> det.predict(features=h, logits=z).is_ood

nescio.list_detectors() has the names, help(nescio.detectors.knn) says what one is. Errors are nescio.Error, a ValueError.
"""

from nescio import _core
from nescio._core import Error
from nescio._version import version as __version__

if __version__ != _core.version():  # two installations in one place
    raise ImportError(
        f"nescio: the Python files are of version {__version__}, the compiled module beside them is of {_core.version()}; "
        "remove the package and install it again"
    )

from nescio import detectors, metrics
from nescio._bank import FeatureBank, Split
from nescio._detector import Calibration, Detector, Notice, Prediction, Rate, load
from nescio._evaluate import (
    ResultRow,
    Results,
    Scores,
    benchmark,
    evaluate,
    list_detectors,
    score_many,
)
from nescio._shaper import Shaper
from nescio._threads import get_num_threads, set_num_threads

__all__ = [
    "Calibration",
    "Detector",
    "Error",
    "FeatureBank",
    "Notice",
    "Prediction",
    "Rate",
    "ResultRow",
    "Results",
    "Scores",
    "Shaper",
    "Split",
    "benchmark",
    "detectors",
    "evaluate",
    "get_num_threads",
    "list_detectors",
    "load",
    "metrics",
    "score_many",
    "set_num_threads",
]
