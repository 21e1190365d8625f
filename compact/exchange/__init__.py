"""Transition tables to and from other programs, and from measured pulses."""
