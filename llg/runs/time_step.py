"""The time step: small against the fastest rate of the wall under its drive, or refused.

The rate adds up those of precession in all fields, of the stiffest place of the landscape, of the current-driven
torques and of thermal diffusion, so that it bounds each of them. With y = (rate of a mode) dt, Heun's scheme makes the
variance of an overdamped mode too small by y^2/4, and heats a lightly damped one by y^3/(8 alpha), where y is at most
half of rate times dt. `LARGEST_STEP_TIMES_RATE` and `HEATING` bound both to 2 %; the default step is 2.5 times smaller
than the largest.
"""

import math

from dwcore.errors import InputError
from llg.constants import K_B
from llg.walls.q_phi import NO_FIELD, Field, QPhiModel

LARGEST_STEP_TIMES_RATE = 0.25
"""Beyond this the outcome depends on the step; refused."""
HEATING = 0.02
"""Largest error of the temperature of a lightly damped mode."""
SLOWEST_RATE = 1e8
"""Least rate that counts [1/s]: a wall on which nothing acts is followed in steps of 1 ns."""


def time_step(
    model: QPhiModel,
    dt: float | None = None,
    field: Field = NO_FIELD,
    current_density: float = 0.0,
    temperature: float = 0.0,
) -> float:
    """Return the default time step, or `dt` if it is small enough.

    The default comes from the device and the field; current and temperature halve it as often as they need. That way
    operating points of moderate current keep the same step.

    Args:
        model: the wall in its device.
        dt: wanted time step [s].
        field: largest applied field.
        current_density: largest current density [A/m^2].
        temperature: largest temperature [K].

    Raises:
        InputError: dt is not positive or too large for this device and drive; says which to use.
    """
    at_rest = max(model.fastest_rate(field), SLOWEST_RATE)
    most = largest_time_step(model, field, current_density, temperature)
    best = 0.4 * largest_step_times_rate(model.alpha) / at_rest
    best /= 2 ** max(math.ceil(math.log2(best / (0.8 * most))), 0)
    if dt is None:
        return best
    if not 0 < dt <= most:
        raise InputError(f"dt = {dt:g} [s] must be > 0 and <= {most:.2g} for this device and drive; use {best:.2g}")
    return dt


def largest_time_step(
    model: QPhiModel, field: Field = NO_FIELD, current_density: float = 0.0, temperature: float = 0.0
) -> float:
    """Return the largest time step [s] that `time_step` takes; arguments as there."""
    rate = model.fastest_rate(field, current_density) + thermal_rate(model, temperature)
    return largest_step_times_rate(model.alpha) / max(rate, SLOWEST_RATE)


def largest_step_times_rate(alpha: float) -> float:
    """Return the largest time step in units of the inverse fastest rate, for a damping alpha [1]."""
    return min(LARGEST_STEP_TIMES_RATE, (64 * HEATING * alpha) ** (1 / 3))


def thermal_rate(model: QPhiModel, temperature: float) -> float:
    """Return the diffusion constant of the angle [1/s] where the wall is shortest."""
    return model.alpha * K_B * temperature / ((1 + model.alpha**2) * model.least_friction)
