"""The arithmetic of a fit by hand: bounds, slopes, errors, intervals, and what the report says of them."""

import dataclasses
import types
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from dwcore.errors import InputError, RunError
from llg import device_from_mapping
from llg.calibration import deviance_fit, fit
from llg.calibration.data import CalibrationData
from llg.calibration.deviance_fit import DevianceFit
from llg.calibration.fit import Calibration, calibrate
from llg.calibration.parameters import FITTABLE, ParameterSpace
from llg.calibration.report import as_json, as_text, p_value, parameter_lines, warnings
from llg.device.device import Device

MAPPING = {
    "name": "track",
    "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 1e-3, "alpha": 0.3},
    "wall": {"shape": "rigid", "Delta": 7.2e-9, "sigma_0": 5.3e-3, "H_K": 1e4},
    "track": {"length": 500e-9, "width": 64e-9, "thickness": 0.6e-9},
    "torque": {"theta_SH": 0.1, "current_crowding": 0.0},
    "notch": [
        {"position": 150e-9, "shape": "triangular", "depth": 10e-9, "width": 30e-9},
        {"position": 350e-9, "shape": "triangular", "depth": 16e-9, "width": 30e-9},
    ],
}


def make_device(**sections):
    return device_from_mapping(MAPPING | {key: MAPPING[key] | value for key, value in sections.items()})


DEVICE = make_device()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Law(CalibrationData):
    """Any prediction of a device."""

    law: Callable[[Device], np.ndarray]
    kind = "velocity curve"

    def predict(self, device):
        return self.law(device)


def data_of(law, measured, error=None, **more):
    measured = np.asarray(measured, float)
    given = {"x": np.arange(measured.size), "series": np.zeros(measured.size, int)} | more
    size = None if error is None else np.broadcast_to(error, measured.shape)
    return Law(source="data", law=law, measured=measured, errors_known=error is not None, measured_error=size, **given)


def fit_of(names, *data, device=DEVICE):
    return DevianceFit(ParameterSpace(device, names), data, lambda done: None)


def test_bounds_of_the_search():
    """Factors on the start, or largest magnitudes; D keeps its sign, and no notch cuts more than 95 % of the track."""
    space = ParameterSpace(DEVICE, list(FITTABLE))
    bounds = dict(zip(space.names, zip(space.lower, space.upper, strict=True), strict=True))
    expected = {
        "Delta": (1.44e-9, 36e-9),
        "sigma_0": (5.3e-3 * 0.05, 0.106),
        "H_K": (-1e6, 1e6),
        "D": (0.0, 0.01),
        "alpha": (0.003, 1.0),
        "theta_SH": (-3.0, 3.0),
        "notch_depth_scale": (0.05, 0.95 * 64 / (2 * 16)),
        "notch_width_scale": (0.2, 5.0),
    }
    assert bounds == {name: pytest.approx(ends) for name, ends in expected.items()}
    negative = ParameterSpace(make_device(material={"D": -1e-3}), ["D"])
    assert (negative.lower, negative.upper, negative.scale) == ((-0.01,), (0.0,), (1e-3,))
    assert ParameterSpace(make_device(wall={"H_K": 1e6}), ["H_K"]).start == (1e6,)
    with pytest.raises(InputError, match=r"H_K = 1.1e\+06 \[A/m\] must start between -1e\+06 and 1e\+06 to be fitted"):
        ParameterSpace(make_device(wall={"H_K": 1.1e6}), ["H_K"])


def test_scale_of_a_start_of_zero():
    zero = make_device(material={"D": 0.0}, torque={"theta_SH": 0.0}, wall={"H_K": 0.0})
    assert ParameterSpace(zero, ["D", "theta_SH", "H_K"]).scale == (1e-4, 0.1, 1e4)
    assert ParameterSpace(DEVICE, ["theta_SH", "alpha"]).scale == (0.1, 0.3)
    assert ParameterSpace(make_device(torque={"theta_SH": -0.2}), ["theta_SH"]).scale == (0.2,)


