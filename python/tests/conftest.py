"""A small world: classes are directions of features, OOD rows are of none of them."""

import os
import pathlib
import subprocess

import numpy as np
import pytest

CLASSES, WIDTH = 5, 16


class World:
    def __init__(self):
        rng = np.random.default_rng(0)
        self.W = rng.normal(size=(CLASSES, WIDTH)).astype(np.float32)
        self.b = rng.normal(size=CLASSES).astype(np.float32)
        self.head = (self.W, self.b)
        self.train, self.val, self.test = self.known(600, 1), self.known(300, 2), self.known(200, 3)
        self.ood = self.rows(rng.normal(size=(250, WIDTH)))

    def rows(self, features, labels=None):
        h = np.ascontiguousarray(features, dtype=np.float32)
        rows = {"features": h, "logits": (h @ self.W.T + self.b).astype(np.float32)}
        if labels is not None:
            rows["labels"] = labels
        return rows

    def known(self, n, seed):
        rng = np.random.default_rng(seed)
        y = rng.integers(0, CLASSES, n)
        return self.rows(self.W[y] + 0.8 * rng.normal(size=(n, WIDTH)), y)

    def fit(self, spec):
        import nescio

        return nescio.Detector(spec).fit(**self.train, head=self.head, val=self.val)

    @staticmethod
    def inputs(rows):
        return {name: rows[name] for name in ("features", "logits")}


@pytest.fixture(scope="session")
def world():
    return World()


@pytest.fixture(scope="session")
def bank(world, tmp_path_factory):
    import nescio

    bank = nescio.FeatureBank(tmp_path_factory.mktemp("banks") / "bank", create=True)
    bank.set_head(world.head)
    bank.add("mine/train", **world.train)
    bank.add("mine/val", **world.val)
    bank.add("mine/test", **world.test)
    bank.add("others/all", **world.ood)
    return bank


@pytest.fixture(scope="session")
def program():
    """Runs the nescio program; skips where NESCIO_PROGRAM does not name it."""
    path = os.environ.get("NESCIO_PROGRAM", "")
    if not path or not pathlib.Path(path).exists():
        pytest.skip("NESCIO_PROGRAM does not name the program")

    def run(*arguments):
        done = subprocess.run([path, *map(str, arguments)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
