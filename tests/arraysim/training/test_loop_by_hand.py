"""The loop of a training around a learner that only notes what it is asked; first weights, rates, search, checkpoints."""

import dataclasses
import json
import math
import types

import numpy as np
import pytest

from arraysim.datasets.datasets import Dataset
from arraysim.networks.crossbars import array_layers
from arraysim.periphery.config import Adc, Periphery, Read
from arraysim.rules.registry import make_rule
from arraysim.synapses.ladder import ladder_law
from arraysim.synapses.weights import PairedWeights
from arraysim.training import checkpoint, chip, search, training_loop
from arraysim.training.checkpoint import SAMPLE, Checkpointer, identity
from arraysim.training.chip import Chip
from arraysim.training.config import ORDER, TrainingConfig, config_from_mapping
from arraysim.training.descent import Descent
from arraysim.training.float_twin import FloatTwin
from arraysim.training.hardware import record_of, totals_of
from arraysim.training.result import CURVES
from arraysim.training.schedules import share_of_rate
from arraysim.training.search import halving, validated
from arraysim.training.task import ImageSets
from arraysim.training.watch import guesses, has_learned
from dwcore.errors import InputError

SURE = ladder_law(miss=0.0, double=0.0)


def images(n, offset=0):
    """Images that hold their number; the last six pixels are black."""
    pixels = np.zeros((n, 8), np.uint8)
    pixels[:, 0], pixels[:, 1] = np.arange(n) + offset, 200
    return Dataset(name="made", images=pixels.reshape(n, 2, 4, 1), labels=np.arange(n) % 2, classes=2, full_scale=255)


class Noting:
    """A learner that learns nothing; its accuracy on the 20 images to validate is told, or its guess of those to test."""

    label, name = "noting", "chip"

    def __init__(self, validation=(0.5,) * 99, guess=None, loss=1.0):
        self.seen, self.shares, self.measured, self.adapts = [], [], [], []
        self._validation, self._guess, self._loss, self.network = iter(validation), guess, loss, self

    def learn(self, inputs, labels):
        self.seen.append(np.rint(255 * inputs[:, 0, 0, 0]).astype(int).tolist())

    def update(self, share):
        self.shares.append(share)

    def evaluate(self, inputs, labels, *, mirrored):
        self.measured.append((len(labels), mirrored))
        right = round(next(self._validation) * len(labels)) if len(labels) == 20 else len(labels)
        guess = np.where(np.arange(len(labels)) < right, labels, 1 - labels)
        return self._loss, guess if self._guess is None or len(labels) != 6 else self._guess

    def calibrate(self, on):
        self.adapts.append(on)

    def end_epoch(self):
        return {}

    def checkpoint(self):
        return {}

    def restore(self, saved):
        assert saved == {}


def loop_of(learner, *, seed=3, **config):
    parts = ImageSets(train=images(10), validation=images(20, 50), test=images(6, 100))
    config = TrainingConfig(network="linear", batch_size=4, **{"epochs": 3, "validation_fraction": 0.2} | config)
    return training_loop.TrainingLoop(learner, parts, seed=seed, config=config)


def ran(learner, **config):
    loop = loop_of(learner, **config)
    loop.run(Checkpointer(), dict)
    return loop


def test_every_epoch_has_all_images_in_an_order_of_its_own_and_the_rate_falls_with_every_batch():
    learner = Noting()
    ran(learner)
    assert [len(batch) for batch in learner.seen] == [4, 4, 2] * 3
    epochs = [[image for batch in learner.seen[3 * n : 3 * n + 3] for image in batch] for n in range(3)]
    for number, order in enumerate(epochs, 1):
        assert order == np.random.default_rng([3, ORDER, number]).permutation(10).tolist()
    times = [epoch + batch / 3 for epoch in range(3) for batch in range(3)]
    assert learner.shares == pytest.approx([share_of_rate("cosine", time, epochs=3, decay=1) for time in times])


