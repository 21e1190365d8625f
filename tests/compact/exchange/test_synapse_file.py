"""Synapses known by their figures: files, shipped ones, their tables, and NeuroSim's parameters as one of them."""

import json
import os

import numpy as np
import pytest

from compact.exchange import synapse_table as synapse_table_module
from compact.exchange.neurosim import curvature_of_label, neurosim_parameters
from compact.exchange.neurosim_import import import_neurosim
from compact.exchange.pulse_rows import pulse_rows, staircase, step_std
from compact.exchange.synapse_file import load_synapse, shipped_synapses, synapse_from_mapping
from compact.exchange.synapse_table import _scaled, synapse_table, table_of
from compact.table.origin import placeholders
from compact.table.table_file import check_table, load_table, save_table
from dwcore.errors import InputError

LADDER = {"states": 5, "conductance_low": "10 uS", "on_off": 3.0, "miss": 0.1, "double": 0.05}
CURVE = {"conductance_low": 1e-6, "conductance_high": 5e-6, "pulses_up": 40, "pulses_down": 50}


def table(**figures):
    return synapse_table(synapse_from_mapping({"synapse": figures}, "test"))


def rows(**figures):
    found = pulse_rows(table(**figures))
    return found.conductance, found.up, found.down


def test_chances_make_the_matrices_they_name():
    made = table(**LADDER, lost=0.02, miss_down=0.3)
    down, up = made.probability[0, 0, :, 0]
    np.testing.assert_allclose(up[0], [0.1, 0.83, 0.05, 0, 0, 0.02], atol=1e-8)
    np.testing.assert_allclose(up[3], [0, 0, 0, 0.1, 0.88, 0.02], atol=1e-8)
    np.testing.assert_allclose(down[4], [0, 0, 0.05, 0.63, 0.3, 0.02], atol=1e-8)
    np.testing.assert_allclose(made.conductance, 1e-5 * np.linspace(1, 3, 5))


def test_a_chance_of_zero_is_one_that_is_given():
    """Up they miss nine of ten, down never."""
    made = table(**LADDER | {"miss": 0.9, "double": 0.1}, miss_down=0.0, double_down=0.5)
    np.testing.assert_allclose(made.probability[0, 0, 0, 0, 4], [0, 0, 0.5, 0.5, 0, 0], atol=1e-8)


def test_reads_of_a_state_spread_by_a_share_of_it():
    made = table(**LADDER, conductance_std_ctoc=0.02, conductance_std_dtod=0.1)
    assert made.conductance_std_ctoc == pytest.approx(0.02 * made.conductance)
    own = made.instance_states
    assert own.conductance_std_ctoc == pytest.approx(0.02 * own.conductance)


def test_a_matrix_is_taken_as_it_is():
    up, down = [[0.2, 0.8, 0.0], [0, 0.4, 0.6], [0, 0, 1]], [[1, 0, 0, 0], [0.5, 0.4, 0, 0.1], [0, 0.9, 0.1, 0]]
    made = table(conductances=["1 uS", "2 uS", "5 uS"], up=up, down=down)
    np.testing.assert_allclose(made.probability[0, 0, 1, 0][:, :3], up, atol=1e-8)
    np.testing.assert_allclose(made.probability[0, 0, 0, 0], down, atol=1e-8)
    np.testing.assert_allclose(made.conductance, [1e-6, 2e-6, 5e-6])


@pytest.mark.parametrize("label", [0.0, 3.0, -2.0])
def test_staircases_of_a_curve_follow_the_curve(label):
    G, up, down = rows(**CURVE, nonlinearity_up=label, nonlinearity_down=-label)
    for matrix, start, pulses, sign in ((up[0], 0, 40, 1), (down[0], G.shape[1] - 1, 50, -1)):
        mean, _ = staircase(G[0], matrix, start=start, pulses=pulses)
        share = sign * (mean - G[0, start]) / np.ptp(G)
        p = np.linspace(0, 1, pulses + 1)
        a = curvature_of_label(label) if label else np.inf
        expected = np.expm1(-p / a) / np.expm1(-1 / a) if label else p
        # Where a step is no whole number of states the outcomes spread, and the end of the range cuts that off.
        within = expected < 0.6
        np.testing.assert_allclose(share[within], expected[within], atol=2e-3)
        np.testing.assert_allclose(share, expected, atol=0.08)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("label", [9.0, -9.0])
