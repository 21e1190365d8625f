"""The arithmetic of runs by hand: cuts of a time loop, exact sums, velocities over whole turns, formulas that hold."""

import dataclasses
import math
import time
import types

import numpy as np
import pytest

from dwcore.errors import InputError, RunError
from llg.constants import E_CHARGE, GAMMA_0, HBAR, K_B, MU_0, MU_B
from llg.device.device_file import device_from_mapping
from llg.device.pulse import Waveform
from llg.kernels.heun import LANES
from llg.runs import ensemble
from llg.runs import run_plan as run_plan_module
from llg.runs import velocity as velocity_module
from llg.runs.drive import Drive
from llg.runs.ensemble import default_block
from llg.runs.models import EQUATIONS, with_model
from llg.runs.outcomes import _quiet, _Tally, _whole_sum, count_outcomes
from llg.runs.run_plan import EnsembleCase, _cut, _runs, plan_run
from llg.runs.scaling import chi_input, delta_input
from llg.runs.time_step import time_step
from llg.runs.velocity import (
    SimulatedVelocities,
    _exact,
    _over_whole_turns,
    _Run,
    _walker,
    settling_time,
    straight_track,
    velocity_against_current,
    velocity_against_field,
)
from llg.walls.q_phi import Field, QPhiModel
from llg.walls.q_phi_chi import QPhiChiModel
from llg.walls.q_phi_delta import QPhiDeltaModel

LENGTH, DELTA, ALPHA = 300e-9, 7.2e-9, 0.3


def make_device(material=None, wall=None, **sections):
    return device_from_mapping(
        {
            "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 1e-3, "alpha": ALPHA} | (material or {}),
            "wall": {"Delta": DELTA, "H_K": 1e4, "shape": "rigid"} | (wall or {}),
            "track": {"length": LENGTH, "width": 64e-9, "thickness": 0.6e-9},
            "torque": {"theta_SH": 0.1, "current_crowding": 0.0},
            **sections,
        }
    )


def test_runs_of_equal_levels_and_their_cuts():
    levels = np.array([[0, 300], [0, 300], [1, 300], [1, 310], [1, 310], [0, 310]], float)
    assert list(_runs(levels)) == [(0, 2), (2, 3), (3, 5), (5, 6)]
    assert list(_cut(0, 10, 4)) == [(0, 4), (4, 8), (8, 10)]
    assert list(_cut(3, 12, 4)) == [(3, 4), (4, 8), (8, 12)]
    assert list(_cut(5, 7, 4)) == [(5, 7)]