def test_changes_of_images_know_seed_epoch_and_batch(monkeypatch):
    asked = []
    monkeypatch.setattr(
        training_loop, "augmented", lambda images, chosen, grey, *, config, **when: asked.append(when) or images
    )
    ran(Noting(), epochs=2)
    assert asked == [{"seed": 3, "epoch": epoch, "batch": batch} for epoch in (1, 2) for batch in range(3)]


def test_it_measures_what_it_says(tmp_path):
    """Before the first epoch and after each: some training images, those to validate, those to test, in this order."""
    learner = Noting(guess=np.array([0, 1, 0, 0, 0, 0]))
    loop = ran(learner, epochs=1, monitor_images=7, mirrored=True)
    assert learner.measured == [(7, True), (20, True), (6, True)] * 2
    assert learner.adapts == [True, True, False, True], "ranges follow the data before the first epoch, and in training"
    curve = loop.curve()
    assert curve.confusion.tolist() == [[3, 0], [2, 1]], "true classes 0 1 0 1 0 1, by row; predicted ones by column"
    assert curve.test_accuracy == pytest.approx([4 / 6] * 2) and curve.validation_accuracy.tolist() == [0.5, 0.5]
    assert [json.loads(line)["epoch"] for line in loop.log] == [0, 1]


@pytest.mark.parametrize(("patience", "epochs"), [(0, 6), (1, 2), (2, 5), (3, 6)])
def test_patience_counts_epochs_since_the_best_one(patience, epochs):
    """0.5, then 0.6, 0.6, 0.7, 0.7, 0.65, 0.6 of twenty images: equal is not better."""
    learner = Noting(validation=(0.5, 0.6, 0.6, 0.7, 0.7, 0.65, 0.6))
    assert ran(learner, epochs=6, patience=patience).epochs_done == epochs
    assert loop_of(learner)._curves == []


def test_a_loss_that_overflows_has_learned_nothing():
    loop = loop_of(Noting())
    loop._curves = [[math.nan, 0.9, 0.9, 0.9]]
    assert loop.learned == 0.0
    loop._curves = [[1.0, 0.9, 0.1, 0.2]]
    assert loop.learned == 0.9


@pytest.mark.parametrize(("batch", "sound"), [(0, True), (2, True), (3, False), (-1, False)])
def test_a_checkpoint_may_lie_before_any_batch(batch, sound):
    """Ten images in batches of four are three."""
    begun = loop_of(Noting())
    begun._curves, begun._batch = [[1.0] * len(CURVES)], batch
    loop = loop_of(Noting())
    if sound:
        loop.restore(begun.checkpoint())
        assert loop._batch == batch and loop.begun
    else:
        with pytest.raises(InputError, match="its progress is not that of this training"):
            loop.restore(begun.checkpoint())


@pytest.mark.parametrize("entries", [1, 3])
def test_a_checkpoint_has_an_entry_per_epoch_and_one_before(entries):
    begun = loop_of(Noting())
    begun._curves, begun._epoch = [[1.0] * len(CURVES)] * entries, 1
    with pytest.raises(InputError, match="its progress is not that of this training"):
        loop_of(Noting()).restore(begun.checkpoint())


def test_measuring_is_part_of_the_time_of_a_run():
    loop = ran(Noting(), epochs=1)
    loop._seconds = {"training": 1.0, "measuring": 2.0}
    assert (loop.curve().seconds, loop.curve().training_seconds) == (3.0, 1.0)


def chip_of(**config):
    config = TrainingConfig(network="mlp:10,10", **config)
    layers = array_layers(config.network, (8, 8, 1), 10)
    return Chip(SURE, layers, input_shape=(8, 8, 1), classes=10, seed=1, config=config), layers


