"""MNIST, or the first images of it, as raw IDX files for every peer alike."""

import os
import pathlib


class DataMissing(Exception):
    pass


def mnist_folder():
    cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    folder = pathlib.Path(os.environ.get("DIGITRY_DATA_DIR") or pathlib.Path(cache) / "digitry")
    folder /= "mnist"
    if not (folder / "train-images-idx3-ubyte").exists():
        raise DataMissing(
            f"no MNIST in {folder}: scripts/quickstart or `digitry data fetch mnist` fetches it"
        )
    return folder


def copy_head(source, target, count, item_bytes, header_bytes):
    """The first `count` items of an IDX file; the count is bytes 4 to 7 of the header."""
    content = source.read_bytes()
    count = min(count, int.from_bytes(content[4:8], "big"))
    end = header_bytes + count * item_bytes
    target.write_bytes(content[:4] + count.to_bytes(4, "big") + content[8:end])
    return count


def write_subset(source, folder, num_train, num_test):
    """Writes the four files; says how many training images there are."""
    folder.mkdir(parents=True, exist_ok=True)
    for prefix, count in ("train", num_train), ("t10k", num_test):
        for suffix, item_bytes, header_bytes in (
            ("images-idx3-ubyte", 784, 16),
            ("labels-idx1-ubyte", 1, 8),
        ):
            name = f"{prefix}-{suffix}"
            copy_head(source / name, folder / name, count, item_bytes, header_bytes)
    return folder
