"""Detectors: fit, score, calibrate, predict, save and load."""

from __future__ import annotations

import os
import pathlib
import tempfile
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Iterator, Mapping, NamedTuple, Optional, Sequence, Union

import numpy as np
from numpy.typing import NDArray

from nescio import _arrays, _core
from nescio._arrays import ArrayLike, Error, Floats, Head

if TYPE_CHECKING:
    import pandas

    from nescio._bank import FeatureBank

RowArrays = Mapping[str, ArrayLike]  # "features", "logits", "labels" and arrays of probes of the same rows
Path = Union[str, "os.PathLike[str]"]


class Notice(UserWarning):
    """What the user should know about a fit that works: what was left out, or taken otherwise than it looks."""


class Rate(NamedTuple):
    """A share of rows with Clopper and Pearson's interval of the true one."""

    share: float
    lower: float
    upper: float
    rows: int


@dataclass(frozen=True)
class Calibration:
    """A threshold and what it does to the rows that it was chosen on."""

    name: str
    active: bool
    threshold: float
    kept: Rate  # of the ID rows
    caught: Optional[Rate]  # of the OOD rows, where there were some
    by_class: Mapping[int, float]  # thresholds of predicted classes that have their own


@dataclass(frozen=True)
class Prediction:
    """What a detector says of N rows. `r.score` and `r["score"]` are the same; the class is `r.class_` and `r["class"]`.

    class_      [N] int64: what the network sees, its largest logit; None where logits are not known
    score       [N] float32: higher = more OOD
    threshold   [N] float64: a row above it is flagged; NaN where rows are judged by false discovery (fdr=)
    is_ood      [N] bool
    p_value     [N] float64: how often a known row scores as high; None without a calibration
    """

    class_: Optional[NDArray[np.int64]]
    score: Floats
    threshold: NDArray[np.float64]
    is_ood: NDArray[np.bool_]
    p_value: Optional[NDArray[np.float64]]

    def keys(self) -> list[str]:
        """The names of the columns that are there."""
        columns = {"class": self.class_, "score": 1, "threshold": 1, "is_ood": 1, "p_value": self.p_value}
        return [name for name, column in columns.items() if column is not None]

    def __getitem__(self, name: str) -> Any:
        return getattr(self, "class_" if name == "class" else name)

    def __len__(self) -> int:
        return len(self.score)

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def to_pandas(self) -> pandas.DataFrame:
        """A data frame of these columns."""
        import pandas

        return pandas.DataFrame({name: self[name] for name in self.keys()})


