"""Accuracy against something: number of states, temperature, a spread, a setting; several seeds each.

Files have the schema ``dwsynapse.training-series``.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from arraysim.datasets.datasets import Dataset
from arraysim.synapses.ladder import ladder_law
from arraysim.synapses.pulse_law import PulseLaw
from arraysim.training.config import TrainingConfig
from arraysim.training.result import TrainingResult
from arraysim.training.seeds import train_seeds
from compact.table.operating_point import write_points
from compact.table.table_file import load_table
from compact.table.transition_table import TransitionTable
from dwcore.errors import InputError, nearest
from dwcore.storage import files

SCHEMA = "dwsynapse.training-series"
# What may vary -> (unit, label). The first three change the law, the others the configuration; the twin knows none.
OF_THE_LAW = {
    "states": ("1", "number of states of an idealized synapse"),
    "table": ("1", "number of states"),
    "temperature": ("K", "temperature"),
}
OF_THE_CONFIG = {
    "conductance_std_dtod": ("1", "spread of conductance from device to device"),
    "weight_range": ("1", "weight range times root of inputs"),
    "initial_share": ("1", "initial share of the weight range"),
    "learning_rate": ("1", "learning rate on chip"),
    "pulse_threshold": ("1", "threshold of a pulse over its mean step"),
}
PARAMETERS = OF_THE_LAW | OF_THE_CONFIG


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class TrainingSeries:
    """Test accuracy at the end, for each value and seed.

    Attributes:
        parameter: one of ``PARAMETERS``.
        value: shape (V,), in the unit of the parameter.
        seeds: root seeds.
        on_chip: shape (V, seeds) [1].
        float32: of the twin, which does not depend on the value, shape (seeds,); empty if there is none [1].
    """

    parameter: str
    value: np.ndarray
    seeds: tuple[int, ...]
    on_chip: np.ndarray
    float32: np.ndarray


def vary(
    parameter: str,
    values: Sequence,
    dataset: Dataset,
    *,
    table: TransitionTable | None,
    seeds: Sequence[int],
    config: TrainingConfig,
    jobs: int | None = None,
) -> TrainingSeries:
    """Train once per value and seed.

    Args:
        parameter: one of ``PARAMETERS``.
        values: numbers; for "table" paths of transition tables.
        dataset: labelled images.
        table: of the synapses, for all but "states" and "table".
        seeds: root seeds.
        config: network, rule and schedule.
        jobs: threads of all processes together.

    Raises:
        InputError: there is no such parameter, or a value does not fit.
    """
    if parameter not in PARAMETERS:
        raise InputError(f'"{parameter}" cannot be varied{nearest(parameter, PARAMETERS)}')
    if not values:
        raise InputError(f"{parameter}: needs at least one value")
    if table is None and parameter not in ("states", "table"):
        raise InputError(f"{parameter}: needs the table of a synapse")
    number, on_chip, twin = [], [], np.empty(0)
    for value in values:
        law, changed = _case(parameter, value, table, config)
        number.append(law.states if parameter == "table" else float(value))
        # The twin is the same for every value.
        changed = dataclasses.replace(changed, twin=config.twin and not on_chip)
        results = train_seeds(law, dataset, seeds=seeds, config=changed, jobs=jobs)
        on_chip.append([_last(result.chip) for result in results])
        if changed.twin:
            twin = np.array([_last(result.float32) for result in results])
    order = np.argsort(number, kind="stable")
    return TrainingSeries(
        parameter=parameter,
        value=np.array(number, np.float64)[order],
        seeds=tuple(seeds),
        on_chip=np.array(on_chip)[order],
        float32=twin,
    )


def save_series(path, series: TrainingSeries, *, config: dict, inputs: Sequence[Path] = (), force: bool = False):
    """Write a series.

    Raises:
        InputError: the path is unfit.
    """
    unit, label = PARAMETERS[series.parameter]
    whole = {**config, "parameter": series.parameter, "seeds": list(series.seeds)}
    with files.create(path, SCHEMA, config=whole, seed=series.seeds[0], inputs=inputs, force=force) as file:
        files.put(file, "value", series.value, unit=unit, long_name=label)
        files.put(file, "on_chip", series.on_chip, unit="1", long_name="test accuracy on chip by value and seed")
        files.put(file, "float32", series.float32, unit="1", long_name="test accuracy of the float32 twin by seed")


def load_series(path) -> TrainingSeries:
    """Read a series.

    Raises:
        InputError: the file is not a sound series.
    """
    with files.open_checked(path, SCHEMA) as file:
        config = files.provenance(file)["config"]
        if config.get("parameter") not in PARAMETERS:
            raise InputError(f"{path}: parameter {config.get('parameter')!r} is unknown")
        arrays = {name: files.get(file, name) for name in ("value", "on_chip", "float32")}
        return TrainingSeries(parameter=config["parameter"], seeds=tuple(config["seeds"]), **arrays)


def _case(parameter: str, value, table: TransitionTable | None, config: TrainingConfig):
    """Return the law and the configuration of one value."""
    if parameter == "states":
        if float(value) != int(float(value)):
            raise InputError(f"states = {value} must be a whole number")
        return ladder_law(states=int(float(value))), config
    if parameter == "table":
        table = load_table(value)
    temperature = float(value) if parameter == "temperature" else float(table.temperature[0])
    if parameter in OF_THE_CONFIG:
        config = dataclasses.replace(config, **{parameter: float(value)})
    return PulseLaw.from_table(table, write_points(table, temperature=temperature)), config


def _last(curve) -> float:
    return float(curve.test_accuracy[-1])


def spread(results: Sequence[TrainingResult]) -> tuple[float, float]:
    """Return mean and standard deviation (of the seeds, 0 for one) of the test accuracy on chip [1]."""
    accuracy = np.array([_last(result.chip) for result in results])
    return float(accuracy.mean()), float(accuracy.std(ddof=1)) if accuracy.size > 1 else 0.0
