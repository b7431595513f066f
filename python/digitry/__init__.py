"""Digitry: train, evaluate and use classifiers of handwritten digits.

>>> import digitry
>>> from digitry import Adam, Dense, Dropout, Flatten, Network, Relu
>>> (x_train, y_train), (x_test, y_test) = digitry.load_dataset("mnist")
>>> network = Network([Flatten(), Dense(128), Relu(), Dropout(0.2), Dense(10)])
>>> history = network.fit(x_train, y_train, epochs=5, optimizer=Adam(1e-3))
>>> print(network.evaluate(x_test, y_test))

``digitry.load("cnn-best").predict(x)`` classifies images without training, and ``digitry.read("photo.jpg")`` finds
and reads the digits of a picture.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING

from digitry import _core
from digitry._core import (
    EpochRecord,
    Evaluation,
    Explanations,
    History,
    Model,
    Neighbour,
    ReadDigit,
    Reading,
    Recipe,
    SearchResult,
    TrainingProgress,
    Trial,
    contact_sheet,
    cpu_info,
    explain,
    export_c,
    export_onnx,
    find_recipe,
    import_onnx,
    num_threads,
    recipe_names,
    report,
    set_num_threads,
    shipped_model_names,
)
from digitry._errors import (
    ArgumentError,
    DataError,
    DivergedError,
    Error,
    FileError,
    ShapeError,
    UnavailableError,
)
from digitry.layers import (
    Add,
    AvgPool2d,
    BatchNorm,
    Conv2d,
    Crop2d,
    Dense,
    Dropout,
    Flatten,
    Gelu,
    GlobalAvgPool2d,
    Layer,
    LeakyRelu,
    MaxPool2d,
    Relu,
    Silu,
    SpatialDropout,
    Tanh,
)
from digitry.network import Network, fit_recipe
from digitry.optimizers import (
    Adam,
    Cosine,
    Exponential,
    Lion,
    OneCycle,
    Optimizer,
    ReduceOnPlateau,
    Schedule,
    Sgd,
    StepDecay,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    from digitry.datasets import Dataset, Split, fetch_dataset, load_dataset
    from digitry.tuning import Range, tune

__version__ = _core.version()

DEFAULT_MODEL = "cnn-best"


def load(model: str | os.PathLike[str] = DEFAULT_MODEL) -> Model:
    """Loads a model: a shipped one by its name ("cnn-best", "tiny"), a file, or the folder of a run.

    Raises:
        DataError: if there is no such model, or the file is damaged; a ValueError.
        FileError: if the file cannot be read; an OSError.
    """
    return _core.load(os.fspath(model))


_default_model: Model | None = None


def read(
    picture: str | os.PathLike[str] | bytes | npt.ArrayLike,
    model: Model | str | os.PathLike[str] | None = None,
    *,
    find_skew: bool = True,
    remove_rules: bool = True,
    split_touching: bool = True,
) -> Reading:
    """Finds and reads the digits in a picture of any size, with dark or light ink, on any number of lines.

    Args:
        picture: the path or the bytes of a PNG, JPEG, BMP, WebP or TIFF file, or an array uint8 (height, width) or
            (height, width, channels) of 1, 3 or 4 channels.
        model: default: "cnn-best", which is loaded once.
        find_skew: level lines that run up or down.
        remove_rules: remove the lines of ruled and squared paper.
        split_touching: try cuts through wide ink.

    Raises:
        DataError: if the file is missing, damaged or in another format; a ValueError.
        ShapeError: if the array is no picture; a ValueError.
    """
    global _default_model
    if isinstance(model, Model):
        reader = model
    elif model is not None:
        reader = load(model)
    else:
        if _default_model is None:
            _default_model = load()
        reader = _default_model
    return _core.read_picture(picture, reader, find_skew, remove_rules, split_touching)


# Imported late: what these modules import (urllib, tempfile) takes longer than all the rest.
_LATE = {
    **dict.fromkeys(("Dataset", "Split", "fetch_dataset", "load_dataset"), "digitry.datasets"),
    **dict.fromkeys(("Range", "tune"), "digitry.tuning"),
}


def __getattr__(name: str) -> object:
    if name in _LATE:
        return getattr(importlib.import_module(_LATE[name]), name)
    raise AttributeError(f"module 'digitry' has no attribute {name!r}")


__all__ = [
    "DEFAULT_MODEL",
    "Adam",
    "Add",
    "ArgumentError",
    "AvgPool2d",
    "BatchNorm",
    "Conv2d",
    "Cosine",
    "Crop2d",
    "DataError",
    "Dataset",
    "Dense",
    "DivergedError",
    "Dropout",
    "EpochRecord",
    "Error",
    "Evaluation",
    "Explanations",
    "Exponential",
    "FileError",
    "Flatten",
    "Gelu",
    "GlobalAvgPool2d",
    "History",
    "Layer",
    "LeakyRelu",
    "Lion",
    "MaxPool2d",
    "Model",
    "Neighbour",
    "Network",
    "OneCycle",
    "Optimizer",
    "Range",
    "ReadDigit",
    "Reading",
    "Recipe",
    "ReduceOnPlateau",
    "Relu",
    "Schedule",
    "SearchResult",
    "Sgd",
    "ShapeError",
    "Silu",
    "SpatialDropout",
    "Split",
    "StepDecay",
    "Tanh",
    "TrainingProgress",
    "Trial",
    "UnavailableError",
    "__version__",
    "contact_sheet",
    "cpu_info",
    "explain",
    "export_c",
    "export_onnx",
    "fetch_dataset",
    "find_recipe",
    "fit_recipe",
    "import_onnx",
    "load",
    "load_dataset",
    "num_threads",
    "read",
    "recipe_names",
    "report",
    "set_num_threads",
    "shipped_model_names",
    "tune",
]
