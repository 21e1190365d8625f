"""What a calibration predicts and how sure it is, by hand: places, counts, holding fields, potentials, drives."""

import dataclasses
import math
import types

import numpy as np
import pytest
from scipy import interpolate, optimize, stats

from dwcore.errors import InputError
from llg import device_from_mapping
from llg.calibration import depinning_curve as depinning_module
from llg.calibration import wall_trace as trace_module
from llg.calibration.data import CURRENT_AXIS, only_q_phi, place_of, refuse_static_field
from llg.calibration.depinning_curve import currents_around, read_depinning_curve, smooth_probability
from llg.calibration.pinning_map import along_track, holding_field, read_pinning_map, undriven_angle
from llg.calibration.potential_map import PotentialMap, _mirrored, read_potential_map, with_potential
from llg.calibration.velocity_curve import read_velocity_curve, steady_velocity
from llg.calibration.wall_trace import place_of_rest, read_wall_trace
from llg.constants import E_CHARGE, GAMMA_0, MU_0, MU_B
from llg.device.pulse import Waveform
from llg.landscape.wells import find_wells
from llg.runs.drive import Drive
from llg.runs.time_step import time_step
from llg.walls.q_phi import QPhiModel

W, LENGTH, PLACE = 64e-9, 500e-9, 250e-9
NOTCH = {"position": PLACE, "shape": "triangular", "depth": 10e-9, "width": 30e-9}
MAPPING = {
    "name": "track",
    "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 1e-3, "alpha": 0.3},
    "wall": {"shape": "rigid", "Delta": 7.2e-9, "sigma_0": 5.3e-3, "H_K": 1e4},
    "track": {"length": LENGTH, "width": W, "thickness": 0.6e-9},
    "torque": {"theta_SH": 0.1, "current_crowding": 0.0},
    "pulse": {"current_density": 3e11, "duration": 1e-9},
    "notch": [NOTCH],
}


def make_device(**sections):
    return device_from_mapping(MAPPING | {key: MAPPING.get(key, {}) | value for key, value in sections.items()})


DEVICE = make_device()
STRAIGHT = device_from_mapping(MAPPING | {"notch": []})


def write(tmp_path, text):
    path = tmp_path / "data.csv"
    path.write_text(text)
    return path


def test_zero_of_the_positions():
    """The only notch, else the middle; both ends of the track are on it."""
    off_centre = device_from_mapping(MAPPING | {"notch": [NOTCH | {"position": 120e-9}]})
    assert place_of(off_centre, None) == 120e-9
    assert place_of(STRAIGHT, None) == 250e-9
    assert [place_of(DEVICE, end) for end in (0.0, LENGTH)] == [0.0, LENGTH]
    for beyond in (-1e-9, LENGTH + 1e-9):
        with pytest.raises(InputError, match="must lie on the track, 0 to 5e-07"):
            place_of(DEVICE, beyond)


@pytest.mark.parametrize(("q", "worst"), [(-251, "-1e-09"), (251, "5.01e-07")])
def test_positions_off_either_end_are_refused(tmp_path, q, worst):
    with pytest.raises(InputError, match=rf"q = {worst} \[m\] must lie on the track"):
        read_pinning_map(write(tmp_path, f"q_nm,Bz_mT\n0,1\n{q},2\n"), DEVICE)