def test_slopes_at_a_bound_are_one_sided():
    """alpha = 1 is its bound: the slope of a straight law stays what it is, in units of the scale."""
    device = make_device(material={"alpha": 1.0})
    fit = fit_of(["alpha"], data_of(lambda d: 5 * d.material.alpha * np.arange(1, 4), [0, 0, 0], 0.5), device=device)
    fit.check(np.ones(1))
    np.testing.assert_allclose(fit.jacobian(np.ones(1))[:, 0], 5 * np.arange(1, 4) / 0.5, rtol=1e-9)
    assert fit.step[0] == 1e-3


def test_residuals_are_predicted_less_measured_over_the_error():
    fit = fit_of(["alpha"], data_of(lambda d: d.material.alpha * np.ones(2), [0.1, 0.7], 0.2))
    fit.check(np.ones(1))
    np.testing.assert_allclose(fit.residuals(np.ones(1)), [1, -2])
    np.testing.assert_allclose(fit.deviance_roots(np.ones(1)), [1, -2])
    assert fit.data[0].deviance_roots(np.array([0.3, 0.3]), np.array([0.2, 0.2])) == pytest.approx([-1, 2])


@pytest.mark.parametrize(("steep", "bends"), [(2.9, False), (3.1, True)])
def test_a_kink_is_abrupt_where_the_slope_changes_threefold(steep, bends):
    """|change of the slope| > their sum/2: between slopes 1 and 3 they are alike. A straight law is not abrupt."""

    def kinked(device):
        over = device.material.alpha - 0.3
        return np.ones(2) * (over if over < 0 else steep * over)

    fit = fit_of(
        ["alpha", "theta_SH"], data_of(lambda d: kinked(d) + d.torque.theta_SH * np.array([1, 2]), [0, 0], 1.0)
    )
    fit.check(np.ones(2))
    assert fit.abrupt(np.ones(2)).tolist() == [bends, False]


def test_two_sets_of_unknown_error_share_the_degrees_of_freedom_by_leverage():
    """s_i^2 = residuals^2 summed over n_i less the leverages of its points: the same fixed point in plain numpy."""
    rng = np.random.default_rng(3)
    X = np.stack([np.ones(14), np.linspace(-1, 3, 14)], axis=1)
    y = X @ [0.12, 0.25] + rng.normal(size=14) * np.where(np.arange(14) < 5, 0.01, 0.05)
    parts = slice(0, 5), slice(5, 14)

    def law(part):
        return lambda d: X[part] @ [d.torque.theta_SH, d.material.alpha]

    result = calibrate(DEVICE, [data_of(law(part), y[part]) for part in parts], ["theta_SH", "alpha"])
    size = np.ones(2)
    for _ in range(200):
        s = np.concatenate([np.full(5, size[0]), np.full(9, size[1])])
        A = X / s[:, None]
        value = np.linalg.lstsq(A, y / s, rcond=None)[0]
        leverage = np.sum(np.linalg.qr(A)[0] ** 2, axis=1)
        size = np.array([np.sqrt(np.sum((y - X @ value)[p] ** 2) / np.sum(1 - leverage[p])) for p in parts])
    np.testing.assert_allclose([e[0] for e in result.error], size, rtol=1e-3)
    np.testing.assert_allclose(result.value, value, rtol=1e-4)
    covariance = np.linalg.inv(A.T @ A)
    np.testing.assert_allclose(result.standard_error, np.sqrt(np.diag(covariance)), rtol=2e-3)
    np.testing.assert_allclose(
        np.diff(result.interval, axis=1)[:, 0], 2 * stats.t.ppf(0.975, 12) * result.standard_error
    )
    np.testing.assert_allclose(result.sensitivity, A, rtol=2e-3, atol=1e-6)
    assert result.degrees_of_freedom == 12 and result.start.tolist() == [0.1, 0.3]
    assert result.chi2 == pytest.approx(12, rel=5e-3)
    assert not result.at_bound.any() and not result.abrupt.any()


