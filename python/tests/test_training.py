"""Network.fit: what it returns, what it keeps, how it ends."""

import math
import pickle
import signal
import threading
import time

import numpy as np
import pytest
from conftest import small_network

import digitry
from digitry import Adam, Conv2d, Dense, Flatten, MaxPool2d, Network, OneCycle, Relu


def test_learns_and_reports_each_epoch(trained, mnist):
    history = trained.history
    assert [record.epoch for record in history.epochs] == [1, 2, 3]
    assert len(history) == 3
    assert history.best_epoch in (1, 2, 3)
    columns = history.history
    assert columns["loss"][2] < columns["loss"][0]
    assert columns["val_accuracy"][2] > 0.85
    assert trained.evaluate(*mnist[1]).accuracy > 0.85
    assert history.to_csv().startswith("epoch,")


def test_is_reproducible(mnist):
    x, y = mnist[0]
    models = []
    for seed in (1, 1, 2):
        network = small_network()
        network.fit(x[:500], y[:500], epochs=1, seed=seed)
        models.append(network.model.logits(x[:10]).tobytes())
    assert models[0] == models[1] != models[2]


def test_floats_and_one_hot_labels_train_the_same_model(mnist):
    x, y = mnist[0][0][:500], mnist[0][1][:500]
    as_given = small_network()
    as_given.fit(x, y, epochs=1)
    converted = small_network()
    converted.fit(x.reshape(500, 784).astype(np.float32) / 255, np.eye(10)[y], epochs=1)
    assert as_given.model.logits(x[:10]).tobytes() == converted.model.logits(x[:10]).tobytes()


def test_arrays_of_any_layout_train_the_same_model(mnist):
    x, y = mnist[0][0][:200], mnist[0][1][:200]
    read_only, read_only_y = x.copy(), y.copy()
    read_only.flags.writeable = read_only_y.flags.writeable = False
    spread = np.repeat(x, 2, axis=0)[::2]
    models = set()
    for images, labels in (
        (x, y),
        (read_only, read_only_y),
        (spread, np.repeat(y, 2)[::2]),
        (np.asfortranarray(x), y.astype(">i8")),
        (x.astype(">i2"), y.astype("u1")),
        ((x / 255).astype(">f4"), y.astype(float)),
    ):
        network = small_network()
        network.fit(images, labels, epochs=1)
        models.add(network.model.logits(x[:5]).tobytes())
    assert len(models) == 1
    with pytest.raises(digitry.DataError, match="got nan"):
        small_network().fit(np.where(x > 200, np.nan, 0), y, epochs=1)


def test_convolution_augmentation_and_schedule(mnist):
    x, y = mnist[0]
    network = Network([Conv2d(8, 3), Relu(), MaxPool2d(), Flatten(), Dense("classes")])
    history = network.fit(
        x, y, epochs=2, optimizer=Adam(1e-2), schedule=OneCycle(), augmentation={"rotation": 10, "translation": 1}
    )
    assert history.epochs[-1].val_accuracy > 0.85
    assert history.epochs[-1].learning_rate < 1e-3
    assert network.model.input_shape == (1, 28, 28)


def test_fewer_labels_than_outputs(mnist):
    x, y = mnist[0][0][:200], mnist[0][1][:200] % 3
    network = small_network()
    network.fit(x, y, epochs=1)
    assert network.model.class_names == [str(i) for i in range(10)]


def test_class_names(mnist):
    x, y = mnist[0][0][:200], mnist[0][1][:200] % 2
    network = Network([Flatten(), Dense("classes")])
    network.fit(x, y, epochs=1, class_names=["even", "odd"])
    assert network.model.class_names == ["even", "odd"]


