"""Network definitions: shapes, crossbars, TOML, presets, bad input."""

import re
import tomllib

import pytest

from arraysim.networks.crossbars import ArrayLayer, array_layers, digital_products
from arraysim.networks.definition import (
    Activation,
    Convolution,
    Flatten,
    Linear,
    Mark,
    NetworkDefinition,
    Sum,
    Whiten,
)
from arraysim.networks.definition_file import definition_from_mapping
from arraysim.networks.presets import lenet, mlp, network_from, vgg8
from arraysim.networks.settings import NetworkSettings
from dwcore.errors import InputError

TOML = """
name = "small"
error_bits = 8
[[layer]]
kind = "conv"
channels = 4
kernel = 3
stride = 2
[[layer]]
kind = "batchnorm"
[[layer]]
kind = "activation"
bits = 4
[[layer]]
kind = "pool"
pooling = "average"
[[layer]]
kind = "flatten"
[[layer]]
kind = "linear"
"""


def test_crossbars_of_a_definition_in_toml():
    definition = definition_from_mapping(tomllib.loads(TOML), "small.toml")
    assert definition.shapes((11, 9, 2), 3) == [(11, 9, 2), *[(5, 4, 4)] * 3, (2, 2, 4), (16,), (3,)]
    assert array_layers(definition, (11, 9, 2), 3) == [
        ArrayLayer(
            name="conv1", kind="conv", rows=19, columns=4, positions=20, input_values=198, output_values=80, kernel=3
        ),
        ArrayLayer(name="linear1", kind="linear", rows=17, columns=3, positions=1, input_values=16, output_values=3),
    ]
    assert definition_from_mapping(definition.to_mapping(), "again") == definition


def test_vgg8_has_the_published_layers():
    layers = array_layers(vgg8(), (32, 32, 3), 10)
    assert [layer.columns for layer in layers] == [128, 128, 256, 256, 512, 512, 1024, 10]
    assert [layer.rows for layer in layers] == [27, 1152, 1152, 2304, 2304, 4608, 8192, 1025]
    assert [layer.positions for layer in layers] == [1024, 1024, 256, 256, 64, 64, 1, 1]
    assert sum(layer.rows * layer.columns * layer.positions for layer in layers) == pytest.approx(6.16e8, rel=0.01)
    quarter = array_layers(vgg8(0.25), (32, 32, 3), 10)
    assert [layer.columns for layer in quarter] == [32, 32, 64, 64, 128, 128, 256, 10]


def test_presets_by_name(tmp_path):
    assert network_from("mlp:256,128") == mlp((256, 128))
    assert network_from("mlp") == mlp()
    assert network_from("lenet") == lenet()
    assert network_from("vgg8:0.25", bits=4, error_bits=8) == vgg8(0.25, bits=4, error_bits=8)
    assert [layer.rows for layer in array_layers(lenet(), (28, 28, 1), 10)] == [26, 151, 401, 121, 85]
    path = tmp_path / "small.toml"
    path.write_text(TOML)
    assert network_from(str(path)).name == "small"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('kind = "pool"', 'kind = "pol"'), 'layer 4: kind "pol" is unknown; did you mean "pool"'),
        (("channels = 4", "chanels = 4"), r'layer 1 \(conv\): unknown key "chanels"; did you mean "channels"'),
        (("kernel = 3", "kernel = 0"), r"kernel = 0 \[1\] must be >= 1"),
        (("kernel = 3", "kernel = 3.5"), r"kernel = 3.5 must be a whole number"),
        (("kernel = 3", "kernel = 3\nbias = 1"), r"bias = 1 must be true or false"),
        (("average", "mean"), 'pooling = "mean" must be one of max, average'),
        (("error_bits = 8", "error_bits = 1"), r"error_bits = 1 \[1\] must be 0 or >= 2"),
        (("error_bits", "eror_bits"), 'unknown key "eror_bits"; did you mean "error_bits"'),
        (("bits = 4", 'bits = 1\nfunction = "tanh"'), r"bits = 1 \[1\] must be 0 or >= 2 for tanh"),
        ((TOML, "layer = [3]"), r"small.toml: layer must be a list of tables, \[\[layer\]\]"),
        ((TOML, '[layer]\nkind = "linear"'), "small.toml: layer must be a list of tables"),
        (('kind = "linear"', 'kind = "flatten"'), "the last layer must be linear, with one output per class"),
        (('kind = "conv"', 'kind = "relu"'), 'kind "relu" is unknown; write kind = "activation" and function = "relu"'),
    ],
)
def test_bad_definitions_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        definition_from_mapping(tomllib.loads(TOML.replace(*change)), "small.toml")


