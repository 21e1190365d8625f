"""Published component figures, brought to a node: `data/cost_components.csv`.

How a figure quoted at node n_0 and supply V_0 is brought to node n and supply V:

    area     x A(n)/A(n_0)                 A: area of one circuit
    energy   x e(n, V)/e(n_0, V_0)         e: energy of a gate; the source is taken to use HP transistors
    delay    x d(n, V)/d(n_0, V_0)         d: delay of a gate
    wire     x (V/V_0)^2                   capacitance per length is the same at all nodes
    analog   x max(n/n_0, 1) (V/V_0)^2     capacitance that matching sets: it grows with the node, and does not shrink
    length   x n/n_0
    none     x 1
"""

import dataclasses
from collections.abc import Mapping

from arraysim.cost.technology import REFERENCE, Technology, data_rows, gate_delay, gate_energy, relative_area
from dwcore.errors import InputError, nearest


@dataclasses.dataclass(frozen=True, kw_only=True)
class Component:
    """A published figure: value [unit] at a node [nm] and supply [V], how it scales, where it comes from."""

    name: str
    value: float
    unit: str
    node_nm: float
    supply: float
    scaling: str
    source: str

    def at(self, target: Technology) -> float:
        """Return the figure at a node, in its SI unit."""
        return self.value * _factor(self, target)


def _factor(part: Component, target: Technology) -> float:
    node, supply = part.node_nm, part.supply
    match part.scaling:
        case "area":
            return target.area / relative_area(node)
        case "energy":
            return target.gate_energy / gate_energy(node, REFERENCE, supply)
        case "delay":
            return target.gate_delay / gate_delay(node, REFERENCE, supply)
        case "wire":
            return (target.supply / supply) ** 2
        case "analog":
            return max(target.node_nm / node, 1.0) * (target.supply / supply) ** 2
        case "length":
            return target.node_nm / node
        case _:
            return 1.0


def published() -> dict[str, Component]:
    """Return all figures by name, as published."""
    return {
        row["name"]: Component(
            name=row["name"],
            value=float(row["value"]),
            unit=row["unit"],
            node_nm=float(row["node_nm"]),
            supply=float(row["supply_V"]),
            scaling=row["scaling"],
            source=row["source"],
        )
        for row in data_rows("cost_components.csv")
    }


class Parts:
    """The figures at one node, `parts["adder_bit_energy"]` in SI units."""

    def __init__(self, target: Technology, factors: Mapping[str, float] | None = None):
        """Bring every figure to a node.

        Args:
            target: the node.
            factors: factor on single figures, to ask what depends on them [1].

        Raises:
            InputError: a factor for a figure that does not exist, or one that is not > 0.
        """
        known = published()
        for name, factor in (factors or {}).items():
            if name not in known:
                raise InputError(f'component "{name}" is unknown{nearest(name, known)}')
            if not 0 < factor < float("inf"):
                raise InputError(f"factor {factor!r} of the component {name} must be > 0 and finite")
        self.technology = target
        self.sources = {name: part.source for name, part in known.items()}
        self._values = {name: part.at(target) * (factors or {}).get(name, 1.0) for name, part in known.items()}

    def __getitem__(self, name: str) -> float:
        return self._values[name]

    def __contains__(self, name: str) -> bool:
        return name in self._values

    @property
    def on_current(self) -> float:
        """Current of a transistor that is on, per width [A/m]."""
        return self[f"{self.technology.transistors}_on_current"]

    @property
    def off_current(self) -> float:
        """Current of a transistor that is off, per width [A/m]."""
        return self[f"{self.technology.transistors}_off_current"]

    @property
    def linear_resistance(self) -> float:
        """Resistance times width of a transistor that is on at a small drain voltage, (V - V_T)/(2 I_on) [ohm m]."""
        overdrive = self.technology.supply - self[f"{self.technology.transistors}_threshold"]
        return overdrive / (2 * self.on_current)
