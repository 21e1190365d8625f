"""Files of programmed chips, schema ``dwsynapse.programming``, and of chips of either kind.

One group per seed, ``/seed_<number>``, laid out as ``ProgrammedChip`` declares.
"""

from collections.abc import Sequence

from arraysim.programming.config import config_from_mapping
from arraysim.programming.result import ProgrammedChip
from arraysim.training import file as training_file
from arraysim.training.result import TrainingResult
from dwcore.arguments import checked
from dwcore.storage import files, records

SCHEMA = "dwsynapse.programming"
SavedChip = TrainingResult | ProgrammedChip
"""What a file of chips holds, one per seed."""


@checked
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
    whole = {**(config or {}), "programming": first.config.to_mapping(), **training_file.data_of(first), "seeds": seeds}
    with files.create(path, SCHEMA, config=whole, seed=first.seed, inputs=inputs, force=force) as file:
        records.write(file, {f"seed_{chip.seed}": chip for chip in chips})


def load_programming(path) -> list[ProgrammedChip]:
    """Read a file of programmed chips.

    Raises:
        InputError: not a sound one.
    """
    with files.open_checked(path, SCHEMA) as file:
        return training_file.read_seeds(file, ProgrammedChip, "programming", config_from_mapping)


def load_chips(path) -> tuple[Sequence[SavedChip], dict]:
    """Read the chips of a training file or of a file of programmed chips.

    Returns:
        One per seed, and what the configuration of the file says, such as the pulses that they were written with.

    Raises:
        InputError: a sound file of neither kind.
    """
    with files.open_checked(path) as file:
        origin = files.provenance(file)
    load = load_programming if origin["schema"] == SCHEMA else training_file.load_training
    return load(path), origin["config"]
