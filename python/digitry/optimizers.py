"""Optimizers and learning-rate schedules. docs/recipes.md has the rules and their sources."""

from __future__ import annotations

from digitry._options import Options


class Optimizer(Options, kind=True):
    """How the weights are updated."""


class Adam(Optimizer):
    """Adam; AdamW if there is weight decay, which is decoupled."""

    type_name = "adam"
    learning_rate: float
    beta1: float
    beta2: float
    epsilon: float
    weight_decay: float

    def __init__(
        self,
        learning_rate: float = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        self._set(learning_rate=learning_rate, beta1=beta1, beta2=beta2, epsilon=epsilon, weight_decay=weight_decay)


class Sgd(Optimizer):
    """Stochastic gradient descent with momentum; weight decay is decoupled."""

    type_name = "sgd"
    learning_rate: float
    momentum: float
    nesterov: bool
    weight_decay: float

    def __init__(
        self, learning_rate: float = 1e-2, momentum: float = 0.9, nesterov: bool = False, weight_decay: float = 0.0
    ) -> None:
        self._set(learning_rate=learning_rate, momentum=momentum, nesterov=nesterov, weight_decay=weight_decay)


class Lion(Optimizer):
    """Lion: steps of equal size for all values."""

    type_name = "lion"
    learning_rate: float
    beta1: float
    beta2: float
    weight_decay: float

    def __init__(
        self, learning_rate: float = 1e-4, beta1: float = 0.9, beta2: float = 0.99, weight_decay: float = 0.0
    ) -> None:
        self._set(learning_rate=learning_rate, beta1=beta1, beta2=beta2, weight_decay=weight_decay)


class Schedule(Options, kind=True):
    """The factor of the learning rate over the training."""


class OneCycle(Schedule):
    """Rises during the first fraction ``warmup`` of all steps, then falls, both along half a cosine."""

    type_name = "one_cycle"
    warmup: float
    start_divisor: float
    end_divisor: float

    def __init__(self, warmup: float = 0.3, start_divisor: float = 25.0, end_divisor: float = 1e4) -> None:
        self._set(warmup=warmup, start_divisor=start_divisor, end_divisor=end_divisor)


class Exponential(Schedule):
    """Falls at each step, by the factor ``gamma`` per epoch."""

    type_name = "exponential"
    gamma: float

    def __init__(self, gamma: float = 0.9) -> None:
        self._set(gamma=gamma)


class StepDecay(Schedule):
    """Multiplied by ``gamma`` every ``every_epochs`` epochs."""

    type_name = "step"
    every_epochs: int
    gamma: float

    def __init__(self, every_epochs: int = 10, gamma: float = 0.1) -> None:
        self._set(every_epochs=every_epochs, gamma=gamma)


class Cosine(Schedule):
    """Falls from 1 to ``min_factor`` along half a cosine."""

    type_name = "cosine"
    min_factor: float

    def __init__(self, min_factor: float = 0.0) -> None:
        self._set(min_factor=min_factor)


class ReduceOnPlateau(Schedule):
    """Multiplied by ``factor`` after ``patience`` epochs without a new best validation loss."""

    type_name = "reduce_on_plateau"
    factor: float
    patience: int
    min_factor: float

    def __init__(self, factor: float = 0.5, patience: int = 3, min_factor: float = 1e-3) -> None:
        self._set(factor=factor, patience=patience, min_factor=min_factor)
