"""Networks: gradients of every layer, convolution by definition, quantization, loss."""

import itertools

import numpy as np
import pytest
from scipy.special import log_softmax

from arraysim.datasets.datasets import load_dataset
from arraysim.networks import crossbar_layers, quantization
from arraysim.networks.crossbar_layers import ConvolutionLayer
from arraysim.networks.crossbars import array_layers
from arraysim.networks.definition import (
    Activation,
    BatchNorm,
    Convolution,
    Flatten,
    GlobalPooling,
    Linear,
    Mark,
    NetworkDefinition,
    Pooling,
    Sum,
)
from arraysim.networks.digital_layers import ActivationLayer, BatchNormLayer, PoolingLayer
from arraysim.networks.network import Network, first_weights
from arraysim.networks.presets import mlp, network_from, vgg8
from arraysim.periphery.config import Adc, Periphery
from arraysim.periphery.reader import PeripheryReader
from arraysim.synapses.ladder import ladder_law
from arraysim.synapses.weights import FloatWeights, PairedWeights
from arraysim.training.config import TrainingConfig
from arraysim.training.run import train
from dwcore.errors import InputError
from dwcore.numerics.product import BLOCK_ROWS
from dwcore.numerics.threads import workers

IMAGE, CLASSES = (7, 6, 2), 3
CONV = Convolution(channels=4, kernel=3, padding=1)
STRIDED = Convolution(channels=4, kernel=3, stride=2, bias=False)
LAYERS = {
    "linear tanh": (Flatten(), Linear(outputs=5), Activation(function="tanh"), Linear()),
    "linear relu without bias": (Flatten(), Linear(outputs=5, bias=False), Activation(), Linear(bias=False)),
    "convolution": (CONV, Activation(function="tanh"), Flatten(), Linear()),
    "two convolutions": (CONV, Activation(function="tanh"), STRIDED, Flatten(), Linear()),
    "max pool": (CONV, Pooling(size=2), STRIDED, Flatten(), Linear()),
    "average pool": (CONV, Pooling(size=3, pooling="average"), Flatten(), Linear()),
    "normalized images": (CONV, BatchNorm(), Activation(), Flatten(), Linear()),
    "normalized values": (Flatten(), Linear(outputs=5), BatchNorm(), Activation(function="tanh"), Linear()),
    "groups": (CONV, Convolution(channels=6, kernel=3, groups=2, stride=2), Flatten(), Linear()),
    "depthwise": (CONV, Convolution(channels=8, kernel=3, groups=0, padding=1, bias=False), GlobalPooling(), Linear()),
    "along the columns": (
        Convolution(channels=3, kernel=1, kernel_columns=4, padding_columns=2, stride_columns=2),
        Activation(function="tanh"),
        GlobalPooling(pooling="max"),
        Linear(),
    ),
    "residual": (
        CONV,
        Mark(name="a"),
        Activation(function="tanh"),
        Convolution(channels=6, kernel=3, padding=1, stride=2),
        Sum(of="a"),
        Mark(name="b"),
        Activation(),
        Sum(of="b"),
        Flatten(),
        Mark(name="c"),
        Activation(function="tanh"),
        Sum(of="c"),
        Linear(),
    ),
    "pool first": (Pooling(size=2), STRIDED, BatchNorm(), Flatten(), Linear()),
}


def build(layers, *, seed=0, smoothing=0.1, dtype=np.float64, error_bits=0, **how):
    definition = NetworkDefinition(name="test", layers=layers, error_bits=error_bits)
    rng = np.random.default_rng(seed)
    weights = [
        FloatWeights(rng.normal(size=(layer.rows, layer.columns)).astype(dtype))
        for layer in array_layers(definition, IMAGE, CLASSES)
    ]
    network = Network(definition, weights, input_shape=IMAGE, classes=CLASSES, label_smoothing=smoothing, **how)
    for layer in network.normalizations:
        layer.parameters[:] = rng.normal(size=layer.parameters.shape)
    return network


