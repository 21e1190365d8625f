"""Subcommands of the wall solver: simulate, rates, info."""

import argparse

from .command_line import add_common, emit, progress, si, whole_number, writable_file


def add_commands(commands):
    """Declare the subcommands; nothing heavy is imported before one runs."""
    simulate = commands.add_parser("simulate", help="ensemble of trajectories, or of their outcomes only")
    simulate.add_argument("device", metavar="DEVICE", help="shipped device or TOML file")
    simulate.add_argument("--current", type=si("A/m^2"), metavar="J", help="current density (default: nominal pulse)")
    simulate.add_argument(
        "--duration", type=si("s"), metavar="TIME", help="full width at half maximum (default: nominal)"
    )
    simulate.add_argument("-n", type=whole_number(1), default=1000, metavar="N", help="trajectories (default 1000)")
    simulate.add_argument("--state", type=whole_number(0), metavar="I", help="state to start in (default: the middle)")
    simulate.add_argument("--temperature", type=si("K"), metavar="T", help="temperature (default: the device's)")
    for axis in "xyz":
        help_text = f"constant field along {axis} (default 0)"
        simulate.add_argument(f"--H_{axis}", type=si("A/m"), default=0.0, metavar="H", help=help_text)
    simulate.add_argument("--dt", type=si("s"), metavar="TIME", help="time step (default: from the fastest rate)")
    simulate.add_argument("--samples", type=whole_number(1), default=500, metavar="M", help="times recorded with -o")
    add_common(simulate, output="write the trajectories to this HDF5 file")
    simulate.set_defaults(run=run_simulate)

    rates = commands.add_parser("rates", help="wells, barriers, retention, depinning field and current")
    rates.add_argument("device", metavar="DEVICE", help="shipped device or TOML file")
    rates.add_argument("--temperature", type=si("K"), metavar="T", help="temperature (default: the device's)")
    add_common(rates, seed=False)
    rates.set_defaults(run=run_rates)

    info = commands.add_parser("info", help="what a file is, where it came from, whether it is sound")
    info.add_argument("file", metavar="FILE", help="an HDF5 file of this program")
    add_common(info, seed=False)
    info.set_defaults(run=run_info)


def run_simulate(arguments: argparse.Namespace):
    """Simulate an ensemble and print or write what came out."""
    from .device import load_device
    from .q_phi import Field
    from .simulation import as_json, run_pulse
    from .trajectories import record, save_trajectories

    if arguments.out:
        writable_file(arguments.out, arguments.force)
    device = load_device(arguments.device)
    field = Field(H_x=arguments.H_x, H_y=arguments.H_y, H_z=arguments.H_z)
    with progress(arguments.n, "trajectories", "") as bar:
        run = run_pulse(
            device,
            current_density=arguments.current,
            duration=arguments.duration,
            state=arguments.state,
            field=field,
            n=arguments.n,
            seed=arguments.seed,
            temperature=arguments.temperature,
            dt=arguments.dt,
            samples=arguments.samples if arguments.out else 0,
            jobs=arguments.jobs,
            progress=bar,
        )
    if arguments.out:
        trajectories = record(device, run.current_density, run.waveform, run.ensemble)
        save_trajectories(arguments.out, trajectories, seed=arguments.seed, force=arguments.force)
    result = as_json(run)
    lines = [
        f"{device.name}: {arguments.n} trajectories from q = {1e9 * run.start[0]:.1f} nm, "
        f"J = {run.current_density:g} A/m^2 for {1e9 * run.duration:g} ns"
    ]
    names = [f"state {i} at {1e9 * q:.1f} nm" for i, q in enumerate(result["states"])] + ["left all states"]
    rows = zip(names, result["probability"], result["standard_error"], strict=True)
    lines += [f"  {name:24s} {p:.5f} +- {error:.5f}" for name, p, error in rows]
    lines.append(f"  mean velocity {run.mean_velocity:.2f} m/s during the pulse")
    emit(arguments, result, lines)


def run_rates(arguments: argparse.Namespace):
    """Analyse the wells of a device."""
    from .device import load_device
    from .rates import as_json, well_rates

    device = load_device(arguments.device)
    rates = well_rates(device, arguments.temperature)
    lines = [
        f"{device.name}: {len(rates)} wells",
        "  q [nm]  barriers [kB T]  retention [s]  B_dep [mT]  J_dep [1e11 A/m^2]",
    ]
    for r in rates:
        fields = f"{1e3 * r.well.depinning_field_left:5.1f} {1e3 * r.well.depinning_field_right:5.1f}"
        currents = " ".join(f"{J / 1e11:8.3f}" for J in r.depinning_current)
        barriers = f"{r.barrier_left:7.1f} {r.barrier_right:7.1f}"
        lines.append(f"{1e9 * r.well.q:8.1f}  {barriers}  {r.retention:13.3g}  {fields}  {currents}")
    emit(arguments, as_json(rates), lines)


def run_info(arguments: argparse.Namespace):
    """Check a file and describe it."""
    from .files import describe, open_checked, provenance

    with open_checked(arguments.file) as file:
        origin, content = provenance(file), describe(file)
    arrays = [
        {"name": name, "shape": list(shape), "dtype": str(dtype), "unit": unit, "long_name": long_name}
        for name, shape, dtype, unit, long_name in content
    ]
    lines = [
        f"{arguments.file}: sound {origin['schema']} version {origin['schema_version']}, complete, content verified"
    ]
    lines += [f"  {key}: {origin[key]}" for key in ("seed", "command_line", "git_state", "versions", "inputs")]
    lines += [f"  {a['name']} {tuple(a['shape'])} {a['dtype']} [{a['unit']}] {a['long_name']}" for a in arrays]
    emit(arguments, {"file": arguments.file, "sound": True, **origin, "arrays": arrays}, lines)
