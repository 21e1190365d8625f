"""Forecasts of designs from those that were looked at, on made-up figures that are products of powers."""

import dataclasses
import math

import numpy as np
import pytest
from design_spec import SPEC

from dwsynapse.design.forecast import Forecast, chosen
from dwsynapse.design.specification import load_specification
from dwsynapse.design.trial import Trial, misses


@pytest.fixture
def spec(tmp_path):
    """Three ranges, at least 40 kB T."""
    path = tmp_path / "spec.toml"
    path.write_text(SPEC)
    return load_specification(path)


def made_up(spec, x, p=None):
    """Return a trial whose energy and area are products of powers, and whose barrier goes with the depth."""
    values = spec.values(np.array(x))
    J, d, pitch = values["current_density"] / 7e11, values["notch_depth"] / 20e-9, values["pitch"] / 120e-9
    figures = {"states": 1.0, "energy": 3e-14 * J**2 * d * pitch**2, "area": 2e-13 * pitch, "barrier": 48.0 * d,
               "one_step": p, "duration": 1e-9, "current_density": 7e11 * J}  # fmt: skip
    return Trial(x=tuple(x), figures=figures, misses=misses(spec, figures), pulses=500)


def test_products_of_powers_are_forecast(spec):
    rng = np.random.default_rng(1)
    known, points = [made_up(spec, x) for x in rng.random((20, 3))], rng.random((50, 3))
    for some, within in ((known, 1e-2), (known[:5], 2e-2), (known[:2], 2.0)):
        worst = 0.0
        for point, found in zip(points, Forecast(spec, some).figures(points), strict=True):
            ratios = [found[name] / made_up(spec, point).figures[name] for name in ("energy", "area", "barrier")]
            worst = max(worst, *np.abs(np.log(ratios)))
        assert 0.01 * within < worst < within  # exponents and a mean are four numbers; of two designs little follows
    assert [one["energy"] for one in Forecast(spec, []).figures(points)] == [None] * 50


def test_a_choice_is_a_factor_that_one_design_tells(tmp_path):
    """Three shapes, the third of which was seen once: its barrier is 0.7 of the first wherever it is."""
    path = tmp_path / "spec.toml"
    path.write_text(SPEC.replace("[free]", 'shape = "cosine, triangular, gaussian"\n[free]'))
    spec, rng = load_specification(path), np.random.default_rng(1)
    factors = {"cosine": 1.0, "triangular": 1.3, "gaussian": 0.7}

    def looked_at(x):
        found = made_up(spec, x)
        factor = factors[spec.values(np.array(x))["shape"]]
        return dataclasses.replace(found, figures=found.figures | {"barrier": found.figures["barrier"] * factor})

    x = rng.random((21, 4))
    x[:, 3] = [*10 * [0.1], *10 * [0.5], 0.9]
    points = rng.random((50, 4))
    points[:, 3] = 0.9
    for known, least, most in ((x, 0.0, 0.01), (x[:20], 0.2, np.inf)):
        found = Forecast(spec, [looked_at(one) for one in known]).figures(points)
        off = [math.log(one["barrier"] / looked_at(x).figures["barrier"]) for one, x in zip(found, points, strict=True)]
        assert least < np.abs(off).max() < most


def test_a_pulse_that_is_not_sure_counts_as_longer(spec):
    """One whose certainty is not known says nothing of the length, so of the energy, but of its barrier."""
    spec = dataclasses.replace(spec, require=dataclasses.replace(spec.require, one_step=0.97))
    rng = np.random.default_rng(2)
    x, points = rng.random((20, 3)), rng.random((5, 3))
    sure, weak, unknown = (
        Forecast(spec, [made_up(spec, one, p) for one in x]).figures(points) for p in (1.0, 0.5, None)
    )
    for one, other, none in zip(sure, weak, unknown, strict=True):
        assert 1.1 < other["energy"] / one["energy"] < 1.3 and other["barrier"] == pytest.approx(one["barrier"])
        assert "duration" not in none and none["energy"] is None and none["barrier"] == pytest.approx(one["barrier"])


def test_what_is_chosen_holds_and_gains(spec):
    """The best of many are near the bound of the barrier and at the shortest pitch; each next one gains anew."""
    rng = np.random.default_rng(3)
    known, points = [made_up(spec, x) for x in rng.random((20, 3))], rng.random((2000, 3))
    best = chosen(Forecast(spec, known), [], points, 12)
    assert len({tuple(point) for point in best}) == 12
    found = [made_up(spec, point).figures for point in best]
    assert all(one["barrier"] > 39.9 for one in found) and min(one["barrier"] for one in found) < 44
    assert min(one["energy"] for one in found) < 1.2 * min(made_up(spec, p).figures["energy"] for p in points
                                                           if made_up(spec, p).promising)  # fmt: skip
    front = [made_up(spec, best[0])]
    assert not np.isclose(chosen(Forecast(spec, known), front, np.array([best[0], best[1]]), 1), best[0]).all()


@pytest.mark.parametrize(("factor", "taken"), [(0.6, 0.6), (1.3, 1.0)])
def test_relaxed_walls_find_lower_passes_and_no_higher_ones(spec, factor, taken):
    """A barrier that relaxation lowered to 0.6 everywhere is forecast so low; one that seems higher counts as the rigid one's."""
    rng = np.random.default_rng(4)
    known = []
    for x in rng.random((12, 3)):
        one = made_up(spec, x)
        barrier = one.figures["barrier"]
        known.append(
            dataclasses.replace(one, figures=one.figures | {"rigid_barrier": barrier, "barrier": factor * barrier})
        )
    point = rng.random((1, 3))
    (found,) = Forecast(spec, known).figures(point)
    assert found["barrier"] == pytest.approx(taken * made_up(spec, point[0]).figures["barrier"], rel=0.02)
