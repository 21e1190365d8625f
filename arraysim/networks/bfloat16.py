"""Numbers of eight significant bits (bfloat16): the upper half of a number of single precision, kept as uint16.

Where convolutions multiply in bfloat16, values pass from layer to layer in it, which halves what memory has to move.
Kernels read them by ``wide`` and write them by ``narrow``; both leave numbers of other types as they are.
"""

import numpy as np
from numba import types
from numba.extending import overload, register_jitable

NUMBERS = np.dtype(np.uint16)
"""Type of arrays that hold them."""


def widen(values: np.ndarray) -> np.ndarray:
    """Return values as float32 if they are held in bfloat16, else the values themselves."""
    if values.dtype != NUMBERS:
        return values
    return (values.astype(np.uint32) << 16).view(np.float32)


def wide(value):
    """Return a number as one of single precision if it is of bfloat16, else as it is; for kernels."""
    return _wide(value) if isinstance(value, np.uint16) else value


def narrow(value, like):
    """Return a number as another is held: in bfloat16 rounded to the nearest, the even one of two; for kernels."""
    return _narrow(value) if isinstance(like, np.uint16) else value


@register_jitable
def _wide(value):
    return np.uint32(np.uint32(value) << np.uint32(16)).view(np.float32)


@register_jitable
def _narrow(value):
    bits = np.float32(value).view(np.uint32)
    nearest = (bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16)
    return np.uint16(nearest) if value == value else np.uint16(0x7FC0)  # rounding could make a NaN infinite


@overload(wide)
def _compiled_wide(value):
    return (lambda value: _wide(value)) if isinstance(value, types.Integer) else lambda value: value


@overload(narrow)
def _compiled_narrow(value, like):
    return (lambda value, like: _narrow(value)) if isinstance(like, types.Integer) else lambda value, like: value
