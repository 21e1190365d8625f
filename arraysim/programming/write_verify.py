"""Write-verify: program weights that were trained elsewhere, in a closed loop of reads and pulses.

Round after round, every weight that has not been accepted is read, with noise; if it is within the tolerance it is
accepted, else it gets pulses in the sense of its error, until the rounds or its pulse budget are used up. The loop
knows the reads, the mean step of a pulse and the difference of two levels, nothing else; what it reached is then stated
from the true conductances.

References:
    F. Alibart et al., Nanotechnology 23, 075201 (2012), for the closed loop.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from arraysim.programming.config import WriteVerifyConfig
from arraysim.synapses.weights import PulsedWeights
from dwcore.errors import InputError
from dwcore.numerics.plain_array import plain_array
from dwcore.storage.records import data


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class WriteVerifyResult:
    """What programming reached and took.

    Attributes:
        rms_error: of all weights over the largest weight, before and after each round, shape (R+1,) [1].
        accepted: share of weights whose read was within the tolerance, after each round, shape (R,) [1].
        within: share of weights whose true value is within the tolerance at the end [1].
        clipped: share of targets beyond the largest weight, which were programmed to it [1].
        pulses: received by each weight, shape (rows, columns), int32 [1].
        reads: reads of weights [1].
        energy: of the pulses [J].
    """

    rms_error: np.ndarray = data(
        "rms error of the weights over the largest, before and after each round", "1", "R+1", ge=0
    )
    accepted: np.ndarray = data("share of weights read within the tolerance, after each round", "1", "R", ge=0, le=1)
    within: float = data("share of weights truly within the tolerance at the end", ge=0, le=1)
    clipped: float = data("share of wanted weights beyond the largest", ge=0, le=1)
    pulses: np.ndarray = data("write pulses that the loop sent to each weight", "1", "rows columns", dtype="i4", ge=0)
    reads: int = data("reads of weights by the loop", dtype="i8", ge=0)
    energy: float = data("energy of these pulses", "J", ge=0)

    def summary(self) -> dict[str, float]:
        """Return the numbers that say how it went, for a report or a JSON object."""
        return {
            "rounds": len(self.accepted),
            "rms_error_before": float(self.rms_error[0]),
            "rms_error_after": float(self.rms_error[-1]),
            "share_accepted": float(self.accepted[-1]),
            "share_within_tolerance": self.within,
            "share_clipped": self.clipped,
            "pulses_per_weight": float(self.pulses.mean()),
            "most_pulses": int(self.pulses.max()),
            "reads_per_weight": self.reads / self.pulses.size,
            "energy_J": self.energy,
        }


def write_verify(
    weights: PulsedWeights, target: np.ndarray, *, seed: int | Sequence[int], config: WriteVerifyConfig | None = None
) -> WriteVerifyResult:
    """Program weights.

    Args:
        weights: in any state.
        target: wanted values, shape (rows, columns) [1].
        seed: of the read noise, one number or several that tell it from others [1].
        config: default ``WriteVerifyConfig()``.

    Raises:
        InputError: targets of another shape or not finite.
    """
    config = WriteVerifyConfig() if config is None else config
    target = plain_array("target", target).astype(np.float32)
    if target.shape != weights.values.shape or not np.all(np.isfinite(target)):
        raise InputError(f"target of shape {target.shape} must be finite and of shape {weights.values.shape}")
    largest = weights.largest
    wanted = np.clip(target, -largest, largest).ravel()
    energy = sum(array.energy for array in weights.arrays)
    pulses = np.zeros(wanted.size, np.int32)
    todo = np.arange(wanted.size)
    rms, accepted, reads, given_up = [_rms(weights, wanted)], [], 0, 0
    tolerance = np.float32(config.tolerance * weights.level)
    own = np.atleast_1d(seed).tolist()
    for number in range(config.rounds):
        noise = np.random.default_rng([*own, number]).standard_normal(wanted.size, np.float32)
        error = wanted[todo] - weights.read(todo) - np.float32(config.read_noise * largest) * noise[todo]
        reads += todo.size
        off = np.abs(error) > tolerance
        todo, error = todo[off], error[off]
        accepted.append(1 - (todo.size + given_up) / wanted.size)
        active = pulses[todo] < config.pulse_budget
        given_up += todo.size - np.count_nonzero(active)
        todo, count = todo[active], _count(error[active], weights.mean_step, config.coarse)
        count = np.sign(count) * np.minimum(np.abs(count), config.pulse_budget - pulses[todo])
        weights.pulse_some(todo, count)
        pulses[todo] += np.abs(count)
        rms.append(_rms(weights, wanted))
        if not todo.size:
            break
    error = np.abs(wanted - weights.values.ravel())
    return WriteVerifyResult(
        rms_error=np.array(rms),
        accepted=np.array(accepted),
        within=float(np.mean(error <= tolerance * (1 + 1e-5))),
        clipped=float(np.mean(np.abs(target) > largest)),
        pulses=pulses.reshape(target.shape),
        reads=reads,
        energy=sum(array.energy for array in weights.arrays) - energy,
    )


def _count(error: np.ndarray, step: float, coarse: bool) -> np.ndarray:
    """Return the number of pulses, never more than the error has whole steps, but at least one."""
    whole = np.maximum(1, np.floor(np.abs(error) / step)) if coarse else np.ones(error.size)
    return (np.sign(error) * whole).astype(np.int32)


def _rms(weights: PulsedWeights, wanted: np.ndarray) -> float:
    return float(np.sqrt(np.mean((weights.values.ravel() - wanted) ** 2, dtype=np.float64)) / weights.largest)
