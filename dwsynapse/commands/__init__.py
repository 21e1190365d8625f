"""The table of commands: one line declares one; `--help` of all of them imports none of their modules.

The module of a command has `declare(parser)`, which adds its options, and `run(arguments)`.
"""

import importlib
from typing import Any, NamedTuple


class Command(NamedTuple):
    """One command: what the list of commands says of it, and its module in this folder."""

    help: str
    module: str

    def load(self) -> Any:
        """Import and return the module."""
        return importlib.import_module(f"{__name__}.{self.module}")


COMMANDS = {
    "run": Command("the whole chain: device, ensemble, table, training, figures, report", "run"),
    "simulate": Command("ensemble of trajectories, or of their outcomes only", "simulate"),
    "rates": Command("wells, barriers, retention, depinning field and current", "rates"),
    "sweep": Command("transition table over a grid of pulses, temperatures and devices", "sweep"),
    "merge": Command("transition table from the files of all shards of a sweep", "merge"),
    "calibrate": Command("fit a device to pinning maps, velocities, depinning counts, trajectories", "calibrate"),
    "fit": Command("fit the closed-form model to the counts of a transition table", "fit"),
    "import": Command("transition table from data of other programs", "import_table"),
    "export": Command("transition table or device for other simulators", "export_table"),
    "train": Command("train a network on chip with the synapses of a table", "train"),
    "program": Command("write weights that were trained elsewhere into synapses", "program"),
    "infer": Command("read a network on chip through other wires and converters, or after a rest", "infer"),
    "cost": Command("area, energy and latency of training and inference, against CMOS baselines", "cost"),
    "design": Command("devices that meet a specification, searched and verified", "design"),
    "plot": Command("draw what a file holds, or the physics of a device", "plot"),
    "info": Command("what a file is, or what is shipped under a name, and what follows from it", "info"),
    "new": Command("a commented template: device, network, periphery, chip, synapse, design or recipe", "new"),
    "check": Command("whether a file is right, whatever kind it is of", "check"),
    "bench": Command("what this machine does per second, as JSON", "bench"),
}
