"""What a training cost: pulses, reads and layers of a result become settings of the chip."""

import dataclasses

import numpy as np
import pytest

from arraysim.cost.of_training import TrainingUse, use_of_file
from arraysim.cost.settings import ChipSettings
from arraysim.datasets.datasets import load_dataset
from arraysim.networks.presets import mlp
from arraysim.synapses.ladder import ladder_law
from arraysim.training.config import TrainingConfig
from arraysim.training.run import train
from dwcore.errors import InputError

CONFIG = TrainingConfig(network=mlp((8,)), epochs=2, twin=False)


@pytest.fixture(scope="module")
def result():
    return train(ladder_law(states=5), load_dataset("digits"), seed=1, config=CONFIG)


def test_pulses_per_update_give_back_the_pulses_of_the_training(result):
    use = TrainingUse(results=[result], image_shape=(8, 8, 1), images=1438)
    settings = use.settings(ChipSettings())
    assert settings.batch_size == 16 and settings.images_per_epoch == 1438
    updates = 2 * -(-1438 // 16)
    devices = [2 * weight.size for weight in result.hardware.weight]
    sent = updates * np.dot(settings.pulses_per_update, devices)
    assert sent == pytest.approx(int(result.hardware.pulses[-1]) - int(result.hardware.pulses[0]))
    reads = updates * settings.reads_per_update[0] * sum(devices)
    assert reads == pytest.approx(int(result.hardware.reads[-1]) - int(result.hardware.reads[0]))
    assert [(layer.rows, layer.columns) for layer in use.layers()] == [(65, 8), (9, 10)]


def test_a_file_says_its_images_by_the_name_of_its_data_set(result):
    use = use_of_file([result], "training.h5")
    assert use.image_shape == (8, 8, 1)
    assert use.images == 1797 - int(result.chip.confusion.sum())
    with pytest.raises(InputError, match='data set "faces" is unknown'):
        use_of_file([dataclasses.replace(result, dataset="faces")], "training.h5")
