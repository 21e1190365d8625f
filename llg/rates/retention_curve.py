"""How long each state of a device keeps against temperature, by Langer's rates (`llg.rates.rate_matrix`).

With [temperature_laws] the film is that at each temperature, and a curve ends where its state does. Without them the
material keeps its parameters: real films lose magnetization and anisotropy when they get hotter, so that the curves are
an upper bound far above the temperature at which the parameters hold.
"""

import dataclasses

import numpy as np

from dwcore.errors import InputError, RunError
from dwcore.numerics.plain_array import plain_array
from llg.constants import K_B
from llg.device.device import Device
from llg.device.material import LARGEST_TEMPERATURE
from llg.landscape.wells import find_wells, well_index
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
        film: temperature whose Ms, K_u, A and D are taken at all others [K]; None where they follow.
    """

    q: np.ndarray
    temperature: np.ndarray
    time: np.ndarray
    film: float | None = None


def retention_against_temperature(device: Device, temperature: np.ndarray) -> RetentionCurves:
    """Return the retention time of each state of a device.

    Args:
        device: the device (instance).
        temperature: temperatures, shape (n,) [K].

    Raises:
        InputError: an impossible temperature.
        RunError: the track has no well, or Langer's formula does not hold at the lowest temperature; says why.
    """
    temperature = plain_array("temperature", temperature).astype(float)
    if temperature.ndim != 1 or not temperature.size:
        raise InputError(f"temperature has the shape {temperature.shape}, (n,) is needed, n >= 1")
    if not np.all((temperature > 0) & (temperature < LARGEST_TEMPERATURE)):
        raise InputError(
            f"temperature = {temperature.min():g} to {temperature.max():g} [K] must be > 0 and < {LARGEST_TEMPERATURE:g}"
        )
    states = find_wells(QPhiModel(device), device.temperature)
    time = np.full((len(states), temperature.size), np.nan)
    for n, T in enumerate(temperature.tolist()):
        try:
            at = device.at_temperature(T)
            model = QPhiModel(at)
            wells = states if at is device else find_wells(model, T)
            high = np.array([min(well.barrier_left, well.barrier_right) >= LEAST_BARRIER * K_B * T for well in wells])
            if high.any():
                found = rate_matrix(model, wells, T).retention
                state = well_index(states, np.array([well.q for well in wells]))
                kept = high & (state >= 0) & np.isfinite(found)
                time[state[kept], n] = found[kept]
        except (InputError, RunError):  # no film with such walls, no wells, or a formula that does not hold
            if temperature.min() == T:
                raise
    film = None if device.temperature_laws is not None else device.temperature
    return RetentionCurves(np.array([well.q for well in states]), temperature, time, film)
