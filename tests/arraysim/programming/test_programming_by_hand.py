"""Programming and reading again without a training: what is asked of whom, and what the numbers of a report add up."""

import dataclasses
import types

import numpy as np
import pytest
from training_cases import made_up

from arraysim.drawing import programming_plots
from arraysim.inference import infer, rest
from arraysim.inference.infer import CALIBRATION_IMAGES, StoredWeights
from arraysim.networks.crossbars import ArrayLayer
from arraysim.networks.presets import mlp, network_from
from arraysim.periphery.config import Periphery
from arraysim.programming import program
from arraysim.programming.config import (
    LoopSettings,
    ProgrammingConfig,
    WriteVerifyConfig,
    config_for,
    config_from_mapping,
)
from arraysim.programming.result import ProgrammedChip
from arraysim.programming.weights_file import load_weights
from arraysim.programming.write_verify import WriteVerifyResult, write_verify
from arraysim.synapses.ladder import ladder_law
from arraysim.synapses.source import Synapses
from arraysim.training.config import VERIFY, TrainingConfig
from dwcore.errors import InputError

# Write-verify


class Plain:
    """Four weights that stay where they are, whatever is sent; the largest is 2, levels half of one apart."""

    values, largest, level, mean_step, arrays = np.zeros((1, 4), np.float32), 2.0, 0.5, 0.125, ()

    def __init__(self):
        self.sent = []

    def read(self, todo):
        return self.values.ravel()[todo]

    def pulse_some(self, weight, count):
        self.sent.append(dict(zip(weight.tolist(), count.tolist(), strict=True)))


def by_weight(number, wanted, *, rounds, budget, tolerance, noise, coarse):
    """What becomes of one weight, round by round: pulses, and the round in which it was accepted or given up."""
    sent, step, reads = [], Plain.mean_step, 0
    for round_number in range(rounds):
        deviate = np.random.default_rng([7, round_number]).standard_normal(4, np.float32)[number]
        error, reads = wanted - noise * 2.0 * deviate, reads + 1
        if abs(error) <= tolerance * 0.5:
            return sent, reads, "accepted", round_number
        if sum(map(abs, sent)) >= budget:
            return sent, reads, "given up", round_number
        steps = max(1, int(abs(error) / step)) if coarse else 1
        sent.append(int(np.sign(error)) * min(steps, budget - sum(map(abs, sent))))
    return sent, reads, "left", rounds


@pytest.mark.parametrize("coarse", [True, False])
@pytest.mark.parametrize("budget", [3, 100])
def test_each_weight_goes_its_own_way(coarse, budget):
    """Every round has a noise of its own, and of it each weight its own."""
    wanted = np.array([0.9, -1.7, 0.3, 1.2])
    how = {"rounds": 6, "tolerance": 0.8, "coarse": coarse}
    plain = Plain()
    found = write_verify(
        plain, wanted[None], seed=7, config=WriteVerifyConfig(**how, read_noise=0.3, pulse_budget=budget)
    )
    fates = [by_weight(n, w, **how, budget=budget, noise=0.3) for n, w in enumerate(wanted)]
    assert found.pulses.ravel().tolist() == [sum(map(abs, sent)) for sent, *_ in fates]
    assert found.reads == sum(reads for _, reads, *_ in fates)
    shares = [
        np.mean([fate == "accepted" and when <= n for *_, fate, when in fates]) for n in range(len(found.accepted))
    ]
    assert found.accepted == pytest.approx(shares)
    assert [sum(one.get(n, 0) for one in plain.sent) for n in range(4)] == [sum(sent) for sent, *_ in fates]
    assert found.rms_error == pytest.approx([np.sqrt(np.mean(wanted**2)) / 2.0] * len(found.rms_error))
    assert found.summary()["reads_per_weight"] == found.reads / 4
    assert {fate for _, _, fate, _ in fates} > {"accepted"}


