"""NeuroSim parameters and aihwkit devices: known curves are found again, and what is exported climbs like the table."""

import dataclasses

import numpy as np
import pytest
from fit_cases import table_of

from compact.exchange import neurosim
from compact.exchange.aihwkit import MAX_NODES, aihwkit_device
from compact.exchange.neurosim import UpdateCurve, curvature_of_label, fit_curve, neurosim_parameters
from compact.exchange.pulse_rows import PulseRows, pulse_rows, staircase, step_mean, step_std
from compact.exchange.write_line import WriteLine
from compact.table.operating_point import OperatingPoint
from compact.table.transition_table import InstanceStates, TransitionTable
from dwcore.errors import InputError

# Labels and normalized A as published with MLP+NeuroSim V3.0, formula.cpp, six digits.
PUBLISHED = {0.01: 126.268958, 0.5: 2.519877, 1.0: 1.251653, 9.0: 0.022810}


def ladder(states: int, *, miss=0.1, double=0.05, devices=1, spread=0.0) -> PulseRows:
    """Pulses that move by one level, miss, or move by two; conductances of several devices scale."""
    up = np.zeros((states, states))
    for i in range(states):
        for move, chance in ((0, miss), (1, 1 - miss - double), (2, double)):
            up[i, min(i + move, states - 1)] += chance
    factor = 1 + spread * np.linspace(-1, 1, devices) if devices > 1 else np.ones(1)
    point = OperatingPoint(current_density=1e11, duration=2e-9, temperature=300.0)
    return PulseRows(
        conductance=factor[:, None] * np.linspace(1e-5, 3e-5, states),
        spread=np.full((devices, states), 1e-7),
        up=np.tile(up, (devices, 1, 1)),
        down=np.tile(up[::-1, ::-1], (devices, 1, 1)),
        lost=0.0,
        points=(point, point),
        energy=(1e-13, 1e-13),
    )


@pytest.mark.parametrize(("label", "curvature"), PUBLISHED.items())
def test_labels_follow_the_published_table(label, curvature):
    assert curvature_of_label(label) == pytest.approx(curvature, abs=6e-7)
    assert curvature_of_label(-label) == pytest.approx(-curvature, abs=6e-7)


def test_labels_beyond_the_table_are_refused():
    with pytest.raises(InputError, match="nonlinearity = 10"):
        curvature_of_label(10)


@pytest.mark.parametrize(("label", "levels"), [(0.5, 20), (4.2, 40), (-3.0, 31)])
def test_a_known_curve_is_found_again(label, levels):
    a = curvature_of_label(label)
    x = np.minimum(np.arange(levels + 8) / levels, 1)
    found = fit_curve(np.expm1(-x / a) / np.expm1(-1 / a))
    assert (found.levels, found.residual) == (levels, pytest.approx(0, abs=1e-4))
    assert found.label == pytest.approx(label, abs=2e-3)


def test_a_pulse_that_goes_all_the_way_is_one_level():
    found = fit_curve(np.array([0.0, 1.0]))
    assert (found.levels, found.residual) == (1, 0.0)


def test_neurosim_parameters_climb_like_the_table():
    rows = ladder(32, devices=3, spread=0.1)
    found = neurosim_parameters(rows, WriteLine(resistance=1e3, current_per_density=4e-16))
    mlp = found["MLP_NeuroSim_RealDevice"]
    mean, _ = staircase(rows.conductance[1], rows.up[1], start=0, pulses=50)
    a = curvature_of_label(mlp["NL_LTP"])
    x = np.minimum(np.arange(51) / mlp["maxNumLevelLTP"], 1)
    curve = np.expm1(-x / a) / np.expm1(-1 / a)
    assert (mean - 1e-5) / 2e-5 == pytest.approx(curve, abs=0.05)
    assert np.abs((mean - 1e-5) / 2e-5 - np.minimum(np.arange(51) / 31, 1)).max() > 0.05  # not every curve would do
    assert mlp["writeVoltageLTP"] == pytest.approx(1e11 * 4e-16 * 1e3)
    assert mlp["writePulseWidthLTD"] == 2e-9
    assert mlp["maxConductanceVar"] == pytest.approx(0.1 * 3e-5)
    assert mlp["NL_LTP"] == pytest.approx(-mlp["NL_LTD"], abs=1e-6)
    inner = step_std(rows.conductance[1], rows.up[1])[:-1]
    assert mlp["sigmaCtoC"] == pytest.approx(np.sqrt(np.mean(inner**2)), rel=0.02)
    assert found["DNN_NeuroSim_V2"]["onoffratio"] == pytest.approx(3)


