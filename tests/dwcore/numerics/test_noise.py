"""The counter-based Gaussian noise: a pure function, uniform, independent and normal far into the tails.

Every test of chance fixes its keys, so that it passes or fails for good; P_MIN is the chance that a sound generator
with other keys fails one of them. `weak_bits` is the negative control: the bare counter without the mixing.
"""

import numpy as np
import pytest
from numba import njit
from scipy import stats

from dwcore.numerics.noise import mix, normal_pair, shifted_key, step_bits, stream_id, third_normals, trajectory_keys

P_MIN = 1e-4
STREAM = stream_id(7, 0, 1e11, 300.0)


@njit
def weak_bits(key_1, key_2, step):
    return key_1 + step * np.uint64(0x9E3779B97F4A7C15)


@njit
def fill_bits(key_1, key_2, out):
    for lane in range(out.shape[0]):
        for step in range(out.shape[1]):
            out[lane, step] = step_bits(key_1[lane], key_2[lane], np.uint64(step))


@njit
def fill_weak_bits(key_1, key_2, out):
    for lane in range(out.shape[0]):
        for step in range(out.shape[1]):
            out[lane, step] = weak_bits(key_1[lane], key_2[lane], np.uint64(step))


@njit(fastmath={"contract"}, error_model="numpy")
def fill_normals(bits, out):
    for i in range(bits.size):
        out[0, i], out[1, i] = normal_pair(bits[i])


@njit(fastmath={"contract"}, error_model="numpy")
def count_beyond(key_1, key_2, steps, thresholds):
    """Number of |z| beyond each threshold among 2 * lanes * steps normals."""
    counts = np.zeros(thresholds.size, np.int64)
    for lane in range(key_1.size):
        for step in range(steps):
            z_1, z_2 = normal_pair(step_bits(key_1[lane], key_2[lane], np.uint64(step)))
            if max(abs(z_1), abs(z_2)) > thresholds[0]:
                for i in range(thresholds.size):
                    counts[i] += (abs(z_1) > thresholds[i]) + (abs(z_2) > thresholds[i])
    return counts


@njit
def each_mix(values):
    for i in range(values.size):
        values[i] = mix(values[i])


def keys(n, stream=STREAM, first=0):
    key_1, key_2 = np.empty((2, n), np.uint64)
    trajectory_keys(stream, np.uint64(first), key_1, key_2)
    return key_1, key_2


def bits(lanes, steps, fill=fill_bits, stream=STREAM):
    out = np.empty((lanes, steps), np.uint64)
    fill(*keys(lanes, stream), out)
    return out


def normals(lanes, steps, fill=fill_bits):
    """Standard normals, shape (2, lanes, steps)."""
    source = bits(lanes, steps, fill)
    out = np.empty((2, source.size))
    fill_normals(source.ravel(), out)
    return out.reshape(2, lanes, steps)


def p_uniform_bytes(source):
    """Chi-square probability that each of the eight bytes takes its 256 values equally often; the least of eight."""
    octets = np.ascontiguousarray(source).ravel().view(np.uint8).reshape(-1, 8)
    return 8 * min(stats.chisquare(np.bincount(column, minlength=256)).pvalue for column in octets.T)


def p_correlation(a, b):
    """Two-sided probability of the sample correlation of two independent series of zero mean."""
    a, b = a.ravel() - a.mean(), b.ravel() - b.mean()
    z = np.dot(a, b) / np.sqrt(np.dot(a, a) * np.dot(b, b)) * np.sqrt(a.size)
    return float(2 * stats.norm.sf(abs(z)))


def p_serial(z):
    """The least corrected probability among lags 1 to 8 along the steps and along the lanes, values and squares."""
    found = []
    for values in (z[0], z[0] ** 2):
        for lag in range(1, 9):
            found.append(p_correlation(values[:, lag:], values[:, :-lag]))
            found.append(p_correlation(values[lag:], values[:-lag]))
    return len(found) * min(found)


