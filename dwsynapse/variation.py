"""What a command finds while settings are varied: one runner and one kind of result file for all commands.

A series goes through the grid of the axes, the last one fastest, and keeps each finished point in its file, which is
sound at any time. It goes on where it was interrupted, and the file then holds what it would hold anyway.

The schema is ``dwsynapse.variation``: ``/axis_K`` are the values of an axis, ``/done`` says which points are finished,
``/results/NAME`` has the shape (values of each axis, seeds) and is NaN where a point is not finished, or where the
result is unknown. The configuration holds all that decides on the results.
"""

import dataclasses
import itertools
import json
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dwcore import progress
from dwcore.canvas.number_text import counted, time_text, with_prefix
from dwcore.errors import InputError, Interrupted, RunError
from dwcore.storage import files, records
from dwcore.storage.lock import only_writer
from dwcore.storage.notes import notes_in
from dwcore.storage.provenance import canonical_json, input_hashes
from dwsynapse.given import Axis, Given

SCHEMA = "dwsynapse.variation"
Index = tuple[int, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """A number that each run of a series yields.

    Attributes:
        meaning: in words.
        unit: "1" if dimensionless.
        reference: whether the first outcome is to be compared with it.
    """

    meaning: str
    unit: str = "1"
    reference: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class VariedAxis:
    """What was varied, as files and figures know it.

    Attributes:
        name: of the setting, with its section.
        label: for an axis, with the unit.
        unit: SI unit, "1" if dimensionless, empty for words.
        values: numbers, words, truth values, lists or None.
    """

    name: str
    label: str
    unit: str
    values: tuple

    @property
    def is_number(self) -> bool:
        """Whether the values are numbers, which lie on an axis."""
        return all(isinstance(value, int | float) and not isinstance(value, bool) for value in self.values)

    @property
    def column(self) -> np.ndarray:
        """The values as a data set holds them: numbers or texts."""
        return np.array(self.values, float) if self.is_number else np.array([str(value) for value in self.values])

    def text(self, number: int) -> str:
        """Return one value in words, with its unit."""
        value = self.values[number]
        if isinstance(value, float):
            return f"{value:g}{f' {self.unit}' if self.unit != '1' else ''}"
        return str(value).lower() if isinstance(value, bool) else str(value)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Variation:
    """Results of a command over a grid of settings.

    Attributes:
        command: that was run.
        axes: what was varied.
        seeds: root seeds of the runs at each point.
        outcomes: what each run yields, by name; the first is what figures show.
        results: by the name of the outcome, shape (values of each axis, seeds); NaN if unknown or not done.
        done: which points are finished, shape (values of each axis).
        config: all that decides on the results.
        notes: where devices strain the model that their tables are of, one line each.
    """

    command: str
    axes: tuple[VariedAxis, ...]
    seeds: tuple[int, ...]
    outcomes: dict[str, Outcome]
    results: dict[str, np.ndarray]
    done: np.ndarray
    config: dict
    notes: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> np.ndarray:
        return self.results[name]

    def __repr__(self) -> str:
        """In one line, for interactive work."""
        axes = ", ".join(f"{axis.name} ({counted(len(axis.values), 'value')})" for axis in self.axes)
        return f"<Variation of {self.command} over {axes}: {self.progress}>"

    @property
    def subject(self) -> str:
        """What the results are of, in words, for the titles of figures; without the temperature where that varies."""
        if isinstance(words := self.config.get("synapses"), str):
            return words
        device = self.config.get("device")
        if not isinstance(device, Mapping):
            return device if isinstance(device, str) else ""
        drive = self.config.get("given", {}).get("drive", {})
        temperature = drive.get("temperature", device.get("temperature"))
        varies = any(axis.name.endswith("temperature") for axis in self.axes) or temperature is None
        return f"{device.get('name', '')}{'' if varies else f', {temperature:g} K'}"

    @property
    def progress(self) -> str:
        """How many points are finished, in words."""
        return (
            f"{np.count_nonzero(self.done)} of {counted(self.done.size, 'point')}, {counted(len(self.seeds), 'seed')}"
        )

    def points(self) -> Iterator[Index]:
        """Yield the indices of the grid, the last axis fastest."""
        return itertools.product(*(range(len(axis.values)) for axis in self.axes))

    def put(self, index: Index, found: Mapping[str, Sequence[float]]) -> None:
        """Note what the runs of a point yield, for each seed."""
        for name, values in self.results.items():
            values[index] = found[name]
        self.done[index] = True

    def at_first(self, index: Index, axes: Collection[str]) -> dict[str, np.ndarray] | None:
        """Return what is known of the point that differs by the first values of some axes.

        Args:
            index: of a point.
            axes: names of the axes.

        Returns:
            Values by seed; None if it is the same point.
        """
        first = tuple(0 if axis.name in axes else i for axis, i in zip(self.axes, index, strict=True))
        return None if first == index else {name: values[first] for name, values in self.results.items()}

    def as_json(self) -> dict:
        """Return all of it as plain numbers and texts; what is unknown is None."""
        axes = [{"name": axis.name, "unit": axis.unit, "values": list(axis.values)} for axis in self.axes]
        results = {name: _plain(values.tolist()) for name, values in self.results.items()}
        known = {"seeds": list(self.seeds), "done": self.done.tolist(), "notes": list(self.notes)}
        return {"command": self.command, "axes": axes} | known | results

    def lines(self) -> list[str]:
        """Return a line of text per finished point: the first outcome of all seeds, the means of the others."""
        found = []
        for index in self.points():
            if self.done[index]:
                where = ", ".join(f"{axis.name} = {axis.text(i)}" for axis, i in zip(self.axes, index, strict=True))
                words = [_words(outcome, self.results[name][index], is_first=number == 0)
                         for number, (name, outcome) in enumerate(self.outcomes.items())]  # fmt: skip
                found.append(f"{where}: {', '.join(filter(None, words))}")
        return found


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """What is to be run.

    Attributes:
        command: that is run.
        given: what its options set and vary.
        seeds: root seeds of the runs at each point.
        outcomes: what each run yields, by name; the first is what figures show.
        check: called for each point before the first is run; raises where what is set there does not fit.
        measure: runs all seeds of a point and returns the outcomes for each; it gets what is set there, the index of
            the point and what the series knows so far.
        config: all that decides on the results, apart from the axes and the seeds.
        inputs: files that decide on the results.
        notes: where devices strain the model that their tables are of, one line each.
    """

    command: str
    given: Given
    seeds: Sequence[int]
    outcomes: dict[str, Outcome]
    check: Callable[[Given], Any]
    measure: Callable[[Given, Index, Variation], Mapping[str, Sequence[float]]]
    config: dict
    inputs: Sequence[Any] = ()
    notes: Sequence[str] = ()

    def begin(self) -> Variation:
        """Return the results before the first point."""
        axes = tuple(map(varied_axis, self.given.axes))
        shape = tuple(len(axis.values) for axis in axes)
        shape_of_results = (*shape, len(self.seeds))
        return Variation(
            command=self.command,
            axes=axes,
            seeds=tuple(self.seeds),
            outcomes=self.outcomes,
            results={name: np.full(shape_of_results, np.nan) for name in self.outcomes},
            done=np.zeros(shape, bool),
            config=self.config,
            notes=tuple(self.notes),
        )


def run_series(
    series: Series, *, out: Path | None = None, resume: bool = False, force: bool = False
) -> Variation:  # fmt: skip
    """Run every point that is not done.

    Args:
        series: what is to be run.
        out: result file, written anew after each point.
        resume: go on from the points that it holds.
        force: overwrite it.

    Raises:
        InputError: a point does not fit, or the file belongs to another series.
    """
    with only_writer(out):
        for point in series.given.points():
            series.check(point)
        found = series.begin()
        if resume and out is not None and Path(out).exists():
            found = _continued(found, series, out)
        try:
            _run_points(series, found, out, force=force or resume)
        except (RunError, KeyboardInterrupt) as error:
            kind = Interrupted if isinstance(error, KeyboardInterrupt) else type(error)
            raise kind(f"{str(error) or 'interrupted'}; {_kept(found, out)}") from error
    return found


def _run_points(series: Series, found: Variation, out: Path | None, *, force: bool) -> None:
    """Run the points that are not done and keep each."""
    left = [index for index in found.points() if not found.done[index]]
    done = found.done.size - len(left)
    with progress.bar(found.done.size, f"{series.command} --vary", "point", initial=done) as bar:
        for number, index in enumerate(left):
            point = series.given.at([axis.values[i] for axis, i in zip(found.axes, index, strict=True)])
            found.put(index, series.measure(point, index, found))
            if out is not None:
                save_variation(out, found, inputs=series.inputs, force=force or number > 0)
            bar()


def _kept(found: Variation, out: Path | None) -> str:
    """Return what is left of an unfinished series, in words."""
    done = f"{np.count_nonzero(found.done)} of {counted(found.done.size, 'point')}"
    if out is None:
        return f"{done} were finished, without -o FILE.h5 none is kept"
    return (
        f"{done} are kept in {out}, --resume goes on" if found.done.any() else "no point was finished, so none is kept"
    )


def save_variation(path, found: Variation, *, inputs=(), force: bool = False) -> None:
    """Write results.

    Args:
        path: file to write.
        found: the results, finished or not.
        inputs: paths of the files that they are made from; their hashes are kept.
        force: overwrite an existing file.

    Raises:
        InputError: the path is unfit.
    """
    config = _whole(found) | ({"notes": list(found.notes)} if found.notes else {})
    with files.create(path, SCHEMA, config=config, seed=found.seeds[0], inputs=inputs, force=force) as file:
        for number, axis in enumerate(found.axes):
            files.put(file, f"axis_{number}", axis.column, unit=axis.unit or "1", long_name=axis.label)
        files.put(file, "done", found.done, unit="1", long_name="whether a point is finished")
        for name, outcome in found.outcomes.items():
            files.put(file, f"results/{name}", found.results[name], unit=outcome.unit, long_name=outcome.meaning)


def load_variation(path) -> Variation:
    """Read results.

    Raises:
        InputError: the file does not hold sound results.
    """
    with files.open_checked(path, SCHEMA) as file:
        whole = files.provenance(file)["config"]
        try:
            axes = tuple(_axis_in(file, number, stored) for number, stored in enumerate(whole["axes"]))
            outcomes = {name: _outcome_in(file, stored) for name, stored in whole["outcomes"]}
            shape = tuple(len(axis.values) for axis in axes)
            done, seeds = files.get(file, "done"), tuple(whole["seeds"])
            results = {name: files.get(file, f"results/{name}") for name in outcomes}
            shapes = [done.shape, *(values.shape[:-1] for values in results.values())]
            if not axes or not results or any(one != shape for one in shapes):
                raise InputError(f"arrays of shape {shapes} for a grid of {shape}")
            if any(values.shape[-1] != len(seeds) or values.dtype.kind != "f" for values in results.values()):
                raise InputError(f"results must be numbers, one for each of the {len(seeds)} seeds")
            if done.dtype.kind not in "iu" or not np.isin(done, (0, 1)).all():
                raise InputError("done must be 0 or 1")
            if not all(type(seed) is int for seed in seeds) or not isinstance(whole["command"], str):
                raise InputError("its seeds must be whole numbers, and its command a word")
            if any(files.text(file[f"results/{name}"], "unit") != outcomes[name].unit for name in outcomes):
                raise InputError("the unit of a result is not that of its outcome")
            found = Variation(command=whole["command"], axes=axes, seeds=seeds, outcomes=outcomes, results=results,
                              done=done.astype(bool), config=whole["settings"], notes=tuple(notes_in(whole)))  # fmt: skip
            _ = found.subject  # which reads the settings, so that unfit ones are refused here
            return found
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise InputError(f"{path}: unfit configuration or content: {error}") from None


def _axis_in(file, number: int, stored: Mapping) -> VariedAxis:
    """Return an axis of a file, of which the configuration and a data set must say the same."""
    texts = {name: records.entry(file, stored, name, str) for name in ("name", "label", "unit")}
    axis = VariedAxis(**texts, values=tuple(records.entry(file, stored, "values", list)))
    if not np.array_equal(files.get(file, f"axis_{number}"), axis.column):
        raise InputError(f"axis_{number} holds other values than the configuration has for {axis.name}")
    return axis


def _outcome_in(file, stored: Mapping) -> Outcome:
    """Return an outcome of a file."""
    texts = {name: records.entry(file, stored, name, str) for name in ("meaning", "unit")}
    return Outcome(**texts, reference=records.entry(file, stored, "reference", bool))


def _whole(found: Variation) -> dict:
    return {
        "command": found.command,
        "axes": [dataclasses.asdict(axis) for axis in found.axes],
        "seeds": list(found.seeds),
        "outcomes": [[name, dataclasses.asdict(outcome)] for name, outcome in found.outcomes.items()],
        "settings": found.config,
    }


def _continued(new: Variation, series: Series, out) -> Variation:
    """Return what the file of an interrupted series holds, if it is the same series."""
    with files.open_checked(out, SCHEMA) as file:
        origin = files.provenance(file)
    wanted = json.loads(canonical_json(_whole(new)))
    different = [name for name, value in wanted.items() if origin["config"].get(name) != value]
    if different == ["settings"]:
        before = origin["config"]["settings"]
        different = [name for name, value in wanted["settings"].items() if before.get(name) != value]
    if not different and origin["inputs"] != json.loads(canonical_json(input_hashes(series.inputs))):
        different = ["the content of its input files"]
    if different:
        raise InputError(f"{out}: belongs to another series, {different[0]} is not the same; --force starts anew")
    return dataclasses.replace(load_variation(out), config=new.config, notes=new.notes)


def varied_axis(axis: Axis) -> VariedAxis:
    """Return what was varied as files and figures know it."""
    values = tuple(list(value) if isinstance(value, tuple) else value for value in axis.values)
    setting = axis.setting
    return VariedAxis(name=setting.name, label=setting.label, unit=setting.unit, values=values)


def _words(outcome: Outcome, values: np.ndarray, *, is_first: bool) -> str:
    """Return an outcome of all seeds in words; nothing if it is unknown."""
    known = values[np.isfinite(values)]
    if not known.size:
        return ""
    if outcome.unit == "1":
        return f"{outcome.meaning} {_mean_and_range(known) if is_first else f'{known.mean():.4g}'}"
    spread = f" ({_quantity(known.min(), outcome.unit)} to {_quantity(known.max(), outcome.unit)})"
    return f"{outcome.meaning} {_quantity(known.mean(), outcome.unit)}{spread if is_first and known.size > 1 else ''}"


def _quantity(value: float, unit: str) -> str:
    """Return a quantity as the plain commands print it."""
    if unit == "m^2":
        return f"{1e6 * value:.3g} mm2"
    if unit == "s":
        return time_text(value)
    return with_prefix(value, unit) if unit in ("J", "T") else f"{value:.4g} {unit}"


def _mean_and_range(values: Sequence[float]) -> str:
    spread = "" if len(values) == 1 else f" ({min(values):.4f} to {max(values):.4f})"
    return f"{sum(values) / len(values):.4f}{spread}"


def mean_and_range(accuracies: Sequence[float]) -> str:
    """Return accuracies of several seeds in words."""
    return f"test accuracy {_mean_and_range(accuracies)}"


def _plain(value):
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if math.isfinite(value) else None
