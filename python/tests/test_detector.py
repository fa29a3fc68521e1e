import pickle

import nescio
import numpy as np
import pytest

# One of each kind: of logits, of features, of both with the head, with a shaper, of others, with rows that it keeps.
SPECS = ["energy", "mahalanobis", "vim", "react(q=0.9)+energy", "mean(knn(k=5),energy)", "knn(k=5)", "she", "gradnorm"]


@pytest.mark.parametrize("spec", SPECS)
def test_ood_rows_score_higher(world, spec):
    det = world.fit(spec)
    s_id, s_ood = det.score(**world.inputs(world.test)), det.score(**world.inputs(world.ood))
    assert s_id.dtype == np.float32 and s_id.shape == (200,)
    assert nescio.metrics.auroc(s_id, s_ood) > 0.8


def test_energy_is_the_formula(world):
    z = world.test["logits"].astype(np.float64)
    expected = -np.log(np.exp(z).sum(axis=1))
    np.testing.assert_allclose(nescio.Detector("energy").score(logits=world.test["logits"]), expected, rtol=1e-5)


def test_knn_is_the_formula(world):
    def unit(x):
        return x / np.linalg.norm(x, axis=1, keepdims=True)

    h, train = unit(world.test["features"].astype(np.float64)), unit(world.train["features"].astype(np.float64))
    distances = np.sort(np.linalg.norm(h[:, None] - train[None], axis=2), axis=1)[:, 6]
    np.testing.assert_allclose(world.fit("knn(k=7)").score(world.test["features"]), distances, atol=1e-4)


def test_logits_follow_from_features_and_head(world):
    det = world.fit("energy")
    np.testing.assert_allclose(
        det.score(features=world.test["features"]), det.score(logits=world.test["logits"]), rtol=1e-4, atol=1e-4
    )
    assert (det.calibrate(det.score(logits=world.test["logits"])).threshold) < 0
    by_head = det.predict(features=world.test["features"])
    np.testing.assert_array_equal(by_head.class_, det.predict(logits=world.test["logits"]).class_)


def test_a_detector_that_learns_nothing_needs_no_fit(world):
    det = nescio.Detector("energy")
    assert not det.fits_on and not det.fitted
    det.score(logits=world.test["logits"])
    assert det.fitted
    # Scores of an earlier day: the first rows that it sees do not take the calibration away.
    fresh = nescio.Detector("energy")
    fresh.calibrate(det.score(logits=world.val["logits"]))
    assert len(fresh.predict(logits=world.test["logits"])) == len(world.test["logits"])
    with pytest.raises(nescio.Error, match=r"expected \[N, 5\], found \[3, 4\]"):
        det.score(logits=np.ones((3, 4), np.float32))


def test_one_program_gives_the_same_bits_for_any_threads(world):
    det = world.fit("vim")
    many = det.score(**world.inputs(world.test))
    before = nescio.get_num_threads()
    try:
        nescio.set_num_threads(1)
        np.testing.assert_array_equal(det.score(**world.inputs(world.test)), many)
    finally:
        nescio.set_num_threads(before)


def test_calibrates_and_predicts(world):
    det = world.fit("mahalanobis")
    with pytest.raises(nescio.Error, match="is not calibrated: call calibrate"):
        det.predict(**world.inputs(world.test))
    scores = det.score(**world.inputs(world.val))
    made = det.calibrate(scores, keep=0.9)
    assert made.name == "keep-0.9" and made.active
    assert made.kept.share == (scores <= made.threshold).mean() >= 0.9
    assert made.kept.lower < 0.9 < made.kept.upper

    r = det.predict(**world.inputs(world.ood))
    assert len(r) == 250 and r.keys() == ["class", "score", "threshold", "is_ood", "p_value"]
    np.testing.assert_array_equal(r["class"], world.ood["logits"].argmax(axis=1))
    np.testing.assert_array_equal(r.is_ood, r.score > made.threshold)
    at_least = (scores[None] >= r.score[:, None]).sum(axis=1)
    np.testing.assert_allclose(r.p_value, (1 + at_least) / (len(scores) + 1))

    assert det.predict(**world.inputs(world.ood), threshold=1e30).is_ood.sum() == 0
    assert det.predict(**world.inputs(world.ood), fdr=0.1).is_ood.mean() > 0.5


def test_predictions_as_a_frame(world):
    pytest.importorskip("pandas")
    det = world.fit("energy")
    det.calibrate(det.score(**world.inputs(world.val)))
    r = det.predict(**world.inputs(world.ood))
    frame = r.to_pandas()
    assert list(frame.columns) == r.keys() and (frame["class"] == r.class_).all()


