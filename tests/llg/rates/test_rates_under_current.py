"""Escape from wells while a current flows: the tilted landscape against closed forms, the rates against waiting.

Forward flux sampling and waiting both follow the real motion and state a standard error; the difference may be three times
their root sum of squares. At 3e10 A/m^2 the rate changes threefold, so that the rate at rest is the negative control.
"""

import dataclasses
import json
import math

import numpy as np
import pytest
from scipy.optimize import brentq

from dwcore.errors import InputError, RunError
from llg.constants import GAMMA_0, K_B, MU_0
from llg.device.device_file import device_from_mapping
from llg.landscape import held_current
from llg.landscape.held_current import HeldCurrentModel
from llg.landscape.wells import find_wells
from llg.rates.brute_force import brute_rates
from llg.rates.flux_sampling import flux_rates
from llg.rates.rate_matrix import rate_matrix
from llg.rates.summary import as_json, notes_on, well_rates
from llg.walls.q_phi import QPhiModel

TEMPERATURE, CURRENT = 300.0, 3e10
KT = K_B * TEMPERATURE
STACK = {"t_HM": 4e-9, "rho_HM": 2e-7, "rho_FM": 6e-7}


def device(barrier=8, *, D=1.2e-3, **sections):
    """Two narrow notches between pads, about `barrier` kB T deep for D = 0.4 mJ/m^2."""
    notch = {"shape": "cosine", "depth": (barrier - 0.027) / 2.3234 * 1e-9, "width": 40e-9}
    mapping = {
        "name": "two wells",
        "material": {"Ms": 1.1e6, "A": 16e-12, "K_u": 1.27e6, "D": D, "alpha": 0.3},
        "wall": {"shape": "rigid", "H_K": 0.0},
        "track": {"length": 160e-9, "width": 80e-9, "thickness": 0.6e-9, "pad_width": 160e-9, "pad_taper": 40e-9},
        "notch": [{"position": 60e-9, **notch}, {"position": 100e-9, **notch}],
    }
    return device_from_mapping(mapping | sections)


@pytest.mark.parametrize("Q", [1, -1])
def test_a_damping_like_torque_tilts_the_landscape_by_its_work(Q):
    """With all of the current crowded, s_J = w_0 and f2 does not feel it: dU/dq = pi mu0 Ms t Q w_0 H_DL cos phi."""
    it = device(torque={"theta_SH": 0.1, "current_crowding": 1.0}, wall={"shape": "rigid", "H_K": 0.0, "Q": Q})
    rest, held = QPhiModel(it), HeldCurrentModel(it, CURRENT)
    q = np.array([40e-9, 60e-9, 75e-9, 100e-9])
    phi = math.pi if Q > 0 else 0.0
    tilt = held.energy(q, phi) - rest.energy(q, phi)
    slope = math.pi * MU_0 * rest.Ms * rest.t * Q * 80e-9 * rest.H_DL_per_J * CURRENT * math.cos(phi)
    assert np.diff(tilt) == pytest.approx(slope * np.diff(q), rel=1e-6)
    assert slope < 0, "theta_SH J D > 0 drives the wall to +x, whatever Q"


def test_an_oersted_field_is_a_field_along_y():
    """It has an energy: landscape and Langer's rates are those of the static field H_y = H_FL."""
    it = device(stack=STACK | {"oersted": "below"}, torque={"current_crowding": 0.0})
    held = HeldCurrentModel(it, 2e13)
    assert held.has_energy
    same = QPhiModel(it.replace({"field.H_y": held.H_FL_per_J * 2e13}))
    q, phi = np.linspace(20e-9, 140e-9, 7)[:, None], np.linspace(-3, 3, 5)
    assert held.energy(q, phi) == pytest.approx(same.energy(q, phi), rel=1e-9)
    one, other = (rate_matrix(m, find_wells(m, TEMPERATURE), TEMPERATURE).rate for m in (held, same))
    assert one == pytest.approx(other, rel=1e-6)
    still = rate_matrix(QPhiModel(it), find_wells(QPhiModel(it), TEMPERATURE), TEMPERATURE).rate
    assert abs(one[0, 1] / still[0, 1] - 1) > 0.01


