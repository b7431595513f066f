"""Data sets as NumPy arrays, and the download of those that have a name."""

from __future__ import annotations

import gzip
import hashlib
import os
import tempfile
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, NamedTuple

from digitry import _core
from digitry._errors import ArgumentError, UnavailableError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_TIMEOUT_S = 20


class Split(NamedTuple):
    """Images and labels: uint8 (n, height, width) or (n, height, width, channels), ink 255 on 0 in MNIST; and
    int32 (n,), or empty without labels."""

    x: npt.NDArray[np.uint8]
    y: npt.NDArray[np.int32]


class Dataset(tuple[Split, Split]):
    """Both splits: ``(x_train, y_train), (x_test, y_test) = load_dataset("mnist")``."""

    class_names: list[str]

    def __new__(cls, train: Split, test: Split, class_names: list[str]) -> Dataset:
        dataset = super().__new__(cls, (train, test))
        dataset.class_names = class_names
        return dataset

    def __getnewargs__(self) -> tuple[Split, Split, list[str]]:
        return self[0], self[1], self.class_names

    @property
    def train(self) -> Split:
        return self[0]

    @property
    def test(self) -> Split:
        return self[1]

    def __repr__(self) -> str:
        sizes = ", ".join(
            f"{name}: {split.x.shape[0]} images" for name, split in zip(("train", "test"), self, strict=True)
        )
        return f"Dataset({sizes}, {len(self.class_names)} classes)"


def load_dataset(
    name_or_path: str | os.PathLike[str] = "mnist", *, fetch: bool = True, colour: bool = False
) -> Dataset:
    """Loads a data set.

    Args:
        name_or_path: "mnist" or "fashion-mnist", or a folder of IDX files, of CSV files or of images by class
            (docs/data.md). A source without splits is the training split; the test split then has no images.
        fetch: whether a data set that has a name and is not in the cache is fetched first (11 MB).
        colour: whether images are (n, height, width, 3); else colours become grey.

    Raises:
        DataError: if the data break the rules of their format; a ValueError.
        FileError: if a file cannot be read; an OSError.
        UnavailableError: if the data set is not in the cache and cannot be fetched; a RuntimeError.
    """
    name = os.fspath(name_or_path)
    if fetch and _core.known_dataset(name) is not None:
        fetch_dataset(name)
    splits = _core.split_names(name)
    x, y, class_names = _core.load_split(name, "train" if "train" in splits else "test", colour)
    train = Split(_channels_last(x), y)
    if "train" in splits and "test" in splits:
        x, y, _ = _core.load_split(name, "test", colour)
        test = Split(_channels_last(x), y)
    else:
        test = Split(train.x[:0], train.y[:0])
    return Dataset(train, test, class_names)


def _channels_last(x: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return x.reshape(x.shape[0], *x.shape[2:]) if x.shape[1] == 1 else x.transpose(0, 2, 3, 1)


def fetch_dataset(name: str) -> str:
    """Puts "mnist" or "fashion-mnist" into the cache, unless it is there, and returns the folder.

    Every file that is fetched is checked by its hash and written whole or not at all. HTTPS proxies and
    certificates are those of ``urllib``.

    Raises:
        ArgumentError: if no data set has that name; a ValueError.
        UnavailableError: if no mirror has the files; the message says how to put them there. A RuntimeError.
    """
    known = _core.known_dataset(name)
    if known is None:
        raise ArgumentError(f"expected the name of a data set (mnist, fashion-mnist), got {name!r}")
    files, mirrors = known
    folder = os.path.join(_core.cache_folder(), name)
    for file, sha256, size in files:
        path = os.path.join(folder, file)
        if os.path.isfile(path) and os.path.getsize(path) == size:
            continue
        os.makedirs(folder, exist_ok=True)
        _write(path, _fetch(name, file, sha256, size, mirrors, folder))
    return folder


def _fetch(name: str, file: str, sha256: str, size: int, mirrors: list[str], folder: str) -> bytes:
    attempts = []
    for mirror in mirrors:
        url = f"{mirror.rstrip('/')}/{file}.gz"
        try:
            with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as response:
                content = gzip.GzipFile(fileobj=response).read(size + 1)
        except (OSError, EOFError, urllib.error.URLError) as error:
            attempts.append(f"{url}: {error}")
            continue
        if hashlib.sha256(content).hexdigest() == sha256:
            return content
        attempts.append(f"{url}: expected SHA-256 {sha256}, got other content")
    raise UnavailableError(
        f"{name}: could not fetch {file}; put the four files into {folder}, or run: digitry data fetch {name}\n  "
        + "\n  ".join(attempts)
    )


def _write(path: str, content: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(path))
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