def test_as_many_points_as_parameters_and_unknown_errors():
    exact = data_of(lambda d: np.array([d.torque.theta_SH, d.material.alpha]), [0.11, 0.29], 0.01)
    result = calibrate(DEVICE, [exact], ["theta_SH", "alpha"])
    np.testing.assert_allclose(result.value, [0.11, 0.29], rtol=1e-6)
    assert result.degrees_of_freedom == 0 and p_value(result) is None
    bare = dataclasses.replace(exact, errors_known=False, measured_error=None)
    with pytest.raises(InputError, match="2 points cannot determine 2 parameters and an error"):
        calibrate(DEVICE, [bare], ["theta_SH", "alpha"])


def test_an_interval_that_runs_into_a_bound_has_no_end_there():
    """D = 1e-5 +- 2e-5 J/m^2, which must be >= 0: the upper end is 1.96 errors away, there is no lower one."""
    law = data_of(lambda d: np.array([d.material.D / 1e-3, d.material.alpha]), [0.01, 0.3], [0.02, 0.01])
    result = calibrate(make_device(material={"D": 3e-5}), [law], ["D", "alpha"], profile=True)
    np.testing.assert_allclose(result.profile, [[-np.inf, 4.92e-5], [0.2804, 0.3196]], rtol=2e-3)
    np.testing.assert_allclose(result.interval, [[-2.92e-5, 4.92e-5], [0.2804, 0.3196]], rtol=2e-3)
    line = parameter_lines(result)[0]
    assert line.endswith("(start 3e-05), profile bound to " + line.rpartition(" ")[2]) and "[" not in line
    at_zero = calibrate(
        make_device(material={"D": 3e-5}), [dataclasses.replace(law, measured=np.array([-1, 0.3]))], ["D"]
    )
    assert at_zero.at_bound.tolist() == [True] and abs(at_zero.value[0]) < 1e-11


def test_parameters_that_are_hard_to_tell_apart_have_large_but_finite_errors():
    """Slopes that differ by a hundredth: (X^T X)^-1 in plain numpy, correlation -0.99998."""
    x = np.arange(1.0, 7.0)
    X = np.stack([x, x * (1 + 0.01 * np.cos(x))], axis=1)
    law = data_of(lambda d: X @ [d.torque.theta_SH, d.material.alpha], X @ [0.1, 0.3], 0.001)
    result = calibrate(DEVICE, [law], ["theta_SH", "alpha"])
    covariance = 1e-6 * np.linalg.inv(X.T @ X)
    np.testing.assert_allclose(result.standard_error, np.sqrt(np.diag(covariance)), rtol=1e-3)
    assert result.correlation[0, 1] == pytest.approx(covariance[0, 1] / np.sqrt(np.diag(covariance).prod()), abs=1e-6)
    assert result.correlation[0, 1] < -0.9999


def test_profile_of_correlated_parameters_fits_the_others_again():
    """A straight line through points on one side of zero, correlation -0.9: the profile is that of (X^T X)^-1."""
    X = np.stack([np.ones(9), np.linspace(1, 4, 9)], axis=1)
    law = data_of(
        lambda d: X @ [d.torque.theta_SH, d.material.alpha], X @ [0.1, 0.3] + 0.001 * np.cos(np.arange(9)), 0.01
    )
    result = calibrate(DEVICE, [law], ["theta_SH", "alpha"], profile=True)
    error = 0.01 * np.sqrt(np.diag(np.linalg.inv(X.T @ X)))
    half = stats.norm.ppf(0.975) * error
    np.testing.assert_allclose(result.profile, np.stack([result.value - half, result.value + half], axis=1), rtol=2e-3)
    assert result.correlation[0, 1] < -0.9


def test_what_no_data_tell_apart_has_no_error():
    law = data_of(lambda d: (d.torque.theta_SH / 0.1 + d.material.alpha / 0.3) * np.arange(1, 4), [2, 4, 6], 0.1)
    result = calibrate(DEVICE, [law], ["theta_SH", "alpha"])
    assert np.isinf(result.standard_error).all() and result.correlation.tolist() == [[1, 0], [0, 1]]
    assert as_json(result)["parameters"][0]["standard_error"] is None
    told = warnings(result)
    assert len(told) == 2 and all("not determined by these data" in text for text in told)


