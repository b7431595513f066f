"""The search for good settings of a recipe: ``tune``."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from digitry import _core
from digitry._core import Recipe, SearchResult, TrainingProgress, Trial
from digitry._errors import UnavailableError
from digitry._options import Value, checked_callbacks
from digitry._progress import Progress
from digitry.network import Network, class_names_of, recipe_of

if TYPE_CHECKING:
    import numpy.typing as npt


@dataclass(frozen=True)
class Range:
    """Values from ``low`` to ``high`` to search: whole numbers, ``high`` included, if both are ints.

    With ``log`` equal ratios are equally likely; ``low`` is then above 0.
    """

    low: float
    high: float
    log: bool = False


Space = Mapping[str, Range | Sequence[Value]]


def tune(
    recipe: Recipe | Network | str | os.PathLike[str],
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    space: Space | str | os.PathLike[str],
    *,
    trials: int = 30,
    seeds: int = 0,
    sampler: Literal["tpe", "random"] = "tpe",
    early_stopping: bool = True,
    time_limit: float = 0,
    seed: int = 0,
    study: str | os.PathLike[str] | None = None,
    class_names: Sequence[str] | None = None,
    callbacks: Iterable[Callable[[Trial], object]] = (),
    progress: bool | None = None,
) -> SearchResult:
    """Searches settings of a recipe by the accuracy on validation images, which the recipe sets aside.

    >>> space = {"optimizer.learning_rate": Range(1e-4, 1e-1, log=True), "training.batch_size": [32, 64, 128]}
    >>> result = digitry.tune(network.to_recipe(epochs=5), x_train, y_train, space)
    >>> network = digitry.fit_recipe(result.best_recipe, x_train, y_train)

    Trials run one after the other. Ctrl-C stops after the step and raises KeyboardInterrupt; the trials are kept if
    there is a ``study``. docs/tuning.md has the methods and their sources.

    Args:
        recipe: what is common to all trials: ``Network.to_recipe``, a shipped recipe by its name, or a TOML file. A
            trial trains one network.
        x: images, as for ``Network.fit``.
        y: labels, as for ``Network.fit``.
        space: the values to search, by their path in the recipe (docs/recipes.md): "layers.2.rate" is the ``rate``
            of the third layer. A ``Range``, or a list of choices. Or the path of a TOML file.
        trials: their number, over all calls with this ``study``.
        seeds: trains the best three again with this many fresh seeds; the best mean wins. 0: off.
        sampler: "tpe" learns from the trials, "random" does not.
        early_stopping: whether trials that are worse than others after as many epochs are stopped.
        time_limit: seconds after which no trial is started; 0: none.
        seed: of the sampler; trainings use that of the recipe.
        study: a SQLite file for the trials, continued if it exists; several processes may work on it. Or, if the
            package was built with libpq, ``postgresql://user@host/database``, for several machines.
        class_names: as for ``Network.fit``.
        callbacks: functions that are called with each ``Trial`` that ends, on this thread; one that returns True
            stops the search.
        progress: whether to show the progress; default: on a terminal and in a notebook.

    Raises:
        ShapeError, DataError, ArgumentError: if arrays, recipe, space or options do not fit; ValueErrors.
        TypeError: for arrays that are not of numbers.
        UnavailableError: if no trial has finished; a RuntimeError.
        FileError: if the study cannot be written; an OSError.
    """
    if isinstance(space, Mapping):
        text, source = _to_toml(space), "space"
    else:
        text, source = None, os.fspath(space)
    found = recipe_of(recipe)
    functions = checked_callbacks(callbacks, "a Trial")
    with Progress(progress) as shown, tempfile.TemporaryDirectory(prefix="digitry-study-") as scratch:

        def on_trial(trial: Trial) -> bool:
            shown.line(repr(trial))
            return True in [function(trial) for function in functions]

        def on_progress(trial: int, progress: TrainingProgress) -> None:
            shown.step(progress, f"trial {trial}/{trials}  ")

        result, exception = _core.tune(
            found,
            x,
            y,
            class_names_of(found, class_names),
            text,
            source,
            os.path.join(scratch, "study.sqlite") if study is None else os.fspath(study),
            trials,
            sampler,
            seed,
            early_stopping,
            time_limit,
            seeds,
            on_trial,
            on_progress,
        )
    if exception is not None:
        raise exception
    if result is None:
        raise UnavailableError("no trial has finished")
    return result


def _to_toml(space: Space) -> str:
    """The space as ``digitry tune --space`` reads it, which checks it."""
    tables = []
    for path, values in space.items():
        keys = vars(values) if isinstance(values, Range) else {"choices": list(values)}
        lines = [f"{key} = {_toml_value(value)}" for key, value in keys.items()]
        tables.append("\n".join([f"[{json.dumps(path)}]", *lines]))
    return "\n".join(tables)


def _toml_value(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_toml_value, value))}]"
    if isinstance(value, bool | str):
        return json.dumps(value)
    # NumPy's numbers are written as Python's.
    number = getattr(value, "item", lambda: value)()
    if not isinstance(number, int | float):
        raise TypeError(f"space: expected numbers, texts or booleans, got {value!r}")
    return repr(number)
