"""Device-to-device variation: relative or absolute spreads, and the draw of one device instance.

Every parameter draws its deviate whether or not it has a spread, always in the same order. Each edge of the track has
its own random numbers. So a change of one spread leaves the other parameters of an instance as they were.
"""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from dwcore.parameters import Parameters, quantity
from llg.device.material import Material, Wall
from llg.device.notch import Notch
from llg.device.track import Track

CELLS_PER_CORRELATION_LENGTH = 16
"""Points of the rough outline; straight lines between them make the rms too small by less than 0.1 %."""
_BEFORE_NOTCHES = {
    "material": ("Ms", "A", "K_u", "D", "alpha"),
    "torque": ("theta_SH",),
    "track": ("thickness", "width"),
}
_AFTER_NOTCHES = {"torque": ("k_FL", "P", "beta"), "readout": ("RA", "TMR"), "heating": ("R_th",), "gate": ("gate",)}


def _spread(of: str, needs: str = ""):
    meaning = f"standard deviation of {of}, relative to its value"
    return quantity(meaning, "1", default=0.0, ge=0, lt=0.5, needs=needs)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Variation(Parameters):
    """Normal spreads between devices, cut at three standard deviations."""

    Ms_dtod: float = _spread("Ms")
    A_dtod: float = _spread("A")
    K_u_dtod: float = _spread("K_u")
    D_dtod: float = _spread("D", "material.D != 0")
    alpha_dtod: float = _spread("alpha")
    theta_SH_dtod: float = _spread("theta_SH", "torque.theta_SH != 0")
    k_FL_dtod: float = _spread("k_FL", "torque.k_FL != 0")
    P_dtod: float = _spread("P", "torque.P > 0")
    beta_dtod: float = _spread("beta", "torque.beta != 0")
    thickness_dtod: float = _spread("the thickness")
    width_dtod: float = _spread("the track width, with that of the pads or of the tabulated outline")
    notch_depth_dtod: float = _spread("each notch's depth", "notch.depth > 0")
    notch_width_dtod: float = _spread("each notch's width", "notch.depth > 0")
    notch_position_dtod: float = quantity(
        "standard deviation of each notch's position", "m", default=0.0, ge=0, needs="notch.depth > 0"
    )
    RA_dtod: float = _spread("the resistance-area product", "readout.RA > 0")
    TMR_dtod: float = _spread("the magnetoresistance", "readout.TMR > 0")
    R_th_dtod: float = _spread("the thermal resistance", "heating.R_th > 0")
    gate_dtod: float = _spread("the change of K_u by the gate", "gate.delta_K_u != 0 or gate.voltage != 0")


def drawn_values(
    sections: Mapping[str, Any], notches: tuple[Notch, ...], spread: Variation, seed: int, instance: int
) -> dict[str, Any]:
    """Return the sections and notches that one device instance has instead of the nominal ones.

    Values given in [wall] belong to the nominal film and follow the drawn one by the factors of their formulas.
    The roughness becomes part of a tabulated outline, so that the instance is described in full by its parameters.

    Args:
        sections: material, wall, track, torque, readout, heating and gate by name; None where there is none.
        notches: notches of the nominal device.
        spread: spreads between devices.
        seed: root seed.
        instance: number of the instance, >= 1.
    """
    rng = np.random.default_rng((seed, instance))
    factors = {key: _factors(spread, names, rng) for key, names in _BEFORE_NOTCHES.items()}
    cut = tuple(_varied_notch(notch, spread, rng) for notch in notches)
    for key, names in _AFTER_NOTCHES.items():
        factors[key] = factors.get(key, {}) | _factors(spread, names, rng)
    factors["track"] |= dict.fromkeys(("pad_width", "outline_width"), factors["track"]["width"])
    factors["gate"] = dict.fromkeys(("xi", "delta_K_u"), factors["gate"]["gate"])
    drawn = {key: _scaled(sections[key], by) for key, by in factors.items()}
    film: Material = sections["material"]
    wall: Wall = sections["wall"]
    followed = wall.following((film, sections["track"].thickness), (drawn["material"], drawn["track"].thickness))
    track = _roughened(drawn["track"], seed, instance)
    return {**drawn, "track": track, "wall": followed, "notches": cut}


def draw_normal(rng: np.random.Generator) -> float:
    """Return one standard normal deviate within three standard deviations."""
    while abs(z := float(rng.standard_normal())) > 3:
        pass
    return z


def rough_edge(rng: np.random.Generator, x: np.ndarray, rms: float, correlation_length: float) -> np.ndarray:
    """Return an edge's Gaussian deviation [m] at uniform x [m], correlation exp(-(distance/correlation_length)^2).

    Args:
        rng: source of randomness.
        x: uniform positions, shape (n,) [m].
        rms: root mean square of the deviation [m].
        correlation_length: distance over which the correlation falls to 1/e [m].
    """
    step = x[1] - x[0]
    reach = math.ceil(4 * correlation_length / step)
    kernel = np.exp(-2 * (step * np.arange(-reach, reach + 1) / correlation_length) ** 2)
    kernel /= np.sqrt(np.sum(kernel**2))
    return rms * np.convolve(rng.standard_normal(x.size + 2 * reach), kernel, mode="valid")


def _factors(spread: Variation, names: tuple[str, ...], rng: np.random.Generator) -> dict[str, float]:
    return {name: 1 + getattr(spread, f"{name}_dtod") * draw_normal(rng) for name in names}


def _scaled(section: Any, factors: dict[str, float]) -> Any:
    """Return the section with its numbers and tables multiplied; what is not given stays so."""
    if section is None:
        return None
    values = {name: getattr(section, name) for name in factors}
    scaled = {
        name: tuple(v * factors[name] for v in value) if isinstance(value, tuple) else value * factors[name]
        for name, value in values.items()
        if value is not None
    }
    return dataclasses.replace(section, **scaled)


def _varied_notch(notch: Notch, spread: Variation, rng: np.random.Generator) -> Notch:
    return dataclasses.replace(
        notch,
        depth=notch.depth * (1 + spread.notch_depth_dtod * draw_normal(rng)),
        width=notch.width * (1 + spread.notch_width_dtod * draw_normal(rng)),
        position=notch.position + spread.notch_position_dtod * draw_normal(rng),
    )


def _roughened(track: Track, seed: int, instance: int) -> Track:
    """Return the track with the roughness of both edges in its tabulated outline."""
    rough = [edge for edge in enumerate(track.edges, 1) if edge[1][0] > 0]
    if not rough:
        return track
    edges = []
    for number, (rms, length) in rough:
        cells = math.ceil(CELLS_PER_CORRELATION_LENGTH * track.length / length)
        x = np.linspace(0, track.length, cells + 1)
        edges.append((x, rough_edge(np.random.default_rng((seed, instance, number)), x, rms, length)))
    grid = np.unique(np.concatenate([track.corners, *(x for x, _ in edges)]))
    width = track.base_width(grid) + sum(np.interp(grid, x, deviation) for x, deviation in edges)
    return dataclasses.replace(
        track, outline_x=tuple(grid.tolist()), outline_width=tuple(width.tolist()),
        edge_roughness_rms=0.0, edge_roughness_rms_lower=None, pad_width=None, pad_taper=None,
    )  # fmt: skip