@pytest.mark.parametrize("Q", [1.0, -1.0])
def test_moment_of_a_simulator_is_a_place(tmp_path, Q):
    """q_S = Q m_z L/2 in the window, and the way that the window has moved since the first row."""
    device = make_device(wall={"Q": Q})
    rows = "# t (s)\tmz ()\text_dwpos (m)\tB_extz (T)\n0\t0.1\t7e-9\t0\n1e-9\t-0.2\t17e-9\t0.001\n"
    data = read_pinning_map(write(tmp_path, rows), device, mz_length=100e-9)
    assert data.integrated and not data.errors_known
    np.testing.assert_allclose(data.x, [Q * 0.5 * 0.1 * 100e-9, 10e-9 - Q * 0.5 * 0.2 * 100e-9], rtol=1e-12)
    still = write(tmp_path, rows.replace("17e-9", "7e-9"))
    with pytest.raises(InputError, match="ext_dwpos, the position of the window that follows the wall, never changes"):
        read_pinning_map(still, device)
    moved = read_pinning_map(write(tmp_path, rows), device)
    np.testing.assert_allclose(moved.x, [7e-9, 17e-9])
    for length in (0.0, -1e-9):
        with pytest.raises(InputError, match=r"mz_length = .* must be > 0"):
            read_pinning_map(still, device, mz_length=length)


def test_what_a_law_has_not_been_worked_out_for(tmp_path):
    with pytest.raises(InputError, match=r'a map is fitted with .* model = "q-phi" only'):
        only_q_phi(make_device(wall={"model": "q-phi-chi"}), "a map")
    only_q_phi(DEVICE, "a map")
    data = write(tmp_path, "q_nm,Bz_mT,v_m_per_s\n0,1,1\n1,2,2\n")
    for read in (read_pinning_map, read_velocity_curve):
        with pytest.raises(InputError, match="is fitted with"):
            read(data, make_device(wall={"model": "q-phi-delta"}))
    profile = device_from_mapping(MAPPING | {"profile": {"x": [0.0, LENGTH], "H_z_at": [0.0, 1e3]}})
    for device, key in ((make_device(field={"H_z": 1e3}), "field"), (profile, "profile")):
        with pytest.raises(InputError, match=rf"takes one without \[{key}\]"):
            refuse_static_field(device)


COUNTS = "J_1e11_A_m2,trials,depinned,duration_ns,Bz_mT\n3,10,2,1,0\n2,20,1,1,0\n3,30,8,1,0\n3,5,4,2,-4\n"


def test_rows_of_equal_conditions_are_one_point(tmp_path):
    data = read_depinning_curve(write(tmp_path, COUNTS), DEVICE)
    assert data.x.tolist() == [2e11, 3e11, 3e11]
    assert data.trials.tolist() == [20, 40, 5]
    assert data.measured.tolist() == [0.05, 0.25, 0.8]
    np.testing.assert_allclose(data.duration, [1e-9, 1e-9, 2e-9])
    np.testing.assert_allclose(data.field, [0, 0, -4e-3])
    assert data.series.tolist() == [0, 0, 1] and data.labels == ("1 ns", "2 ns, -4 mT")
    assert data.errors_known and data.simulated and data.difference_step == 0.02
    bare = read_depinning_curve(write(tmp_path, "J_A_m2,depinned\n3e11,1\n3e11,0\n3e11,0\n"), DEVICE)
    assert (bare.trials.tolist(), bare.measured.tolist()) == ([3], [1 / 3])
    assert (bare.duration.tolist(), bare.field.tolist()) == ([1e-9], [0.0])


def test_the_wall_starts_in_the_well_nearest_to_the_origin(tmp_path):
    device = device_from_mapping(MAPPING | {"notch": [NOTCH | {"position": x} for x in (150e-9, 350e-9)]})
    for origin, place in ((170e-9, 150e-9), (320e-9, 350e-9)):
        data = read_depinning_curve(write(tmp_path, COUNTS), device, origin=origin)
        assert data.well.q == pytest.approx(place, abs=1e-9)


