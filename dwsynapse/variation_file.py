"""The file of what a command finds while settings are varied.

The schema is ``dwsynapse.variation``: ``/axis_K`` are the values of an axis, ``/done`` says which points are finished,
``/results/NAME`` has the shape (values of each axis, seeds) and is NaN where a point is not finished, or where the
result is unknown. ``/notes`` are the lines on validity, ``/noted`` says for which points each is, with the shape (lines,
values of each axis). The configuration holds all that decides on the results.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from dwcore.arguments import checked
from dwcore.errors import InputError
from dwcore.storage import files, records
from dwcore.storage.notes import notes_in
from dwsynapse.variation import Outcome, Variation, VariedAxis

SCHEMA = "dwsynapse.variation"


@checked
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
    config = whole_of(found) | {"notes": found.notes}
    with files.create(path, SCHEMA, config=config, seed=found.seeds[0], inputs=inputs, force=force) as file:
        for number, axis in enumerate(found.axes):
            files.put(file, f"axis_{number}", axis.column, unit=axis.unit or "1", long_name=axis.label)
        files.put(file, "done", found.done, unit="1", long_name="whether a point is finished")
        noted = np.zeros((len(found.said), found.done.size), bool)
        for row, places in zip(noted, found.said.values(), strict=True):
            row[list(places)] = True
        files.put(
            file, "notes", np.array(list(found.said), str), unit="1", long_name="what is to be known of some points"
        )
        files.put(
            file,
            "noted",
            noted.reshape(len(noted), *found.done.shape),
            unit="1",
            long_name="whether a note is of a point",
        )
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
                              done=done.astype(bool), config=whole["settings"])  # fmt: skip
            found.said.update(_said_in(file, found, whole))
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


def _said_in(file, found: Variation, whole: Mapping) -> dict[str, set[int]]:
    """Return the notes of a file and their points; older files have them in the configuration alone, of all points."""
    if "noted" not in file:
        return {note: set(np.flatnonzero(found.done).tolist()) for note in notes_in(whole)}
    noted, lines = files.get(file, "noted"), files.get(file, "notes").tolist()
    if noted.shape != (len(lines), *found.done.shape) or not np.isin(noted, (0, 1)).all():
        raise InputError("noted must be 0 or 1 for each note and point")
    if (noted.astype(bool) & ~found.done).any() or not all(row.any() for row in noted):
        raise InputError("a note must be of points that are done, of one at least")
    return {line: set(np.flatnonzero(row).tolist()) for line, row in zip(lines, noted, strict=True)}


def whole_of(found: Variation) -> dict[str, Any]:
    """Return what decides on the results, as a configuration holds it."""
    return {
        "command": found.command,
        "axes": [dataclasses.asdict(axis) for axis in found.axes],
        "seeds": list(found.seeds),
        "outcomes": [[name, dataclasses.asdict(outcome)] for name, outcome in found.outcomes.items()],
        "settings": found.config,
    }
