"""What may be passed as arrays, and what is said of what may not."""

import warnings

import nescio
import numpy as np
import pytest
from nescio import _arrays


class OnlyDlpack:
    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **kwargs):
        return self.array.__dlpack__(**kwargs)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


class OnlyArray:
    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return self.array


def test_nothing_is_copied_where_it_need_not():
    x = np.ones((3, 4), np.float32)
    assert _arrays.matrix(x, "x") is x
    x.flags.writeable = False
    assert np.shares_memory(_arrays.matrix(x, "x"), x)
    assert np.shares_memory(_arrays.matrix(OnlyDlpack(np.ones((3, 4), np.float32)), "x"), x) is False
    y = np.ones((3, 4), np.float32)
    assert np.shares_memory(_arrays.matrix(OnlyDlpack(y), "x"), y)
    assert np.shares_memory(_arrays.matrix(OnlyArray(y), "x"), y)
    assert np.shares_memory(_arrays.integers(labels := np.arange(3), "y"), labels)


@pytest.mark.parametrize(
    "change",
    [
        lambda z: z.astype(np.float64),
        lambda z: np.asfortranarray(z),
        lambda z: np.repeat(z, 2, axis=0)[::2],
        lambda z: np.concatenate([z, z], axis=1)[:, :5],
        lambda z: z.astype(">f4"),
        lambda z: z.tolist(),
        lambda z: OnlyDlpack(z),
        lambda z: np.frombuffer(z.tobytes(), np.float32).reshape(z.shape),  # read-only
    ],
)
def test_other_arrays_are_converted(world, change):
    z = world.test["logits"]
    expected = nescio.Detector("energy").score(logits=z)
    before = z.copy()
    np.testing.assert_array_equal(nescio.Detector("energy").score(logits=change(z)), expected)
    np.testing.assert_array_equal(z, before)


def test_half_and_whole_numbers(world):
    z = world.test["logits"].round()
    expected = nescio.Detector("energy").score(logits=z)
    for dtype in (np.float16, np.int8, np.int64):
        np.testing.assert_array_equal(nescio.Detector("energy").score(logits=z.astype(dtype)), expected)


def test_mapped_files(world, tmp_path):
    np.save(tmp_path / "z.npy", world.test["logits"])
    z = np.load(tmp_path / "z.npy", mmap_mode="r")
    assert np.shares_memory(_arrays.matrix(z, "z"), z)
    np.testing.assert_array_equal(
        nescio.Detector("energy").score(logits=z), nescio.Detector("energy").score(logits=world.test["logits"])
    )


def test_pandas(world):
    pandas = pytest.importorskip("pandas")
    z = world.test["logits"]
    np.testing.assert_array_equal(
        nescio.Detector("energy").score(logits=pandas.DataFrame(z)), nescio.Detector("energy").score(logits=z)
    )


def broken(shape, value, row, column):
    x = np.ones(shape, np.float32)
    x[row, column] = value
    return x


@pytest.mark.parametrize(
    "logits, sentence",
    [
        (np.ones(5, np.float32), r"logits: expected \[N, width\], found \[5\]; for one row give x.reshape\(1, -1\)"),
        (np.ones((1, 5, 2, 2), np.float32), "pool feature maps first"),
        (np.ones((3, 0), np.float32), r"logits: expected \[N, width\], found \[3, 0\]"),
        (np.ones((3, 4), np.float32), r"\[energy\] logits: expected \[N, 5\], found \[3, 4\]"),
        (broken((20, 5), np.nan, 3, 2), "logits: row 3, column 2 is nan; expected finite numbers"),
        (broken((20, 5), np.inf, 19, 0), "logits: row 19, column 0 is inf"),
        (broken((40000, 5), np.nan, 39000, 1), "logits: row 39000, column 1 is nan"),
        (np.full((2, 5), 1e300), "logits: row 0, column 0 is inf"),  # beyond float32
        (np.full((2, 5), "a"), "logits: expected numbers, found dtype <U1"),
        (np.full((2, 5), None), "logits: expected numbers, found dtype object"),
        (np.ones((2, 5), complex), "logits: expected numbers, found complex numbers"),
        (np.ma.masked_array(np.ones((2, 5)), mask=True), "a masked array hides values"),
        ([[1, 2], [3]], "cannot be read as an array|found dtype object"),  # the latter before numpy 1.24
    ],
)
def test_refuses_in_a_sentence(world, logits, sentence):
    det = nescio.Detector("energy").fit(logits=world.train["logits"])
    with pytest.raises(nescio.Error, match=sentence):
        det.score(logits=logits)


