"""The closed-form fit: rows, likelihood, recovery of known parameters, file, command."""

import dataclasses
import re

import numpy as np
import pytest
import scipy
from fit_cases import CURRENT, DURATION, SHAPE, THRESHOLD, S, drawn_table, known_model, spread_model, table_of
from resealed import remove, replace, reseal

from arraysim.synapses.pulse_law import PulseLaw
from compact.fitting.drawn import drawn_matrices
from compact.fitting.estimate import device_rows, fit_table, table_pulses
from compact.fitting.intervals import intervals
from compact.fitting.likelihood import _poisson_deviance, expected_deviance, score_and_information
from compact.fitting.prediction import prediction_error
from compact.fitting.problem import DeviceRows, Layout
from compact.fitting.run import run_fit, with_fit
from compact.forms.model import FittedModel
from compact.forms.registry import FORMS, form_by_name
from compact.table.interpolate import transition_matrix
from compact.table.operating_point import OperatingPoint
from compact.table.table_file import load_table, save_table
from dwcore.errors import InputError


@pytest.fixture(scope="module")
def fitted():
    table = drawn_table(known_model())
    return table, run_fit(table)


def test_the_known_parameters_come_back_within_their_errors(fitted):
    _, fit = fitted
    model = fit.model
    known = np.isfinite(model.standard_error[0])
    known[7] = False  # the stray share, of which the counts hold a handful
    assert known.sum() == known.size - 1
    size = model.standard_error[0, known]
    pull = (model.value[0] - known_model().value[0])[known] / size
    correlation = model.covariance[0][np.ix_(known, known)] / np.outer(size, size)
    chi2 = pull @ np.linalg.solve(correlation, pull)  # of as many degrees of freedom as parameters
    assert chi2 < known.sum() + 4 * np.sqrt(2 * known.sum())
    assert abs(fit.dispersion - 1) < 4 * 0.14  # its scatter over thirty seeds
    assert fit.verdict.startswith("sound") and "not known" not in fit.verdict and "not tested" not in fit.verdict


def layout_of(form, ridges=((0, 1), (0, 2), (0, 3), (0, 4), (1, 1), (1, 2), (1, 3))):
    return Layout(
        form=form_by_name(form), states=S, ridges=ridges, duration=1e-9, current_density=1e12, rest=(5e-13, 300.0),
        own_pace=False,
    )  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_slopes_agree_with_differences_of_the_likelihood(form):
    layout = layout_of(form)
    pulses, counts = device_rows(drawn_table(known_model(), n=50), 0)
    rows = DeviceRows(layout, pulses, counts)
    rng = np.random.default_rng(1)
    z = layout.start(0.6, 1.0) + 0.02 * rng.standard_normal(layout.size)
    z = np.clip(z, layout.bounds[0] + 1e-3, None)
    slopes, step = rows.slopes(z), 3e-5
    for i in range(layout.size):
        low, high = z.copy(), z.copy()
        low[i], high[i] = z[i] - step, z[i] + step
        difference = (rows.probability(high) - rows.probability(low)) / (2 * step)
        assert np.allclose(slopes[i], difference, atol=2e-7, rtol=2e-5), (form, i)


def test_expected_information_is_the_observed_one_within_sampling_error(fitted):
    table, fit = fitted
    layout = layout_of("drift-diffusion", tuple((side, r) for side in (0, 1) for r in (1, 2, 3)))
    layout = dataclasses.replace(layout, own_pace=False)
    rows = DeviceRows(layout, *device_rows(table, 0))
    z = layout.working(fit.model.value[0])
    free = np.isfinite(fit.model.standard_error[0])
    expected = score_and_information(rows.counts, rows.probability(z), rows.slopes(z))[1][np.ix_(free, free)]
    step, observed = 1e-4, []
    for i in np.flatnonzero(free):
        low, high = z.copy(), z.copy()
        low[i], high[i] = z[i] - step, z[i] + step
        score = [score_and_information(rows.counts, rows.probability(x), rows.slopes(x))[0] for x in (low, high)]
        observed.append((score[0] - score[1])[free] / (2 * step))
    ratio = np.diag(observed) / np.diag(expected)
    assert np.all((ratio > 0.9) & (ratio < 1.1)), ratio


