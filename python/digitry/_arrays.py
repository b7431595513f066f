"""Arrays of any kind as those that the module takes without a copy: C-contiguous uint8 or float32."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from digitry._errors import DataError, ShapeError


def _array(value: Any, name: str) -> npt.NDArray[Any]:
    try:
        array = np.asarray(value)
    except ValueError as error:  # Rows of different lengths.
        raise ShapeError(f"{name}: expected an array, got {type(value).__name__}: {error}") from None
    if array.dtype.kind not in "uif":
        raise TypeError(f"{name}: expected numbers, got {array.dtype}")
    return array


def as_pixels(x: Any) -> npt.NDArray[Any]:
    """Integers from 0 to 255 as uint8, floats as float32; C-contiguous, in the machine's byte order."""
    array = _array(x, "x")
    if array.dtype.kind == "f":
        return np.ascontiguousarray(array, dtype=np.float32)
    if array.dtype != np.uint8 and array.size > 0 and not (0 <= array.min() and array.max() <= 255):
        raise DataError(f"x: expected integers from 0 to 255, got {array.min()} to {array.max()}")
    return np.ascontiguousarray(array, dtype=np.uint8)


def as_labels(y: Any) -> tuple[npt.NDArray[np.int32], int]:
    """Class indices as int32, and the number of columns of one-hot labels, or 0."""
    array = _array(y, "y")
    num_classes = 0
    if array.ndim == 2 and array.shape[1] > 1:
        if not (((array == 0) | (array == 1)).all() and (array.sum(axis=1) == 1).all()):
            raise DataError("y: expected one-hot labels with a single 1 in each row, got other rows")
        num_classes = array.shape[1]
        array = array.argmax(axis=1)
    elif array.ndim == 2:
        array = array[:, 0]
    if array.ndim != 1:
        raise ShapeError(f"y: expected labels (n,) or one-hot (n, classes), got {array.shape}")
    if array.dtype.kind == "f" and not (np.isfinite(array) & (array == np.floor(array))).all():
        raise DataError("y: expected class indices, got floats that are not whole numbers")
    if array.size > 0 and not (0 <= array.min() and array.max() < 2**31):
        raise DataError(f"y: expected class indices from 0, got {array.min()} to {array.max()}")
    return np.ascontiguousarray(array, dtype=np.int32), num_classes


def as_weights(sample_weight: Any, class_weight: Mapping[int, float] | None, y: Any) -> npt.NDArray[np.float32] | None:
    """The weight of each image, float32 (n,): its own times that of its class; None if there are none."""
    weights = None
    if sample_weight is not None:
        weights = np.ascontiguousarray(_array(sample_weight, "sample_weight"), dtype=np.float32)
        if weights.ndim != 1:
            raise ShapeError(f"sample_weight: expected one weight per image (n,), got {weights.shape}")
    if class_weight is not None:
        labels, _ = as_labels(y)
        if any(label < 0 for label in class_weight):
            raise DataError(f"class_weight: expected class indices from 0, got {min(class_weight)}")
        of_class = np.ones(max([*class_weight, labels.max(initial=0)]) + 1, dtype=np.float32)
        of_class[list(class_weight.keys())] = list(class_weight.values())
        weights = of_class[labels] if weights is None else weights * of_class[labels]
    return weights


def as_picture(picture: Any) -> npt.NDArray[np.uint8]:
    """A picture uint8 (height, width, channels) of 1, 3 or 4 channels."""
    array = _array(picture, "picture")
    if array.dtype != np.uint8:
        raise TypeError(f"picture: expected a path, the bytes of a file or an array of uint8, got {array.dtype}")
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or array.size == 0:
        raise ShapeError(
            f"picture: expected (height, width) or (height, width, channels) of 1, 3 or 4 channels, got {array.shape}"
        )
    return np.ascontiguousarray(array)
