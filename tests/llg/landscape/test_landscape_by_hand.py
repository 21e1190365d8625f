"""Wells, barriers, depinning fields and currents against quadratures of the outline, made without the solver.

Energy of the wall at rest with H_K = 0 and the angle held by the chirality: t (sigma_0 s2 - pi |D| s1), with s1 and s2
the averages of the width over sech and sech^2 of the wall. The solver averages over cells of 0.2 nm; the midpoint rule
leaves up to (0.2/8)^2/24 = 2.6e-5 of the notch's share of the width (0.15 at a corner), that is `CELLS` of an energy and
`CELLS_BARRIER` of a barrier, the difference of two of them.
"""

import dataclasses
import functools
import itertools
import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq, minimize_scalar
from scipy.signal import find_peaks

from dwcore.errors import RunError
from llg.constants import GAMMA_0, K_B, MU_0
from llg.device.device_file import device_from_mapping
from llg.landscape.wells import (
    Valley,
    _climb,
    _foot,
    _middle,
    _minima,
    _top,
    empty_notches,
    find_wells,
    valley,
    well_index,
)
from llg.rates.summary import as_json, well_rates
from llg.runs.depinning import depinning_current
from llg.walls.q_phi import QPhiModel

MS, DELTA, SIGMA, T, W, D = 7e5, 8e-9, 8e-3, 1e-9, 60e-9, 6e-4
CELLS, CELLS_BARRIER = 5e-6, 2e-5
LENGTH, PLACES, DEPTH, NOTCH = 400e-9, (155e-9, 245e-9), 12e-9, 80e-9


@functools.cache
def model(D=D, alpha=0.5, torque=()):
    notch = {"shape": "triangular", "depth": DEPTH, "width": NOTCH}
    return QPhiModel(
        device_from_mapping(
            {
                "name": "two notches",
                "material": {"Ms": MS, "A": 1.5e-11, "K_u": 6e5, "D": D, "alpha": alpha},
                "wall": {"shape": "rigid", "Delta": DELTA, "sigma_0": SIGMA, "H_K": 0.0},
                "track": {"length": LENGTH, "width": W, "thickness": T},
                "torque": dict(torque),
                "notch": [notch | {"position": place} for place in PLACES],
            }
        )
    )


def width(x):
    return W - 2 * sum(DEPTH * max(0.0, 1 - abs(x - place) / (NOTCH / 2)) for place in PLACES)


def average(kernel, norm, q):
    """Average of the outline with a kernel of the wall, by adaptive quadrature between the corners."""
    corners = sorted({place + side * NOTCH / 2 for place in PLACES for side in (-1, 0, 1)})
    edges = [q - 40 * DELTA, *(c for c in corners if abs(c - q) < 40 * DELTA), q + 40 * DELTA]

    def integrand(x):
        return width(x) * kernel((x - q) / DELTA) / norm

    return sum(quad(integrand, a, b, epsrel=1e-10, epsabs=0)[0] for a, b in itertools.pairwise(edges))


def s1(q):
    return average(lambda z: 1 / math.cosh(z), math.pi * DELTA, q)


def s2(q):
    return average(lambda z: 1 / math.cosh(z) ** 2, 2 * DELTA, q)


def energy(q, D=D):
    return T * (SIGMA * s2(q) - math.pi * abs(D) * s1(q))


def test_wells_sit_where_the_energy_is_lowest():
    wells = find_wells(model(), 300.0)
    assert len(wells) == 2
    for well, place in zip(wells, PLACES, strict=True):
        bottom = minimize_scalar(energy, bounds=(place - 20e-9, place + 20e-9), options={"xatol": 1e-13}).x
        assert well.q == pytest.approx(bottom, abs=0.02e-9)
        assert well.energy == pytest.approx(energy(bottom), rel=CELLS)
        assert abs(well.phi) % (2 * math.pi) == pytest.approx(math.pi, abs=1e-6)  # D > 0: m_x = -1
    assert wells[0].right_edge == wells[1].left_edge == pytest.approx(200e-9, abs=0.3e-9)


@pytest.mark.parametrize("sign", [1, -1])
def test_barriers_are_differences_of_the_energy(sign):
    first, second = find_wells(model(sign * D), 300.0)
    middle, bottom = energy(200e-9), energy(first.q)
    assert first.barrier_right == pytest.approx(middle - bottom, rel=CELLS_BARRIER)
    assert second.barrier_left == pytest.approx(first.barrier_right, rel=1e-9)
    # Outwards it rises above the plateau of the straight track: the chiral term feels the notch from further away.
    top = -minimize_scalar(lambda q: -energy(q), bounds=(60e-9, 140e-9), options={"xatol": 1e-13}).fun
    assert top > T * W * (SIGMA - math.pi * D)
    assert first.barrier_left == pytest.approx(top - bottom, rel=CELLS_BARRIER)
    assert first.barrier_left > 1.02 * first.barrier_right


