"""`dwsynapse program`: weights that were trained elsewhere into synapses, by reset pulses and write-verify."""

import argparse

from arraysim.networks.settings import NetworkSettings
from arraysim.programming.config import LoopSettings
from arraysim.synapses.settings import ArraySettings, SynapseSettings
from arraysim.training.task import DataSettings
from dwsynapse.given import Given
from dwsynapse.options import MAX_SEED, add_common, path, run_variation, whole_number, writable_hdf5
from dwsynapse.settings import Settings

SETTINGS = Settings(
    "program",
    {
        "synapse": SynapseSettings,
        "verify": LoopSettings,
        "arrays": ArraySettings,
        "network": NetworkSettings,
        "data": DataSettings,
    },
    options=("table", "temperature", "network", "dataset"),
    unused={"network.error_bits": "nothing goes backward"},
)


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the options; nothing heavy is imported before the command runs."""
    parser.add_argument("weights", metavar="TRAINING|NPZ", type=path,
                         help="training file, of which the float32 twin is taken, or weight_0, weight_1, ... in an .npz")  # fmt: skip
    SETTINGS.add_to(parser)
    parser.add_argument("--data-dir", type=path, metavar="FOLDER", help="holds the files of the data set")
    parser.add_argument("--seed", type=whole_number(0, MAX_SEED), metavar="N",
                         help="of a training file: only this one of its seeds; of an .npz: root seed (default 1)")  # fmt: skip
    add_common(parser, output="file of the programmed chips to write; with --vary the results, or a figure of them",
               seed=False)  # fmt: skip
    parser.set_defaults(series=_series)


def run(arguments: argparse.Namespace) -> None:
    """Program every seed, once or at each point of what is varied."""
    from dwsynapse.commands.program_actions import run_once

    given = _given(arguments)
    if given.axes:
        run_variation(arguments)
        return
    if arguments.out:
        writable_hdf5(arguments.out, arguments.force)
    run_once(arguments, given)


def _series(arguments: argparse.Namespace):
    from dwsynapse.commands.program_actions import series_of

    return series_of(arguments, _given(arguments))


def _given(arguments: argparse.Namespace) -> Given:
    given = SETTINGS.given(arguments)
    SETTINGS.check_effect(given)
    return given
