"""Polynomial sine, cosine and logarithm against extended precision."""

import llvmlite.binding as llvm
import numpy as np
import pytest
from numba import njit

from dwcore.numerics.elementary import bits_float, float_bits, log_positive, rotate_quarters, sincos, sincos_quarter

SEED = 20240501
WIDE = np.longdouble
HAS_FMA = llvm.get_host_cpu_features().get("fma", False)  # named so on x86; elsewhere the weaker bound is tested
pytestmark = pytest.mark.skipif(
    np.finfo(WIDE).eps > 1e-18, reason="the reference needs a long double wider than double"
)


@njit
def each_sincos_quarter(r, sine, cosine):
    for i in range(r.size):
        sine[i], cosine[i] = sincos_quarter(r[i])


@njit
def each_sincos(angle, sine, cosine):
    for i in range(angle.size):
        sine[i], cosine[i] = sincos(angle[i])


@njit(fastmath={"contract"}, error_model="numpy")
def each_sincos_contracted(angle, sine, cosine):
    for i in range(angle.size):
        sine[i], cosine[i] = sincos(angle[i])


@njit
def each_log(u, out):
    for i in range(u.size):
        out[i] = log_positive(u[i])


@njit
def each_rotation(sine, cosine, quarters, out):
    for i in range(quarters.size):
        out[0, i], out[1, i] = rotate_quarters(sine, cosine, quarters[i])


@njit
def through_bits(values, out):
    for i in range(values.size):
        out[i] = bits_float(float_bits(values[i]))


def both(function, argument):
    sine, cosine = np.empty((2, argument.size))
    function(argument, sine, cosine)
    return sine, cosine


def ulps(value, exact):
    """Largest error in units of the last place of the exact result."""
    return float(np.max(np.abs(value - exact) / np.spacing(np.abs(exact).astype(float))))


def test_sincos_quarter_is_right_to_its_last_place():
    rng = np.random.default_rng(SEED)
    top = np.pi / 4
    tiny = np.geomspace(1e-300, top, 20_000)
    r = np.concatenate([rng.uniform(-top, top, 300_000), tiny, -tiny, [0.0, top, -top]])
    sine, cosine = both(each_sincos_quarter, r)
    assert ulps(sine[r != 0], np.sin(r[r != 0].astype(WIDE))) < 1.5
    assert ulps(cosine, np.cos(r.astype(WIDE))) < 1.5
    assert sine[r == 0] == 0


@pytest.mark.parametrize("function", [each_sincos, each_sincos_contracted])
def test_sincos_absolute_error(function):
    fused = function is each_sincos_contracted and HAS_FMA
    rng = np.random.default_rng(SEED)
    quarters = np.arange(-2000, 2001) * np.pi / 4
    wide = np.exp(rng.uniform(np.log(1e-8), np.log(1e6), 200_000)) * rng.choice([-1, 1], 200_000)
    angle = np.concatenate([rng.uniform(-20, 20, 200_000), wide, quarters, np.nextafter(quarters, np.inf), [0.0]])
    sine, cosine = both(function, angle)
    allowed = 3e-16 + (0.0 if fused else 2e-16) * np.abs(angle)
    assert np.all(np.abs(sine - np.sin(angle.astype(WIDE))) < allowed)
    assert np.all(np.abs(cosine - np.cos(angle.astype(WIDE))) < allowed)


def test_sincos_symmetry_is_exact():
    angle = np.random.default_rng(SEED).uniform(-1e3, 1e3, 50_000)
    sine, cosine = both(each_sincos, angle)
    mirrored_sine, mirrored_cosine = both(each_sincos, -angle)
    np.testing.assert_array_equal(mirrored_sine, -sine)
    np.testing.assert_array_equal(mirrored_cosine, cosine)


def test_log_relative_error():
    rng = np.random.default_rng(SEED)
    near_one = 1 - np.geomspace(2.0**-53, 0.5, 50_000)
    near_root = np.sqrt(0.5) * (1 + np.linspace(-1e-12, 1e-12, 2001))
    u = np.concatenate(
        [
            rng.uniform(0, 1, 300_000),
            np.geomspace(np.finfo(float).tiny, 0.999, 100_000),
            near_one,
            near_root,
            2.0 ** -np.arange(1, 1023),
            (np.arange(1000) + 0.5) * 2.0**-32,  # the smallest uniforms of the noise
        ]
    )
    out = np.empty(u.size)
    each_log(u, out)
    exact = np.log(u.astype(WIDE))
    assert float(np.max(np.abs((out - exact) / exact))) < 4e-16


def test_log_of_one_is_zero():
    out = np.empty(1)
    each_log(np.ones(1), out)
    assert out[0] == 0


def test_rotation_by_quarter_turns():
    sine, cosine = 0.6, 0.8
    quarters = np.array([0, 1, 2, 3, 4, -1, -2, 7, 2**31 + 1], np.int64)
    out = np.empty((2, quarters.size))
    each_rotation(sine, cosine, quarters, out)
    expected = {0: (0.6, 0.8), 1: (0.8, -0.6), 2: (-0.6, -0.8), 3: (-0.8, 0.6)}
    for column, quarter in zip(out.T, quarters, strict=True):
        assert tuple(column) == expected[int(quarter) % 4]


def test_bits_of_a_float_and_back():
    values = np.array([0.0, -0.0, 1.5, -3e-308, 5e-324, np.inf, -np.inf])
    out = np.empty(values.size)
    through_bits(values, out)
    np.testing.assert_array_equal(out.view(np.int64), values.view(np.int64))
