"""What the shape of film and track does to a wall beyond the limits of a thin film and a wide track.

A device takes K_eff = K_u - mu0 Ms^2/2, Delta = sqrt(A/K_eff), sigma_0 = 4 sqrt(A K_eff) and H_K = Ms t ln 2/(pi Delta)
where nothing else is given. Here are the integrals that these are limits of, for the notes that say how far off a device
is. m = sech(x/Delta) is the moment of the wall in the plane, m_k = pi Delta sech(pi k Delta/2) its Fourier transform, and
energies are those per mu0 Ms H_K Delta t w cos^2 phi:

    Neel wall, charges within:  N_x = 1/(2 Delta) int dk/2pi m_k^2 [1 - (1 - e^(-|k|t))/(|k|t)]
    Bloch wall, its two ends:   N_y = 1/(2 pi Delta t w) int dk/2pi m_k^2
                                int_0^t int_0^t [K_0(k|z - z'|) - K_0(k r)] dz dz'

with r^2 = w^2 + (z - z')^2, and H_K = (N_x - N_y) Ms. For t << Delta and w -> infinity that is Ms t ln 2/(pi Delta).

Charges on the top and the bottom of the film feel each other over distances of the width. m_z = tanh(x/Delta) with
|m_z,k|^2 = (pi Delta/sinh(pi k Delta/2))^2 has, less the strip without a wall, the energy per area

    E = 2 A/Delta + 2 [K_u - mu0 Ms^2 N_z(0)/2] Delta + mu0 Ms^2/2 int dk/2pi |m_z,k|^2 [N_z(k) - N_z(0)]
    N_z(k) = 2/(pi t w) int_0^w (w - s) [K_0(k s) - K_0(k sqrt(s^2 + t^2))] ds

N_z(0) is that of the prism, and N_z(k) -> (1 - e^(-kt))/(kt) for w -> infinity. The wall of least energy is narrower than
Delta, for t << Delta << w by mu0 Ms^2 t/(4 pi K_eff), and cheaper by some mu0 Ms^2 t/pi ln(w/Delta).

References:
    S. V. Tarasenko et al., J. Magn. Magn. Mater. 189, 19 (1998): the charges within, and their limit.
    T. Koyama et al., Nat. Mater. 10, 194 (2011): walls in narrow tracks turn from Bloch to Neel.
    A. Aharoni, J. Appl. Phys. 83, 3432 (1998): the prism.
"""

import functools
import math

import numpy as np

from llg.constants import MU_0

_ORDER = 120
_LEAST = 1e-4  # wave number [1/width], below which N_z is that of the prism
_LARGEST = 12.0  # wave number [1/Delta]; m_k^2 is below 1e-14 of its largest there


def wall_factor(thickness: float, Delta: float, width: float) -> float:
    """Return H_K/Ms [1] of a straight wall with its charges in a film of finite thickness and at the edges.

    Args:
        thickness: of the film [m].
        Delta: wall width parameter [m].
        width: of the track [m].
    """
    from scipy.special import k0  # slow to import, and few devices need it

    point, weight = np.polynomial.legendre.leggauss(_ORDER)
    u = 0.5 * (point + 1)
    t, w = thickness / Delta, width / Delta
    k, dk = _LARGEST * u**2, _LARGEST * u * weight  # both integrands have a logarithm at 0
    s, ds = t * u**2, t * u * weight
    moment = (math.pi / np.cosh(0.5 * math.pi * k)) ** 2 / math.pi  # both signs of k
    within = 0.5 * np.sum(dk * moment * (1 + np.expm1(-k * t) / (k * t)))
    distance = k0(np.outer(k, s)) - k0(np.outer(k, np.hypot(s, w)))
    ends = np.sum(dk * moment * (distance @ (2 * (t - s) * ds))) / (2 * math.pi * t * w)
    return float(within - ends)


def prism_factor(thickness: float, width: float) -> float:
    """Return N_z [1] of a long strip magnetized along z.

    pi N_z = (1 - p^2)/(2 p) ln(1 + p^2) + p ln p + 2 arctan(1/p) with p = thickness/width.

    Args:
        thickness: of the strip [m].
        width: of the strip [m].
    """
    p = thickness / width
    return ((1 - p * p) / (2 * p) * math.log1p(p * p) + p * math.log(p) + 2 * math.atan(1 / p)) / math.pi


@functools.lru_cache
def wall_of_least_energy(Ms: float, A: float, K_u: float, thickness: float, width: float) -> tuple[float, float, float]:
    """Return Delta [m], sigma_0 [J/m^2] and H_K [A/m] of a straight wall with the stray field of its film and track.

    sigma_0 counts the ends of the Bloch wall, and H_K is what a Neel wall costs beyond it.

    Args:
        Ms: saturation magnetization [A/m].
        A: exchange stiffness [J/m].
        K_u: perpendicular anisotropy [J/m^3], above mu0 Ms^2/2.
        thickness: of the film [m].
        width: of the track [m].
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import k0

    stray = 0.5 * MU_0 * Ms**2
    K = K_u - stray * prism_factor(thickness, width)
    local = math.sqrt(A / K)
    point, weight = np.polynomial.legendre.leggauss(_ORDER)
    u = 0.5 * (point + 1)
    least, most = _LEAST / width, _LARGEST / local
    k = least * (most / least) ** u
    dk = 0.5 * math.log(most / least) * k * weight
    s, ds = width * u**3, 1.5 * width * u**2 * weight
    difference = k0(np.outer(k, s)) - k0(np.outer(k, np.hypot(s, thickness))) - 0.5 * np.log1p((thickness / s) ** 2)
    N_z = 2 / (math.pi * width * thickness) * (difference @ ((width - s) * ds))  # less that at k = 0

    def energy(Delta: float) -> float:
        m_z = (math.pi * Delta / np.sinh(0.5 * math.pi * k * Delta)) ** 2
        return 2 * A / Delta + 2 * K * Delta + stray * float(np.sum(dk * m_z * N_z)) / math.pi

    found = minimize_scalar(lambda x: energy(x * local), bounds=(0.2, 1.2), method="bounded")
    Delta = float(found.x) * local
    ends = wall_factor(thickness, Delta, np.inf) - (share := wall_factor(thickness, Delta, width))
    return Delta, energy(Delta) + 2 * stray * Delta * ends, Ms * share