def test_one_average_for_all_would_be_wrong():
    """Negative control: with s2 in both terms the barrier is off by more than the tolerance above."""
    first, _ = find_wells(model(), 300.0)
    wrong = T * (SIGMA - math.pi * D) * (s2(200e-9) - s2(first.q))
    assert abs(wrong / first.barrier_right - 1) > 0.01


def steepest(side):
    """Largest slope of the energy over 2 Ms t s2 on one side of the first well [T]."""
    q = np.linspace(*((115e-9, 155e-9) if side < 0 else (155e-9, 200e-9)), 41)
    h = 0.05e-9
    field = np.array([(energy(x + h) - energy(x - h)) / (2 * h) / (2 * MS * T * s2(x)) for x in q])
    return np.abs(field).max()


def test_depinning_field():
    first, second = find_wells(model(), 300.0)
    assert first.depinning_field_left == pytest.approx(steepest(-1), rel=2e-3)
    assert first.depinning_field_right == pytest.approx(steepest(+1), rel=2e-3)
    assert second.depinning_field_left == pytest.approx(first.depinning_field_right, rel=1e-6)


@pytest.mark.parametrize("direction", [-1, 1])
def test_depinning_current_of_a_torque_that_acts_as_a_field(direction):
    """Spin-transfer torque of large beta: beta u/Delta stands for gamma0 H_z in the first equation.

    In the second one u tilts the angle by less than 1 %, and damping 0.5 leaves no overshoot.
    """
    beta = 20.0
    it = model(torque=(("P", 0.5), ("beta", beta), ("current_crowding", 0.0)))
    well = find_wells(it, 300.0)[0]
    field = well.depinning_field_left if direction < 0 else well.depinning_field_right
    expected = GAMMA_0 * field / MU_0 * DELTA / beta / abs(it.u_per_J)
    assert depinning_current(it, well, direction) == pytest.approx(expected, rel=0.01)


def test_inertia_of_the_angle_lowers_the_depinning_current():
    """A step of current makes a soft angle overshoot: the dynamic threshold lies below the static one."""
    beta = 20.0
    it = model(alpha=0.05, torque=(("P", 0.5), ("beta", beta), ("current_crowding", 0.0)))
    well = find_wells(it, 300.0)[0]
    static = GAMMA_0 * well.depinning_field_right / MU_0 * DELTA / beta / abs(it.u_per_J)
    assert 0.6 * static < depinning_current(it, well, +1) < 0.95 * static


def test_no_torque_never_drives_the_wall_out():
    rates = well_rates(model().device)
    assert all(math.isinf(J) for one in rates for J in one.depinning_current)
    assert as_json(rates)["depinning_current_A_per_m2"] == [[None, None], [None, None]]
    kT = K_B * 300
    for one in rates:
        assert one.barrier_left == pytest.approx(one.well.barrier_left / kT, rel=1e-9)


def test_valley_is_stationary_in_the_angle_and_its_force_is_the_slope():
    it = model()
    path = valley(it)
    h = 1e-4
    slope = (it.energy(path.q, path.phi + h) - it.energy(path.q, path.phi - h)) / (2 * h)
    scale = it.energy(path.q, path.phi + 0.1) - it.energy(path.q, path.phi)
    assert np.abs(slope / scale).max() < 1e-4
    force = np.gradient(path.energy, path.q)[5:-5]
    assert np.abs(force - path.force[5:-5]).max() < 2e-3 * np.abs(path.force).max()


def test_well_of_a_position():
    wells = find_wells(model(), 300.0)
    edge = wells[0].right_edge
    q = np.array([0.0, wells[0].left_edge, wells[0].q, edge - 1e-12, edge + 1e-12, wells[1].q, LENGTH])
    assert well_index(wells, q).tolist() == [-1, -1, 0, 0, 1, 1, -1]


def test_a_straight_track_has_no_well():
    straight = device_from_mapping(
        {
            "material": {"Ms": MS, "A": 1.5e-11, "K_u": 6e5, "D": D, "alpha": 0.5},
            "track": {"length": LENGTH, "width": W, "thickness": T},
        }
    )
    with pytest.raises(RunError, match="no well deeper than 1 kB T"):
        find_wells(QPhiModel(straight), 300.0)


