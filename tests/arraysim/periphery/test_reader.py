"""Layers read through the periphery: what each part alone changes, by how much, and what changes nothing."""

import types

import numpy as np
import pytest

from arraysim.periphery.adc import ConverterBank
from arraysim.periphery.config import (
    Adc,
    Dac,
    Periphery,
    Read,
    TileWires,
    Wires,
    load_periphery,
    periphery_from_mapping,
)
from arraysim.periphery.dac import input_coding
from arraysim.periphery.effective_matrix import effective_matrix
from arraysim.periphery.read_path import LayerLines, TileReads
from arraysim.periphery.reader import PeripheryReader, _converters
from arraysim.periphery.tiles import TileShape, map_layer
from arraysim.synapses.ladder import ladder_law
from arraysim.synapses.synapse_array import stream_keys
from arraysim.synapses.weight_kinds import make_weights
from dwcore.errors import InputError
from dwcore.numerics.threads import workers

ROWS, COLUMNS = 150, 40
SMALL = TileShape(rows=64, columns=32)


def layer(periphery=None, *, seed=3, rows=ROWS, columns=COLUMNS, spread=0.1, digits=1):
    reader = None if periphery is None else PeripheryReader(periphery, seed=seed)
    weights = make_weights(
        "pair" if digits == 1 else "digits",
        ladder_law(conductance_low=1e-5),
        digits=digits,
        rows=rows,
        columns=columns,
        largest_weight=0.4,
        seed=0,
        reader=reader,
        conductance_std_dtod=spread,
    )
    weights.initialize(1.0, np.random.default_rng(0))
    return weights


def inputs(n=300, *, signed=False, rows=ROWS):
    values = np.random.default_rng(1).uniform(-1 if signed else 0, 1, (n, rows)).astype(np.float32)
    values[0, 0] = 1.0
    return values


def errors(n=300):
    return np.random.default_rng(2).normal(size=(n, COLUMNS)).astype(np.float32)


def relative(found, expected):
    return float(np.sqrt(((found - expected) ** 2).mean() / (expected**2).mean()))


def test_an_ideal_periphery_changes_no_bit():
    plain, read = layer(), layer(Periphery(tile=SMALL))
    assert np.array_equal(read.forward(inputs()), plain.forward(inputs()))
    assert np.array_equal(read.backward(errors()), plain.backward(errors()))


def test_fine_converters_change_nothing_but_rounding():
    fine = Periphery(tile=SMALL, dac=Dac(bits=12), adc=Adc(bits=12))
    weights, x, e = layer(fine), inputs(), errors()
    assert relative(weights.forward(x), x @ weights.values) < 2e-3
    assert relative(weights.backward(e), e @ weights.values.T) < 2e-3
    coarse = layer(Periphery(tile=SMALL, dac=Dac(bits=12), adc=Adc(bits=4)))
    assert relative(coarse.forward(x), x @ weights.values) > 2e-2


PARTS = {
    "dac": Periphery(tile=SMALL, dac=Dac(bits=4)),
    "adc": Periphery(tile=SMALL, adc=Adc(bits=5)),
    "adc errors": Periphery(tile=SMALL, adc=Adc(bits=12, offset_dtod=50.0, gain_dtod=0.02)),
    "adc shape": Periphery(tile=SMALL, adc=Adc(bits=6, kind="flash", nonlinearity_dtod=2.0)),
    "device noise": Periphery(tile=SMALL, read=Read(noise=0.05)),
    "integrator": Periphery(tile=SMALL, read=Read(integrator_noise=3e-7)),
    "wires": Periphery(tile=SMALL, wires=TileWires(word_resistance=20.0, bit_resistance=20.0)),
}


@pytest.mark.parametrize("part", PARTS)
def test_each_part_works_alone_in_both_directions(part):
    weights, x, e = layer(PARTS[part]), inputs(), errors()
    forward, backward = weights.forward(x), weights.backward(e)
    assert 2e-3 < relative(forward, x @ weights.values) < 0.5
    assert 2e-3 < relative(backward, e @ weights.values.T) < 0.5
    again = layer(PARTS[part])
    assert np.array_equal(again.forward(x), forward) and np.array_equal(again.backward(e), backward)


