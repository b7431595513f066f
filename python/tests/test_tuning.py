"""tune: what it finds, keeps and says."""

import re
import shutil
import signal
import threading
import time

import numpy as np
import pytest
from conftest import checked, small_network

import digitry
from digitry import Adam, Range

SPACE = {"optimizer.learning_rate": Range(1e-3, 1e-1, log=True), "layers.1.out_features": [8, 16]}


@pytest.fixture(scope="module")
def data(mnist):
    (x, y), _ = mnist
    return x[:600], y[:600]


def test_finds_the_better_setting(data):
    seen = []
    space = {"optimizer.learning_rate": [1e-5, 1e-2]}
    recipe = small_network().to_recipe(epochs=2)
    result = digitry.tune(
        recipe, *data, space, trials=4, early_stopping=False, sampler="random", callbacks=[seen.append]
    )
    assert [trial.id for trial in result.trials] == [trial.id for trial in seen] == [1, 2, 3, 4]
    assert result.best.values == {"optimizer.learning_rate": 1e-2}
    assert result.best.val_accuracy == max(trial.val_accuracy for trial in result.trials) > 0.5
    assert {trial.state for trial in result.trials} == {"finished"}
    assert result.best_recipe.optimizer["learning_rate"] == 1e-2
    assert result.best_recipe.name == "network-tuned"
    network = digitry.fit_recipe(result.best_recipe, *data)
    assert max(network.history.history["val_accuracy"]) == pytest.approx(result.best.val_accuracy)
    assert "learning_rate 0.01" in repr(result)


