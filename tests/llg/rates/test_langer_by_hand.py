"""Langer's formula on a made-up landscape, whose integrals and eigenvalues are known.

    E/kB T = V(x) + K [1 - cos(phi - c x)],  V = B [1 - cos(2 pi (x - 5)/P)]/2,  x = q/Delta,  friction N(x)

The angle keeps its law along the track, so that A(q) = V up to a constant; c turns it, so that the Hessian has a cross term.
"""

import dataclasses
import math
import types

import numpy as np
import pytest
from scipy.integrate import quad

from dwcore.errors import InputError, RunError
from llg.constants import K_B
from llg.device.device_file import device_from_mapping, load_device
from llg.landscape.wells import Well, find_wells
from llg.rates import rate_matrix, retention_curve, turnover
from llg.rates.langer import NEGLIGIBLE, Passage, _top, free_energy, passages
from llg.rates.retention_curve import retention_against_temperature
from llg.rates.thermal_grid import hessian, thermal_grid
from llg.rates.turnover import crossing_losses, transfer_factors
from llg.walls.q_phi import QPhiModel

T = 300.0
KT = K_B * T
DELTA, PITCH, LENGTH, N_0 = 5e-9, 10.0, 20.0, 3e-20


@dataclasses.dataclass
class Made:
    """Two wells, at x = 5 and 15, with a saddle at x = 10 and one at either end of the track."""

    barrier: float = 12.0
    K: float = 60.0
    c: float = 0.0
    alpha: float = 0.5
    Q: int = 1
    swing: float = 0.0
    """Of the friction along the track, relative."""
    twofold: float | None = None
    """Energy by which the wall that points the other way lies higher [kB T]; such walls must exist."""
    current_density: float = 0.0
    Delta = DELTA
    device = types.SimpleNamespace(track=types.SimpleNamespace(length=LENGTH * DELTA))

    def potential(self, x):
        return 0.5 * self.barrier * (1 - np.cos(2 * np.pi * (x - 5) / PITCH))

    def energy(self, q, phi):
        angle = phi - self.c * q / DELTA - 0.3
        if self.twofold is None:
            held = self.K * (1 - np.cos(angle))
        else:
            held = self.K * np.sin(angle) ** 2 + 0.5 * self.twofold * (1 - np.cos(angle))
        return KT * (self.potential(q / DELTA) + held)

    def fields(self, q, phi):
        h = 1e-5
        return 0.0, -(self.energy(q, phi + h) - self.energy(q, phi - h)) / (2 * h)

    def friction(self, q):
        return N_0 * (1 + self.swing * np.sin(2 * np.pi * q / DELTA / PITCH + 1.0))

    @property
    def wells(self):
        def well(x, left, right):
            place = {"q": x * DELTA, "phi": 0.3 + self.c * x, "left_edge": left * DELTA, "right_edge": right * DELTA}
            rest = {"left_foot": 0.0, "right_foot": 0.0, "depinning_field_left": 0.0, "depinning_field_right": 0.0}
            return Well(**place, **rest, energy=0.0, barrier_left=self.barrier * KT, barrier_right=self.barrier * KT)

        return [well(5.0, 0.0, 10.0), well(15.0, 10.0, 20.0)]

    @property
    def grid(self):
        return thermal_grid(self, self.wells, T)

    def middle(self):
        """Return the way from the first well to the second."""
        return next(way for way in passages(self, self.wells, self.grid, T) if way.left == 0)

    def length(self):
        """Return L of the way, by quadrature [Delta]."""
        top = self.friction(10 * DELTA)
        return quad(
            lambda x: math.exp(self.potential(x) - self.barrier) * self.friction(x * DELTA) / top, 5, 15, epsabs=0
        )[0]


