"""How well scores, or whole detectors, tell ID rows from OOD rows."""

from __future__ import annotations

import json
import os
import warnings
from typing import TYPE_CHECKING, Any, Iterable, Iterator, Mapping, NamedTuple, Optional, Sequence, Union

import numpy as np
from numpy.typing import NDArray

from nescio import _arrays, _core
from nescio._arrays import ArrayLike, Error, Head
from nescio._bank import Arrays, FeatureBank, Path, as_names, views_of
from nescio._detector import Notice

if TYPE_CHECKING:
    import pandas


class ResultRow(NamedTuple):
    """One number; lower and upper are None where the rows do not allow an interval, or none was asked for."""

    detector: str
    set: str
    role: str
    metric: str
    value: float
    lower: Optional[float]
    upper: Optional[float]


class Results(Sequence[ResultRow]):
    """Every number with its interval, one row each; prints as a table.

    `results.to_pandas()` is the same as a data frame, `results.table()` one line for each detector and set, and
    `results.report("report.html")` a page with tables and charts.
    """

    def __init__(self, run: _core.Run, call: str, settings: Mapping[str, Any]) -> None:
        facts = run.facts()
        self._run: Optional[_core.Run] = run
        self._call, self._settings = call, dict(settings)
        self.rows = [ResultRow(*row) for row in facts["rows"]]
        self.sets: list[tuple[str, str, int]] = facts["sets"]  # name, role, rows
        self.skipped: dict[str, str] = dict(facts["skipped"])  # detectors left out, with the reason
        self.notices: list[str] = facts["notices"]
        self.chosen: dict[str, str] = {asked: chosen for asked, chosen, _ in facts["chosen"]}
        self.tried: dict[str, list[tuple[str, float]]] = {  # AUROC of each setting on validation rows
            asked: tried for asked, _, tried in facts["chosen"]
        }

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_run": None}

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, i: Any) -> Any:
        return self.rows[i]

    def __iter__(self) -> Iterator[ResultRow]:
        return iter(self.rows)

    def find(self, metric: str, set: str = "", detector: str = "") -> ResultRow:
        """The row of this metric, on this set and of this detector where there are several."""
        found = [
            row
            for row in self.rows
            if row.metric == metric and set in ("", row.set) and detector in ("", row.detector)
        ]
        if len(found) == 1:
            return found[0]
        known = ", ".join(sorted({f"{row.detector} {row.set} {row.metric}".strip() for row in self.rows}))
        raise Error(f"expected one row of {metric} {set} {detector}, found {len(found)} of: {known}")

    def to_pandas(self) -> pandas.DataFrame:
        """One line for each number: detector, set, role, metric, value, lower, upper."""
        import pandas

        return pandas.DataFrame(self.rows, columns=list(ResultRow._fields))

    def table(self) -> pandas.DataFrame:
        """One line for each detector and set, a column for each metric."""
        frame = self.to_pandas()
        wide = frame.pivot_table(index=["detector", "role", "set"], columns="metric", values="value", sort=False)
        return wide

    def to_csv(self, path: Path) -> None:
        """As `nescio evaluate` writes results.csv."""
        with open(path, "w", encoding="utf-8") as file:
            file.write(",".join(ResultRow._fields) + "\n")
            for row in self.rows:
                cells = ["" if cell is None else cell if isinstance(cell, str) else repr(cell) for cell in row]
                file.write(",".join('"' + c + '"' if "," in c else c for c in cells) + "\n")

    def report(self, path: Path) -> None:
        """Writes the page of `nescio evaluate` (report.html), without its pictures: one HTML file that needs no other.

        Tables, ROC curves, distributions and what each detector is. It reads labels and logits of the rows again, and so
        holds on to them. To it sets of evaluate() are far ones.
        """
        if self._run is None:
            raise Error("report: results that were pickled have numbers alone; write the report where they were measured")
        if self._settings.get("confidence", 0.95) != 0.95:
            raise Error("report: its intervals are of 95 %; evaluate with confidence=0.95")
        versions = {"nescio": _core.version(), "numpy": np.__version__}
        facts = json.dumps({"settings": self._settings, "versions": versions}, default=str)
        self._run.report(os.fspath(path), self._call, facts)

    def __repr__(self) -> str:
        lines = []
        for row in self.rows:
            interval = "" if row.lower is None else f"  ({row.lower:.4f} to {row.upper:.4f})"
            lines.append(f"{row.detector:<24} {row.set:<20} {row.metric:<16} {row.value:.4f}{interval}".strip())
        return "\n".join(lines) or "no results"

    def _repr_html_(self) -> str:
        try:
            return str(self.table().to_html())
        except ImportError:
            return f"<pre>{self!r}</pre>"