def test_a_callback_sees_each_epoch_on_this_thread_and_stops(mnist):
    x, y = mnist[0][0][:500], mnist[0][1][:500]
    seen = []

    def callback(record):
        seen.append((record.epoch, threading.current_thread()))
        return record.epoch == 2

    history = small_network().fit(x, y, epochs=50, callbacks=[callback])
    assert seen == [(1, threading.current_thread()), (2, threading.current_thread())]
    assert len(history) == 2


def test_an_exception_in_a_callback_stops_and_keeps_the_model(mnist):
    x, y = mnist[0][0][:500], mnist[0][1][:500]
    network = small_network()

    def callback(record):
        raise LookupError("in the callback")

    with pytest.raises(LookupError, match="in the callback"):
        network.fit(x, y, epochs=50, callbacks=[callback])
    assert len(network.history) == 1
    assert network.predict(x[:3]).shape == (3,)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"epochs": 1.5}, "epochs: expected int, got 1.5"),
        ({"seed": -1}, "seed: expected int of at least 0, got -1"),
        ({"optimizer": "adam"}, "optimizer: expected one of Adam, Sgd, Lion, got 'adam'"),
        ({"schedule": Adam()}, "schedule: expected one of OneCycle, .*, got Adam"),
        ({"augmentation": "rotation"}, "augmentation: expected numbers by name, got 'rotation'"),
    ],
)
def test_options_of_another_type(options, words):
    with pytest.raises(TypeError, match=words):
        small_network().to_recipe(**options)


def test_ctrl_c_stops_after_the_step_and_keeps_what_was_learnt(mnist):
    network = small_network()
    main = threading.main_thread().ident
    epochs = []

    def callback(record):
        epochs.append(record.epoch)
        if record.epoch == 2:
            threading.Thread(
                target=lambda: (time.sleep(0.05), signal.pthread_kill(main, signal.SIGINT)), daemon=True
            ).start()

    with pytest.raises(KeyboardInterrupt):
        network.fit(*mnist[0], epochs=100_000, callbacks=[callback])
    assert 2 <= len(epochs) < 100_000
    # The signal may come between the end of an epoch and its callback.
    assert len(network.history) - len(epochs) in (0, 1)
    assert network.evaluate(*mnist[1]).accuracy > 0.5


def test_trainings_run_side_by_side(mnist):
    x, y = mnist[0][0][:1000], mnist[0][1][:1000]
    networks = [small_network() for _ in range(3)]
    threads = [
        threading.Thread(target=network.fit, args=(x, y), kwargs={"epochs": 2, "progress": False})
        for network in networks
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({network.model.logits(x[:10]).tobytes() for network in networks}) == 1


def test_diverging_training(mnist):
    network = Network([Flatten(), Dense(32), Dense(32), Dense(10)])
    with pytest.raises(digitry.DivergedError) as caught:
        network.fit(*mnist[0], epochs=3, optimizer=digitry.Sgd(1000))
    assert isinstance(caught.value, ArithmeticError)


def test_recipe_by_name(mnist):
    recipe = digitry.find_recipe("notebook")
    recipe.epochs = 1
    network = digitry.fit_recipe(recipe, *mnist[0])
    assert len(network.history) == 1
    assert digitry.Recipe.parse(recipe.to_toml()) == recipe == pickle.loads(pickle.dumps(recipe))
    with pytest.raises(ValueError, match="notebook"):
        digitry.find_recipe("nootebook")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"epochs": 0}, "epochs"),
        ({"batch_size": 0}, "batch_size"),
        ({"validation_split": 1.0}, "validation"),
        ({"precision": "f64"}, "precision"),
        ({"augmentation": {"turn": 3}}, "turn"),
        ({"optimizer": Adam(-1)}, "learning_rate"),
        ({"class_names": ["a", "b"]}, "expected labels in"),
    ],
)
def test_wrong_options(mnist, arguments, words):
    with pytest.raises(digitry.DataError, match=words) as caught:
        small_network().fit(*mnist[0], **{"epochs": 1, **arguments})
    assert isinstance(caught.value, ValueError)


