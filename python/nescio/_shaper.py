"""Shapers, which stand before a detector."""

from __future__ import annotations

from typing import Union, overload

from nescio import _core
from nescio._detector import Detector


class Shaper:
    """Changes what a detector reads: nescio.detectors.react(q=0.9) + nescio.detectors.energy()."""

    def __init__(self, spec: str) -> None:
        _core.checked_spec(f"{spec}+energy")  # a wrong parameter is found here
        self.spec = spec

    @overload
    def __add__(self, other: Shaper) -> Shaper: ...
    @overload
    def __add__(self, other: Union[Detector, str]) -> Detector: ...
    def __add__(self, other: Union[Shaper, Detector, str]) -> Union[Shaper, Detector]:
        if isinstance(other, Shaper):
            return Shaper(f"{self.spec}+{other.spec}")
        return Detector(f"{self.spec}+{other if isinstance(other, str) else other.spec}")

    def __repr__(self) -> str:
        return f"nescio.Shaper({self.spec!r})"
