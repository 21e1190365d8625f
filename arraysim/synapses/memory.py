"""Checkpoints: named arrays that are copied out and put back in place."""

import numpy as np

from dwcore.errors import InputError


class Checkpointed:
    """What has a memory of named arrays and can go back to an earlier one."""

    def memory(self) -> dict[str, np.ndarray]:
        """Return the arrays that work changes, themselves, not copies."""
        return {}

    def checkpoint(self) -> dict[str, np.ndarray]:
        """Return a copy of everything that work has changed."""
        return {name: values.copy() for name, values in self.memory().items()}

    def restore(self, saved: dict[str, np.ndarray]) -> None:
        """Go back to a checkpoint of something built alike; what follows is the same bit for bit.

        Raises:
            InputError: it belongs to something else.
        """
        refill(self.memory(), saved, type(self).__name__)
        self._restored()

    def _restored(self) -> None:
        """Bring up to date what follows from the memory."""


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
