"""Everything about the wells of a device in one place: barriers, retention, depinning field and current."""

import dataclasses
import math
import sys

import numpy as np

from dwcore.arguments import checked
from dwcore.errors import InputError, RunError
from llg.constants import K_B
from llg.device.device import Device
from llg.device.material import LARGEST_TEMPERATURE, MODELS
from llg.landscape.held_current import HeldCurrentModel
from llg.landscape.wells import Well, empty_notches, find_wells
from llg.rates.rate_matrix import RateMatrix, rate_matrix
from llg.runs.depinning import depinning_steps
from llg.runs.drive_limits import WARM, heat_notes
from llg.runs.validity import notes
from llg.walls.q_phi import QPhiModel

MOST_STEPS = 2e9
"""Time steps after which flux sampling gives up where Langer's formula does not hold and nothing else was asked for."""
LONGEST = 1 / sys.float_info.min
"""A retention [s] that one of infinity is longer than: its rate is below what a double holds."""
COARSE = {"trials": 128, "replicas": 32, "error": 0.3, "closed": 10.0, "most": MOST_STEPS, "least": 1e-30}
"""How flux sampling works there: until the standard error of the rate to a side is 30 % of it, over the lower barriers,
and not where a wall stays for more than 1e30 s."""
TILTED = (
    "Langer's formula in a landscape tilted by the torques of the current, which takes the angle to follow the place; "
    "compare with --method flux"
)
"""What is said of Langer's formula under torques that have no energy."""


@dataclasses.dataclass(frozen=True)
class WellRates:
    """One well and how firmly it holds the wall.

    Attributes:
        well: position, barriers and depinning fields.
        barrier_left: barrier to the left [kB T].
        barrier_right: barrier to the right [kB T].
        rate: escape rate at rest to each well, shape (S,) [1/s].
        rate_error: standard errors, shape (S,) [1/s]; nan where the method has none.
        lost: escape rates off the left and the right end of the track, shape (2,) [1/s].
        retention: mean time in the well [s]; infinity where no saddle leads out.
        retention_error: its standard error [s]; nan where the method has none.
        depinning_current: least current step at T = 0 that drives the wall out to the left and right [A/m^2]; nan under
            a current that is held.
        held_again: least larger step tried that does not drive the wall out to the left and right [A/m^2]; nan if none.
        method: how the rates were found, one of `llg.rates.rate_matrix.METHODS`.
        at_least: a bound on a retention that is unknown or infinite, a power of ten [s]; 0 where there is none.
        reason: why Langer's formula does not hold, and what else has failed; empty where it holds or was not asked for.
    """

    well: Well
    barrier_left: float
    barrier_right: float
    rate: np.ndarray
    rate_error: np.ndarray
    lost: np.ndarray
    retention: float
    retention_error: float
    depinning_current: tuple[float, float]
    held_again: tuple[float, float] = (math.nan, math.nan)
    method: str = "langer"
    at_least: float = 0.0
    reason: str = ""


@checked
def well_rates(
    device: Device,
    temperature: float | None = None,
    *,
    current_density: float = 0.0,
    method: str = "auto",
    **options,
) -> list[WellRates]:
    """Analyse all wells of a device.

    Args:
        device: the device (instance).
        temperature: temperature [K], of the substrate where the current heats the track; the device's own by default.
        current_density: heavy-metal current density that flows all the time [A/m^2].
        method: how the rates are found, one of `llg.rates.rate_matrix.METHODS`; "auto" takes Langer's formula, and flux
            sampling of at most `MOST_STEPS` steps where the formula does not hold.
        options: further arguments of `llg.rates.rate_matrix.rate_matrix`.

    Raises:
        InputError: the temperature, the current or the method is impossible.
        RunError: the track has no well, or a method that samples fails. Where "auto" fails, or Langer's formula does
            not hold, the rates are nan and `reason` says why.
    """
    device, temperature = held_at(device, temperature, current_density)
    model = HeldCurrentModel(device, current_density) if current_density else QPhiModel(device)
    wells, kT = find_wells(model, temperature), K_B * temperature
    matrix, reason = _rates(model, wells, temperature, method, **options)
    if current_density:
        steps = np.full((len(wells), 2, 2), math.nan)
    else:
        steps = np.array([[depinning_steps(model, well, side) for side in (-1, 1)] for well in wells])
    return [
        WellRates(
            well=well,
            barrier_left=well.barrier_left / kT,
            barrier_right=well.barrier_right / kT,
            rate=matrix.rate[i],
            rate_error=matrix.rate_error[i],
            lost=matrix.lost[i],
            retention=float(matrix.retention[i]),
            retention_error=float(matrix.retention_error[i]),
            depinning_current=tuple(steps[i, :, 0].tolist()),
            held_again=tuple(steps[i, :, 1].tolist()),
            method=matrix.method,
            at_least=_at_least(matrix, i),
            reason=reason,
        )
        for i, well in enumerate(wells)
    ]


def _at_least(matrix: RateMatrix, well: int) -> float:
    """Return the power of ten [s] that the retention of a well exceeds where it is no number, 0 where it is unknown."""
    if math.isinf(matrix.retention[well]):
        return LONGEST
    bound = math.inf if matrix.bound is None else matrix.bound[well]
    if not math.isnan(matrix.retention[well]) or not 0 < bound < math.inf:
        return 0.0
    return 10.0 ** math.floor(-math.log10(bound))


