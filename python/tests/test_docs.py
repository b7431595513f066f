"""The Python blocks of the documentation run as they are."""

import pathlib
import re

import pytest

pytestmark = pytest.mark.new_numpy
ROOT = pathlib.Path(__file__).parents[2]
PAGES = ["README.md", "docs/python.md"]


def blocks(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES)
def test_the_blocks_of_a_page(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {}
    assert blocks(page)
    for block in blocks(page):
        exec(compile(block, page, "exec"), names)
    assert names["network"].evaluate(names["x_test"], names["y_test"]).accuracy > 0.97
    assert "accuracy" in capsys.readouterr().out


def test_the_names_that_the_pages_mention():
    text = "".join((ROOT / page).read_text(encoding="utf-8") for page in PAGES)
    pytest.importorskip("sklearn")
    import digitry.sklearn

    for name in re.findall(r"digitry\.([A-Za-z_]+)\b(?=[(`.])", text):
        assert hasattr(digitry, name), name
    assert all(hasattr(digitry, name) for name in digitry.__all__)
