"""Converters: quantization errors against closed forms, deviations of single converters, kernels against their pure form."""

import numpy as np
import pytest
from scipy.stats import norm

from arraysim.periphery import adc as adc_module
from arraysim.periphery import convert_kernel
from arraysim.periphery.adc import ConverterBank, best_step, code_range, elements, padded, thresholds
from arraysim.periphery.config import Adc
from dwcore.errors import InputError

N = 200_000


def converted(values, step, low, high, adc=None, deviates=None):
    """Values through one converter, in the unit of the values."""
    sums = np.ascontiguousarray(values, dtype=np.float32).reshape(1, -1, 1)
    out = np.zeros((values.size, 1), np.float32)
    line = np.ones(values.size, np.float32), np.array([1 / step], np.float32), np.zeros(1, np.float32)
    line = np.ones(1, np.float32), *line, np.float32(low), np.float32(high)
    if adc is None:
        convert_kernel.convert_add(sums, *line, out)
    else:
        table, reach = padded(thresholds(adc, signed=low < 0, deviates=deviates), low)
        place = np.zeros(1, np.int32)
        convert_kernel.convert_add_nonlinear(sums, *line, table, place, reach, out)
    return out[:, 0] * step


@pytest.mark.parametrize("bits", [3, 5, 8])
@pytest.mark.parametrize("signed", [True, False])
def test_an_adc_in_range_errs_by_a_twelfth_of_a_square_step(bits, signed):
    low, high = code_range(bits, signed=signed)
    assert high - low == 2**bits - 1
    step = 0.3
    values = np.random.default_rng(0).uniform((low - 0.5) * step, (high + 0.5) * step, N)
    error = converted(values, step, low, high) - values
    assert np.abs(error).max() <= step / 2 * 1.001
    # The fourth moment of an even distribution gives the standard error of the mean square.
    assert (error**2).mean() == pytest.approx(step**2 / 12, rel=4 * np.sqrt(0.8 / N))


def test_a_clipping_adc_errs_by_the_tail_of_the_data():
    step, high = 1e-3, 1500
    values = np.random.default_rng(1).normal(size=N)
    error = converted(values, step, -high, high) - values
    edge = step * high
    expected = 2 * ((1 + edge**2) * norm.sf(edge) - edge * norm.pdf(edge)) + step**2 / 12
    assert (error**2).mean() == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("signed", [True, False])
def test_a_dac_errs_by_a_twelfth_of_a_square_step_and_clips(bits, signed):
    levels = 2 ** (bits - signed) - 1
    values = np.random.default_rng(2).uniform(-1 if signed else 0, 1, (N, 1)).astype(np.float32)
    out = np.empty_like(values)
    convert_kernel.quantize_inputs(values, np.ones(N, np.float32), levels, out)
    error = out / levels - values
    assert (error**2).mean() == pytest.approx(1 / levels**2 / 12, rel=4 * np.sqrt(0.8 / N))
    convert_kernel.quantize_inputs(3 * values, np.ones(N, np.float32), levels, out)
    assert np.abs(out).max() == levels


def test_bits_of_an_input_add_up_to_it():
    levels = np.arange(-127, 128, dtype=np.float32).reshape(15, 17)
    planes = np.empty((7, 15, 17), np.float32)
    convert_kernel.fill_planes(levels, 0, 17, planes)
    assert set(np.unique(planes)) == {-1.0, 0.0, 1.0}
    assert np.array_equal(np.tensordot(2.0 ** np.arange(7), planes, 1), levels)


def test_the_step_of_gaussian_data_is_that_of_the_best_uniform_quantizer():
    # J. Max, IRE Trans. Inf. Theory 6, 7 (1960): 16 levels, step 0.3352, mean square error 0.01154; ours has one level
    # less above zero than below.
    sums = np.random.default_rng(3).normal(size=(1, N)).astype(np.float32)
    step = best_step(sums, np.ones(1, np.float32), -8, 7)
    assert step == pytest.approx(0.3352, rel=0.06)
    error = converted(sums[0], step, -8, 7) - sums[0]
    assert (error**2).mean() == pytest.approx(0.01154, rel=0.03)


