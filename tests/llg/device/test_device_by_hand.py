"""What follows from the numbers of a device, by hand: cuts, potentials, walls at their limits, currents, gates."""

import dataclasses
import math
import types

import numpy as np
import pytest

from dwcore.errors import InputError
from llg.constants import MU_0
from llg.device.device import Device
from llg.device.device_file import device_from_mapping
from llg.device.electrical import Heating, Readout, Stack
from llg.device.gate import Gate, quantized
from llg.device.geometry import average_width
from llg.device.material import Material, Wall, gained_by_angle
from llg.device.notch import Form, Notch, Potential
from llg.device.sections import SECTIONS
from llg.device.static_field import field_words
from llg.device.temperature_laws import TemperatureLaws
from llg.device.variation import draw_normal, rough_edge

FILM = {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 1e-3, "alpha": 0.3}
K_EFF = 4.8e5 - 0.5 * MU_0 * 7e5**2
DELTA = math.sqrt(1e-11 / K_EFF)


def make_device(material=None, **sections) -> Device:
    track = {"length": 400e-9, "width": 64e-9, "thickness": 0.6e-9}
    return device_from_mapping({"material": FILM | (material or {}), "track": track} | sections)


@pytest.mark.parametrize(
    ("shape", "at", "share"),
    [
        ("triangular", 0.25, 0.75),
        ("rectangular", 0.99, 1.0),
        ("rectangular", 1.01, 0.0),
        ("semicircular", 0.6, 0.8),
        ("gaussian", 1.0, 0.5),
        ("gaussian", 2.0, 0.0625),
        ("cosine", 1 / 3, 0.75),
        ("cosine", 1.2, 0.0),
        ("triangular", 1.5, 0.0),
        ("semicircular", 1.5, 0.0),
    ],
)
def test_shapes_of_cuts(shape, at, share):
    """At a share `at` of the half width from the middle, on both sides."""
    notch = Notch(position=100e-9, shape=shape, depth=8e-9, width=40e-9)
    for side in (1, -1):
        assert float(notch.cut(np.array(100e-9 + side * at * 20e-9))) == pytest.approx(share * 8e-9, abs=1e-17)


def test_cut_of_a_table_and_how_far_cuts_reach():
    table = {"table_x": (-1.0, 0.0, 2.0), "table_depth": (0.2, 1.0, 0.5)}
    notch = Notch(position=0.0, shape="table", depth=10e-9, width=20e-9, **table)
    found = notch.cut(np.array([-10.1, -10.0, -5.0, 0.0, 10.0, 20.0, 20.1]) * 1e-9)
    np.testing.assert_allclose(found, np.array([0, 2, 6, 10, 7.5, 5, 0]) * 1e-9, atol=1e-20)
    assert notch.reach == pytest.approx(20e-9)
    assert notch.form.mirrored == Form("table", 0.5, (-2.0, 0.0, 1.0), (0.5, 1.0, 0.2))
    gaussian = Notch(position=0.0, shape="gaussian", depth=1e-9, width=20e-9)
    assert gaussian.reach == pytest.approx(32e-9) and gaussian.cut(np.array(32e-9)) < 1e-3 * 1e-9
    assert Notch(position=0.0, shape="cosine", depth=1e-9, width=20e-9).reach == pytest.approx(10e-9)


def test_potential_goes_on_with_its_slope():
    q = np.linspace(0, 30e-9, 31)
    V = 1e-21 * np.sin(q / 10e-9)
    potential = Potential(q=tuple(q), V=tuple(V))
    inside, slope = potential.evaluate(np.array([12.3e-9]))
    assert inside[0] == pytest.approx(1e-21 * math.sin(1.23), rel=1e-5)
    assert slope[0] == pytest.approx(1e-13 * math.cos(1.23), rel=1e-4)
    for end, side in ((0.0, -1), (30e-9, 1)):
        at_end, last = potential.evaluate(np.array([end]))
        beyond, there = potential.evaluate(np.array([end + side * 7e-9]))
        assert there[0] == last[0] != 0 and beyond[0] == pytest.approx(at_end[0] + side * 7e-9 * last[0], rel=1e-12)


