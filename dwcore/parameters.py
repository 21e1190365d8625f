"""Validated parameters: name, meaning, unit, default and bounds declared once, beside the field.

A section of a file is a frozen dataclass derived from `Parameters` whose fields are made with `quantity`, `whole`,
`flag`, `word` or `numbers`; one that holds an object which checks itself has the metadata
`{"kind": "part", "meaning": ...}`. The declaration feeds validation, unit conversion, documentation, file attributes
and plot labels. `needs` says without which other parameters this one has no effect, such as "bits > 0"; see
`dwsynapse.needs`, which reads it.
"""

import dataclasses
import itertools
import math
import numbers as kinds
import operator
from collections.abc import Iterator, Mapping, Sequence

from dwcore.errors import InputError, nearest

_REQUIRED = dataclasses.MISSING
_HOLDS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
_ROUNDING = 1e-12


def quantity(
    meaning: str, unit: str, *, default=_REQUIRED, gt=None, ge=None, lt=None, le=None, needs: str = "", plausible=None
):
    """Declare a number in SI `unit` ("1" if dimensionless) with its bounds; `default=None` makes it optional.

    `plausible` holds the least and the largest size that it has in any device, zero apart, and the unit in which people
    write it: what lies outside was meant in that unit.
    """
    bounds = {">": gt, ">=": ge, "<": lt, "<=": le}
    about = {"kind": "quantity", "meaning": meaning, "unit": unit, "needs": needs}
    metadata = about | {"bounds": bounds, "plausible": plausible}
    return dataclasses.field(default=default, metadata=metadata)


def whole(meaning: str, *, default=_REQUIRED, ge=0, le=None, needs: str = ""):
    """Declare a whole number with its bounds; `default=None` makes it optional."""
    metadata = {"kind": "whole", "meaning": meaning, "unit": "1", "bounds": {">=": ge, "<=": le}, "needs": needs}
    return dataclasses.field(default=default, metadata=metadata)


def flag(meaning: str, *, default: bool, needs: str = ""):
    """Declare a choice between true and false."""
    return dataclasses.field(default=default, metadata={"kind": "flag", "meaning": meaning, "needs": needs})


def word(meaning: str, *, default=_REQUIRED, choices: tuple[str, ...] = (), needs: str = ""):
    """Declare a text, one of `choices` if there are any."""
    metadata = {"kind": "word", "meaning": meaning, "choices": choices, "needs": needs}
    return dataclasses.field(default=default, metadata=metadata)


def numbers(meaning: str, unit: str, *, default=(), needs: str = "", plausible=None):
    """Declare a tuple of numbers in SI `unit`; `plausible` as for `quantity`."""
    metadata = {"kind": "numbers", "meaning": meaning, "unit": unit, "needs": needs, "plausible": plausible}
    return dataclasses.field(default=default, metadata=metadata)


def descent(name: str, values: Sequence[float]) -> str:
    """Return what is wrong with numbers that must ascend: the first that does not, its place from 1; empty if none.

    Args:
        name: of the numbers.
        values: the numbers.
    """
    for place, (before, value) in enumerate(itertools.pairwise(values), start=2):
        if not value > before:
            return f"{name} must be strictly ascending; number {place}, {value:.12g}, comes after {before:.12g}"
    return ""


def as_plain(value):
    """Return a number of another library, such as NumPy's int64 and float32, as one of Python; all else as it is."""
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, kinds.Integral):
        return int(value)
    return float(value) if isinstance(value, kinds.Real) else value


def as_number(value, unit: str) -> float:
    """Convert a number in SI or a string with a unit to a float in `unit`.

    Raises:
        InputError: the value is neither, or its unit does not fit.
    """
    if isinstance(value, str):
        from dwcore.units import to_si  # its patterns take time, and help needs none

        return to_si(value, unit)
    value = as_plain(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{value!r} must be a number in {unit} or a string with a unit")
    try:
        return float(value)
    except OverflowError:
        raise InputError(f"a number of {int(value).bit_length()} bits is too large") from None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Parameters:
    """Base of all parameter sections; validates every field at construction and reports all problems together."""

    def __post_init__(self):
        for f in dataclasses.fields(self):
            value = given = getattr(self, f.name)
            if f.metadata["kind"] == "numbers":  # as tuples, so that sections can be keys
                listed = given.tolist() if hasattr(given, "tolist") else given
                value = tuple(map(as_plain, listed)) if isinstance(listed, list | tuple) else given
            elif f.metadata["kind"] in ("quantity", "whole"):
                value = as_plain(given)
            if value is not given:
                object.__setattr__(self, f.name, value)
        problems = [p for f in dataclasses.fields(self) for p in _field_problems(f, getattr(self, f.name))]
        if not problems:
            problems = list(self.problems())
        if problems:
            raise InputError("; ".join(problems))

    def problems(self) -> Iterator[str]:
        """Yield what is wrong with the fields taken together; called when each alone is right."""
        return iter(())

    @classmethod
    def from_mapping(cls, mapping: Mapping, where: str):
        """Build the section from a mapping of names to SI numbers or strings with units.

        Args:
            mapping: what the file holds.
            where: file and section, for messages.

        Raises:
            InputError: unknown or missing names, wrong units, impossible values; one line with all of them.
        """
        if not isinstance(mapping, Mapping):
            raise InputError(f"{where}: must be a table of names and values, got {mapping!r}")
        fields = {f.name: f for f in dataclasses.fields(cls)}
        meanings = {name: f.metadata["meaning"] for name, f in fields.items()}
        problems = [f'unknown key "{key}"{nearest(key, meanings)}' for key in mapping if key not in fields]
        problems += [
            f'missing "{f.name}" ({f.metadata["meaning"]})'
            for f in fields.values()
            if f.default is _REQUIRED and f.name not in mapping
        ]
        values = {}
        for key in (key for key in mapping if key in fields):
            try:
                values[key] = _convert(fields[key], mapping[key])
            except InputError as error:
                problems.append(f"{key}: {error}")
            else:
                problems += _field_problems(fields[key], values[key])
        if problems:
            raise InputError(f"{where}: " + "; ".join(problems))
        try:
            return cls(**values)
        except InputError as error:
            raise InputError(f"{where}: {error}") from None

    def to_dict(self) -> dict:
        """Return the fields as plain numbers, texts and lists."""
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}

    @classmethod
    def describe(cls) -> list[tuple[str, str, str]]:
        """List (name, unit, meaning) of every field."""
        return [(f.name, f.metadata.get("unit", ""), f.metadata["meaning"]) for f in dataclasses.fields(cls)]