def test_expected_deviance_is_that_of_drawn_counts():
    rng = np.random.default_rng(2)
    p = np.array([[0.5, 0.3, 0.2], [0.99, 0.009, 0.001], [1 - 2e-5, 1e-5, 1e-5], [1.0, 0.0, 0.0]])
    n = np.array([30, 100, 1000, 50])
    draws = rng.multinomial(n, p, size=(40000, 4))
    from compact.fitting.likelihood import deviance

    found = deviance(draws.astype(float), p)
    mean = expected_deviance(n, p)
    error = found.std(axis=0) / np.sqrt(len(draws))
    assert np.all(np.abs(found.mean(axis=0) - mean) < 5 * error + 0.04 * mean + 1e-9), (found.mean(axis=0), mean)


@pytest.mark.parametrize("mu", [50.0, 61.0, 150.0])
def test_deviance_of_large_counts_follows_its_series(mu):
    """Mean of 2 [n ln(n/mu) - n + mu], summed over the Poisson law; from 60 on a series in 1/mu."""
    n = np.arange(600)
    weight, value = scipy.stats.poisson.pmf(n, mu), 2 * (scipy.special.xlogy(n, n / mu) - n + mu)
    assert _poisson_deviance(np.array([mu]))[0] == pytest.approx(weight @ value, rel=2e-4)


@pytest.mark.parametrize("form", FORMS)
def test_more_drive_never_means_less_motion(form):
    layout = layout_of(form)
    rng = np.random.default_rng(4)
    names = tuple([p.name for p in layout.shape_parameters] + [f"threshold_up_{r}" for r in (1, 2, 3, 4)]
                  + [f"threshold_down_{r}" for r in (1, 2, 3)])  # fmt: skip
    for _ in range(5):
        z = layout.start(0.5, 1.0) + np.where(layout.positive, 0.2, 0.05) * rng.standard_normal(layout.size)
        value = layout.value(np.clip(z, *layout.bounds))[None]
        P = value.size
        model = FittedModel(
            form=form, states=S, upward=-1, rest_rate=5e-13, rest_temperature=300.0, names=names, units=("1",) * P,
            shared=np.ones(P, bool), value=value, standard_error=np.zeros((1, P)), covariance=np.zeros((1, P, P)),
        )  # fmt: skip
        for sign in (1, -1):
            J = [0.0, *np.geomspace(1e10, 3e12, 60)]
            rows = np.array([model.matrix(temperature=300.0, current_density=sign * j, duration=1e-9) for j in J])
            assert np.all(rows >= 0) and np.allclose(rows.sum(axis=-1), 1, atol=1e-12)
            assert monotone(rows, -sign)
            tau = np.geomspace(1e-11, 1e-6, 60)
            rows = [model.matrix(temperature=300.0, current_density=sign * 6e11, duration=t) for t in tau]
            assert monotone(np.array(rows), -sign)


def monotone(rows, sense):
    """Whether the chance to end at least so far along the drive never falls along the first axis."""
    states = rows[..., :-1] if sense > 0 else rows[..., -2::-1]
    reach = 1 - np.cumsum(states, axis=-1)  # beyond each state, losses included
    return bool(np.all(np.diff(reach, axis=0) >= -1e-12))


def test_saved_and_loaded_fit_is_the_same(fitted, tmp_path):
    table, fit = fitted
    save_table(tmp_path / "t.h5", with_fit(table, fit))
    again = load_table(tmp_path / "t.h5").fit
    for name in ("value", "standard_error", "covariance", "shared"):
        assert np.array_equal(getattr(again.model, name), getattr(fit.model, name)), name
    assert again.model.names == fit.model.names and again.verdict == fit.verdict and again.free == fit.free
    assert np.array_equal(again.deviance, fit.deviance) and again.spread is None
    point = {"temperature": 310.0, "current_density": 6.3e11, "duration": 1.2e-9}
    assert np.array_equal(again.model.matrix(**point), fit.model.matrix(**point))


def test_wrong_fits_are_refused(fitted):
    table, fit = fitted
    with pytest.raises(InputError, match="fit has 4 states, 3 are needed"):
        small = drawn_table(known_model())
        dataclasses.replace(
            small, position=small.position[:3], conductance=small.conductance[:3], retention_rate=None, fit=fit,
            conductance_std_ctoc=small.conductance_std_ctoc[:3], counts=small.counts[..., :3, :4] + 1,
        )  # fmt: skip
    with pytest.raises(InputError, match="fit has 4 states, 5 are needed"):
        table_of(np.ones((1, 1, len(CURRENT), len(DURATION), 5, 6), int), CURRENT, DURATION, fit=fit)
    with pytest.raises(InputError, match="values must be finite"):
        dataclasses.replace(fit.model, value=-fit.model.value)
    with pytest.raises(InputError, match="needs the parameters pace"):
        dataclasses.replace(fit.model, names=fit.model.names[::-1])
    with pytest.raises(InputError, match='form "drift" is unknown'):
        fit_table(table, "drift")
    with pytest.raises(InputError, match="no pulse of the table moved a wall"):
        still = np.zeros_like(table.counts)
        still[..., np.arange(S), np.arange(S)] = 5
        fit_table(dataclasses.replace(table, counts=still))
    with pytest.raises(InputError, match="one state only, there is nothing to fit"):
        fit_table(
            dataclasses.replace(
                table, position=table.position[:1], conductance=table.conductance[:1], retention_rate=None, fit=None,
                conductance_std_ctoc=table.conductance_std_ctoc[:1], counts=table.counts[..., :1, :2] + 1,
            )
        )  # fmt: skip


