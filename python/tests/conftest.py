"""What the tests share: MNIST, which scripts/test has fetched, and one small trained network."""

import struct

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
