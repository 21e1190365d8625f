"""A pulse, train or waveform on one state of a device: what `dwsynapse simulate` runs, and the outcome in numbers."""

import dataclasses
from collections.abc import Callable
from typing import Any

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
        device: the device (instance).
        wells: wells of the device; empty for a track without any.
        start: initial q [m] and phi [rad].
        duration: time under current: full width at half maximum of all pulses together, or length of the shape [s].
        drive: current, field and gate in time.
    """

    device: Device
    wells: list[Well]
    start: tuple[float, float]
    duration: float
    drive: Drive


@dataclasses.dataclass(frozen=True, repr=False)
class PulseRun:
    """An ensemble and what it was asked.

    Attributes:
        case: what acted on which wall.
        outcomes: where the trajectories ended.
        ensemble: the trajectories; None where only their outcomes were counted.
    """

    case: PulseCase
    outcomes: Outcomes
    ensemble: Ensemble | None = None

    def __repr__(self) -> str:
        shares = ", ".join(f"{p:.3g}" for p in self.probability)
        return (
            f"<PulseRun of {self.outcomes.n} trajectories: probability {shares} of {len(self.case.wells)} states, none>"
        )

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
        return self.outcomes.displacement / self.case.duration


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
    start = case.start
    common: dict[str, Any] = {"n": n, "start": start, "seed": seed, "temperature": temperature, "dt": dt, "jobs": jobs}
    if not (keep or samples):
        return PulseRun(case, count_outcomes(device, case.drive, case.wells, progress=progress, **common))
    ensemble = simulate(device, case.drive, samples=samples, progress=progress, **common)
    return PulseRun(case, ensemble_outcomes(ensemble, case.wells, start[0]), ensemble)


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
    return PulseCase(device, wells, start, duration, drive)


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
    """Return the documented JSON object of `dwsynapse simulate`.

    The last probability is that of having left all states.
    """
    outcomes = run.outcomes
    return case_json(run.case, n=outcomes.n, left=outcomes.left, dt=outcomes.dt, run=run)


def case_json(case: PulseCase, *, n: int | None, left: float, dt: float, run) -> dict:
    """Return the JSON object of one case.

    Args:
        case: what acted on which wall.
        n: number of trajectories, None where there are none.
        left: how many left the track, or the probability to.
        dt: time step [s].
        run: has `probability` and `standard_error`, shape (S + 1,), and `mean_velocity`.
    """
    return {
        "n": n,
        "states": [well.q for well in case.wells],
        "start_q_m": case.start[0],
        "current_density_A_per_m2": case.drive.current_density,
        "duration_s": case.duration,
        "probability": run.probability.tolist(),
        "standard_error": run.standard_error.tolist(),
        "left_track": left,
        "mean_velocity_m_per_s": run.mean_velocity,
        "dt_s": dt,
    }
