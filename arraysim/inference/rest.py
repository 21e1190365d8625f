"""Chips made anew from what a file holds of them, and what becomes of them without pulses."""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from arraysim.synapses.settings import ArraySettings
from arraysim.synapses.source import Synapses
from arraysim.synapses.weights import PulsedWeights
from arraysim.training.hardware import OWN_FIELDS, planes_of
from arraysim.training.result import ChipResult
from dwcore.errors import InputError

SAME = 1e-5
"""Relative difference of conductances up to which they are the same, for files store what float32 held."""


def rebuilt_weights(result: ChipResult, synapses: Synapses, where: str = "file") -> list[PulsedWeights]:
    """Make the weights of each layer anew, in the states they were left in.

    Which devices they have is a function of the seed; states and counters come from the file, so whatever is done to
    them now is what would have been done to the chip. Only their scale, weight per conductance, is left to the file.

    Args:
        result: the chip as it was left.
        synapses: of which the chip was made.
        where: name of the file for messages.

    Raises:
        InputError: the file lacks what it takes, or the synapses are others.
    """
    hardware, settings = result.hardware, result.config
    if not isinstance(settings, ArraySettings):
        raise InputError(f"{where}: its configuration does not say what its arrays are")
    found: list[PulsedWeights] = []
    for number, (state, memory) in enumerate(zip(hardware.state, hardware.memory, strict=True)):
        shape = {"rows": state.shape[1], "columns": state.shape[2], "largest_weight": 1.0}
        weights = settings.make(synapses.law, **shape, seed=result.seed, number=number)
        own = {name: getattr(hardware, name)[number].ravel() for name in OWN_FIELDS}
        try:
            if state.max() >= weights.array.levels.shape[1]:
                raise InputError(f"has fewer states than layer {number}")
            weights.restore(own | memory)
            if not np.allclose(planes_of(weights), hardware.conductance[number], rtol=SAME, atol=0):
                raise InputError(f"conductances of layer {number} differ")
        except InputError as error:
            raise InputError(f"{synapses.name}: is not of the synapses of {where}: {error}") from None
        found.append(weights)
    return found


def after_rest(
    result: ChipResult, synapses: Synapses, times: Sequence[float], where: str = "file"
) -> Iterator[tuple[float, ChipResult]]:
    """Leave a chip without pulses, longer and longer.

    Args:
        result: the chip as it was left.
        synapses: with the escape rates of the rest.
        times: since the chip was left, ascending [s].
        where: name of the file for messages.

    Yields:
        For each time the share of its walls that are in another state than they were left in [1], and the result with
        the conductances of then.

    Raises:
        InputError: as ``rebuilt_weights``.
    """
    weights, before = rebuilt_weights(result, synapses, where), 0.0
    left = [array.state.copy() for one in weights for array in one.arrays]
    for time in times:
        for one in weights:
            one.rest(time - before)
        before = time
        now = [array.state for one in weights for array in one.arrays]
        moved = sum(np.count_nonzero(a != b) for a, b in zip(left, now, strict=True)) / sum(map(len, left))
        conductance = tuple(planes_of(one) for one in weights)
        yield moved, dataclasses.replace(result, hardware=dataclasses.replace(result.hardware, conductance=conductance))
