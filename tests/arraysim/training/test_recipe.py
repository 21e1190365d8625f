"""Parts of a recipe: whitening, one-cycle, changed images, mirrored measurement, factors per layer, products."""

import dataclasses

import numpy as np
import pytest

from arraysim.datasets.datasets import load_dataset
from arraysim.inference.infer import infer
from arraysim.networks.crossbars import array_layers, digital_products
from arraysim.networks.definition import Activation, BatchNorm, Convolution, Flatten, Linear, NetworkDefinition, Whiten
from arraysim.networks.network import Network
from arraysim.networks.settings import NetworkSettings
from arraysim.synapses.ladder import ladder_law
from arraysim.synapses.weights import FloatWeights
from arraysim.training.augmentation import augmented, cut_out, shift_and_flip
from arraysim.training.config import TrainingConfig
from arraysim.training.file import load_training, save_training
from arraysim.training.run import train
from arraysim.training.schedules import share_of_rate
from dwcore.errors import InputError
from dwcore.numerics.threads import workers

SMALL = NetworkDefinition(
    name="small",
    layers=(
        Whiten(),
        Activation(),
        Convolution(channels=4, kernel=3, padding=1),
        BatchNorm(),
        Activation(),
        Convolution(channels=6, kernel=2, stride=2, bias=False),
        Flatten(),
        Linear(),
    ),
)
RNG = np.random.default_rng(3)
IMAGES = RNG.integers(1, 256, size=(40, 9, 8, 3), dtype=np.uint8)


def correlated(n=200):
    """Images of which each pixel is much like its neighbour."""
    rng = np.random.default_rng(5)
    return (rng.normal(size=(n, 1, 1, 2)) + 0.5 * rng.normal(size=(n, 8, 8, 2)) + 0.7).astype(np.float32)


def network(products="numpy"):
    rng = np.random.default_rng(0)
    weights = [
        FloatWeights(rng.normal(size=(layer.rows, layer.columns)).astype(np.float32))
        for layer in array_layers(SMALL, (8, 8, 2), 3)
    ]
    return Network(SMALL, weights, input_shape=(8, 8, 2), classes=3, products=products)


def test_whitened_patches_are_uncorrelated_and_of_unit_variance():
    images, one = correlated(), network()
    one.prepare(lambda chosen: images[chosen])
    out = one.layers[0].forward(images, False).reshape(-1, 16)
    assert np.array_equal(out[:, 8:], -out[:, :8])
    np.testing.assert_allclose(np.cov(out[:, :8].astype(float), rowvar=False), np.eye(8), atol=0.01)
    np.testing.assert_allclose(out[:, :8].mean(axis=0), 0, atol=1e-3)
    patches = np.stack([images[:, i : i + 7, j : j + 7] for i in (0, 1) for j in (0, 1)], axis=3).reshape(-1, 8)
    assert np.abs(np.corrcoef(patches, rowvar=False) - np.eye(8)).max() > 0.5, "negative control"


def test_whitening_comes_first_or_not_at_all():
    with pytest.raises(InputError, match="whiten must be the first layer"):
        NetworkDefinition(name="late", layers=(Activation(), Whiten(), Flatten(), Linear()))


def test_one_cycle_rises_and_falls_along_lines():
    shares = [share_of_rate("one-cycle", time, epochs=20, decay=1) for time in (0, 1.5, 3, 11.5, 20)]
    np.testing.assert_allclose(shares, [0, 0.5, 1, 0.5, 0], atol=1e-12)


def test_steps_fall_after_each_whole_epoch():
    shares = [share_of_rate("step", time, epochs=9, decay=0.5) for time in (0, 0.9, 1, 2.5, 3)]
    assert shares == [1, 1, 0.5, 0.25, 0.125]


