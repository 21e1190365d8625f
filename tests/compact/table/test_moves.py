"""How surely a pulse moves a wall by a number of states, by hand."""

import numpy as np
import pytest
from fit_cases import table_of

from compact.table.moves import ladder, move_probability, moves_along_drive, upward_sign
from dwcore.errors import InputError

COUNTS = np.array([[60, 30, 10, 0], [0, 50, 50, 0], [20, 0, 80, 0]])


def table(counts, current):
    """One device and one temperature; counts of shape (A, S, S+1) of a duration of 1 ns."""
    return table_of(np.asarray(counts)[None, None, :, None], current, (1e-9,))


def moving(shifts):
    """Four states; at each current all of a hundred walls move by its shift, as far as the track goes."""
    counts = np.zeros((len(shifts), 4, 5), int)
    for a, shift in enumerate(shifts):
        for state in range(4):
            counts[a, state, min(max(state + shift, 0), 3)] = 100
    return counts


def test_move_probability_averages_the_states_and_adds_errors_in_squares():
    law = table([COUNTS], (5e11,))
    one, error = move_probability(law, 1)
    assert one[:, 0, 0] == pytest.approx([(0.3 + 0.5) / 2, 0])
    beta = [np.sqrt((c + 0.5) * (100.5 - c) / 102) / 101 for c in (30, 50)]
    assert error[0, 0, 0] == pytest.approx(np.hypot(*beta) / 2)
    assert error[1, 0, 0] > 0
    two, _ = move_probability(law, 2)
    assert two[:, 0, 0] == pytest.approx([0.1, 0.2])


def test_errors_of_devices_add_in_squares_too():
    twice = table_of(np.stack([COUNTS, COUNTS])[:, None, None, None], (5e11,), (1e-9,))
    (alone, error), (both, less) = move_probability(twice, 1, device=1), move_probability(twice, 1)
    assert both == pytest.approx(alone)
    assert less == pytest.approx(error / np.sqrt(2))


@pytest.mark.parametrize("steps", [0, 4])
def test_move_probability_refuses_more_steps_than_states(steps):
    with pytest.raises(InputError, match=f"steps = {steps}"):
        move_probability(table(moving([1]), (5e11,)), steps)


@pytest.mark.parametrize("sign", [1, -1])
def test_moves_follow_the_drive_for_both_signs_of_the_torque(sign):
    law = table(moving([-sign, 0, 0, sign]), (-7e11, -5e11, 5e11, 7e11))
    assert upward_sign(law) == sign
    p, error = moves_along_drive(law, 1)
    assert p[:, 0].tolist() == [1, 0, 0, 1]
    assert error.shape == (4, 1)
    assert upward_sign(table(moving([0, 0]), (-5e11, 5e11))) == 1, "where nothing moves"


def test_errors_along_the_drive_are_those_of_that_way():
    law = table([COUNTS], (5e11,))
    one, error = move_probability(law, 1)
    p, along = moves_along_drive(law, 1)
    assert (p[0, 0], along[0, 0]) == (one[0, 0, 0], error[0, 0, 0]) and error[0, 0, 0] > 2 * error[1, 0, 0]


def test_a_ladder_moves_one_state_and_stops_at_its_end():
    up = ladder(3, +1, 0.1, 0.02, 0.03)
    assert up == pytest.approx(np.array([[0.1, 0.85, 0.02, 0.03], [0, 0.1, 0.87, 0.03], [0, 0, 0.97, 0.03]]))
    assert ladder(3, -1, 0.1, 0.02, 0.03)[:, :3] == pytest.approx(up[::-1, 2::-1])
