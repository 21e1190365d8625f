"""Goal: program weights that were trained elsewhere into synapses, and see what the read noise of the loop costs.

Physics: a five-state pair holds nine levels, so a trained weight is rounded to the nearest one. Write-verify reads a
weight, sends pulses against its error and reads again, until the read is within half a level. Pulses miss (10 %) or go
two states (2 %). The loop mends that. It cannot mend noise of the reads, because it accepts what merely looks right.
Two pairs of significance 1 and 4 hold 41 levels.

Expected: a 64-32-10 network loses one to three points of accuracy on single pairs (from 0.98) and less than one on two
pairs. Rounding to nine levels is an rms error of 0.073 of the largest weight; two pairs have a fifth of it. Noise of
5 % of the largest weight more than doubles the error of two pairs, and hardly changes that of single ones.
"""

from arraysim import WriteVerifyConfig, ladder_law, load_dataset, make_weights, write_verify
from arraysim.networks.crossbars import array_layers
from arraysim.training.checkpoint import Checkpointer
from arraysim.training.config import TrainingConfig
from arraysim.training.float_twin import FloatTwin
from arraysim.training.task import divide
from arraysim.training.training_loop import TrainingLoop

CLIP = 3.0  # largest weight over the root mean square of its layer


def trained(epochs):
    """A network trained in float32, and the images to test it on."""
    dataset, config = load_dataset("digits"), TrainingConfig(epochs=epochs)
    parts = divide(dataset, seed=1, config=config)
    layers = array_layers(config.network, dataset.image_shape, dataset.classes)
    twin = FloatTwin(layers, input_shape=dataset.image_shape, classes=dataset.classes, seed=1, config=config)
    TrainingLoop(twin, parts, seed=1, config=config).run(Checkpointer(), dict)
    return twin.network, parts.test


def accuracy(network, test):
    """Share of the test images that are recognized."""
    return float((network.evaluate(test.inputs(), test.labels)[1] == test.labels).mean())


def program(network, targets, kind, noise):
    """Put synapses in the place of the weights and program them; returns the results of the loop, layer by layer."""
    results = []
    for number, (layer, target) in enumerate(zip(network.crossbars, targets, strict=True)):
        rows, columns = target.shape
        largest = CLIP * float((target**2).mean() ** 0.5)
        weights = make_weights(
            kind, ladder_law(instances=64), rows=rows, columns=columns, largest_weight=largest, seed=1, number=number
        )
        config = WriteVerifyConfig(read_noise=noise, rounds=60)
        results.append(write_verify(weights, target, seed=number, config=config))
        layer.weights = weights
    return results


def main(epochs: int = 60):
    """Print accuracy and effort. Return {(kind, noise): (accuracy, summary of the first layer)} and the float accuracy."""
    network, test = trained(epochs)
    targets = [layer.weights.values.copy() for layer in network.crossbars]
    before, found = accuracy(network, test), {}
    print(f"float32: {before:.3f}")
    for kind in ("pair", "digits"):
        for noise in (0.0, 0.05):
            summary = program(network, targets, kind, noise)[0].summary()
            found[kind, noise] = accuracy(network, test), summary
            print(
                f"{kind:6} read noise {noise:4.0%}: accuracy {found[kind, noise][0]:.3f}, rms error "
                f"{summary['rms_error_after']:.3f} of the largest weight, {summary['pulses_per_weight']:.1f} pulses and "
                f"{summary['reads_per_weight']:.1f} reads per weight"
            )
    return found, before


if __name__ == "__main__":
    main()