@pytest.mark.parametrize("swing", [-0.6, 0.0, 0.6])
@pytest.mark.parametrize("barrier", [3.0, 12.0])
def test_a_wall_that_creeps_diffuses_over_the_whole_way(barrier, swing):
    """kB T/(alpha integral of N exp(A) dx times integral of exp(-A) dx), with a friction that changes along the way."""
    it = Made(barrier=barrier, K=4000.0, alpha=2.0, swing=swing)
    way, inside = it.middle(), quad(lambda x: math.exp(-it.potential(x)), 0, 10)[0]
    climb = quad(lambda x: it.friction(x * DELTA) * math.exp(it.potential(x)), 5, 15)[0]
    rate = way.rate(free_energy(it.grid, 0), it.grid.reference, T)
    assert rate == pytest.approx(KT / (it.alpha * climb * inside), rel=5e-3)


@pytest.mark.parametrize(("alpha", "c", "Q"), [(0.02, 0.0, 1), (0.5, 0.7, 1), (0.5, 0.7, -1), (3.0, -0.2, 1)])
def test_the_unstable_mode_and_the_curvature_at_the_saddle(alpha, c, Q):
    """N^2 (1 + alpha^2) lambda^2 + N alpha tr H lambda + det H = 0, det H = -2 pi kB T/L^2 E_phiphi whatever c is."""
    it = Made(alpha=alpha, c=c, Q=Q, swing=0.4)
    (saddle,) = it.middle().saddles
    curvature, N = 2 * math.pi / it.length() ** 2, float(it.friction(10 * DELTA)) / KT
    det, trace = -curvature * it.K, -curvature + c**2 * it.K + it.K
    a, b = N**2 * (1 + alpha**2), N * alpha * trace
    assert saddle.q == pytest.approx(10 * DELTA, rel=1e-6)
    assert np.linalg.det(saddle.hessian) / KT**2 == pytest.approx(det, rel=2e-3)
    assert saddle.growth == pytest.approx((-b + math.sqrt(b * b - 4 * a * det)) / (2 * a), rel=2e-3)
    assert it.middle().weight == pytest.approx(saddle.growth / math.sqrt(-det), rel=2e-3)


def test_the_hessian_has_its_cross_term():
    it = Made(c=0.7)
    bend = 0.5 * it.barrier * (2 * math.pi / PITCH) ** 2
    expected = np.array([[bend + 0.49 * it.K, -0.7 * it.K], [-0.7 * it.K, it.K]])
    assert hessian(it, 5 * DELTA, 0.3 + 0.7 * 5) / KT == pytest.approx(expected, rel=1e-4)


def test_the_free_energy_of_a_well_is_an_integral_over_its_places_and_all_angles():
    it = Made(K=30.0)
    angle = quad(lambda phi: math.exp(-it.K * (1 - math.cos(phi))), -math.pi, math.pi)[0]
    inside = quad(lambda x: math.exp(-it.potential(x)), 0, 10)[0]
    assert free_energy(it.grid, 1) == pytest.approx(-math.log(angle * inside), abs=1e-3)


def test_saddles_of_either_angle_add_by_their_boltzmann_factors():
    one, two = Made(twofold=0.0).middle(), Made(twofold=1.5).middle()
    assert len(one.saddles) == len(two.saddles) == 2
    low, high = sorted(saddle.energy for saddle in two.saddles)
    assert high - low == pytest.approx(1.5 * KT, rel=1e-6) and two.energy == low
    first, second = (
        saddle.growth / math.sqrt(-np.linalg.det(saddle.hessian)) * KT
        for saddle in sorted(two.saddles, key=lambda saddle: saddle.energy)
    )
    assert two.weight == pytest.approx(first + math.exp(-1.5) * second, rel=1e-9)
    assert len(Made(twofold=11.0).middle().saddles) == 1


def test_an_angle_that_six_kT_hold_is_taken_as_held():
    assert Made(K=3.05, alpha=1.0).middle().weight > 0
    with pytest.raises(RunError, match=r"held by 5\.9 kB T .* must be >= 6"):
        Made(K=2.95, alpha=1.0).middle()


def test_a_rate_knows_only_differences_of_energy():
    """Doubled by 2 ln 2 kB T less to climb; energies count from the reference."""
    way = Passage(0, 1, (), 9 * KT, 5e8)
    assert way.rate(1.0, 2 * KT, T) == pytest.approx(5e8 * math.exp(1.0 - 7.0))
    assert way.rate(1.0, 2 * KT, T / 2) == pytest.approx(5e8 * math.exp(1.0 - 14.0))


