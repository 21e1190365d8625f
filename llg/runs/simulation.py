"""A pulse, train or waveform on one state of a device: what `dwsynapse simulate` runs, and the outcome in numbers."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from dwcore.arguments import checked
from dwcore.errors import InputError, RunError
from dwcore.numerics.shares import share_error
from llg.device.device import Device
from llg.device.pulse import LEAST_CURRENT, Pulse, Waveform
from llg.landscape.wells import Well, find_wells, valley
from llg.runs.drive_limits import heat_notes
from llg.runs.ensemble import Drive, Ensemble, simulate
from llg.runs.outcomes import Outcomes, count_outcomes, ensemble_outcomes
from llg.runs.rest import LONGEST
from llg.runs.run_plan import EnsembleCase
from llg.runs.validity import notes
from llg.walls.q_phi import NO_FIELD, Field, QPhiModel

NOTED = 0.01
"""Share of walls that have not settled, or left the track, beyond which a result says so."""
_FOLLOWED, _SAMPLES = 64, 1000  # walls and times from which the velocity is taken where walls leave the track


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
        on_track: mean velocity of the walls while they were on the track, where some left it [m/s].
        temperature: that of the noise [K]; None where no one said it.
    """

    case: PulseCase
    outcomes: Outcomes
    ensemble: Ensemble | None = None
    on_track: float | None = None
    temperature: float | None = None

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
        return share_error(self.outcomes.counts, self.outcomes.n)

    @property
    def mean_velocity(self) -> float:
        """Mean displacement over the duration of the pulse, where walls left the track over their time on it [m/s]."""
        return self.on_track if self.on_track is not None else self.outcomes.displacement / self.case.duration


@checked
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
    temperature = device.temperature if temperature is None else temperature
    device = device.at_temperature(temperature)
    case = pulse_case(device, **what)
    walls: dict[str, Any] = {"n": n, "start": case.start, "seed": seed, "temperature": temperature, "dt": dt}
    counted = EnsembleCase(device=device, drive=case.drive, samples=samples, **walls)
    ensemble = None
    if keep or samples:
        ensemble = simulate(device, case.drive, samples=samples, progress=progress, jobs=jobs, **walls)
        ends = ensemble_outcomes(ensemble, counted, case.wells, jobs)
    else:
        ends = count_outcomes(counted, case.wells, progress=progress, jobs=jobs)
    followed = walls | {"n": min(n, _FOLLOWED), "jobs": jobs}
    on_track = _velocity_on_track(case, followed) if ends.left > NOTED * n else None
    return PulseRun(case, ends, ensemble, on_track, temperature)


def _velocity_on_track(case: PulseCase, common: dict[str, Any]) -> float:
    """Return the mean velocity [m/s] of some walls from the first current until they left or the current ended."""
    ends = simulate(case.device, case.drive, samples=_SAMPLES, **common)
    shape = case.drive.waveform
    on = np.flatnonzero(shape.value)
    begin, end = (shape.time[on[0] - 1], shape.time[on[-1] + 1]) if on.size else (0.0, shape.length)
    here = (ends.q_samples > 0) & (ends.q_samples < case.device.track.length)
    last = np.where(here.all(axis=0), len(ends.time) - 1, np.argmin(here, axis=0))
    last = np.minimum(last, int(np.searchsorted(ends.time, end)))
    moved = np.take_along_axis(ends.q_samples, last[None], axis=0)[0] - case.start[0]
    edge = 0.5 * (shape.time[on[0]] - begin) if on.size else 0.0  # a linear edge counts half, as in the duration
    took = np.minimum(ends.time[last] - begin - edge, case.duration if on.size else np.inf)
    return float(np.sum(moved) / np.sum(np.maximum(took, 0.5 * ends.time[1])))


@checked
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
    """Return a pulse, a train of them or another shape of current on a wall at rest in a state.

    Time zero of the three waveforms is the end of the rest time before the pulse. Before it the field and the gate have
    their first value, after their end the last one.

    Args:
        device: the device; without a [pulse] section current and duration must be given, its times have their defaults.
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
    if shape is not None and (duration is not None or period is not None or pulses != 1 or alternating):
        raise InputError("duration, pulses, period and alternating must not be given with a shape, which says them")
    if field_waveform is not None and field == NO_FIELD:
        raise InputError("field_waveform needs the field that it multiplies")
    pulse = device.pulse
    length = shape.length if shape else duration
    if pulse is None and current_density is not None and length is not None:
        pulse = Pulse(current_density=max(abs(current_density), LEAST_CURRENT), duration=length)
    pulse = pulse or device.section("pulse", "a current density and a duration (--current and --duration)")
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
    if not 0 <= state < len(wells):
        raise InputError(
            f'device "{device.name}": state = {state} must be >= 0 and < {len(wells)}, the number of states'
        )
    return wells, (wells[state].q, wells[state].phi)


def notes_on(run: PulseRun) -> list[str]:
    """Return what to know beside these outcomes, one line each."""
    ends, found = run.outcomes, []
    if ends.unsettled > NOTED * ends.n:
        found.append(
            f"unsettled: {ends.unsettled / ends.n:.1%} of the walls had not settled in a well {1e9 * LONGEST:g} ns after "
            "their drive, or within the rest that it ends with where field, gate or heat go on; deeper wells leave fewer"
        )
    if ends.left > NOTED * ends.n:
        found.append(f"left_track: {ends.left} of {ends.n} walls left the track; the mean velocity is that while on it")
    return found + drive_notes(run.case, run.temperature)


def drive_notes(case: PulseCase, temperature: float | None = None) -> list[str]:
    """Return what a drive strains in the model, one line each; see `llg.runs.validity.notes`.

    Args:
        case: what acts on which wall.
        temperature: of the substrate [K]; that of the device by default.
    """
    drive, T = case.drive, case.device.temperature if temperature is None else temperature
    strained = notes(case.device, drive.largest_current, drive.waveform, drive.largest_field)
    return strained + heat_notes(case.device, T, drive.single_current, drive.waveform)


def as_json(run: PulseRun) -> dict:
    """Return the documented JSON object of `dwsynapse simulate`.

    The last probability is that of having left all states.
    """
    ends = run.outcomes
    shares = {"unsettled": ends.unsettled, "unsettled_share": ends.unsettled / ends.n}
    return case_json(run.case, n=ends.n, left=ends.left, dt=ends.dt, run=run) | shares


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
