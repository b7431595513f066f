"""Digitry, PyTorch and scikit-learn with more than one thread each in one process: each brings an OpenMP of its own.

Run by scripts/test-wheel. Prints the OpenMP libraries that are loaded; fails if a result changes.
"""

import faulthandler
import pathlib
import sys

import numpy as np

ORDER = sys.argv[1:]  # The order of imports, such as: torch sklearn digitry
SIDE = 1500


def use_digitry() -> bytes:
    import digitry
    from digitry import Adam, Dense, Flatten, Network, Relu

    digitry.set_num_threads(4)
    x = np.random.default_rng(1).integers(0, 256, (4000, 28, 28), dtype=np.uint8)
    network = Network([Flatten(), Dense(256), Relu(), Dense(10)])
    network.fit(x, np.arange(4000) % 10, epochs=2, optimizer=Adam(1e-3), precision="f32")
    return network.predict_proba(x).tobytes()


def use_torch() -> bytes:
    import torch

    torch.set_num_threads(4)
    torch.manual_seed(1)
    product = torch.randn(SIDE, SIDE) @ torch.randn(SIDE, SIDE)
    layer = torch.nn.Linear(SIDE, 10)
    layer(product).square().mean().backward()
    return product.numpy().tobytes()


def use_sklearn() -> bytes:
    from sklearn.cluster import KMeans
    from sklearn.ensemble import HistGradientBoostingClassifier

    x = np.random.default_rng(2).normal(size=(5000, 20))
    KMeans(8, n_init=2, random_state=0).fit(x)
    classifier = HistGradientBoostingClassifier(max_iter=10, random_state=0).fit(x, x[:, 0] > 0)
    return classifier.predict(x).tobytes()


def main() -> None:
    faulthandler.dump_traceback_later(240, exit=True)  # A hang ends with the stacks.
    uses = {"digitry": use_digitry, "torch": use_torch, "sklearn": use_sklearn}
    first = {name: uses[name]() for name in ORDER}
    for name in (*ORDER, *reversed(ORDER)):
        assert uses[name]() == first[name], f"{name}: another result beside the others"
    maps = pathlib.Path("/proc/self/maps").read_text()
    print(
        " ".join(ORDER),
        "|",
        *sorted(
            {line.split()[-1].split("/")[-1] for line in maps.splitlines() if "/libgomp" in line or "omp5" in line}
        ),
    )


if __name__ == "__main__":
    main()
