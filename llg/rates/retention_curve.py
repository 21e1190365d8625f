"""How long each state of a device keeps against temperature, by Langer's rates (`llg.rates.rate_matrix`).

The material keeps its parameters: temperature enters through kB T alone. Real films lose magnetization and anisotropy
when they get hotter, so that the curves are an upper bound far above the temperature at which the parameters hold.
"""

import dataclasses

import numpy as np

from dwcore.errors import InputError, RunError
from llg.constants import K_B
from llg.device.device import Device
from llg.device.material import LARGEST_TEMPERATURE
from llg.landscape.wells import find_wells
from llg.rates.rate_matrix import rate_matrix
from llg.walls.q_phi import QPhiModel

TEN_YEARS = 10 * 31557600.0
"""The usual demand on a memory that keeps its state without power [s]."""
LEAST_BARRIER = 5.0
"""Below this many kB T the law does not hold, and no time is given."""


@dataclasses.dataclass(frozen=True)
class RetentionCurves:
    """Retention time of each state against temperature.

    Attributes:
        q: position of each state, shape (S,) [m].
        temperature: temperatures, shape (n,) [K].
        time: mean time in the state, shape (S, n) [s]; nan where a barrier is too low, or no saddle leads out.
    """

    q: np.ndarray
    temperature: np.ndarray
    time: np.ndarray


def retention_against_temperature(device: Device, temperature: np.ndarray) -> RetentionCurves:
    """Return the retention time of each state of a device.

    Args:
        device: the device (instance).
        temperature: temperatures, shape (n,) [K].

    Raises:
        InputError: an impossible temperature.
        RunError: the track has no well, or Langer's formula does not hold at the lowest temperature; says why.
    """
    temperature = np.asarray(temperature, float)
    if not np.all((temperature > 0) & (temperature < LARGEST_TEMPERATURE)):
        raise InputError(
            f"temperature = {temperature.min():g} to {temperature.max():g} [K] must be > 0 and < {LARGEST_TEMPERATURE:g}"
        )
    model = QPhiModel(device)
    wells = find_wells(model, device.temperature)
    barrier = np.array([min(well.barrier_left, well.barrier_right) for well in wells])
    high = barrier[:, None] >= LEAST_BARRIER * K_B * temperature
    time = np.full((len(wells), temperature.size), np.nan)
    for n in np.flatnonzero(high.any(axis=0)):
        try:
            time[:, n] = rate_matrix(model, wells, float(temperature[n])).retention
        except RunError:
            if temperature[n] == temperature.min():
                raise
    time = np.where(high & np.isfinite(time), time, np.nan)
    return RetentionCurves(np.array([well.q for well in wells]), temperature, time)