def test_a_wall_beyond_either_foot_of_its_well_is_counted(tmp_path, monkeypatch):
    """What is simulated, and what of the ends counts: pulse, field mu0 H_z = B, start at rest, two of five out."""
    data = read_depinning_curve(write(tmp_path, COUNTS), DEVICE, seed=5)
    asked = []

    def simulate(device, drive, **options):
        asked.append((drive, options))
        well = data.well
        ends = [
            well.left_foot - 1e-12,
            well.left_foot + 1e-12,
            well.q,
            well.right_foot - 1e-12,
            well.right_foot + 1e-12,
        ]
        return types.SimpleNamespace(q=np.array(ends))

    monkeypatch.setattr(depinning_module, "simulate", simulate)
    assert data._count(DEVICE, 2.5e11, data.series == 1) == 2
    ((drive, options),) = asked
    assert drive.current_density == 2.5e11 and drive.field.H_z == pytest.approx(-4e-3 / MU_0)
    assert (drive.field.H_x, drive.field.H_y) == (0, 0)
    np.testing.assert_allclose(drive.waveform.time, DEVICE.pulse.waveform(2e-9).time)
    (well,) = find_wells(QPhiModel(DEVICE), DEVICE.temperature)
    assert options["start"] == (well.q, well.phi) and abs(abs(well.phi) - math.pi) < 1e-6  # D > 0: m_x = -1
    assert (options["n"], options["seed"]) == (1000, 5)


def test_predicted_shares_are_smoothed_per_series(tmp_path, monkeypatch):
    """Counts that are a normal law of log J, another for each duration, come back at the measured currents."""
    data = read_depinning_curve(write(tmp_path, COUNTS.replace("2,-4\n", "2,0\n2,5,1,2,0\n")), DEVICE)
    middles = {0: 2.4e11, 1: 1.9e11}

    def law(J, number):
        return stats.norm.cdf(np.log(np.abs(J) / middles[number]) / 0.2)

    monkeypatch.setattr(type(data), "_count", lambda self, device, J, mine: 1e3 * law(J, int(self.series[mine][0])))
    expected = [law(J, k) for J, k in zip(data.x, data.series, strict=True)]
    np.testing.assert_allclose(data.predict(DEVICE), expected, atol=3e-3)


def test_errors_and_deviances_of_counts(tmp_path):
    """s^2 = P (1 - P)(1/n + 1/shots), P at least 0.01/n; deviance 2 N [y ln(y/P) + (1 - y) ln((1 - y)/(1 - P))]."""
    data = read_depinning_curve(write(tmp_path, COUNTS), DEVICE)  # shares 0.05, 0.25, 0.8 of 20, 40, 5
    P = np.array([0.0, 0.3, 1.0])
    both = 1 / np.array([20.0, 40.0, 5.0]) + 1e-3
    held = np.array([0.01 / 20, 0.3, 1 - 0.01 / 5])
    error = data.error(DEVICE, P)
    np.testing.assert_allclose(error, np.sqrt(held * (1 - held) * both), rtol=1e-12)
    P = np.array([0.05, 0.3, 0.7])
    y = data.measured
    deviance = 2 / both * (y * np.log(y / P) + (1 - y) * np.log((1 - y) / (1 - P)))
    np.testing.assert_allclose(data.deviance_roots(P, error), [0, -1, 1] * np.sqrt(np.abs(deviance)), atol=1e-7)
    none = dataclasses.replace(data, measured=np.array([0.0, 0.0, 1.0]))
    lost = np.sqrt(-2 / both * np.log([0.95, 0.7, 0.7])) * [-1, -1, 1]
    np.testing.assert_allclose(none.deviance_roots(P, error), lost, rtol=1e-9)


def test_currents_beside_the_measured_ones():
    np.testing.assert_allclose(
        currents_around(np.array([4e11, 2e11, 4e11])), np.array([1.4, 1.7, 2, 4, 4.6, 5.2]) * 1e11
    )
    np.testing.assert_allclose(currents_around(np.array([-2e11])), -np.array([1.4, 1.7, 2, 2.3, 2.6]) * 1e11)


