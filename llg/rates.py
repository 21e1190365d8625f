"""Everything about the wells of a device in one place: barriers, retention, depinning field and current."""

import dataclasses
import math

import numpy as np

from .constants import K_B
from .depinning import depinning_current
from .device import Device
from .errors import InputError
from .landscape import Well, find_wells, valley
from .langer import escape_rate
from .q_phi import QPhiModel


@dataclasses.dataclass(frozen=True)
class WellRates:
    """One well and how firmly it holds the wall.

    Attributes:
        well: position, barriers and depinning fields.
        barrier_left: barrier to the left [kB T].
        barrier_right: barrier to the right [kB T].
        escape_rate: total escape rate at rest by Langer's formula [1/s].
        depinning_current: least current step at T = 0 that drives the wall out to the left and right [A/m^2].
    """

    well: Well
    barrier_left: float
    barrier_right: float
    escape_rate: float
    depinning_current: tuple[float, float]

    @property
    def retention(self) -> float:
        """Mean time in the well [s]; infinity where no saddle leads out."""
        return 1 / self.escape_rate if self.escape_rate > 0 else math.inf


def well_rates(device: Device, temperature: float | None = None) -> list[WellRates]:
    """Analyse all wells of a device.

    Args:
        device: the device (instance).
        temperature: temperature [K]; the device's own by default.

    Raises:
        InputError: the temperature is impossible.
        RunError: the track has no well.
    """
    temperature = device.temperature if temperature is None else temperature
    if not 0 < temperature < 2000:
        raise InputError(f"temperature = {temperature:g} [K] must be > 0 and < 2000")
    model = QPhiModel(device)
    wells, path = find_wells(model, temperature), valley(model)
    kT = K_B * temperature
    result = []
    for well in wells:
        rate = 0.0
        for edge in (well.left_edge, well.right_edge):
            saddle = (edge, float(np.interp(edge, path.q, path.phi)))
            one = escape_rate(model, (well.q, well.phi), saddle, temperature)
            rate += 0.0 if math.isnan(one) else one
        currents = tuple(depinning_current(model, well, direction) for direction in (-1, 1))
        result.append(WellRates(well, well.barrier_left / kT, well.barrier_right / kT, rate, currents))
    return result


def as_json(rates: list[WellRates]) -> dict:
    """The documented JSON object of `dwsynapse rates`; infinity becomes null."""

    def finite(value):
        return value if math.isfinite(value) else None

    wells = [
        {
            "q_m": r.well.q,
            "barrier_left_kT": r.barrier_left,
            "barrier_right_kT": r.barrier_right,
            "retention_s": finite(r.retention),
            "retention_s_error": None,
        }
        for r in rates
    ]
    fields = [[r.well.depinning_field_left, r.well.depinning_field_right] for r in rates]
    currents = [[finite(J) for J in r.depinning_current] for r in rates]
    return {"wells": wells, "depinning_field_T": fields, "depinning_current_A_per_m2": currents}