def test_all_layers_are_told_what_is_wrong_with_them_at_once():
    text = TOML.replace("channels = 4", "chanels = 4").replace('kind = "pool"', 'kind = "pol"')
    with pytest.raises(InputError) as refused:
        definition_from_mapping(tomllib.loads(f"nme = 1\n{text}"), "small.toml")
    said = str(refused.value)
    assert said.count("small.toml") == 1 and said.startswith('small.toml: unknown key "nme"')
    assert 'layer 1 (conv): unknown key "chanels"' in said and 'missing "channels"' in said and 'kind "pol"' in said


def test_outputs_of_the_last_layer_are_the_classes():
    definition = definition_from_mapping(tomllib.loads(f"{TOML}outputs = 3\n"), "small.toml")
    assert definition.layers[-1].outputs == 3 and definition.shapes((8, 8, 1), 3)[-1] == (3,)
    with pytest.raises(InputError, match="outputs = 3 of the last layer must be the number of classes, 10"):
        definition.shapes((8, 8, 1), 10)


def test_a_kernel_stops_where_it_does_not_fit_any_more():
    """Nine and seven pixels of room at a stride of two: what is left at the end is not looked at."""
    definition = definition_from_mapping(tomllib.loads(TOML), "small.toml")
    assert definition.shapes((12, 10, 2), 3)[1] == (5, 4, 4)
    tall = Convolution(channels=1, kernel=3, kernel_columns=2, stride=2, stride_columns=3, padding=1, padding_columns=0)
    assert tall.output_shape((7, 8, 1), 10) == (4, 3, 1)


def test_rectified_networks_are_those_with_a_relu():
    for function, rectified in (("relu", True), ("tanh", False)):
        layers = (Flatten(), Linear(outputs=4), Activation(function=function), Linear())
        assert NetworkDefinition(name="one", layers=layers).rectified is rectified


def test_images_that_do_not_fit_are_refused():
    definition = definition_from_mapping(tomllib.loads(TOML), "small.toml")
    with pytest.raises(InputError, match=r"layer 4 \(pool\): a pool of 2 does not fit an image of 5 x 1"):
        definition.shapes((11, 3, 1), 3)
    with pytest.raises(InputError, match=r"layer 1 \(conv\): a kernel of 3 does not fit 2 pixels"):
        definition.shapes((2, 2, 1), 3)
    with pytest.raises(InputError, match=r"layer 4 \(pool\): a pool of 2 does not fit"):
        definition.shapes((3, 3, 1), 3)
    whitened = NetworkDefinition(name="x", layers=(Whiten(patch=3), Flatten(), Linear()))
    assert whitened.shapes((3, 3, 1), 2)[1] == (1, 1, 18)
    with pytest.raises(InputError, match="a patch of 3 does not fit an image of 4 x 2"):
        whitened.shapes((4, 2, 1), 2)
    with pytest.raises(InputError, match="a conv takes images, got a list of 9 values"):
        NetworkDefinition(name="x", layers=(Flatten(), definition.layers[0], Linear())).shapes((3, 3, 1), 2)
    with pytest.raises(InputError, match="put a flatten before it"):
        NetworkDefinition(name="x", layers=(definition.layers[0], definition.layers[-1])).shapes((8, 8, 1), 3)


@pytest.mark.parametrize("text", ["mpl", "linear:3", "mlp:0", "mlp:a", "vgg8:0", "vgg8:nan", "lenet:x", "missing.toml"])
def test_bad_names_are_refused(text):
    with pytest.raises(InputError):
        network_from(text)


