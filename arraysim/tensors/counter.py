"""Random bits and next states as tensors: the integer arithmetic of ``dwcore.numerics.noise`` and of alias tables.

PyTorch has no arithmetic of unsigned 64-bit integers. Sums and products of signed ones wrap around to the same bits; a
shift to the right fills up with the sign, which is masked away.
"""

import numpy as np
import torch

from arraysim.synapses.alias_table import ALIAS_BITS, ALIAS_MASK


def signed(value: int) -> int:
    """Return the signed integer with the bits of an unsigned 64-bit one."""
    value = int(value)
    return value - 2**64 if value >= 2**63 else value


_GOLDEN, _MIX_1, _MIX_2 = map(signed, (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


def upper(bits: torch.Tensor, shift: int) -> torch.Tensor:
    """Return 64 bits shifted to the right by 1 to 63 places, zeros from the left."""
    return (bits >> shift) & ((1 << (64 - shift)) - 1)


def step_bits(keys: tuple[np.uint64, np.uint64], counter: torch.Tensor) -> torch.Tensor:
    """Return 64 random bits for each counter; as ``dwcore.numerics.noise.step_bits``, to the bit.

    Args:
        keys: of the stream.
        counter: int64, any shape.
    """
    key_1, key_2 = (signed(int(key)) for key in keys)
    z = counter * _GOLDEN + key_1
    z = (z ^ upper(z, 30)) * _MIX_1 + key_2
    z = (z ^ upper(z, 27)) * _MIX_2
    return z ^ upper(z, 31)


def counters(event: int, synapse: torch.Tensor) -> torch.Tensor:
    """Return the counters of one event of some synapses, int64; both below 2**32."""
    return synapse | signed(event << 32)


def next_states(table: torch.Tensor, row: torch.Tensor, log_columns: int, bits: torch.Tensor) -> torch.Tensor:
    """Return the next states from rows of a flattened alias table, int8; as ``alias_table.draw``, to the bit.

    Args:
        table: flattened, int64.
        row: number of the row of each draw, int64.
        log_columns: logarithm of the number of columns to base 2.
        bits: 64 random bits each, of which the upper half is used.
    """
    drawn, rest = upper(bits, 32), 32 - log_columns
    column = drawn >> rest
    entry = table[(row << log_columns) + column]
    inside = (drawn & ((1 << rest) - 1)) < (entry >> int(ALIAS_BITS))
    return torch.where(inside, column, entry & int(ALIAS_MASK)).to(torch.int8)
