"""Arrays with resistive wires: against circuits worked by hand and an independent dense solution."""

from fractions import Fraction

import numpy as np
import pytest

from arraysim.periphery import crossbar, line_kernel, nodal_kernel
from arraysim.periphery.config import Wires
from arraysim.periphery.crossbar import FEW, Crossbar, solve_circuit
from arraysim.periphery.effective_matrix import effective_matrix, single_passage_matrix
from dwcore.errors import InputError, RunError

LEVELS = np.linspace(1e-5, 1e-4, 5)


def random_array(rows, columns, seed=0):
    return np.random.default_rng(seed).choice(LEVELS, (rows, columns))


def dense_matrix(conductance, wires):
    """Kirchhoff's law written node by node, solved as one dense system."""
    rows, columns = conductance.shape
    laws, source = np.zeros((2 * rows * columns,) * 2), np.zeros((2 * rows * columns, rows))

    def join(one, two, g):
        laws[one, one] += g
        laws[two, two] += g
        laws[one, two] -= g
        laws[two, one] -= g

    word = np.arange(rows * columns).reshape(rows, columns)
    bit = word + rows * columns
    for i in range(rows):
        laws[word[i, 0], word[i, 0]] += 1 / (wires.driver_resistance + wires.word_resistance)
        source[word[i, 0], i] = 1 / (wires.driver_resistance + wires.word_resistance)
        for j in range(columns):
            join(word[i, j], bit[i, j], conductance[i, j])
            if j:
                join(word[i, j - 1], word[i, j], 1 / wires.word_resistance)
            if i:
                join(bit[i - 1, j], bit[i, j], 1 / wires.bit_resistance)
    to_sink = 1 / (wires.sink_resistance + wires.bit_resistance)
    for j in range(columns):
        laws[bit[-1, j], bit[-1, j]] += to_sink
    return (np.linalg.solve(laws, source)[bit[-1]] * to_sink).T


def test_four_equal_devices_by_hand():
    # 3 u_1 - 2 v = 1, 3 u_2 - 2 v = 0, 3 v = u_1 + u_2  ->  v = 1/5 and 1/5 A into each sink.
    matrix = effective_matrix(np.ones((2, 2)), Wires(driver_resistance=1.0, sink_resistance=1.0))
    np.testing.assert_allclose(matrix, 0.2, rtol=1e-14)


def test_one_device_of_two_by_two_is_in_series_with_its_wires():
    wires = Wires(word_resistance=2.0, bit_resistance=3.0, driver_resistance=5.0, sink_resistance=7.0)
    for row in range(2):
        for column in range(2):
            conductance = np.zeros((2, 2))
            conductance[row, column] = 0.125
            series = 5.0 + 2.0 * (column + 1) + 8.0 + 3.0 * (2 - row) + 7.0
            expected = np.zeros((2, 2))
            expected[row, column] = 1 / series
            np.testing.assert_allclose(effective_matrix(conductance, wires), expected, rtol=1e-14)


def test_two_by_two_in_exact_fractions():
    # Unknowns u00 u01 u10 u11 v00 v01 v10 v11; all segments 1 ohm; devices 1, 2, 3, 4 S; 1 V on row 0.
    laws = [
        [3, -1, 0, 0, -1, 0, 0, 0],
        [-1, 3, 0, 0, 0, -2, 0, 0],
        [0, 0, 5, -1, 0, 0, -3, 0],
        [0, 0, -1, 5, 0, 0, 0, -4],
        [-1, 0, 0, 0, 2, 0, -1, 0],
        [0, -2, 0, 0, 0, 3, 0, -1],
        [0, 0, -3, 0, -1, 0, 5, 0],
        [0, 0, 0, -4, 0, -1, 0, 6],
    ]
    laws = [[Fraction(x) for x in row] + [Fraction(int(number == 0))] for number, row in enumerate(laws)]
    for pivot in range(8):
        laws[pivot] = [x / laws[pivot][pivot] for x in laws[pivot]]
        for other in range(8):
            if other != pivot:
                factor = laws[other][pivot]
                laws[other] = [x - factor * y for x, y in zip(laws[other], laws[pivot], strict=True)]
    exact = [float(laws[6][8]), float(laws[7][8])]
    wires = Wires(word_resistance=1.0, bit_resistance=1.0)
    conductance = np.array([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_allclose(effective_matrix(conductance, wires)[0], exact, rtol=1e-13)
    np.testing.assert_allclose(solve_circuit(conductance, wires, [1.0, 0.0]).current, exact, rtol=1e-13)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (7, 18), (20, 11)])
