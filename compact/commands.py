"""Subcommands of the compact model: sweep."""

from .bulk.command import add_sweep


def add_commands(commands):
    """Declare the subcommands; nothing heavy is imported before one runs."""
    add_sweep(commands)
