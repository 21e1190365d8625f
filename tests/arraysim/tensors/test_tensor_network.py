"""Passes on tensors are those of the layers in numpy up to rounding, through converters too."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra torch is not installed")

from arraysim.networks.crossbars import array_layers  # noqa: E402
from arraysim.networks.definition import (  # noqa: E402
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
    Whiten,
)
from arraysim.networks.network import Network  # noqa: E402
from arraysim.periphery.config import Adc, Dac, Periphery, Read  # noqa: E402
from arraysim.periphery.reader import BACKWARD, FORWARD, PeripheryReader  # noqa: E402
from arraysim.periphery.tiles import TileShape  # noqa: E402
from arraysim.synapses.ladder import ladder_law  # noqa: E402
from arraysim.synapses.weights import PairedWeights  # noqa: E402
from arraysim.tensors import passes  # noqa: E402
from arraysim.tensors.network import TensorNetwork  # noqa: E402
from arraysim.tensors.read_path import TensorReader  # noqa: E402
from dwcore.errors import InputError  # noqa: E402

CPU = torch.device("cpu")
IMAGES = (9, 8, 3)
ENDS = {
    "lists": (Flatten(), Linear(outputs=6, digital=True), Activation(), Linear()),
    "largest of all": (GlobalPooling(pooling="max"), Linear()),
    "mean of all": (GlobalPooling(), Mark(name="b"), Linear(outputs=9, bias=False), Sum(of="b"), Linear()),
}
BODY = (
    Whiten(),
    Activation(bits=5),
    Mark(name="a"),
    Convolution(channels=26, kernel=3, padding=1),
    BatchNorm(momentum=0.3),
    Sum(of="a"),
    Activation(bits=4, limit=2.0),
    Pooling(),
    Convolution(channels=8, kernel=2, kernel_columns=3, padding_columns=1, groups=2, stride_columns=2, bias=False),
    Activation(function="tanh", bits=6),
    Pooling(pooling="average"),
)


def pair_of_networks(definition, numbers="float32", periphery=None):
    """The same network twice, in numpy and on tensors; whitening has learned, digital weights are drawn."""

    def weights():
        law, made = ladder_law(states=9), []
        for number, layer in enumerate(array_layers(definition, IMAGES, 4)):
            size = {"rows": layer.rows, "columns": layer.columns, "largest_weight": 1.5 / layer.rows**0.5}
            reader = None if periphery is None else PeripheryReader(periphery, seed=1, number=number)
            made.append(PairedWeights(law, **size, seed=1, number=number, reader=reader))
            made[-1].initialize(1.0, np.random.default_rng(number))
        return made

    how = {"input_shape": IMAGES, "classes": 4}
    one = Network(definition, weights(), **how)
    other = TensorNetwork(definition, weights(), device=CPU, numbers=numbers, **how)
    for network in (one, other):
        network.prepare(lambda part: images()[part])
    return one, other


def images(count=20, seed=0):
    return np.random.default_rng(seed).normal(size=(count, *IMAGES)).astype(np.float32)


def gradients_of(network):
    if isinstance(network, TensorNetwork):
        return [tensor.grad.numpy() for tensor in (*network.in_arrays, *network.digital)]
    return [layer.gradient() for layer in network.crossbars] + network.gradients


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("error_bits", [0, 8])
def test_all_kinds_of_layers_give_the_outputs_and_gradients_of_numpy(end, error_bits):
    """Single precision: 1e-4 of the largest value bounds the rounding of sums of a few hundred products.

    A value that a rounding error moves over half a step of its bits would show as a whole step; none does here.
    """
    definition = NetworkDefinition(name="all", layers=(*BODY, *ENDS[end]), error_bits=error_bits)
    one, other = pair_of_networks(definition)
    labels = np.arange(20) % 4
    assert one.learn(images(), labels)[0] == pytest.approx(other.learn(images(), labels)[0], rel=1e-5)
    for wanted, found in zip(gradients_of(one), gradients_of(other), strict=True):
        assert np.abs(found - wanted).max() < 1e-4 * np.abs(wanted).max()
    other.mirror.fetch()
    for name, values in one.memory().items():
        np.testing.assert_allclose(other.memory()[name], values, rtol=1e-4, atol=1e-5)
    test = images(seed=1)
    np.testing.assert_allclose(other.forward(test), one.forward(test), rtol=1e-3, atol=1e-4)
    changed = other.learn(images(seed=2), labels)
    assert changed[0] != pytest.approx(one.learn(images(), labels)[0], rel=1e-5), "negative control: other images"


def test_bfloat16_rounds_to_eight_bits():
    definition = NetworkDefinition(name="c", layers=(Convolution(channels=8, kernel=3), Flatten(), Linear()))
    one, other = pair_of_networks(definition, numbers="bfloat16")
    error = np.abs(other.forward(images()) - one.forward(images())).max() / np.abs(one.forward(images())).max()
    assert 1e-4 < error < 2e-2


def test_inputs_of_another_shape_are_refused():
    _, other = pair_of_networks(NetworkDefinition(name="c", layers=(Flatten(), Linear())))
    with pytest.raises(InputError, match=r"inputs have the shape \(2, 3\)"):
        other.forward(np.zeros((2, 3), np.float32))


CONVERTED = NetworkDefinition(
    name="converted",
    layers=(Convolution(channels=16, kernel=3, padding=1), Activation(bits=6), Pooling(), Flatten(), Linear()),
    error_bits=8,
)
PERIPHERIES = {
    "serial": Periphery(dac=Dac(bits=8), adc=Adc(bits=6)),
    "level, deviating": Periphery(dac=Dac(bits=6, coding="level"), adc=Adc(bits=7, offset_dtod=0.3, gain_dtod=0.02)),
    "tiles of 16 rows, fixed scales": Periphery(
        tile=TileShape(rows=16, columns=32), dac=Dac(bits=5, full_scale=3.0), adc=Adc(bits=5, full_scale=2e-6)
    ),
    "inputs alone": Periphery(dac=Dac(bits=6)),
    "forward": Periphery(dac=Dac(bits=8), adc=Adc(bits=6), read=Read(passes="forward")),
}


@pytest.mark.parametrize("name", PERIPHERIES)
def test_converters_give_the_codes_of_numpy(name):
    """Both read with one calibration; of the outputs, sums of codes, all but a few in a thousand are the same.

    Partial sums are rounded in another order, so a current within a rounding error of a threshold may fall on its other
    side. Negative control: a step that is two parts in a hundred larger changes most of the outputs.
    """
    one, other = pair_of_networks(CONVERTED, periphery=PERIPHERIES[name])
    labels = np.arange(20) % 4
    one.learn(images(), labels)
    for mine, given in zip(other.crossbars, one.crossbars, strict=True):
        mine.weights.reader.restore(given.weights.reader.checkpoint())
        for layer in (mine, given):
            layer.weights.reader.adapt = False
    test = images(seed=1)
    crossbar, there = one.crossbars[0], other.crossbars[0].weights
    wanted, rows = crossbar.forward(test, True), torch.from_numpy(crossbar.signals()[0])
    read, matrix = TensorReader.of(there), torch.from_numpy(there.values)
    found = read(rows, matrix).numpy()
    assert np.isclose(found, wanted.reshape(found.shape), rtol=1e-4, atol=1e-5).mean() > 0.997
    outputs = one.forward(test)
    assert np.abs(other.forward(test) - outputs).mean() < 0.02 * np.abs(outputs).mean()
    assert one.learn(images(), labels)[0] == pytest.approx(other.learn(images(), labels)[0], rel=1e-3)
    for wanted, got in zip(gradients_of(one), gradients_of(other), strict=True):
        assert np.abs(got - wanted).mean() < 0.02 * np.abs(wanted).mean() + 1e-12
    if PERIPHERIES[name].adc.bits:
        there.reader.path(FORWARD, there).memory["step"][0] *= 1.02
        assert np.isclose(read(rows, matrix).numpy(), found, rtol=1e-4, atol=1e-5).mean() < 0.5


@pytest.mark.parametrize("name", PERIPHERIES)
@pytest.mark.parametrize("sign", [1, -1])
def test_reads_learn_what_those_of_numpy_do(name, sign):
    """Full scale, signs, the step of the converters and the number of reads, of inputs of one sign or of both.

    The second read has inputs three times as large: ranges follow.
    """
    one, other = pair_of_networks(CONVERTED, periphery=PERIPHERIES[name])
    there, here = (network.crossbars[0].weights for network in (one, other))
    rows = np.abs(np.random.default_rng(5).normal(size=(300, here.values.shape[0]))).astype(np.float32)
    rows[::7] *= sign
    for number, driven in enumerate((rows, 3 * rows), 1):
        there.forward(driven)
        TensorReader.of(here)(torch.from_numpy(driven), torch.from_numpy(here.values))
        wanted, found = (weights.reader.path(FORWARD, weights).memory for weights in (there, here))
        assert wanted["signed"][0] == (sign < 0) and wanted["reads"][0] == number
        for key, values in wanted.items():
            np.testing.assert_allclose(found[key], values, rtol=1e-5, err_msg=key)


def test_errors_pass_the_weights_exactly_where_forward_reads_alone_are_converted():
    periphery = Periphery(dac=Dac(bits=3), adc=Adc(bits=3), read=Read(passes="forward"))
    weights = pair_of_networks(CONVERTED, periphery=periphery)[1].crossbars[0].weights
    errors = torch.from_numpy(np.random.default_rng(6).normal(size=(30, weights.values.shape[1])).astype(np.float32))
    back = TensorReader.of(weights).read(BACKWARD, errors, torch.from_numpy(weights.values).T)
    np.testing.assert_allclose(back, weights.backward(errors.numpy()), rtol=1e-5, atol=1e-6)


def test_a_sum_takes_the_pixels_from_the_first_on():
    """Of a place of twice the size every second pixel from the corner, as a convolution with a stride of two does."""
    there, here = (np.arange(n, dtype=np.float32).reshape(1, side, side, 1) for n, side in ((16, 4), (4, 2)))
    expected = here + there[:, ::2, ::2]
    images = (torch.from_numpy(value).permute(0, 3, 1, 2) for value in (there, here))
    found = passes.sum_of(Sum(of="a"), *images, 2)
    np.testing.assert_array_equal(found.permute(0, 2, 3, 1), expected)


def test_pooling_over_the_whole_image():
    """Two channels of 2 x 2 pixels: the mean is 2.5 and -1, the largest 4 and 1."""
    image = torch.tensor([[[[1.0, 2], [3, 4]], [[-5, 1], [0, 0]]]])
    for kind, expected in (("average", [2.5, -1]), ("max", [4, 1])):
        assert passes.global_pooling(GlobalPooling(pooling=kind), image).tolist() == [expected]


def test_a_batch_without_errors_has_none_in_its_bits():
    assert passes.quantized_errors(torch.zeros(2, 3), 4).tolist() == [[0] * 3] * 2
    assert passes.quantized_errors(torch.tensor([-3.0, 1.4, 0.6]), 3).tolist() == [-3, 1, 1]


def test_patches_drive_the_rows_of_an_array():
    """An image [[1, 2], [3, 4]] with a column of zeros on either side, kernels of 2 x 2, and the bias."""
    spec = Convolution(channels=1, kernel=2, padding=0, padding_columns=1)
    found = passes.driven(spec, torch.tensor([[[[1.0, 2], [3, 4]]]]))
    assert found.tolist() == [[0, 1, 0, 3, 1], [1, 2, 3, 4, 1], [2, 0, 4, 0, 1]]