def test_a_flash_threshold_errs_by_its_comparator():
    adc = Adc(bits=5, kind="flash", nonlinearity_dtod=0.1)
    deviates = np.random.default_rng(4).normal(size=(2000, elements(adc)))
    found = thresholds(adc, signed=True, deviates=deviates)
    assert np.all(np.diff(found, axis=1) >= 0)
    assert (found - np.arange(-15.5, 15)).std() == pytest.approx(0.1, rel=0.02)


def test_a_sar_errs_most_where_all_bits_change():
    adc = Adc(bits=8, kind="sar", nonlinearity_dtod=0.02)
    deviates = np.random.default_rng(5).normal(size=(4000, elements(adc)))
    found = thresholds(adc, signed=False, deviates=deviates)
    # At half scale one capacitor of 128 units replaces 127 units: the variance of the step is that of 255 units, of
    # which the common reference takes (255/255)^2 (1/255) = 1 unit away.
    width = found[:, 128] - found[:, 127]  # the code 128
    step_error = (found[:, 127] - found[:, 126]) - 1  # the code 127, just below the change
    assert step_error.std() == pytest.approx(0.02 * np.sqrt(255), rel=0.06)
    assert step_error.std() > 5 * (width - 1).std()
    assert np.abs(found[:, [0, -1]] - [0.5, 254.5]).max() < 8 * 0.02


def test_a_sar_finds_the_largest_code_below_its_input():
    adc = Adc(bits=4, kind="sar", nonlinearity_dtod=0.29)
    deviates = np.random.default_rng(6).normal(size=(50, 4))
    table = thresholds(adc, signed=False, deviates=deviates)
    units = 2.0 ** np.arange(4)
    for capacitor, found in zip(units + 0.29 * np.sqrt(units) * deviates, table, strict=True):
        capacitor = capacitor * 15 / capacitor.sum()
        for x in np.linspace(-1, 16, 300):
            rest, code = x + 0.5, 0
            for bit in range(3, -1, -1):
                if rest >= capacitor[bit]:
                    rest, code = rest - capacitor[bit], code + 2**bit
            assert code == np.searchsorted(found, x, side="right")


def test_a_ramp_bows_by_its_deviate_at_half_scale():
    adc = Adc(bits=6, kind="ramp", nonlinearity_dtod=0.5)
    found = thresholds(adc, signed=True, deviates=np.array([[1.0], [-2.0]]))
    bow = found - np.arange(-31.5, 31)
    assert bow[0].max() == pytest.approx(0.5, rel=1e-3) and bow[1].min() == pytest.approx(-1.0, rel=1e-3)
    assert np.abs(bow[:, [0, -1]]).max() < 0.07


@pytest.mark.parametrize("kind", ["sar", "flash", "ramp"])
def test_a_nonlinear_converter_without_spread_is_the_linear_one(kind):
    adc = Adc(bits=5, kind=kind)
    values = np.random.default_rng(7).normal(size=5000)
    plain = converted(values, 0.11, -16, 15)
    same = converted(values, 0.11, -16, 15, adc, np.zeros((1, elements(adc))))
    assert np.array_equal(plain, same)
    bent = converted(values, 0.11, -16, 15, Adc(bits=5, kind=kind, nonlinearity_dtod=0.29), np.ones((1, elements(adc))))
    assert np.abs(plain - bent).max() == pytest.approx(0.11, rel=1e-4)


def test_converters_are_drawn_once_and_shared_by_their_lines():
    number = np.repeat(np.arange(200), 8).reshape(4, 400)
    adc = Adc(bits=6, gain_dtod=0.02, offset_dtod=0.5)
    bank = ConverterBank(adc, number, signed=True, seed=1, layer=0, stream=0)
    again = ConverterBank(adc, number, signed=True, seed=1, layer=0, stream=0)
    other = ConverterBank(adc, number, signed=True, seed=1, layer=1, stream=0)
    assert np.array_equal(bank.offset, again.offset) and not np.array_equal(bank.offset, other.offset)
    assert np.all(bank.offset.reshape(-1, 8) == bank.offset.reshape(-1, 8)[:, :1])
    assert bank.offset.std() == pytest.approx(0.5, rel=0.2) and bank.gain.std() == pytest.approx(0.02, rel=0.2)
    assert abs(np.corrcoef(bank.offset.ravel()[::8], bank.gain.ravel()[::8])[0, 1]) < 0.3