def test_pure_function_of_keys_and_step():
    whole = bits(100, 50)
    np.testing.assert_array_equal(whole, bits(100, 50))
    np.testing.assert_array_equal(whole[:13, :7], bits(13, 7))
    later = np.empty((5, 50), np.uint64)
    fill_bits(*keys(5, first=95), later)
    np.testing.assert_array_equal(whole[95:], later)


def test_noise_begun_later_is_the_rest_of_the_noise():
    whole, (key_1, key_2) = bits(3, 50), keys(3)
    with np.errstate(over="ignore"):
        later = np.array([shifted_key(key, np.uint64(37)) for key in key_1], np.uint64)
    rest = np.empty((3, 13), np.uint64)
    fill_bits(later, key_2, rest)
    np.testing.assert_array_equal(rest, whole[:, 37:])


def test_normals_are_those_of_box_and_muller():
    """High half u = (k + 1/2)/2^32; of the low half two bits turn by quarters, 30 say where within +-pi/4."""
    source = bits(40, 50).ravel()
    found = np.empty((2, source.size))
    fill_normals(source, found)
    high, low = (source >> np.uint64(32)).astype(float), source & np.uint64(0xFFFFFFFF)
    within = (low & np.uint64(0x3FFFFFFF)).astype(float) + 0.5 - 2.0**29
    angle = 0.5 * np.pi * (within / 2.0**30 + (low >> np.uint64(30)).astype(float))
    radius = np.sqrt(-2 * np.log((high + 0.5) / 2.0**32))
    np.testing.assert_allclose(found, radius * np.array([np.cos(angle), np.sin(angle)]), rtol=0, atol=1e-12)


def test_stream_depends_on_every_part_and_on_nothing_else():
    parts = [(7, 0, 1e11, 300.0), (8, 0, 1e11, 300.0), (7, 1, 1e11, 300.0), (7, 0, -1e11, 300.0), (7, 0, 1e11, 301.0)]
    parts += [(7, 0, 300.0, 1e11), (7, 0, 1e11), (0, 7, 1e11, 300.0)]
    streams = [stream_id(*p) for p in parts]
    assert len(set(streams)) == len(parts)
    assert streams[0] == stream_id(7, 0, 1e11, 300.0) == STREAM


def test_mix_is_a_bijection_that_spreads_every_input_bit():
    values = np.arange(1 << 16, dtype=np.uint64)
    mixed = values.copy()
    each_mix(mixed)
    assert np.unique(mixed).size == values.size
    for bit in range(64):
        flipped = values ^ np.uint64(1 << bit)
        each_mix(flipped)
        changed = np.unpackbits((mixed ^ flipped).view(np.uint8)).reshape(-1, 64).mean(axis=0)
        # Each output bit flips in half of the cases; 6 standard errors for 4096 comparisons.
        assert np.all(np.abs(changed - 0.5) < 6 * 0.5 / 256), bit


def test_keys_of_trajectories_differ():
    key_1, key_2 = keys(300_000)
    assert np.unique(key_1).size == np.unique(key_2).size == 300_000


@pytest.mark.parametrize("shape", [(1, 1 << 20), (1 << 20, 1), (1024, 1024)])
def test_bytes_are_uniform(shape):
    assert p_uniform_bytes(bits(*shape)) > P_MIN


def test_pairs_of_neighbours_are_uniform():
    source = (bits(1024, 1024) >> np.uint64(58)).astype(np.int64)
    for a, b in ((source[:, 1:], source[:, :-1]), (source[1:], source[:-1])):
        counts = np.bincount((64 * a[:, ::2] + b[:, ::2]).ravel(), minlength=64 * 64)
        assert stats.chisquare(counts).pvalue > P_MIN


def test_streams_are_uncorrelated():
    z = np.empty((2, 1 << 18))
    near = np.empty((2, 1 << 18))
    fill_normals(bits(512, 512).ravel(), z)
    fill_normals(bits(512, 512, stream=STREAM + np.uint64(1)).ravel(), near)
    assert min(p_correlation(a, b) for a in z for b in near) > P_MIN


def test_normals_are_uncorrelated_along_steps_and_lanes():
    assert p_serial(normals(512, 512)) > P_MIN


