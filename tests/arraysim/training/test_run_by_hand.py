"""One seed and several without any work: when a rate is sought, how seeds are shared out, what results say and draw."""

import dataclasses
import html
import types

import numpy as np
import pytest
from training_cases import made_up

from arraysim.datasets.datasets import Dataset
from arraysim.drawing import training_plots as plots
from arraysim.rules.registry import RULES
from arraysim.synapses.ladder import ladder_law
from arraysim.training import run, seeds
from arraysim.training.checkpoint import Checkpointer
from arraysim.training.config import INITIAL, TrainingConfig
from arraysim.training.file import load_training, save_training
from arraysim.training.result import CURVES, ChipResult
from arraysim.training.task import Task, divide
from arraysim.training.watch import FACTORS
from dwcore.errors import InputError, RunError
from dwcore.storage.files import open_checked, provenance

LAW = ladder_law(states=3)


# One seed


class Loop:
    """A loop that takes a step per epoch and has learned so much after the first; NaN is a loss that overflows."""

    def __init__(self, learned, epochs, rate=None):
        self.after_first, self.epochs, self.found_rate = learned, epochs, rate
        self.epochs_done, self.log, self.learner, self.begun = 0, [], types.SimpleNamespace(name="chip"), False

    @property
    def learned(self):
        return 0.0 if np.isnan(self.after_first) else self.after_first

    def run(self, checkpointer, state, until=lambda: False):
        while self.epochs_done < self.epochs and not until():
            self.epochs_done += 1
            if np.isnan(self.after_first):
                raise RunError("overflow")


class Seed(run._Seed):
    """Chips by their rate; None is the default one."""

    def __init__(self, chips, twin=0.9, *, epochs=3, has_twin=True, **config):
        self._config = TrainingConfig(network="linear", epochs=epochs, **config)
        self._classes, self._checkpointer, self._chips = 10, Checkpointer(), chips
        self.tried, self.twins = [], []
        self._twin, self.chip = twin, self._new_chip(None)
        self.twin = self._new_twin() if has_twin else None

    def _new_chip(self, rate):
        key = None if rate is None else round(rate / self._config.rate, 9)
        self.tried.append(Loop(self._chips[key], self._config.epochs, rate))
        return self.tried[-1]

    def _new_twin(self):
        self.twins.append(Loop(self._twin, self._config.epochs))
        return self.twins[-1]

    def trained(self):
        """Train; return the rate over the default one."""
        self.train_chip()
        return None if self.chip.found_rate is None else self.chip.found_rate / self._config.rate


def chips(first, *others):
    return {None: first} | dict(zip(FACTORS, others, strict=True))


@pytest.mark.parametrize("first", [0.1, float("nan")])
def test_where_the_first_epoch_fails_the_rate_that_learns_most_is_taken(first):
    """A sixteenth of the default rate; each is tried for one epoch, and the chip that is trained is a new one."""
    seed = Seed(chips(first, 0.3, float("nan"), 0.7, 0.1))
    assert seed.trained() == pytest.approx(0.0625)
    assert [loop.epochs_done for loop in seed.tried] == [1, 1, 1, 1, 1, 3]
    assert seed.chip is seed.tried[-1] and seed.twin.epochs_done == 1
    assert seed.chip.log is seed.tried[0].log, "the log tells of the epoch that failed, too"


@pytest.mark.parametrize("rule", RULES)
def test_four_times_the_default_rate_of_any_rule_may_be_the_best(rule):
    assert Seed(chips(0.1, 0.3, 0.8, 0.7, 0.1), rule=rule).trained() == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        ({"chips": chips(0.1, 0.1, 0.14, 0.1, 0.1)}, "none learns"),
        ({"chips": chips(0.16, 0.9, 0.9, 0.9, 0.9)}, "the first epoch has not failed"),
        ({"chips": chips(0.1, 0.9, 0.9, 0.9, 0.9), "twin": 0.29}, "the twin has not learned"),
        ({"chips": chips(0.1, 0.9, 0.9, 0.9, 0.9), "epochs": 1}, "there is one epoch"),
        ({"chips": chips(0.1, 0.9, 0.9, 0.9, 0.9), "learning_rate": 0.1}, "the user gave one"),
    ],
)
def test_no_rate_is_sought_where(made, why):
    seed = Seed(**made)
    assert seed.trained() is None and seed.chip is seed.tried[0], why
    assert seed.chip.epochs_done == made.get("epochs", 3)


