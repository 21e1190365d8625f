"""The kinds of weights by name."""

from arraysim.synapses.pulse_law import PulseLaw
from arraysim.synapses.referenced import ReferencedWeights
from arraysim.synapses.significant import SignificantWeights
from arraysim.synapses.weights import PairedWeights, PulsedWeights
from dwcore.errors import InputError, nearest

WEIGHT_KINDS = {"pair": PairedWeights, "reference": ReferencedWeights, "digits": SignificantWeights}


def make_weights(kind: str, law: PulseLaw, *, digits: int = 2, base: int = 4, **more) -> PulsedWeights:
    """Return new weights.

    Args:
        kind: one of ``WEIGHT_KINDS``.
        law: pulse 0 raises the conductance, pulse 1 lowers it.
        digits: of the kind of that name [1].
        base: of the kind of that name [1].
        more: as for ``PairedWeights``.

    Raises:
        InputError: there is no such kind, or what it needs does not fit.
    """
    if kind not in WEIGHT_KINDS:
        raise InputError(f'kind of weights "{kind}" is unknown{nearest(kind, WEIGHT_KINDS)}')
    own = {"digits": digits, "base": base} if kind == "digits" else {}
    return WEIGHT_KINDS[kind](law, **own, **more)
