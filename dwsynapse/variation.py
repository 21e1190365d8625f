"""What a command finds while settings are varied: one kind of result for all commands."""

import dataclasses
import itertools
import math
from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np

from dwcore.canvas.number_text import counted, time_text, with_prefix
from dwcore.storage.notes import lines_of, put_note

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
        said: notes on validity and what else is to be known, with the points that each is of, counted in their order.
    """

    command: str
    axes: tuple[VariedAxis, ...]
    seeds: tuple[int, ...]
    outcomes: dict[str, Outcome]
    results: dict[str, np.ndarray]
    done: np.ndarray
    config: dict
    said: dict[str, set[int]] = dataclasses.field(default_factory=dict)

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

    @property
    def notes(self) -> list[str]:
        """What is to be known beside the results, a line for all points of which it is said."""
        return lines_of(
            self.said, [self._where(index) if self.done[index] else "" for index in self.points()], "points"
        )

    def _where(self, index: Index) -> str:
        """Return the settings of a point in words."""
        return ", ".join(f"{axis.name} = {axis.text(i)}" for axis, i in zip(self.axes, index, strict=True))

    def points(self) -> Iterator[Index]:
        """Yield the indices of the grid, the last axis fastest."""
        return itertools.product(*(range(len(axis.values)) for axis in self.axes))

    def put(self, index: Index, found: Mapping[str, Sequence[float]], notes: Sequence[str] = ()) -> None:
        """Note what the runs of a point yield, for each seed, and what is to be known beside it."""
        for name, values in self.results.items():
            values[index] = found[name]
        self.done[index] = True
        for note in notes:
            put_note(self.said, int(np.ravel_multi_index(index, self.done.shape)), note)

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
        known = {"seeds": list(self.seeds), "done": self.done.tolist(), "notes": self.notes}
        return {"command": self.command, "axes": axes} | known | results

    def lines(self) -> list[str]:
        """Return a line of text per finished point: the first outcome of all seeds, the means of the others."""
        found = []
        for index in self.points():
            if self.done[index]:
                words = [_words(outcome, self.results[name][index], is_first=number == 0)
                         for number, (name, outcome) in enumerate(self.outcomes.items())]  # fmt: skip
                found.append(f"{self._where(index)}: {', '.join(filter(None, words))}")
        return found


def _words(outcome: Outcome, values: np.ndarray, *, is_first: bool) -> str:
    """Return an outcome of all seeds in words; nothing if what others are compared with is unknown."""
    known = values[np.isfinite(values)]
    if not known.size:
        return "" if outcome.reference else f"{outcome.meaning} unknown"
    lacking = f", unknown of {values.size - known.size} of {values.size} seeds" if known.size < values.size else ""
    if outcome.unit == "1":
        return f"{outcome.meaning} {_mean_and_range(known) if is_first else f'{known.mean():.4g}'}{lacking}"
    spread = f" ({_quantity(known.min(), outcome.unit)} to {_quantity(known.max(), outcome.unit)})"
    mean = _quantity(known.mean(), outcome.unit)
    return f"{outcome.meaning} {mean}{spread if is_first and known.size > 1 else ''}{lacking}"


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