def test_pulses_cover_the_grid_in_its_order():
    table = drawn_table(known_model(), n=10)
    pulses = table_pulses(table)
    assert pulses.n == CURRENT.size * DURATION.size * S
    assert np.array_equal(pulses.state[:S], np.arange(S)) and not pulses.up[0] and pulses.up[-1]


# Devices


@pytest.fixture(scope="module")
def fitted_devices():
    table = drawn_table(spread_model(32), n=300, current=7e11 * np.array([-0.9, -0.75, -0.62, 0.62, 0.75, 0.9]))
    return with_fit(table, run_fit(table))


def test_spread_between_devices_comes_back(fitted_devices):
    spread, model = fitted_devices.fit.spread, spread_model(32)
    true = np.log(model.value[:, ~model.shared])
    names = list(spread.names)
    assert names == [name for name, shared in zip(model.names, model.shared, strict=True) if not shared]
    found, wanted = np.sqrt(np.diag(spread.covariance)), true.std(axis=0, ddof=1)
    assert found[1:] == pytest.approx(wanted[1:], rel=0.35)
    assert found[0] < 0.03  # all devices have the same pace
    wanted = np.corrcoef(true[:, 1:], rowvar=False)
    assert spread.correlation[1:, 1:] == pytest.approx(wanted, abs=0.25)
    assert spread.loading.shape[1] < len(names)


def test_drawn_devices_have_the_spread_and_keep_their_numbers(fitted_devices):
    spread = fitted_devices.fit.spread
    drawn = np.log([spread.draw(number, 9) for number in range(4000)])
    sd = np.sqrt(np.diag(spread.covariance))
    assert drawn.mean(axis=0) == pytest.approx(spread.log_mean, abs=float(5 * sd.max() / np.sqrt(4000)))
    assert np.cov(drawn, rowvar=False) == pytest.approx(spread.covariance, abs=float(0.12 * sd.max() ** 2))
    points = [OperatingPoint(current_density=J, duration=1e-9, temperature=300.0) for J in (6.5e11, -6.5e11)]
    few = PulseLaw.from_fit(fitted_devices, points, devices=3, seed=9)
    many = PulseLaw.from_fit(fitted_devices, points, devices=40, seed=9)
    assert np.array_equal(many.probability[:3], few.probability)
    assert not np.array_equal(few.probability, PulseLaw.from_fit(fitted_devices, points, devices=3, seed=8).probability)
    dear = dataclasses.replace(fitted_devices, energy_per_pulse=np.outer(np.arange(1, 7), [1e-15] * 3))
    strong = [dataclasses.replace(points[0], current_density=J) for J in dear.current_density[[-2, 0]]]
    found = PulseLaw.from_fit(dear, strong, devices=1, seed=9)
    assert found.energy_per_pulse.tolist() == pytest.approx([5e-15, 1e-15], rel=1e-12, abs=0), (
        "each pulse takes its own energy"
    )
    swept = np.array([fitted_devices.fit.model.matrix(**dataclasses.asdict(points[0]), device=k) for k in range(32)])
    error = swept.std(axis=0).max() * np.sqrt(1 / 32 + 1 / 40)
    assert np.abs(many.probability[:, 0].mean(axis=0) - swept.mean(axis=0)).max() < 5 * error


def test_spread_survives_the_file(fitted_devices, tmp_path):
    save_table(tmp_path / "t.h5", fitted_devices)
    again = load_table(tmp_path / "t.h5").fit
    assert np.array_equal(again.drawn_vector(5, 1), fitted_devices.fit.drawn_vector(5, 1))


def test_few_devices_have_no_spread(fitted):
    table, fit = fitted
    with pytest.raises(InputError, match="at least 8 device instances"):
        fit.drawn_vector(0, 1)
    with pytest.raises(InputError, match="has no fit"):
        drawn_matrices(table, [], devices=1, seed=1)


