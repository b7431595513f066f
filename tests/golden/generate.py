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


def generate_cnn(seed=102, batch=5, image=(2, 11, 11), classes=4):
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


def generate_training(name, optimizer, settings, seed, batch=8, features=7, hidden=6, classes=4,
                      gradient_clip=0.0):
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
        **PROVENANCE, "seed": seed, "optimizer": settings, "gradient_clip": gradient_clip,
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


def generate_schedules():
    """Each by its Optax counterpart, less the warm-up, whose factors multiply ours. Optax's
    reduce_on_plateau is told the losses one by one, with next to no tolerance."""
    steps, per_epoch = 60, 6
    cosine = optax.cosine_decay_schedule(1.0, decay_steps=steps - 1, alpha=0.05)
    exponential = optax.exponential_decay(1.0, transition_steps=per_epoch, decay_rate=0.8)
    step = optax.exponential_decay(1.0, transition_steps=3 * per_epoch, decay_rate=0.1,
                                   staircase=True)
    warmup = optax.linear_schedule(1 / 9, 1.0, transition_steps=8)
    cases = [
        ({"type": "cosine", "min_factor": 0.05}, cosine),
        ({"type": "exponential", "gamma": 0.8}, exponential),
        ({"type": "step", "every_epochs": 3, "gamma": 0.1}, step),
        ({"type": "constant", "warmup_steps": 9}, warmup),
        ({"type": "cosine", "min_factor": 0.05, "warmup_epochs": 1.5},
         lambda s: warmup(s) * cosine(s)),
    ]
    losses = [1.0, 0.8, 0.8, 0.9, 0.7, 0.71, 0.72, 0.73, 0.74, 0.75, 0.69, 0.7, 0.7, 0.7, 0.7]
    plateau = optax.contrib.reduce_on_plateau(factor=0.3, patience=2, rtol=0.0, atol=1e-12,
                                              min_scale=0.01)
    state = plateau.init({"w": jnp.zeros(1)})
    scales = []
    for loss in losses:
        _, state = plateau.update({"w": jnp.ones(1)}, state, value=jnp.asarray(loss))
        scales.append(float(state.scale))
    write("schedules.json", {
        **PROVENANCE, "num_steps": steps, "steps_per_epoch": per_epoch,
        "cases": [{"schedule": options, "factors": numbers([factor(s) for s in range(steps)])}
                  for options, factor in cases],
        "plateau": {"schedule": {"type": "reduce_on_plateau", "factor": 0.3, "patience": 2,
                                 "min_factor": 0.01},
                    "validation_losses": losses, "factors_after": scales},
    })


def generate_label_smoothing(seed=102, batch=5, classes=7, smoothing=0.15):
    draw = Draw(seed)
    logits = draw.normal((batch, classes), 2.0)
    labels = draw.labels(batch, classes)
    targets = optax.smooth_labels(jax.nn.one_hot(labels, classes, dtype=jnp.float64), smoothing)
    losses = optax.softmax_cross_entropy(logits, targets)
    gradients = jax.grad(lambda z: optax.softmax_cross_entropy(z, targets).mean())(logits)
    write("label_smoothing.json", {
        **PROVENANCE, "seed": seed, "num_classes": classes, "label_smoothing": smoothing,
        "logits": numbers(logits), "labels": [int(v) for v in labels],
        "losses": numbers(losses), "logit_gradients": numbers(gradients),
    })


def generate_average(seed=103, size=9, decay=0.3):
    """Optax's ema has a bias correction where ours has a warm-up: without either they agree."""
    draw = Draw(seed)
    values = draw.normal((12, size))
    average = values[0]
    averages = []
    for value in values:
        average = optax.incremental_update(value, average, 1 - decay)
        averages.append(numbers(average))
    write("average.json", {**PROVENANCE, "seed": seed, "decay": decay, "size": size,
                           "values": numbers(values), "averages": averages})


def weights_only(parameters):
    return jax.tree_util.tree_map(lambda p: p.ndim >= 2, parameters)


def sgd_with_decay(learning_rate, momentum, weight_decay):
    """Nesterov's momentum with decoupled weight decay: the decay joins after the momentum."""
    return optax.chain(optax.trace(momentum, nesterov=True),
                       optax.add_decayed_weights(weight_decay, mask=weights_only),
                       optax.scale_by_learning_rate(learning_rate))


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
generate_training("adamw.json",
                  optax.adamw(0.02, weight_decay=0.1, mask=weights_only),
                  {"type": "adamw", "learning_rate": 0.02, "weight_decay": 0.1}, seed=204)
generate_training("sgd_nesterov.json",
                  optax.sgd(0.05, momentum=0.9, nesterov=True),
                  {"type": "sgd", "learning_rate": 0.05, "momentum": 0.9, "nesterov": True},
                  seed=205)
generate_training("sgd_nesterov_decay.json",
                  sgd_with_decay(0.05, 0.9, 0.2),
                  {"type": "sgd", "learning_rate": 0.05, "momentum": 0.9, "nesterov": True,
                   "weight_decay": 0.2}, seed=206)
generate_training("lion.json",
                  optax.lion(0.003, b1=0.9, b2=0.99, weight_decay=0.5, mask=weights_only),
                  {"type": "lion", "learning_rate": 0.003, "weight_decay": 0.5}, seed=207)
generate_training("sgd_clipped.json",
                  optax.chain(optax.clip_by_global_norm(0.5), optax.sgd(0.1, momentum=0.9)),
                  {"type": "sgd", "learning_rate": 0.1, "momentum": 0.9}, seed=208,
                  gradient_clip=0.5)
generate_one_cycle()
generate_schedules()
generate_label_smoothing()
generate_average()
