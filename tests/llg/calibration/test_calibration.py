"""The fit: predictions against independent calculations, errors of a linear model, likelihood, what is refused."""

import dataclasses
import math

import numpy as np
import pytest
from scipy import optimize, stats

from dwcore.errors import InputError
from llg import Drive, Field, QPhiModel, Waveform, device_from_mapping, simulate, valley
from llg.calibration.data import CalibrationData
from llg.calibration.depinning_curve import DepinningCurve, smooth_probability
from llg.calibration.fit import calibrate
from llg.calibration.parameters import FITTABLE, ParameterSpace
from llg.calibration.pinning_map import along_track, holding_field, read_pinning_map
from llg.calibration.report import as_json, as_text, warnings
from llg.calibration.velocity_curve import read_velocity_curve, steady_velocity
from llg.calibration.wall_trace import place_of_rest, read_wall_trace
from llg.constants import GAMMA_0, MU_0
from llg.runs.velocity import straight_track

MAPPING = {
    "name": "track",
    "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 1e-3, "alpha": 0.3},
    "wall": {"shape": "rigid", "Delta": 7.2e-9, "sigma_0": 5.3e-3, "H_K": 1e4},
    "track": {"length": 500e-9, "width": 64e-9, "thickness": 0.6e-9},
    "torque": {"theta_SH": 0.1, "current_crowding": 0.0},
    "notch": [{"position": 250e-9, "shape": "triangular", "depth": 10e-9, "width": 30e-9}],
}


def make_device(**sections):
    return device_from_mapping(MAPPING | {key: MAPPING.get(key, {}) | value for key, value in sections.items()})


DEVICE = make_device()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Line(CalibrationData):
    """y = theta_SH x1 + alpha x2: a linear model, whose fit is known in closed form."""

    other: np.ndarray
    size: float = 1.0
    kind = "velocity curve"

    def predict(self, device):
        return device.torque.theta_SH * self.x + device.material.alpha * self.other

    def error(self, device, predicted):
        return np.full(predicted.shape, self.size)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Counts(CalibrationData):
    """Shares with P = Phi(10 theta_SH + alpha x)."""

    trials: float = 20.0
    kind = "depinning curve"
    error = DepinningCurve.error
    deviance_roots = DepinningCurve.deviance_roots
    shots = np.inf

    def predict(self, device):
        return stats.norm.cdf(10 * device.torque.theta_SH + device.material.alpha * self.x)


def make_line(known=True, size=0.1, n=12):
    x, other = np.linspace(0, 10, n), np.cos(np.arange(n))
    noise = 0.1 * np.random.default_rng(1).standard_normal(n)
    measured = 0.12 * x + 0.25 * other + noise
    series = np.zeros(n, int)
    return Line(source="line", x=x, measured=measured, series=series, errors_known=known, other=other, size=size)


def write(tmp_path, text):
    path = tmp_path / "data.csv"
    path.write_text(text)
    return path


@pytest.mark.parametrize("known", [True, False])
def test_linear_model_has_its_textbook_covariance(known):
    data = make_line(known, size=0.1 if known else 1.0)
    result = calibrate(DEVICE, [data], ["theta_SH", "alpha"], profile=True)
    X = np.stack([data.x, data.other], axis=1)
    value, rss, _, _ = np.linalg.lstsq(X, data.measured, rcond=None)
    variance = 0.01 if known else rss[0] / 10
    covariance = variance * np.linalg.inv(X.T @ X)
    error = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(result.value, value, rtol=1e-6)
    np.testing.assert_allclose(result.standard_error, error, rtol=1e-6)
    np.testing.assert_allclose(result.correlation[0, 1], covariance[0, 1] / error.prod(), rtol=1e-6)
    half = (stats.norm.ppf(0.975) if known else stats.t.ppf(0.975, 10)) * error
    np.testing.assert_allclose(result.interval, np.stack([value - half, value + half], axis=1), rtol=1e-6)
    np.testing.assert_allclose(result.profile, result.interval, rtol=2e-3)
    assert result.chi2 == pytest.approx(rss[0] / variance)
    assert as_json(result)["p_value"] == (pytest.approx(stats.chi2.sf(result.chi2, 10)) if known else None)


