"""The devices of a new array: which do not work, and what each of their states conducts."""

import numpy as np
import scipy

from arraysim.synapses.faults import Faults
from arraysim.synapses.pulse_law import PulseLaw
from dwcore.errors import InputError
from dwcore.numerics.compiled import compiled
from dwcore.numerics.noise import step_bits

_U11 = np.uint64(11)
_LOW_11 = np.uint64(0x7FF)


def break_devices(
    faults: Faults, state: np.ndarray, instance: np.ndarray, *, states: int, immovable: int, keys: tuple
) -> None:
    """Break devices of a new array, in place.

    Args:
        faults: shares of the devices that do not work.
        state: of all devices, shape (n,), int8.
        instance: of all devices, shape (n,).
        states: number of ordinary states S [1].
        immovable: number of the device instance that never moves.
        keys: of the random stream.

    Raises:
        InputError: there is no such state to be stuck in.
    """
    if faults.stuck_state is not None and faults.stuck_state >= states:
        raise InputError(f"faults: stuck_state = {faults.stuck_state} must be from 0 to {states - 1}")
    if faults.stuck + faults.open + faults.short > 0:
        target = -1 if faults.stuck_state is None else faults.stuck_state
        shares = (float(faults.stuck), float(faults.open), float(faults.short))
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


def conductance_levels(law: PulseLaw, faults: Faults) -> np.ndarray:
    """Return the conductance by device instance, state and the byte that says how the wall has settled.

    The bytes stand for 256 normal deviates of equal probability and unit variance.

    Args:
        law: levels and their spread from cycle to cycle.
        faults: conductance of shorts.

    Returns:
        One layer if all instances are alike, else one more for devices that never move, which are as the nominal
        device; states 0 to S-1, lost twice, open, short; one column where the law has no spread. Shape (1 or K+1, S+4,
        256 or 1), float32 [S].
    """
    level, spread = law.level, law.spread
    if len(level) > 1 or len(spread) > 1:
        shape = (law.instances + 1, law.states + 2)
        level = _with_nominal(level, law.conductance, shape)
        spread = _with_nominal(spread, law.conductance_std_ctoc, shape)
    short = faults.short_ratio * law.conductance.max()
    level = np.pad(level, ((0, 0), (0, 2)))
    level[:, -1] = short
    level, spread = level[..., None], np.pad(spread, ((0, 0), (0, 2)))[..., None]
    if not spread.any():
        return level.astype(np.float32)
    quantile = scipy.special.ndtri((np.arange(256) + 0.5) / 256)
    # A Gaussian tail must not turn a conductance negative.
    return np.maximum(0.0, level + spread * quantile / quantile.std()).astype(np.float32)


def _with_nominal(own: np.ndarray, nominal: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    rows = np.empty(shape)
    rows[:-1] = own
    rows[-1] = np.append(nominal, nominal[[0, -1]])
    return rows
