"""The packed table: as exact as its docstring says, and free of numbers that slow processors down."""

import numpy as np
import pytest
from numba import njit

from llg.kernels.packed_table import interpolate, pack

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


def test_no_word_is_a_denormal_number(points):
    """A zero with a step in its low bits would be one: each read of it takes some hundred cycles on Intel processors."""
    words, _ = pack(points)
    values = words.view(np.float64)
    assert np.all(np.abs(values) >= np.finfo(float).tiny)
    assert np.count_nonzero(points[:-1] == 0) > 500
    assert np.all(np.abs(values[points[:-1].ravel() == 0]) < 1e-199)