def test_layers_of_a_chip_have_ranges_rates_and_first_weights_of_their_own(monkeypatch):
    """Two of the three have one shape; the synapses are sure, so that only what was drawn tells them apart."""
    one, layers = chip_of(
        layer_ranges=(1.0, 2.0, 0.5), layer_rates=(1.0, 3.0, 0.1), learning_rate=0.2, weight_range=3.0
    )
    sizes = [(65, 10), (11, 10), (11, 10)]
    assert [(layer.rows, layer.columns) for layer in layers] == sizes
    largest = [weights.largest for weights in one._weights]
    assert largest == pytest.approx(
        [factor * 3.0 / math.sqrt(rows) for factor, (rows, _) in zip((1, 2, 0.5), sizes, strict=True)]
    )
    second, third = (weights.values / weights.largest for weights in one._weights[1:])
    assert not np.allclose(second, third)
    begun = [rule.accumulator / rule.threshold for rule in one._rules[1:]]
    assert not np.allclose(*begun), "accumulators start anywhere, not alike"
    asked = []
    monkeypatch.setattr(chip, "update_by_rule", lambda layer, rule, rate: asked.append(rate))
    monkeypatch.setattr(one._descent, "step", lambda gradients, rate: asked.append(rate))
    one.update(0.5)
    assert asked == pytest.approx([0.1, 0.3, 0.01, 0.5 * TrainingConfig().float32_learning_rate])


def test_first_weights_and_thresholds_are_those_of_the_settings():
    """A quarter of the largest weight is one level of five; pulses are sent at 0.6 of their mean step."""
    one, _ = chip_of(initial_share=0.25, pulse_threshold=0.6)
    for weights, rule in zip(one._weights, one._rules, strict=True):
        assert np.abs(weights.values).max() == pytest.approx(0.25 * weights.largest)
        assert rule.threshold == pytest.approx(0.6 * weights.mean_step)


def test_read_paths_of_layers_have_numbers_of_their_own(monkeypatch):
    numbers = []
    reader = lambda periphery, *, seed, number: numbers.append((seed, number))  # noqa: E731
    monkeypatch.setattr(chip, "PeripheryReader", reader)
    chip_of(periphery=Periphery(read=Read(noise=0.1)))
    assert numbers == [(1, 0), (1, 1), (1, 2)]


def test_the_twin_follows_the_schedule_and_its_layers_differ(monkeypatch):
    config = TrainingConfig(network="mlp:10,10", float32_learning_rate=0.4)
    layers = array_layers(config.network, (8, 8, 1), 10)
    twin, asked = FloatTwin(layers, input_shape=(8, 8, 1), classes=10, seed=1, config=config), []
    second, third = (layer.weights.values for layer in twin.network.crossbars[1:])
    assert not np.array_equal(second, third)
    monkeypatch.setattr(type(twin.network.crossbars[0]), "gradient", lambda self: None)
    monkeypatch.setattr(twin._descent, "step", lambda gradients, rate: asked.append(rate))
    twin.update(0.25)
    assert asked == pytest.approx([0.1])


def test_descent_with_momentum_by_hand():
    """v = 0.5 v - 0.1 g, w = w + v, from 1 with the gradients 2 and 4."""
    values = np.array([[1.0]], np.float32)
    descent = Descent([values], momentum=0.5)
    descent.step([np.array([[2.0]], np.float32)], 0.1)
    assert values[0, 0] == pytest.approx(0.8)
    descent.step([np.array([[4.0]], np.float32)], 0.1)
    assert values[0, 0] == pytest.approx(0.8 - 0.1 - 0.4)


def test_totals_count_the_arrays_of_a_rule_too():
    weights = PairedWeights(SURE, rows=4, columns=3, largest_weight=1.0, seed=1)
    rule = make_rule("tiki-taka", weights, seed=(1, 2))
    weights.arrays[0].count_reads(3)
    rule.arrays[0].count_reads(4)
    alone, both = totals_of([weights]), totals_of([weights], [rule])
    assert (alone["reads"], both["reads"]) == (3, 7)
    assert rule.arrays and both["pulses"] == alone["pulses"] + sum(int(a.pulses_sent.sum()) for a in rule.arrays)
    assert both["pulses"] > alone["pulses"] and both["reads"] == alone["reads"] + sum(a.reads for a in rule.arrays)


