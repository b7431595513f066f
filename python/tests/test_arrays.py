"""Arrays of every layout and type are accepted, or rejected with a reason."""

import sys

import numpy as np
import pytest

import digitry


def layouts(x):
    """The same images in other shapes, types and layouts."""
    spread = np.zeros((2 * len(x), 28, 28), np.uint8)
    spread[::2] = x
    readonly = x.copy()
    readonly.flags.writeable = False
    unaligned = np.frombuffer(b"?" + x.tobytes(), np.uint8, offset=1).reshape(x.shape)
    return {
        "rows": x.reshape(-1, 784),
        "channels last": x[..., None],
        "channels first": x[:, None],
        "every second": spread[::2],
        "fortran": np.asfortranarray(x),
        "read-only": readonly,
        "unaligned": unaligned,
        "int64": x.astype(np.int64),
        "big-endian": x.astype(">i2"),
        "list": x.tolist(),
    }


@pytest.mark.parametrize("name", layouts(np.zeros((1, 28, 28), np.uint8)))
def test_layouts(model, x, name):
    assert np.array_equal(model.logits(layouts(x)[name]), model.logits(x))


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4", ">f8"])
def test_floats_are_from_0_to_1(model, x, dtype):
    floats = (x / 255).astype(dtype)
    assert np.allclose(model.logits(floats), model.logits(x), atol=0.05 if dtype == "f2" else 1e-3)
    assert np.array_equal(model.predict(floats[::-1]), model.predict(x[::-1]))


def test_bytes_are_not_copied(model):
    """A million images take no second 784 MB: the process may not grow by it."""
    import resource

    x = np.zeros((1, 784), np.uint8)
    many = np.lib.stride_tricks.as_strided(x, (1, 784), (784, 1))
    assert np.array_equal(model.logits(many), model.logits(x))
    big = np.zeros((200_000, 784), np.uint8)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match="labels"):
        model.evaluate(big, [0])
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert grown < big.nbytes / 2


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda x: x[:, :27], digitry.ShapeError, r"expected images \(n, 28, 28\), .* got \(50, 27, 28\)"),
        (lambda x: x[0], digitry.ShapeError, r"for one image pass x\[None\]"),
        (lambda x: x[:0], digitry.ShapeError, "at least one image"),
        (lambda x: np.float32(0), digitry.ShapeError, r"got \(\)"),
        (lambda x: x.astype("f4"), digitry.DataError, "floats from 0 to 1"),
        (lambda x: x / 255 * np.where(np.arange(28) == 5, np.nan, 1), digitry.DataError, "got nan"),
        (lambda x: x / 255 - 1, digitry.DataError, "floats from 0 to 1"),
        (lambda x: x.astype("i4") + 1, digitry.DataError, "integers from 0 to 255, got 1 to 256"),
        (lambda x: x.astype(bool), TypeError, "expected numbers, got bool"),
        (lambda x: x.astype(complex), TypeError, "complex"),
        (lambda x: x.astype(str), TypeError, "<U"),
        (lambda x: x.astype(object), TypeError, "object"),
        (lambda x: None, TypeError, "NoneType"),
        (lambda x: [[1, 2], [3]], ValueError, "x: expected an array"),
    ],
)
def test_images_that_do_not_fit(model, x, change, error, words):
    with pytest.raises(error, match=words):
        model.predict(change(x))
    with pytest.raises(ValueError if error is not TypeError else TypeError):
        model.evaluate(change(x), np.zeros(50, int))


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda y: y[:-1], digitry.ShapeError, "50 labels, one per image, got 49"),
        (lambda y: y + 1.5, digitry.DataError, "not whole numbers"),
        (lambda y: np.where(y == y[3], np.nan, y), digitry.DataError, "not whole numbers"),
        (lambda y: y - 100, digitry.DataError, "class indices from 0"),
        (lambda y: y + 10, digitry.DataError, "label"),
        (lambda y: y + 2**40, digitry.DataError, "class indices"),
        (lambda y: np.ones((50, 10)), digitry.DataError, "one-hot"),
        (lambda y: np.zeros((50, 10, 2)), digitry.ShapeError, r"got \(50, 10, 2\)"),
        (lambda y: y.astype(str), TypeError, "expected numbers"),
        (lambda y: y[:0], digitry.ShapeError, "got 0"),
    ],
)
def test_labels_that_do_not_fit(model, x, y, change, error, words):
    with pytest.raises(error, match=words):
        model.evaluate(x, change(y.astype(np.int64)))


@pytest.mark.parametrize("change", [lambda y: y.astype("u1"), lambda y: y.astype(">i8"), lambda y: y.astype(float)])
def test_labels_of_other_types(model, x, y, change):
    assert model.evaluate(x, change(y)).num_correct == model.evaluate(x, y).num_correct
    assert model.evaluate(x, change(y)[:, None]).num_correct == model.evaluate(x, y).num_correct


def test_colour_images_in_either_layout(mnist):
    x = np.stack([mnist[0][0][:300]] * 3, axis=-1)
    network = digitry.Network([digitry.Conv2d(4), digitry.Flatten(), digitry.Dense("classes")])
    network.fit(x, mnist[0][1][:300], epochs=1)
    model = network.model
    assert model.input_shape == (3, 28, 28)
    first = np.moveaxis(x[:40], -1, 1)
    assert np.array_equal(model.logits(x[:40]), model.logits(first))
    floats = (x[:40] / 255).astype(np.float32)
    assert np.allclose(model.logits(floats), model.logits(first), atol=1e-3)
    with pytest.raises(digitry.ShapeError, match=r"\(n, 28, 28, 3\) or \(n, 3, 28, 28\)"):
        model.predict(x[..., 0])


def test_arrays_are_freed(model, x):
    references = sys.getrefcount(x)
    for _ in range(10):
        model.predict(x)
    assert sys.getrefcount(x) == references
