"""Accuracy on chip of networks written by write-verify, with and without training for the devices.

    python benchmarks/aware_training.py [--states 5,16] [--spread 0.0,0.1] [--seeds 3] [--mnist FOLDER]

Digits, an MLP of 32 hidden values, trained as numbers for 12 epochs, then for 6 more as numbers or for the devices; or
MNIST, for 4 and 3. Each is written twice, to different devices. The mean over the seeds is printed.
"""

import argparse
import copy

import numpy as np
import torch
from torch import nn

from arraysim import ArraySettings, aware, convert, ladder_law, load_dataset, plain


def numbers(text):
    return [float(part) for part in text.split(",")]


class Images:
    """Images to learn from and to test on, in an order of their own."""

    def __init__(self, seed, mnist):
        data = load_dataset("mnist", mnist) if mnist else load_dataset("digits")
        self.generator = torch.Generator().manual_seed(seed)
        self.batch, self.epochs, self.rates = (100, (4, 3), (0.005, 0.002)) if mnist else (50, (12, 6), (0.01, 0.003))
        images, labels = torch.from_numpy(data.inputs()), torch.from_numpy(data.labels)
        if data.test is None:
            order = torch.randperm(len(data), generator=torch.Generator().manual_seed(seed))
            images, labels = images[order], labels[order]
            (self.images, self.test), (self.labels, self.test_labels) = (
                v.tensor_split([1500]) for v in (images, labels)
            )
        else:
            self.images, self.labels = images, labels
            self.test, self.test_labels = torch.from_numpy(data.test.inputs()), torch.from_numpy(data.test.labels)

    def trained(self, model, again):
        rate, epochs = self.rates[again], self.epochs[again]
        optimizer = torch.optim.Adam(model.train().parameters(), lr=rate)
        steps = epochs * -(-len(self.images) // self.batch)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
        for _ in range(epochs):
            for part in torch.randperm(len(self.images), generator=self.generator).split(self.batch):
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(self.images[part]), self.labels[part]).backward()
                optimizer.step()
                schedule.step()
        return model.eval()

    def accuracy(self, model):
        with torch.no_grad():
            return (model(self.test).argmax(1) == self.test_labels).float().mean().item()


def compared(law, settings, seed, mnist):
    """Return accuracies: as numbers, written, written after training for the devices."""
    torch.manual_seed(seed)
    data = Images(seed, mnist)
    inputs = data.images[0].numel()
    first = data.trained(nn.Sequential(nn.Flatten(), nn.Linear(inputs, 32), nn.ReLU(), nn.Linear(32, 10)), False)
    more = data.trained(copy.deepcopy(first), True)
    ready = plain(data.trained(aware(first, law, settings=settings), True))

    def written(net):
        return np.mean([data.accuracy(convert(net, law, settings=settings, seed=device)) for device in range(2)])

    return data.accuracy(more), written(more), written(ready)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--states", type=numbers, default=[5, 16])
    parser.add_argument("--spread", type=numbers, default=[0.0, 0.1])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--mnist", help="folder of its files")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    seeds = range(1, 1 + arguments.seeds)
    for states in arguments.states:
        for spread in arguments.spread:
            law, settings = ladder_law(states=int(states)), ArraySettings(conductance_std_dtod=spread)
            found = np.mean([compared(law, settings, seed, arguments.mnist) for seed in seeds], axis=0)
            words = "as numbers {:.4f}, written {:.4f}, written after training for the devices {:.4f}".format(*found)
            print(f"{states:g} states, spread {spread:g}: {words}", flush=True)


if __name__ == "__main__":
    main()
