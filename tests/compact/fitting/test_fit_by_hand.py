"""The parts of the fit on counts of a few numbers: which rows and ridges count, goodness, verdicts, covariances, intervals."""

import dataclasses
import math
import types

import numpy as np
import pytest
from fit_cases import known_model, table_of
from scipy.stats import beta, chi2

from compact.fitting import run, scoring
from compact.fitting.estimate import _layout, _model, _rest, device_rows, table_rows
from compact.fitting.goodness import (
    FAIR,
    LEAST_FREEDOM,
    SOUND,
    Goodness,
    _per_row,
    _variance,
    dispersion,
    free_parameters,
    goodness_of_fit,
    untested,
    verdict,
)
from compact.fitting.intervals import intervals
from compact.fitting.prediction import prediction_error
from compact.fitting.problem import MARGIN, DeviceRows
from compact.fitting.scoring import Estimate
from compact.forms.passage import Pulses
from dwcore.errors import InputError, RunError

J, TIME, S = [-5e11, 0.0, 5e11], [1e-9, 4e-9], 3


def counted(up=True, K=1, T=(300.0,), **more):
    """Three states; of ten pulses with the drive eight move the wall on, or off the end; without current none does."""
    counts = np.zeros((K, len(T), 3, 2, S, S + 1), np.int64)
    for a, sign in enumerate((-1, 0, 1)):
        for s in range(S):
            step = sign if up else -sign
            end = s + step if 0 <= s + step < S else S
            counts[:, :, a, :, s, end] += 8 if step else 0
            counts[:, :, a, :, s, s] += 2 if step else 10
    return table_of(counts, J, TIME, T, **more)


def row(counts, p, state=0, up=True):
    pulses = Pulses(current_density=np.array([5e11]), duration=np.array([1e-9]), temperature=np.array([300.0]),
                    state=np.array([state]), up=np.array([up]))  # fmt: skip
    return np.array([counts], float), np.array([p], float), pulses


