"""The transition table: rows of probabilities on a grid of pulses, and what is read from it."""
