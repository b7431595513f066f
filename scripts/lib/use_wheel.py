"""What a user does first with the installed package: train, evaluate, save, load, read a picture, export.

Usage: use_wheel.py MNIST_FOLDER   (the four IDX files, raw)
"""

import pathlib
import struct
import sys
import tempfile
import zlib

import numpy as np

import digitry
from digitry import Adam, Dense, Dropout, Flatten, Network, Relu


def write_png(path: pathlib.Path, picture: np.ndarray) -> None:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    height, width = picture.shape
    rows = b"".join(b"\0" + row.tobytes() for row in picture)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def main() -> None:
    folder = pathlib.Path(tempfile.mkdtemp())
    (x, y), (x_test, y_test) = digitry.load_dataset(sys.argv[1])
    np.savez(folder / "mnist.npz", x_train=x, y_train=y, x_test=x_test, y_test=y_test)
    (x, y), (x_test, y_test) = digitry.load_dataset(folder / "mnist.npz")

    network = Network([Flatten(), Dense(128), Relu(), Dropout(0.2), Dense(10)])
    history = network.fit(x, y, epochs=2, optimizer=Adam(1e-3))
    accuracy = network.evaluate(x_test, y_test).accuracy
    assert accuracy > 0.95, accuracy
    assert "<table" in history._repr_html_()

    network.save(folder / "mlp.safetensors")
    again = digitry.load(folder / "mlp.safetensors")
    assert np.array_equal(again.predict_proba(x_test), network.predict_proba(x_test))
    digitry.export_onnx(again, folder / "mlp.onnx")
    assert np.array_equal(digitry.import_onnx(folder / "mlp.onnx").predict(x_test), again.predict(x_test))

    picture = np.full((80, 260), 235, np.uint8)
    for i in range(5):
        picture[26:54, 20 + 45 * i : 48 + 45 * i] -= (x_test[i] * 0.8).astype(np.uint8)
    write_png(folder / "photo.png", picture)
    labels = [digit.label for digit in digitry.read(folder / "photo.png").digits]
    assert labels == y_test[:5].tolist(), labels
    found = digitry.tune("notebook", x[:2000], y[:2000], {"training.batch_size": [32, 64]}, trials=2)
    assert found.best.val_accuracy > 0.5
    print(f"digitry {digitry.__version__}, Python {sys.version.split()[0]}, NumPy {np.__version__}")
    print(f"accuracy {accuracy:.4f} after two epochs; read {''.join(map(str, labels))} in a picture")


if __name__ == "__main__":
    main()