def test_reflected_borders_hold_no_black():
    moved = {
        border: shift_and_flip(IMAGES, shift=3, flip=False, rng=np.random.default_rng(1), border=border)
        for border in ("black", "reflect")
    }
    assert (moved["reflect"] > 0).all() and (moved["black"] == 0).any()
    inside = moved["black"] > 0
    assert np.array_equal(moved["black"][inside], moved["reflect"][inside])


def test_the_edge_of_a_reflected_border_is_not_repeated():
    row = np.array([1, 2, 3, 4], np.uint8).reshape(1, 1, 4, 1).repeat(9, axis=1).repeat(200, axis=0)
    moved = shift_and_flip(row, shift=2, flip=False, rng=np.random.default_rng(4), border="reflect")[:, 0, :, 0]
    seen = {tuple(one) for one in moved.tolist()}
    assert seen == {(3, 2, 1, 2), (2, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 3), (3, 4, 3, 2)}


def test_images_move_either_way_and_every_second_one_is_mirrored():
    dot = np.zeros((2000, 9, 9, 1), np.uint8)
    dot[:, 4, 4] = 1
    _, row, column, _ = np.nonzero(shift_and_flip(dot, shift=2, flip=False, rng=np.random.default_rng(5)))
    for places in (row, column):
        count = np.bincount(places, minlength=9)
        assert count.sum() == 2000 and not count[[0, 1, 7, 8]].any()
        assert np.abs(count[2:7] - 400).max() < 5 * np.sqrt(400 * 0.8)
    left = np.zeros((2000, 1, 2, 1), np.uint8)
    left[:, 0, 0] = 1
    mirrored = shift_and_flip(left, shift=0, flip=True, rng=np.random.default_rng(6))[:, 0, 1, 0]
    assert abs(int(mirrored.sum()) - 1000) < 5 * np.sqrt(500)


def test_every_batch_of_every_epoch_has_changes_of_its_own():
    config, grey = TrainingConfig(shift=2, flip=True), np.zeros(3, np.uint8)
    one = [
        augmented(IMAGES, np.arange(40), grey, seed=seed, epoch=epoch, batch=batch, config=config).tobytes()
        for seed in (1, 2)
        for epoch in (1, 2)
        for batch in (0, 1)
    ]
    assert len(set(one)) == 8


def test_squares_that_are_cut_out_are_as_grey_as_the_images():
    """Nine pixels where the square lies inside, and nothing else, have the level that is given for each channel."""
    config, grey = TrainingConfig(cutout=3), np.array([0, 7, 255], np.uint8)
    images = np.full((300, 9, 8, 3), 100, np.uint8)
    found = augmented(images.copy(), np.arange(300), grey, seed=1, epoch=1, batch=0, config=config)
    changed = (found != images).any(axis=3)
    assert np.array_equal(np.unique(found[changed], axis=0), [grey])
    assert set(changed.sum(axis=(1, 2)).tolist()) == {4, 6, 9}, "at a corner, at an edge, inside"


def test_an_image_is_mirrored_in_every_second_epoch():
    config = TrainingConfig(flip=True, alternate=True)
    chosen, grey = np.arange(40), np.zeros(3, np.uint8)
    epochs = [augmented(IMAGES, chosen, grey, seed=1, epoch=epoch, batch=0, config=config) for epoch in (1, 2, 3, 4)]
    assert np.array_equal(epochs[0], epochs[2]) and np.array_equal(epochs[1], epochs[3])
    assert np.array_equal(epochs[0], epochs[1][:, :, ::-1])
    same = (epochs[0] == IMAGES).all(axis=(1, 2, 3))
    assert 8 < same.sum() < 32, "a coin for each image"
    order = chosen[::-1]
    again = augmented(IMAGES[order], order, grey, seed=1, epoch=1, batch=7, config=config)
    assert np.array_equal(again, epochs[0][order]), "the coin belongs to the image"