def test_layers_that_do_not_fit(mnist):
    with pytest.raises(digitry.ShapeError, match="put a flatten layer"):
        Network([Dense(10)]).fit(*mnist[0], epochs=1)
    with pytest.raises(TypeError, match="Dense"):
        Network(["dense"])
    with pytest.raises(digitry.ArgumentError, match="call fit first"):
        small_network().predict(mnist[0][0])


def blurred(mnist):
    """Two classes that overlap, so that weights decide: noise around two means."""
    random = np.random.default_rng(3)
    y = np.arange(600) % 2
    x = random.integers(0, 120, (600, 4, 4)) + 60 * (random.random((600, 1, 1)) < 0.3 + 0.4 * y[:, None, None])
    return x.astype(np.uint8), y


def share_of_ones(mnist, **arguments):
    x, y = blurred(mnist)
    network = Network([Flatten(), Dense(2)])
    network.fit(x, y, epochs=8, optimizer=Adam(1e-2), precision="f32", validation_split=0, **arguments)
    return network.predict(x).mean()


def test_weights_pull_the_answers_to_their_class(mnist):
    y = blurred(mnist)[1]
    alike = share_of_ones(mnist)
    assert 0.3 < alike < 0.7
    assert share_of_ones(mnist, class_weight={1: 20}) > 0.9
    assert share_of_ones(mnist, class_weight={0: 20.0, 1: 1}) < 0.1
    assert share_of_ones(mnist, sample_weight=np.where(y == 1, 20, 1)) == share_of_ones(mnist, class_weight={1: 20})
    both = share_of_ones(mnist, sample_weight=np.where(y == 1, 20, 1), class_weight={0: 20})
    assert both == alike == share_of_ones(mnist, sample_weight=np.full(600, 3.0))
    assert share_of_ones(mnist, class_weight="balanced") == alike  # As many of each.


def test_balanced_classes_count_the_same(mnist):
    x, y = blurred(mnist)
    few = np.flatnonzero((y == 1) | (np.arange(600) % 20 == 0))  # 30 of class 0, 300 of class 1.

    def share(class_weight):
        network = Network([Flatten(), Dense(2)])
        network.fit(x[few], y[few], epochs=20, optimizer=Adam(1e-2), precision="f32", class_weight=class_weight)
        return network.predict(x).mean()

    assert share(None) > 0.9
    assert share("balanced") < 0.8


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"sample_weight": np.ones(3)}, ValueError, "3"),
        ({"sample_weight": np.ones((500, 1))}, digitry.ShapeError, r"\(500, 1\)"),
        ({"sample_weight": np.full(500, -1.0)}, digitry.DataError, "weight"),
        ({"sample_weight": np.full(500, np.nan)}, digitry.DataError, "weight"),
        ({"sample_weight": np.zeros(500)}, digitry.DataError, "weight"),
        ({"sample_weight": ["a"] * 500}, TypeError, "sample_weight: expected numbers"),
        ({"class_weight": "even"}, digitry.DataError, "class_weights"),
        ({"class_weight": {-1: 2}}, digitry.DataError, "class_weight: expected class indices from 0, got -1"),
    ],
)
def test_weights_that_do_not_fit(mnist, arguments, error, words):
    with pytest.raises(error, match=words):
        small_network().fit(mnist[0][0][:500], mnist[0][1][:500], epochs=1, **arguments)


def test_history_survives_pickling(trained):
    again = pickle.loads(pickle.dumps(trained.history))
    assert again.to_csv() == trained.history.to_csv()
    assert again.best_epoch == trained.history.best_epoch


def test_without_validation(mnist):
    history = small_network().fit(mnist[0][0][:500], mnist[0][1][:500], epochs=1, validation_split=0)
    assert history.epochs[0].val_loss is None
    assert math.isnan(history.history["val_loss"][0])
    assert history.best_epoch == 0
