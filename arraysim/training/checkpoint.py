"""Checkpoints: the state of one seed on its way, in files of the schema ``dwsynapse.checkpoint``, and when it is kept.

The files are sealed and atomic as all files are: after a crash the last one is whole. What they hold belongs to one
configuration, one law and one data set, and a run of another refuses them.
"""

import copy
import dataclasses
import hashlib
import json
import math
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from arraysim.datasets.datasets import Dataset
from arraysim.synapses.pulse_law import PulseLaw
from arraysim.training.config import TrainingConfig
from dwcore.errors import InputError
from dwcore.storage import files

SCHEMA = "dwsynapse.checkpoint"
DEFAULT_INTERVAL = 60.0
"""Least time between two checkpoints [s]."""
SAMPLE = 2.0
"""Time after which it is said how long a training will take [s]."""


def checkpoint_path(out: Path, seed: int) -> Path:
    """Return where the state of a seed lies while the training file ``out`` is being made."""
    return out.with_name(f"{out.stem}.seed_{seed}.checkpoint.h5")


def identity(law: PulseLaw, dataset: Dataset, *, seed: int, config: TrainingConfig) -> dict:
    """Return what a state belongs to, as a mapping for files; it may go on on another device."""
    fields = (getattr(law, field.name) for field in dataclasses.fields(law))
    arrays = [array for array in fields if array is not None]
    return {
        "training": {name: value for name, value in config.to_mapping().items() if name != "device"},
        "dataset": dataset.name,
        "dataset_sha256": dataset.sha256,
        "law_sha256": _sha256(arrays),
        "seed": seed,
    }


def save_checkpoint(path: Path, state: dict[str, dict[str, np.ndarray]], *, belongs_to: dict) -> None:
    """Write the state of one seed over that of before.

    Args:
        path: file to write.
        state: arrays by network and name.
        belongs_to: as from ``identity``.
    """
    with files.create(path, SCHEMA, config=belongs_to, seed=belongs_to["seed"], force=True) as file:
        for network, arrays in state.items():
            group = file.create_group(network)
            for name, values in arrays.items():
                dataset = files.put(group, name, values, unit="1", long_name="state of a run, as it is in memory")
                files.set_attribute(dataset, "dtype", np.asarray(values).dtype.str)


def load_checkpoint(path: Path, *, belongs_to: dict) -> dict[str, dict[str, np.ndarray]]:
    """Read the state of one seed.

    Args:
        path: file to read.
        belongs_to: as from ``identity``, of the run that wants to go on.

    Raises:
        InputError: not a sound checkpoint, or one of another run.
    """
    with files.open_checked(path, SCHEMA) as file:
        found = files.provenance(file)["config"]
        if different := _different(belongs_to, found):
            raise InputError(f"{path}: belongs to another run, {different} is not the same; --force starts anew")
        return {network: _arrays(file, network) for network in file}


def _arrays(file: h5py.File, network: str) -> dict[str, np.ndarray]:
    """Return the arrays of a network, of the types that they had in memory."""
    group, found, unfit = file[network], {}, f"{file.filename}: /{network}"

    def take(name: str, item) -> None:
        if isinstance(item, h5py.Dataset):
            values = np.asarray(files.get(group, name))
            try:
                kind = np.dtype(files.text(item, "dtype"))
            except (KeyError, TypeError, ValueError):
                raise InputError(f"{unfit}/{name} does not say of which type it was in memory") from None
            if kind.kind not in "biufU" or (kind.kind == "U") != (values.dtype.kind == "U"):
                raise InputError(f"{unfit}/{name} of type {values.dtype} cannot have been {kind} in memory")
            with np.errstate(invalid="ignore", over="ignore"):
                found[name] = values if kind.kind == "U" else values.astype(kind)
            if kind.kind != "U" and not np.array_equal(found[name], values, equal_nan=kind.kind == "f"):
                raise InputError(f"{unfit}/{name} holds values that do not fit into {kind}")

    if not isinstance(group, h5py.Group):
        raise InputError(f"{unfit} must be a group, of the state of a network")
    group.visititems(take)
    return found


def _different(wanted: dict, found: dict) -> str:
    """Return the name of the first entry that differs, empty if none does."""
    for name, value in wanted.items():
        if name == "training" and isinstance(found.get(name), dict):
            names = [key for key in value if value[key] != found[name].get(key)]
            if names:
                return names[0]
        elif found.get(name) != value:
            return name.removesuffix("_sha256")
    return ""


def _sha256(arrays) -> str:
    digest = hashlib.sha256()
    for values in arrays:
        digest.update(f"{values.dtype.str}{values.shape}".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


class Checkpointer:
    """Keeps the state of one seed; without a path it keeps nothing.

    Attributes:
        saved: state that a resumed run goes on from, by network; empty for a new one.
    """

    def __init__(
        self,
        save: Callable[[dict], None] | None = None,
        *,
        saved: dict | None = None,
        log: Path | None = None,
        interval: float = DEFAULT_INTERVAL,
        stop: Callable[[], bool] = lambda: False,
        forecast: Callable[[float], None] | None = None,
    ):
        """Make a checkpointer.

        Args:
            save: writes a state.
            saved: state to go on from.
            log: file that gets a line per epoch.
            interval: least time between two checkpoints [s].
            stop: says whether the run is to end now.
            forecast: is told once how long the network will take, from a sample of its batches [s].
        """
        self.saved = {} if saved is None else saved
        self._save, self._log, self._interval, self._stop = save, log, interval, stop
        self._forecast = forecast
        self._last = time.monotonic()
        self._first: tuple[float, float] | None = None

    def visit(self, state: Callable[[], dict], done: float) -> None:
        """Write a checkpoint if it is time, and end the run if it is to stop; called between batches.

        Args:
            state: makes the state of the whole seed.
            done: share of the batches of the network that are done [1].

        Raises:
            KeyboardInterrupt: the run is to stop; its state is kept.
        """
        if self._forecast:
            self._sample(done)
        stop = self._stop()
        if self._save and (stop or time.monotonic() - self._last >= self._interval):
            self._save(state())
            self._last = time.monotonic()
        if stop:
            raise KeyboardInterrupt

    def _sample(self, done: float) -> None:
        """Say how long the network will take; the first batch, which may compile, does not count."""
        now = time.monotonic()
        if self._first is None:
            self._first = now, done
        elif self._forecast and now - self._first[0] >= SAMPLE and done > self._first[1]:
            self._forecast((now - self._first[0]) * (1 - self._first[1]) / (done - self._first[1]))
            self._forecast = None

    def finish(self, state: Callable[[], dict]) -> None:
        """Write the last state, so that a seed that is done is not done again."""
        if self._save:
            self._save(state())

    def of_trial(self) -> "Checkpointer":
        """Return the same for a training beside the seed's own, of which nothing goes to the log."""
        trial = copy.copy(self)
        trial._log = trial._forecast = None
        return trial

    def note(self, line: str) -> None:
        """Append one line to the log, in one write, so that processes do not mix theirs."""
        if self._log:
            with open(self._log, "a", encoding="utf-8") as stream:
                stream.write(line)


def json_line(content: dict) -> str:
    """Return one line of JSON."""
    return json.dumps(_plain(content), allow_nan=False) + "\n"


def _plain(value):
    """Return arrays as lists and numbers that JSON has no word for as None."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