def test_two_sets_each_have_their_own_scatter():
    """A precise and a coarse set without known errors: the precise one decides."""
    fine, coarse = make_line(False, 1.0, 40), make_line(False, 1.0, 40)
    fine = dataclasses.replace(fine, measured=0.1 * fine.x + 0.3 * fine.other + 1e-3 * np.sin(7 * np.arange(40)))
    coarse = dataclasses.replace(coarse, measured=coarse.measured + 1.0)
    result = calibrate(DEVICE, [fine, coarse], ["theta_SH", "alpha"])
    np.testing.assert_allclose(result.value, [0.1, 0.3], rtol=5e-3)
    assert result.error[1][0] > 300 * result.error[0][0]


@pytest.mark.parametrize("seed", range(8))
def test_counts_are_fitted_by_maximum_likelihood(seed):
    """From a start that is far off; alternating fits and weights would not settle or end beside the maximum."""
    rng = np.random.default_rng(seed)
    x = np.linspace(-12, 6, 15)
    counts = rng.binomial(20, stats.norm.cdf(1 + 0.3 * x))
    data = Counts(source="counts", x=x, measured=counts / 20, series=np.zeros(15, int), errors_known=True)
    result = calibrate(make_device(torque={"theta_SH": 0.2}), [data], ["theta_SH", "alpha"])

    def minus_log_likelihood(v):
        return -np.sum(stats.binom.logpmf(counts, 20, stats.norm.cdf(10 * v[0] + v[1] * x)))

    best = optimize.minimize(
        minus_log_likelihood, [0.1, 0.3], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10}
    ).x
    assert np.all(np.abs(result.value - best) < 1e-3 * result.standard_error)
    # Fisher's information, from the exact derivatives of P
    dP = stats.norm.pdf(10 * best[0] + best[1] * x)[:, None] * np.stack([np.full(15, 10.0), x], axis=1)
    P = stats.norm.cdf(10 * best[0] + best[1] * x)
    information = dP.T @ (20 / (P * (1 - P))[:, None] * dP)
    np.testing.assert_allclose(result.standard_error, np.sqrt(np.diag(np.linalg.inv(information))), rtol=0.02)


def test_holding_field_is_the_slope_of_the_valley():
    for device in (DEVICE, make_device(material={"D": 1e-5}), make_device(wall={"H_K": 0.0})):
        model = QPhiModel(device)
        path = valley(model)
        expected = path.force / (2 * model.Ms * model.t * model.widths(path.q).s2)
        np.testing.assert_allclose(holding_field(model, path.q), expected, atol=1e-9)
    mirrored = QPhiModel(make_device(wall={"Q": -1}))
    np.testing.assert_allclose(holding_field(mirrored, path.q), -holding_field(QPhiModel(DEVICE), path.q), atol=1e-12)


def test_integrated_position():
    """dq_S = (s2/w) dq, and there and back."""
    q_S = np.linspace(-30e-9, 30e-9, 241)
    q = along_track(DEVICE, q_S, 250e-9)
    s2 = QPhiModel(DEVICE).widths(0.5 * (q[1:] + q[:-1])).s2
    np.testing.assert_allclose(np.diff(q_S), np.diff(q) * s2 / 64e-9, rtol=2e-5)
    assert q[120] == pytest.approx(250e-9, abs=1e-15)


def test_steady_velocity_on_both_sides_of_the_walker_field():
    device = make_device(material={"D": 0.0, "alpha": 0.1})
    H_K, alpha, Delta = 1e4, 0.1, 7.2e-9
    H = np.array([0.2, 0.8, 1.2, 3.0, -3.0]) * alpha * H_K / 2
    root = np.sqrt(np.maximum(H**2 - (alpha * H_K / 2) ** 2, 0)) * np.sign(H)
    expected = GAMMA_0 * Delta / alpha * (H - root / (1 + alpha**2))
    np.testing.assert_allclose(steady_velocity(device, np.zeros(5), MU_0 * H), expected, rtol=1e-6)


