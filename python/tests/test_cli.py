"""The folders of the program and of the package are the same, both ways. NESCIO_PROGRAM names the program."""

import json
import re

import nescio
import numpy as np
import pytest

SPECS = ["energy", "vim", "react(q=0.9)+energy", "mean(knn(k=5),mahalanobis)"]


def scores_of(program, det, bank, tmp_path):
    program("score", det, f"bank={bank.path}", "sets=mine/test,others/all", f"out={tmp_path / 'scores'}")
    return [np.load(tmp_path / "scores" / f"{split}.npy") for split in ("mine/test", "others/all")]


@pytest.mark.parametrize("spec", SPECS)
def test_the_program_scores_what_python_fitted(world, bank, program, tmp_path, spec):
    det = world.fit(spec)
    det.calibrate(det.score(**world.inputs(world.val)), keep=0.9)
    det.save(tmp_path / "det")
    of_test, of_ood = scores_of(program, tmp_path / "det", bank, tmp_path)
    np.testing.assert_array_equal(of_test, det.score(**world.inputs(world.test)))
    np.testing.assert_array_equal(of_ood, det.score(**world.inputs(world.ood)))
    facts = json.loads(program("inspect", tmp_path / "det", "--json"))
    assert "keep-0.9" in json.dumps(facts)


@pytest.mark.parametrize("spec", SPECS)
def test_python_scores_what_the_program_fitted(world, bank, program, tmp_path, spec):
    folder = tmp_path / "det"
    program("fit", spec, f"bank={bank.path}", "train=mine/train", "val=mine/val", f"out={folder}")
    program("calibrate", folder, f"bank={bank.path}", "id=mine/val", "keep=0.9")
    det = nescio.load(folder)
    of_test, _ = scores_of(program, folder, bank, tmp_path)
    np.testing.assert_array_equal(det.score_bank(bank, "mine/test"), of_test)
    np.testing.assert_array_equal(world.fit(spec).score(**world.inputs(world.test)), of_test)
    made = det.calibration()
    assert made.name == "keep-0.9"
    assert made.threshold == det.calibrate(det.score_bank(bank, "mine/val"), keep=0.9).threshold


def test_they_judge_alike(world, bank, program, tmp_path):
    det = world.fit("energy")
    det.calibrate(det.score(**world.inputs(world.val)), keep=0.9)
    det.save(tmp_path / "det")
    np.save(tmp_path / "z.npy", world.ood["logits"])
    lines = program("score", tmp_path / "det", f"logits={tmp_path / 'z.npy'}", "--json").splitlines()
    theirs = [json.loads(line) for line in lines]
    ours = det.predict(logits=world.ood["logits"])
    for name in ours.keys():
        np.testing.assert_allclose([row[name] for row in theirs], ours[name], rtol=1e-12)


def test_the_program_reads_python_banks(bank, program):
    facts = json.loads(program("inspect", bank.path, "--json"))
    assert "mine/train" in json.dumps(facts)


def test_results_are_those_of_the_program(bank, program, tmp_path):
    program(
        "evaluate", f"bank={bank.path}", "train=mine/train", "id=mine/test", "near=others/all",
        "detectors=energy,knn(k=[5,10])", f"out={tmp_path / 'run'}",
    )
    theirs = json.loads((tmp_path / "run" / "results.json").read_text())
    ours = nescio.benchmark(
        bank, train="mine/train", id="mine/test", near="others/all", detectors=["energy", "knn(k=[5,10])"]
    )
    assert len(theirs["rows"]) == len(ours)
    for row in theirs["rows"]:
        if row["role"] == "near" and row["set"] == "mean":
            continue  # of the one set
        found = ours.find(row["metric"], row["set"], row["detector"])
        assert found.value == pytest.approx(row["value"], abs=1e-12)
        assert found.lower == (None if row.get("lower") is None else pytest.approx(row["lower"], abs=1e-12))


def test_the_report_is_that_of_the_program(bank, program, tmp_path):
    program(
        "evaluate", f"bank={bank.path}", "train=mine/train", "val=mine/val", "id=mine/test", "near=others/all",
        "detectors=energy,vim", f"out={tmp_path / 'run'}",
    )
    ours = nescio.benchmark(
        bank, train="mine/train", val="mine/val", id="mine/test", near="others/all", detectors=["energy", "vim"]
    )
    ours.report(tmp_path / "report.html")

    def sections(path):
        page = path.read_text()
        return dict(re.findall(r'<section id="([^"]+)"[^>]*>(.*?)</section>', page, re.S))

    theirs, found = sections(tmp_path / "run" / "report.html"), sections(tmp_path / "report.html")
    assert set(theirs) - set(found) == {"pictures"}
    for section in set(found) - {"settings"}:
        assert found[section] == theirs[section], section


def test_a_newer_format_and_damage_are_named(world, tmp_path):
    det = world.fit("vim")
    det.calibrate(det.score(**world.inputs(world.test)))
    det.save(tmp_path / "det")
    manifest = tmp_path / "det" / "detector.json"
    newer = json.loads(manifest.read_text()) | {"format": 99}
    whole = manifest.read_text()
    manifest.write_text(json.dumps(newer))
    with pytest.raises(nescio.Error, match="format 99; this program reads 1"):
        nescio.load(tmp_path / "det")
    manifest.write_text(whole)
    learned = tmp_path / "det" / "learned.safetensors"
    content = learned.read_bytes()
    learned.write_bytes(content[:-1] + bytes([content[-1] ^ 255]))
    with pytest.raises(nescio.Error, match="damaged, its SHA-256"):
        nescio.load(tmp_path / "det")
    learned.write_bytes(content)
    calibration = tmp_path / "det" / "calibration.safetensors"
    calibration.write_bytes(calibration.read_bytes()[:40])
    with pytest.raises(nescio.Error, match="calibration"):
        nescio.load(tmp_path / "det")
    with pytest.raises(nescio.Error, match="detector.json"):
        nescio.load(tmp_path)


def test_nothing_of_others_is_replaced(world, tmp_path):
    (tmp_path / "det").mkdir()
    (tmp_path / "det" / "mine.txt").write_text("mine")
    with pytest.raises(nescio.Error, match="is there and is no saved detector"):
        world.fit("energy").save(tmp_path / "det")
