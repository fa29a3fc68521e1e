"""The code of the READMEs runs as it stands there."""

import contextlib
import io
import pathlib
import re

import nescio
import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BLOCKS = [
    (file, i, code)
    for file in ("README.md", "python/README.md")
    for i, code in enumerate(re.findall(r"```python\n(.*?)```", (ROOT / file).read_text(), re.S))
]


@pytest.mark.filterwarnings("ignore::nescio.Notice")
@pytest.mark.parametrize("file, i, code", BLOCKS, ids=[f"{file}:{i}" for file, i, _ in BLOCKS])
def test_runs(world, tmp_path, monkeypatch, file, i, code):
    if "to_pandas" in code:
        pytest.importorskip("pandas")
    monkeypatch.chdir(tmp_path)
    train, val, test, ood = world.train, world.val, world.test, world.ood
    bank = nescio.FeatureBank("bank", create=True)
    bank.set_head(world.head)
    for split, rows in {
        "cifar10/train": train, "cifar10/test": test, "cifar100/test": ood,
        "mine/train": train, "mine/test": test, "others/all": ood,
    }.items():  # fmt: skip
        bank.add(split, **rows)
    scores = np.random.default_rng(0).normal(size=(4, 200)).astype(np.float32)
    names = {
        "nescio": nescio, **train, "W": world.W, "b": world.b, "h": ood["features"], "z": ood["logits"], "h_val": val["features"],
        "z_val": val["logits"], "s_val": scores[0], "s_id": scores[1], "s_c": scores[2], "s_m": scores[3], "bank": bank,
        "H": train["features"], "Z": train["logits"], "y": train["labels"],
        "model": type("Model", (), {"fc": world.head}),
    }  # fmt: skip
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(code, file, "exec"), names)
    if "help(" in code:
        assert "Deep Nearest Neighbors" in out.getvalue()


def test_there_are_some():
    assert [file for file, _, _ in BLOCKS].count("README.md") >= 1 and len(BLOCKS) >= 3