def test_targets_of_either_sign_are_clipped():
    found = write_verify(Plain(), np.array([[2.5, -2.5, 2.0, 0.1]]), seed=7, config=WriteVerifyConfig(rounds=1))
    assert found.clipped == 0.5 and found.within == 0.25  # 0.1 is within 0.55 of half of one, the rest is not
    near = write_verify(Plain(), np.array([[0.275, 0.28, -0.275, -0.29]]), seed=7, config=WriteVerifyConfig(rounds=1))
    assert near.within == 0.5


def test_defaults_of_the_loop():
    loop = LoopSettings()
    assert (loop.rounds, loop.pulse_budget, loop.tolerance, loop.read_noise) == (50, 100, 0.55, 0.0)
    assert loop.coarse and loop.quantile == 0.995


def test_the_range_follows_the_size_of_the_weights():
    """Of a hundred weights of 1 to 100, half of them negative, nine in ten are below 90.1."""
    weights = np.arange(1.0, 101.0) * np.where(np.arange(100) % 2, 1, -1)
    config = ProgrammingConfig(network="linear", quantile=0.9)
    assert config.largest_weight(weights) == pytest.approx(90.1)
    assert config.largest_weight(-weights) == pytest.approx(90.1)
    with pytest.raises(InputError, match=r"quantile = 0\.9 .* is zero"):
        config.largest_weight(np.zeros(9))
    changed = config_for(TrainingConfig(network="linear", label_smoothing=0.3, stuck=0.1), stuck=0.2, rounds=3)
    assert (changed.label_smoothing, changed.stuck, changed.rounds) == (0.3, 0.2, 3)


# A programmed chip


def layer(count, **values):
    fields = {"rms_error": np.array([0.5, 0.1]), "accepted": np.array([0.25]), "within": 0.5, "clipped": 0.125,
              "pulses": np.full((1, count), 2, np.int32), "reads": 3 * count, "energy": 1e-12}  # fmt: skip
    return WriteVerifyResult(**fields | values)


def test_a_summary_is_over_all_weights():
    """Ten weights and thirty: errors add in squares with a quarter and three quarters."""
    first = layer(10, rms_error=np.array([0.4, 0.2, 0.1]), accepted=np.array([0.5, 1.0]), within=1.0,
                  pulses=np.array([[0, 9] * 5], np.int32), energy=4e-12)  # fmt: skip
    second = layer(30)
    hardware = types.SimpleNamespace(pulses=np.array([400, 900]), energy=np.array([4e-11, 9e-11]))
    chip = ProgrammedChip(
        seed=1, dataset="d", config=ProgrammingConfig(network="linear"), hardware=hardware, learned=None,
        float32_accuracy=0.9, accuracy=0.8, layers=(first, second),
    )  # fmt: skip
    assert chip.summary() == {
        "rounds": 2, "rms_error_before": pytest.approx(np.sqrt((0.4**2 + 3 * 0.5**2) / 4)),
        "rms_error_after": pytest.approx(0.1), "share_accepted": pytest.approx((1.0 + 3 * 0.25) / 4),
        "share_within_tolerance": pytest.approx((1.0 + 3 * 0.5) / 4), "share_clipped": pytest.approx(0.125),
        "pulses_per_weight": pytest.approx((4.5 + 3 * 2) / 4), "reads_per_weight": pytest.approx(3.0), "most_pulses": 9,
        "energy_J": pytest.approx(5e-12), "reset_pulses_per_weight": 10.0, "reset_energy_J": 4e-11,
    }  # fmt: skip
    assert repr(chip) == "<ProgrammedChip of seed 1: d, linear, test accuracy 0.8000, 0.9000 as numbers>"


