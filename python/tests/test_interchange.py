"""Models as ONNX files and as C source."""

import shutil
import subprocess

import numpy as np
import pytest

import digitry


def test_onnx(model, tmp_path):
    path = tmp_path / "digits.onnx"
    digitry.export_onnx(model, path)
    content = path.read_bytes()
    assert b"logits" in content
    assert b"digitry.rejection_threshold" in content
    digitry.export_onnx(model, str(path), float_input=True, in_distribution_score=False)
    assert len(path.read_bytes()) < len(content)
    with pytest.raises(OSError, match="nowhere"):
        digitry.export_onnx(model, tmp_path / "nowhere" / "digits.onnx")


def test_an_onnx_file_comes_back_as_the_same_model(model, x, tmp_path):
    path = tmp_path / "digits.onnx"
    digitry.export_onnx(model, path)
    again = digitry.import_onnx(path)
    assert np.allclose(again.predict_proba(x), model.predict_proba(x), atol=1e-5)
    assert again.class_names == model.class_names
    digitry.export_onnx(model, path, float_input=True)
    assert np.allclose(digitry.import_onnx(str(path)).predict_proba(x), model.predict_proba(x), atol=1e-5)
    names = [f"digit {i}" for i in range(10)]
    assert digitry.import_onnx(path, class_names=names).class_names == names
    shifted = digitry.import_onnx(path, pixel_scale=0.001, pixel_offset=0.5)
    assert not np.allclose(shifted.predict_proba(x), model.predict_proba(x), atol=1e-2)


def test_onnx_files_that_are_no_models(tmp_path):
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"not a graph")
    with pytest.raises(digitry.DataError, match=r"broken\.onnx"):
        digitry.import_onnx(path)
    with pytest.raises(ValueError, match="nowhere"):
        digitry.import_onnx(tmp_path / "nowhere.onnx")


def test_onnx_class_names_have_to_fit(model, tmp_path):
    digitry.export_onnx(model, tmp_path / "digits.onnx")
    with pytest.raises(ValueError, match="10"):
        digitry.import_onnx(tmp_path / "digits.onnx", class_names=["a", "b"])


@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs a C compiler")
@pytest.mark.parametrize("int8", [False, True])
def test_c_source_gives_the_same_classes(model, mnist, tmp_path, int8):
    needs = digitry.export_c(model, tmp_path / "digits", int8=int8, calibration_images=mnist[0][0][:200])
    assert needs["multiply_adds"] > 25_000
    x = mnist[1][0][:50]
    number = "int8_t" if int8 else "float"
    (tmp_path / "main.c").write_text(
        f"""#include <stdio.h>
#include "digits.h"
int main(void) {{
  static uint8_t pixels[784];
  static {number} out[10];
  static {number} arena[{needs["arena_bytes"]}];
  while (fread(pixels, 1, 784, stdin) == 784) printf("%d ", digits_classify(pixels, out, arena));
  return 0;
}}
"""
    )
    subprocess.run(["gcc", "-O1", "main.c", "digits.c", "-o", "digits"], cwd=tmp_path, check=True)
    result = subprocess.run([tmp_path / "digits"], input=x.tobytes(), stdout=subprocess.PIPE, check=True)
    same = sum(int(a) == b for a, b in zip(result.stdout.split(), model.predict(x), strict=True))
    assert same >= (47 if int8 else 49)


def test_int8_needs_images(model, tmp_path):
    with pytest.raises(digitry.ArgumentError):
        digitry.export_c(model, tmp_path / "digits", int8=True)
    with pytest.raises(digitry.ArgumentError, match="2digits"):
        digitry.export_c(model, tmp_path / "2digits")
