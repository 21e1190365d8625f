"""Values in bfloat16: rounding, normalizations that rectify, networks whose values pass in it."""

import numpy as np
import pytest

from arraysim.networks import digital_kernel
from arraysim.networks.bfloat16 import NUMBERS, narrow, wide, widen
from arraysim.networks.crossbars import array_layers
from arraysim.networks.definition import (
    Activation,
    BatchNorm,
    Convolution,
    Flatten,
    Linear,
    Mark,
    NetworkDefinition,
    Pooling,
    Sum,
)
from arraysim.networks.digital_layers import ActivationLayer, BatchNormLayer
from arraysim.networks.network import Network
from arraysim.synapses.weights import FloatWeights
from dwcore.numerics.threads import workers

CHAIN = (
    Convolution(channels=8, kernel=3, padding=1, bias=False),
    BatchNorm(),
    Activation(),
    Convolution(channels=8, kernel=3, padding=1),
    Pooling(size=2),
    BatchNorm(),
    Mark(name="here"),
    Convolution(channels=8, kernel=3, padding=1),
    BatchNorm(),
    Sum(of="here"),
    Activation(),
    Flatten(),
    Linear(),
)
IMAGE, CLASSES = (9, 8, 3), 4


def rounded(values: np.ndarray) -> np.ndarray:
    """Return numbers of single precision as bfloat16, by the kernel of the normalization with slope 1."""
    out, one = np.empty((len(values), 1), NUMBERS), np.ones(1, np.float32)
    digital_kernel.scale_and_shift(values[:, None], one, 0 * one, np.float32(-np.inf), out)
    return out[:, 0]


def test_every_number_is_the_nearest_to_itself():
    every = np.arange(1 << 16, dtype=np.uint32).astype(NUMBERS)
    values = widen(every)
    sound = np.isfinite(values) & (every != 0x8000)  # adding 0 makes 0 of -0
    assert np.array_equal(rounded(values)[sound], every[sound])
    assert widen(values) is values


def test_rounding_is_that_of_a_library():
    torch = pytest.importorskip("torch", reason="the extra torch is not installed")
    bits = np.random.default_rng(1).integers(0, 1 << 32, 300_000, dtype=np.uint32)
    bits[:4] = 0x3F808000, 0x3F818000, 0x7F7FFFFF, 0x7F800001  # two ties, the largest number, a NaN of low bits
    values = bits.view(np.float32)
    wanted = torch.from_numpy(values).to(torch.bfloat16).float().numpy()
    found = widen(rounded(values))
    np.testing.assert_array_equal(found, wanted)
    truncated = (bits & 0xFFFF0000).view(np.float32)
    assert np.nanmax(np.abs(truncated[:2] - wanted[:2])) > 0


def test_functions_of_kernels_work_in_plain_python():
    """Seven bits follow the point: ties between two numbers go to the one whose last bit is 0, and NaN stays NaN."""
    for value, bits in ((1 + 2.0**-8, 0x3F80), (1 + 3 * 2.0**-8, 0x3F82), (1 + 2.0**-8 + 2.0**-20, 0x3F81)):
        assert narrow(np.float32(value), np.uint16(0)) == bits
    assert np.isnan(wide(narrow(np.uint32(0x7F800001).view(np.float32), np.uint16(0))))
    assert wide(np.uint16(0x3FC0)) == 1.5 and wide(np.float64(3)) == 3.0
    assert narrow(np.float32(1.5), np.uint16(0)) == 0x3FC0 and narrow(np.float32(1.1), np.float32(0)) == np.float32(1.1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_normalization_that_rectifies_is_both_layers(dtype):
    rng = np.random.default_rng(2)
    value, error = rng.normal(size=(2, 40, 5, 6, 7)).astype(dtype)
    joint, plain = BatchNormLayer(BatchNorm(), 7, dtype, rectified=True), BatchNormLayer(BatchNorm(), 7, dtype)
    for layer in (joint, plain):
        layer.parameters[:] = np.random.default_rng(3).normal(size=(2, 7))
    relu = ActivationLayer(Activation())
    normalized = plain.forward(value, True)
    wanted = relu.forward(normalized, True)
    assert np.array_equal(joint.forward(value, True), wanted) and not np.array_equal(normalized, wanted)
    back = plain.backward(relu.backward(error, True), True)
    assert np.array_equal(joint.backward(error, True), back)
    assert np.array_equal(joint.gradients, plain.gradients)
    assert not np.array_equal(plain.backward(error, True), back)
    assert np.array_equal(joint.forward(value, False), np.maximum(plain.forward(value, False), 0))


def learned(products: str, threads: int = 1, layers: tuple = CHAIN, error_bits: int = 0) -> Network:
    """A network that has seen one batch."""
    pytest.importorskip("torch", reason="the extra torch is not installed")
    definition = NetworkDefinition(name="chain", layers=layers, error_bits=error_bits)
    rng = np.random.default_rng(4)
    weights = [
        FloatWeights(rng.normal(0, 0.3, (layer.rows, layer.columns)).astype(np.float32))
        for layer in array_layers(definition, IMAGE, CLASSES)
    ]
    network = Network(definition, weights, input_shape=IMAGE, classes=CLASSES, products=products)
    with workers(threads):
        network.learn(rng.normal(size=(50, *IMAGE)).astype(np.float32), rng.integers(CLASSES, size=50))
    return network


@pytest.mark.parametrize("error_bits", [0, 12])
@pytest.mark.parametrize(
    ("kinds", "most"),
    [
        ((Convolution, BatchNorm, Mark, Sum, Flatten, Linear), 0.02),
        # Values whose rounding decides about a rectifier or a place in a square add to the difference.
        (object, 0.2),
    ],
    ids=["smooth", "with choices"],
)
def test_gradients_are_those_of_single_precision_up_to_the_rounding(kinds, most, error_bits):
    layers = tuple(layer for layer in CHAIN if isinstance(layer, kinds))
    exact, short = (learned(f"onednn-{name}", 1, layers, error_bits) for name in ("float32", "bfloat16"))
    pairs = [*zip(exact.gradients, short.gradients, strict=True)]
    pairs += [(one.gradient(), other.gradient()) for one, other in zip(exact.crossbars, short.crossbars, strict=True)]
    for wanted, found in pairs:
        difference = np.linalg.norm(found - wanted) / np.linalg.norm(wanted)
        assert 1e-4 < difference < most  # a rounding is up to 0.4 %


def test_signals_are_whole_numbers_of_rows_and_of_single_precision():
    layer = learned("onednn-bfloat16").crossbars[1]
    rows, errors = layer.signals()
    assert rows.dtype == errors.dtype == np.float32
    scale = np.abs(layer.gradient()).max()
    np.testing.assert_allclose(rows.T @ errors, layer.gradient(), atol=0.01 * scale)


def test_threads_change_no_bit():
    one, two = (learned("onednn-bfloat16", threads) for threads in (1, 2))
    for first, second in zip(one.crossbars, two.crossbars, strict=True):
        assert np.array_equal(first.gradient(), second.gradient())