def test_layers_are_programmed_with_seeds_and_numbers_of_their_own(monkeypatch):
    """Devices by the seed and the number of the layer, read noise by the number from one; all are cleared before."""
    made, noise, cleared = [], [], []

    class Config:
        network, mirrored = None, True
        largest_weight = staticmethod(lambda weight: float(np.abs(weight).max()))

        def make(self, law, **more):
            made.append(more)
            return types.SimpleNamespace(clear=lambda: cleared.append(len(noise)))

    class Test:
        inputs, labels = "inputs", np.array([0, 1, 1, 0])

    def network_of(config, weights, digital, dataset):
        right = np.array([0, 1, 0, 0] if made else [0, 1, 1, 0])
        return types.SimpleNamespace(evaluate=lambda inputs, labels, *, mirrored: (0.0, right if mirrored else None))

    shapes = [ArrayLayer(name=n, kind="linear", rows=r, columns=2, positions=1, input_values=1, output_values=2)
              for n, r in (("a", 3), ("b", 4))]  # fmt: skip
    replies = {"divide": types.SimpleNamespace(test=Test), "array_layers": shapes, "record_of": "record"}
    for name, answer in replies.items():
        monkeypatch.setattr(program, name, lambda *_, answer=answer, **__: answer)
    monkeypatch.setattr(program, "totals_of", lambda weights: {"pulses": len(noise)})
    monkeypatch.setattr(program, "stored_network", network_of)
    monkeypatch.setattr(program, "write_verify", lambda one, wanted, *, seed, config: noise.append(seed) or "layer")
    learned = types.SimpleNamespace(weight=(np.full((3, 2), 0.5), np.full((4, 2), -2.0)), digital={})
    data = types.SimpleNamespace(name="d", image_shape=(1, 1, 1), classes=2, origin=lambda: {})
    chip = program.program(learned, data, ladder_law(), seed=5, config=Config())
    assert noise == [(5, VERIFY, 1), (5, VERIFY, 2)] and cleared == [0, 0]
    assert [(one["seed"], one["number"], one["rows"], one["largest_weight"]) for one in made] == [
        (5, 0, 3, 0.5), (5, 1, 4, 2.0),
    ]  # fmt: skip
    assert (chip.float32_accuracy, chip.accuracy, chip.layers) == (1.0, 0.75, ("layer", "layer"))


def test_archives_hold_finite_numbers_of_any_kind(tmp_path):
    data = types.SimpleNamespace(image_shape=(2, 2, 1), classes=3)
    config, path = ProgrammingConfig(network=network_from("linear")), tmp_path / "w.npz"
    np.savez(path, weight_0=np.arange(15).reshape(5, 3))
    assert load_weights(path, config, data).weight[0].tolist() == np.arange(15.0).reshape(5, 3).tolist()
    cases = (
        (np.full((5, 3), np.inf), "must be finite"),
        (np.full((5, 3), "1"), "numbers of shape"),
        (np.ones((3, 5)), r"numbers of shape \(5, 3\)"),
        (np.ones((5, 3), complex), "numbers of shape"),
    )
    for wrong, words in cases:
        np.savez(path, weight_0=wrong)
        with pytest.raises(InputError, match=words):
            load_weights(path, config, data)


# Read again


def test_stored_weights_are_sums_of_planes():
    """Twice the first plane less the second; the scale is the larger of both, whatever its sign."""
    planes = np.array([[[1.0, 2.0]], [[3.0, 4.0]]])
    for sign in (1, -1):
        one = StoredWeights(planes, sign * np.array([2.0, -1.0]))
        assert one.values.tolist() == [[sign * -1.0, 0.0]]
        assert one.scale == 2.0 and one.factors == (sign * 1.0, sign * -0.5)
    with pytest.raises(InputError, match="weights per conductance"):
        StoredWeights(planes, np.ones(3))


class Images:
    """Four hundred images of two classes by their numbers, eighty of them for the test."""

    name, image_shape, classes = "made", (2, 2, 1), 2


class Network:
    """Notes what it is told and read with."""

    def __init__(self, definition, weights, **more):
        self.weights, self.told, self.read = weights, more, []

    def memory(self):
        return {}

    def forward(self, inputs):
        self.read.append((inputs, [one.reader.adapt for one in self.weights]))

    def evaluate(self, inputs, labels, *, mirrored):
        return 0.5, np.array([0, 0, 1, 1]) if mirrored else labels


