"""Training files: the results of several seeds, schema ``dwsynapse.training``.

One group per seed, ``/seed_<number>``, with the groups ``chip``, ``float32`` (unless left out) and ``hardware`` of the
result, the latter two with one group per layer. Wall times are left out, so that two runs of one configuration hold the same content.
"""

from collections.abc import Sequence

import h5py
import numpy as np

from arraysim.training.config import TrainingConfig, config_from_mapping
from arraysim.training.result import HardwareRecord, LearnedWeights, LearningCurve, TrainingResult
from dwcore.errors import InputError
from dwcore.storage import files

SCHEMA = "dwsynapse.training"

# Field -> (unit, what it is).
CURVE = {
    "loss": ("1", "mean loss over training images after each epoch"),
    "train_accuracy": ("1", "share of these training images classified correctly after each epoch"),
    "validation_accuracy": ("1", "share of images kept to validate classified correctly after each epoch, NaN if none"),
    "test_accuracy": ("1", "share of test images classified correctly after each epoch"),
    "confusion": ("1", "number of test images by true class and predicted class at the end"),
}
TOTALS = {
    "pulses": ("1", "write pulses sent up to each epoch"),
    "reads": ("1", "single conductances read up to each epoch"),
    "energy": ("J", "energy of the write pulses up to each epoch"),
    "state_histogram": ("1", "number of synapses by epoch, layer and state, last column lost"),
}
PER_LAYER = {
    "weight": ("1", "weights at the end"),
    "state": ("1", "states of the two synapses of each pair at the end"),
    "pulses_received": ("1", "write pulses received by each synapse"),
    "conductance": ("S", "conductances of each plane of devices at the end"),
    "weight_per_conductance": ("1/S", "number that each plane is multiplied by to give the weights"),
}


def save_training(
    path, results: Sequence[TrainingResult], *, config: dict | None = None, inputs=(), force: bool = False
) -> None:
    """Write the results of several seeds that share data set and configuration.

    Args:
        path: file to write.
        results: one per seed.
        config: more entries for the configuration of the file, such as the operating points.
        inputs: paths of the files the results are made from.
        force: overwrite an existing file.

    Raises:
        InputError: there is no result, seeds repeat, results differ in their configuration, or the path is unfit.
    """
    seeds = [result.seed for result in results]
    if not results or len(set(seeds)) != len(seeds):
        raise InputError(f"a training file needs results of different seeds, got {seeds}")
    first = results[0]
    if any(result.config != first.config or result.dataset != first.dataset for result in results):
        raise InputError("the results of one training file must share data set and configuration")
    whole = {**(config or {}), "training": first.config.to_mapping(), "dataset": first.dataset, "seeds": seeds}
    with files.create(path, SCHEMA, config=whole, seed=first.seed, inputs=inputs, force=force) as file:
        for result in results:
            _put_result(file.create_group(f"seed_{result.seed}"), result)


def load_training(path) -> list[TrainingResult]:
    """Read a training file.

    Args:
        path: file to read.

    Raises:
        InputError: the file is not a sound training file.
    """
    with files.open_checked(path, SCHEMA) as file:
        config = files.provenance(file)["config"]
        try:
            training = config_from_mapping(config["training"], str(path))
            dataset, seeds = config["dataset"], config["seeds"]
            return [_get_result(file, seed, dataset, training) for seed in seeds]
        except (KeyError, TypeError, ValueError) as error:
            reason = str(error) if isinstance(error, InputError) else f"unfit configuration or content: {error}"
            raise InputError(reason if str(path) in reason else f"{path}: {reason}") from None


def _put_result(group: h5py.Group, result: TrainingResult) -> None:
    for name, curve in (("chip", result.chip), ("float32", result.float32)):
        if curve is not None:
            _put_fields(group.create_group(name), curve, CURVE)
    if result.learned is not None:
        put_learned(group["float32"], result.learned)
    put_hardware(group.create_group("hardware"), result.hardware)


def put_hardware(group: h5py.Group, hardware: HardwareRecord) -> None:
    """Write what happened to the synapses into a group of its own."""
    _put_fields(group, hardware, TOTALS)
    for number in range(len(hardware.weight)):
        layer = group.create_group(f"layer_{number}")
        for name, (unit, long_name) in PER_LAYER.items():
            files.put(layer, name, getattr(hardware, name)[number], unit=unit, long_name=long_name)
        if hardware.memory:
            _put_arrays(layer.create_group("memory"), hardware.memory[number])
    _put_arrays(group.create_group("digital"), hardware.digital)


def put_learned(group: h5py.Group, learned: LearnedWeights) -> None:
    """Write a network as numbers."""
    for number, weight in enumerate(learned.weight):
        files.put(group, f"layer_{number}/weight", weight, unit="1", long_name="weights at the end")
    _put_arrays(group.create_group("digital"), learned.digital)


def _put_arrays(group: h5py.Group, arrays: dict) -> None:
    for name, values in arrays.items():
        files.put(group, name, values, unit="1", long_name=name.replace("_", " "))


def _put_fields(group: h5py.Group, record, fields: dict) -> None:
    for name, (unit, long_name) in fields.items():
        files.put(group, name, getattr(record, name), unit=unit, long_name=long_name)


def _get_result(file: h5py.File, seed: int, dataset: str, config: TrainingConfig) -> TrainingResult:
    group = file[f"seed_{seed}"]
    curves = {
        name: LearningCurve(
            **{field: files.get(group[name], field) for field in CURVE}, seconds=None, training_seconds=None
        )
        for name in (("chip", "float32") if config.twin else ("chip",))
    }
    curves.setdefault("float32", None)
    return TrainingResult(
        seed=seed,
        dataset=dataset,
        config=config,
        **curves,
        hardware=get_hardware(group["hardware"]),
        learned=get_learned(group["float32"]) if config.twin and "digital" in group["float32"] else None,
    )


def get_hardware(group: h5py.Group) -> HardwareRecord:
    """Read what ``put_hardware`` wrote; files of before the arrays' memory was kept have an empty one."""
    layers = _layers(group)
    return HardwareRecord(
        **{field: files.get(group, field) for field in TOTALS},
        **{field: tuple(files.get(layer, field) for layer in layers) for field in PER_LAYER},
        digital=_get_arrays(group["digital"]),
        memory=tuple(_get_arrays(layer["memory"]) for layer in layers if "memory" in layer),
    )


def get_learned(group: h5py.Group) -> LearnedWeights:
    """Read what ``put_learned`` wrote."""
    return LearnedWeights(
        weight=tuple(files.get(layer, "weight").astype(np.float32) for layer in _layers(group)),
        digital={name: values.astype(np.float32) for name, values in _get_arrays(group["digital"]).items()},
    )


def _layers(group: h5py.Group) -> list[h5py.Group]:
    return [group[f"layer_{number}"] for number in range(sum(name.startswith("layer_") for name in group))]


def _get_arrays(group: h5py.Group) -> dict:
    return {name: files.get(group, name) for name in group}
