"""Ensembles of trajectories: scaling to reduced units, blocks, outcomes, velocities."""