def test_ends_that_no_wall_takes_are_closed():
    """From thirty kB T above the other way out."""
    it, grid = Made(), Made().grid
    for above, ways in ((NEGLIGIBLE - 1, [(-1, 0), (0, 1), (1, 2)]), (NEGLIGIBLE + 1, [(0, 1)])):
        first, last = it.wells
        first = dataclasses.replace(first, barrier_left=first.barrier_right + above * KT)
        last = dataclasses.replace(last, barrier_right=last.barrier_left + above * KT)
        assert [(way.left, way.right) for way in passages(it, [first, last], grid, T)] == ways


def test_the_top_of_a_parabola_lies_between_the_points():
    q = np.linspace(0.0, 1.0, 11)
    assert _top(q, 3.0 - 7.0 * (q - 0.437) ** 2) == pytest.approx((0.437, 3.0))
    assert _top(q, q) == (1.0, 1.0) and _top(q, -q) == (0.0, 0.0)


@pytest.mark.parametrize("twofold", [None, 0.0])
def test_the_loss_on_a_crossing_is_that_of_a_swing_below_the_lower_saddle(twofold):
    """alpha/2 times the integral of E_xx + E_phiphi where E < 6 kB T, by quadrature; each of two angles has its own swing."""
    it, k = Made(alpha=0.01, K=40.0, twofold=twofold), 2 * math.pi / PITCH

    def across(x):
        """The integral over the angle, up to where E is 6 kB T."""
        left, bend = 6.0 - it.potential(x), 0.5 * it.barrier * k**2 * math.cos(k * (x - 5))
        if twofold is None:
            angle = math.acos(1 - left / it.K)
            return 2 * angle * bend + 2 * it.K * math.sin(angle)
        angle = math.asin(math.sqrt(left / it.K))
        return 2 * angle * bend + 2 * it.K * math.sin(2 * angle)

    saddles = it.middle().saddles
    ways = [Passage(-1, 0, saddles, 9 * KT, 1.0), Passage(0, 1, saddles, 6 * KT, 1.0)]
    losses = crossing_losses(it, it.grid, ways, 2, T)
    assert losses[0] == pytest.approx(0.5 * it.alpha * quad(across, 2.5, 7.5)[0], rel=0.02)
    assert losses[1] == pytest.approx(losses[0], rel=0.02)


def test_a_wall_that_leaves_to_the_right_ends_on_the_right():
    """However often it swings; and what it loses on a crossing is resolved down to 0.03 kB T."""
    ways = [Passage(i, i + 1, (), 8 * KT, 1.0) for i in range(-1, 3)]
    factors = transfer_factors(ways, np.array([0.3, 0.5, 0.4]), T)  # to the three wells, the left and the right end
    for number in range(4):
        assert np.all(factors[0, number, [*range(number), 3]] == 0)
        assert np.all(factors[1, number, [*range(number, 3), 4]] == 0)
        assert np.all(factors >= 0) and factors[0, 1, 1:3].min() > 0.02
    assert transfer_factors(ways[1:2], np.array([0.031, 0.5]), T).max() > 0
    with pytest.raises(RunError, match=r"loses only 0\.029 kB T .* down to 0\.03"):
        transfer_factors(ways[1:2], np.array([0.029, 0.5]), T)


def test_walls_go_to_and_fro_alike_over_ways_of_unequal_height():
    """Detailed balance: exp(-E) of each way times what of its crossings ends in j, from i, is that from j in i.

    Higher ways lie up to half a step of the walk off, sqrt(2 0.3)/6 = 0.13 kB T, which is 7 %.
    """
    energies = np.array([9.0, 6.0, 8.0, 7.0])
    ways = [Passage(i - 1, i, (), energy * KT, 1.0) for i, energy in enumerate(energies)]
    factors, flow = transfer_factors(ways, np.array([0.3, 0.5, 0.4]), T), np.zeros((3, 3))
    for number, way in enumerate(ways):
        for side, home in enumerate((way.left, way.right)):
            if 0 <= home < 3:
                flow[home] += math.exp(-energies[number]) * factors[side, number, :3]
    assert flow == pytest.approx(flow.T, rel=0.07) and flow[0, 2] > 0.01 * flow[0, 1] > 0


