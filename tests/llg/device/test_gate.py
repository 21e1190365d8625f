"""Gates: a uniform one is another film, a local one an extra potential, and both act in time as level by level."""

import dataclasses
import math

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp

import llg.device.gate
from dwcore.errors import InputError
from llg.constants import MU_0
from llg.device.device_file import device_from_mapping
from llg.device.gate import quantized
from llg.device.pulse import Waveform
from llg.runs.drive import Drive
from llg.runs.ensemble import simulate
from llg.runs.validity import notes
from llg.walls.q_phi import Field, QPhiModel
from llg.walls.q_phi_delta import QPhiDeltaModel

MS, K_U, WIDTH, THICKNESS, LENGTH = 7e5, 4.8e5, 64e-9, 0.6e-9, 400e-9
K_EFF = K_U - 0.5 * MU_0 * MS**2
LOCAL = {"delta_K_u": 1e4, "start": 150e-9, "end": 250e-9, "rest_level": 1.0}


def make_device(gate=None, *, notch=False, alpha=0.3, D=1e-3, K_u=K_U, **wall):
    notches = [{"position": 160e-9, "shape": "cosine", "depth": 8e-9, "width": 60e-9}] if notch else []
    mapping = {
        "material": {"Ms": MS, "A": 1e-11, "K_u": K_u, "D": D, "alpha": alpha},
        "wall": wall,
        "track": {"length": LENGTH, "width": WIDTH, "thickness": THICKNESS},
        "notch": notches,
        "torque": {"theta_SH": 0.1},
    }
    return device_from_mapping(mapping | ({"gate": gate} if gate else {}))


def test_voltage_gives_the_anisotropy():
    """100 fJ/(V m) at 1 V over 2 nm of oxide on 0.6 nm of film: 1e-13/(2e-9 * 0.6e-9) = 83.3 kJ/m^3."""
    gate = {"xi": "100 fJ/(V m)", "oxide_thickness": "2 nm", "voltage": "-1 V"}
    device = make_device(gate)
    assert device.gate_change == 0
    assert device.at_gate_level(1.0).gate_change == pytest.approx(-1e-13 / (2e-9 * 0.6e-9), rel=1e-12)
    assert device.at_gate_level(0.5).gate_change == pytest.approx(0.5 * device.at_gate_level(1.0).gate_change)


def test_uniform_gate_is_another_film():
    gated = make_device({"delta_K_u": 5e4, "rest_level": 1.0}, notch=True)
    other = make_device(K_u=K_U + 5e4, notch=True)
    assert dataclasses.astuple(gated.straight_wall)[2:] == pytest.approx(dataclasses.astuple(other.straight_wall)[2:])
    q, phi = np.linspace(100e-9, 300e-9, 41), np.linspace(0, 6, 41)
    np.testing.assert_allclose(QPhiModel(gated).energy(q, phi), QPhiModel(other).energy(q, phi), rtol=1e-12)


def test_given_wall_follows_the_gate():
    """Delta goes as 1/sqrt(K_eff), sigma_0 as sqrt(K_eff), H_K as 1/Delta, whatever they are given as."""
    device = make_device({"delta_K_u": 5e4}, Delta=7.2e-9, sigma_0=5e-3, H_K=-2e4)
    wall, ratio = device.at_gate_level(1.0).straight_wall, math.sqrt((K_EFF + 5e4) / K_EFF)
    assert (wall.Delta, wall.sigma_0, wall.H_K) == pytest.approx((7.2e-9 / ratio, 5e-3 * ratio, -2e4 * ratio))
    assert device.straight_wall.Delta == 7.2e-9


