"""One array of devices and resistive wires: its matrix, single solves, and updates when devices change."""

import dataclasses

import numpy as np

from arraysim.periphery.config import Wires
from arraysim.periphery.effective_matrix import checked_conductance, effective_matrix
from arraysim.periphery.nodal_kernel import solve_nodes
from dwcore.errors import InputError, RunError
from dwcore.numerics.plain_array import plain_array

# Error norm of a single solve relative to that of its first guess; a step gains one to six digits.
TOLERANCE = 1e-12
MAX_STEPS = 5000
# Up to this many changed devices, solving for each is cheaper than a new elimination.
FEW = 24
_NONE = np.empty((0, 0))
_NO_SOURCE = np.empty(0)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Solution:
    """What flows and what is where for one set of input voltages.

    Attributes:
        current: into the sinks, shape (columns,) [A].
        word: voltages of the nodes of the word lines, shape (rows, columns) [V].
        bit: voltages of the nodes of the bit lines, shape (rows, columns) [V].
        steps: of the iteration [1].
    """

    current: np.ndarray
    word: np.ndarray
    bit: np.ndarray
    steps: int


def solve_circuit(conductance, wires: Wires, voltage) -> Solution:
    """Solve the array for one set of input voltages.

    Args:
        conductance: of the devices, shape (rows, columns) [S].
        wires: their resistances.
        voltage: of the drivers, shape (rows,) [V].

    Raises:
        InputError: a conductance or a voltage that cannot be.
        RunError: the iteration does not converge.
    """
    conductance = checked_conductance(conductance)
    voltage = _checked_voltage(voltage, conductance.shape[0])
    solution, _ = _solve(conductance, wires, source=voltage)
    return solution


def _solve(conductance, wires, *, source=_NO_SOURCE, word_current=_NONE, bit_current=_NONE):
    """Return the solution and the currents into the drivers, shape (rows,) [A]."""
    rows, columns = conductance.shape
    u, v = np.empty(conductance.shape), np.empty(conductance.shape)
    driven, sensed = np.empty(rows), np.empty(columns)
    steps = solve_nodes(
        conductance,
        wires.word,
        wires.bit,
        word_current,
        bit_current,
        source,
        TOLERANCE,
        MAX_STEPS,
        u,
        v,
        driven,
        sensed,
    )
    if steps < 0 or not np.all(np.isfinite(sensed)):
        raise RunError(f"wires: no solution within {MAX_STEPS} steps; resistances are extreme")
    return Solution(current=sensed, word=u, bit=v, steps=steps), driven


class Crossbar:
    """An array that is read many times between changes.

    Attributes:
        wires: resistances.
        conductance: of the devices, shape (rows, columns), read-only [S].
        matrix: output currents per input voltage, shape (rows, columns), read-only [S].
    """

    def __init__(self, conductance, wires: Wires):
        """Solve the circuit.

        Raises:
            InputError: a conductance that no device has.
            RunError: the circuit cannot be solved in double precision.
        """
        self.wires = wires
        self._hold(checked_conductance(conductance).copy())

    def currents(self, voltage: np.ndarray) -> np.ndarray:
        """Return the currents into the sinks, shape (batch, columns) [A], for voltages of shape (batch, rows) [V]."""
        return voltage @ self.matrix

    def update(self, conductance) -> None:
        """Take new conductances; exact, and cheap where few changed.

        Args:
            conductance: shape (rows, columns) [S].

        Raises:
            InputError: a conductance that no device has, or another shape.
            RunError: the circuit cannot be solved in double precision.
        """
        conductance = checked_conductance(conductance)
        if conductance.shape != self.conductance.shape:
            raise InputError(f"conductance has the shape {conductance.shape}, {self.conductance.shape} is needed")
        changed = np.argwhere(conductance != self.conductance)
        if len(changed) > FEW or self.wires.ideal:
            self._hold(conductance.copy())
        elif len(changed):
            self._hold(conductance.copy(), self.matrix + self._change(conductance, changed))

    def _hold(self, conductance: np.ndarray, matrix: np.ndarray | None = None) -> None:
        self.conductance = conductance
        self.matrix = effective_matrix(conductance, self.wires) if matrix is None else matrix
        self.conductance.flags.writeable = self.matrix.flags.writeable = False

    def _change(self, conductance: np.ndarray, changed: np.ndarray) -> np.ndarray:
        """Return the change of the matrix by the formula of Sherman, Morrison and Woodbury, shape (rows, columns).

        A device that gains d carries the current d x (its voltage) besides. A unit current from word to bit node at
        one device is answered by the currents at the sinks and, by reciprocity, tells the voltage of that device per
        voltage of each driver.
        """
        rows, columns = self.conductance.shape
        at_sinks, drop = np.empty((len(changed), columns)), np.empty((len(changed), rows))
        mutual = np.empty((len(changed), len(changed)))
        where = tuple(changed.T)
        dipole = np.zeros((2, rows, columns))
        for number, (row, column) in enumerate(changed):
            dipole[:, row, column] = -1.0, 1.0
            found, driven = _solve(self.conductance, self.wires, word_current=dipole[0], bit_current=dipole[1])
            dipole[:, row, column] = 0.0
            at_sinks[number], drop[number] = found.current, -driven
            mutual[:, number] = (found.word - found.bit)[where]
        gain = (conductance - self.conductance)[where]
        flow = np.linalg.solve(np.eye(len(changed)) - gain[:, None] * mutual, gain[:, None] * drop)
        return flow.T @ at_sinks


def _checked_voltage(voltage, rows: int) -> np.ndarray:
    """Return voltages as float64, shape (rows,) [V].

    Raises:
        InputError: not one finite number per row.
    """
    values = np.ascontiguousarray(plain_array("voltage", voltage), dtype=np.float64)
    if values.shape != (rows,) or not np.all(np.isfinite(values)):
        raise InputError(f"voltage of shape {values.shape} must hold one finite number for each of {rows} rows [V]")
    return values
