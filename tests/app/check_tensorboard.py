"""Trains with --tensorboard, is interrupted and resumed, and reads the events as TensorBoard does."""

import csv
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2

RECIPE = """
name = "dense"
[training]
epochs = 4
batch_size = 1
[optimizer]
type = "sgd"
learning_rate = 0.01
[[layers]]
type = "flatten"
[[layers]]
type = "dense"
out_features = "classes"
"""


def write_data(folder):
    random = np.random.default_rng(0)
    labels = np.arange(2000, dtype=np.uint8) % 3
    images = random.integers(0, 90, (2000, 8, 8), dtype=np.uint8)
    for image, label in zip(images, labels):
        image[3:5, 2 * label : 2 * label + 3] = 200
    labels[::20] = (labels[::20] + 1) % 3  # Mistakes to show.
    np.savez(folder / "data.npz", x_train=images[:1900], y_train=labels[:1900],
             x_test=images[1900:], y_test=labels[1900:])
    (folder / "recipe.toml").write_text(RECIPE)


def interrupt_after_two_epochs(command):
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    for line in process.stderr:
        if line.startswith("epoch 2/"):
            process.send_signal(signal.SIGINT)
            break
    process.communicate()


def read(folder):
    events = EventAccumulator(str(folder), size_guidance={"images": 0, "scalars": 0, "tensors": 0})
    events.Reload()
    return events


def check(run, evaluation):
    events = read(run)
    tags = events.Tags()
    history = list(csv.DictReader((run / "history.csv").open()))
    columns = {"train/loss": "loss", "train/accuracy": "accuracy", "learning_rate": "learning_rate",
               "validation/loss": "val_loss", "validation/accuracy": "val_accuracy"}
    for tag, column in columns.items():
        scalars = events.Scalars(tag)
        assert [s.step for s in scalars] == [1, 2, 3, 4], (tag, scalars)
        np.testing.assert_allclose([s.value for s in scalars], [float(row[column]) for row in history], rtol=1e-6)
    found = events.Scalars("evaluation/test_accuracy")
    assert len(found) == 1 and abs(found[0].value - evaluation["accuracy"]) < 1e-6, (found, evaluation["accuracy"])
    assert set(tags["images"]) == {"confusion_matrix", "mistakes"}, tags["images"]
    for tag in tags["images"]:
        image = events.Images(tag)[0]
        png = image.encoded_image_string
        assert png.startswith(b"\x89PNG") and len(png) > 1000
        assert (image.width, image.height) == tuple(int.from_bytes(png[at : at + 4], "big") for at in (16, 20))
    text = events.Tensors("recipe")[0].tensor_proto.string_val[0].decode()
    assert text == "```\n" + (run / "config.toml").read_text() + "```\n", text
    plugin = events.PluginTagToContent("hparams")
    start = plugin_data_pb2.HParamsPluginData.FromString(plugin["_hparams_/session_start_info"]).session_start_info
    assert start.hparams["optimizer.learning_rate"].number_value == 0.01
    assert start.hparams["optimizer.type"].string_value == "sgd"
    end = plugin_data_pb2.HParamsPluginData.FromString(plugin["_hparams_/session_end_info"]).session_end_info
    assert end.status == 1, end  # Success.


def main(digitry):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_data(folder)
        run = folder / "run"
        common = [digitry, "train", "--tensorboard", "--threads", "1", "--no-report", "--out", str(run)]
        for _ in range(20):  # Two more epochs may be over before the signal arrives.
            shutil.rmtree(run, ignore_errors=True)
            interrupt_after_two_epochs(
                common + ["--recipe", str(folder / "recipe.toml"), "--data", str(folder / "data.npz")])
            if not (run / "metrics.json").exists():
                break
        done = len(list(run.glob("events.out.tfevents.*")))
        assert done == 1 and not (run / "metrics.json").exists(), "the first training was not interrupted"
        subprocess.run(common + ["--resume"], check=True, capture_output=True)
        assert len(list(run.glob("events.out.tfevents.*"))) == 2
        check(run, json.loads((run / "metrics.json").read_text())["evaluation"])
        subprocess.run([digitry, "train", "--tensorboard", str(folder / "logs"), "--threads", "1", "--no-report",
                        "--out", str(folder / "pair"), "--recipe", str(folder / "recipe.toml"), "--seeds", "0-1",
                        "--epochs", "1", "--data", str(folder / "data.npz")], check=True, capture_output=True)
        for seed in (0, 1):
            assert len(read(folder / "logs" / "pair" / f"seed-{seed}").Scalars("train/loss")) == 1
    print("ok")


main(sys.argv[1])
