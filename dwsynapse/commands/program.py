"""`dwsynapse program`: weights that were trained elsewhere into synapses, by reset pulses and write-verify."""

import argparse
from pathlib import Path

from dwsynapse.options import MAX_SEED, si, whole_number
from dwsynapse.settings_text import setting


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the options; nothing heavy is imported before the command runs."""
    parser.add_argument("weights", metavar="TRAINING|NPZ", type=Path,
                         help="training file, of which the float32 twin is taken, or weight_0, weight_1, ... in an .npz")  # fmt: skip
    parser.add_argument("--table", metavar="FILE", help="transition table, or ladder[:STATES] for an idealized synapse")
    parser.add_argument("--temperature", type=si("K"), metavar="T", help="of the chip (default: lowest of the table)")
    parser.add_argument("--network", metavar="NAME|TOML", help="of an .npz: as for train")
    parser.add_argument("--dataset", metavar="NAME", help="of an .npz: as for train")
    parser.add_argument("--data-dir", type=Path, metavar="FOLDER", help="holds the files of the data set")
    parser.add_argument("--seed", type=whole_number(0, MAX_SEED), metavar="N",
                         help="of a training file: only this one of its seeds; of an .npz: root seed (default 1)")  # fmt: skip
    parser.add_argument("--set", action="append", default=[], type=setting, metavar="NAME=VALUE", dest="settings",
                         help="rounds, pulse_budget, tolerance, read_noise, ...; --set help=1 lists them")  # fmt: skip
    parser.add_argument("--vary", type=setting, metavar="NAME=V,V", help="accuracy against one of these settings")
    parser.add_argument("-o", "--out", type=Path, metavar="H5|PNG|PDF|SVG",
                         help="file of the programmed chips to write; with --vary a figure")  # fmt: skip
    parser.add_argument("--force", action="store_true", help="overwrite what exists")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def run(arguments: argparse.Namespace) -> None:
    """Program every seed, once or once per value of a setting."""
    from arraysim.synapses.source import synapses_from
    from dwcore.canvas.figure_file import figure_format
    from dwsynapse.commands import program_actions as actions
    from dwsynapse.options import writable_file

    if any(name == "help" for name, _ in arguments.settings):
        actions.list_settings()
        return
    if arguments.out:
        writable_file(arguments.out, arguments.force)
        if arguments.vary:
            figure_format(arguments.out)
    synapses = synapses_from(arguments.table, temperature=arguments.temperature)
    job = actions.job_of(arguments)
    if arguments.vary:
        actions.run_scan(arguments, job, synapses)
    else:
        actions.run_once(arguments, job, synapses)
