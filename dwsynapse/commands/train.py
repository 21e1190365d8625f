"""`dwsynapse train`: networks trained on chip, on several seeds, with checkpoints; `--search` and `--vary`."""

import argparse
from pathlib import Path

from dwsynapse.options import add_common, si, whole_number, writable_file
from dwsynapse.settings_text import setting

RULES = ("mixed-precision", "stochastic-pulses", "sign", "tiki-taka")


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the options; nothing heavy is imported before the command runs."""
    parser.add_argument("--table", metavar="FILE", help="transition table, or ladder[:STATES] for an idealized synapse")
    parser.add_argument("--dataset", default="digits", metavar="NAME",
                       help="digits (default), mnist, fashion-mnist or cifar10")  # fmt: skip
    parser.add_argument("--data-dir", type=Path, metavar="FOLDER", help="holds the files of the data set")
    parser.add_argument("--download", action="store_true", help="fetch them into the folder first, hashes checked")
    parser.add_argument("--network", default="mlp", metavar="NAME|TOML",
                       help="linear, mlp[:N,N], lenet[:WIDTH], vgg8[:WIDTH] or a TOML file (default mlp:32)")  # fmt: skip
    parser.add_argument("--bits", type=whole_number(0, 16), default=0, metavar="N",
                       help="of activations; 0: floating point")  # fmt: skip
    parser.add_argument("--error-bits", type=whole_number(0, 16), default=0, metavar="N",
                       help="of errors sent backward; 0: floating point")  # fmt: skip
    parser.add_argument("--periphery", type=Path, metavar="TOML", help="wires and converters of the arrays")
    parser.add_argument("--rule", default=RULES[0], metavar="NAME", help=f"update rule: {', '.join(RULES)}")
    parser.add_argument("--set", action="append", default=[], type=setting, metavar="NAME=VALUE", dest="settings",
                       help="any other setting; --set help=1 lists them")  # fmt: skip
    parser.add_argument("--epochs", type=whole_number(1), metavar="N", help="passes through the training images")
    parser.add_argument("--batch-size", type=whole_number(1), metavar="N", help="images per update")
    for name, text in (
        ("learning-rate", "on chip, at the start"),
        ("float32-learning-rate", "of the twin, at the start"),
        ("weight-range", "largest weight of a pair times the root of its inputs"),
        ("decay", "factor on the learning rates per epoch, of the schedule step"),
    ):
        parser.add_argument(f"--{name}", type=si("1"), metavar="X", help=text)
    parser.add_argument("--schedule", metavar="NAME", help="of the learning rates: cosine, step or constant")
    parser.add_argument("--no-twin", action="store_true", help="without the float32 twin")
    parser.add_argument(
        "--seeds", type=whole_number(1), default=1, metavar="N", help="runs, from --seed on (default 1)"
    )
    parser.add_argument("--temperature", type=si("K"), metavar="T", help="of the chip (default: lowest of the table)")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoints beside --out")
    parser.add_argument("--checkpoint-every", type=si("s"), default=60.0, metavar="TIME",
                       help="least time between checkpoints (default 60 s)")  # fmt: skip
    parser.add_argument("--search", action="store_true",
                       help="find learning rate and weight range on images kept to validate")  # fmt: skip
    parser.add_argument("--vary", type=setting, metavar="NAME=V,V",
                       help="accuracy against states, table, temperature or a setting of the chip")  # fmt: skip
    add_common(parser, output="write the training to this HDF5 file, and a log in JSON lines beside it")


def run(arguments: argparse.Namespace) -> None:
    """Train on chip with the synapses of a table."""
    from arraysim.datasets.datasets import load_dataset
    from dwcore.errors import InputError
    from dwsynapse.commands import train_actions as actions

    if any(name == "help" for name, _ in arguments.settings):
        actions.list_settings()
        return
    if arguments.out:
        writable_file(arguments.out, arguments.force)
    if arguments.resume and not arguments.out:
        raise InputError("train: --resume goes on from checkpoints beside --out, which is missing")
    if arguments.search and (arguments.vary or arguments.out):
        raise InputError("train: --search prints what it finds; it takes neither --out nor --vary")
    config = actions.config_of(arguments)
    dataset = load_dataset(arguments.dataset, arguments.data_dir, download=arguments.download)
    if arguments.vary:
        actions.run_series(arguments, config, dataset)
    elif arguments.search:
        actions.run_search(arguments, config, dataset)
    else:
        actions.run_training(arguments, config, dataset)
