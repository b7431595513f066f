"""The notebook runs from top to bottom, and shows what it says."""

import pathlib
import re

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytestmark = pytest.mark.new_numpy

NOTEBOOK = pathlib.Path(__file__).parents[2] / "notebooks" / "mnist_digit_classification.ipynb"


def texts(cell):
    """What a cell printed, and the plain text of what it showed."""
    parts = [output.get("text", "") for output in cell.outputs if output.output_type == "stream"]
    return "".join(parts)


def data(cell, kind):
    return [output.data[kind] for output in cell.outputs if kind in output.get("data", {})]


def test_the_notebook():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "the notebook is stored without its outputs"
    nbclient.NotebookClient(notebook, timeout=240, kernel_name="python3").execute()
    cells = {cell.source.split("\n")[0]: cell for cell in notebook.cells if cell.cell_type == "code"}
    everything = "".join(texts(cell) for cell in cells.values())
    accuracies = [float(text) for text in re.findall(r"^accuracy (\S+)$", everything, re.MULTILINE)]
    dense, convolutional, augmented, tuned, shipped = accuracies
    assert min(dense, tuned) > 0.965
    assert min(convolutional, augmented) > 0.975
    assert shipped > 0.99
    assert "5 [0 0 0 0 0 1 0 0 0 0]" in everything
    assert "from 0.0 to 1.0" in everything
    assert "curve" in data(cells["history"], "text/html")[0]
    confusion = data(cells["evaluation = network.evaluate(x_test, y_test)"], "text/html")[0]
    assert "Predicted class" in confusion
    assert confusion.count('class="image ') == 24
    assert sum(len(data(cell, "image/png")) for cell in cells.values()) == 2
    explained = data(cells["mistakes = [m.image_index for m in evaluation.mistakes[:3]]"], "text/html")[0]
    assert explained.count("</figure>") == 3
    assert re.search(r"^best trial \d: finished, 9\d\.\d\d % after 1 epochs, ", everything, re.MULTILINE)
    progress = data(cells["start = time.perf_counter()"], "text/plain")
    assert "epoch 5/5" in progress[0]
