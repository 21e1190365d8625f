"""Arrays of other libraries: the numbers they say, or one line."""

import types

import numpy as np
import pytest

from dwcore.errors import InputError
from dwcore.numerics.plain_array import plain_array
from dwcore.units import _registry


@pytest.mark.parametrize("values", [[1, 2], (1.0, 2.0), np.array([1, 2], ">f4"), np.ma.array([1, 2]),
                                    [np.float32(1), np.int8(2)]])  # fmt: skip
def test_numbers_of_any_type(values):
    assert plain_array("x", values).tolist() == [1, 2]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.ma.array([1, 2], mask=[0, 1]), "x has masked entries"),
        ([1, np.nan] * _registry().nm, "x is in nanometer, must be plain numbers in SI"),
        ([1 * _registry().nm], "x is in nanometer"),
        (types.SimpleNamespace(unit="mT"), "x is in mT"),  # astropy
        ([1 + 0j], "x is of type complex128, must be real numbers"),
        (["1"], "x is of type <U1"),
        ([True], "x is of type bool"),
        ([None], "x is of type object"),
    ],
)
def test_what_a_plain_array_would_lose_is_refused(values, said):
    with pytest.raises(InputError) as caught:
        plain_array("x", values)
    assert said in str(caught.value)


def test_arrays_of_xarray():
    xarray = pytest.importorskip("xarray", reason="needs the extra xarray")
    assert plain_array("x", xarray.DataArray([1, 2])).tolist() == [1, 2]
    with pytest.raises(InputError, match=r"x is in MA/cm\^2"):
        plain_array("x", xarray.DataArray([1.0], attrs={"units": "MA/cm^2"}))
