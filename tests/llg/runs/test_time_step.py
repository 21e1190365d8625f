"""The time step: too large is refused with the one to use; the largest allowed is accurate, in stiff cases too."""

import dataclasses
import math
import re

import numpy as np
import pytest

import llg.runs.time_step
from dwcore.errors import InputError
from llg.constants import K_B
from llg.device.device_file import device_from_mapping
from llg.device.pulse import Waveform
from llg.runs.drive import Drive
from llg.runs.ensemble import simulate
from llg.runs.time_step import SLOWEST_RATE, largest_step_times_rate, time_step
from llg.walls.q_phi import NO_FIELD, Field, QPhiModel

DELTA, LENGTH = 7.2e-9, 20e-6
MIDDLE = (0.5 * LENGTH, 3.0)


def make_device(alpha, *, D=1e-3, H_K=1e4, length=LENGTH, depth=0.0, stiffness=0.0, model="q-phi", **torque):
    """Notch of a depth [m], or a parabola of so many kB T (300 K) per squared wall width, in the middle."""
    mapping = {
        "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": D, "alpha": alpha},
        "wall": {"Delta": DELTA, "H_K": H_K, "model": model},
        "track": {"length": length, "width": 64e-9, "thickness": 0.6e-9},
        "torque": torque,
    }
    if depth:
        mapping["notch"] = [{"position": length / 2, "shape": "triangular", "depth": depth, "width": 40e-9}]
    if stiffness:
        q = np.linspace(-0.1 * length, 1.1 * length, 481)
        V = 0.5 * stiffness * K_B * 300 * ((q - length / 2) / DELTA) ** 2
        mapping["potential"] = {"q": q.tolist(), "V": V.tolist()}
    return device_from_mapping(mapping)


def bounds(device, field=NO_FIELD, J=0.0, temperature=0.0):
    """Default and largest time step [s]; the largest is what the refusal says."""
    model = QPhiModel(device)
    with pytest.raises(InputError) as caught:
        time_step(model, 1e-6, field, J, temperature)
    most, use = re.fullmatch(
        r"dt = 1e-06 \[s\] must be > 0 and <= (\S+) for this device and drive; use (\S+)", str(caught.value)
    ).groups()
    best = time_step(model, None, field, J, temperature)
    assert float(use) == pytest.approx(best, rel=0.05)
    return best, float(most) * 0.95  # two digits in the message


def final(device, dt, length, start, field, J):
    drive = Drive(waveform=Waveform([0.0, length], [1.0, 1.0]), current_density=J, field=field)
    end = simulate(device, drive, n=1, start=start, seed=0, temperature=0.0, dt=dt, jobs=1)
    return np.array([end.q[0] / DELTA, end.phi[0]])


STIFF = {
    "strong field along z": ({}, {"field": Field(H_z=5e5)}),
    "strong field in plane": ({}, {"field": Field(H_x=1e6, H_z=1e4)}),
    "spin-orbit torque": ({"theta_SH": 0.15}, {"J": 1e12}),
    "field-like torque of a large current": ({"theta_SH": 0.15, "k_FL": 2.0, "D": 1e-4}, {"J": 1e13}),
    "spin transfer, weak angle": ({"P": 0.6, "beta": 0.02, "D": 0.0}, {"J": 5e12}),
    "spin transfer, free angle": ({"P": 0.6, "beta": 1.0, "D": 0.0, "H_K": 0.0}, {"J": 1e13}),
    "steep notch": ({"depth": 24e-9, "length": 400e-9}, {"start": (212e-9, 2.0), "length": 1e-9}),
    "steep parabola": ({"stiffness": 2e4, "D": 3e-4, "length": 400e-9}, {"start": (203e-9, 3.0), "length": 0.1e-9}),
}


