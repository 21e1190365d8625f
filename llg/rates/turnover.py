"""What weak damping does to escape rates: the wall leaves a well faster than noise refills its high energies.

Near the energy of the saddles the wall swings through a well and loses delta kB T on each crossing, on average, with

    2 delta = alpha/(kB T) * integral of (E_xx + E_phiphi) dx dphi   over the well below its lower saddle, x = q/Delta,

that is alpha times the line integral of |grad E| along the swing; noise spreads the loss with a variance of 2 delta.
Where delta is large each wall that crosses a saddle is captured by the next well, and Langer's rate holds. Where it is
not, the rate over a passage becomes

    k_ij = k_Langer * integral over e > 0 of exp(-e) [h_i(L) h_j(R) - h_i(R) h_j(L)],

h_j(R) the probability that a wall that has just crossed the saddle to the right with the energy e kB T above it ends in
well j, h_j(L) the same to the left. These follow from the linear equations of the walk in energy over all
wells. For two wells this is the depopulation factor of Melnikov and Meshkov, A(2 d_1) A(2 d_2)/A(2 d_1 + 2 d_2); here
wells may have two exits, and a wall may cross several wells before it is captured.

References:
    V. I. Melnikov, S. V. Meshkov, J. Chem. Phys. 85, 1018 (1986).
    E. Pollak, H. Grabert, P. Hanggi, J. Chem. Phys. 91, 4073 (1989).
    V. I. Melnikov, Phys. Rep. 209, 1 (1991).
"""

import math

import numpy as np

from dwcore.errors import RunError
from llg.constants import K_B
from llg.rates.langer import Passage
from llg.rates.thermal_grid import ThermalGrid
from llg.walls.q_phi import QPhiModel

STRONG = 10.0
"""A wall that loses this much [kB T] on a crossing is captured; the rate then differs from Langer's by 1 %."""
WEAKEST = 0.03
"""Least loss on a crossing that the walk in energy resolves [kB T]."""
_TURNING = 3.0  # least loss [kB T] for a wall that may turn around in its well, which the walk does not describe
_DEEP, _HIGH = 10.0, 12.0  # energies at which a wall counts as captured, and that none exceeds [kB T]


def crossing_losses(
    model: QPhiModel, grid: ThermalGrid, ways: list[Passage], count: int, temperature: float
) -> np.ndarray:
    """Return the energy that the wall loses on one crossing of each well near its lower saddle, shape (S,) [kB T].

    Args:
        model: the wall in its device.
        grid: its landscape.
        ways: the passages between the wells.
        count: number of wells.
        temperature: temperature [K].
    """
    dx, dphi = 1 / grid.inverse_step, grid.phi[1]
    E = grid.energy[:, :-1]
    bent = np.zeros_like(E)
    bent[1:-1] = (E[2:] + E[:-2] - 2 * E[1:-1]) / dx**2
    bent += (np.roll(E, 1, axis=1) + np.roll(E, -1, axis=1) - 2 * E) / dphi**2
    losses = np.full(count, np.inf)
    for well in range(count):
        mine = [way for way in ways if well in (way.left, way.right)]
        if not mine:
            continue
        lowest = min(mine, key=lambda way: way.energy)
        below = (grid.owner == well)[:, None] & ((lowest.energy - grid.reference) / (K_B * temperature) > E)
        loops = 2 * len(lowest.saddles)  # equivalent saddles belong to as many swings
        losses[well] = model.alpha * bent[below].sum() * grid.cell / loops
        if below.all(axis=1).any():  # the wall turns around on its way: not one swing, but a loss still
            if losses[well] < _TURNING:
                raise RunError(
                    f"the wall turns around in the well at {grid.q[grid.owner == well].mean():g} m before it leaves it "
                    f"and loses {losses[well]:.2g} kB T on a crossing, must be >= {_TURNING:g} for Langer's rate; "
                    "sample the flux instead"
                )
            losses[well] = np.inf
    return losses