def test_local_gate_weighs_the_anisotropy_with_the_wall():
    """Against the integral of delta K_u sin^2 theta over the gate, in a notch; and its slope against the energy."""
    device, bare = make_device(LOCAL, notch=True), make_device(notch=True)
    Delta = device.straight_wall.Delta
    for q in (120e-9, 149e-9, 155e-9, 200e-9, 260e-9):

        def density(x, q=q):
            return float(device.width_at(np.array([x]))[0]) / math.cosh((x - q) / Delta) ** 2

        exact = THICKNESS * 1e4 * quad(density, 150e-9, 250e-9, points=[q], limit=200, epsrel=1e-10)[0]
        gate = QPhiModel(device).energy(q, 1.0) - QPhiModel(bare).energy(q, 1.0)
        assert gate == pytest.approx(exact, rel=1e-4, abs=1e-4 * 2 * Delta * THICKNESS * WIDTH * 1e4)
        h = 0.01e-9
        slope = (device.extra_potential(q + h)[0] - device.extra_potential(q - h)[0]) / (2 * h)
        assert device.extra_potential(q)[1] == pytest.approx(slope, rel=1e-4, abs=1e-17)


def test_local_gate_is_the_first_order_of_the_uniform_one():
    """Inside a wide gate the energy rises by 2 Delta delta K_u per area, under a uniform one by less."""
    Delta = make_device(D=0.0).straight_wall.Delta
    for part, allowed in ((0.02, 0.011), (0.1, 0.052)):
        rise = 4 * math.sqrt(1e-11 * K_EFF * (1 + part)) - 4 * math.sqrt(1e-11 * K_EFF)
        assert 2 * Delta * part * K_EFF == pytest.approx(rise, rel=0.5 * allowed)
        assert 2 * Delta * part * K_EFF > rise


@pytest.mark.parametrize(("factor", "crosses"), [(0.97, False), (1.03, True)])
def test_field_that_crosses_the_edge_of_a_gate(factor, crosses):
    """The slope of V_gate is at most w t delta K_u, so that the field must exceed delta K_u/(2 mu0 Ms)."""
    device = make_device(LOCAL, alpha=1.0)
    drive = Drive(waveform=Waveform([0.0, 60e-9], [0.0, 0.0]), field=Field(H_z=factor * 1e4 / (2 * MU_0 * MS)))
    end = simulate(device, drive, n=1, start=(120e-9, math.pi), seed=0, temperature=0.0, jobs=1)
    assert (end.q[0] > 200e-9) == crosses


def reference(device, level, length, start, current):
    """Wall at T = 0 with the gate level a function of time, by an adaptive integrator on the models of 201 levels."""
    models = [QPhiModel(device.at_gate_level(v)) for v in np.linspace(0, 1, 201)]

    def velocity(time, state):
        x = 200 * level(time)
        i = min(int(x), 199)
        low, high = (models[k].velocity(state[0] * 1e-9, state[1], current) for k in (i, i + 1))
        v, turn = ((1 - (x - i)) * np.array(low) + (x - i) * np.array(high)).tolist()
        return [v * 1e9, turn]

    first = [start[0] * 1e9, start[1]]
    return solve_ivp(velocity, (0, length), first, rtol=1e-8, atol=1e-8, max_step=5e-12).y[:, -1]


@pytest.mark.parametrize("where", [{}, {"start": 170e-9, "end": 300e-9}])
def test_gate_in_time(where, monkeypatch):
    """Ramps up, holds, ramps down while a current drives the wall; the error falls with the levels."""
    device = make_device({"delta_K_u": 4e4} | where, notch=True)
    time, value, start, J = np.array([0, 0.3e-9, 0.5e-9, 1e-9]), np.array([0.0, 1.0, 1.0, 0.2]), (160e-9, 3.0), 2e11
    drive = Drive(waveform=Waveform([0.0, 1e-9], [1.0, 1.0]), current_density=J, gate_waveform=Waveform(time, value))
    exact = reference(device, lambda t: float(np.interp(t, time, value)), 1e-9, start, J)
    gaps = []
    for levels in (4, 32):
        monkeypatch.setattr(llg.device.gate, "LEVELS", levels)
        end = simulate(device, drive, n=1, start=start, seed=0, temperature=0.0, dt=5e-13, jobs=1)
        gaps.append(math.hypot((end.q[0] - 1e-9 * exact[0]) / 7e-9, end.phi[0] - exact[1]))
    closed = dataclasses.replace(drive, gate_waveform=None)
    still = simulate(device.at_gate_level(0.0), closed, n=1, start=start, seed=0, temperature=0.0, jobs=1)
    assert abs(still.q[0] - 1e-9 * exact[0]) > 2e-9  # the gate matters
    assert gaps[1] < 2e-3
    assert gaps[1] < max(0.3 * gaps[0], 2e-4)


