"""Weights as a network takes them; it does not know which kind it holds. The names that callers need, in one place."""

from arraysim.synapses.float_weights import FloatWeights
from arraysim.synapses.pulsed_weights import DOWN, RESET_PULSES_PER_STATE, UP, PulsedWeights

__all__ = ["DOWN", "RESET_PULSES_PER_STATE", "UP", "FloatWeights", "PairedWeights", "PulsedWeights"]


class PairedWeights(PulsedWeights):
    """Weights held by pairs of synapses: weight = scale (G+ - G-)."""