def test_kernels_equal_their_pure_form(monkeypatch):
    rng = np.random.default_rng(8)
    vectors = rng.normal(size=(3, 9)).astype(np.float32)
    scale = np.array([1, 2, 3], np.float32)
    sums = rng.normal(size=(4, 3, 5)).astype(np.float32) * 6
    sums[0, 0, 0] = 2.5  # a tie goes to the even code in both
    significance = (2.0 ** np.arange(4)).astype(np.float32)
    gain, offset = rng.uniform(0.9, 1.1, 5).astype(np.float32), rng.normal(size=5).astype(np.float32)
    gain[0], offset[0] = 1, 0
    low, high = np.float32(-4), np.float32(3)
    factor = np.array([1, 2, 0.5], np.float32)
    threshold = np.sort(rng.normal(np.arange(-3.5, 3), 1.2, (2, 7)), axis=1)
    results = []
    for form in (lambda kernel: kernel, lambda kernel: kernel.py_func):
        levels, planes, own = np.empty_like(vectors), np.empty((4, 3, 6), np.float32), np.empty(3, np.float32)
        form(convert_kernel.fill_scales)(vectors, np.float32(1e-30), own)
        form(convert_kernel.quantize_inputs)(vectors, scale, 15, levels)
        form(convert_kernel.fill_planes)(levels, 2, 8, planes)
        out, bent = np.zeros((2, 3, 5), np.float32)
        form(convert_kernel.convert_add)(sums, significance, factor, gain, offset, low, high, out)
        table, reach = padded(threshold, -4)
        place = (np.array([0, 0, 1, 1, 1]) * (table.size // 2)).astype(np.int32)
        form(convert_kernel.convert_add_nonlinear)(
            sums, significance, factor, gain, offset, low, high, table, place, reach, bent
        )
        samples = np.tile(sums.reshape(4, -1), 5)[:, :64].copy()
        loss = form(convert_kernel.conversion_loss)(samples, significance, np.float32(0.7), low, high)
        results.append([levels, planes, out, bent, loss, own])
        monkeypatch.setattr(convert_kernel, "prefer_wide_vectors", lambda: None)  # says nothing outside a compiler
        for name, plain in (("constant", np.ndarray.__getitem__), ("lane", np.ndarray.__getitem__)):
            monkeypatch.setattr(convert_kernel, f"load_{name}", plain)
        monkeypatch.setattr(convert_kernel, "store_lane", np.ndarray.__setitem__)
    for compiled, pure in zip(*results, strict=True):
        np.testing.assert_allclose(compiled, pure, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(results[0][5], np.abs(vectors).max(axis=1))
    expected = factor[:, None] * np.tensordot(significance, np.clip(np.rint(sums * gain + offset), -4, 3), 1)
    np.testing.assert_array_equal(results[0][2], expected)
    inputs, own = sums * gain + offset, threshold.astype(np.float32)[[0, 0, 1, 1, 1]]
    below = (inputs[..., None] >= own).sum(axis=-1)
    expected = factor[:, None] * np.tensordot(significance, below - 4, 1)
    np.testing.assert_array_equal(results[0][3], expected)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"bits": 1}, "bits = 1"),
        ({"bits": 13}, "bits = 13"),
        ({"kind": "sarr"}, 'did you mean "sar"'),
        ({"lines": 0}, "lines = 0"),
        ({"bits": 6, "nonlinearity_dtod": 0.5}, "must be < 0.3 for a sar"),
        ({"gain_dtod": -0.1}, "gain_dtod = -0.1"),
        ({"full_scale": 0.0}, "full_scale = 0"),
    ],
)
def test_impossible_converters_are_named(values, words):
    with pytest.raises(InputError, match=words):
        Adc(**values)