def test_backward_can_be_left_ideal():
    weights = layer(Periphery(dac=Dac(bits=4), adc=Adc(bits=4), read=Read(passes="forward")))
    assert np.array_equal(weights.backward(errors()), layer().backward(errors()))
    assert not np.array_equal(weights.forward(inputs()), layer().forward(inputs()))


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("subtraction", ["analog", "digital"])
def test_bit_serial_reads_add_up_to_the_quantized_product(signed, subtraction):
    """Devices without spread make partial sums whole multiples; steps of one multiple lose nothing."""
    law_step = 1e-5 * 1.5 / 4  # between neighbouring levels of the ladder
    scale = {"analog": 2047, "digital": 4095 if not signed else 2047}[subtraction]
    periphery = Periphery(
        tile=SMALL,
        dac=Dac(bits=6),
        adc=Adc(bits=12, full_scale=scale * law_step * 0.1 / 3),
        read=Read(voltage=0.1, subtraction=subtraction),
    )
    # Levels lie at 1e-5 + k law_step, and 1e-5 is 8/3 law_step: a third of a step divides both.
    weights = layer(periphery, spread=0.0)
    x = inputs(signed=signed)
    levels = 2 ** (6 - signed) - 1
    expected = np.rint(x * levels) / levels @ weights.values
    np.testing.assert_allclose(weights.forward(x), expected, atol=2e-4 * np.abs(expected).max())


@pytest.mark.parametrize("adc_bits", [0, 12])
@pytest.mark.parametrize(("subtraction", "digits"), [("analog", 1), ("digital", 1), ("digital", 2)])
@pytest.mark.parametrize("dac", [Dac(), Dac(bits=4), Dac(bits=4, coding="level")])
def test_read_noise_has_the_variance_of_independent_devices(adc_bits, subtraction, digits, dac):
    periphery = Periphery(
        tile=SMALL,
        dac=dac,
        adc=Adc(bits=adc_bits),
        read=Read(noise=0.1, integrator_noise=1e-6, subtraction=subtraction),
    )
    weights = layer(periphery, digits=digits)
    x = np.repeat(inputs(1), 3000, axis=0)
    quiet = layer(Periphery(tile=SMALL, dac=dac), digits=digits)
    deviation = weights.forward(x) - quiet.forward(x)
    factors = {1: (1, 1), 2: (0.2, 0.2, 0.8, 0.8)}[
        digits
    ]  # of the devices of a weight; a second pair counts four times
    squares = weights.scale**2 * sum((f * plane) ** 2 for f, plane in zip(factors, weights.conductances, strict=True))
    converted = sum(f**2 for f in factors) if subtraction == "digital" else 1
    levels = 2**dac.bits - 1 if dac.bits else 1
    shares, significance = [x[0]], [1.0]
    if dac.bits:
        shares = [np.rint(x[0] * levels) / levels]
    if dac.bits and dac.coding == "serial":
        whole = np.rint(x[0] * levels).astype(int)
        shares = [(whole >> b & 1) for b in range(dac.bits)]
        significance = [2**b / levels for b in range(dac.bits)]
    floor = 3 * converted * (1e-6 * weights.scale / 0.1) ** 2  # three tiles one below the other
    expected = sum(s**2 * (0.01 * share**2 @ squares + floor) for s, share in zip(significance, shares, strict=True))
    np.testing.assert_allclose(deviation.var(axis=0) / expected, 1, atol=5 * np.sqrt(2 / 3000) + 0.01)
    assert np.abs(deviation.mean(axis=0) / np.sqrt(expected / 3000)).max() < 6
    neighbours = (
        np.corrcoef(deviation[:-1, 0], deviation[1:, 0])[0, 1],
        np.corrcoef(deviation[:, 0], deviation[:, 1])[0, 1],
    )
    assert np.abs(neighbours).max() < 5 / np.sqrt(3000)


def test_every_read_draws_new_noise():
    weights = layer(Periphery(read=Read(noise=0.1)))
    assert not np.array_equal(weights.forward(inputs()), weights.forward(inputs()))


