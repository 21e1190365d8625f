"""`dwsynapse simulate`: pulses, trains and waveforms on one state of a device or of one of its instances."""

import argparse

from dwcore.errors import InputError
from dwsynapse.device_settings import device_of, given_on_device, idle_keys, on_what, settings_on_device
from dwsynapse.given import Given
from dwsynapse.options import add_common, emit, path, progress, run_variation, si, whole_number, writable_hdf5
from llg.device.material import MODELS

DENSITY = "fokker-planck"
BYTES_PER_SAMPLE = 16.0
"""Position and angle of a wall at one time."""
SETTINGS = settings_on_device(
    "simulate",
    ("current", "duration", "period", "temperature", "H_x", "H_y", "H_z"),
    unused={name: "nothing is read" for name in ("readout", "variation.RA_dtod", "variation.TMR_dtod")}
    | {"stack.R_contact": "no voltage is asked for"},
)
OF_PULSES = {
    "stack": "heating.R_th > 0 or torque.P > 0 or stack.oersted = below|above",
    "pulse.current_density": "drive.current = none",
    "pulse.duration": "drive.duration = none",
}
"""What settings need in this command."""


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the options; nothing heavy is imported before the command runs."""
    parser.add_argument("device", metavar="DEVICE", help="shipped device or TOML file")
    parser.add_argument("--instance", type=whole_number(0), default=0, metavar="K",
                        help="device instance drawn from the spreads with --seed (default 0: nominal)")  # fmt: skip
    SETTINGS.add_to(parser)
    parser.add_argument("--pulses", type=whole_number(1), default=1, metavar="N", help="train of N pulses (default 1)")
    parser.add_argument("--polarity", choices=("same", "alternating"), default="same",
                        help="sign of the pulses of a train (default same)")  # fmt: skip
    parser.add_argument("--waveform", type=path, metavar="FILE", help="CSV with time_ns,value instead of pulses")
    parser.add_argument("--method", choices=("ensemble", DENSITY), default="ensemble",
                        help="sample trajectories, or solve for the density (default ensemble)")  # fmt: skip
    parser.add_argument("--cell", type=si("1"), metavar="SIZE",
                        help="grid cells of fokker-planck in thermal widths of the wells (default 0.3)")  # fmt: skip
    parser.add_argument("-n", type=whole_number(1), metavar="N", help="trajectories (default 1000)")
    parser.add_argument("--state", type=whole_number(0), metavar="I", help="state to start in (default: the middle)")
    parser.add_argument("--field-waveform", type=path, metavar="FILE",
                        help="CSV with time_ns,value that the field is multiplied by (default: constant)")  # fmt: skip
    parser.add_argument("--gate-waveform", type=path, metavar="FILE",
                        help="CSV with time_ns,value: level of the gate (default: follows the pulse)")  # fmt: skip
    parser.add_argument("--dt", type=si("s"), metavar="TIME", help="time step (default: from the fastest rate)")
    parser.add_argument("--check-dt", action="store_true", help="repeat with half the time step, say what changes")
    parser.add_argument("--samples", type=whole_number(1), metavar="M", help="times recorded with -o (default 500)")
    add_common(parser, output="write the trajectories to this HDF5 file; with --vary the results, or a figure of them")
    parser.set_defaults(series=_series)


def run(arguments: argparse.Namespace) -> None:
    """Simulate an ensemble and print or write what came out, once or at each point of what is varied."""
    given = _given(arguments)
    _check_method(arguments, given)
    if given.axes:
        _check_series(arguments)
        run_variation(arguments)
        return
    _check_samples(arguments)
    if arguments.out:
        writable_hdf5(arguments.out, arguments.force)
    device = _device(arguments, given)
    (_run_density if arguments.method == DENSITY else _run_ensemble)(arguments, given, device)


def _given(arguments: argparse.Namespace) -> Given:
    """Return what the options set and vary."""
    given = given_on_device(SETTINGS, arguments, drawn=arguments.instance > 0, more=OF_PULSES)
    if arguments.waveform is not None:
        given.refuse(f"--waveform {arguments.waveform} says it", "pulse.duration", "pulse.rise_time", "pulse.fall_time")
    if arguments.pulses == 1 and arguments.waveform is None:
        given.refuse("is that of a train, --pulses N", "drive.period")
        if arguments.polarity != "same":
            raise InputError(f"--polarity {arguments.polarity}: is that of a train, --pulses N")
    return given


def _check_method(arguments: argparse.Namespace, given: Given) -> None:
    """Refuse options of the other method."""
    if arguments.method != DENSITY:
        if arguments.cell is not None:
            raise InputError(f"--cell {arguments.cell:g}: needs --method {DENSITY}")
        return
    own = {"-n": arguments.n, "--dt": arguments.dt, "-o/--out": None if given.axes else arguments.out}
    own["--check-dt"] = arguments.check_dt or None
    clash = [name for name, value in own.items() if value is not None]
    if clash:
        raise InputError(f"{clash[0]}: must not be given with --method {DENSITY}, which has no trajectories")


def _check_samples(arguments: argparse.Namespace) -> None:
    if arguments.samples is not None and arguments.out is None:
        raise InputError(f"--samples {arguments.samples}: are kept in the file of -o, which is missing")


def _check_series(arguments: argparse.Namespace) -> None:
    if arguments.check_dt:
        raise InputError("simulate: --check-dt looks at one run and does not go with --vary")
    if arguments.samples is not None:
        raise InputError("simulate: --samples are those of one run and do not go with --vary")


def _device(arguments: argparse.Namespace, given: Given):
    device = device_of(arguments.device, given).draw(arguments.instance, arguments.seed)
    if arguments.method == DENSITY and device.wall.model != MODELS[0]:
        raise InputError(f"--method {DENSITY}: knows the model {MODELS[0]} only, not {device.wall.model}")
    return device


def _ensemble_options(arguments: argparse.Namespace, given: Given, device) -> dict:
    """Return the arguments of `llg.runs.simulation.run_pulse`."""
    count = 1000 if arguments.n is None else arguments.n
    fixed = {"n": count, "seed": arguments.seed, "dt": arguments.dt, "jobs": arguments.jobs, "keep": False}
    return _what_acts(arguments, given, device) | fixed


def _run_ensemble(arguments: argparse.Namespace, given: Given, device) -> None:
    """Simulate trajectories; print the outcome and write them."""
    from llg.runs.simulation import as_json, run_pulse
    from llg.runs.step_check import check_step
    from llg.runs.trajectories import record, save_trajectories

    options = _ensemble_options(arguments, given, device)
    samples = 500 if arguments.samples is None else arguments.samples
    disk = BYTES_PER_SAMPLE * samples * options["n"] if arguments.out else 0.0
    with progress(options["n"], "trajectories", "", disk=disk) as bar:
        run = run_pulse(device, **options, samples=samples if arguments.out else 0, progress=bar)
    notes = _notes(given, run)
    if arguments.out:
        inputs = [path for path in (arguments.waveform, arguments.field_waveform, arguments.gate_waveform) if path]
        kept = {"seed": arguments.seed, "notes": notes, "inputs": inputs, "force": arguments.force}
        save_trajectories(arguments.out, record(run), **kept)
    result = as_json(run) | {"instance": device.instance, "notes": notes + idle_keys(device)}
    lines = _lines(device, result, f"{options['n']} trajectories")
    if arguments.check_dt:
        check = check_step(device, run, lambda **other: run_pulse(device, **options | other))
        result["check_dt"] = check.as_json()
        lines.append(f"  {check.advice()}")
    emit(arguments, result, lines)


def _density(arguments: argparse.Namespace, given: Given, device):
    """Return the outcome as a density."""
    from llg.fokker_planck.run import CELL, run_pulse_density

    cell = CELL if arguments.cell is None else arguments.cell
    with progress(1, "density", "") as bar:
        return run_pulse_density(device, **_what_acts(arguments, given, device), cell=cell, progress=bar)


def _run_density(arguments: argparse.Namespace, given: Given, device) -> None:
    """Solve for the density and print the outcome."""
    from llg.fokker_planck.run import as_json

    run = _density(arguments, given, device)
    beside = {"unsettled": None, "unsettled_share": None, "notes": _notes(given, run) + idle_keys(device)}
    result = as_json(run) | {"instance": device.instance, **beside}
    emit(arguments, result, _lines(device, result, "density"))


def _notes(given: Given, run) -> list[str]:
    """Return what is to be known beside an outcome, of walls or as a density, one line each."""
    from llg.runs.simulation import PulseRun, drive_notes, notes_on

    return notes_on(run) if isinstance(run, PulseRun) else drive_notes(run.case, given["drive"].get("temperature"))


def _series(arguments: argparse.Namespace):
    """Return the runs over what is varied."""
    from dwsynapse.series import Series

    given = _given(arguments)
    what = on_what(arguments.device, given)
    names = ("instance", "pulses", "polarity", "method", "cell", "n", "state", "dt")
    what["config"] |= {name: getattr(arguments, name) for name in names}
    files = (arguments.waveform, arguments.field_waveform, arguments.gate_waveform)
    what["inputs"] += [str(path) for path in files if path]
    return Series(command="simulate", given=given, seeds=(arguments.seed,), outcomes=_outcomes(),
                  check=lambda point: _device(arguments, point), **what,
                  measure=lambda point, index, known: _measured(arguments, point))  # fmt: skip


def _outcomes() -> dict:
    from dwsynapse.variation import Outcome

    return {
        "up_by_one": Outcome(meaning="probability of a move to the next state up"),
        "down_by_one": Outcome(meaning="probability of a move to the next state down"),
        "stayed": Outcome(meaning="probability to stay"),
        "left": Outcome(meaning="probability to leave all states"),
        "mean_velocity_m_per_s": Outcome(meaning="mean velocity", unit="m/s"),
    }


def _measured(arguments: argparse.Namespace, given: Given) -> tuple[dict[str, list[float]], list[str]]:
    """Run one point; where the track has no wells the moves are unknown."""
    import math

    from llg.runs.simulation import run_pulse

    device = _device(arguments, given)
    if arguments.method == DENSITY:
        run = _density(arguments, given, device)
    else:
        run = run_pulse(device, **_ensemble_options(arguments, given, device))
    found = {name: [math.nan] for name in _outcomes()} | {"mean_velocity_m_per_s": [float(run.mean_velocity)]}
    wells, p = [well.q for well in run.case.wells], run.probability.tolist()
    if wells:
        start = wells.index(run.case.start[0])
        padded = [0.0, *p[:-1], 0.0]
        found |= {"down_by_one": [padded[start]], "stayed": [p[start]], "up_by_one": [padded[start + 2]]}
        found["left"] = [p[-1]]
    return found, _notes(given, run) + idle_keys(device)


def _what_acts(arguments: argparse.Namespace, given: Given, device) -> dict:
    """Current, field and gate as `llg.runs.simulation.run_pulse` takes them."""
    from llg.device.pulse import read_waveform
    from llg.walls.q_phi import Field

    drive = given["drive"]
    field = Field(**{name: value for name, value in drive.items() if name in ("H_x", "H_y", "H_z")})
    what = {"current_density": drive.get("current"), "duration": drive.get("duration"), "period": drive.get("period")}
    what |= {"pulses": arguments.pulses, "alternating": arguments.polarity == "alternating", "field": field}
    what |= {"temperature": drive.get("temperature"), "state": arguments.state}
    if arguments.waveform:
        own = {"--duration": drive.get("duration"), "--period": drive.get("period")}
        own |= {"--pulses": arguments.pulses > 1 or None, "--polarity": what["alternating"] or None}
        shape, amplitude = read_waveform(arguments.waveform, "A/m^2")
        if amplitude is not None:
            own["--current"] = drive.get("current")
            what["current_density"] = amplitude
        clash = [name for name, value in own.items() if value is not None]
        if clash:
            raise InputError(f"{clash[0]}: must not be given, --waveform {arguments.waveform} says it")
        what["shape"] = shape
    if arguments.field_waveform:
        if field == Field():
            raise InputError(f"--field-waveform {arguments.field_waveform}: needs the field it multiplies, as --H_z")
        what["field_waveform"] = read_waveform(arguments.field_waveform)[0]
    if arguments.gate_waveform:
        what["gate_waveform"] = _gate_level(arguments.gate_waveform, device.section("gate"))
    return what


def _gate_level(path, gate):
    """The waveform of a gate file; values in volts are divided by the voltage of level 1."""
    from llg.device.pulse import Waveform, read_waveform

    shape, volts = read_waveform(path, "V")
    if volts is None:
        return shape
    if not gate.voltage:
        raise InputError(f"{path}: values in V need a [gate] with a voltage other than 0")
    return Waveform(shape.time, shape.value * (volts / gate.voltage))


def _lines(device, result: dict, what: str) -> list[str]:
    number = f" instance {device.instance}" if device.instance else ""
    lines = [
        f"{device.name}{number}: {what} from q = {1e9 * result['start_q_m']:.1f} nm, "
        f"J = {result['current_density_A_per_m2']:g} A/m^2 for {1e9 * result['duration_s']:g} ns"
    ]
    names = [f"state {i} at {1e9 * q:.1f} nm" for i, q in enumerate(result["states"])] + ["left all states"]
    rows = zip(names, result["probability"], result["standard_error"], strict=True)
    lines += [f"  {name:24s} {p:.5f} +- {error:.5f}" for name, p, error in rows if result["states"]]
    left = result["left_track"]
    where = f"while on the track, which {left} walls left" if left > 0.01 * (result["n"] or 1) else "during the pulse"
    if not result["states"]:
        lines.append("  no states: the track has no wells")
    elif result["unsettled_share"] is not None:
        lines.append(f"  {result['unsettled_share']:.2%} of the walls have not settled in a state")
    lines.append(f"  mean velocity {result['mean_velocity_m_per_s']:.2f} m/s {where}")
    return lines
