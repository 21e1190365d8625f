"""Chips read again: through another periphery, or after a rest."""