@pytest.mark.parametrize(("word", "bit", "driver", "sink"), [(5, 3, 100, 20), (4, 4, 100, 20), (5, 3, 50, 50)])
def test_wires_multiply_by_the_effective_matrix_of_each_tile(word, bit, driver, sink):
    circuit = {
        "word_resistance": float(word),
        "bit_resistance": float(bit),
        "driver_resistance": float(driver),
        "sink_resistance": float(sink),
    }
    weights = layer(Periphery(tile=SMALL, wires=TileWires(**circuit)))
    plus, minus = weights.conductances
    rows, columns = slice(50, 100), slice(14, 27)  # 150 rows in three, 40 columns in three of 14, 13 and 13
    together = np.stack([plus[rows, columns], minus[rows, columns]], axis=-1).reshape(50, -1)
    x, e = np.zeros((1, ROWS), np.float32), np.zeros((1, COLUMNS), np.float32)
    x[0, rows], e[0, columns] = 0.5, 0.25
    ahead = effective_matrix(together, Wires(**circuit))
    expected = weights.scale * 0.5 * ahead.sum(axis=0).reshape(-1, 2) @ [1, -1]
    np.testing.assert_allclose(weights.forward(x)[0, columns], expected, rtol=1e-5, atol=1e-7)
    back = effective_matrix(together, Wires(**circuit).turned())
    expected = weights.scale * 0.25 * (back[:, ::2] - back[:, 1::2]).sum(axis=1)
    np.testing.assert_allclose(weights.backward(e)[0, rows], expected, rtol=1e-5, atol=1e-7)


def test_fast_wires_keep_to_their_stated_error():
    circuit = {"word_resistance": 1.0, "bit_resistance": 1.0, "driver_resistance": 100.0, "sink_resistance": 50.0}
    tile = TileShape(rows=128, columns=128)
    fast = layer(Periphery(tile=tile, wires=TileWires(**circuit, solution="fast", refresh=0.05)), rows=128, columns=64)
    exact = layer(Periphery(tile=tile, wires=TileWires(**circuit)), rows=128, columns=64)
    x = inputs(200, rows=128)
    np.testing.assert_allclose(fast.forward(x), exact.forward(x), rtol=1e-5, atol=1e-6)
    for weights in (fast, exact):
        weights.pulse((np.random.default_rng(5).random((128, 64)) < 0.095).astype(np.int8))
    error = relative(fast.forward(x), exact.forward(x))
    ideal = relative(exact.forward(x), x @ exact.values)
    assert 0 < error < 0.02 and error < ideal / 20
    for weights in (fast, exact):
        weights.pulse((np.random.default_rng(6).random((128, 64)) < 0.095).astype(np.int8))
    assert relative(fast.forward(x), exact.forward(x)) < 1e-5  # beyond the share, the tile was solved again


def test_results_do_not_depend_on_threads():
    periphery = Periphery(tile=SMALL, dac=Dac(bits=8), adc=Adc(bits=6, offset_dtod=0.3), read=Read(noise=0.05))
    x = inputs(1500)
    alone = layer(periphery).forward(x)
    with workers(2):
        assert np.array_equal(layer(periphery).forward(x), alone)


def test_a_checkpoint_goes_on_bit_for_bit():
    periphery = Periphery(tile=SMALL, dac=Dac(bits=8), adc=Adc(bits=6), read=Read(noise=0.05))
    through, cut, again = layer(periphery), layer(periphery), layer(periphery)
    batches = [inputs(20) * factor for factor in (1.0, 2.0, 0.5, 1.5)]
    for weights in (through, cut):
        for batch in batches[:2]:
            weights.forward(batch), weights.backward(errors(20))
    saved = cut.reader.checkpoint()
    again.reader.restore(saved)
    for batch in batches[2:]:
        assert np.array_equal(again.forward(batch), through.forward(batch))
        assert np.array_equal(again.backward(errors(20)), through.backward(errors(20)))
    assert not np.array_equal(cut.reader.checkpoint()["0_reads"], through.reader.checkpoint()["0_reads"])


def test_kept_ranges_do_not_follow_the_data():
    weights = layer(Periphery(dac=Dac(bits=8), adc=Adc(bits=8)))
    weights.forward(inputs())
    weights.reader.adapt = False
    clipped = weights.forward(4 * inputs())
    np.testing.assert_array_equal(clipped, weights.forward(np.minimum(4 * inputs(), 1)))


def test_an_input_range_forgets_a_hundredth_a_read():
    weights = layer(Periphery(dac=Dac(bits=8)))
    weights.forward(4 * inputs())
    for _ in range(10):
        weights.forward(inputs())
    assert weights.reader.checkpoint()["0_full_scale"][0] == pytest.approx(4 * 0.99**10)
    for _ in range(200):
        weights.forward(inputs(5))
    assert weights.reader.checkpoint()["0_full_scale"][0] == 1.0


