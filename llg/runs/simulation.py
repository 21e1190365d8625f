"""A pulse, train or waveform on one state of a device: what `dwsynapse simulate` runs, and the outcome in numbers."""

import dataclasses
import functools
from collections.abc import Callable

import numpy as np

from dwcore.errors import InputError, RunError
from llg.device.device import Device
from llg.device.pulse import Waveform
from llg.landscape.wells import Well, find_wells, valley
from llg.runs.ensemble import Drive, Ensemble, simulate
from llg.runs.outcomes import Outcomes, count_outcomes, ensemble_outcomes
from llg.walls.q_phi import NO_FIELD, Field, QPhiModel


@dataclasses.dataclass(frozen=True)
class PulseCase:
    """What acts on which wall.

    Attributes:
        wells: wells of the device; empty for a track without any.
        start: initial q [m] and phi [rad].
        duration: time under current: full width at half maximum of all pulses together, or length of the shape [s].
        drive: current, field and gate in time.
    """

    wells: list[Well]
    start: tuple[float, float]
    duration: float
    drive: Drive


@dataclasses.dataclass(frozen=True)
class PulseRun:
    """An ensemble and what it was asked.

    Attributes:
        wells: wells of the device; empty for a track without any.
        start: initial q [m] and phi [rad].
        current_density: amplitude of the pulse [A/m^2].
        duration: time under current: full width at half maximum of all pulses together, or length of the shape [s].
        waveform: the whole waveform.
        ensemble: the trajectories; None where only their outcomes were counted.
        counted: the outcomes; by default those of the ensemble.
    """

    wells: list[Well]
    start: tuple[float, float]
    current_density: float
    duration: float
    waveform: Waveform
    ensemble: Ensemble | None
    counted: Outcomes | None = None

    @functools.cached_property
    def outcomes(self) -> Outcomes:
        """Where the trajectories ended."""
        return self.counted or ensemble_outcomes(self.ensemble, self.wells, self.start[0])

    @property
    def probability(self) -> np.ndarray:
        """Probability of each state, then of having left the track or being in no state, shape (S + 1,) [1]."""
        return self.outcomes.counts / self.outcomes.n

    @property
    def standard_error(self) -> np.ndarray:
        """Standard deviation of each probability under its Beta(hits + 1/2, n - hits + 1/2) posterior, shape (S + 1,).

        The same as in the transition table.
        """
        n, hits = self.outcomes.n, self.outcomes.counts
        return np.sqrt((hits + 0.5) * (n - hits + 0.5) / (n + 2)) / (n + 1)

    @property
    def mean_velocity(self) -> float:
        """Mean displacement over the duration of the pulse [m/s]."""
        return self.outcomes.displacement / self.duration


def run_pulse(
    device: Device,
    *,
    n: int,
    seed: int,
    temperature: float | None = None,
    dt: float | None = None,
    samples: int = 0,
    jobs: int | None = None,
    keep: bool = True,
    progress: Callable[[int], None] = lambda done: None,
    **what,
) -> PulseRun:
    """Run an ensemble of trajectories of one pulse, train or waveform.

    Args:
        device: a device with a [pulse] section.
        n: number of trajectories; this and the next ones as `llg.runs.ensemble.simulate` takes them.
        seed: root seed of the noise.
        temperature: temperature [K].
        dt: time step [s].
        samples: number of times at which to record.
        jobs: threads.
        keep: keep the trajectories; otherwise their outcomes are counted, in memory that does not grow with n.
        progress: called with the number of trajectories finished.
        what: what acts on which wall, arguments of `pulse_case`.

    Raises:
        InputError: impossible arguments.
        RunError: a trajectory diverged.
    """
    case = pulse_case(device, **what)
    options = {"n": n, "seed": seed, "temperature": temperature, "dt": dt, "jobs": jobs, "progress": progress}
    ensemble = counted = None
    if keep or samples:
        ensemble = simulate(device, case.drive, start=case.start, samples=samples, **options)
    else:
        counted = count_outcomes(device, case.drive, case.wells, start=case.start, **options)
    drive = case.drive
    return PulseRun(case.wells, case.start, drive.current_density, case.duration, drive.waveform, ensemble, counted)


def pulse_case(
    device: Device,
    *,
    current_density: float | None = None,
    duration: float | None = None,
    pulses: int = 1,
    period: float | None = None,
    alternating: bool = False,
    shape: Waveform | None = None,
    state: int | None = None,
    field: Field = NO_FIELD,
    field_waveform: Waveform | None = None,
    gate_waveform: Waveform | None = None,
) -> PulseCase:
    """A pulse, a train of them or another shape of current on a wall at rest in a state.

    Time zero of the three waveforms is the end of the rest time before the pulse. Before it the field and the gate have
    their first value, after their end the last one.

    Args:
        device: a device with a [pulse] section.
        current_density: amplitude [A/m^2]; nominal by default.
        duration: full width at half maximum [s]; nominal by default.
        pulses: number of pulses.
        period: time from pulse to pulse [s]; back to back by default.
        alternating: every second pulse has the opposite sign.
        shape: current relative to its amplitude, instead of pulses.
        state: number of the state to start in; the middle one by default. A track without wells starts in its middle.
        field: applied field.
        field_waveform: factor on the field; constant by default.
        gate_waveform: level of the gate; follows the current by default.

    Raises:
        InputError: no [pulse], no such state, or impossible arguments.
    """
    pulse = device.section("pulse")
    J = pulse.current_density if current_density is None else current_density
    duration = pulse.duration if duration is None else duration
    if shape is None:
        waveform = pulse.waveform(duration, pulses=pulses, period=period, alternating=alternating)
        duration = pulses * duration
    else:
        waveform, duration = pulse.framed(shape), shape.length
    later = [None if w is None else w.delayed(pulse.rest_time) for w in (field_waveform, gate_waveform)]
    wells, start = _start(device, state)
    drive = Drive(waveform=waveform, current_density=J, field=field, field_waveform=later[0], gate_waveform=later[1])
    return PulseCase(wells, start, duration, drive)


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
    return {
        "n": run.outcomes.n,
        "states": [well.q for well in run.wells],
        "start_q_m": run.start[0],
        "current_density_A_per_m2": run.current_density,
        "duration_s": run.duration,
        "probability": run.probability.tolist(),
        "standard_error": run.standard_error.tolist(),
        "left_track": run.outcomes.left,
        "mean_velocity_m_per_s": run.mean_velocity,
        "dt_s": run.outcomes.dt,
    }