def test_moving_width_goes_on_across_the_levels():
    """A wall with a width of its own, one gate ramp over the whole track: it ends with the width of the gated film."""
    device = make_device({"delta_K_u": 4e4}, model="q-phi-delta")
    drive = Drive(
        waveform=Waveform([0.0, 2e-9], [0.0, 0.0]), gate_waveform=Waveform([0.0, 0.5e-9, 2e-9], [0.0, 1.0, 1.0])
    )
    end = simulate(device, drive, n=1, start=(200e-9, math.pi), seed=0, temperature=0.0, samples=20, jobs=1)
    before, after = (QPhiDeltaModel(device.at_gate_level(level)).complete(200e-9, math.pi)[2] for level in (0.0, 1.0))
    assert end.samples["Delta"][0, 0] == pytest.approx(before, rel=1e-9)
    assert end.final["Delta"][0] == pytest.approx(after, rel=1e-5)
    assert after < 0.95 * before
    assert np.all(np.diff(end.samples["Delta"][:, 0]) < 1e-13)
    assert end.q[0] == pytest.approx(200e-9, abs=1e-12)


def test_gate_follows_the_magnitude_of_the_pulse():
    device = make_device({"delta_K_u": 4e4, "rest_level": 0.25})
    drive = Drive(waveform=Waveform([0, 1e-9, 3e-9, 4e-9], [0.0, 1.0, -1.0, 0.0]), current_density=1e11)
    level = drive.gate_levels(device)
    wanted = {0: 0.25, 0.5: 0.625, 1: 1.0, 1.5: 0.625, 2: 0.25, 3: 1.0, 4: 0.25}
    for time, value in wanted.items():
        assert np.interp(time * 1e-9, level.time, level.value) == pytest.approx(value)
    assert drive.gate_levels(device.at_gate_level(0.3)) is None
    assert drive.gate_levels(make_device()) is None
    with pytest.raises(InputError, match=r"needs a \[gate\] section"):
        dataclasses.replace(drive, gate_waveform=level).gate_levels(make_device())


def test_constant_level_is_one_stretch_and_the_same_as_a_held_gate():
    device = make_device({"delta_K_u": 4e4}, notch=True)
    drive = Drive(waveform=Waveform([0.0, 1e-9], [1.0, 1.0]), current_density=1e11)
    constant = dataclasses.replace(drive, gate_waveform=Waveform([0.0, 1e-9], [1.0, 1.0]))
    options = {"n": 70, "start": (160e-9, 3.0), "seed": 4, "temperature": 0.0, "jobs": 1}
    a, b = simulate(device, constant, **options), simulate(device.at_gate_level(1.0), drive, **options)
    np.testing.assert_array_equal(a.q, b.q)


def test_samples_do_not_disturb_a_gated_run_and_noise_is_reproducible():
    device = make_device({"delta_K_u": 4e4, "start": 170e-9, "end": 300e-9}, notch=True)
    drive = Drive(waveform=Waveform([0.0, 0.4e-9, 1e-9], [0.0, 1.0, 0.0]), current_density=2e11)
    options = {"n": 130, "start": (160e-9, 3.0), "seed": 4, "dt": 1e-9 / 1999.5}
    plain, sampled = simulate(device, drive, jobs=1, **options), simulate(device, drive, jobs=2, samples=40, **options)
    assert plain.n_steps == sampled.n_steps == 2000
    np.testing.assert_array_equal(plain.q, sampled.q)
    np.testing.assert_array_equal(sampled.q_samples[-1], sampled.q)
    assert np.unique(plain.q).size == 130
    assert sampled.time.size == 41


