"""The film at a temperature: against the laws by hand, and against a device that is given with the film of that temperature."""

import dataclasses
import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from compact.bulk.plan import Grid, SweepPlan
from compact.bulk.sweep import run_in_memory
from dwcore.errors import InputError
from llg import load_device, run_pulse
from llg.constants import MU_0
from llg.device.pulse import Waveform
from llg.rates.retention_curve import retention_against_temperature
from llg.rates.summary import well_rates
from llg.runs.drive import Drive
from llg.runs.ensemble import LaneRun, simulate
from llg.runs.run_plan import EnsembleCase, _kernel
from llg.runs.velocity import velocity_against_field
from llg.walls.q_phi import QPhiModel

T_C, HOT = 900.0, 360.0
BLOCH = {"temperature_laws.T_C": T_C}
M = (1 - (HOT / T_C) ** 1.5) / (1 - (300 / T_C) ** 1.5)
"""Ms at 360 K over that at 300 K."""


def bare():
    """Rigid: a relaxed wall is expanded about that of the device's own temperature, to a hundredth of kB T."""
    return load_device("five_state").replace({"wall.shape": "rigid"})


def by_hand(m=M, temperature=HOT):
    """The device with its film and wall at another temperature written into it."""
    device = bare()
    film, wall = device.material, device.wall
    new = dataclasses.replace(film, Ms=m * film.Ms, K_u=m**3 * film.K_u, A=m**2 * film.A, D=m**2 * film.D)
    Delta = math.sqrt(new.A / new.K_eff) / math.sqrt(film.A / film.K_eff)
    sigma = math.sqrt(new.A * new.K_eff) / math.sqrt(film.A * film.K_eff)
    given = {"Delta": Delta, "sigma_0": sigma, "H_K": m / Delta}
    other = {k: getattr(wall, k) * f for k, f in given.items() if getattr(wall, k) is not None}
    return dataclasses.replace(device, material=new, wall=dataclasses.replace(wall, **other), temperature=temperature)


def test_film_follows_the_laws():
    film = bare().replace(BLOCH).at_temperature(HOT).material
    cold = bare().material
    assert pytest.approx(M) == 0.9250423  # (1 - 0.4^1.5)/(1 - (1/3)^1.5)
    assert film.Ms / cold.Ms == pytest.approx(M)
    assert film.K_u / cold.K_u == pytest.approx(M**3)
    assert film.A / cold.A == film.D / cold.D == pytest.approx(M**2)
    assert film.K_eff == pytest.approx(M**3 * cold.K_u - 0.5 * MU_0 * (M * cold.Ms) ** 2)


def test_wall_follows_its_formulas():
    hot, hand = bare().replace(BLOCH).at_temperature(HOT), by_hand()
    for name in ("Delta", "sigma_0", "H_K"):
        assert getattr(hot.straight_wall, name) == pytest.approx(getattr(hand.straight_wall, name), rel=1e-12)
        assert getattr(hot.straight_wall, name) != pytest.approx(getattr(bare().straight_wall, name), rel=1e-3)


def test_temperature_of_the_device_is_that_of_its_film():
    """However it is set, there and back again, and without a word where there are no laws."""
    laws = bare().replace(BLOCH)
    hot = laws.replace(temperature=HOT)
    assert hot == laws.at_temperature(HOT) == bare().replace(BLOCH | {"temperature": HOT})
    assert hot.temperature_laws.measured_at == HOT
    assert hot.at_temperature(300.0).material.K_u == pytest.approx(bare().material.K_u, rel=1e-12)
    assert laws.at_temperature(0.0) is laws
    assert bare().at_temperature(HOT) == bare()


def test_table_stands_for_the_laws():
    """Rows are met; only ratios count, and what has no column follows Ms with its exponent."""
    T = (280.0, 300.0, 330.0, 360.0)
    table = {"table_T": T, "table_Ms": (1.02, 1.0, 0.97, 0.93), "table_D": (-1.1, -1.0, -0.9, -0.8), "A_exponent": 1.8}
    changes = {f"temperature_laws.{key}": value for key, value in table.items()}
    film, cold = bare().replace(changes).at_temperature(330.0).material, bare().material
    assert film.Ms / cold.Ms == pytest.approx(0.97)
    assert pytest.approx(0.9) == film.D / cold.D
    assert pytest.approx(0.97**1.8) == film.A / cold.A
    assert film.K_u / cold.K_u == pytest.approx(0.97**3)
    scaled = changes | {"temperature_laws.table_Ms": tuple(7e5 * m for m in table["table_Ms"])}
    assert bare().replace(scaled).at_temperature(345.0).material.Ms == pytest.approx(
        bare().replace(changes).at_temperature(345.0).material.Ms
    )
    with pytest.raises(InputError, match=r"temperature = 361 \[K\] must lie within table_T .* 280 to 360 K"):
        bare().replace(changes).at_temperature(361.0)