def test_digital_layers_go_with_the_next_array_and_those_at_the_end_with_the_last():
    """Counted by hand for an image of 6 x 6 x 2: whitening gives 5 x 5 x 16, of 8 filters on patches of 8 values."""
    definition = NetworkDefinition(
        name="a",
        layers=(
            Whiten(),
            Convolution(channels=3, kernel=3, bias=False, digital=True),  # 3 x 3 x 3 outputs of 9 x 16 inputs
            Flatten(),
            Linear(outputs=5),
            Linear(outputs=4, digital=True),
            Linear(outputs=7),
            Linear(digital=True),
        ),
    )
    layers = array_layers(definition, (6, 6, 2), 3)
    whiten, conv, middle, last = 25 * 8 * 8, 27 * 9 * 16, 5 * 4, 7 * 3
    found = [(layer.digital, layer.digital_backward, layer.digital_gradient) for layer in layers]
    assert found == [(whiten + conv, 0, conv), (middle + last, middle + last, middle + last)]
    assert sum(digital_products(definition, (6, 6, 2), 3).values()) == whiten + conv + middle + last


def test_the_side_of_a_kernel_squared_is_its_area():
    """As many outputs of a layer take part in the error of one input, whatever the shape of the kernel."""
    for rows, columns in ((3, 3), (2, 8), (1, 5)):
        layers = (Convolution(channels=2, kernel=rows, kernel_columns=columns), Flatten(), Linear())
        first, last = array_layers(NetworkDefinition(name="one", layers=layers), (9, 9, 1), 4)
        assert first.kernel**2 == pytest.approx(rows * columns) and last.kernel == 1


def test_errors_pass_a_digital_layer_on_their_way_to_one_before_it():
    """27 weights of a first digital layer, 3 x 4 of a second, which the error passes; the first has none before it."""
    layers = (Flatten(), Linear(outputs=3, bias=False, digital=True), Linear(outputs=4, digital=True), Linear())
    (only,) = array_layers(NetworkDefinition(name="two", layers=layers), (3, 3, 1), 2)
    assert (only.digital, only.digital_backward, only.digital_gradient) == (27 + 12, 12, 27 + 12)
    assert list(digital_products(NetworkDefinition(name="two", layers=layers), (3, 3, 1), 2)) == [
        "linear (layer 2)", "linear (layer 3)"
    ]  # fmt: skip


def test_channels_are_shared_out_evenly_on_both_sides():
    for groups, given, left, right in ((4, 6, 8, "6 input"), (4, 8, 6, "6 output"), (0, 4, 6, "6 output")):
        with pytest.raises(InputError, match=f"{right} channels cannot be shared out among 4 groups"):
            Convolution(channels=left, kernel=1, groups=groups).groups_of(given)


def test_every_second_pixel_of_an_odd_image_is_taken():
    """Of seven pixels those at 0, 2, 4 and 6; five are no whole step of seven."""
    total = Sum(of="a")
    assert total.step((7, 7, 2), (4, 4, 2)) == 2 and total.step((7, 7, 2), (7, 7, 2)) == 1
    with pytest.raises(InputError, match="cannot be added"):
        total.step((7, 7, 2), (5, 5, 2))


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ((Flatten(), Whiten(), Linear()), "whiten must be the first layer"),
        ((Flatten(), Linear(digital=True)), "no layer is in an array, all are digital"),
        ((Mark(name="a"), Flatten(), Mark(name="a"), Linear()), 'layer 3 (mark): "a" is the name of an earlier place'),
        ((Flatten(), Linear(outputs=5)), "outputs = 5 of the last layer must be the number of classes, 2"),
    ],
)
def test_layers_in_no_order_that_works_are_refused(layers, message):
    with pytest.raises(InputError, match=re.escape(message)):
        NetworkDefinition(name="x", layers=layers).shapes((3, 3, 1), 2)


def test_one_bit_is_enough_for_a_rectifier():
    assert Activation(function="relu", bits=1).bits == 1


def test_bits_of_a_preset_count_behind_its_whitening_and_not_in_a_file(tmp_path):
    layers = NetworkSettings(network="mlp:4", whiten=True, bits=3).definition().layers
    assert layers[:2] == (Whiten(), Activation(bits=3))
    path = tmp_path / "small.toml"
    path.write_text(TOML)
    assert NetworkSettings(network=str(path)).definition().error_bits == 8
    with pytest.raises(
        InputError, match=r"small\.toml states all of its layers itself; bits and whiten are for presets"
    ):
        NetworkSettings(network=str(path), bits=4, whiten=True).definition()