def batch(n=9, seed=1):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, *IMAGE)), rng.integers(CLASSES, size=n)


def loss_of(network):
    inputs, labels = batch()
    return network.learn(inputs, labels)[0]


def worst_relative_error(network, parameters, gradients):
    """Largest deviation from central differences at some entries, relative to the largest gradient."""
    worst, step = 0.0, 1e-6
    for values, gradient in zip(parameters, gradients, strict=True):
        scale = np.abs(gradient).max()
        for at in itertools.islice(np.ndindex(values.shape), 0, None, max(1, values.size // 40)):
            value, loss = values[at], []
            for sign in (1, -1):
                values[at] = value + sign * step
                loss.append(loss_of(network))
            values[at] = value
            worst = max(worst, abs((loss[0] - loss[1]) / (2 * step) - gradient[at]) / scale)
    return worst


def gradients_of(network):
    inputs, labels = batch()
    network.learn(inputs, labels)
    held = [layer.gradient().copy() for layer in network.crossbars]
    return held + [layer.gradients.copy() for layer in network.normalizations]


def parameters_of(network):
    return [layer.weights.values for layer in network.crossbars] + [
        layer.parameters for layer in network.normalizations
    ]


@pytest.mark.parametrize("name", LAYERS)
def test_gradients_are_those_of_the_loss(name):
    network = build(LAYERS[name])
    gradients = gradients_of(network)
    assert worst_relative_error(network, parameters_of(network), gradients) < 1e-6
    unsmoothed = gradients_of(build(LAYERS[name], smoothing=0.0))
    assert worst_relative_error(network, parameters_of(network), unsmoothed) > 1e-3, "negative control"


def test_signals_make_the_gradient():
    network = build(LAYERS["two convolutions"])
    gradients_of(network)
    for layer in network.crossbars:
        rows, errors = layer.signals()
        np.testing.assert_allclose(rows.T @ errors, layer.gradient(), rtol=1e-9, atol=1e-12)


def by_definition(image, kernel, bias, stride, padding):
    """Convolution summed term by term: kernel of shape (rows, columns, channels, outputs)."""
    stride, padding = (pair if isinstance(pair, tuple) else (pair, pair) for pair in (stride, padding))
    padded = np.pad(image, ((0, 0), (padding[0],) * 2, (padding[1],) * 2, (0, 0)))
    k, m = kernel.shape[:2]
    down, across = (padded.shape[1] - k) // stride[0] + 1, (padded.shape[2] - m) // stride[1] + 1
    out = np.zeros((len(image), down, across, kernel.shape[3])) + bias
    for i, j in np.ndindex(down, across):
        patch = padded[:, i * stride[0] : i * stride[0] + k, j * stride[1] : j * stride[1] + m]
        out[:, i, j] += np.einsum("nabc,abco->no", patch, kernel)
    return out


@pytest.mark.parametrize(("stride", "padding", "kernel"), [(1, 0, 3), (1, 1, 3), (2, 2, 5), (3, 0, 1)])
def test_a_convolution_is_what_its_definition_says(stride, padding, kernel):
    spec = Convolution(channels=4, kernel=kernel, stride=stride, padding=padding)
    layer = build((spec, Flatten(), Linear())).layers[0]
    matrix = layer.weights.values
    inputs = batch(40)[0]
    expected = by_definition(inputs, matrix[:-1].reshape(kernel, kernel, 2, 4), matrix[-1], stride, padding)
    np.testing.assert_allclose(layer.forward(inputs, False), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("products", ["numpy", "onednn-float32"])
def test_a_convolution_in_groups_is_one_per_group(products):
    if products != "numpy":
        pytest.importorskip("torch", reason="the extra torch is not installed")
    spec = Convolution(channels=6, kernel=3, kernel_columns=2, stride=2, stride_columns=1, padding=1,
                       padding_columns=0, groups=2)  # fmt: skip
    layers = (spec, Flatten(), Linear())
    network = build(layers, dtype=np.float32, products=products)
    matrix, inputs = network.crossbars[0].weights.values, batch(40)[0].astype(np.float32)
    assert matrix.shape == (7, 6)
    found = network.layers[0].forward(inputs, False)
    for group in range(2):
        own = slice(3 * group, 3 * group + 3)
        kernel = matrix[:-1, own].reshape(3, 2, 1, 3)
        expected = by_definition(inputs[..., group : group + 1], kernel, matrix[-1, own], (2, 1), (1, 0))
        np.testing.assert_allclose(found[..., own], expected, rtol=1e-4, atol=1e-5)


def test_a_convolution_in_groups_is_not_read_through_converters():
    spec, reader = Convolution(channels=6, kernel=3, groups=2), PeripheryReader(Periphery(), seed=0)
    shape = {"rows": 10, "columns": 6, "largest_weight": 1.0, "seed": 0}
    with pytest.raises(InputError, match="a convolution in groups is read exactly"):
        ConvolutionLayer(spec, PairedWeights(ladder_law(), **shape, reader=reader), channels=2, error_bits=0)
    assert ConvolutionLayer(spec, PairedWeights(ladder_law(), **shape), channels=2, error_bits=0).weights.reader is None


def test_images_in_many_parts_make_the_gradients_of_all(monkeypatch):
    """Rows of patches are used again from part to part."""
    inputs, labels = batch(40)
    found = []
    for rows in (BLOCK_ROWS, 1):  # images of a part: all 40, or one each in eight sums
        monkeypatch.setattr(crossbar_layers, "BLOCK_ROWS", rows)
        network = build(LAYERS["groups"])
        network.learn(inputs, labels)
        found.append([layer.gradient() for layer in network.crossbars])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_a_library_does_not_pass_by_converters():
    pytest.importorskip("torch", reason="the extra torch is not installed")
    from arraysim.networks.onednn import OneDnn

    spec, inputs = Convolution(channels=4, kernel=3), batch()[0].astype(np.float32)
    made = []
    for library in (None, OneDnn("float32")):
        reader = PeripheryReader(Periphery(adc=Adc(bits=4)), seed=0)
        weights = PairedWeights(ladder_law(), rows=19, columns=4, largest_weight=1.0, seed=0, reader=reader)
        weights.initialize(1.0, np.random.default_rng(0))
        made.append(ConvolutionLayer(spec, weights, channels=2, error_bits=0, library=library).forward(inputs, False))
    assert np.array_equal(*made)


@pytest.mark.parametrize("name", ["groups", "depthwise", "along the columns", "residual"])
def test_a_library_finds_the_gradients_of_numpy(name):
    pytest.importorskip("torch", reason="the extra torch is not installed")
    inputs, labels = batch(40)
    plain, other = (
        build(LAYERS[name], dtype=np.float32, products=products) for products in ("numpy", "onednn-float32")
    )
    for network in (plain, other):
        network.learn(inputs.astype(np.float32), labels)
    for wanted, found in zip(plain.crossbars, other.crossbars, strict=True):
        scale = np.abs(wanted.gradient()).max()
        np.testing.assert_allclose(found.gradient(), wanted.gradient(), atol=1e-5 * scale)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ((Convolution(channels=4, kernel=1, groups=3), Flatten(), Linear()), "2 input channels cannot be shared out"),
        ((Convolution(channels=3, kernel=1, groups=0), Flatten(), Linear()), "3 output channels cannot be shared out"),
        ((Mark(name="near"), Sum(of="naer"), Flatten(), Linear()), '"naer" is no earlier place.*near'),
        ((Mark(name="a"), Mark(name="a"), Flatten(), Linear()), "name of an earlier place"),
        (
            (CONV, Mark(name="a"), Convolution(channels=2, kernel=1), Sum(of="a"), Flatten(), Linear()),
            "cannot be added",
        ),
        ((Mark(name="a"), Flatten(), Sum(of="a"), Linear()), "cannot be added"),
    ],
)
def test_layers_that_do_not_fit_together_are_refused(layers, message):
    with pytest.raises(InputError, match=message):
        build(layers)


@pytest.mark.parametrize(
    ("network", "crossbars", "weights"),
    [("resnet8", 8, 74_810), ("resnet20", 20, 269_722 - 2 * 688), ("mobilenet-small:0.5", 12, None)],
)
def test_presets_of_the_literature(network, crossbars, weights):
    layers = array_layers(network_from(network), (32, 32, 3), 10)
    assert len(layers) == crossbars
    if weights:
        assert sum(layer.rows * layer.columns for layer in layers) == weights
    else:
        assert [layer.groups for layer in layers[1:3]] == [16, 1] and layers[1].rows == 9


def test_a_residual_network_learns_on_chip():
    config = TrainingConfig(network="resnet8:0.25", epochs=4, batch_size=16, twin=False, label_smoothing=0.0)
    digits = load_dataset("digits").part(slice(600))
    assert train(ladder_law(states=5), digits, seed=1, config=config).accuracy > 0.6


def test_threads_change_no_bit():
    def digest():
        network = build((*vgg8(1 / 32).layers[:7], Flatten(), Linear()), dtype=np.float32)
        inputs, labels = batch(100)
        network.learn(inputs.astype(np.float32), labels)
        return b"".join(layer.gradient().tobytes() for layer in network.crossbars)

    alone = digest()
    with workers(3):
        assert digest() == alone


def test_a_network_of_ideal_devices_equals_one_of_plain_numbers():
    definition = mlp((6,), function="relu")
    law = ladder_law(states=101, miss=0, double=0)
    pairs = [
        PairedWeights(law, rows=layer.rows, columns=layer.columns, largest_weight=1.0, seed=0, number=number)
        for number, layer in enumerate(array_layers(definition, IMAGE, CLASSES))
    ]
    for number, weights in enumerate(pairs):
        weights.pulse(np.random.default_rng(number).integers(-20, 21, size=weights.values.shape))
    plain = [FloatWeights((w.scale * (w.conductances[0] - w.conductances[1])).astype(np.float32)) for w in pairs]
    inputs, labels = batch()
    inputs = inputs.astype(np.float32)
    found = []
    for weights in (pairs, plain):
        network = Network(definition, weights, input_shape=IMAGE, classes=CLASSES)
        network.learn(inputs, labels)
        found.append([network.forward(inputs), *(layer.gradient() for layer in network.crossbars)])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_normalization_divides_by_the_root_of_variance_and_epsilon():
    """Values of +-0.003 have a variance of 9e-6, epsilon is 1e-5; one that does not vary becomes the shift, 0 here."""
    out = BatchNormLayer(BatchNorm(), 2, np.float64).forward(np.array([[0.003, 5.0], [-0.003, 5.0]]), True)
    np.testing.assert_allclose(out, np.array([[1, 0], [-1, 0]]) * 0.003 / np.sqrt(1.9e-5), atol=1e-12)


def test_normalization_brings_the_batch_to_zero_mean_and_unit_variance():
    layer = build((CONV, BatchNorm(), Flatten(), Linear())).normalizations[0]
    layer.parameters[:] = [[1], [0]]
    value = batch(50)[0][..., :1] * 3 + np.array([1.0, -2, 5, 0])
    out = layer.forward(value, True)
    np.testing.assert_allclose(out.mean(axis=(0, 1, 2)), 0, atol=1e-9)
    np.testing.assert_allclose(out.var(axis=(0, 1, 2)), 1, rtol=1e-4)
    for _ in range(200):
        layer.forward(value, True)
    np.testing.assert_allclose(layer.forward(value, False), out, atol=1e-6)


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_quantized_values_lie_on_their_levels(bits):
    value = np.random.default_rng(0).normal(size=10_000) * 2
    low, high = quantization.unsigned(value, bits, 4.0), quantization.signed(value, bits, 3.0)
    assert len(np.unique(low)) == 2**bits
    assert len(np.unique(high)) == 2**bits - 1
    assert np.abs(low - np.clip(value, 0, 4)).max() <= 4 / (2**bits - 1) / 2 + 1e-9
    assert np.abs(high - np.clip(value, -3, 3)).max() <= 3 / (2 ** (bits - 1) - 1) / 2 + 1e-9
    assert quantization.errors(np.zeros(3), bits).tolist() == [0, 0, 0]
    assert np.array_equal(quantization.errors(value, 0), value)


def test_gradients_go_straight_through_the_rounding():
    relu = build((CONV, Activation(bits=3, limit=2.0), Flatten(), Linear())).layers[1]
    value = np.array([[-1.0, 0.1, 1.1, 2.0, 3.0]])
    assert np.allclose(relu.forward(value, True), [[0, 0, 8 / 7, 2, 2]])
    assert relu.backward(np.ones((1, 5)), True).tolist() == [[0, 1, 1, 1, 0]]
    exact, coarse = (gradients_of(build(LAYERS["convolution"], error_bits=bits)) for bits in (0, 6))
    for one, other in zip(exact, coarse, strict=True):
        difference = np.abs(one - other).max() / np.abs(one).max()
        assert 0 < difference < 0.2


def test_a_normalization_before_a_quantized_rectifier_leaves_it_its_levels():
    network = build((CONV, BatchNorm(), Activation(bits=2, limit=1.5), Flatten(), Linear()))
    value = batch(20)[0]
    for layer in network.layers[:3]:
        value = layer.forward(value, True)
    assert np.unique(value).tolist() == [0, 0.5, 1, 1.5]


def test_loss_of_equal_outputs_is_the_logarithm_of_the_classes():
    network = build((Flatten(), Linear()))
    network.crossbars[0].weights.values[:] = 0
    assert network.evaluate(*batch())[0] == pytest.approx(np.log(CLASSES))
    assert loss_of(network) == pytest.approx(np.log(CLASSES))


def test_smoothing_spreads_a_share_over_all_classes():
    """A tenth over five classes: 0.02 each, and 0.9 more on the right one."""
    weights = [
        FloatWeights(np.zeros((layer.rows, layer.columns), np.float32))
        for layer in array_layers(mlp((3,)), (2, 2, 1), 5)
    ]
    network = Network(mlp((3,)), weights, input_shape=(2, 2, 1), classes=5, label_smoothing=0.1)
    found = network._targets(np.array([1, 4]), np.zeros((2, 5), np.float32))
    np.testing.assert_allclose(found, [[0.02, 0.92, 0.02, 0.02, 0.02], [0.02, 0.02, 0.02, 0.02, 0.92]], rtol=1e-6)


@pytest.mark.parametrize(("rectified", "variance"), [(True, 2.0), (False, 1.0)])
def test_first_weights_keep_the_size_of_signals(rectified, variance):
    """Of a row of 400 evenly drawn weights the squares sum up to two where half of all signals are cut off, else to one."""
    values = first_weights((400, 300), rectified, np.random.default_rng(0))
    assert (values**2).sum(axis=0).mean() == pytest.approx(variance, rel=0.02)
    assert np.abs(values).max() == pytest.approx(np.sqrt(3 * variance / 400), rel=1e-3)


def test_digital_layers_of_one_shape_begin_differently():
    layers = (Flatten(), Linear(outputs=4, digital=True), Linear(outputs=4, digital=True), Linear())
    definition = NetworkDefinition(name="two", layers=layers)
    network = Network(definition, [FloatWeights(np.zeros((5, 3), np.float32))], input_shape=(2, 2, 1), classes=3)
    network.prepare(lambda part: None, (7,))
    first, second = (layer.weights.values for layer in network.numeric)
    assert first.shape == second.shape and not np.array_equal(first, second)


def test_large_outputs_do_not_overflow():
    network = build((Flatten(), Linear()))
    network.crossbars[0].weights.values[:] = 1e4 * np.arange(3)
    assert np.isfinite(network.evaluate(*batch())[0])
    assert np.all(np.isfinite(gradients_of(network)[0]))


def test_evaluation_takes_parts_of_the_inputs():
    network = build(LAYERS["normalized images"])
    inputs, labels = batch(600)
    loss, guess = network.evaluate(inputs, labels)
    again, same = network.evaluate(lambda part: inputs[part], labels)
    assert loss == again
    assert np.array_equal(guess, same)
    assert np.array_equal(guess, network.forward(inputs).argmax(axis=1))


def test_the_loss_is_the_mean_over_all_images():
    """Cross-entropy against smoothed labels, by scipy: of images in three parts, and of outputs for both mirror images."""
    network, (inputs, labels) = build(LAYERS["convolution"]), batch(600)
    outputs = network.forward(inputs)
    both = (outputs + network.forward(np.ascontiguousarray(inputs[:, :, ::-1]))) / 2
    target = 0.1 / 3 + 0.9 * np.eye(3)[labels]
    for given, mirrored in ((outputs, False), (both, True)):
        loss, guess = network.evaluate(inputs, labels, mirrored=mirrored)
        assert loss == pytest.approx(-(target * log_softmax(given, axis=1)).sum() / 600)
        assert np.array_equal(guess, given.argmax(axis=1))
    loss, right = network.learn(inputs, labels)
    assert loss == pytest.approx(network.evaluate(inputs, labels)[0])
    assert right == np.sum(outputs.argmax(axis=1) == labels) < 600


def test_results_of_tanh_lie_on_levels_of_both_signs():
    """Three bits: sevenths of the way from -1 to 1, zero among them."""
    layer = ActivationLayer(Activation(function="tanh", bits=3))
    found = layer.forward(np.linspace(-4, 4, 1001), False)
    assert np.unique(found) == pytest.approx(np.arange(-3, 4) / 3)


def test_a_batch_knows_nothing_of_the_errors_of_another():
    network = build(LAYERS["residual"])
    for one, again in zip(gradients_of(network), gradients_of(network), strict=True):
        assert np.array_equal(one, again)


def test_of_equal_pixels_the_first_gets_the_error():
    layer = PoolingLayer(Pooling(size=2))
    layer.forward(np.ones((1, 3, 2, 1)), True)
    assert layer.backward(np.full((1, 1, 1, 1), 5.0), True)[0, :, :, 0].tolist() == [[5, 0], [0, 0], [0, 0]]


def test_unfit_weights_are_refused():
    definition = mlp((5,))
    weights = [FloatWeights(np.zeros(shape)) for shape in ((85, 5), (5, 3))]
    with pytest.raises(InputError, match=r"weights of shape \(5, 3\) given to a layer of shape \(6, 3\)"):
        Network(definition, weights, input_shape=IMAGE, classes=CLASSES)
    with pytest.raises(InputError, match="has 2 layers in arrays, 1 are given"):
        Network(definition, weights[:1], input_shape=IMAGE, classes=CLASSES)
    with pytest.raises(InputError, match="label_smoothing"):
        Network(definition, weights, input_shape=IMAGE, classes=CLASSES, label_smoothing=1.0)
    with pytest.raises(InputError, match='products = "nunpy" is unknown; did you mean "numpy"'):
        build(LAYERS["convolution"], products="nunpy")


@pytest.mark.parametrize("shape", [(7, 6, 1), (6, 7, 2), (84,), (7, 6, 2, 1)])
def test_inputs_of_another_shape_are_refused_before_any_kernel(shape):
    network = build(LAYERS["convolution"])
    for call in (
        network.forward,
        lambda x: network.learn(x, np.zeros(3, int)),
        lambda x: network.evaluate(x, [0, 0, 0]),
    ):
        with pytest.raises(InputError, match=r"inputs have the shape \(3, .*\(n, 7, 6, 2\) is needed"):
            call(np.zeros((3, *shape)))
