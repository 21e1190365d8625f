"""Products, passes forward and backward, loss."""

import numpy as np
import pytest

from arraysim.networks.network import ACTIVATIONS, Network
from arraysim.synapses.ladder import ladder_law
from arraysim.synapses.weights import FloatWeights, PairedWeights
from llg.errors import InputError


def small_network(activation, *, smoothing=0.1, seed=0):
    rng = np.random.default_rng(seed)
    layers = [FloatWeights(rng.normal(size=shape)) for shape in ((5, 6), (7, 4), (5, 3))]
    return Network(layers, activation=activation, label_smoothing=smoothing)


def batch(seed=1):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(8, 4)), rng.integers(3, size=8)


def worst_relative_error(network, gradients):
    """Largest deviation of the gradients from central differences, relative to the largest gradient."""
    inputs, labels = batch()
    worst, step = 0.0, 1e-6
    for layer, gradient in zip(network.layers, gradients, strict=True):
        numeric = np.empty_like(gradient)
        for at in np.ndindex(gradient.shape):
            value, loss = layer.values[at], []
            for sign in (1, -1):
                layer.values[at] = value + sign * step
                loss.append(network.evaluate(inputs, labels)[0])
            layer.values[at] = value
            numeric[at] = (loss[0] - loss[1]) / (2 * step)
        worst = max(worst, np.abs(numeric - gradient).max() / np.abs(numeric).max())
    return worst


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_are_those_of_the_loss(activation):
    network = small_network(activation)
    gradients = network.gradients(*batch())
    assert worst_relative_error(network, gradients) < 1e-7
    # Negative controls: the loss without smoothing, and the derivative of another activation.
    unsmoothed = small_network(activation, smoothing=0.0).gradients(*batch())
    assert worst_relative_error(network, unsmoothed) > 1e-2
    other = small_network(next(name for name in ACTIVATIONS if name != activation)).gradients(*batch())
    assert worst_relative_error(network, other) > 1e-2


def test_both_passes_go_through_the_conductances():
    pairs = PairedWeights(ladder_law(), rows=5, columns=3, largest_weight=2.0, seed=0, conductance_std_dtod=0.1)
    pairs.initialize(0.5, np.random.default_rng(0))
    pairs.pulse(np.random.default_rng(1).integers(-1, 2, size=(5, 3)))
    plus, minus = pairs.array.conductance
    weights = (pairs.scale * (plus - minus)).astype(np.float32)
    inputs, errors = np.eye(5, dtype=np.float32), np.eye(3, dtype=np.float32)
    assert np.array_equal(pairs.forward(inputs), weights)
    assert np.array_equal(pairs.backward(errors), weights.T)


def test_loss_of_equal_outputs_is_the_logarithm_of_the_classes():
    network = Network([FloatWeights(np.zeros((5, 3)))], activation="tanh")
    assert network.evaluate(*batch())[0] == pytest.approx(np.log(3))


def test_large_outputs_do_not_overflow():
    network = Network([FloatWeights(np.full((5, 3), 1e4) * np.arange(3))], activation="tanh")
    loss, _ = network.evaluate(*batch())
    assert np.isfinite(loss)
    assert np.all(np.isfinite(network.gradients(*batch())[0]))


def test_unfit_networks_are_refused():
    with pytest.raises(InputError, match='did you mean "tanh"'):
        Network([], activation="tan")
    with pytest.raises(InputError, match="cannot follow"):
        Network([FloatWeights(np.zeros((5, 3))), FloatWeights(np.zeros((3, 2)))], activation="tanh")
    with pytest.raises(InputError, match="label_smoothing"):
        Network([], activation="tanh", label_smoothing=1.0)
