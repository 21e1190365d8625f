"""A specification of a design that a search of seconds meets."""

from llg import load_device, save_device

SPEC = """
[choice]
device = "five_state"
[free]
pitch = ["100 nm", "160 nm"]
notch_depth = ["10 nm", "30 nm"]
current_density = ["5e11 A/m^2", "9e11 A/m^2"]
[require]
states = 3
barrier = 40
[budget]
pulses = 12000
population = 8
designs = 1
verify_pulses = 100
"""


def write_judged_on_devices(folder) -> None:
    """Write a specification of rigid walls that is judged on 64 device instances, ``spec.toml``, and its device."""
    save_device(folder / "rigid.toml", load_device("five_state").replace({"wall.shape": "rigid"}))
    more = "barrier = 40\none_step = 0.9\none_step_of_devices = 0.8"
    text = SPEC.replace("barrier = 40", more).replace("five_state", "rigid.toml")
    (folder / "spec.toml").write_text(f"{text}device_pulses = 10\n")
