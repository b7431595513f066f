"""Explanations, and the report of a network and of a run."""

import math
import pathlib
import pickle
import re
import shutil

import numpy as np
import pytest
from conftest import write_idx

import digitry

needs_gnuplot = pytest.mark.skipif(shutil.which("gnuplot") is None, reason="gnuplot draws the curves")


@pytest.fixture(scope="module")
def wrong(trained, mnist):
    """The first mistakes: images, labels and answers."""
    x, y = mnist[1]
    indices = [mistake.image_index for mistake in trained.evaluate(x, y).mistakes[:4]]
    return x[indices], y[indices], trained.predict(x[indices])


def test_explains_mistakes_by_pixels_and_training_images(trained, mnist, wrong):
    x, y, predicted = wrong
    explanations = digitry.explain(trained.model, x, y, train=mnist[0], nearest=3)
    assert len(explanations) == 4
    assert np.array_equal(explanations.predicted, predicted)
    assert np.array_equal(explanations.against, y)
    assert explanations.attributions.shape == (4, 28, 28)
    assert explanations.attributions.dtype == np.float32
    blank = x.max(axis=0) == 0
    assert (explanations.attributions[:, :1, :1] == 0).all() or not blank[0, 0]
    assert abs(explanations.attributions).max() > 0
    assert [len(near) for near in explanations.nearest] == [3] * 4
    distances = [near.distance for near in explanations.nearest[0]]
    assert distances == sorted(distances)
    near = explanations.nearest[0][0]
    assert mnist[0][1][near.image_index] == near.label
    assert explanations.to_png(0).startswith(b"\x89PNG")
    with pytest.raises(IndexError):
        explanations.to_png(4)
    html = explanations._repr_html_()
    assert html.count("<img ") == html.count("</figure>") == 4
    assert f"why {predicted[0]} and not {y[0]}" in html


def test_an_image_is_nearest_to_itself(trained, mnist):
    x, y = mnist[0]
    near = digitry.explain(trained.model, x[7:8], train=(x, y), nearest=1).nearest[0][0]
    assert (near.image_index, near.label) == (7, y[7])
    assert near.distance == pytest.approx(0, abs=1e-3)


def test_what_an_answer_is_compared_with(trained, mnist):
    x, y = mnist[1]
    right = np.flatnonzero(trained.predict(x) == y)[:2]
    second = trained.predict_proba(x[right]).argsort(axis=1)[:, -2]
    assert np.array_equal(digitry.explain(trained.model, x[right], y[right]).against, second)
    assert np.array_equal(digitry.explain(trained.model, x[right]).against, second)
    other = [(int(label) + 3) % 10 for label in y[right]]
    assert digitry.explain(trained.model, x[right], against=other).against.tolist() == other
    assert digitry.explain(trained.model, x[right[:1]], against=other[0]).against.tolist() == other[:1]
    floats = digitry.explain(trained.model, x[right] / 255)
    assert np.array_equal(floats.attributions, digitry.explain(trained.model, x[right]).attributions)


def test_explanations_of_what_does_not_fit(trained, mnist, x):
    model = trained.model
    with pytest.raises(digitry.ShapeError, match=r"got \(50, 27, 28\)"):
        digitry.explain(model, x[:, :27])
    with pytest.raises(digitry.ShapeError, match="2 labels"):
        digitry.explain(model, x[:2], [1])
    with pytest.raises(digitry.DataError, match=r"against: expected classes in \[0, 9\], got 10"):
        digitry.explain(model, x[:1], against=10)
    with pytest.raises(digitry.ArgumentError, match="nearest"):
        digitry.explain(model, x[:1], nearest=0)
    with pytest.raises(digitry.ShapeError, match="train: expected images of"):
        digitry.explain(model, x[:1], train=(mnist[0][0][:5, :27], mnist[0][1][:5]))
    with pytest.raises(TypeError, match="pair"):
        digitry.explain(model, x[:1], train=(mnist[0][0],))


@needs_gnuplot
def test_the_report_of_a_network(mnist, tmp_path):
    x, y = mnist[0][0][:1000], mnist[0][1][:1000]
    network = digitry.Network([digitry.Flatten(), digitry.Dense(16), digitry.Relu(), digitry.Dense(10)])
    network.fit(x, y, epochs=2, augmentation={"rotation": 10})
    network = pickle.loads(pickle.dumps(network))
    x_test, y_test = mnist[1][0][:300], mnist[1][1][:300]
    path = network.report(tmp_path / "report", x_test, y_test, train=(x, y))
    html = pathlib.Path(path).read_text(encoding="utf-8")
    evaluation = network.evaluate(x_test, y_test)
    assert f"{evaluation.accuracy:.2%}".rstrip("%") in html
    for words in ("Confusion", "augment", "nearest training images, by", "optimizer"):
        assert words in html, words
    assert {p.name for p in (tmp_path / "report" / "figures").iterdir()} >= {"curves.svg", "mistakes.png"}
    facts = dict(re.findall("<dt>([^<]*)</dt><dd>([^<]*)", html))
    assert facts["epochs"] == "2"
    assert int(facts["training images"]) + int(facts["validation images"]) == 1000
    assert int(facts["steps"]) == 2 * math.ceil(int(facts["training images"]) / 128)
    network.report(tmp_path / "report", x_test, y_test)
    assert "no training images were passed" in pathlib.Path(path).read_text(encoding="utf-8")
    with pytest.raises(digitry.DataError, match="that the network was trained on"):
        network.report(tmp_path / "report", x_test, y_test, train=(x[1:], y[1:]))


@needs_gnuplot
def test_the_report_of_a_run(trained, mnist, tmp_path):
    """What `digitry train` leaves in the folder of a run."""
    data = tmp_path / "data"
    data.mkdir()
    write_idx(data, "train", *(part[:200] for part in mnist[0]))
    write_idx(data, "t10k", *(part[:300] for part in mnist[1]))
    recipe = digitry.Network.to_recipe(trained)
    recipe.data = str(data)
    (tmp_path / "config.toml").write_text(recipe.to_toml())
    (tmp_path / "history.csv").write_text(trained.history.to_csv())
    (tmp_path / "metrics.json").write_text('{"split": "test", "training": {"best_epoch": 2}}')
    with pytest.raises(digitry.DataError, match="model"):
        digitry.report(tmp_path)
    trained.save(tmp_path / "model.safetensors")
    assert digitry.report(tmp_path) == str(tmp_path / "report.html")
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    accuracy = trained.evaluate(mnist[1][0][:300], mnist[1][1][:300]).accuracy
    assert f"{accuracy:.2%}".rstrip("%") in html
    assert digitry.report(str(tmp_path)) == str(tmp_path / "report.html")


def test_reports_need_a_network_and_a_run(tmp_path, mnist):
    with pytest.raises(digitry.ArgumentError, match="call fit first"):
        digitry.Network().report(tmp_path, *mnist[1])
    with pytest.raises(digitry.DataError, match=r"config\.toml"):
        digitry.report(tmp_path)