def test_averages_of_a_step_of_the_outline():
    """From 40 to 60 nm at 100 nm: s1 = 40 + (40/pi) atan(e^u) nm and s2 = 50 + 10 tanh u nm, u = (q - 100 nm)/Delta."""
    g = average_width(lambda x: np.where(x < 100e-9, 40e-9, 60e-9), 200e-9, 5e-9, 50e-9)
    u = (g.q - 100e-9) / 5e-9
    np.testing.assert_allclose(g.s1, 1e-9 * (40 + 40 / np.pi * np.arctan(np.exp(u))), rtol=1e-4)
    np.testing.assert_allclose(g.s2, 1e-9 * (50 + 10 * np.tanh(u)), rtol=1e-4)
    np.testing.assert_allclose(g.ds1, 20e-9 / (np.pi * 5e-9) / np.cosh(u), atol=2e-4)
    np.testing.assert_allclose(g.ds2, 10e-9 / 5e-9 / np.cosh(u) ** 2, atol=4e-4)  # of cells of Delta/40
    assert g.w_0 == 50e-9 and g.step == pytest.approx(5e-9 / 40, rel=0.01)


def test_wall_of_a_soft_strip():
    """K_eff = K_u; sigma_0 = 4 sqrt(A K_u) - mu0 Ms H_K Delta; H_K follows Ms alone."""
    strip = Material(Ms=8e5, A=1.3e-11, K_u=3e4, alpha=0.1, easy_axis="x")
    wall = Wall(H_K=-6.9e5).resolved(strip, 5e-9)
    Delta = math.sqrt(1.3e-11 / 3e4)
    assert strip.K_eff == 3e4 and pytest.approx(Delta) == wall.Delta
    assert wall.sigma_0 == pytest.approx(4 * math.sqrt(1.3e-11 * 3e4) + MU_0 * 8e5 * 6.9e5 * Delta)
    warm = dataclasses.replace(strip, Ms=4e5, K_u=1.5e4)
    moved = Wall(H_K=-6.9e5, Delta=20e-9, sigma_0=2e-2).following((strip, 5e-9), (warm, 6e-9))
    assert (moved.H_K, moved.Delta) == pytest.approx((-6.9e5 / 2, 20e-9 * math.sqrt(2)))
    assert moved.sigma_0 == pytest.approx(2e-2 / math.sqrt(2))
    with pytest.raises(InputError, match=r"H_K = 2e\+06 \[A/m\] must be < "):
        Wall(H_K=2e6).resolved(strip, 5e-9)


@pytest.mark.parametrize("Q", [1.0, -1.0])
def test_what_a_wall_gains_by_its_angle(Q):
    """pi Delta mu0 Ms |(Q H_D + H_x, H_y)| with H_D = -D/(mu0 Ms Delta)."""
    wall, film = Wall(Q=Q).resolved(Material(**FILM), 0.6e-9), Material(**FILM)
    H_D = -1e-3 / (MU_0 * 7e5 * DELTA)
    for H_x, H_y in ((0.0, 0.0), (3e4, 0.0), (2e4, -5e4)):
        expected = math.pi * DELTA * MU_0 * 7e5 * math.hypot(Q * H_D + H_x, H_y)
        assert gained_by_angle(wall, film, H_x, H_y) == pytest.approx(expected)
    assert gained_by_angle(wall, film, 0.0, 0.0) == pytest.approx(math.pi * 1e-3)


def test_share_of_neel_in_a_wall_at_rest():
    """cos phi = pi |H_D|/(2 H_K), at most 1; of a Bloch wall none."""
    for D, H_K, share in ((2e-5, 2e4, None), (-2e-5, 2e4, None), (1e-3, 2e4, 1.0), (1e-5, -2e4, 1.0), (0.0, 2e4, 0.0)):
        film = Material(**FILM | {"D": D})
        wall = Wall(H_K=H_K).resolved(film, 0.6e-9)
        expected = math.pi * 2e-5 / (MU_0 * 7e5 * DELTA) / (2 * 2e4) if share is None else share
        assert film.neel_share(wall) == pytest.approx(expected)