def test_the_steepest_curves_stay_within_their_range(label):
    G, up, down = rows(**CURVE, nonlinearity_up=label, nonlinearity_down=-label)
    assert up[0, -1, -1] == pytest.approx(1) and down[0, 0, 0] == pytest.approx(1)
    first = -np.expm1(-1 / (40 * curvature_of_label(label))) / -np.expm1(-1 / curvature_of_label(label))
    assert (up[0, 0] @ G[0] - G[0, 0]) / np.ptp(G) == pytest.approx(first, abs=1e-6)


def test_the_largest_table_is_made_of_rows_that_sum_to_one():
    made = table(**LADDER | {"states": 1024, "instances": 2, "step_std_dtod": 0.1})
    assert made.counts.shape == (2, 1, 2, 1, 1024, 1025)
    assert np.all(made.counts.sum(axis=-1) == 2**30)


def test_a_curve_that_goes_back_the_same_way_has_labels_of_one_sign():
    G, up, down = rows(**CURVE | {"pulses_down": 40}, nonlinearity_up=3.0, nonlinearity_down=3.0)
    low, high = 20, 100
    assert (down[0] @ G[0] - G[0])[low] < (down[0] @ G[0] - G[0])[high] < 0  # steps are large where those up are
    assert (up[0] @ G[0] - G[0])[low] > (up[0] @ G[0] - G[0])[high] > 0


def test_the_spread_of_a_pulse_is_the_given_share_of_the_range():
    G, up, _ = rows(**CURVE, step_std_ctoc=0.03)
    assert step_std(G[0], up[0])[40:80] == pytest.approx(0.03 * np.ptp(G), rel=0.02)
    made = table(**CURVE, step_std_ctoc=0.03)
    assert 0.99 < made.config["origin"]["fidelity"]["std_ratio"] < 1.02


def test_devices_differ_by_the_given_spreads():
    made = table(**LADDER, instances=400, conductance_std_dtod=0.1, step_std_dtod=0.05)
    spread = np.log(made.instance_states.conductance[:, 0] / made.conductance).std(axis=0)
    assert spread == pytest.approx(0.1, rel=5 / np.sqrt(2 * 400))
    away = 1 - made.probability[:, 0, 1, 0, 2, 2]
    assert away.mean() == pytest.approx(0.9, abs=0.01)
    assert 0.02 < away.std() < 0.05  # chances stop at one
    factor = made.instance_states.conductance[:, 0, 0]
    assert abs(np.corrcoef(np.log(factor), away)[0, 1]) < 5 / np.sqrt(400)
    more = table(**LADDER, instances=401, conductance_std_dtod=0.1, step_std_dtod=0.05)
    np.testing.assert_array_equal(more.counts[:400], made.counts)


def test_chances_to_leave_a_state_grow_as_far_as_there_is_room_and_never_vanish():
    """Six of ten leave the first state: half as many, all, or a twentieth of them; the second has no room."""
    matrix = np.array([[0.4, 0.5, 0.1], [0.0, 0.0, 1.0]])
    for factor, stay in ((0.5, 0.7), (2.0, 0.0), (-3.0, 1 - 0.05 * 0.6)):
        found = _scaled(matrix, factor)
        assert found[0] == pytest.approx([stay, (1 - stay) * 5 / 6, (1 - stay) / 6])
        assert found[1] == pytest.approx([0, 1 - min(max(factor, 0.05), 1), min(max(factor, 0.05), 1)])


