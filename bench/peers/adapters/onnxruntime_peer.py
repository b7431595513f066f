"""ONNX Runtime: answers only. Weights are random, as the time does not depend on them."""

import numpy as np
import onnx
import onnxruntime
import protocol
from onnx import TensorProto, helper, numpy_helper

# ("conv", in, out), ("dense", in, out), or an operator of ONNX with its attributes.
RELU, FLATTEN = ("Relu", {}), ("Flatten", {})
POOL = ("MaxPool", {"kernel_shape": [2, 2], "strides": [2, 2]})
CASES = {
    "mlp-128": [FLATTEN, ("dense", 784, 128), RELU, ("dense", 128, 10)],
    "mlp-512": [FLATTEN, ("dense", 784, 512), RELU, ("dense", 512, 512), RELU, ("dense", 512, 10)],
    "mnist_convnet": [("conv", 1, 32), RELU, POOL, ("conv", 32, 64), RELU, POOL, FLATTEN,
                      ("dense", 1600, 10)],
    "pytorch-cnn": [("conv", 1, 32), RELU, ("conv", 32, 64), RELU, POOL, FLATTEN,
                    ("dense", 9216, 128), RELU, ("dense", 128, 10)],
}
OPERATORS = {"conv": ("Conv", {}), "dense": ("Gemm", {"transB": 1})}


def build_model(layers, seed):
    random = np.random.default_rng(seed)
    nodes, weights, output = [], [], "image"
    for number, (kind, *sizes) in enumerate(layers):
        inputs = [output]
        output = f"layer{number}"
        if kind not in OPERATORS:
            nodes.append(helper.make_node(kind, inputs, [output], **sizes[0]))
            continue
        fan_in, out = sizes
        shape = (out, fan_in, 3, 3) if kind == "conv" else (out, fan_in)
        for suffix, array in ("weight", random.normal(0, 0.05, shape)), ("bias", np.zeros(out)):
            inputs.append(f"{output}.{suffix}")
            weights.append(numpy_helper.from_array(array.astype(np.float32), inputs[-1]))
        operator, attributes = OPERATORS[kind]
        nodes.append(helper.make_node(operator, inputs, [output], **attributes))
    graph = helper.make_graph(
        nodes, "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, 28, 28])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, [1, 10])], weights)
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8)


class OnnxRuntimePeer:
    def __init__(self, options, _):
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = options.threads
        settings.inter_op_num_threads = 1
        self.x_test = options.test[0][:, None]
        model = build_model(CASES[options.case], options.seed)
        onnx.checker.check_model(model)
        self.session = onnxruntime.InferenceSession(
            model.SerializeToString(), settings, providers=["CPUExecutionProvider"]
        )

    def classify_one(self, index):
        return int(self.session.run(None, {"image": self.x_test[index : index + 1]})[0].argmax())


protocol.main(
    OnnxRuntimePeer, protocol.parse_options(), onnxruntime.__version__, measures=("latency",)
)
