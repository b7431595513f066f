"""scikit-learn's MLPClassifier: multi-layer perceptrons on the CPU, without dropout."""

import warnings

import protocol
import sklearn
from sklearn.neural_network import MLPClassifier

HIDDEN = {"mlp-128": (128,), "mlp-512": (512, 512)}


class SklearnPeer:
    def __init__(self, options, batch_size):
        self.x, self.y = options.train[0].reshape(-1, 784), options.train[1]
        self.x_test, self.y_test = options.test[0].reshape(-1, 784), options.test[1]
        self.model = MLPClassifier(
            HIDDEN[options.case], batch_size=min(batch_size, len(self.y)), alpha=0,
            random_state=options.seed)

    def train_epoch(self):
        self.model.partial_fit(self.x, self.y, classes=range(10))

    def accuracy(self):
        return float(self.model.score(self.x_test, self.y_test))

    def classify_one(self, index):
        return int(self.model.predict(self.x_test[index : index + 1])[0])


warnings.filterwarnings("ignore")
protocol.main(SklearnPeer, protocol.parse_options(), sklearn.__version__)
