"""Sweeps in bulk: a plan of instances, temperatures and pulses, cut into blocks that run anywhere in any order."""