@pytest.mark.parametrize(
    ("laws", "words"),
    [
        ({}, "either T_C or table_Ms must be given"),
        ({"T_C": 290.0}, "measured_at = 300 [K] must be < T_C = 290"),
        ({"T_C": 300.0}, "measured_at = 300 [K] must be < T_C = 300"),
        ({"T_C": 900.0, "table_T": (1, 2), "table_Ms": (1, 2)}, "either T_C or table_Ms"),
        ({"table_T": (300, 320), "table_Ms": (1,)}, "table_T (2) and table_Ms (1) must have the same length"),
        ({"table_T": (300, 320), "table_Ms": (1, -1)}, "table_Ms must be > 0"),
        ({"table_T": (310, 320), "table_Ms": (1, 0.9)}, "measured_at = 300 [K] must lie within table_T, 310 to 320 K"),
        ({"T_C": 900.0, "K_exponent": 3}, "K_exponent"),
        ({"T_C": 900.0, "table_T": (200, 400), "table_D": (1, -1)}, "table_D must be > 0, or < 0 throughout"),
        ({"T_C": 900.0, "table_T": (200, 400)}, "table_T must be >= 0 and come with a table"),
        ({"table_T": (-1, 400), "table_Ms": (2, 1)}, "table_T must be >= 0"),
        ({"table_T": (200, 400, 400), "table_Ms": (3, 2, 1)}, "table_T must be strictly ascending; number 3, 400"),
        ({"table_T": (300,), "table_Ms": (1,)}, "table_T (1) and table_Ms (1) must have the same length >= 2"),
        ({"table_T": (200, 290), "table_Ms": (2, 1)}, "measured_at = 300 [K] must lie within table_T, 200 to 290 K"),
    ],
)
def test_bad_laws_are_refused(laws, words):
    with pytest.raises(InputError) as error:
        bare().replace({f"temperature_laws.{key}": value for key, value in (laws or {"a": 2.0}).items()})
    assert words in str(error.value)


def test_between_the_rows_of_a_table_nothing_overshoots():
    """Two rows of one value have it between them, however steep the others are; the ends of the others lie between theirs."""
    table = {"table_T": (250.0, 300.0, 320.0, 340.0), "table_Ms": (1.0, 1.0, 0.7, 0.69)}
    device = bare().replace(
        {f"temperature_laws.{key}": value for key, value in table.items()} | {"temperature_laws.K_u_exponent": 0.0}
    )
    for T in (255.0, 275.0, 295.0):
        assert device.at_temperature(T).material.Ms == pytest.approx(device.material.Ms, rel=1e-12)
    assert 0.69 <= device.at_temperature(330.0).material.Ms / device.material.Ms <= 0.7


def test_no_film_beyond_its_end():
    """Above T_C, and where the moment turns into the plane because K_u falls faster than mu0 Ms^2/2."""
    with pytest.raises(InputError, match=r"temperature = 900 \[K\] must be < T_C = 900"):
        bare().replace(BLOCH).at_temperature(900.0)
    with pytest.raises(InputError, match=r"\[temperature_laws\] at 880 K: K_u = .* must be > mu0 Ms\^2/2"):
        bare().replace(BLOCH | {"temperature_laws.K_u_exponent": 6.0}).at_temperature(880.0)
    with pytest.raises(InputError, match="T_C = 900"):
        well_rates(bare().replace(BLOCH), 950.0)


def test_barriers_and_rates_are_those_of_the_hot_film():
    hot, hand = well_rates(bare().replace(BLOCH), HOT), well_rates(by_hand())
    kept = well_rates(bare(), HOT)
    for one, other, old in zip(hot, hand, kept, strict=True):
        assert one.barrier_left == pytest.approx(other.barrier_left, rel=1e-9)
        assert one.retention == pytest.approx(other.retention, rel=1e-6)
        assert one.depinning_current == pytest.approx(other.depinning_current, rel=1e-6)
        assert one.retention < 0.1 * old.retention


def test_pulses_and_tables_are_those_of_the_hot_film():
    """The same noise, so the same outcomes; with the film of 300 K others."""
    laws = bare().replace(BLOCH)
    pulse = {"n": 200, "seed": 5, "current_density": 5.5e11, "duration": 1e-9}
    hot, hand, kept = (run_pulse(d, temperature=HOT, **pulse) for d in (laws, by_hand(), bare()))
    np.testing.assert_allclose([w.energy for w in hot.case.wells], [w.energy for w in hand.case.wells], rtol=1e-9)
    assert hot.outcomes.counts.tolist() == hand.outcomes.counts.tolist() != kept.outcomes.counts.tolist()
    grid = Grid(current_density=(5.5e11,), duration=(1e-9,))
    table = run_in_memory(SweepPlan(device=laws, grid=grid, temperature=(300.0, HOT), instances=(0,), n=60, seed=5))
    alone = run_in_memory(SweepPlan(device=by_hand(), grid=grid, temperature=(HOT,), instances=(0,), n=60, seed=5))
    np.testing.assert_array_equal(table.counts[0, 1], alone.counts[0, 0])
    np.testing.assert_allclose(table.retention_rate[0, 1], alone.retention_rate[0, 0], rtol=1e-6)
    with pytest.raises(InputError, match="T_C = 900"):
        SweepPlan(device=laws, grid=grid, temperature=(300.0, 900.0), instances=(0,), n=60, seed=5)