def test_three_currents_are_joined_by_a_parabola_of_the_probits():
    """Three points and three coefficients: through the shares (k + 1/2)/(n + 1), Lagrange's parabola between."""
    J, counts, n = np.array([2e11, 2.6e11, 4e11]), np.array([2e4, 3e5, 9e5]), 10**6
    z = stats.norm.ppf((counts + 0.5) / (n + 1))
    for sign in (1, -1):
        at = np.array([2e11, 3.1e11, 4e11, 4.5e11])
        expected = stats.norm.cdf(interpolate.lagrange(np.log(J / 1e11), z)(np.log(at / 1e11)))
        np.testing.assert_allclose(smooth_probability(sign * J, counts, n, sign * at), expected, atol=1e-6)


def test_more_currents_are_smoothed_by_maximum_likelihood():
    """Against a search of the binomial likelihood over the three coefficients."""
    J, n = np.array([2e11, 2.3e11, 2.6e11, 3e11, 3.5e11, 4e11]), 1000
    counts = np.array([12.0, 110, 260, 640, 780, 985])
    y, u = (counts + 0.5) / (n + 1), np.log(J / 2.8e11)

    def minus_log_likelihood(c):
        P = stats.norm.cdf(np.polyval(c, u))
        return -n * np.sum(y * np.log(P) + (1 - y) * np.log(1 - P))

    best = optimize.minimize(minus_log_likelihood, [0.0, 5.0, 0.0], method="BFGS", options={"gtol": 1e-4}).x
    expected = stats.norm.cdf(np.polyval(best, u))
    np.testing.assert_allclose(smooth_probability(J, counts, n, J), expected, atol=2e-5)
    assert np.abs(expected - y).max() > 0.02  # there was something to smooth


@pytest.mark.parametrize("Q", [1.0, -1.0])
@pytest.mark.parametrize("D", [1e-3, -1e-3, 3e-5])
def test_undriven_angle_is_that_of_least_energy(Q, D):
    """The least of the energy over 0.001 rad; for weak D between Bloch and Neel."""
    model = QPhiModel(make_device(wall={"Q": Q}, material={"D": D}))
    angles = np.linspace(-math.pi, math.pi, 6284)
    for q in (100e-9, 240e-9, 250e-9):
        least = angles[np.argmin(model.energy(q, angles))]
        assert math.cos(undriven_angle(model, np.array(q))) == pytest.approx(math.cos(least), abs=2e-3)
    canted = abs(math.cos(least))
    assert canted < 0.95 if abs(D) < 1e-4 else canted > 0.999


def test_averaged_map_and_its_error(tmp_path):
    """B(q) - (B(q-e) + B(q+e) - 2 B(q))/2, error^2 = s_B^2 + [(B(q-e) - B)^2 + (B(q+e) - B)^2]/2."""
    rows = "q_nm,q_error_nm,Bz_mT,Bz_error_mT\n" + "".join(f"{q},{e},0,{s}\n" for q, e, s in ((4, 3, 0.5), (-9, 1, 2)))
    data = read_pinning_map(write(tmp_path, rows), DEVICE)
    model, q, e = QPhiModel(DEVICE), np.array([4e-9, -9e-9]), np.array([3e-9, 1e-9])
    B, left, right = (holding_field(model, PLACE + q + shift) for shift in (0, -e, e))
    predicted = data.predict(DEVICE)
    np.testing.assert_allclose(predicted, 2 * B - 0.5 * (left + right), rtol=1e-12)
    assert B[0] > 0 > B[1] and abs(predicted[0] - B[0]) > 1e-5
    error = np.sqrt(np.array([0.5e-3, 2e-3]) ** 2 + 0.5 * ((left - B) ** 2 + (right - B) ** 2))
    np.testing.assert_allclose(data.error(DEVICE, predicted), error, rtol=1e-12)
    unknown = read_pinning_map(write(tmp_path, "q_nm,Bz_mT\n4,0\n-9,0\n"), DEVICE)
    assert unknown.error(DEVICE, predicted).tolist() == [1, 1]
    np.testing.assert_allclose(unknown.predict(DEVICE), B, rtol=1e-12)
    assert unknown.difference_step == 1e-3


