#!/usr/bin/env python3
"""Perturbed validation images, to choose settings of the recipe `robust` by.

None of these perturbations is one of MNIST-C's corruptions, by which robustness is judged at last, though
some are near what the recipe is trained on, and no test image is read: the last 5,000 training images are set aside, the first 55,000 are left to train on.

    python3 perturb.py MNIST_FOLDER OUT

writes OUT/split (55,000 images to train on, 5,000 unperturbed ones as its test images) and, for each
perturbation, OUT/NAME with the 5,000: IDX folders that `digitry train --data` and `digitry evaluate
--data` take. Needs NumPy; the same files every time.
"""
import pathlib
import sys

import numpy as np

HELD_OUT = 5000


def read_idx(path):
    data = path.read_bytes()
    rank = data[3]
    extents = np.frombuffer(data, ">u4", rank, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(extents)


def write_idx(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    path.write_bytes(header + np.ascontiguousarray(array, np.uint8).tobytes())


def shifted(x, dy, dx):
    """Zeros come in at the border."""
    padded = np.pad(x, ((0, 0), (4, 4), (4, 4)))
    return padded[:, 4 + dy : 32 + dy, 4 + dx : 32 + dx]


def disc_blur(x, radius):
    near = [(dy, dx) for dy in range(-4, 5) for dx in range(-4, 5) if dy * dy + dx * dx <= radius**2]
    return sum(shifted(x, *d) for d in near) / len(near)


def pixelate(x):
    small = x.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4))
    return small.repeat(2, axis=1).repeat(2, axis=2)


def ramp(x, random):
    """A background that brightens from one side to the other, in any direction."""
    angle = random.uniform(0, 2 * np.pi, (len(x), 1, 1))
    v, u = np.mgrid[-1:1:28j, -1:1:28j]
    light = 0.4 + 0.28 * (np.cos(angle) * u + np.sin(angle) * v)
    return light + (1 - light) * 0.6 * x


def checkerboard(x):
    v, u = np.mgrid[0:28, 0:28]
    return np.maximum(x, 0.35 * ((v // 4 + u // 4) % 2))


def frame(x):
    """A border of ink, three pixels wide."""
    framed = x.copy()
    framed[:, :3] = framed[:, -3:] = framed[:, :, :3] = framed[:, :, -3:] = 1
    return framed


def wave(x, random):
    """Rows moved sideways along a sine of amplitude 2.5 pixels."""
    phase = random.uniform(0, 2 * np.pi, len(x))
    moved = np.zeros_like(x)
    for row in range(28):
        by = np.rint(2.5 * np.sin(row * 2 * np.pi / 14 + phase)).astype(int)
        for d in np.unique(by):
            moved[by == d, row] = shifted(x[by == d], 0, d)[:, row]
    return moved


def emboss(x):
    return 0.5 + 0.5 * (shifted(x, -1, -1) - shifted(x, 1, 1))


def rings(x):
    """Concentric rings laid over the digit."""
    v, u = np.mgrid[-13.5:13.5:28j, -13.5:13.5:28j]
    return np.maximum(x, 0.6 * (np.hypot(v, u) % 6 < 1))


def perturbations(random):
    return {
        "gaussian_noise": lambda x: x + random.normal(0, 0.35, x.shape),
        "speckle": lambda x: x * (1 + random.normal(0, 0.7, x.shape)),
        "dropped_pixels": lambda x: x * (random.random(x.shape) > 0.4),
        "defocus": lambda x: disc_blur(x, 2.3),
        "pixelate": pixelate,
        "faint": lambda x: 0.45 + 0.15 * x,
        "inverse": lambda x: 1 - x,
        "ramp": lambda x: ramp(x, random),
        "checkerboard": checkerboard,
        "frame": frame,
        "wave": lambda x: wave(x, random),
        "emboss": emboss,
        "rings": rings,
    }


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    mnist, out = map(pathlib.Path, sys.argv[1:])
    images = read_idx(mnist / "train-images-idx3-ubyte")
    labels = read_idx(mnist / "train-labels-idx1-ubyte")
    write_idx(out / "split/train-images-idx3-ubyte", images[:-HELD_OUT])
    write_idx(out / "split/train-labels-idx1-ubyte", labels[:-HELD_OUT])
    write_idx(out / "split/t10k-images-idx3-ubyte", images[-HELD_OUT:])
    write_idx(out / "split/t10k-labels-idx1-ubyte", labels[-HELD_OUT:])
    for number, name in enumerate(perturbations(None)):
        perturb = perturbations(np.random.default_rng(number))[name]
        perturbed = np.rint(255 * np.clip(perturb(images[-HELD_OUT:] / 255.0), 0, 1))
        write_idx(out / name / "t10k-images-idx3-ubyte", perturbed)
        write_idx(out / name / "t10k-labels-idx1-ubyte", labels[-HELD_OUT:])


if __name__ == "__main__":
    main()
