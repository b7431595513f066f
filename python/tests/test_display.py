"""What a notebook shows, and the progress of a training."""

import io
import re
import shutil

import pytest
from conftest import checked, small_network

import digitry


def test_a_model_shows_its_layers(trained):
    html = checked(trained.model._repr_html_())
    assert re.findall(r'<th scope="row">([^<]*)</th>', html) == [
        "0 flatten",
        "1 dense",
        "2 relu",
        "3 dropout",
        "4 dense",
        "All",
    ]
    assert "25,450" in html


def test_a_history_shows_its_epochs_and_curves(trained):
    html = checked(trained.history._repr_html_())
    assert html.count('<th scope="row">') == 3
    assert html.count("(best)") == 1
    assert html.count("<svg") == (2 if shutil.which("gnuplot") else 0)


def test_an_evaluation_shows_the_confusion_matrix_and_mistakes(model, mnist):
    evaluation = model.evaluate(*mnist[1])
    html = checked(evaluation._repr_html_())
    assert f"{evaluation.accuracy:.2%}".rstrip("%") in html
    diagonal = [str(n) for n in evaluation.confusion.diagonal()]
    assert [n for n in re.findall(r">(\d+)</a>", html) if n in diagonal]
    assert html.count('class="image ') == min(24, len(evaluation.mistakes))
    assert "data:image/png;base64," in html
    floats = model.evaluate(mnist[1][0] / 255, mnist[1][1])
    assert floats._repr_html_().count('class="image ') == min(24, len(floats.mistakes))


def test_class_names_are_escaped(mnist):
    network = digitry.Network([digitry.Flatten(), digitry.Dense("classes")])
    network.fit(mnist[0][0][:200], mnist[0][1][:200] % 2, epochs=1, class_names=["<script>", "&"])
    html = checked(network.evaluate(mnist[0][0][:200], mnist[0][1][:200] % 2)._repr_html_())
    assert "&lt;script&gt;" in html


def test_a_reading_shows_the_picture(mnist):
    picture = 255 - mnist[1][0][0].repeat(3, 0).repeat(3, 1)
    html = checked(digitry.read(picture)._repr_html_())
    assert html.startswith('<img alt="Digits read: 7')


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("progress", [None, True, False])
@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_progress(mnist, monkeypatch, progress, stream):
    """A line for each epoch, if somebody looks; a line that changes on a terminal only."""
    stderr = stream()
    monkeypatch.setattr("sys.stderr", stderr)
    small_network().fit(mnist[0][0][:1000], mnist[0][1][:1000], epochs=2, progress=progress)
    shown = progress if progress is not None else stream is Terminal
    lines = [line for line in re.split(r"[\r\n]+", stderr.getvalue()) if "validation loss" in line]
    assert len(lines) == (2 if shown else 0)
    if stream is not Terminal:
        assert "\x1b" not in stderr.getvalue()
    assert shown or not stderr.getvalue()