def test_time_loop_of_a_pulse():
    """Ten samples of 1 ns: their times, the steps between, and the drive at the ends of all steps."""
    device = make_device()
    shape, ramp = Waveform([0.0, 0.5e-9, 1e-9], [0.0, 1.0, -0.5]), Waveform([0.0, 1e-9], [1.0, 3.0])
    field = Field(H_x=1e4, H_y=-2e4, H_z=3e3)
    drive = Drive(waveform=shape, current_density=2e11, field=field, field_waveform=ramp)
    case = EnsembleCase(device=device, drive=drive, n=1, start=(150e-9, 3.0), seed=0, temperature=300.0, samples=10)
    plan = plan_run(case)
    assert plan.n_steps % 10 == 0 and plan.dt * plan.n_steps == pytest.approx(1e-9)
    np.testing.assert_allclose(plan.time, np.linspace(0, 1e-9, 11))
    assert [s.sample for s in plan.stretches] == list(range(1, 11))
    assert {s.count for s in plan.stretches} == {plan.n_steps // 10}
    t = np.linspace(0, 1e-9, plan.n_steps + 1)
    factor = np.interp(t, ramp.time, ramp.value)
    H_D = -1e-3 / (MU_0 * 7e5 * DELTA)
    in_plane = 0.5 * math.pi * np.stack([1e4 * factor + H_D, -2e4 * factor])
    expected = np.stack([np.interp(t, shape.time, shape.value), *in_plane / 7e5, 3e3 * factor / 7e5, np.ones_like(t)])
    inner = np.flatnonzero(np.abs(t[:, None] - shape.time).min(axis=1) > plan.dt)  # a corner lies between two steps
    np.testing.assert_allclose(plan.rows[inner], expected.T[inner], rtol=1e-9, atol=1e-12)
    assert plan.rest_steps() == 0
    flipped = dataclasses.replace(case, device=make_device(wall={"Q": -1}))
    np.testing.assert_allclose(plan_run(flipped).rows[inner, 3], -expected[3, inner], rtol=1e-9)


def test_steps_at_rest_are_those_after_the_last_disturbance():
    shape = Waveform([0.0, 0.4e-9, 0.4e-9, 1e-9], [1.0, 1.0, 0.0, 0.0])
    case = EnsembleCase(
        device=make_device(), drive=Drive(waveform=shape, current_density=2e11), n=1, start=(150e-9, 3.0), seed=0,
        temperature=300.0, dt=1e-13,
    )  # fmt: skip
    plan = plan_run(case)
    assert plan.n_steps == 10_000 and plan.rest_steps() == pytest.approx(6000, abs=1)
    assert np.all(plan.rows[plan.n_steps - plan.rest_steps() :] == plan.still)


def test_sums_of_displacements_are_exact():
    """In whole units of 1e-21 m, beyond what 64 bits hold."""
    long = round(5e-3 / 1e-21)
    assert abs(long - 5 * 10**18) < 10**4 and _whole_sum(np.full(10, 5e-3)) == 10 * long > 2**64
    assert _whole_sum(np.array([1e-9, -3e-9, 0.0])) == -2 * 10**12
    assert _whole_sum(np.full(4, -5e-3)) == -4 * long


def test_trajectories_per_task():
    """As many tasks as keep all threads equally busy, of at most 2048: 10,000 on 2 threads make 6."""
    assert default_block(10_000, 2) == 1667
    assert default_block(4096, 2) == 2048 and default_block(4097, 2) == 1025
    assert default_block(3, 8) == 1


def test_equations_by_name():
    assert {name: one.model.__name__ for name, one in EQUATIONS.items()} == {
        "q-phi": "QPhiModel", "q-phi-delta": "QPhiDeltaModel", "q-phi-chi": "QPhiChiModel",
    }  # fmt: skip
    names = [one.kernel_input.__name__ for one in EQUATIONS.values()]
    assert names == ["kernel_input", "delta_input", "chi_input"]


def test_velocity_over_the_last_whole_turns():
    """q = 5 t + sin(phi) nm with 2.5 turns in 10 ns: 5 m/s over the last two, whichever way the angle turns."""
    time = np.linspace(0, 10e-9, 2001)
    for sign in (1, -1):
        phi = sign * 2 * np.pi * 2.5 * time / 10e-9 + 0.3
        assert _over_whole_turns(time, 5 * time + 1e-9 * np.sin(phi), phi) == pytest.approx(5, rel=1e-4)
    held = 0.9 * 2 * np.pi * time / 10e-9
    q = 5 * time + 1e-9 * np.sin(held)
    assert _over_whole_turns(time, q, held) == pytest.approx((q[-1] - q[0]) / 10e-9)


def test_time_to_settle_is_twelve_decays_of_the_angle():
    """Their rate is alpha gamma0/(1 + alpha^2) times pi/2 |H_D| - H_K of a Neel wall, H_K of a Bloch wall."""
    for material, stiffness in (
        ({}, 0.5 * math.pi * 1e-3 / (MU_0 * 7e5 * DELTA) - 1e4),
        ({"D": 0.0}, 1e4),
    ):
        for alpha in (0.02, 0.3):
            model = QPhiModel(make_device(material | {"alpha": alpha}))
            rate = alpha * GAMMA_0 * stiffness / (1 + alpha**2)
            assert settling_time(model, 1e-12) == pytest.approx(12 / rate, rel=1e-4)
    assert settling_time(model, 1e-6) == 1e-6
    undamped = QPhiModel(make_device({"D": 0.0, "alpha": 1e-6}))
    assert settling_time(undamped) == 3e-6


def curve_over(drive):
    none = np.zeros(drive.size)
    return SimulatedVelocities(
        drive=drive, temperature=300.0, velocity=none, error=none, noiseless=none, exact_drive=drive, exact=none,
        walker=np.empty(0), formula=None,
    )  # fmt: skip


def formula_of(monkeypatch, device, field=None):
    drive = np.array([-2e11, 1e11, 3e11])
    monkeypatch.setattr(velocity_module, "_curve", lambda *_, **__: curve_over(drive))
    return drive, velocity_against_current(device, drive, field=field or Field()).formula


def test_formulas_of_the_books_hold_for_one_torque_alone(monkeypatch):
    """Spin Hall with D, spin transfer without it; with a field, both torques or a field-like one there is none."""
    chiral = make_device(wall={"H_K": 0.0})
    J, found = formula_of(monkeypatch, chiral)
    H_D, H_DL = -1e-3 / (MU_0 * 7e5 * DELTA), HBAR * 0.1 * J / (2 * E_CHARGE * MU_0 * 7e5 * 0.6e-9)
    expected = 0.5 * math.pi * GAMMA_0 * DELTA * abs(H_D) / np.sqrt(1 + (ALPHA * H_D / H_DL) ** 2) * np.sign(J)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    assert formula_of(monkeypatch, chiral, Field(H_x=1.0))[1] is None
    for torque in ({"theta_SH": 0.1, "k_FL": 0.1}, {"theta_SH": 0.1, "P": 0.5}, {"P": 0.5}):
        assert formula_of(monkeypatch, make_device(torque=torque))[1] is None
    bloch = make_device({"D": 0.0}, {"H_K": 1e6}, torque={"P": 0.5, "beta": 0.1, "current_crowding": 0.0})
    J, found = formula_of(monkeypatch, bloch)
    np.testing.assert_allclose(found, 0.1 / ALPHA * -MU_B * 0.5 * J / (E_CHARGE * 7e5), rtol=1e-9)


def test_formula_of_the_field_alone(monkeypatch):
    """gamma0 Delta H/alpha below the Walker field; none under a current or with a field across."""
    H = np.array([-2.0, 1.0, 3.0])
    curve = curve_over(H)
    monkeypatch.setattr(velocity_module, "_curve", lambda *_, **__: curve)
    device = make_device({"D": 0.0})
    np.testing.assert_allclose(velocity_against_field(device, H).formula, GAMMA_0 * DELTA / ALPHA * H, rtol=1e-9)
    driven = velocity_against_field(device, H, current_density=1e9)
    assert driven.formula is None and driven.beside == "1e+09 A/m$^2$"
    held = make_device({"D": 0.0}, field={"H_y": 10.0})
    assert velocity_against_field(held, H).formula is None


@pytest.mark.parametrize("warm", [False, True])
def test_velocities_of_recorded_walls(monkeypatch, warm):
    """Two currents of three walls each: means after the settling time, and the error of the mean, s/sqrt(3)."""
    run = _Run(straight_track(make_device(), 1e-6), 1e-9, 5e-9, 1, 1)
    time = np.linspace(0, 5e-9, 51)
    speed = np.array([10.0, 11.0, 15.0, 30.0, 32.0, 34.0])[: 6 if warm else 2]
    q = 5e-7 + speed * np.maximum(time - 1e-9, 0)[:, None] + 7 * np.minimum(time, 1e-9)[:, None]
    asked = []

    def simulate(field, currents, temperature, samples):
        asked.append((field, currents.tolist(), temperature))
        return types.SimpleNamespace(time=time, q_samples=q, phi_samples=np.full_like(q, np.pi))

    run._simulate = simulate
    currents = np.array([1e11, 2e11])
    if not warm:
        np.testing.assert_allclose(run.noiseless(Field(), currents), [10, 11], rtol=1e-9)
        assert asked == [(Field(), [1e11, 2e11], 0.0)]
        return
    mean, error = run.noisy(Field(), currents, 300.0, 3)
    np.testing.assert_allclose(mean, [12, 32], rtol=1e-9)
    np.testing.assert_allclose(error, [np.sqrt(7 / 3), 2 / np.sqrt(3)], rtol=1e-9)
    assert asked == [(Field(), [1e11] * 3 + [2e11] * 3, 300.0)]


@pytest.mark.parametrize("Q", [1.0, -1.0])
def test_third_coordinates_in_reduced_units(Q):
    """Of a track with pads: the tilt moves with 12/alpha, v, the root of the width, with 1/(2 alpha F), F = pi^2/12.

    They diffuse with 12/alpha and 1/(4 alpha F) times theta, q with alpha/(1 + alpha^2), whose noise is the unit. The
    chiral field is pi/2 Q H_D of the film, -D/(mu0 Ms Delta), the width w_0 that between the pads.
    """
    pads = {"pad_width": 128e-9, "pad_taper": 40e-9}
    device = make_device(wall={"Q": Q}).replace({f"track.{name}": value for name, value in pads.items()})
    tilting, moving = (with_model(device, name) for name in ("q-phi-chi", "q-phi-delta"))
    tilt = chi_input(QPhiChiModel(tilting), 300.0).coefficients
    width = delta_input(QPhiDeltaModel(moving), 300.0).coefficients
    H_D = -1e-3 / (MU_0 * 7e5 * DELTA)
    assert tilt.h_D == pytest.approx(0.5 * math.pi * Q * H_D / 7e5) == width.h_D
    assert tilt.rho == pytest.approx(64e-9 / DELTA)
    assert (tilt.mobility_chi, width.mobility_v) == pytest.approx((12 / ALPHA, 6 / (math.pi**2 * ALPHA)))
    assert tilt.noise_chi == pytest.approx(math.sqrt(12 * (1 + ALPHA**2)) / ALPHA)
    assert width.noise_v == pytest.approx(math.sqrt(3 * (1 + ALPHA**2)) / (math.pi * ALPHA))


def test_film_of_a_velocity_curve_is_that_of_its_temperature():
    device = make_device(temperature_laws={"T_C": 900.0})
    warm = velocity_module._at_temperature(device, {"temperature": 400.0})
    assert (
        (warm.temperature, warm.material) == (400.0, device.at_temperature(400.0).material) != (400.0, device.material)
    )
    assert velocity_module._at_temperature(device, {}) is device


def test_straight_track_keeps_a_gate_over_all_of_it_on():
    gate = {"delta_K_u": 1e4}
    whole = straight_track(make_device(gate=gate), 1e-6)
    assert whole.gate is not None and whole.gate_level == 1.0 and whole.track.length == 1e-6
    held = {"q": [0.0, 1e-7, 2e-7, 3e-7], "V": [0.0, 1e-20, 0.0, 1e-20]}
    assert straight_track(make_device(potential=held), 1e-6).potential is None
    local = straight_track(make_device(gate=gate | {"start": 100e-9, "end": 200e-9}), 1e-6)
    assert local.gate is None and local.gate_level is None


@pytest.mark.parametrize(("faster", "turns", "said"), [(0.02, 0.0, True), (0.005, 0.0, False), (0.02, 1.5, False)])
def test_a_velocity_that_still_changes_is_warned_of(recwarn, faster, turns, said):
    """By more than a hundredth from the first to the second half of the time; not where the angle turns."""
    run = _Run(straight_track(make_device(), 1e-6), 1e-9, 5e-9, 1, 1)
    time = np.linspace(0, 5e-9, 501)
    q = 5e-7 + 10 * np.maximum(time - 1e-9, 0) + 10 * faster * np.maximum(time - 3e-9, 0)
    phi = np.pi + 2 * np.pi * turns * time / 4e-9
    sample = types.SimpleNamespace(time=time, q_samples=q[:, None], phi_samples=phi[:, None])
    run._simulate = lambda *_: sample
    run.noiseless(Field(), np.array([1e11]))
    assert any("the velocity still changes after 1 ns" in str(one.message) for one in recwarn) is said


def test_walker_points_lie_where_the_angle_begins_to_turn():
    """alpha H_K/2 = 1500 A/m without D, on both sides of zero field, to a millionth of the gap between two points."""
    model = QPhiModel(make_device({"D": 0.0}))
    values = np.array([-4e3, 100.0, 5e3])

    def drive_at(value):
        return 0.0, Field(H_z=float(value))

    _, turns = _exact(model, [drive_at(value) for value in values])
    assert turns.tolist() == [True, False, True]
    assert _walker(model, drive_at, values, turns) == pytest.approx([-1500.0, 1500.0], abs=0.01)


def test_track_of_a_velocity_curve_is_long_enough(monkeypatch):
    """1.2 times the way of the fastest wall, 8 standard deviations of free diffusion and 20 Delta to either side."""
    laid = {}

    class Run:
        def __init__(self, device, settling, time, seed, jobs):
            laid.update(length=device.track.length, settling=settling, time=time, seed=seed)

        def noiseless(self, field, currents):
            return 2e-11 * currents

        def noisy(self, field, currents, temperature, walls):
            laid.update(temperature=temperature, walls=walls)
            return 3e-11 * currents, 0 * currents + 0.5

    monkeypatch.setattr(velocity_module, "_Run", Run)
    J = np.array([-1e11, 2e11])
    curve = velocity_against_current(make_device(wall={"H_K": 0.0}), J, temperature=400.0, settling=2e-9, measured=6e-9)
    assert curve.exact.min() < 0 < curve.exact.max()
    fastest = np.abs(curve.exact).max()
    diffusion = K_B * 400 * DELTA * GAMMA_0 / (2 * ALPHA * MU_0 * 7e5 * 0.6e-9 * 64e-9)
    reach = 1.2 * fastest * 8e-9 + 8 * math.sqrt(2 * diffusion * 8e-9) + 20 * DELTA
    assert laid["length"] == pytest.approx(2 * reach, rel=1e-9)
    assert (laid["settling"], laid["time"], laid["temperature"], laid["walls"]) == (2e-9, 8e-9, 400.0, 64)
    np.testing.assert_allclose([curve.noiseless, curve.velocity, curve.error], [[-2, 4], [-3, 6], [0.5, 0.5]])
    assert curve.exact_drive.size == 13 and curve.exact_drive[[0, -1]].tolist() == J.tolist() and curve.walker.size == 0
    velocity_against_current(make_device(wall={"H_K": 0.0}, temperature=350.0), -J[::-1], settling=2e-9, measured=6e-9)
    assert laid["temperature"] == 350.0
    reach += 8 * math.sqrt(2 * diffusion * 8e-9) * (math.sqrt(350 / 400) - 1)
    assert laid["length"] == pytest.approx(2 * reach, rel=1e-9)
    velocity_against_current(make_device({"alpha": 0.005}, {"H_K": 0.0}), J)
    assert laid["settling"] > 30e-9 and laid["time"] == pytest.approx(3 * laid["settling"])


def tally(settled):
    """Sums of walls from 300 nm on a track of 1 um with two wells; `settled` walls of each block go on for ever."""
    device = types.SimpleNamespace(track=types.SimpleNamespace(length=1e-6))
    plan = types.SimpleNamespace(model=types.SimpleNamespace(device=device), dt=1e-13, n_steps=50)

    def counts(q):
        return np.array([np.sum(q < 4e-7), np.sum((q >= 4e-7) & (q < 1e-6)), np.sum(q >= 1e-6)])

    rest = types.SimpleNamespace(wells=[1, 2], finish=lambda where, final: settled, counts=counts)
    return _Tally(types.SimpleNamespace(plan=plan, start=(3e-7, 1.0)), rest)


def test_outcomes_are_summed_over_blocks():
    sums = tally(2)
    sums.add(0, 3, np.array([[0.0, 3.5e-7, 1e-6], [0, 0, 0]]), 100)
    sums.add(3, 5, np.array([[5e-7, 1.1e-6], [0, 0]]), 70)
    found = sums.outcomes(5, displaced=True)
    assert found.counts.tolist() == [2, 1, 2] and found.n == 5
    assert (found.left, found.steps_done, found.unsettled) == (3, 170, 4)
    assert found.displacement == pytest.approx((-3e-7 + 0.5e-7 + 7e-7 + 2e-7 + 8e-7) / 5, rel=1e-12)
    assert math.isnan(sums.outcomes(5, displaced=False).displacement)
    sums.add(5, 7, np.array([[5e-7, 5e-7], [0, np.nan]]), 1)
    with pytest.raises(RunError, match="1 of 7 trajectories diverged at dt = 1e-13"):
        sums.outcomes(7, displaced=True)


def test_walls_may_be_stopped_from_the_first_step_at_rest():
    """0.4 of 1 ns are driven; not at another temperature, nor without levels. The levels are those of the time left."""
    shape = Waveform([0.0, 0.4e-9, 0.4e-9, 1e-9], [1.0, 1.0, 0.0, 0.0])
    case = EnsembleCase(
        device=make_device(), drive=Drive(waveform=shape, current_density=2e11), n=1, start=(150e-9, 3.0), seed=0,
        temperature=300.0, dt=1e-13,
    )  # fmt: skip
    run, asked = types.SimpleNamespace(plan=plan_run(case), case=case), []

    def surface(time):
        asked.append(time)
        raise StopIteration

    model = QPhiModel(case.device)
    settling = types.SimpleNamespace(temperature=300.0, surface=surface, model=model)
    assert _quiet(run, settling) == pytest.approx(4000, abs=1)
    assert _quiet(run, None) is None
    assert _quiet(run, types.SimpleNamespace(temperature=310.0)) is None
    with pytest.raises(StopIteration):
        count_outcomes(case, [], settling=settling)
    assert asked == [pytest.approx(0.6e-9, abs=2e-13)]


HEATED = {"stack": {"t_HM": 4e-9, "rho_HM": 2e-7, "rho_FM": 6e-7}, "heating": {"R_th": 1e8, "tau_th": 1e-9}}


@pytest.mark.parametrize("laws", [False, True])
def test_time_step_is_that_of_the_extremes_of_a_drive(monkeypatch, laws):
    """Largest field, current and heat, lowest and highest gate, hottest film; the least of their steps is taken."""
    asked = []

    def time_step(model, dt, field, current, temperature):
        asked.append((model.device.gate_level, model.device.temperature, field, current, temperature))
        return 1e-13 * len(asked)

    monkeypatch.setattr(run_plan_module, "time_step", time_step)
    more = {"temperature_laws": {"T_C": 900.0}} if laws else {}
    device = make_device(gate={"delta_K_u": 1e4}, **HEATED, **more)
    ramp = Waveform([0.0, 1e-9], [1.0, -3.0])
    drive = Drive(
        waveform=Waveform([0.0, 1e-9], [-2.0, 1.0]), current_density=1e11, field=Field(H_x=1e3, H_z=2e3),
        field_waveform=ramp, gate_waveform=Waveform([0.0, 1e-9], [0.25, 0.75]),
    )  # fmt: skip
    case = EnsembleCase(device=device, drive=drive, n=1, start=(150e-9, 3.0), seed=0, temperature=300.0)
    plan = plan_run(case)
    assert plan.dt == 1e-13 and plan.gated and plan.n_steps == 10_000
    hottest = 300 + device.steady_rise(2e11)
    assert {found[2:] for found in asked} == {(Field(H_x=3e3, H_z=6e3), 2e11, hottest)}
    assert [level for level, *_ in asked] == [0.25, 0.75] * (2 if laws else 1)
    warm = 300 * plan.rows[:, 4].max()
    assert 301 < warm < hottest
    if laws:
        assert [T for _, T, *_ in asked] == [300, 300, pytest.approx(warm, rel=1e-4), pytest.approx(warm, rel=1e-4)]
        levels = {(s.input.coefficients.h_K) for s in plan.stretches}
        assert len(levels) > 30


def test_heat_of_a_pulse_in_the_rows_of_the_kernel():
    """A constant current heats by R_th R I^2 (1 - exp(-t/tau)), over the temperature of the run."""
    device = make_device(**HEATED)
    drive = Drive(waveform=Waveform([0.0, 2e-9], [1.0, 1.0]), current_density=-4e11)
    case = EnsembleCase(device=device, drive=drive, n=1, start=(150e-9, 3.0), seed=0, temperature=250.0, dt=1e-12)
    rows = plan_run(case).rows
    t = np.linspace(0, 2e-9, len(rows))
    expected = 1 + device.steady_rise(4e11) * (1 - np.exp(-t / 1e-9)) / 250
    np.testing.assert_allclose(rows[:, 4], expected, rtol=1e-6)
    np.testing.assert_allclose(rows[1:-1, 0], 1.0)


def test_levels_of_a_gate_cut_the_time_loop():
    """From 0.2 to 1 in 32 steps: 33 levels, the first and last for half as long; each ends where the next begins."""
    device = make_device(gate={"delta_K_u": 1e4})
    drive = Drive(waveform=Waveform([0.0, 1e-9], [0.0, 0.0]), gate_waveform=Waveform([0.0, 1e-9], [0.2, 1.0]))
    case = EnsembleCase(device=device, drive=drive, n=1, start=(150e-9, 3.0), seed=0, temperature=0.0, dt=1e-9 / 6399.5)
    plan = plan_run(case)
    counts = [stretch.count for stretch in plan.stretches]
    assert plan.n_steps == sum(counts) == 6400 and counts == [100, *[200] * 31, 100]
    firsts = np.array([stretch.first for stretch in plan.stretches])
    np.testing.assert_array_equal(np.diff(firsts), np.array(counts[:-1]) + 1)  # both levels have a row where they meet
    assert len(plan.rows) == 6400 + 33 and plan.rest_steps() == 0
    back = Waveform([0.0, 0.3e-9, 0.6e-9, 1e-9], [0.2, 1.0, 0.2, 0.2])
    closed = plan_run(dataclasses.replace(case, drive=dataclasses.replace(drive, gate_waveform=back)))
    assert closed.stretches[-1].input is closed.stretches[0].input and closed.stretches[-1].count > 2500
    assert closed.rest_steps() == 0  # walls that a gate has let go are not at rest
    first, last = (QPhiModel(device.at_gate_level(level)) for level in (0.2, 1.0))
    ends = [plan.stretches[i].input.coefficients.h_K for i in (0, -1)]
    assert ends == pytest.approx([first.H_K / first.Ms, last.H_K / last.Ms]) and ends[0] != ends[1]


def test_film_of_a_heated_pulse_goes_from_the_cold_to_the_hottest_one():
    """In 32 equal steps of temperature, with the shape field of each film over its Ms."""
    device = make_device({"D": 2e-4}, **HEATED, temperature_laws={"T_C": 900.0})
    drive = Drive(waveform=Waveform([0.0, 2e-9], [1.0, 1.0]), current_density=2e11)
    case = EnsembleCase(device=device, drive=drive, n=1, start=(150e-9, 3.0), seed=0, temperature=250.0, dt=1e-12)
    plan = plan_run(case)
    hottest = 250 * plan.rows[:, 4].max()
    films = [QPhiModel(device.at_temperature(250 + (hottest - 250) * part / 32)) for part in range(33)]
    found = [stretch.input.coefficients.h_K for stretch in plan.stretches]
    np.testing.assert_allclose(found, [film.H_K / film.Ms for film in films], rtol=1e-6)
    assert hottest > 260 and abs(found[-1] / found[0] - 1) > 1e-4


@pytest.mark.parametrize("alpha", [0.3, 0.004])
def test_time_steps_by_hand(alpha):
    """0.1 over the fastest rate, or 0.4 (64 0.02 alpha)^(1/3) if less; halved down to 0.8 of the largest step."""
    model = QPhiModel(make_device({"alpha": alpha}))
    most = min(0.25, (64 * 0.02 * alpha) ** (1 / 3))
    rate = model.fastest_rate()
    default = min(0.1, 0.4 * most) / rate
    assert time_step(model) == pytest.approx(default, rel=1e-12)
    assert time_step(model, 0.999 * most / rate) == 0.999 * most / rate
    with pytest.raises(InputError, match="use "):
        time_step(model, 1.001 * most / rate)
    thermal = alpha * K_B * 600 / ((1 + alpha**2) * 2 * MU_0 * 7e5 * DELTA * 0.6e-9 * 64e-9 / GAMMA_0)
    assert time_step(model, 0.999 * most / (rate + thermal), temperature=600.0) > 0
    with pytest.raises(InputError, match="use "):
        time_step(model, 1.001 * most / (rate + thermal), temperature=600.0)
    J = 1e13
    driven = model.fastest_rate(current_density=J)
    halvings = math.ceil(math.log2(default / (0.8 * most / driven)))
    assert halvings >= 1 and time_step(model, current_density=J) == pytest.approx(default / 2**halvings, rel=1e-12)


def test_a_wall_without_any_force_is_followed_in_steps_of_a_nanosecond():
    free = QPhiModel(make_device({"D": 0.0}, {"H_K": 0.0}, torque={}))
    assert time_step(free) == pytest.approx(0.1 / 1e8) and time_step(free, 2.4e-9) == 2.4e-9


def test_walls_of_a_velocity_curve_start_at_rest_in_the_field(monkeypatch):
    """A Bloch wall along H_y, in the middle of the track; a soft strip is driven along x."""
    run, asked = _Run(straight_track(make_device({"D": 0.0}), 1e-6), 1e-9, 5e-9, 1, 1), {}

    def simulate(device, drive, **options):
        asked.update(options, field=drive.field)
        return types.SimpleNamespace(left=np.zeros(1, bool))

    monkeypatch.setattr(velocity_module, "simulate", simulate)
    for H_y in (2e3, -2e3):
        run._simulate(Field(H_y=H_y), np.array([0.0]), 0.0, 10)
        assert asked["start"] == pytest.approx((5e-7, math.copysign(math.pi / 2, H_y)), abs=1e-6)
    strip = {"material": {"easy_axis": "x", "Ms": 8e5, "A": 1.3e-11, "K_u": 3e4, "alpha": 0.1}, "wall": {"H_K": -6.9e5},
             "track": {"length": 2e-6, "width": 1e-7, "thickness": 5e-9}}  # fmt: skip
    drives = []
    monkeypatch.setattr(
        velocity_module, "_curve", lambda _device, H, drive_at, **_: drives.append(drive_at(1.5)) or curve_over(H)
    )
    velocity_against_field(device_from_mapping(strip), np.array([1.0, 2.0]), field=Field(H_y=3.0))
    assert drives == [(0.0, Field(H_x=1.5, H_y=3.0))]


def test_formula_of_the_field_knows_the_chirality(monkeypatch):
    """pi alpha |H_D|/2 is the Walker field of a chiral wall without H_K: at twice that it slips by sqrt(3) of it."""
    walker = 0.5 * math.pi * ALPHA * 1e-3 / (MU_0 * 7e5 * DELTA)
    H = np.array([-2 * walker, 0.5 * walker])
    monkeypatch.setattr(velocity_module, "_curve", lambda *_, **__: curve_over(H))
    slipping = -2 * walker + math.sqrt(3) * walker / (1 + ALPHA**2)
    expected = GAMMA_0 * DELTA / ALPHA * np.array([slipping, 0.5 * walker])
    np.testing.assert_allclose(velocity_against_field(make_device(wall={"H_K": 0.0}), H).formula, expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"walls": 1}, "walls = 1 must be >= 2"),
        ({"settling": 0.0}, "settling and measured"),
        ({"measured": 0.0}, "measured"),
    ],
)
def test_one_wall_has_no_error(options, words):
    with pytest.raises(InputError, match=words):
        velocity_against_current(make_device(), np.array([0.0, 1e11]), **options)


