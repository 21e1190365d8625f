"""Speed of layers in arrays against those of PyTorch: one training step of an MLP, a CNN and an LSTM.

    python benchmarks/torch_layers.py [--batch 64] [--threads 1]

Both do forward, backward and step: arrays by pulses (rule mixed-precision), layers of torch by SGD. Times are processor
times of the process, the best of some rounds, the two in turns.
"""

import argparse
import time

import torch
from torch import nn

from arraysim import PulseOptimizer, convert, ladder_law

CONVOLUTIONS = 32, 64


def mlp():
    return nn.Sequential(nn.Linear(784, 256), nn.Tanh(), nn.Linear(256, 10)), (784,)


def cnn():
    first, second = CONVOLUTIONS
    layers = (
        *(nn.Conv2d(3, first, 3, padding=1), nn.BatchNorm2d(first), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(first, second, 3, padding=1), nn.BatchNorm2d(second), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(second * 64, 10)),
    )
    return nn.Sequential(*layers), (3, 32, 32)


class Sequence(nn.Module):
    """An LSTM over 28 rows of 28 values."""

    def __init__(self):
        super().__init__()
        self.lstm, self.out = nn.LSTM(28, 128, batch_first=True), nn.Linear(128, 10)

    def forward(self, value):
        return self.out(self.lstm(value)[0][:, -1])


def step(model, optimizer, images, labels):
    nn.functional.cross_entropy(model(images), labels).backward()
    optimizer.step()
    optimizer.zero_grad()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    for name, (plain, shape) in {"mlp": mlp(), "cnn": cnn(), "lstm": (Sequence(), (28, 28))}.items():
        arrays = convert(plain, ladder_law(states=9), program=False)
        images, labels = torch.rand(arguments.batch, *shape), torch.randint(10, (arguments.batch,))
        pairs = (
            (plain, torch.optim.SGD(plain.parameters(), lr=0.01)),
            (arrays, PulseOptimizer(arrays, rate=0.01)),
        )
        best = [float("inf")] * 2
        for _ in range(15):
            for kind, (model, optimizer) in enumerate(pairs):
                start = time.process_time()
                for _ in range(3):
                    step(model, optimizer, images, labels)
                best[kind] = min(best[kind], (time.process_time() - start) / 3)
        torch_time, array_time = best
        print(
            f"{name}: torch {1e3 * torch_time:.2f} ms, arrays {1e3 * array_time:.2f} ms, "
            f"speed {torch_time / array_time:.2f} of torch"
        )


if __name__ == "__main__":
    main()
