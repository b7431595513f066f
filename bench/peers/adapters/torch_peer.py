"""PyTorch. Variants: `eager`, `compile` (torch.compile), `bf16` (torch.compile, bfloat16 autocast)."""

import contextlib
import warnings

import protocol

warnings.filterwarnings("ignore")
options = protocol.parse_options()

import torch  # noqa: E402
from torch import nn  # noqa: E402

torch.set_num_threads(options.threads)
torch._logging.set_logs(all=50)

CASES = {
    "mlp-128": lambda: [nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Dropout(0.2),
                        nn.Linear(128, 10)],
    "mlp-512": lambda: [nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Dropout(0.2),
                        nn.Linear(512, 512), nn.ReLU(), nn.Dropout(0.2), nn.Linear(512, 10)],
    "mnist_convnet": lambda: [nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
                              nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
                              nn.Flatten(), nn.Dropout(0.5), nn.Linear(1600, 10)],
    "pytorch-cnn": lambda: [nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(),
                            nn.MaxPool2d(2), nn.Dropout(0.25), nn.Flatten(),
                            nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10)],
}


class TorchPeer:
    def __init__(self, options, batch_size):
        torch.manual_seed(options.seed)
        self.batch_size = batch_size
        self.x, self.y = map(torch.from_numpy, options.train)
        self.x_test, self.y_test = map(torch.from_numpy, options.test)
        self.x, self.x_test = self.x.unsqueeze(1), self.x_test.unsqueeze(1)
        self.model = nn.Sequential(*CASES[options.case]()).to(memory_format=torch.channels_last)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3, fused=True)
        self.logits, self.loss = self.model, self.mean_loss
        if options.variant != "eager":
            torch._dynamo.reset()
            self.logits = torch.compile(self.model, dynamic=False)
            self.loss = torch.compile(self.mean_loss, dynamic=False)

    def precision(self):
        if options.variant == "bf16":
            return torch.autocast("cpu", torch.bfloat16)
        return contextlib.nullcontext()

    def mean_loss(self, x, y):
        return nn.functional.cross_entropy(self.model(x), y)

    def train_epoch(self):
        self.model.train()
        for indices in torch.randperm(len(self.y)).split(self.batch_size):
            self.optimizer.zero_grad()
            with self.precision():
                loss = self.loss(self.x[indices], self.y[indices])
            loss.backward()
            self.optimizer.step()

    @torch.inference_mode()
    def accuracy(self):
        self.model.eval()
        with self.precision():
            parts = [self.logits(x).argmax(1) for x in self.x_test.split(1000)]
        return float((torch.cat(parts) == self.y_test).float().mean())

    @torch.inference_mode()
    def classify_one(self, index):
        with self.precision():
            return int(self.logits(self.x_test[index : index + 1]).argmax())


protocol.main(TorchPeer, options, torch.__version__.partition("+")[0])
