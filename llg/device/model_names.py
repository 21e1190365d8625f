"""Names of the equations of motion, apart from all that they need, for the command line."""

MODELS = ("q-phi", "q-phi-delta", "q-phi-chi")
"""Rigid wall, wall of moving width, wall that tilts; see `llg.runs.models`."""
