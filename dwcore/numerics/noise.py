"""Gaussian noise as a pure function of (seed, device instance, operating point, trajectory, step).

Design. A trajectory owns two 64-bit keys, made by hashing what it belongs to. Step n maps the counter
key_1 + n * odd constant through the SplitMix64 finalizer (G. L. Steele, D. Lea, C. H. Flood, OOPSLA 2014; mixing
constants of variant 13, D. Stafford 2011), with key_2 added between its two rounds: two trajectories whose
counters happen to overlap still see different numbers. The 64 bits give two 32-bit uniforms and these, by the
transform of G. E. P. Box and M. E. Muller (Ann. Math. Stat. 29, 610 (1958)), two independent standard normals that
reach 6.76 standard deviations. Equations of motion with three coordinates take the third deviates of two steps from one
more hash, the same with the two keys exchanged.

No state is kept, so results do not depend on threads, block sizes, order or interruptions.
"""

import hashlib
import struct

import numpy as np
from numba import njit

from dwcore.numerics.compiled import compiled
from dwcore.numerics.elementary import log_positive, rotate_quarters, sincos_quarter

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_LOW_32 = np.uint64(0xFFFFFFFF)
_LOW_30 = np.uint64(0x3FFFFFFF)
_U27, _U30, _U31, _U32 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(32)
_UNIT = 2.0**-32
_ANGLE = 1.5707963267948966 / 2.0**30


@njit(inline="always")
def mix(z):
    """Return the SplitMix64 finalizer: a bijection of uint64 whose output bits each depend on all input bits."""
    z = (z ^ (z >> _U30)) * _MIX_1
    z = (z ^ (z >> _U27)) * _MIX_2
    return z ^ (z >> _U31)


@njit(inline="always")
def step_bits(key_1, key_2, step):
    """Return 64 random bits of one trajectory at one step (all uint64)."""
    z = key_1 + step * _GOLDEN
    z = (z ^ (z >> _U30)) * _MIX_1 + key_2
    z = (z ^ (z >> _U27)) * _MIX_2
    return z ^ (z >> _U31)


@njit(inline="always")
def normal_pair(bits):
    """Return two independent standard normal deviates from 64 random bits."""
    u = (np.float64(np.int64(bits >> _U32)) + 0.5) * _UNIT
    radius = np.sqrt(-2.0 * log_positive(u))
    low = bits & _LOW_32
    r = (np.float64(np.int64(low & _LOW_30)) + (0.5 - 2.0**29)) * _ANGLE
    s, c = sincos_quarter(r)
    s, c = rotate_quarters(s, c, np.int64(low >> _U30))
    return radius * c, radius * s


@njit(inline="always")
def shifted_key(key_1, steps):
    """Return the first key of the same noise begun later: its step n is step n + `steps` (uint64) of `key_1`."""
    return key_1 + steps * _GOLDEN


@njit(inline="always")
def third_normals(key_1, key_2, step):
    """Return third normal deviates of an even step (uint64) and the next; the keys change places in the hash."""
    return normal_pair(step_bits(key_2, key_1, step))


@compiled()
def trajectory_keys(stream, first, key_1, key_2):
    """Fill the keys of trajectories first, first + 1, ... of one stream.

    Args:
        stream: hash of seed, device instance and operating point (uint64).
        first: number of the first trajectory (uint64).
        key_1: output, shape (n,), uint64.
        key_2: output, shape (n,), uint64.
    """
    for i in range(key_1.size):
        z = mix(stream + (first + np.uint64(i)) * _GOLDEN)
        key_1[i] = mix(z ^ _MIX_1)
        key_2[i] = mix(z + _MIX_2)


def stream_id(seed: int, instance: int, *operating_point: float) -> np.uint64:
    """Return the hash of (seed, device instance, operating point), 64 bits.

    The operating point is given by its physical values, not by its place in a plan, so that extending or cutting
    a plan leaves every result as it was.
    """
    packed = struct.pack(f"<Qq{len(operating_point)}d", seed, instance, *operating_point)
    return np.uint64(int.from_bytes(hashlib.sha256(packed).digest()[:8], "little"))
