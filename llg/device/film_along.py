"""The film along the track: what a profile and a gate leave of its anisotropy together, and whether walls exist there.

At each place K_eff(x) = K_eff + K_u (kappa(x) - 1) + delta K_u, the last under the gate alone, and D(x) = delta(x) D. A
wall needs K_eff(x) > 0 and pi |D(x)| < sigma(x), where sigma ~ sqrt(K_eff(x)); see `llg.device.material`.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from llg.device.gate import Gate
from llg.device.material import Material, StraightWall, Wall
from llg.device.profile import Profile


def film_along(film: Material, profile: Profile | None, gate: Gate | None, changes: Sequence[float]) -> np.ndarray:
    """Return x [m], K_eff [J/m^3] and D [J/m^2] where they may be extreme, shape (3, n).

    Between these places K_eff and D are straight lines, over which neither K_eff has a minimum nor |D|/sqrt(K_eff) a
    maximum. At an end of the gate both sides count.

    Args:
        film: the film of the device.
        profile: what changes along the track, if anything.
        gate: the gate, if there is one.
        changes: of K_u under the gate [J/m^3].
    """
    start, end = (math.inf, math.inf) if gate is None else gate.ends
    given = () if profile is None else profile.x
    x = np.array([*given, *(place for place in (start, end) if math.isfinite(place))] or [0.0])
    K_u, D = (np.ones(x.size) if f is None else f(x) for f in _factors(profile))
    bare = np.array([x, film.K_eff + (K_u - 1) * film.K_u, D * film.D])
    inside, outside = (start <= x) & (x <= end), (x <= start) | (end <= x)
    gated = [bare[:, inside] + np.array([[0.0], [change], [0.0]]) for change in changes]
    return np.concatenate([bare[:, outside], *gated], axis=1)


def _factors(profile: Profile | None):
    return (None, None) if profile is None else (profile.factor("K_u"), profile.factor("D"))


def critical_share(along: np.ndarray, film: Material, wall: StraightWall) -> np.ndarray:
    """Return D over its critical value sigma/pi at each place, shape (n,) [1].

    Args:
        along: as of `film_along`.
        film: the film of the device.
        wall: its straight wall, without a gate.
    """
    _, K_eff, D = along
    return math.pi * np.abs(D) / (wall.sigma_0 * np.sqrt(K_eff / film.K_eff))


def film_problems(along: np.ndarray, film: Material, wall: Wall, thickness: float, where: str) -> Iterator[str]:
    """Yield where along the track there is no wall.

    Args:
        along: as of `film_along`.
        film: the film of the device.
        wall: its wall, without a gate.
        thickness: of the film [m].
        where: names what changes the film.
    """
    x, K_eff, D = (values[along[1].argmin()] for values in along)
    if K_eff <= 0:
        yield f"{where}: K_u leaves K_eff = {K_eff:g} [J/m^3] at x = {x:g} [m], must leave it positive"
    elif not film.in_plane and (share := critical_share(along, film, wall.resolved(film, thickness))).max() >= 1:
        x, K_eff, D = (values[share.argmax()] for values in along)
        yield (
            f"{where}: D = {D:g} [J/m^2] must be below sigma_0/pi = {abs(D) / share.max():.3g} in size at x = {x:g} [m], "
            f"where K_u = {K_eff + film.K_u - film.K_eff:g} [J/m^3]"
        )