def evaluate(
    id: Union[ArrayLike, Mapping[str, ArrayLike]],
    ood: Mapping[str, Union[ArrayLike, Mapping[str, ArrayLike]]],
    *,
    labels: Optional[ArrayLike] = None,
    logits: Optional[ArrayLike] = None,
    predicted: Optional[ArrayLike] = None,
    metrics: Union[str, Sequence[str]] = "all",
    bootstrap: int = 1000,
    seed: int = 0,
    confidence: float = 0.95,
) -> Results:
    """Measures scores that are there: ID rows against one or several OOD sets, and the mean over these.

    id holds scores [N], higher = more OOD, ood scores by the name of their set; a dict of scores by detector in their place
    compares detectors. With labels [N] of the ID rows and their logits [N, C] (or predicted classes) also accuracy, OSCR,
    calibration errors and what else reads them. metrics are names beside the standard ones, or "all". Intervals are DeLong's
    for the AUROC and bootstrapped for most others; bootstrap=0 leaves those out.

    >>> m = nescio.evaluate(id=s_id, ood={"cifar100": s_c, "mnist": s_m})
    >>> m.find("auroc", "mnist")
    """
    if not isinstance(ood, Mapping) or not ood:
        raise Error("ood: expected scores by the name of their set, as {'mnist': scores}")
    if "id" in ood:
        raise Error("ood: a set called 'id' would be taken for the ID rows; give it another name")
    if isinstance(id, Mapping) and not id:
        raise Error("id: expected scores by detector, found none")
    by_detector: dict[str, tuple[Any, list[tuple[str, Any]]]] = {}
    for detector, scores in id.items() if isinstance(id, Mapping) else [("", id)]:
        sets = []
        for name, of_set in ood.items():
            if isinstance(of_set, Mapping) != isinstance(id, Mapping):
                raise Error(f"ood: {name}: expected scores as id has them, by detector or not")
            if isinstance(of_set, Mapping):
                if detector not in of_set:
                    raise Error(f"ood: {name}: has no scores of {detector}, only of {', '.join(of_set)}")
                of_set = of_set[detector]
            sets.append((name, _arrays.scores(of_set, name)))
        by_detector[detector] = (_arrays.scores(scores, "id"), sets)
    z = None if logits is None else _arrays.matrix(logits, "logits")
    seen = None if predicted is None else _arrays.integers(predicted, "predicted")
    y = None if labels is None else _arrays.integers(labels, "labels")
    called = [(detector or "scores", *scores) for detector, scores in by_detector.items()]
    run = _core.evaluate_scores(called, z, seen, y, as_names(metrics), bootstrap, seed, confidence)
    settings = {"metrics": metrics, "bootstrap": bootstrap, "seed": seed, "confidence": confidence}
    results = Results(run, "nescio.evaluate()", settings)
    alone = "" in by_detector
    results.rows = [
        row._replace(detector="" if alone else row.detector, role="ood" if row.role == "far" else row.role)
        for row in results.rows
    ]
    results.sets = [(name, "ood" if role == "far" else role, rows) for name, role, rows in results.sets]
    return results