def test_velocity_is_that_of_the_hot_film():
    """gamma0 Delta H/alpha, with the wall of 360 K."""
    options = {"walls": 2, "temperature": HOT, "measured": 2e-9}
    hot, hand = (velocity_against_field(d, np.array([0.0, 2e3]), **options) for d in (bare().replace(BLOCH), by_hand()))
    np.testing.assert_allclose(hot.noiseless, hand.noiseless, rtol=1e-9)
    np.testing.assert_allclose(hot.formula, hand.formula, rtol=1e-12)


def test_retention_curve_ends_with_the_film():
    curves = retention_against_temperature(bare().replace(BLOCH), np.array([300.0, HOT, 890.0, 950.0]))
    hand = well_rates(by_hand())
    np.testing.assert_allclose(curves.time[:, 1], [r.retention for r in hand], rtol=1e-6)
    assert np.isnan(curves.time[:, 2:]).all()


HEAT = {"heating.R_th": 7.5e6, "heating.tau_th": 0.4e-9}
LENGTH = 1.5e-9


def warming(**laws):
    return bare().replace(HEAT | {f"temperature_laws.{key}": value for key, value in laws.items()})


def reference(device, J, start, level):
    """Wall without noise, its film at the temperature of the pulse's heat, by an adaptive integrator on 201 films."""
    rise = device.steady_rise(J)
    models = [QPhiModel(device.at_temperature(300 + rise * x)) for x in np.linspace(0, 1, 201)]

    def velocity(time, state):
        x = 200 * level(time)
        i = min(int(x), 199)
        low, high = (models[k].velocity(state[0] * 1e-9, state[1], J) for k in (i, i + 1))
        v, turn = ((1 - (x - i)) * np.array(low) + (x - i) * np.array(high)).tolist()
        return [v * 1e9, turn]

    first = [start[0] * 1e9, start[1]]
    return solve_ivp(velocity, (0, LENGTH), first, rtol=1e-8, atol=1e-8, max_step=5e-12).y[:, -1]


def test_joule_heat_changes_the_film_in_time():
    """A constant current heats by 1 - exp(-t/tau); the wall ends where the film that follows takes it.

    On a track without notches, where the temperature itself moves no wall.
    """
    J, start = 4.5e11, (300e-9, 3.0)
    device, kept = (each.replace(notches=()) for each in (warming(T_C=T_C), warming()))
    drive = Drive(waveform=Waveform([0.0, LENGTH], [1.0, 1.0]), current_density=J)
    run = {"n": 1, "start": start, "seed": 0, "temperature": 300.0, "noise_scale": 0.0, "dt": 1e-13}
    found, same = (simulate(d, drive, **run) for d in (device, kept))
    exact = reference(device, J, start, lambda t: 1 - math.exp(-t / 0.4e-9))
    Delta = device.straight_wall.Delta
    assert 60 < device.steady_rise(J) < 200  # [K]
    assert found.q[0] == pytest.approx(1e-9 * exact[0], abs=5e-3 * Delta)
    assert found.phi[0] == pytest.approx(exact[1], abs=5e-3)
    assert abs(same.q[0] - 1e-9 * exact[0]) > 0.05 * Delta  # a film that kept its parameters


def test_walls_rest_once_the_film_is_cold_again():
    """The last stretch is that of the cold film, so walls settle as without heat."""
    device = warming(T_C=T_C)
    waveform = device.pulse.waveform(1e-9)
    case = EnsembleCase(
        device=device, drive=Drive(waveform=waveform, current_density=5.5e11), n=1, start=(361e-9, math.pi), seed=0,
        temperature=300.0,
    )  # fmt: skip
    plan = LaneRun(case).plan
    assert len(plan.stretches) > 20
    assert plan.stretches[-1].input is plan.stretches[0].input
    assert 0 < plan.rest_steps(0.01) * plan.dt < device.pulse.relaxation_time
    assert run_pulse(device, n=100, seed=1, current_density=5.5e11).outcomes.unsettled == 0


def test_films_of_a_pulse_are_made_once():
    """The reverse pulse, from another place, goes through the same films; another instance has films of its own."""
    device = warming(T_C=T_C)
    waveform = device.pulse.waveform(1e-9)

    def made(of, J, q):
        before = _kernel.cache_info().misses
        drive = Drive(waveform=waveform, current_density=J)
        LaneRun(EnsembleCase(device=of, drive=drive, n=1, start=(q, 3.0), seed=0, temperature=300.0))
        return _kernel.cache_info().misses - before

    _kernel.cache_clear()
    assert made(device, 5.5e11, 361e-9) == 33
    assert made(device, -5.5e11, 120e-9) == 0
    assert made(device.draw(1, seed=1), 5.5e11, 361e-9) > 20


def test_heat_beyond_the_curie_temperature_is_refused():
    with pytest.raises(InputError, match=r"must be < T_C = 340 of \[temperature_laws\]"):
        run_pulse(warming(T_C=340.0, b=0.33), n=10, seed=1, current_density=5.5e11)
