"""The convolutional network of cnn.json, by JAX: generate.py draws its values and writes them."""

import jax
import jax.numpy as jnp
import numpy as np

# One layer of every kind that an outside framework has too, with strides, padding and groups, and a
# residual connection.
CNN = [
    {"type": "crop2d", "border": 1},
    {"type": "conv2d", "out_channels": 6, "kernel_size": 3, "stride": 2, "padding": 1,
     "bias": False},
    {"type": "batch_norm", "momentum": 0.1, "epsilon": 1e-5},
    {"type": "relu"},
    {"type": "conv2d", "out_channels": 6, "kernel_size": 3, "padding": 1},
    {"type": "batch_norm", "momentum": 0.25, "epsilon": 1e-3},
    {"type": "silu"},
    {"type": "conv2d", "out_channels": 6, "kernel_size": 3, "padding": 1, "groups": 3},
    {"type": "add", "layers_back": 4},
    {"type": "max_pool2d", "kernel_size": 3, "stride": 2, "padding": 1},
    {"type": "conv2d", "out_channels": 8, "kernel_size": 2},
    {"type": "gelu"},
    {"type": "batch_norm"},
    {"type": "tanh"},
    {"type": "global_avg_pool2d"},
    {"type": "dense", "out_features": 4},
]


def draw_cnn(draw, layers, channels):
    """Parameters and running statistics by name, none at its initial value."""
    parameters, statistics = {}, {}
    for i, layer in enumerate(layers):
        if layer["type"] in ("conv2d", "dense"):
            window = (layer["kernel_size"],) * 2 if layer["type"] == "conv2d" else ()
            inputs = channels // layer.get("groups", 1)
            channels = layer.get("out_channels", layer.get("out_features"))
            fan_in = inputs * int(np.prod(window))
            parameters[f"{i}.weight"] = draw.normal((channels, inputs, *window),
                                                    (2 / fan_in) ** 0.5)
            if layer.get("bias", True):
                parameters[f"{i}.bias"] = draw.normal((channels,), 0.3)
        if layer["type"] == "batch_norm":
            parameters[f"{i}.weight"] = 1 + draw.normal((channels,), 0.25)
            parameters[f"{i}.bias"] = draw.normal((channels,), 0.3)
            statistics[f"{i}.running_mean"] = draw.normal((channels,), 0.3)
            statistics[f"{i}.running_var"] = 0.5 + draw.normal((channels,)) ** 2
    # What the arithmetic above made is rounded to float32 once more.
    round32 = lambda v: jnp.asarray(np.asarray(v, np.float32), jnp.float64)  # noqa: E731
    return jax.tree.map(round32, parameters), jax.tree.map(round32, statistics)


def batch_norm(layer, name, parameters, statistics, x, training):
    """Returns y and the running statistics after this batch (Ioffe, Szegedy 2015)."""
    axes = (0, *range(2, x.ndim))
    per_channel = lambda v: v.reshape(-1, *(1,) * (x.ndim - 2))  # noqa: E731
    running = {k: statistics[f"{name}.{k}"] for k in ("running_mean", "running_var")}
    mean, var = running["running_mean"], running["running_var"]
    if training:
        mean, var = x.mean(axes), x.var(axes)
        share = layer.get("momentum", 0.1)
        unbiased = x.var(axes, ddof=1)
        running = {"running_mean": (1 - share) * running["running_mean"] + share * mean,
                   "running_var": (1 - share) * running["running_var"] + share * unbiased}
    normalized = (x - per_channel(mean)) / jnp.sqrt(per_channel(var) + layer.get("epsilon", 1e-5))
    y = per_channel(parameters[f"{name}.weight"]) * normalized
    return y + per_channel(parameters[f"{name}.bias"]), {
        f"{name}.{k}": v for k, v in running.items()}


def apply_layer(layer, name, parameters, x):
    kind = layer["type"]
    pads = [(layer.get("padding", 0),) * 2] * 2
    strides = (layer.get("stride", 1),) * 2
    if kind == "conv2d":
        y = jax.lax.conv_general_dilated(x, parameters[f"{name}.weight"], strides, pads,
                                         feature_group_count=layer.get("groups", 1))
        return y + parameters[f"{name}.bias"].reshape(-1, 1, 1) if layer.get("bias", True) else y
    if kind == "crop2d":
        border = layer["border"]
        return jax.lax.slice_in_dim(jax.lax.slice_in_dim(x, border, x.shape[2] - border, axis=2),
                                    border, x.shape[3] - border, axis=3)
    if kind == "dense":
        return x @ parameters[f"{name}.weight"].T + parameters[f"{name}.bias"]
    if kind == "max_pool2d":
        window = (1, 1) + (layer["kernel_size"],) * 2
        return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, (1, 1) + strides,
                                     [(0, 0)] * 2 + pads)
    return {"relu": jax.nn.relu, "silu": jax.nn.silu, "tanh": jnp.tanh,
            "gelu": lambda v: jax.nn.gelu(v, approximate=False),
            "global_avg_pool2d": lambda v: v.mean((2, 3))}[kind](x)


def cnn(parameters, statistics, x, training):
    """Logits and the running statistics after this batch."""
    inputs, moved = [], {}
    for i, layer in enumerate(CNN):
        inputs.append(x)
        if layer["type"] == "add":
            x = x + inputs[i - layer["layers_back"]]
        elif layer["type"] == "batch_norm":
            x, running = batch_norm(layer, i, parameters, statistics, x, training)
            moved |= running
        else:
            x = apply_layer(layer, i, parameters, x)
    return x, moved
