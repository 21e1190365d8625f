"""One pulse on one state of a device: what `dwsynapse simulate` runs, and the outcome in numbers."""

import dataclasses

import numpy as np

from .device import Device
from .ensemble import Drive, Ensemble, simulate
from .errors import InputError, RunError
from .landscape import Well, find_wells, valley, well_index
from .pulse import Waveform
from .q_phi import NO_FIELD, Field, QPhiModel


@dataclasses.dataclass(frozen=True)
class PulseRun:
    """An ensemble and what it was asked.

    Attributes:
        wells: wells of the device; empty for a track without any.
        start: initial q [m] and phi [rad].
        current_density: amplitude of the pulse [A/m^2].
        duration: full width at half maximum of the pulse [s].
        waveform: the whole waveform.
        ensemble: the outcomes.
    """

    wells: list[Well]
    start: tuple[float, float]
    current_density: float
    duration: float
    waveform: Waveform
    ensemble: Ensemble

    @property
    def probability(self) -> np.ndarray:
        """Probability of each state, then of having left the track or being in no state, shape (S + 1,) [1]."""
        index = well_index(self.wells, self.ensemble.q) if self.wells else np.full(self.ensemble.q.size, -1)
        S = len(self.wells)
        return np.bincount(np.where(index < 0, S, index), minlength=S + 1) / self.ensemble.q.size

    @property
    def mean_velocity(self) -> float:
        """Mean displacement over the duration of the pulse [m/s]."""
        return float(np.mean(self.ensemble.q - self.start[0]) / self.duration)


def run_pulse(
    device: Device,
    *,
    current_density: float | None = None,
    duration: float | None = None,
    state: int | None = None,
    field: Field = NO_FIELD,
    **options,
) -> PulseRun:
    """Apply one pulse to a wall at rest in a state.

    Args:
        device: a device with a [pulse] section.
        current_density: amplitude [A/m^2]; nominal by default.
        duration: full width at half maximum [s]; nominal by default.
        state: number of the state to start in; the middle one by default. A track without wells starts in its middle.
        field: constant applied field.
        options: further arguments of `llg.ensemble.simulate`.

    Raises:
        InputError: no [pulse], no such state, or impossible arguments.
    """
    pulse = device.section("pulse")
    J = pulse.current_density if current_density is None else current_density
    duration = pulse.duration if duration is None else duration
    waveform = pulse.waveform(duration)
    wells, start = _start(device, state)
    drive = Drive(waveform=waveform, current_density=J, field=field)
    return PulseRun(wells, start, J, duration, waveform, simulate(device, drive, start=start, **options))


def _start(device: Device, state: int | None) -> tuple[list[Well], tuple[float, float]]:
    model = QPhiModel(device)
    try:
        wells = find_wells(model, device.temperature)
    except RunError:
        path = valley(model)
        middle = path.q.size // 2
        if state is not None:
            raise InputError(f'device "{device.name}": state = {state} needs a track with wells') from None
        return [], (float(path.q[middle]), float(path.phi[middle]))
    state = len(wells) // 2 if state is None else state
    if state >= len(wells):
        raise InputError(f'device "{device.name}": state = {state} must be < {len(wells)}, the number of states')
    return wells, (wells[state].q, wells[state].phi)


def as_json(run: PulseRun) -> dict:
    """The documented JSON object of `dwsynapse simulate`; the last probability is that of having left all states."""
    p, n = run.probability, run.ensemble.q.size
    hits = p * n  # standard deviation of the Beta(hits + 1/2, n - hits + 1/2) posterior, as in the transition table
    error = np.sqrt((hits + 0.5) * (n - hits + 0.5) / (n + 2)) / (n + 1)
    return {
        "n": n,
        "states": [well.q for well in run.wells],
        "start_q_m": run.start[0],
        "current_density_A_per_m2": run.current_density,
        "duration_s": run.duration,
        "probability": p.tolist(),
        "standard_error": error.tolist(),
        "left_track": int(run.ensemble.left.sum()),
        "mean_velocity_m_per_s": run.mean_velocity,
        "dt_s": run.ensemble.dt,
    }