def transfer_factors(ways: list[Passage], losses: np.ndarray, temperature: float) -> np.ndarray:
    """Return the share of Langer's rate over each passage that ends in each well or at an end of the track.

    Args:
        ways: the passages between the wells, from left to right.
        losses: energy lost on one crossing of each well, shape (S,) [kB T].
        temperature: temperature [K].

    Returns:
        Factors of the rate from the well on the left of each passage to the right, and from that on its right to the
        left, shape (2, passages, S + 2): to each well, then to the left and the right end.

    Raises:
        RunError: the damping is too weak.
    """
    if losses.min() < WEAKEST:
        raise RunError(
            f"a wall loses only {losses.min():.2g} kB T on a crossing of its well; Langer's rate is corrected down to "
            f"{WEAKEST:g}, sample the flux instead"
        )
    S = losses.size
    energies = np.array([way.energy for way in ways]) / (K_B * temperature)
    walk = _Walk(ways, energies, losses)
    factors = np.zeros((2, len(ways), S + 2))
    for number, (way, energy) in enumerate(zip(ways, energies, strict=True)):
        above = np.maximum(walk.e - energy, 0.0)
        weight = np.where(walk.e > energy, np.exp(-above), 0.0)
        weight /= weight.sum()
        right, left = walk.ends(way.right, 0), walk.ends(way.left, 1)  # after crossing to the right, to the left
        for side, home in enumerate((way.left, way.right)):
            if 0 <= home < S:
                there, here = (right, left) if side == 0 else (left, right)
                factors[side, number] = weight @ (here[:, home, None] * there - there[:, home, None] * here)
        beyond = np.array([*range(S), -1, S])
        factors[0, number, beyond <= way.left] = 0.0
        factors[1, number, beyond >= way.right] = 0.0
    return factors


class _Walk:
    """The walk in energy over all wells: where a wall of a given energy ends that enters a well from one side."""

    def __init__(self, ways: list[Passage], energies: np.ndarray, losses: np.ndarray):
        self.S = losses.size
        self.step = min(0.2, math.sqrt(2 * losses.min()) / 6)
        low, high = energies.min() - _DEEP, energies.max() + _HIGH
        offset = (energies.min() - low) % self.step  # puts the lowest saddle between two energies
        self.e = np.arange(low + offset - self.step / 2, high, self.step)
        exits = np.full((self.S, 2), np.inf)  # energy of the exit to the right and to the left
        for way, energy in zip(ways, energies, strict=True):
            if way.left >= 0:
                exits[way.left, 0] = energy
            if way.right < self.S:
                exits[way.right, 1] = energy
        self.weak = np.flatnonzero(losses < STRONG)
        self.numbers = {int(well): number for number, well in enumerate(self.weak)}
        self.chance = self._solve(exits, losses) if self.weak.size else np.empty((0, self.e.size, self.S + 2))

    def ends(self, well: int, direction: int) -> np.ndarray:
        """Return where a wall ends that enters `well`, moving right (0) or left (1): shape (energies, S + 2)."""
        if well in self.numbers:
            return self.chance[2 * self.numbers[well] + direction]
        result = np.zeros((self.e.size, self.S + 2))
        result[:, well if 0 <= well < self.S else (self.S if well < 0 else self.S + 1)] = 1.0
        return result

    def _solve(self, exits: np.ndarray, losses: np.ndarray) -> np.ndarray:
        from scipy.sparse import bmat, identity
        from scipy.sparse.linalg import splu

        n, states = self.e.size, 2 * self.weak.size
        blocks = [[None] * states for _ in range(states)]
        ended = np.zeros((states, n, self.S + 2))
        for row in range(states):
            well, direction = int(self.weak[row // 2]), row % 2
            step, captured = self._kernel(losses[well])
            deep = self.e < exits[well].min() - _DEEP
            over = self.e > exits[well, direction]
            ended[row, :, well] += captured + step @ deep
            turned = row + 1 - 2 * direction
            blocks[row][turned] = step.multiply(~over & ~deep)
            following = well + 1 - 2 * direction
            if following in self.numbers:
                blocks[row][2 * self.numbers[following] + direction] = step.multiply(over)
            else:
                ended[row] += (step @ over)[:, None] * self.ends(following, direction)[0]
        matrix = identity(states * n) - bmat(blocks)
        return splu(matrix.tocsc()).solve(ended.reshape(states * n, -1)).reshape(states, n, -1)

    def _kernel(self, loss: float):
        """Return the probabilities of the energy after a crossing, shape (n, n), and to fall below all, shape (n,)."""
        from scipy.sparse import diags

        n = self.e.size
        reach = math.ceil((loss + 7 * math.sqrt(2 * loss)) / self.step)
        shift = np.arange(-reach, reach + 1)
        p = np.exp(-((shift * self.step + loss) ** 2) / (4 * loss))
        p /= p.sum()
        kept = np.abs(shift) < n
        step = diags([np.full(n - abs(k), value) for k, value in zip(shift[kept], p[kept], strict=True)], shift[kept])
        from_below = np.cumsum(p)[np.clip(-np.arange(n) - 1 + reach, -1, 2 * reach)]
        return step.tocsr(), np.where(-np.arange(n) - 1 + reach >= 0, from_below, 0.0)
