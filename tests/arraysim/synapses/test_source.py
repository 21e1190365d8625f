"""Synapses by name: draws of what the counts of a table leave open."""

import numpy as np
import pytest

from arraysim.synapses.settings import SynapseSettings
from arraysim.synapses.source import synapses_from
from compact.table.table_file import save_table
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
