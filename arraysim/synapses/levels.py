"""What every state of a device conducts, with what its wall may add when it settles."""

import numpy as np
from scipy.special import ndtri

from arraysim.synapses.faults import Faults
from arraysim.synapses.pulse_law import PulseLaw


def conductance_levels(law: PulseLaw, faults: Faults) -> np.ndarray:
    """Return the conductance by state and by the byte that says how the wall has settled.

    The bytes stand for 256 normal deviates of equal probability and unit variance.

    Args:
        law: levels and their spread from cycle to cycle.
        faults: conductance of shorts.

    Returns:
        States 0 to S-1, lost twice, open, short; one column where the law has no spread. Shape (S+4, 256 or 1),
        float32 [S].
    """
    level = np.append(law.level, [0.0, faults.short_ratio * law.conductance.max()])
    spread = np.append(law.conductance_std_ctoc, [*law.conductance_std_ctoc[[0, -1]], 0.0, 0.0])
    if not spread.any():
        return level[:, None].astype(np.float32)
    quantile = ndtri((np.arange(256) + 0.5) / 256)
    # A Gaussian tail must not turn a conductance negative.
    return np.maximum(0.0, level[:, None] + spread[:, None] * quantile / quantile.std()).astype(np.float32)