@pytest.mark.parametrize("J", [CURRENT, -CURRENT])
def test_the_force_of_spin_transfer_is_a_field_along_z(J):
    """beta u is the force of gamma0 H_z = beta u/Delta; the angle, turned by u alone, changes it in second order."""
    it = device(torque={"P": 0.02, "beta": 10.0, "current_crowding": 0.0})
    held = HeldCurrentModel(it, J)
    H_z = held.beta * held.u_per_J * J / (held.Delta * GAMMA_0)
    well, same, against = (
        find_wells(m, TEMPERATURE)[0]
        for m in (held, *(QPhiModel(it.replace({"field.H_z": s * H_z})) for s in (1.0, -1.0)))
    )
    assert well.barrier_right == pytest.approx(same.barrier_right, rel=1e-3)
    assert well.q == pytest.approx(same.q, abs=1e-12)
    assert abs(well.barrier_right / against.barrier_right - 1) > 0.02


@pytest.mark.parametrize("J", [CURRENT, -CURRENT])
def test_the_landscape_is_the_work_along_the_angle_at_which_the_wall_stands(J):
    """Two torques without energy and one with it: dE_J/dq = -2 mu0 Ms t s2 f1 where f2 = 0, and E_J is lowest there."""
    it = device(torque={"theta_SH": 0.1, "k_FL": 0.6, "P": 0.4, "beta": 0.5, "current_crowding": 0.3}, D=0.4e-3)
    rest, held = QPhiModel(it), HeldCurrentModel(it, J)
    assert not held.has_energy and not HeldCurrentModel(device(torque={"P": 0.4}), J).has_energy

    def standing(q):
        return brentq(lambda phi: float(rest.fields(q, phi, J)[1]), math.pi - 0.7, math.pi + 0.7, xtol=1e-13)

    for q in (45e-9, 62e-9, 75e-9, 104e-9):
        phi, h = standing(q), 0.05e-9
        slope = (held.energy(q + h, standing(q + h)) - held.energy(q - h, standing(q - h))) / (2 * h)
        force = 2 * MU_0 * rest.Ms * rest.t * float(rest.widths(q).s2) * float(rest.fields(q, phi, J)[0])
        assert float(slope) == pytest.approx(-force, rel=1e-3)
        around = phi + np.linspace(-0.05, 0.05, 1001)
        assert around[held.energy(q, around).argmin()] == pytest.approx(phi, abs=2e-4)
    turn = max(abs(standing(q) - math.pi) for q in (45e-9, 75e-9))
    assert turn > 5e-3, "the torques turn the wall by much more than the angle is known"


@pytest.mark.parametrize("share", [0.4, -0.98])
def test_an_angle_is_followed_until_the_torque_turns_it_over(share):
    """Held by (pi/2) |H_D| sin alone, u turns it by asin of its share of that, up to a quarter turn."""
    it = device(notch=[], torque={"P": 0.5}, track={"length": 160e-9, "width": 80e-9, "thickness": 0.6e-9})
    rest = QPhiModel(it)
    most = 0.5 * math.pi * abs(rest.H_D) * rest.Delta * GAMMA_0 / rest.u_per_J
    held = HeldCurrentModel(it, share * most)
    q, phi = 80e-9, math.pi + np.linspace(-1.5, 1.5, 3001)
    assert phi[held.energy(q, phi).argmin()] - math.pi == pytest.approx(-math.asin(share), abs=2e-3)
    with pytest.raises(RunError, match="over the top of what holds its angle"):
        HeldCurrentModel(it, 1.02 * math.copysign(most, share)).energy(q, 0.0)


def test_a_current_comes_on_top_of_the_one_that_is_held():
    it = device(torque={"theta_SH": 0.1, "P": 0.5})
    held, rest = HeldCurrentModel(it, -CURRENT), QPhiModel(it)
    assert held.fastest_rate(current_density=2 * CURRENT) == rest.fastest_rate(current_density=3 * CURRENT)
    assert held.fields(60e-9, 3.0, 3 * CURRENT) == pytest.approx(rest.fields(60e-9, 3.0, 2 * CURRENT), rel=1e-12)


