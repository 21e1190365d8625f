"""Energy that one write pulse dissipates in the track."""

import numpy as np

from dwcore.numerics.plain_array import plain_array
from llg.device.device import Device


def pulse_energy(device: Device, current_density, duration) -> np.ndarray:
    """Return the Joule heat of a pulse, E = R I^2 integral s(t)^2 dt with the pulse shape s.

    Args:
        device: device with a [stack] and a [pulse].
        current_density: shape (A,) [A/m^2].
        duration: shape (D,) [s].

    Returns:
        Energy, shape (A, D) [J].

    Raises:
        InputError: a section is missing, or a duration does not hold the pulse edges.
    """
    stack, pulse, track = device.section("stack"), device.section("pulse"), device.track
    resistance = stack.resistance(device.geometry.q, device.geometry.w, track.thickness)
    current = stack.current(plain_array("current_density", current_density), track.width, track.thickness)
    square_time = np.array([pulse.waveform(t).square_time() for t in np.atleast_1d(duration)])
    return resistance * current[:, None] ** 2 * square_time[None, :]