def test_neurosim_leaves_unknown_pulses_null():
    found = neurosim_parameters(ladder(8), None, ("current_density", "duration", "energy_per_pulse"))
    mlp = found["MLP_NeuroSim_RealDevice"]
    assert [mlp[f"write{what}LTP"] for what in ("Voltage", "PulseWidth")] == [None, None]
    assert found["fit"]["energy_per_pulse_J"] is None
    line = WriteLine(resistance=1e3, current_per_density=4e-16)
    known = neurosim_parameters(ladder(8), line, ("current_density",))["MLP_NeuroSim_RealDevice"]
    assert (known["writeVoltageLTD"], known["writePulseWidthLTD"]) == (None, 2e-9)


def test_a_staircase_counts_until_a_thousandth_of_it_is_left():
    """Half of the walls move on with each pulse: after ten of them 1/1024 are left."""
    found = neurosim._to_saturation(np.array([1.0, 2.0]), np.array([[0.5, 0.5], [0.0, 1.0]]), 0)
    assert found == pytest.approx(2 - 0.5 ** np.arange(11))


def test_fields_of_neurosim_by_hand(monkeypatch):
    """Two devices of six states with curves that are given; labels 1 and 3 up, 2 and 5 down; halves are rounded to even.

    Of the first four states a pulse up moves the first device by 0.95 levels with a variance of 1.05 - 0.95^2, of the
    fifth by 0.9 with 0.09; it moves the second surely. A pulse down moves either in four of five cases, with a variance
    of 0.16; a level is a fifth of the range.
    """
    each = iter([[(10, 1.0, 0.1), (20, 2.0, 0.2)], [(13, 3.0, 0.3), (21, 5.0, 0.1)]])
    monkeypatch.setattr(
        neurosim, "_curves",
        lambda *_: tuple(UpdateCurve(levels=n, label=label, residual=r) for n, label, r in next(each)),
    )  # fmt: skip
    points = [
        OperatingPoint(current_density=J, duration=t, temperature=300.0) for J, t in ((1e11, 2e-9), (-2e11, 3e-9))
    ]
    sure = np.eye(6, k=1)
    sure[5, 5] = 1
    rows = dataclasses.replace(ladder(6, devices=2, spread=0.1), points=tuple(points), energy=(1e-13, 3e-13), lost=0.02,
                               spread=np.array([[1e-7] * 6, [3e-7] * 6]), up=np.array([ladder(6).up[0], sure]),
                               down=ladder(6, devices=2, miss=0.2, double=0.0).down)  # fmt: skip
    found = neurosim_parameters(rows, WriteLine(resistance=1e3, current_per_density=4e-16))
    mlp, dnn, fit = found["MLP_NeuroSim_RealDevice"], found["DNN_NeuroSim_V2"], found["fit"]
    std = np.std([1, -1], ddof=1)
    up, down = np.sqrt((4 * (1.05 - 0.95**2) + 0.09) / 5 / 2) / 5, 0.4 / 5
    scatter = (up + down) / 2
    G = np.linspace(1e-5, 3e-5, 6)
    known = {
        "maxNumLevelLTP": 12, "maxNumLevelLTD": 20, "NL_LTP": 2.0, "NL_LTD": -3.5, "sigmaDtoD": std * (1 + 1.5) / 2,
        "sigmaCtoC": scatter * 2e-5, "maxConductanceVar": 0.3e-5 * std, "minConductanceVar": 0.1e-5 * std,
        "sigmaReadNoise": np.mean([1e-7 / (0.9 * G), 3e-7 / (1.1 * G)]), "writeVoltageLTP": 0.04,
        "writeVoltageLTD": 0.08, "writePulseWidthLTP": 2e-9, "writePulseWidthLTD": 3e-9,
    }  # fmt: skip
    assert {name: mlp[name] for name in known} == pytest.approx(known)
    known = {"resistanceOn": 1 / 3e-5, "resistanceOff": 1e5, "onoffratio": 3.0, "max_level": 20, "cellBit": 2,
             "d2dVari": std * 1.25, "c2cVari": scatter}  # fmt: skip
    assert {name: dnn[name] for name in known} == pytest.approx(known)
    assert (fit["residual_LTP"], fit["residual_LTD"]) == (0.3, 0.2) and fit["energy_per_pulse_J"] == [1e-13, 3e-13]
    assert (fit["states"], fit["devices"], fit["largest_probability_lost"]) == (6, 2, 0.02)
    assert (fit["sigmaCtoC_LTP"], fit["sigmaCtoC_LTD"]) == pytest.approx((up, down))