def test_walls_that_would_cost_nothing_are_refused():
    """D at sigma_0/pi; H_K at -(sigma_0 - pi |D|)/(mu0 Ms Delta); each 1 % beyond and 1 % short of it."""
    most = 4 * math.sqrt(1e-11 * K_EFF) / math.pi
    make_device({"D": 0.99 * most})
    with pytest.raises(InputError, match="must be below sigma_0/pi"):
        make_device({"D": -1.01 * most})
    least = -(math.pi * most - math.pi * 1e-3) / (MU_0 * 7e5 * DELTA)
    make_device(wall={"H_K": 0.99 * least})
    with pytest.raises(InputError, match=r"must be > -\(sigma_0 - pi"):
        make_device(wall={"H_K": 1.01 * least})


@pytest.mark.parametrize(("factor", "shape"), [(0.99, "relaxed"), (1.01, "rigid")])
def test_walls_are_relaxed_up_to_40_widths_across_and_notches_of_200(factor, shape):
    notch = {"position": 2e-6, "shape": "cosine", "depth": 10e-9, "width": 60e-9}
    track = {"length": 4e-6, "thickness": 0.6e-9}
    wide = make_device(track=track | {"width": 40 * DELTA * factor}, notch=[notch])
    long = make_device(track=track | {"width": 64e-9}, notch=[notch | {"width": 200 * DELTA * factor}])
    assert (wide.wall_shape, long.wall_shape) == (shape, shape)
    assert ("<= 40 Delta" in wide.not_relaxed, "<= 200 Delta" in long.not_relaxed) == (factor > 1, factor > 1)
    assert make_device(track=track | {"width": 64e-9}).wall_shape == "rigid"  # nothing to relax in


def test_currents_and_resistance_of_a_stack():
    """4 nm of 2e-7 beside 1 nm of 6e-7 ohm m: as 4.333 nm of the first; a taper from 50 to 100 nm over 200 nm."""
    stack = Stack(t_HM=4e-9, rho_HM=2e-7, rho_FM=6e-7, R_contact=150.0)
    assert stack.current(1e11, 50e-9, 1e-9) == pytest.approx(1e11 * 50e-9 * (4e-9 + 1e-9 / 3))
    assert stack.ferromagnet_fraction() == pytest.approx(1 / 3)
    x = np.linspace(0, 200e-9, 20001)
    w = 50e-9 + 0.25 * x
    expected = 2e-7 / (4e-9 + 1e-9 / 3) * math.log(2) / 0.25 + 150
    assert stack.resistance(x, w, 1e-9) == pytest.approx(expected, rel=1e-6)
    assert stack.oersted_field(50e-9, 1e-9) == 0.0
    for side, sign in (("below", -1), ("above", 1)):
        wide = dataclasses.replace(stack, oersted=side).oersted_field(1e-3, 1e-9)
        assert wide == pytest.approx(sign * 0.5 * 4e-9, rel=1e-4)


def test_heat_of_a_ramp_within_a_step():
    """The mean square of a current that rises from 0 is a third of the last one, 7/12 of it from a half; then it decays."""
    rise = Heating(R_th=1.0, tau_th=1e-9).rise(12.0, np.array([0.0, 0.5, 1.0, 0.0]), 1e-9)
    kept, expected = math.exp(-1), 0.0
    for found, mean in zip(rise[1:], (1.0, 7.0, 4.0), strict=True):
        expected = kept * expected + (1 - kept) * mean
        assert found == pytest.approx(expected, rel=1e-12)


def test_conductance_of_a_junction():
    """RA = 1e-12 ohm m^2, TMR = 100 %, 100 nm of 50 nm: 5 mS parallel, 2.5 mS antiparallel, linear between."""
    x = np.linspace(0, 400e-9, 4001)
    readout = Readout(RA=1e-12, TMR=1.0, start=150e-9, end=250e-9)
    found = readout.conductance(np.array([0.0, 400e-9, 200e-9, 175e-9]), x, np.full_like(x, 50e-9), 1e-9)
    np.testing.assert_allclose(found, np.array([2.5, 5.0, 3.75, 3.125]) * 1e-3, rtol=1e-12)
    with pytest.raises(InputError, match=r"end = 1\.5e-07 \[m\] must be > start = 1\.5e-07"):
        Readout(RA=1e-12, TMR=1.0, start=150e-9, end=150e-9)


