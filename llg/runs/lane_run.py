"""The trajectories of one ensemble, any of them at a time: lanes of the kernel with their current and their noise."""

from collections.abc import Callable

import numpy as np

from dwcore.numerics.noise import stream_id, trajectory_keys
from llg.device.device import Device
from llg.kernels.heun import LANES
from llg.runs.drive import Drive
from llg.runs.run_plan import plan_run


class LaneRun:
    """Runs trajectories by their numbers; what comes out depends on nothing else.

    Args:
        device: the device (instance) to simulate; this and the next ones as `llg.runs.ensemble.simulate` takes them.
        drive: current, field and gate in time.
        n: number of trajectories.
        start: initial q [m] and phi [rad].
        seed: root seed of the noise.
        temperature: temperature [K].
        dt: time step [s], None for the default.
        samples: number of equidistant times at which to record.
        noise_scale: factor on the noise.
        first: number of the first trajectory.
    """

    def __init__(self, device, drive, *, n, start, seed, temperature, dt=None, samples=0, noise_scale=1.0, first=0):
        self.plan, self.first = plan_run(device, drive, temperature, dt, samples, noise_scale), np.uint64(first)
        self.current = np.broadcast_to(np.asarray(drive.current_density, float), (n,))
        self.start = self.plan.model.complete(*start)
        self.stream_of = _streams(device, drive, seed, temperature, start)
        self.keys = None if np.ndim(drive.current_density) == 0 else _noise_keys(self.current, self.stream_of, first)

    def lanes(self, where: slice) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Current amplitude [A/m^2] and the two noise keys of some trajectories, padded to full groups of lanes."""
        count = -(-(where.stop - where.start) // LANES) * LANES
        amplitude = _padded(self.current[where], count)
        if self.keys is not None:
            return amplitude, _padded(self.keys[0][where], count), _padded(self.keys[1][where], count)
        keys = np.empty((2, count), np.uint64)
        trajectory_keys(self.stream_of(float(self.current[0])), self.first + np.uint64(where.start), keys[0], keys[1])
        return amplitude, keys[0], keys[1]

    def run(self, where: slice, final: np.ndarray, recorded: np.ndarray | None = None):
        """Run trajectories from their start to the end.

        Args:
            where: their numbers.
            final: output, final value of each coordinate, shape (coordinates, count).
            recorded: output, values at the start and at each sample, shape (samples + 1, coordinates, count).
        """
        lanes = self.lanes(where)
        size = lanes[0].size
        units = self.plan.stretches[0].input.units
        state = tuple(np.full(size, value / unit) for value, unit in zip(self.start, units, strict=True))
        if recorded is not None:
            recorded[0] = np.array(self.start)[:, None]
        for stretch in self.plan.stretches:
            data = stretch.input
            if data.units != units:
                state = tuple(x * (old / new) for x, old, new in zip(state, units, data.units, strict=True))
                units = data.units
            step = self.plan.dt * data.rate
            noise = data.noise_per_sqrt_dt * np.sqrt(step)
            rows = self.plan.rows, stretch.first, stretch.count
            data.advance(*state, *lanes, *rows, step, noise, data.table, data.x_end, data.coefficients)
            if stretch.sample is not None:
                _store(recorded[stretch.sample], state, units)
        _store(final, state, units)


def _streams(device: Device, drive: Drive, seed: int, temperature: float, start) -> Callable[[float], np.uint64]:
    """Hash of everything that noise belongs to but the number of the trajectory, as a function of its current."""
    point = (*drive.values(), temperature, *start)
    return lambda J: stream_id(seed, device.instance, J, *point)


def _store(target: np.ndarray, state: tuple[np.ndarray, ...], units: tuple[float, ...]):
    for row, values, unit in zip(target, state, units, strict=True):
        row[:] = values[: row.size] * unit


def _padded(values: np.ndarray, count: int) -> np.ndarray:
    out = np.zeros(count, values.dtype)
    out[: values.size] = values
    return out


def _noise_keys(current: np.ndarray, stream_of: Callable, first: int) -> tuple[np.ndarray, np.ndarray]:
    """Keys of all trajectories; each counts its own number, from `first` on, among those of its current density."""
    keys = np.empty((2, current.size), np.uint64)
    for J in np.unique(current):
        mine = np.flatnonzero(current == J)
        part = np.empty((2, mine.size), np.uint64)
        trajectory_keys(stream_of(float(J)), np.uint64(first), part[0], part[1])
        keys[:, mine] = part
    return keys[0], keys[1]