class TestRows:
    def test_states_that_an_instance_lacks_and_pulses_without_current_tell_nothing(self):
        present = np.array([[[1, 1, 1]], [[1, 0, 1]]])
        table = dataclasses.replace(counted(K=2))
        object.__setattr__(table, "instance_states", types.SimpleNamespace(present=present))
        first, second = (table_rows(table, k).reshape(3, 2, S) for k in (0, 1))
        assert first[[0, 2]].all() and not first[1].any()
        assert second[0].tolist() == second[2].tolist() == [[True, False, True]] * 2 and not second[1].any()
        only = np.zeros((1, 3, 2), bool)
        only[0, 1:, 0] = True
        assert np.argwhere(table_rows(table, 0, only).reshape(3, 2, S)).tolist() == [[2, 0, 0], [2, 0, 1], [2, 0, 2]]

    @pytest.mark.parametrize("up", [True, False])
    def test_the_drive_of_a_positive_current_may_be_upwards_or_downwards(self, up):
        """Eight of ten walls pass one ridge along the drive, the last of which is the end of the track."""
        pulses, counts = device_rows(counted(up), 0)
        positive = slice(6, 12)
        assert (pulses.up[positive] == up).all() and (pulses.up[:6] != up).all()
        assert (counts[:, 0] == 2).all() and (counts[:, 1] == 8).all() and counts.sum() == 120

    @pytest.mark.parametrize("up", [True, False])
    @pytest.mark.parametrize(("lost", "ends"), [(2, 0), (3, 1)])
    def test_an_end_has_a_threshold_from_three_losses(self, up, lost, ends):
        """Side 0 is up, whose end is ridge 3; side 1 is down, whose end is ridge 0."""
        table = counted(up)
        counts = table.counts.copy()
        counts[..., S] = 0
        counts[0, 0, 2, 0, 1, S] = lost - 1
        counts[0, 0, 2, 1, 2, S] = 1
        ridges = _layout(dataclasses.replace(table, counts=counts), "drift-diffusion", None).ridges
        end = (0, 3) if up else (1, 0)
        assert set(ridges) == {(0, 1), (0, 2), (1, 1), (1, 2), *[end] * ends}

    def test_losses_of_all_devices_count_and_a_side_without_pulses_has_no_ridge(self):
        """Two walls of the first device and one of the second leave the upper end; without negative currents all go up."""
        table = counted(K=2)
        counts = table.counts.copy()
        counts[..., S] = 0
        counts[0, 0, 2, 0, 1, S], counts[1, 0, 2, 1, 2, S] = 2, 1
        ridges = _layout(dataclasses.replace(table, counts=counts), "drift-diffusion", None).ridges
        assert set(ridges) == {(0, 1), (0, 2), (0, 3), (1, 1), (1, 2)}
        upwards = np.ones((1, 3, 2), bool)
        upwards[:, 0] = False
        assert set(_layout(table, "drift-diffusion", upwards).ridges) == {(0, 1), (0, 2), (0, 3)}

    def test_the_rate_at_rest_is_the_typical_one_to_a_neighbour_near_300_kelvin(self):
        rate = np.zeros((1, 2, S, S))
        rate[0, 1] = [[0, 1e-4, 7.0], [1e-6, 0, 1e-8], [9.0, 0.0, 0]]
        table = counted(T=(200.0, 310.0), retention_rate=rate, retention_method="given")
        assert _rest(table) == pytest.approx((1e-6, 310.0))
        assert _rest(dataclasses.replace(table, retention_rate=np.zeros((1, 2, S, S)))) is None
        assert _rest(counted()) is None

    def test_units_of_the_parameters_are_the_typical_pulse(self):
        """Of 1 and 4 ns the one between in the logarithm, and the largest current."""
        layout = _layout(counted(), "drift-diffusion", None)
        assert (layout.duration, layout.current_density) == (pytest.approx(2e-9), 5e11)

    def test_a_stray_share_may_be_a_half_and_no_more(self):
        layout = _layout(counted(), "drift-diffusion", None)
        stray = [p.name for p in layout.shape_parameters].index("stray")
        assert np.exp([bound[stray] for bound in layout.bounds]) == pytest.approx([1e-7, 0.5])

    def test_ridges_beyond_those_that_were_passed_still_count(self):
        layout = _layout(counted(), "drift-diffusion", None)
        assert DeviceRows(layout, *device_rows(counted(), 0)).most == 1 + MARGIN and MARGIN >= 2

    def test_slopes_count_a_stray_share_that_is_large(self):
        """A third of the walls end anywhere: by the thresholds the rows change by two thirds of what they would."""
        layout = _layout(counted(), "drift-diffusion", None)
        rows, z = DeviceRows(layout, *device_rows(counted(), 0)), layout.start(0.8, 1.0)
        z[[p.name for p in layout.shape_parameters].index("stray")] = math.log(1 / 3)
        slopes = rows.slopes(z)
        for i in range(len(layout.shape_parameters), layout.size):
            up, down = z.copy(), z.copy()
            up[i], down[i] = z[i] + 1e-4, z[i] - 1e-4
            difference = (rows.probability(up) - rows.probability(down)) / 2e-4
            assert np.abs(difference).max() > 0.01 and slopes[i] == pytest.approx(difference, abs=1e-4)
        up, down = z.copy(), z.copy()
        up[0], down[0] = z[0] + 1e-4, z[0] - 1e-4
        difference = (rows.probability(up) - rows.probability(down)) / 2e-4
        assert np.abs(difference).max() > 0.01 and slopes[0] == pytest.approx(difference, abs=1e-6)

    def test_errors_are_those_of_the_logarithms_times_the_values(self):
        """Errors of a tenth and a correlation of 0.5; one parameter may be zero, and one is not determined."""
        layout = _layout(counted(), "drift-diffusion", None)
        z, n = layout.working(layout.value(layout.start(0.8, 1.0))), layout.size
        covariance, known = 0.01 * (0.5 * np.eye(n) + 0.5), np.ones((1, n), bool)
        known[0, -1] = False
        model = _model(layout, 1, Estimate(z[None], covariance[None], known, 0.0, 1))
        size = np.where(layout.positive, model.value[0], layout.unit_size)
        assert (
            model.standard_error[0, :-1] == pytest.approx(0.1 * size[:-1]) and model.standard_error[0, -1] == math.inf
        )
        assert model.covariance[0] == pytest.approx(covariance * np.outer(size, size))

    def test_devices_have_thresholds_and_a_pace_of_their_own(self):
        one, two = (_layout(counted(K=K), "drift-diffusion", None) for K in (1, 2))
        shapes = len(one.shape_parameters)
        assert one.shape_parameters[0].name == "pace"
        assert one.shared.tolist() == [True] * shapes + [False] * len(one.ridges)
        assert two.shared.tolist() == [False] + [True] * (shapes - 1) + [False] * len(two.ridges)