def test_steady_heat_of_a_current():
    """R_th R I^2: 1e5 K/W, a straight track of 400 nm x 64 nm."""
    parts = {"stack": {"t_HM": 4e-9, "rho_HM": 2e-7, "rho_FM": 6e-7}, "heating": {"R_th": 1e5, "tau_th": 1e-9}}
    thickness = 4e-9 + 0.6e-9 / 3
    resistance, current = 2e-7 / thickness * 400 / 64, 3e11 * 64e-9 * thickness
    for sign in (1, -1):
        assert make_device(**parts).steady_rise(sign * 3e11) == pytest.approx(1e5 * resistance * current**2)


def test_gates():
    electric = Gate(xi=1e-13, oxide_thickness=2e-9, voltage=-2.0, rest_level=0.25)
    assert electric.change(0.5, 0.6e-9) == pytest.approx(-0.5 * 1e-13 * 2 / (2e-9 * 0.6e-9))
    strain = Gate(delta_K_u=3e4, start=100e-9, end=200e-9)
    assert strain.change(0.5, 0.6e-9) == 1.5e4 and strain.local and not electric.local
    assert (strain.ends, electric.ends) == ((100e-9, 200e-9), (-np.inf, np.inf))
    np.testing.assert_allclose(quantized(np.array([0.0, 0.1, 1.0]), 0.0, 1.0), [2 / 32, 18 / 32])
    np.testing.assert_array_equal(quantized(np.array([0.3, 0.3, 0.3]), 0.3, 0.3), [0.3, 0.3])
    gated = make_device(gate={"delta_K_u": 3e4, "rest_level": 0.25})
    assert gated.gate_change == 7500 and gated.at_gate_level(0.9).gate_change == pytest.approx(2.7e4)
    assert pytest.approx(math.sqrt(1e-11 / (K_EFF + 7500))) == gated.straight_wall.Delta
    local = make_device(gate={"delta_K_u": 3e4, "rest_level": 1.0, "start": 100e-9, "end": 300e-9})
    assert pytest.approx(DELTA) == local.straight_wall.Delta
    V, _ = local.extra_potential(np.array([200e-9, 20e-9]))
    assert V[0] == pytest.approx(2 * DELTA * 64e-9 * 0.6e-9 * 3e4, rel=1e-4) and V[1] < 1e-6 * V[0]


def test_laws_of_temperature():
    """Ms ~ [1 - (T/T_C)^1.5], K_u ~ Ms^3, A and D ~ Ms^2; they end at T_C or with the table, whichever is lower."""
    laws, film = TemperatureLaws(T_C=800.0), Material(**FILM)
    m = (1 - (500 / 800) ** 1.5) / (1 - (300 / 800) ** 1.5)
    hot = laws.film(film, 500.0)
    found = hot.Ms / film.Ms, hot.K_u / film.K_u, hot.A / film.A, hot.D / film.D, hot.alpha
    assert found == pytest.approx((m, m**3, m**2, m**2, 0.3))
    assert laws.hottest == 800.0
    both = TemperatureLaws(T_C=800.0, table_T=(200.0, 600.0), table_K_u=(2.0, 1.0))
    assert both.hottest == 600.0
    assert both.film(film, 400.0).K_u / film.K_u == pytest.approx(1.5 / 1.75)
    square = TemperatureLaws(T_C=800.0, a=2.0, b=0.5, K_u_exponent=1.0)
    assert square.film(film, 400.0).K_u / film.K_u == pytest.approx(math.sqrt(0.75 / (1 - 0.375**2)))


def test_static_field_in_words():
    assert field_words({"H_x": 1e-3 / MU_0, "H_y": 0.0, "H_z": -0.02 / MU_0}) == "H_x = 1 mT, H_z = -20 mT"
    assert field_words(None) == ""


