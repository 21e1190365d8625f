"""Elementary functions that the compiler can vectorize: logarithm, sine and cosine in double precision.

The functions of `math` are opaque calls and stop the vectorizer, so that a loop over lanes runs one lane at a
time. These are branch-free polynomials; each docstring states the error that the tests check. Coefficients are
Chebyshev fits in the squared argument made for this file; `tests/dwcore/numerics/test_elementary.py` measures the
errors.
"""

import numpy as np
from llvmlite import ir
from numba import config, njit, types
from numba.extending import intrinsic

_ROUND = 6755399441055744.0  # 1.5 * 2**52: adding it leaves the nearest integer in the low bits of a double
_TWO_OVER_PI = 0.6366197723675814
_HALF_PI_HIGH = 1.5707963267948966
_HALF_PI_LOW = 6.123233995736766e-17
_LN2 = 0.6931471805599453
_MANTISSA = np.int64(0x000FFFFFFFFFFFFF)
_ONE_BITS = np.int64(0x3FF0000000000000)
_SQRT_HALF_BITS = np.int64(0x3FE6A09E667F3BCD)
_EXPONENT_MAGIC = np.int64(
    0x4330000000000000
)  # bits of 2**52: an integer below 2**52 in the low bits becomes 2**52 + it
_EXPONENT_OFFSET = 4503599627370496.0 + 1023.0


@intrinsic
def float_bits(typing_context, value):
    """Reinterpret a float64 as int64."""

    def codegen(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.IntType(64))

    return types.int64(types.float64), codegen


@intrinsic
def bits_float(typing_context, bits):
    """Reinterpret an int64 as float64."""

    def codegen(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(types.int64), codegen


if getattr(config, "DISABLE_JIT"):  # noqa: B009 - numba sets it at run time

    def float_bits(value):  # type: ignore[misc]
        """Reinterpret a float64 as int64."""
        return np.float64(value).view(np.int64)

    def bits_float(bits):  # type: ignore[misc]
        """Reinterpret an int64 as float64."""
        return np.int64(bits).view(np.float64)


@njit(inline="always")
def sincos_quarter(r):
    """Return the sine and cosine of r [rad] for |r| <= pi/4, to 1.5 units in the last place."""
    z = r * r
    s = 1.5918115263265972916e-10
    s = s * z - 2.5051131650235181431e-8
    s = s * z + 2.7557316101617874437e-6
    s = s * z - 1.9841269836756772528e-4
    s = s * z + 8.3333333333309472945e-3
    s = s * z - 1.6666666666666664622e-1
    c = -1.1382623647474603204e-11
    c = c * z + 2.0876146146558611558e-9
    c = c * z - 2.7557317271145145962e-7
    c = c * z + 2.4801587298764560771e-5
    c = c * z - 1.3888888888887396492e-3
    c = c * z + 4.1666666666666665388e-2
    return r + r * z * s, 1.0 - 0.5 * z + z * z * c


@njit(inline="always")
def rotate_quarters(sine, cosine, quarters):
    """Return the sine and cosine of an angle after adding `quarters` (int64, modulo 4) quarter turns."""
    swap = (quarters & 1) == 1
    s = cosine if swap else sine
    c = sine if swap else cosine
    sign_s = (quarters & 2) << 62
    sign_c = ((quarters + 1) & 2) << 62
    return bits_float(float_bits(s) ^ sign_s), bits_float(float_bits(c) ^ sign_c)


@njit(inline="always")
def sincos(angle):
    """Return the sine and cosine of angle [rad], |angle| < 1e6, absolute error below 3e-16.

    That is where the caller lets the compiler contract to fused multiply-adds and the processor has them; elsewhere
    the reduction adds up to 2e-16 |angle|.
    """
    shifted = angle * _TWO_OVER_PI + _ROUND
    turns = shifted - _ROUND
    r = (angle - turns * _HALF_PI_HIGH) - turns * _HALF_PI_LOW
    s, c = sincos_quarter(r)
    return rotate_quarters(s, c, float_bits(shifted))


@njit(inline="always")
def log_positive(u):
    """Return the natural logarithm of a normal number u in (0, 1], relative error below 4e-16.

    u = m 2**e with m in [sqrt(1/2), sqrt(2)), log m = 2 artanh(s) with s = (m - 1)/(m + 1).
    """
    bits = float_bits(u) + (_ONE_BITS - _SQRT_HALF_BITS)
    exponent = bits_float((bits >> 52) | _EXPONENT_MAGIC) - _EXPONENT_OFFSET
    m = bits_float((bits & _MANTISSA) + _SQRT_HALF_BITS)
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    p = 0.073089035767088900012
    p = p * z + 0.07665805861027482165
    p = p * z + 0.090914462162684364019
    p = p * z + 0.11111105544689748093
    p = p * z + 0.14285714313126918803
    p = p * z + 0.19999999999949445257
    p = p * z + 0.33333333333333348538
    return exponent * _LN2 + (2.0 * s + 2.0 * s * z * p)