class TestGoodness:
    def test_of_one_row(self):
        """Ten walls from the first of three states: 2, 6, 1, and one lost over the end, which is the third ridge."""
        counts, p, pulses = row([2, 6, 1, 1], [0.1, 0.5, 0.2, 0.2])
        found = {name: values[0] for name, values in _per_row(counts, p, pulses).items()}
        assert found["distance"] == pytest.approx(0.2)
        assert found["residual"] == pytest.approx(10 * (0.6 + 0.2 + 0.3 - 0.5 - 0.4 - 0.6))
        assert found["deviance"] == pytest.approx(2 * (2 * math.log(2) + 6 * math.log(1.2) + 2 * math.log(0.5)))
        assert _variance(counts, p, pulses)[0] == pytest.approx(10 * (0.5 + 0.8 + 1.8 - 1.5**2))
        spread = [math.sqrt(2 * x * (1 - x) / (10 * math.pi)) for x in (0.1, 0.5, 0.2, 0.2)]
        assert found["sampling"] == pytest.approx(sum(spread) / 2)

    def test_the_sampling_distance_is_that_of_drawn_rows(self):
        p, n = np.array([0.1, 0.5, 0.2, 0.2]), 400
        draws = np.random.default_rng(1).multinomial(n, p, 20_000) / n
        _, _, pulses = row([0] * 4, p)
        expected = _per_row(np.array([n * p]), p[None], pulses)["sampling"][0]
        assert expected == pytest.approx((0.5 * np.abs(draws - p).sum(axis=1)).mean(), rel=0.02)

    def test_the_sampling_distance_of_what_is_nearly_sure(self):
        """Of ten walls one in a thousand fails: in 99 % of all rows none, 0.001 from it; in most others one, 0.099 off."""
        p = np.array([0.999, 0.001, 0.0, 0.0])
        _, _, pulses = row([0] * 4, p)
        none, one = 0.999**10, 10 * 0.999**9 * 0.001
        expected = _per_row(np.array([10 * p]), p[None], pulses)["sampling"][0]
        assert expected == pytest.approx(none * 0.001 + one * 0.099, rel=0.02)

    def test_an_impossible_count_costs_what_one_in_a_billion_billion_does(self):
        """2 ln 10^12: no probability counts as smaller."""
        counts, p, pulses = row([0, 1, 0, 0], [1.0, 0.0, 0.0, 0.0])
        assert _per_row(counts, p, pulses)["deviance"][0] == pytest.approx(24 * math.log(10))

    def test_states_that_an_instance_lacks_are_no_fault_of_the_model(self):
        """Walls put in the second state, which is missing, stay; in the others the model is right for all of them."""
        table = counted()
        counts = np.zeros_like(table.counts)
        for s in range(S):
            counts[..., s, s] = 10
        table = dataclasses.replace(table, counts=counts)
        object.__setattr__(table, "instance_states", types.SimpleNamespace(present=np.array([[[1, 0, 1]]])))

        def rows(pulses, value):
            """Half of the walls stay in the last state, all in the others."""
            p = np.zeros((pulses.n, S + 1))
            p[np.arange(pulses.n), pulses.state] = np.where(pulses.state == 2, 0.5, 1.0)
            p[:, S] = np.where(pulses.state == 2, 0.5, 0.0)
            return p

        found = goodness_of_fit(table, types.SimpleNamespace(rows=rows, value=np.ones((1, 1)), devices=1))
        assert found.distance[0, 0, [0, 2]] == pytest.approx(0.5 / 2), "mean over the two states that are there"
        assert found.deviance[0, 0, [0, 2]] == pytest.approx(20 * math.log(2))

    def test_walls_that_go_down_go_with_a_drive_that_is_down(self):
        counts, p, pulses = row([0, 10, 0, 0], [0.0, 0.0, 1.0, 0.0], state=2, up=False)
        assert _per_row(counts, p, pulses)["residual"][0] == pytest.approx(10)  # one ridge each, and none was expected

    def test_residuals_are_in_standard_errors_and_devices_have_rows_of_their_own(self):
        """Of two devices the model is right for the second; in the first all walls stay, of which 15 of 30 should move on."""
        table = counted(K=2)
        counts = np.zeros_like(table.counts)
        for s in range(S):
            counts[0, 0, :, :, s, s] = counts[1, 0, 1, :, s, s] = 10
            for a, step in ((0, -1), (2, 1)):
                counts[1, 0, a, :, s, s + step if 0 <= s + step < S else S] = 10
        table = dataclasses.replace(table, counts=counts)

        def rows(pulses, value):
            """Half of the walls move on in the first device, all in the second."""
            p = np.zeros((pulses.n, S + 1))
            p[np.arange(pulses.n), pulses.state] = 1 - value[0]
            end = pulses.state + np.where(pulses.up, 1, -1)
            p[np.arange(pulses.n), np.where((end >= 0) & (end < S), end, S)] = value[0]
            return p

        model = types.SimpleNamespace(rows=rows, value=np.array([[0.5], [1.0]]), devices=2)
        found = goodness_of_fit(table, model)
        assert found.distance[0, 0, [0, 2]] == pytest.approx(0.5) and found.distance[1] == pytest.approx(0)
        assert found.residual[0, 0, [0, 2]] == pytest.approx(-15 / math.sqrt(30 * 0.25 + 0.25))
        assert found.residual[1] == pytest.approx(0) and (found.distance[:, :, 1] == 0).all()

    def test_shared_parameters_are_counted_once(self):
        """Three of which one is shared, of two devices; one own is not determined in the second."""
        model = types.SimpleNamespace(
            standard_error=np.array([[0.1, 0.1, 0.1], [0.1, 0.1, math.inf]]), shared=np.array([True, False, False])
        )
        assert free_parameters(model) == 1 + 3

    @pytest.mark.parametrize(
        ("ratio", "sense", "word", "moves"),
        [(1.4, 5.0, "sound", ""), (3.9, -5.0, "usable with care", "too much"), (4.1, 5.0, "poor", "too little"),
         (1.6, 0.0, "usable with care", "no clear sense")],
    )  # fmt: skip
    def test_verdicts_in_words(self, ratio, sense, word, moves):
        """104 expected less 4 parameters are 100 degrees of freedom; a tenth of the distance at the longer pulses."""
        table = counted()
        shape = table.counts.shape[:4]
        sampling, distance = np.full(shape, 0.02), np.full(shape, 0.02)
        distance[..., 1] = 0.03 if ratio < 1.5 else 0.1
        part = {"deviance": 100 * ratio / 6, "expected": 104 / 6, "residual": sense}
        found = Goodness(
            **{name: np.full(shape, value) for name, value in part.items()}, distance=distance, sampling=sampling
        )
        assert dispersion(found, 4) == pytest.approx(ratio)
        words = verdict(table, found, 4)
        assert words.startswith(f"{word}") and f"freedom {ratio:.3g}" in words
        beyond = (0.03 if ratio < 1.5 else 0.1) / 2 + 0.02 / 2 - 0.02
        assert f"mean total variation distance beyond sampling error {beyond:.4f}," in words
        if ratio < 1.5:
            assert "nowhere notable" in words
        else:
            assert "at worst 0.066" in words and "duration = 4e-09 s (2.0 times the mean misfit)" in words
            assert moves in words

    def test_what_determines_hardly_more_than_the_parameters_tests_nothing(self):
        """Ten degrees of freedom left are enough: a poor fit then passes for a sound one in 4 % of all cases."""
        shape = counted().counts.shape[:4]
        found = Goodness(**{field.name: np.full(shape, 3.0) for field in dataclasses.fields(Goodness)})
        assert verdict(counted(), found, 9).startswith("not tested")
        assert "more than the 9 parameters, 9 degrees of freedom are left and 10 needed" in verdict(counted(), found, 9)
        assert not verdict(counted(), found, 8).startswith("not tested")
        assert chi2.cdf(LEAST_FREEDOM * SOUND / FAIR, LEAST_FREEDOM) < 0.05 < chi2.cdf(8 * SOUND / FAIR, 8)

    def test_what_counts_leave_open_is_said(self):
        """Currents and durations of which there is one, and parameters whose errors exceed them, shared ones once."""
        names, shared = ("pace", "dead_first", "stray", "threshold_up_1"), np.array([True, True, True, False])
        value = np.array([[2.0, 0.0, 1e-5, 4e11]] * 2)
        error = np.array([[1.9, 1.0, math.inf, 3e11], [1.9, 1.0, math.inf, math.inf]])
        model = types.SimpleNamespace(names=names, shared=shared, value=value, standard_error=error, devices=2)
        known = types.SimpleNamespace(**(vars(model) | {"standard_error": np.minimum(error, 3e11)}))
        side = "one current to a side, so how the form depends on it is not tested"
        assert untested(counted(), model) == [side, "1 of 5 parameters are not known to their own size"]
        short = untested(
            types.SimpleNamespace(current_density=np.array([4e11, 5e11]), duration=np.array([1e-9])), known
        )
        assert short == ["one duration, so how the form depends on it is not tested"]
        just = types.SimpleNamespace(**(vars(model) | {"standard_error": 1.1 * value}))
        assert "3 of 5 parameters" in untested(counted(), just)[-1], "errors of a tenth more than the values"
        loose = types.SimpleNamespace(**(vars(model) | {"standard_error": np.full((2, 4), math.inf)}))
        assert "3 of 5 parameters" in untested(counted(), loose)[-1], "pace once, the threshold of either device"


