"""Trainings with the chip as tensors: the recipe, resume across devices, threads, and what is refused."""

import dataclasses
import json

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra torch is not installed")

from arraysim.datasets.datasets import Dataset, load_dataset  # noqa: E402
from arraysim.networks.settings import NetworkSettings  # noqa: E402
from arraysim.periphery.config import Adc, Dac, Periphery, Read, TileWires  # noqa: E402
from arraysim.synapses.ladder import ladder_law  # noqa: E402
from arraysim.training.checkpoint import Checkpointer, identity  # noqa: E402
from arraysim.training.config import TrainingConfig  # noqa: E402
from arraysim.training.file import load_training, save_training  # noqa: E402
from arraysim.training.run import train  # noqa: E402
from dwcore.errors import InputError  # noqa: E402
from dwsynapse.command_line import main  # noqa: E402

LAW = ladder_law(states=5, instances=3)
SMALL = TrainingConfig(network="mlp:12", epochs=2, batch_size=50, device="cpu-torch", pulse_threshold=0.6)


@pytest.fixture(scope="module")
def digits():
    return load_dataset("digits").part(slice(600))


def same(one, other):
    """Whether two results have the same curves, devices and digital numbers."""
    pairs = [(one.chip.loss, other.chip.loss), (one.chip.confusion, other.chip.confusion)]
    pairs += list(zip(one.hardware.state, other.hardware.state, strict=True))
    pairs += list(zip(one.hardware.pulses_received, other.hardware.pulses_received, strict=True))
    pairs += [(values, other.hardware.digital[name]) for name, values in one.hardware.digital.items()]
    if one.learned is not None:
        pairs += list(zip(one.learned.weight, other.learned.weight, strict=True))
    return all(np.array_equal(a, b) for a, b in pairs)