def test_draws_are_cut_at_three_and_edges_have_their_rms():
    """20,000 deviates, none beyond 3, some beyond 2.9; an edge of 0.5 nm rms over 2000 correlation lengths, 5 errors."""
    rng = np.random.default_rng(1)
    drawn = np.abs([draw_normal(rng) for _ in range(20_000)])
    assert 2.9 < drawn.max() <= 3
    x = np.linspace(0, 40e-6, 32_001)
    edge = rough_edge(rng, x, 0.5e-9, 20e-9)
    assert edge.shape == x.shape and edge.std() == pytest.approx(0.5e-9, rel=5 / math.sqrt(2 * 2000))
    assert np.mean(edge[16:] * edge[:-16]) / np.mean(edge**2) == pytest.approx(math.exp(-1), abs=5 / math.sqrt(2000))


def test_correlation_of_an_edge_is_a_gaussian_of_its_length():
    """Of what a single deviate makes of the edge: its products with itself moved by d sum up to exp(-(d/20 nm)^2)."""

    def one(size):
        return (np.arange(size) == size // 2).astype(float)

    x = np.arange(401) * 0.5e-9
    edge = rough_edge(types.SimpleNamespace(standard_normal=one), x, 2e-9, 20e-9)
    for steps in (0, 20, 40, 60):
        found = np.sum(edge[steps:] * edge[: edge.size - steps]) / 4e-18
        assert found == pytest.approx(math.exp(-((steps / 40) ** 2)), abs=1e-6)
    rough = make_device(variation={}).replace({"edge_roughness_rms": 1e-10, "edge_roughness_length": 32e-9}).draw(1, 1)
    assert np.diff(rough.track.outline_x) == pytest.approx(2e-9)  # a sixteenth of the length


DEFAULTS = {
    "material": {"D": 0.0, "easy_axis": "z"},
    "wall": {"model": "q-phi", "shape": "auto", "Q": 1.0},
    "track": {"edge_roughness_rms": 0.0, "edge_roughness_length": 20e-9},
    "torque": {"theta_SH": 0.0, "k_FL": 0.0, "P": 0.0, "beta": 0.0, "current_crowding": 1.0},
    "stack": {"R_contact": 0.0},
    "pulse": {"rise_time": 0.0, "fall_time": 0.0, "rest_time": 1e-9, "relaxation_time": 5e-9},
    "gate": {"rest_level": 0.0},
    "field": {"H_x": 0.0, "H_y": 0.0, "H_z": 0.0},
    "temperature_laws": {"measured_at": 300.0, "a": 1.5, "b": 1.0, "K_u_exponent": 3.0, "A_exponent": 2.0,
                         "D_exponent": 2.0},
    "notch": {"top": 0.5},
}  # fmt: skip
"""What a device file may leave out. Anything else of it is required, or is nothing unless it is given."""


def test_what_is_left_out_of_a_device_file():
    for name, section in {**SECTIONS, "notch": Notch}.items():
        given = {f.name: f.default for f in dataclasses.fields(section)}
        found = {key: value for key, value in given.items() if value not in (dataclasses.MISSING, None, ())}
        wanted = dict.fromkeys(found, 0.0) if name == "variation" else DEFAULTS.get(name, {})
        assert found == wanted, name
    plain = make_device()
    assert plain.temperature == 300.0 and plain.instance == 0 and plain.gate_level is None


@pytest.mark.parametrize("Q", [1.0, -1.0])
def test_fields_that_leave_a_wall_no_energy_are_refused(Q):
    """pi Delta mu0 Ms |(H_x + Q H_D, H_y)| up to sigma_0, and beyond it by the shape field of a Bloch wall: each to 1 %."""
    sigma, unit, H_D = 4 * math.sqrt(1e-11 * K_EFF), MU_0 * 7e5 * DELTA, -1e-3 / (MU_0 * 7e5 * DELTA)
    for H_K in (2e4, -1e5):
        most = (sigma + unit * max(H_K, 0.0)) / (math.pi * unit)
        H_y = math.sqrt(most**2 - (0.3 * H_D) ** 2)
        held = {"H_x": -0.7 * Q * H_D}
        wall = {"Q": Q, "H_K": H_K}
        assert make_device(wall=wall, field=held | {"H_y": 0.99 * H_y}).field.H_y == 0.99 * H_y
        with pytest.raises(InputError, match="must be below its energy"):
            make_device(wall=wall, field=held | {"H_y": -1.01 * H_y})


def test_chirality_of_a_relaxed_wall_is_that_of_its_angle_at_rest():
    """|D cos phi|/sigma_0 with cos phi = pi D/(2 mu0 Ms Delta H_K): a quarter of D here, and the same for -D."""
    H_K = 4 * math.pi * 1e-3 / (2 * MU_0 * 7e5 * DELTA)
    for D in (1e-3, -1e-3):
        found = make_device({"D": D}, wall={"H_K": H_K}).notched_track.delta
        assert found == pytest.approx(0.25e-3 / (4 * math.sqrt(1e-11 * K_EFF)))


def test_a_gate_must_leave_an_anisotropy_at_both_of_its_levels():
    """K_eff = 172 kJ/m^3, and K_u is 480: -200 at level 1, or at rest alone, is too much; so is a gate beside the track."""
    for gate in ({"delta_K_u": -2e5}, {"delta_K_u": 1e5, "rest_level": -2.0}):
        with pytest.raises(InputError, match="must leave it positive"):
            make_device(gate=gate)
    for ends in ((-2e-7, -1e-7), (4.1e-7, 5e-7)):
        with pytest.raises(InputError, match="must span part of the track"):
            make_device(gate={"delta_K_u": 1e4, "start": ends[0], "end": ends[1]})
    with pytest.raises(InputError, match=r"end = 1e-07 .* must be > start"):
        make_device(gate={"delta_K_u": 1e4, "start": 1e-7, "end": 1e-7})


def test_a_notch_holds_what_lies_within_its_width():
    notch = Notch(position=1e-7, shape="cosine", depth=1e-9, width=40e-9)
    assert [notch.holds(1e-7 + x * 1e-9) for x in (-21, -19, 0, 19, 21)] == [False, True, True, True, False]


def test_a_notch_must_leave_a_width_all_along_itself():
    """Of 100 nm less 4/15 of the way 73.3 nm are left in the middle of a notch of 60 nm, and 65.3 nm at its end.

    Cuts of either edge, at 120 and 150 nm and 40 nm wide, meet between 130 and 140 nm of a track of 65.3 nm.
    """
    track, cut = {"length": 300e-9, "width": 65.3e-9, "thickness": 0.6e-9}, {"shape": "rectangular", "width": 40e-9}
    taper = track | {"outline_x": [0.0, 3e-7], "outline_width": [100e-9, 20e-9]}
    pair = [cut | {"position": 120e-9, "edge": "upper"}, cut | {"position": 150e-9, "edge": "lower"}]
    for outline, notches in ((taper, [cut | {"position": 100e-9, "width": 60e-9}]), (track, pair)):
        narrow, through = ([notch | {"depth": depth} for notch in notches] for depth in (32.6e-9, 33e-9))
        assert 0 < make_device(track=outline, notch=narrow).width_at(np.linspace(0, 3e-7, 3001)).min() < 0.3e-9
        with pytest.raises(InputError, match=r"cut through the outline at x = 1\.[23]\d*e-07 "):
            make_device(track=outline, notch=through)


def test_outline_of_a_device_of_uneven_thickness_is_its_width():
    """What the wall feels is w tau; resistance and junction take w."""
    device = make_device(profile={"x": [0.0, 4e-7], "thickness_factor": [1.2, 1.2]})
    np.testing.assert_allclose(device.geometry.w, 64e-9)
    np.testing.assert_allclose(device.geometry.s2, 1.2 * 64e-9, rtol=1e-9)


def test_states_of_a_device_know_what_they_are_states_of():
    """A relaxed wall is expanded about that of the nominal device, whatever gate and temperature are now."""
    device = make_device(gate={"delta_K_u": 1e4}, temperature_laws={"T_C": 900.0}, variation={"Ms_dtod": 0.01})
    for state in (device.at_gate_level(0.5), device.at_temperature(310.0), device.draw(1, 0)):
        assert state.nominal is device
        assert state.at_gate_level(0.25).nominal is state.at_temperature(320.0).nominal is device
    plain = make_device()
    assert plain.at_temperature(310.0) is plain and device.at_temperature(0.0) is device