def test_cut_squares_are_grey_and_of_their_size():
    grey = np.array([10, 20, 30], np.uint8)
    changed = cut_out(IMAGES.copy(), 3, grey, np.random.default_rng(2))
    touched = (changed != IMAGES).any(axis=3)
    assert touched.reshape(40, -1).sum(axis=1).max() == 9 and touched.any(axis=(1, 2)).all()
    assert np.array_equal(changed[touched], np.broadcast_to(grey, (touched.sum(), 3)))


def test_the_middle_of_a_cut_square_may_be_any_pixel():
    """A square of three has four pixels left in a corner, six at an edge and nine inside."""
    cut = cut_out(np.ones((2000, 4, 4, 1), np.uint8), 3, np.zeros(1, np.uint8), np.random.default_rng(7)) == 0
    sizes = np.bincount(cut.sum(axis=(1, 2, 3)), minlength=10)
    assert sizes.sum() == sizes[[4, 6, 9]].sum() == 2000
    for size, share in ((4, 4 / 16), (6, 8 / 16), (9, 4 / 16)):
        assert abs(sizes[size] - 2000 * share) < 5 * np.sqrt(2000 * share * (1 - share))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"alternate": True}, "alternate"),
        ({"layer_ranges": (1.0,)}, "layer_ranges must be 2 numbers"),
        ({"layer_rates": (1.0, 0.0)}, "layer_rates must be 2 numbers > 0"),
        ({"products": "onednn"}, "products"),
    ],
)
def test_settings_that_do_not_fit_are_refused(fields, message):
    with pytest.raises(InputError, match=message):
        TrainingConfig(network="mlp:8", **fields)


def test_mirrored_measurement_is_the_mean_of_both():
    images, one = correlated(30)[:, :, ::-1].copy(), network()
    labels = one.forward(images).argmax(axis=1)
    both = one.forward(images) + one.forward(images[:, :, ::-1].copy())
    assert np.array_equal(one.evaluate(images, labels, mirrored=True)[1], both.argmax(axis=1))
    assert np.array_equal(one.evaluate(images, labels)[1], labels)


def test_factors_per_layer_and_a_file_of_all_parts(tmp_path):
    pytest.importorskip("torch", reason="the extra torch is not installed")
    digits = load_dataset("digits").part(slice(300))
    config = TrainingConfig(
        network=SMALL, epochs=1, layer_ranges=(1, 0.5, 2), layer_rates=(1, 1, 0.5), mirrored=True,
        schedule="one-cycle", flip=True, alternate=True, cutout=2, products="onednn-float32", twin=True,
    )  # fmt: skip
    law = ladder_law(states=5)
    result = train(law, digits, seed=1, config=config)
    span = np.ptp(law.conductance)
    largest = [factors[0] * span for factors in result.hardware.weight_per_conductance]
    rows = [layer.rows for layer in array_layers(SMALL, (8, 8, 1), 10)]
    np.testing.assert_allclose(largest, [4 * f / r**0.5 for f, r in zip((1, 0.5, 2), rows, strict=True)])
    save_training(tmp_path / "a.h5", [result])
    (read,) = load_training(tmp_path / "a.h5")
    assert read.config == config
    assert infer(read, digits).accuracy == result.accuracy
    assert np.array_equal(read.hardware.digital["whitening_matrix"], read.learned.digital["whitening_matrix"])


@pytest.mark.parametrize(("products", "error"), [("onednn-float32", 1e-5), ("onednn-bfloat16", 0.1)])
def test_a_library_multiplies_as_numpy_does_with_any_number_of_threads(products, error):
    pytest.importorskip("torch", reason="the extra torch is not installed")
    images, labels = correlated(70), np.arange(70) % 3

    def learned(products, jobs):
        one = network(products)
        one.prepare(lambda chosen: images[chosen])
        with workers(jobs):
            one.learn(images, labels)
        return [layer.gradient() for layer in one.crossbars] + [layer.gradients for layer in one.normalizations]

    plain, alone = learned("numpy", 1), learned(products, 1)
    for wanted, found in zip(plain, alone, strict=True):
        assert np.abs(found - wanted).max() < error * np.abs(wanted).max()
    assert any((found != wanted).any() for wanted, found in zip(plain, alone, strict=True)), "another library"
    for jobs in (2, 3):
        assert all(map(np.array_equal, alone, learned(products, jobs)))