def test_quantized_levels_keep_the_ends():
    level = np.linspace(0.2, 1.0, 1001)
    steps = quantized(level, 0.2, 1.0)
    assert steps.size == 1000
    assert (steps[0], steps[-1]) == (0.2, 1.0)
    assert np.unique(steps).size == llg.device.gate.LEVELS + 1
    assert np.abs(steps - 0.5 * (level[:-1] + level[1:])).max() <= 0.5 * 0.8 / llg.device.gate.LEVELS + 1e-12


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ({"xi": 1e-13, "voltage": 1.0}, "either xi, oxide_thickness and voltage or delta_K_u must be given"),
        ({"delta_K_u": 1e4, "voltage": 1.0}, "either xi, oxide_thickness and voltage or delta_K_u"),
        ({"delta_K_u": 1e4, "start": 1e-7}, "start and end must be given together"),
        ({"delta_K_u": 1e4, "start": 2e-7, "end": 1e-7}, "end = 1e-07 [m] must be > start"),
        ({"delta_K_u": 1e4, "start": 5e-7, "end": 6e-7}, "must span part of the track"),
        ({"delta_K_u": -4e5}, "must leave it positive"),
        ({"delta_K_u": "1 J"}, "wrong unit"),
        ({"delta_Ku": 1e4}, 'unknown key "delta_Ku"; did you mean "delta_K_u"?'),
    ],
)
def test_bad_gates(gate, said):
    with pytest.raises(InputError) as caught:
        make_device(gate)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


FALLING = {"x": [0.0, LENGTH], "K_u_factor": [1.0, 0.7]}
"""K_eff = 172.1 - 144 x/L kJ/m^3, with the numbers above."""


@pytest.mark.parametrize(
    ("gate", "at"),
    [
        ({"delta_K_u": -1.1e5, "start": 100e-9, "end": 200e-9}, "-9876.08 [J/m^3] at x = 2e-07"),
        ({"delta_K_u": -1.1e5, "start": 100e-9, "end": 160e-9}, ""),
        ({"delta_K_u": -1.1e5}, "-81876.1 [J/m^3] at x = 4e-07"),
        ({"delta_K_u": 1e5, "rest_level": -0.5}, "-21876.1 [J/m^3] at x = 4e-07"),
        ({"delta_K_u": 1e5, "rest_level": -0.5, "start": 0.0, "end": 100e-9}, ""),
    ],
)
def test_gate_and_profile_together_leave_an_anisotropy(gate, at):
    """-110 at 200 nm: 172.1 - 72 - 110; at 160 nm 4.5 are left. The end of the track has 28.1 of its own."""
    device = make_device(D=0.0)
    if not at:
        device.replace({"profile": FALLING, "gate": gate})
        return
    with pytest.raises(InputError) as caught:
        device.replace({"profile": FALLING, "gate": gate})
    assert f"[profile] and [gate]: K_u leaves K_eff = {at} [m], must leave it positive" in str(caught.value)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_gate_must_leave_walls_an_energy(sign):
    """D = +-1 mJ/m^2 needs K_eff > (pi D)^2/(16 A) = 61.7 kJ/m^3: 52.1 are too few, 72.1 are strained, 92.1 are not."""
    least = (math.pi * 1e-3) ** 2 / (16 * 1e-11)
    for ends in ({}, {"start": 150e-9, "end": 250e-9}):
        with pytest.raises(InputError, match=rf"\[gate\]: D = {sign * 0.001} .* at x = .*, where K_u = 360000"):
            make_device({"delta_K_u": -1.2e5} | ends, D=sign * 1e-3)
        strained, sound = (notes(make_device({"delta_K_u": change} | ends, D=sign * 1e-3)) for change in (-1e5, -8e4))
        share = math.sqrt(least / (K_EFF - 1e5))
        assert [note for note in strained if note.startswith("gate")] == [
            f"gate: D up to {share:.0%} of the critical value there, at which the magnetization is a spiral"
        ]
        assert not any(note.startswith("gate") for note in sound)
