"""The time loop of one ensemble laid out: steps, drive at each of them, and stretches of one kernel input.

The kernel takes current, field and temperature at each step, but one geometry and one wall. A gate that moves the
anisotropy in time, or heat that changes the film, therefore cuts the loop into stretches of constant gate level and
film (`llg.device.gate.quantized`), each with a kernel input of its own. The wall's coordinates go on from one to the
next.
"""

import dataclasses
import functools
import itertools
import math
from collections.abc import Iterator

import numpy as np

from dwcore.arguments import checked
from dwcore.errors import InputError
from dwcore.numerics.plain_array import plain_array
from llg.device.device import Device
from llg.device.gate import quantized
from llg.device.material import LARGEST_TEMPERATURE
from llg.device.pulse import Waveform
from llg.runs.drive import Drive, scaled_field
from llg.runs.models import equation_of
from llg.runs.scaling import KernelInput, field_rows
from llg.runs.time_step import time_step
from llg.walls.q_phi import NO_FIELD, QPhiModel, wall_field

LARGEST_STEP_COUNT = 1e8
"""Steps of one trajectory; more do not fit into memory."""
_KEPT = 128  # kernel inputs, of some 1 MB each: 33 films of both signs of a current fit in more than once
_COARSE = 4096  # steps in which the highest temperature is looked for


@dataclasses.dataclass(frozen=True)
class Stretch:
    """Time steps in a row under one kernel input.

    Attributes:
        input: what the kernel needs.
        first: row of the drive at its start.
        count: number of steps.
        sample: number of the sample to record at its end, None for none.
    """

    input: KernelInput
    first: int
    count: int
    sample: int | None


@dataclasses.dataclass(frozen=True)
class RunPlan:
    """The time loop of one ensemble.

    Attributes:
        model: the wall at the start.
        dt: time step [s].
        n_steps: number of steps.
        time: sample times, empty without recording [s].
        rows: drive at the ends of the steps as the kernel takes it; neighbouring gate levels have one row each where
            they meet.
        stretches: in order of time.
        gated: a gate moves.
    """

    model: QPhiModel
    dt: float
    n_steps: int
    time: np.ndarray
    rows: np.ndarray
    stretches: list[Stretch]
    gated: bool = False

    @property
    def still(self) -> np.ndarray:
        """Row of the drive of a wall at rest: no current, no field, at its temperature, shape (5,)."""
        return np.array([0.0, *field_rows(self.model, NO_FIELD), 1.0])

    def rest_steps(self, heat: float = 0.0) -> int:
        """Return the number of steps at the end at rest, the film as at the start; none where a gate has moved.

        Args:
            heat: relative rise of temperature that is no matter [1].
        """
        first = self.stretches[0].input
        alike = list(itertools.takewhile(lambda stretch: stretch.input is first, reversed(self.stretches)))
        if self.gated and len(alike) < len(self.stretches):
            return 0
        steps = sum(stretch.count for stretch in alike)
        tolerance = np.array([0.0, 0.0, 0.0, 0.0, heat])
        away = np.abs(self.rows[len(self.rows) - steps - 1 :] - self.still) > tolerance
        disturbed = np.flatnonzero(np.any(away, axis=1))
        return max(steps - 1 - int(disturbed[-1]), 0) if disturbed.size else steps