# Intervals


@pytest.mark.parametrize("about_fit", [False, True])
def test_intervals_cover_the_truth(about_fit):
    model = known_model()
    table = drawn_table(model, n=60, seed=11)
    fit = run_fit(table)
    low, high = intervals(table, fit=fit if about_fit else None)
    truth = with_fit(table, dataclasses.replace(fit, model=model)).fitted_probability
    uncertain = (truth > 0.02) & (truth < 0.98)
    inside = ((truth >= low) & (truth <= high))[uncertain]
    error = np.sqrt(0.95 * 0.05 / (inside.size / 2))  # the entries of a row come in pairs
    assert 0.95 - 3 * error < inside.mean() <= 1.0
    assert np.all((low <= table.probability) & (table.probability <= high))


def test_intervals_narrow_with_the_fit_and_widen_with_the_level(fitted):
    table, fit = fitted
    low, high = intervals(table)
    wide = intervals(table, level=0.99)
    assert np.all(wide[0] <= low) and np.all(wide[1] >= high)
    about = intervals(table, fit=fit)
    uncertain = (table.probability > 0.02) & (table.probability < 0.98)
    assert np.all((about[1] - about[0])[uncertain] < (high - low)[uncertain])
    with pytest.raises(InputError, match="level = 1"):
        intervals(table, level=1.0)


# Interpolation


def between_distance(table):
    """Largest and mean total variation distance of interpolated rows from the true ones, halfway between grid points."""
    found = []
    for J in (table.current_density[:-1] + table.current_density[1:]) / 2:
        for duration in np.sqrt(table.duration[:-1] * table.duration[1:]):
            pulse = {"temperature": 300.0, "current_density": float(J), "duration": float(duration)}
            true = known_model().matrix(**pulse)
            found.append(0.5 * np.abs(transition_matrix(table, **pulse) - true).sum(axis=-1).mean())
    return max(found), np.mean(found)


def test_interpolation_meets_the_truth_between_grid_points(fitted):
    table, fit = fitted
    alone, about = between_distance(table), between_distance(with_fit(table, fit))
    assert about[0] < 0.08 and about[1] < 0.03
    assert about[1] < alone[1] < 0.06


def test_a_table_with_a_fit_still_meets_its_grid_points(fitted):
    table, fit = fitted
    point = {
        "temperature": 300.0,
        "current_density": float(table.current_density[4]),
        "duration": float(table.duration[1]),
    }
    found = transition_matrix(with_fit(table, fit), **point)
    assert np.array_equal(found, table.probability[0, 0, 4, 1])
    near = transition_matrix(with_fit(table, fit), **point | {"current_density": point["current_density"] * (1 - 1e-7)})
    assert np.abs(near - found).max() < 1e-5


# Verdicts


def test_verdict_names_where_the_model_fails(fitted):
    table, _ = fitted
    counts = table.counts.copy()
    counts[:, :, 9] = 2000 * np.eye(S, S + 1, dtype=int)  # at one current nothing moves, but below it walls do
    fit = run_fit(dataclasses.replace(table, counts=counts))
    assert fit.verdict.startswith("poor") and fit.dispersion > 10
    assert f"current_density = {CURRENT[9]:.3g} A/m^2" in fit.verdict and "moves walls too much there" in fit.verdict


def test_verdict_says_when_nothing_is_tested():
    fit = run_fit(drawn_table(known_model(), n=100, current=[7e11], duration=[1e-9]))
    assert fit.verdict.startswith("not tested") and "one duration" in fit.verdict and "one current" in fit.verdict
    assert "parameters are not known to their own size" in fit.verdict


def test_random_counts_make_a_poor_fit_not_an_error(fitted):
    table, _ = fitted
    counts = np.random.default_rng(0).integers(1, 50, table.counts.shape)
    assert run_fit(dataclasses.replace(table, counts=counts)).verdict.startswith("poor")


@pytest.mark.parametrize(
    "changes",
    [
        {"n": 1},
        {"current": CURRENT[CURRENT > 0]},
        {"current": np.sort(np.append(CURRENT, 0.0))},
        {"temperature": (0.0, 300.0)},
    ],
)
def test_sparse_and_odd_tables_are_fitted(changes):
    table = drawn_table(known_model(), **({"n": 50} | changes))
    fit = run_fit(table)
    assert np.isfinite(fit.deviance).all() and fit.dispersion < 5
    if table.current_density[0] > 0:
        with pytest.raises(InputError, match="no pulses of this direction"):
            fit.model.matrix(temperature=300.0, current_density=-7e11, duration=1e-9)