def test_the_two_normals_of_a_step_are_independent():
    z_1, z_2 = normals(1024, 1024)
    assert p_correlation(z_1, z_2) > P_MIN
    assert p_correlation(z_1**2, z_2**2) > P_MIN
    angle = np.arctan2(z_2, z_1).ravel()
    assert stats.chisquare(np.histogram(angle, np.linspace(-np.pi, np.pi, 513))[0]).pvalue > P_MIN


@njit(fastmath={"contract"}, error_model="numpy")
def fill_third(key_1, key_2, out):
    for lane in range(out.shape[0]):
        for step in range(0, out.shape[1], 2):
            out[lane, step], out[lane, step + 1] = third_normals(key_1[lane], key_2[lane], np.uint64(step))


def test_third_normals_are_normal_and_independent_of_the_pairs_of_both_steps():
    lanes, steps = 1024, 512
    third, pairs = np.empty((lanes, steps)), normals(lanes, steps)
    fill_third(*keys(lanes), third)
    assert stats.kstest(third.ravel(), "norm").pvalue > P_MIN
    assert p_serial(third[None]) > P_MIN
    other = third.reshape(lanes, -1, 2)[:, :, ::-1].reshape(lanes, steps)  # of the other step of the two
    found = [p_correlation(a**k, b**k) for a in pairs for b in (third, other) for k in (1, 2)]
    assert len(found) * min(found) > P_MIN


def test_moments_to_the_fourth():
    for z in normals(1024, 1024).reshape(2, -1):
        # Standard errors of the mean of z^k: sqrt((E z^2k - (E z^k)^2)/n).
        for power, mean, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
            z_score = (np.mean(z**power) - mean) / np.sqrt(variance / z.size)
            assert abs(z_score) < 4, (power, z_score)


def test_kolmogorov_smirnov():
    for z in normals(1024, 1024).reshape(2, -1):
        assert stats.kstest(z, "norm").pvalue > P_MIN


def test_negative_control_fails():
    assert p_serial(normals(64, 1024, fill_weak_bits)) < 1e-12
    assert p_uniform_bytes(bits(1 << 16, 1) | np.uint64(1)) < 1e-12
    assert stats.kstest(1.02 * normals(512, 1024)[0].ravel(), "norm").pvalue < P_MIN
    z = normals(512, 512)
    assert p_correlation(z[0], z[1] + 0.02 * z[0]) < P_MIN


def test_tail_counts():
    """Counts beyond 3, 4, 5 and 5.5 sigma in 6.7e7 normals: 1.8e5, 4.3e3, 38 and 2.5 expected, Poisson error."""
    thresholds = np.array([3.0, 4.0, 5.0, 5.5])
    lanes, steps = 1024, 32768
    counts = count_beyond(*keys(lanes), steps, thresholds)
    expected = 2 * lanes * steps * 2 * stats.norm.sf(thresholds)
    for count, mean in zip(counts, expected, strict=True):
        assert min(stats.poisson.cdf(count, mean), stats.poisson.sf(count - 1, mean)) > P_MIN


def radii(thresholds):
    """All radii beyond the least threshold that the high 32 bits can give, from the transform itself."""
    n = int(2**32 * np.exp(-0.5 * thresholds[0] ** 2)) + 1
    source = np.arange(n, dtype=np.uint64) << np.uint64(32)
    pairs = np.empty((2, n))
    fill_normals(source, pairs)
    return np.hypot(*pairs)


def test_tail_probabilities_of_the_map_are_exact():
    """For uniform bits, P(|z| > t): exact sum over the radii against the normal law, to 6 sigma.

    The 2^32 equally likely radii make steps in the tail; beyond 6 sigma only 65 of them are left.
    """
    thresholds = np.array([4.0, 5.0, 5.5, 6.0])
    r = radii(thresholds)
    for t, tolerance in zip(thresholds, (1e-7, 1e-5, 2e-4, 3e-3), strict=True):
        beyond = r[r > t]
        probability = np.sum(2 / np.pi * np.arccos(t / beyond)) / 2**32
        assert probability == pytest.approx(2 * stats.norm.sf(t), rel=tolerance)
    assert r.max() == pytest.approx(6.76, abs=0.01)
