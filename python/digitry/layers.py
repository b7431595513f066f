"""The layers of a network. Shapes are those of one image: [channels, height, width], or [features].

The C++ reference gives the equation and the source of each. Whether layers fit together is checked when a
network is fitted to images; the error names the layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from digitry._options import Options


@dataclass(frozen=True)
class Layer(Options, kind=True):
    """One layer: its type and options."""


@dataclass(frozen=True)
class Flatten(Layer):
    """Reshapes an image [channels, height, width] to [features]."""

    type_name = "flatten"


@dataclass(frozen=True)
class Dense(Layer):
    """Fully connected: y = weight · x + bias, from [features] to [out_features].

    ``out_features`` may be "classes": as many as the labels have classes.
    """

    type_name = "dense"
    out_features: int | Literal["classes"]
    bias: bool = True


@dataclass(frozen=True)
class Conv2d(Layer):
    """Two-dimensional convolution with a square window, from [channels, height, width] to
    [out_channels, ⌊(height + 2 padding − kernel_size) / stride⌋ + 1, likewise]."""

    type_name = "conv2d"
    out_channels: int
    kernel_size: int = 3
    stride: int = 1
    padding: int = 0
    groups: int = 1
    bias: bool = True


@dataclass(frozen=True)
class MaxPool2d(Layer):
    """Maximum over each square window."""

    type_name = "max_pool2d"
    kernel_size: int = 2
    stride: int = 2
    padding: int = 0


@dataclass(frozen=True)
class AvgPool2d(Layer):
    """Mean over each square window."""

    type_name = "avg_pool2d"
    kernel_size: int = 2
    stride: int = 2
    padding: int = 0


@dataclass(frozen=True)
class GlobalAvgPool2d(Layer):
    """Mean of each channel, from [channels, height, width] to [channels]."""

    type_name = "global_avg_pool2d"


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Batch normalisation of each channel or feature.

    ``momentum`` is the weight of the newest batch in the running statistics.
    """

    type_name = "batch_norm"
    momentum: float = 0.1
    epsilon: float = 1e-5


@dataclass(frozen=True)
class Relu(Layer):
    """max(x, 0)"""

    type_name = "relu"


@dataclass(frozen=True)
class LeakyRelu(Layer):
    """x, or negative_slope · x below 0."""

    type_name = "leaky_relu"
    negative_slope: float = 0.01


@dataclass(frozen=True)
class Tanh(Layer):
    """tanh(x)"""

    type_name = "tanh"


@dataclass(frozen=True)
class Gelu(Layer):
    """x · Φ(x), with the normal distribution function Φ."""

    type_name = "gelu"


@dataclass(frozen=True)
class Silu(Layer):
    """x · sigmoid(x)"""

    type_name = "silu"


@dataclass(frozen=True)
class Dropout(Layer):
    """Inverted dropout: in training, each value is dropped with probability ``rate``, in [0, 1)."""

    type_name = "dropout"
    rate: float = 0.5


@dataclass(frozen=True)
class SpatialDropout(Layer):
    """Inverted dropout of whole channels."""

    type_name = "spatial_dropout"
    rate: float = 0.5


@dataclass(frozen=True)
class Crop2d(Layer):
    """Cuts ``border`` pixels off each side."""

    type_name = "crop2d"
    border: int = 1


@dataclass(frozen=True)
class Add(Layer):
    """A residual connection: adds the input of the layer ``layers_back`` before it."""

    type_name = "add"
    layers_back: int = 2
