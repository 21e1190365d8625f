"""The group /fit of a transition table.

/fit           form, verdict (text), upward, rest_rate [1/s], rest_temperature [K], free_parameters
               parameter, unit (P,) text, shared (P,), value, standard_error (K, P), covariance (K, P, P)
               deviance, expected_deviance, residual (K, T, A, D)
/fit/spread    parameter (Q,) text, log_mean (Q,), loading (Q, R), specific (Q,), devices; absent with few devices
"""

import numpy as np

from compact.forms.model import FittedModel
from compact.forms.result import GRID_ARRAYS, Fit
from compact.forms.spread import Spread
from dwcore.errors import InputError
from dwcore.storage import files

GROUP = "fit"
_MODEL = {
    "form": ("1", "name of the closed form"),
    "upward": ("1", "sign of the current that drives towards higher states"),
    "rest_rate": ("1/s", "rate of escape to one neighbour without current, nan if unknown"),
    "rest_temperature": ("K", "temperature of that rate, nan if unknown"),
    "parameter": ("1", "names of the parameters"),
    "unit": ("1", "units of the parameters"),
    "shared": ("1", "1 for parameters that all devices have in common"),
    "value": ("SI", "values of the parameters by device, in their own units"),
    "standard_error": ("SI", "standard errors of the values, infinite where not determined"),
    "covariance": ("SI", "covariance of the values of each device"),
}
_GOODNESS = {
    "deviance": "deviance of the counts from the model by device, temperature, current density, duration",
    "expected_deviance": "mean of the deviance where the model is right",
    "residual": "mean displacement observed minus fitted in its standard errors",
}
_SPREAD = {
    "parameter": "parameters that differ between devices",
    "log_mean": "mean logarithm of the SI values",
    "loading": "common factors of the logarithms as columns",
    "specific": "variance of the logarithms beyond the factors",
    "devices": "number of devices it was found from",
}


def put_fit(file, fit: Fit) -> None:
    """Write a fit into an open table file."""
    model = fit.model
    values = {name: getattr(model, name, None) for name in _MODEL}
    values |= {"parameter": np.array(model.names), "unit": np.array(model.units), "upward": np.int8(model.upward)}
    for name, (unit, long_name) in _MODEL.items():
        files.put(file, f"{GROUP}/{name}", values[name], unit=unit, long_name=long_name)
    for name, long_name in _GOODNESS.items():
        files.put(file, f"{GROUP}/{name}", getattr(fit, name), unit="1", long_name=long_name)
    words = "number of parameters that the counts determined"
    files.put(file, f"{GROUP}/free_parameters", np.int64(fit.free), unit="1", long_name=words)
    files.put(file, f"{GROUP}/verdict", fit.verdict, unit="1", long_name="goodness of fit in words")
    if fit.spread is not None:
        values = {name: getattr(fit.spread, name, None) for name in _SPREAD}
        values |= {"parameter": np.array(fit.spread.names), "devices": np.int64(fit.spread.devices)}
        for name, long_name in _SPREAD.items():
            files.put(file, f"{GROUP}/spread/{name}", values[name], unit="1", long_name=long_name)


def get_fit(file, *, states: int) -> Fit | None:
    """Read and check the fit of a table file, None where there is none.

    Args:
        file: open table file.
        states: number of states of the table.

    Raises:
        InputError: the fit is not sound or belongs to another table.
    """
    if GROUP not in file:
        return None
    try:
        return _read(file, states)
    except InputError:
        raise
    except (TypeError, ValueError, OverflowError) as error:  # a data set of another type or shape
        raise InputError(f"fit: {' '.join(str(error).split())}") from None


def _read(file, states: int) -> Fit:
    values = {name: files.get(file, f"{GROUP}/{name}") for name in _MODEL}
    names, units = values.pop("parameter"), values.pop("unit")
    for name in ("form", "upward", "rest_rate", "rest_temperature"):
        values[name] = _scalar(name, values[name])
    if names.ndim != 1 or units.ndim != 1 or not 1 <= states < 2**15:
        raise InputError("fit: parameter and unit must be lists")
    model = FittedModel(
        **values | {"upward": int(values["upward"])},
        states=states,
        names=tuple(names.tolist()),
        units=tuple(units.tolist()),
    )
    return Fit(
        model=model,
        **{name: files.get(file, f"{GROUP}/{name}") for name in GRID_ARRAYS},
        free=int(_scalar("free_parameters", files.get(file, f"{GROUP}/free_parameters"))),
        verdict=str(_scalar("verdict", files.get(file, f"{GROUP}/verdict"))),
        spread=_get_spread(file),
    )


def _get_spread(file) -> Spread | None:
    if f"{GROUP}/spread" not in file:
        return None
    values = {name: files.get(file, f"{GROUP}/spread/{name}") for name in _SPREAD}
    names, devices = values.pop("parameter"), _scalar("spread/devices", values.pop("devices"))
    return Spread(names=tuple(np.atleast_1d(names).tolist()), devices=int(devices), **values)


def _scalar(name: str, value: np.ndarray):
    if np.shape(value) != ():
        raise InputError(f"fit: {name} has the shape {np.shape(value)}, must be one value")
    return value.item() if hasattr(value, "item") else value
