"""Optimizers and learning-rate schedules. docs/recipes.md has the rules and their sources."""

from __future__ import annotations

from dataclasses import dataclass

from digitry._options import Options


@dataclass(frozen=True)
class Optimizer(Options, kind=True):
    """How the weights are updated."""


@dataclass(frozen=True)
class Adam(Optimizer):
    """Adam; AdamW if there is weight decay, which is decoupled."""

    type_name = "adam"
    learning_rate: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0


@dataclass(frozen=True)
class Sgd(Optimizer):
    """Stochastic gradient descent with momentum; weight decay is decoupled."""

    type_name = "sgd"
    learning_rate: float = 1e-2
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 0.0


@dataclass(frozen=True)
class Lion(Optimizer):
    """Lion: steps of equal size for all values."""

    type_name = "lion"
    learning_rate: float = 1e-4
    beta1: float = 0.9
    beta2: float = 0.99
    weight_decay: float = 0.0


@dataclass(frozen=True)
class Schedule(Options, kind=True):
    """The factor of the learning rate over the training."""


@dataclass(frozen=True)
class OneCycle(Schedule):
    """Rises during the first fraction ``warmup`` of all steps, then falls, both along half a cosine."""

    type_name = "one_cycle"
    warmup: float = 0.3
    start_divisor: float = 25.0
    end_divisor: float = 1e4


@dataclass(frozen=True)
class Exponential(Schedule):
    """Falls at each step, by the factor ``gamma`` per epoch."""

    type_name = "exponential"
    gamma: float = 0.9


@dataclass(frozen=True)
class StepDecay(Schedule):
    """Multiplied by ``gamma`` every ``every_epochs`` epochs."""

    type_name = "step"
    every_epochs: int = 10
    gamma: float = 0.1


@dataclass(frozen=True)
class Cosine(Schedule):
    """Falls from 1 to ``min_factor`` along half a cosine."""

    type_name = "cosine"
    min_factor: float = 0.0


@dataclass(frozen=True)
class ReduceOnPlateau(Schedule):
    """Multiplied by ``factor`` after ``patience`` epochs without a new best validation loss."""

    type_name = "reduce_on_plateau"
    factor: float = 0.5
    patience: int = 3
    min_factor: float = 1e-3
