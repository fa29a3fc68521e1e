"""Functions, signatures and stubs follow from the descriptions of detectors and metrics."""

import importlib.metadata
import importlib.util
import inspect
import json
import pathlib
import shutil
import subprocess
import sys

import nescio
import pytest
from nescio import _core

DETECTORS = json.loads(_core.detectors_json())


def test_every_detector_has_a_function():
    assert nescio.list_detectors() == nescio.detectors.__all__ == dir(nescio.detectors)
    assert "react" not in nescio.list_detectors(shapers=False)


@pytest.mark.parametrize("info", DETECTORS, ids=lambda info: info["name"])
def test_defaults_are_those_of_the_program(info):
    function = getattr(nescio.detectors, info["name"])
    assert info["summary"].split()[0] in function.__doc__ and dict(info["facts"])["formula"][0] in function.__doc__
    signature = inspect.signature(function)
    given = {p.name: p.default for p in signature.parameters.values() if p.kind is p.KEYWORD_ONLY}
    assert len(given) == len(info["parameters"])
    members = ("energy", "msp") if info["combinator"] else ()
    for name, default in given.items():
        if info["name"] == "on":
            continue  # means nothing without its place
        try:
            made = function(*members, **{name: default})
        except nescio.Error as e:
            assert "counts only with" in str(e) or "expected" in str(e), e
            continue
        assert made.spec.startswith(info["name"] + "(")


def test_calls_are_specs():
    d = nescio.detectors
    assert d.knn(k=10).spec == "knn(k=10)"
    assert d.knn().spec == "knn"
    assert (d.react(q=0.95) + d.energy(T=2.0)).spec == "react(q=0.95)+energy(T=2)"
    assert (d.react() + d.scale() + "energy").spec == "react+scale+energy"
    assert d.mean(d.knn(k=5), "vim", weights=(1, 2)).spec == "mean(knn(k=5),vim,weights=(1,2))"
    assert d.knn(normalize=False, variant="openood").spec == "knn(normalize=false,variant=openood)"
    with pytest.raises(nescio.Error, match="k"):
        d.knn(k=0)
    with pytest.raises(TypeError, match="unexpected keyword"):
        d.knn(kk=3)
    with pytest.raises(nescio.Error):
        d.react(q=2)


def test_help_names_the_paper():
    assert "Sun, Ming, Zhu, Li" in nescio.detectors.knn.__doc__ and "arXiv:2204.06507" in nescio.detectors.knn.__doc__


def test_the_package_says_its_version():
    assert nescio.__version__ == importlib.metadata.version("nescio-ood")
    files = [str(f) for f in importlib.metadata.files("nescio-ood")]
    assert any(f.endswith("licenses/LICENSE") for f in files)
    assert "nescio/py.typed" in files and "nescio/detectors.pyi" in files


def test_two_versions_in_one_place_are_refused(tmp_path):
    package = shutil.copytree(pathlib.Path(nescio.__file__).parent, tmp_path / "nescio")
    libraries = pathlib.Path(nescio.__file__).parent.parent / "nescio_ood.libs"  # of a wheel that carries them
    if libraries.exists():
        shutil.copytree(libraries, tmp_path / libraries.name)
    (package / "_version.py").write_text('version = "99.0"')
    done = subprocess.run(
        [sys.executable, "-c", "import nescio"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode != 0 and "files are of version 99.0" in done.stderr and "install it again" in done.stderr


def test_types(tmp_path):
    """mypy reads the package as its users do, and finds what is wrong in a program and nothing else."""
    pytest.importorskip("mypy")
    (tmp_path / "good.py").write_text(
        "import numpy as np\nimport nescio\n"
        "det: nescio.Detector = nescio.detectors.react(q=0.9) + nescio.detectors.energy(T=2.0)\n"
        "x = np.zeros((3, 4), np.float32)\n"
        "s = det.fit(x, x, head=(x, x[0])).score(features=x, logits=x)\n"
        "det.calibrate(s, keep=0.95).kept.share + 1\n"
        "flags = det.predict(logits=x).is_ood.any()\n"
        "a: float = nescio.metrics.auroc(s, s)\n"
        "b: float = nescio.metrics.fpr_id(s, s, tpr=0.9)\n"
        "row = nescio.evaluate(id=s, ood={'a': s}).find('auroc')\n"
        "nescio.benchmark('b').report('report.html')\n"
        "many = nescio.score_many(['all'], nescio.FeatureBank('b'))['a/b']['energy'].mean()\n"
    )
    (tmp_path / "bad.py").write_text(
        "import nescio\n"
        "nescio.detectors.knn(k='five')\n"
        "nescio.detectors.knn(kk=5)\n"
        "nescio.detectors.knn(variant='papper')\n"
        "nescio.metrics.auroc()\n"
        "nescio.detectors.energy() + 3\n"
    )

    def mypy(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), *arguments],
            capture_output=True, text=True, check=False, cwd=tmp_path,
        )

    good = mypy("good.py")
    assert good.returncode == 0, good.stdout + good.stderr
    bad = mypy("bad.py")
    for line in range(2, 7):
        assert f"bad.py:{line}: error" in bad.stdout, bad.stdout
    names = [file.stem for file in pathlib.Path(nescio.__file__).parent.glob("*.py") if file.stem != "__init__"]
    needed = {"torch": "torch", "pytorch_ood": "torch", "sklearn": "sklearn", "onnx": "onnxruntime"}
    there = [n for n in names if n not in needed or importlib.util.find_spec(needed[n])]
    modules = ["-m=nescio", *(f"-m=nescio.{name}" for name in there)]
    own = mypy("--ignore-missing-imports", "--follow-imports=silent", "--no-warn-unused-ignores", *modules)
    assert own.returncode == 0, own.stdout + own.stderr
