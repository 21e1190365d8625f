"""`dwsynapse infer`: a network on chip read through another periphery, or a row of them, or after a time of rest."""

import argparse
from pathlib import Path

from dwsynapse.options import si, si_list


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the options; nothing heavy is imported before the command runs."""
    parser.add_argument("chips", metavar="FILE", type=Path, help="training file, or file of programmed chips")
    parser.add_argument("--periphery", type=Path, metavar="TOML", help="wires, converters and noise; default: ideal")
    parser.add_argument("--set", action="append", default=[], type=_setting, metavar="SECTION.KEY=VALUE",
                       dest="settings", help="change one setting of it, such as adc.bits=6")  # fmt: skip
    parser.add_argument("--vary", type=_setting, metavar="SECTION.KEY=V,V", help="accuracy against one setting")
    parser.add_argument("--rest", type=si_list("s"), metavar="TIME,TIME",
                       help='accuracy after the chip has lain without pulses, such as "1 h,1 day,10 year"')  # fmt: skip
    parser.add_argument(
        "--table", metavar="FILE", help="of --rest: transition table of the synapses, with escape rates"
    )
    parser.add_argument("--temperature", type=si("K"), metavar="T",
                       help="of the rest (default: that of the writing)")  # fmt: skip
    parser.add_argument("--data-dir", type=Path, metavar="FOLDER", help="holds the files of the data set")
    parser.add_argument("-o", "--out", type=Path, metavar="PNG|PDF|SVG", help="figure of --vary or --rest to write")
    parser.add_argument("--force", action="store_true", help="overwrite what exists")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def _setting(text: str) -> tuple[str, str, str]:
    name, mark, value = text.partition("=")
    section, dot, key = name.partition(".")
    if not (section and dot and key and mark and value):
        raise argparse.ArgumentTypeError(f"{text!r} must be SECTION.KEY=VALUE")
    return section, key.replace("-", "_"), value


def run(arguments: argparse.Namespace) -> None:
    """Evaluate every seed of a file, once, with each periphery, or after each time."""
    from dwcore.canvas.figure_file import figure_format
    from dwcore.errors import InputError
    from dwsynapse.commands import infer_actions as actions
    from dwsynapse.options import writable_file

    if arguments.vary and arguments.rest:
        raise InputError("infer: --vary and --rest must not be given together")
    if not arguments.rest and (arguments.table or arguments.temperature is not None):
        raise InputError("infer: --table and --temperature are those of --rest, which is missing")
    if arguments.out:
        if not (arguments.vary or arguments.rest):
            raise InputError("infer: -o draws accuracy against a setting, which --vary is to name, or against --rest")
        writable_file(arguments.out, arguments.force)
        figure_format(arguments.out)
    if arguments.rest:
        actions.run_rest(arguments)
    else:
        actions.run_read(arguments)