def color_images(count=256, seed=0):
    """Images of 32 x 32 pixels in ten classes, which differ by the place of a bright square."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 10
    images = rng.integers(0, 60, size=(count, 32, 32, 3), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[6 * (label // 2) :][:8, 16 * (label % 2) :][:, :16] += np.array([150, 90, 40], np.uint8)
    return images, labels


def test_the_recipe_trains_through_the_tensors():
    """`vgg8:0.125` with what the shipped recipe has; chance is 0.1."""
    images, labels = color_images()
    dataset = Dataset(name="squares", images=images, labels=labels, classes=10, full_scale=255, mean=(0.2,), std=(0.2,))
    network = NetworkSettings(network="vgg8:0.125", whiten=True).definition()
    recipe = TrainingConfig(
        network=network, epochs=3, batch_size=32, schedule="one-cycle", learning_rate=2, weight_range=3,
        pulse_threshold=0.6, initial_share=0.75, float32_learning_rate=0.1, shift=2, border="reflect", flip=False,
        device="cpu-torch",
    )  # fmt: skip
    result = train(LAW, dataset, seed=1, config=recipe)
    assert result.accuracy > 0.3 and result.float32.test_accuracy[-1] > 0.3
    assert result.hardware.pulses[-1] > result.hardware.pulses[0] + 10_000
    assert np.isfinite(result.chip.loss).all() and result.chip.loss[-1] < result.chip.loss[0]


def test_accuracies_are_those_of_the_processor_within_their_scatter(digits):
    """Five seeds each: the means differ by less than four standard errors, which is less than four points."""
    accuracy = {
        device: [
            train(
                LAW, digits, seed=seed, config=dataclasses.replace(SMALL, device=device, epochs=4, twin=False)
            ).accuracy
            for seed in range(5)
        ]
        for device in ("processor", "cpu-torch")
    }
    one, other = (np.array(values) for values in accuracy.values())
    error = np.hypot(one.std(ddof=1), other.std(ddof=1)) / 5**0.5
    assert abs(one.mean() - other.mean()) < 4 * error < 0.12


def test_shorter_numbers_have_an_effect(digits):
    one, other = (
        train(LAW, digits, seed=1, config=dataclasses.replace(SMALL, device_products=numbers))
        for numbers in ("float32", "bfloat16")
    )
    assert (one.chip.loss != other.chip.loss).all() and (one.float32.loss != other.float32.loss).all()


def test_threads_change_nothing(digits):
    assert same(*(train(LAW, digits, seed=1, config=SMALL, jobs=jobs) for jobs in (1, 3)))


class Stop(Checkpointer):
    """Keeps the state after some batches, and stops there."""

    def __init__(self, batches, **more):
        super().__init__(**more)
        self.left, self.kept = batches, None

    def visit(self, state, done):
        self.left -= 1
        if self.left == 0:
            self.kept = state()
            raise KeyboardInterrupt


def stopped(digits, config, batches):
    keep = Stop(batches)
    with pytest.raises(KeyboardInterrupt):
        train(LAW, digits, seed=1, config=config, checkpointer=keep)
    return keep.kept


@pytest.mark.parametrize("batches", [3, 14, 23])
def test_a_run_that_stopped_goes_on_bit_for_bit(digits, batches):
    """Within the first epoch, at the end of the second, and within the twin."""
    kept = stopped(digits, SMALL, batches)
    resumed = train(LAW, digits, seed=1, config=SMALL, checkpointer=Checkpointer(saved=kept))
    assert same(resumed, train(LAW, digits, seed=1, config=SMALL))


@pytest.mark.parametrize("devices", [("processor", "cpu-torch"), ("cpu-torch", "processor")])
def test_a_checkpoint_goes_from_one_device_to_the_other(digits, devices):
    """At the hand-over all devices, accumulators and digital numbers are the same; both then learn on."""
    first, second = (dataclasses.replace(SMALL, device=device) for device in devices)
    assert identity(LAW, digits, seed=1, config=first) == identity(LAW, digits, seed=1, config=second)
    other = dataclasses.replace(SMALL, device_products="bfloat16")
    assert identity(LAW, digits, seed=1, config=SMALL) != identity(LAW, digits, seed=1, config=other)
    kept = stopped(digits, first, 5)
    again = Stop(1, saved=kept)
    with pytest.raises(KeyboardInterrupt):
        train(LAW, digits, seed=1, config=first, checkpointer=again)
    handed = Stop(1, saved=kept)
    with pytest.raises(KeyboardInterrupt):
        train(LAW, digits, seed=1, config=second, checkpointer=handed)
    before, here, there = (kept["chip"], again.kept["chip"], handed.kept["chip"])
    assert before.keys() == here.keys() == there.keys()
    moved = {name for name in here if not np.array_equal(here[name], before[name])}
    assert any("state" in name for name in moved) and any("accumulator" in name for name in moved)
    for name in moved:
        if name.endswith("/state"):
            assert (here[name] != there[name]).mean() < 0.01, "one batch later only rounding of the passes differs"
    assert train(LAW, digits, seed=1, config=second, checkpointer=Checkpointer(saved=kept)).accuracy > 0.3


def test_a_file_says_the_device_and_is_read_without_it(digits, tmp_path):
    result = train(LAW, digits, seed=1, config=SMALL)
    save_training(tmp_path / "a.h5", [result])
    (read,) = load_training(tmp_path / "a.h5")
    assert read.config == SMALL and read.config.device == "cpu-torch"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"rule": "tiki-taka"}, "device = cuda knows the rules mixed-precision and sign, not tiki-taka"),
        ({"products": "onednn-float32"}, "products = onednn-float32 has no effect; set device_products"),
        ({"periphery": Periphery(wires=TileWires(word_resistance=1.0))}, "knows no wires with resistance"),
        ({"periphery": Periphery(adc=Adc(bits=6), read=Read(noise=0.1))}, "knows no read.noise"),
        ({"periphery": Periphery(adc=Adc(bits=6), read=Read(integrator_noise=1e-9))}, "read.integrator_noise"),
        ({"periphery": Periphery(adc=Adc(bits=6), read=Read(subtraction="digital"))}, "read.subtraction = digital"),
        ({"periphery": Periphery(adc=Adc(bits=6, nonlinearity_dtod=0.1))}, "adc.nonlinearity_dtod of a periphery"),
        (
            {"device_products": "bfloat16", "device": "processor"},
            "device_products = bfloat16 needs a device of tensors",
        ),
        ({"device": "gpu"}, 'device = "gpu" must be one of processor, cpu-torch, cuda'),
    ],
)
def test_what_tensors_do_not_know_is_refused_in_one_line(fields, message):
    with pytest.raises(InputError, match=message) as raised:
        TrainingConfig(**{"device": "cuda"} | fields)
    assert "\n" not in str(raised.value)


def test_what_tensors_know_is_taken():
    ideal = Periphery(dac=Dac(bits=8), adc=Adc(bits=6, offset_dtod=0.1), read=Read(passes="forward"))
    for rule in ("mixed-precision", "sign"):
        assert TrainingConfig(device="cuda", rule=rule, periphery=ideal).device == "cuda"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_said_in_one_line(digits, capsys):
    assert main(["train", "--table", "ladder:5", "--device", "cuda", "--epochs", "1", "--no-twin"]) == 2
    said = capsys.readouterr()
    assert not said.out and said.err.count("\n") == 1 and "device = cuda: PyTorch" in said.err and "no GPU" in said.err


def test_the_command_takes_a_device(capsys):
    how = ["train", "--table", "ladder:5", "--epochs", "1", "--no-twin", "--json"]
    assert main([*how, "--device", "cpu-torch", "--batch-size", "200"]) == 0
    assert json.loads(capsys.readouterr().out)["pulses"] > 0
    assert main([*how, "--set", "device_products=bfloat16"]) == 2
    assert "device_products" in capsys.readouterr().err
