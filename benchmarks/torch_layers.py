"""Speed of layers in arrays against those of PyTorch: one training step of an MLP, a CNN, a ResNet-20 and an LSTM.

    python benchmarks/torch_layers.py [--batch 64] [--threads 1] [--rounds 40] [mlp cnn resnet lstm]

Both do forward, backward and step: arrays by pulses (rule mixed-precision), layers of torch by SGD, in turns in one
process. With one thread, times are processor times; with more, those of the wall clock, so that a thread that waits for
another is not work. Speeds are compared in each round, and the median of the rounds is given with its quartiles: what
else runs on the machine meets both.
"""

import argparse
import itertools
import time

import numpy as np
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


class Block(nn.Module):
    """Two convolutions and what went in, with fewer pixels if there are more channels."""

    def __init__(self, inner, outer):
        super().__init__()
        self.stride, self.more = 1 + (outer > inner), outer - inner
        self.first, self.second = nn.Conv2d(inner, outer, 3, self.stride, 1), nn.Conv2d(outer, outer, 3, 1, 1)
        self.norms = nn.ModuleList(nn.BatchNorm2d(outer) for _ in range(2))

    def forward(self, value):
        out = self.norms[1](self.second(self.norms[0](self.first(value)).relu()))
        short = nn.functional.pad(value[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.more))
        return (out + short).relu()


def resnet():
    channels = 16, 16, 16, 16, 32, 32, 32, 64, 64, 64
    blocks = (Block(*pair) for pair in itertools.pairwise(channels))
    start = nn.Conv2d(3, 16, 3, 1, 1), nn.BatchNorm2d(16), nn.ReLU()
    return nn.Sequential(*start, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)), (3, 32, 32)


def lstm():
    return Sequence(), (28, 28)


def step(model, optimizer, images, labels):
    nn.functional.cross_entropy(model(images), labels).backward()
    optimizer.step()
    optimizer.zero_grad()


def measure(make, batch, threads, rounds):
    """Return the times of a step in both, shape (rounds, 2) [s]."""
    plain, shape = make()
    arrays = convert(plain, ladder_law(states=9), program=False)
    images, labels = torch.rand(batch, *shape), torch.randint(10, (batch,))
    pairs = (
        (plain, torch.optim.SGD(plain.parameters(), lr=0.01)),
        (arrays, PulseOptimizer(arrays.parameters(), rate=0.01)),
    )
    clock = time.process_time if threads == 1 else time.perf_counter
    times = np.zeros((rounds + 1, 2))
    for round_times in times:
        for _ in range(5):
            for kind, (model, optimizer) in enumerate(pairs):
                start = clock()
                step(model, optimizer, images, labels)
                round_times[kind] += (clock() - start) / 5
    return times[1:]  # kernels are compiled or read in the first


def main():
    kinds = {make.__name__: make for make in (mlp, cnn, resnet, lstm)}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", choices=[[], *kinds])
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=40)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    for name in arguments.networks or kinds:
        times = measure(kinds[name], arguments.batch, arguments.threads, arguments.rounds)
        low, middle, high = np.quantile(times[:, 0] / times[:, 1], (0.25, 0.5, 0.75))
        best = 1e3 * times.min(axis=0)
        print(
            f"{name}: torch {best[0]:.2f} ms, arrays {best[1]:.2f} ms, "
            f"speed {middle:.2f} of torch ({low:.2f} to {high:.2f})"
        )


if __name__ == "__main__":
    main()
