"""Arrays beside their peers, measured in turn in one run: python benchmarks/array_peers.py [--rounds 3] [--share 0.1]

Pulses per second of full-array stochastic updates, and an epoch of MNIST, 784-256-10 in batches of 10. All run on one
thread and count processor time; each round measures every contender once, the best round counts, and a ratio is given
with the least and the largest of the rounds. A peer that is not installed says so. In an environment of its own:
    pip install . synaptogen aihwkit==1.1.0 torch==2.10.0
aihwkit 1.1.0 is the newest with a wheel; it is bound to the PyTorch it was built with, and other versions fail at run
time ("Invalid weights dimensions"). CrossSim is not on PyPI.

A pulse is one device told to switch once. aihwkit sends 31 trains per update, here on every row and column in every
cycle; that each device then has had 31 pulses is checked by how far it has moved. Its devices are numbers with
Gaussian steps, by default a thousandth, so that a training takes many more pulses than on our five states; it is also
timed with devices whose step is a quarter of their window. Reads pass through its default converters and noise unless
they are exact, as ours are here.
"""

import argparse
import contextlib
import dataclasses
import importlib.metadata
import json
import os
import platform
import sys
import time
from pathlib import Path

import numba
import numpy as np
from mnist_epoch import BATCH, epoch_time
from threadpoolctl import threadpool_limits

from arraysim import PairedWeights, SynapseArray, ladder_law, load_dataset
from arraysim.rules.stochastic_pulses import StochasticPulses

CELLS, LINES, CYCLES = 1 << 20, 512, 31
TRAINED = 256
"""Images on which each kind of training is run once, to compile."""


def own_arrays():
    """Return works by name, each with the number of pulses it sends."""
    kinds = np.random.default_rng(1).integers(0, 2, CELLS, dtype=np.uint8)
    works = {}
    for instances in (1, 64):
        array = SynapseArray(ladder_law(instances=instances), shape=(CELLS,), seed=1)
        works[f"dwsynapse, array, K = {instances}"] = CELLS, lambda a=array: a.apply_all(kinds)
    weights = PairedWeights(ladder_law(), rows=LINES, columns=LINES, largest_weight=1.0, seed=1)
    weights.initialize(0.5, np.random.default_rng(1))
    rule = StochasticPulses((LINES, LINES), weights.mean_step, seed=(1, 2), cycles=CYCLES)
    ones, errors = np.ones((1, LINES), np.float32), np.ones((1, LINES), np.float32)
    rate = CYCLES * weights.mean_step  # every line in every cycle

    def trains():
        rule.update(weights, ones, errors, rate)
        np.negative(errors, out=errors)

    works["dwsynapse, trains on rows and columns, K = 1"] = CYCLES * LINES**2, trains
    return works


def synaptogen_array():
    import synaptogen

    cells = synaptogen.CellArrayCPU(CELLS)
    voltages = np.random.default_rng(1).standard_normal(CELLS).astype(np.float32)
    return {"synaptogen": (CELLS, lambda: synaptogen.applyVoltage(cells, voltages))}


def aihwkit_devices():
    from aihwkit.simulator.configs import ConstantStepDevice, SoftBoundsDevice

    return {"constant step": ConstantStepDevice(), "soft bounds": SoftBoundsDevice()}


def aihwkit_arrays():
    import torch
    from aihwkit.simulator.configs import SingleRPUConfig
    from aihwkit.simulator.tiles import AnalogTile

    works = {}
    for name, device in aihwkit_devices().items():
        tile = AnalogTile(LINES, LINES, SingleRPUConfig(device=device))
        tile.set_learning_rate(1.0)
        tile.set_weights(torch.zeros(LINES, LINES))
        ones, errors = torch.ones(1, LINES), torch.ones(1, LINES)

        def trains(tile=tile, ones=ones, errors=errors):
            tile.update(ones, errors)
            errors.neg_()

        trains()
        pulses = -float(tile.get_weights()[0].mean()) / device.dw_min
        if abs(pulses - CYCLES) > 0.1 * CYCLES:
            raise RuntimeError(f"aihwkit, {name}: {pulses:.1f} pulses per device, {CYCLES} were wanted")
        works[f"aihwkit, {name}"] = CYCLES * LINES**2, trains
    return works


def own_epochs(dataset, share):
    first = dataclasses.replace(dataset, images=dataset.images[:TRAINED], labels=dataset.labels[:TRAINED])

    def epoch(rule, data=dataset, part=share):
        found = epoch_time(data, part, "mlp:256", 1, rule)
        return found["processor_seconds_per_epoch_at_most"], found["test_accuracy_of_the_share"]

    works = {}
    for rule in ("mixed-precision", "stochastic-pulses"):
        epoch(rule, first, 1.0)
        works[f"dwsynapse, {rule}, K = 1"] = lambda rule=rule: epoch(rule)
    return works


