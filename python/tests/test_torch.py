import nescio
import numpy as np
import pytest

torch = pytest.importorskip("torch")
from nescio.torch import Network, find_head
from torch import nn


class Classifier(nn.Module):
    """The last layer that runs is declared first, and the model has another output than logits alone."""

    def __init__(self, output=lambda logits: logits):
        super().__init__()
        torch.manual_seed(0)
        self.classifier = nn.Linear(8, 3)
        self.body = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.5))
        self.unused = nn.Linear(2, 2)
        self.output = output

    def forward(self, x):
        return self.output(self.classifier(self.body(x)))


@pytest.fixture(scope="module")
def pictures():
    torch.manual_seed(1)
    return torch.utils.data.TensorDataset(torch.randn(50, 1, 6, 6), torch.arange(50) % 3)


def test_finds_the_layer_that_gives_the_logits(pictures):
    model = Classifier().eval()
    assert find_head(model, pictures[:2][0]) == "classifier"
    assert find_head(model) == "unused"  # without an example: the last one declared
    with pytest.raises(nescio.Error, match="output is that of none of its linear layers"):
        find_head(Classifier(torch.relu).eval(), pictures[:2][0])
    with pytest.raises(nescio.Error, match="has no torch.nn.Linear"):
        find_head(nn.Flatten())


@pytest.mark.parametrize("output", [lambda z: z, lambda z: (z, None), lambda z: {"logits": z}])
def test_catches_logits_and_features(pictures, output):
    model = Classifier(output).train()
    rows = Network(model)(pictures[:5][0])
    assert model.training  # as it was
    model.eval()
    with torch.no_grad():
        features = model.body(pictures[:5][0])
        logits = model.classifier(features)
    np.testing.assert_array_equal(rows["features"], features.numpy())
    np.testing.assert_array_equal(rows["logits"], logits.numpy())


def test_fills_a_bank_from_a_loader(pictures, tmp_path, capsys):
    net = Network(Classifier(), head="classifier")
    loader = torch.utils.data.DataLoader(pictures, batch_size=16)
    split = net.fill(tmp_path / "bank", "mine/train", loader)
    assert split.rows == 50 and set(split) == {"features", "logits", "labels"}
    assert "extracting mine/train" in capsys.readouterr().err
    rows = net.extract(loader, progress=False)
    assert capsys.readouterr().err == ""
    for name, array in rows.items():
        np.testing.assert_array_equal(split[name], array)
    np.testing.assert_array_equal(rows["labels"], np.arange(50) % 3)

    bank = nescio.FeatureBank(tmp_path / "bank")
    np.testing.assert_array_equal(bank.head[0], net.head[0])
    det = nescio.Detector("vim(dim=4)").fit_bank(bank, train="mine/train")
    det.calibrate(det.score_bank(bank, "mine/train"))
    answer = det.predict(**net(pictures[:7][0]))
    assert len(answer) == 7 and (answer.class_ == rows["logits"][:7].argmax(1)).all()


def test_a_stream_of_unknown_length(pictures, tmp_path):
    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter(pictures)

    net = Network(Classifier())
    split = net.fill(tmp_path / "bank", "a/b", torch.utils.data.DataLoader(Stream(), batch_size=8), progress=False)
    assert split.rows == 50


def test_says_what_is_wrong():
    with pytest.raises(nescio.Error, match="one of classifier, unused, found 'fc'"):
        Network(Classifier(), head="fc")
    with pytest.raises(nescio.Error, match="was not run by the model"):
        Network(Classifier(), head="unused")(torch.zeros(1, 1, 6, 6))
