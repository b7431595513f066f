"""Data sets as arrays, from the cache, from folders and from mirrors."""

import gzip
import hashlib
import pickle

import numpy as np
import pytest
from conftest import idx, write_idx

import digitry
from digitry import _core, datasets


@pytest.fixture
def folder(tmp_path):
    images = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    write_idx(tmp_path, "train", images, np.array([2, 0]))
    write_idx(tmp_path, "t10k", images[:1], np.array([1]))
    return tmp_path


def test_mnist():
    data = digitry.load_dataset("mnist", fetch=False)
    (x_train, y_train), (x_test, y_test) = data
    assert x_train.shape == (60000, 28, 28) and x_train.dtype == np.uint8 and x_train.flags.c_contiguous
    assert y_train.shape == (60000,) and y_train[:5].tolist() == [5, 0, 4, 1, 9]
    assert x_test.shape == (10000, 28, 28) and y_test[:3].tolist() == [7, 2, 1]
    assert data.class_names == [str(i) for i in range(10)]
    assert "60000 images" in repr(data)


def test_a_folder(folder):
    data = digitry.load_dataset(folder)
    assert data.train.x.tolist() == np.arange(24).reshape(2, 3, 4).tolist()
    assert data.train.y.tolist() == [2, 0]
    assert data.test.y.tolist() == [1]
    assert data.class_names == ["0", "1", "2"]
    again = pickle.loads(pickle.dumps(data))
    assert again.class_names == data.class_names and np.array_equal(again.test.x, data.test.x)


def test_one_file(folder):
    data = digitry.load_dataset(str(folder / "train-images-idx3-ubyte"))
    assert data.train.x.shape == (2, 3, 4)
    assert data.test.x.shape == (0, 3, 4)


def test_faults(folder, tmp_path):
    with pytest.raises(digitry.DataError, match="no such"):
        digitry.load_dataset(tmp_path / "nowhere")
    (folder / "train-labels-idx1-ubyte").write_bytes(idx(np.array([2])))
    with pytest.raises(ValueError, match="expected 2 labels"):
        digitry.load_dataset(folder)


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A data set "mnist" of one file, on a mirror that is a folder."""
    content = idx(np.zeros((1, 2, 2)))
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "images.gz").write_bytes(gzip.compress(content))
    known = [("images", hashlib.sha256(content).hexdigest(), len(content))]
    mirrors = [(tmp_path / name).as_uri() for name in ("absent", "mirror")]
    monkeypatch.setattr(_core, "known_dataset", lambda name: (known, mirrors) if name == "mnist" else None)
    monkeypatch.setenv("DIGITRY_DATA_DIR", str(tmp_path / "cache"))
    return tmp_path


def test_fetches_from_the_first_mirror_that_answers(mirror):
    folder = datasets.fetch_dataset("mnist")
    assert folder == str(mirror / "cache" / "mnist")
    assert [path.name for path in (mirror / "cache" / "mnist").iterdir()] == ["images"]
    (mirror / "mirror" / "images.gz").unlink()
    assert datasets.fetch_dataset("mnist") == folder


def test_refuses_other_content(mirror):
    (mirror / "mirror" / "images.gz").write_bytes(gzip.compress(b"another file"))
    with pytest.raises(digitry.UnavailableError, match="got other content") as caught:
        datasets.fetch_dataset("mnist")
    assert isinstance(caught.value, RuntimeError)
    assert list((mirror / "cache" / "mnist").iterdir()) == []
    with pytest.raises(ValueError, match="mnist"):
        datasets.fetch_dataset("imagenet")
