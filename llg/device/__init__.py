"""A device: material, track, notches, pulse, stack, readout and their spreads."""
