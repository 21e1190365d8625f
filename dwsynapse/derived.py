"""What follows from the parameters of a device without a simulation: fields, velocities, wells, notes."""

import math
from typing import Any, NamedTuple

from dwcore.errors import RunError
from llg.constants import GAMMA_0, K_B, MU_0
from llg.device.device import Device


class Derived(NamedTuple):
    """A quantity that follows from the parameters of a device."""

    name: str
    value: float
    unit: str
    meaning: str


def derived(device: Device) -> list[Derived]:
    """Return what follows from the parameters of a device without a simulation; the formulas are in docs/theory-llg.md.

    The velocity is left out where there is no DMI.

    The velocity is (pi/2) gamma0 Delta |H_D|, which a spin-orbit torque approaches at large currents where the chiral
    field is far above H_K: A. Thiaville et al., EPL 100, 57002 (2012).
    """
    from llg.walls.analytic import walker_field
    from llg.walls.q_phi import QPhiModel

    model = QPhiModel(device)
    walker = walker_field(model.alpha, model.H_K, model.H_D)
    axis = device.material.easy_axis
    found = [
        Derived("K_eff", device.material.K_eff, "J/m^3", "effective anisotropy"),
        Derived("Delta", model.Delta, "m", "wall width parameter"),
        Derived("sigma_0", model.sigma_0, "J/m^2", "energy of the straight Bloch wall without DMI"),
        Derived("H_K", model.H_K, "A/m", "in-plane shape field of the wall, > 0 favours Bloch"),
        Derived("H_D", model.H_D + 0.0, "A/m", "chiral field of the interfacial DMI"),
        Derived("walker_field", MU_0 * walker, "T", f"largest field along {axis} in which the wall angle stands still"),
    ]
    if device.material.D != 0:
        velocity = math.pi / 2 * GAMMA_0 * model.Delta * abs(model.H_D)
        what = "velocity that a spin-orbit torque approaches at large currents"
        found.append(Derived("saturation_velocity", velocity, "m/s", what))
    return found


def count_of_wells(found: list[dict[str, Any]]) -> str:
    """Return how many wells there are and, of a device with notches, how many lie in none of them."""
    number = "1 well" if len(found) == 1 else f"{len(found) or 'no'} wells"
    free = sum(well["in_notch"] is False for well in found)
    return f"{number}, {free} outside the notches" if free else number


def wells(device: Device) -> list[dict[str, Any]]:
    """Return where the wall rests, whether in a notch, and how high the barriers are.

    A track without notches has None for the second.
    """
    from llg.landscape.wells import find_wells
    from llg.walls.q_phi import QPhiModel

    kT = K_B * device.temperature
    try:
        wells = find_wells(QPhiModel(device), device.temperature)
    except RunError:  # a track without wells is sound
        return []

    def in_notch(q: float) -> bool | None:
        if not device.notches:
            return None
        return any(notch.holds(q) for notch in device.notches)

    sides = ("left", "right")
    barriers = [{side: getattr(well, f"barrier_{side}") for side in sides} for well in wells]
    return [
        {
            "q_m": well.q,
            "in_notch": in_notch(well.q),
            **{f"barrier_{side}_kT": energy[side] / kT for side in sides},
        }
        for well, energy in zip(wells, barriers, strict=True)
    ]


def device_notes(device: Device, found: list[dict[str, Any]]) -> list[str]:
    """Return where a device strains the model at rest and under its nominal pulse, and its keys without effect.

    Args:
        device: the device.
        found: its wells as `wells` finds them.
    """
    from dwsynapse.device_settings import idle_keys
    from llg.landscape.wells import empty_notches
    from llg.runs.drive_limits import heat_notes
    from llg.runs.validity import notes

    J, shape = 0.0, None
    if (pulse := device.pulse) is not None:
        J, shape = pulse.current_density, pulse.waveform(pulse.duration)
    said = notes(device, J) + heat_notes(device, device.temperature, J, shape)
    if found:
        said += empty_notches(device, [well["q_m"] for well in found])
    return said + idle_keys(device)