def test_integrated_place_is_the_area_swept():
    """q_S w = integral of s2 from the origin, by the spline's own antiderivative in fine steps."""
    x = np.array([-40e-9, -7e-9, 0.0, 3e-9, 25e-9])
    q = along_track(DEVICE, x, 245e-9)
    model = QPhiModel(DEVICE)
    for end, wanted in zip(q, x, strict=True):
        fine = np.linspace(245e-9, end, 20001)
        assert np.trapezoid(model.widths(fine).s2, fine) / W == pytest.approx(wanted, abs=2e-15)


def test_energy_of_a_map_and_how_it_ends():
    """Between the points the integral of the force; beyond, the last force times (1 - u)^2 (1 + 2 u), u = x/taper."""
    x = np.linspace(-20e-9, 30e-9, 51)
    pinning = PotentialMap(x, 2e-4 * x + 1e-12)
    energy, left, right = pinning.energy(10e-9)
    assert (left, right) == pytest.approx((-30e-9, 40e-9))
    inside = np.array([-15e-9, 0.0, 22e-9])
    np.testing.assert_allclose(energy(inside), 1e-4 * inside**2 + 1e-12 * inside, rtol=1e-6, atol=1e-26)
    h = 1e-12
    for end, side in ((-20e-9, -1), (30e-9, 1)):
        at = end + side * np.array([0.25, 0.5, 0.75]) * 10e-9
        slope = (energy(at + h) - energy(at - h)) / (2 * h)
        last = 2e-4 * end + 1e-12
        np.testing.assert_allclose(slope, last * np.array([0.84375, 0.5, 0.15625]), rtol=0.01)
        assert energy(end + side * 15e-9) == energy(end + side * 10e-9)


def test_an_end_is_open_above_a_twentieth_of_the_largest_force():
    x = np.arange(5) * 1e-9
    assert PotentialMap(x, np.array([-0.049, -1, 0, 0.9, 0.051])).open_ends == [4e-9]
    assert PotentialMap(x, np.array([-0.051, -1, 0, 0.9, 0.049])).open_ends == [0.0]


@pytest.mark.parametrize("Q", [1.0, -1.0])
def test_force_of_a_map(tmp_path, Q):
    """dE/dq_S = 2 Q Ms B_z w t in any order of the rows; of energies the slope, a parabola of 3e-4 J/m^2 here."""
    device = make_device(wall={"Q": Q})
    rows = {3: 0.5, -2: -1.5, 0: 0.25, 5: 2.0, -4: -3.0}
    found = read_potential_map(
        write(tmp_path, "q_S_nm,Bz_mT\n" + "".join(f"{q},{B}\n" for q, B in rows.items())), device
    )
    np.testing.assert_allclose(found.x, np.array([-4, -2, 0, 3, 5]) * 1e-9)
    B = 1e-3 * np.array([-3.0, -1.5, 0.25, 0.5, 2.0])
    np.testing.assert_allclose(found.force, 2 * Q * 7e5 * B * W * 0.6e-9, rtol=1e-12)
    for column in ("E", "dE"):
        text = f"q_S_nm,{column}_zJ\n" + "".join(f"{q},{300 * (q * 1e-3) ** 2 * 1e3 + 7}\n" for q in rows)
        slope = read_potential_map(write(tmp_path, text), device)
        np.testing.assert_allclose(slope.force, 2 * 300e-21 / 1e-15 * slope.x, rtol=1e-9, atol=1e-20)


def test_place_along_the_track_becomes_the_area_swept_from_the_notch(tmp_path):
    rows = "q_nm,Bz_mT\n" + "".join(f"{q},1\n" for q in (-30, -5, 4, 20))
    found = read_potential_map(write(tmp_path, rows), DEVICE)
    np.testing.assert_allclose(
        along_track(DEVICE, found.x, PLACE) - PLACE, np.array([-30, -5, 4, 20]) * 1e-9, atol=1e-15
    )
    assert found.x[-1] < 19e-9


