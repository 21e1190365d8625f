"""Velocity of the wall on the straight track of a device against current or field, by simulation and in closed form."""

import dataclasses
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from dwcore.arguments import checked
from dwcore.errors import InputError, RunError
from dwcore.numerics.plain_array import plain_array
from llg.constants import GAMMA_0, K_B, MU_0
from llg.device.device import Device
from llg.device.material import LARGEST_TEMPERATURE
from llg.device.pulse import Waveform
from llg.device.static_field import field_words
from llg.runs.drive import Drive
from llg.runs.ensemble import Ensemble, simulate
from llg.walls.analytic import (
    field_velocity,
    rest_angle,
    spin_hall_velocity,
    spin_transfer_velocity,
    straight_track_velocity,
    walker_field,
)
from llg.walls.q_phi import NO_FIELD, Field, QPhiModel, wall_field

SETTLING, MEASURED = 10e-9, 30e-9
"""Least time before the velocity is measured, and over which it is [s]; weak damping takes longer."""
LONGEST_SETTLING = 3e-6
"""Most time that the velocity is given to settle by itself [s]."""
_DECAYS = 12.0  # times 1/e that the slowest transient falls before the velocity is measured
_UNSTEADY = 0.01  # relative change of the velocity within the measured time that is warned of
_SAMPLES, _FEW_SAMPLES = 1000, 50  # over both, without and with noise
_MARGIN = 20.0  # wall widths left over at each end of the track
_BISECTIONS = 20
_FINE = 12  # points of the closed form per simulated one


@dataclasses.dataclass(frozen=True)
class SimulatedVelocities:
    """Velocity against one drive.

    Attributes:
        drive: current density [A/m^2] or field along the easy axis [A/m], shape (n,).
        temperature: temperature [K].
        velocity: mean velocity at that temperature, shape (n,) [m/s].
        error: its standard error, shape (n,) [m/s].
        noiseless: simulated velocity at T = 0, shape (n,) [m/s].
        exact_drive: drives of the closed forms, shape (m,).
        exact: velocity of the rigid wall without noise (`llg.walls.analytic`), shape (m,) [m/s].
        walker: drives at which the angle begins or ceases to turn for ever, shape (k,).
        formula: velocity by the formula of the books for this drive alone, shape (m,) [m/s]; None where there is none.
        beside: what acts on the wall besides the drive and the field of its device, in words; empty for nothing.
    """

    drive: np.ndarray
    temperature: float
    velocity: np.ndarray
    error: np.ndarray
    noiseless: np.ndarray
    exact_drive: np.ndarray
    exact: np.ndarray
    walker: np.ndarray
    formula: np.ndarray | None
    beside: str = ""


def straight_track(device: Device, length: float) -> Device:
    """Return the device without notches, pads, rough outline, profile, extra potential, heating, of another length [m].

    A gate over the whole track is on, one over a part of it is left out.
    """
    even = {"pad_width": None, "pad_taper": None, "outline_x": (), "outline_width": (), "length": length}
    gate = None if device.gate is None or device.gate.local else device.gate
    level = None if gate is None else 1.0
    uneven = dict.fromkeys(("readout", "potential", "heating", "profile"))
    bare = device.replace(notches=(), gate=gate, gate_level=level, **uneven)
    return bare.replace({f"track.{name}": value for name, value in even.items()})


def velocity_against_current(
    device: Device, current_density: np.ndarray, *, field: Field = NO_FIELD, **options
) -> SimulatedVelocities:
    """Return velocity against current density; all currents and repetitions are lanes of one ensemble.

    Args:
        device: the device; its notches do not matter.
        current_density: ascending, shape (n,) [A/m^2].
        field: constant applied field.
        options: `temperature` [K], the device's own by default; `walls` per point; `settling` and `measured` times [s],
            by default from the slowest rate of the angle; `seed`; `jobs`, threads.

    Raises:
        InputError: impossible arguments.
        RunError: a wall has run away from the track laid out for it.
    """
    device, currents = _at_temperature(device, options), plain_array("current_density", current_density).astype(float)
    curve = _curve(device, currents, lambda J: (float(J), field), **options)
    curve = dataclasses.replace(curve, beside=_beside(0.0, field))
    model = _even(device)
    alone = model.whole(field) == NO_FIELD and (model.u_per_J == 0) != (model.H_DL_per_J == 0) and model.H_FL_per_J == 0
    if alone and model.u_per_J == 0:
        H_DL = model.H_DL_per_J * curve.exact_drive
        formula = spin_hall_velocity(H_DL, Delta=model.Delta, alpha=model.alpha, H_D=model.H_D)
    elif alone and model.H_D == 0:
        wall = {"Delta": model.Delta, "alpha": model.alpha, "beta": model.beta, "H_K": model.H_K}
        formula = spin_transfer_velocity(model.u_per_J * curve.exact_drive, **wall)
    else:
        formula = None
    return dataclasses.replace(curve, formula=formula)