@pytest.mark.parametrize("alpha", [0.01, 0.1, 1.0])
@pytest.mark.parametrize("case", STIFF)
def test_largest_allowed_step_is_accurate(case, alpha):
    """Without noise, against a step 10 times smaller: within 0.03 wall widths and radians; the default within 0.02."""
    device = make_device(alpha, **STIFF[case][0])
    run = {"field": NO_FIELD, "J": 0.0, "length": 1e-9, "start": MIDDLE} | STIFF[case][1]
    best, most = bounds(device, run["field"], run["J"])
    exact = final(device, most / 10, **run)
    assert np.abs(final(device, most, **run) - exact).max() < 0.03
    assert np.abs(final(device, best, **run) - exact).max() < 0.02
    start = np.array([run["start"][0] / DELTA, run["start"][1]])
    assert np.abs(exact - start).max() > 0.3


def stiff_variance(alpha):
    """Variance of q over the exact one in a parabola as stiff as the angle, and its error; 4000 walls, largest step."""
    D = 3e-4
    angle = math.pi * D * 0.6e-9 * 64e-9 / (K_B * 300)
    device = make_device(alpha, D=D, H_K=0.0, stiffness=angle, length=400e-9)
    _, most = bounds(device, temperature=300.0)
    rate = QPhiModel(device).fastest_rate()
    drive = Drive(waveform=Waveform([0.0, 8 / (alpha * rate / 2)], [0.0, 0.0]))
    end = simulate(device, drive, n=4000, start=(200e-9, math.pi), seed=3, dt=most, jobs=1)
    return np.var((end.q - 200e-9) / DELTA) * angle, 4 * math.sqrt(2 / 4000) + 1 / (8 * angle)


@pytest.mark.parametrize("alpha", [0.005, 0.02, 0.1])
def test_light_damping_is_not_heated(alpha):
    """Equipartition with the largest step: 4 standard errors and the 2 % promised."""
    variance, allowed = stiff_variance(alpha)
    assert variance == pytest.approx(1, abs=0.02 + allowed)


def test_beyond_the_limit_a_lightly_damped_wall_heats_up(monkeypatch):
    """Negative control: 3 times the largest step of damping 0.005, let through, is 20 % too hot or more."""
    assert largest_step_times_rate(0.005) < largest_step_times_rate(0.01) < largest_step_times_rate(1.0)
    monkeypatch.setattr(llg.runs.time_step, "largest_step_times_rate", lambda alpha: 3 * largest_step_times_rate(alpha))
    hot, allowed = stiff_variance(0.005)
    assert hot > 1.2 + allowed


def test_current_shortens_the_step_by_halves():
    device = make_device(0.3, theta_SH=0.15)
    model = QPhiModel(device)
    plain = time_step(model)
    assert time_step(model, None, NO_FIELD, 1e11) == plain
    ratios = [plain / time_step(model, None, NO_FIELD, J) for J in (1e12, 1e13, 1e14)]
    assert ratios == sorted(ratios)
    assert ratios[-1] >= 16
    assert all(math.log2(r) == round(math.log2(r)) for r in ratios)
    assert time_step(model, None, Field(H_x=1e6)) < 0.5 * plain


def test_nothing_acts():
    """A free wall: steps of the slowest rate, shorter where diffusion turns the angle."""
    model = QPhiModel(make_device(0.3, D=0.0, H_K=0.0))
    assert time_step(model) == pytest.approx(0.1 / SLOWEST_RATE)
    assert time_step(model, temperature=300.0) < time_step(model)


@pytest.mark.parametrize("dt", [0.0, -1e-12, float("nan"), float("inf"), 1e-9])
def test_refused(dt):
    device = make_device(0.3)
    drive = Drive(waveform=Waveform([0.0, 1e-9], [0.0, 0.0]))
    with pytest.raises(InputError, match=r"must be > 0 and <= .* use "):
        simulate(device, drive, n=1, start=MIDDLE, seed=0, dt=dt, jobs=1)


def test_field_waveform_counts_for_the_step():
    device = make_device(0.3)
    drive = Drive(waveform=Waveform([0.0, 1e-10], [0.0, 0.0]), field=Field(H_z=1e4))
    strong = dataclasses.replace(drive, field_waveform=Waveform([0.0, 1e-10], [0.0, -100.0]))
    plain, short = (simulate(device, d, n=1, start=MIDDLE, seed=0, jobs=1) for d in (drive, strong))
    assert short.dt < 0.6 * plain.dt