def test_half_a_map_is_mirrored():
    """E is even, so that the force is odd and vanishes in the middle; points within a thousandth of the middle go."""
    x, force = _mirrored(np.array([0.0, 1e-9, 2e-9, 5e-9]), np.array([7.0, 1.0, 3.0, 2.0]), "map")
    np.testing.assert_allclose(x, np.array([-5, -2, -1, 0, 1, 2, 5]) * 1e-9)
    assert force.tolist() == [-2, -3, -1, 0, 1, 3, 2]


def test_potentials_of_several_places_add_up_on_a_grid_of_an_eighth_of_the_width():
    x = np.linspace(-20e-9, 30e-9, 51)
    pinning = PotentialMap(x, 1e-12 * np.sin(x / 8e-9))
    even = with_potential(DEVICE, pinning, (140e-9, 200e-9))
    energy, left, right = pinning.energy(2 * 7.2e-9)
    q = np.array(even.potential.q)
    assert (q[0], q[-1]) == pytest.approx((140e-9 + left, 200e-9 + right))
    assert 0.115 * 7.2e-9 < np.diff(q).max() <= 7.2e-9 / 8 * 1.01
    np.testing.assert_allclose(even.potential.V, energy(q - 140e-9) + energy(q - 200e-9), rtol=1e-9, atol=1e-25)


def test_velocity_of_each_point_is_that_of_its_own_current_and_field(tmp_path):
    """Without D and H_K the wall turns: v = [gamma0 Delta alpha H_z + (1 + alpha beta) u]/(1 + alpha^2), Q = 1."""
    torque = {"theta_SH": 0.0, "P": 0.5, "beta": 0.2}
    device = make_device(material={"D": 0.0}, wall={"H_K": 0.0}, torque=torque)
    rows = "J_1e11_A_m2,Bz_mT,v_m_per_s,v_error_m_per_s\n" + "1,0,5,1\n-2,0,6,2\n2,3,7,3\n1,3,8,4\n"
    data = read_velocity_curve(write(tmp_path, rows), device)
    assert (data.x.tolist(), data.series.tolist()) == ([1e11, -2e11, 2e11, 1e11], [0, 0, 1, 1])
    assert data.labels == ("0 mT", "3 mT") and data.x_axis is CURRENT_AXIS
    assert data.errors_known and data.error(device, data.measured).tolist() == [1, 2, 3, 4]
    field, drift = GAMMA_0 * 7.2e-9 * 0.3 / 1.09 * 3e-3 / MU_0, -1.06 / 1.09 * MU_B * 0.5 * 1e11 / (E_CHARGE * 7e5)
    np.testing.assert_allclose(data.predict(device), [drift, -2 * drift, 2 * drift + field, drift + field], rtol=1e-6)
    swept = read_velocity_curve(write(tmp_path, "Bz_mT,v_m_per_s\n-3,1\n3,2\n"), device)
    assert swept.x.tolist() == [-3e-3, 3e-3] and swept.x_axis == ("field (mT)", 1e-3) and swept.labels == ("0e11 A/m2",)
    np.testing.assert_allclose(swept.predict(device), [-field, field], rtol=1e-6)
    assert not swept.errors_known
    currents, none = np.array([1e11, 3e11]), np.zeros(2)
    straight = steady_velocity(STRAIGHT, currents, none)
    np.testing.assert_allclose(steady_velocity(DEVICE, currents, none), straight, rtol=1e-9)  # no notch is left
    assert straight.min() > 5


TRACE = "t_ns,q_nm,J_1e11_A_m2,Bz_mT\n0.5,1,2,4\n1,2,-4,-1\n0.2,5,3,0\n0.4,6,3,0\n"