def test_refuses_to_fit(world):
    h, y = world.train["features"], world.train["labels"]

    def fails(sentence, **rows):
        with pytest.raises(nescio.Error, match=sentence):
            nescio.Detector("mahalanobis").fit(**rows)

    fails(r"labels: expected whole numbers .*class_names, labels = numpy.unique", features=h, labels=y.astype(str))
    fails("labels: expected whole numbers", features=h, labels=[None] * len(y))
    fails("row 0 is 0.5, which is no whole number", features=h, labels=np.full(len(y), 0.5))
    fails("row 0 is inf, more than a whole number of 64 bits", features=h, labels=np.full(len(y), np.inf))
    fails("row 0 is 9223372036854775808, more", features=h, labels=np.full(len(y), 2**63, np.uint64))
    fails(r"of one-hot rows give x.argmax\(axis=1\)", features=h, labels=np.eye(5)[y])
    fails("labels: expected 600 rows as of features, found 10", features=h, labels=y[:10])
    fails("expected rows, found none", features=h[:0], labels=y[:0])
    fails("features: row 7, column 1 is nan", features=broken(h.shape, np.nan, 7, 1), labels=y)
    fails("label", features=h, labels=y - 7)
    fails(r"W looks transposed", features=h, labels=y, head=(world.W.T, world.b))
    fails(r"expected \(W, b\)", features=h, labels=y, head=5)
    fails("learns from train rows; give features=, logits= and labels=")


def test_no_rows_are_no_scores(world):
    det = world.fit("mahalanobis")
    assert det.score(**{k: v[:0] for k, v in world.inputs(world.test).items()}).shape == (0,)
    det.calibrate(det.score(**world.inputs(world.test)))
    assert len(det.predict(**{k: v[:0] for k, v in world.inputs(world.test).items()})) == 0


def test_more_than_memory():
    rows = np.broadcast_to(np.zeros(1, np.float64), (1 << 40, 512))  # 2 PB as float32
    with pytest.raises(nescio.Error, match="more memory than there is; put the rows into a nescio.FeatureBank"):
        nescio.Detector("knn").fit(features=rows)


def test_torch_tensors(world):
    torch = pytest.importorskip("torch")
    z = world.test["logits"]
    expected = nescio.Detector("energy").score(logits=z)
    tensor = torch.from_numpy(z)
    assert np.shares_memory(_arrays.matrix(tensor, "z"), z)
    for t in (tensor, tensor.double(), torch.nn.Parameter(tensor.clone()), tensor.T.contiguous().T):
        np.testing.assert_array_equal(nescio.Detector("energy").score(logits=t), expected)
    rounded = tensor.bfloat16()
    np.testing.assert_array_equal(
        nescio.Detector("energy").score(logits=rounded), nescio.Detector("energy").score(logits=rounded.float())
    )
    if hasattr(torch, "float8_e5m2"):
        small = tensor.to(torch.float8_e5m2)
        np.testing.assert_array_equal(_arrays.matrix(small, "z"), small.float().numpy())
    with pytest.raises(nescio.Error, match="cannot be read as an array"):
        _arrays.matrix(torch.nested.nested_tensor([torch.zeros(5), torch.zeros(5)]), "z")
    head = torch.nn.Linear(16, 5)
    det = nescio.Detector("vim").fit(world.train["features"], world.train["logits"], head=head)
    assert det.fitted


@pytest.mark.parametrize("real", [True, False])
def test_tensors_on_a_gpu_are_copied_with_a_word(world, real):
    torch = pytest.importorskip("torch")
    z = torch.from_numpy(world.test["logits"])
    if real and not torch.cuda.is_available():
        pytest.skip("no GPU")

    class OnGpu(torch.Tensor):  # says so, where there is none
        device = torch.device("cuda:0")

        def cpu(self):
            return torch.from_numpy(world.test["logits"])

    there = z.cuda() if real else z.as_subclass(OnGpu)
    with pytest.warns(UserWarning, match="logits: a tensor on cuda:0 was copied to the CPU"):
        scores = nescio.Detector("energy").score(logits=there)
    np.testing.assert_array_equal(scores, nescio.Detector("energy").score(logits=z))


def test_tensors_without_values_are_refused():
    torch = pytest.importorskip("torch")
    with pytest.raises(nescio.Error, match="a tensor on meta cannot be copied to the CPU"), pytest.warns(UserWarning):
        nescio.Detector("energy").score(logits=torch.empty(3, 5, device="meta"))


def test_memory_elsewhere_is_refused():
    class OnGpu:
        def __dlpack_device__(self):
            return (2, 0)  # kDLCUDA

        def __dlpack__(self, **kwargs):
            raise BufferError("not on the CPU")

    class WithArray(OnGpu):  # as CuPy's
        def __array__(self, *args, **kwargs):
            raise TypeError("Implicit conversion is not allowed; use .get()")

    with pytest.raises(nescio.Error, match="logits: WithArray cannot be read as an array: .* use .get"):
        nescio.Detector("energy").score(logits=WithArray())
    with pytest.raises(nescio.Error, match="expected an array in the memory of the CPU; copy it there first"):
        nescio.Detector("energy").score(logits=OnGpu())


def test_notices_are_warnings(world):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        nescio.Detector("knn(k=3)").fit(np.concatenate([world.train["features"], np.zeros((2, 16), np.float32)]))
    assert any(issubclass(w.category, nescio.Notice) for w in seen)
    assert seen[0].filename == __file__
