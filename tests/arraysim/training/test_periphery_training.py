"""Training through a periphery, and reading a trained network through another."""

import dataclasses
import itertools

import numpy as np
import pytest

from arraysim.inference.infer import infer
from arraysim.networks.definition import Activation, BatchNorm, Convolution, Flatten, Linear, NetworkDefinition, Pooling
from arraysim.networks.presets import mlp
from arraysim.periphery.config import Adc, Dac, Periphery, Read, TileWires
from arraysim.periphery.tiles import TileShape
from arraysim.synapses.ladder import ladder_law
from arraysim.training.checkpoint import Checkpointer
from arraysim.training.config import TrainingConfig, config_from_mapping
from arraysim.training.file import load_training, save_training
from arraysim.training.run import train
from dwcore.errors import InputError

LAW = ladder_law(conductance_low=1e-5)
CONFIG = TrainingConfig(network=mlp((16,)), epochs=8, twin=False)
CHIP = Periphery(
    tile=TileShape(rows=32, columns=32),
    wires=TileWires(word_resistance=2.0, bit_resistance=2.0, solution="fast"),
    dac=Dac(bits=8),
    adc=Adc(bits=6, offset_dtod=0.3, gain_dtod=0.01, nonlinearity_dtod=0.05),
    read=Read(noise=0.02),
)


@pytest.fixture(scope="module")
def ideal(digits):
    return train(LAW, digits, seed=1, config=CONFIG)


def test_a_network_learns_through_the_periphery(digits, ideal):
    through = train(LAW, digits, seed=1, config=dataclasses.replace(CONFIG, periphery=CHIP))
    assert through.chip.test_accuracy[-1] > 0.93
    assert not np.array_equal(through.hardware.weight[0], ideal.hardware.weight[0])
    again = infer(through, digits, CHIP)
    assert again.accuracy == pytest.approx(through.chip.test_accuracy[-1], abs=0.02)


def test_an_ideal_periphery_trains_bit_for_bit_as_none(digits, ideal):
    same = train(LAW, digits, seed=1, config=dataclasses.replace(CONFIG, periphery=Periphery()))
    assert np.array_equal(same.hardware.weight[0], ideal.hardware.weight[0])


def test_six_bits_with_calibrated_ranges_lose_less_than_half_a_point(digits, ideal, tmp_path):
    path = tmp_path / "training.h5"
    save_training(path, [ideal])
    (stored,) = load_training(path)
    assert infer(stored, digits).accuracy == ideal.chip.test_accuracy[-1]
    six = Periphery(tile=CHIP.tile, dac=Dac(bits=8), adc=Adc(bits=6))
    assert infer(stored, digits, six).accuracy > ideal.chip.test_accuracy[-1] - 0.0057  # two of 359 images
    for bad in (
        Periphery(adc=Adc(bits=2)),
        Periphery(read=Read(noise=0.9)),
        Periphery(wires=TileWires(word_resistance=3000.0, bit_resistance=3000.0)),
    ):
        assert infer(stored, digits, bad).accuracy < ideal.chip.test_accuracy[-1] - 0.03
    other = dataclasses.replace(digits, name="other")
    with pytest.raises(InputError, match='made for "digits", not for "other"'):
        infer(stored, other)


def test_a_convolution_with_normalization_is_read_again_from_its_file(digits, tmp_path):
    layers = (Convolution(channels=4, kernel=3, bias=False), BatchNorm(), Activation(), Pooling(), Flatten(), Linear())
    network = NetworkDefinition(name="small", layers=layers)
    config = TrainingConfig(network=network, epochs=2, twin=False, periphery=dataclasses.replace(CHIP, read=Read()))
    result = train(LAW, digits, seed=2, config=config)
    save_training(tmp_path / "a.h5", [result])
    (stored,) = load_training(tmp_path / "a.h5")
    assert stored.config == config
    assert infer(stored, digits, CHIP).accuracy == pytest.approx(result.chip.test_accuracy[-1], abs=0.03)


@pytest.mark.parametrize("solution", ["fast", "exact"])
def test_a_run_through_a_periphery_goes_on_bit_for_bit(digits, solution):
    chip = dataclasses.replace(CHIP, wires=dataclasses.replace(CHIP.wires, solution=solution))
    config = dataclasses.replace(CONFIG, periphery=chip, epochs=1, batch_size=200)
    whole = train(LAW, digits, seed=1, config=config)
    kept, count = [], itertools.count(1)
    with pytest.raises(KeyboardInterrupt):
        train(
            LAW,
            digits,
            seed=1,
            config=config,
            checkpointer=Checkpointer(kept.append, stop=lambda: next(count) >= 4, interval=0),
        )
    resumed = train(LAW, digits, seed=1, config=config, checkpointer=Checkpointer(saved=kept[-1]))
    assert np.array_equal(whole.chip.loss, resumed.chip.loss)
    assert np.array_equal(whole.hardware.weight[0], resumed.hardware.weight[0])


def test_the_configuration_keeps_its_periphery():
    config = dataclasses.replace(CONFIG, periphery=CHIP)
    assert config_from_mapping(config.to_mapping(), "file") == config
    assert config_from_mapping(CONFIG.to_mapping(), "file").periphery is None