def test_a_device_that_hardly_moves_is_refused():
    rows = ladder(16, miss=1.0 - 1e-9, double=0.0)
    with pytest.raises(InputError, match="the staircase covers"):
        neurosim_parameters(rows)
    half = ladder(6)
    up = half.up.copy()
    up[0, 2:] = np.eye(6)[2:]  # from the third state, at 0.4 of the range, nothing leads on
    up[0, :2] = np.eye(6)[1:3]
    with pytest.raises(InputError, match=r"the staircase covers 0\.40 of the conductance range"):
        neurosim_parameters(dataclasses.replace(half, up=up))


@pytest.mark.parametrize("states", [5, 32, 100])
def test_aihwkit_devices_climb_like_the_table(states):
    """The update of the class, written out from its documentation, against the table: mean and spread."""
    rows = ladder(states)
    found = aihwkit_device(rows)
    fields = found["fields"]
    assert len(fields["piecewise_up"]) == len(fields["piecewise_down"]) == min(states, MAX_NODES)
    assert len(fields["piecewise_up"]) < 64, "as the CUDA kernels of aihwkit want it"
    nodes, rng = np.linspace(-1, 1, len(fields["piecewise_up"])), np.random.default_rng(3)
    w = np.full(20000, -1.0)
    G = 2 * (rows.conductance[0] - 1e-5) / 2e-5 - 1
    pulses = states // 2
    for _ in range(pulses):
        step = fields["dw_min"] * np.interp(w, nodes, fields["piecewise_up"])
        w = np.clip(w + step * (1 + fields["dw_min_std"] * rng.standard_normal(w.size)), -1, 1)
    mean, std = staircase(G, rows.up[0], start=0, pulses=pulses)
    assert w.mean() == pytest.approx(mean[-1], abs=0.02)
    assert w.std() == pytest.approx(std[-1], rel=0.1)
    assert fields["write_noise_std"] * fields["dw_min"] == pytest.approx(2 * 1e-7 / 2e-5)
    assert (fields["dw_min_dtod"], fields["w_max_dtod"]) == (0.0, 0.0)


