"""Goal: see how fast a current drives the wall of the five-state device, and what stops it from going faster.

Physics: the damping-like torque of the heavy metal turns the moment of the Neel wall towards the spins of the current.
The more it has turned, the less the torque moves it. So the velocity saturates at pi gamma0 |D|/(2 mu0 Ms), 251 m/s
here. Half of that takes a current of H_DL = alpha |H_D|/sqrt(3), a little more with the shape field. Noise at room
temperature hardly matters on a straight track. Without chirality (D = 0) the same current moves nothing.

Expected: 157 m/s at the write current of 7e11 A/m^2 without noise, by simulation and in closed form alike, 1 % less at
300 K; no mean velocity without DMI.
"""

import dataclasses

import numpy as np

from llg.constants import GAMMA_0, MU_0
from llg.device.device_file import load_device
from llg.runs.velocity import velocity_against_current


def without_dmi(device):
    """The device with D = 0."""
    return dataclasses.replace(device, material=dataclasses.replace(device.material, D=0.0))


def main(points: int = 8, walls: int = 64, measured: float = 20e-9):
    """Print both curves; returns them and the velocity at saturation for the tests."""
    device = load_device("five_state")
    material, currents = device.material, np.linspace(0, 1.4e12, points + 1)
    most = np.pi * GAMMA_0 * abs(material.D) / (2 * MU_0 * material.Ms)
    print(f"saturation at {most:.0f} m/s")
    chiral, achiral = (
        velocity_against_current(one, currents, walls=walls, measured=measured) for one in (device, without_dmi(device))
    )
    exact = np.interp(currents, chiral.exact_drive, chiral.exact)
    for i, J in enumerate(currents):
        print(
            f"J = {J:8.2e} A/m^2: {chiral.velocity[i]:6.1f} +- {chiral.error[i]:.1f} m/s at {chiral.temperature:g} K, "
            f"{chiral.noiseless[i]:6.1f} m/s without noise, {exact[i]:6.1f} m/s in closed form; "
            f"without DMI {achiral.velocity[i]:.1f} +- {achiral.error[i]:.1f} m/s"
        )
    return chiral, achiral, most


if __name__ == "__main__":
    main()