@pytest.mark.parametrize(
    ("deviates", "faster", "up", "down"),
    [((9, 1, 0, 0), 1.2, 1.0, -2.0), ((0, 0, 2, 0), 1.0, 2.0, -2.0), ((0, 0, 0, 2), 1.0, 1.0, -3.0),
     ((0, -99, 0, -99), 0.05, 1.0, 9.0), ((0, 0, 99, 0), 1.0, 9.0, -2.0)],
)  # fmt: skip
def test_a_device_has_its_own_steps_and_labels(monkeypatch, deviates, faster, up, down):
    """A deviate of one makes the steps larger by a fifth, or a curve bend more by half a label: that up from the lowest
    state, that down from the highest. A device keeps a twentieth of the mean step, and no label is beyond 9."""
    monkeypatch.setattr(synapse_table_module, "_deviates", lambda synapse: np.array([deviates, (0, 0, 0, 0)], float))
    made = table(**CURVE, instances=2, step_std_dtod=0.2, nonlinearity_std_dtod=0.5, nonlinearity_up=1.0,
                 nonlinearity_down=-2.0)  # fmt: skip
    x = np.linspace(0, 1, 121)
    for a, start, pulses, label in ((1, 0, 40, up), (0, 120, 50, -down)):
        a_ = curvature_of_label(label)
        step = np.expm1(-faster / pulses / a_) / np.expm1(-1 / a_)
        assert abs(made.probability[0, 0, a, 0, start, :-1] @ x - x[start]) == pytest.approx(step, abs=1e-6)


@pytest.mark.parametrize("label", [0.0, 3.0])
def test_pulses_at_the_end_of_the_range_begin_to_spread_there(label):
    """The mean of what a normal number of standard deviation s, cut off above 0, is: -s/sqrt(2 pi)."""
    G, up, down = rows(**CURVE, step_std_ctoc=0.03, nonlinearity_up=label, nonlinearity_down=-label)
    x = (G[0] - G[0, 0]) / np.ptp(G)
    assert 1 - up[0, -1] @ x == pytest.approx(0.03 / np.sqrt(2 * np.pi), rel=0.01)
    assert down[0, 0] @ x == pytest.approx(0.03 / np.sqrt(2 * np.pi), rel=0.01)


def test_states_are_left_at_the_given_rate_to_both_sides():
    made = table(**LADDER, retention="10 s")
    assert made.retention_rate[0, 0].sum(axis=1) == pytest.approx(0.1)
    assert made.retention_rate[0, 0, 2, [1, 3]] == pytest.approx(0.05)


def test_a_table_says_what_it_does_not_know(tmp_path):
    made = table(**LADDER)
    assert {"energy_per_pulse", "duration", "current_density", "position"} == set(placeholders(made))
    known = table(**LADDER, pulse_voltage="2 V", pulse_current="10 uA", pulse_duration="5 ns", pulse_energy_down=1e-15)
    assert known.energy_per_pulse.ravel() == pytest.approx([1e-15, 1e-13])
    assert {"current_density", "position"} == set(placeholders(known))
    save_table(tmp_path / "a.h5", known)
    assert check_table(tmp_path / "a.h5")
    np.testing.assert_array_equal(load_table(tmp_path / "a.h5").counts, known.counts)


