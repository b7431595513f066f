#!/usr/bin/env python3
"""Reads the 1,797 test images of optdigits, which scikit-learn brings (8x8 pixels, 13 people), as pictures.

Usage: bench/vision/optdigits.py DIGITRY

Draws each without a margin, dark on light: as blocks and smoothly at 160x160 pixels, as blocks of uneven size at
100x100, and as it is; runs "DIGITRY predict FOLDER --json" on each, and prints how many are read right, rejected or read
wrongly. Needs scikit-learn and Pillow.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
from PIL import Image
from sklearn.datasets import load_digits

WAYS = {
    "blocks, 160x160": (160, Image.Resampling.NEAREST),
    "bilinear, 160x160": (160, Image.Resampling.BILINEAR),
    "bicubic, 160x160": (160, Image.Resampling.BICUBIC),
    "blocks, 100x100": (100, Image.Resampling.NEAREST),
    "as they are, 8x8": (8, Image.Resampling.NEAREST),
}


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    digits = load_digits()
    for way, (side, resampling) in WAYS.items():
        with tempfile.TemporaryDirectory() as folder:
            for index, (image, label) in enumerate(zip(digits.images, digits.target)):
                grey = Image.fromarray((255 - image * 255 / 16).astype(numpy.uint8))
                grey.resize((side, side), resampling).save(pathlib.Path(folder, f"{index:04}_{label}.png"))
            run = subprocess.run([sys.argv[1], "predict", folder, "--json"], capture_output=True, check=True)
        readings = json.loads(run.stdout)
        texts = [(reading["text"], pathlib.Path(reading["source"]).stem[-1]) for reading in readings]
        right = sum(text == label for text, label in texts)
        rejected = sum("?" in text or not text for text, _ in texts)
        print(
            f"optdigits, {way:<18} {len(texts)} images  {100 * right / len(texts):.2f} % right and not rejected, "
            f"{100 * rejected / len(texts):.2f} % rejected, {100 * (len(texts) - right - rejected) / len(texts):.2f} % wrong"
        )


if __name__ == "__main__":
    main()
