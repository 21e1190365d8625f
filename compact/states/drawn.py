"""The drawn parameters of device instances, by name and in SI, as the table stores them."""

import numpy as np

from llg.device.device import Device
from llg.device.notch import Notch
from llg.device.sections import SECTIONS

_SECTION = {
    "Ms": "material", "A": "material", "K_u": "material", "D": "material", "alpha": "material", "thickness": "track",
    "width": "track", "theta_SH": "torque", "k_FL": "torque", "P": "torque", "beta": "torque", "RA": "readout",
    "TMR": "readout", "R_th": "heating",
}  # fmt: skip
"""Section of each parameter with a spread of its own; the spreads are named after the parameters."""
_NOTCH = ("depth", "width", "position")
_GATE = ("xi", "delta_K_u")


def drawn_parameters(devices: list[Device]) -> dict[str, np.ndarray]:
    """Return the number and drawn parameters of device instances, name -> shape (K,) in SI.

    Named are those with a spread: `Ms`, `theta_SH`, ..., `notch_1_depth`, `notch_1_width`, `notch_1_position`, ... from
    the left, `gate_xi`, `gate_delta_K_u`. Roughness of the edges has no few numbers; seed and instance give it again.

    Args:
        devices: instances of one device.
    """
    found = {"instance": [device.instance for device in devices]}
    spread = devices[0].variation
    for name, section in _SECTION.items():
        if getattr(spread, f"{name}_dtod") > 0 and getattr(devices[0], section) is not None:
            found[name] = [getattr(getattr(device, section), name) for device in devices]
    for number in range(len(devices[0].notches)):
        for name in _NOTCH:
            if getattr(spread, f"notch_{name}_dtod") > 0:
                found[f"notch_{number + 1}_{name}"] = [getattr(device.notches[number], name) for device in devices]
    if spread.gate_dtod > 0 and devices[0].gate is not None:
        for name in _GATE:
            if isinstance(getattr(devices[0].gate, name), float):
                found[f"gate_{name}"] = [getattr(device.gate, name) for device in devices]
    return {name: np.array(values, float) for name, values in found.items()}


def parameter_unit(name: str) -> str:
    """Return the SI unit of a drawn parameter; of names that are not among them "SI"."""
    if name == "instance":
        return "1"
    section = SECTIONS.get(_SECTION.get(name, ""))
    if name.startswith("notch_") and name.count("_") == 2:
        section, name = Notch, name.rpartition("_")[2]
    if name.startswith("gate_"):
        section, name = SECTIONS["gate"], name.removeprefix("gate_")
    units = {field: unit for field, unit, _ in section.describe()} if section else {}
    return units.get(name) or "SI"