def test_steady_velocity_is_that_of_the_simulation():
    device = straight_track(DEVICE, DEVICE.track.length)
    J, B = np.array([1e11, -2e11, 0.0, 5e10]), np.array([0.0, 0.0, 5e-3, -8e-3])
    found = steady_velocity(device, J, B)
    step = Waveform(np.array([0.0, 2e-9]), np.array([1.0, 1.0]))
    for j, b, v in zip(J, B, found, strict=True):
        drive = Drive(waveform=step, current_density=j, field=Field(H_z=b / MU_0))
        end = simulate(device, drive, n=1, start=(250e-9, math.pi), seed=0, temperature=0.0, samples=20, jobs=1)
        assert (end.q_samples[-1, 0] - end.q_samples[-3, 0]) / (end.time[2]) == pytest.approx(v, rel=1e-4)


def test_smoothing_counts_finds_a_probit_law():
    J = np.linspace(2e11, 4e11, 12)
    P = stats.norm.cdf((np.log(J) - math.log(3e11)) / 0.1)
    np.testing.assert_allclose(smooth_probability(J, 1e5 * P, 100_000, J), P, atol=1e-3)
    assert smooth_probability(J, np.zeros(12), 100, J).max() < 0.02


MAP = "q_nm,Bz_mT\n" + "".join(f"{q},0\n" for q in range(-20, 21, 2))


@pytest.mark.parametrize("column", ["q_nm", "q_S_nm"])
def test_noise_free_map_gives_back_its_parameters(tmp_path, column):
    data = read_pinning_map(write(tmp_path, MAP.replace("q_nm", column)), DEVICE)
    data = dataclasses.replace(data, measured=data.predict(DEVICE))
    start = ParameterSpace(DEVICE, ["sigma_0", "Delta"]).device([5.0e-3, 7.8e-9])
    result = calibrate(start, [data], ["sigma_0", "Delta"])
    np.testing.assert_allclose(result.value, [5.3e-3, 7.2e-9], rtol=1e-5)


def test_noise_free_map_of_a_relaxed_wall_gives_back_its_parameters(tmp_path):
    """To the 0.5 % that the cells leave: the wall is expanded about the start, then about what the fit has found."""
    device = make_device(wall={"shape": "relaxed"})
    data = read_pinning_map(write(tmp_path, MAP), device)
    data = dataclasses.replace(data, measured=data.predict(device))
    space = ParameterSpace(device, ["sigma_0", "Delta"])
    assert not space.centre_on([5.2e-3, 7.3e-9])
    assert space.centre_on([5.0e-3, 7.8e-9])
    start = space.device([4.5e-3, 8.5e-9])
    result = calibrate(start, [data], ["sigma_0", "Delta"])
    np.testing.assert_allclose(result.value, [5.3e-3, 7.2e-9], rtol=5e-3)
    assert result.device.nominal is None
    assert any("relaxed on cells, which add up to 0.5 %" in text for text in warnings(result))
    rigid = make_device()
    assert np.abs(calibrate(rigid, [data], ["sigma_0", "Delta"]).value / [5.3e-3, 7.2e-9] - 1).max() > 0.03


def test_noise_free_trajectory_gives_back_its_parameters(tmp_path):
    text = "J_1e11_A_m2,t_ns,q_nm\n" + "".join(f"{J},{t / 20},0\n" for J in (2, 5) for t in range(1, 21))
    data = read_wall_trace(write(tmp_path, text), DEVICE, origin=250e-9)
    data = dataclasses.replace(data, measured=data.predict(DEVICE), errors_known=True, measured_error=np.full(40, 1e-9))
    start = ParameterSpace(DEVICE, ["theta_SH", "alpha"]).device([0.105, 0.28])
    result = calibrate(start, [data], ["theta_SH", "alpha"])
    np.testing.assert_allclose(result.value, [0.1, 0.3], rtol=1e-4)


def test_averaged_trajectory_shares_its_noise(tmp_path):
    """The mean of an ensemble changes smoothly with the parameters, and is not the trajectory at T = 0."""
    text = "J_1e11_A_m2,t_ns,q_nm\n" + "".join(f"1,{t / 5},0\n" for t in range(1, 6))
    device = make_device()
    device = dataclasses.replace(device, notches=())
    data = read_wall_trace(write(tmp_path, text), device, origin=200e-9, temperature=300.0, jobs=1)
    space = ParameterSpace(device, ["theta_SH"])
    low, middle, high = (data.predict(space.device([0.1 * (1 + s)])) for s in (-1e-3, 0, 1e-3))
    slope = (high - low) / 2e-3
    assert np.all(np.abs(high + low - 2 * middle) < 0.1 * np.abs(high - low))
    assert slope[-1] == pytest.approx(middle[-1], rel=0.2)  # nearly proportional to theta_SH