def test_a_found_rate_is_kept_and_an_overflow_without_one_is_an_error():
    kept = Seed(chips(0.1, 0.9, 0.9, 0.9, 0.9))
    kept.chip.found_rate = 2.0
    assert kept.trained() == pytest.approx(2.0 / kept._config.rate) and len(kept.tried) == 1
    with pytest.raises(RunError, match="overflow"):
        Seed(chips(float("nan"), 0.1, 0.1, 0.1, 0.1)).trained()


def test_without_a_twin_one_is_made_for_the_question_alone():
    seed = Seed(chips(0.1, 0.3, 0.8, 0.7, 0.1), has_twin=False)
    assert seed.trained() == pytest.approx(4.0)
    assert seed.twin is None and [twin.epochs_done for twin in seed.twins] == [1]


def test_first_weights_are_drawn_from_the_seed():
    asked = []
    learner = types.SimpleNamespace(network=types.SimpleNamespace(prepare=lambda *a: asked.append(a)), name="chip")
    made = Seed(chips(0.9, 0.1, 0.1, 0.1, 0.1))
    images = types.SimpleNamespace(inputs="inputs")
    made._parts, made._seed = types.SimpleNamespace(train=images, test=range(3), validation=None), 17
    loop = made._loop(learner, 0.5)
    assert asked == [("inputs", (17, INITIAL))] and loop.found_rate == 0.5


@pytest.mark.parametrize(
    ("rate", "found"),
    [(0.5, 0.5), (1e-9, 1e-9), (np.nan, None), (0.0, None), (-1.0, None), (np.inf, None), ([0.5], None)],
)
def test_a_rate_of_a_checkpoint_is_a_positive_number(rate, found):
    assert run._found_rate({"own/found_rate": np.array(rate)}) == found
    assert run._found_rate({}) is None


def test_a_training_that_is_told_nothing_is_the_default_one(monkeypatch):
    monkeypatch.setattr(run, "_train", lambda law, dataset, seed, config, checkpointer: config)
    given = TrainingConfig(epochs=3)
    assert run.train(None, None, seed=1) == TrainingConfig() and run.train(None, None, seed=1, config=given) is given


def test_root_seeds_are_those_of_63_bits(monkeypatch):
    monkeypatch.setattr(run, "_train", lambda law, dataset, seed, config, checkpointer: seed)
    config = TrainingConfig(network="linear")
    assert [run.train(LAW, None, seed=seed, config=config) for seed in (0, 2**63 - 1)] == [0, 2**63 - 1]
    for wrong in (-1, 2**63):
        with pytest.raises(InputError, match="must be an integer from 0 to 9223372036854775807"):
            run.train(LAW, None, seed=wrong, config=config)


def labelled(n):
    pixels = np.arange(2 * n * 4, dtype=np.uint8).reshape(2 * n, 2, 2, 1)
    return Dataset(name="made", images=pixels, labels=np.arange(2 * n) % 2, classes=2, full_scale=255)


def test_images_are_divided_by_the_shares_of_the_task():
    """Of each class 40: a quarter to test, a tenth of the other 30 to validate, drawn apart from the test images."""
    task = Task(network="linear", test_fraction=0.25, validation_fraction=0.1)
    parts = divide(labelled(40), seed=3, config=task)
    sizes = [len(part) for part in (parts.train, parts.validation, parts.test)]
    assert sizes == [54, 6, 20]
    assert [np.bincount(part.labels).tolist() for part in (parts.validation, parts.test)] == [[3, 3], [10, 10]]
    assert divide(labelled(40), seed=3, config=Task(network="linear")).validation is None
    assert len(divide(labelled(40), seed=3, config=Task(network="linear")).test) == 16
    train, _ = labelled(40).split(seed=3, test_fraction=0.25)
    same, as_test = (train.divide(seed=3, purpose=purpose, fraction=0.1)[1].images for purpose in (1, 0))
    assert np.array_equal(parts.validation.images, same) and not np.array_equal(parts.validation.images, as_test)


