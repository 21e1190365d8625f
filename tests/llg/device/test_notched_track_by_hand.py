"""How the potentials of notches are put together, with made-up ones in place of those of relaxed walls."""

import math
import types

import numpy as np
import pytest

from llg.device import notched_track
from llg.device.notch import Notch
from llg.device.notched_track import NotchedTrack

DELTA = 5e-9


@pytest.fixture
def made_up(monkeypatch):
    """`made_up(potential)` lets potential(x, cuts, width, delta) -> V and its slope stand for a relaxed wall."""

    def use(potential):
        def correction(cuts, width, delta, rows=None):
            return types.SimpleNamespace(evaluate=lambda x: np.stack(potential(x, cuts, width, delta)))

        monkeypatch.setattr(notched_track, "correction", correction)

    return use


def track(places, *, width=60e-9, depth=10e-9, length=40e-9, delta=0.1, shape="triangular"):
    notches = tuple(Notch(position=x, shape=shape, depth=depth, width=length) for x in places)
    return NotchedTrack(notches, lambda x: np.full_like(x, width), DELTA, delta)


def hills(x, cuts, width, delta):
    """Each notch its own hill about its place, as high as the notch is deep."""
    away = [x - cut.place for cut in cuts]
    V = sum(cut.depth * np.exp(-d * d / 8) for cut, d in zip(cuts, away, strict=True))
    return V, sum(-cut.depth * d / 4 * np.exp(-d * d / 8) for cut, d in zip(cuts, away, strict=True))


def numeric(q, V):
    return np.gradient(V, q / DELTA, edge_order=2)


def test_far_notches_add_up(made_up):
    """Depth 2 Delta each, 40 Delta apart and more: the sum of the hills, at their places on the track."""
    made_up(hills)
    q = np.linspace(0, 1e-6, 4001)
    V, slope = track([500e-9, 200e-9, 800e-9]).potential(q)
    expected = sum(2 * np.exp(-(((q - x) / DELTA) ** 2) / 8) for x in (200e-9, 500e-9, 800e-9))
    np.testing.assert_allclose(V, expected, rtol=0, atol=1e-12)
    assert slope == pytest.approx(numeric(q, V), abs=2e-3)


def test_one_pair_takes_over_from_the_other_within_the_notch_that_both_share(made_up):
    """Triangles of 8 Delta, 8 Delta apart: half deep within 2 Delta of their places, so that 4 Delta lie between."""
    made_up(hills)
    places = np.array([180e-9, 220e-9, 260e-9])
    q = np.linspace(100e-9, 340e-9, 2401)
    V, slope = track(places[[2, 0, 1]]).potential(q)
    u = np.clip((q - places[1]) / DELTA / 2, -1, 1)
    right = 0.5 + 0.75 * u - 0.25 * u**3
    first, middle, last = (2 * np.exp(-(((q - x) / DELTA) ** 2) / 8) for x in places)
    np.testing.assert_allclose(V, middle + (1 - right) * first + right * last, rtol=0, atol=2e-4)
    assert slope == pytest.approx(numeric(q, V), abs=2e-3)


def test_slope_where_one_pair_takes_over_from_the_other(made_up):
    """V = x of each pair, whose middles lie 8 Delta apart: it falls by 8 within the shared notch, to its half width."""
    made_up(lambda x, cuts, width, delta: (x, np.ones_like(x)))
    q = np.linspace(100e-9, 340e-9, 241)
    V, slope = track([180e-9, 220e-9, 260e-9]).potential(q)
    u = np.clip((q - 220e-9) / DELTA / 2, -1, 1)
    np.testing.assert_allclose(V, (q - 200e-9) / DELTA - 8 * (0.5 + 0.75 * u - 0.25 * u**3), rtol=0, atol=0.01)
    np.testing.assert_allclose(slope, 1 - 8 * 0.75 * (1 - u**2) / 2, rtol=0, atol=0.05)


def test_near_overlapping_and_far_notches():
    """Between the half-deep parts, pitch less 4 Delta: one group up to 0, pairs below 5 Delta, alone from there."""
    for pitch, groups in ((3.9, [2]), (4.1, [1, 1]), (8.9, [1, 1]), (9.1, None)):
        chains = track([200e-9, 200e-9 + pitch * DELTA])._chains()
        assert ([len(group) for group in chains[0]] if len(chains) == 1 else None) == groups, pitch


SIZES = {"width": 60e-9, "depth": 10e-9, "length": 40e-9, "delta": 0.1}


