"""`dwsynapse rates`: wells, barriers, retention, depinning field and current."""

import argparse
import math

from dwcore.errors import InputError
from dwsynapse.device_settings import device_of, given_on_device, idle_keys, on_what, settings_on_device
from dwsynapse.given import Given
from dwsynapse.options import add_common, emit, progress, run_variation
from llg.device.material import MODELS

METHODS = ("auto", "langer", "flux", "brute")
SETTINGS = settings_on_device(
    "rates",
    ("current", "temperature"),
    unused={
        "readout": "nothing is read",
        "pulse": "no pulse is sent",
        "heating.tau_th": "a current is held",
    },
    held=True,
)


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the options; nothing heavy is imported before the command runs."""
    parser.add_argument("device", metavar="DEVICE", help="shipped device or TOML file")
    SETTINGS.add_to(parser)
    parser.add_argument(
        "--method",
        choices=METHODS,
        default="auto",
        help="escape rates by Langer's formula (at once), by flux sampling of the noisy motion (minutes, any "
        "barrier, with errors), or by waiting for escapes (low barriers only); auto, the default: the formula, and a "
        "short flux sampling where it does not hold, as under a current; landscape and rates are those of the "
        "model q-phi, but for the depinning current and --method brute",
    )
    add_common(parser, output="with --vary: write the results, or a figure of them")
    parser.set_defaults(series=_series)


def run(arguments: argparse.Namespace) -> None:
    """Analyse the wells of a device, once or at each point of what is varied."""
    from llg.rates.summary import as_json

    given = _given(arguments)
    if given.axes:
        run_variation(arguments)
        return
    if arguments.out:
        raise InputError("rates: -o keeps what --vary finds, which is missing")
    device, rates = _analysed(arguments, given)
    current = _current(given)
    held = f" under {current:g} A/m^2" if current else ""
    lines = [
        f"{device.name}: {len(rates)} well{'s' if len(rates) > 1 else ''}{held}",
        "  q [nm]  barriers [kB T]        retention [s]  B_dep [mT]  J_dep [1e11 A/m^2]",
    ]
    for r in rates:
        fields = f"{1e3 * r.well.depinning_field_left:5.1f} {1e3 * r.well.depinning_field_right:5.1f}"
        currents = " ".join(f"{'-':>8}" if math.isnan(J) else f"{J / 1e11:8.3f}" for J in r.depinning_current)
        barriers = f"{r.barrier_left:7.1f} {r.barrier_right:7.1f}"
        error = f" +- {r.retention_error:7.1g}" if math.isfinite(r.retention_error) else 11 * " "
        lines.append(
            f"{1e9 * r.well.q:8.1f}  {barriers}  {_time(r.retention, r.at_least)}{error}  {fields}  {currents}"
        )
    found = {"method": rates[0].method, "current_density_A_per_m2": current, **as_json(rates)}
    emit(arguments, found | {"notes": _notes(given, device, rates)}, lines)


def _given(arguments: argparse.Namespace) -> Given:
    needs = {
        "stack": "torque.P > 0 or stack.oersted = below|above or drive.current != 0 and heating.R_th > 0",
        "stack.R_contact": "drive.current != 0 and heating.R_th > 0",
        "heating": "drive.current != 0",
    }
    return given_on_device(SETTINGS, arguments, more=needs)


def _current(given: Given) -> float:
    return given["drive"].get("current") or 0.0


def _notes(given: Given, device, rates: list) -> list[str]:
    """Return what is to be known beside the rates of a device, one line each."""
    from llg.rates.summary import notes_on

    return notes_on(device, rates, _current(given), given["drive"].get("temperature")) + idle_keys(device)


def _time(value: float, at_least: float) -> str:
    if math.isfinite(value):
        return f"{value:8.3g}"
    return f"{f'> {at_least:.0e}':>8}" if at_least else " unknown"


def _analysed(arguments: argparse.Namespace, given: Given) -> tuple:
    """Return the device and what is known of its wells."""
    from llg.rates.summary import well_rates

    device = _checked(arguments, given)
    with progress(0, "wells", "") as bar:
        options = {"method": arguments.method, "seed": arguments.seed, "jobs": arguments.jobs, "progress": bar}
        temperature = given["drive"].get("temperature")
        return device, well_rates(device, temperature, current_density=_current(given), **options)


def _checked(arguments: argparse.Namespace, given: Given):
    device = device_of(arguments.device, given)
    if arguments.method == "flux" and device.wall.model != MODELS[0]:
        raise InputError(f"--method flux: knows the model {MODELS[0]} only, not {device.wall.model}")
    return device


def _shortest(rates: list) -> float:
    """Return the shortest retention [s]; nan where one that is unknown may be shorter."""
    known = min((r.retention for r in rates if not math.isnan(r.retention)), default=math.nan)
    return known if all(r.at_least >= known for r in rates if math.isnan(r.retention)) else math.nan


def _series(arguments: argparse.Namespace):
    from dwsynapse.series import Measured, Series
    from dwsynapse.variation import Outcome

    def measure(point, index, known) -> Measured:
        device, rates = _analysed(arguments, point)
        fields = [field for r in rates for field in (r.well.depinning_field_left, r.well.depinning_field_right)]
        found = {
            "barrier_kT": [min(min(r.barrier_left, r.barrier_right) for r in rates)],
            "retention_s": [_shortest(rates)],
            "depinning_field_T": [min(fields)],
            "depinning_current_A_per_m2": [min(abs(J) for r in rates for J in r.depinning_current)],
            "wells": [len(rates)],
        }
        return found, _notes(point, device, rates)

    outcomes = {
        "barrier_kT": Outcome(meaning="lowest barrier", unit="kB T"),
        "retention_s": Outcome(meaning="shortest retention", unit="s"),
        "depinning_field_T": Outcome(meaning="lowest depinning field", unit="T"),
        "depinning_current_A_per_m2": Outcome(meaning="lowest depinning current", unit="A/m^2"),
        "wells": Outcome(meaning="number of wells"),
    }
    given = _given(arguments)
    what = on_what(arguments.device, given)
    what["config"]["method"] = arguments.method
    return Series(command="rates", given=given, seeds=(arguments.seed,), outcomes=outcomes,
                  check=lambda point: _checked(arguments, point), measure=measure, **what)  # fmt: skip
