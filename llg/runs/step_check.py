"""Does the time step matter? Run the same pulse with half the step and independent noise."""

import dataclasses
from collections.abc import Callable

import numpy as np

from llg.device.device import Device
from llg.runs.simulation import PulseRun

SIGNIFICANT = 1e-3
"""Probability of as large a difference by chance, below which the outcomes are said to differ."""
OTHER_SEED = 2**62 + 1
"""Seed of the repetition, beyond those of the command line: its noise is independent of that of any run."""
TOLERANCE = 0.02
"""Largest change of the final position without noise, in wall widths, that counts as none."""


@dataclasses.dataclass(frozen=True)
class StepCheck:
    """What half the time step changes.

    Attributes:
        dt: time step [s]; the check used half of it.
        probability: of the outcomes with half the step, shape (S + 1,) [1].
        p_value: probability of differences as large or larger by chance, if the step does not matter [1].
        shift: change of the final position without noise [m].
        Delta: wall width parameter [m].
    """

    dt: float
    probability: np.ndarray
    p_value: float
    shift: float
    Delta: float

    @property
    def sound(self) -> bool:
        """Nothing changes beyond chance and tolerance."""
        return self.p_value >= SIGNIFICANT and abs(self.shift) <= TOLERANCE * self.Delta

    def advice(self) -> str:
        """Return one line in words."""
        moved = f"T = 0 position moves by {1e9 * self.shift:.3g} nm, outcomes differ with p = {self.p_value:.3g}"
        word = "the step is small enough" if self.sound else f"use dt = {self.dt / 2:.2g} s and check again"
        return f"half the step: {moved}; {word}"

    def as_json(self) -> dict:
        """Return the object `check_dt` of `dwsynapse simulate --json`."""
        return {
            "dt_s": self.dt,
            "half_dt_s": self.dt / 2,
            "probability": self.probability.tolist(),
            "p_value": self.p_value,
            "final_position_change_m": self.shift,
            "sound": self.sound,
        }


def check_step(device: Device, run: PulseRun, again: Callable[..., PulseRun]) -> StepCheck:
    """Repeat a run with half its step, and both steps without noise.

    Args:
        device: what was simulated.
        run: what came out.
        again: repeats the run with other values of the keywords dt, n, seed and temperature.
    """
    dt = run.outcomes.dt
    half = again(dt=dt / 2, seed=OTHER_SEED)
    ends = [again(dt=step, n=1, temperature=0.0).outcomes.displacement for step in (dt, dt / 2)]
    p_value = _same_law(run.outcomes.counts, half.outcomes.counts)
    return StepCheck(dt, half.probability, p_value, ends[1] - ends[0], device.straight_wall.Delta)


def _same_law(a: np.ndarray, b: np.ndarray) -> float:
    """Return the chi-square probability that two sets of counts of one size share a law; rare outcomes together."""
    from scipy.stats import chi2

    total = a + b
    common = total >= 10
    a = np.append(a[common], a[~common].sum())
    b = np.append(b[common], b[~common].sum())
    seen = a + b > 0
    freedom = int(np.count_nonzero(seen)) - 1
    if freedom < 1:
        return 1.0
    return float(chi2.sf(np.sum((a - b)[seen] ** 2 / (a + b)[seen]), freedom))
