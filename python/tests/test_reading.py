"""Pictures to digits."""

import struct
import zlib

import numpy as np
import pytest

import digitry


@pytest.fixture(scope="module")
def page(mnist):
    """Five digits of MNIST in a row, dark on light, and their labels."""
    (_, _), (x, y) = mnist
    picture = np.full((80, 260), 235, np.uint8)
    for i in range(5):
        part = picture[26:54, 20 + 45 * i : 48 + 45 * i]
        part -= (x[i] * 0.8).astype(np.uint8)
    return picture, y[:5]


def png(picture):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = b"".join(b"\0" + row.tobytes() for row in picture)
    header = struct.pack(">IIBBBBB", picture.shape[1], picture.shape[0], 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_reads_an_array_a_file_and_its_bytes(page, tmp_path):
    picture, labels = page
    reading = digitry.read(picture)
    assert [digit.label for digit in reading.digits] == labels.tolist()
    assert reading.text.split() and str(reading) == reading.text
    path = tmp_path / "photo.png"
    path.write_bytes(png(picture))
    for source in (path, str(path), path.read_bytes(), np.stack([picture] * 3, axis=-1), picture[..., None]):
        assert [digit.label for digit in digitry.read(source).digits] == labels.tolist()


def test_digits_have_boxes_and_probabilities(page):
    picture, _ = page
    reading = digitry.read(picture, "cnn-best")
    assert len(reading) == len(reading.digits) == 5
    lefts = [digit.box[0] for digit in reading.digits]
    assert lefts == sorted(lefts)
    for digit in reading.digits:
        left, top, width, height = digit.box
        assert 0 <= left and left + width <= 260 and 0 <= top and top + height <= 80
        assert digit.probabilities.shape == (10,)
        assert digit.probability == pytest.approx(digit.probabilities.max())
        assert digit.image.shape == (28, 28) and digit.image.max() == 255
        assert not digit.rejected
    annotated = reading.annotated()
    assert annotated.shape == (80, 260, 3)
    assert not np.array_equal(annotated[..., 0], picture)


def test_faults(tmp_path):
    with pytest.raises(digitry.DataError, match="nowhere"):
        digitry.read(tmp_path / "nowhere.jpg")
    with pytest.raises(ValueError, match="picture"):
        digitry.read(b"not a picture")
    with pytest.raises(digitry.ShapeError, match=r"\(2, 2, 2\)"):
        digitry.read(np.zeros((2, 2, 2), np.uint8))
    with pytest.raises(TypeError, match="float64"):
        digitry.read(np.zeros((20, 20)))
    assert len(digitry.read(np.full((40, 40), 200, np.uint8))) == 0
