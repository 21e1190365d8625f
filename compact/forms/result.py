"""What a fit gives, as it is kept in a transition table."""

import dataclasses

import numpy as np

from compact.forms.model import FittedModel
from compact.forms.spread import Spread
from dwcore.canvas.number_text import counted
from dwcore.errors import InputError
from dwcore.storage.records import data, part

GRID_ARRAYS = ("deviance", "expected_deviance", "residual")


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Fit:
    """A fitted model with its goodness of fit.

    Attributes:
        model: closed form and parameters.
        deviance: per grid point, shape (K, T, A, D) [1].
        expected_deviance: what it is on average where the model is right, same shape [1].
        residual: mean displacement observed minus fitted in its standard errors, same shape [1].
        free: number of parameters that the counts determined.
        verdict: in words.
        spread: between the devices, None with too few of them.
    """

    model: FittedModel = part(FittedModel, at="")
    deviance: np.ndarray = data(
        "deviance of the counts from the model by device, temperature, current density, duration", "1", "K T A D"
    )
    expected_deviance: np.ndarray = data("mean of the deviance where the model is right", "1", "K T A D")
    residual: np.ndarray = data("mean displacement observed minus fitted in its standard errors", "1", "K T A D")
    free: int = data("number of parameters that the counts determined", dtype="i8", at="free_parameters", ge=0)
    verdict: str = data("goodness of fit in words", dtype="text")
    spread: Spread | None = part(Spread, default=None)

    def __post_init__(self):
        """Convert and check.

        Raises:
            InputError: shapes or values do not fit.
        """
        for name in GRID_ARRAYS:
            values = np.array(getattr(self, name), dtype=np.float64)
            values.setflags(write=False)
            object.__setattr__(self, name, values)
            if values.ndim != 4 or values.shape != self.deviance.shape or values.shape[0] != self.model.devices:
                raise InputError(f"fit: {name} has the shape {values.shape}, must be (K, T, A, D)")
            if not np.isfinite(values).all() or (name != "residual" and np.any(values < -1e-6)):
                raise InputError(f"fit: {name} must be finite and, but for residuals, >= 0")
        if self.free < 0 or not isinstance(self.verdict, str) or not self.verdict:
            raise InputError("fit: the number of free parameters must be >= 0 and the verdict not empty")
        own = tuple(np.array(self.model.names)[~self.model.shared])
        if self.spread is not None and self.spread.names != own:
            raise InputError("fit: the spread must be of the parameters that devices have on their own")

    @property
    def dispersion(self) -> float:
        """Deviance per effective degree of freedom [1]."""
        return float(self.deviance.sum() / max(self.expected_deviance.sum() - self.free, 1.0))

    def __repr__(self) -> str:
        """In one line, for interactive work; the arrays are in the fields."""
        model = self.model
        size = f"{counted(model.devices, 'device')}, {model.states} states, {counted(self.free, 'free parameter')}"
        return f"<Fit of the form {model.form}: {size}, dispersion {self.dispersion:.3g}; {self.verdict}>"

    def drawn_vector(self, number: int, seed: int) -> np.ndarray:
        """Return parameters of device `number` drawn from the spread, in the order of the model's names, shape (P,).

        Raises:
            InputError: the fit has too few devices to know their spread.
        """
        if self.spread is None:
            raise InputError("fit: has no spread between devices, fit a table of at least 8 device instances")
        vector = self.model.value[0].copy()
        vector[~self.model.shared] = self.spread.draw(number, seed)
        return vector
