"""Planes of a layer as its tiles multiply by them: conductances, or effective matrices where wires have a resistance."""

import numpy as np

from arraysim.periphery.config import Wires
from arraysim.periphery.effective_matrix import effective_matrix, single_passage_matrix
from arraysim.periphery.tiles import LayerMap


class WiredPlanes:
    """The tiles of one layer in one direction of reading.

    Attributes:
        solved: tiles that were solved so far [1].
        reference: conductances that each tile was last solved for, NaN before, shape (rows, columns, planes) [S].
    """

    def __init__(self, layer: LayerMap, planes: int, wires, *, backward: bool):
        """Prepare the tiles; nothing is solved before the first read.

        Args:
            layer: the layer on its tiles.
            planes: of conductances.
            wires: `config.TileWires` of every tile.
            backward: whether bit lines are driven and word lines sensed.
        """
        self.solved = 0
        self.reference = np.full((layer.rows, layer.columns, planes), np.nan)
        self._layer, self._fast, self._refresh = layer, wires.solution == "fast", wires.refresh
        circuit = Wires(**{name: getattr(wires, name) for name in Wires.__dataclass_fields__})
        self._wires = circuit.turned() if backward else circuit
        # The devices of a weight lie side by side on one word line, or each plane has tiles of its own.
        together = layer.tile.weight == "pair"
        self._groups = [slice(planes)] if together else [slice(plane, plane + 1) for plane in range(planes)]
        self._kept: dict[tuple[int, ...], np.ndarray] = {}
        self._last: tuple[np.ndarray, np.ndarray] | None = None

    def follow(self, conductances: tuple[np.ndarray, ...]) -> list[np.ndarray]:
        """Return the matrices, one per plane, shape (rows, columns) [S].

        Args:
            conductances: planes as they are now, shape (rows, columns) or (rows, 1) [S].
        """
        shape = self.reference.shape[:2]
        planes = np.stack([np.broadcast_to(plane, shape) for plane in conductances], axis=-1, dtype=np.float64)
        if self._wires.ideal:
            return list(np.moveaxis(planes, -1, 0))
        if self._last is None or not np.array_equal(planes, self._last[0]):
            matrices = np.empty_like(planes)
            for rows, columns in self._layer.blocks():
                for group in self._groups:
                    at = rows, columns, group
                    matrices[at] = self._tile(at, planes[at])
            self._last = planes, matrices
        return list(np.moveaxis(self._last[1], -1, 0))

    def recall(self, reference: np.ndarray) -> None:
        """Go back to the conductances that tiles were solved for; what follows is the same bit for bit."""
        self.reference[...] = reference
        self._kept.clear()
        self._last = None

    def _tile(self, at: tuple[slice, ...], conductance: np.ndarray) -> np.ndarray:
        """Return the effective matrix of one tile, shape (rows, columns, planes) [S]."""
        known = self.reference[at]
        changed = np.count_nonzero(known != conductance)
        if changed > (self._refresh * conductance.size if self._fast and not np.isnan(known[0, 0, 0]) else 0):
            known[...] = conductance
            self._kept.pop(_key(at), None)
        if _key(at) not in self._kept:
            self._kept[_key(at)] = self._solved(known.reshape(len(known), -1))
        kept = self._kept[_key(at)]
        if self._fast:
            kept = kept + single_passage_matrix(conductance.reshape(len(known), -1), self._wires)
        return kept.reshape(conductance.shape)

    def _solved(self, conductance: np.ndarray) -> np.ndarray:
        """Return the exact matrix, less the approximate one where changes are to be added in that approximation."""
        self.solved += 1
        exact = effective_matrix(conductance, self._wires)
        return exact - single_passage_matrix(conductance, self._wires) if self._fast else exact


def _key(at: tuple[slice, ...]) -> tuple[int, ...]:
    return tuple(part.start or 0 for part in at)
