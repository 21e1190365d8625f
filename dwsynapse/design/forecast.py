"""What a design will be like, from those that were looked at: which of many candidates are worth a look.

Barriers, lengths and powers are about products of powers of what is free. So the logarithm of each figure is forecast
over the logarithms by a Gaussian process (C. E. Rasmussen, C. K. I. Williams, Gaussian Processes for Machine Learning,
MIT Press 2006, eq. 2.23): exponents of their own, a factor for each choice from a list, and a smooth deviation from the
product. A few known designs will do;
far from all of them it says what their mean is. The forecast chooses what is looked at next; it decides on no design.
"""

import math
from collections.abc import Iterable, Sequence

import numpy as np

from dwsynapse.design.pulses import FALL
from dwsynapse.design.sections import LIMITS, LISTED
from dwsynapse.design.specification import Specification
from dwsynapse.design.trial import SOFTENED, Figures, Trial, misses, objectives

POWER = "power"
"""Energy over the integral of the squared pulse: it does not depend on the length, and is known before any pulse."""
NAMES = (*(name for name in LIMITS if not name.startswith("one_step") and name != "energy"), POWER, "duration",
         "current_density")  # fmt: skip
"""Figures that are forecast; the energy follows from the power and the length."""
EXPONENT, DEVIATION = 2.0, 0.3
"""Standard deviations of an exponent, and of a logarithm from the product; the latter varies over a factor of e."""
SOFTENING = 0.3, 0.1
"""The same of the factor by which relaxation changes a barrier or a rate."""
NOISE, SEEN = 0.01, 0.03
"""Standard deviation of the logarithm of a known figure, and of a length that was found by pulses."""
WEIGHT = 10.0
"""What one requirement that is missed twofold weighs against a power of ten of an objective."""


class Forecast:
    """Figures of designs, from those that were looked at.

    Args:
        spec: the specification.
        trials: what was looked at.
    """

    def __init__(self, spec: Specification, trials: Sequence[Trial]):
        self.spec, self._known = spec, dict[str, _Process]()
        self._searched = [name for name in spec.variables if name not in (*LISTED, "duration")]
        self._choices = [(name, choice) for name, choices in spec.lists.items() for choice in choices]
        places = self._places(trial.x for trial in trials)
        for name in (*NAMES, *(f"{kind}_{name}" for name in SOFTENED for kind in ("rigid", "relaxed"))):
            values = np.array([_logarithm(spec, trial, name) for trial in trials])
            if (known := np.isfinite(values)).any():
                prior = SOFTENING if name.startswith("relaxed_") else (EXPONENT, DEVIATION)
                noise = SEEN if name == "duration" else NOISE
                self._known[name] = _Process(places[known], values[known], noise, prior)

    def _places(self, xs: Iterable) -> np.ndarray:
        """Return the logarithms of what is free, then 1 for what is chosen from a list and 0 for what is not."""
        values = [self.spec.values(np.array(x)) for x in xs]
        free = np.log([[one[name] for name in self._searched] for one in values])
        listed = np.array([[one[name] == choice for name, choice in self._choices] for one in values], float)
        return np.hstack(
            [free.reshape(len(values), len(self._searched)), listed.reshape(len(values), len(self._choices))]
        )

    def figures(self, points: np.ndarray) -> list[Figures]:
        """Return the figures of points of the unit cube, shape (n, variables), as far as any design tells."""
        found: list[Figures] = [{} for _ in points]
        places = self._places(points)
        for name, process in self._known.items():
            for one, value in zip(found, np.exp(np.minimum(process.mean(places), 700.0)).tolist(), strict=True):
                one[name] = value
        for point, one in zip(points, found, strict=True):
            for name in SOFTENED:
                rigid, factor = one.pop(f"rigid_{name}", None), one.pop(f"relaxed_{name}", 1.0)
                if rigid is not None and factor is not None:
                    one[name] = rigid * min(factor, 1.0)  # relaxed walls find lower passes
            power, time = one.pop(POWER, None), one.get("duration")
            one["energy"] = None if power is None or time is None else power * _square_time(self.spec, point, time)
        return found

    def softening(self, point: np.ndarray) -> dict[str, float]:
        """Return by what factors relaxation is forecast to change figures of a rigid wall."""
        place = self._places([point])
        known = {name: self._known[f"relaxed_{name}"] for name in SOFTENED if f"relaxed_{name}" in self._known}
        return {name: math.exp(min(process.mean(place).item(), 0.0)) for name, process in known.items()}


