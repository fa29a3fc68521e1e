import nescio
import numpy as np
import pytest


def test_reads_what_was_written(world, bank):
    again = nescio.FeatureBank(bank.path)
    assert again.splits == ["mine/test", "mine/train", "mine/val", "others/all"] == list(again)
    assert "mine/test" in again and "mine/tset" not in again and len(again) == 4
    split = again["mine/test"]
    assert split.rows == 200 and set(split) == {"features", "logits", "labels"}
    for name, array in split.items():
        np.testing.assert_array_equal(array, world.test[name])
        assert not array.flags.writeable
    np.testing.assert_array_equal(again.head[0], world.W)
    again.verify()


def test_says_what_is_there(bank):
    with pytest.raises(nescio.Error, match="mine/test"):
        bank["mine/tset"]
    with pytest.raises(KeyError):
        bank["mine/test"]["odin"]
    with pytest.raises(nescio.Error, match="bank"):
        nescio.FeatureBank("/nowhere/at/all")


def test_refuses_what_does_not_fit(world, bank):
    with pytest.raises(nescio.Error, match="features"):
        bank.add("more/rows", features=np.ones((3, 7), np.float32))
    with pytest.raises(nescio.Error, match="expected features=, logits= or labels="):
        bank.add("more/rows")
    with pytest.raises(nescio.Error, match="more"):
        bank.add("more", **world.ood)  # SET/SPLIT
    assert "more/rows" not in bank


def test_writes_in_batches(world, tmp_path):
    bank = nescio.FeatureBank(tmp_path / "b", create=True)
    writer = bank.writer("a/b", 200, world.test, "a test")
    for first in range(0, 200, 64):
        writer.write({name: array[first : first + 64] for name, array in world.test.items()})
    writer.finish()
    np.testing.assert_array_equal(bank["a/b"]["features"], world.test["features"])


def test_what_was_interrupted_begins_anew(world, tmp_path):
    """Nobody knows whether the rows that come now are those that came then."""
    for write in (lambda b: b.add("a/b", **world.test), lambda b: b.writer("a/b", 200, world.test)):
        bank = nescio.FeatureBank(tmp_path / "b", create=True)
        interrupted = bank.writer("a/b", 200, world.test)
        interrupted.write({name: array[100:150] for name, array in world.test.items()})
        del interrupted
        writer = write(bank)
        if not isinstance(writer, nescio.Split):
            writer.write(world.test)
            writer.finish()
        np.testing.assert_array_equal(bank["a/b"]["features"], world.test["features"])


def test_damage_is_found(world, tmp_path):
    bank = nescio.FeatureBank(tmp_path / "b", create=True)
    bank.add("a/b", **world.test)
    file = tmp_path / "b" / "a" / "b" / "features.npy"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(nescio.Error, match="features"):
        nescio.FeatureBank(tmp_path / "b").verify()