def made_result(**changes):
    x = np.arange(9.0)
    data = data_of(lambda d: 0 * x, [0.3, -0.1, 0.2, -0.4, 0.1, -0.2, 0.3, -0.3, 0.1], 0.2, x=x)
    given = {
        "device": DEVICE,
        "names": ("theta_SH", "D"),
        "start": np.array([0.1, 1e-3]),
        "value": np.array([0.12, 2e-3]),
        "standard_error": np.array([0.02, 5e-4]),
        "interval": np.array([[0.08, 0.16], [1e-3, 3e-3]]),
        "profile": None,
        "correlation": np.array([[1.0, 0.5], [0.5, 1.0]]),
        "sensitivity": np.zeros((9, 2)),
        "at_bound": np.zeros(2, bool),
        "abrupt": np.zeros(2, bool),
        "data": (data,),
        "predicted": (np.zeros(9),),
        "error": (np.full(9, 0.2),),
        "degrees_of_freedom": 7,
        "evaluations": 5,
    }
    return Calibration(**(given | changes))


def residuals(values, **more):
    """A result with these residuals in standard errors of 1."""
    data = data_of(lambda d: None, values, 1.0, **more)
    return made_result(data=(data,), predicted=(0 * data.measured,), error=(1 + 0 * data.measured,))


def test_a_sound_result_is_told_without_a_warning():
    result = made_result()
    assert warnings(result) == []
    assert result.chi2 == pytest.approx(0.54 / 0.04)
    found = as_json(result)
    assert found["chi2"] == pytest.approx(13.5) and found["p_value"] == pytest.approx(stats.chi2.sf(13.5, 7))
    (entry,) = found["data"]
    assert (entry["points"], entry["estimated_error"]) == (9, None) and entry["errors_known"]
    assert entry["rms_residual"] == pytest.approx(np.sqrt(0.06)) and entry["chi2"] == pytest.approx(13.5)
    text = as_text(result)
    assert text[0] == "track: 2 parameters fitted to 9 points"
    assert text[1] == "  theta_SH          = 0.12 +- 0.02, 95 % 0.08 to 0.16 (start 0.1)"
    assert text[2] == "  D                 = 0.002 +- 0.0005 J/m^2, 95 % 0.001 to 0.003 (start 0.001)"
    assert text[-2:] == [
        "velocity curve data: 9 points, rms residual 0.245 [m/s], given errors",
        f"chi^2 = 13.5 at 7 degrees of freedom (p = {stats.chi2.sf(13.5, 7):.3g})",
    ]
    unknown = dataclasses.replace(result.data[0], errors_known=False)
    assert as_json(made_result(data=(unknown,)))["data"][0]["estimated_error"] == 0.2
    assert p_value(made_result(data=(unknown,))) is None


@pytest.mark.parametrize(("rho", "sign"), [(0.96, "-"), (-0.96, "+"), (0.94, None), (-0.94, None)])
def test_the_combination_that_two_degenerate_parameters_leave_known(rho, sign):
    """theta - s D varies least at s = rho 0.02/5e-4 = 38.4, with 0.02 sqrt(1 - rho^2) = 0.0056."""
    told = warnings(made_result(correlation=np.array([[1, rho], [rho, 1]])))
    if sign is None:
        assert told == []
    else:
        assert len(told) == 1 and f"determine theta_SH {sign} 38.4 D to +- 0.0056 [SI]" in told[0]


def test_what_is_not_well_known():
    poor = warnings(made_result(standard_error=np.array([0.061, 9.9e-4])))
    assert poor == ["theta_SH is poorly determined: 0.12 +- 0.061"]
    assert warnings(made_result(standard_error=np.array([0.059, 1.1e-3])))[0].startswith(
        "D is poorly determined: 0.002 +-"
    )
    bound = warnings(made_result(at_bound=np.array([False, True])))
    assert bound == ["D = 0.002 J/m^2 lies on a bound of the search; its interval does not hold"]
    assert "change abruptly" in warnings(made_result(abrupt=np.array([True, False])))[0]