def test_a_result_shows_its_trials(data):
    """The best trial first, with its mean of fresh seeds; one that failed last."""
    space = {"layers.1.out_features": [8, 16], "optimizer.learning_rate": [1e-3, 1e-2, 1000.0]}
    layers = [digitry.Flatten(), digitry.Dense(16), digitry.Dense(16), digitry.Dense(10)]
    recipe = digitry.Network(layers).to_recipe(epochs=2, optimizer=digitry.Sgd())
    result = digitry.tune(recipe, *data, space, trials=6, seeds=1, early_stopping=False, sampler="random")
    html = checked(result._repr_html_())
    rows = [re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", row) for row in re.findall(r"<tr.*?</tr>", html, re.S)]
    assert rows[0] == ["Trial", "Accuracy, %", "Fresh seeds, %", "State", "Epochs", "Time, s", *space]
    best = next(row for row in rows if row[0] == f"{result.best.id} (best)")
    assert best[2] == f"{100 * result.best.fresh_val_accuracies[0]:.2f}" and f"<b>{best[2]} %</b>" in html
    assert len(rows) == 7
    assert {trial.state for trial in result.trials} == {"finished", "failed"}
    assert rows[-1][1:4] == ["–", "–", "failed"]
    scores = [float(row[1]) for row in rows[1:] if row[3] == "finished"]
    assert scores == sorted(scores, reverse=True)
    assert html.count("<svg") == (1 if shutil.which("gnuplot") else 0)


def test_fresh_seeds_decide(data):
    space = {"optimizer.learning_rate": [1e-3, 1e-2]}
    result = digitry.tune(small_network().to_recipe(epochs=1), *data, space, trials=2, seeds=2, early_stopping=False)
    assert len(result.best.fresh_val_accuracies) == 2
    means = [np.mean(t.fresh_val_accuracies) for t in result.trials if t.fresh_val_accuracies]
    assert np.mean(result.best.fresh_val_accuracies) == max(means)


def test_a_study_goes_on_where_it_ended(data, tmp_path):
    study = tmp_path / "study.sqlite"
    recipe = small_network().to_recipe(epochs=1)
    first = digitry.tune(recipe, *data, SPACE, trials=2, study=study)
    again = digitry.tune(recipe, *data, SPACE, trials=3, study=str(study))
    assert [t.values for t in again.trials[:2]] == [t.values for t in first.trials]
    assert len(again.trials) == 3
    whole = digitry.tune(recipe, *data, SPACE, trials=3)
    assert [t.values for t in whole.trials] == [t.values for t in again.trials]
    with pytest.raises(digitry.ArgumentError, match="another recipe, space, sampler"):
        digitry.tune(recipe, *data, SPACE, seed=1, study=study)
    with pytest.raises(digitry.DataError, match="training images differ"):
        digitry.tune(recipe, data[0][1:], data[1][1:], SPACE, trials=4, study=study)


def test_a_space_of_a_file_and_a_shipped_recipe(data, tmp_path):
    path = tmp_path / "space.toml"
    path.write_text('["training.batch_size"]\nchoices = [32, 64]\n["training.epochs"]\nchoices = [1, 2]\n')
    result = digitry.tune("notebook", *data, path, trials=1)
    assert set(result.best.values) == {"training.batch_size", "training.epochs"}


def test_a_callback_stops_the_search(data):
    result = digitry.tune(small_network().to_recipe(epochs=1), *data, SPACE, callbacks=[lambda trial: trial.id == 2])
    assert len(result.trials) == 2


def test_ctrl_c_keeps_the_trials(data, tmp_path):
    study = tmp_path / "study.sqlite"
    recipe = small_network().to_recipe(epochs=1)
    main = threading.main_thread().ident

    def callback(trial):
        if trial.id == 2:
            threading.Thread(
                target=lambda: (time.sleep(0.05), signal.pthread_kill(main, signal.SIGINT)), daemon=True
            ).start()

    with pytest.raises(KeyboardInterrupt):
        digitry.tune(recipe, *data, SPACE, trials=100_000, study=study, callbacks=[callback])
    again = digitry.tune(recipe, *data, SPACE, trials=2, study=study)
    assert len(again.trials) >= 2
    assert again.trials[1].state in ("finished", "stopped")


def test_a_trial_that_fails_is_no_end(data):
    space = {"optimizer.learning_rate": [1000.0, 1e-2]}
    recipe = digitry.Network([digitry.Flatten(), digitry.Dense(16), digitry.Dense(16), digitry.Dense(10)]).to_recipe(
        epochs=2, optimizer=digitry.Sgd()
    )
    result = digitry.tune(recipe, *data, space, trials=6, sampler="random")
    failed = [trial for trial in result.trials if trial.state == "failed"]
    assert failed
    assert "diverged" in failed[0].message
    with pytest.raises(digitry.UnavailableError, match=r"no trial has finished; trial 1: .*diverged"):
        digitry.tune(recipe, *data, {"optimizer.learning_rate": [500.0, 1000.0]}, trials=1)


@pytest.mark.parametrize(
    ("space", "arguments", "error", "words"),
    [
        ({"optimizer.learning_rate": Range(1.0, 0.1)}, {}, digitry.DataError, "expected low < high"),
        ({"optimizer.learning_rate": Range(0, 1, log=True)}, {}, digitry.DataError, "low > 0"),
        ({"optimizer.learning_rate": Range(float("nan"), 1)}, {}, digitry.DataError, "expected a number"),
        ({"optimizer.speed": Range(0, 1)}, {}, digitry.DataError, "speed"),
        ({"layers.9.rate": Range(0, 1)}, {}, digitry.DataError, "no layer '9'"),
        ({"training.seed": [1, 2]}, {}, digitry.DataError, "cannot be searched"),
        ({"training.batch_size": [32]}, {}, digitry.DataError, "at least two values"),
        ({"training.batch_size": [0, 32]}, {}, digitry.DataError, "invalid value 0"),
        ({"training.batch_size": [32, None]}, {}, TypeError, "None"),
        ({}, {}, digitry.DataError, "nothing to search"),
        ("nowhere.toml", {}, digitry.DataError, r"nowhere\.toml"),
        (SPACE, {"trials": 0}, digitry.ArgumentError, "trials of at least 1"),
        (SPACE, {"sampler": "grid"}, digitry.ArgumentError, "grid"),
        (SPACE, {"callbacks": [1]}, TypeError, "functions of a Trial"),
        (SPACE, {"study": "no/folder/study.sqlite"}, OSError, "no/folder"),
    ],
)
def test_what_does_not_fit(data, space, arguments, error, words):
    with pytest.raises(error, match=words):
        digitry.tune(small_network(), *data, space, **{"trials": 1, **arguments})


def test_validation_images_are_needed(data):
    with pytest.raises(digitry.DataError, match="needs validation images"):
        digitry.tune(small_network().to_recipe(validation_split=0), *data, SPACE)


def test_numbers_of_numpy(data):
    space = {"training.batch_size": np.array([32, 64]), "optimizer.learning_rate": Range(np.float32(0.001), 0.1)}
    result = digitry.tune(small_network().to_recipe(epochs=1), *data, space, trials=1)
    assert result.best.values["training.batch_size"] in (32, 64)


def test_recipes_of_networks():
    network = small_network()
    recipe = network.to_recipe(epochs=3, optimizer=Adam(0.5), schedule=digitry.OneCycle(), validation_split=0.2)
    assert (recipe.epochs, recipe.validation, recipe.batch_size) == (3, 0.2, 128)
    assert recipe.optimizer["learning_rate"] == 0.5
    assert digitry.Network.from_recipe(recipe).layers == network.layers
    assert digitry.Recipe.parse(recipe.to_toml()) == recipe
    with pytest.raises(TypeError, match="speed"):
        network.to_recipe(speed=3)


def test_defaults_of_fit_are_those_of_a_recipe():
    """fit names its defaults in its signature, and to_recipe leaves them to the library."""
    import inspect

    from digitry.network import TrainingOptions

    defaults = {name: p.default for name, p in inspect.signature(digitry.Network.fit).parameters.items()}
    options = {name: defaults[name] for name in TrainingOptions.__annotations__}
    assert small_network().to_recipe(**options) == small_network().to_recipe()
