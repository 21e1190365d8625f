"""Goal: design synapses of 3, 5, 9 and 16 states on two stacks, each stable for ten years, and see what limits them.

Physics: the energy of a pulse goes with the length of the track, so with the number of states, and with the square of
the depth that the barrier takes (docs/design.md, What limits the energy). Ten years at 350 K take a barrier of about
44 kB T there, whatever the number of states; a state more is a pitch more of track. W has ten times the resistivity of
Pt, and a spin-Hall angle 2.5 times as large: less current, more energy.

Expected: from 3 to 16 states the pulse of Pt/Co takes 3.4 times and the track 4.0 times as much, as the pads are there
in any case. All Pt/Co is at the shortest pitch, long tracks at the largest width, too. W takes 3 to 4 times the energy.
"""

import tempfile
from pathlib import Path

from dwcore.errors import RunError
from dwsynapse import design_devices
from llg import load_device, save_device

W = {"Ms": "1.0 MA/m", "A": "15 pJ/m", "K_u": "0.85 MJ/m^3", "D": "-0.5 mJ/m^2", "alpha": 0.1, "track.thickness": "1 nm",
     "theta_SH": -0.3, "t_HM": "5 nm", "rho_HM": "200 uohm cm", "rho_FM": "160 uohm cm"}  # fmt: skip
STACKS = {"Pt/Co": {}, "W/CoFeB": W}
"""What differs from `five_state`; a rigid wall, as a relaxed one takes ten times as long."""
SPECIFICATION = """
[choice]
device = "{device}"
[free]
pitch = ["70 nm", "160 nm"]
notch_depth = ["8 nm", "40 nm"]
notch_width = ["50 nm", "140 nm"]
track_width = ["80 nm", "200 nm"]
current_density = ["{least} A/m^2", "{most} A/m^2"]
duration = ["0.4 ns", "2 ns"]
[require]
states = {states}
retention = "10 years"
retention_temperature = "350 K"
one_step = 0.99
[budget]
pulses = {pulses}
designs = 1
verify_pulses = 1000
"""
CURRENTS = {"Pt/Co": (3e11, 9e11), "W/CoFeB": (5e10, 5e11)}


def at_its_bound(design: dict, config: dict) -> list[str]:
    """Return free variables at an end, and retention below 5 times its bound or over half of the misses it allows."""
    free = [f"{name} {('least', 'most')[end]}" for name, value in design["values"].items() for end in (0, 1)
            if abs(value / config["free"][name][end] - 1) < 0.02]  # fmt: skip
    barely = {"retention": lambda x, bound: x < 5 * bound, "one_step": lambda x, bound: 1 - x > (1 - bound) / 2}
    verdicts = [v for v in design["verdicts"] if v["name"] in barely]
    return free + [v["name"] for v in verdicts if barely[v["name"]](v["value"], v["bound"])]


def main(states: tuple[int, ...] = (3, 5, 9, 16), stacks: tuple[str, ...] = tuple(STACKS), pulses: int = 40_000):
    """Print the design of least energy for each stack and number of states; returns them for the tests."""
    found = {}
    with tempfile.TemporaryDirectory() as name:
        for stack in stacks:
            device = Path(name) / f"{stack.replace('/', '_')}.toml"
            save_device(device, load_device("five_state").replace({"wall.shape": "rigid", **STACKS[stack]}), force=True)
            for n in states:
                spec, (least, most) = Path(name) / "spec.toml", CURRENTS[stack]
                spec.write_text(SPECIFICATION.format(device=device, least=least, most=most, states=n, pulses=pulses))
                try:
                    result = design_devices(spec, out=Path(name) / f"{device.stem}_{n}", jobs=1)
                except RunError as error:
                    print(f"{stack}, {n} states: {error}")
                    continue
                design = found[stack, n] = result["designs"][0]
                values, figures, limits = design["values"], design["figures"], at_its_bound(design, result["config"])
                print(f"{stack}, {n:2d} states: {1e15 * figures['energy']:5.1f} fJ, {1e12 * figures['area']:.3f} um^2, pitch "
                      f"{1e9 * values['pitch']:.0f} nm, depth {1e9 * values['notch_depth']:.0f} nm, track "
                      f"{1e9 * values['track_width']:.0f} nm, {values['current_density']:.2g} A/m^2 for "
                      f"{1e9 * figures['duration']:.2f} ns; limits: {', '.join(limits)}")  # fmt: skip
    return found


if __name__ == "__main__":
    main()
