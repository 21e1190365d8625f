"""The choice of write pulses among devices and temperatures, and the mean move of a matrix, by hand."""

import numpy as np
import pytest
from fit_cases import table_of

from compact.table.operating_point import best_points, mean_move, write_points
from compact.table.staircase import staircase
from dwcore.errors import InputError


def test_the_mean_move_counts_levels_not_states():
    """Conductances fall from state to state: the way from the first to the last state is two levels down."""
    p = np.array([[0.5, 0.2, 0.2, 0.1], [0.0, 0.5, 0.5, 0.0], [0.3, 0.0, 0.7, 0.0]])
    moved = (-(0.2 * 1 + 0.2 * 2) - 0.5 * 1 + 0.3 * 2) / 3
    falling, rising = np.array([3.0, 2.0, 1.0]), np.array([1.0, 2.0, 3.0])
    assert mean_move(p, falling, +1) == pytest.approx(moved - 0.1 / 3)
    assert mean_move(p, falling, -1) == pytest.approx(-moved - 0.1 / 3), (
        "walls that are lost count against either sense"
    )
    assert mean_move(p, rising, +1) == pytest.approx(-moved - 0.1 / 3)
    assert mean_move(np.stack([p, p]), falling, +1).shape == (2,)
    turned = np.array([2.0, 3.0, 1.0])  # of the levels 1, 2 and 0
    assert mean_move(p, turned, +1) == pytest.approx(((0.2 * 1 - 0.2 * 1) - 0.5 * 2 + 0.3 * 1 - 0.1) / 3)


def table(hits, temperature=(300.0, 400.0), energy=None, steps=1, J=(-2e11, -1e11, 1e11, 2e11), **more):
    """Three states; of ten walls so many move by `steps` along the current where they can."""
    hits = np.asarray(hits)
    counts = np.zeros((*hits.shape, 1, 3, 4), int)
    for (k, t, a), number in np.ndenumerate(hits):
        for s in range(3):
            to = int(s + steps * np.sign(J[a]))
            counts[k, t, a, 0, s, to if 0 <= to <= 2 else s] += number
            counts[k, t, a, 0, s, s] += 10 - number
    made = table_of(counts, J, (1e-9,), temperature, **more)
    return type(made)(**vars(made) | {"energy_per_pulse": np.ones((len(J), 1)) if energy is None else energy})


def currents(points):
    return [point.current_density for point in points]


def test_points_are_those_of_the_nearest_temperature():
    """Cold walls obey the strong pulses best, hot ones the weak."""
    found = table([[[9, 5, 5, 9], [5, 9, 9, 5]]])
    for T, up in ((300.0, 2e11), (349.0, 2e11), (351.0, 1e11), (400.0, 1e11)):
        points = best_points(found, temperature=T)
        assert [point.current_density for point in points] == [up, -up]
        assert {point.temperature for point in points} == {T}


def test_scores_are_means_over_devices():
    """The first device likes the strong pulse a little better, the second the weak one much better."""
    found = table([[[8, 7, 7, 8]], [[2, 9, 9, 2]]], temperature=(300.0,))
    assert [point.current_density for point in best_points(found, temperature=300.0)] == [1e11, -1e11]


def test_where_no_pulse_moves_by_one_level_the_gentlest_is_taken():
    """All moves are by two states; the weak pulse makes fewer of them."""
    found = table([[[9, 4, 4, 9]]], temperature=(300.0,), steps=2)
    assert [point.current_density for point in best_points(found, temperature=300.0)] == [1e11, -1e11]
    with pytest.raises(InputError, match="no pulse that lowers the conductance at 300 K"):
        best_points(table([[[0, 0, 4, 9]]], temperature=(300.0,)), temperature=300.0)


def test_energy_decides_among_equal_scores_only():
    energy = np.array([[4.0], [1.0], [1.0], [4.0]])
    for hits, up in (([10, 9, 9, 10], 2e11), ([9, 9, 9, 9], 1e11)):
        found = table([[hits]], temperature=(300.0,), energy=energy)
        assert currents(best_points(found, temperature=300.0)) == [up, -up]


def test_a_device_that_never_moves_does_not_forbid_a_pulse():
    """The mean move of both counts, that of the first alone is zero."""
    found = table([[[0, 0, 0, 0]], [[2, 9, 9, 2]]], temperature=(300.0,))
    assert currents(best_points(found, temperature=300.0)) == [1e11, -1e11]


NOMINAL = {"device": {"pulse": {"current_density": 2e11, "duration": 1e-9}}}


def test_the_nominal_pulse_is_just_that_of_the_device():
    """One of 5 % less current, and one of twice the duration, would move the walls better."""
    J = (-2e11, -1.9e11, 1.9e11, 2e11)
    near = table([[[5, 9, 9, 5]]], temperature=(300.0,), J=J, config=NOMINAL)
    assert currents(write_points(near, temperature=300.0)) == [2e11, -2e11]
    counts = np.concatenate([near.counts, table([[[9, 9, 9, 9]]], temperature=(300.0,), J=J).counts], axis=3)
    points = write_points(table_of(counts, J, (1e-9, 2e-9), config=NOMINAL), temperature=300.0)
    assert [(point.current_density, point.duration) for point in points] == [(2e11, 1e-9), (-2e11, 1e-9)]


def test_a_nominal_pulse_of_one_sign_only_is_none():
    one_sided = table([[[9, 5, 9]]], temperature=(300.0,), J=(-1e11, 1e11, 2e11), config=NOMINAL)
    assert currents(write_points(one_sided, temperature=300.0)) == [2e11, -1e11]


def test_trains_are_means_over_devices():
    """The wall of the first device moves by one at each pulse, that of the second never."""
    stairs = staircase(table([[[0, 10, 10, 0]], [[0, 0, 0, 0]]], temperature=(300.0,)), pulses=2)
    assert stairs.share[0].tolist() == [[1, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5]]
    assert stairs.share[1, 2].tolist() == [0.5, 0, 0.5] and not stairs.lost.any()
    assert stairs.mean()[0] == pytest.approx([1e-3, 1.1e-3, 1.2e-3])