def test_lost_walls_count_at_the_end_they_were_driven_to():
    counts = np.zeros((1, 1, 2, 1, 3, 4), np.uint64)
    counts[0, 0, 1, 0] = [[10, 80, 0, 10], [0, 10, 80, 10], [0, 0, 70, 30]]
    counts[0, 0, 0, 0] = [[90, 0, 0, 10], [80, 10, 0, 10], [0, 80, 20, 0]]
    table = TransitionTable(
        position=[0, 1e-7, 2e-7],
        conductance=[3e-5, 2e-5, 1e-5],  # falls along the track
        conductance_std_ctoc=[1e-7, 2e-7, 3e-7],
        current_density=[-1e11, 1e11],
        duration=[1e-9],
        temperature=[300.0],
        counts=counts,
        energy_per_pulse=[[1e-13], [3e-13]],
        seed=1,
    )
    rows = pulse_rows(table)
    assert rows.points[0].current_density == -1e11  # drives to the first state, of the highest conductance
    assert rows.up[0] == pytest.approx(np.array([[0.2, 0.8, 0], [0, 0.1, 0.9], [0, 0, 1.0]]))
    assert rows.down[0] == pytest.approx(np.array([[1.0, 0, 0], [0.9, 0.1, 0], [0.1, 0.8, 0.1]]))
    assert rows.lost == pytest.approx(0.3)
    assert rows.energy == (1e-13, 3e-13) and rows.spread.tolist() == [[3e-7, 2e-7, 1e-7]]
    own = np.array([[[2.7e-5, 2.2e-5, 1.1e-5]]])
    states = InstanceStates(
        present=np.ones(own.shape, int), position=own[..., ::-1], conductance=own, conductance_std_ctoc=own / 10
    )
    one = pulse_rows(dataclasses.replace(table, instance_states=states))
    assert one.conductance.tolist() == [[1.1e-5, 2.2e-5, 2.7e-5]] and one.spread == pytest.approx(one.conductance / 10)
    assert np.all(step_mean(rows.conductance[0], rows.up[0]) >= 0)
    with pytest.raises(InputError, match="outside the table"):
        pulse_rows(table, temperature=400.0)


def test_conductances_are_those_of_the_nearest_temperature():
    """Of two temperatures; the chip is nearer to the second. Without a temperature of the chip it is the lowest."""
    counts = np.zeros((1, 2, 2, 1, 3, 4), np.uint64)
    counts[:, :, 1, 0, :, :3], counts[:, :, 0, 0, :, :3] = np.eye(3, k=1) * 100, np.eye(3, k=-1) * 100
    counts[:, :, 1, 0, 2, 2] = counts[:, :, 0, 0, 0, 0] = 100
    G = np.array([[[1e-5, 2e-5, 3e-5], [1.1e-5, 2.2e-5, 3.3e-5]]])
    states = InstanceStates(present=np.ones(G.shape, int), position=G, conductance=G, conductance_std_ctoc=G / 100)
    table = dataclasses.replace(table_of(counts, (-1e11, 1e11), (1e-9,), (300.0, 400.0)), instance_states=states)
    assert pulse_rows(table, temperature=360.0).conductance.tolist() == G[:, 1].tolist()
    assert pulse_rows(table, temperature=340.0).spread == pytest.approx(G[:, 0] / 100)
    assert (
        pulse_rows(table).conductance.tolist() == G[:, 0].tolist() and pulse_rows(table).points[0].temperature == 300.0
    )


def test_spreads_of_aihwkit_devices_by_hand():
    """Two devices of five states: the first moves surely up and every other time down, the second the reverse.

    Means over the devices are 3/4, so that steps up are 4/3 and 2/3 of them, down 2/3 and 4/3: both devices step alike,
    and half the difference of the ways is +-1/3.
    """
    sure = np.eye(5, k=1)
    sure[4, 4] = 1
    half = 0.5 * (sure + np.eye(5))
    down = [half[::-1, ::-1], sure[::-1, ::-1]]
    conductance = np.array([[0.9], [1.1]]) * np.linspace(2e-5, 3e-5, 5)
    rows = dataclasses.replace(
        ladder(5, devices=2), up=np.array([sure, half]), down=np.array(down), conductance=conductance
    )
    found = aihwkit_device(rows)["fields"]
    std = np.std([1, -1], ddof=1)
    assert found["dw_min"] == pytest.approx(0.75 * 0.5) and found["dw_min_dtod"] == pytest.approx(0, abs=1e-12)
    assert found["up_down_dtod"] == pytest.approx(std / 3)
    # 10 % of 2e-5 and 3e-5 S, over half the range, 5e-6 S.
    assert (found["w_min_dtod"], found["w_max_dtod"]) == pytest.approx((0.4 * std, 0.6 * std))
    slow = dataclasses.replace(rows, down=np.array(down[::-1]))
    found = aihwkit_device(slow)["fields"]
    assert found["dw_min_dtod"] == pytest.approx(std / 3), "the second moves half as much either way: 4/3 and 2/3"
    assert found["up_down_dtod"] == pytest.approx(0, abs=1e-12)