def test_a_record_makes_its_weights_again():
    """Conductances of both planes times what they count for."""
    weights = PairedWeights(SURE, rows=4, columns=3, largest_weight=2.0, seed=1)
    weights.initialize(1.0, np.random.default_rng(0))
    history = {name: [value] for name, value in totals_of([weights]).items()}
    record = record_of([weights], types.SimpleNamespace(memory=dict), history)
    again = np.tensordot(record.weight_per_conductance[0], record.conductance[0], 1)
    assert np.abs(record.weight[0]).max() > 0.5
    np.testing.assert_allclose(again, record.weight[0], atol=1e-6)


def test_a_climb_ends_where_it_does_not_get_better():
    """Twice 1 is as good and not better; a half is better, a quarter is not."""
    worth, asked = {1.0: 0.5, 2.0: 0.5, 4.0: 0.9, 0.5: 0.6, 0.25: 0.6}, []
    assert search._climb(1.0, lambda value: asked.append(value) or worth[value]) == 0.5
    assert asked == [1.0, 2.0, 0.5, 0.25]
    assert search._climb(1.0, lambda value: value) == 2**4 and search._climb(1.0, lambda value: -value) == 2**-4


def test_a_trial_is_judged_by_its_last_two_epochs_without_twin_and_patience(monkeypatch):
    given = []

    def train(law, dataset, *, seed, config, jobs):
        given.append(config)
        curve = types.SimpleNamespace(validation_accuracy=np.array([0.9, 0.5, 0.7]))
        return types.SimpleNamespace(chip=curve, hardware=types.SimpleNamespace(pulses=np.array([3, 8])))

    monkeypatch.setattr(search, "train", train)
    config = TrainingConfig(network="linear", patience=2, validation_fraction=0.3)
    assert validated(SURE, images(4), seed=1, config=config) == (pytest.approx(0.6), 8)
    assert validated(SURE, images(4), seed=1, config=TrainingConfig(network="linear"))[1] == 8
    assert [(one.twin, one.patience, one.validation_fraction) for one in given] == [(False, 0, 0.3), (False, 0, 0.1)]
    assert given[0].learning_rate == config.rate


def test_halving_of_a_power_of_three():
    """Nine, three, one; of 13 epochs a ninth and a third, rounded up."""
    asked = []
    halving(9, 13, lambda candidate, epochs: (asked.append(epochs) or float(candidate), 1))
    assert asked == [2] * 9 + [5] * 3 + [13]


def test_a_checkpoint_belongs_to_all_of_its_synapses_but_to_no_machine():
    config, one = TrainingConfig(network="linear"), images(4)
    mine = identity(SURE, one, seed=1, config=config)
    other = dataclasses.replace(SURE, conductance=2 * SURE.conductance)
    assert identity(other, one, seed=1, config=config)["law_sha256"] != mine["law_sha256"]
    assert identity(SURE, images(4, 1), seed=1, config=config)["dataset_sha256"] != mine["dataset_sha256"]
    moved = dataclasses.replace(config, device="cpu-torch")
    assert identity(SURE, one, seed=1, config=moved) == mine
    assert checkpoint._different(mine, mine) == ""
    longer = identity(SURE, one, seed=1, config=dataclasses.replace(config, epochs=5))
    assert checkpoint._different(mine, longer) == "epochs" and checkpoint._different(mine, mine | {"seed": 2}) == "seed"