def test_another_periphery_is_of_the_seed_and_calibrated_on_training_images(monkeypatch):
    """On the first 256 of them; then ranges stay as they are."""
    monkeypatch.setattr(infer, "Network", Network)
    readers = []

    def reader(periphery, *, seed, number):
        readers.append((periphery, seed, number))
        return types.SimpleNamespace(adapt=True)

    monkeypatch.setattr(infer, "PeripheryReader", reader)
    train = types.SimpleNamespace(inputs=lambda part: ("train", part))
    test = types.SimpleNamespace(inputs="test", labels=np.array([0, 1, 1, 1]))
    monkeypatch.setattr(infer, "divide", lambda *_, **__: types.SimpleNamespace(train=train, test=test))
    result = made_up(9)
    config = dataclasses.replace(result.config, label_smoothing=0.3, mirrored=True)
    planes, factors = result.hardware.conductance * 2, result.hardware.weight_per_conductance * 2
    hardware = dataclasses.replace(result.hardware, conductance=planes, weight_per_conductance=factors)
    result = dataclasses.replace(result, config=config, hardware=hardware)
    periphery = Periphery()
    network = infer.trained_network(result, Images, periphery)
    assert readers == [(periphery, 9, 0), (periphery, 9, 1)]
    assert network.read == [(("train", slice(256)), [True, True])] and CALIBRATION_IMAGES == 256
    assert [one.reader.adapt for one in network.weights] == [False, False]
    assert (network.told["label_smoothing"], network.told["products"]) == (0.3, config.products)
    found = infer.infer(result, Images)
    assert (found.accuracy, found.loss) == (0.75, 0.5)
    with pytest.raises(InputError, match='was made for "made", not for "other"'):
        infer.trained_network(result, types.SimpleNamespace(name="other"))


def test_a_rest_goes_on_from_the_last_and_counts_walls(monkeypatch):
    """After 1 s and 3 s: the second rest lasts 2 s. Two of six walls have moved, then three."""
    rested, array = (
        [],
        [types.SimpleNamespace(state=np.zeros(4, np.int8)), types.SimpleNamespace(state=np.zeros(2, np.int8))],
    )

    class One:
        arrays = array

        def rest(self, seconds):
            rested.append(seconds)
            if len(rested) == 1:
                array[0].state[:2] = 1
            else:
                array[1].state[0] = 2

    monkeypatch.setattr(rest, "rebuilt_weights", lambda *_: [One()])
    monkeypatch.setattr(rest, "planes_of", lambda one: np.full((2, 5, 2), float(len(rested))))
    found = list(rest.after_rest(made_up(), Synapses(law=ladder_law(), name="l"), (1.0, 3.0)))
    assert rested == [1.0, 2.0] and [moved for moved, _ in found] == pytest.approx([2 / 6, 3 / 6])
    assert [result.hardware.conductance[0][0, 0, 0] for _, result in found] == [1.0, 2.0]


def test_a_chip_is_of_synapses_to_a_hundred_thousandth(monkeypatch):
    """Files hold single precision; a conductance that is off by one in ten thousand is of another synapse."""
    law, result = ladder_law(states=3), made_up()
    settings = types.SimpleNamespace
    assert rest.SAME == 1e-5
    for off, sound in ((1 + 1e-7, True), (1 + 1e-4, False)):
        weights = settings(array=settings(levels=np.zeros((1, 7))), restore=lambda saved: None)
        monkeypatch.setattr(TrainingConfig, "make", lambda self, law, *, weights=weights, **more: weights)
        monkeypatch.setattr(rest, "planes_of", lambda one, off=off: off * np.ones((2, 5, 2)))
        if sound:
            assert rest.rebuilt_weights(result, Synapses(law=law, name="l")) == [weights]
        else:
            with pytest.raises(InputError, match="conductances of layer 0 differ"):
                rest.rebuilt_weights(result, Synapses(law=law, name="l"))


# Figures


def chip_of(*layers, weight=((2.0, -1.0),), wanted=((1.0, -4.0),)):
    hardware = types.SimpleNamespace(weight=tuple(np.array([row]) for row in weight))
    learned = types.SimpleNamespace(weight=tuple(np.array([row]) for row in wanted))
    config = types.SimpleNamespace(largest_weight=lambda target: float(np.abs(target).max()))
    return types.SimpleNamespace(layers=layers, hardware=hardware, learned=learned, config=config)