# Several seeds


@pytest.fixture
def shared_out(monkeypatch):
    """How seeds are shared out among threads and processes, without training."""
    asked = {}

    def in_processes(law, dataset, jobs, processes, threads):
        asked.update(processes=processes, threads=threads, jobs=jobs)
        return []

    def one(self, law, dataset, stop, jobs):
        asked.setdefault("alone", []).append(jobs)

    monkeypatch.setattr(seeds, "_in_processes", in_processes)
    monkeypatch.setattr(seeds.SeedJob, "run", one)
    monkeypatch.setattr(seeds, "thread_count", lambda jobs: jobs)
    return asked


@pytest.mark.parametrize(
    ("count", "jobs", "processes", "threads"), [(3, 8, 3, 2), (5, 2, 2, 1), (2, 2, 2, 1), (2, 3, 2, 1)]
)
def test_seeds_share_the_threads(shared_out, count, jobs, processes, threads):
    seeds.train_seeds(LAW, labelled(4), seeds=range(count), config=TrainingConfig(network="linear"), jobs=jobs)
    assert (shared_out["processes"], shared_out["threads"]) == (processes, threads)
    assert [job.seed for job in shared_out["jobs"]] == list(range(count))


def test_one_seed_takes_all_threads(shared_out):
    seeds.train_seeds(LAW, labelled(4), seeds=(7,), config=TrainingConfig(network="linear"), jobs=5)
    seeds.train_seeds(LAW, labelled(4), seeds=(7, 8), config=TrainingConfig(network="linear"), jobs=1)
    assert shared_out["alone"] == [5, 1, 1] and "processes" not in shared_out


@pytest.mark.parametrize(
    ("count", "jobs", "seconds", "words"),
    [(3, 2, 20.0, "3 epochs, 3 seeds"), (4, 2, 20.0, "3 epochs, 4 seeds"), (5, 2, 30.0, "3 epochs, 5 seeds"),
     (2, 4, 10.0, "3 epochs, 2 seeds")],
)  # fmt: skip
def test_the_time_is_told_once_and_of_all_rounds(shared_out, monkeypatch, count, jobs, seconds, words):
    """Two processes train five seeds in three rounds of 10 s."""
    told = []
    monkeypatch.setattr(
        seeds.progress, "announce", lambda what, seconds, *, processes: told.append((what, seconds, processes))
    )
    config = TrainingConfig(network="linear", epochs=3)
    seeds.train_seeds(LAW, labelled(4), seeds=range(count), config=config, jobs=jobs)
    for job in shared_out["jobs"]:
        if job.seeds:
            job._forecast(10.0)
    assert told == [(f"training on chip, {words}", seconds, min(count, jobs))]


# Results


def test_a_result_says_where_it_ended():
    """The last epoch, not the best; energies in joule."""
    result = made_up()
    assert result.accuracy == 0.625
    assert repr(result) == (
        "<TrainingResult of seed 4: made, linear, mixed-precision, 2 epochs, "
        "test accuracy 0.6250 on chip, 0.9375 in float32>"
    )
    assert repr(result.chip) == "<LearningCurve of 2 epochs: test accuracy 0.6250>"
    assert repr(result.hardware) == "<HardwareRecord of 1 layer: 30 pulses, 3e-12 J>"
    table = html.unescape(result._repr_html_())
    for cell in (
        "epochs</th><td>2",
        "on chip</th><td>0.6250",
        "float32</th><td>0.9375",
        "pulses</th><td>30",
        "energy</th><td>3e-12 J",
    ):
        assert cell in table


def test_a_table_of_a_result_has_a_row_per_network_and_epoch():
    pytest.importorskip("pandas", reason="needs the extra pandas")
    table = made_up().to_pandas()
    chip, twin = table[table.network == "chip"], table[table.network == "float32"]
    assert chip.epoch.tolist() == twin.epoch.tolist() == [0, 1, 2]
    assert chip.pulses.tolist() == [10, 20, 30] and chip.reads.tolist() == [1, 2, 3]
    assert chip.energy_J.tolist() == [1e-12, 2e-12, 3e-12] and twin.energy_J.isna().all()
    assert (chip.test_accuracy.iloc[-1], twin.test_accuracy.iloc[-1]) == (0.625, 0.9375)
    assert set(table.seed) == {4}


