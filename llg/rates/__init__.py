"""Escape from the wells of a track: Langer's formula, flux sampling, counting, and what follows from the rates."""
