"""A fitted model as a whole: directions, ends of the track, what it knows and refuses, and the fit around it."""

import dataclasses

import numpy as np
import pytest
from fit_cases import S, known_model, spread_model

from compact.forms.passage import HELD
from compact.forms.result import Fit
from compact.forms.spread import LEAST_DEVICES, Spread
from dwcore.errors import InputError

PULSE = {"temperature": 320.0, "duration": 1.1e-9}


def valued(name, value):
    """The values of the known model but for one."""
    model = known_model()
    values = model.value.copy()
    values[:, model.names.index(name)] = value
    return values


def test_thresholds_stand_at_their_ridge_and_side():
    """A track of four states has the ridges 1 to 3 inside; nothing is known of its ends."""
    model = known_model()
    up, down = model.thresholds(model.value[0])
    assert up.tolist() == [HELD, 3.9e11, 4.0e11, 4.1e11, HELD]
    assert down.tolist() == [HELD, 4.05e11, 3.95e11, 4.0e11, HELD]


def test_a_torque_of_the_other_sign_turns_the_currents_about():
    model = known_model()
    other = dataclasses.replace(model, upward=-1)
    for J in (7e11, -6e11):
        np.testing.assert_array_equal(
            other.matrix(current_density=-J, **PULSE), model.matrix(current_density=J, **PULSE)
        )
    rows = model.matrix(current_density=7e11, **PULSE)
    assert np.all(np.triu(rows[:, :S]).sum(axis=1) > 0.99) and rows[0, 1:].sum() > 0.5
    assert np.allclose(rows.sum(axis=1), 1) and model.matrix(current_density=-7e11, **PULSE)[S - 1, :-2].sum() > 0.5


def test_a_model_is_of_the_chosen_device_or_of_a_vector():
    model = spread_model(3)
    first, second = (model.matrix(current_density=5e11, device=k, **PULSE) for k in (0, 1))
    assert np.abs(first - second).max() > 1e-3
    np.testing.assert_array_equal(model.matrix(current_density=5e11, vector=model.value[1], **PULSE), second)
    assert model.parameters(2)["threshold_up_1"] == model.value[2, model.names.index("threshold_up_1")]
    for device in (-1, 3):
        with pytest.raises(InputError, match="must be an integer from 0 to 2"):
            model.parameters(device)


def one_way(without="down"):
    """A model whose fit had pulses of one direction only."""
    model = known_model()
    kept = [i for i, name in enumerate(model.names) if without not in name]
    return dataclasses.replace(
        model, names=tuple(model.names[i] for i in kept), units=("1",) * len(kept), shared=model.shared[kept],
        value=model.value[:, kept], standard_error=model.standard_error[:, kept],
        covariance=model.covariance[np.ix_([0], kept, kept)],
    )  # fmt: skip


def test_a_direction_without_pulses_is_unknown_but_for_no_current():
    model = one_way()
    assert model.knows(True) and not model.knows(False)
    model.matrix(current_density=7e11, **PULSE)
    with pytest.raises(InputError, match="no pulses of this direction"):
        model.matrix(current_density=-7e11, **PULSE)
    with pytest.raises(InputError, match="no pulses of this direction"):
        one_way("_up").matrix(current_density=7e11, **PULSE)
    one_way("_up").matrix(current_density=0.0, **PULSE)
    still = model.matrix(current_density=0.0, **PULSE)
    assert np.diag(still) == pytest.approx(np.ones(S), abs=1e-3)