def test_walls_whose_angle_diverged_are_lost():
    """One of three, though its place is a number; the ends of the track count as off it."""
    plan = types.SimpleNamespace(model=types.SimpleNamespace(device=make_device(), coordinates=EQUATIONS["q-phi"].model.coordinates),
                                 dt=1e-13, n_steps=5, time=np.empty(0))  # fmt: skip
    run = types.SimpleNamespace(plan=plan)
    with pytest.raises(RunError, match="1 of 3 trajectories diverged at dt = 1e-13"):
        ensemble._result(run, np.array([[1e-7, 2e-7, 1e-7], [0.0, np.nan, 1.0]]), None)
    found = ensemble._result(run, np.array([[0.0, 1e-7, LENGTH], [0.0, 0.0, 0.0]]), None)
    assert found.left.tolist() == [True, False, True]


def test_a_task_that_fails_stops_the_others_and_is_told():
    """Of 1000 blocks on two threads the third fails: hardly any more are begun."""
    begun = []

    def work(begin, end):
        begun.append(begin)
        if begin == 2 * LANES:
            raise RunError("the third one")
        time.sleep(1e-3)

    with pytest.raises(RunError, match="the third one"):
        ensemble.each_block(work, 1000 * LANES, LANES, 2, lambda done: None)
    assert len(begun) < 1000


def test_a_wall_beyond_the_track_of_a_velocity_curve_is_told(monkeypatch):
    run = _Run(straight_track(make_device(), 1e-6), 1e-9, 5e-9, 1, 1)
    gone = types.SimpleNamespace(left=np.array([False, True]))
    monkeypatch.setattr(velocity_module, "simulate", lambda *_, **__: gone)
    with pytest.raises(RunError, match="a wall runs faster than the rigid wall"):
        run.noiseless(Field(), np.array([0.0, 1e11]))


def test_an_ensemble_in_a_line():
    """Mean and standard deviation of 100 and 104 nm, 50 steps of 0.2 ps, samples over 0.01 ns."""
    q = np.array([100e-9, 104e-9])
    found = ensemble.Ensemble({"q": q, "phi": 0 * q}, np.array([False, True]), 2e-13, 50, np.array([0.0, 1e-11]), {})
    assert repr(found) == (
        "<Ensemble of 2 trajectories (q, phi): q = 102 +- 2 nm, 1 off the track, 50 steps of 0.2 ps, 2 samples over 0.01 ns>"
    )