@pytest.mark.parametrize("name", shipped_synapses())
def test_shipped_synapses_name_source_validity_and_assumptions(name):
    given, made = load_synapse(name), table_of(name)
    assert min(len(given.source), len(given.validity), len(given.assumptions)) > 30
    assert "energy_per_pulse" not in placeholders(made)
    found = pulse_rows(made)
    ends = found.conductance[:, [0, -1]].mean(axis=0)
    low, high = given.synapse.window
    assert ends == pytest.approx([low, high], rel=0.05)
    # Away from the ends, where spread is cut off, both pulses move the mean towards their own end.
    size = found.levels
    inner = slice(max(size // 4, 1), -max(size // 4, 1))
    for matrix, sign in ((found.up, 1), (found.down, -1)):
        change = (matrix @ found.conductance[..., None])[..., 0] - found.conductance
        assert np.all(sign * change[:, inner] > 0)


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ({"states": 5}, "needs conductances, or conductance_low"),
        ({"conductance_low": 1e-6, "on_off": 2.0}, "needs states or conductances"),
        (LADDER | {"conductance_high": 1e-4}, "either conductance_high or on_off"),
        (LADDER | {"mis": 0.1}, 'unknown key "mis"; did you mean "miss"'),
        (LADDER | {"miss": 0.98}, "miss . double . lost must be <= 1"),
        (LADDER | {"miss": 0.5, "double": 0.4, "lost": 0.2}, "miss . double . lost must be <= 1"),
        (LADDER | {"miss_down": 0.96}, "miss_down . double_down . lost must be <= 1"),
        (LADDER | {"pulses_up": 9}, "miss and pulses_up describe the pulses in different ways"),
        (LADDER | {"miss": 1.5}, "miss = 1.5 .1. must be <= 1"),
        (
            {"states": 3, "conductance_low": 0.1, "on_off": 2, "up": [[1, 0], [0, 1]]},
            "up holds 4 chances, 3 lists of 3 or 4",
        ),
        ({"conductances": [0.1, 0.2], "up": [[0.5, 0.4], [0, 1]], "down": [[1, 0], [1, 0]]}, "from state 0 sum to 0.9"),
        (
            {"conductances": [0.1, 0.2], "up": [[1.5, -0.5], [0, 1]], "down": [[1, 0], [1, 0]]},
            "up = -0.5 .1. must be >= 0",
        ),
        ({"conductances": [0.1, 0.2], "up": [0.5, 0.5], "down": [[1, 0], [1, 0]]}, "up must be a list of lists"),
        ({"conductances": [0.1, 0.2], "up": [[1, 0], [0, 1]]}, "down holds 0 chances"),
        ({"conductances": [0.2, 0.1], "miss": 0.1}, "must be ascending"),
        ({"conductances": [0.1, 0.1, 0.2], "miss": 0.1}, "must be ascending"),
        (CURVE | {"retention": 1.0}, "retention is of a state, and a curve has none"),
        ({"conductance_low": 0.1, "on_off": 2, "pulses_up": 9}, "needs pulses_up and pulses_down"),
        (LADDER | {"instances": 1, "step_std_dtod": 0.1}, "instances = 1 cannot carry step_std_dtod"),
        (
            LADDER | {"states": 1024, "instances": 17},
            r"17 \* 1024\^2 .1. must be <= 16777216, .*; 16 instances would do",
        ),
        (CURVE | {"instances": 1147}, r"instances \* states\^2 = 1147 \* 121\^2 .1. must be"),
        (LADDER | {"conductance_low": 10}, 'conductance_low = 10 .S. must be .*; did you mean "10 uS"'),
        ({"conductances": [10, 15, 25]}, 'conductances holds 10 .S., must be .*; did you mean "10 uS"'),
        (LADDER | {"conductance_low": 0.5}, r"conductance_low \* on_off = 1.5 .S. must be <= 1"),
        (LADDER | {"on_off": 1e300}, "on_off = 1e.300 .1. must be 1.001 to 1e.10 in size"),
        (LADDER | {"on_off": 1 + 2**-52}, "on_off = 1 .1. must be 1.001"),
        ({"conductances": [1e-6, 1e-6 + 1e-21]}, "highest over lowest = 1 .1. must be 1.001"),
        (CURVE | {"conductance_high": 1.00001e-6}, "conductance_high: highest over lowest = 1.00001 .1. must be"),
        (LADDER | {"pulse_energy": 50}, 'pulse_energy = 50 .J. must be .*; did you mean "50 fJ"'),
        (LADDER | {"pulse_duration": 2}, 'pulse_duration = 2 .s. must be .*; did you mean "2 ns"'),
        (LADDER | {"pulse_voltage": 500}, 'pulse_voltage = 500 .V. must be .*; did you mean "500 mV"'),
        (
            LADDER | {"pulse_voltage": 50, "pulse_current": 0.1, "pulse_duration": 0.1},
            "= 0.5 .J., the energy of a pulse",
        ),
        (
            LADDER | {"pulse_voltage": 1e-5, "pulse_current": 1e-12, "pulse_duration": 1e-12},
            "= 1e-29 .J., the energy of a pulse",
        ),
        (LADDER | {"cell_area_F2": 1e-15}, "cell_area_F2 = 1e-15 .1. must be 0.1"),
        (LADDER | {"retention": 1e300}, "retention = 1e.300 .s. must be"),
        (CURVE | {"pulses_up": 1e300}, "pulses_up = 1e.300 .1. must be <= 1e.06"),
    ],
)
def test_figures_that_do_not_fit_are_refused_in_one_line(figures, words):
    with pytest.raises(InputError, match=words) as error:
        table(**figures)
    assert "\n" not in str(error.value)


