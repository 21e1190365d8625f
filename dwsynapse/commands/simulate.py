"""`dwsynapse simulate`: pulses, trains and waveforms on one state of a device or of one of its instances."""

import argparse
from pathlib import Path

from dwcore.errors import InputError
from dwsynapse.options import add_common, emit, progress, si, whole_number, writable_hdf5
from llg.device.material import MODELS


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the options; nothing heavy is imported before the command runs."""
    parser.add_argument("device", metavar="DEVICE", help="shipped device or TOML file")
    parser.add_argument("--instance", type=whole_number(0), default=0, metavar="K",
                        help="device instance drawn from the spreads with --seed (default 0: nominal)")  # fmt: skip
    parser.add_argument("--current", type=si("A/m^2"), metavar="J", help="current density (default: nominal pulse)")
    parser.add_argument(
        "--duration", type=si("s"), metavar="TIME", help="full width at half maximum (default: nominal)"
    )
    parser.add_argument("--pulses", type=whole_number(1), default=1, metavar="N", help="train of N pulses (default 1)")
    parser.add_argument("--period", type=si("s"), metavar="TIME", help="from pulse to pulse (default: back to back)")
    parser.add_argument("--polarity", choices=("same", "alternating"), default="same",
                        help="sign of the pulses of a train (default same)")  # fmt: skip
    parser.add_argument("--waveform", type=Path, metavar="FILE", help="CSV with time_ns,value instead of pulses")
    parser.add_argument("--method", choices=("ensemble", "fokker-planck"), default="ensemble",
                        help="sample trajectories, or solve for the density (default ensemble)")  # fmt: skip
    parser.add_argument("--cell", type=float, metavar="SIZE",
                        help="grid cells of fokker-planck in thermal widths of the wells (default 0.3)")  # fmt: skip
    parser.add_argument("--model", choices=MODELS, help="equations of motion (default: the device's)")
    parser.add_argument("-n", type=whole_number(1), metavar="N", help="trajectories (default 1000)")
    parser.add_argument("--state", type=whole_number(0), metavar="I", help="state to start in (default: the middle)")
    parser.add_argument("--temperature", type=si("K"), metavar="T", help="temperature (default: the device's)")
    for axis in "xyz":
        parser.add_argument(f"--H_{axis}", type=si("A/m"), default=0.0, metavar="H", help=f"field along {axis}")
    parser.add_argument("--field-waveform", type=Path, metavar="FILE",
                        help="CSV with time_ns,value that the field is multiplied by (default: constant)")  # fmt: skip
    parser.add_argument("--gate-waveform", type=Path, metavar="FILE",
                        help="CSV with time_ns,value: level of the gate (default: follows the pulse)")  # fmt: skip
    parser.add_argument("--dt", type=si("s"), metavar="TIME", help="time step (default: from the fastest rate)")
    parser.add_argument("--check-dt", action="store_true", help="repeat with half the time step, say what changes")
    parser.add_argument("--samples", type=whole_number(1), default=500, metavar="M", help="times recorded with -o")
    add_common(parser, output="write the trajectories to this HDF5 file")


def run(arguments: argparse.Namespace) -> None:
    """Simulate an ensemble and print or write what came out."""
    from llg.device.device import load_device
    from llg.runs.models import with_model
    from llg.runs.simulation import as_json, run_pulse
    from llg.runs.step_check import check_step
    from llg.runs.trajectories import record, save_trajectories

    if arguments.out:
        writable_hdf5(arguments.out, arguments.force)
    device = with_model(load_device(arguments.device), arguments.model).draw(arguments.instance, arguments.seed)
    what = _what_acts(arguments, device)
    if arguments.method == "fokker-planck":
        _run_density(arguments, device, what | {"state": arguments.state})
        return
    if arguments.cell is not None:
        raise InputError(f"--cell {arguments.cell:g}: needs --method fokker-planck")
    count = 1000 if arguments.n is None else arguments.n
    common = what | {"state": arguments.state, "jobs": arguments.jobs}
    once = {"n": count, "seed": arguments.seed, "temperature": arguments.temperature, "dt": arguments.dt}
    with progress(count, "trajectories", "") as bar:
        samples = arguments.samples if arguments.out else 0
        run = run_pulse(device, **common, **once, samples=samples, keep=False, progress=bar)
    if arguments.out:
        trajectories = record(run)
        inputs = [path for path in (arguments.waveform, arguments.field_waveform, arguments.gate_waveform) if path]
        save_trajectories(arguments.out, trajectories, seed=arguments.seed, inputs=inputs, force=arguments.force)
    result = as_json(run) | {"instance": device.instance}
    lines = _lines(device, result, f"{count} trajectories")
    if arguments.check_dt:
        check = check_step(device, run, lambda **other: run_pulse(device, **common, keep=False, **once | other))
        result["check_dt"] = check.as_json()
        lines.append(f"  {check.advice()}")
    emit(arguments, result, lines)


def _run_density(arguments: argparse.Namespace, device, what: dict):
    """Solve for the density and print the outcome."""
    from llg.fokker_planck.run import CELL, as_json, run_pulse_density

    given = {"-n": arguments.n, "--dt": arguments.dt, "-o/--out": arguments.out}
    given["--check-dt"] = arguments.check_dt or None
    clash = [name for name, value in given.items() if value is not None]
    if clash:
        raise InputError(f"{clash[0]}: must not be given with --method fokker-planck, which has no trajectories")
    if device.wall.model != MODELS[0]:
        raise InputError(f"--method fokker-planck: knows the model {MODELS[0]} only, not {device.wall.model}")
    cell = CELL if arguments.cell is None else arguments.cell
    with progress(1, "density", "") as bar:
        run = run_pulse_density(device, **what, temperature=arguments.temperature, cell=cell, progress=bar)
    result = as_json(run) | {"instance": device.instance}
    emit(arguments, result, _lines(device, result, "density"))


def _what_acts(arguments: argparse.Namespace, device) -> dict:
    """Current, field and gate as `llg.runs.simulation.run_pulse` takes them."""
    from llg.device.pulse import read_waveform
    from llg.walls.q_phi import Field

    field = Field(H_x=arguments.H_x, H_y=arguments.H_y, H_z=arguments.H_z)
    what = {"current_density": arguments.current, "duration": arguments.duration, "field": field}
    what |= {"pulses": arguments.pulses, "period": arguments.period, "alternating": arguments.polarity == "alternating"}
    if arguments.waveform:
        given = {"--duration": arguments.duration, "--period": arguments.period}
        given |= {"--pulses": arguments.pulses > 1 or None, "--polarity": what["alternating"] or None}
        shape, amplitude = read_waveform(arguments.waveform, "A/m^2")
        if amplitude is not None:
            given["--current"] = arguments.current
            what["current_density"] = amplitude
        clash = [name for name, value in given.items() if value is not None]
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


def _gate_level(path: Path, gate):
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
    lines += [f"  {name:24s} {p:.5f} +- {error:.5f}" for name, p, error in rows]
    lines.append(f"  mean velocity {result['mean_velocity_m_per_s']:.2f} m/s during the pulse")
    return lines