@pytest.mark.parametrize("torque", [{"theta_SH": 0.1}, {"P": 0.5, "beta": 4.0}], ids=["spin-orbit", "spin-transfer"])
@pytest.mark.parametrize("J", [CURRENT, -CURRENT])
def test_sampling_under_a_current_agrees_with_waiting(torque, J):
    it = device(D=0.4e-3, torque=torque)
    rest, held = QPhiModel(it), HeldCurrentModel(it, J)
    wells = find_wells(held, TEMPERATURE)
    still = rate_matrix(rest, find_wells(rest, TEMPERATURE), TEMPERATURE).rate[0, 1]
    tilted = rate_matrix(held, wells, TEMPERATURE).rate[0, 1]
    drive = {"temperature": TEMPERATURE, "seed": 1}
    found = flux_rates(held, wells, 0, 1, trials=256, jobs=2, **drive)
    waited = brute_rates(held, wells, 0, expected_rate=tilted, escapes=100, **drive)
    error = math.hypot(found.rate_error[1], waited.rate_error[1])
    assert error < 0.2 * waited.rate[1]
    assert abs(found.rate[1] - waited.rate[1]) < 3 * error
    assert abs(still - waited.rate[1]) > 3 * error
    assert 0.6 < tilted / found.rate[1] < 1.6, "the landscape is a guide, at least"


def test_well_rates_under_a_current_sample_and_say_so():
    it = device(torque={"theta_SH": 0.1})
    rates = well_rates(it, current_density=CURRENT, trials=64, replicas=4, seed=2)
    assert {r.method for r in rates} == {"flux"}
    assert all(np.isfinite(r.retention) for r in rates)
    assert rates[0].barrier_right < rates[0].barrier_left
    assert any("have no energy" in note for note in notes_on(it, rates, CURRENT))
    answer = as_json(rates)
    assert answer["depinning_current_A_per_m2"] == [[None, None], [None, None]]
    json.dumps(answer, allow_nan=False)
    by_formula = well_rates(it, current_density=CURRENT, method="langer")
    assert any("tilted by the torques" in note for note in notes_on(it, by_formula, CURRENT))


def test_a_held_current_heats_the_track():
    hot = device(torque={"theta_SH": 0.1}, stack=STACK, heating={"R_th": 2e9, "tau_th": 1e-9})
    cold = dataclasses.replace(hot, heating=None)
    rise = hot.steady_rise(CURRENT)
    assert rise > 1
    one, other = (
        well_rates(d, T, current_density=CURRENT, method="langer")
        for d, T in ((hot, TEMPERATURE), (cold, TEMPERATURE + rise))
    )
    assert one[0].retention == other[0].retention
    assert any("heats the track" in note for note in notes_on(hot, one, CURRENT))


def test_currents_without_wells_are_refused():
    it = device(torque={"theta_SH": 0.1})
    with pytest.raises(InputError, match="must be finite"):
        well_rates(it, current_density=math.nan)
    with pytest.raises(RunError, match=r"no well deeper than 1 kB T under 2e\+13 A/m\^2"):
        well_rates(it, current_density=2e13)
    with pytest.raises(RunError, match="over the top of what holds its angle"):
        well_rates(device(torque={"P": 0.5}, D=0.0), current_density=1e14)


def test_an_angle_that_was_not_found_is_no_angle(monkeypatch):
    """One step of 0.05 rad in each of eight stages, where the current turns the wall by more."""
    turned, J = device(torque={"P": 0.5}), 8e12
    HeldCurrentModel(turned, J).energy(80e-9, 0.0)
    monkeypatch.setattr(held_current, "_NEWTON", 1)
    with pytest.raises(RunError, match="turn the wall"):
        HeldCurrentModel(turned, J).energy(80e-9, 0.0)


def test_rates_without_a_current_are_the_same_to_the_last_bit():
    it = device(torque={"theta_SH": 0.1})
    one, other = (rate_matrix(m, find_wells(m, TEMPERATURE), TEMPERATURE, "flux", seed=3, trials=32, replicas=2).rate
                  for m in (QPhiModel(it), QPhiModel(dataclasses.replace(it, torque=device().torque))))  # fmt: skip
    assert np.array_equal(one, other)