def test_a_chi_squared_of_less_than_a_thousandth_is_a_misfit():
    for share, said in ((0.9e-3, True), (1.1e-3, False)):
        size = np.sqrt(stats.chi2.isf(share, 7) / 9)
        told = warnings(residuals(size * np.array([1, -1, 1, -1, 1, -1, 1, -1, 1])))
        assert any("does not describe these data" in text for text in told) is said


def test_neighbours_of_one_sign_are_a_systematic_difference():
    """sum r_i r_i+1/sum r^2 against 2/sqrt(pairs), in the order of x and within a series; at least 7 pairs."""
    rising = np.array([-3.0, -3, -2, -1, 1, 2, 3, 3, 1]) / 3  # 9 + 6 + 2 - 1 + 2 + 6 + 9 + 3 of 47
    (told,) = warnings(residuals(rising))
    assert "(correlation 0.77)" in told
    order = np.array([4, 0, 8, 2, 6, 1, 5, 3, 7])
    assert warnings(residuals(rising[order])) == []
    assert warnings(residuals(rising[order], x=order)) == [told]
    assert warnings(residuals(rising[:7])) == []  # 6 pairs
    assert len(warnings(residuals(np.ones(8)))) == 1 and warnings(residuals(np.ones(7))) == []
    assert warnings(residuals(np.repeat([1.0, -1, 1], 3))) == []  # 4/9 of 8 pairs, below 2/sqrt(8)
    halves = np.concatenate([rising[:5], -rising[4:]])
    joined = warnings(residuals(halves))
    apart = warnings(residuals(halves, series=np.repeat([0, 1], 5), x=np.tile(np.arange(5), 2)))
    assert "(correlation 0.73)" in joined[0] and "(correlation 0.75)" in apart[0]  # 35 and 36 of 48


@pytest.mark.parametrize(("Delta", "far"), [(7.5e-9, False), (7.6e-9, True), (6.85e-9, True), (6.9e-9, False)])
def test_relaxed_walls_are_expanded_about_the_start_until_a_size_has_changed_by_a_twentieth(Delta, far):
    """Sizes are those of the notches over Delta, and D over sigma_0; a rigid wall is expanded about nothing."""
    device = make_device(wall={"shape": "relaxed"})
    space = ParameterSpace(device, ["Delta", "sigma_0"])
    assert space.device([7.3e-9, 5e-3]).nominal.straight_wall.Delta == 7.2e-9
    assert space.centre_on([Delta, 5.3e-3]) is far
    assert space.device([7.3e-9, 5e-3]).nominal.straight_wall.Delta == (Delta if far else 7.2e-9)
    assert space.device([7.3e-9, 5e-3]).straight_wall.Delta == 7.3e-9
    other = ParameterSpace(device, ["sigma_0"])
    assert not other.centre_on([5.3e-3 * 1.04]) and other.centre_on([5.3e-3 * 1.06])
    assert not ParameterSpace(DEVICE, ["Delta"]).centre_on([Delta])


def test_a_fit_that_does_not_end_says_so(monkeypatch):
    """Neither within its 100 steps, nor in twelve rounds of values that go to and fro by more than their errors."""
    law = data_of(lambda d: d.torque.theta_SH / 0.1 * np.arange(1, 4), [2, 4, 6], 0.1)
    fit = fit_of(["theta_SH"], law)
    x = np.array([1.0])
    fit.check(x)
    monkeypatch.setattr(deviance_fit.scipy.optimize, "least_squares", lambda *_, **__: types.SimpleNamespace(status=0))
    with pytest.raises(RunError, match="the fit did not converge in 100 steps; start nearer or free less"):
        fit.minimize(x, np.ones(1, bool))
    rounds = []
    monkeypatch.setattr(fit, "minimize", lambda x, free: rounds.append(x) or 3.0 - x)
    with pytest.raises(RunError, match="fit and errors did not settle in 12 rounds"):
        fit.converge(x)
    assert len(rounds) == 12


