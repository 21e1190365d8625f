"""What the subcommands of all packages share: options, numbers with units, output, progress."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from dwcore.errors import InputError, harmless
from dwcore.progress import bar as progress
from dwcore.units import is_number, plain_number, plain_whole

if TYPE_CHECKING:  # slow to import, and no help needs it
    from pathlib import Path

MAX_SEED = 2**62
"""Leaves room for the seeds that a command counts on from this one."""
WIDTHS = (3.4, 7.0)
"""Widths of a column and of a page of a journal [inch]."""

__all__ = [
    "add_common",
    "add_place",
    "add_width",
    "emit",
    "need_figure",
    "path",
    "progress",
    "run_variation",
    "si",
    "si_list",
    "whole_number",
    "writable_file",
    "writable_folder",
    "writable_hdf5",
]


def add_common(parser: argparse.ArgumentParser, *, output: str | None = None, seed: bool = True):
    """Add --json, --seed, --jobs, and -o/--out with --force where `output` says what is written."""
    if output:
        parser.add_argument("-o", "--out", type=path, metavar="PATH", help=output)
        parser.add_argument("--force", action="store_true", help="overwrite what exists")
    if seed:
        seeds = whole_number(0, MAX_SEED)
        parser.add_argument("--seed", type=seeds, default=1, metavar="N", help="root seed (default 1)")
        parser.add_argument("--jobs", type=whole_number(1), metavar="N", help="threads (default: all processors)")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def add_place(parser: argparse.ArgumentParser) -> None:
    """Add --processes and --dask, which say where a command of many tasks runs them."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--processes", action="store_true", help="processes instead of threads, for many cores")
    where.add_argument("--dask", metavar="ADDRESS", help="run on the Dask cluster of this scheduler or scheduler file")


def add_width(parser: argparse.ArgumentParser, of: str) -> None:
    """Add --width of the figures that a command writes; `of` says which."""
    parser.add_argument("--width", type=si("1"), choices=WIDTHS, metavar="3.4|7",
                        help=f"width in inches of {of}, of a column or a page of a journal (default: 8.8, for screens)")  # fmt: skip


def whole_number(least: int, most: int | None = None):
    """Make an argument type for integers from `least` on, up to `most` if given."""
    rule = f"must be a whole number >= {least}" + ("" if most is None else f" and <= {most}")

    def parse(text: str) -> int:
        try:
            value = plain_whole(text)
        except ValueError:
            value = least - 1
        if value < least or (most is not None and value > most):
            raise argparse.ArgumentTypeError(f"{text!r} {rule}")
        return value

    return parse


def path(text: str) -> Path:
    """Return the path that a text names, as an argument type; an empty one would be the current folder."""
    from pathlib import Path

    if not text:
        raise argparse.ArgumentTypeError("must name a file or folder, is empty")
    return Path(text)


def si(unit: str):
    """Make an argument type for numbers in SI or with a unit."""

    def parse(text: str) -> float:
        from dwcore.parameters import as_number

        try:
            value = as_number(plain_number(text) if is_number(text) else text, unit)
        except (InputError, ValueError) as error:
            raise argparse.ArgumentTypeError(f"{text!r} must be a number [{unit}]: {error}") from None
        if value != value or value in (float("inf"), float("-inf")):
            raise argparse.ArgumentTypeError(f"{text!r} must be finite [{unit}]")
        return value

    return parse


def si_list(unit: str):
    """Make an argument type for comma-separated numbers in SI or with units."""
    one = si(unit)
    return lambda text: tuple(one(part) for part in text.split(","))


def emit(arguments: argparse.Namespace, result: dict, lines: list[str]):
    """Print the result as one JSON object with --json, else as lines of text; then notes go to stderr, a line each."""
    import json

    for note in () if arguments.json else result.get("notes", ()):
        print(f"note: {harmless(note)}", file=sys.stderr)
    print(json.dumps(result, allow_nan=False) if arguments.json else "\n".join(map(harmless, lines)))


def run_variation(arguments: argparse.Namespace) -> None:
    """Run what --vary asks for, keep it in the file of --out or draw it there, and print it.

    ``arguments.series`` is a function that makes the series of them.
    """
    from dwcore.canvas.figure_file import FORMATS, save_figure
    from dwsynapse.series import run_series

    out, force = arguments.out, arguments.force
    drawn = out is not None and out.suffix.lower().removeprefix(".") in FORMATS
    if not drawn:
        need_figure(arguments, "a figure of --vary, -o FIGURE")
    if drawn and arguments.resume:
        raise InputError(f"--resume: {out} is a figure and keeps no points; give -o FILE.h5 and plot that")
    if out is not None:
        (writable_file if drawn else writable_hdf5)(out, force or arguments.resume)
    found = run_series(arguments.series(arguments), out=None if drawn else out, resume=arguments.resume, force=force)
    if drawn:
        from dwcore.canvas.line_breaks import entitle
        from dwcore.canvas.style import own_look
        from dwsynapse.variation_plot import variation_figure

        with own_look(arguments.width):
            figure = variation_figure(found)
            entitle(figure, found.subject)
            save_figure(out, figure, force=force)
    emit(arguments, found.as_json() | ({} if out is None else {"out": str(out)}), found.lines())


def need_figure(arguments: argparse.Namespace, of: str) -> None:
    """Refuse --width where no figure is written; `of` says which figures the command writes.

    Raises:
        InputError: it is given.
    """
    if getattr(arguments, "width", None) is not None:
        raise InputError(f"--width {arguments.width:g}: is that of {of}, which is missing")


def writable_file(path: Path, force: bool):
    """Refuse a file that cannot or must not be written, before the work starts.

    Raises:
        InputError: the folder is missing or not writable, the file exists and `force` is not set, or there can be no
            file of this name.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:  # a name that is too long, links in a circle
        raise InputError(f"{path}: cannot be written: {error.strerror}") from None
    if path.is_dir():
        raise InputError(f"{path}: is a folder, must be a file name")
    if not path.parent.is_dir():
        raise InputError(f"{path}: the folder {path.parent} does not exist")
    if not os.access(path.parent, os.W_OK):
        raise InputError(f"{path}: the folder {path.parent} is not writable")
    if path.exists() and not force:
        raise InputError(f"{path}: exists; give --force to overwrite it")


def writable_hdf5(path: Path, force: bool) -> None:
    """Refuse a file for HDF5 as `writable_file` does, or where its name promises another format.

    Raises:
        InputError: it cannot or must not be written, or ends neither in .h5 nor in .hdf5.
    """
    if not os.path.isdir(path) and path.suffix.lower() not in (".h5", ".hdf5"):
        raise InputError(f"{path}: must end in .h5 or .hdf5, for what is written is HDF5")
    writable_file(path, force)


def writable_folder(path: Path, force: bool):
    """Make a folder for results, or take an existing one.

    Raises:
        InputError: it cannot be made, or holds something and `force` is not set.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        occupied = any(path.iterdir())
    except OSError as error:
        raise InputError(f"{path}: cannot be made a folder for results: {error.strerror}") from None
    if occupied and not force:
        raise InputError(f"{path}: is not empty; give --force to overwrite results in it")
    if not os.access(path, os.W_OK):
        raise InputError(f"{path}: the folder is not writable")
