#!/usr/bin/env python3
"""Golden values for the tests: the same computations by JAX (gradients by its automatic
differentiation) and Optax (optimizers, schedules), in float64, written as JSON.

    pip install jax==0.10.2 optax==0.2.8
    python3 tests/golden/generate.py        # rewrites tests/golden/*.json

Every input value is drawn from numpy's PCG64 with the seeds below, rounded to float32, so that both
sides start from the same numbers. Tests allow for float32 arithmetic.
"""

import json
import pathlib

import jax

jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
import optax  # noqa: E402

from cnn import CNN, cnn, draw_cnn  # noqa: E402

FOLDER = pathlib.Path(__file__).parent
PROVENANCE = {
    "framework": f"jax {jax.__version__}, optax {optax.__version__}, float64 on CPU",
    "generator": "tests/golden/generate.py",
}
STEPS = 20
CHECKED_STEPS = [1, 2, 5, 10, 20]


def numbers(array):
    """Row-major values; nine digits tell every float32 apart."""
    return [float(f"{v:.9g}") for v in np.asarray(array, dtype=np.float64).ravel()]


def write(name, content):
    lines = ",\n".join(f" {json.dumps(k)}: {json.dumps(v)}" for k, v in content.items())
    (FOLDER / name).write_text("{\n" + lines + "\n}\n")


class Draw:
    """Float32 values of a seed, in float64."""

    def __init__(self, seed):
        self.random = np.random.Generator(np.random.PCG64(seed))

    def normal(self, shape, scale=1.0):
        return jnp.asarray((self.random.normal(size=shape) * scale).astype(np.float32), jnp.float64)

    def labels(self, count, classes):
        return self.random.integers(0, classes, size=count)


def draw_mlp(draw, features, hidden, classes):
    """Weights as [out, in], two dense layers with ReLU between."""
    return [
        draw.normal((hidden, features), (2 / features) ** 0.5),
        draw.normal((hidden,), 0.1),
        draw.normal((classes, hidden), (2 / hidden) ** 0.5),
        draw.normal((classes,), 0.1),
    ]


def mlp(parameters, x):
    w0, b0, w1, b1 = parameters
    return jax.nn.relu(x @ w0.T + b0) @ w1.T + b1


def mean_loss(logits, labels):
    return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()


def generate_network(seed=101, batch=6, features=11, hidden=9, classes=5):
    """One forward and backward pass of dense, ReLU, dense, softmax cross-entropy."""
    draw = Draw(seed)
    parameters = draw_mlp(draw, features, hidden, classes)
    x = draw.normal((batch, features))
    labels = draw.labels(batch, classes)
    logits = mlp(parameters, x)
    loss, gradients = jax.value_and_grad(lambda p: mean_loss(mlp(p, x), labels))(parameters)
    logit_gradients = jax.grad(lambda z: mean_loss(z, labels))(logits)
    write("network.json", {
        **PROVENANCE, "seed": seed,
        "batch_size": batch, "in_features": features, "hidden": hidden, "num_classes": classes,
        "x": numbers(x), "labels": [int(v) for v in labels],
        "parameters": [numbers(p) for p in parameters],
        "logits": numbers(logits), "loss": float(loss),
        "losses": numbers(optax.softmax_cross_entropy_with_integer_labels(logits, labels)),
        "logit_gradients": numbers(logit_gradients),
        "gradients": [numbers(g) for g in gradients],
    })


def generate_cnn(seed=102, batch=5, image=(2, 9, 9), classes=4):
    """One forward and backward pass; then what the network gives when it is only used."""
    draw = Draw(seed)
    parameters, statistics = draw_cnn(draw, CNN, image[0])
    x = draw.normal((batch, *image))
    labels = draw.labels(batch, classes)
    logits, moved = cnn(parameters, statistics, x, training=True)
    loss, gradients = jax.value_and_grad(
        lambda p: mean_loss(cnn(p, statistics, x, training=True)[0], labels))(parameters)
    used, _ = cnn(parameters, moved, x, training=False)
    by_name = lambda values: {  # noqa: E731
        k: {"shape": list(v.shape), "values": numbers(v)} for k, v in values.items()}
    write("cnn.json", {
        **PROVENANCE, "seed": seed, "layers": CNN,
        "batch_size": batch, "image": list(image), "num_classes": classes,
        "x": numbers(x), "labels": [int(v) for v in labels],
        "parameters": by_name(parameters | statistics),
        "logits": numbers(logits), "loss": float(loss),
        "gradients": by_name(gradients), "running_statistics": by_name(moved),
        "inference_logits": numbers(used),
    })


def generate_training(name, optimizer, settings, seed, batch=8, features=7, hidden=6, classes=4):
    """STEPS updates on STEPS batches; all weights after a few of them."""
    draw = Draw(seed)
    parameters = draw_mlp(draw, features, hidden, classes)
    xs = draw.normal((STEPS, batch, features))
    labels = np.stack([draw.labels(batch, classes) for _ in range(STEPS)])
    initial = parameters
    state = optimizer.init(parameters)
    checked = []
    losses = []
    for step in range(STEPS):
        loss, gradients = jax.value_and_grad(
            lambda p: mean_loss(mlp(p, xs[step]), labels[step]))(parameters)
        updates, state = optimizer.update(gradients, state, parameters)
        parameters = optax.apply_updates(parameters, updates)
        losses.append(float(loss))
        if step + 1 in CHECKED_STEPS:
            checked.append({"step": step + 1, "parameters": [numbers(p) for p in parameters]})
    write(name, {
        **PROVENANCE, "seed": seed, "optimizer": settings,
        "batch_size": batch, "in_features": features, "hidden": hidden, "num_classes": classes,
        "steps": STEPS, "x": numbers(xs), "labels": [int(v) for v in labels.ravel()],
        "initial": [numbers(p) for p in initial],
        "losses": losses, "checked": checked,
    })


def generate_one_cycle():
    """Optax counts `transition_steps` intervals, one fewer than there are steps, and divides the
    start once more at the end."""
    cases = []
    for steps, warmup, start, end in [(101, 0.3, 25.0, 1e4), (11, 0.5, 10.0, 100.0),
                                      (21, 0.1, 1.0, 1e6)]:
        schedule = optax.cosine_onecycle_schedule(
            transition_steps=steps - 1, peak_value=1.0, pct_start=warmup, div_factor=start,
            final_div_factor=end / start)
        cases.append({"num_steps": steps, "warmup": warmup, "start_divisor": start,
                      "end_divisor": end,
                      "factors": numbers(np.array([schedule(s) for s in range(steps)]))})
    write("one_cycle.json", {**PROVENANCE, "cases": cases})


generate_network()
generate_cnn()
generate_training("adam.json",
                  optax.adam(0.01, b1=0.9, b2=0.999, eps=1e-8),
                  {"type": "adam", "learning_rate": 0.01}, seed=201)
generate_training("sgd_momentum.json",
                  optax.sgd(0.05, momentum=0.9),
                  {"type": "sgd", "learning_rate": 0.05, "momentum": 0.9}, seed=202)
generate_training("sgd.json",
                  optax.sgd(0.05),
                  {"type": "sgd", "learning_rate": 0.05, "momentum": 0.0}, seed=203)
generate_one_cycle()
