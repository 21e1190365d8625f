"""Averaged widths s1 and s2 against adaptive quadrature for every notch shape, and their limits."""

import math

import numpy as np
import pytest
from scipy.integrate import quad

from dwcore.errors import InputError
from llg.device.geometry import CELLS_PER_DELTA, average_width
from llg.device.notch import SHAPES, Notch
from llg.device.track import Track, outline, outline_problems

W, DELTA, LENGTH, CENTRE, DEPTH, WIDTH = 64e-9, 7.2e-9, 400e-9, 203.3e-9, 13e-9, 31e-9
TRACK = Track(length=LENGTH, width=W, thickness=1e-9)
TABLE = {"table_x": (-1.0, -0.2, 0.4, 1.0), "table_depth": (0.0, 1.0, 0.3, 0.0)}


def notch(shape, **changes):
    given = {"position": CENTRE, "shape": shape, "depth": DEPTH, "width": WIDTH}
    return Notch(**(given | (TABLE if shape == "table" else {}) | changes))


def averages(*notches, track=TRACK, Delta=DELTA):
    return average_width(lambda x: outline(track, notches, x), track.length, Delta, track.width)


def kernels(z):
    sech = 1 / math.cosh(min(abs(z), 300.0))
    tanh = math.tanh(z)
    return sech / math.pi, sech**2 / 2, sech * tanh / math.pi, sech**2 * tanh


def by_quadrature(cut, q):
    """(s1, s2, Delta ds1, Delta ds2) [m] at q from the cut of a straight track."""
    reach = 4 if cut.shape == "gaussian" else 1
    ends = [cut.position - 0.5 * reach * cut.width, cut.position + 0.5 * reach * cut.width]
    corners = [q, cut.position]
    corners += [cut.position + sign * 0.5 * cut.width * cut.top for sign in (-1, 1)]
    corners += [cut.position + 0.5 * cut.width * v for v in cut.table_x]
    inside = sorted({c for c in corners if ends[0] < c < ends[1]})
    found = []
    for k in range(4):
        removed = quad(
            lambda x, k=k: 2 * float(cut.cut(np.array(x))) * 1e9 * kernels((x - q) / DELTA)[k] / DELTA,
            *ends, points=inside or None, epsabs=1e-9, epsrel=1e-9, limit=400,
        )[0]  # fmt: skip
        found.append((W if k < 2 else 0.0) - 1e-9 * removed)
    return found


@pytest.mark.parametrize("shape", [*SHAPES, "table"])
def test_every_shape_against_quadrature(shape):
    """Cell averages cost about (cell/Delta)^2/24 of the cut; a vertical edge is placed to 1/16 cell, 2e-3 Delta."""
    cut = notch(shape)
    geometry = averages(cut)
    tolerance = (1e-3 if shape == "rectangular" else 3e-5) * 2 * DEPTH
    for offset in (-40e-9, -15.5e-9, -7e-9, -1e-9, 0.0, 3e-9, 14e-9, 33e-9):
        i = int(np.argmin(np.abs(geometry.q - CENTRE - offset)))
        s1, s2, ds1, ds2 = by_quadrature(cut, geometry.q[i])
        assert geometry.s1[i] == pytest.approx(s1, abs=tolerance)
        assert geometry.s2[i] == pytest.approx(s2, abs=tolerance)
        assert DELTA * geometry.ds1[i] == pytest.approx(ds1, abs=tolerance)
        assert DELTA * geometry.ds2[i] == pytest.approx(ds2, abs=tolerance)


@pytest.mark.parametrize("shape", [*SHAPES, "table"])
def test_derivatives_are_those_of_the_averages(shape):
    g = averages(notch(shape))
    for s, ds in ((g.s1, g.ds1), (g.s2, g.ds2)):
        fourth_order = (8 * (s[3:-1] - s[1:-3]) - (s[4:] - s[:-4])) / (12 * g.step)
        np.testing.assert_allclose(ds[2:-2], fourth_order, atol=1e-6 * np.abs(ds).max())


def test_straight_track():
    g = averages()
    np.testing.assert_allclose(g.s1, W, rtol=1e-10)
    np.testing.assert_allclose(g.s2, W, rtol=1e-10)
    np.testing.assert_allclose(g.ds1 * DELTA, 0, atol=1e-10 * W)
    np.testing.assert_allclose(g.ds2 * DELTA, 0, atol=1e-10 * W)


def test_grid():
    g = averages(notch("triangular"))
    assert (g.q[0], g.q[-1]) == pytest.approx((0.0, LENGTH))
    assert DELTA / g.step == pytest.approx(CELLS_PER_DELTA, rel=0.01)
    assert g.w_0 == W
    np.testing.assert_allclose(g.w, outline(TRACK, (notch("triangular"),), g.q))


def test_narrow_notch_takes_its_area_times_the_kernel():
    cut = notch("triangular", width=0.5e-9, depth=20e-9)
    g = averages(cut)
    area = cut.depth * cut.width  # both edges
    z = (g.q - CENTRE) / DELTA
    np.testing.assert_allclose(W - g.s1, area / (math.pi * DELTA) / np.cosh(z), atol=2e-3 * area / DELTA)
    np.testing.assert_allclose(W - g.s2, area / (2 * DELTA) / np.cosh(z) ** 2, atol=2e-3 * area / DELTA)


def test_slow_outline_is_the_local_width():
    """s - w = c Delta^2 w''/2 with the second moment of the kernel: c = pi^2/4 for sech, pi^2/12 for sech^2."""
    cut = notch("gaussian", width=150e-9)
    g = averages(cut)
    inside = np.abs(g.q - CENTRE) < 80e-9
    curvature = np.gradient(np.gradient(g.w, g.q), g.q)
    for s, moment in ((g.s1, math.pi**2 / 4), (g.s2, math.pi**2 / 12)):
        np.testing.assert_allclose((s - g.w)[inside], 0.5 * moment * (DELTA**2 * curvature)[inside], atol=0.05e-9)