def test_each_line_has_the_noise_of_its_own_devices():
    """Standard deviations of 0, 1, 2, 0 and 3 side by side, of 4000 vectors; and one of 2 for all where none is given."""
    n = 4000
    own = np.broadcast_to(np.array([0, 1, 4, 0, 9], np.float32), (1, n, 5)).copy()
    keys = np.uint64(1), np.uint64(2), 0, 5
    for variance, floor, expected in ((own, 0, [0, 1, 2, 0, 3]), (np.empty((0, 0, 0), np.float32), 4, [2] * 5)):
        sums = np.zeros((1, n, 5), np.float32)
        convert_kernel.add_noise(sums, variance, np.float32(floor), *keys)
        np.testing.assert_allclose(sums[0].std(axis=0), expected, rtol=4 / np.sqrt(2 * n))


def test_a_ramp_is_that_of_a_tile_and_other_converters_are_their_own():
    """Three tiles of two converters with two lines each."""
    number = np.arange(6).repeat(2).reshape(3, 4)
    for kind, alike in (("ramp", True), ("sar", False)):
        adc = Adc(bits=4, kind=kind, nonlinearity_dtod=0.2)
        bank = ConverterBank(adc, number, signed=False, seed=1, layer=0, stream=0)
        table = bank.table.reshape(6, -1)
        assert [np.array_equal(table[2 * tile], table[2 * tile + 1]) for tile in range(3)] == [alike] * 3
        assert len(np.unique(table, axis=0)) == (3 if alike else 6)
        assert np.array_equal(bank.place, number * table.shape[1])


def test_converters_of_the_two_directions_are_others():
    banks = [
        ConverterBank(Adc(bits=4, gain_dtod=0.1), np.arange(9)[None], signed=True, seed=1, layer=0, stream=stream)
        for stream in (0, 1)
    ]
    assert not np.isin(banks[0].gain, banks[1].gain).any()
    adc = Adc(bits=4, gain_dtod=0.1, offset_dtod=0.5)
    banks = [ConverterBank(adc, np.arange(9)[None], signed=True, seed=1, layer=0, stream=s) for s in (0, 1, 2)]
    deviates = np.concatenate([d.ravel() for one in banks for d in ((one.gain - 1) / 0.1, one.offset / 0.5)])
    assert np.diff(np.sort(deviates)).min() > 1e-5, "no deviate serves twice, not even as that of another kind"


def test_the_bow_of_a_ramp_is_alike_at_both_ends():
    """A parabola through zero at the ends of the range, half a step before the first and after the last threshold."""
    found = thresholds(Adc(bits=3, kind="ramp", nonlinearity_dtod=0.7), signed=False, deviates=np.array([[1.0]]))[0]
    place = np.arange(0.5, 7) / 7
    np.testing.assert_allclose(found - np.arange(0.5, 7), 0.7 * 4 * place * (1 - place))


def test_a_step_is_found_from_samples_of_all_places(monkeypatch):
    """Sums from 0 to 15 in ascending order, sixteen codes: a step of one. Where nothing flows it is one, too."""
    monkeypatch.setattr(adc_module, "MAX_SAMPLES", 100)
    sums = np.linspace(0, 15, 1000, dtype=np.float32)[None]
    assert best_step(sums, np.ones(1, np.float32), 0, 15) == pytest.approx(1, rel=0.05)
    assert best_step(0 * sums, np.ones(1, np.float32), 0, 15) == 1


@pytest.mark.parametrize(("step", "loss"), [(1.0, 64 * (0.25**2 + 2**2 / 4)), (0.5, 64 * (0.25**2 + 3.5**2 / 4))])
def test_errors_of_a_conversion_count_by_the_significance_of_their_bit(step, loss):
    """64 sums of 0.25, rounded to zero, and 64 of 5, which clip at 3 steps and stand for half."""
    sums = np.repeat(np.array([[0.25], [5.0]], np.float32), 64, axis=1)
    given = np.array([1.0, 0.5], np.float32), np.float32(step), np.float32(-4), np.float32(3)
    assert convert_kernel.conversion_loss(sums, *given) == pytest.approx(loss)