@checked
def velocity_against_field(
    device: Device, H: np.ndarray, *, current_density: float = 0.0, field: Field = NO_FIELD, **options
) -> SimulatedVelocities:
    """Return velocity against the field along the easy axis; one ensemble per field, which all its walls share.

    Args:
        device: the device; its notches do not matter.
        H: H_z, of a soft strip H_x; ascending, shape (n,) [A/m].
        current_density: constant current density [A/m^2].
        field: constant field besides.
        options: as in `velocity_against_current`.

    Raises:
        InputError: impossible arguments.
        RunError: a wall has run away from the track laid out for it.
    """

    def drive_at(value):
        return current_density, dataclasses.replace(field, **{"H_" + device.material.easy_axis: float(value)})

    device = _at_temperature(device, options)
    curve, model = _curve(device, plain_array("H", H).astype(float), drive_at, **options), _even(device)
    curve = dataclasses.replace(curve, beside=_beside(current_density, field))
    if current_density != 0 or model.whole(field) != NO_FIELD:
        return curve
    wall = {"Q": model.Q, "Delta": model.Delta, "alpha": model.alpha}
    formula = field_velocity(curve.exact_drive, walker=walker_field(model.alpha, model.H_K, model.H_D), **wall)
    return dataclasses.replace(curve, formula=formula)


def _beside(current_density: float, field: Field) -> str:
    """Return a field and a current density of a drive that act at all times, in words."""
    current = f"{current_density:.3g} A/m$^2$" if current_density else ""
    return ", ".join(filter(None, (field_words(dataclasses.asdict(field)), current)))


def _at_temperature(device: Device, options: Mapping[str, Any]) -> Device:
    """Return the device at the temperature of the options, if they have one."""
    temperature = options.get("temperature")
    return device if temperature is None else device.at_temperature(temperature)


def _even(device: Device) -> QPhiModel:
    """Return the wall on a short piece of the straight track."""
    return QPhiModel(straight_track(device, _MARGIN * device.straight_wall.Delta))


@checked
def _curve(
    device: Device,
    values: np.ndarray,
    drive_at: Callable[[float], tuple[float, Field]],
    *,
    temperature: float | None = None,
    walls: int = 64,
    settling: float | None = None,
    measured: float | None = None,
    seed: int = 1,
    jobs: int | None = None,
) -> SimulatedVelocities:
    if values.ndim != 1 or values.size < 2 or not np.isfinite(values).all() or np.any(np.diff(values) <= 0):
        raise InputError(f"the drives of a velocity curve, {values.tolist()}, must be at least two, finite, ascending")
    temperature = device.temperature if temperature is None else temperature
    if not 0 <= temperature < LARGEST_TEMPERATURE:
        raise InputError(f"temperature = {temperature:g} [K] must be >= 0 and < {LARGEST_TEMPERATURE:g}")
    short = _even(device)
    settling = settling_time(short) if settling is None else settling
    measured = max(MEASURED, 2 * settling) if measured is None else measured
    if walls < 2 or not (settling > 0 and measured > 0):
        raise InputError(f"walls = {walls} must be >= 2, settling and measured = {settling:g}, {measured:g} [s] > 0")
    fine = np.interp(np.linspace(0, values.size - 1, (values.size - 1) * _FINE + 1), np.arange(values.size), values)
    exact, turns = _exact(short, [drive_at(value) for value in fine])
    time = settling + measured
    spread = np.sqrt(2 * GAMMA_0 * short.Delta * K_B * temperature * time / (2 * short.alpha * MU_0 * short.Ms))
    spread /= np.sqrt(short.t * device.track.width)
    reach = 1.2 * np.abs(exact).max() * time + 8 * spread + _MARGIN * short.Delta
    run = _Run(straight_track(device, 2 * reach), settling, time, seed, jobs)
    groups = _by_field([drive_at(value) for value in values])
    noiseless, velocity, error = np.empty((3, values.size))
    for field, where, currents in groups:
        noiseless[where] = run.noiseless(field, currents)
        velocity[where], error[where] = run.noisy(field, currents, temperature, walls)
    walker = _walker(short, drive_at, fine, turns)
    return SimulatedVelocities(values, temperature, velocity, error, noiseless, fine, exact, walker, None)


def settling_time(model: QPhiModel, least: float = SETTLING) -> float:
    """Return the time [s] after which a straight wall moves steadily below breakdown: `_DECAYS` over its slowest rate.

    Near rest the angle relaxes with alpha gamma0/(1 + alpha^2) times its stiffness in field, -df2/dphi. It is given at
    least `least` [s].
    """
    rest, h = rest_angle(model, NO_FIELD), 1e-4
    f2 = model.fields(0.5 * model.device.track.length, np.array([rest - h, rest + h]))[1]
    rate = model.alpha * GAMMA_0 / (1 + model.alpha**2) * abs(f2[1] - f2[0]) / (2 * h)
    return float(np.clip(_DECAYS / max(rate, 1e-3), least, LONGEST_SETTLING))


