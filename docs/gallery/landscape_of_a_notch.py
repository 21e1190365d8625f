"""Goal: see what chirality does to the energy of a wall in a notch, and over which saddles the wall leaves.

Physics: a shorter wall costs less energy, so a notch holds it. Without DMI it is a Bloch wall at +90 or -90 degrees.
Both angles have the same energy, so there are two wells. They are joined through Neel walls at 0 and 180 degrees that
cost only the weak shape field. A little DMI makes one of these the only angle. It lowers the energy of the wall by
pi |D|, and the barrier with it. The chiral energy feels the notch from further away, so a low rim surrounds the well.

Expected, for the track of the reference micromagnetics (64 nm wide, notches 10 nm deep and 30 nm wide): for D = 0 two
wells, a barrier of 11.5 kB T out of the notch and of 0.60 kB T to the other angle; for D = 1 mJ/m^2 one well and
6.3 kB T.
"""

import numpy as np

from llg.constants import K_B
from llg.device.device_file import device_from_mapping
from llg.landscape.fixed_points import fixed_points
from llg.landscape.minimum_energy_path import paths_of_track
from llg.walls.q_phi import QPhiModel


def notched(D: float) -> QPhiModel:
    """The wall in a notched track of Pt/CoFe-like parameters with the DMI constant D [J/m^2]."""
    mapping = {
        "name": f"notch, D = {1e3 * D:g} mJ/m^2",
        "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": D, "alpha": 0.3},
        "track": {"length": "400 nm", "width": "64 nm", "thickness": "0.6 nm"},
        "notch": [{"position": "200 nm", "shape": "triangular", "depth": "10 nm", "width": "30 nm"}],
    }
    return QPhiModel(device_from_mapping(mapping))


def passes(D: float):
    """Number of wells, barrier out of the notch and barrier to the other angle (nan for none) [kB T]."""
    model = notched(D)
    points = fixed_points(model)
    paths = paths_of_track(model, points)
    kT = K_B * model.device.temperature
    out = min(path.barrier for path in paths if not path.turns) / kT
    turn = min((path.barrier for path in paths if path.turns), default=np.nan) / kT
    return sum(point.kind == "stable" for point in points), out, turn


def main(constants=(0.0, 2e-5, 5e-5, 2e-4, 5e-4, 1e-3)):
    """Print the passes for several DMI constants [J/m^2]; returns them for the tests."""
    found = [passes(D) for D in constants]
    for D, (wells, out, turn) in zip(constants, found, strict=True):
        other = "no other angle" if np.isnan(turn) else f"{turn:.2f} kB T to the other angle"
        print(f"D = {1e3 * D:4.2f} mJ/m^2: {wells} well(s), {out:.2f} kB T out of the notch, {other}")
    return found


if __name__ == "__main__":
    main()
