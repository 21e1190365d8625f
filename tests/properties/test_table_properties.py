"""What holds for every transition table."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compact.table.interpolate import transition_matrix
from compact.table.table_file import load_table, save_table
from compact.table.transition_table import TransitionTable
from dwcore.errors import InputError

FIELDS = (
    "position",
    "conductance",
    "conductance_std_ctoc",
    "current_density",
    "duration",
    "temperature",
    "counts",
    "energy_per_pulse",
)


def ascending(low, high, most):
    values = st.floats(low, high, allow_subnormal=False)
    return st.lists(values, min_size=1, max_size=most, unique=True).map(sorted)


@st.composite
def tables(draw):
    """Small tables of any shape, with rows that are empty but for one, full, and large."""
    position = draw(ascending(0, 1e-6, 4))
    current = draw(ascending(-1e12, 1e12, 3))
    duration = draw(ascending(1e-12, 1e-6, 3))
    temperature = draw(ascending(0, 600, 2))
    n_devices, n_states = draw(st.integers(1, 2)), len(position)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    rows = (n_devices, len(temperature), len(current), len(duration), n_states)
    share = rng.dirichlet(np.full(n_states + 1, draw(st.sampled_from([0.01, 1.0, 100.0]))), size=rows)
    return TransitionTable(
        position=position,
        conductance=rng.uniform(1e-7, 1e-5, n_states),
        conductance_std_ctoc=rng.uniform(0, 1e-8, n_states),
        current_density=current,
        duration=duration,
        temperature=temperature,
        counts=rng.multinomial(draw(st.sampled_from([1, 7, 10**4, 10**15])), share),
        energy_per_pulse=rng.uniform(0, 1e-12, (len(current), len(duration))),
        devices={"Ms": rng.uniform(1e5, 1e6, n_devices)},
        config={"name": draw(st.text(max_size=5)), "number": draw(st.floats(-1e300, 1e300))},
        seed=draw(st.integers(0, 2**64 - 1)),
    )


@st.composite
def pulses(draw):
    """A table and a pulse inside its grid."""
    table = draw(tables())
    pulse = {}
    for name in ("temperature", "current_density", "duration"):
        grid = getattr(table, name)
        pulse[name] = draw(st.floats(grid[0], grid[-1]) | st.sampled_from(list(grid)))
    return table, pulse


@given(tables())
@settings(deadline=None, max_examples=100)
def test_rows_are_probabilities_with_honest_errors(table):
    assert np.all((table.probability >= 0) & (table.probability <= 1))
    assert table.probability.sum(axis=-1) == pytest.approx(1, abs=1e-14)
    n = table.counts.sum(axis=-1, keepdims=True).astype(float)
    # No count is ever certain, and none is less certain than a fair coin thrown as often.
    assert np.all(table.standard_error >= 0.5 / (n + 2))
    assert np.all(table.standard_error <= 0.5 / np.sqrt(n + 2))


@given(tables())
@settings(deadline=None, max_examples=30)
def test_file_returns_the_same_table(table):
    with tempfile.TemporaryDirectory() as folder:
        save_table(Path(folder) / "a.h5", table)
        back = load_table(Path(folder) / "a.h5")
    for name in FIELDS:
        left, right = getattr(table, name), getattr(back, name)
        assert left.dtype == right.dtype and left.shape == right.shape and left.tobytes() == right.tobytes()
    assert back.devices["Ms"].tobytes() == table.devices["Ms"].tobytes()
    assert (back.config, back.seed, back.retention_rate) == (table.config, table.seed, None)


@given(pulses())
@settings(deadline=None, max_examples=100)
def test_interpolated_rows_stay_between_their_neighbours(case):
    table, pulse = case
    for device in range(table.counts.shape[0]):
        found = transition_matrix(table, **pulse, device=device)
        n_states = table.position.size
        assert found.shape == (n_states, n_states + 1)
        assert found.sum(axis=-1) == pytest.approx(1, abs=1e-14)
        corners = table.probability[device]
        for axis, name in enumerate(("temperature", "current_density", "duration")):
            grid = getattr(table, name)
            right = int(np.searchsorted(grid, pulse[name]))
            left = right if grid[right] == pulse[name] else right - 1
            corners = np.take(corners, [left, right], axis=axis)
        chances, corners, slack = beyond(found), beyond(corners), 1e-9
        assert np.all(found >= 0)
        least, most = corners.min(axis=(0, 1, 2)), corners.max(axis=(0, 1, 2))
        unknown = np.isnan(chances) | np.isnan(least)
        assert np.all((chances >= least - slack) | unknown)
        assert np.all((chances <= most + slack) | unknown)


def beyond(rows):
    """Chance to be lost, and for each state to end in it or beyond if not lost; nan where all are lost somewhere."""
    kept = rows[..., :-1].sum(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        states = np.cumsum(rows[..., -2::-1], axis=-1)[..., ::-1] / np.where(kept > 1e-6, kept, np.nan)
    return np.concatenate([rows[..., -1:], states], axis=-1)


@given(pulses(), st.sampled_from(["temperature", "current_density", "duration"]), st.sampled_from([-1, 1]))
@settings(deadline=None, max_examples=50)
def test_outside_the_grid_is_refused(case, name, side):
    table, pulse = case
    grid = getattr(table, name)
    beyond = grid[-1] if side > 0 else grid[0]
    pulse[name] = beyond + side * (1e-6 * np.abs(grid).max() + 1e-15)
    with pytest.raises(InputError, match=name):
        transition_matrix(table, **pulse)
