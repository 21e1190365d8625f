"""Mapping of a network to tiles: arrays of one size, between which rows and columns of each layer are split.

A tile holds a block of one layer. Blocks of the same rows share their inputs; the partial sums of blocks of the same
columns are added digitally. The rows of a layer are shared as evenly as whole rows allow, and so are its columns: no
tile is fuller than it must be, which keeps the currents of all tiles alike and the drop along their wires small.
"""

import dataclasses
import itertools
from collections.abc import Iterable, Iterator
from typing import Protocol

from dwcore.errors import InputError
from dwcore.parameters import Parameters, whole, word

MAX_TILE_SIDE = 4096
# Devices per weight in a row.
DEVICES = {"pair": 2, "single": 1}


@dataclasses.dataclass(frozen=True, kw_only=True)
class TileShape(Parameters):
    """Size of the arrays of a chip, and how a weight lies in them."""

    rows: int = whole("word lines of a tile", default=128, ge=1, le=MAX_TILE_SIDE)
    columns: int = whole("bit lines of a tile", default=128, ge=1, le=MAX_TILE_SIDE)
    weight: str = word(
        "pair: both devices of a weight in the same tile and row; single: one device per weight, for a pair its "
        "two devices in two tiles",
        default="pair",
        choices=tuple(DEVICES),
        needs="wires.word_resistance > 0 or wires.bit_resistance > 0 or wires.driver_resistance > 0 or "
        "wires.sink_resistance > 0 or adc.offset_dtod > 0 or adc.gain_dtod > 0 or adc.nonlinearity_dtod > 0",
    )

    def problems(self) -> Iterator[str]:
        """Yield a tile in which no weight fits."""
        if self.columns < DEVICES[self.weight]:
            yield f'columns = {self.columns} [1] must be >= {DEVICES[self.weight]} for weight = "{self.weight}"'


class MatrixShape(Protocol):
    """Anything with a name, rows and columns: a layer as an array sees it."""

    @property
    def name(self) -> str:
        """Name of the layer."""

    @property
    def rows(self) -> int:
        """Inputs, bias included [1]."""

    @property
    def columns(self) -> int:
        """Outputs [1]."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class LayerMap:
    """A layer on its tiles.

    Attributes:
        name: of the layer.
        rows: inputs of the layer, bias included [1].
        columns: outputs of the layer [1].
        tile: size of the arrays.
        planes: devices per weight [1].
    """

    name: str
    rows: int
    columns: int
    tile: TileShape
    planes: int = DEVICES["pair"]

    @property
    def lines(self) -> int:
        """Bit lines of a tile that a weight takes [1]."""
        return self.planes if self.tile.weight == "pair" else DEVICES["single"]

    @property
    def row_tiles(self) -> int:
        """Tiles one below the other: partial sums per output that are added digitally [1]."""
        return -(-self.rows // self.tile.rows)

    @property
    def column_tiles(self) -> int:
        """Tiles side by side [1]."""
        return -(-self.columns // (self.tile.columns // self.lines))

    @property
    def tiles(self) -> int:
        """Tiles of the layer [1]; with single devices those of one plane."""
        return self.row_tiles * self.column_tiles

    @property
    def devices(self) -> int:
        """Devices in use in these tiles [1]."""
        return self.rows * self.columns * self.lines

    @property
    def utilization(self) -> float:
        """Share of the devices of the layer's tiles that hold a weight [1]."""
        return self.devices / (self.tiles * self.tile.rows * self.tile.columns)

    @property
    def row_slices(self) -> list[slice]:
        """Rows of each tile, from top to bottom."""
        return _even_slices(self.rows, self.row_tiles)

    @property
    def column_slices(self) -> list[slice]:
        """Columns of each tile, from left to right."""
        return _even_slices(self.columns, self.column_tiles)

    def blocks(self) -> Iterator[tuple[slice, slice]]:
        """Yield (rows, columns) of every tile, row of tiles by row of tiles."""
        for rows in self.row_slices:
            for columns in self.column_slices:
                yield rows, columns


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkMap:
    """A network on its tiles.

    Attributes:
        layers: in order.
        tile: size of the arrays.
    """

    layers: tuple[LayerMap, ...]
    tile: TileShape

    @property
    def tiles(self) -> int:
        """Tiles of all layers [1]."""
        return sum(layer.tiles for layer in self.layers)

    @property
    def utilization(self) -> float:
        """Share of all devices that hold a weight [1]."""
        held = sum(layer.devices for layer in self.layers)
        return held / (self.tiles * self.tile.rows * self.tile.columns)

    def to_dict(self) -> dict:
        """Return the map as plain numbers, for reports and JSON."""
        return {
            "tile": self.tile.to_dict(),
            "tiles": self.tiles,
            "utilization": self.utilization,
            "layers": [
                {
                    name: getattr(layer, name)
                    for name in ("name", "rows", "columns", "row_tiles", "column_tiles", "tiles", "utilization")
                }
                for layer in self.layers
            ],
        }


def map_layer(layer: MatrixShape, tile: TileShape, *, planes: int = DEVICES["pair"]) -> LayerMap:
    """Lay one layer on tiles.

    Args:
        layer: name, rows and columns of its weights; a convolution counts its unrolled kernel as one row per input.
        tile: size of the arrays.
        planes: devices per weight; more than two for weights of several digits [1].

    Raises:
        InputError: a layer without rows or columns, or a weight wider than a tile.
    """
    for name in ("rows", "columns"):
        value = getattr(layer, name)
        if value != int(value) or value < 1:
            raise InputError(f'layer "{layer.name}": {name} = {value!r} must be a whole number >= 1')
    found = LayerMap(name=layer.name, rows=int(layer.rows), columns=int(layer.columns), tile=tile, planes=planes)
    if found.lines > tile.columns:
        raise InputError(f'layer "{layer.name}": a weight of {planes} devices is wider than a tile of {tile.columns}')
    return found


def map_network(layers: Iterable[MatrixShape], tile: TileShape) -> NetworkMap:
    """Lay every layer of a network on tiles of its own.

    Args:
        layers: as for `map_layer`.
        tile: size of the arrays.

    Raises:
        InputError: there is no layer, or one that has no rows or columns.
    """
    maps = tuple(map_layer(layer, tile) for layer in layers)
    if not maps:
        raise InputError("a network to map needs at least one layer")
    return NetworkMap(layers=maps, tile=tile)


def _even_slices(length: int, parts: int) -> list[slice]:
    """Cut 0 ... length into parts whose sizes differ by at most one, longer ones first."""
    size, longer = divmod(length, parts)
    edges = [part * size + min(part, longer) for part in range(parts + 1)]
    return [slice(first, last) for first, last in itertools.pairwise(edges)]