@pytest.mark.parametrize("resistance", [0.01, 1.0, 10.0, 3000.0])
def test_agrees_with_an_independent_dense_solution(shape, resistance):
    wires = Wires(
        word_resistance=resistance,
        bit_resistance=0.6 * resistance,
        driver_resistance=2 * resistance,
        sink_resistance=0.3 * resistance,
    )
    conductance = random_array(*shape)
    expected = dense_matrix(conductance, wires)
    np.testing.assert_allclose(effective_matrix(conductance, wires), expected, rtol=1e-9)
    voltage = np.random.default_rng(1).uniform(-1, 1, shape[0])
    current = solve_circuit(conductance, wires, voltage).current
    np.testing.assert_allclose(current, voltage @ expected, rtol=1e-9, atol=1e-9 * np.abs(voltage @ expected).max())


@pytest.mark.parametrize("resistance", [0.01, 0.1, 1.0, 10.0])
def test_two_ways_of_solving_agree_on_a_full_array(resistance):
    wires = Wires(word_resistance=resistance, bit_resistance=resistance)
    conductance = random_array(96, 96)
    voltage = np.random.default_rng(1).uniform(0, 1, 96)
    expected = voltage @ effective_matrix(conductance, wires)
    np.testing.assert_allclose(solve_circuit(conductance, wires, voltage).current, expected, rtol=1e-11)


def test_kirchhoff_holds_at_every_node():
    wires = Wires(word_resistance=4.0, bit_resistance=2.0, driver_resistance=50.0, sink_resistance=20.0)
    conductance = random_array(17, 23)
    found = solve_circuit(conductance, wires, np.linspace(0, 1, 17))
    through = conductance * (found.word - found.bit)
    along = np.diff(found.bit, axis=0, append=0.0) / -2.0  # current from each node down the bit line
    along[-1] = found.current
    np.testing.assert_allclose(through, along - np.vstack([np.zeros(23), along[:-1]]), rtol=0, atol=1e-14)
    np.testing.assert_allclose(found.bit[-1], 22.0 * found.current, rtol=1e-12)


@pytest.mark.parametrize(
    "wires",
    [
        Wires(),
        Wires(word_resistance=3.0),
        Wires(bit_resistance=3.0),
        Wires(driver_resistance=3.0),
        Wires(sink_resistance=3.0),
    ],
)
def test_wires_without_resistance_are_the_limit_of_thin_ones(wires):
    conductance = random_array(6, 8) * 100
    names = ("word_resistance", "bit_resistance", "driver_resistance", "sink_resistance")
    nearly = Wires(**{name: getattr(wires, name) or 1e-9 for name in names})
    exact = effective_matrix(conductance, wires)
    np.testing.assert_allclose(exact, effective_matrix(conductance, nearly), rtol=1e-8)
    np.testing.assert_allclose(solve_circuit(conductance, wires, np.ones(6)).current, exact.sum(axis=0), rtol=1e-12)


def test_a_turned_array_is_read_through_exchanged_ends():
    wires = Wires(word_resistance=4.0, bit_resistance=2.0, driver_resistance=50.0, sink_resistance=20.0)
    conductance = random_array(9, 13)
    backward = Wires(word_resistance=2.0, bit_resistance=4.0, driver_resistance=50.0, sink_resistance=20.0)
    # Drivers where the sinks were: the same circuit with rows and columns exchanged and counted from the other end.
    expected = effective_matrix(conductance[::-1, ::-1].T, backward)[::-1, ::-1]
    np.testing.assert_allclose(effective_matrix(conductance, wires.turned()).T, expected, rtol=1e-12)


@pytest.mark.parametrize("resistance", [0.01, 1.0, 10.0])
@pytest.mark.parametrize("changes", [1, FEW, FEW + 1])
def test_few_changed_devices_are_followed_exactly(resistance, changes):
    rng = np.random.default_rng(2)
    wires = Wires(word_resistance=resistance, bit_resistance=resistance, sink_resistance=30.0)
    array = Crossbar(random_array(40, 30), wires)
    before = array.matrix
    conductance = array.conductance.copy()
    conductance.ravel()[rng.choice(conductance.size, changes, replace=False)] *= 1.7
    array.update(conductance)
    np.testing.assert_allclose(array.matrix, effective_matrix(conductance, wires), rtol=1e-10)
    assert np.abs(array.matrix / before - 1).max() > 0.1
    assert np.array_equal(array.currents(np.eye(40)), array.matrix)


def test_single_passage_is_exact_where_lines_do_not_meet_again():
    wires = Wires(word_resistance=4.0, bit_resistance=2.0, driver_resistance=50.0, sink_resistance=20.0)
    row = random_array(1, 9) * 100  # one driver and 0 V at every sink: what is sent back is second order only
    thin = Wires(word_resistance=4.0, driver_resistance=50.0)
    np.testing.assert_allclose(single_passage_matrix(row, thin), effective_matrix(row, thin), rtol=1e-13)
    column = random_array(9, 1) * 100
    thin = Wires(bit_resistance=2.0, sink_resistance=20.0)
    np.testing.assert_allclose(single_passage_matrix(column, thin), effective_matrix(column, thin), rtol=1e-13)
    one = np.array([[0.02]])
    assert single_passage_matrix(one, wires)[0, 0] != pytest.approx(effective_matrix(one, wires)[0, 0], rel=1e-3)


