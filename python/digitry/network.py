"""Networks that are built layer by layer and trained on arrays."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

from digitry import _core
from digitry._core import EpochRecord, Evaluation, History, Model, Recipe, TrainingFacts
from digitry._errors import ArgumentError
from digitry._options import Value, attributes_of, checked_callbacks
from digitry._progress import Progress
from digitry.layers import Layer
from digitry.optimizers import Adam, Optimizer, Schedule

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Callback = Callable[[EpochRecord], object]


class TrainingOptions(TypedDict, total=False):
    """The options of ``Network.fit`` that a recipe has, with its defaults."""

    epochs: int
    batch_size: int
    validation_split: float
    optimizer: Optimizer | None
    schedule: Schedule | None
    augmentation: dict[str, float] | None
    patience: int
    seed: int
    precision: Literal["auto", "f32", "bf16"]
    label_smoothing: float
    gradient_clip: float
    ema_decay: float


class Network:
    """A network of layers, from the image to the logits.

    >>> network = Network([Flatten(), Dense(128), Relu(), Dropout(0.2), Dense(10)])
    >>> history = network.fit(x_train, y_train, epochs=5, optimizer=Adam(1e-3))
    >>> network.evaluate(x_test, y_test).accuracy

    Attributes:
        model: the trained ``Model``; None before ``fit``.
        history: the ``History`` of its training; None before ``fit``.
    """

    model: Model | None
    history: History | None

    def __init__(self, layers: Iterable[Layer] = ()) -> None:
        self.layers: list[Layer] = []
        self.model = None
        self.history = None
        self._facts: TrainingFacts | None = None
        for layer in layers:
            self.add(layer)

    def add(self, layer: Layer) -> Network:
        """Adds a layer after the last one."""
        if not isinstance(layer, Layer):
            raise TypeError(f"expected a layer such as Dense(10), got {layer!r}")
        self.layers.append(layer)
        return self

    def fit(
        self,
        x: npt.ArrayLike,
        y: npt.ArrayLike,
        *,
        epochs: int = 10,
        batch_size: int = 128,
        validation_split: float = 0.1,
        optimizer: Optimizer | None = None,
        schedule: Schedule | None = None,
        augmentation: dict[str, float] | None = None,
        patience: int = 0,
        seed: int = 0,
        precision: Literal["auto", "f32", "bf16"] = "auto",
        label_smoothing: float = 0.0,
        gradient_clip: float = 0.0,
        ema_decay: float = 0.0,
        sample_weight: npt.ArrayLike | None = None,
        class_weight: Mapping[int, float] | Literal["balanced"] | None = None,
        class_names: Sequence[str] | None = None,
        callbacks: Iterable[Callback] = (),
        progress: bool | None = None,
    ) -> History:
        """Trains the network from the start, and calibrates it.

        The same arguments, processor and number of threads give the same model, bit for bit. Ctrl-C stops after
        the step; ``model`` and ``history`` then have what was learnt, and KeyboardInterrupt is raised.

        Args:
            x: images (n, height, width), (n, height, width, channels) or (n, pixels); uint8 from 0 to 255, or
                floats from 0 to 1, which are rounded to 255ths.
            y: class indices (n,), or one-hot labels (n, classes).
            validation_split: fraction of the images set aside, in [0, 0.9]. The weights of the best epoch on
                them are kept, and the probabilities are calibrated on them.
            optimizer: default: ``Adam()``.
            augmentation: random changes of the training images, by the names of docs/recipes.md, such as
                ``{"rotation": 10, "translation": 2}``.
            patience: epochs without a better validation result before stopping; 0: off.
            precision: arithmetic of the products; "auto" is bf16 on processors that support it.
            label_smoothing: share of the target that is spread over all classes.
            gradient_clip: largest L2 norm of all gradients together; 0: off.
            ema_decay: decay of a moving average of the weights, which is kept instead of them; 0: off.
            sample_weight: the weight of each image in the loss and in validation, (n,), at least 0; only their ratios
                count. ``evaluate`` has no weights.
            class_weight: "balanced" for the inverse of the number of images of a class; or weights by class index,
                1 for those that are left out. They multiply ``sample_weight``.
            class_names: one per class; default: "0", "1", ...
            callbacks: functions that are called with each ``EpochRecord``, on this thread; one that returns True
                stops the training.
            progress: whether to show the progress; default: on a terminal and in a notebook.

        Raises:
            ShapeError, DataError, ArgumentError: if arrays, layers or options do not fit; ValueErrors.
            TypeError: for arrays that are not of numbers.
            DivergedError: if the loss is no longer finite; an ArithmeticError.
        """
        recipe = self.to_recipe(
            epochs=epochs,
            batch_size=batch_size,
            validation_split=validation_split,
            optimizer=optimizer,
            schedule=schedule,
            augmentation=augmentation,
            patience=patience,
            seed=seed,
            precision=precision,
            label_smoothing=label_smoothing,
            gradient_clip=gradient_clip,
            ema_decay=ema_decay,
        )
        if isinstance(class_weight, str):
            recipe.class_weights, class_weight = class_weight, None
        return self._train(recipe, x, y, sample_weight, class_weight, class_names, callbacks, progress)

    def to_recipe(self, **options: Unpack[TrainingOptions]) -> Recipe:
        """The recipe of a training with these options of ``fit``, for ``tune``, ``fit_recipe`` and, by ``to_toml()``,
        the command ``digitry train``."""
        unknown = options.keys() - TrainingOptions.__annotations__.keys()
        if unknown:
            raise TypeError(f"expected options of Network.fit, got {', '.join(sorted(unknown))}")
        recipe = Recipe()
        recipe.name = "network"
        recipe.layers = [layer.attributes() for layer in self.layers]
        recipe.optimizer = attributes_of("optimizer", options.pop("optimizer", None) or Adam(), Optimizer)
        schedule = options.pop("schedule", None)
        recipe.schedule = {} if schedule is None else attributes_of("schedule", schedule, Schedule)
        augmentation = options.pop("augmentation", None) or {}
        if not isinstance(augmentation, Mapping):
            raise TypeError(f"augmentation: expected numbers by name, got {augmentation!r}")
        recipe.augmentation = dict[str, Value](augmentation)
        recipe.validation = options.pop("validation_split", recipe.validation)
        for name, value in options.items():
            try:
                setattr(recipe, name, value)
            except TypeError:
                expected = type(getattr(recipe, name)).__name__
                at_least = " of at least 0" if name == "seed" else ""
                raise TypeError(f"{name}: expected {expected}{at_least}, got {value!r}") from None
        return recipe

    @classmethod
    def from_recipe(cls, recipe: Recipe | str | os.PathLike[str]) -> Network:
        """The network of a recipe: a shipped one by its name ("fast"), or that of a TOML file."""
        return cls(Layer._from_attributes(layer) for layer in recipe_of(recipe).layers)

    def _train(
        self,
        recipe: Recipe,
        x: npt.ArrayLike,
        y: npt.ArrayLike,
        sample_weight: npt.ArrayLike | None,
        class_weight: Mapping[int, float] | None,
        class_names: Sequence[str] | None,
        callbacks: Iterable[Callback],
        progress: bool | None,
    ) -> History:
        weights = None
        if sample_weight is not None or class_weight is not None:
            from digitry._arrays import as_weights  # Imports NumPy, which is late elsewhere, too.

            weights = as_weights(sample_weight, class_weight, y)
        class_names = class_names_of(recipe, class_names)
        functions = checked_callbacks(callbacks, "an EpochRecord")
        with Progress(progress) as shown:

            def on_epoch(record: EpochRecord) -> bool:
                shown.epoch(record, recipe.epochs)
                return True in [function(record) for function in functions]

            self.model, self.history, self._facts, exception = _core.train(
                recipe, x, y, weights, class_names, "arrays", on_epoch, shown.step
            )
        if exception is not None:
            raise exception
        return self.history

    def _fitted(self) -> Model:
        if self.model is None:
            raise ArgumentError("the network has no weights yet; call fit first")
        return self.model

    def predict(self, x: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """See ``Model.predict``."""
        return self._fitted().predict(x)

    def predict_proba(self, x: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """See ``Model.predict_proba``."""
        return self._fitted().predict_proba(x)

    def evaluate(self, x: npt.ArrayLike, y: npt.ArrayLike) -> Evaluation:
        """See ``Model.evaluate``."""
        return self._fitted().evaluate(x, y)

    def save(self, path: str | os.PathLike[str]) -> None:
        """See ``Model.save``; ``digitry.load`` reads the file."""
        self._fitted().save(path)

    def report(
        self,
        folder: str | os.PathLike[str],
        x: npt.ArrayLike,
        y: npt.ArrayLike,
        *,
        split: Literal["test", "validation"] = "test",
        train: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    ) -> str:
        """Evaluates the network and writes what ``digitry train`` writes about a run: ``report.html``, one page without
        scripts, and ``figures/``, the same as SVG and PNG.

        Args:
            folder: is made if it is missing; an older report in it is replaced.
            x: the images to evaluate, as for ``fit``.
            y: their labels.
            split: what they are called in the report.
            train: the images and labels that ``fit`` had, to show augmented ones and those nearest to mistakes.

        Returns:
            The path of ``report.html``.

        Raises:
            ShapeError, DataError: if arrays do not fit, or ``train`` is not what ``fit`` had; ValueErrors.
            UnavailableError: if gnuplot, which draws the curves, is not installed; a RuntimeError.
            FileError: if a file cannot be written; an OSError.
        """
        model = self._fitted()
        assert self.history is not None and self._facts is not None  # noqa: S101
        return _core.write_report(folder, model, self.history, self._facts, x, y, split, train)

    def __repr__(self) -> str:
        return f"Network([{', '.join(map(repr, self.layers))}])"


def recipe_of(recipe: Recipe | Network | str | os.PathLike[str]) -> Recipe:
    """The recipe of a network with the default options of ``fit``, of a name or of a file."""
    if isinstance(recipe, Recipe):
        return recipe
    return recipe.to_recipe() if isinstance(recipe, Network) else _core.find_recipe(os.fspath(recipe))


def class_names_of(recipe: Recipe, class_names: Sequence[str] | None) -> Sequence[str] | None:
    """Without names: as many numbers as the last layer with outputs has, so that labels may lack the last classes;
    None if the labels decide."""
    if class_names is not None:
        return class_names
    outputs = [layer["out_features"] for layer in recipe.layers if "out_features" in layer]
    return [str(i) for i in range(outputs[-1])] if outputs and isinstance(outputs[-1], int) else None


def fit_recipe(
    recipe: Recipe | str | os.PathLike[str],
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    sample_weight: npt.ArrayLike | None = None,
    class_names: Sequence[str] | None = None,
    callbacks: Iterable[Callback] = (),
    progress: bool | None = None,
) -> Network:
    """Trains by a recipe: a shipped one by its name ("notebook", "fast", ...), or that of a TOML file.

    Arrays, weights, callbacks and errors are those of ``Network.fit``.
    """
    found = recipe_of(recipe)
    network = Network.from_recipe(found)
    network._train(found, x, y, sample_weight, None, class_names, callbacks, progress)
    return network