def test_a_single_state_has_no_ridge_to_know():
    alone = one_way("threshold")
    assert not alone.knows(True) and not alone.knows(False)
    alone = dataclasses.replace(alone, states=1)
    assert alone.knows(True) and alone.knows(False)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"temperature": -1.0}, "temperature = -1"), ({"duration": 0.0}, "duration = 0"),
        ({"duration": np.inf}, "must be a finite"),
        ({"current_density": np.nan}, "must be a finite"),
    ],
)  # fmt: skip
def test_impossible_pulses_are_refused(change, words):
    with pytest.raises(InputError, match=words):
        known_model().matrix(**{"current_density": 7e11, **PULSE} | change)
    known_model().matrix(current_density=7e11, temperature=0.0, duration=1e-9)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rest_rate": 0.0}, "rate and temperature at rest must be > 0"), ({"upward": 0}, "upward"),
        ({"units": ("1",)}, "a unit per parameter"), ({"value": -known_model().value}, "finite and >= 0"),
        ({"states": 2}, "unknown or repeated parameters"), ({"shared": np.ones(3, bool)}, "shared has the shape"),
        ({"value": valued("stray", 1.0)}, "stray must be < 1"),
        ({"value": valued("threshold_up_2", 0.0)}, "thresholds > 0"),
        ({"value": valued("dead_run", -1e-10)}, "finite and >= 0"),
        ({"rest_temperature": 0.0}, "rate and temperature at rest must be > 0"),
        ({"standard_error": np.full((1, 14), np.nan)}, "no standard error nan"),
        ({"covariance": np.full((1, 14, 14), np.inf)}, "covariance must be finite"),
    ],
)  # fmt: skip
def test_impossible_models_are_refused(change, words):
    with pytest.raises(InputError, match=words):
        dataclasses.replace(known_model(), **change)


def test_the_rate_at_rest_is_known_with_its_temperature_or_not_at_all():
    assert known_model().rest == (5e-13, 300.0)
    assert dataclasses.replace(known_model(), rest_temperature=360.0).rest == (5e-13, 360.0)
    assert dataclasses.replace(known_model(), rest_temperature=0.5).rest == (5e-13, 0.5)
    for name in ("rest_rate", "rest_temperature"):
        assert dataclasses.replace(known_model(), **{name: np.nan}).rest is None


def fit_of(model, **more):
    shape = (model.devices, 1, 2, 1)
    fields = {"deviance": np.full(shape, 6.0), "expected_deviance": np.full(shape, 5.0),
              "residual": np.full(shape, -0.5), "free": 3, "verdict": "sound"}  # fmt: skip
    return Fit(model=model, **fields | more)


def test_dispersion_is_per_degree_of_freedom():
    """Two points of deviance 6 where 5 is expected, three parameters found: 12/(10 - 3); at least one degree counts."""
    assert fit_of(known_model()).dispersion == pytest.approx(12 / 7)
    assert fit_of(known_model(), free=10).dispersion == pytest.approx(12.0)
    cases = (
        ({"deviance": np.full((1, 1, 2, 1), -1.0)}, "deviance must be finite and"),
        ({"residual": np.zeros((1, 1, 2))}, "residual has the shape"),
        ({"free": -1}, "free"),
        ({"verdict": ""}, "verdict"),
    )
    for change, words in cases:
        with pytest.raises(InputError, match=words):
            fit_of(known_model(), **change)


def test_a_drawn_device_has_own_values_for_what_differs():
    """What all share stays; the rest is drawn in the order of its names."""
    model = spread_model(9)
    names = tuple(np.array(model.names)[~model.shared])
    spread = Spread(names=names, log_mean=np.arange(len(names)), loading=np.zeros((len(names), 1)),
                    specific=np.zeros(len(names)), devices=9)  # fmt: skip
    vector = fit_of(model, spread=spread).drawn_vector(4, 1)
    assert vector[~model.shared] == pytest.approx(np.exp(np.arange(len(names))))
    assert vector[model.shared] == pytest.approx(model.value[0, model.shared])
    with pytest.raises(InputError, match=f"no spread between devices, fit a table of at least {LEAST_DEVICES} device"):
        fit_of(model).drawn_vector(0, 1)
    with pytest.raises(InputError, match="the spread must be of the parameters that devices have on their own"):
        fit_of(model, spread=dataclasses.replace(spread, names=names[::-1]))