def test_an_end_that_loses_walls_gets_a_threshold():
    fit = run_fit(drawn_table(known_model(threshold_up_4=7e11), n=2000))
    model = fit.model
    i = model.names.index("threshold_up_4")
    assert abs(model.value[0, i] - 7e11) < 5 * model.standard_error[0, i] < 1e11
    assert "threshold_down_0" not in model.names
    strong = model.matrix(temperature=300.0, current_density=1.5e12, duration=2e-9)
    assert strong[S - 1, S] > 0.9 and strong[:, S].min() > 0


def test_longer_pulses_wait_for_the_barrier():
    """Far below threshold the wall escapes at Kurkijarvi's rate, and at rest at the rate that was given."""
    model = known_model()
    f = SHAPE["diffusion"]
    barrier = np.log(f / 5e-13)
    J, tau = 3.2e11, 3e-6
    threshold = THRESHOLD["threshold_up_2"]
    rate = f * np.exp(-barrier * (1 - J / threshold) ** 1.5)
    stay = model.matrix(temperature=300.0, current_density=J, duration=tau)[1, 1]
    assert -np.log(stay) == pytest.approx(rate * (tau - 1 / f), rel=0.05)
    rest = model.matrix(temperature=300.0, current_density=1.0, duration=1e10)[1, 2:4].sum()
    assert rest == pytest.approx(1e10 * 5e-13, rel=0.02)


# Unsound files


@pytest.mark.parametrize(
    ("name", "value", "fragment"),
    [
        ("value", np.full((1, 14), "x"), "/fit/value has the type |S1, must be <f8"),
        ("value", np.ones((1, 3)), "fit/value has the shape (1, 3)"),
        ("value", np.full((1, 14), np.nan), "must be finite"),
        ("covariance", np.full((1, 14, 14), np.inf), "/fit/covariance holds inf, all values must be finite"),
        ("parameter", np.array(["pace"] * 14), "needs the parameters"),
        ("parameter", np.float64(1), "/fit/parameter has the type <f8, must be |S"),
        ("form", np.array(["a", "b"]), "/fit/form has the shape (2,), must be ()"),
        ("form", "drift", 'form "drift" is unknown'),
        ("upward", np.int8(0), "upward"),
        ("deviance", np.ones((1, 1, 1, 1)), "has the shape"),
        ("deviance", -np.ones((1, 1, 12, 3)), "must be finite"),
        ("free_parameters", "many", "/fit/free_parameters has the type |S4"),
        ("shared", np.ones(3, np.uint8), "/fit/shared has the shape (3,)"),
    ],
)
def test_unsound_fits_in_sealed_files_are_refused(fitted, tmp_path, name, value, fragment):
    save_table(tmp_path / "sound.h5", with_fit(*fitted))
    reseal(tmp_path / "sound.h5", tmp_path / "t.h5", replace(f"fit/{name}", lambda before: value))
    with pytest.raises(InputError, match=re.escape(fragment)) as caught:
        load_table(tmp_path / "t.h5")
    assert str(caught.value).startswith(str(tmp_path / "t.h5")) and "\n" not in str(caught.value)


def test_a_fit_that_lacks_a_data_set_is_refused(fitted, tmp_path):
    save_table(tmp_path / "sound.h5", with_fit(*fitted))
    reseal(tmp_path / "sound.h5", tmp_path / "t.h5", remove("fit/unit"))
    with pytest.raises(InputError, match="lacks the data set /fit/unit"):
        load_table(tmp_path / "t.h5")


# Errors of predictions


def test_prediction_errors_are_the_scatter_of_repeated_fits():
    pulse = {"temperature": 300.0, "current_density": 5.2e11, "duration": 1.2e-9}
    fits = [run_fit(drawn_table(known_model(), n=200, seed=seed)) for seed in range(24)]
    scatter = np.std([fit.model.matrix(**pulse) for fit in fits], axis=0, ddof=1)
    stated = np.mean([prediction_error(fit, **pulse) / np.sqrt(max(fit.dispersion, 1)) for fit in fits], axis=0)
    wide = scatter > 2e-3
    assert wide.sum() >= 6
    # The scatter of 24 fits is known within 15 %; neighbouring entries are not independent.
    assert np.all(np.abs(np.log(stated[wide] / scatter[wide])) < 4 * 0.15)
    assert abs(np.mean(np.log(stated[wide] / scatter[wide]))) < 2 * 0.15