def test_other_files_are_refused_by_name(tmp_path):
    device = tmp_path / "device.toml"
    device.write_text("name = 'a'\n[track]\nlength = '1 um'\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"device.toml: holds no \[synapse\]; a table of a device with physics"):
        table_of(device)
    with pytest.raises(InputError, match='did you mean "ferroelectric-hzo"'):
        table_of("ferroelectric-hzx")
    with pytest.raises(InputError, match="source = 3 must be a text"):
        synapse_from_mapping({"source": 3, "synapse": LADDER}, "a")


SOURCE = """
IdealDevice::IdealDevice(int x, int y) {
    maxConductance = 5e-6; // S
}
RealDevice::RealDevice(int x, int y) {
    maxConductance = 4e-8; // S
    minConductance = 4e-9;
    // minConductance = 7e-9;
    writeVoltageLTP = 3.0; writeVoltageLTD = 2;
    writePulseWidthLTP = 300e-6;
    writePulseWidthLTD = 200e-6;
    maxNumLevelLTP = 60;
    maxNumLevelLTD = 50;
    NL_LTP = 2.4;
    NL_LTD = -4;
    sigmaDtoD = 0;
    sigmaCtoC = 0.01 * (maxConductance - minConductance);
}
"""


def test_parameters_of_neurosim_become_a_synapse(tmp_path):
    path = tmp_path / "Cell.cpp"
    path.write_text(SOURCE, encoding="utf-8")
    found = import_neurosim(path).synapse
    assert found.window == (4e-9, 4e-8)
    assert (found.pulses_up, found.pulses_down, found.nonlinearity_up, found.nonlinearity_down) == (60, 50, 2.4, -4)
    assert found.step_std_ctoc == pytest.approx(0.01)
    assert found.pulse_energy == pytest.approx(2.2e-8 * 9 * 300e-6)
    assert found.pulse_energy_down == pytest.approx(2.2e-8 * 4 * 200e-6)
    assert found.pulse_duration == 300e-6
    path.write_text(SOURCE.replace("RealDevice", "Other"), encoding="utf-8")
    with pytest.raises(InputError, match="maxConductance = 4e-8 is also 5e-06"):
        import_neurosim(path)
    path.write_text(SOURCE.replace("NL_LTP = 2.4", "NL_LTP = best(3)"), encoding="utf-8")
    with pytest.raises(InputError, match=r"NL_LTP = best\(3\) is no number"):
        import_neurosim(path)
    path.write_text(SOURCE.replace("NL_LTP = 2.4", "NL_LTP = 2_4"), encoding="utf-8")
    with pytest.raises(InputError, match=r"NL_LTP = 2_4 is no number"):
        import_neurosim(path)
    path.write_text(SOURCE + "maxConductance *= 2;", encoding="utf-8")
    with pytest.raises(InputError, match=r"maxConductance \*= ... changes a parameter"):
        import_neurosim(path)
    path.write_text("x = 3;\n", encoding="utf-8")
    with pytest.raises(InputError, match="no device parameters of NeuroSim"):
        import_neurosim(path)


def test_a_conductance_may_be_the_inverse_of_a_resistance(tmp_path):
    """As DNN+NeuroSim writes it, before or after the resistance."""
    ends = "maxConductance = (double) 1/resistanceOn; minConductance = 1.0 / (resistanceOff);"
    given = "resistanceOn = 2e5; resistanceOff = 4e6; maxNumLevelLTP = 60; maxNumLevelLTD = 50;"
    for text in (ends + given, given + ends):
        assert import_neurosim(_written(tmp_path / "Param.cpp", text)).synapse.window == (1 / 4e6, 1 / 2e5)
    for text, words in ((ends, "needs resistanceOn, which is not assigned"),
                        (given.replace("2e5", "0") + ends, "1/resistanceOn is beyond")):  # fmt: skip
        with pytest.raises(InputError, match=words):
            import_neurosim(_written(tmp_path / "Param.cpp", text))


def test_resistances_and_names_of_the_other_simulator_are_read(tmp_path):
    """The device that is on has the higher conductance; its spread is a share of the range already."""
    content = {"resistanceOn": 1e5, "resistanceOff": 1e6, "max_level": 32, "c2cVari": 0.02, "d2dVari": 0.1,
               "nonlinearityLTP": 0.5, "nonlinearityLTD": -0.5, "writeVoltage": 2.0, "writePulseWidth": 1e-8}  # fmt: skip
    found = import_neurosim(_written(tmp_path / "a.json", json.dumps({"cell": content}))).synapse
    assert found.window == pytest.approx((1e-6, 1e-5)) and (found.pulses_up, found.pulses_down) == (32, 32)
    assert (found.step_std_ctoc, found.nonlinearity_std_dtod) == (0.02, 0.1)
    assert found.pulse_energy == found.pulse_energy_down == pytest.approx(5.5e-6 * 4 * 1e-8)
    assert (found.nonlinearity_up, found.nonlinearity_down, found.pulse_duration) == (0.5, -0.5, 1e-8)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("maxConductance = 1e-5; minConductance = -1e150;", "minConductance = -1e150 is beyond"),
        ("maxConductance = 1e-5; maxConductance = 2e-5;", "maxConductance = 2e-5 is also 1e-05"),
        ("maxConductance = 2e-5; maxConductance = 1e-5;", "maxConductance = 1e-5 is also 2e-05"),
        ('{"maxConductance": 1e-5, "minConductance": 1e-5, "sigmaCtoC": 1e-7}', "are both 1e-05; must differ"),
        ("maxConductance = nan; minConductance = 1e-6;", "maxConductance = nan is no number"),
        ('{"maxConductance": 1e-5, "minConductance": 1e-6, "writeVoltage": 1e200}', "writeVoltage = 1e.200 is beyond"),
        (
            '{"maxConductance": 1e-5, "minConductance": 1e-6, "writePulseWidthLTD": 0}',
            r"LTD = 0 \[s\] must be > 0; leave",
        ),
        (f'{{"maxConductance": 1{400 * "0"}}}', "maxConductance = a very large number is beyond"),
        (
            '{"maxConductance": 1e-5, "minConductance": 1e-6, "maxConductance": 2e-5}',
            "maxConductance = 2e-05 is also 1e-05",
        ),
        (
            '{"maxConductance": 1e-5, "cell": {"resistanceOn": 2e5}}',
            "1e-05 and resistanceOn = 200000 contradict each other",
        ),
        ("a=" * 400_000, "holds no device parameters"),
    ],
)
def test_parameters_of_neurosim_that_cannot_be(tmp_path, text, fault):
    path = tmp_path / "a.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=fault):
        import_neurosim(path)


