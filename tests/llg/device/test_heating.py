"""Joule heating: the analytic rise and fall of the temperature, and the equilibrium of a wall in a heated track."""

import math

import numpy as np
import pytest

from dwcore.errors import InputError
from llg.constants import K_B
from llg.device.device_file import device_from_mapping
from llg.device.pulse import Pulse, Waveform
from llg.runs.drive import Drive
from llg.runs.ensemble import simulate

LENGTH, WIDTH, THICKNESS, T_0 = 300e-9, 64e-9, 0.6e-9, 300.0
STACK = {"t_HM": 5e-9, "rho_HM": 2e-7, "rho_FM": 6e-7, "R_contact": 100.0}
TAU, J = 2e-9, 5e11
DELTA = 7.2e-9


def make_device(R_th=1e6, stack=True, stiffness=4.0, **torque):
    """Parabola of `stiffness` kB T_0 per squared wall width; no torque unless one is asked for."""
    q = np.linspace(-0.1 * LENGTH, 1.1 * LENGTH, 241)
    V = 0.5 * stiffness * K_B * T_0 * ((q - 0.5 * LENGTH) / DELTA) ** 2
    return device_from_mapping(
        {
            "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 1e-4, "alpha": 0.5},
            "wall": {"Delta": DELTA, "H_K": 0.0},
            "track": {"length": LENGTH, "width": WIDTH, "thickness": THICKNESS},
            "torque": torque,
            "potential": {"q": q.tolist(), "V": V.tolist()},
            "heating": {"R_th": R_th, "tau_th": TAU},
        }
        | ({"stack": STACK} if stack else {})
    )


def exact_steady_rise(R_th=1e6):
    """R_th R I^2 from the sheet resistance of the two layers in parallel and the current they carry."""
    sheet = 1 / (5e-9 / 2e-7 + THICKNESS / 6e-7)
    resistance = sheet * LENGTH / WIDTH + 100.0
    current = J * WIDTH * (5e-9 + THICKNESS / 3)
    return R_th * resistance * current**2


def rise_of(device, shape, step):
    """Temperature rise under the current J."""
    return device.heating.rise(device.steady_rise(J), shape, step)


def test_steady_rise():
    device = make_device()
    assert device.steady_rise(J) == pytest.approx(exact_steady_rise(), rel=1e-9)
    assert device.steady_rise(-2 * J) == pytest.approx(4 * exact_steady_rise(), rel=1e-9)
    assert 5 < exact_steady_rise() < 100


@pytest.mark.parametrize("step", [1e-12, 50e-12])
def test_rectangular_pulse_heats_and_cools_exponentially(step):
    """On from 1 to 4 ns: rise P R (1 - exp(-t/tau)), fall exp(-t/tau), for any step that meets the edges."""
    time = np.arange(round(10e-9 / step) + 1) * step
    shape = Waveform([0.0, 1e-9, 1e-9, 4e-9, 4e-9, 10e-9], [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]).sample(time.size - 1)
    rise = rise_of(make_device(), shape, step)
    on = 1 - np.exp(-np.clip(time - 1e-9, 0, 3e-9) / TAU)
    exact = exact_steady_rise() * on * np.exp(-np.clip(time - 4e-9, 0, None) / TAU)
    assert np.abs(rise - exact).max() < 0.5 * step / TAU * exact_steady_rise()
    assert rise.max() == pytest.approx(exact_steady_rise() * (1 - math.exp(-1.5)), rel=0.6 * step / TAU)
    assert rise[0] == 0


def test_heat_of_a_short_pulse_is_its_energy():
    """Much shorter than tau_th: the rise is the energy times R_th/tau_th, linear edges included."""
    pulse = Pulse(current_density=J, duration=20e-12, rise_time=10e-12, fall_time=10e-12, rest_time=0.0,
                  relaxation_time=0.0)  # fmt: skip
    waveform = pulse.waveform(20e-12)
    shape = waveform.sample(3000)
    rise = rise_of(make_device(), shape, waveform.length / 3000)
    assert rise[-1] == pytest.approx(exact_steady_rise() * waveform.square_time() / TAU, rel=0.01)


def final_variance(device, current, n=8000, temperature=None):
    """Variance of q at the end of a pulse of 15 tau, in units of that at T_0."""
    drive = Drive(waveform=Waveform([0.0, 15 * TAU], [1.0, 1.0]), current_density=current)
    start = (0.5 * LENGTH, math.pi)
    end = simulate(device, drive, n=n, start=start, seed=12, temperature=temperature, jobs=1)
    return 4.0 * np.var((end.q - 0.5 * LENGTH) / DELTA)


def test_equipartition_at_the_elevated_temperature():
    """Heated by a current without torque to 1.5 T_0: <(q - q_0)^2> = 1.5 kB T_0/k. 8000 walls, 4 errors of 1.6 %."""
    hot = make_device(R_th=0.5 * T_0 / (exact_steady_rise() / 1e6))
    n = 8000
    allowed = 4 * math.sqrt(2 / n)
    assert final_variance(hot, J) == pytest.approx(1.5, rel=allowed)
    cold = final_variance(hot, 0.0)
    assert cold == pytest.approx(1.0, rel=allowed)
    assert final_variance(make_device(R_th=0.0), J) < 1.5 * (1 - allowed)  # negative control


def test_half_the_default_step_changes_nothing_under_heat():
    """The default step of a heated run: its variance and that of a step four times smaller, 8000 walls each."""
    hot = make_device(R_th=2.0 * T_0 / (exact_steady_rise() / 1e6))
    start = (0.5 * LENGTH, math.pi)
    drive = Drive(waveform=Waveform([0.0, 5e-9], [1.0, 1.0]), current_density=J)
    coarse = simulate(hot, drive, n=8000, start=start, seed=1, jobs=1)
    fine = simulate(hot, drive, n=8000, start=start, seed=2, jobs=1, dt=coarse.dt / 4)
    ratio = np.var(coarse.q) / np.var(fine.q)
    assert ratio == pytest.approx(1, abs=4 * math.sqrt(4 / 8000))


def test_what_cannot_be_heated():
    options = {"n": 2, "start": (0.5 * LENGTH, 0.0), "seed": 0}
    waveform = Waveform([0.0, 10e-9], [1.0, 1.0])
    with pytest.raises(InputError, match=r"needs a \[stack\] section"):
        simulate(make_device(stack=False), Drive(waveform=waveform, current_density=J), **options)
    with pytest.raises(InputError, match="one number for all trajectories"):
        simulate(make_device(), Drive(waveform=waveform, current_density=np.array([J, J])), **options)
    with pytest.raises(InputError, match=r"heats the track by .* K above 300 K, must stay below 2000 K"):
        simulate(make_device(R_th=1e9), Drive(waveform=waveform, current_density=J), **options)
    assert simulate(make_device(), Drive(waveform=waveform, current_density=J), temperature=0.0, **options).q.size == 2
