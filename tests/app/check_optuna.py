"""Searches, exports the study, loads it into Optuna, and compares what Optuna reads with the study."""

import json
import pathlib
import sqlite3
import subprocess
import sys
import tempfile

import numpy as np
import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

SPACE = """
["optimizer.learning_rate"]
low = 0.0001
high = 0.5
log = true
["layers.1.out_features"]
low = 4
high = 32
["training.batch_size"]
choices = [8, 16]
"""
RECIPE = """
name = "two"
[training]
epochs = 3
validation = 0.2
[optimizer]
type = "adam"
[[layers]]
type = "flatten"
[[layers]]
type = "dense"
out_features = 8
[[layers]]
type = "relu"
[[layers]]
type = "dense"
out_features = "classes"
"""


def main():
    digitry, script = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        random = np.random.default_rng(0)
        labels = np.arange(300, dtype=np.uint8) % 3
        images = random.integers(0, 90, (300, 8, 8), dtype=np.uint8)
        for image, label in zip(images, labels):
            image[3:5, 2 * label : 2 * label + 3] = 200
        np.savez(folder / "data.npz", x_train=images, y_train=labels, x_test=images[:3], y_test=labels[:3])
        (folder / "space.toml").write_text(SPACE)
        (folder / "recipe.toml").write_text(RECIPE)

        def run(*words):
            subprocess.run([*words], cwd=folder, check=True, stdout=subprocess.DEVNULL)

        run(digitry, "--quiet", "tune", "recipe.toml", "--space", "space.toml", "--data", "data.npz", "--trials", "12",
            "--seeds", "1", "--threads", "1", "--out", "study")
        run(digitry, "--quiet", "tune", "--export", "study.json", "--out", "study")
        run(sys.executable, script, "study.json", "optuna.log", "loaded")
        twice = subprocess.run([sys.executable, script, "study.json", "optuna.log", "loaded"], cwd=folder, text=True,
                               stderr=subprocess.PIPE)
        assert twice.returncode == 1 and "has a study loaded already" in twice.stderr, twice

        exported = json.loads((folder / "study.json").read_text())
        assert exported["format"] == "digitry-study-1" and len(exported["trials"]) == 12
        assert sum(len(trial["fresh_val_accuracies"]) for trial in exported["trials"]) == 3
        with sqlite3.connect(folder / "study/study.sqlite") as study:
            rows = study.execute("SELECT state, val_accuracy, parameters, begun, ended FROM trials ORDER BY id").fetchall()
            epochs = study.execute("SELECT trial, epoch, val_accuracy FROM epochs ORDER BY 1, 2").fetchall()
        storage = JournalStorage(JournalFileBackend(str(folder / "optuna.log")))
        loaded = optuna.load_study(study_name="loaded", storage=storage)
        states = {"finished": "COMPLETE", "stopped": "PRUNED", "failed": "FAIL"}
        assert [trial.state.name for trial in loaded.trials] == [states[row[0]] for row in rows]
        assert {row[0] for row in rows} >= {"finished", "stopped"}, rows
        assert [trial.params for trial in loaded.trials] == [json.loads(row[2]) for row in rows]
        assert loaded.best_value == max(row[1] for row in rows if row[0] == "finished")
        for trial, row in zip(loaded.trials, rows):
            assert abs((trial.datetime_complete - trial.datetime_start).total_seconds() - (row[4] - row[3])) < 0.01
        found = [(trial.number + 1, *item) for trial in loaded.trials for item in trial.intermediate_values.items()]
        assert found == [tuple(row) for row in epochs], (found, epochs)


main()