def test_a_range_follows_the_largest_magnitude_and_remembers_signs():
    weights = layer(Periphery(dac=Dac(bits=8)))
    x = inputs(5)
    x[2, 3] = -4
    for batch in (x, inputs(5)):
        weights.forward(batch)
    found = weights.reader.checkpoint()
    assert found["0_full_scale"][0] == pytest.approx(4 * 0.99) and found["0_signed"][0]


def test_converters_find_their_range_anew_at_powers_of_two_and_every_256_reads():
    weights = layer(Periphery(adc=Adc(bits=6)))
    path = weights.reader.path(0, weights)
    assert path.due(adapt=False)
    weights.forward(inputs(5))
    due = []
    for n in range(1, 1100):
        path.memory["reads"][0] = n
        assert not path.due(adapt=False)
        if path.due(adapt=True):
            due.append(n)
    assert due == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 768, 1024]


def test_a_file_is_read_and_its_faults_are_named(tmp_path):
    path = tmp_path / "chip.toml"
    path.write_text(
        '[wires]\nword_resistance = "1 ohm"\n[adc]\nbits = 6\nfull_scale = "20 uA"\n[read]\nvoltage = "100 mV"\n'
    )
    periphery = load_periphery(path)
    assert periphery.adc.bits == 6 and periphery.adc.full_scale == pytest.approx(2e-5)
    assert periphery.wires.word_resistance == 1.0 and periphery.read.voltage == 0.1
    assert periphery_from_mapping(periphery.to_dict(), "again") == periphery
    for text, words in (
        ("[adcs]\nbits = 6\n", r'unknown section \[adcs\]; did you mean "adc"'),
        ("[adc]\nbit = 6\n", r'\[adc\]: unknown key "bit"; did you mean "bits"'),
        ('[wires]\nword_resistance = "-1 ohm"\n', "word_resistance = -1"),
        ("[dac]\nbits = 8.5\n", "must be a whole number"),
        ("[tile\n", "not a TOML file"),
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=words):
            load_periphery(path)
    with pytest.raises(InputError, match="no such file"):
        load_periphery(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("subtraction", "backward", "numbers"),
    [
        ("analog", False, [[[0, 0, 1, 2, 2], [3, 3, 4, 5, 5]]]),
        ("digital", False, [[[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]] * 2),
        ("digital", True, [[[0, 0, 1, 2, 2, 3], [4, 4, 5, 6, 6, 7]]] * 2),
    ],
)
def test_lines_side_by_side_take_turns_at_a_converter(subtraction, backward, numbers):
    """6 x 5 pairs on tiles of 3 x 3 and 3 x 2; two lines share a converter, those of a pair if each is converted on its own.

    Errors drive bit lines, and what a word line gives is read once for each device of a pair, by one converter.
    """
    tile = TileShape(rows=4, columns=8)
    layer = map_layer(types.SimpleNamespace(name="layer", rows=6, columns=5), tile, planes=2)
    periphery = Periphery(tile=tile, adc=Adc(bits=4, lines=2), read=Read(subtraction=subtraction))
    assert _converters(layer, 2, periphery, backward=backward).tolist() == numbers


def test_planes_on_tiles_of_their_own_have_converters_of_their_own():
    """The same weights, a device per weight and tile: tiles of 3 x 3 and 3 x 2, first those of G+, two lines in turn."""
    tile = TileShape(rows=4, columns=4, weight="single")
    layer = map_layer(types.SimpleNamespace(name="layer", rows=6, columns=5), tile, planes=2)
    periphery = Periphery(tile=tile, adc=Adc(bits=4, lines=2), read=Read(subtraction="digital"))
    expected = [[[0, 0, 1, 4, 4], [6, 6, 7, 10, 10]], [[2, 2, 3, 5, 5], [8, 8, 9, 11, 11]]]
    assert _converters(layer, 2, periphery, backward=False).tolist() == expected


def test_wires_of_planes_on_tiles_of_their_own():
    """Each tile is a circuit of one plane: 150 rows in three, 40 columns in two."""
    circuit = {"word_resistance": 5.0, "bit_resistance": 3.0, "sink_resistance": 20.0}
    tile = TileShape(rows=64, columns=32, weight="single")
    weights = layer(Periphery(tile=tile, wires=TileWires(**circuit)))
    rows, columns = slice(50, 100), slice(20, 40)
    x = np.zeros((1, ROWS), np.float32)
    x[0, rows] = 0.5
    plus, minus = (effective_matrix(plane[rows, columns], Wires(**circuit)) for plane in weights.conductances)
    expected = weights.scale * 0.5 * (plus - minus).sum(axis=0)
    np.testing.assert_allclose(weights.forward(x)[0, columns], expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("coding", ["serial", "level"])
def test_a_line_goes_through_the_converter_of_its_matrix_and_tile(coding):
    """Two tiles of two matrices without a current: what is left are offsets of 1 and 10 steps less those of 100 and 1000."""
    bank = ConverterBank(Adc(bits=12), np.arange(4)[:, None], signed=True, seed=1, layer=0, stream=0)
    bank.offset[:, 0] = 1, 10, 100, 1000
    nothing = np.zeros((4, 1), np.float32)
    lines = LayerLines(matrices=(nothing, nothing), factors=(1.0, -1.0), variance=(), floor=0.0, unit=1.0)
    reads = TileReads(input_coding(3, coding, signed=True), lines, [slice(0, 2), slice(2, 4)], stream_keys(1, 0, 1))
    out = np.zeros((1, 1), np.float32)
    reads.converter(bank, 1.0)(nothing.T, np.ones(1, np.float32), out, 0)
    assert out[0, 0] == pytest.approx(11 - 1100)


def test_a_range_is_found_from_inputs_drawn_from_all():
    """Of 1000 vectors 256, about 64 from each quarter; of 256 all."""
    weights = layer(Periphery(adc=Adc(bits=6)))
    path, seen = weights.reader.path(0, weights), []

    def sums(chosen):
        seen.append(chosen)
        return np.ones((1, chosen.size), np.float32)

    for count in (1000, 256):
        path.calibrate(sums, count, 1.0)
    assert np.unique(seen[0]).size == seen[0].size == 256 and min(np.histogram(seen[0], 4, (0, 1000))[0]) > 64 - 30
    assert seen[1].tolist() == list(range(256))


def test_a_range_that_was_never_set_is_set_in_any_case():
    periphery = Periphery(dac=Dac(bits=8), adc=Adc(bits=8))
    kept, following = layer(periphery), layer(periphery)
    kept.reader.adapt = False
    assert np.array_equal(kept.forward(inputs()), following.forward(inputs()))


def test_the_sign_of_errors_takes_one_of_their_bits():
    """Three bits of a size of their own for each image: levels from -3 to 3 thirds of its largest error."""
    weights, e = layer(Periphery(dac=Dac(bits=3, coding="level"))), np.abs(errors(50))
    for given in (e, -e):
        scale = np.abs(given).max(axis=1, keepdims=True)
        expected = np.rint(given / scale * 3) / 3 * scale @ weights.values.T
        np.testing.assert_allclose(weights.backward(given), expected, atol=1e-5 * np.abs(expected).max())


def test_both_directions_have_noise_of_their_own():
    """A square layer, noise of the lines alone: the deviations of 2000 lines are independent."""
    weights = layer(Periphery(read=Read(integrator_noise=1e-6)), rows=40, columns=40)
    x = np.zeros((50, 40), np.float32)
    x[:, 0] = 1
    ahead, back = weights.forward(x) - x @ weights.values, weights.backward(x) - x @ weights.values.T
    assert abs(np.corrcoef(ahead.ravel(), back.ravel())[0, 1]) < 5 / np.sqrt(2000)


def test_a_fast_solution_goes_back_with_its_reader():
    """Solved at A and read at B, where few devices differ: the same again after it was solved at C, and at B itself."""
    wires = TileWires(word_resistance=1.0, bit_resistance=1.0, solution="fast", refresh=0.05)
    weights, x = layer(Periphery(wires=wires), rows=60, columns=20), inputs(20, rows=60)
    weights.forward(x)
    weights.pulse((np.random.default_rng(5).random((60, 20)) < 0.06).astype(np.int8))
    first, saved, devices = weights.forward(x), weights.reader.checkpoint(), weights.checkpoint()
    weights.pulse(np.ones((60, 20), np.int8))
    weights.forward(x)
    weights.restore(devices)
    weights.reader.restore(saved)
    assert np.array_equal(weights.forward(x), first)
    weights.pulse(np.ones((60, 20), np.int8))
    weights.forward(x)
    weights.restore(devices)
    assert not np.array_equal(weights.forward(x), first), "solved at B"
    weights.reader.restore(saved)
    assert np.array_equal(weights.forward(x), first)


def test_weights_say_whether_they_are_read_through_a_periphery():
    assert repr(layer(Periphery())).endswith("read through a periphery>") and repr(layer()).endswith("read exact>")