def test_a_state_that_is_gone_leaves_the_others_their_places():
    """Of three wells of 18, 2.3 and 18 kB T at 300 K the middle one is no well of the softer film at 500 K: 5.4 and 5.4."""
    notch = {"shape": "cosine", "width": 40e-9}
    depths = [(barrier - 0.027) / 2.3234 * 1e-9 for barrier in (16, 2, 16)]
    it = device_from_mapping({
        "material": {"Ms": 1.1e6, "A": 16e-12, "K_u": 1.27e6, "D": 0.4e-3, "alpha": 0.5},
        "wall": {"shape": "rigid"},
        "track": {"length": 280e-9, "width": 80e-9, "thickness": 0.6e-9, "pad_width": 160e-9, "pad_taper": 40e-9},
        "notch": [notch | {"position": 80e-9 + 60e-9 * i, "depth": depth} for i, depth in enumerate(depths)],
        "temperature_laws": {"T_C": 1200.0},
    })  # fmt: skip
    curves = retention_against_temperature(it, np.array([300.0, 500.0]))
    time = curves.time
    assert curves.film is None, "it follows the temperature"
    assert np.isfinite(time).tolist() == [[True, True], [False, False], [True, True]]
    assert np.all(time[[0, 2], 0] > 100 * time[[0, 2], 1])
    hot = QPhiModel(it.at_temperature(500.0))
    wells = find_wells(hot, 500.0)
    assert len(wells) == 2, "what is left of the middle one is no well at the temperature of the film"
    assert time[[0, 2], 1] == pytest.approx(rate_matrix.rate_matrix(hot, wells, 500.0).retention)


def test_samples_of_both_sides_add_with_the_root_of_their_squares(monkeypatch):
    """Two wells; each side is sampled once, within its part of the steps left, and losses go to their own end."""
    steps = []

    def sampled(model, wells, home, direction, *, most, fair, **rest):
        steps.append((most, fair))
        number = 2 * home + (direction > 0)
        rate, error = np.array([[0, 5, 1], [0, 7, 2], [3, 0, 4], [6, 0, 8]], float)[number], [0.0, 0.0, 0.5]
        error[1 - home] = 3.0 if direction < 0 else 4.0
        return rate_matrix.Escape(rate, np.array(error), np.array([rate.sum()]), np.zeros(0), steps=100, dt=1e-12)

    monkeypatch.setattr(rate_matrix, "flux_rates", sampled)
    found = rate_matrix.rate_matrix(Made(current_density=1.0), Made().wells, T, "flux", most=1000)  # no mirror
    assert found.rate.tolist() == [[0, 12], [9, 0]] and found.lost.tolist() == [[1, 2], [4, 8]]
    assert found.rate_error.tolist() == [[0, 5], [5, 0]] and np.all(found.lost_error == 0.5)
    assert steps == [(500, 250), (450, 300), (400, 400), (700, 700)]
    assert found.retention_error[0] == pytest.approx(math.sqrt(25 + 0.5) / 15**2)


def test_waiting_is_planned_by_the_formula_and_left_out_where_no_way_leads_out(monkeypatch):
    """Of two wells the second one has no way out by the formula: its rates are 0, and nobody waits for it."""
    asked = []

    def brute_rates(model, wells, home, *, expected_rate, **rest):
        asked.append((home, expected_rate, rest["temperature"], rest["seed"], rest["escapes"]))
        return types.SimpleNamespace(rate=np.array([0.0, 3.0, 0.0, 1.0]), rate_error=np.array([0.5, 0.3, 0.5, 0.1]))

    expected = np.array([[0.0, 2.0, 0.25, 0.5], [0.0, 0.0, 0.0, 0.0]])
    monkeypatch.setattr(rate_matrix, "_langer", lambda *_, **__: (expected, None))
    monkeypatch.setattr(rate_matrix, "brute_rates", brute_rates)
    found = rate_matrix.rate_matrix(Made(), Made().wells, T, "brute", seed=7, escapes=9)
    assert asked == [(0, 2.75, T, 7, 9)]
    assert found.rate.tolist() == [[0, 3], [0, 0]] and found.lost.tolist() == [[0, 1], [0, 0]]
    assert found.rate_error.tolist() == [[0.5, 0.3], [0, 0]] and found.lost_error.tolist() == [[0.5, 0.1], [0, 0]]
    assert found.retention.tolist() == [0.25, math.inf]
    expected[1] = [1.0, 0.0, 0.0, 0.125]
    rate_matrix.rate_matrix(Made(), Made().wells, T, "brute", seed=7, escapes=9)
    assert [one[:2] for one in asked[1:]] == [(0, 2.75), (1, 1.125)]
    with pytest.raises(InputError, match='method "lange" is unknown; did you mean "langer"'):
        rate_matrix.rate_matrix(Made(), Made().wells, T, "lange")