def test_slopes_of_a_law_without_noise_are_taken_within_the_errors():
    """The first step is a thousandth; errors of a hundredth of that narrow it, and those of a tenth of all do not."""
    for size, step in ((1e-4, 1e-4 / np.sqrt(14)), (1.0, 1e-3)):
        fit = fit_of(["theta_SH"], data_of(lambda d: d.torque.theta_SH / 0.1 * np.arange(1, 4), [1, 2.0, 3.0003], size))
        start = np.array([1.2])
        fit.check(start)
        assert fit.step == pytest.approx([1e-3])
        fit.converge(start)
        assert fit.step == pytest.approx([step], rel=1e-3)


def test_a_perfect_fit_has_an_error_that_is_not_zero():
    """Without known errors and without scatter: a billionth of the largest value."""
    law = data_of(lambda d: d.torque.theta_SH / 0.1 * np.arange(1.0, 4.0), [2.0, 4.0, 6.0])
    result = calibrate(DEVICE, [law], ["theta_SH"])
    assert result.value == pytest.approx([0.2]) and result.error[0] == pytest.approx(np.full(3, 6e-9))
    assert np.isfinite(result.standard_error).all() and result.degrees_of_freedom == 2


def test_a_report_of_the_residuals_has_their_mean_and_their_unit():
    """An offset is a residual: the root mean square of 3, 4 and 5 is sqrt(50/3), not their deviation."""
    data = dataclasses.replace(data_of(lambda d: None, [3.0, 4.0, 5.0], 1.0), errors_known=True)
    for kind, unit in (("pinning map", "T"), ("velocity curve", "m/s"), ("depinning curve", "1"), ("trajectory", "m")):
        one = type("Kind", (Law,), {"kind": kind})(**{f.name: getattr(data, f.name) for f in dataclasses.fields(data)})
        text = as_text(made_result(data=(one,), predicted=(np.zeros(3),), error=(np.ones(3),), degrees_of_freedom=1))
        assert f"{kind} data: 3 points, rms residual 4.08 [{unit}], given errors" in text
    far = made_result(
        value=np.array([0.12, 2e-3]), start=np.array([0.3, 4e-3]), profile=np.array([[0.1, np.inf], [1e-3, 3e-3]])
    )
    assert parameter_lines(far)[0].endswith("(start 0.3), profile 0.1 to bound")


@pytest.mark.parametrize(("aim", "value", "at_bound"), [(2.8, 2.8, False), (3.1, 3.0, True), (-3.1, -3.0, True)])
def test_only_a_value_on_its_bound_lies_there(aim, value, at_bound):
    """The spin Hall angle goes to +-3; the result is a device of its own, expanded about itself."""
    law = data_of(lambda d: d.torque.theta_SH / 0.1 * np.arange(1.0, 4.0), 10 * aim * np.arange(1.0, 4.0), 0.1)
    result = calibrate(DEVICE, [law], ["theta_SH"])
    assert result.value == pytest.approx([value], rel=1e-4) and result.at_bound.tolist() == [at_bound]
    assert result.device.torque.theta_SH == pytest.approx(result.value[0]) and result.device.nominal is None


@pytest.mark.parametrize(("moves", "fits"), [(0, 1), (2, 3), (9, 5)])
def test_a_fit_is_done_again_while_its_walls_are_expanded_elsewhere(monkeypatch, moves, fits):
    """As often as the centre moves, four times at most."""
    made, asked = [], []
    law = data_of(lambda d: d.torque.theta_SH / 0.1 * np.arange(1.0, 4.0), [2.0, 4.0, 6.0], 0.1)
    monkeypatch.setattr(ParameterSpace, "centre_on", lambda self, values: asked.append(values) or len(asked) <= moves)
    monkeypatch.setattr(fit, "DevianceFit", lambda *given: made.append(given) or DevianceFit(*given))
    assert calibrate(DEVICE, [law], ["theta_SH"]).value == pytest.approx([0.2])
    assert len(made) == fits and asked[0] == pytest.approx([0.2])
