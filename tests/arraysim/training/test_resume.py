"""Runs that stop between any two batches and go on later equal the uninterrupted run bit for bit."""

import dataclasses
import itertools
import json
import subprocess
import sys

import numpy as np
import pytest
from resealed import reseal

from arraysim.networks.definition import (
    Activation,
    BatchNorm,
    Convolution,
    Flatten,
    Linear,
    NetworkDefinition,
    Pooling,
)
from arraysim.periphery.config import periphery_from_mapping
from arraysim.synapses.ladder import ladder_law
from arraysim.training import seeds
from arraysim.training.checkpoint import Checkpointer, checkpoint_path, identity, load_checkpoint, save_checkpoint
from arraysim.training.config import TrainingConfig, config_from_mapping
from arraysim.training.run import train
from arraysim.training.schedules import share_of_rate
from arraysim.training.seeds import log_path, train_seeds
from dwcore.errors import InputError
from dwcore.storage import files

NETWORK = NetworkDefinition(
    name="small",
    layers=(
        Convolution(channels=4, kernel=3, padding=1, bias=False),
        BatchNorm(),
        Activation(bits=4),
        Pooling(),
        Flatten(),
        Linear(),
    ),
    error_bits=8,
)
CONFIG = TrainingConfig(
    network=NETWORK, epochs=2, batch_size=100, shift=1, flip=True, validation_fraction=0.1, schedule="step"
)
LAW = ladder_law(instances=3, lost=1e-3)


def same_chip(one, other):
    return all(
        np.array_equal(getattr(one.chip, name), getattr(other.chip, name))
        for name in ("loss", "test_accuracy", "confusion")
    ) and all(np.array_equal(a, b) for a, b in zip(one.hardware.state, other.hardware.state, strict=True))


def numbers(value):
    """Every array of a record but the wall times, however deep it lies."""
    if isinstance(value, np.ndarray):
        yield value
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            if "seconds" not in field.name and field.name != "config":
                yield from numbers(getattr(value, field.name))
    elif isinstance(value, dict):
        yield from numbers(tuple(value.values()))
    elif isinstance(value, tuple):
        for part in value:
            yield from numbers(part)


def same(one, other):
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(numbers(one), numbers(other), strict=True))


def stop_after(visits, kept):
    count = itertools.count(1)
    return Checkpointer(kept.append, stop=lambda: next(count) >= visits, interval=0)


def test_a_run_cut_at_many_places_equals_the_whole(digits, tmp_path):
    whole = train(LAW, digits, seed=1, config=CONFIG)
    belongs_to = identity(LAW, digits, seed=1, config=CONFIG)
    path = tmp_path / "a.h5"
    for visits in (1, 12, 13, 14, 26, 27, 40):  # 13 batches an epoch: in an epoch, at its end, in the twin
        kept = []
        with pytest.raises(KeyboardInterrupt):
            train(LAW, digits, seed=1, config=CONFIG, checkpointer=stop_after(visits, kept))
        save_checkpoint(path, kept[-1], belongs_to=belongs_to)
        saved = load_checkpoint(path, belongs_to=belongs_to)
        resumed = train(LAW, digits, seed=1, config=CONFIG, checkpointer=Checkpointer(saved=saved))
        assert same(whole, resumed), visits
    assert not same(whole, train(LAW, digits, seed=2, config=CONFIG)), "negative control"


def test_a_run_through_wires_and_converters_goes_on_too(digits, tmp_path):
    periphery = periphery_from_mapping(
        {"dac": {"bits": 6}, "adc": {"bits": 6}, "read": {"noise": 0.02}, "tile": {"rows": 64, "columns": 64}}, "here"
    )
    network = NetworkDefinition(name="n", layers=(Convolution(channels=2, kernel=3), Flatten(), Linear()))
    config = TrainingConfig(network=network, epochs=1, batch_size=100, periphery=periphery, twin=False)
    some = digits.part(slice(600))
    assert config_from_mapping(config.to_mapping(), "file") == config
    whole = train(LAW, some, seed=1, config=config)
    kept = []
    with pytest.raises(KeyboardInterrupt):
        train(LAW, some, seed=1, config=config, checkpointer=stop_after(3, kept))
    assert same_chip(whole, train(LAW, some, seed=1, config=config, checkpointer=Checkpointer(saved=kept[-1])))
    ideal = dataclasses.replace(config, periphery=None)
    exact = dataclasses.replace(config, periphery=periphery_from_mapping({}, "here"))
    ideal, exact = (train(LAW, some, seed=1, config=c) for c in (ideal, exact))
    assert same_chip(ideal, exact), "an ideal periphery is none"
    assert not same_chip(ideal, whole), "negative control"


