"""examples/spark_score.py and ray_score.py answer as predict() does, and say in a line what is wrong with a row."""

import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest

pandas = pytest.importorskip("pandas")

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
JAVA = shutil.which("java") or os.environ.get("JAVA_HOME")


def lacks(*modules):
    return [module for module in modules if importlib.util.find_spec(module) is None]


pytestmark = [
    pytest.mark.scale,
    pytest.mark.skipif(bool(lacks("pyarrow")), reason="pyarrow is not installed"),
    pytest.mark.parametrize(
        "engine",
        [
            pytest.param("spark", marks=pytest.mark.skipif(bool(lacks("pyspark")) or not JAVA, reason="wants pyspark and Java")),
            pytest.param("ray", marks=pytest.mark.skipif(bool(lacks("ray")), reason="wants ray[data]")),
        ],
    ),
]


@pytest.fixture(scope="module")
def saved(world, tmp_path_factory):
    det = world.fit("vim")
    det.calibrate(det.score(**world.inputs(world.val)), keep=0.9)
    folder = tmp_path_factory.mktemp("scale") / "detector"
    det.save(folder)
    return det, folder


def run(engine, *arguments):
    settings = {
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_SUBMIT_ARGS": "--master local[2] --conf spark.ui.enabled=false pyspark-shell",
        "SPARK_LOCAL_IP": "127.0.0.1",
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    return subprocess.run(
        [sys.executable, EXAMPLES / f"{engine}_score.py", *map(str, arguments)],
        capture_output=True, text=True, check=False, env={**os.environ, **settings}, timeout=900,
    )


def write(folder, rows):
    """Two files of id and lists of floats."""
    folder.mkdir()
    for i, part in enumerate(np.array_split(np.arange(len(rows["id"])), 2)):
        columns = {name: [values[r] for r in part] for name, values in rows.items()}
        pandas.DataFrame(columns).to_parquet(folder / f"part-{i}.parquet")


def test_every_answer_is_that_of_predict(engine, world, saved, tmp_path):
    det, folder = saved
    rows = {name: np.concatenate([world.test[name], world.ood[name]]) for name in ("features", "logits")}
    write(tmp_path / "in", {"id": np.arange(len(rows["logits"])), **rows})
    done = run(engine, folder, tmp_path / "in", tmp_path / "out", "--drop")
    assert done.returncode == 0, done.stderr
    found = pandas.read_parquet(tmp_path / "out").sort_values("id", ignore_index=True)
    wanted = det.predict(**rows)
    assert list(found.columns) == ["id", *wanted.keys()]
    for name in wanted.keys():
        assert found[name].dtype == wanted[name].dtype
        np.testing.assert_array_equal(found[name], wanted[name])


def test_a_short_row_in_a_late_file_is_named(engine, world, saved, tmp_path):
    features = list(world.test["features"])
    features[150] = features[150][:3]
    write(tmp_path / "in", {"id": np.arange(len(features)), "features": features, "logits": world.test["logits"]})
    done = run(engine, saved[1], tmp_path / "in", tmp_path / "out")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"{engine}_score.py: ")
    assert "column features: expected a list of the same length in every row" in done.stderr.splitlines()[-1]
