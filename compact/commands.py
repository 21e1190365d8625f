"""Subcommands of the compact model: sweep, merge, fit, import, export."""

from .bulk.command import add_merge, add_sweep
from .exchange.command import add_export, add_import
from .fitting.command import add_fit


def add_commands(commands):
    """Declare the subcommands; nothing heavy is imported before one runs."""
    add_sweep(commands)
    add_merge(commands)
    add_fit(commands)
    add_import(commands)
    add_export(commands)
