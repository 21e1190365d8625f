"""Training files: the results of several seeds, schema ``dwsynapse.training``.

One group per seed, ``/seed_<number>``, laid out as ``TrainingResult`` declares. Wall times are left out, so that two
runs of one configuration hold the same content.
"""

from collections.abc import Callable, Mapping, Sequence

import h5py

from arraysim.training.config import config_from_mapping
from arraysim.training.result import ChipResult, TrainingResult
from arraysim.training.task import Task
from dwcore.arguments import checked
from dwcore.errors import InputError
from dwcore.storage import files, records

SCHEMA = "dwsynapse.training"


@checked
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
    whole = {**(config or {}), "training": first.config.to_mapping(), **data_of(first), "seeds": seeds}
    with files.create(path, SCHEMA, config=whole, seed=first.seed, inputs=inputs, force=force) as file:
        records.write(file, {f"seed_{result.seed}": result for result in results})


def data_of(result: ChipResult) -> dict:
    """Return what the configuration of a file says of the data."""
    return {"dataset": result.dataset, "data": result.origin}


def load_training(path) -> list[TrainingResult]:
    """Read a training file.

    Args:
        path: file to read.

    Raises:
        InputError: the file is not a sound training file.
    """
    with files.open_checked(path, SCHEMA) as file:
        results = read_seeds(file, TrainingResult, "training", config_from_mapping)
    for result in results:
        if result.config.twin and (result.float32 is None or result.learned is None):
            raise InputError(f"{path}: lacks the twin in /seed_{result.seed}/float32")
    return results


def read_seeds(file: h5py.File, record: type, section: str, from_mapping: Callable[[Mapping, str], Task]) -> list:
    """Read the results of all seeds of a file.

    Args:
        file: the open file.
        record: class of the result of a seed.
        section: entry of the configuration that says what the runs were told.
        from_mapping: makes this configuration.

    Raises:
        InputError: names the file and what is wrong with it.
    """
    found = files.provenance(file)["config"]
    told = records.entry(file, found, section, dict)
    try:
        config = from_mapping(told, file.filename)
    except InputError as error:
        raise InputError(f"{file.filename}: {str(error).removeprefix(f'{file.filename}: ')}") from None
    except (AttributeError, KeyError, TypeError, ValueError) as error:  # an entry of another type
        raise InputError(f"{file.filename}: unfit {section} in its configuration, {error}") from None
    given = {"dataset": records.entry(file, found, "dataset", str), "config": config}
    if "data" in found:
        given["origin"] = records.entry(file, found, "data", dict)
    seeds = records.entry(file, found, "seeds", list)
    if not seeds or not all(type(seed) is int for seed in seeds):
        raise InputError(f"{file.filename}: its seeds must be whole numbers, at least one, are {seeds}")
    layers = {"L": config.network.crossbars}
    return [records.read(file, record, at=f"seed_{seed}", given=given | {"seed": seed}, axes=layers) for seed in seeds]