class _Process:
    """A Gaussian process through known values.

    Args:
        places: where they are, shape (n, variables).
        values: shape (n,).
        noise: their standard deviation.
        prior: standard deviations of an exponent and of the deviation from the product of powers.
    """

    def __init__(self, places: np.ndarray, values: np.ndarray, noise: float, prior: tuple[float, float]):
        self.prior, self.places, self.middle, self.level = prior, places, places.mean(axis=0), values.mean()
        within = self._covariance(places) + noise**2 * np.eye(len(places))
        self.weights = np.linalg.solve(within, values - self.level)

    def _covariance(self, places: np.ndarray) -> np.ndarray:
        """Return the covariance of places with those of known values, shape (m, n)."""
        apart = ((places[:, None] - self.places[None]) ** 2).sum(axis=-1)
        linear = (places - self.middle) @ (self.places - self.middle).T
        return self.prior[0] ** 2 * linear + self.prior[1] ** 2 * np.exp(-apart / 2)

    def mean(self, places: np.ndarray) -> np.ndarray:
        """Return the mean at places, shape (m, variables)."""
        return self.level + self._covariance(places) @ self.weights


def _square_time(spec: Specification, x: Sequence[float] | np.ndarray, time: float) -> float:
    """Return the integral of the squared pulse [s]."""
    pulse = spec.base(spec.values(np.array(x))).section("pulse")
    return pulse.waveform(max(time, pulse.shortest)).square_time()


def _logarithm(spec: Specification, trial: Trial, name: str) -> float:
    """Return the logarithm of a figure, NaN without one; of a pulse that is not sure, about that of a sure one.

    That of "relaxed_NAME" is of the factor by which relaxation changed a figure.
    """
    if name.startswith("relaxed_"):
        name = name.removeprefix("relaxed_")
        before, after = trial.figures.get(f"rigid_{name}"), trial.figures.get(name)
        known = before and after and not trial.figures.get("rigid")
        return math.log(after / before) if known and before and after else math.nan
    value, factor = trial.figures.get("energy" if name == POWER else name), 1.0
    if name == POWER and value is not None:
        value /= _square_time(spec, trial.x, trial.figures.get("duration") or 0.0)
    if name == "duration" and spec.wanted is not None:
        p = trial.figures.get("one_step")
        factor = 0.0 if p is None else max(1.0, ((1 - p) / (1 - spec.wanted)) ** FALL)
    return math.log(value * factor) if value is not None and 0 < value * factor < math.inf else math.nan


def chosen(known: Forecast, front: Sequence[Trial], points: np.ndarray, n: int) -> np.ndarray:
    """Return n of some points: one after the other the one that is forecast to gain most on the front and those before.

    The gain is the power of ten by which a point is better than each other design in some objective, less what it is
    forecast to miss of the requirements. A requirement of which nothing is known counts as kept, and an objective of
    which nothing is known, as that of a pulse while none was seen, does not count. The length of the pulse of each
    point is the one that is forecast.
    """
    spec, figures = known.spec, known.figures(points)
    kept = {name: getattr(spec.require, name) for name in LIMITS} | {"states": 1.0, "one_step": spec.wanted}
    told = [{name: value for name, value in one.items() if value is not None} for one in figures]
    missed = np.array([sum(misses(spec, kept | one).values()) for one in told])
    times = np.array([one.get("duration", math.nan) for one in told])
    if spec.free.duration:
        missed += np.log(np.fmax(times / spec.free.duration[1], 1.0))
    own = np.array([objectives(spec, one) for one in figures])
    rivals = [objectives(spec, trial.figures) for trial in front]
    gain = np.min([np.max(np.array(rival) - own, axis=1) for rival in rivals] or [-own.mean(axis=1)], axis=0)
    picked = list[int]()
    for _ in range(n):
        score = gain - WEIGHT * missed
        score[picked] = -np.inf
        picked.append(int(score.argmax()))
        gain = np.minimum(gain, np.max(own[picked[-1]] - own, axis=1))
    best = points[picked]
    if spec.free.duration:
        low, high = spec.free.duration
        place = np.clip((times[picked] - low) / (high - low), 0, 1)
        column = spec.variables.index("duration")
        best[:, column] = np.where(np.isfinite(place), place, best[:, column])
    return best
