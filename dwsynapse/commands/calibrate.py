"""The subcommand `calibrate`: fit a device to data, or give it a measured potential."""

import argparse
from typing import Any

from dwcore.errors import InputError
from dwcore.toml import is_toml
from dwsynapse.device_settings import device_of, given_on_device, settings_on_device
from dwsynapse.options import add_common, add_width, emit, need_figure, path, progress, si, si_list, writable_file

KINDS = {
    "pinning": "field that holds the wall at each place: q_nm or q_S_nm, Bz_mT",
    "velocity": "velocity on a straight track: v_m_per_s and J_A_per_m2 or Bz_mT",
    "depinning": "pulses that depinned the wall: J_A_per_m2, trials, depinned",
    "trajectory": "position in time: t_ns, q_nm or q_S_nm, J_A_per_m2 or Bz_mT",
}
DESCRIPTION = """Fit wall and stack parameters of a device to data, with 95 % intervals and correlations; or, with
--potential, replace its notches by a measured pinning potential. FILE is CSV, a mumax3 table.txt or an OOMMF .odt; give
each option as often as there are files. Columns and laws: docs/calibration.md."""

SETTINGS = settings_on_device("calibrate")


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the options; nothing heavy is imported before the command runs."""
    parser.description = DESCRIPTION
    parser.add_argument("device", metavar="DEVICE", help="shipped device or TOML file: where the fit starts")
    SETTINGS.add_to(parser, vary=False)
    for kind, text in KINDS.items():
        parser.add_argument(f"--{kind}", type=path, action="append", default=[], metavar="FILE", help=text)
    parser.add_argument("--potential", type=path, metavar="FILE", help="make this map the [potential] of an even track")
    parser.add_argument("--free", metavar="NAMES", help="parameters to fit, as sigma_0,D,alpha")
    parser.add_argument("--profile", action="store_true", help="find intervals from the likelihood as well (slower)")
    parser.add_argument(
        "--origin", type=si_list("m"), metavar="X", help="where on the track q = 0 (default: the only notch)"
    )
    parser.add_argument("--column", action="append", default=[], metavar="QUANTITY=NAME", help="column of a quantity")
    parser.add_argument("--mz-length", type=si("m"), metavar="L", help="q_S = L <m_z>/2 from the mean m_z of a table")
    parser.add_argument("--mirror", action="store_true", help="--potential holds one side of a symmetric notch")
    parser.add_argument(
        "--temperature",
        type=si("K"),
        default=0.0,
        metavar="T",
        help="of averaged trajectories (default 0: one, no noise)",
    )
    parser.add_argument("--plot", type=path, metavar="FIGURE", help="draw data, fit and residuals to PNG, PDF or SVG")
    add_width(parser, "the figure of --plot")
    add_common(parser, output="write the calibrated device to this TOML file")


def run(arguments: argparse.Namespace) -> None:
    """Fit, or take over a potential; print, write and draw."""
    from dwcore.canvas.figure_file import figure_format

    if arguments.out:
        if not is_toml(arguments.out):
            raise InputError(f"{arguments.out}: a device file ends in .toml")
        writable_file(arguments.out, arguments.force)
    if arguments.plot:
        figure_format(arguments.plot)
        writable_file(arguments.plot, arguments.force)
    else:
        need_figure(arguments, "the figure of --plot")
    if arguments.temperature < 0:
        raise InputError(f"--temperature {arguments.temperature:g} [K] must be >= 0")
    device = device_of(
        arguments.device, given_on_device(SETTINGS, arguments, drawn=True)
    )  # what it writes holds the spreads
    if arguments.potential is not None:
        _take_potential(arguments, device)
    else:
        _fit(arguments, device)


def _fit(arguments: argparse.Namespace, device):
    from dwcore.canvas.figure_file import save_figure
    from dwcore.canvas.style import own_look
    from llg.calibration.fit import calibrate
    from llg.calibration.report import as_json, as_text, parameter_lines
    from llg.device.device_file import save_device
    from llg.drawing.calibration_plots import plot_calibration

    if arguments.mirror:
        raise InputError("--mirror goes with --potential only")
    if not arguments.free:
        raise InputError("give --free NAMES, the parameters to fit, or --potential FILE")
    data = _read(arguments, device)
    if not data:
        raise InputError(f"give data to fit: {', '.join('--' + kind for kind in KINDS)}")
    names = [name.strip() for name in arguments.free.split(",")]
    with progress(None, "calibrate", " devices") as bar:
        result = calibrate(device, data, names, profile=arguments.profile, progress=bar)
    if arguments.out:
        comments = ["Calibrated by dwsynapse, in SI units:", *parameter_lines(result)]
        comments += [f"from the {d.kind} {d.source}" for d in data]
        save_device(arguments.out, result.device, comments=comments, force=arguments.force)
    if arguments.plot:
        with own_look(arguments.width):
            save_figure(arguments.plot, plot_calibration(result), force=arguments.force)
    emit(arguments, as_json(result), as_text(result))


def _read(arguments: argparse.Namespace, device) -> list:
    from llg.calibration.depinning_curve import read_depinning_curve
    from llg.calibration.pinning_map import read_pinning_map
    from llg.calibration.velocity_curve import read_velocity_curve
    from llg.calibration.wall_trace import read_wall_trace

    columns, origin = _columns(arguments), _one_origin(arguments)
    place: dict[str, Any] = {"columns": columns, "origin": origin}
    table = {**place, "mz_length": arguments.mz_length}
    noise: dict[str, Any] = {"seed": arguments.seed, "jobs": arguments.jobs}
    return [
        *(read_pinning_map(path, device, **table) for path in arguments.pinning),
        *(read_velocity_curve(path, device, columns=columns) for path in arguments.velocity),
        *(read_depinning_curve(path, device, **place, **noise) for path in arguments.depinning),
        *(
            read_wall_trace(path, device, **table, **noise, temperature=arguments.temperature)
            for path in arguments.trajectory
        ),
    ]


def _columns(arguments: argparse.Namespace) -> dict[str, str]:
    columns = {}
    for text in arguments.column:
        quantity, equals, name = text.partition("=")
        if not (quantity and equals and name):
            raise InputError(f'--column "{text}" must be QUANTITY=NAME')
        columns[quantity.strip()] = name.strip()
    return columns


def _one_origin(arguments: argparse.Namespace) -> float | None:
    if arguments.origin is None:
        return None
    if len(arguments.origin) > 1:
        raise InputError(f"--origin holds {len(arguments.origin)} places; only --potential takes more than one")
    return arguments.origin[0]


def _take_potential(arguments: argparse.Namespace, device):
    from dwcore.canvas.figure_file import save_figure
    from dwcore.canvas.style import own_look
    from llg.calibration.potential_map import read_potential_map, with_potential
    from llg.constants import K_B
    from llg.device.device_file import save_device
    from llg.drawing.calibration_plots import plot_potential
    from llg.landscape.wells import find_wells
    from llg.walls.q_phi import QPhiModel

    given = [f"--{kind}" for kind in (*KINDS, "free", "profile") if getattr(arguments, kind)]
    if given:
        raise InputError(f"--potential fits nothing; leave out {', '.join(given)}")
    pinning = read_potential_map(
        arguments.potential,
        device,
        columns=_columns(arguments),
        mz_length=arguments.mz_length,
        mirror=arguments.mirror,
    )
    even = with_potential(device, pinning, arguments.origin)
    wells = find_wells(QPhiModel(even), even.temperature)
    notes = [
        f"the map ends at q_S = {1e9 * x:.3g} nm while the wall is still pinned; beyond, its force is a guess"
        for x in pinning.open_ends
    ]
    if arguments.out:
        comments = [f"Potential by dwsynapse from {arguments.potential}; the track has no notches."]
        save_device(arguments.out, even, comments=comments, force=arguments.force)
    if arguments.plot:
        with own_look(arguments.width):
            save_figure(arguments.plot, plot_potential(pinning, even), force=arguments.force)
    kT = K_B * even.temperature
    rows: list[dict[str, Any]] = [
        {
            "q_m": w.q,
            "barrier_left_kT": w.barrier_left / kT,
            "barrier_right_kT": w.barrier_right / kT,
            "depinning_field_T": [w.depinning_field_left, w.depinning_field_right],
        }
        for w in wells
    ]
    lines = [f"{even.name}: even track with the potential of {arguments.potential}, {len(wells)} wells"]
    for row in rows:
        left, right = (1e3 * B for B in row["depinning_field_T"])
        barriers = f"{row['barrier_left_kT']:.1f} and {row['barrier_right_kT']:.1f} kB T"
        lines.append(
            f"  {1e9 * row['q_m']:.1f} nm: barriers {barriers}, depinning fields {left:.2f} and {right:.2f} mT"
        )
    emit(arguments, {"device": even.name, "wells": rows, "warnings": notes}, lines + [f"note: {n}" for n in notes])
