"""The likelihood of one device's counts as a function of working parameters: probabilities and their slopes.

Working parameters are pure numbers of order one: the logarithm of a positive parameter over its scale, or the parameter
over its scale where it may be zero. Thresholds come as logarithms over the typical current density.
"""

import dataclasses

import numpy as np

from compact.forms.forms import STRAY, Form
from compact.forms.passage import HELD, Pulses, displacement, effective_threshold, reached

STEP = 1e-5
"""Step of the central differences in working parameters; their error is about its square."""
LEAST_STRAY = 1e-7
MARGIN = 3
"""So many ridges more than any wall has passed count in the fit; farther ones do not matter to the likelihood."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Layout:
    """Which parameters there are, in which units, and which of them each device has on its own.

    Attributes:
        form: the closed form.
        states: number of states S.
        ridges: the fitted thresholds as (side, ridge), side 0 up and 1 down.
        duration: typical duration [s].
        current_density: typical current density [A/m^2].
        rest: rate of escape without current [1/s] and its temperature [K], or None; see `forms.Form`.
        own_pace: whether the pace differs between devices, as thresholds always do.
    """

    form: Form
    states: int
    ridges: tuple[tuple[int, int], ...]
    duration: float
    current_density: float
    rest: tuple[float, float] | None
    own_pace: bool

    @property
    def shape_parameters(self) -> tuple:
        """Parameters of the form and the stray share."""
        return (*self.form.parameters, STRAY)

    @property
    def size(self) -> int:
        """Number of parameters of one device."""
        return len(self.shape_parameters) + len(self.ridges)

    @property
    def shared(self) -> np.ndarray:
        """Which parameters all devices have in common, shape (P,), bool."""
        shared = np.zeros(self.size, bool)
        shared[int(self.own_pace) : len(self.shape_parameters)] = True
        return shared

    @property
    def positive(self) -> np.ndarray:
        """Which parameters are fitted by their logarithm, shape (P,), bool."""
        return np.array([p.positive for p in self.shape_parameters] + [True] * len(self.ridges))

    @property
    def unit_size(self) -> np.ndarray:
        """Working units in SI, shape (P,)."""
        shape = [parameter.size(self.duration) for parameter in self.shape_parameters]
        return np.array(shape + [self.current_density] * len(self.ridges))

    def start(self, threshold: float, stretch: float) -> np.ndarray:
        """Return the first guess with all thresholds alike, in working parameters.

        Args:
            threshold: over the typical current density [1].
            stretch: factor on all times of the form [1].
        """
        factor = {"time": stretch, "rate": 1.0 / stretch, "1": 1.0}
        shape = np.array([p.start * factor[p.scale] for p in self.shape_parameters])
        return self.working(np.append(shape, np.full(len(self.ridges), threshold)) * self.unit_size)

    def working(self, value: np.ndarray) -> np.ndarray:
        """Return the working parameters from SI values."""
        x = np.asarray(value, float) / self.unit_size
        return np.where(self.positive, np.log(np.where(self.positive, x, 1.0)), x)

    def value(self, z: np.ndarray) -> np.ndarray:
        """Return the SI values from working parameters."""
        return np.where(self.positive, np.exp(np.where(self.positive, z, 0.0)), z) * self.unit_size

    def value_slope(self, z: np.ndarray) -> np.ndarray:
        """Return the derivative of each SI value by its own working parameter, shape (P,)."""
        return np.where(self.positive, np.exp(np.where(self.positive, z, 0.0)), 1.0) * self.unit_size

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Least and largest working parameters, each of shape (P,)."""
        low = np.where(self.positive, -12.0, 0.0)
        highest = [p.highest for p in self.shape_parameters] + [np.exp(12.0)] * len(self.ridges)
        high = np.where(self.positive, np.log(highest), highest)
        stray = len(self.shape_parameters) - 1
        low[stray], high[stray] = np.log(LEAST_STRAY), np.log(0.5)
        return low, high


