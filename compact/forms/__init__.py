"""Closed forms of the transition probabilities, and the fitted model."""
