"""Runs the models that onnx_cases_test.cpp exports in ONNX Runtime and compares the answers with Digitry's."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime


def check(case, folder):
    model = onnx.load(folder / (case["base"] + ".onnx"))
    onnx.checker.check_model(model, full_check=True)
    assert (model.ir_version, model.opset_import[0].version) == (8, 17)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(metadata["digitry.classes"]) == case["classes"], "class names"

    dtype = {"u8": np.uint8, "f32": np.float32}[case["dtype"]]
    images = np.fromfile(folder / (case["base"] + ".images"), dtype).reshape(case["shape"])
    logits = np.fromfile(folder / (case["base"] + ".logits"), np.float32).reshape(len(images), -1)
    probabilities = np.array(case["probabilities"]).reshape(logits.shape)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    assert names == ["logits", "probabilities"] + ["in_distribution_score"] * case["has_score"], names
    images = images.astype(case["input"])
    # The number of images is variable.
    parts = [session.run(None, {"pixels": part}) for part in (images[:1], images[1:])]
    found = dict(zip(names, (np.concatenate(values) for values in zip(*parts))))

    tolerance = case["tolerance"]
    difference = np.abs(found["probabilities"] - probabilities).max()
    assert difference <= tolerance, f"probabilities differ by {difference}"
    # The logarithm of a probability near 0 may differ by more.
    likely = probabilities > 1e-3
    error = np.abs(found["logits"] - logits)[likely].max() / max(1, np.abs(logits).max())
    assert error <= 10 * tolerance, f"logits differ by {error} of the largest"
    top = np.sort(probabilities, axis=1)
    clear = top[:, -1] - top[:, -2] > 2 * tolerance
    same = found["probabilities"].argmax(1) == probabilities.argmax(1)
    assert same[clear].all(), "other classes"
    if case["has_score"]:
        difference = np.abs(found["in_distribution_score"] - case["scores"]).max()
        assert difference <= 1e-4, f"scores differ by {difference}"
    return difference


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run(
            [sys.argv[1], "--gtest_brief=1", "--gtest_filter=OnnxCases.*"],
            env={**os.environ, "DIGITRY_ONNX_CASES": name}, check=True, stdout=subprocess.DEVNULL,
        )
        cases = json.loads((folder / "cases.json").read_text())
        failed = 0
        for case in cases:
            try:
                check(case, folder)
            except Exception as error:  # Any error is a failure of this case alone.
                failed += 1
                print(f"FAILED {case['base']}: {case['name']}\n{error}")
        print(f"{len(cases)} models, ONNX Runtime {onnxruntime.__version__}, onnx {onnx.__version__}: {failed} failed")
        return 1 if failed or len(cases) < 50 else 0


sys.exit(main())
