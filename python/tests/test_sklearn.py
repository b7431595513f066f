"""DigitClassifier in scikit-learn's own checks and tools."""

import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytestmark = pytest.mark.new_numpy

from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import digitry
from digitry.sklearn import DigitClassifier


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Trainings of a few hundred samples have no work for more."""
    digitry.set_num_threads(1)
    yield
    digitry.set_num_threads(0)


@parametrize_with_checks([DigitClassifier()])
def test_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def digits():
    """1797 images of 8×8, 0 to 16."""
    return load_digits(return_X_y=True)


def test_pipelines_and_cross_validation(digits):
    X, y = digits
    scores = cross_val_score(make_pipeline(StandardScaler(), DigitClassifier()), X, y, cv=3)
    assert scores.min() > 0.8  # One outlier in one pixel sets the scale of all.
    assert cross_val_score(DigitClassifier(), X, y, cv=3).mean() > 0.9


def test_grid_search_in_processes(digits):
    X, y = digits
    grid = {"epochs": [1, 10], "optimizer": [digitry.Adam(1e-4), digitry.Adam(1e-2)]}
    search = GridSearchCV(DigitClassifier(), grid, cv=2, n_jobs=2).fit(X[:600], y[:600])
    assert search.best_params_ == {"epochs": 10, "optimizer": digitry.Adam(1e-2)}
    assert search.score(X[600:], y[600:]) > 0.85


def test_images_bytes_and_class_names(mnist):
    (x, y), (x_test, y_test) = mnist
    names = np.array([f"digit {i}" for i in range(10)])
    estimator = DigitClassifier(random_state=1).fit(x, names[y])
    assert estimator.score(x_test, names[y_test]) > 0.9
    assert np.array_equal(estimator.predict(x_test.reshape(-1, 784)), estimator.predict(x_test))
    assert estimator.model_.class_names == names.tolist()
    assert estimator.n_features_in_ == 784
    assert estimator.pixel_range_ == (0, 255)
    again = pickle.loads(pickle.dumps(estimator))
    assert np.array_equal(again.predict_proba(x_test), estimator.predict_proba(x_test))


def test_other_networks(mnist):
    (x, y), (x_test, y_test) = mnist
    layers = [digitry.Conv2d(8), digitry.Relu(), digitry.MaxPool2d(), digitry.Flatten(), digitry.Dense("classes")]
    estimator = clone(DigitClassifier(layers, epochs=4, augmentation={"translation": 1})).fit(x, y)
    assert estimator.score(x_test, y_test) > 0.9
    with pytest.raises(ValueError, match="patience"):
        DigitClassifier(patience=-1).fit(x, y)


def test_weights_of_samples_and_of_labels(digits):
    X, y = digits
    names = np.where(y < 5, "low", "high")
    low = {
        key: (DigitClassifier(epochs=3, **parameters).fit(X[:200], names[:200], **fit).predict(X) == "low").mean()
        for key, parameters, fit in (
            ("alike", {}, {}),
            ("classes", {"class_weight": {"low": 1000.0, "never": 3}}, {}),
            ("samples", {}, {"sample_weight": np.where(names[:200] == "low", 1000, 1)}),
            ("balanced", {"class_weight": "balanced"}, {}),
        )
    }
    assert low["classes"] == low["samples"] > low["alike"] + 0.1
    assert abs(low["balanced"] - low["alike"]) < 0.2
    with pytest.raises(ValueError, match="class_weights"):
        DigitClassifier(class_weight="even").fit(X, names)


@pytest.mark.parametrize("parameters", [{}, {"batch_size": 16, "class_weight": "balanced", "validation_split": 0}])
def test_a_weight_is_a_number_of_samples(digits, parameters):
    """Bit for bit, with many batches, dropout, augmentation, validation and calibration."""
    X, y = digits[0][:300], digits[1][:300]
    weight = np.random.default_rng(0).integers(0, 4, 300)
    X[weight == 0] *= 3  # As if absent: the scale of the pixels is not theirs.
    estimator = DigitClassifier(epochs=3, augmentation={"rotation": 5}, **parameters)
    repeated = clone(estimator).fit(X.repeat(weight, axis=0), y.repeat(weight))
    weighted = clone(estimator).fit(X, y, sample_weight=weight)
    reversed_ = clone(estimator).fit(X[::-1], y[::-1], sample_weight=weight[::-1] / 2)
    assert np.array_equal(weighted.predict_proba(X), repeated.predict_proba(X))
    assert np.array_equal(weighted.predict_proba(X), reversed_.predict_proba(X))
    assert not np.array_equal(weighted.predict_proba(X), clone(estimator).fit(X, y).predict_proba(X))
    for wrong, words in ((-weight, "[Nn]egative"), (0 * weight, "weight"), (weight[1:], "sample_weight")):
        with pytest.raises(ValueError, match=words):
            clone(estimator).fit(X, y, sample_weight=wrong)


def test_validation_counts_samples_by_their_weights(digits):
    """Every second label is drawn at random; with almost no weight such samples are no mistakes."""
    X, y = digits[0][:400], digits[1][:400] % 2
    wrong = np.arange(400) % 2 == 1
    y[wrong] = np.random.default_rng(0).integers(0, 2, 200)
    estimator = DigitClassifier(validation_split=0.4)
    alike = clone(estimator).fit(X, y).history_
    weighted = clone(estimator).fit(X, y, sample_weight=np.where(wrong, 1e-6, 1)).history_
    assert max(record.val_accuracy for record in alike.epochs) < 0.85
    assert max(record.val_accuracy for record in weighted.epochs) > 0.9


def test_a_seed_decides(digits):
    X, y = digits
    X_train, X_test, y_train, _ = train_test_split(X, y, random_state=0)
    first, second, other = (
        DigitClassifier(random_state=seed, epochs=2).fit(X_train, y_train).predict_proba(X_test) for seed in (1, 1, 2)
    )
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)
