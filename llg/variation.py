"""Device-to-device variation: relative or absolute spreads, and the draw of one device instance."""

import dataclasses

import numpy as np

from .parameters import Parameters, quantity


def _spread(of: str):
    return quantity(f"standard deviation of {of}, relative to its value", "1", default=0.0, ge=0, lt=0.5)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Variation(Parameters):
    """Normal spreads between devices, cut at three standard deviations."""

    Ms_dtod: float = _spread("Ms")
    A_dtod: float = _spread("A")
    K_u_dtod: float = _spread("K_u")
    D_dtod: float = _spread("D")
    alpha_dtod: float = _spread("alpha")
    theta_SH_dtod: float = _spread("theta_SH")
    thickness_dtod: float = _spread("the thickness")
    width_dtod: float = _spread("the track width")
    notch_depth_dtod: float = _spread("each notch's depth")
    notch_width_dtod: float = _spread("each notch's width")
    notch_position_dtod: float = quantity("standard deviation of each notch's position", "m", default=0.0, ge=0)


def draw_normal(rng: np.random.Generator) -> float:
    """One standard normal deviate within three standard deviations."""
    while abs(z := float(rng.standard_normal())) > 3:
        pass
    return z


def rough_edge(rng: np.random.Generator, x: np.ndarray, rms: float, correlation_length: float) -> np.ndarray:
    """Deviation of one edge [m] at uniform x [m]: Gaussian, with correlation exp(-(distance/correlation_length)^2).

    Args:
        rng: source of randomness.
        x: uniform positions, shape (n,) [m].
        rms: root mean square of the deviation [m].
        correlation_length: distance over which the correlation falls to 1/e [m].
    """
    step = x[1] - x[0]
    reach = int(np.ceil(4 * correlation_length / step))
    kernel = np.exp(-2 * (step * np.arange(-reach, reach + 1) / correlation_length) ** 2)
    kernel /= np.sqrt(np.sum(kernel**2))
    return rms * np.convolve(rng.standard_normal(x.size + 2 * reach), kernel, mode="valid")
