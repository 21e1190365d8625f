"""An idealized synapse: pulses move the wall one state, miss, or move it two, alike for all states.

For estimates, benchmarks and tests that need no physics; real devices come as transition tables.
"""

import numpy as np

from arraysim.synapses.pulse_law import PulseLaw
from compact.table.moves import ladder
from dwcore.arguments import checked
from dwcore.errors import InputError


@checked
def ladder_law(
    *,
    states: int = 5,
    miss: float = 0.10,
    double: float = 0.02,
    lost: float = 0.0,
    instances: int = 1,
    conductance_low: float = 4e-5,
    on_off: float = 2.5,
    energy: float = 1e-13,
) -> PulseLaw:
    """Return the law of one pulse up and one down; both stop at the last state.

    Args:
        states: number of states, conductances equally spaced [1].
        miss: probability that a pulse does nothing [1].
        double: probability that it moves the wall two states [1].
        lost: probability that it drives the wall off the track [1].
        instances: number of device instances, all alike [1].
        conductance_low: of the first state [S].
        on_off: highest over lowest conductance, 1 + TMR [1].
        energy: per pulse [J].

    Raises:
        InputError: the probabilities are not probabilities.
    """
    if min(miss, double, lost, 1 - miss - double - lost) < 0:
        raise InputError(f"miss = {miss}, double = {double} and lost = {lost} [1] must be >= 0 with a sum <= 1")
    pulses = np.array([ladder(states, sense, miss, double, lost) for sense in (1, -1)])
    return PulseLaw(
        probability=np.broadcast_to(pulses, (instances, *pulses.shape)),
        conductance=conductance_low * np.linspace(1, on_off, states),
        conductance_std_ctoc=np.zeros(states),
        energy_per_pulse=np.full(2, energy),
    )
