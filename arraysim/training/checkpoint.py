"""Checkpoint files: the state of one seed on its way, schema ``dwsynapse.checkpoint``.

They are sealed and atomic as all files are: after a crash the last one is whole. What they hold belongs to one
configuration, one law and one data set, and a run of another refuses them.
"""

import dataclasses
import hashlib
from pathlib import Path

import h5py
import numpy as np

from arraysim.datasets.datasets import Dataset
from arraysim.synapses.pulse_law import PulseLaw
from arraysim.training.config import TrainingConfig
from dwcore.errors import InputError
from dwcore.storage import files

SCHEMA = "dwsynapse.checkpoint"


def checkpoint_path(out: Path, seed: int) -> Path:
    """Return where the state of a seed lies while the training file ``out`` is being made."""
    return out.with_name(f"{out.stem}.seed_{seed}.checkpoint.h5")


def identity(law: PulseLaw, dataset: Dataset, *, seed: int, config: TrainingConfig) -> dict:
    """Return what a state belongs to, as a mapping for files."""
    sets = [dataset] if dataset.test is None else [dataset, dataset.test]
    images = [array for part in sets for array in (part.images, part.labels)]
    fields = (getattr(law, field.name) for field in dataclasses.fields(law))
    arrays = [array for array in fields if array is not None]
    return {
        "training": config.to_mapping(),
        "dataset": dataset.name,
        "dataset_sha256": _sha256(images),
        "law_sha256": _sha256(arrays),
        "seed": seed,
    }


def save_checkpoint(path: Path, state: dict[str, dict[str, np.ndarray]], *, belongs_to: dict) -> None:
    """Write the state of one seed over that of before.

    Args:
        path: file to write.
        state: arrays by trainee and name.
        belongs_to: as from ``identity``.
    """
    with files.create(path, SCHEMA, config=belongs_to, seed=belongs_to["seed"], force=True) as file:
        for trainee, arrays in state.items():
            group = file.create_group(trainee)
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
        return {trainee: _arrays(file[trainee]) for trainee in file}


def _arrays(group: h5py.Group) -> dict[str, np.ndarray]:
    found = {}

    def take(name: str, item) -> None:
        if isinstance(item, h5py.Dataset):
            values, kind = files.get(group, name), np.dtype(files.text(item, "dtype"))
            found[name] = values if kind.kind == "U" else values.astype(kind)

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
        digest.update(np.ascontiguousarray(values))
    return digest.hexdigest()
