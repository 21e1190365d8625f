"""A sweep of a device without [readout], [stack] and [pulse] knows the same probabilities, and says what it lacks."""

import dataclasses

import numpy as np
import pytest

from arraysim.synapses.source import synapses_from
from compact import load_table, run_in_memory
from compact.bulk.plan import Grid, SweepPlan
from compact.bulk.run import run_to_table
from compact.drawing.transition_plots import plot_conductance_states
from compact.table.origin import placeholders
from compact.table.staircase import staircase
from dwcore.errors import InputError
from llg import load_device

GRID = Grid(current_density=(-6e11, 6e11), duration=(1e-9,))


def plan(*without):
    device = load_device("five_state")
    device = device.replace(
        {"pulse.rise_time": 0.0, "pulse.fall_time": 0.0, "pulse.rest_time": 1e-9, "pulse.relaxation_time": 5e-9}
    )
    device = dataclasses.replace(device, **dict.fromkeys(without))
    return SweepPlan(device=device, grid=GRID, temperature=(300.0,), instances=(0,), n=60, seed=3)


def test_probabilities_and_retention_are_the_same():
    """The pulse of the reference device has the default times and, here, no edges; its stack carries no spin transfer."""
    bare, whole = run_in_memory(plan("readout", "stack", "pulse")), run_in_memory(plan())
    np.testing.assert_array_equal(bare.counts, whole.counts)
    np.testing.assert_array_equal(bare.retention_rate, whole.retention_rate)
    np.testing.assert_array_equal(bare.position, whole.position)
    assert set(placeholders(bare)) == {"conductance", "energy_per_pulse"}
    assert placeholders(whole) == {}
    assert not np.any(bare.energy_per_pulse)
    assert set(placeholders(run_in_memory(plan("stack")))) == {"energy_per_pulse"}


def test_what_needs_a_conductance_refuses(tmp_path):
    path = tmp_path / "bare.h5"
    run_to_table(plan("readout", "stack", "pulse"), path)
    table = load_table(path)
    for use in (lambda: synapses_from(path), lambda: staircase(table), lambda: plot_conductance_states(table)):
        with pytest.raises(InputError, match=r"knows no conductances, for its device has no \[readout\]"):
            use()


def test_it_is_resumed_as_the_same_plan(tmp_path):
    path = tmp_path / "bare.h5"
    first = run_to_table(plan("readout", "stack", "pulse"), path)
    again = run_to_table(plan("readout", "stack", "pulse"), path, resume=True)
    np.testing.assert_array_equal(first.counts, again.counts)