def test_rectangular_step_has_a_closed_form():
    """One edge of a wide rectangular cut: s1 = w - 2 d (1/2 + (2/pi) arctan tanh(z/2)), s2 = w - d (1 + tanh z)."""
    step = 150e-9
    g = averages(notch("rectangular", position=400e-9, width=500e-9))
    z = (g.q - step) / DELTA
    near = np.abs(z) < 8
    s1 = W - 2 * DEPTH * (0.5 + 2 / math.pi * np.arctan(np.tanh(z / 2)))
    s2 = W - DEPTH * (1 + np.tanh(z))
    # The right step lies far beyond the end of the track; the left one is placed to 1/16 cell.
    np.testing.assert_allclose(g.s1[near], s1[near], atol=4e-4 * 2 * DEPTH)
    np.testing.assert_allclose(g.s2[near], s2[near], atol=4e-4 * 2 * DEPTH)


def test_overlapping_notches_count_the_deeper_cut():
    x = np.linspace(0, LENGTH, 4001)
    a, b = notch("triangular", position=190e-9), notch("cosine", position=205e-9, depth=8e-9)
    np.testing.assert_allclose(outline(TRACK, (a, b), x), W - 2 * np.maximum(a.cut(x), b.cut(x)))


@pytest.mark.parametrize("shape", [*SHAPES, "table"])
def test_cut_is_between_nothing_and_the_depth(shape):
    cut = notch(shape)
    x = np.linspace(0, LENGTH, 40_001)
    depth = cut.cut(x)
    assert depth.min() >= 0
    assert depth.max() == pytest.approx(DEPTH, rel=2e-3)
    if shape == "gaussian":
        assert cut.cut(np.array(CENTRE + WIDTH / 2)) == pytest.approx(DEPTH / 2)
    else:
        assert depth[np.abs(x - CENTRE) > WIDTH / 2 + 1e-12].max() == 0
    if shape != "table":
        distance = np.linspace(0, 0.49 * WIDTH, 50)
        np.testing.assert_allclose(cut.cut(CENTRE + distance), cut.cut(CENTRE - distance), atol=1e-12 * DEPTH)


def test_pads_and_tabulated_outline():
    padded = Track(length=LENGTH, width=W, thickness=1e-9, pad_width=100e-9, pad_taper=50e-9)
    x = np.array([-1.0, 0.0, 25e-9, 50e-9, 200e-9, 375e-9, LENGTH, 1.0])
    np.testing.assert_allclose(padded.base_width(x), [100e-9, 100e-9, 82e-9, W, W, 82e-9, 100e-9, 100e-9])
    table = Track(length=LENGTH, width=W, thickness=1e-9, outline_x=(0, LENGTH), outline_width=(50e-9, 90e-9))
    np.testing.assert_allclose(table.base_width(np.array([0, 100e-9, LENGTH])), [50e-9, 60e-9, 90e-9])
    g = averages(track=table)
    inner = slice(g.q.size // 4, -g.q.size // 4)
    np.testing.assert_allclose(g.ds1[inner], 0.1, rtol=1e-5)
    np.testing.assert_allclose(g.s2[inner], g.w[inner], rtol=1e-6)


def test_corners_are_those_within_the_track():
    """All points of an outline that ends within; the starts of both tapers."""
    inner = Track(
        length=LENGTH, width=W, thickness=1e-9, outline_x=(-1e-8, 0, 1e-8, 2e-7, 3e-7), outline_width=(W,) * 5
    )
    assert inner.corners == (1e-8, 2e-7, 3e-7)
    padded = Track(length=LENGTH, width=W, thickness=1e-9, pad_width=100e-9, pad_taper=50e-9)
    assert padded.corners == pytest.approx((50e-9, 350e-9))


def test_tapers_meet_at_most_in_the_middle():
    pads = {"length": LENGTH, "width": W, "thickness": 1e-9, "pad_width": 100e-9}
    assert Track(**pads, pad_taper=LENGTH / 2).base_width(np.array(LENGTH / 2)) == pytest.approx(W)
    with pytest.raises(InputError, match=r"pad_taper = 2.04e-07 \[m\] must be <= half the length = 2e-07"):
        Track(**pads, pad_taper=0.51 * LENGTH)


def test_notch_is_as_deep_as_the_track_is_wide_there_at_most():
    """90 nm wide at one end and 30 nm at the other: 20 nm off each edge are too much there alone."""
    table = Track(length=LENGTH, width=90e-9, thickness=1e-9, outline_x=(0, LENGTH), outline_width=(90e-9, 30e-9))
    deep = {"depth": 20e-9}
    assert not list(outline_problems(table, (notch("triangular", position=20e-9, **deep),)))
    (problem, *_) = outline_problems(table, (notch("triangular", position=380e-9, **deep),))
    assert "depth = 2e-08 [m] must be < half the track width = 1.65e-08" in problem
    (problem, *_) = outline_problems(TRACK, (notch("triangular", depth=W / 2),))
    assert "must be < half the track width" in problem


def test_notch_through_the_track_is_a_problem():
    problems = list(outline_problems(TRACK, (notch("triangular", depth=32e-9), notch("triangular", position=-1e-9))))
    assert len(problems) == 2
    assert "depth = 3.2e-08 [m] must be < half the track width" in problems[0]
    assert "must lie on the track" in problems[1]
