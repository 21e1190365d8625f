"""Mapping of layers to tiles."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arraysim.periphery.tiles import TileShape, map_layer, map_network
from dwcore.errors import InputError


@dataclasses.dataclass
class Layer:
    name: str
    rows: int
    columns: int


def test_a_layer_by_hand():
    one = map_layer(Layer("hidden", 785, 256), TileShape(rows=128, columns=128))
    assert (one.row_tiles, one.column_tiles, one.tiles) == (7, 4, 28)
    assert one.utilization == 785 * 256 * 2 / (28 * 128 * 128)
    assert [s.stop - s.start for s in one.row_slices] == [113, 112, 112, 112, 112, 112, 112]
    assert [s.stop - s.start for s in one.column_slices] == [64] * 4
    single = map_layer(Layer("hidden", 785, 256), TileShape(rows=128, columns=128, weight="single"))
    assert (single.column_tiles, single.utilization) == (2, 785 * 256 / (14 * 128 * 128))


@settings(deadline=None)
@given(st.integers(1, 90), st.integers(1, 40), st.integers(1, 100), st.integers(2, 100))
def test_blocks_cover_every_weight_once_and_fit(rows, columns, tile_rows, tile_columns):
    tile = TileShape(rows=tile_rows, columns=tile_columns)
    one = map_layer(Layer("any", rows, columns), tile)
    cover = np.zeros((rows, columns), int)
    for block in one.blocks():
        cover[block] += 1
        assert block[0].stop - block[0].start <= tile.rows
        assert 2 * (block[1].stop - block[1].start) <= tile.columns
    assert np.all(cover == 1)
    assert len(list(one.blocks())) == one.tiles
    assert 0 < one.utilization <= 1


def test_a_network_adds_up():
    layers = [Layer("a", 128, 64), Layer("b", 129, 10)]
    chip = map_network(layers, TileShape())
    assert chip.tiles == 1 + 2
    assert chip.utilization == (128 * 128 + 129 * 20) / (3 * 128 * 128)
    assert chip.to_dict()["layers"][1]["row_tiles"] == 2


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: TileShape(rows=0), "rows = 0"),
        (lambda: TileShape(rows=1.5), "whole number"),
        (lambda: TileShape(columns=1), "columns = 1"),
        (lambda: TileShape(weight="pairs"), 'did you mean "pair"'),
        (lambda: map_layer(Layer("fc", 0, 3), TileShape()), 'layer "fc": rows = 0'),
        (
            lambda: map_layer(Layer("fc", 2, 3), TileShape(columns=5), planes=6),
            "weight of 6 devices is wider than .* 5",
        ),
        (lambda: map_network([], TileShape()), "at least one layer"),
    ],
)
def test_bad_input_is_named(make, words):
    with pytest.raises(InputError, match=words):
        make()
