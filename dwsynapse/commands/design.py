"""`dwsynapse design`: devices that meet a specification, verified."""

import argparse

from dwcore.canvas.number_text import counted
from dwcore.errors import InputError, Interrupted
from dwsynapse.options import add_common, add_place, emit, path


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the options; nothing heavy is imported before the command runs."""
    parser.add_argument("specification", metavar="SPEC", type=path,
                        help="TOML file; `dwsynapse new design NAME` writes a template")  # fmt: skip
    parser.add_argument("--resume", action="store_true", help="go on with the search that the folder holds")
    parser.add_argument("--network", action="store_true",
                        help="carry each design through table, training and cost: accuracy beside energy")  # fmt: skip
    add_place(parser)
    add_common(parser, output="folder for the front, a device file per design, the figure and the report")


def run(arguments: argparse.Namespace) -> None:
    """Search, verify and write."""
    if arguments.out is None:
        raise InputError("design: needs -o FOLDER to write into")
    from dwsynapse.design.outcome import JOURNAL, design_devices

    names = ("out", "seed", "jobs", "resume", "force", "network", "processes", "dask")
    try:
        result = design_devices(arguments.specification, **{name: getattr(arguments, name) for name in names})
    except KeyboardInterrupt:
        journal = arguments.out / JOURNAL
        kept = f"the trials are kept in {journal}, --resume goes on" if journal.exists() else "nothing is kept"
        raise Interrupted(f"interrupted; {kept}") from None
    emit(arguments, result, _lines(arguments, result))


def _lines(arguments: argparse.Namespace, result: dict) -> list[str]:
    lines = [f"{arguments.out / 'front.h5'}: {counted(len(result['designs']), 'design')} of {result['designs_tried']} tried, "
             f"{result['pulses']} pulses"]  # fmt: skip
    for number, design in enumerate(result["designs"]):
        figures = design["figures"]
        lines.append(f"  {arguments.out / design['file']}: {figures['energy']:.3g} J per pulse, "
                     f"{1e12 * figures['area']:.3g} um^2, one step {figures['one_step']:.5f}")  # fmt: skip
        if "network" in result:
            row = result["network"][number]
            lines.append(f"    no network: {row['failed']}" if "failed" in row else
                         f"    test accuracy {row['test_accuracy']:.4f}, training {row['training_energy_J']:.3g} J")  # fmt: skip
    lines.append(f"  open {arguments.out / 'report.html'}")
    return lines
