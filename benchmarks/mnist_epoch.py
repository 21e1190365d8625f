"""Time of one epoch of MNIST on chip, forward and backward included: python benchmarks/mnist_epoch.py [--share 0.1]

784-300-10 with 20 device instances and 784-256-10 with one, batches of 10, one thread, pairs of five-state devices with
a spread from cycle to cycle and between devices. `--share` of the images is trained on and the time scaled up. Also the
float32 twin, for comparison, and the other rules. The images are taken from --data-dir (default ../shared/data/mnist).
A peer on one such core: CrossSim 2.0 with 20 device tables 24 to 73 minutes; `array_peers.py` measures aihwkit.
"""

import argparse
import dataclasses
import json
import os
import sys
import time
from pathlib import Path

import numpy as np

from arraysim.datasets.datasets import load_dataset
from arraysim.networks.presets import network_from
from arraysim.rules.registry import RULES
from arraysim.synapses.ladder import ladder_law
from arraysim.training.config import TrainingConfig
from arraysim.training.run import train

BATCH = 10
NETWORKS = {"784-300-10": ("mlp:300", 20), "784-256-10": ("mlp:256", 1)}


def epoch_time(dataset, share, network, instances, rule):
    """Seconds of training per epoch: wall time, and processor time of everything but two evaluations."""
    law = dataclasses.replace(ladder_law(instances=instances), conductance_std_ctoc=np.full(5, 5e-7))
    config = TrainingConfig(
        network=network_from(network),
        rule=rule,
        epochs=1,
        batch_size=BATCH,
        conductance_std_dtod=0.05,
        learning_rate=0.1 if rule == "mixed-precision" else RULES[rule].rate / 10,
        twin=False,
        monitor_images=100,
    )
    start = time.process_time()
    result = train(law, dataset, seed=0, config=config)
    took = time.process_time() - start
    return {
        "seconds_per_epoch": result.chip.training_seconds / share,
        "processor_seconds_per_epoch_at_most": took / share,
        "test_accuracy_of_the_share": float(result.chip.test_accuracy[-1]),
        "pulses": int(result.hardware.pulses[-1] - result.hardware.pulses[0]),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=0.1)
    parser.add_argument("--data-dir", type=Path, default=Path(__file__).parents[2] / "shared" / "data" / "mnist")
    parser.add_argument("--rules", nargs="*", default=["mixed-precision"], choices=list(RULES))
    arguments = parser.parse_args()
    full = load_dataset("mnist", arguments.data_dir)
    kept = round(arguments.share * len(full))
    test = dataclasses.replace(full.test, images=full.test.images[:1000], labels=full.test.labels[:1000])
    dataset = dataclasses.replace(full, images=full.images[:kept], labels=full.labels[:kept], test=test)
    result = {"load": os.getloadavg()[0], "share": arguments.share}
    for rule in arguments.rules:
        for name, (network, instances) in NETWORKS.items():
            epoch_time(dataclasses.replace(dataset, images=dataset.images[:100], labels=dataset.labels[:100]), 1.0,
                       network, instances, rule)  # fmt: skip  # compiles
            result[f"{name}, {instances} instances, {rule}"] = epoch_time(
                dataset, arguments.share, network, instances, rule
            )
    json.dump(result, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
