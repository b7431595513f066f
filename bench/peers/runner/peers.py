"""Who is measured on what."""

import dataclasses

MLP = ("mlp-128", "mlp-512")
CONVNETS = ("mnist_convnet", "pytorch-cnn")
MNIST_IMAGES = 60_000


@dataclasses.dataclass(frozen=True)
class Case:
    """One network. Where an epoch is long, fewer images are trained on and the time is scaled."""

    name: str
    network: str
    train_images: int
    accuracy_epochs: int  # Of the search for 97, 98, 99 %; 0: none.


CASES = {
    case.name: case
    for case in (
        Case("mlp-128", "784-128-10, dropout 0.2", MNIST_IMAGES, 12),
        Case("mlp-512", "784-512-512-10, dropout 0.2", MNIST_IMAGES, 8),
        Case(
            "mnist_convnet",
            "Keras' example: 2 × (conv 3×3, ReLU, max-pool 2) of 32 and 64 channels, dropout 0.5, "
            "dense 10",
            7_680,
            6,
        ),
        Case(
            "pytorch-cnn",
            "PyTorch's example: conv 3×3×32, conv 3×3×64, max-pool 2, dropout 0.25, dense 128, "
            "dropout 0.5, dense 10",
            5_120,
            0,
        ),
    )
}


@dataclasses.dataclass(frozen=True)
class Peer:
    """One row of the tables: a program of adapters/ with a variant."""

    name: str
    label: str
    program: str  # NAME.py, run by the environment's Python, or a C++ program.
    variant: str = ""
    cases: tuple = MLP + CONVNETS
    trains: bool = True
    compiles_for_minutes: bool = False  # And keeps the result on disk for the next run.


PEERS = {
    peer.name: peer
    for peer in (
        Peer("digitry", "Digitry", "digitry_peer"),
        Peer("digitry-bf16", "Digitry, bf16", "digitry_peer", "bf16"),
        Peer("keras-tensorflow", "Keras on TensorFlow", "keras_peer.py", "tensorflow"),
        # XLA's convolutions took 68 s an epoch, TensorFlow's own 9 to 17 s (bench/README.md).
        Peer("keras-tensorflow-xla", "Keras on TensorFlow, XLA", "keras_peer.py", "tensorflow-xla",
             cases=MLP),
        Peer("keras-jax", "Keras on JAX", "keras_peer.py", "jax"),
        Peer("pytorch", "PyTorch", "torch_peer.py", "eager"),
        Peer("pytorch-compile", "PyTorch, compiled", "torch_peer.py", "compile",
             compiles_for_minutes=True),
        Peer("pytorch-bf16", "PyTorch, compiled, bf16", "torch_peer.py", "bf16",
             compiles_for_minutes=True),
        Peer("libtorch", "LibTorch, C++", "libtorch_peer"),
        Peer("sklearn", "scikit-learn, no dropout", "sklearn_peer.py", cases=MLP),
        Peer("dlib", "dlib, C++", "dlib_peer"),
        Peer("onnxruntime", "ONNX Runtime", "onnxruntime_peer.py", trains=False),
    )
}
BASELINE = "digitry"
