"""Checkpoints: named arrays that are copied out and put back in place."""

import numpy as np

from llg.errors import InputError


def refill(memory: dict[str, np.ndarray], saved: dict[str, np.ndarray], what: str) -> None:
    """Put saved values back into the arrays they came from.

    Args:
        memory: the arrays to fill.
        saved: values of the same names, shapes and types.
        what: for error messages.

    Raises:
        InputError: a name, shape or type differs; nothing is changed then.
    """
    if memory.keys() != saved.keys():
        raise InputError(f"checkpoint of {what} holds {sorted(saved)}, {sorted(memory)} is needed")
    for name, values in memory.items():
        given = np.asarray(saved[name])
        if given.shape != values.shape or given.dtype != values.dtype:
            raise InputError(
                f"checkpoint of {what}: {name} is {given.dtype} {given.shape}, {values.dtype} {values.shape} is needed"
            )
    for name, values in memory.items():
        values[...] = saved[name]
