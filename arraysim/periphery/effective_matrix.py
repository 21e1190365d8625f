"""The matrix by which an array with resistive wires multiplies: output currents per input voltage, exactly.

The rows are eliminated one after the other. Seen from the m nodes of the bit lines, what lies above row i is a source
of currents J (m, i), one column per word line, with the admittance matrix Q (m, m). A segment of resistance r to the
next row gives

    (J, Q) -> (1 + r Q)^-1 (J, Q)

and the word line adds its own currents and admittance (`line_kernel.fill_port_matrix`). At the sink (1 + R Q)^-1 J is
the matrix. This takes n Cholesky factorizations, about 3 n m^3 operations in all, and loses no digit to cancellation.

The approximation of single passage costs no more than looking at each device. Entry (i, j) is the conductance of the
device times the voltage that arrives at it from driver i, all bit lines at 0 V, times the share of its current that
arrives at sink j, all word lines at 0 V. What other lines send back is left out, so it is good for changes: the exact
matrix of some earlier state plus the difference of two of these is off by about 1 % where the wires themselves change
the result by its whole size (docs/theory-periphery.md).
"""

import numpy as np
import scipy

from arraysim.periphery.config import Wires
from arraysim.periphery.line_kernel import fill_port_matrix, fill_ratios
from dwcore.errors import InputError, RunError
from dwcore.numerics.plain_array import plain_array

# Beyond these a value is a slip, such as ohm for siemens.
MAX_CONDUCTANCE = 1e3
MAX_SIDE = 4096


def effective_matrix(conductance, wires: Wires) -> np.ndarray:
    """Return the currents into the sinks per voltage of the drivers.

    Args:
        conductance: of the devices, shape (rows, columns) [S].
        wires: their resistances.

    Returns:
        G_eff with I = V @ G_eff, shape (rows, columns) [S].

    Raises:
        InputError: a conductance that no device has.
        RunError: the circuit cannot be solved in double precision.
    """
    conductance = checked_conductance(conductance)
    if wires.ideal:
        return conductance.copy()
    if conductance.shape[0] < conductance.shape[1]:
        # Reciprocity: exchange word and bit lines, so that the dense blocks are those of the shorter side.
        return effective_matrix(conductance[::-1, ::-1].T, wires.transposed())[::-1, ::-1].T.copy()
    return _eliminate_rows(conductance, wires)


def _eliminate_rows(conductance: np.ndarray, wires: Wires) -> np.ndarray:
    rows, columns = conductance.shape
    segment, end = wires.bit
    state = np.zeros((columns, columns + rows), order="F")  # Q and J side by side
    port, transfer = np.empty((columns, columns)), np.empty(columns)
    for row in range(rows):
        fill_port_matrix(conductance[row], *wires.word, port, transfer)
        state[:, :columns] += port
        state[:, columns + row] = transfer
        filled = columns + row + 1
        if row < rows - 1:
            state[:, :filled] = _through(segment, state[:, :columns], state[:, :filled], row)
    return _through(end, state[:, :columns], state[:, columns:], rows - 1).T.copy()


def _through(resistance: float, admittance: np.ndarray, source: np.ndarray, row: int) -> np.ndarray:
    """Return (1 + r Q)^-1 times the sources."""
    if resistance == 0:
        return source
    factor = resistance * admittance
    factor.flat[:: len(factor) + 1] += 1
    _, found, failed = scipy.linalg.lapack.dposv(factor, source, lower=1, overwrite_a=1)
    if failed or not np.all(np.isfinite(found)):
        raise RunError(f"wires: the array cannot be solved in double precision at row {row}; resistances are extreme")
    return found


def checked_conductance(conductance) -> np.ndarray:
    """Return conductances as float64, shape (rows, columns) [S].

    Raises:
        InputError: not a matrix, or a value that no device has.
    """
    values = np.ascontiguousarray(plain_array("conductance", conductance), dtype=np.float64)
    if values.ndim != 2 or min(values.shape) < 1 or max(values.shape) > MAX_SIDE:
        raise InputError(f"conductance has the shape {values.shape}, (rows, columns) of 1 to {MAX_SIDE} is needed")
    wrong = ~((values >= 0) & (values <= MAX_CONDUCTANCE))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        rule = f"must be finite, >= 0 and <= {MAX_CONDUCTANCE:g}"
        raise InputError(f"conductance[{row}, {column}] = {values[row, column]:g} [S] {rule}")
    return values


def single_passage_matrix(conductance: np.ndarray, wires: Wires) -> np.ndarray:
    """Return the approximate currents into the sinks per voltage of the drivers, shape (rows, columns) [S].

    Args:
        conductance: of the devices, shape (rows, columns), float64 [S].
        wires: their resistances.
    """
    share = _arriving(np.ascontiguousarray(conductance), *wires.bit)
    # Word lines run to their source on the left as bit lines run down to theirs.
    voltage = _arriving(np.ascontiguousarray(conductance[:, ::-1].T), *wires.word).T[:, ::-1]
    return conductance * voltage * share


def _arriving(conductance: np.ndarray, segment: float, end: float) -> np.ndarray:
    """Return each node's voltage per voltage of the line's source below the last row, shape (n, m) [1]."""
    ratio = np.empty_like(conductance)
    fill_ratios(conductance, segment, end, ratio)
    return np.cumprod(ratio[::-1], axis=0)[::-1]
