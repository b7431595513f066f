"""Compares an ONNX model with what `digitry predict --json` printed for the same images; see scripts/verify_onnx."""

import json
import sys

import numpy as np
import onnx
import onnxruntime

name, model, images, expected = sys.argv[1:]
onnx.checker.check_model(onnx.load(model), full_check=True)
with open(images, "rb") as file:
    header = np.frombuffer(file.read(16), ">i4")
    pixels = np.frombuffer(file.read(), np.uint8).reshape(-1, 1, header[2], header[3])
with open(expected) as file:
    rows = json.load(file)
answers = np.array([list(row["probabilities"].values()) for row in rows])
scores = np.array([row["in_distribution_score"] for row in rows])


def compare(runtime, run):
    found = np.concatenate([run(pixels[at : at + 500]) for at in range(0, len(pixels), 500)])
    difference = np.abs(found[:, : answers.shape[1]] - answers).max()
    others = int((found[:, : answers.shape[1]].argmax(1) != answers.argmax(1)).sum())
    text = f"{name}, {runtime}: {len(pixels)} images, largest difference of a probability {difference:.1e}"
    if found.shape[1] > answers.shape[1]:
        text += f", of a score {np.abs(found[:, -1] - scores).max():.1e}"
    print(f"{text}, other classes {others}")
    return difference <= 1e-4 and others == 0


session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
dtype = np.uint8 if session.get_inputs()[0].type == "tensor(uint8)" else np.float32


def by_onnx_runtime(batch):
    outputs = dict(zip((o.name for o in session.get_outputs()), session.run(None, {"pixels": batch.astype(dtype)})))
    score = outputs.get("in_distribution_score")
    return outputs["probabilities"] if score is None else np.column_stack([outputs["probabilities"], score])


good = compare("ONNX Runtime " + onnxruntime.__version__, by_onnx_runtime)
try:
    import cv2
except ImportError:
    cv2 = None
if cv2 is not None:
    try:
        network = cv2.dnn.readNetFromONNX(model)

        def by_opencv(batch):
            # OpenCV before version 5 takes only float32.
            network.setInput(batch.astype(dtype if cv2.__version__ >= "5" else np.float32), "pixels")
            return network.forward("probabilities")

        good = compare("OpenCV " + cv2.__version__, by_opencv) and good
    except cv2.error as error:
        print(f"{name}, OpenCV {cv2.__version__}: {str(error).strip().splitlines()[-1][:300]}")
sys.exit(0 if good else 1)
