"""Rates between the wells of a track at rest, by one of three methods, and the retention time of each.

langer   formula for high barriers (`llg.rates.langer`), corrected for weak damping (`llg.rates.turnover`); a second
flux     forward flux sampling of the real motion (`llg.rates.flux_sampling`); any barrier, with standard errors
brute    waiting for escapes (`llg.rates.brute_force`); low barriers only, with standard errors
"""

import dataclasses
import math
from collections.abc import Callable

import numpy as np

from dwcore.arguments import checked
from dwcore.errors import InputError, RunError, nearest
from llg.constants import K_B
from llg.landscape.wells import Well
from llg.rates.brute_force import brute_rates
from llg.rates.flux_sampling import Escape, NoWayOut, OutOfSteps, Unreached, flux_rates
from llg.rates.langer import NEGLIGIBLE, free_energy, passages
from llg.rates.thermal_grid import thermal_grid
from llg.rates.turnover import crossing_losses, transfer_factors
from llg.walls.q_phi import QPhiModel

_AROUND, _LOOKS, _ALIKE = 2, 200, 0.01
"""Two wells are alike if their energies are: so many wells to each side, at so many places a well, to so many kB T."""
_SMALL = 0.01
"""Share of the rate out of a well that a way found shut may have, or a third of the error that is asked for."""


