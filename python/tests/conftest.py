"""What the tests share: MNIST, which scripts/test has fetched, and one small trained network."""

import struct
from html.parser import HTMLParser

import numpy as np
import pytest

import digitry
from digitry import Adam, Dense, Dropout, Flatten, Network, Relu


@pytest.fixture(scope="session")
def mnist():
    """5000 training images and 1000 test images, so that a training takes a tenth of a second."""
    (x, y), (x_test, y_test) = digitry.load_dataset("mnist", fetch=False)
    return (x[:5000], y[:5000]), (x_test[:1000], y_test[:1000])


def idx(array):
    """The bytes of an IDX file."""
    header = struct.pack(">HBB", 0, 8, array.ndim) + b"".join(struct.pack(">I", n) for n in array.shape)
    return header + array.astype(np.uint8).tobytes()


def write_idx(folder, split, images, labels):
    """The files of a split, "train" or "t10k"."""
    (folder / f"{split}-images-idx3-ubyte").write_bytes(idx(images))
    (folder / f"{split}-labels-idx1-ubyte").write_bytes(idx(labels))


def small_network():
    return Network([Flatten(), Dense(32), Relu(), Dropout(0.1), Dense(10)])


@pytest.fixture(scope="session")
def trained(mnist):
    network = small_network()
    network.fit(*mnist[0], epochs=3, optimizer=Adam(3e-3), precision="f32")
    return network


@pytest.fixture
def model(trained):
    return trained.model


@pytest.fixture
def x(mnist):
    return np.ascontiguousarray(mnist[1][0][:50])


@pytest.fixture
def y(mnist):
    return mnist[1][1][:50]


VOID = {"img", "br"}


class Balanced(HTMLParser):
    """Fails unless every element is closed in order."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attributes):
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def checked(html):
    """The HTML of a display, if it is whole and has no script."""
    parser = Balanced()
    parser.feed(html)
    assert parser.open == []
    assert "<script" not in html
    assert "{{" not in html
    return html
