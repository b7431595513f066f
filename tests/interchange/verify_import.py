"""Trains small networks in scikit-learn and Keras, imports them, and compares the answers; see scripts/verify_import."""

import json
import os
import pathlib
import subprocess
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras  # noqa: E402
import numpy as np  # noqa: E402
import skl2onnx  # noqa: E402
import tensorflow as tf  # noqa: E402
import tf2onnx  # noqa: E402
from keras import layers  # noqa: E402
from skl2onnx.common.data_types import FloatTensorType  # noqa: E402
from sklearn.neural_network import MLPClassifier  # noqa: E402

digitry, data, folder = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])


def images_of(split):
    images = np.fromfile(data / f"{split}-images-idx3-ubyte", np.uint8)[16:].reshape(-1, 28, 28)
    return images, np.fromfile(data / f"{split}-labels-idx1-ubyte", np.uint8)[8:]


train, labels = (part[:8000] for part in images_of("train"))
test, _ = images_of("t10k")
good = True


def compare(name, expected):
    global good
    out = folder / f"{name}.safetensors"
    subprocess.run([digitry, "import", folder / f"{name}.onnx", "--out", out], check=True, stdout=subprocess.DEVNULL)
    result = subprocess.run([digitry, "predict", out, data / "t10k-images-idx3-ubyte", "--json"], check=True, stdout=subprocess.PIPE)
    found = np.array([list(row["probabilities"].values()) for row in json.loads(result.stdout)])
    difference, others = np.abs(found - expected).max(), int((found.argmax(1) != expected.argmax(1)).sum())
    print(f"{name}: {len(found)} images, largest difference of a probability {difference:.1e}, other classes {others}")
    good = good and difference <= 1e-4 and others == 0


def sklearn_mlp():
    model = MLPClassifier((64,), max_iter=2).fit(train.reshape(-1, 784) / 255, labels)
    onnx = skl2onnx.convert_sklearn(model, initial_types=[("X", FloatTensorType([None, 784]))], target_opset=17)
    (folder / "sklearn-mlp.onnx").write_bytes(onnx.SerializeToString())
    compare("sklearn-mlp", model.predict_proba(test.reshape(-1, 784) / 255))


def keras_network(name, scale, shape, parts):
    model = keras.Sequential([keras.Input(shape), *parts, layers.Dense(10, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    inputs = [(images / scale).astype(np.float32).reshape(-1, *shape) for images in (train, test)]
    model.fit(inputs[0], labels, batch_size=128, epochs=1, verbose=0)
    signature = [tf.TensorSpec((None, *shape), tf.float32, name="input")]
    function = tf.function(lambda batch: model(batch, training=False), input_signature=signature)
    tf2onnx.convert.from_function(function, signature, opset=17, output_path=str(folder / f"{name}.onnx"))
    compare(name, model.predict(inputs[1], batch_size=500, verbose=0))


sklearn_mlp()
keras_network("keras-mlp", 255, (28, 28), [layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dropout(0.2)])
keras_network("keras-cnn", 255, (28, 28, 1), [
    layers.Conv2D(8, 3, activation="relu"), layers.BatchNormalization(), layers.MaxPooling2D(2),
    layers.Conv2D(16, 3, padding="same", activation="relu"), layers.AveragePooling2D(2), layers.Flatten(), layers.Dropout(0.5),
])
keras_network("keras-global", 1, (28, 28, 1), [
    layers.Rescaling(1 / 255), layers.Conv2D(8, 3, strides=2, activation="relu"), layers.Conv2D(16, 3),
    layers.BatchNormalization(), layers.LeakyReLU(0.1), layers.GlobalAveragePooling2D(),
])
sys.exit(0 if good else 1)