def test_a_forecast_is_of_what_is_left(monkeypatch):
    """From a fifth to two fifths of the way in two seconds: three fifths would have taken six, four fifths eight."""
    now, told = [100.0], []
    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: now[0])
    keeper = Checkpointer(forecast=told.append)
    for time, done in ((100.0, 0.2), (100.0 + SAMPLE / 2, 0.25), (100.0 + SAMPLE, 0.4), (200.0, 0.9)):
        now[0] = time
        keeper.visit(dict, done)
    assert told == [pytest.approx(SAMPLE * 0.8 / 0.2)]


def test_nothing_is_foretold_while_nothing_is_done(monkeypatch):
    now, told = [0.0], []
    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: now[0])
    keeper = Checkpointer(forecast=told.append)
    for time, done in ((0.0, 0.2), (SAMPLE, 0.2), (2 * SAMPLE, 0.4)):
        now[0] = time
        keeper.visit(dict, done)
    assert told == [pytest.approx(2 * SAMPLE * 0.8 / 0.2)]


def test_a_run_that_is_told_to_stop_saves_first():
    """However short a time ago it did; one that goes on saves after its interval."""
    kept = []
    keeper = Checkpointer(kept.append, stop=lambda: True, interval=1e9)
    with pytest.raises(KeyboardInterrupt):
        keeper.visit(lambda: {"a": 1}, 0.5)
    assert kept == [{"a": 1}]
    Checkpointer(kept.append, interval=1e9).visit(dict, 0.5)
    assert len(kept) == 1
    Checkpointer(kept.append, interval=0.0).visit(dict, 0.5)
    assert len(kept) == 2


def test_a_trial_logs_nothing(tmp_path):
    keeper = Checkpointer(log=tmp_path / "a.jsonl")
    keeper.of_trial().note("trial\n")
    keeper.note("kept\n")
    assert (tmp_path / "a.jsonl").read_text() == "kept\n"


def test_what_has_been_learned_of_few_classes():
    """More than nine in ten of two classes are learned, half are guesses."""
    assert has_learned(0.91, 2) and not has_learned(0.89, 2) and has_learned(0.31, 10) and not has_learned(0.29, 10)
    assert guesses(0.74, 2) and not guesses(0.76, 2) and guesses(0.14, 10) and not guesses(0.16, 10)


@pytest.mark.parametrize(
    ("read", "adc", "words"),
    [({"integrator_noise": 0.1}, {}, "read.integrator_noise"), ({"noise": 0.1}, {}, "read.noise"),
     ({}, {"bits": 4, "nonlinearity_dtod": 0.1}, "adc.nonlinearity_dtod")],
)  # fmt: skip
def test_tensors_name_what_they_do_not_know_of_a_periphery(read, adc, words):
    with pytest.raises(InputError, match=f"device = cpu-torch knows no {words} of a periphery"):
        TrainingConfig(network="linear", device="cpu-torch", periphery=Periphery(read=Read(**read), adc=Adc(**adc)))
    with pytest.raises(InputError, match="patience = 3 needs a validation_fraction > 0"):
        TrainingConfig(network="linear", patience=3)
    with pytest.raises(InputError, match=r"layer_rates must be 1 numbers > 0, one per crossbar, are -1"):
        TrainingConfig(network="linear", layer_rates=(-1.0,))


@pytest.mark.parametrize(
    ("given", "words"),
    [({"alternate": True}, "alternate = true says how flip mirrors, and flip is false"),
     ({"device_products": "bfloat16"}, "device_products = bfloat16 needs a device of tensors")],
)  # fmt: skip
def test_settings_that_nothing_would_heed_are_refused(given, words):
    with pytest.raises(InputError, match=words):
        TrainingConfig(network="linear", **given)


def test_files_of_before_told_one_momentum():
    mapping = TrainingConfig(network="linear").to_mapping()
    del mapping["float32_momentum"]
    assert config_from_mapping(mapping | {"momentum": 0.25}, "old.h5").float32_momentum == 0.25
