"""One function for each detector and shaper, from the program's own descriptions: help(nescio.detectors.knn).

A call gives a Detector, not fitted yet; a shaper goes before one with `+`: react(q=0.9) + energy().
"""

from __future__ import annotations

import json
from typing import Any, Callable

from nescio import _catalogue, _core
from nescio._detector import Detector
from nescio._shaper import Shaper


def _maker(info: dict[str, Any]) -> Callable[..., Any]:
    kind = Shaper if info["shaper"] else Detector

    def make(*members: Any, **arguments: Any) -> Any:
        return kind(_catalogue.spec_of(info["name"], members, arguments))

    return _catalogue.detector_function(info).bind(make, __name__)


_infos: list[dict[str, Any]] = json.loads(_core.detectors_json())
__all__ = [info["name"] for info in _infos]
globals().update({info["name"]: _maker(info) for info in _infos})


def __dir__() -> list[str]:
    return list(__all__)