@checked
@dataclasses.dataclass(frozen=True, kw_only=True)
class EnsembleCase:
    """Trajectories of one device from one starting point, and all that their noise belongs to.

    Attributes:
        device: the device (instance) to simulate.
        drive: current, field and gate in time.
        n: number of trajectories.
        start: initial q [m] and phi [rad].
        seed: root seed of the noise.
        temperature: temperature [K], 0 for no noise.
        dt: wanted time step [s]; None for that of `llg.runs.time_step`.
        samples: number of equidistant times at which to record, besides the start; 0 records nothing.
        noise_scale: factor on the noise; other than 1 only to see a statistical test fail.
        first: number of the first trajectory.
    """

    device: Device
    drive: Drive
    n: int
    start: tuple[float, float]
    seed: int
    temperature: float
    dt: float | None = None
    samples: int = 0
    noise_scale: float = 1.0
    first: int = 0

    def __post_init__(self):
        if 0 <= self.temperature < LARGEST_TEMPERATURE:
            object.__setattr__(self, "device", self.device.at_temperature(self.temperature))
        for name in ("seed", "first"):
            if not 0 <= getattr(self, name) < 2**63:
                raise InputError(f"{name} = {getattr(self, name)} must be >= 0 and < 2^63")
        if self.n < 1:
            raise InputError(f"n = {self.n} must be >= 1")
        if (start := plain_array("start", self.start)).shape != (2,):
            raise InputError(f"start must be q [m] and phi [rad], has the shape {start.shape}")
        length, (q, phi) = self.device.track.length, self.start
        if not 0 <= q <= length:
            raise InputError(f"start q = {q:g} [m] must lie on the track, 0 to {length:g}")
        if not np.isfinite(phi):
            raise InputError(f"start phi = {phi:g} [rad] must be finite")
        current = plain_array("current_density", self.drive.current_density)
        if current.shape not in ((), (self.n,)) or not np.all(np.isfinite(current)):
            raise InputError(f"current_density must be a finite number or {self.n} of them [A/m^2], one per trajectory")
        if not all(map(math.isfinite, dataclasses.astuple(self.drive.field))):
            raise InputError(f"{self.drive.field} must be finite [A/m]")
        if not 0 <= self.temperature < LARGEST_TEMPERATURE:
            raise InputError(f"temperature = {self.temperature:g} [K] must be >= 0 and < {LARGEST_TEMPERATURE:g}")
        if not 0 <= self.samples <= LARGEST_STEP_COUNT:
            raise InputError(f"samples = {self.samples} must be >= 0 and <= {LARGEST_STEP_COUNT:.0e}")

    @property
    def heated(self) -> bool:
        """The current changes the temperature of the track."""
        return self.device.heating is not None and self.temperature > 0

    @property
    def changing(self) -> bool:
        """The heat changes the film."""
        return self.heated and self.device.temperature_laws is not None


def plan_run(case: EnsembleCase) -> RunPlan:
    """Lay out the time loop.

    Raises:
        InputError: too large a time step, too many steps, or a drive that this device cannot take.
    """
    device, drive, samples = case.device, case.drive, case.samples
    hottest = case.temperature
    if case.heated:
        if np.ndim(drive.current_density):
            raise InputError("current_density must be one number for all trajectories of a device with [heating]")
        hottest += device.steady_rise(drive.largest_current)
    gate = drive.gate_levels(device)
    extremes = [device] if gate is None else [device.at_gate_level(v) for v in (gate.value.min(), gate.value.max())]
    if case.changing:
        hot = _SampledDrive(case, _COARSE).temperature.max()
        extremes += [each.at_temperature(float(hot)) for each in extremes]
    limits = wall_field(device, drive.largest_field), drive.largest_current, hottest
    step = min(time_step(equation_of(d).model(d), case.dt, *limits) for d in extremes)
    if drive.length / step > LARGEST_STEP_COUNT:
        what = f"a trajectory of {drive.length:g} s in steps of {step:.2g} s"
        raise InputError(f"{what} has {drive.length / step:.2g} steps, must be <= {LARGEST_STEP_COUNT:.0e}")
    stride = max(math.ceil(drive.length / (step * max(samples, 1))), 1)
    n_steps = stride * max(samples, 1)
    sampled = _SampledDrive(case, n_steps)
    levels = np.zeros((n_steps, 2))
    if gate is not None:
        levels[:, 0] = sampled.levels(gate)
    levels[:, 1] = sampled.films() if case.changing else case.temperature
    rows: list[np.ndarray] = []
    stretches: list[Stretch] = []

    def kernel_at(level: float, film: float) -> tuple[QPhiModel, KernelInput]:
        known = None if gate is None else level
        return _kernel(device, device.nominal, known, film, case.temperature, case.noise_scale)

    for begin, end in _runs(levels):
        wall, kernel = kernel_at(*levels[begin].tolist())
        for first, last in _cut(begin, end, stride if samples else n_steps):
            sample = last // stride if samples and last % stride == 0 else None
            stretches.append(Stretch(kernel, first + len(rows), last - first, sample))
        rows.append(sampled.rows(wall, begin, end))
    time = sampled.dt * stride * np.arange(samples + 1) if samples else np.empty(0)
    model = kernel_at(*levels[0].tolist())[0]
    return RunPlan(model, sampled.dt, n_steps, time, np.concatenate(rows), stretches, gate is not None)