def test_several_calibrations(world):
    det = world.fit("energy")
    s_id, s_ood = det.score(**world.inputs(world.val)), det.score(**world.inputs(world.ood))
    det.calibrate(s_id, keep=0.95)
    caught = det.calibrate(s_id, catch=0.8, ood=s_ood, active=False)
    assert caught.caught.share >= 0.8 and not caught.active
    strict = det.calibrate(s_id, keep=0.9, guarantee=True, p_values="conditional", name="strict", active=False)
    assert strict.threshold >= np.quantile(s_id, 0.9)
    by_class = det.calibrate(
        s_id, keep=0.9, per_class=True, predicted=world.val["logits"].argmax(1), class_rows=20, name="by_class"
    )
    assert len(by_class.by_class) == 5
    r = det.predict(logits=world.ood["logits"])
    assert set(r.threshold) == set(by_class.by_class.values())
    det.activate("keep-0.95")
    assert len(set(det.predict(logits=world.ood["logits"]).threshold)) == 1
    assert det.calibrations == ["by_class", "catch-0.8", "keep-0.95", "strict"]
    with pytest.raises(nescio.Error, match="that takes 59"):
        det.calibrate(s_id[:20], keep=0.95, guarantee=True)
    with pytest.raises(nescio.Error, match="give one of keep=, catch= and threshold="):
        det.calibrate(s_id, keep=0.9, threshold=3)
    with pytest.raises(nescio.Error, match="64 letters"):
        det.calibrate(s_id, name="two words")
    for threshold in (np.nan, np.inf):
        with pytest.raises(nescio.Error, match="expected a finite threshold"):
            det.calibrate(s_id, threshold=threshold)
        with pytest.raises(nescio.Error, match="threshold: expected a finite number"):
            det.predict(logits=world.ood["logits"], threshold=threshold)
    with pytest.raises(nescio.Error, match="class_rows: expected a count"):
        det.calibrate(s_id, class_rows=-1)
    with pytest.raises(nescio.Error, match="give one of threshold= and fdr="):
        det.predict(logits=world.ood["logits"], threshold=1, fdr=0.1)
    with pytest.raises(nescio.Error, match="scores: row 1 is nan"):
        det.judge([1, np.nan])


@pytest.mark.parametrize("spec", SPECS)
def test_saves_and_loads(world, tmp_path, spec):
    det = world.fit(spec)
    scores = det.score(**world.inputs(world.test))
    det.calibrate(scores)
    det.save(tmp_path / "det")
    again = nescio.load(tmp_path / "det")
    np.testing.assert_array_equal(again.score(**world.inputs(world.test)), scores)
    assert again.calibration() == det.calibration() and again.spec == det.spec
    again.save(tmp_path / "twice/")  # with the self-test rows of the first
    np.testing.assert_array_equal(nescio.load(tmp_path / "twice").score(**world.inputs(world.test)), scores)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(det)).score(**world.inputs(world.test)), scores)


def test_looks_into_what_it_needs(world):
    """Checking that numbers are finite takes as long as many a fit."""
    hole = world.train["features"].copy()
    hole[3, 2] = np.nan
    logits = world.train["logits"]
    det = nescio.Detector("energy").fit(hole, logits)
    assert np.isfinite(det.score(logits=logits)).all()
    for spec, rows in {"knn": {"features": hole, "logits": logits}, "energy": {"features": hole}}.items():
        with pytest.raises(nescio.Error, match="features: row 3, column 2 is nan"):
            nescio.Detector(spec).fit(**rows, head=world.head)


def test_does_not_keep_the_callers_memory(world):
    features = world.train["features"].copy()
    det = nescio.Detector("knn(k=1,normalize=false)").fit(features=features)
    before = det.score(features=world.test["features"])
    features[:] = 0
    np.testing.assert_array_equal(det.score(features=world.test["features"]), before)


def test_says_what_is_missing(world):
    def fails(message, spec, **rows):
        with pytest.raises(nescio.Error, match=message):
            nescio.Detector(spec).fit(**rows)

    rows = world.inputs(world.train)
    fails(r"\[vim\] needs the head: fit\(..., head=\(W, b\)\)", "vim", **rows)
    fails(r"\[mahalanobis\] needs labels of the train rows; give labels=", "mahalanobis", **rows)
    fails(r"\[knn\] needs features of the train rows", "knn", logits=rows["logits"])
    fails("give arrays=", "odin", **rows)
    fails("Did you mean", "knnn")
    fails("unknown parameter 'kk'", "knn(kk=3)")
    fails("k = 1000 is more than the 600 training rows", "knn(k=1000)", **rows)
    with pytest.raises(nescio.Error, match="must be fitted before it can score"):
        nescio.Detector("knn").score(features=rows["features"])
    with pytest.raises(nescio.Error, match="needs logits; give logits="):
        nescio.Detector("energy").fit(logits=rows["logits"]).score()


def test_errors_are_value_errors():
    assert issubclass(nescio.Error, ValueError) and nescio.Error.__module__ == "nescio"


def test_learned_arrays(world):
    rows = world.fit("knn(k=1,normalize=false)").learned["0.rows"]
    np.testing.assert_array_equal(rows, world.train["features"])
    with pytest.raises(ValueError):
        rows[0] = 0


def test_fits_on_a_bank(world, bank):
    det = nescio.Detector("react(q=0.9)+energy").fit_bank(bank, train="mine/train", val="mine/val")
    np.testing.assert_array_equal(
        det.score_bank(bank, "mine/test"), world.fit("react(q=0.9)+energy").score(**world.inputs(world.test))
    )
    with pytest.raises(nescio.Error, match="mine/train"):  # says what there is
        nescio.Detector("knn").fit_bank(bank, train="mine/trian")


def test_training_rows_stand_for_validation_rows(world):
    with pytest.warns(nescio.Notice, match="the training rows stand for them, too"):
        det = nescio.Detector("react(q=0.9)+energy").fit(**world.train, head=world.head)
    same = nescio.Detector("react(q=0.9,fit_on=train)+energy").fit(**world.train, head=world.head)
    np.testing.assert_array_equal(det.score(**world.inputs(world.test)), same.score(**world.inputs(world.test)))


def test_chooses_on_ood_rows(world):
    det = nescio.Detector("grood").fit(**world.train, head=world.head, ood_val=world.inputs(world.ood))
    assert np.isfinite(det.score(**world.inputs(world.test))).all()