def test_the_end_that_a_pulse_drives_to_does_not_count_in_its_scatter():
    """From the first of four states a pulse moves every other time, else surely: 1/4 over 1/4 + 1 + 1 in squares."""
    up = np.eye(4, k=1)
    up[3, 3], up[0, :2] = 1, 0.5
    rows = dataclasses.replace(ladder(4), up=up[None], down=up[None, ::-1, ::-1])
    fit = aihwkit_device(rows)["fit"]
    assert (fit["dw_min_std_up"], fit["dw_min_std_down"]) == pytest.approx((1 / 3, 1 / 3))
    sure = np.eye(4, k=-1)
    sure[0, 0] = 1
    both = aihwkit_device(dataclasses.replace(rows, down=sure[None]))["fields"]
    assert both["dw_min_std"] == pytest.approx(1 / 3 / np.sqrt(2)), "root mean square of 1/3 and 0"


def test_devices_of_aihwkit_of_two_ranges_by_hand():
    """Three states of 1 to 3 and of 2 to 6 times 1e-5 S, so that a level is one of the weight in both.

    Up the first moves surely and the second every other time, down one of four times and every other: steps at the middle
    of 1, 1/2 and 1/4, 1/2, which are 9/16 in the mean. The scatter is that of the conductance, in squares of 1e-5 S: up 0
    and 1 over 1 and 1, down 3/16 and 1 over 1/16 and 1.
    """

    def moving(chance, k):
        return chance * np.diag([k > 0, 1, k < 0]) @ (np.eye(3, k=k) - np.eye(3)) + np.eye(3)

    rows = dataclasses.replace(
        ladder(3, devices=2), lost=0.02, conductance=np.array([[1e-5, 2e-5, 3e-5], [2e-5, 4e-5, 6e-5]]),
        spread=np.array([[1e-7] * 3, [4e-7] * 3]), up=np.array([moving(1.0, 1), moving(0.5, 1)]),
        down=np.array([moving(0.25, -1), moving(0.5, -1)]),
    )  # fmt: skip
    found = aihwkit_device(rows)
    fields, std = found["fields"], np.std([0, 1], ddof=1)
    assert fields["piecewise_up"] == pytest.approx([4 / 3, 4 / 3, 0]) and fields["dw_min"] == pytest.approx(9 / 16)
    assert fields["piecewise_down"] == pytest.approx([0, 2 / 3, 2 / 3])
    assert fields["dw_min_dtod"] == pytest.approx(0, abs=1e-12), "4/3 and 2/3 of the mean up, 2/3 and 4/3 down"
    assert fields["up_down_dtod"] == pytest.approx(2 / 3 * std)
    assert (fields["w_min_dtod"], fields["w_max_dtod"]) == pytest.approx((1e-5 * std / 1.5e-5, 3e-5 * std / 1.5e-5))
    assert fields["write_noise_std"] * 9 / 16 == pytest.approx(2 * np.mean([1e-7 / 2e-5, 4e-7 / 4e-5]))
    square = [1 / 2, (3 / 16 + 1) / (1 / 16 + 1)]
    assert fields["dw_min_std"] == pytest.approx(np.sqrt(np.mean(square)))
    fit = {"dw_min_std_up": np.sqrt(square[0]), "dw_min_std_down": np.sqrt(square[1]), "largest_probability_lost": 0.02}
    assert found["fit"] == pytest.approx(fit)
    assert (found["G_min_S"], found["G_max_S"]) == pytest.approx((1.5e-5, 4.5e-5))
