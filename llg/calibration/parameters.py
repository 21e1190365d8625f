"""What a calibration can fit, and a device with other values of it."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from dwcore.errors import InputError, nearest
from llg.device.device import Device


@dataclasses.dataclass(frozen=True)
class Fittable:
    """One parameter that can be fitted.

    Attributes:
        section: section of the device file that holds it; "notch" for factors on all notches.
        unit: SI unit, "1" if dimensionless.
        meaning: in words.
        typical: size by which a start value of zero is scaled.
        reach: bounds as factors on a start value that cannot change its sign, or None.
        limit: largest magnitude.
    """

    section: str
    unit: str
    meaning: str
    typical: float
    reach: tuple[float, float] | None = None
    limit: float = float("inf")


FITTABLE = {
    "Delta": Fittable("wall", "m", "wall width parameter", 1e-8, reach=(0.2, 5.0)),
    "sigma_0": Fittable("wall", "J/m^2", "energy of the straight Bloch wall without DMI", 1e-3, reach=(0.05, 20.0)),
    "H_K": Fittable("wall", "A/m", "in-plane shape field of the wall", 1e4, limit=1e6),
    "D": Fittable("material", "J/m^2", "Dzyaloshinskii-Moriya constant", 1e-4, limit=1e-2),
    "alpha": Fittable("material", "1", "Gilbert damping", 0.1, reach=(0.01, 100.0), limit=1.0),
    "theta_SH": Fittable("torque", "1", "spin Hall angle", 0.1, limit=3.0),
    "notch_depth_scale": Fittable("notch", "1", "factor on the depth of all notches", 1.0, reach=(0.05, 5.0)),
    "notch_width_scale": Fittable("notch", "1", "factor on the width of all notches", 1.0, reach=(0.2, 5.0)),
}
"""By name. The DMI constant keeps the sign of its start value, as most data are blind to it."""


_NEAR = 0.05


class ParameterSpace:
    """The fitted parameters of one device: start values, scales and bounds."""

    def __init__(self, device: Device, names: Sequence[str]):
        """Choose the parameters.

        Args:
            device: where the fit starts.
            names: keys of `FITTABLE`.

        Raises:
            InputError: an unknown name, one given twice, or factors on the notches of a track without any.
        """
        for name in names:
            if name not in FITTABLE:
                raise InputError(f'cannot fit "{name}"{nearest(name, FITTABLE)}')
            if list(names).count(name) > 1:
                raise InputError(f'cannot fit "{name}" twice')
            if FITTABLE[name].section == "notch" and not device.notches:
                raise InputError(f'device "{device.name}": {name} needs a track with notches')
        if not names:
            raise InputError(f"nothing to fit; choose among {', '.join(FITTABLE)}")
        self.names = tuple(names)
        wall = device.wall.resolved(device.material, device.track.thickness)  # a gate acts on top of it
        self.base = self._centre = dataclasses.replace(device, wall=wall, nominal=None)
        self.start = tuple(self._value(name) for name in names)
        self.scale = tuple(abs(v) or FITTABLE[n].typical for n, v in zip(names, self.start, strict=True))
        bounds = [self._bounds(name, value) for name, value in zip(names, self.start, strict=True)]
        self.lower, self.upper = (tuple(side) for side in zip(*bounds, strict=True))

    def device(self, values: Sequence[float]) -> Device:
        """Return the device with these values of the fitted parameters, shape (p,), SI.

        Wall width, energy and shape field are held as numbers from the start, so that none of them follows another.
        """
        given = with_values(self.base, dict(zip(self.names, map(float, values), strict=True)))
        return dataclasses.replace(given, nominal=self._centre)

    def centre_on(self, values: Sequence[float]) -> bool:
        """Expand a relaxed wall about these values, shape (p,), SI, if it is expanded far from them; return whether.

        Far is where a size of a notch in units of Delta, or D over sigma_0, has changed by more than `_NEAR`.
        """
        if self.base.wall_shape == "rigid":
            return False
        centre = dataclasses.replace(self.device(values), nominal=None)
        tracks = centre.notched_track, self._centre.notched_track
        before, after = (np.array([track.sizes(notch) for notch in track.notches]) for track in tracks)
        if np.allclose(before, after, rtol=_NEAR, atol=0):
            return False
        self._centre = centre
        return True

    def _value(self, name: str) -> float:
        section = FITTABLE[name].section
        return 1.0 if section == "notch" else getattr(getattr(self.base, section), name)

    def _bounds(self, name: str, value: float) -> tuple[float, float]:
        spec = FITTABLE[name]
        low, high = -spec.limit, spec.limit
        if spec.reach:
            low, high = spec.reach[0] * value, min(spec.reach[1] * value, spec.limit)
        if name == "D":
            low, high = (0.0, spec.limit) if value >= 0 else (-spec.limit, 0.0)
        if name == "notch_depth_scale":
            local = (float(self.base.track.base_width(np.array(n.position))) / (2 * n.depth) for n in self.base.notches)
            high = min(high, 0.95 * min(local))
        if not low <= value <= high:
            raise InputError(f"{name} = {value:g} [{spec.unit}] must start between {low:g} and {high:g} to be fitted")
        return low, high


def with_values(device: Device, values: Mapping[str, float]) -> Device:
    """Return a device with other values of parameters named as in `FITTABLE`.

    Raises:
        InputError: the values make an impossible device.
    """
    factors = {name: values.get(f"notch_{name}_scale", 1.0) for name in ("depth", "width")}
    notches = device.notches
    if set(factors.values()) != {1.0}:
        notches = tuple(
            dataclasses.replace(notch, **{name: factor * getattr(notch, name) for name, factor in factors.items()})
            for notch in notches
        )
    named = {f"{FITTABLE[name].section}.{name}": value for name, value in values.items()}
    return device.replace({key: value for key, value in named.items() if not key.startswith("notch.")}, notches=notches)