class TestScoring:
    @pytest.fixture
    def arrow(self, monkeypatch):
        """Two devices, one shared and two own parameters: the information of each, and of all five together."""
        rng = np.random.default_rng(3)
        shared = np.array([False, True, False])
        halves = [rng.standard_normal((6, 3)) for _ in range(2)]
        blocks = [(rng.standard_normal(3), half.T @ half) for half in halves]
        whole, gradient = np.zeros((5, 5)), np.zeros(5)
        for k, (g, information) in enumerate(blocks):
            at = [1 + 2 * k, 0, 2 + 2 * k]  # the shared one first
            whole[np.ix_(at, at)] += information
            gradient[at] += g
        layout = types.SimpleNamespace(shared=shared, size=3)
        monkeypatch.setattr(scoring, "_score", lambda layout, device, z: blocks[device])
        return layout, blocks, whole, gradient

    def test_the_step_solves_all_devices_together(self, arrow):
        layout, blocks, whole, gradient = arrow
        step = scoring._arrow_step(layout.shared, blocks, 0.0)
        exact = np.linalg.solve(whole, gradient)
        assert step == pytest.approx(exact[[[1, 0, 2], [3, 0, 4]]], rel=1e-6)

    def test_damping_adds_to_the_diagonal(self, arrow):
        layout, blocks, whole, gradient = arrow
        step = scoring._arrow_step(layout.shared, blocks, 0.5)
        exact = np.linalg.solve(whole + 0.5 * np.diag(np.diag(whole)), gradient)
        assert step == pytest.approx(exact[[[1, 0, 2], [3, 0, 4]]], rel=1e-6)

    def test_covariances_are_those_of_all_devices_together(self, arrow):
        layout, _, whole, _ = arrow
        covariance, known = scoring._covariance(layout, [0, 1], np.zeros((2, 3)))
        exact = np.linalg.inv(whole)
        for k, at in enumerate(([1, 0, 2], [3, 0, 4])):
            assert covariance[k] == pytest.approx(exact[np.ix_(at, at)], rel=1e-6)
        assert known.all()

    def test_a_combination_that_nothing_tells_leaves_both_unknown(self):
        """Information on x + y alone, and on z, a billion times less."""
        inverse, known = scoring._inverse(np.array([[4.0, 4.0, 0.0], [4.0, 4.0, 0.0], [0.0, 0.0, 4e-9]]))
        assert known.tolist() == [False, False, True] and inverse[2, 2] == pytest.approx(2.5e8)
        inverse, known = scoring._inverse(np.array([[4.0, 0.0], [0.0, -6e-11]]))  # what rounding leaves of nothing
        assert known.tolist() == [True, False] and inverse.tolist() == [[0.25, 0.0], [0.0, 0.0]]
        inverse, known = scoring._inverse(np.array([[1.0, 0.9999], [0.9999, 1.0]]))  # ill-conditioned, but told
        assert known.all() and inverse[0, 0] == pytest.approx(1 / (1 - 0.9999**2), rel=1e-6)

    def test_a_step_that_gains_nothing_is_damped_until_it_does(self, monkeypatch):
        """Twice the least log likelihood sqrt(1 + z^2), of which the information is said to be a tenth of what it is."""
        layout = types.SimpleNamespace(shared=np.array([True]), bounds=(np.array([-9.0]), np.array([9.0])), size=1)
        slope = lambda z: (-0.5 * z / np.sqrt(1 + z**2), np.array([[0.05]]))  # noqa: E731
        monkeypatch.setattr(scoring, "_total", lambda devices, z: float(np.sqrt(1 + z[0, 0] ** 2)))
        monkeypatch.setattr(scoring, "_score", lambda layout, device, z: slope(z))
        done = []
        found = scoring.maximize(layout, [None], np.array([[3.0]]), done.append)
        assert found.deviance == pytest.approx(1, abs=1e-3) and abs(found.z[0, 0]) < 0.05
        assert len(done) == found.rounds and found.covariance == pytest.approx(np.array([[[20.0]]]))

    def test_no_step_is_longer_than_seven_tenths(self, monkeypatch):
        """Of a likelihood that is a parabola about 2: after 0.7 and 1.4 it is within reach."""
        seen, layout = (
            [],
            types.SimpleNamespace(shared=np.array([True]), bounds=(np.array([-9.0]), np.array([9.0])), size=1),
        )
        monkeypatch.setattr(scoring, "_total", lambda devices, z: seen.append(z[0, 0]) or float((z[0, 0] - 2) ** 2))
        monkeypatch.setattr(scoring, "_score", lambda layout, device, z: (2 - z, np.eye(1)))
        scoring.maximize(layout, [None], np.zeros((1, 1)))
        assert seen[:3] == pytest.approx([0, 0.7, 1.4]) and seen[3] == pytest.approx(2, abs=0.01)

    def test_parameters_at_a_bound_move_inwards_only(self, monkeypatch):
        """Four parameters at their bounds, pushed outwards, inwards, inwards and outwards; the fifth is within them."""
        low, high = np.array([0.0, 0, -9, -9, -9]), np.array([9.0, 9, 1, 1, 9])
        monkeypatch.setattr(
            scoring, "score_and_information", lambda *_: (np.array([-1.0, 1, -1, 1, 1]), np.ones((5, 5)))
        )
        device = types.SimpleNamespace(counts=None, probability=lambda z: None, slopes=lambda z: None)
        gradient, information = scoring._score(
            types.SimpleNamespace(bounds=(low, high)), device, np.array([0.0, 0, 1, 1, 0])
        )
        free = np.array([0, 1, 1, 0, 1])
        assert gradient.tolist() == [0, 1, -1, 0, 1] and (information == np.outer(free, free)).all()