@pytest.mark.parametrize(("resistance", "limit"), [(0.1, 4e-4), (1.0, 0.015), (10.0, 0.04)])
def test_single_passage_follows_changes_within_its_stated_error(resistance, limit):
    rng = np.random.default_rng(4)
    wires = Wires(word_resistance=resistance, bit_resistance=resistance)
    before, voltage = random_array(128, 128), rng.random((100, 128))
    after = np.where(rng.random(before.shape) < 0.05, rng.choice(LEVELS, before.shape), before)
    exact, old = effective_matrix(after, wires), effective_matrix(before, wires)
    found = old + single_passage_matrix(after, wires) - single_passage_matrix(before, wires)

    def pairs(matrix):
        current = voltage @ matrix
        return current[:, ::2] - current[:, 1::2]

    def error(matrix):
        return np.sqrt(((pairs(matrix) - pairs(exact)) ** 2).mean() / (pairs(exact) ** 2).mean())

    assert error(found) < limit
    assert error(old) > 5 * error(found)


def test_a_dead_column_carries_no_current_and_a_dead_array_is_no_error():
    wires = Wires(word_resistance=1.0, bit_resistance=1.0)
    conductance = random_array(5, 4)
    conductance[:, 2] = 0
    matrix = effective_matrix(conductance, wires)
    assert np.all(matrix[:, 2] == 0) and np.all(np.delete(matrix, 2, axis=1) > 0)
    assert np.all(solve_circuit(np.zeros((3, 3)), wires, np.ones(3)).current == 0)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Wires(word_resistance=-1.0), "word_resistance = -1"),
        (lambda: Wires(bit_resistance=np.inf), "bit_resistance = inf"),
        (lambda: Wires(sink_resistance=1e12), "sink_resistance = 1e"),
        (lambda: effective_matrix([[1e-4, -1e-4]], Wires()), r"conductance\[0, 1\] = -0.0001"),
        (lambda: effective_matrix([[1e-4], [np.nan]], Wires()), r"conductance\[1, 0\] = nan"),
        (lambda: effective_matrix([[1e5]], Wires()), r"conductance\[0, 0\] = 100000"),
        (lambda: effective_matrix(np.ones(3), Wires()), "shape"),
        (lambda: effective_matrix(np.ones((0, 3)), Wires()), "shape"),
        (lambda: solve_circuit(np.ones((2, 2)), Wires(), [1.0]), "each of 2 rows"),
        (lambda: solve_circuit(np.ones((2, 2)), Wires(), [1.0, np.inf]), "finite"),
        (lambda: Crossbar(np.ones((2, 2)), Wires()).update(np.ones((3, 2))), r"\(2, 2\) is needed"),
    ],
)
def test_absurd_values_are_named(make, words):
    with pytest.raises(InputError, match=words):
        make()


def test_an_iteration_that_does_not_converge_says_so(monkeypatch):
    monkeypatch.setattr(crossbar, "MAX_STEPS", 1)
    with pytest.raises(RunError, match="within 1 steps"):
        solve_circuit(random_array(30, 30), Wires(word_resistance=100.0, bit_resistance=100.0), np.ones(30))


def test_line_kernels_equal_their_pure_form():
    rng = np.random.default_rng(3)
    conductance, current, source = rng.random((5, 3)), rng.random((5, 3)), rng.random(3)
    results = []
    for form in (lambda kernel: kernel, lambda kernel: kernel.py_func):
        ratio, voltage, out = np.empty((5, 3)), np.empty((5, 3)), np.empty(3)
        port, transfer = np.empty((3, 3)), np.empty(3)
        form(line_kernel.fill_ratios)(conductance, 0.5, 2.0, ratio)
        form(line_kernel.solve_lines)(ratio, 0.5, 2.0, current, source, voltage, out)
        form(line_kernel.fill_port_matrix)(conductance[0], 0.5, 2.0, port, transfer)
        words = np.empty((1, 3, line_kernel.LANES))
        form(nodal_kernel.fill_word_ratios)(conductance, 0.5, 2.0, words)
        results.append([ratio, voltage, out, port, transfer, words])
    for compiled, pure in zip(*results, strict=True):
        np.testing.assert_allclose(compiled, pure, rtol=1e-14)
    ladder = np.diag([2 + 2.0] * 4 + [2 + 0.5]) - np.diag([2.0] * 4, 1) - np.diag([2.0] * 4, -1)
    ladder[0, 0] = 2.0
    for line in range(3):
        laws = ladder + np.diag(conductance[:, line])
        drive = current[:, line] + np.array([0, 0, 0, 0, 0.5 * source[line]])
        np.testing.assert_allclose(results[0][1][:, line], np.linalg.solve(laws, drive), rtol=1e-12)
