"""The fitted model: closed form with its parameters for each device, and what it says about any pulse."""

import dataclasses
import math

import numpy as np

from compact.forms.forms import STRAY
from compact.forms.passage import HELD, Pulses, displacement, effective_threshold, reached, to_matrix_rows
from compact.forms.registry import form_by_name
from dwcore.arguments import checked
from dwcore.errors import InputError
from dwcore.storage.records import data

UP, DOWN = "threshold_up_", "threshold_down_"


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class FittedModel:
    """A closed form with parameters for K devices; arrays are read-only.

    Attributes:
        states: number of states S.
        form: name of the closed form.
        upward: sign of the current that drives towards higher states, +1 or -1.
        rest_rate: rate of escape from a well without current, nan where it is unknown [1/s].
        rest_temperature: the temperature at which that is so, nan where it is unknown [K].
        names: of the parameters, those of the form, then `stray`, then the thresholds of the ridges.
        units: of the parameters.
        shared: which parameters all devices have in common, shape (P,), bool.
        value: shape (K, P).
        standard_error: shape (K, P); infinite where the counts do not determine a parameter or it lies at its bound.
        covariance: of the parameters of one device, shape (K, P, P), zero where the standard error is infinite.
    """

    states: int
    form: str = data("name of the closed form", dtype="text")
    upward: int = data("sign of the current that drives towards higher states", dtype="i1", ge=-1, le=1)
    rest_rate: float = data("rate of escape to one neighbour without current, nan if unknown", "1/s", nan=True)
    rest_temperature: float = data("temperature of that rate, nan if unknown", "K", nan=True)
    names: tuple[str, ...] = data("names of the parameters", "1", "P", dtype="text", at="parameter")
    units: tuple[str, ...] = data("units of the parameters", "1", "P", dtype="text", at="unit")
    shared: np.ndarray = data("1 for parameters that all devices have in common", "1", "P", dtype="bool")
    value: np.ndarray = data("values of the parameters by device, in their own units", "SI", "K P", ge=0)
    standard_error: np.ndarray = data(
        "standard errors of the values, infinite where not determined", "SI", "K P", finite=False
    )
    covariance: np.ndarray = data("covariance of the values of each device", "SI", "K P P")

    def __post_init__(self):
        """Check names, shapes and signs.

        Raises:
            InputError: the first problem.
        """
        form = form_by_name(self.form)
        object.__setattr__(self, "names", tuple(str(name) for name in self.names))
        object.__setattr__(self, "units", tuple(str(unit) for unit in self.units))
        for field, dtype in (("shared", bool), ("value", float), ("standard_error", float), ("covariance", float)):
            values = np.array(getattr(self, field), dtype=dtype)
            values.setflags(write=False)
            object.__setattr__(self, field, values)
        expected = [parameter.name for parameter in form.parameters] + [STRAY.name]
        if list(self.names[: len(expected)]) != expected:
            raise InputError(f"fit: form {self.form} needs the parameters {', '.join(expected)}")
        allowed = {f"{side}{r}" for side in (UP, DOWN) for r in range(self.states + 1)}
        if unknown := sorted(set(self.names[len(expected) :]) - allowed) or len(set(self.names)) < len(self.names):
            raise InputError(f"fit: unknown or repeated parameters: {unknown}")
        P = len(self.names)
        K = self.value.shape[0] if self.value.ndim else 0
        shapes = {"value": (K, P), "standard_error": (K, P), "covariance": (K, P, P), "shared": (P,)}
        for field, shape in shapes.items():
            if K < 1 or getattr(self, field).shape != shape:
                raise InputError(f"fit: {field} has the shape {getattr(self, field).shape}, {shape} is needed")
        if len(self.units) != P or self.upward not in (-1, 1) or self.states < 1:
            raise InputError("fit: needs a unit per parameter, upward = +1 or -1 and at least one state")
        bad = ~np.isfinite(self.value) | (self.value < 0)
        if bad.any() or np.any(self.value[:, len(expected) :] <= 0):
            raise InputError("fit: values must be finite and >= 0, thresholds > 0")
        if np.any(self.value[:, len(expected) - 1] >= 1) or np.any(np.isnan(self.standard_error)):
            raise InputError("fit: stray must be < 1 and no standard error nan")
        known = math.isfinite(self.rest_rate) and math.isfinite(self.rest_temperature)
        if known and not (self.rest_rate > 0 and self.rest_temperature > 0):
            raise InputError("fit: rate and temperature at rest must be > 0, or nan")
        if not np.isfinite(self.covariance).all():
            raise InputError("fit: covariance must be finite")

    @property
    def rest(self) -> tuple[float, float] | None:
        """Rate of escape without current [1/s] and its temperature [K], None where unknown."""
        known = math.isfinite(self.rest_rate) and math.isfinite(self.rest_temperature)
        return (self.rest_rate, self.rest_temperature) if known else None

    @property
    def devices(self) -> int:
        """Number of devices K."""
        return self.value.shape[0]

    @checked
    def parameters(self, device: int = 0) -> dict[str, float]:
        """Return the values by name of one device.

        Raises:
            InputError: no such device.
        """
        if not 0 <= device < self.devices:
            raise InputError(f"device = {device!r} must be an integer from 0 to {self.devices - 1}")
        return dict(zip(self.names, self.value[device].tolist(), strict=True))

    def thresholds(self, vector: np.ndarray) -> np.ndarray:
        """Return thresholds of all ridges upwards and downwards, HELD where there is none, shape (2, S+1) [A/m^2]."""
        out = np.full((2, self.states + 1), HELD)
        for name, value in zip(self.names, vector, strict=True):
            for row, side in enumerate((UP, DOWN)):
                if name.startswith(side):
                    out[row, int(name.removeprefix(side))] = value
        return out

    def rows(self, pulses: Pulses, vector: np.ndarray) -> np.ndarray:
        """Return the outcomes of pulses by the parameters of one device, shape (n, S+1) [1].

        Args:
            pulses: the pulses.
            vector: parameters in the order of `names`, shape (P,).
        """
        form = form_by_name(self.form)
        values = dict(zip(self.names, np.asarray(vector, float).tolist(), strict=True))
        effective = effective_threshold(pulses, self.thresholds(vector), form.share(values))
        chance = reached(form, values, pulses, effective, self.rest)
        return to_matrix_rows(displacement(chance, pulses.distance(self.states), values[STRAY.name]), pulses)

    @checked
    def matrix(
        self, *, temperature: float, current_density: float, duration: float, device: int = 0, vector=None
    ) -> np.ndarray:
        """Return the probabilities of the outcomes of one pulse, shape (S, S+1), last column lost [1].

        Unlike a table this also answers outside the grid it was fitted to, by the physics of the form.

        Args:
            temperature: [K].
            current_density: signed [A/m^2].
            duration: [s].
            device: number of the device.
            vector: parameters to use instead of those of a device, shape (P,).

        Raises:
            InputError: no such device, or a direction that no pulse of the fit had.
        """
        given = {"temperature": temperature, "current_density": current_density, "duration": duration}
        for name, number in given.items():
            if not isinstance(number, int | float | np.integer | np.floating) or not math.isfinite(number):
                raise InputError(f"{name} = {number!r} must be a finite number")
        if duration <= 0 or temperature < 0:
            raise InputError(f"duration = {duration:g} [s] must be > 0 and temperature = {temperature:g} [K] >= 0")
        self.parameters(device)
        up = current_density * self.upward >= 0
        if current_density != 0 and not self.knows(up):
            raise InputError(f"current_density = {current_density:g} [A/m^2]: the fit had no pulses of this direction")
        n = self.states
        pulses = Pulses(
            current_density=np.full(n, abs(float(current_density))),
            duration=np.full(n, float(duration)),
            temperature=np.full(n, float(temperature)),
            state=np.arange(n),
            up=np.full(n, up),
        )
        return self.rows(pulses, self.value[device] if vector is None else vector)

    def knows(self, up: bool) -> bool:
        """Whether there are thresholds for this direction; a single state needs none."""
        return self.states == 1 or any(name.startswith(UP if up else DOWN) for name in self.names)
