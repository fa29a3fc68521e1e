"""The notebooks run as scripts, and say what their text says."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

EXAMPLES = pathlib.Path(__file__).resolve().parent.parent / "examples"


def run(name, tmp_path, *arguments):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", EXAMPLES / name, *arguments],
        capture_output=True, text=True, check=False, cwd=tmp_path, env=dict(os.environ), timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_all_are_run():
    assert {file.name for file in EXAMPLES.glob("*.py")} == {"compare_detectors.py", "deploy.py", "monitor_a_stream.py"}


def test_compare_detectors(tmp_path):
    out = run("compare_detectors.py", tmp_path, tmp_path / "picture.png")
    best = re.findall(r"^(\S+) +(0\.\d{4}|1\.0000)  ", out, re.M)
    assert len(best) == 12 and float(best[0][1]) > 0.9
    assert re.search(r"^knn +-> knn\(k=\d+", out, re.M)
    assert (tmp_path / "picture.png").exists() or "matplotlib is not installed" in out


def test_deploy(tmp_path):
    out = run("deploy.py", tmp_path, tmp_path)
    assert float(re.search(r"it keeps +(\S+)", out).group(1)) > 0.94
    assert float(re.search(r"it flags +(\S+)", out).group(1)) > 0.5
    assert "I do not know (the network says" in out and "microseconds a call" in out
    assert re.search(r"largest difference of the scores: \d", out) or "not shown here" in out


def test_monitor_a_stream(tmp_path):
    out = run("monitor_a_stream.py", tmp_path, tmp_path / "picture.png")
    assert 30 <= int(re.search(r"alarm in batch (\d+)", out).group(1)) < 45
    assert (tmp_path / "picture.png").exists() or "matplotlib is not installed" in out


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.py")), ids=lambda f: f.name)
def test_cells_are_notebooks(file):
    text = file.read_text()
    assert text.startswith("# %% [markdown]\n# # ") and text.count("# %%") > 6
