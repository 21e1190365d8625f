"""The ground floor: errors, units, parameters; numerics, storage and canvas."""
