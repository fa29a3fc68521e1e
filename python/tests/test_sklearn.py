import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn")
from nescio.sklearn import OODDetector
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

# Checks of scikit-learn's own suite that do not apply, each with its reason. None for a detector of features alone; one that
# needs labels or the last layer refuses data without them.
EXCEPTIONS: dict[str, str] = {}


@pytest.mark.parametrize("spec", ["knn(k=2,normalize=false)", "knn(k=5)"])
def test_passes_the_checks_of_scikit_learn(spec):
    check_estimator(OODDetector(spec), expected_failed_checks=EXCEPTIONS)


def test_is_the_detector_in_their_sign(world):
    h = world.train["features"]
    ood = OODDetector("knn(k=5)", contamination=0.05).fit(h)
    np.testing.assert_array_equal(ood.score_samples(h), -ood.detector_.score(features=h).astype(float))
    assert (ood.predict(h) == -1).mean() == pytest.approx(0.05, abs=0.01)
    assert (ood.predict(world.ood["features"]) == -1).mean() > 0.5
    assert set(ood.fit_predict(h)) == {1, -1}


def test_takes_labels_of_any_type_and_the_head(world):
    names = np.array(["ant", "bee", "cow", "dog", "eel"])[world.train["labels"]]
    ood = OODDetector("mahalanobis").fit(world.train["features"], names)
    assert list(ood.classes_) == ["ant", "bee", "cow", "dog", "eel"]
    assert OODDetector("vim", head=world.head).fit(world.train["features"]).score_samples(world.ood["features"]).size
    assert OODDetector("energy", inputs="logits").fit(world.train["logits"]).predict(world.ood["logits"]).size


def test_in_a_pipeline_cloned_and_pickled(world):
    pipe = make_pipeline(StandardScaler(), OODDetector("knn(k=3)"))
    expected = pipe.fit(world.train["features"]).predict(world.ood["features"])
    again = pickle.loads(pickle.dumps(pipe))
    np.testing.assert_array_equal(again.predict(world.ood["features"]), expected)
    np.testing.assert_array_equal(clone(pipe).fit(world.train["features"]).predict(world.ood["features"]), expected)


def test_refuses():
    with pytest.raises(ValueError, match="contamination"):
        OODDetector(contamination=0.9).fit(np.ones((10, 2)))
    with pytest.raises(ValueError, match="inputs"):
        OODDetector(inputs="pictures").fit(np.ones((10, 2)))
