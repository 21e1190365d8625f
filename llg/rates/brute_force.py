"""Escape rates by waiting: an ensemble that starts at the bottom of a well, watched until it is captured elsewhere.

The rate is one over the mean time from there to the core of another well, or to an end of the track. That time is the
one spent in the well until the walls have settled, and for those still there the inverse of their steady rate of
escape. Escapes are independent events: the relative standard error is one over the root of their number. It answers
for low barriers only, and checks `llg.rates.flux_sampling` there.
"""

import dataclasses
import math

import numpy as np

from dwcore.errors import InputError
from dwcore.numerics.noise import stream_id
from llg.device.pulse import Waveform
from llg.landscape.wells import Well, well_index
from llg.rates.escape_coordinate import core_energies, motion_in_well
from llg.runs.ensemble import Drive, simulate
from llg.runs.time_step import time_step
from llg.walls.q_phi import QPhiModel

LARGEST_STEPS = 2e10
"""Steps of all trajectories together beyond which waiting is refused."""
_LOOKS_PER_RADIAN = 2
_WALLS, _LOOKS = 256, 4000  # per run of the ensemble, for the sake of memory
_SETTLING = 6.0  # relaxation times


@dataclasses.dataclass(frozen=True)
class Waiting:
    """Escapes seen from one well; to each well, then over the left and the right end of the track.

    Attributes:
        walls: number of walls that were watched.
        early_escapes: escapes before settling, shape (S + 2,).
        early_time: total time in the well before settling [s].
        escapes: escapes after settling, shape (S + 2,).
        time: total time in the well after settling [s].
    """

    walls: int
    early_escapes: np.ndarray
    early_time: float
    escapes: np.ndarray
    time: float

    def __add__(self, other: "Waiting") -> "Waiting":
        pairs = zip(dataclasses.astuple(self), dataclasses.astuple(other), strict=True)
        return Waiting(*(one + two for one, two in pairs))

    @property
    def rate(self) -> np.ndarray:
        """Rates, shape (S + 2,) [1/s]."""
        settled = self.walls - self.early_escapes.sum()
        count = max(self.escapes.sum(), 1.0)
        mean_time = (self.early_time + settled * self.time / count) / self.walls
        return (self.early_escapes + settled * self.escapes / count) / (self.walls * mean_time)

    @property
    def rate_error(self) -> np.ndarray:
        """Standard errors, shape (S + 2,) [1/s]; that of no escape is the one of a single one."""
        seen = self.early_escapes + self.escapes
        return np.where(seen > 0, self.rate / np.sqrt(np.maximum(seen, 1)), self.rate.sum() / max(seen.sum(), 1))


def brute_rates(
    model: QPhiModel,
    wells: list[Well],
    home: int,
    *,
    temperature: float,
    seed: int,
    expected_rate: float,
    escapes: int = 400,
    dt: float | None = None,
    jobs: int | None = None,
    noise_scale: float = 1.0,
) -> Waiting:
    """Wait for escapes from one well.

    Args:
        model: the wall in its device.
        wells: all wells of the track.
        home: number of the well.
        temperature: temperature [K].
        seed: root seed.
        expected_rate: rough escape rate, sets how long to wait [1/s].
        escapes: number of escapes to expect.
        dt: time step [s]; by default that of `llg.runs.ensemble.simulate`.
        jobs: threads; all processors by default.
        noise_scale: factor on the noise; other than 1 only to see a statistical test fail.

    Raises:
        InputError: the expected rate makes the work exceed `LARGEST_STEPS`.
    """
    if escapes < 1 or not expected_rate > 0:
        raise InputError(f"escapes = {escapes} and expected_rate = {expected_rate:g} [1/s] must be > 0")
    swing = motion_in_well(model, wells[home])
    longest = _LOOKS / (_LOOKS_PER_RADIAN * swing.frequency)
    settling = min(_SETTLING / swing.slowest, 0.5 * longest)
    length = min(settling + 2 / expected_rate, longest)
    per_run = -_WALLS * math.expm1(-expected_rate * (length - settling))
    steps = max(escapes / per_run, 1.0) * _WALLS * length / time_step(model, dt)
    if steps > LARGEST_STEPS:
        raise InputError(
            f"the well at {wells[home].q:g} m holds the wall too long for brute force: {escapes} escapes take about "
            f"{steps:.1g} steps, must be <= {LARGEST_STEPS:g}; sample the flux instead"
        )
    runs = math.ceil(escapes / per_run)
    held = Drive(waveform=Waveform(np.array([0.0, length]), np.ones(2)), current_density=model.current_density)
    samples = int(np.ceil(length * swing.frequency * _LOOKS_PER_RADIAN))
    total = Waiting(0, np.zeros(len(wells) + 2), 0.0, np.zeros(len(wells) + 2), 0.0)
    for run in range(runs):
        own_seed = int(stream_id(seed, model.device.instance, float(home), float(run))) >> 1
        watched = simulate(
            model.device, held, n=_WALLS, start=(wells[home].q, wells[home].phi), seed=own_seed,
            temperature=temperature, dt=dt, samples=samples, jobs=jobs, noise_scale=noise_scale,
        )  # fmt: skip
        total += _count(model, wells, home, temperature, watched, settling)
    return total


def _count(model, wells, home, temperature, watched, settling) -> Waiting:
    """Return the escapes and times in the well of one run of the ensemble."""
    S = len(wells)
    q, phi, time = watched.q_samples, watched.phi_samples, watched.time
    place = well_index(wells, q)
    place[q <= 0], place[q >= model.device.track.length] = S, S + 1
    foreign = (place >= 0) & (place != home)
    inside = foreign & (place < S)
    limit = core_energies(wells, temperature)
    foreign[inside] = model.energy(q[inside], phi[inside]) < limit[place[inside]]
    first = np.where(foreign.any(axis=0), foreign.argmax(axis=0), time.size - 1)
    ended = time[first]
    to = place[first, np.arange(first.size)]
    early, late = (
        np.bincount(to[foreign.any(axis=0) & when], minlength=S + 2).astype(float)
        for when in (ended <= settling, ended > settling)
    )
    spent = np.minimum(ended, settling).sum(), np.maximum(ended - settling, 0).sum()
    return Waiting(first.size, early, float(spent[0]), late, float(spent[1]))
