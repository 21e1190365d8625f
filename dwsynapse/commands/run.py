"""`dwsynapse run`: the whole chain on one device, into a folder."""

import argparse

from dwcore.errors import InputError, Interrupted
from dwsynapse.device_settings import device_of, given_on_device, settings_on_device
from dwsynapse.options import add_common, emit, writable_folder
from dwsynapse.settings import fields_of


def _training() -> dict:
    from arraysim.synapses.settings import ArraySettings
    from arraysim.training.config import TrainingConfig

    return {"training": fields_of(TrainingConfig, without=ArraySettings)}


SETTINGS = settings_on_device("run", more=_training)


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the options; nothing heavy is imported before the command runs."""
    parser.add_argument("device", metavar="DEVICE", nargs="?", default="five_state", help="shipped device or TOML file")
    SETTINGS.add_to(parser, vary=False)
    parser.add_argument("--quick", action="store_true", help="coarser and one seed only: a minute or less")
    add_common(parser, output="folder for the results")


def run(arguments: argparse.Namespace) -> None:
    """Run the whole chain into a folder."""
    if arguments.out is None:
        raise InputError("run: needs -o FOLDER to write into")
    if arguments.out.exists():  # before all that takes time; a new one is made once the input is known to be sound
        writable_folder(arguments.out, arguments.force)
    from arraysim.cost.of_training import cost_lines
    from dwsynapse.chain.chain import ChainPlan
    from dwsynapse.chain.chain import run as run_chain
    from llg.device.static_field import field_words

    given = given_on_device(SETTINGS, arguments, known={"network.digital_parameters": False})
    options = {name: getattr(arguments, name) for name in ("out", "seed", "quick", "jobs", "force")}
    try:
        summary = run_chain(device_of(arguments.device, given), training=given["training"], **options)
    except KeyboardInterrupt:
        kept = f"{arguments.out} is unfinished, --force begins anew" if arguments.out.exists() else "nothing is kept"
        raise Interrupted(f"interrupted; {kept}") from None
    trajectories = ChainPlan.of(arguments.seed, quick=arguments.quick).trajectories
    accuracy = summary["accuracy"]
    seeds = len(accuracy["seeds"])
    of = f"mean of {seeds} seeds" if seeds > 1 else "one seed"
    field = field_words(summary["field_A_per_m"])
    lines = [
        f"{summary['device']}{f' in {field}' if field else ''}: {len(summary['wells'])} states, table from {trajectories} pulses per entry",
        f"  test accuracy on chip {accuracy['on_chip_test']:.4f}, float32 {accuracy['float32_test']:.4f} ({of})",
        f"  {summary['pulses']} write pulses, {summary['energy_J']:.3g} J",
        *cost_lines(summary["cost"]),
        f"  {summary['seconds']['total']:.0f} s, {summary['peak_memory_bytes'] / 2**20:.0f} MiB",
        f"  open {arguments.out / 'report.html'}",
    ]
    emit(arguments, summary, lines)
