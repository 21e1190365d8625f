"""Planes of a layer as its tiles multiply by them: conductances, or effective matrices where wires have a resistance."""

import numpy as np

from arraysim.periphery.crossbar import Crossbar
from arraysim.periphery.effective_matrix import effective_matrix
from arraysim.periphery.fast_matrix import single_passage_matrix
from arraysim.periphery.tiles import LayerMap
from arraysim.periphery.wires import Wires


class WiredPlanes:
    """The tiles of one layer in one direction of reading.

    Attributes:
        solved: tiles that were solved from scratch so far [1].
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
        self._layer, self._planes = layer, planes
        self._fast, self._refresh = wires.solution == "fast", wires.refresh
        circuit = Wires(**{name: getattr(wires, name) for name in Wires.__dataclass_fields__})
        self._wires = circuit.turned() if backward else circuit
        self._together = layer.tile.weight == "pair"
        self._tiles = {}

    def follow(self, conductances: tuple[np.ndarray, ...]) -> list[np.ndarray]:
        """Return the matrices, one per plane, shape (rows, columns) [S].

        Args:
            conductances: planes as they are now, shape (rows, columns) or (rows, 1) [S].
        """
        shape = (self._layer.rows, self._layer.columns)
        planes = np.stack([np.broadcast_to(plane, shape) for plane in conductances], axis=-1, dtype=np.float64)
        if self._wires.ideal:
            return list(np.moveaxis(planes, -1, 0))
        out = np.empty_like(planes)
        for number, (rows, columns) in enumerate(self._layer.blocks()):
            part = planes[rows, columns]
            if self._together:
                # The devices of a weight lie side by side on one word line.
                found = self._matrix(number, part.reshape(part.shape[0], -1))
                out[rows, columns] = found.reshape(part.shape)
            else:
                for plane in range(self._planes):
                    out[rows, columns, plane] = self._matrix((number, plane), part[..., plane])
        return list(np.moveaxis(out, -1, 0))

    def _matrix(self, key, conductance: np.ndarray) -> np.ndarray:
        if not self._fast:
            if key not in self._tiles:
                self._tiles[key] = Crossbar(conductance, self._wires)
                self.solved += 1
            self._tiles[key].update(conductance)
            return self._tiles[key].matrix
        known = self._tiles.get(key)
        nearly = single_passage_matrix(conductance, self._wires)
        if known is None or np.count_nonzero(known[0] != conductance) > self._refresh * conductance.size:
            correction = effective_matrix(conductance, self._wires) - nearly
            known = self._tiles[key] = conductance.copy(), correction
            self.solved += 1
        return nearly + known[1]
