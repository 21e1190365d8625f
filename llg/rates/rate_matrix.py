"""Rates between the wells of a track at rest, by one of three methods, and the retention time of each.

langer   formula for high barriers (`llg.rates.langer`), corrected for weak damping (`llg.rates.turnover`); takes a second
flux     forward flux sampling of the real motion (`llg.rates.flux_sampling`); any barrier, with standard errors
brute    waiting for escapes (`llg.rates.brute_force`); low barriers only, with standard errors
"""

import dataclasses
import math
from collections.abc import Callable

import numpy as np

from dwcore.errors import InputError, RunError, nearest
from llg.constants import K_B
from llg.landscape.wells import Well
from llg.rates.brute_force import brute_rates
from llg.rates.flux_sampling import flux_rates
from llg.rates.langer import NEGLIGIBLE, free_energy, passages
from llg.rates.thermal_grid import thermal_grid
from llg.rates.turnover import crossing_losses, transfer_factors
from llg.walls.q_phi import QPhiModel


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
    """

    method: str
    rate: np.ndarray
    rate_error: np.ndarray
    lost: np.ndarray
    lost_error: np.ndarray
    gaps: str = ""

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
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.retention * (error / self.escape)


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
    rate, error, gaps = found
    S = len(wells)
    return RateMatrix(method, rate[:, :S], error[:, :S], rate[:, S:], error[:, S:], gaps)


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
    return rate, np.full_like(rate, math.nan), ""


def _flux(model, wells, temperature, *, seed, jobs, progress, most=math.inf, **options):
    """Sample each side of each well; `most` steps are for all of them together, and what they do not reach is nan."""
    S = len(wells)
    rate, error, gaps = np.zeros((S, S + 2)), np.zeros((S, S + 2)), []
    sides = []
    for home, well in enumerate(wells):
        lowest = min(well.barrier_left, well.barrier_right) + NEGLIGIBLE * K_B * temperature
        sides += [(b, home, side) for side, b in ((-1, well.barrier_left), (1, well.barrier_right)) if b <= lowest]
    for number, (_, home, direction) in enumerate(sorted(sides)):
        columns = [*range(S), S if direction < 0 else S + 1]
        fixed = {"temperature": temperature, "seed": seed, "jobs": jobs, **options}
        try:
            found = flux_rates(model, wells, home, direction, most=most, **fixed)
        except RunError as problem:
            if most == math.inf:
                raise
            gaps.append(str(problem))
            rate[home], error[home] = math.nan, math.nan
        else:
            most -= found.steps
            rate[home, columns] += found.rate
            error[home, columns] = np.hypot(error[home, columns], found.rate_error)
        progress(S * (number + 1) // len(sides) - S * number // len(sides))
    return rate, error, "; ".join(dict.fromkeys(gaps))


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
    return rate, error, ""


METHODS = {"langer": _langer, "flux": _flux, "brute": _brute}
