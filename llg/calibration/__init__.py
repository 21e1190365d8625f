"""Fits of a device to pinning maps, velocity curves, depinning probabilities and trajectories."""