@pytest.mark.parametrize("factor", [1.05, 0.9, 1.25, 1.4])
@pytest.mark.parametrize("name", SIZES)
def test_expansion_in_the_logarithm_of_a_size_is_exact_for_a_parabola(made_up, name, factor):
    """V = 2 + 0.3 p + 0.7 p^2 in each logarithm p, near the nominal notch and near others of the lattice."""

    def parabolas(x, cuts, width, delta):
        (cut,) = cuts
        p = np.log([width, cut.depth, cut.width, delta / 0.1])
        return np.full_like(x, np.sum(2 + 0.3 * p + 0.7 * p**2)), np.zeros_like(x)

    made_up(parabolas)
    own, nominal = track([250e-9], **SIZES | {name: SIZES[name] * factor}), track([250e-9], **SIZES)
    q = np.array([250e-9])
    assert own.potential(q, nominal)[0] == pytest.approx(own.potential(q)[0], rel=1e-8)
    assert own.potential(q)[0, 0] != pytest.approx(nominal.potential(q)[0, 0], rel=1e-4)  # negative control


def test_notches_of_the_lattice_leave_a_fiftieth_of_the_track(made_up):
    """Of 60 nm cut by 28 nm from either edge, a step of 0.15 deeper would be 32.5 nm; and V keeps its distance to a longer one."""
    seen = []

    def depths(x, cuts, width, delta):
        seen.append(2 * cuts[0].depth / width)
        return np.exp(-np.abs(np.abs(x) - cuts[0].half)), np.zeros_like(x)

    made_up(depths)
    own, nominal = (track([250e-9], depth=28e-9 * f, length=40e-9 * f) for f in (1.01, 1.0))
    V, _ = own.potential(250e-9 + DELTA * np.array([-7.04, 6.04]), nominal)
    assert max(seen) == pytest.approx(0.98, rel=1e-6)
    assert np.log(V) == pytest.approx([-3, -2], rel=1e-6)  # beside the one as beside the other, 4.04 from its middle


def test_expansion_of_a_wall_without_chirality(made_up):
    made_up(lambda x, cuts, width, delta: (np.full_like(x, np.log(cuts[0].depth) ** 2 + delta), np.zeros_like(x)))
    own, nominal, q = track([250e-9], depth=11e-9, delta=0.0), track([250e-9], delta=0.0), np.array([250e-9])
    assert own.potential(q, nominal)[0] == pytest.approx(math.log(2.2) ** 2, rel=1e-8)


@pytest.mark.parametrize("steps", [-2, 2, 4])
def test_notches_two_steps_from_the_nominal_one_are_points_of_the_lattice(made_up, steps):
    """No law of the depth is expanded there; half a step away it is, about the nearest point."""
    made_up(lambda x, cuts, width, delta: (np.full_like(x, cuts[0].depth ** 5), np.zeros_like(x)))
    nominal, q = track([250e-9]), np.array([250e-9])
    own = track([250e-9], depth=10e-9 * math.exp(0.15 * steps))
    assert own.potential(q, nominal)[0] == pytest.approx(own.potential(q)[0], rel=1e-7)
    between, p = track([250e-9], depth=10e-9 * math.exp(0.15 * (steps - 0.5))), 0.75
    about = 1 - 0.5 * math.sinh(p) + 0.25 * (math.cosh(p) - 1)  # f = -1/2, e^(5 p) over two steps of 0.15
    assert between.potential(q, nominal)[0] == pytest.approx(own.potential(q)[0] * about, rel=1e-7)


def test_expansion_about_a_notch_of_another_length_looks_at_the_same_share_of_it(made_up):
    """V = (x/half)^2 within a notch: the place moves with the length, and the slope follows. Beside it V rises by 1."""

    def bowl(x, cuts, width, delta):
        half, inside = cuts[0].half, np.abs(x) < cuts[0].half
        return np.where(inside, (x / half) ** 2, 1 + np.abs(x) - half), np.where(inside, 2 * x / half**2, np.sign(x))

    made_up(bowl)
    own, nominal = track([250e-9], length=52e-9), track([250e-9])
    q = 250e-9 + DELTA * np.array([-7.0, -5.1, -2.0, 0.5, 4.9, 6.0])
    assert own.potential(q, nominal) == pytest.approx(own.potential(q), rel=1e-6)
    assert own.sizes(own.notches[0]) == pytest.approx([12, 2, 10.4, 0.1])


def test_near_notches_of_an_instance_do_together_what_nominal_ones_do(made_up):
    """V of a pair holds 0.5 more than its two hills; each hill is as high as the notch of the instance is deep."""

    def bound(x, cuts, width, delta):
        V, slope = hills(x, cuts, width, delta)
        return V + 0.5 * (len(cuts) - 1), slope

    made_up(bound)
    places = [200e-9, 240e-9]
    own, nominal = track(places, depth=10e-9 * math.exp(0.15)), track(places)
    q = np.array([150e-9, 200e-9, 220e-9, 240e-9])
    alone = sum(2 * math.exp(0.15) * np.exp(-(((q - x) / DELTA) ** 2) / 8) for x in places)
    assert own.potential(q, nominal)[0] == pytest.approx(alone + 0.5, rel=1e-6)
    fewer = track(places[:1])
    assert fewer.potential(q, nominal)[0] == pytest.approx(fewer.potential(q)[0])
