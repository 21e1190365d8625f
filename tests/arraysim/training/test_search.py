"""The search for learning rate and weight range."""

import dataclasses
import itertools

from arraysim.synapses.ladder import ladder_law
from arraysim.training.config import TrainingConfig
from arraysim.training.search import halving, search

CONFIG = TrainingConfig(epochs=2, batch_size=32)


def test_the_search_leaves_a_bad_start_and_does_not_look_at_the_test_images(digits):
    config = dataclasses.replace(CONFIG, learning_rate=0.002, weight_range=4.0)
    noted = []
    trials = search(ladder_law(), digits, seed=1, config=config, note=noted.append)
    assert sorted(noted, key=lambda trial: -trial.validation_accuracy) == trials
    start = next(trial for trial in trials if (trial.learning_rate, trial.weight_range) == (0.002, 4.0))
    assert trials[0].validation_accuracy > start.validation_accuracy + 0.1
    assert trials[0].learning_rate >= 0.008
    assert all(
        earlier.validation_accuracy >= later.validation_accuracy for earlier, later in itertools.pairwise(trials)
    )
    # Other test images change nothing.
    train_set, test_set = digits.split(seed=1, test_fraction=0.2)
    blank = dataclasses.replace(train_set, test=dataclasses.replace(test_set, images=0 * test_set.images))
    same = dataclasses.replace(train_set, test=test_set)
    few = dataclasses.replace(config, learning_rate=0.02, epochs=1)
    assert search(ladder_law(), blank, seed=1, config=few) == search(ladder_law(), same, seed=1, config=few)


def test_a_rate_that_overflows_is_a_bad_trial_not_an_end(digits):
    config = dataclasses.replace(CONFIG, epochs=1, learning_rate=0.05, weight_range=1e38)
    trials = search(ladder_law(), digits.part(slice(300)), seed=1, config=config)
    assert len(trials) >= 3


def test_halving_trains_a_third_for_three_times_as_long():
    asked = []

    def attempt(candidate: int, epochs: int) -> tuple[float, int]:
        asked.append((candidate, epochs))
        # On one epoch candidate 0 seems best, on more it is number 4.
        return (1.0 - candidate / 10 if epochs == 2 else -abs(candidate - 4)), 7

    heats = halving(7, 12, attempt)
    assert asked == [(c, 2) for c in range(7)] + [(0, 4), (1, 4), (2, 4)] + [(2, 12)]
    assert [(heat.candidate, heat.epochs) for heat in heats[:4]] == [(2, 12), (2, 4), (1, 4), (0, 4)]
    assert [heat.candidate for heat in heats[4:]] == list(range(7))
    assert halving(1, 5, lambda candidate, epochs: (0.5, 1))[0].epochs == 5