def test_minima_and_climbs_are_those_of_scipy():
    """Flat minima, equal neighbours and minima near the ends included."""
    rng = np.random.default_rng(5)
    for number in range(300):
        size, steps = rng.integers(3, 60), rng.integers(2, 12)
        energy = rng.integers(0, steps, size).astype(float) if number % 2 else rng.normal(size=size)
        places, found = find_peaks(-energy, prominence=0)
        assert _minima(energy).tolist() == places.tolist()
        assert [_climb(energy, i) for i in places] == pytest.approx(found["prominences"].tolist(), abs=1e-12)


def test_a_well_with_several_bottoms_is_where_the_wall_is_on_average():
    """Two uneven bottoms 0.6 kB T apart: the mean over exp(-E/kT), by an adaptive quadrature; the place of either is off."""
    kT, a = K_B * 300, 10e-9

    def energy(q):
        return kT * (2.0 * ((q / a) ** 2 - 1) ** 2 + 0.3 * q / a)

    q = np.linspace(-2 * a, 2 * a, 4001)
    path = Valley(q=q, phi=0.5 + q / a, energy=energy(q), force=np.gradient(energy(q), q))
    mean, phi = _middle(path, 0, q.size - 1, kT)
    ends = {"limit": 200, "epsabs": 0.0}
    moment, total = (quad(lambda x, n=n: x**n * math.exp(-energy(x * a) / kT), -2, 2, **ends)[0] for n in (1, 0))
    assert mean == pytest.approx(a * moment / total, rel=1e-5)
    assert -0.6 * a < mean < -0.2 * a
    assert phi == pytest.approx(0.5 + mean / a, rel=1e-6)


def test_the_wall_is_free_where_a_hundredth_of_kT_is_left_to_climb():
    """Of a well E = E_0 (1 - exp(-x^2)) that holds where exp(-x^2) = 0.01 kT/E_0, however far the track goes on."""
    kT = K_B * 300
    for depth in (10 * kT, 50 * kT):
        for far in (6.0, 20.0):
            x = np.linspace(0, far, 20_001)
            foot = x[_foot(depth * (1 - np.exp(-(x**2))), kT)]
            assert foot == pytest.approx(math.sqrt(math.log(depth / (0.01 * kT))), abs=2 * x[1])


@pytest.mark.parametrize(
    ("energy", "place"),
    [([5, 5, 5, 3, 1], 0), ([1, 3, 5, 5, 5], 4), ([1, 5, 5, 5, 1], 2), ([1, 5, 5, 1], 1), ([1, 4.9, 5, 1], 2)],
)
def test_a_flat_top_counts_in_its_middle_or_where_the_track_ends(energy, place):
    assert _top(np.array(energy, float), 0, len(energy) - 1, 0.2) == place


UNEVEN = (155.03e-9, 9e-9), (245.11e-9, 14e-9)
"""Places and depths of a shallow and a deep notch, between the points of the solver's grid."""


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_shallow_well_beside_a_deep_one(mirrored):
    """Its wall is pulled out over its own flanks, not over the steeper ones beyond the next top."""
    notches = [(LENGTH - place, depth) for place, depth in UNEVEN[::-1]] if mirrored else UNEVEN
    base = model().device
    cut = tuple(
        dataclasses.replace(notch, position=place, depth=depth)
        for notch, (place, depth) in zip(base.notches, notches, strict=True)
    )
    it = QPhiModel(dataclasses.replace(base, notches=cut))
    wells = find_wells(it, 300.0)
    shallow, deep = wells[::-1] if mirrored else wells

    def lowest(q):
        return float(it.energy(q, shallow.phi))

    for well, (place, _) in zip(wells, notches, strict=True):
        bottom = minimize_scalar(lowest, bounds=(place - 5e-9, place + 5e-9), options={"xatol": 1e-14}).x
        assert well.q == pytest.approx(bottom, abs=2e-12) and abs(well.q / it.device.geometry.step % 1 - 0.5) < 0.45
    h = 0.2e-9

    def field(start, stop):
        q = np.arange(start, stop, h)
        E = np.array([lowest(x) for x in q])
        return np.abs(np.diff(E) / h / (2 * MS * T * it.widths(q[:-1] + h / 2).s2)).max()

    for well in wells:
        assert well.depinning_field_left == pytest.approx(field(well.left_edge, well.q), rel=5e-3)
        assert well.depinning_field_right == pytest.approx(field(well.q, well.right_edge), rel=5e-3)
    fields = [(one.depinning_field_left, one.depinning_field_right) for one in (shallow, deep)]
    assert min(fields[1]) > 1.3 * max(fields[0])