def test_place_of_rest():
    assert place_of_rest(DEVICE, 255e-9)[0] == pytest.approx(250e-9, abs=1e-11)
    assert place_of_rest(dataclasses.replace(DEVICE, notches=()), 255e-9)[0] == 255e-9


def test_degenerate_parameters_are_named(tmp_path):
    """Spin Hall angle and damping enter the velocity under current as their ratio when H_K = 0."""
    device = make_device(wall={"H_K": 0.0})
    text = "J_1e11_A_m2,v_m_per_s,v_error_m_per_s\n" + "".join(f"{J},1,0.5\n" for J in np.linspace(0.3, 4, 12))
    data = read_velocity_curve(write(tmp_path, text), device)
    data = dataclasses.replace(data, measured=data.predict(device))
    result = calibrate(device, [data], ["theta_SH", "alpha"])
    told = " ".join(warnings(result))
    assert "not determined" in told or "poorly determined" in told or "degenerate" in told
    assert "nan" not in " ".join(as_text(result)).lower()
    alone = calibrate(device, [data], ["theta_SH"])
    assert warnings(alone) == []  # negative control


def test_misfit_is_reported():
    data = make_line(True, size=0.01)
    assert "does not describe these data" in " ".join(warnings(calibrate(DEVICE, [data], ["theta_SH", "alpha"])))
    bent = dataclasses.replace(make_line(False), measured=0.1 * np.linspace(0, 10, 12) ** 2)
    told = " ".join(warnings(calibrate(DEVICE, [bent], ["theta_SH"])))
    assert "neighbouring points" in told


def complaint(function, *arguments, **options):
    with pytest.raises(InputError) as caught:
        function(*arguments, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_cannot_be_fitted():
    line = make_line()
    assert 'cannot fit "alhpa"; did you mean "alpha"?' in complaint(calibrate, DEVICE, [line], ["alhpa"])
    assert 'cannot fit "alpha" twice' in complaint(calibrate, DEVICE, [line], ["alpha", "alpha"])
    assert "nothing to fit" in complaint(calibrate, DEVICE, [line], [])
    assert "cannot fit sigma_0: the prediction" in complaint(calibrate, DEVICE, [line], ["sigma_0"])
    even = dataclasses.replace(DEVICE, notches=())
    assert "needs a track with notches" in complaint(calibrate, even, [line], ["notch_depth_scale"])
    short = make_line(n=2)
    assert "2 points cannot determine 3 parameters" in complaint(calibrate, DEVICE, [short], ["theta_SH", "alpha", "D"])
    bare = make_line(False, n=2)
    assert "and an error" in complaint(calibrate, DEVICE, [bare], ["theta_SH", "alpha"])


def test_places(tmp_path):
    path = write(tmp_path, MAP)
    two = [MAPPING["notch"][0], MAPPING["notch"][0] | {"position": 100e-9}]
    device = device_from_mapping(MAPPING | {"notch": two})
    assert "has 2 notches" in complaint(read_pinning_map, path, device)
    assert "must lie on the track" in complaint(read_pinning_map, path, DEVICE, origin=1e-6)
    assert "must lie on the track" in complaint(read_pinning_map, path, DEVICE, origin=5e-9)
    both = write(tmp_path, "q_nm,q_S_nm,Bz_mT\n1,1,1\n")
    assert "holds both q and q_S" in complaint(read_pinning_map, both, DEVICE)
    assert not read_pinning_map(both, DEVICE, columns={"q": "q_nm"}).integrated


def test_parameter_space_covers_every_name():
    space = ParameterSpace(DEVICE, list(FITTABLE))
    assert space.device(space.start).config() == dataclasses.replace(DEVICE, wall=DEVICE.straight_wall).config()
    deep = space.device([*space.start[:-2], 1.5, 2.0]).notches[0]
    assert (deep.depth, deep.width) == pytest.approx((15e-9, 60e-9))
    # wall width alone moves, not what a device file would derive from it
    plain = device_from_mapping({k: v for k, v in MAPPING.items() if k != "wall"})
    wider = ParameterSpace(plain, ["Delta"]).device([9e-9])
    assert wider.straight_wall.H_K == plain.straight_wall.H_K
