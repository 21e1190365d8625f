"""A CMOS node: supply, size, delay and energy of its gates, from the tables in `data/cost_technology.csv`.

Between the tabulated nodes everything is interpolated, logarithm against logarithm of the node.
"""

import csv
import dataclasses
import functools
import importlib.resources
import math
from collections.abc import Callable

import numpy as np

from dwcore.errors import InputError

SMALLEST_NM, LARGEST_NM = 7.0, 130.0
ONE_POLYNOMIAL_NM = 65.0
"""Nodes from here on have one delay in the source for both kinds of transistors."""
REFERENCE = "HP"
"""Transistors that published figures are taken to have: their papers use general-purpose processes."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Technology:
    """One node with one kind of transistor.

    Attributes:
        node_nm: name of the node, 7 to 130 [nm].
        transistors: "LP" (low standby power) or "HP" (high performance).
        supply: supply voltage [V].
    """

    node_nm: float
    transistors: str
    supply: float

    @property
    def feature(self) -> float:
        """Feature size F, the name of the node as a length [m]."""
        return 1e-9 * self.node_nm

    @property
    def area(self) -> float:
        """Area of a circuit relative to 32 nm [1]."""
        return relative_area(self.node_nm)

    @property
    def gate_energy(self) -> float:
        """Energy of an inverter with a fan-out of four [J]."""
        return gate_energy(self.node_nm, self.transistors, self.supply)

    @property
    def gate_delay(self) -> float:
        """Delay of an inverter with a fan-out of four [s]."""
        return gate_delay(self.node_nm, self.transistors, self.supply)

    @property
    def sram_cell(self) -> float:
        """Area of a six-transistor cell [m^2]."""
        return 1e-12 * _between(self.node_nm, lambda row: float(row["sram_um2"]))


def technology(node_nm: float, transistors: str = "LP", supply: float | None = None) -> Technology:
    """Return a node.

    Args:
        node_nm: 7 to 130 [nm].
        transistors: "LP" or "HP".
        supply: supply voltage; None for the nominal one of the node [V].

    Raises:
        InputError: the node or the supply lies outside the tables.
    """
    if not SMALLEST_NM <= node_nm <= LARGEST_NM:
        raise InputError(f"node = {node_nm:g} [nm] must be >= {SMALLEST_NM:g} and <= {LARGEST_NM:g}")
    nominal = nominal_supply(node_nm)
    supply = nominal if supply is None else supply
    least, most = 0.85 * nominal, 1.15 * nominal
    if not least <= supply <= most:
        raise InputError(f"supply = {supply:g} [V] must be >= {least:.3g} and <= {most:.3g} at {node_nm:g} nm")
    return Technology(node_nm=node_nm, transistors=transistors, supply=supply)


def nominal_supply(node_nm: float) -> float:
    """Return the nominal supply voltage of a node [V]."""
    return _between(node_nm, lambda row: float(row["supply_V"]))


def relative_area(node_nm: float) -> float:
    """Return the area of one circuit relative to its area at 32 nm [1]."""
    return _between(node_nm, lambda row: float(row["area"]))


def gate_energy(node_nm: float, transistors: str, supply: float) -> float:
    """Return the energy of an inverter with a fan-out of four, e2 V^2 + e1 V + e0 [J]."""
    return 1e-15 * _between(node_nm, lambda row: _polynomial(row, f"{transistors}_e", supply))


def gate_delay(node_nm: float, transistors: str, supply: float) -> float:
    """Return the delay of an inverter with a fan-out of four, (d3 V^3 + d2 V^2 + d1 V + d0) s [s].

    The factor s corrects what the source leaves open, see `_slowdown`. Between nodes both neighbours are taken at the
    same share of their nominal supply.
    """
    share = supply / nominal_supply(node_nm)

    def delay(row: dict[str, str]) -> float:
        voltage = share * float(row["supply_V"])
        return _polynomial(row, f"{transistors}_d", voltage) * _slowdown(transistors)[row["node_nm"]]

    return 1e-12 * _between(node_nm, delay)


@functools.cache
def _slowdown(transistors: str) -> dict[str, float]:
    """Return the factors on the delays of the nodes, so that no node is slower than a larger one [1].

    The source gives one polynomial for both kinds of transistors at 65 nm and above, that of general-purpose ones: LP
    transistors there are as much slower as at 45 nm. At its nominal supply a node is at least as slow as the next
    smaller one.
    """
    factors, slowest = {}, 0.0
    at_45 = next(row for row in _table() if row["node_nm"] == "45")
    ratio = _nominal_delay(at_45, transistors) / _nominal_delay(at_45, "HP")
    for row in _table():
        shared = float(row["node_nm"]) >= ONE_POLYNOMIAL_NM
        own = _nominal_delay(row, transistors)
        slowest = max(slowest, own * (ratio if shared else 1.0))
        factors[row["node_nm"]] = slowest / own
    return factors


def _nominal_delay(row: dict[str, str], transistors: str) -> float:
    return _polynomial(row, f"{transistors}_d", float(row["supply_V"]))


def _polynomial(row: dict[str, str], prefix: str, V: float) -> float:
    powers = sorted(int(name.removeprefix(prefix)) for name in row if name.startswith(prefix))
    return sum(float(row[f"{prefix}{power}"]) * V**power for power in powers)


@functools.cache
def _table() -> tuple[dict[str, str], ...]:
    return tuple(sorted(data_rows("cost_technology.csv"), key=lambda row: float(row["node_nm"])))


def _between(node_nm: float, value: Callable[[dict[str, str]], float]) -> float:
    nodes = [float(row["node_nm"]) for row in _table()]
    if node_nm in nodes:
        return value(_table()[nodes.index(node_nm)])
    right = int(np.searchsorted(nodes, node_nm))
    below, above = (value(row) for row in _table()[right - 1 : right + 1])
    share = math.log(node_nm / nodes[right - 1]) / math.log(nodes[right] / nodes[right - 1])
    return below ** (1 - share) * above**share


@functools.cache
def data_rows(name: str) -> tuple[dict[str, str], ...]:
    """Return the rows of a table of the package `dwsynapse_data`, column name to text; `#` lines are comments."""
    text = (importlib.resources.files("dwsynapse_data") / name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return tuple(csv.DictReader(lines))
