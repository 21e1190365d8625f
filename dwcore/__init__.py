"""The ground floor: errors, units, parameters; numerics, storage and canvas."""

__version__ = "0.2.0"
"""Version of all packages, which are installed as one."""
