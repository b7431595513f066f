"""Model: predictions, files, pickles, threads and forks."""

import multiprocessing
import os
import pickle
import threading

import numpy as np
import pytest
from conftest import small_network

import digitry


def test_predicts_labels_and_probabilities(model, x, y):
    labels = model.predict(x)
    probabilities = model.predict_proba(x)
    assert labels.dtype == np.int64 and labels.shape == (50,)
    assert probabilities.dtype == np.float32 and probabilities.shape == (50, 10)
    assert np.array_equal(probabilities.argmax(axis=1), labels)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert (labels == y).mean() > 0.8
    scaled = model.logits(x).astype(np.float64) / model.temperature
    softmax = np.exp(scaled) / np.exp(scaled).sum(axis=1, keepdims=True)
    assert np.allclose(softmax, probabilities, atol=1e-5)


def test_results_belong_to_the_caller(model, x):
    first = model.predict_proba(x)
    kept = first.copy()
    model.predict_proba(255 - x)
    assert np.array_equal(first, kept)
    first[:] = 0
    assert model.predict_proba(x).max() > 0


def test_shipped_models(x, y):
    assert set(digitry.shipped_model_names()) >= {"cnn-best", "tiny"}
    model = digitry.load("tiny")
    assert (model.predict(x) == y).mean() > 0.9
    assert model.input_shape == (1, 28, 28)
    assert model.class_names == [str(i) for i in range(10)]
    assert "Model(input_shape=(1, 28, 28)" in repr(model)
    noise = np.random.default_rng(1).integers(0, 256, x.shape, dtype=np.uint8)
    features = model.features(x)
    assert features.dtype == np.float32
    assert features.shape[0] == len(x)
    assert np.allclose(model.features(x[3:4]), features[3:4], atol=1e-4)
    assert not np.allclose(features[3], features[4], atol=1e-4)
    assert model.in_distribution_scores(x).mean() > model.in_distribution_scores(noise).mean()


def test_saves_and_loads(trained, x, tmp_path):
    path = tmp_path / "model.safetensors"
    trained.save(path)
    again = digitry.load(path)
    assert np.array_equal(again.logits(x), trained.model.logits(x))
    assert again.provenance["seed"] == "0"
    assert digitry.Model.from_bytes(path.read_bytes()).to_bytes() == path.read_bytes()


def test_files_that_are_no_models(tmp_path):
    path = tmp_path / "broken.safetensors"
    path.write_bytes(b"not a model")
    with pytest.raises(digitry.DataError, match=r"broken\.safetensors"):
        digitry.load(path)
    with pytest.raises(ValueError, match="nowhere"):
        digitry.load(tmp_path / "nowhere")
    with pytest.raises(digitry.FileError) as caught:
        digitry.load("tiny").save(tmp_path / "no" / "folder" / "model.safetensors")
    assert isinstance(caught.value, OSError)


def test_pickles(model, x):
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(again.logits(x), model.logits(x))


def test_pickles_of_another_version(model):
    _, version, content = model.__getstate__()
    other = digitry.Model.__new__(digitry.Model)
    with pytest.raises(digitry.DataError, match="expected format 1, got 99"):
        other.__setstate__((99, version, content))


def test_evaluation(model, mnist):
    x, y = mnist[1]
    evaluation = model.evaluate(x, y)
    predicted = model.predict(x)
    assert evaluation.num_images == len(y)
    assert evaluation.accuracy == pytest.approx((predicted == y).mean())
    low, high = evaluation.accuracy_95
    assert low < evaluation.accuracy < high
    expected = np.zeros((10, 10), np.int64)
    np.add.at(expected, (y, predicted), 1)
    assert np.array_equal(evaluation.confusion, expected)
    assert [m.support for m in evaluation.per_class] == np.bincount(y, minlength=10).tolist()
    wrong = {m.image_index for m in evaluation.mistakes}
    assert wrong == set(np.flatnonzero(predicted != y))
    assert "accuracy" in str(evaluation)
    assert model.evaluate(x, np.eye(10)[y]).num_correct == evaluation.num_correct


def test_many_threads_share_a_model(model, x):
    expected = model.logits(x)
    wrong = []

    def work():
        for _ in range(20):
            if not np.array_equal(model.logits(x), expected):
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def _predict_in_child(model, x, results):
    results.put(model.predict(x))


def test_a_forked_child_computes(model, mnist):
    x = mnist[1][0]
    expected = model.predict(x)  # More than one thread, before the fork.
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    child = context.Process(target=_predict_in_child, args=(model, x, results))
    child.start()
    assert np.array_equal(results.get(timeout=60), expected)
    child.join(60)
    assert child.exitcode == 0


def _train_in_child(x, y, results):
    network = small_network()
    network.fit(x, y, epochs=1, precision="f32")
    results.put(network.model.to_bytes())


def test_a_forked_child_trains(trained, mnist):
    """After the parent has trained, with OpenMP's threads, which the child does not have."""
    x, y = mnist[0][0][:1000], mnist[0][1][:1000]
    results = multiprocessing.get_context("fork").Queue()
    child = multiprocessing.get_context("fork").Process(target=_train_in_child, args=(x, y, results))
    child.start()
    model = digitry.Model.from_bytes(results.get(timeout=60))
    child.join(60)
    assert child.exitcode == 0
    network = small_network()
    network.fit(x, y, epochs=1, precision="f32")
    assert np.array_equal(model.logits(x[:9]), network.model.logits(x[:9]))


def test_number_of_threads(model, x):
    before = digitry.num_threads()
    try:
        digitry.set_num_threads(1)
        assert digitry.num_threads() == 1
        model.predict(x)
        with pytest.raises(ValueError, match="threads"):
            digitry.set_num_threads(-1)
    finally:
        digitry.set_num_threads(0)
    assert digitry.num_threads() == before or "OMP_NUM_THREADS" in os.environ