def test_threads_and_processes_change_no_bit(digits, tmp_path):
    config = dataclasses.replace(CONFIG, epochs=1)
    alone = train_seeds(LAW, digits, seeds=(1, 2), config=config, jobs=1)
    threads = train(LAW, digits, seed=1, config=config, jobs=3)
    apart = train_seeds(LAW, digits, seeds=(1, 2), config=config, jobs=2, out=tmp_path / "a.h5")
    assert same(alone[0], threads)
    assert same(alone[0], apart[0]) and same(alone[1], apart[1])
    lines = [json.loads(line) for line in log_path(tmp_path / "a.h5").read_text().splitlines()]
    assert len(lines) == 8
    for result in apart:
        for name, curve in (("chip", result.chip), ("float32", result.float32)):
            mine = [line for line in lines if (line["seed"], line["network"]) == (result.seed, name)]
            assert [line["test_accuracy"] for line in mine] == curve.test_accuracy.tolist()
            assert [line["epoch"] for line in mine] == [0, 1]
        last = next(line for line in lines if (line["seed"], line["network"]) == (result.seed, "chip"))
        assert last["pulses"] == result.hardware.pulses[0]
        assert last["state_histogram"] == result.hardware.state_histogram[0].tolist()


def test_a_finished_run_is_not_done_again(digits, tmp_path, monkeypatch):
    out, config = tmp_path / "a.h5", dataclasses.replace(CONFIG, epochs=1)
    first = train_seeds(LAW, digits, seeds=(1,), config=config, jobs=1, out=out)
    log = log_path(out).read_text()
    monkeypatch.setattr("arraysim.networks.network.Network.learn", None)
    again = train_seeds(LAW, digits, seeds=(1,), config=config, jobs=1, out=out, resume=True)
    assert same(first[0], again[0])
    assert log_path(out).read_text() == log
    with pytest.raises(InputError, match="--resume goes on, --force starts anew"):
        train_seeds(LAW, digits, seeds=(1,), config=config, jobs=1, out=out)


def test_who_starts_anew_leaves_nothing_to_resume_of_the_run_before(digits, tmp_path, monkeypatch):
    """A run that is killed before its first checkpoint must not go on from that of another one."""
    out, left = tmp_path / "a.h5", []
    law, config = ladder_law(states=3), dataclasses.replace(CONFIG, epochs=1)
    for seed in (1, 2):
        save_checkpoint(checkpoint_path(out, seed), {}, belongs_to=identity(law, digits, seed=seed, config=config))
    monkeypatch.setattr(
        seeds, "train", lambda *what, seed, **how: left.append([checkpoint_path(out, n).exists() for n in (1, 2)])
    )
    train_seeds(law, digits, seeds=(1, 2), config=config, jobs=1, out=out, force=True)
    assert left == [[False, False]] * 2


def test_a_checkpoint_of_another_run_is_refused(digits, tmp_path):
    out, config = tmp_path / "a.h5", dataclasses.replace(CONFIG, epochs=1)
    train_seeds(LAW, digits, seeds=(1,), config=config, jobs=1, out=out)
    resume = {"seeds": (1,), "jobs": 1, "out": out, "resume": True}
    with pytest.raises(InputError, match="batch_size is not the same"):
        train_seeds(LAW, digits, config=dataclasses.replace(config, batch_size=50), **resume)
    with pytest.raises(InputError, match="law is not the same"):
        train_seeds(ladder_law(), digits, config=config, **resume)
    with pytest.raises(InputError, match="dataset is not the same"):
        train_seeds(LAW, digits.part(slice(1000)), config=config, **resume)
    path = checkpoint_path(out, 1)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(InputError, match="truncated or damaged"):
        train_seeds(LAW, digits, config=config, **resume)


def test_early_stop_waits_as_long_as_its_patience(digits):
    config = TrainingConfig(epochs=40, validation_fraction=0.2, patience=3, batch_size=100, twin=False)
    accuracy = train(LAW, digits, seed=1, config=config).chip.validation_accuracy
    assert len(accuracy) < 41
    assert accuracy.argmax() == len(accuracy) - 4


