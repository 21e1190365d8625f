"""Escape rates over high barriers with their dynamic prefactor (Kramers and Langer), on (q, phi).

    rate of a well over one saddle = lambda_+/(2 pi) * 2 pi kB T/sqrt|det H| * exp(-E_saddle/kB T)/Z

lambda_+ is the growth rate of the unstable mode of the noiseless motion at the saddle, H the Hessian of E there in
x = (q/Delta, phi), and Z = integral of exp(-E/kB T) dx over the whole well. With Z of the harmonic well this is
Langer's formula; the integral costs nothing here and leaves the shape of the saddle as the only error, of the order
kB T/barrier. Rates over different saddles add; wells at several angles of one place count as one.

Weak damping is corrected by `llg.rates.turnover`.

References:
    J. S. Langer, Ann. Phys. (N.Y.) 54, 258 (1969).
    P. Hanggi, P. Talkner, M. Borkovec, Rev. Mod. Phys. 62, 251 (1990), section IV.
"""

import dataclasses
import math

import numpy as np

from llg.constants import GAMMA_0, K_B
from llg.errors import RunError
from llg.fixed_points import FixedPoint, fixed_points
from llg.landscape import Well, well_index
from llg.q_phi import QPhiModel
from llg.rates.thermal_grid import ThermalGrid, hessian

LEAST_HOLD = 6.0
"""Energy [kB T] that it must take to turn the wall around at a saddle: the formula takes its angle as held."""
_HIGHEST = 10.0
"""Saddles this much above the lowest between the same wells do not count [kB T]."""
_DESCENT_STEPS = 20_000


@dataclasses.dataclass(frozen=True)
class Passage:
    """All saddles between two neighbouring wells, or between the last well and the end of the track.

    Attributes:
        left: well on the left, -1 for the left end of the track.
        right: well on the right, S for the right end.
        saddles: the saddle points that count.
        energy: that of the lowest [J].
        weight: sum of lambda_+ kB T/sqrt|det H| exp(-(E_saddle - energy)/kB T) [1/s].
    """

    left: int
    right: int
    saddles: tuple[FixedPoint, ...]
    energy: float
    weight: float

    def rate(self, partition: float, reference: float, temperature: float) -> float:
        """Escape rate [1/s] from a well of this partition function, of exp(-(E - reference)/kB T)."""
        return self.weight / partition * math.exp(-(self.energy - reference) / (K_B * temperature))


def partition_function(grid: ThermalGrid, well: int) -> float:
    """Integral of exp(-(E - reference)/kB T) over q/Delta and phi between the saddles of a well [1]."""
    return float(np.exp(-grid.energy[grid.owner == well, :-1]).sum() * grid.cell)


def passages(model: QPhiModel, wells: list[Well], temperature: float) -> list[Passage]:
    """The ways between neighbouring wells and off the track, from left to right.

    Raises:
        RunError: two neighbouring wells have no isolated saddle between them.
    """
    S, kT = len(wells), K_B * temperature
    saddles = [point for point in fixed_points(model) if point.kind == "saddle"]
    sides = _sides(model, wells, saddles)
    found = []
    for left in range(-1, S):
        between = [s for s, ends in zip(saddles, sides, strict=True) if ends == (left, left + 1)]
        if not between and 0 <= left < S - 1:
            where = f"{wells[left].q:g} and {wells[left + 1].q:g} m"
            raise RunError(
                f"no isolated saddle between the wells at {where}, so no Langer rate; sample the flux "
                "instead (method flux)"
            )
        if not between:
            continue
        energies = np.array([float(model.energy(s.q, s.phi)) for s in between])
        lowest = energies.min()
        _check_hold(model, between[int(energies.argmin())], lowest, kT)
        low = [s for s, energy in zip(between, energies, strict=True) if energy - lowest < _HIGHEST * kT]
        weight = sum(_weight(model, s, lowest, kT) for s in low)
        found.append(Passage(left, left + 1, tuple(low), float(lowest), weight))
    return found


def _check_hold(model: QPhiModel, saddle: FixedPoint, energy: float, kT: float):
    hold = float(model.energy(saddle.q, np.linspace(0, 2 * np.pi, 181)).max() - energy) / kT
    if hold < LEAST_HOLD:
        raise RunError(
            f"the angle of the wall is held by {hold:.2g} kB T at the saddle at {saddle.q:g} m, must be >= "
            f"{LEAST_HOLD:g} for Langer's rate; sample the flux instead (method flux)"
        )


def _weight(model: QPhiModel, saddle: FixedPoint, reference: float, kT: float) -> float:
    determinant = np.linalg.det(hessian(model, saddle.q, saddle.phi))
    boltzmann = math.exp(-(float(model.energy(saddle.q, saddle.phi)) - reference) / kT)
    return saddle.rates[0].real * kT / math.sqrt(-determinant) * boltzmann


def _sides(model: QPhiModel, wells: list[Well], saddles: list[FixedPoint]) -> list[tuple[int, int]]:
    """Wells that steepest descent from each saddle leads to, the lower number first; -1 and S are the ends."""
    starts = []
    for saddle in saddles:
        values, vectors = np.linalg.eigh(hessian(model, saddle.q, saddle.phi))
        step = 0.02 * vectors[:, np.argmin(values)]
        starts += [(saddle.q / model.Delta + s * step[0], saddle.phi + s * step[1]) for s in (-1, 1)]
    x = np.array(starts).reshape(-1, 2)
    stiffest = max(np.abs(np.linalg.eigvalsh(hessian(model, w.q, w.phi))).max() for w in wells)
    length = model.device.track.length / model.Delta
    for _ in range(_DESCENT_STEPS):
        q = x[:, 0] * model.Delta
        force = GAMMA_0 * model.friction(q)[:, None] * np.stack(model.fields(q, x[:, 1]), axis=1)
        step = np.clip(0.5 * force / stiffest, -0.1, 0.1)
        x += np.where((x > [0, -np.inf]) & (x < [length, np.inf]), step, 0.0)
        if np.abs(step).max(initial=0.0) < 1e-6:
            break
    place = well_index(wells, x[:, 0] * model.Delta)
    outside = x[:, 0] * model.Delta > wells[-1].q
    place = np.where(place >= 0, place, np.where(outside, len(wells), -1)).reshape(-1, 2)
    return [tuple(sorted(int(p) for p in pair)) for pair in place]
