"""Accuracy on chip of networks written by write-verify, with and without training for the devices.

    python benchmarks/aware_training.py [--states 5,16] [--spread 0.0,0.1] [--seeds 3]

Digits, an MLP of 32 hidden values, trained as numbers for 12 epochs, then for 6 more as numbers or for the devices.
Each is written twice, to different devices. The mean over the seeds is printed.
"""

import argparse
import copy

import numpy as np
import torch
from torch import nn

from arraysim import ArraySettings, aware, convert, ladder_law, load_dataset, plain


def numbers(text):
    return [float(part) for part in text.split(",")]


class Digits:
    """Images in an order of their own, 1500 of them to learn from."""

    def __init__(self, seed):
        data = load_dataset("digits")
        order = torch.randperm(len(data), generator=torch.Generator().manual_seed(seed))
        self.images, self.labels = torch.from_numpy(data.inputs())[order], torch.from_numpy(data.labels)[order]
        self.generator = torch.Generator().manual_seed(seed)

    def trained(self, model, epochs, rate):
        optimizer = torch.optim.Adam(model.train().parameters(), lr=rate)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=epochs * 30)
        for _ in range(epochs):
            for part in torch.randperm(1500, generator=self.generator).split(50):
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(self.images[part]), self.labels[part]).backward()
                optimizer.step()
                schedule.step()
        return model.eval()

    def accuracy(self, model):
        with torch.no_grad():
            return (model(self.images[1500:]).argmax(1) == self.labels[1500:]).float().mean().item()


def compared(law, settings, seed):
    """Return accuracies: as numbers, written, written after training for the devices."""
    torch.manual_seed(seed)
    data = Digits(seed)
    first = data.trained(nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)), 12, 0.01)
    more = data.trained(copy.deepcopy(first), 6, 0.003)
    ready = plain(data.trained(aware(first, law, settings=settings), 6, 0.003))

    def written(net):
        return np.mean([data.accuracy(convert(net, law, settings=settings, seed=device)) for device in range(2)])

    return data.accuracy(more), written(more), written(ready)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--states", type=numbers, default=[5, 16])
    parser.add_argument("--spread", type=numbers, default=[0.0, 0.1])
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for states in arguments.states:
        for spread in arguments.spread:
            law, settings = ladder_law(states=int(states)), ArraySettings(conductance_std_dtod=spread)
            found = np.mean([compared(law, settings, seed) for seed in range(1, 1 + arguments.seeds)], axis=0)
            words = "as numbers {:.4f}, written {:.4f}, written after training for the devices {:.4f}".format(*found)
            print(f"{states:g} states, spread {spread:g}: {words}", flush=True)


if __name__ == "__main__":
    main()
