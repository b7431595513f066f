"""Keras 3. Variants: `tensorflow`, `tensorflow-xla` (jit_compile), `jax`."""

import os

import protocol

options = protocol.parse_options()
backend = options.variant.partition("-")[0]
os.environ["KERAS_BACKEND"] = backend
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import layers  # noqa: E402

if backend == "tensorflow":
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    version = f"Keras {keras.__version__}, TensorFlow {tf.__version__}"
else:
    import jax

    version = f"Keras {keras.__version__}, JAX {jax.__version__}"

CASES = {
    "mlp-128": lambda: [
        layers.Flatten(), layers.Dense(128, "relu"), layers.Dropout(0.2)],
    "mlp-512": lambda: [
        layers.Flatten(), layers.Dense(512, "relu"), layers.Dropout(0.2),
        layers.Dense(512, "relu"), layers.Dropout(0.2)],
    "mnist_convnet": lambda: [
        layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(2),
        layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D(2),
        layers.Flatten(), layers.Dropout(0.5)],
    "pytorch-cnn": lambda: [
        layers.Conv2D(32, 3, activation="relu"), layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(2), layers.Dropout(0.25), layers.Flatten(),
        layers.Dense(128, "relu"), layers.Dropout(0.5)],
}


class KerasPeer:
    def __init__(self, options, batch_size):
        keras.utils.set_random_seed(options.seed)
        self.batch_size = batch_size
        self.x, self.y = options.train[0][..., None], options.train[1]
        self.x_test, self.y_test = options.test[0][..., None], options.test[1]
        self.model = keras.Sequential(
            [keras.Input((28, 28, 1)), *CASES[options.case](), layers.Dense(10)]
        )
        compiled = backend == "jax" or options.variant == "tensorflow-xla"
        self.model.compile(
            optimizer=keras.optimizers.Adam(1e-3),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            jit_compile=compiled,
            # Steps in one call of a compiled loop; JAX would unroll it.
            steps_per_execution=16 if backend == "tensorflow" else 1,
        )
        self.answer = self.make_answer(compiled)

    def make_answer(self, compiled):
        """Logits of one image in one compiled call, without `predict`'s machinery around it."""
        if backend == "tensorflow":
            call = tf.function(lambda x: self.model(x, training=False), jit_compile=compiled)
            return lambda x: call(tf.constant(x)).numpy()
        call = jax.jit(
            lambda trained, fixed, x: self.model.stateless_call(trained, fixed, x, training=False)[0]
        )

        def values(variables):
            return [variable.value for variable in variables]

        return lambda x: np.asarray(
            call(values(self.model.trainable_variables), values(self.model.non_trainable_variables), x)
        )

    def train_epoch(self):
        self.model.fit(self.x, self.y, batch_size=self.batch_size, epochs=1, verbose=0)

    def accuracy(self):
        logits = self.model.predict(self.x_test, batch_size=1000, verbose=0)
        return float((logits.argmax(1) == self.y_test).mean())

    def classify_one(self, index):
        return int(self.answer(self.x_test[index : index + 1]).argmax())


protocol.main(KerasPeer, options, version)
