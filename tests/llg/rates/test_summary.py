"""Rates of a device as they are printed: each number on its side, in its unit, and bounds where they are unknown."""

import dataclasses
import math
import types

import numpy as np
import pytest

from dwcore.errors import InputError, RunError
from llg.constants import K_B
from llg.device.device_file import device_from_mapping
from llg.landscape.wells import find_wells
from llg.rates import summary
from llg.rates.rate_matrix import RateMatrix
from llg.rates.summary import LONGEST, WellRates, _at_least, as_json, held_at, notes_on, well_rates
from llg.runs.depinning import depinning_current
from llg.walls.q_phi import QPhiModel

DEVICE = {
    "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 1e-3, "alpha": 0.3},
    "wall": {"shape": "rigid"},
    "track": {"length": 400e-9, "width": 64e-9, "thickness": 0.6e-9},
    "torque": {"theta_SH": 0.1},
    "notch": [{"position": q, "shape": "cosine", "depth": depth, "width": 60e-9} for q, depth in
              ((120e-9, 4e-9), (190e-9, 9e-9), (280e-9, 6e-9))],
}  # fmt: skip


def test_numbers_are_on_their_own_side():
    """Three unequal notches: nothing is its own mirror image."""
    device = device_from_mapping(DEVICE)
    model = QPhiModel(device)
    wells, rates = find_wells(model, 300.0), well_rates(device)
    assert len(rates) == 3
    for well, found in zip(wells, rates, strict=True):
        barriers = well.barrier_left / (K_B * 300.0), well.barrier_right / (K_B * 300.0)
        assert (found.barrier_left, found.barrier_right) == pytest.approx(barriers)
        assert found.depinning_current == (depinning_current(model, well, -1), depinning_current(model, well, 1))
        assert abs(barriers[0] / barriers[1] - 1) > 0.01
        assert found.depinning_current[0] != found.depinning_current[1]


def test_json_holds_each_number_where_its_name_says():
    well = types.SimpleNamespace(q=1e-7, depinning_field_left=0.01, depinning_field_right=0.02)
    one = WellRates(
        well=well, barrier_left=10.0, barrier_right=20.0, rate=np.array([0.0, 3.0]), rate_error=np.array([0.0, math.nan]),
        lost=np.array([5.0, math.inf]), retention=0.125, retention_error=0.25, depinning_current=(1e11, math.nan),
        at_least=0.0,
    )  # fmt: skip
    assert as_json([one]) == {
        "wells": [{"q_m": 1e-7, "barrier_left_kT": 10.0, "barrier_right_kT": 20.0, "retention_s": 0.125,
                   "retention_s_at_least": None, "retention_s_error": 0.25, "rates_per_s": [0.0, 3.0],
                   "rates_per_s_error": [0.0, None], "lost_per_s": [5.0, None]}],
        "depinning_field_T": [[0.01, 0.02]],
        "depinning_current_A_per_m2": [[1e11, None]],
    }  # fmt: skip


def test_what_is_unknown_has_a_bound_of_a_power_of_ten():
    """A rate below 3e-7 per second is a time above 1e6 s; no bound where the time is known, or no rate is."""
    rate = np.array([[0.0, math.nan], [2.0, 0.0]])
    unknown = RateMatrix("flux", rate, rate, np.zeros((2, 2)), np.zeros((2, 2)), bound=np.array([3e-7, 3e-7]))
    assert [_at_least(unknown, well) for well in (0, 1)] == [1e6, 0.0]
    without = RateMatrix("flux", rate, rate, np.zeros((2, 2)), np.zeros((2, 2)), bound=np.array([math.inf, 1.0]))
    assert _at_least(without, 0) == 0.0
    assert _at_least(RateMatrix("flux", 0 * np.eye(1), 0 * np.eye(1), np.zeros((1, 2)), np.zeros((1, 2))), 0) == LONGEST


def test_a_gate_rests_while_a_current_is_held():
    gate = {"delta_K_u": 1e4, "rest_level": 0.25}
    device = device_from_mapping(DEVICE | {"gate": gate})
    held, temperature = held_at(device, None, 1e10)
    assert held.gate_level == 0.25 and temperature == 300.0
    assert held_at(device, 310.0, 0.0)[0].gate_level is None
    assert held_at(device.at_gate_level(0.5), None, 1e10)[0].gate_level == 0.5


def test_notes_ask_the_largest_of_the_depinning_currents():
    """Which heats most: 36 K are a tenth of the temperature and more, the smallest current would give 9 K."""
    stack = {"t_HM": 4e-9, "rho_HM": 2e-7, "rho_FM": 6e-7}
    device = device_from_mapping(DEVICE | {"stack": stack, "heating": {"R_th": 1e6, "tau_th": 1e-9}})
    one = types.SimpleNamespace(
        depinning_current=(1e11, 2e11), held_again=(math.nan, math.nan), retention=1.0, method="langer", reason="",
        well=types.SimpleNamespace(q=device.notches[0].position),
    )  # fmt: skip
    device = device.replace({"heating.R_th": 36.0 * 1e6 / device.steady_rise(2e11)})
    (note,) = (note for note in notes_on(device, [one]) if note.startswith("heating"))
    assert "2e+11 A/m^2 would heat it by 36 K" in note
    colder = device.replace({"heating.R_th": 29.0 / 36.0 * device.heating.R_th})
    assert not [note for note in notes_on(colder, [one]) if note.startswith("heating")]


