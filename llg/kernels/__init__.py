"""Jitted arithmetic of the time loops, in reduced units: equations of motion, noise, elementary functions."""
