"""Converters behind the lines: where the thresholds of each one lie, and which range loses least.

Codes run from low to high, one step apart, zero among them; an ideal converter rounds to the nearest code, so that its
error is even within +-1/2 step and has the variance 1/12 step^2 inside its range.

    sar     a capacitor for each bit, made of units that each deviate; the bits are decided from the highest down
    flash   a comparator for each threshold, each with its own offset; the output counts those that fire
    ramp    a counter runs until a ramp passes the input; the ramp bows, alike for all converters of a tile
"""

import math

import numpy as np

from arraysim.periphery.config import Adc
from arraysim.periphery.convert_kernel import LOSS_LANES, conversion_loss, fill_normals
from arraysim.synapses.synapse_array import stream_keys

_GAIN, _OFFSET, _SHAPE = range(100, 103)


def code_range(bits: int, *, signed: bool) -> tuple[int, int]:
    """Return the lowest and highest code."""
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)


def thresholds(adc: Adc, *, signed: bool, deviates: np.ndarray) -> np.ndarray:
    """Return the inputs at which each converter changes its code, ascending.

    Args:
        adc: kind, bits and spread.
        signed: whether codes are of both signs.
        deviates: standard normal, one per element that deviates, shape (converters, `elements(adc)`) [1].

    Returns:
        Shape (converters, 2**bits - 1), in steps; ideally low + 1/2, low + 3/2, ...
    """
    low, _ = code_range(adc.bits, signed=signed)
    count = 2**adc.bits - 1
    ideal = low + 0.5 + np.arange(count)
    spread = adc.nonlinearity_dtod
    if adc.kind == "flash":
        return np.sort(ideal + spread * deviates, axis=1)
    if adc.kind == "ramp":
        part = (np.arange(count) + 0.5) / count
        return np.sort(ideal + spread * deviates * 4 * part * (1 - part), axis=1)
    return low - 0.5 + _sar_levels(adc.bits, spread, deviates)


def elements(adc: Adc) -> int:
    """Return the number of elements of one converter that deviate [1]."""
    return {"sar": adc.bits, "flash": 2**adc.bits - 1, "ramp": 1}[adc.kind]


def _sar_levels(bits: int, spread: float, deviates: np.ndarray) -> np.ndarray:
    """Return the smallest input above the lowest that reaches each code, shape (converters, 2**bits - 1), in steps.

    Deciding from the highest bit down finds the largest code whose level the input reaches, so a code is reached from
    the lowest level of the codes not below it.
    """
    units = 2.0 ** np.arange(bits)
    capacitor = units + spread * np.sqrt(units) * deviates
    capacitor *= units.sum() / capacitor.sum(axis=1, keepdims=True)  # the reference is shared by all of them
    set_bits = (np.arange(1, 2**bits)[:, None] >> np.arange(bits)) & 1
    return np.minimum.accumulate((capacitor @ set_bits.T)[:, ::-1], axis=1)[:, ::-1]


def padded(threshold: np.ndarray, low: int) -> tuple[np.ndarray, int]:
    """Return thresholds as the kernel takes them, and their reach.

    Args:
        threshold: of each converter, ascending, shape (converters, 2**bits - 1), in steps.
        low: lowest code.
    """
    ideal = low + 0.5 + np.arange(threshold.shape[1])
    reach = math.ceil(np.abs(threshold - ideal).max() + 0.5)
    edge = np.full((len(threshold), reach), np.inf)
    return np.concatenate([-edge, threshold, edge], axis=1).astype(np.float32).ravel(), reach


class ConverterBank:
    """The converters behind the lines of one layer, in one direction, each drawn once from its seed.

    Attributes:
        gain: relative, per block of lines and line, shape (blocks, lines), float32 [1].
        offset: in steps, of the same shape, float32.
        number: of the converter that serves each line, of the same shape, int64.
        place: of the first entry of that converter in the table, likewise, int32.
        table: thresholds of all converters for `convert_kernel.convert_add_nonlinear`, None where they are linear.
        reach: as there.
        low: lowest code.
        high: highest code.
    """

    def __init__(self, adc: Adc, number: np.ndarray, *, signed: bool, seed: int, layer: int, stream: int):
        """Draw the converters.

        Args:
            adc: kind, bits and spreads.
            number: of the converter that serves each line, from 0, shape (blocks, lines).
            signed: whether currents are of both signs.
            seed: root seed [1].
            layer: number of the layer [1].
            stream: tells banks of one layer apart [1].
        """
        self.low, self.high = code_range(adc.bits, signed=signed)
        self.number = np.ascontiguousarray(number, dtype=np.int64)
        count = int(number.max()) + 1

        def draw(purpose: int, size: int) -> np.ndarray:
            values = np.empty(size)
            fill_normals(values, *stream_keys(seed, layer, purpose + 10 * stream))
            return values

        self.gain = (1 + adc.gain_dtod * draw(_GAIN, count)).astype(np.float32)[self.number]
        self.offset = (adc.offset_dtod * draw(_OFFSET, count)).astype(np.float32)[self.number]
        self.table, self.reach = None, 0
        if adc.nonlinearity_dtod > 0:
            shared = adc.kind == "ramp"
            deviates = draw(_SHAPE, (len(number) if shared else count) * elements(adc)).reshape(-1, elements(adc))
            if shared:
                deviates = deviates[_block_of(self.number, count)]
            self.table, self.reach = padded(thresholds(adc, signed=signed, deviates=deviates), self.low)
            self.place = (self.number * (self.table.size // count)).astype(np.int32)


def _block_of(number: np.ndarray, count: int) -> np.ndarray:
    """Return the block that each converter belongs to, shape (converters,)."""
    block = np.zeros(count, np.int64)
    block[number] = np.arange(len(number))[:, None]
    return block


# Steps that are tried: as shares of the one that clips nothing, then about the best of these.
COARSE = 0.85 ** np.arange(24)
FINE = np.linspace(0.87, 1.15, 21)
MAX_SAMPLES = 200_000


def best_step(sums: np.ndarray, significance: np.ndarray, low: int, high: int) -> float:
    """Return the step of a converter with the least mean square error for such partial sums.

    Partial sums of few-state devices are multiples of a smallest one, so that the loss has narrow minima: a fine
    search follows the coarse one.

    Args:
        sums: partial sums of each read of one input, shape (reads, samples), float32.
        significance: share of full scale that each read stands for, shape (reads,), float32 [1].
        low: lowest code.
        high: highest code.
    """
    largest = max(float(sums.max()), -float(sums.min()) if low < 0 else 0.0)
    if not largest > 0:
        return 1.0  # nothing flows: any step will do
    some = sums[:, :: -(-sums.size // MAX_SAMPLES)]
    sums = np.zeros((len(some), -(-some.shape[1] // LOSS_LANES) * LOSS_LANES), np.float32)
    sums[:, : some.shape[1]] = some

    def best(steps: np.ndarray) -> float:
        steps = steps.astype(np.float32)
        limits = np.float32(low), np.float32(high)
        return float(min(steps, key=lambda step: conversion_loss(sums, significance, step, *limits)))

    return best(best(largest / high * COARSE) * FINE)