class DeviceRows:
    """Rows of one device: pulses, what they did, and the model of both.

    Args:
        layout: the parameters.
        pulses: the pulses.
        counts: outcomes by ridges passed, shape (n, S+2); see `passage.to_displacement_counts`.
    """

    def __init__(self, layout: Layout, pulses: Pulses, counts: np.ndarray):
        self.layout, self.pulses, self.counts = layout, pulses, counts
        self.distance = pulses.distance(layout.states)
        passed = np.flatnonzero(counts[:, :-1].sum(axis=0))
        self.most = (int(passed[-1]) if passed.size else 0) + MARGIN

    def probability(self, z: np.ndarray) -> np.ndarray:
        """Return the probability of each outcome, shape (n, S+2) [1]."""
        values, threshold = self._split(z)
        return self._probability(values, effective_threshold(self.pulses, threshold, self.layout.form.share(values)))

    def _split(self, z: np.ndarray) -> tuple[dict, np.ndarray]:
        value = self.layout.value(z).tolist()
        count = len(self.layout.shape_parameters)
        threshold = np.full((2, self.layout.states + 1), HELD)
        for ridge, J in zip(self.layout.ridges, value[count:], strict=True):
            threshold[ridge] = J
        return {p.name: v for p, v in zip(self.layout.shape_parameters, value, strict=False)}, threshold

    def _chance(self, values: dict, effective: np.ndarray) -> np.ndarray:
        return reached(self.layout.form, values, self.pulses, effective, self.layout.rest, self.most)

    def _probability(self, values: dict, effective: np.ndarray) -> np.ndarray:
        return displacement(self._chance(values, effective), self.distance, values[STRAY.name])

    def slopes(self, z: np.ndarray) -> np.ndarray:
        """Return the derivatives of the probabilities by the working parameters, shape (P, n, S+2)."""
        count = len(self.layout.shape_parameters)
        shape = []
        for i in range(count):
            low, high = z.copy(), z.copy()
            low[i], high[i] = z[i] - STEP, z[i] + STEP
            shape.append((self.probability(high) - self.probability(low)) / (2 * STEP))
        return np.stack(shape + self._threshold_slopes(z))

    def _threshold_slopes(self, z: np.ndarray) -> list[np.ndarray]:
        """Chances depend on a threshold only by the effective one, of which one difference serves all thresholds."""
        values, threshold = self._split(z)
        share = self.layout.form.share(values)
        effective = effective_threshold(self.pulses, threshold, share)
        up, down = (self._chance(values, effective * np.exp(sign * STEP)) for sign in (1, -1))
        slope = (up - down) / (2 * STEP)
        factor = self._threshold_shares(threshold, effective, share)
        none = np.zeros((self.pulses.n, 1))
        found = []
        for part in factor:
            edge = np.concatenate([none, slope * part, none], axis=1)
            p = (1.0 - values[STRAY.name]) * (edge[:, :-1] - edge[:, 1:])
            found.append(np.concatenate([p, none], axis=1))
        return found

    def _threshold_shares(self, threshold: np.ndarray, effective: np.ndarray, share: float):
        """Return d ln(effective threshold) / d ln(each fitted threshold), shape (n, S) each."""
        S, state = self.layout.states, self.pulses.state
        k = np.arange(S)
        weight_sum = np.cumsum(np.where(k == 0, 1.0, share))
        for side, ridge in self.layout.ridges:
            step = ridge - state - 1 if side == 0 else state - ridge
            passes = (self.pulses.up == (side == 0)) & (step >= 0)
            if ridge in (0, S):
                yield (passes[:, None] & (k == step[:, None])).astype(float)
                continue
            weight = np.where(step == 0, 1.0, share)
            inside = k < (self.distance - 1)[:, None]
            part = weight[:, None] * threshold[side, ridge] / (weight_sum * effective)
            yield np.where(passes[:, None] & (k >= step[:, None]) & inside, part, 0.0)
