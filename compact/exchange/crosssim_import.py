"""From CrossSim lookup tables to a transition table.

The states are the same shares of each device's own range of conductances. The table holds their mean over the devices
as the nominal conductances, and those of each device as its `instance_states`.
"""

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from compact.exchange.crosssim_file import LookupTable, read_lookup
from compact.exchange.state_grid import Rows, assign_states
from compact.table.origin import GRID, WEIGHTS, weights
from compact.table.transition_table import InstanceStates, TransitionTable
from dwcore.arguments import checked
from dwcore.errors import InputError

MAX_STATES = 1024
DIRECTIONS = ("increasing", "decreasing")
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".pdf", ".svg", ".eps", ".tif", ".tiff")
RANGE_TOLERANCE = 1e-6
"""Relative to the range: how far the two directions of a device may differ in it."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class PulseFacts:
    """What the tables do not say and the user may know; None leaves a placeholder.

    Attributes:
        current_density: magnitude [A/m^2].
        duration: [s].
        temperature: [K].
        energy: of one pulse [J].
    """

    current_density: float | None = None
    duration: float | None = None
    temperature: float | None = None
    energy: float | None = None

    def __post_init__(self):
        for name, unit in (("current_density", "A/m^2"), ("duration", "s"), ("temperature", "K"), ("energy", "J")):
            value = getattr(self, name)
            if value is not None and not (np.isfinite(value) and value >= 0 and (value > 0 or name == "temperature")):
                raise InputError(f"{name} = {value:g} [{unit}] must be > 0")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fidelity:
    """How well the states of a table carry the source, over all devices, directions and states.

    Attributes:
        mean_step: mean change by one pulse, in spacings of the states [1].
        std_ratio: median of the standard deviation of one pulse over that of the source [1].
        largest_shift: largest difference of the cumulative distributions between states [1].
        whole_step_states: number of states nearest to that asked for with which the mean step is a whole number of
            them, at least two, so that the spread is least enlarged [1].
    """

    mean_step: float
    std_ratio: float
    largest_shift: float
    whole_step_states: int


def device_pairs(paths: Sequence) -> list[tuple[Path, Path]]:
    """Sort files into (increasing, decreasing) pairs, one per device, by their names.

    Args:
        paths: files with one of the two words in the name, or folders of such files or of folders with one device each.

    Raises:
        InputError: a file has neither word, or no partner, or the names tell of several kinds of devices.
    """
    files = [file for path in map(Path, paths) for file in (_members(path) if path.is_dir() else [path])]
    pairs: dict[str, dict[str, Path]] = {}
    for file in files:
        found = [word for word in DIRECTIONS if word in file.name.lower()]
        if len(found) != 1:
            raise InputError(f'{file}: the name must hold "increasing" or "decreasing", the direction of its pulses')
        stem = str(file.parent / re.sub(found[0], "*", file.name, flags=re.IGNORECASE))
        if pairs.setdefault(stem, {}).setdefault(found[0], file) is not file:
            raise InputError(f"{file}: is given twice")
    for stem, pair in pairs.items():
        missing = [word for word in DIRECTIONS if word not in pair]
        if missing:
            raise InputError(f"{stem}: lacks the file of the {missing[0]} direction")
    kinds = sorted({re.sub(r"\d+(?=\D*$)", "", Path(stem).name) for stem in pairs})
    if len(kinds) > 1:
        raise InputError(f"the files hold several kinds of devices, {' and '.join(kinds)}; give those of one kind")
    order = sorted(pairs, key=lambda stem: [int(t) if t.isdigit() else t for t in re.split(r"(\d+)", stem)])
    return [(pairs[stem]["increasing"], pairs[stem]["decreasing"]) for stem in order]


def _members(folder: Path) -> list[Path]:
    """Return the tables of a folder, or those of its sub-folders, which then hold a device each; pictures are none."""
    found, below = (
        _tables(folder),
        [table for sub in sorted(folder.iterdir()) if sub.is_dir() for table in _tables(sub)],
    )
    if found and below:
        raise InputError(
            f"{folder}: holds tables, and {below[0].parent} below it too; name the folders or files to read"
        )
    if not found and not below:
        raise InputError(f'{folder}: holds no file with "increasing" or "decreasing" in its name')
    return found or below


def _tables(folder: Path) -> list[Path]:
    named = (p for p in sorted(folder.iterdir()) if any(word in p.name.lower() for word in DIRECTIONS))
    return [p for p in named if p.is_file() and p.suffix.lower() not in PICTURES]


@checked
def import_crosssim(
    pairs: Sequence[tuple], *, states: int = 64, facts: PulseFacts | None = None
) -> tuple[TransitionTable, Fidelity]:
    """Make a transition table of lookup tables.

    Args:
        pairs: files of the increasing and the decreasing direction of each device.
        states: their number, evenly spaced over the range [1].
        facts: what is known about the pulse.

    Returns:
        The table, pulses downwards first, and what the states cost.

    Raises:
        InputError: unreadable files, files that do not fit each other, or too few or many states.
    """
    if not 2 <= states <= MAX_STATES:
        raise InputError(f"states = {states} must be >= 2 and <= {MAX_STATES}")
    facts = PulseFacts() if facts is None else facts
    lookups = [_read_pair(*pair) for pair in pairs]
    if not lookups:
        raise InputError("crosssim: give the files of at least one device")
    x = np.linspace(0.0, 1.0, states)
    rows = [[_rows(x, lookup) for lookup in (down, up)] for up, down in lookups]
    probability = np.zeros((len(rows), 1, 2, 1, states, states + 1))
    for k, both in enumerate(rows):
        for a, of_pulse in enumerate(both):
            probability[k, 0, a, 0, :, :states] = of_pulse.probability
    low, high = np.array([(up.conductance[0], up.conductance[-1]) for up, _ in lookups]).T
    of_device = low[:, None] + x * (high - low)[:, None]
    given, missing = pulse_axes(facts)
    table = TransitionTable(
        position=np.arange(states, dtype=float),
        conductance=of_device.mean(axis=0),
        conductance_std_ctoc=np.zeros(states),
        counts=weights(probability),
        instance_states=instance_states(of_device),
        config={"origin": {"format": "crosssim", "states": GRID, "counts": WEIGHTS, "placeholders": missing}},
        seed=0,
        **given,
    )
    return table, fidelity_of(x, [of_pulse for both in rows for of_pulse in both])


def instance_states(conductance: np.ndarray, spread: float = 0.0) -> InstanceStates:
    """Return the states of each device at the one temperature.

    Args:
        conductance: shape (K, S) [S].
        spread: of it from read to read, relative [1].
    """
    given = conductance[:, None, :]
    number = np.broadcast_to(np.arange(given.shape[-1], dtype=float), given.shape)
    return InstanceStates(
        present=np.ones(given.shape, np.uint8),
        position=number,
        conductance=given,
        conductance_std_ctoc=spread * given,
    )


def _read_pair(increasing, decreasing) -> tuple[LookupTable, LookupTable]:
    up, down = read_lookup(increasing), read_lookup(decreasing)
    ends = np.array([[lookup.conductance[0], lookup.conductance[-1]] for lookup in (up, down)])
    if np.abs(ends[0] - ends[1]).max() > RANGE_TOLERANCE * np.ptp(ends):
        words = " and ".join(f"{low:g} to {high:g}" for low, high in ends)
        raise InputError(f"{increasing}: both directions must have one range of conductances, they have {words} S")
    for path, lookup, word, sign in ((increasing, up, "raise", 1), (decreasing, down, "lower", -1)):
        change = lookup.mean_change.mean()
        if sign * change <= 0:
            raise InputError(f"{path}: its pulses must {word} the conductance, the mean dG is {change:g} S")
    return up, down


def _rows(x: np.ndarray, lookup: LookupTable) -> Rows:
    low, span = lookup.conductance[0], np.ptp(lookup.conductance)
    return assign_states(x, x[:, None] + lookup.quantiles(low + x * span) / span, lookup.cumulative)


def pulse_axes(facts: PulseFacts) -> tuple[dict, dict[str, str]]:
    """Return the fields of the table about the pulse, and words for those that are placeholders."""
    missing = {
        "position": "number of the state, no length",
        "conductance_std_ctoc": "zero, no read noise is known",
        "current_density": "-1 and +1, the direction of the pulse only",
        "duration": "1, unknown",
        "temperature": "300, assumed",
        "energy_per_pulse": "zero, unknown",
    }
    values = {"current_density": 1.0, "duration": 1.0, "temperature": 300.0, "energy_per_pulse": 0.0}
    known = {name: getattr(facts, name) for name in ("current_density", "duration", "temperature")}
    for name, value in {**known, "energy_per_pulse": facts.energy}.items():
        if value is not None:
            values[name] = value
            del missing[name]
    J = values["current_density"]
    axes = {
        "current_density": np.array([-J, J]),
        "duration": np.array([values["duration"]]),
        "temperature": np.array([values["temperature"]]),
        "energy_per_pulse": np.full((2, 1), values["energy_per_pulse"]),
    }
    return axes, missing


def fidelity_of(x: np.ndarray, rows: list[Rows]) -> Fidelity:
    """Return how well states at some shares of the range carry rows."""
    step = np.concatenate([np.abs(r.mean - x) for r in rows]) * (x.size - 1)
    there = np.concatenate([np.sqrt(r.probability @ x**2 - (r.probability @ x) ** 2) for r in rows])
    source = np.concatenate([r.std for r in rows])
    sound = source > 1e-6
    ratio = float(np.median(there[sound] / source[sound])) if sound.any() else 1.0
    gaps, median = x.size - 1, float(np.median(step))
    whole = 1 + round(max(round(median), 2) * gaps / median) if median > 0 else x.size
    return Fidelity(
        mean_step=median,
        std_ratio=ratio,
        largest_shift=float(max(r.shift.max() for r in rows)),
        whole_step_states=whole,
    )