def test_what_the_preprocessor_leaves_out_of_a_source_assigns_nothing(tmp_path):
    path = tmp_path / "Param.cpp"
    out = "maxConductance = 1;\n#if inner\nNL_LTP = 7;\n#endif\n"
    path.write_text(f"#if 0\n{out}#else\n{SOURCE}# if 1\n#else\n{out}#endif\n#endif\n", encoding="utf-8")
    assert import_neurosim(path).synapse == import_neurosim(_written(tmp_path / "Cell.cpp", SOURCE)).synapse
    path.write_text(f"#ifdef A\n{out}#else\n{SOURCE.replace('RealDevice', 'Other')}#endif\n", encoding="utf-8")
    with pytest.raises(InputError, match="maxConductance = 5e-6 is also 1"):
        import_neurosim(path)


def test_a_missing_end_of_the_range_is_named_and_a_pipe_refused(tmp_path):
    path = _written(tmp_path / "a.cpp", SOURCE.replace("maxConductance = ", "maximum = "))
    with pytest.raises(InputError, match=r"sigmaCtoC = 0.01 .* needs maxConductance, which is not assigned"):
        import_neurosim(path)
    late = SOURCE.replace("maxConductance = 4e-8; // S", "").replace("sigmaDtoD", "maxConductance = 4e-8; sigmaDtoD")
    assert import_neurosim(_written(path, late)).synapse.step_std_ctoc == pytest.approx(0.01)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="pipe: is not a file"):
        import_neurosim(tmp_path / "pipe")