class Detector:
    """A detector by its spec: "knn(k=50)", "react(q=0.9)+energy", "mean(knn(k=5),vim)".

    nescio.list_detectors() has the names, help(nescio.detectors.knn) the parameters of one. Scores are higher for what is
    more out-of-distribution. A fitted detector may score in several threads at once. Errors are nescio.Error, a ValueError.

    >>> det = nescio.Detector("vim").fit(features, logits, labels, head=(W, b))
    >>> scores = det.score(features=h, logits=z)
    """

    def __init__(self, spec: Union[str, Detector]) -> None:
        self._core = _core.Detector(spec.spec if isinstance(spec, Detector) else spec)

    @property
    def spec(self) -> str:
        """The spec, without blanks."""
        return self._core.spec

    @property
    def fitted(self) -> bool:
        """Whether fit() or load() have made it; detectors that learn nothing need neither."""
        return self._core.fitted

    @property
    def needs(self) -> Mapping[str, Any]:
        """What it reads: logits, features, head, labels (each true or false), arrays (of probes, by name)."""
        return self._core.needs

    @property
    def fits_on(self) -> list[str]:
        """The roles of the rows that it learns from: "train", "val", "ood_val"; empty if it learns nothing."""
        return self._core.fits_on

    @property
    def class_names(self) -> list[str]:
        """What the classes are called, where fit() was told."""
        return self._core.class_names

    @property
    def learned(self) -> dict[str, NDArray[Any]]:
        """What fit() learned: read-only arrays by "place of the stage.name"."""
        return self._core.learned()

    def __repr__(self) -> str:
        return f"nescio.Detector({self.spec!r}){'' if self.fitted else ', not fitted'}"

    # ------------------------------------------------------------------ fitting

    def fit(
        self,
        features: Optional[ArrayLike] = None,
        logits: Optional[ArrayLike] = None,
        labels: Optional[ArrayLike] = None,
        *,
        head: Optional[Head] = None,
        arrays: Optional[RowArrays] = None,
        val: Optional[RowArrays] = None,
        ood_val: Union[RowArrays, Sequence[RowArrays], None] = None,
        class_names: Sequence[str] = (),
    ) -> Detector:
        """Learns from training rows and returns itself.

        features [N, D] and logits [N, C] are what the network says, labels [N] are 0 .. C - 1, and head = (W [C, D],
        b [C]), or a torch.nn.Linear, is its last layer; a detector takes what it needs of these (`needs`). arrays
        are what probes added, by name. Detectors and shapers with fit_on=val learn from `val`, for which the
        training rows stand where it is not given, those that choose on OOD rows from `ood_val`: each a dict of features, logits,
        labels. Where logits are missing, they follow from features and head.

        float32 arrays are not copied and not kept, but for the rows that kNN and its like remember.
        """
        last_layer = _arrays.head(head)
        splits = {"train": _arrays.split(_named(features, logits, labels, arrays), "")}
        if val is not None:
            splits["val"] = _arrays.split(val, "val: ")
        several = [ood_val] if isinstance(ood_val, Mapping) else list(ood_val or ())
        for i, rows in enumerate(several):
            splits[f"ood_val/{i}"] = _arrays.split(rows, f"ood_val {i}: ")
        splits = {name: rows for name, rows in splits.items() if rows}
        both = val is None and "train" in splits and "val" in self._core.fits_on
        self._check({**splits, "val": splits["train"]} if both else splits, last_layer)
        views = _core.views_of(splits, last_layer, list(class_names), self._reads(splits))
        ood = [name for name in splits if name.startswith("ood_val/")]
        of_val = "train" if both else "val" if "val" in splits else ""
        self._fit(views, "train" if "train" in splits else "", of_val, ood)
        if both:
            said = f"[{self.spec}] learns from val rows; none were given, so the training rows stand for them, too"
            warnings.warn(said, Notice, stacklevel=2)
        return self

    def fit_bank(
        self, bank: Union[FeatureBank, Path], train: str = "", val: str = "", ood_val: Sequence[str] = ()
    ) -> Detector:
        """Learns from splits ("cifar10/train") of a bank, which are read piece by piece, and returns itself."""
        from nescio._bank import FeatureBank

        self._fit(FeatureBank.of(bank)._views(), train, val, list(ood_val))
        return self

    def _fit(self, views: _core.Views, train: str, val: str, ood_val: list[str]) -> None:
        if not train and not val:
            raise Error(f"[{self.spec}] fit() wants rows; give features=, logits= or labels=")
        for notice in self._core.fit(views, train, val, ood_val):
            warnings.warn(notice, Notice, stacklevel=3)

    def _reads(self, splits: Mapping[str, Mapping[str, Any]]) -> list[str]:
        """The arrays that fit() looks into; features also where logits follow from them."""
        needs = self._core.needs
        follow = any("logits" not in rows for rows in splits.values())
        read = {"logits": needs["logits"], "features": needs["features"] or follow}
        return [name for name, is_read in read.items() if is_read] + list(needs["arrays"])

    def _check(self, splits: Mapping[str, Mapping[str, Any]], head: Optional[tuple[Floats, Floats]]) -> None:
        """What is missing, in the words of fit()."""
        needs = self._core.needs
        if needs["head"] and head is None:
            raise Error(f"[{self.spec}] needs the head: fit(..., head=(W, b)), W [C, D] and b [C] of the last layer")
        for name in needs["arrays"]:
            if not any(name in rows for rows in splits.values()):
                raise Error(
                    f"[{self.spec}] needs the array {name!r} of a pass of its own over the network; "
                    f"give arrays={{{name!r}: ...}}, or extract it into a bank"
                )
        for role in self._core.fits_on:
            of_role = {name: rows for name, rows in splits.items() if name.split("/")[0] == role}
            if not of_role:
                how = "features=, logits= and labels=" if role == "train" else f"{role}=dict(features=..., logits=...)"
                raise Error(f"[{self.spec}] learns from {role} rows; give {how} as it needs")
            for rows in of_role.values():
                for name in ("features", "logits", "labels"):
                    follows = name == "logits" and "features" in rows and head is not None
                    if name in rows or not needs[name] or follows or (name == "labels" and role == "ood_val"):
                        continue
                    raise Error(f"[{self.spec}] needs {name} of the {role} rows; give {name}=")

    # ------------------------------------------------------------------ scoring

    def score(
        self,
        features: Optional[ArrayLike] = None,
        logits: Optional[ArrayLike] = None,
        *,
        arrays: Optional[RowArrays] = None,
    ) -> Floats:
        """The scores of N rows, [N] float32, higher = more OOD.

        Arrays that the detector does not need may be given or left out. Without logits they follow from the features
        where fit() got a head. A detector that learns nothing needs no fit() and takes its widths from the first call.
        """
        core = self._core
        h = None if features is None else _arrays.matrix(features, "features")
        z = None if logits is None else _arrays.matrix(logits, "logits")
        others = {} if not arrays else {k: _arrays.matrix(v, k) for k, v in arrays.items()}
        if not core.fitted and not core.fits_on:
            self._take_widths(h, z, others)
        scores: Floats = core.score(h, z, others)
        return scores

    def _take_widths(self, h: Optional[Floats], z: Optional[Floats], others: Mapping[str, Floats]) -> None:
        rows = {"features": h, "logits": z, **others}
        given = {name: array[:16] for name, array in rows.items() if array is not None and len(array)}
        for name in ("features", "logits"):
            if self.needs[name] and rows[name] is None:
                how = ", or call fit(features, head=(W, b)), from which they follow" if name == "logits" else ""
                raise Error(f"[{self.spec}] needs {name}; give {name}={how}")
        if given:
            self.fit(given.get("features"), given.get("logits"), arrays={k: given[k] for k in others if k in given})

    def score_bank(self, bank: Union[FeatureBank, Path], split: str) -> Floats:
        """The scores of the rows of a split of a bank, which is read from disk as it is needed."""
        from nescio._bank import FeatureBank

        rows = FeatureBank.of(bank)[split]
        names = ["features", "logits"] if self.needs["logits"] else ["features"]
        given = {name: rows[name] for name in names + self.needs["arrays"] if name in rows}
        others = {k: v for k, v in given.items() if k not in ("features", "logits")}
        return self.score(given.get("features"), given.get("logits"), arrays=others)

    # ------------------------------------------------------------------ thresholds

    def calibrate(
        self,
        scores: ArrayLike,
        keep: Optional[float] = None,
        *,
        catch: Optional[float] = None,
        threshold: Optional[float] = None,
        ood: Optional[ArrayLike] = None,
        guarantee: bool = False,
        confidence: float = 0.95,
        per_class: bool = False,
        predicted: Optional[ArrayLike] = None,
        class_rows: int = 100,
        p_values: str = "marginal",
        name: str = "",
        active: bool = True,
    ) -> Calibration:
        """Chooses the threshold on scores [N] of ID rows that the detector did not learn from.

        keep (0.95 where nothing else is asked for) takes the lowest threshold that keeps this share of them, catch the
        highest that catches this share of the scores `ood` of OOD rows, threshold the value itself. With guarantee=True the
        share holds for rows to come with `confidence`, whatever their distribution; too few rows are refused with the
        number that it takes. per_class=True makes thresholds and p-values of each class that the network sees (`predicted`
        [N]) with at least class_rows rows. p_values="conditional" makes them hold for this very set with `confidence` (Bates
        et al. 2023). Several calibrations stand side by side under their names, "keep-0.95" and the like; predict() uses the
        active one.
        """
        asked = {"keep": keep, "catch": catch, "threshold": threshold}
        given = {goal: value for goal, value in asked.items() if value is not None}
        if len(given) > 1:
            raise Error("calibrate: give one of keep=, catch= and threshold=")
        if catch is not None and ood is None:
            raise Error("calibrate: catch= wants scores of OOD rows; give ood=")
        if threshold is not None and guarantee:
            raise Error("calibrate: guarantee= is about a share, and threshold= is a value")
        if class_rows < 0:
            raise Error(f"class_rows: expected a count of rows, found {class_rows}")
        if p_values not in ("marginal", "conditional"):
            raise Error(f"p_values: expected one of marginal, conditional, found {p_values!r}")
        if per_class and predicted is None:
            raise Error("calibrate: per_class=True wants predicted=, the class that the network sees in each row")
        goal, number = next(iter(given.items()), ("keep", 0.95))
        called = self._core.calibrate(
            _arrays.scores(scores, "scores"),
            None if predicted is None else _arrays.integers(predicted, "predicted"),
            None if ood is None else _arrays.scores(ood, "ood"),
            goal,
            float(number),
            confidence,
            guarantee,
            per_class,
            class_rows,
            p_values == "conditional",
            name,
            active,
        )
        return self.calibration(called)

    @property
    def calibrations(self) -> list[str]:
        """The names of its calibrations."""
        return self._core.calibrations()

    def calibration(self, name: str = "") -> Calibration:
        """The calibration called so, or the active one."""
        facts = self._core.describe(name or self._core.active)
        caught = facts.get("caught")
        return Calibration(
            facts["name"],
            facts["active"],
            facts["threshold"],
            Rate(*facts["kept"]),
            Rate(*caught) if caught else None,
            facts["by_class"],
        )

    def activate(self, name: str) -> None:
        """Makes predict() use this calibration."""
        self._core.active = name

    def predict(
        self,
        features: Optional[ArrayLike] = None,
        logits: Optional[ArrayLike] = None,
        *,
        arrays: Optional[RowArrays] = None,
        calibration: str = "",
        threshold: Optional[float] = None,
        fdr: Optional[float] = None,
    ) -> Prediction:
        """Class, score, threshold, is_ood and p_value of N rows, by the active calibration or the one that is named.

        threshold= takes the place of the calibration's. fdr= flags rows by their p-values, all of them together, so that
        of those that are flagged at most this share is expected to be known (Benjamini and Hochberg).
        """
        h = None if features is None else _arrays.matrix(features, "features")
        z = None if logits is None else _arrays.matrix(logits, "logits")
        scores = self.score(h, z, arrays=arrays)
        return self.judge(
            scores, self._predicted(h, z), calibration=calibration, threshold=threshold, fdr=fdr
        )

    def judge(
        self,
        scores: ArrayLike,
        predicted: Optional[ArrayLike] = None,
        *,
        calibration: str = "",
        threshold: Optional[float] = None,
        fdr: Optional[float] = None,
    ) -> Prediction:
        """predict() for rows whose scores [N] and predicted classes [N] are known already."""
        if np.size(scores) == 0:
            empty = np.empty(0)
            return Prediction(None, empty.astype(np.float32), empty, empty.astype(bool), empty)
        s = _arrays.scores(scores, "scores")
        classes = None if predicted is None else _arrays.integers(predicted, "predicted")
        if fdr is not None and threshold is not None:
            raise Error("give one of threshold= and fdr=; each says which rows are flagged")
        if fdr is not None and not 0 < fdr < 1:
            raise Error(f"fdr: expected a share in (0, 1), found {fdr}")
        thresholds, is_ood, p_values = self._core.answers(s, classes, calibration, threshold, fdr)
        return Prediction(classes, s.astype(np.float32, copy=False), thresholds, is_ood.view(np.bool_), p_values)

    def _predicted(self, h: Optional[Floats], z: Optional[Floats]) -> Optional[NDArray[np.int64]]:
        head = self._core.head
        if z is None and h is not None and head is not None:
            z = h @ head[0].T + head[1]
        return None if z is None or z.size == 0 else z.argmax(axis=1)

    # ------------------------------------------------------------------ files

    def save(self, folder: Path) -> None:
        """Writes the detector and its calibrations as the folder that `nescio fit` writes and `nescio score` reads.

        An older detector there is replaced when the new one is complete; a folder with anything else in it is refused.
        """
        if not self.fitted and not self.fits_on:
            raise Error(f"[{self.spec}] learns nothing, but must have seen rows before it is saved: call fit() or score()")
        self._core.save(os.fspath(folder))

    @staticmethod
    def load(folder: Path) -> Detector:
        """The detector in a folder of save() or `nescio fit`; its self-test rows are scored again. See nescio.load()."""
        core = _core.Detector.load(os.fspath(folder))
        detector = Detector.__new__(Detector)
        detector._core = core
        return detector

    def __getstate__(self) -> dict[str, Any]:
        if not self.fitted:
            return {"spec": self.spec}
        with tempfile.TemporaryDirectory() as place:
            folder = pathlib.Path(place) / "detector"
            self.save(folder)
            return {"files": {file.name: file.read_bytes() for file in folder.iterdir()}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "spec" in state:
            self._core = _core.Detector(state["spec"])
            return
        with tempfile.TemporaryDirectory() as place:
            folder = pathlib.Path(place) / "detector"
            folder.mkdir()
            for name, content in state["files"].items():
                (folder / pathlib.Path(name).name).write_bytes(content)
            self._core = _core.Detector.load(os.fspath(folder))


def _named(
    features: Optional[ArrayLike],
    logits: Optional[ArrayLike],
    labels: Optional[ArrayLike],
    arrays: Optional[RowArrays],
) -> dict[str, ArrayLike]:
    return {"features": features, "logits": logits, "labels": labels, **(arrays or {})}


def load(folder: Path) -> Detector:
    """The detector in a folder that Detector.save() or `nescio fit` wrote, with its calibrations.

    Raises nescio.Error for damaged files, a newer format, and scores of the stored rows that differ here.
    """
    return Detector.load(folder)