def test_curves_of_rounds_are_means_of_seeds_which_keep_their_last_value():
    """Errors begin before the first round, shares of accepted weights after it; one seed was done a round earlier."""
    long = layer(4, rms_error=np.array([0.4, 0.2, 0.1]), accepted=np.array([0.5, 0.75]))
    short = layer(4, rms_error=np.array([0.6, 0.3]), accepted=np.array([1.0]))
    chips = [chip_of(long), chip_of(short)]
    error, accepted = programming_plots.plot_error(chips), programming_plots.plot_accepted(chips)
    assert error.lines[0].get_xdata().tolist() == [0, 1, 2] and accepted.lines[0].get_xdata().tolist() == [1, 2]
    assert error.lines[0].get_ydata() == pytest.approx([0.5, 0.25, 0.2])
    assert accepted.lines[0].get_ydata() == pytest.approx([0.75, 0.875])
    band = error.collections[0].get_paths()[0].vertices
    at_start = band[band[:, 0] == 0, 1]
    assert (at_start.min(), at_start.max()) == pytest.approx((0.4, 0.6))
    assert error.get_legend().get_title().get_text() == "mean and range of 2 seeds"
    assert programming_plots.plot_error(chips[:1]).get_legend().get_title().get_text() == "one seed"


def test_reached_weights_are_drawn_over_the_largest_of_their_layer():
    """Of a layer whose largest is 4: wanted 1 and -4, reached 2 and -1; of another one of 0.5: 0.5, reached 0.25."""
    made = chip_of(weight=((2.0, -1.0), (0.25,)), wanted=((1.0, -4.0), (0.5,)))
    ax = programming_plots.plot_reached(made)
    diagonal = ax.lines[0]
    assert diagonal.get_xdata().tolist() == diagonal.get_ydata().tolist() == [-1, 1]
    mesh = ax.collections[0]
    counts = np.ma.filled(mesh.get_array(), 0).reshape(80, 80)
    expected = {(79, 50), (0, 0), (79, 79)}  # of 80 bins from -1 to 1 across, from -0.25 to 0.5 upwards
    assert counts.sum() == 3 and {(int(up), int(across)) for up, across in np.argwhere(counts)} == expected
    # A third of the way from 1 to 4 the largest is 2: what is wanted reaches from -4 over 2 to 0.5 over 0.5.
    made.config = ProgrammingConfig(network=mlp((4,)), quantile=1 / 3)
    across = programming_plots.plot_reached(made).collections[0].get_coordinates()[0, :, 0]
    assert across[[0, -1]].tolist() == pytest.approx([-2, 1])


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"network": None}, "lacks the network"), ({"network": "mlp"}, "lacks the network"), ({"speed": 1}, ".*'speed'")],
)
def test_a_configuration_of_a_file_says_what_does_not_fit(changes, words):
    told = ProgrammingConfig(network=mlp((4,))).to_mapping()
    assert config_from_mapping(told, "a.h5") == ProgrammingConfig(network=mlp((4,)))
    with pytest.raises(InputError, match=f"^a.h5: {words}"):
        config_from_mapping(told | changes, "a.h5")


@pytest.mark.parametrize("mirrored", [False, True])
def test_mirror_images_are_looked_at_where_the_training_did(mirrored, monkeypatch):
    """One of two images is told; the loss is handed on."""

    def evaluate(inputs, labels, *, mirrored):
        seen.append(mirrored)
        return 0.25, np.array([0, 1])

    seen, config = [], types.SimpleNamespace(mirrored=mirrored)
    network = types.SimpleNamespace(evaluate=evaluate)
    test = types.SimpleNamespace(inputs=None, labels=np.array([0, 0]))
    assert program._accuracy(network, test, config) == 0.5
    monkeypatch.setattr(infer, "trained_network", lambda *what: network)
    monkeypatch.setattr(infer, "divide", lambda *what, **how: types.SimpleNamespace(test=test))
    found = infer.infer(types.SimpleNamespace(seed=1, config=config), None)
    assert (found.accuracy, found.loss, seen) == (0.5, 0.25, [mirrored] * 2)
