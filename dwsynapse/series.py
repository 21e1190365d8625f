"""A command run over a grid of settings: one runner for all commands.

A series goes through the grid of the axes, the last one fastest, and keeps each finished point in its file, which is
sound at any time. It goes on where it was interrupted, and the file then holds what it would hold anyway.
"""

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dwcore import progress
from dwcore.canvas.number_text import counted
from dwcore.errors import InputError, Interrupted, RunError
from dwcore.storage import files
from dwcore.storage.lock import only_writer
from dwcore.storage.provenance import canonical_json, input_hashes
from dwsynapse.given import Axis, Given
from dwsynapse.variation import Index, Outcome, Variation, VariedAxis
from dwsynapse.variation_file import SCHEMA, load_variation, save_variation, whole_of

Measured = tuple[Mapping[str, Sequence[float]], Sequence[str]]
"""Outcomes of all seeds by name, and what is to be known beside them, in lines."""
_NOT_LOOKED = "an older version found these results, which said nothing of where they strain the model"


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """What is to be run.

    Attributes:
        command: that is run.
        given: what its options set and vary.
        seeds: root seeds of the runs at each point.
        outcomes: what each run yields, by name; the first is what figures show.
        check: called for each point before the first is run; raises where what is set there does not fit.
        measure: runs all seeds of a point; it gets what is set there, the index of the point and what the series knows
            so far.
        config: all that decides on the results, apart from the axes and the seeds.
        inputs: files that decide on the results.
    """

    command: str
    given: Given
    seeds: Sequence[int]
    outcomes: dict[str, Outcome]
    check: Callable[[Given], Any]
    measure: Callable[[Given, Index, Variation], Measured]
    config: dict
    inputs: Sequence[Any] = ()

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
            found.put(index, *series.measure(point, index, found))
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


def _continued(new: Variation, series: Series, out) -> Variation:
    """Return what the file of an interrupted series holds, if it is the same series."""
    with files.open_checked(out, SCHEMA) as file:
        origin, knows_notes = files.provenance(file), "noted" in file
    wanted = json.loads(canonical_json(whole_of(new)))
    different = [name for name, value in wanted.items() if origin["config"].get(name) != value]
    if different == ["settings"]:
        before = origin["config"]["settings"]
        different = [name for name, value in wanted["settings"].items() if before.get(name) != value]
    if not different and origin["inputs"] != json.loads(canonical_json(input_hashes(series.inputs))):
        different = ["the content of its input files"]
    if different:
        raise InputError(f"{out}: belongs to another series, {different[0]} is not the same; --force starts anew")
    found = dataclasses.replace(load_variation(out), config=new.config)
    if not knows_notes:
        found.said[_NOT_LOOKED] = set(np.flatnonzero(found.done).tolist())
    return found


def varied_axis(axis: Axis) -> VariedAxis:
    """Return what was varied as files and figures know it."""
    values = tuple(list(value) if isinstance(value, tuple) else value for value in axis.values)
    setting = axis.setting
    return VariedAxis(name=setting.name, label=setting.label, unit=setting.unit, values=values)
