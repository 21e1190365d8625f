"""Weights that were trained elsewhere, programmed into synapses."""
