"""The plan of a sweep: device instances x temperatures x current densities x durations, cut into numbered blocks.

A block is one operating point of one device instance at one temperature, with pulses from every state. What it gives
depends on the plan and its number alone, so that blocks run in any order, anywhere, and are repeated at will.
"""

import dataclasses
import functools

import numpy as np

from dwcore.arguments import checked
from dwcore.errors import InputError
from dwcore.numerics.plain_array import plain_array
from llg.device.device import Device
from llg.device.material import LARGEST_TEMPERATURE
from llg.device.pulse import LEAST_CURRENT, Pulse

MAX_INSTANCES = 4096
MAX_TRAJECTORIES = 10**8
SMALLEST_ERROR = 1e-4


@dataclasses.dataclass(frozen=True, kw_only=True)
class Grid:
    """Operating points: every current density with every duration.

    Attributes:
        current_density: signed, ascending [A/m^2].
        duration: full widths at half maximum, ascending [s].
    """

    current_density: tuple[float, ...]
    duration: tuple[float, ...]

    def __post_init__(self):
        for name in ("current_density", "duration"):
            _check_ascending(name, getattr(self, name))


@checked
@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class SweepPlan:
    """Everything that decides the outcome of a sweep.

    Attributes:
        device: the nominal device. Without [pulse] its pulses have the default times; without [readout] or [stack] the
            table knows no conductances or energies.
        grid: current densities and durations.
        temperature: ascending [K].
        instances: numbers of the device instances, as `Device.draw` takes them with `seed`.
        n: trajectories per state and operating point; the first round of them where `target_error` is given.
        target_error: largest standard error of a transition probability; None for n trajectories everywhere [1].
        seed: root seed.
    """

    device: Device
    grid: Grid
    temperature: tuple[float, ...]
    instances: tuple[int, ...]
    n: int
    target_error: float | None = None
    seed: int

    def __post_init__(self):
        """Check everything that can be checked before the work starts; draw every instance once.

        Raises:
            InputError: what is wrong with the plan.
        """
        if self.device.pulse is None:
            largest = max(max(map(abs, self.grid.current_density)), LEAST_CURRENT)
            pulse = Pulse(current_density=largest, duration=self.grid.duration[-1])
            object.__setattr__(self, "device", dataclasses.replace(self.device, pulse=pulse))
        _check_ascending("temperature", self.temperature)
        if not self.temperature[0] > 0 or not self.temperature[-1] < LARGEST_TEMPERATURE:
            raise InputError(f"temperature = {list(self.temperature)} [K] must be > 0 and < {LARGEST_TEMPERATURE:g}")
        if not 1 <= len(self.instances) <= MAX_INSTANCES or len(set(self.instances)) < len(self.instances):
            raise InputError(f"instances must be 1 to {MAX_INSTANCES} different numbers, are {len(self.instances)}")
        if not 1 <= self.n <= MAX_TRAJECTORIES:
            raise InputError(f"n = {self.n} must be >= 1 and <= {MAX_TRAJECTORIES}")
        if self.target_error is not None and not SMALLEST_ERROR <= self.target_error < 1:
            raise InputError(f"target_error = {self.target_error:g} must be >= {SMALLEST_ERROR:g} and < 1")
        for duration in self.grid.duration:
            self.device.pulse.waveform(duration)
        for instance in self.instances:
            device = self.instance(instance)
            for temperature in self.temperature:
                device.at_temperature(temperature)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Number of instances, temperatures, current densities and durations."""
        grid = self.grid
        return len(self.instances), len(self.temperature), len(grid.current_density), len(grid.duration)

    @functools.cached_property
    def blocks(self) -> int:
        """Number of blocks; they count durations fastest, then currents, temperatures, instances."""
        return int(np.prod(self.shape))

    def place(self, block: int) -> tuple[int, int, int, int]:
        """Return the indices of the instance, temperature, current density and duration of a block."""
        k, t, a, d = (int(i) for i in np.unravel_index(block, self.shape))
        return k, t, a, d

    @property
    def conditions(self) -> int:
        """Number of conditions; a condition is one instance at one temperature, with the states it has there."""
        return self.shape[0] * self.shape[1]

    def condition(self, block: int) -> int:
        """Return the condition of a block."""
        return block // (self.shape[2] * self.shape[3])

    def instance(self, number: int) -> Device:
        """Return the device instance of a number."""
        return self.device if number == self.device.instance else self.device.draw(number, self.seed)

    @property
    def reference_temperature(self) -> float:
        """Temperature of the plan nearest to that of the device; the states are those of the nominal device there."""
        return min(self.temperature, key=lambda T: abs(T - self.device.temperature))

    def config(self) -> dict:
        """Return the plan as numbers and texts; with the seed it says all."""
        return {
            "device": self.device.config(),
            "trajectories": self.n,
            "target_error": self.target_error,
            "instances": list(self.instances),
            "temperature": list(self.temperature),
            "current_density": list(self.grid.current_density),
            "duration": list(self.grid.duration),
        }


def shard_blocks(plan: SweepPlan, shard: int, shards: int) -> range:
    """Return the blocks of shard number 1 to `shards`: as many in each, give or take one, and next to each other.

    Raises:
        InputError: no such shard.
    """
    if not 1 <= shard <= shards <= plan.blocks:
        raise InputError(f"shard {shard}/{shards} must be from 1/{shards}, of at most {plan.blocks} shards")
    return range((shard - 1) * plan.blocks // shards, shard * plan.blocks // shards)


def _check_ascending(name: str, values):
    values = plain_array(name, values).astype(float)
    if values.ndim != 1 or values.size == 0 or not np.isfinite(values).all() or np.any(np.diff(values) <= 0):
        raise InputError(f"{name} = {values.tolist()} must be finite and strictly ascending, at least one value")
