"""Synapses by name: draws of what the counts of a table leave open."""

import dataclasses

import numpy as np
import pytest

from arraysim.synapses.settings import SynapseSettings
from arraysim.synapses.source import synapses_from
from compact.table.table_file import load_table, save_table
from compact.table.transition_table import TransitionTable
from dwcore.errors import InputError


@pytest.fixture
def counted(tmp_path):
    """A table of two devices and three states, whose pulses move the wall in nine of ten trials."""
    up, down = np.full((3, 4), 0), np.full((3, 4), 0)
    for state in range(3):
        up[state, min(state + 1, 2)], down[state, max(state - 1, 0)] = 45, 45
        up[state, state] += 5
        down[state, state] += 5
    counts = np.broadcast_to(np.array([down, up])[None, None, :, None], (2, 1, 2, 1, 3, 4))
    made = TransitionTable(
        position=[1e-8, 2e-8, 3e-8], conductance=[1e-6, 2e-6, 3e-6], conductance_std_ctoc=np.zeros(3),
        current_density=[-1e11, 1e11], duration=[1e-9], temperature=[300.0], counts=counts,
        energy_per_pulse=np.full((2, 1), 1e-15), retention_rate=np.zeros((2, 1, 3, 3)), retention_method="Langer",
        config={}, seed=1,
    )  # fmt: skip
    save_table(tmp_path / "table.h5", made)
    return tmp_path / "table.h5"


def test_draws_differ_and_come_back(counted):
    plain, first, again, second = (synapses_from(counted, draw=draw).law.probability for draw in (None, 1, 1, 2))
    assert np.array_equal(first, again)
    assert np.array_equal(plain[0], plain[1]) and not np.array_equal(first[0], first[1])  # each device has its own
    for one, other in ((plain, first), (first, second)):
        assert 0.001 < np.abs(one - other).max() < 0.3  # 50 trials: 4 % is one standard deviation


@pytest.mark.parametrize(
    ("name", "message"),
    [("ladder:5", "of an idealized synapse are exact"), ("ferroelectric-hzo", "were given, not counted")],
)
def test_what_was_not_counted_has_no_draws(name, message):
    with pytest.raises(InputError, match=message):
        synapses_from(name, draw=1)
    assert synapses_from(name).law.states >= 2


def test_a_draw_of_an_idealized_synapse_is_refused_before_it_is_made():
    with pytest.raises(InputError, match="it needs a table"):
        SynapseSettings(states=5, draw=1)


@pytest.fixture
def warm(counted, tmp_path):
    """The same table at 300 K and 400 K, where walls escape a hundred times as often; pulses down take more."""
    table = load_table(counted)
    rate = np.zeros((2, 2, 3, 3))
    rate[:, 0, 0, 1], rate[:, 1, 0, 1] = 1e-3, 1e-1
    made = dataclasses.replace(
        table, temperature=np.array([300.0, 400.0]), counts=np.concatenate([table.counts] * 2, axis=1),
        retention_rate=rate,
        energy_per_pulse=np.array([[2e-15], [1e-15]]), config={"name": "made"},
    )  # fmt: skip
    save_table(tmp_path / "warm.h5", made)
    return tmp_path / "warm.h5"


def test_a_chip_has_the_lowest_temperature_unless_one_is_said(warm):
    """Rates between the grid points are those of an Arrhenius law, so that at 350 K the logarithm is not half way."""
    cold, hot = synapses_from(warm), synapses_from(warm, temperature=400.0)
    assert [point.temperature for point in (*cold.points, *hot.points)] == [300.0, 300.0, 400.0, 400.0]
    assert [one.law.retention_rate[1, 0, 1] for one in (cold, hot)] == pytest.approx([1e-3, 1e-1])
    assert [point.current_density for point in cold.points] == [1e11, -1e11]
    assert cold.law.energy_per_pulse.tolist() == [1e-15, 2e-15]


def test_a_rest_may_be_at_another_temperature_than_the_writing(warm):
    found = synapses_from(warm)
    assert found.resting_at(None) is found
    hot = found.resting_at(400.0)
    assert hot.law.retention_rate[0, 0, 1] == pytest.approx(1e-1) and hot.points == found.points
    between = found.resting_at(350.0).law.retention_rate[0, 0, 1]
    share = (1 / 300 - 1 / 350) / (1 / 300 - 1 / 400)
    assert between == pytest.approx(1e-3 * 100**share)
    with pytest.raises(InputError, match=r"warm\.h5: temperature = 401 \[K\] is outside the table, 300 to 400"):
        found.resting_at(401.0)


def test_synapses_say_what_they_are_and_where_they_come_from(warm):
    found = synapses_from(warm)
    assert found.subject == "made, 2 device instances, 300 K" and found.inputs == [str(warm)] and found.knows_energy
    assert found.config == {
        "synapses": found.subject,
        "write_pulses": [
            {"current_density": J, "duration": 1e-9, "temperature": 300.0} for J in (1e11, -1e11)
        ],
    }  # fmt: skip
    again = synapses_from(warm, points=found.config["write_pulses"])
    assert again.points == found.points
    ladder = synapses_from("ladder:7")
    assert (ladder.subject, ladder.inputs, ladder.knows_energy) == ("idealized synapse ladder:7", [], False)
    assert ladder.config == {"synapses": "idealized synapse ladder:7", "table": "ladder:7"} and ladder.law.states == 7


def test_settings_name_a_synapse(warm):
    assert SynapseSettings(states=7).name == "ladder:7" and SynapseSettings(states=7).inputs == []
    assert SynapseSettings(table="ladder:9").is_ideal and not SynapseSettings(table=str(warm)).is_ideal
    assert (
        SynapseSettings(table=str(warm)).inputs == [str(warm)]
        and SynapseSettings(table="ferroelectric-hzo").inputs == []
    )
    cases = (
        ({"states": 125}, "states = 125"),
        ({"states": 1}, "states = 1"),
        ({"temperature": 300.0, "states": 3}, "knows none"),
        ({"table": "a.h5", "states": 3}, "are its own"),
    )
    for wrong, words in cases:
        with pytest.raises(InputError, match=words):
            SynapseSettings(**wrong)


def test_an_idealized_synapse_has_no_temperature():
    with pytest.raises(InputError, match=r"temperature = 300 \[K\]: an idealized synapse knows none"):
        synapses_from("ladder:5", temperature=300.0)


def test_files_of_synapses_are_inputs_and_shipped_ones_are_not(warm):
    found = [synapses_from(name).inputs for name in ("ladder:5", "ferroelectric-hzo", str(warm))]
    assert found == [[], [], [str(warm)]]


def test_what_was_never_counted_at_rest_is_not_let_rest():
    with pytest.raises(InputError, match="ladder:5: holds no escape rates, so what happens without pulses is unknown"):
        synapses_from("ladder:5").resting_at(None)


def test_pulses_outside_a_table_are_refused_with_its_name(warm):
    points = [{"current_density": J, "duration": 1e-9, "temperature": 300.0} for J in (2e11, -1e11)]
    with pytest.raises(InputError, match=r"warm\.h5: .*current_density = 2e\+11"):
        synapses_from(warm, points=points)


@pytest.mark.parametrize("states", ["", "x", "-3", "5.0", "\u0663"])
def test_states_of_an_idealized_synapse_are_a_plain_number(states):
    with pytest.raises(InputError, match=f"--table ladder:{states}: '{states}' must be a number of states"):
        synapses_from(f"ladder:{states}")
