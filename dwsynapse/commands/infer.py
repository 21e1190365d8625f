"""`dwsynapse infer`: a network on chip read through another periphery, or after a time of rest."""

import argparse

from arraysim.inference.settings import RestSettings
from dwcore.errors import InputError
from dwsynapse.given import Given
from dwsynapse.options import add_common, path, run_variation
from dwsynapse.periphery_text import OF_READS, follow_periphery, periphery_sections
from dwsynapse.settings import Settings

SETTINGS = Settings(
    "infer",
    {"rest": RestSettings},
    more=periphery_sections,
    options={"rest.table": "--table", "rest.temperature": "--temperature"},
    lists={"rest.time": "--rest"},
    unused={
        name: "weights do not change, and nothing goes backward"
        for name in ("wires.solution", "wires.refresh", "read.passes")
    },
)


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the options; nothing heavy is imported before the command runs."""
    parser.add_argument("chips", metavar="FILE", type=path, help="training file, or file of programmed chips")
    parser.add_argument("--periphery", type=path, metavar="TOML", help="wires, converters and noise; default: ideal")
    SETTINGS.add_to(parser)
    parser.add_argument("--data-dir", type=path, metavar="FOLDER", help="holds the files of the data set")
    add_common(parser, output="with --vary or --rest: write the results, or a figure of them", seed=False)
    parser.set_defaults(series=_series)


def given_of(arguments: argparse.Namespace) -> Given:
    """Return what the options set and vary.

    Raises:
        InputError: they do not go together.
    """
    given = SETTINGS.given(arguments)
    if "rest.time" not in given.said:
        given.refuse("is that of --rest TIME, which is missing", "rest")
    follow_periphery(arguments.periphery, given)
    SETTINGS.check_effect(given, more=OF_READS)
    return given


def run(arguments: argparse.Namespace) -> None:
    """Evaluate every seed of a file, once or at each point of what is varied."""
    from dwsynapse.commands.infer_actions import run_once

    given = given_of(arguments)
    if given.axes:
        run_variation(arguments)
    elif arguments.out:
        raise InputError("infer: -o keeps what --vary or --rest finds; both are missing")
    else:
        run_once(arguments, given)


def _series(arguments: argparse.Namespace):
    from dwsynapse.commands.infer_actions import series_of

    return series_of(arguments, given_of(arguments))
