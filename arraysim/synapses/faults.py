"""Devices that do not work: stuck in a state, open, or short; which ones is a function of the seed and the device."""

import dataclasses
import math

import numpy as np

from dwcore.errors import InputError
from dwcore.numerics.compiled import compiled
from dwcore.numerics.noise import step_bits

_U11 = np.uint64(11)
_LOW_11 = np.uint64(0x7FF)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Faults:
    """Shares of broken devices in an array.

    Attributes:
        stuck: share of devices that no pulse moves [1].
        stuck_state: the state they are in; None draws it evenly [1].
        open: share of devices without a contact, of conductance zero [1].
        short: share of devices with a pinhole in the junction [1].
        short_ratio: conductance of a short over the highest level [1].
    """

    stuck: float = 0.0
    stuck_state: int | None = None
    open: float = 0.0
    short: float = 0.0
    short_ratio: float = 10.0

    def __post_init__(self):
        """Check every field.

        Raises:
            InputError: all problems in one line.
        """
        problems = [
            f"{name} = {getattr(self, name)!r} [1] must be a number {rule}"
            for name, rule, end in (
                ("stuck", ">= 0 and <= 1", 1.0),
                ("open", ">= 0 and <= 1", 1.0),
                ("short", ">= 0 and <= 1", 1.0),
                ("short_ratio", ">= 0", math.inf),
            )
            if not isinstance(getattr(self, name), int | float) or not 0 <= getattr(self, name) <= end
        ]
        if not math.isfinite(self.short_ratio):
            problems.append("short_ratio must be finite")
        if not problems and self.stuck + self.open + self.short > 1:
            problems.append("stuck + open + short must be <= 1")
        if problems:
            raise InputError(f"faults: {'; '.join(problems)}")

    def draw(self, state: np.ndarray, instance: np.ndarray, *, states: int, immovable: int, keys: tuple) -> None:
        """Break devices of a new array, in place.

        Args:
            state: of all devices, shape (n,), int8.
            instance: of all devices, shape (n,).
            states: number of ordinary states S [1].
            immovable: number of the device instance that never moves.
            keys: of the random stream.

        Raises:
            InputError: there is no such state to be stuck in.
        """
        if self.stuck_state is not None and not 0 <= self.stuck_state < states:
            raise InputError(f"faults: stuck_state = {self.stuck_state} must be from 0 to {states - 1}")
        if self.stuck + self.open + self.short > 0:
            target = -1 if self.stuck_state is None else self.stuck_state
            shares = (float(self.stuck), float(self.open), float(self.short))
            _break(state, instance, *shares, target, states, immovable, *keys)


@compiled()
def _break(state, instance, stuck, open_share, short, target, states, immovable, key_1, key_2):
    for i in range(state.size):
        bits = step_bits(key_1, key_2, np.uint64(i))
        u = np.float64(np.int64(bits >> _U11)) * 2.0**-53
        if u < stuck:
            instance[i] = immovable
            state[i] = np.int64(bits & _LOW_11) * states >> 11 if target < 0 else target
        elif u < stuck + open_share:
            state[i] = states + 2
        elif u < stuck + open_share + short:
            state[i] = states + 3