def test_signals_behind_a_library_make_the_gradient():
    pytest.importorskip("torch", reason="the extra torch is not installed")
    one = network("onednn-float32")
    one.learn(correlated(20), np.arange(20) % 3)
    for layer in one.crossbars:
        rows, errors = layer.signals()
        np.testing.assert_allclose(rows.T @ errors, layer.gradient(), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("digital", ["first", "last", "both"])
def test_digital_ends_learn_beside_arrays(tmp_path, digital):
    network = NetworkSettings(network="mlp:16,12", digital=digital).definition()
    digits = load_dataset("digits").part(slice(600))
    result = train(ladder_law(states=5), digits, seed=1, config=TrainingConfig(network=network, epochs=8))
    sizes = {"first": [(17, 12), (13, 10)], "last": [(65, 16), (17, 12)], "both": [(17, 12)]}[digital]
    assert [weight.shape for weight in result.hardware.weight] == sizes
    names = [f"digital_{number}_weights" for number in range(3 - len(sizes))]
    assert list(result.hardware.digital) == list(result.learned.digital) == names
    assert result.accuracy > 0.75 and result.float32.test_accuracy[-1] > 0.75
    before = train(ladder_law(states=5), digits, seed=1, config=TrainingConfig(network=network, epochs=1, twin=False))
    assert (before.hardware.digital[names[0]] != result.hardware.digital[names[0]]).any(), "digital weights learn"
    save_training(tmp_path / "a.h5", [result])
    (read,) = load_training(tmp_path / "a.h5")
    assert infer(read, digits).accuracy == result.accuracy


def test_a_gradient_of_digital_weights_is_that_of_arrays():
    layers = (Flatten(), Linear(outputs=5, digital=True), Activation(function="tanh"), Linear())
    plain = NetworkDefinition(name="a", layers=(layers[0], dataclasses.replace(layers[1], digital=False), *layers[2:]))
    mixed = NetworkDefinition(name="a", layers=layers)
    rng = np.random.default_rng(0)
    weights = [FloatWeights(rng.normal(size=shape).astype(np.float32)) for shape in ((129, 5), (6, 3))]
    one = Network(plain, weights, input_shape=(8, 8, 2), classes=3)
    other = Network(mixed, weights[1:], input_shape=(8, 8, 2), classes=3)
    other.parameters[0][:] = weights[0].values
    for network_ in (one, other):
        network_.learn(correlated(20), np.arange(20) % 3)
    assert np.array_equal(other.gradients[0], one.crossbars[0].gradient())
    assert digital_products(mixed, (8, 8, 2), 3) == {"linear (layer 2)": 128 * 5}
    assert digital_products(SMALL, (8, 8, 2), 3) == {"whiten (layer 1)": 49 * 64}
    with pytest.raises(InputError, match="no layer is in an array"):
        NetworkDefinition(name="a", layers=(Flatten(), Linear(digital=True)))


def test_presets_take_whitening_and_momentum():
    plain = NetworkSettings(network="vgg8:0.125").definition().layers
    changed = NetworkSettings(network="vgg8:0.125", whiten=True, normalization_momentum=0.4).definition().layers
    assert changed[:2] == (Whiten(), Activation())
    assert all(
        new == (BatchNorm(momentum=0.4) if isinstance(old, BatchNorm) else old)
        for old, new in zip(plain, changed[2:], strict=True)
    )
    with pytest.raises(InputError, match="no normalization"):
        NetworkSettings(network="mlp", normalization_momentum=0.4).definition()
    assert dataclasses.replace(plain[1]) == BatchNorm()