def aihwkit_epochs(dataset, share):
    import torch
    from aihwkit.nn import AnalogLinear, AnalogSequential
    from aihwkit.optim import AnalogSGD
    from aihwkit.simulator.configs import ConstantStepDevice, SingleRPUConfig
    from aihwkit.simulator.parameters import IOParameters

    part = [torch.from_numpy(data.inputs().reshape(len(data), -1)) for data in (dataset, dataset.test)]
    labels = torch.from_numpy(dataset.labels)
    exact = {"forward": IOParameters(is_perfect=True), "backward": IOParameters(is_perfect=True)}

    def epoch(config):
        layers = AnalogLinear(784, 256, rpu_config=config), torch.nn.Tanh(), AnalogLinear(256, 10, rpu_config=config)
        model, loss = AnalogSequential(*layers), torch.nn.CrossEntropyLoss()
        optimizer = AnalogSGD(model.parameters(), lr=0.1)
        optimizer.regroup_param_groups(model)
        start = time.process_time()
        for first in range(0, len(labels), BATCH):
            optimizer.zero_grad()
            loss(model(part[0][first : first + BATCH]), labels[first : first + BATCH]).backward()
            optimizer.step()
        took = time.process_time() - start
        model.eval()
        with torch.no_grad():
            guess = model(part[1]).argmax(dim=1).numpy()
        return took / share, float(np.mean(guess == dataset.test.labels))

    devices = aihwkit_devices()
    works = {f"aihwkit, {name}": lambda d=device: epoch(SingleRPUConfig(device=d)) for name, device in devices.items()}
    default, coarse = devices["constant step"], ConstantStepDevice(dw_min=0.3)  # window from -0.6 to 0.6
    works["aihwkit, constant step, exact reads"] = lambda: epoch(SingleRPUConfig(device=default, **exact))
    works["aihwkit, constant step of a quarter of the window, exact reads"] = lambda: epoch(
        SingleRPUConfig(device=coarse, **exact)
    )
    return works


def installed(make, *arguments):
    """Return the works of a peer and nothing else, or none and a line that says why."""
    try:
        return make(*arguments), {}
    except ImportError as error:
        return {}, {make.__name__: f"not installed: {error}"}
    except RuntimeError as error:
        return {}, {make.__name__: f"installed, but does not run: {str(error).splitlines()[0]}"}


def in_turn(works, rounds, measure):
    """Return what every work gave in each round, shape (rounds, ...)."""
    found = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            found[name].append(measure(work))
    return {name: np.array(values) for name, values in found.items()}


def pulse_rate(work, least=0.2):
    """Pulses per second of processor time of one work, over at least some time [s]."""
    pulses, call = work
    sent, start = 0, time.process_time()
    while (took := time.process_time() - start) < least:
        call()
        sent += pulses
    return sent / took


def ratios(rates, ours):
    """Ratio of the best rounds, and the least and largest of the rounds, of one against every other."""
    return {
        name: [float(rates[ours].max() / rate.max()), *np.sort(rates[ours] / rate)[[0, -1]].tolist()]
        for name, rate in rates.items()
        if name != ours
    }


def gather(*makers):
    works, missing = {}, {}
    for make, *arguments in makers:
        more, why = installed(make, *arguments)
        works, missing = works | more, missing | why
    return works, missing


def versions():
    found = {"python": platform.python_version()}
    for name in ("numpy", "numba", "torch", "aihwkit", "synaptogen"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--share", type=float, default=0.1)
    parser.add_argument("--data-dir", type=Path, default=Path(__file__).parents[2] / "shared" / "data" / "mnist")
    arguments = parser.parse_args()
    numba.set_num_threads(1)
    full = load_dataset("mnist", arguments.data_dir)
    kept = round(arguments.share * len(full))
    test = dataclasses.replace(full.test, images=full.test.images[:1000], labels=full.test.labels[:1000])
    dataset = dataclasses.replace(full, images=full.images[:kept], labels=full.labels[:kept], test=test)
    result = {"load": os.getloadavg()[0], "versions": versions(), "rounds": arguments.rounds, "share": arguments.share}
    works, missing = gather((own_arrays,), (synaptogen_array,), (aihwkit_arrays,))
    trainings, more = gather((own_epochs, dataset, arguments.share), (aihwkit_epochs, dataset, arguments.share))
    with threadpool_limits(1):  # of all libraries that are loaded by now
        for work in works.values():
            pulse_rate(work, 0.0)
        rates = in_turn(works, arguments.rounds, pulse_rate)
        epochs = in_turn(trainings, arguments.rounds, lambda work: work())
    result["pulses_per_second"] = {name: float(rate.max()) for name, rate in rates.items()}
    result["times_as_many_pulses"] = {ours: ratios(rates, ours) for ours in rates if ours.startswith("dwsynapse")}
    result["seconds_per_epoch"] = {name: float(found[:, 0].min()) for name, found in epochs.items()}
    result["test_accuracy_of_the_share"] = {name: float(found[:, 1].mean()) for name, found in epochs.items()}
    speed = {name: 1 / found[:, 0] for name, found in epochs.items()}
    result["times_as_many_epochs"] = {ours: ratios(speed, ours) for ours in speed if ours.startswith("dwsynapse")}
    result["missing"] = missing | more
    json.dump(result, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
