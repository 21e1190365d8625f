"""`dwsynapse plot`: a figure of what a file holds or of the physics of a device, or an animation."""

import argparse

from dwcore.errors import InputError
from dwsynapse.options import add_width, emit, path, si, whole_number, writable_file

FIELDS = ("H_x", "H_y", "H_z")


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the options; nothing heavy is imported before the command runs."""
    parser.add_argument(
        "file", metavar="FILE|DEVICE", help="an HDF5 file of this program, shipped device or synapse, or TOML file"
    )
    parser.add_argument(
        "more", metavar="FILE", nargs="*", help="further files of trajectories: one figure of all pulses"
    )
    parser.add_argument("--figure", metavar="NAME", help="which figure (default: the first of its kind); of a device: "
                        "landscape, phase, velocity, field-velocity, retention; of trajectories: trajectories, motion, "
                        "velocity, angle, tilt, width, landscape")  # fmt: skip
    parser.add_argument("--current", type=si("A/m^2"), metavar="J", help="of a device: current density held, or the "
                        "end of the axis")  # fmt: skip
    parser.add_argument("--H_z", type=si("A/m"), metavar="H", help="of a device: field held, or the end of the axis")
    for name, way in (("H_x", "along"), ("H_y", "across")):
        parser.add_argument(f"--{name}", type=si("A/m"), metavar="H", help=f"of a device: field held {way} the track")
    parser.add_argument("--instance", type=whole_number(0), metavar="I",
                        help="of a table: which device instance (default: the mean over all)")  # fmt: skip
    parser.add_argument("--temperature", type=si("K"), metavar="T", help="of a table: which temperature it holds")
    parser.add_argument("--trajectory", type=whole_number(0), metavar="I",
                        help="of an animation: which one (default 0)")  # fmt: skip
    parser.add_argument("-o", "--out", type=path, required=True, metavar="PNG|PDF|SVG|GIF|MP4",
                        help="figure to write; GIF and MP4 animate recorded trajectories")  # fmt: skip
    add_width(parser, "the figure")
    parser.add_argument("--data", type=path, metavar="CSV", help="write what is drawn as numbers, too")
    parser.add_argument("--force", action="store_true", help="overwrite what exists")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def run(arguments: argparse.Namespace) -> None:
    """Draw one figure of a file or device, or animate a trajectory."""
    from dwcore.canvas.movie_file import is_movie
    from dwsynapse.draw import can_move, notes_of

    if arguments.data is not None and arguments.data.suffix.lower() != ".csv":
        raise InputError(f"{arguments.data}: must end in .csv, for the numbers of a figure are CSV")
    for target in (arguments.out, arguments.data):
        if target is not None:
            writable_file(target, arguments.force)
    moves = is_movie(arguments.out) and not arguments.more and can_move(arguments.file)
    name = _animate(arguments) if moves else _draw(arguments)
    drive = {"current_density": arguments.current} | {name: getattr(arguments, name) for name in FIELDS}
    notes = notes_of([arguments.file, *arguments.more], drive)
    result = {"file": str(arguments.file), "figure": name, "out": str(arguments.out), "notes": notes}
    emit(arguments, result, [f"{arguments.out}: {name} of {', '.join([arguments.file, *arguments.more])}"])


def _animate(arguments: argparse.Namespace) -> str:
    """Write the animation of a trajectory; return its name."""
    from dwcore.canvas.movie_file import movie_format, save_movie
    from dwsynapse.draw import movie_of

    movie_format(arguments.out)
    _refuse(arguments, "an animation", "figure", "current", *FIELDS, "instance", "temperature", "data", "width")
    save_movie(arguments.out, movie_of(arguments.file, arguments.trajectory or 0), force=arguments.force)
    return "animation"


def _draw(arguments: argparse.Namespace) -> str:
    """Write a figure, and its numbers where asked for; return its name."""
    from dwcore.canvas.figure_data import save_figure_data
    from dwcore.canvas.figure_file import figure_format, save_figure
    from dwsynapse.draw import draw_device, draw_file, draw_pulses, is_device

    figure_format(arguments.out)
    _refuse(arguments, "a still figure", "trajectory")
    width = arguments.width
    if arguments.more:
        _refuse(arguments, "a figure of several files", "figure", "current", *FIELDS, "instance", "temperature")
        name, figure = draw_pulses([arguments.file, *arguments.more], width=width)
    elif is_device(arguments.file):
        _refuse(arguments, "a figure of a device", "instance", "temperature")
        drive = {name: getattr(arguments, name) for name in FIELDS}
        name, figure = draw_device(
            arguments.file, arguments.figure, current_density=arguments.current, **drive, width=width
        )
    else:
        _refuse(arguments, "a figure of a file", "current", *FIELDS)
        view = {"device": arguments.instance, "temperature": arguments.temperature}
        name, figure = draw_file(arguments.file, arguments.figure, **view, width=width)
    save_figure(arguments.out, figure, force=arguments.force)
    if arguments.data is not None:
        save_figure_data(arguments.data, figure, force=arguments.force)
    return name


def _refuse(arguments: argparse.Namespace, what: str, *options: str) -> None:
    for option in options:
        if getattr(arguments, option) is not None:
            raise InputError(f"plot: {what} takes no --{option}")