def test_a_step_that_holds_the_wall_again_is_said_with_well_and_side():
    """Only where there is one: a well of which none is known says nothing."""
    device = device_from_mapping(DEVICE)
    rates = well_rates(device, method="langer")
    assert not [note for note in notes_on(device, rates) if note.startswith("J_dep")]
    rates[1] = dataclasses.replace(rates[1], held_again=(math.nan, 2.5e11))
    said = [note for note in notes_on(device, rates) if note.startswith("J_dep")]
    assert len(said) == 1 and said[0].endswith(
        f"held again at 2.5e+11 A/m^2 to the right from {1e9 * rates[1].well.q:.4g} nm"
    )


def test_a_track_that_boils_is_refused():
    """By the current, from its temperature on; below, the device is that of the hot film without [heating]."""
    stack = {"t_HM": 4e-9, "rho_HM": 2e-7, "rho_FM": 6e-7}
    device = device_from_mapping(DEVICE | {"stack": stack, "heating": {"R_th": 1e6, "tau_th": 1e-9}})
    device = device.replace({"heating.R_th": 1600.0 / device.steady_rise(1e12) * 1e6})
    held, temperature = held_at(device, 399.0, 1e12)
    assert temperature == pytest.approx(1999.0) and held.heating is None
    with pytest.raises(
        InputError, match=r"current_density = 1e\+12 \[A/m\^2\] heats the track to 2e\+03 K, must be < 2000"
    ):
        held_at(device, 401.0, 1e12)
    assert held_at(device, 401.0, 0.0)[1] == 401.0
    for bad in (0.0, -1.0, 2000.0, math.nan):
        with pytest.raises(InputError, match=r"must be > 0 and < 2000"):
            held_at(device, bad, 0.0)


@pytest.mark.parametrize(("gaps", "said"), [("", "no"), ("no", "no"), ("slow", "no; slow (--method flux goes on)")])
def test_where_the_formula_does_not_hold_one_asks_the_motion(monkeypatch, gaps, said):
    """Coarsely, of a (q, phi) wall alone, and once; what was asked for by name fails aloud, or leaves rates unknown."""
    asked = []

    def rate_matrix(model, wells, temperature, method, **options):
        asked.append((method, options))
        if method == "langer" or options.get("seed") == 13:
            raise RunError("no")
        return RateMatrix("flux", 3 * np.ones((1, 1)), np.ones((1, 1)), np.ones((1, 2)), np.ones((1, 2)), gaps)

    monkeypatch.setattr(summary, "rate_matrix", rate_matrix)
    model = QPhiModel(device_from_mapping(DEVICE))
    matrix, reason = summary._rates(model, [None], 300.0, "auto", trials=64)
    assert matrix.rate == 3 and reason == said
    assert asked == [("langer", {"trials": 64}), ("flux", summary.COARSE | {"trials": 64})]
    matrix, reason = summary._rates(model, [None, None], 300.0, "langer")
    assert reason == "no (--method flux of `dwsynapse rates`)" and len(asked) == 3
    assert matrix.method == "langer" and np.isnan(matrix.rate).all() and matrix.lost.shape == (2, 2)
    with pytest.raises(RunError, match="no"):
        summary._rates(model, [None], 300.0, "flux", seed=13)
    tilting = types.SimpleNamespace(device=device_from_mapping(DEVICE | {"wall": {"model": "q-phi-delta"}}))
    matrix, reason = summary._rates(tilting, [None], 300.0, "auto")
    assert reason == "no" and np.isnan(matrix.retention).all() and [m for m, _ in asked[-2:]] == ["flux", "langer"]


def test_notes_name_the_pads_and_the_method_of_the_rates():
    """An estimate at the ends is said where there are pads; unknown rates come first."""
    device = device_from_mapping(DEVICE)
    padded = device.replace({"track.pad_width": 128e-9, "track.pad_taper": 40e-9})
    one = types.SimpleNamespace(
        depinning_current=(math.nan, math.nan), held_again=(math.nan, math.nan), retention=1.0, method="flux", reason="why",
        well=types.SimpleNamespace(q=device.notches[0].position),
    )  # fmt: skip
    assert [any(note.startswith("shape: the wall stays straight over the pads") for note in notes_on(d, [one]))
            for d in (device, padded)] == [False, True]  # fmt: skip
    assert notes_on(device, [one])[0] == "rates: by flux sampling, as why"
    one.method = "langer"
    assert notes_on(device, [one])[0] == "rates: by why"
    one.retention = math.nan
    assert notes_on(device, [one])[0] == "rates: unknown, why"
