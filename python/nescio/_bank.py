"""Feature banks: what a network said about sets of rows, on disk."""

from __future__ import annotations

import os
from typing import Any, Iterable, Iterator, Mapping, Optional, Sequence, Union

import numpy as np
from numpy.typing import NDArray

from nescio import _arrays, _core
from nescio._arrays import ArrayLike, Error, Head

Path = Union[str, "os.PathLike[str]"]


class Split(Mapping[str, NDArray[Any]]):
    """The arrays of one split by name ("features", "logits", "labels" ...): read-only, mapped from disk, not read."""

    def __init__(self, bank: FeatureBank, name: str) -> None:
        self._bank = bank
        self.name = name

    def __len__(self) -> int:
        return len(self._bank._core.arrays(self.name))

    def __iter__(self) -> Iterator[str]:
        return iter(self._bank._core.arrays(self.name))

    def __getitem__(self, array: str) -> NDArray[Any]:
        if array not in self._bank._core.arrays(self.name):
            raise KeyError(array)
        mapped: NDArray[Any] = self._bank._core.array(self.name, array)
        return mapped

    @property
    def rows(self) -> int:
        """How many rows each array has."""
        return self._bank._core.rows(self.name)

    @property
    def paths(self) -> list[str]:
        """What people call the rows (files); empty where they have no names."""
        return self._bank._core.paths(self.name)

    @property
    def class_names(self) -> list[str]:
        """What the classes of the labels are called; empty where it is not known."""
        return self._bank._core.class_names(self.name)

    def __repr__(self) -> str:
        return f"{self.name}: {self.rows} rows of {', '.join(self)}"


class FeatureBank:
    """The folder that `nescio extract` and `nescio import` write, or one that add() writes.

    >>> bank = nescio.FeatureBank("bank")
    >>> bank.splits
    ['cifar10/test', 'cifar10/train']
    >>> bank["cifar10/test"]["features"].shape
    (10000, 64)
    """

    def __init__(self, path: Path, create: bool = False) -> None:
        """Opens the bank; create=True makes an empty one where there is none."""
        self._core = _core.Bank(os.fspath(path), create)

    @staticmethod
    def of(bank: Union[FeatureBank, Path]) -> FeatureBank:
        """The bank itself, or the one at a path."""
        return bank if isinstance(bank, FeatureBank) else FeatureBank(bank)

    @property
    def path(self) -> str:
        """Its folder."""
        return self._core.path

    @property
    def splits(self) -> list[str]:
        """"cifar10/test" and so on, sorted."""
        return self._core.splits()

    def __contains__(self, split: object) -> bool:
        return isinstance(split, str) and self._core.has(split)

    def __iter__(self) -> Iterator[str]:
        return iter(self.splits)

    def __len__(self) -> int:
        return len(self.splits)

    def __getitem__(self, split: str) -> Split:
        self._core.rows(split)  # an unknown one is answered with those that are there
        return Split(self, split)

    @property
    def head(self) -> Optional[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """(W [C, D], b [C]) of the network's last layer; None where it is not known."""
        return self._core.head()

    def set_head(self, head: Head) -> None:
        """Replaces the head; a torch.nn.Linear will do."""
        pair = _arrays.head(head)
        if pair is None:
            raise Error("head: expected (W, b), found None")
        self._core.set_head(*pair)

    def add(self, split: str, **arrays: Optional[ArrayLike]) -> Split:
        """Writes a split ("mine/train") of arrays with equally many rows; replaces one of that name when complete.

        features [N, D] and logits [N, C] become float32, labels and index int64; others are float32 matrices.
        """
        rows = _arrays.split(arrays, f"{split}: ")
        if not rows:
            raise Error(f"{split}: expected features=, logits= or labels=, found none")
        writer = self.writer(split, len(next(iter(rows.values()))), rows)
        writer.write(rows)
        writer.finish()
        return self[split]

    def writer(self, split: str, rows: int, like: Mapping[str, NDArray[Any]], made_by: str = "") -> _core.Writer:
        """For rows that come in batches: write() dicts of arrays as `like` has them, `rows` in all, then finish()."""
        plans = [
            (name, str(a.dtype), a.shape[1] if a.ndim == 2 else None) for name, a in like.items()
        ]
        return _core.Writer(self._core, split, rows, plans, made_by)

    def verify(self) -> None:
        """Compares every array with its SHA-256; raises nescio.Error with those that are damaged."""
        self._core.verify()

    def _views(self) -> _core.Views:
        return _core.views_of_bank(self._core)

    def __repr__(self) -> str:
        return f"nescio.FeatureBank({self.path!r}): {', '.join(self.splits) or 'empty'}"


Arrays = Mapping[str, Mapping[str, ArrayLike]]


def views_of(
    data: Union[FeatureBank, Path, Arrays], head: Optional[Head], class_names: Sequence[str] = ()
) -> _core.Views:
    """Splits of a bank, or of dicts of arrays by split."""
    if isinstance(data, Mapping):
        last_layer = _arrays.head(head)
        splits = {name: _arrays.split(rows, f"{name}: ") for name, rows in data.items()}
        return _core.views_of(splits, last_layer, list(class_names))
    if head is not None:
        raise Error("head: a bank has its own; set_head() replaces it")
    return FeatureBank.of(data)._views()


def as_names(names: Union[str, Iterable[str], None]) -> list[str]:
    """One name or several."""
    return [] if not names else [names] if isinstance(names, str) else list(names)