def _exact(model: QPhiModel, drives: list[tuple[float, Field]]) -> tuple[np.ndarray, np.ndarray]:
    results = np.empty((2, len(drives)))
    for field, where, currents in _by_field(drives):
        results[:, where] = straight_track_velocity(model, currents, wall_field(model.device, field))
    return results[0], results[1].astype(bool)


def _walker(model: QPhiModel, drive_at, values: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """Return the drives between which the angle stands still and turns, by bisection, shape (k,)."""
    edges = []
    for i in np.flatnonzero(turns[:-1] != turns[1:]):
        low, high = values[i], values[i + 1]
        for _ in range(_BISECTIONS):
            middle = 0.5 * (low + high)
            same = _exact(model, [drive_at(middle)])[1][0] == turns[i]
            low, high = (middle, high) if same else (low, middle)
        edges.append(0.5 * (low + high))
    return np.array(edges)


def _by_field(drives: list[tuple[float, Field]]) -> list[tuple[Field, np.ndarray, np.ndarray]]:
    """Return each field with the numbers of its drives and their current densities."""
    fields = list(dict.fromkeys(field for _, field in drives))
    numbers = [np.array([i for i, (_, other) in enumerate(drives) if other == field]) for field in fields]
    return [(field, i, np.array([drives[k][0] for k in i])) for field, i in zip(fields, numbers, strict=True)]


class _Run:
    """Walls that start at rest in the middle of a straight track, and how fast they come to move."""

    def __init__(self, device: Device, settling: float, time: float, seed: int, jobs: int | None):
        self.device, self.settling, self.seed, self.jobs = device, settling, seed, jobs
        self.waveform = Waveform(np.array([0.0, time]), np.array([1.0, 1.0]))
        self.model = QPhiModel(device)

    def noiseless(self, field: Field, currents: np.ndarray) -> np.ndarray:
        """Return the velocity at T = 0, over whole turns of the angle where it turns, shape as currents [m/s]."""
        end = self._simulate(field, currents, 0.0, _SAMPLES)
        late = end.time >= self.settling
        time, q, phi = end.time[late], end.q_samples[late], end.phi_samples[late]
        if np.unique(time).size < 3:
            raise InputError(f"measured = {time[-1] - self.settling:g} [s] must be longer than two time steps")
        found = np.array([_over_whole_turns(time, *lane) for lane in zip(q.T, phi.T, strict=True)])
        half = len(time) // 2
        change = (q[-1] - q[half]) / (time[-1] - time[half]) - (q[half] - q[0]) / (time[half] - time[0])
        still = np.abs(phi[-1] - phi[0]) < np.pi  # the angle does not turn
        if np.any(np.abs(change[still]) > _UNSTEADY * np.abs(found).max()):
            what = "the velocity still changes after"
            warnings.warn(f"{what} {1e9 * self.settling:.3g} ns; give a longer settling time", stacklevel=2)
        return found

    def noisy(self, field: Field, currents: np.ndarray, temperature: float, walls: int):
        """Return the mean velocity at a temperature [K] and its standard error, shapes as currents [m/s]."""
        end = self._simulate(field, np.repeat(currents, walls), temperature, _FEW_SAMPLES)
        first = int(np.searchsorted(end.time, self.settling * (1 - 1e-9)))
        v = (end.q_samples[-1] - end.q_samples[first]) / (end.time[-1] - end.time[first])
        v = v.reshape(currents.size, walls)
        return v.mean(axis=1), v.std(axis=1, ddof=1) / np.sqrt(walls)

    def _simulate(self, field: Field, currents: np.ndarray, temperature: float, samples: int) -> Ensemble:
        drive = Drive(waveform=self.waveform, current_density=currents, field=field)
        start = 0.5 * self.device.track.length, rest_angle(self.model, wall_field(self.device, field))
        end = simulate(
            self.device, drive, n=currents.size, start=start, seed=self.seed, temperature=temperature,
            samples=samples, jobs=self.jobs,
        )  # fmt: skip
        if end.left.any():
            raise RunError(f'device "{self.device.name}": a wall runs faster than the rigid wall (q, phi) should')
        return end


def _over_whole_turns(time: np.ndarray, q: np.ndarray, phi: np.ndarray) -> float:
    """Return the mean velocity [m/s] over the last whole turns of the angle, over all the time where there are none."""
    left = np.abs(phi[-1] - phi)  # to turn until the end
    turns = np.floor(left[0] / (2 * np.pi)) * 2 * np.pi
    start = np.interp(-turns, -left, time) if turns else time[0]
    return float((q[-1] - np.interp(start, time, q)) / (time[-1] - start))
