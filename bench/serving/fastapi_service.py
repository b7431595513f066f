"""A service as people write it: FastAPI, Uvicorn (uvloop, httptools) and ONNX Runtime.

    fastapi_service.py MODEL.safetensors PORT WORKERS

Answers POST /v2/models/bench/infer as digitry serve does: one image of pixels 0 to 255 in JSON to
logits, probabilities and class in JSON. Each worker is a process with a session of one thread; the
body is parsed by orjson, without models of pydantic, which would cost more.
"""

import json
import os
import sys

import numpy as np
import onnx
import onnxruntime
import orjson
import uvicorn
from fastapi import FastAPI, Request, Response
from onnx import TensorProto, helper, numpy_helper
from safetensors import safe_open

DROPPED = {"dropout", "spatial_dropout"}


def operator_of(layer, inputs, output):
    """One layer of docs/model_format.md as ONNX; those that a served notebook has."""
    kind = layer["type"]
    if kind == "flatten":
        return helper.make_node("Flatten", inputs, [output])
    if kind == "relu":
        return helper.make_node("Relu", inputs, [output])
    if kind == "dense":
        return helper.make_node("Gemm", inputs, [output], transB=1)
    if kind == "conv2d":
        return helper.make_node("Conv", inputs, [output], pads=[layer.get("padding", 0)] * 4,
                                strides=[layer.get("stride", 1)] * 2)
    if kind == "max_pool2d":
        size = layer.get("kernel_size", 2)
        return helper.make_node("MaxPool", inputs, [output], kernel_shape=[size] * 2,
                                strides=[layer.get("stride", size)] * 2)
    raise SystemExit(f"fastapi_service.py: no operator for layers '{kind}'")


def onnx_of(path):
    """The model as ONNX bytes: pixels 0 to 255 to probabilities."""
    with safe_open(path, framework="np") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    architecture = json.loads(metadata["digitry.architecture"])
    scale = json.loads(metadata["digitry.preprocessing"])
    temperature = json.loads(metadata["digitry.calibration"])["temperature"]
    constants = {"scale": scale["pixel_scale"], "offset": scale["pixel_offset"],
                 "temperature": temperature}
    weights = [numpy_helper.from_array(np.array(value, np.float32), name)
               for name, value in constants.items()]
    nodes = [helper.make_node("Mul", ["pixels", "scale"], ["scaled"]),
             helper.make_node("Add", ["scaled", "offset"], ["input"])]
    output = "input"
    for number, layer in enumerate(architecture["layers"]):
        if layer["type"] in DROPPED:
            continue
        inputs, output = [output], f"layer{number}"
        for suffix in ("weight", "bias"):
            name = f"{number}.{suffix}"
            if name in tensors:
                inputs.append(name)
                weights.append(numpy_helper.from_array(tensors[name], name))
        nodes.append(operator_of(layer, inputs, output))
    nodes.append(helper.make_node("Identity", [output], ["logits"]))
    nodes.append(helper.make_node("Div", ["logits", "temperature"], ["calibrated"]))
    nodes.append(helper.make_node("Softmax", ["calibrated"], ["probabilities"], axis=1))
    shape = [1, *architecture["input_shape"]]
    classes = len(json.loads(metadata["digitry.classes"])["names"])
    graph = helper.make_graph(
        nodes, "digits", [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, classes])
         for name in ("logits", "probabilities")], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString(), shape


def make_app():
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    settings.inter_op_num_threads = 1
    model, shape = onnx_of(os.environ["BENCH_MODEL"])
    session = onnxruntime.InferenceSession(model, settings, providers=["CPUExecutionProvider"])
    app = FastAPI()

    @app.post("/v2/models/bench/infer")
    async def infer(request: Request):
        tensor = orjson.loads(await request.body())["inputs"][0]
        pixels = np.array(tensor["data"], np.float32).reshape(shape)
        logits, probabilities = session.run(None, {"pixels": pixels})
        shape_of = list(probabilities.shape)
        answer = {"model_name": "bench", "outputs": [
            {"name": "logits", "datatype": "FP32", "shape": shape_of, "data": logits[0].tolist()},
            {"name": "probabilities", "datatype": "FP32", "shape": shape_of,
             "data": probabilities[0].tolist()},
            {"name": "class", "datatype": "BYTES", "shape": [1],
             "data": [str(int(probabilities.argmax()))]}]}
        return Response(orjson.dumps(answer), media_type="application/json")

    return app


if __name__ == "__main__":
    os.environ["BENCH_MODEL"] = sys.argv[1]
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    uvicorn.run("fastapi_service:make_app", factory=True, host="127.0.0.1", port=int(sys.argv[2]),
                workers=int(sys.argv[3]), loop="uvloop", http="httptools", log_level="warning",
                access_log=False)
