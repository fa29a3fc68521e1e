import pickle

import nescio
import numpy as np
import pytest


@pytest.fixture
def scores():
    rng = np.random.default_rng(7)
    return rng.normal(size=200).round(1).astype(np.float32), rng.normal(1.5, 1, 250).round(1).astype(np.float32)


def test_every_metric_with_its_interval(world, scores):
    s_id, s_ood = scores
    m = nescio.evaluate(
        id=s_id,
        ood={"a": s_ood, "b": s_ood[:100]},
        labels=world.test["labels"],
        logits=world.test["logits"],
        bootstrap=50,
    )
    names = {row.metric for row in m}
    assert names == {metric["name"] for metric in nescio.metrics._table}
    auroc = m.find("auroc", "a")
    pairs = (s_ood[:, None] > s_id[None]).mean() + 0.5 * (s_ood[:, None] == s_id[None]).mean()
    assert auroc.value == pytest.approx(pairs)
    assert auroc.lower < auroc.value <= auroc.upper
    mean = m.find("auroc", "mean")
    assert mean.value == pytest.approx((auroc.value + m.find("auroc", "b").value) / 2)
    assert m.find("id_accuracy").value == (world.test["logits"].argmax(1) == world.test["labels"]).mean()
    assert m.sets == [("id", "id", 200), ("a", "ood", 250), ("b", "ood", 100)]
    assert "auroc" in repr(m)
    with pytest.raises(nescio.Error, match="expected one row of auroc"):
        m.find("auroc")


def test_tables(scores, tmp_path):
    pandas = pytest.importorskip("pandas")
    m = nescio.evaluate(id=scores[0], ood={"a": scores[1]}, metrics=(), bootstrap=0)
    frame = m.to_pandas()
    assert list(frame.columns) == ["detector", "set", "role", "metric", "value", "lower", "upper"]
    assert m.table().loc[("", "ood", "a"), "auroc"] == m.find("auroc").value
    assert "<table" in m._repr_html_()
    m.to_csv(tmp_path / "m.csv")
    assert pandas.read_csv(tmp_path / "m.csv").value[0] == frame.value[0]


def test_several_detectors(world):
    data = {"train": world.train, "id": world.inputs(world.test), "ood": world.ood}
    scores = nescio.score_many(["energy", "knn(k=[5,10])"], data, head=world.head)
    m = nescio.evaluate(id=scores["id"], ood={"ood": scores["ood"]}, bootstrap=0)
    assert {row.detector for row in m} == {"energy", "knn(k=5)", "knn(k=10)"}
    with pytest.raises(nescio.Error, match="has no scores of energy"):
        nescio.evaluate(id=scores["id"], ood={"ood": {"msp": scores["ood"]["energy"]}})


def test_functions_of_metrics(world, scores):
    s_id, s_ood = scores
    assert nescio.metrics.fpr95_id(s_id, s_ood) == nescio.metrics.fpr_id(s_id, s_ood, tpr=0.95)
    threshold = np.sort(s_id)[int(np.ceil(0.9 * len(s_id))) - 1]
    assert nescio.metrics.fpr_id(s_id, s_ood, tpr=0.9) == (s_ood <= threshold).mean()
    y, z = world.test["labels"], world.test["logits"]
    right = z.argmax(1) == y
    assert nescio.metrics.id_accuracy(y, logits=z) == right.mean()
    assert nescio.metrics.id_accuracy(y, predicted=z.argmax(1)) == right.mean()
    wins = (s_ood[:, None] > s_id[None]) + 0.5 * (s_ood[:, None] == s_id[None])
    oscr = wins[:, right].sum() / (len(s_ood) * len(s_id))
    assert nescio.metrics.oscr(s_id, s_ood, labels=y, logits=z) == pytest.approx(oscr)
    assert nescio.metrics.nll(y, z) > 0
    for metric in nescio.metrics.__all__:
        assert getattr(nescio.metrics, metric).__doc__


def test_agrees_with_scikit_learn(scores):
    sklearn = pytest.importorskip("sklearn.metrics")
    s_id, s_ood = scores
    truth = np.r_[np.zeros(len(s_id)), np.ones(len(s_ood))]
    both = np.r_[s_id, s_ood]
    assert nescio.metrics.auroc(s_id, s_ood) == pytest.approx(sklearn.roc_auc_score(truth, both))
    assert nescio.metrics.aupr_out(s_id, s_ood) == pytest.approx(sklearn.average_precision_score(truth, both))
    assert nescio.metrics.aupr_in(s_id, s_ood) == pytest.approx(sklearn.average_precision_score(1 - truth, -both))