def test_schedules():
    assert [share_of_rate("step", time, epochs=5, decay=0.5) for time in (0, 0.9, 1, 2.5)] == [1, 1, 0.5, 0.25]
    cosine = [share_of_rate("cosine", time, epochs=4, decay=0.5) for time in (0, 2, 4)]
    assert cosine == pytest.approx([1, 0.5, 0])
    assert share_of_rate("constant", 3.3, epochs=4, decay=0.5) == 1
    with pytest.raises(InputError, match='did you mean "cosine"'):
        share_of_rate("cosin", 0, epochs=1, decay=1)


def test_a_configuration_comes_back_from_a_file():
    assert config_from_mapping(CONFIG.to_mapping(), "file") == CONFIG
    with pytest.raises(InputError, match="lacks the network"):
        config_from_mapping({}, "file")
    with pytest.raises(InputError, match="epoch"):
        config_from_mapping({**CONFIG.to_mapping(), "epoch": 3}, "file")


def test_seeds_in_a_script_without_a_main_guard(tmp_path):
    """Processes of seeds do not run the user's script again."""
    script = tmp_path / "script.py"
    script.write_text(
        "from arraysim import TrainingConfig, ladder_law, load_dataset, train_seeds\n"
        "print('begin')\n"
        "config = TrainingConfig(network='linear', epochs=1, twin=False)\n"
        "found = train_seeds(ladder_law(states=3), load_dataset('digits'), seeds=(0, 1), config=config, jobs=2)\n"
        "print([result.seed for result in found])\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=600, check=True)
    assert done.stdout == "begin\n[0, 1]\n"


def spoilt(name, make, kind=None):
    """Put something else in the place of a data set of the chip, with the type that it had in memory."""

    def change(file):
        values, known = np.asarray(file["chip"][name][()]), files.text(file["chip"][name], "dtype")
        del file["chip"][name]
        file.flush()
        made = files.put(file["chip"], name, make(values), unit="1", long_name="spoilt")
        files.set_attribute(made, "dtype", kind or known)

    return change


def no_group(file):
    del file["chip"]
    files.put(file, "chip", 1.0, unit="1", long_name="spoilt")


ONE_EPOCH = dataclasses.replace(CONFIG, epochs=1, twin=False)


@pytest.fixture(scope="module")
def sound_checkpoint(digits, tmp_path_factory):
    """The last checkpoint of a training, in a file."""
    states = []
    train(LAW, digits, seed=3, config=ONE_EPOCH, checkpointer=Checkpointer(states.append, interval=0.0))
    path = tmp_path_factory.mktemp("sound") / "sound.h5"
    save_checkpoint(path, states[-1], belongs_to=identity(LAW, digits, seed=3, config=ONE_EPOCH))
    return path


@pytest.mark.parametrize(
    ("change", "fragment"),
    [
        (spoilt("own/progress", lambda v: np.array([-1, 0])), "progress is not that"),
        (spoilt("own/progress", lambda v: np.array([1, 10**6])), "progress is not that"),
        (spoilt("own/guess", lambda v: v[:-1]), "progress is not that"),
        (spoilt("own/guess", lambda v: v + 100), "progress is not that"),
        (spoilt("own/curves", lambda v: v[:, :-1]), "progress is not that"),
        (spoilt("own/curves", lambda v: v.ravel()), "lacks its progress"),
        (spoilt("own/seconds", lambda v: np.array(["x"])), "cannot have been"),
        (spoilt("own/guess", lambda v: v + 1e300), "do not fit into"),
        (spoilt("own/progress", lambda v: v, kind="nonsense"), "does not say of which type"),
        (lambda file: file["chip"].__delitem__("own/log"), "lacks its progress"),
        (no_group, "must be a group"),
    ],
)
def test_a_sealed_checkpoint_of_impossible_content_is_refused(sound_checkpoint, digits, tmp_path, change, fragment):
    out = tmp_path / "a.h5"
    place = checkpoint_path(out, 3)
    reseal(sound_checkpoint, place, change)
    with pytest.raises(InputError, match=rf"{place.name}.*{fragment}"):
        train_seeds(LAW, digits, seeds=(3,), jobs=1, config=ONE_EPOCH, out=out, resume=True)