def test_a_trace_is_driven_by_its_own_rows(tmp_path, monkeypatch):
    """Linear between the rows, before the first as there from t = 0 on; q where the spline of the samples has it."""
    data = read_wall_trace(write(tmp_path, TRACE), DEVICE)
    assert data.series.tolist() == [0, 0, 1, 1] and data.labels == ("-4e11 A/m2", "3e11 A/m2")
    asked = []

    def simulate(device, drive, **options):
        asked.append((drive, options))
        time = np.linspace(0, drive.length, 50)
        lanes = np.arange(options["n"]) - 0.5 * (options["n"] - 1)
        q = PLACE + 3 * time[:, None] + 1e-9 * lanes  # 3 m/s on average
        return types.SimpleNamespace(time=time, q_samples=q)

    monkeypatch.setattr(trace_module, "simulate", simulate)
    np.testing.assert_allclose(data.predict(DEVICE), 3 * data.x, rtol=1e-9)
    drive, options = asked[0]
    assert drive.current_density == -4e11 and drive.field.H_z == pytest.approx(4e-3 / MU_0)
    np.testing.assert_allclose(drive.waveform.time, [0, 0.5e-9, 1e-9])
    np.testing.assert_allclose(drive.waveform.value, [-0.5, -0.5, 1])
    np.testing.assert_allclose(drive.field_waveform.value, [1, 1, -0.25])
    assert (options["n"], options["temperature"], options["samples"]) == (1, 0, 1000)
    assert options["start"][0] == pytest.approx(PLACE, abs=1e-11)
    assert data.difference_step == 1e-3 and not data.simulated
    assert options["dt"] == data.dt == pytest.approx(0.7 * time_step(QPhiModel(DEVICE)))
    warm = dataclasses.replace(data, temperature=300.0)
    asked.clear()
    np.testing.assert_allclose(warm.predict(DEVICE), 3 * (data.x + 2e-9), rtol=1e-9)
    drive, options = asked[0]
    np.testing.assert_allclose(drive.waveform.time, [0, 2e-9, 2e-9, 2.5e-9, 3e-9])
    np.testing.assert_allclose(drive.waveform.value, [0, 0, -0.5, -0.5, 1])
    assert (options["n"], options["temperature"], options["start"]) == (512, 300.0, data.first_start)
    assert warm.difference_step == 0.02


def test_integrated_trace_is_the_area_swept(tmp_path, monkeypatch):
    data = read_wall_trace(write(tmp_path, TRACE.replace("q_nm", "q_S_nm")), DEVICE)
    ends = {0: np.array([4e-9, 11e-9]), 1: np.array([-9e-9, 120e-9])}
    monkeypatch.setattr(type(data), "_trace", lambda self, device, mine: PLACE + ends[int(self.series[mine][0])])
    model = QPhiModel(DEVICE)
    for found, end in zip(data.predict(DEVICE), np.concatenate([ends[0], ends[1]]), strict=True):
        fine = np.linspace(PLACE, PLACE + end, 20001)
        assert found == pytest.approx(np.trapezoid(model.widths(fine).s2, fine) / W, abs=1e-12)


def test_traces_are_told_apart_by_name_or_by_time(tmp_path):
    named = "trace,t_ns,q_nm,J_1e11_A_m2\n1,1,0,1\n1,2,0,1\n2,3,0,1\n2,4,0,1\n"
    assert read_wall_trace(write(tmp_path, named), DEVICE).series.tolist() == [0, 0, 1, 1]
    for times in ("1,1", "2,1", "-1,1"):
        first, second = times.split(",")
        text = f"trace,t_ns,q_nm,J_1e11_A_m2\n1,{first},0,1\n1,{second},0,1\n"
        with pytest.raises(InputError, match="the times of trace 1 must ascend from t >= 0"):
            read_wall_trace(write(tmp_path, text), DEVICE)


@pytest.mark.parametrize("Q", [1.0, -1.0])
def test_the_wall_rests_where_the_holding_field_rises_through_zero(Q):
    """Two notches: the nearer one, within 2 Delta, where the energy is lowest and not highest."""
    notches = [NOTCH | {"position": x} for x in (200.3e-9, 300.7e-9)]
    device = device_from_mapping(MAPPING | {"notch": notches, "wall": MAPPING["wall"] | {"Q": Q}})
    for start, place in ((210e-9, 200.3e-9), (290e-9, 300.7e-9)):
        q, phi = place_of_rest(device, start)
        assert q == pytest.approx(place, abs=0.02e-9)
        assert math.cos(phi) == pytest.approx(-Q if Q > 0 else 1.0, abs=1e-6)