class Scores(Mapping[str, Mapping[str, NDArray[np.float32]]]):
    """Scores by set and detector: scores["cifar10/test"]["knn(k=50)"]; `skipped` has the detectors left out of "all"."""

    def __init__(self, scores: dict[str, dict[str, Any]], skipped: list[tuple[str, str]]) -> None:
        self._scores = scores
        self.skipped = dict(skipped)

    def __getitem__(self, split: str) -> Mapping[str, NDArray[np.float32]]:
        return self._scores[split]

    def __iter__(self) -> Iterator[str]:
        return iter(self._scores)

    def __len__(self) -> int:
        return len(self._scores)

    @property
    def detectors(self) -> list[str]:
        """Those that scored."""
        return list(next(iter(self._scores.values()), {}))

    def __repr__(self) -> str:
        return f"scores of {', '.join(self)} by {len(self.detectors)} detectors, {len(self.skipped)} skipped"


def score_many(
    specs: Union[str, Sequence[str]],
    data: Union[FeatureBank, Path, Arrays],
    *,
    train: str = "train",
    val: str = "",
    ood_val: Union[str, Sequence[str]] = (),
    sets: Union[str, Sequence[str]] = (),
    head: Optional[Head] = None,
) -> Scores:
    """Fits many detectors side by side and scores every set with one program, in which what they share is computed once.

    A list in a spec is a sweep, knn(k=[10,50]); "all" stands for every detector with its defaults and each shaper with
    energy, of which those that these rows do not allow are left out (`skipped`). data is a bank, its path, or a dict of
    splits: {"train": {"features": h, "logits": z, "labels": y}, "mnist": {...}} with head=(W, b). They learn from the
    splits train, val and ood_val; sets are scored, all others where none is named.

    >>> scores = nescio.score_many(["knn(k=[10,50])", "vim", "all"], bank, train="cifar10/train", sets=["cifar10/test"])
    """
    views = views_of(data, head)
    fitted = [name for name in (train, val) if name] + as_names(ood_val)
    if train == "train" and "train" not in views.names():
        train = ""
    scored = as_names(sets) or [name for name in views.names() if name not in fitted]
    scores, skipped, notices = _core.score_many(views, train, val, as_names(ood_val), scored, as_names(specs))
    for notice in notices:
        warnings.warn(notice, Notice, stacklevel=2)
    return Scores(scores, skipped)


def benchmark(
    data: Union[FeatureBank, Path, Arrays],
    *,
    protocol: Optional[Path] = None,
    train: str = "",
    val: str = "",
    id: str = "",
    shifted: Union[str, Sequence[str]] = (),
    near: Union[str, Sequence[str]] = (),
    far: Union[str, Sequence[str]] = (),
    ood_val: Union[str, Sequence[str]] = (),
    split: str = "",
    detectors: Union[str, Sequence[str]] = "all",
    metrics: Union[str, Sequence[str]] = (),
    sweep: bool = False,
    bootstrap: int = 1000,
    seed: int = 0,
    head: Optional[Head] = None,
) -> Results:
    """Fits, scores and measures detectors on a bank (or dicts of arrays, as score_many() takes them).

    The roles of its splits come from a protocol file or are named; a role that is named goes before the file's. sweep=True
    chooses each detector's parameters on val and ood_val (`results.chosen`, `results.tried`). What `nescio benchmark` and
    `nescio evaluate` print; `results.report("report.html")` writes their page.
    """
    views = views_of(data, head)
    roles = {} if protocol is None else _core.protocol_roles(str(protocol), split)
    named = {"train": train, "val": val, "id": id, "shifted": shifted, "near": near, "far": far, "ood_val": ood_val}
    for role, splits in named.items():
        if splits:
            roles[role] = as_names(splits)
    specs, further = as_names(detectors), as_names(metrics)
    run = _core.evaluate_views(views, roles, specs, further, bootstrap, seed, sweep)
    settings = {"detectors": specs, "metrics": further, "sweep": sweep, "bootstrap": bootstrap, "seed": seed, **roles}
    if isinstance(data, (FeatureBank, str, os.PathLike)):
        settings["bank"] = FeatureBank.of(data).path
    results = Results(run, "nescio.benchmark()", settings)
    for notice in results.notices:
        warnings.warn(notice, Notice, stacklevel=2)
    return results


def list_detectors(shapers: bool = True) -> list[str]:
    """The names of all detectors, and of the shapers that go before them; help(nescio.detectors.NAME) says what one is."""
    return [info["name"] for info in json.loads(_core.detectors_json()) if shapers or not info["shaper"]]