@dataclasses.dataclass(frozen=True)
class RateMatrix:
    """Rates at which a wall at rest changes its well; a wall that only passes through a well does not count there.

    Attributes:
        method: one of `METHODS`.
        rate: from-well by to-well, shape (S, S), zero on the diagonal [1/s].
        rate_error: standard errors, shape (S, S) [1/s]; nan where the method has none.
        lost: rates off the left and the right end of the track, shape (S, 2) [1/s].
        lost_error: standard errors, shape (S, 2) [1/s].
        gaps: why rates are nan, where the work was limited and did not suffice; else empty.
        mirrored: whether the rates to one side were taken from those to the other; their errors add in the middle well.
        bound: what the rate out of each well is below where it is nan, shape (S,) [1/s]; infinity where nothing is
            known.
    """

    method: str
    rate: np.ndarray
    rate_error: np.ndarray
    lost: np.ndarray
    lost_error: np.ndarray
    gaps: str = ""
    mirrored: bool = False
    bound: np.ndarray | None = None

    @property
    def escape(self) -> np.ndarray:
        """Total rate out of each well, shape (S,) [1/s]."""
        return self.rate.sum(axis=1) + self.lost.sum(axis=1)

    @property
    def retention(self) -> np.ndarray:
        """Mean time in each well, shape (S,) [s]; infinity where no way leads out."""
        with np.errstate(divide="ignore"):
            return 1 / self.escape

    @property
    def retention_error(self) -> np.ndarray:
        """Standard error of `retention`, shape (S,) [s]."""
        error = np.sqrt((self.rate_error**2).sum(axis=1) + (self.lost_error**2).sum(axis=1))
        if self.mirrored and error.size % 2:
            error[error.size // 2] *= math.sqrt(2)
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.retention * (error / self.escape)


@checked
def rate_matrix(
    model: QPhiModel,
    wells: list[Well],
    temperature: float,
    method: str = "langer",
    *,
    seed: int = 1,
    jobs: int | None = None,
    progress: Callable[[int], None] = lambda done: None,
    **options,
) -> RateMatrix:
    """Return the rates between all wells of a track at rest.

    Args:
        model: the wall in its device.
        wells: all wells of the track.
        temperature: temperature [K].
        method: one of `METHODS`.
        seed: root seed of the methods that sample.
        jobs: threads; all processors by default.
        progress: called with the number of wells done since the last call.
        options: further arguments of `llg.rates.flux_sampling.flux_rates` or `llg.rates.brute_force.brute_rates`.

    Raises:
        InputError: unknown method, or barriers too high for brute force.
        RunError: Langer's formula does not hold; says why.
    """
    if method not in METHODS:
        raise InputError(f'method "{method}" is unknown{nearest(method, METHODS)}')
    found = METHODS[method](model, wells, temperature, seed=seed, jobs=jobs, progress=progress, **options)
    rate, error, *more = found
    S = len(wells)
    return RateMatrix(method, rate[:, :S], error[:, :S], rate[:, S:], error[:, S:], *more)


def _langer(model, wells, temperature, *, progress, **_sampling):
    S = len(wells)
    grid = thermal_grid(model, wells, temperature)
    ways = passages(model, wells, grid, temperature)
    rate = np.zeros((S, S + 2))
    losses = crossing_losses(model, grid, ways, S, temperature)
    factors = transfer_factors(ways, losses, temperature)
    for number, way in enumerate(ways):
        for side, home in enumerate((way.left, way.right)):
            if 0 <= home < S:
                one = way.rate(free_energy(grid, home), grid.reference, temperature)
                rate[home] += one * factors[side, number]
    progress(S)
    return rate, np.full_like(rate, math.nan)


def _flux(model, wells, temperature, *, progress, most=math.inf, closed=NEGLIGIBLE, error=0.0, **options):
    """Sample each side of each well, once of those that are alike, and of mirror images one.

    Args of its own: `most` steps are for all sides together, and what they do not reach is nan. A side takes an equal
    part of what is left, up to half of it for its first batch of replicas, and the last one all. One whose barrier is
    `closed` kB T above the other one is not sampled. One that nothing leaves by counts as 0 where that is `_SMALL` at
    most.
    """
    S = len(wells)
    rate, standard, bound, gaps = np.zeros((S, S + 2)), np.zeros((S, S + 2)), np.zeros(S), []
    shut: list[tuple[int, NoWayOut]] = []
    sides = _sides(wells, closed * K_B * temperature)
    try:
        mirrored = not model.current_density and thermal_grid(model, wells, temperature).mirrored
    except RunError as problem:
        if most == math.inf:
            raise
        return rate + math.nan, standard + math.nan, str(problem)
    if mirrored:
        sides = [(b, home, side) for b, home, side in sides if (home, side) <= (S - 1 - home, -side)]
    alike, known = _alike(model, wells, temperature), dict[tuple[int, int], tuple[int, Escape | RunError]]()
    left = len({(alike[home], direction) for _, home, direction in sides})
    for number, (_, home, direction) in enumerate(sorted(sides)):
        columns = [*range(S), S if direction < 0 else S + 1]
        work = {"most": most / 2 if left > 1 else most, "fair": most / max(left, 1)}
        fixed = {"temperature": temperature, "error": error, **work, **options}
        there, found = known.get((alike[home], direction), (home, None))
        if isinstance(found, Escape):
            found = _moved(found, there, home)
        if found is None and most <= 0:
            found = OutOfSteps(f"no time steps are left for the well at {wells[home].q:g} m", math.inf)
        if found is None:
            found = _sampled(model, wells, home, direction, **fixed)
            most -= found.steps if isinstance(found, Escape | Unreached) else 0
            known[alike[home], direction], left = (home, found), left - 1
        bound[home] += found.rate.sum() if isinstance(found, Escape) else _bound_of(found)
        if isinstance(found, NoWayOut):
            shut.append((home, found))
        elif isinstance(found, RunError):
            gaps.append(str(found))
            rate[home], standard[home] = math.nan, math.nan
        else:
            rate[home, columns] += found.rate
            standard[home, columns] = np.hypot(standard[home, columns], found.rate_error)
        progress(S * (number + 1) // len(sides) - S * number // len(sides))
    for home, closed_way in shut:
        if not closed_way.below <= max(_SMALL, error / 3) * rate[home].sum():
            if most == math.inf:
                raise closed_way
            gaps.append(str(closed_way))
            rate[home], standard[home] = math.nan, math.nan
    if mirrored:
        order = [*range(S)[::-1], S + 1, S]
        rate, standard, bound = rate + rate[::-1, order], np.hypot(standard, standard[::-1, order]), bound + bound[::-1]
    return rate, standard, "; ".join(dict.fromkeys(gaps)), mirrored, bound


def _sides(wells: list[Well], closed: float) -> list[tuple[float, int, int]]:
    """Return barrier [J], well and direction of each side whose barrier is not `closed` [J] above the other one."""
    found = []
    for home, well in enumerate(wells):
        lowest = min(well.barrier_left, well.barrier_right) + closed
        found += [(b, home, side) for side, b in ((-1, well.barrier_left), (1, well.barrier_right)) if b <= lowest]
    return found


def _sampled(model, wells, home, direction, *, most, **fixed) -> Escape | RunError:
    """Return the escapes to one side, or why there are none; raise that where the work was not limited."""
    try:
        return flux_rates(model, wells, home, direction, most=most, **fixed)
    except RunError as problem:
        if most == math.inf and not isinstance(problem, NoWayOut):
            raise
        return problem


def _bound_of(problem: RunError) -> float:
    """Return what a rate that was not reached is below [1/s]."""
    return problem.below if isinstance(problem, Unreached) else math.inf


def _alike(model: QPhiModel, wells: list[Well], temperature: float) -> list[int]:
    """Return for each well the first one of the same landscape, as far as `_AROUND` wells or the end on each side."""
    S, turn = len(wells), np.linspace(0, 2 * math.pi, 17)
    stops = np.array([0.0, *(well.q for well in wells), model.device.track.length])
    first, seen = list[int](), list[tuple[int, tuple[int, int], np.ndarray, np.ndarray]]()
    for home, well in enumerate(wells):
        around = min(home, _AROUND), min(S - 1 - home, _AROUND)
        ends = stops[[max(home + 1 - _AROUND, 0), min(home + 1 + _AROUND, S + 1)]]
        q = np.linspace(ends[0], ends[1], _LOOKS * (2 * _AROUND + 1))
        energy = (model.energy(q[:, None], turn) - model.energy(well.q, well.phi)) / (K_B * temperature)
        for other, wells_there, ends_there, energy_there in seen:
            placed = around == wells_there and np.allclose(ends - well.q, ends_there, rtol=0, atol=0.01 * model.Delta)
            if placed and np.allclose(energy, energy_there, rtol=0, atol=_ALIKE):
                first.append(other)
                break
        else:
            first.append(home)
            seen.append((home, around, ends - well.q, energy))
    return first


def _moved(found: Escape, home: int, to: int) -> Escape | None:
    """Return the escapes from one well as those from another one like it; None where walls fly out of what is alike."""
    S = found.rate.size - 1
    reached = np.flatnonzero(found.rate[:S])
    far = np.any(np.abs(reached - home) > _AROUND) or (found.rate[S] > 0 and _AROUND <= home < S - _AROUND)
    if far:
        return None
    rate, error = np.zeros((2, S + 1))
    rate[S], error[S] = found.rate[S], found.rate_error[S]
    rate[reached + to - home], error[reached + to - home] = found.rate[reached], found.rate_error[reached]
    return dataclasses.replace(found, rate=rate, rate_error=error)


def _brute(model, wells, temperature, *, seed, jobs, progress, **options):
    S = len(wells)
    expected = _langer(model, wells, temperature, progress=lambda done: None)[0].sum(axis=1)
    rate, error = np.zeros((S, S + 2)), np.zeros((S, S + 2))
    for home in range(S):
        if expected[home] > 0:
            fixed = {"temperature": temperature, "seed": seed, "jobs": jobs, **options}
            found = brute_rates(model, wells, home, expected_rate=expected[home], **fixed)
            rate[home], error[home] = found.rate, found.rate_error
        progress(1)
    return rate, error


METHODS = {"langer": _langer, "flux": _flux, "brute": _brute}