def held_at(device: Device, temperature: float | None, current_density: float) -> tuple[Device, float]:
    """Return the device and its temperature [K] under a current that is held: heated by it, and then without [heating].

    Args:
        device: the device.
        temperature: that of the substrate [K]; None for that of the device.
        current_density: heavy-metal current density [A/m^2].

    Raises:
        InputError: a temperature or a current that cannot be.
    """
    temperature = device.temperature if temperature is None else temperature
    if not math.isfinite(current_density):
        raise InputError(f"current_density = {current_density:g} [A/m^2] must be finite")
    if not 0 < temperature < LARGEST_TEMPERATURE:
        raise InputError(f"temperature = {temperature:g} [K] must be > 0 and < {LARGEST_TEMPERATURE:g}")
    if current_density and device.heating is not None:
        temperature += device.steady_rise(current_density)
        if temperature >= LARGEST_TEMPERATURE:
            raise InputError(
                f"current_density = {current_density:g} [A/m^2] heats the track to {temperature:.3g} K, must be < "
                f"{LARGEST_TEMPERATURE:g}"
            )
        device = dataclasses.replace(device, heating=None)
    if current_density and device.gate is not None and device.gate_level is None:
        device = device.at_gate_level(device.gate.rest_level)
    return device.at_temperature(temperature), temperature


def _rates(model: QPhiModel, wells: list[Well], temperature: float, method: str, **options) -> tuple[RateMatrix, str]:
    """Return the rates and an empty text, or why Langer's formula does not hold, with other rates or nan."""
    auto = method == "auto"
    tilted = isinstance(model, HeldCurrentModel) and not model.has_energy
    try:
        if auto and tilted:
            raise RunError("the torques of a current have no energy, which Langer's formula needs")
        matrix = rate_matrix(model, wells, temperature, "langer" if auto else method, **options)
        return matrix, TILTED if tilted and method == "langer" else ""
    except RunError as error:
        if method not in ("auto", "langer"):
            raise
        reason = str(error) if auto else f"{error} (--method flux of `dwsynapse rates`)"
    if auto and model.device.wall.model == MODELS[0]:
        matrix = rate_matrix(model, wells, temperature, "flux", **(COARSE | options))
        if matrix.gaps in ("", reason):  # what stops the formula can stop the sampling, too
            return matrix, reason
        return matrix, f"{reason}; {matrix.gaps} (--method flux goes on)"
    S = len(wells)
    unknown, lost = np.full((S, S), math.nan), np.full((S, 2), math.nan)
    return RateMatrix("langer", unknown, unknown, lost, lost), reason


def notes_on(
    device: Device, rates: list[WellRates], current_density: float = 0.0, temperature: float | None = None
) -> list[str]:
    """Return what strains the model in these results, one line each; unknown rates first.

    Args:
        device: the device.
        rates: of its wells.
        current_density: heavy-metal current density that is held [A/m^2].
        temperature: that the rates are of, of the substrate [K]; that of the device by default.
    """
    pads = ["shape: the wall stays straight over the pads; what holds it on the track is an estimate"]
    currents = [J for r in rates for J in r.depinning_current if math.isfinite(J)]
    known = any(not math.isnan(r.retention) for r in rates)
    how = {"langer": "by ", "flux": "by flux sampling, as "}[rates[0].method] if known else "unknown, "
    said = [f"rates: {how}{reason}" for reason in dict.fromkeys(r.reason for r in rates if r.reason)]
    if current_density and device.heating is not None:
        said.append(f"heating: the current heats the track by {device.steady_rise(current_density):.3g} K")
    elif currents and device.heating is not None and device.stack is not None:
        rise = device.steady_rise(max(currents))
        if rise > WARM * device.temperature:
            said.append(
                f"heating: J_dep is that of the film at {device.temperature:g} K; {max(currents):.3g} A/m^2 would heat it by "
                f"{rise:.3g} K"
            )
    said += _held_again(rates)
    said += empty_notches(device, [r.well.q for r in rates])
    said += heat_notes(device, device.temperature if temperature is None else temperature)
    ends = pads if device.track.pad_width is not None else []
    return [*said, *notes(device, max(currents, default=current_density)), *ends]


def _held_again(rates: list[WellRates]) -> list[str]:
    """Return one line of the wells in which a step above the depinning current holds the wall again, none without."""
    again = [
        f"{J:.3g} A/m^2 to the {side} from {1e9 * r.well.q:.4g} nm"
        for r in rates
        for side, J in zip(("left", "right"), r.held_again, strict=True)
        if math.isfinite(J)
    ]
    return [f"J_dep: a larger step need not drive the wall out, held again at {', '.join(again)}"] if again else []


def as_json(rates: list[WellRates]) -> dict:
    """Return the documented JSON object of `dwsynapse rates`; what is infinite or unknown becomes null."""

    def finite(value):
        return value if math.isfinite(value) else None

    wells = [
        {
            "q_m": r.well.q,
            "barrier_left_kT": r.barrier_left,
            "barrier_right_kT": r.barrier_right,
            "retention_s": finite(r.retention),
            "retention_s_at_least": r.at_least or None,
            "retention_s_error": finite(r.retention_error),
            "rates_per_s": [finite(rate) for rate in r.rate.tolist()],
            "rates_per_s_error": [finite(error) for error in r.rate_error.tolist()],
            "lost_per_s": [finite(rate) for rate in r.lost.tolist()],
        }
        for r in rates
    ]
    fields = [[r.well.depinning_field_left, r.well.depinning_field_right] for r in rates]
    currents = [[finite(J) for J in r.depinning_current] for r in rates]
    return {"wells": wells, "depinning_field_T": fields, "depinning_current_A_per_m2": currents}
