"""Files of programmed chips, schema ``dwsynapse.programming``, and of chips of either kind.

One group per seed, ``/seed_<number>``: ``float32`` holds what was wanted, ``hardware`` the chip as in a training file,
``layer_<number>`` how programming went.
"""

from collections.abc import Sequence

import h5py

from arraysim.programming.config import config_from_mapping
from arraysim.programming.result import ProgrammedChip
from arraysim.rules.write_verify import WriteVerifyResult
from arraysim.training import file as training_file
from arraysim.training.result import ChipResult
from dwcore.errors import InputError
from dwcore.storage import files

SCHEMA = "dwsynapse.programming"
ACCURACY = {
    "float32_accuracy": ("1", "share of test images that the network as numbers classifies correctly"),
    "accuracy": ("1", "share of test images that the programmed network classifies correctly"),
}
PER_LAYER = {
    "rms_error": ("1", "rms error of the weights over the largest, before and after each round"),
    "accepted": ("1", "share of weights read within the tolerance, after each round"),
    "within": ("1", "share of weights truly within the tolerance at the end"),
    "clipped": ("1", "share of wanted weights beyond the largest"),
    "pulses": ("1", "write pulses that the loop sent to each weight"),
    "reads": ("1", "reads of weights by the loop"),
    "energy": ("J", "energy of these pulses"),
}


def save_programming(
    path, chips: Sequence[ProgrammedChip], *, config: dict | None = None, inputs=(), force: bool = False
) -> None:
    """Write the chips of several seeds that share data set and configuration.

    Args:
        path: file to write.
        chips: one per seed.
        config: more entries for the configuration of the file, such as the operating points.
        inputs: paths of the files the chips are made from.
        force: overwrite an existing file.

    Raises:
        InputError: the path is unfit.
    """
    first = chips[0]
    seeds = [chip.seed for chip in chips]
    whole = {**(config or {}), "programming": first.config.to_mapping(), "dataset": first.dataset, "seeds": seeds}
    with files.create(path, SCHEMA, config=whole, seed=first.seed, inputs=inputs, force=force) as file:
        for chip in chips:
            group = file.create_group(f"seed_{chip.seed}")
            _put(group, chip, ACCURACY)
            training_file.put_learned(group.create_group("float32"), chip.learned)
            training_file.put_hardware(group.create_group("hardware"), chip.hardware)
            for number, layer in enumerate(chip.layers):
                _put(group.create_group(f"layer_{number}"), layer, PER_LAYER)


def load_programming(path) -> list[ProgrammedChip]:
    """Read a file of programmed chips.

    Raises:
        InputError: not a sound one.
    """
    with files.open_checked(path, SCHEMA) as file:
        config = files.provenance(file)["config"]
        try:
            told, dataset = config_from_mapping(config["programming"], str(path)), config["dataset"]
            return [_chip(file[f"seed_{seed}"], seed, dataset, told) for seed in config["seeds"]]
        except (KeyError, TypeError, ValueError) as error:
            reason = str(error) if isinstance(error, InputError) else f"unfit configuration or content: {error}"
            raise InputError(reason if str(path) in reason else f"{path}: {reason}") from None


def load_chips(path) -> tuple[Sequence[ChipResult], list[dict] | None]:
    """Read the chips of a training file or of a file of programmed chips.

    Returns:
        One per seed, and the pulses that they were written with, if the file says so.

    Raises:
        InputError: a sound file of neither kind.
    """
    with files.open_checked(path) as file:
        origin = files.provenance(file)
    load = load_programming if origin["schema"] == SCHEMA else training_file.load_training
    return load(path), origin["config"].get("write_pulses")


def _chip(group: h5py.Group, seed: int, dataset: str, config) -> ProgrammedChip:
    learned = training_file.get_learned(group["float32"])
    layers = [_fields(group[f"layer_{number}"], PER_LAYER) for number in range(len(learned.weight))]
    return ProgrammedChip(
        seed=seed,
        dataset=dataset,
        config=config,
        **_fields(group, ACCURACY),
        learned=learned,
        hardware=training_file.get_hardware(group["hardware"]),
        layers=tuple(WriteVerifyResult(**layer) for layer in layers),
    )


def _put(group: h5py.Group, record, fields: dict) -> None:
    for name, (unit, long_name) in fields.items():
        files.put(group, name, getattr(record, name), unit=unit, long_name=long_name)


def _fields(group: h5py.Group, fields: dict) -> dict:
    found = {name: files.get(group, name) for name in fields}
    return {name: values if values.ndim else values.item() for name, values in found.items()}