def test_a_well_without_a_way_out_loses_all():
    """Only the way off the left end is known: the second well has none, and no wall swings through it."""
    it = Made(barrier=6.0, alpha=0.05)
    ways = passages(it, it.wells, it.grid, T)
    whole, part = (crossing_losses(it, it.grid, some, 2, T) for some in (ways, ways[:1]))
    assert part[1] == math.inf and part[0] == pytest.approx(whole[0], rel=0.01)


@pytest.mark.parametrize("fails_at", [300.0, 400.0])
def test_a_formula_that_fails_leaves_a_gap_but_not_at_the_lowest_temperature(monkeypatch, fails_at):
    """In whatever order they come; what fails at the lowest one fails everywhere, and is said."""

    def rates(model, wells, temperature):
        if temperature == fails_at:
            raise RunError("no rate here")
        return types.SimpleNamespace(retention=np.full(len(wells), temperature))

    monkeypatch.setattr(retention_curve, "rate_matrix", rates)
    device, T = load_device("five_state").replace({"wall.shape": "rigid"}), np.array([400.0, 300.0, 350.0])
    if fails_at == 300.0:
        with pytest.raises(RunError, match="no rate here"):
            retention_against_temperature(device, T)
    else:
        curves = retention_against_temperature(device, T)
        np.testing.assert_array_equal(curves.time, [[math.nan, 300.0, 350.0]] * 5)
        assert curves.film == 300.0
    for bad in (0.0, -1.0, 2000.0, math.nan):
        with pytest.raises(InputError, match=r"temperature = .* \[K\] must be > 0 and < 2000"):
            retention_against_temperature(device, np.array([300.0, bad]))


def test_no_time_is_given_where_either_barrier_is_below_five_kT(monkeypatch):
    """Ten kB T on one side and 4.99 or 5.01 on the other."""
    device = load_device("five_state").replace({"wall.shape": "rigid"})
    wells = find_wells(QPhiModel(device), 300.0)
    for i, (left, right) in enumerate(((4.99, 10), (10, 4.99), (5.01, 10), (10, 5.01), (4.99, 4.99))):
        wells[i] = dataclasses.replace(wells[i], barrier_left=left * KT, barrier_right=right * KT)
    monkeypatch.setattr(retention_curve, "find_wells", lambda *_: wells)
    known = types.SimpleNamespace(retention=np.arange(1.0, 6.0))
    monkeypatch.setattr(retention_curve, "rate_matrix", lambda *_: known)
    found = retention_against_temperature(device, np.array([300.0])).time[:, 0]
    np.testing.assert_array_equal(found, [math.nan, math.nan, 3.0, 4.0, math.nan])


def test_where_a_wall_counts_as_captured_does_not_matter(monkeypatch):
    """Ten kB T below the lower way out of its well, not the higher one: sixteen give the same."""
    ways = [Passage(i, i + 1, (), energy * KT, 1.0) for i, energy in ((-1, 14.0), (0, 6.0), (1, 14.0))]
    found = transfer_factors(ways, np.array([0.3, 0.4]), T)
    monkeypatch.setattr(turnover, "_DEEP", 16.0)
    assert found == pytest.approx(transfer_factors(ways, np.array([0.3, 0.4]), T), rel=2e-3, abs=1e-6)
