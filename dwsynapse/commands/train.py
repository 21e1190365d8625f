"""`dwsynapse train`: networks trained on chip, on several seeds, with checkpoints; `--search` and `--vary`."""

import argparse

from dwcore.errors import InputError
from dwsynapse.given import Given
from dwsynapse.options import add_common, path, run_variation, si, whole_number, writable_hdf5
from dwsynapse.periphery_text import OF_READS, follow_periphery
from dwsynapse.train_settings import SETTINGS, layers


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the options; nothing heavy is imported before the command runs."""
    parser.add_argument("--data-dir", type=path, metavar="FOLDER", help="holds the files of the data set")
    parser.add_argument("--download", action="store_true", help="fetch them into the folder first, hashes checked")
    parser.add_argument("--recipe", metavar="NAME|TOML", help="settings that belong together, such as vgg8-cifar10, "
                        "which info shows; options go before it")  # fmt: skip
    parser.add_argument("--periphery", type=path, metavar="TOML", help="wires and converters of the arrays")
    SETTINGS.add_to(parser)
    parser.add_argument("--seeds", type=whole_number(1), metavar="N", help="runs, from --seed on (default 1)")
    parser.add_argument("--checkpoint-every", type=si("s"), metavar="TIME",
                       help="least time between checkpoints (default 60 s)")  # fmt: skip
    parser.add_argument("--search", action="store_true",
                       help="find learning rate and weight range on images kept to validate, or with --vary the best "
                       "of its values")  # fmt: skip
    add_common(parser, output="write the training to this HDF5 file, and a log in JSON lines beside it; with --vary "
               "the results, or a figure of them")  # fmt: skip
    parser.set_defaults(series=_series)


def run(arguments: argparse.Namespace) -> None:
    """Train on chip with the synapses of a table."""
    from dwsynapse.commands import train_actions as actions

    given = _given(arguments)
    actions.warn_of_slow_products(given["training"].get("products", ""))
    if arguments.checkpoint_every is not None and arguments.out is None:
        raise InputError("train: --checkpoint-every keeps checkpoints beside --out, which is missing")
    if arguments.search:
        _check_search(arguments, given)
        (actions.run_halving if given.axes else actions.run_search)(arguments, given)
    elif given.axes:
        run_variation(arguments)
    else:
        if arguments.out:
            writable_hdf5(arguments.out, arguments.force)
        actions.run_training(arguments, given)


def _check_search(arguments: argparse.Namespace, given) -> None:
    if arguments.out:
        raise InputError("train: --search prints what it finds, so it takes no --out")
    for axis in given.axes:
        if axis.setting.section == "data" or axis.setting.name == "training.epochs":
            raise InputError(
                f"train: --search compares settings on the same data, it does not vary {axis.setting.name}"
            )
    if arguments.seeds is not None:
        raise InputError("train: --search takes one seed, --seed, and no --seeds")
    given.refuse(
        "train: --search takes every trial to its end and trains no twin", "training.patience", "training.twin"
    )


def _series(arguments: argparse.Namespace):
    from dwsynapse.commands.train_actions import series_of

    return series_of(arguments, _given(arguments))


def _given(arguments: argparse.Namespace) -> Given:
    given = SETTINGS.given(arguments, resumable=True)
    if arguments.recipe is not None:
        from dwsynapse.recipes import follow

        follow(arguments.recipe, SETTINGS, given)
    follow_periphery(arguments.periphery, given)
    SETTINGS.check_effect(given, layers, OF_READS if given.axes else {})
    return given