def _convert(field, value):
    kind = field.metadata["kind"]
    if kind == "quantity":
        return as_number(value, field.metadata["unit"])
    if kind == "word":
        if not isinstance(value, str):
            raise InputError(f"{value!r} must be a text")
        return value
    if kind == "whole" and isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
        return int(value)  # 1e5, which TOML knows as a float alone
    if kind in ("whole", "flag"):  # the field's own check says what is wrong
        return value
    if not isinstance(value, list | tuple):
        raise InputError(f"{value!r} must be a list of numbers")
    return tuple(as_number(v, field.metadata["unit"]) for v in value)


def read_value(field: dataclasses.Field, value):
    """Return a value of a TOML file as its field takes it: numbers with a unit in SI, lists as tuples.

    Raises:
        InputError: it breaks the rule of the field.
    """
    try:
        read = _convert(field, value)
    except InputError as error:
        raise InputError(f"{field.name}: {error}") from None
    check_value(field, read)
    return read


def check_value(field: dataclasses.Field, value) -> None:
    """Check a value against the declaration of its field.

    Raises:
        InputError: it breaks its rule.
    """
    if problems := list(_field_problems(field, value)):
        raise InputError("; ".join(problems))


def _field_problems(field, value) -> Iterator[str]:
    meta = field.metadata
    if meta["kind"] == "part" or (value is None and field.default is None):
        return
    if meta["kind"] == "word":
        if meta["choices"] and value not in meta["choices"]:
            from difflib import get_close_matches  # errors only: slow to import

            close = get_close_matches(str(value), meta["choices"], n=1, cutoff=0.6)
            hint = f'; did you mean "{close[0]}"?' if close else ""
            yield f'{field.name} = "{value}" must be one of {", ".join(meta["choices"])}{hint}'
        return
    if meta["kind"] == "flag":
        if not isinstance(value, bool):
            yield f"{field.name} = {value!r} must be true or false"
        return
    unit = meta["unit"]
    if meta["kind"] == "whole" and (isinstance(value, bool) or not isinstance(value, int)):
        yield f"{field.name} = {value!r} must be a whole number"
        return
    if meta["kind"] == "numbers":
        if not all(isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v) for v in value):
            yield f"{field.name} [{unit}] must hold finite numbers only"
            return
        found = (f"{field.name} holds {v:g} [{unit}], must be {rule}" for v in value for rule in _broken(meta, v))
        yield from itertools.islice(found, 1)
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield f"{field.name} = {value!r} must be a number [{unit}]"
    elif not math.isfinite(value):
        yield f"{field.name} = {value} [{unit}] must be finite"
    else:
        yield from (f"{field.name} = {value:g} [{unit}] must be {rule}" for rule in _broken(meta, value))


def _broken(meta: Mapping, value: float) -> Iterator[str]:
    """Yield the bounds that a number breaks; where it breaks none, the sizes that are plausible for it."""
    broken = [
        f"{sign} {b:g}" for sign, b in meta.get("bounds", {}).items() if b is not None and not _HOLDS[sign](value, b)
    ]
    yield from broken
    if broken or value == 0 or not meta.get("plausible"):
        return
    least, largest, usual = meta["plausible"]
    if not _plausible(value, least, largest):
        fits = _plausible(as_number(f"{value!r} {usual}", meta["unit"]), least, largest)
        meant = f'; did you mean "{value:g} {usual}"?' if fits else ""
        yield sizes(least, largest) + meant


def _plausible(value: float, least: float, largest: float) -> bool:
    """Return whether the size of a number lies between two others, or is one of them but for the rounding of its unit."""
    return least * (1 - _ROUNDING) <= abs(value) <= largest * (1 + _ROUNDING)


def sizes(least: float, largest: float, *_) -> str:
    """Return which sizes of a quantity are plausible, in words."""
    return f"{least:g} to {largest:g} in size" if least else f"<= {largest:g} in size"
