"""A scikit-learn estimator. Needs scikit-learn 1.6 or later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from digitry._core import History, Model
from digitry.layers import Dense, Dropout, Flatten, Layer, Relu
from digitry.network import Network
from digitry.optimizers import Adam, OneCycle, Optimizer, Schedule

_LARGEST_BATCH = 128
_STEPS_PER_EPOCH = 30


class DigitClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A network as a scikit-learn estimator, for pipelines, ``GridSearchCV`` and ``cross_val_score``.

    Samples are images (n, height, width) or rows of pixels (n, pixels). Training keeps every value as one byte: uint8
    as it is; others are scaled by the smallest and the largest value of the training data, so that the estimator fits
    any features of one scale.

    Parameters:
        layers: the network; None for one hidden layer of 128. Its last layer is ``Dense("classes")``.
        epochs: passes over the data.
        batch_size: images per step; "auto" for 128, or fewer if the data are few.
        optimizer: None for ``Adam(5e-3)``.
        schedule: of the learning rate; None for ``OneCycle()``.
        validation_split: fraction of the samples set aside, in [0, 0.9]; none with weights of samples or classes,
            which validation does not have.
        patience: epochs without a better validation result before stopping; 0: off.
        class_weight: "balanced", or weights by label; 1 for those that are left out.
        augmentation: random changes of the images, such as ``{"rotation": 10}``.
        random_state: seed, or a generator of seeds; None for 0.

    Attributes:
        classes_: the labels, sorted.
        model_: the trained ``digitry.Model``, of scaled pixels; its classes are indices into ``classes_``.
        history_: the ``digitry.History`` of the training.
        n_features_in_: pixels of an image.
        pixel_range_: the values that became the bytes 0 and 255.
    """

    classes_: npt.NDArray[Any]
    model_: Model
    history_: History
    n_features_in_: int
    pixel_range_: tuple[float, float]

    def __init__(
        self,
        layers: Sequence[Layer] | None = None,
        *,
        epochs: int = 10,
        batch_size: int | Literal["auto"] = "auto",
        optimizer: Optimizer | None = None,
        schedule: Schedule | None = None,
        validation_split: float = 0.1,
        patience: int = 0,
        class_weight: dict[Any, float] | Literal["balanced"] | None = None,
        augmentation: dict[str, float] | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.layers = layers
        self.epochs = epochs
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.schedule = schedule
        self.validation_split = validation_split
        self.patience = patience
        self.class_weight = class_weight
        self.augmentation = augmentation
        self.random_state = random_state

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> DigitClassifier:
        """Trains from the start.

        ``sample_weight`` (n,) are the weights of the samples in the loss, at least 0; one of weight 0 still counts for
        the scale of the pixels and as a part of a batch. Raises ValueError for samples, labels or parameters that do
        not fit.
        """
        shape = X.shape[1:] if isinstance(X, np.ndarray) else ()
        samples: npt.NDArray[Any]
        samples, labels = validate_data(self, _flat(X), y, dtype=[np.float64, np.float32, np.uint8])
        check_classification_targets(labels)
        self.classes_, indices = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y: expected at least two classes, got one class: {self.classes_[0]!r}")
        low, high = (0.0, 255.0) if samples.dtype == np.uint8 else (float(samples.min()), float(samples.max()))
        self.pixel_range_ = (low, high if high > low else low + 1)
        network = Network(
            [Flatten(), Dense(128), Relu(), Dropout(0.1), Dense("classes")] if self.layers is None else self.layers
        )
        weighted = sample_weight is not None or self.class_weight is not None
        images = self._pixels(samples)
        self.history_ = network.fit(
            images.reshape(-1, *shape) if len(shape) > 1 else images,
            indices,
            epochs=self.epochs,
            batch_size=self._batch_size(len(samples)),
            validation_split=0 if weighted else self.validation_split,
            optimizer=Adam(5e-3) if self.optimizer is None else self.optimizer,
            schedule=OneCycle() if self.schedule is None else self.schedule,
            augmentation=self.augmentation,
            patience=self.patience,
            sample_weight=None if sample_weight is None else _check_sample_weight(sample_weight, samples),
            class_weight=self._class_weight(),
            seed=0 if self.random_state is None else int(check_random_state(self.random_state).randint(2**31 - 1)),
            class_names=_names(self.classes_),
            progress=False,
        )
        assert network.model is not None  # noqa: S101
        self.model_ = network.model
        return self

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[Any]:
        """The most probable class of each sample: elements of ``classes_``, (n,)."""
        pixels = self._validated(X)
        return self.classes_[self.model_.predict(pixels)]

    def predict_proba(self, X: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """The calibrated probability of each class, float32 (n, classes)."""
        pixels = self._validated(X)
        return self.model_.predict_proba(pixels)

    def _class_weight(self) -> dict[int, float] | Literal["balanced"] | None:
        if not isinstance(self.class_weight, dict):
            return self.class_weight
        indices = {label: i for i, label in enumerate(self.classes_)}
        return {indices[label]: weight for label, weight in self.class_weight.items() if label in indices}

    def _validated(self, X: npt.ArrayLike) -> npt.NDArray[Any]:
        check_is_fitted(self)
        samples: npt.NDArray[Any] = validate_data(self, _flat(X), dtype=[np.float64, np.float32, np.uint8], reset=False)
        return self._pixels(samples)

    def _pixels(self, X: npt.NDArray[Any]) -> npt.NDArray[Any]:
        low, high = self.pixel_range_
        if X.dtype == np.uint8 and (low, high) == (0.0, 255.0):
            return X
        scaled: npt.NDArray[Any] = np.clip((X - low) / (high - low), 0, 1).astype(np.float32)
        return scaled

    def _batch_size(self, num_samples: int) -> int:
        if self.batch_size != "auto":
            return self.batch_size
        return min(_LARGEST_BATCH, max(1, num_samples // _STEPS_PER_EPOCH))


def _flat(X: npt.ArrayLike) -> npt.ArrayLike:
    """Images as rows of pixels; other samples as they are, for scikit-learn to check."""
    if isinstance(X, np.ndarray) and X.ndim in (3, 4) and X.size > 0:
        return X.reshape(X.shape[0], -1)
    return X


def _names(classes: npt.NDArray[Any]) -> list[str]:
    """One distinct name per class."""
    names = [str(label) for label in classes]
    return names if len(set(names)) == len(names) and all(names) else [str(i) for i in range(len(classes))]
