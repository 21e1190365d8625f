"""Subcommands of the wall solver: simulate, rates, calibrate."""

from llg.calibration.command import add_calibrate
from llg.rates.command import add_rates
from llg.simulate_command import add_simulate


def add_commands(commands):
    """Declare the subcommands; nothing heavy is imported before one runs."""
    add_simulate(commands)
    add_rates(commands)
    add_calibrate(commands)