class TestIntervals:
    @pytest.mark.parametrize("level", [0.0, 1.0])
    def test_of_an_impossible_level(self, level):
        with pytest.raises(InputError, match=f"level = {level:g} must be > 0 and < 1"):
            intervals(counted(), level=level)

    def test_of_counts_alone(self):
        """Beta(c + 1/2, n - c + 1/2); an outcome that never, or always, came about reaches 0 or 1."""
        low, high = (end[0, 0, 2, 0, 0] for end in intervals(counted(), level=0.9))
        assert (low[1], high[1]) == pytest.approx(beta(8.5, 2.5).ppf([0.05, 0.95]))
        assert low[2] == 0.0 and high[2] == pytest.approx(beta(0.5, 10.5).ppf(0.95))
        still = [end[0, 0, 1, 0, 0] for end in intervals(counted(), level=0.9)]
        assert still[1][0] == 1.0 and still[0][0] == pytest.approx(beta(10.5, 0.5).ppf(0.05)) and still[1][1] < 1.0

    @pytest.mark.parametrize(("dispersion", "n", "worth"), [(0.5, 10, 2.5), (5.0, 10, 0.5), (1.0, 4000, 100.0)])
    def test_a_fitted_row_is_worth_a_quarter_of_the_trials(self, monkeypatch, dispersion, n, worth):
        """At most 100, and fewer where the fit is poor; its row is 0.7 for the outcome of 80 %."""
        table = counted()
        table = dataclasses.replace(table, counts=table.counts * (n // 10))
        p = np.zeros(table.counts.shape)
        p[..., 1] = 0.7
        fitted = types.SimpleNamespace(fitted_probability=p)
        from compact.fitting import intervals as module

        monkeypatch.setattr(module.dataclasses, "replace", lambda table, fit: fitted)
        low, high = intervals(table, fit=types.SimpleNamespace(dispersion=dispersion))
        law = beta(0.8 * n + 0.5 + 0.7 * worth, 0.2 * n + 0.5 + 0.3 * worth)
        assert (low[0, 0, 2, 0, 0, 1], high[0, 0, 2, 0, 0, 1]) == pytest.approx(law.ppf([0.025, 0.975]))


class TestHeldOut:
    def test_each_grid_point_is_held_out_once_and_no_two_neighbours_together(self):
        counts = np.ones((1, 4, 5, 6, S, S + 1), np.int64)
        table = table_of(counts, np.arange(1.0, 6.0) * 1e11, np.arange(1.0, 7.0) * 1e-9, (200.0, 250.0, 300.0, 350.0))
        held = np.array(run.folds(table))
        assert (held.sum(axis=0) == 1).all()
        fold = held.argmax(axis=0)
        assert all((np.diff(fold, axis=axis) != 0).all() for axis in range(3))

    def test_a_score_is_the_likelihood_of_a_trajectory_under_a_fit_to_the_others(self, monkeypatch):
        """Eight of ten walls move on; a model that knows it gives 0.8 ln 0.8 + 0.2 ln 0.2 for each of them."""
        table, used = counted(), []

        class Known:
            value = (0.8, 1.0)

            def rows(self, pulses, moves):
                p = np.zeros((pulses.n, S + 1))
                end = np.where(pulses.up, pulses.state + 1, pulses.state - 1)
                p[np.arange(pulses.n), pulses.state] = 1 - moves
                p[np.arange(pulses.n), np.where(end < 0, S, end)] = moves
                return p

        monkeypatch.setattr(run, "fit_table", lambda table, form, use: used.append(use) or Known())
        first = 0.8 * math.log(0.8) + 0.2 * math.log(0.2)
        assert run.held_out_score(table, "any") == pytest.approx(first)
        np.testing.assert_array_equal(used, ~np.array(run.folds(table)))
        # A second device is said to move always; what it cannot do counts as one in a million.
        assert run.held_out_score(counted(K=2), "any") == pytest.approx((first + 0.2 * math.log(1e-6)) / 2)

    def test_forms_are_compared_best_first(self, monkeypatch):
        """One that does not converge comes last; two grid points cannot be held out in three folds."""

        def score(table, name):
            if name == "position":
                raise RunError("no convergence")
            return -1.0 if name == "saddle-node" else -2.0

        monkeypatch.setattr(run, "held_out_score", score)
        found = run.compare_forms(counted())
        assert next(iter(found)) == "saddle-node" and list(found.items())[-1] == ("position", -math.inf)
        few = table_of(np.ones((1, 1, 2, 1, S, S + 1), int), [-5e11, 5e11], [1e-9])
        with pytest.raises(InputError, match="comparing forms takes at least 3 grid points"):
            run.compare_forms(few)

    def test_what_all_devices_share_does_not_scatter_them(self, monkeypatch):
        """A variance of 4, and a covariance of 3 with a shared parameter of variance 9: 4 - 3**2/9 is the device's own."""
        covariance = np.array([[[9.0, 3.0], [3.0, 4.0]]] * 2)
        model = types.SimpleNamespace(shared=np.array([True, False]), covariance=covariance, names=("common", "own"),
                                      value=np.ones((2, 2)), standard_error=np.ones((2, 2)))  # fmt: skip
        monkeypatch.setattr(run, "find_spread", lambda names, value, scatter, known: (names, scatter))
        names, scatter = run.device_spread(model)
        assert names == ("own",) and scatter == pytest.approx(np.full((2, 1, 1), 3.0))


@pytest.mark.parametrize(
    ("name", "share", "dispersion", "grows"),
    [("pace", 0.01, 0.4, 1.0), ("pace", 0.01, 4.0, 2.0), ("dead_first", 0.05, 1.0, 1.0), ("dead_edge", 1.0, 1.0, 1.0)],
)
def test_the_error_of_a_row_is_its_slope_times_that_of_a_parameter(name, share, dispersion, grows):
    """By one parameter alone, known to a share of itself; a fit of four times the deviance that it should have is off by
    twice as much. The slope is that at a tenth of the error to either side, so that the rows bend little between."""
    model, pulse = known_model(devices=2), {"temperature": 300.0, "current_density": 5e11, "duration": 1e-9}
    error, covariance = model.standard_error.copy(), model.covariance.copy()
    i = model.names.index(name)
    error[1, i], covariance[1, i, i] = share * model.value[0, i], (share * model.value[0, i]) ** 2
    model = dataclasses.replace(model, standard_error=error, covariance=covariance)
    rows = []
    for factor in (1 - share / 10, 1 + share / 10):
        vector = model.value[0].copy()
        vector[i] *= factor
        rows.append(model.matrix(**pulse, vector=vector))
    expected = np.abs(rows[1] - rows[0]) / 0.2
    found = prediction_error(types.SimpleNamespace(model=model, dispersion=dispersion), **pulse, device=1)
    assert expected.max() > 1e-3 and found == pytest.approx(grows * expected, rel=1e-6, abs=1e-9)


def test_a_parameter_that_is_zero_moves_to_one_side():
    """The drift need not saturate, and never grows without bound: its slope is that from 0 to a tenth of the error of 2."""
    model, pulse = known_model(saturation=0.0), {"temperature": 300.0, "current_density": 8e11, "duration": 1e-9}
    error, covariance, i = model.standard_error.copy(), model.covariance.copy(), model.names.index("saturation")
    error[0, i], covariance[0, i, i] = 2.0, 4.0
    model = dataclasses.replace(model, standard_error=error, covariance=covariance)
    vector = model.value[0].copy()
    vector[i] = 0.2
    expected = np.abs(model.matrix(**pulse, vector=vector) - model.matrix(**pulse)) / 0.1
    found = prediction_error(types.SimpleNamespace(model=model, dispersion=1.0), **pulse)
    assert expected.max() > 0.1 and found == pytest.approx(expected, rel=1e-6, abs=1e-9)