@pytest.mark.parametrize("integrated", [False, True])
def test_a_wall_at_the_end_of_the_track_is_told(tmp_path, integrated):
    text = TRACE.replace("q_nm", "q_S_nm") if integrated else TRACE
    data = read_wall_trace(write(tmp_path, text), DEVICE)
    length = LENGTH if not integrated else np.trapezoid(DEVICE.geometry.s2, DEVICE.geometry.q) / W
    inside = np.array([0.0, 0.5 * length - 1.5e-9, -0.5 * length + 1.5e-9, 0.0])
    assert data.concerns(DEVICE, inside) == []
    for side in (1, -1):
        (said,) = data.concerns(DEVICE, inside * 0 + side * (0.5 * length - 0.5e-9))
        assert "reaches the end of the track" in said


def test_data_without_what_drives_the_wall_are_refused(tmp_path):
    for read, text, words in (
        (read_velocity_curve, "v_m_per_s\n1\n2\n", "a velocity curve needs a column J or Bz"),
        (read_wall_trace, "t_ns,q_nm\n0,0\n1,1\n", "a trajectory needs a column J or Bz"),
    ):
        with pytest.raises(InputError, match=words):
            read(write(tmp_path, text), DEVICE)


def test_one_step_is_shared_until_a_device_needs_a_smaller_one():
    """The limit of a device with a third of the damping is lower; then it is that device's own step."""
    drive, first = Drive(waveform=Waveform(np.array([0.0, 1e-9]), np.ones(2)), current_density=1e11), 0.0
    limit = time_step(QPhiModel(DEVICE), None, drive.largest_field, drive.largest_current, 300.0)
    first = trace_module.shared_step(DEVICE, 0.5 * limit, drive, 300.0)
    assert first == 0.5 * limit
    assert trace_module.shared_step(DEVICE, 1e3 * limit, drive, 300.0) == limit


@pytest.mark.parametrize("row", ["2.5,10", "-1,10", "11,10", "1,9.5", "0,0"])
def test_counts_are_whole_and_no_more_than_the_trials(tmp_path, row):
    path = write(tmp_path, f"J_1e11_A_m2,depinned,trials\n2,1,10\n3,{row}\n")
    with pytest.raises(InputError, match="depinned and trials must be whole numbers, 0 <= depinned <= trials"):
        read_depinning_curve(path, DEVICE)


@pytest.mark.parametrize("row", ["0,1,10", "-3,1,10"])
def test_currents_of_counts_have_one_sign(tmp_path, row):
    path = write(tmp_path, f"J_1e11_A_m2,depinned,trials\n2,1,10\n{row}\n")
    with pytest.raises(InputError, match="all J must have one sign and not be 0"):
        read_depinning_curve(path, DEVICE)


@pytest.mark.parametrize(("field", "place"), [(2e-7, 253e-9), (2e-5, 250e-9)])
def test_what_holds_less_than_a_microtesla_holds_nothing(field, place):
    """V = -A cos(2 pi q/20 nm) needs 2 pi A/(20 nm) = 2 Ms w t B to be left; its bottom lies at 250 nm."""
    k, q = 2 * math.pi / 20e-9, np.linspace(200e-9, 300e-9, 201)
    V = -2 * 7e5 * W * 0.6e-9 * field / k * np.cos(k * (q - 250e-9))
    device = device_from_mapping(MAPPING | {"notch": [], "potential": {"q": q.tolist(), "V": V.tolist()}})
    assert place_of_rest(device, 253e-9)[0] == pytest.approx(place, abs=0.05e-9)
