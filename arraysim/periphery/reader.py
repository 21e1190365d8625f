"""A layer read through the periphery, forward and backward.

The gradient passes converters straight through: errors are multiplied by the weights as the backward pass reads them,
and the outer product that updates the weights takes the digital inputs and errors.
"""

import types

import numpy as np

from arraysim.periphery.config import Periphery
from arraysim.periphery.read_path import LayerLines, ReadPath
from arraysim.periphery.tiles import LayerMap, map_layer
from arraysim.periphery.wired_planes import WiredPlanes
from arraysim.synapses.memory import refill
from dwcore.numerics.product import product

FORWARD, BACKWARD = 0, 1


class PeripheryReader:
    """Read path of one layer, for `arraysim.synapses.weights`.

    Ideal settings multiply exactly as a layer without a reader does.

    Attributes:
        periphery: what is between numbers and conductances.
        layer: the layer on its tiles, known from the first read on.
        adapt: whether ranges follow the data; clear it to keep those of a calibration.
    """

    def __init__(self, periphery: Periphery, *, seed: int, number: int = 0):
        """Prepare to read.

        Args:
            periphery: what is between.
            seed: root seed of converters and noise [1].
            number: of this layer among those with the same seed [1].
        """
        self.periphery, self.adapt = periphery, True
        self.layer: LayerMap | None = None
        self._identity = seed, number
        self._paths: dict[int, ReadPath] = {}
        self._wires: dict[int, WiredPlanes] = {}
        self._waiting: dict[str, np.ndarray] = {}

    def forward(self, inputs: np.ndarray, weights) -> np.ndarray:
        """Return inputs, shape (batch, rows), times the weights, shape (batch, columns), float32."""
        if self.exact:
            return product(inputs, weights.values)
        return self.path(FORWARD, weights).read(inputs, self._lines(FORWARD, weights), adapt=self.adapt)

    def backward(self, errors: np.ndarray, weights) -> np.ndarray:
        """Return errors, shape (batch, columns), times the transposed weights, shape (batch, rows), float32."""
        if self.exact or self.periphery.read.passes == "forward":
            return product(errors, weights.values.T)
        return self.path(BACKWARD, weights).read(errors, self._lines(BACKWARD, weights), adapt=self.adapt)

    def checkpoint(self) -> dict[str, np.ndarray]:
        """Return a copy of what reads have changed: ranges, counts, and the states that tiles were solved for."""
        return dict(self._waiting) | {name: values.copy() for name, values in self._memory().items()}

    def restore(self, saved: dict[str, np.ndarray]) -> None:
        """Go back to a checkpoint of a reader built alike; what follows is the same bit for bit."""
        self._waiting = {name: np.array(values) for name, values in saved.items()}
        self._recall()

    def _memory(self) -> dict[str, np.ndarray]:
        """Return the arrays that reads change, themselves, of the directions read so far."""
        memory = {f"{d}_{name}": values for d, path in self._paths.items() for name, values in path.memory.items()}
        return memory | {f"{direction}_tiles": wired.reference for direction, wired in self._wires.items()}

    def _recall(self) -> None:
        """Put what was saved where there is a place for it by now."""
        memory = self._memory()
        mine = {name: self._waiting.pop(name) for name in memory if name in self._waiting}
        refill({name: memory[name] for name in mine}, mine, "a read path")
        for direction, wired in self._wires.items():
            if f"{direction}_tiles" in mine:
                wired.recall(wired.reference.copy())

    @property
    def exact(self) -> bool:
        """Whether nothing is lost by reading."""
        p = self.periphery
        noiseless = p.read.noise == 0 and p.read.integrator_noise == 0
        return noiseless and p.wires.ideal and p.dac.bits == 0 and p.adc.bits == 0

    def _mapped(self, weights) -> LayerMap:
        if self.layer is None:
            rows, columns = weights.values.shape
            layer = types.SimpleNamespace(name="layer", rows=rows, columns=columns)
            self.layer = map_layer(layer, self.periphery.tile, planes=len(weights.factors))
        return self.layer

    def path(self, direction: int, weights) -> ReadPath:
        """Return the read path of a direction, ``FORWARD`` or ``BACKWARD``, of the weights of this reader."""
        if direction not in self._paths:
            layer = self._mapped(weights)
            cuts = layer.column_slices if direction == BACKWARD else layer.row_slices
            self._paths[direction] = ReadPath(
                self.periphery,
                cuts=cuts,
                numbers=_converters(layer, len(weights.factors), self.periphery, backward=direction == BACKWARD),
                per_vector=direction == BACKWARD,
                seed=self._identity[0],
                layer=self._identity[1],
                stream=direction,
            )
            self._recall()
        return self._paths[direction]

    def _lines(self, direction: int, weights) -> LayerLines:
        """Return what the lines do now; plain weights serve where nothing tells the planes apart."""
        read, backward = self.periphery.read, direction == BACKWARD
        unit = weights.scale / read.voltage
        floor = (read.integrator_noise * unit) ** 2
        if self.periphery.wires.ideal and read.noise == 0 and read.subtraction == "analog":
            matrix = weights.values.T if backward else weights.values
            return LayerLines(matrices=(matrix,), factors=(1.0,), variance=(), floor=floor, unit=unit)
        planes = self._planes(direction, weights)
        if backward:
            planes = [plane.T for plane in planes]
        squares = [
            (weights.scale * read.noise * f * plane) ** 2 for f, plane in zip(weights.factors, planes, strict=True)
        ]
        if read.subtraction == "analog":
            planes = [sum(f * plane for f, plane in zip(weights.factors, planes, strict=True))]
            squares, factors = [sum(squares)], (1.0,)
        else:
            squares = [square / f**2 for f, square in zip(weights.factors, squares, strict=True)]
            factors = tuple(weights.factors)
        return LayerLines(
            matrices=tuple((weights.scale * plane).astype(np.float32) for plane in planes),
            factors=factors,
            variance=tuple(square.astype(np.float32) for square in squares) if read.noise else (),
            floor=floor,
            unit=unit,
        )

    def _planes(self, direction: int, weights) -> list[np.ndarray]:
        wires = self.periphery.wires
        if direction == BACKWARD and wires.driver_resistance == wires.sink_resistance:
            direction = FORWARD  # reciprocity
        if direction not in self._wires:
            self._wires[direction] = WiredPlanes(
                self._mapped(weights), len(weights.factors), wires, backward=direction == BACKWARD
            )
            self._recall()
        return self._wires[direction].follow(weights.conductances)


def _converters(layer: LayerMap, planes: int, periphery: Periphery, *, backward: bool) -> np.ndarray:
    """Return the number of the converter of each line, shape (matrices, tiles along the inputs, outputs).

    Lines that take turns at a converter lie side by side in one tile; the lines of a pair that are subtracted before
    conversion count as one.
    """
    matrices = planes if periphery.read.subtraction == "digital" else 1
    cuts, across = (layer.column_slices, layer.row_slices) if backward else (layer.row_slices, layer.column_slices)
    outputs = across[-1].stop
    number = np.empty((matrices, len(cuts), outputs), np.int64)
    # Lines of one output that meet at the same edge of a tile; a word line is one line, read once per plane.
    beside = matrices if periphery.tile.weight == "pair" and not backward else 1
    count = 0
    for tile in range(len(cuts)):
        for part in across:
            local = np.arange(part.stop - part.start)
            for plane in range(matrices):
                if beside > 1:
                    number[plane, tile, part] = count + (local * beside + plane) // periphery.adc.lines
                else:
                    first = count + plane * -(-local.size // periphery.adc.lines) * (not backward)
                    number[plane, tile, part] = first + local // periphery.adc.lines
            count = int(number[:, tile, part].max()) + 1
    return number