def _written(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_an_export_to_neurosim_comes_back(tmp_path):
    figures = CURVE | {"nonlinearity_up": 2.0, "nonlinearity_down": -1.0, "step_std_ctoc": 0.01}
    path = tmp_path / "a.json"
    path.write_text(json.dumps(neurosim_parameters(pulse_rows(table(**figures)))), encoding="utf-8")
    found = import_neurosim(path).synapse
    assert found.window == pytest.approx((1e-6, 5e-6))
    assert found.nonlinearity_up == pytest.approx(2.0, abs=0.4)
    assert found.nonlinearity_down == pytest.approx(-1.0, abs=0.4)
    assert found.step_std_ctoc == pytest.approx(0.01, rel=0.1)
    again = pulse_rows(synapse_table(import_neurosim(path)))
    first = pulse_rows(table(**figures))
    for one, other, start in ((again.up, first.up, 0), (again.down, first.down, 120)):
        a, b = (staircase(r.conductance[0], m[0], start=start, pulses=60)[0] for r, m in ((again, one), (first, other)))
        assert np.abs(a - b).max() < 0.03 * 4e-6


@pytest.mark.parametrize(("down", "longer"), [("100e-6", 300e-6), ("500e-6", 500e-6)])
def test_the_longer_pulse_sets_the_pace(down, longer, tmp_path):
    path = tmp_path / "Cell.cpp"
    path.write_text(SOURCE.replace("200e-6", down), encoding="utf-8")
    assert import_neurosim(path).synapse.pulse_duration == longer


@pytest.mark.parametrize(
    ("lost", "kept", "energy"), [("LTP", "down", 2.2e-8 * 4 * 200e-6), ("LTD", "up", 2.2e-8 * 9 * 300e-6)]
)
def test_the_pulse_of_one_direction_stands_for_both_and_the_file_says_so(lost, kept, energy, tmp_path):
    path = tmp_path / "Cell.cpp"
    path.write_text(SOURCE.replace(f"writeVoltage{lost}", f"otherVoltage{lost}"), encoding="utf-8")
    found = import_neurosim(path)
    assert found.synapse.pulse_energy == pytest.approx(energy)
    assert found.synapse.pulse_energy_down == pytest.approx(energy)
    assert f"is not in the file and is taken as that of a pulse {kept}" in found.assumptions
    path.write_text(SOURCE, encoding="utf-8")
    assert "not in the file" not in import_neurosim(path).assumptions
