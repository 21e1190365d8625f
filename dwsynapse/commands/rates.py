"""Subcommand rates: wells, barriers, retention, depinning field and current."""

import argparse
import math

from dwcore.errors import InputError
from dwsynapse.options import add_common, emit, progress, si
from llg.device.material import MODELS

METHODS = ("langer", "flux", "brute")


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the options; nothing heavy is imported before the command runs."""
    parser.add_argument("device", metavar="DEVICE", help="shipped device or TOML file")
    parser.add_argument("--temperature", type=si("K"), metavar="T", help="temperature (default: the device's)")
    parser.add_argument(
        "--method",
        choices=METHODS,
        default="langer",
        help="escape rates by Langer's formula (default, at once), by flux sampling of the noisy motion (minutes, any "
        "barrier, with errors), or by waiting for escapes (low barriers only)",
    )
    parser.add_argument(
        "--model",
        choices=MODELS,
        help="equations of motion of the depinning current and of --method brute (default: the device's); "
        "landscape and other rates are those of the rigid wall",
    )
    add_common(parser)


def run(arguments: argparse.Namespace) -> None:
    """Analyse the wells of a device."""
    from llg.device.device import load_device
    from llg.rates.summary import as_json, well_rates
    from llg.runs.models import with_model

    device = with_model(load_device(arguments.device), arguments.model)
    if arguments.method == "flux" and device.wall.model != MODELS[0]:
        raise InputError(f"--method flux: knows the model {MODELS[0]} only, not {device.wall.model}")
    with progress(0, "wells", "") as bar:
        rates = well_rates(
            device,
            arguments.temperature,
            method=arguments.method,
            seed=arguments.seed,
            jobs=arguments.jobs,
            progress=bar,
        )
    lines = [
        f"{device.name}: {len(rates)} wells",
        "  q [nm]  barriers [kB T]        retention [s]  B_dep [mT]  J_dep [1e11 A/m^2]",
    ]
    for r in rates:
        fields = f"{1e3 * r.well.depinning_field_left:5.1f} {1e3 * r.well.depinning_field_right:5.1f}"
        currents = " ".join(f"{J / 1e11:8.3f}" for J in r.depinning_current)
        barriers = f"{r.barrier_left:7.1f} {r.barrier_right:7.1f}"
        error = f" +- {r.retention_error:7.1g}" if math.isfinite(r.retention_error) else 11 * " "
        lines.append(f"{1e9 * r.well.q:8.1f}  {barriers}  {r.retention:8.3g}{error}  {fields}  {currents}")
    emit(arguments, {"method": arguments.method, **as_json(rates)}, lines)
