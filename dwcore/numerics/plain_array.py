"""Arrays as users hand them over: what NumPy would drop in silence, a mask, a unit or an imaginary part, is refused."""

import numpy as np

from dwcore.errors import InputError


def plain_array(name: str, values) -> np.ndarray:
    """Return numbers as an array, of the type that they have.

    Args:
        name: what they are, for messages; empty where the caller names them.
        values: an array of any library, a list or a number.

    Raises:
        InputError: a plain array would not hold what they say, or they are no real numbers.
    """
    where = f"{name} " if name else ""
    if np.ma.is_masked(values):
        raise InputError(f"{where}has masked entries, must be without: leave them out or fill them")
    for part in (values, *values) if isinstance(values, list | tuple) else (values,):
        unit = str(getattr(part, "units", getattr(part, "unit", "")))  # of pint, unyt and xarray, of astropy
        if unit not in ("", "dimensionless", "None"):
            raise InputError(f"{where}is in {unit}, must be plain numbers in SI")
    array = np.asarray(values)
    if array.dtype.kind not in "iuf":
        raise InputError(f"{where}is of type {array.dtype}, must be real numbers")
    return array
