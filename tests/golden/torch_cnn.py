"""Writes torch_cnn.onnx, a small network that PyTorch exported, and torch_cnn.json, its own answers. Needs PyTorch (Debian: python3-torch)."""

import json
import pathlib

import torch
from torch import nn

torch.manual_seed(0)
network = nn.Sequential(
    nn.Conv2d(1, 2, 3, padding=1, bias=False),
    nn.BatchNorm2d(2),
    nn.GELU(),
    nn.AvgPool2d(2),
    nn.Conv2d(2, 3, 3),
    nn.SiLU(),
    nn.Dropout(0.5),
    nn.Flatten(),
    nn.Linear(12, 3),
)
images = torch.randint(0, 256, (4, 1, 8, 8))
network(images / 255)  # Running mean and variance.
network.eval()
folder = pathlib.Path(__file__).parent
torch.onnx.export(network, images[:1] / 255, str(folder / "torch_cnn.onnx"), opset_version=17)
answers = {
    "torch": torch.__version__,
    "images": images.flatten().tolist(),
    "logits": [round(value, 7) for value in network(images / 255).flatten().tolist()],
}
(folder / "torch_cnn.json").write_text(json.dumps(answers) + "\n")
