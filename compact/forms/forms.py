"""Closed forms of the chance that a pulse carries the wall over k ridges: what a form is.

A form answers one question: with which probability has a wall, driven by a current of magnitude J for a time tau at
temperature T, passed k ridges? Everything else (directions, ends of the track, rows of a matrix) is the same for all
forms. Each form makes its answer fall with k and rise with J and tau by construction.
"""

import dataclasses
import math
from collections.abc import Callable

import numpy as np

T_REFERENCE = 300.0
"""Temperature at which diffusion coefficients and barriers over kB T are stated [K]."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter of a form.

    Attributes:
        name: as in files and reports.
        unit: SI, "1" if dimensionless.
        meaning: in words.
        start: first guess, times as multiples of the typical duration [unit of the scale].
        scale: what one unit of the optimizer is: "time", "rate" or "1".
        positive: kept positive by fitting its logarithm; otherwise it may be zero but not negative.
        highest: largest value, in the units of the optimizer.
    """

    name: str
    unit: str
    meaning: str
    start: float
    scale: str = "1"
    positive: bool = True
    highest: float = math.exp(12.0)

    def size(self, duration: float) -> float:
        """Return the unit of the optimizer in SI for a typical duration [s]."""
        return {"time": duration, "rate": 1.0 / duration, "1": 1.0}[self.scale]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Form:
    """A closed form.

    Attributes:
        name: as in files and on the command line.
        reference: the literature it rests on.
        parameters: those shared by all devices; `pace`, the first, may differ between devices.
        passed: called with (values by name, J / threshold (n, k), duration (n,) [s], temperature (n,) [K], rest (rate
            of escape [1/s] without current and the temperature [K] it belongs to, or None)); returns (n, k) [1].
        share: weight of the thresholds of the run-on ridges relative to that of the first, from the values.
    """

    name: str
    reference: str
    parameters: tuple[Parameter, ...]
    passed: Callable[..., np.ndarray]
    share: Callable[[dict], float] = lambda values: 1.0


def wait_and_run(values: dict, ratio: np.ndarray, duration: np.ndarray) -> np.ndarray:
    """Return the time left for passing k ridges after the dead times, shape (n, k), at least a trifle [s].

    t_k = tau - t_edge / (J/J_c) - t_first - (k - 1) t_run: the edges of the pulse count less the closer the current is
    to the threshold, the wall needs t_first to build up its angle and leave the bottom, and t_run to fall into the next
    well.
    """
    later = np.arange(ratio.shape[1])
    dead = values["dead_first"] + later * values["dead_run"]
    left = duration[:, None] - values["dead_edge"] / np.maximum(ratio, 1e-9) - dead
    return np.maximum(left, 1e-6 * duration[:, None])


def dead_times(first: float = 0.08, run: float = 0.42, edge: float = 0.13) -> tuple[Parameter, ...]:
    """Return the three dead times that all forms share."""
    return (
        Parameter(name="dead_first", unit="s", meaning="dead time before the first ridge", start=first, scale="time",
                  positive=False),
        Parameter(name="dead_run", unit="s", meaning="dead time per further ridge", start=run, scale="time",
                  positive=False),
        Parameter(name="dead_edge", unit="s", meaning="dead time by the pulse edges at threshold current", start=edge,
                  scale="time", positive=False),
    )  # fmt: skip


STRAY = Parameter(
    name="stray", unit="1", meaning="share of trials that end anywhere, whatever the pulse", start=math.exp(-11.5)
)
