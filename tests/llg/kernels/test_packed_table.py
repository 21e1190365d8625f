"""The packed table: as exact as its docstring says, and free of numbers that slow processors down."""

import numpy as np
import pytest
from numba import njit

from llg.kernels.packed_table import cell_of, interpolate, pack

COLUMNS = 3


@njit
def read(words, unit, place, out):
    for i in range(place.size):
        cell = np.int64(place[i])
        for column in range(out.shape[1]):
            index = np.uint64(cell * out.shape[1] + column)
            out[i, column] = interpolate(words, index, (place[i] - cell) * unit)


@pytest.fixture(scope="module")
def points():
    """Values of three sizes with zeros and sign changes among them, and a column of zeros."""
    x = np.linspace(0, 20, 401)
    return np.stack([np.sin(x), 1e-3 * np.where(x < 10, 0.0, x - 10), 0 * x], axis=1)


def test_reads_what_linear_interpolation_gives(points):
    words, unit = pack(points)
    place = np.random.default_rng(5).uniform(0, points.shape[0] - 1, 20_000)
    out, cells = np.empty((place.size, COLUMNS)), np.arange(points.shape[0])
    read(words, unit, place, out)
    largest_step = np.abs(np.diff(points, axis=0)).max()
    for column in range(COLUMNS):
        exact = np.interp(place, cells, points[:, column])
        low = np.abs(points[place.astype(int), column])
        assert np.all(np.abs(out[:, column] - exact) <= 4e-9 * low + 6.1e-8 * largest_step)


@pytest.mark.parametrize(
    ("x", "cell", "place"),
    [(-3.0, 0, 0.0), (0.0, 0, 0.0), (0.3, 0, 0.6), (4.75, 9, 0.5), (5.0, 9, 1.0), (80.0, 9, 1.0)],
)
def test_beyond_either_end_the_value_is_that_there(x, cell, place):
    """Ten cells, two for a unit of x, in a table of three columns; places come in units of 7."""
    index, scaled = cell_of(x, 2.0, np.nextafter(10.0, 0.0), 7.0, np.uint64(COLUMNS))
    assert index == COLUMNS * cell and scaled == pytest.approx(7 * place)


def test_no_word_is_a_denormal_number(points):
    """A zero with a step in its low bits would be one: each read of it takes some hundred cycles on Intel processors."""
    words, _ = pack(points)
    values = words.view(np.float64)
    assert np.all(np.abs(values) >= np.finfo(float).tiny)
    assert np.count_nonzero(points[:-1] == 0) > 500
    assert np.all(np.abs(values[points[:-1].ravel() == 0]) < 1e-199)