def test_a_well_with_two_bottoms_of_a_potential_is_one_place():
    """Bottoms 6 nm apart with half a kB T between them, 0.2 kB T uneven, in one well of 110 kB T: the mean over exp(-E/kB T)."""
    kT, a, middle = K_B * 300, 3e-9, LENGTH / 2

    def potential(u):
        return 0.5 * (u**2 - 1) ** 2 - 0.1 * u

    u = np.linspace(-4, 4, 801)
    base = model().device.config()
    parts = {key: base[key] for key in ("material", "wall", "track")}
    table = {"q": (middle + a * u).tolist(), "V": (kT * potential(u)).tolist()}
    (well,) = find_wells(QPhiModel(device_from_mapping(parts | {"potential": table})), 300.0)
    moment, total = (quad(lambda u, n=n: u**n * math.exp(-potential(u)), -4, 4)[0] for n in (1, 0))
    assert (well.q - middle) / a == pytest.approx(moment / total, abs=0.01)
    assert 0.05 < moment / total < 0.2, "neither bottom, at -1 and 1"


@pytest.mark.parametrize(("depth", "found"), [(0.9, 1), (1.1, 2)])
def test_a_well_is_deeper_than_kT(depth, found):
    """A second minimum of a potential, beside one of 20 kB T, which a wall leaves over so many kB T."""
    kT, q = K_B * 300, np.linspace(0, LENGTH, 401)
    x = (q - 100e-9) / 15e-9
    V = -20 * np.exp(-(x**2)) - depth * np.exp(-(((q - 300e-9) / 15e-9) ** 2))
    base = model().device.config()
    table = {"q": q.tolist(), "V": (kT * V).tolist()}
    parts = {key: base[key] for key in ("material", "wall", "track")} | {"potential": table}
    wells = find_wells(QPhiModel(device_from_mapping(parts)), 300.0)
    assert len(wells) == found and wells[0].q == pytest.approx(100e-9, abs=1e-10)
    assert wells[-1].barrier_right / kT == pytest.approx((20.0, depth)[found - 1], rel=1e-3)


def test_a_ledge_is_no_well():
    """A minimum 2 kB T below the top on its left, from which half a kB T leads on downwards to the right."""
    kT, q = K_B * 300, np.linspace(0, LENGTH, 401)
    nm = 1e9 * q
    V = -20 * np.exp(-(((nm - 100) / 15) ** 2)) - 0.5 * np.exp(-(((nm - 300) / 12) ** 2))
    V -= 0.75 * (1 + np.tanh((nm - 270) / 10)) + 1.5 * (1 + np.tanh((nm - 345) / 10))
    assert _minima(V).size == 2 and 0.3 < _climb(V, _minima(V)[1]) < 0.6
    base = model().device.config()
    parts = {key: base[key] for key in ("material", "wall", "track")}
    device = device_from_mapping(parts | {"potential": {"q": q.tolist(), "V": (kT * V).tolist()}})
    (well,) = find_wells(QPhiModel(device), 300.0)
    assert well.q == pytest.approx(100e-9, abs=1e-10)


def test_the_angle_of_a_well_is_that_at_its_bottom():
    """Between two points of the grid, 0.016 rad apart, where a field across the track turns the wall along it."""
    base = model(D=5e-5).device
    x = [0.0, 100e-9, 200e-9, LENGTH]
    it = QPhiModel(base.replace({"profile.x": x, "profile.H_y_at": [-3e4, -3e4, 3e4, 3e4]}))
    for well in find_wells(it, 300.0):
        angle = brentq(lambda phi, q=well.q: float(it.fields(q, phi)[1]), well.phi - 0.1, well.phi + 0.1, xtol=1e-12)
        assert well.phi == pytest.approx(angle, abs=1e-4)


def test_notches_without_a_well_are_counted():
    device = model().device
    assert empty_notches(device, [150e-9, 250e-9]) == []
    assert empty_notches(device, [150e-9]) == ["notch: [[notch]] 2 at 245 nm without a well of 1 kB T or more"]
    assert empty_notches(device, []) == [
        "notch: 2 of 2 notches, the first [[notch]] 1 at 155 nm, without a well of 1 kB T or more"
    ]
