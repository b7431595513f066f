"""A scikit-learn estimator. Needs scikit-learn 1.6 or later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, cast

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

    A weight is a number of samples: weight 2 gives the model that the sample twice gives, and weight 0 that without it,
    but for the rounding of weights that are not whole numbers. To this end equal samples of one label are trained as
    one, with the sum of their weights, in an order that is not that of the arguments.

    Parameters:
        layers: the network; None for one hidden layer of 128. Its last layer is ``Dense("classes")``.
        epochs: passes over the data.
        batch_size: images per step; "auto" for 128, or fewer if the data are few.
        optimizer: None for ``Adam(5e-3)``.
        schedule: of the learning rate; None for ``OneCycle()``.
        validation_split: fraction of the samples set aside, in [0, 0.9]; those that are equal stay together.
        patience: epochs without a better validation result before stopping; 0: off.
        class_weight: weights by label, 1 for those that are left out; or "balanced", for which all labels count alike.
        augmentation: random changes of the images, such as ``{"rotation": 10}``.
        random_state: seed, or a generator of seeds; None for 0.

    Attributes:
        classes_: the labels, sorted.
        model_: the trained ``digitry.Model``, of scaled pixels; its classes are indices into ``classes_``.
        history_: the ``digitry.History`` of the training.
        n_features_in_: pixels of an image.
        pixel_range_: the values that became the bytes 0 and 255.
    """

    batch_size: int | Literal["auto"]
    class_weight: dict[Any, float] | Literal["balanced"] | None
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

        ``sample_weight`` (n,) are the weights of the samples in training and validation, at least 0. The labels of
        samples of weight 0 are still classes. Raises ValueError for samples, labels or parameters that do not fit.
        """
        shape = X.shape[1:] if isinstance(X, np.ndarray) else ()
        samples, labels = cast(Any, validate_data)(self, _flat(X), y, dtype=[np.float64, np.float32, np.uint8])
        check_classification_targets(labels)
        self.classes_, indices = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y: expected at least two classes, got one class: {self.classes_[0]!r}")
        weights = None
        if sample_weight is not None:
            weights = _check_sample_weight(sample_weight, samples, dtype=np.float64, ensure_non_negative=True)
            if not weights.any():
                raise ValueError("sample_weight: expected a weight above 0, got none")
            present = weights > 0
            samples, indices, weights = samples[present], indices[present], weights[present]
        low, high = (0.0, 255.0) if samples.dtype == np.uint8 else (float(samples.min()), float(samples.max()))
        self.pixel_range_ = (low, high if high > low else low + 1)
        network = Network(
            [Flatten(), Dense(128), Relu(), Dropout(0.1), Dense("classes")] if self.layers is None else self.layers
        )
        images, indices, weights = _distinct(self._bytes(samples), indices, weights)
        self.history_ = network.fit(
            images.reshape(-1, *shape) if len(shape) > 1 else images,
            indices,
            epochs=self.epochs,
            batch_size=self._batch_size(len(images)),
            validation_split=self.validation_split,
            optimizer=Adam(5e-3) if self.optimizer is None else self.optimizer,
            schedule=OneCycle() if self.schedule is None else self.schedule,
            augmentation=self.augmentation,
            patience=self.patience,
            sample_weight=weights,
            class_weight=self._class_weight(indices, weights),
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

    def _class_weight(
        self, labels: npt.NDArray[np.int64], weights: npt.NDArray[np.float64]
    ) -> dict[int, float] | Literal["balanced"] | None:
        if self.class_weight == "balanced":
            of_class = np.bincount(labels, weights)
            return {i: weights.sum() / weight for i, weight in enumerate(of_class) if weight > 0}
        if not isinstance(self.class_weight, dict):
            return self.class_weight
        indices = {label: i for i, label in enumerate(self.classes_)}
        return {indices[label]: weight for label, weight in self.class_weight.items() if label in indices}

    def _validated(self, X: npt.ArrayLike) -> npt.NDArray[Any]:
        check_is_fitted(self)
        dtypes = [np.float64, np.float32, np.uint8]
        return self._pixels(cast(Any, validate_data)(self, _flat(X), dtype=dtypes, reset=False))

    def _pixels(self, X: npt.NDArray[Any]) -> npt.NDArray[Any]:
        low, high = self.pixel_range_
        if X.dtype == np.uint8 and (low, high) == (0.0, 255.0):
            return X
        scaled: npt.NDArray[Any] = np.clip((X - low) / (high - low), 0, 1).astype(np.float32)
        return scaled

    def _bytes(self, X: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        pixels = self._pixels(X)
        return pixels if pixels.dtype == np.uint8 else np.rint(255 * pixels).astype(np.uint8)

    def _batch_size(self, num_samples: int) -> int:
        if self.batch_size != "auto":
            return self.batch_size
        return min(_LARGEST_BATCH, max(1, num_samples // _STEPS_PER_EPOCH))


def _flat(X: npt.ArrayLike) -> npt.ArrayLike:
    """Images as rows of pixels; other samples as they are, for scikit-learn to check."""
    if isinstance(X, np.ndarray) and X.ndim in (3, 4) and X.size > 0:
        return X.reshape(X.shape[0], -1)
    return X


def _distinct(
    images: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64], weights: npt.NDArray[np.float64] | None
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Rows of pixels that differ in pixels or label, sorted; their labels; and their weights (default: 1), which are
    added where rows are equal."""
    rows = np.hstack([labels.astype(">u4").reshape(-1, 1).view(np.uint8), images])
    keys = rows.view(np.dtype((np.void, rows.shape[1]))).ravel()
    _, first, place = np.unique(keys, return_index=True, return_inverse=True)
    return images[first], labels[first], np.bincount(place, weights).astype(np.float64)


def _names(classes: npt.NDArray[Any]) -> list[str]:
    """One distinct name per class."""
    names = [str(label) for label in classes]
    return names if len(set(names)) == len(names) and all(names) else [str(i) for i in range(len(classes))]
