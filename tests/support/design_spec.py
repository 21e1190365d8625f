"""A specification of a design that a search of seconds meets."""

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