def test_says_what_is_wrong(scores):
    s_id, s_ood = scores
    with pytest.raises(nescio.Error, match="expected scores by the name of their set"):
        nescio.evaluate(id=s_id, ood=s_ood)
    with pytest.raises(nescio.Error, match="found none"):
        nescio.evaluate(id={}, ood={"a": {}})
    with pytest.raises(nescio.Error, match="another name"):
        nescio.evaluate(id=s_id, ood={"id": s_ood})
    with pytest.raises(nescio.Error, match="ID scores.*NaN"):
        nescio.metrics.auroc(np.r_[s_id, np.nan], s_ood)
    with pytest.raises(nescio.Error, match="expected scores, found none"):
        nescio.metrics.auroc(s_id, [])
    with pytest.raises(nescio.Error, match="needs labels and logits"):
        nescio.metrics.oscr(s_id, s_ood, labels=np.zeros(len(s_id), int))
    with pytest.raises(nescio.Error, match="Did you mean"):
        nescio.evaluate(id=s_id, ood={"a": s_ood}, metrics=["aurok"])
    with pytest.raises(TypeError):
        nescio.metrics.auroc(s_id)
    with pytest.raises(nescio.Error, match="tpr"):
        nescio.metrics.fpr_id(s_id, s_ood, tpr=2)


def test_score_many_is_one_by_one(world, bank):
    scores = nescio.score_many(
        ["knn(k=[10,50])", "vim", "all"], bank, train="mine/train", val="mine/val", sets=["mine/test", "others/all"]
    )
    assert set(scores) == {"mine/test", "others/all"}
    assert len(scores.detectors) > 30 and "odin" in scores.skipped
    for spec in ("knn(k=10)", "vim", "react+energy"):
        alone = world.fit(spec).score(**world.inputs(world.test))
        np.testing.assert_allclose(scores["mine/test"][spec], alone, rtol=1e-4, atol=1e-4)
    with pytest.raises(nescio.Error, match=r"\[odin\] cannot be fitted"):  # what is named is not left out
        nescio.score_many(["odin", "all"], bank, train="mine/train", sets="mine/test")
    with pytest.raises(nescio.Error, match="mine/test"):
        nescio.score_many("energy", bank, sets="mine/tset")


def test_benchmark(bank, tmp_path):
    m = nescio.benchmark(
        bank, train="mine/train", id="mine/test", near="others/all", detectors=["energy", "knn(k=[5,10])"], bootstrap=0
    )
    assert {row.detector for row in m} == {"energy", "knn(k=5)", "knn(k=10)"}
    assert m.find("auroc", "others/all", "energy").value > 0.8

    protocol = tmp_path / "protocol.yaml"
    protocol.write_text(
        "name: mine\nsummary: a small one\nsets:\n"
        "  mine/train: folder:{root}/a\n  mine/val: folder:{root}/b\n"
        "  mine/test: folder:{root}/c\n  others/all: folder:{root}/d\n"
        "roles: {train: mine/train, val: mine/val, id: mine/test, far: [others/all]}\n"
    )
    again = nescio.benchmark(bank, protocol=protocol, detectors="energy", bootstrap=0)
    assert again.find("auroc", "others/all").value == m.find("auroc", "others/all", "energy").value


def test_sweep_chooses_on_validation_rows(world):
    data = {
        "train": world.train,
        "val": world.val,
        "id": world.test,
        "ood": world.ood,
        "ood_val": world.rows(world.ood["features"][::-1] * 0.9),
    }
    m = nescio.benchmark(
        data, train="train", val="val", id="id", far="ood", ood_val="ood_val", detectors="knn(k=[5,10])", sweep=True,
        bootstrap=0, head=world.head,
    )
    assert list(m.chosen) == ["knn(k=[5,10])"]
    assert {spec for spec, _ in m.tried["knn(k=[5,10])"]} == {"knn(k=5)", "knn(k=10)"}


def test_report_of_a_benchmark(world, bank, tmp_path):
    m = nescio.benchmark(
        bank, train="mine/train", val="mine/val", id="mine/test", near="others/all", detectors=["energy", "knn(k=5)"]
    )
    m.report(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert all(f'id="{section}"' in page for section in ("results", "thresholds", "histograms", "roc", "settings"))
    assert f"{100 * m.find('auroc', 'others/all', 'energy').value:.2f}" in page
    assert "knn(k=5)" in page and "<script" not in page and bank.path in page
    m.report(tmp_path / "again.html")
    assert (tmp_path / "again.html").read_text() == page
    (tmp_path / "folder").mkdir()
    with pytest.raises(nescio.Error, match="folder"):
        m.report(tmp_path / "folder")


def test_report_of_scores(world, scores, tmp_path):
    s_id, s_ood = scores
    m = nescio.evaluate(
        id=s_id, ood={"a": s_ood, "b": s_ood[:100]}, labels=world.test["labels"], logits=world.test["logits"], bootstrap=0
    )
    auroc = m.find("auroc", "a").value
    s_id[:] = 0  # its numbers are those of the scores as they were
    m.report(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert f"{100 * auroc:.2f}" in page and 'id="roc"' in page
    nescio.evaluate(id=s_ood, ood={"a": s_id}, bootstrap=0).report(tmp_path / "alone.html")
    with pytest.raises(nescio.Error, match="intervals are of 95 %"):
        nescio.evaluate(id=s_ood, ood={"a": s_id}, bootstrap=0, confidence=0.9).report(tmp_path / "x.html")
    again = pickle.loads(pickle.dumps(m))
    assert again.rows == m.rows
    with pytest.raises(nescio.Error, match="pickled"):
        again.report(tmp_path / "x.html")