def test_a_file_is_of_its_first_seed_and_of_one_data_set(tmp_path):
    path = tmp_path / "a.h5"
    save_training(path, [made_up(4), made_up(3)])
    with open_checked(path) as file:
        assert provenance(file)["seed"] == 4 and provenance(file)["config"]["seeds"] == [4, 3]
    found = load_training(path)
    assert [one.seed for one in found] == [4, 3] and isinstance(found[0], ChipResult)
    np.testing.assert_array_equal(found[1].hardware.weight[0], made_up(3).hardware.weight[0])
    with pytest.raises(InputError, match="different seeds"):
        save_training(tmp_path / "b.h5", [made_up(4), made_up(4)])
    with pytest.raises(InputError, match="share data set and configuration"):
        save_training(tmp_path / "b.h5", [made_up(4), made_up(3, dataset="other")])
    for number, lacking in enumerate(({"float32": None, "learned": None}, {"learned": None})):
        save_training(tmp_path / f"{number}.h5", [made_up(4, **lacking)])
        with pytest.raises(InputError, match="lacks the twin in /seed_4/float32"):
            load_training(tmp_path / f"{number}.h5")


# Figures


def test_curves_are_means_of_seeds_which_keep_their_last_value():
    """One seed stopped after an epoch; the band reaches from the lowest to the highest."""
    early = made_up(3)
    curve = dataclasses.replace(early.chip, **{
        name: getattr(early.chip, name)[:2] for name in CURVES
    })  # fmt: skip
    ax = plots.plot_learning_curves([made_up(4), dataclasses.replace(early, chip=curve)])
    assert [line.get_label() for line in ax.lines] == [
        "on chip, training images: 68.8%", "on chip, test images: 75.0%", "float32 twin, test images: 93.8%",
    ]  # fmt: skip
    test = ax.lines[1]
    assert test.get_xdata().tolist() == [0, 1, 2]
    assert test.get_ydata() == pytest.approx([0.5, 0.875, (0.625 + 0.875) / 2])
    band = ax.collections[1].get_paths()[0].vertices
    at_end = band[band[:, 0] == 2, 1]
    assert (at_end.min(), at_end.max()) == (0.625, 0.875)
    assert ax.get_ylim() == pytest.approx((0.625 - 0.05, 1.005)) and ax.get_xlim() == (0, 2)
    assert ax.get_legend().get_title().get_text() == "mean and range of 2 seeds"


def test_confusion_is_counted_over_seeds_and_shared_by_true_class():
    ax = plots.plot_confusion([made_up(4), made_up(3)])
    assert ax.images[0].get_array().tolist() == [[0.75, 0.25], [0.0, 1.0]]
    texts = {text.get_position(): text.get_text() for text in ax.texts if text.get_text()}
    assert texts == {(0, 0): "6", (1, 0): "2", (1, 1): "8"}
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")


def test_occupancy_is_a_share_of_all_synapses():
    ax = plots.plot_state_occupancy(made_up())
    ends = [area.get_paths()[0].vertices for area in ax.collections]
    tops = [vertices[vertices[:, 0] == 2, 1].max() for vertices in ends]
    assert tops == pytest.approx([0.25, 0.5, 0.95, 1.0]) and ax.get_xlim() == (0, 2)


def test_weights_are_drawn_about_zero_and_pulses_counted():
    result = made_up()
    ax = plots.plot_weights(result)
    low, high = ax.images[0].get_clim()
    assert (low, high) == pytest.approx(
        (-np.abs(result.hardware.weight[0]).max(), np.abs(result.hardware.weight[0]).max())
    )
    wear = plots.plot_pulses_per_device(result)
    heights = wear.patches[0].get_xy()
    assert "layer 1: 20 synapses, mean 9.5" in [text.get_text() for text in wear.get_legend().get_texts()]
    assert (heights[:, 0].min(), heights[:, 0].max(), heights[:, 1].max()) == (-0.5, 19.5, 1.0)