class _SampledDrive:
    """The drive at the ends of all steps."""

    def __init__(self, case: EnsembleCase, n_steps: int):
        drive, temperature = case.drive, case.temperature
        self.start = temperature
        self.n_steps, self.length, self.dt = n_steps, drive.length, drive.length / n_steps
        self.field = wall_field(case.device, drive.field)
        self.current = self._sample(drive.waveform)
        self.field_shape = None if drive.field_waveform is None else self._sample(drive.field_waveform)
        self.relative_temperature = np.ones(n_steps + 1)
        if case.heated:
            steady = case.device.steady_rise(drive.single_current)
            rise = case.device.section("heating").rise(steady, self.current, self.dt)
            if temperature + rise.max() >= LARGEST_TEMPERATURE:
                what = f"current_density = {drive.current_density:g} [A/m^2] heats the track by {rise.max():.3g} K"
                raise InputError(f"{what} above {temperature:g} K, must stay below {LARGEST_TEMPERATURE:g} K")
            self.relative_temperature += rise / temperature

    def levels(self, gate: Waveform) -> np.ndarray:
        """Return the gate level of each step, shape (n_steps,) [1]."""
        return quantized(self._sample(gate), float(gate.value.min()), float(gate.value.max()))

    @property
    def temperature(self) -> np.ndarray:
        """Temperature at the ends of the steps, shape (n_steps + 1,) [K]."""
        return self.start * self.relative_temperature

    def films(self) -> np.ndarray:
        """Return the temperature that the film of each step has, shape (n_steps,) [K]."""
        return quantized(self.temperature, self.start, float(self.temperature.max()))

    def rows(self, model: QPhiModel, begin: int, end: int) -> np.ndarray:
        """Return the rows of the kernel from step `begin` to `end`, shape (end - begin + 1, 5)."""
        part = slice(begin, end + 1)
        field = self.field if self.field_shape is None else scaled_field(self.field, self.field_shape[part])
        rows = np.empty((end - begin + 1, 5))
        rows[:, 0], rows[:, 4] = self.current[part], self.relative_temperature[part]
        for column, values in enumerate(field_rows(model, field), 1):
            rows[:, column] = values
        return rows

    def _sample(self, waveform: Waveform) -> np.ndarray:
        return waveform.held(self.length).sample(self.n_steps)


@functools.lru_cache(maxsize=_KEPT)
def _kernel(
    device: Device,
    _nominal: Device | None,
    level: float | None,
    film: float,
    temperature: float,
    noise_scale: float,
) -> tuple[QPhiModel, KernelInput]:
    """Return the model and kernel input at a gate level and a temperature of the film [K].

    They are kept for the next run: the pulses of a sweep go through the same levels and films from each state. The
    nominal device is part of the key because a relaxed wall is expanded about it, and equal devices may differ in it.
    """
    if level is not None:
        device = device.at_gate_level(level)
    device = device.at_temperature(film)
    equation = equation_of(device)
    model = equation.model(device)
    return model, equation.kernel_input(model, temperature, noise_scale)


def _runs(levels: np.ndarray) -> Iterator[tuple[int, int]]:
    """Return the first step and end of each run of equal levels, shape (n, 2)."""
    changes = np.flatnonzero(np.any(np.diff(levels, axis=0), axis=1)) + 1
    yield from zip([0, *changes.tolist()], [*changes.tolist(), len(levels)], strict=True)


def _cut(begin: int, end: int, stride: int) -> Iterator[tuple[int, int]]:
    """Return the steps begin to end, cut at the multiples of a stride."""
    inner = range((begin // stride + 1) * stride, end, stride)
    yield from zip([begin, *inner], [*inner, end], strict=True)
