"""What a periphery is by default, how resistances add up at the ends of lines, and where values end."""

import dataclasses

import pytest

from arraysim.periphery.config import Adc, Dac, Periphery, Read, TileWires, Wires, periphery_from_mapping
from arraysim.periphery.tiles import TileShape
from dwcore.errors import InputError

WIRES = Wires(word_resistance=1.0, bit_resistance=2.0, driver_resistance=30.0, sink_resistance=400.0)


def test_ends_of_lines_are_in_series_with_their_first_segment():
    assert WIRES.word == (1.0, 31.0) and WIRES.bit == (2.0, 402.0)
    assert Wires().ideal and not any(Wires(**{field.name: 1.0}).ideal for field in dataclasses.fields(Wires))


def test_arrays_turned_about_exchange_their_ends_and_transposed_ones_their_lines_too():
    assert WIRES.turned() == Wires(
        word_resistance=1.0, bit_resistance=2.0, driver_resistance=400.0, sink_resistance=30.0
    )
    assert WIRES.transposed() == Wires(
        word_resistance=2.0, bit_resistance=1.0, driver_resistance=400.0, sink_resistance=30.0
    )
    assert WIRES.turned().turned() == WIRES.transposed().transposed() == WIRES


def test_what_is_not_given_is_ideal():
    """But for the voltage of a read, the lines of a converter and the size of a tile, which have usual values."""
    made = periphery_from_mapping({}, "here")
    assert made == Periphery() and made.wires.ideal
    assert (made.dac.bits, made.dac.coding, made.dac.full_scale) == (0, "serial", None)
    assert (made.adc.bits, made.adc.kind, made.adc.full_scale, made.adc.lines) == (0, "sar", None, 8)
    assert made.adc.offset_dtod == made.adc.gain_dtod == made.adc.nonlinearity_dtod == 0 and made.adc.exact
    assert (made.read.voltage, made.read.noise, made.read.integrator_noise) == (0.1, 0.0, 0.0)
    assert (made.read.subtraction, made.read.passes) == ("analog", "both")
    assert (made.wires.solution, made.wires.refresh) == ("exact", 0.05)
    assert made.tile == TileShape() and (made.tile.rows, made.tile.columns) == (128, 128)
    assert "full_scale" not in made.to_dict()["adc"]


@pytest.mark.parametrize(
    ("kind", "bound", "beyond"),
    [
        (Dac, {"bits": 12}, {"bits": 13}), (Dac, {"bits": 2}, {"bits": 1}), (Adc, {"bits": 12}, {"bits": 13}),
        (Adc, {"bits": 2}, {"bits": 1}), (Adc, {"nonlinearity_dtod": 0.29}, {"nonlinearity_dtod": 0.3}),
        (Adc, {"kind": "flash", "nonlinearity_dtod": 0.3}, {"kind": "flash", "nonlinearity_dtod": 1001.0}),
        (Adc, {"gain_dtod": 0.29}, {"gain_dtod": 0.3}), (Adc, {"lines": 1}, {"lines": 0}),
        (Read, {"voltage": 10.0}, {"voltage": 10.1}), (Read, {"noise": 0.99}, {"noise": 1.0}),
        (TileWires, {"refresh": 1.0}, {"refresh": 1.1}), (Wires, {"bit_resistance": 1e9}, {"bit_resistance": 1.1e9}),
    ],
)  # fmt: skip
def test_bounds(kind, bound, beyond):
    kind(**bound)
    with pytest.raises(InputError, match=rf"{list(beyond)[-1]} = "):
        kind(**beyond)


def test_converters_with_a_spread_of_their_steps_are_not_exact():
    assert Adc(bits=4, offset_dtod=0.1, gain_dtod=0.1).exact and not Adc(bits=4, nonlinearity_dtod=0.1).exact
