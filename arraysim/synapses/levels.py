"""What every state of a device conducts, with what its wall may add when it settles."""

import numpy as np
from scipy.special import ndtri

from arraysim.synapses.faults import Faults
from arraysim.synapses.pulse_law import PulseLaw


def conductance_levels(law: PulseLaw, faults: Faults) -> np.ndarray:
    """Return the conductance by device instance, state and the byte that says how the wall has settled.

    The bytes stand for 256 normal deviates of equal probability and unit variance.

    Args:
        law: levels and their spread from cycle to cycle.
        faults: conductance of shorts.

    Returns:
        One layer if all instances are alike, else one more for devices that never move, which are as the nominal device;
        states 0 to S-1, lost twice, open, short; one column where the law has no spread. Shape (1 or K+1, S+4, 256 or
        1), float32 [S].
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
    quantile = ndtri((np.arange(256) + 0.5) / 256)
    # A Gaussian tail must not turn a conductance negative.
    return np.maximum(0.0, level + spread * quantile / quantile.std()).astype(np.float32)


def _with_nominal(own: np.ndarray, nominal: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    rows = np.empty(shape)
    rows[:-1] = own
    rows[-1] = np.append(nominal, nominal[[0, -1]])
    return rows
