"""The ground floor: errors, units, parameters; numerics, storage and canvas."""

__version__ = "0.1.0"
"""Version of all packages, which are installed as one."""
