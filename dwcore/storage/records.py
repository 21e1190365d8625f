"""The layout of a file, declared once on the dataclass that it holds; written, read and checked from there.

A record is a dataclass. Each field that a file keeps is made with `data` (one data set), `named` (a group of data sets
with free names) or `part` (a record within); other fields are not stored, the reader is given them or takes their
default.

    @dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
    class Curve:
        loss: np.ndarray = data("mean loss after each epoch", "1", "E+1", ge=0)
        confusion: np.ndarray = data("images by true and found class", "1", "C C", dtype="i8")

    with files.create(path, SCHEMA, config=config, seed=seed) as file:
        records.write(file, {"seed_1": curve})
    with files.open_checked(path, SCHEMA) as file:
        curve = records.read(file, Curve, at="seed_1")

An axis is a name, a number, a name with an offset ("S+1") or "_", of any length, none too; axes of one name have one
length, at least 1, all over a record and the records within. `{L}` in a path repeats the data set, group or record for
the numbers 0 to L - 1 and makes the field a tuple; axes first met there belong to their number alone.

Types: "f8"; "f4" (float64 in the file, float32 in memory); "int" (any whole numbers); "i8", "u8", ... (just these);
"bool" (0 or 1 in the file); "text".
"""

import collections
import dataclasses
import math
import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any

import h5py
import numpy as np

from dwcore.errors import InputError
from dwcore.storage.datasets import get, put, text
from dwcore.storage.record_item import Item, axis_length, faults_of, shape_fault, stored_type, typed_array, value_faults

_REPEATED = re.compile(r"\{(\w+)\}")
_LISTED = 5
"""A message names so many faults of one record."""


def data(
    meaning: str,
    unit: str = "1",
    axes: str | None = "",
    *,
    dtype: str = "f8",
    at: str | None = None,
    finite: bool = True,
    nan: bool = False,
    ascending: bool = False,
    gt: float | None = None,
    ge: float | None = None,
    lt: float | None = None,
    le: float | None = None,
    default: Any = dataclasses.MISSING,
) -> Any:
    """Declare a field that is one data set.

    Args:
        meaning: what the values are, in words; the `long_name` in the file.
        unit: SI unit, "1" if dimensionless.
        axes: names of the axes, separated by blanks; "" for one value, None for any shape.
        dtype: type, see above.
        at: path of the data set within the record's group, the name of the field by default.
        finite: False lets infinity and nan in.
        nan: True lets nan in, for what is unknown.
        ascending: whether the values must ascend strictly.
        gt: bound of the values, as are `ge`, `lt` and `le`.
        default: of the field; None makes the data set optional, left out where the field is None.
    """
    bounds = {">": gt, ">=": ge, "<": lt, "<=": le}
    item = Item(meaning=meaning, unit=unit, axes=axes, dtype=dtype, at=at, finite=finite, nan=nan, ascending=ascending,
                bounds=bounds)  # fmt: skip
    return dataclasses.field(default=default, metadata={"item": item})


def named(
    meaning: str | Callable[[str], str],
    unit: str | Callable[[str], str] = "1",
    axes: str | None = None,
    *,
    dtype: str = "f8",
    at: str | None = None,
    finite: bool = True,
    default_factory: Any = dataclasses.MISSING,
) -> Any:
    """Declare a field that is a mapping of names to arrays, a group of data sets; arguments as `data`.

    Args:
        meaning: of all, or a function that makes it of the name; so is `unit`.
    """
    item = Item(meaning=meaning, unit=unit, axes=axes, dtype=dtype, at=at, finite=finite, named=True)
    return dataclasses.field(default_factory=default_factory, metadata={"item": item})


def part(record: type, *, at: str | None = None, default: Any = dataclasses.MISSING) -> Any:
    """Declare a field that is a record within, in the group `at` ("" for that of the whole).

    Args:
        record: its class.
        at: path of its group, the name of the field by default.
        default: None makes the record optional, left out where the field is None.
    """
    return dataclasses.field(default=default, metadata={"item": Item(at=at, record=record)})


def items(record: type) -> list[tuple[str, Item, bool]]:
    """Return name, item and whether it is optional of every field that a file keeps."""
    found = []
    for field in dataclasses.fields(record):
        if "item" in field.metadata:
            item: Item = field.metadata["item"]
            item = item if item.at is not None else dataclasses.replace(item, at=field.name)
            found.append((field.name, item, field.default is None))
    return found


def lengths(item: Item, axes: Mapping[str, int]) -> tuple[int, ...]:
    """Return the shape that a data set has with these lengths of its axes."""
    known = dict(axes)
    return tuple(axis_length(axis, 0, known) or 0 for axis in (item.axes or "").split())


def layout(record: type, below: str = "") -> Iterator[tuple[str, Item, bool]]:
    """Yield path, item and whether it is optional of every data set of a record and of the records within."""
    for _, item, optional in items(record):
        path = f"{below}/{item.at}" if item.at else below
        if item.record is None:
            yield f"{path}/NAME" if item.named else path, item, optional
        else:
            yield from ((place, inner, optional or left_out) for place, inner, left_out in layout(item.record, path))


def problems(record, axes: Mapping[str, int] | None = None) -> Iterator[str]:
    """Yield what is wrong with the arrays of a record in memory: type, shape, values.

    Args:
        record: the record.
        axes: lengths that are known already.
    """
    for leaf in _leaves(record, "", dict(axes or {}), in_file=False):
        yield from faults_of(*leaf)


def write(group: h5py.Group, record) -> None:
    """Write a record into a group, or several of them, a mapping of names of groups to records.

    Raises:
        InputError: something in the record is not as it is declared.
        RunError: the disk failed.
    """
    if isinstance(record, Mapping):
        for name, one in record.items():
            write(group.create_group(name), one)
        return
    leaves = [*_leaves(record, "", {}, in_file=True)]
    _refuse(type(record).__name__, [fault for leaf in leaves for fault in faults_of(*leaf)])
    for path in _groups(record, ""):
        group.require_group(path)
    for path, item, value, _ in leaves:
        name = path.rsplit("/", 1)[-1]
        put(group, path, value, unit=_of(item.unit, name), long_name=_of(item.meaning, name))


def read(
    group: h5py.Group, record: type, *, at: str = "", given: Mapping[str, Any] | None = None,
    axes: Mapping[str, int] | None = None,
) -> Any:  # fmt: skip
    """Read a record and check type, unit, shape and values of all it holds.

    Args:
        group: file or group.
        record: class of the record.
        at: path of the record's group within.
        given: fields that the file does not hold, by name, also of the records within.
        axes: lengths that are known already.

    Raises:
        InputError: names the file, the data sets and what is wrong with them, in one line.
    """
    found = group.get(at) if at else group
    if not isinstance(found, h5py.Group):
        raise InputError(f"{group.file.filename}: lacks the group {_join(group.name, at)}")
    return _Reader(found.file.filename, dict(given or {})).record(found, record, dict(axes or {}))


def entry(file: h5py.File, config: Mapping, name: str, kind: type) -> Any:
    """Return an entry of the configuration of a file; a finite number is a float.

    Raises:
        InputError: it is missing or of another type.
    """
    value = config.get(name) if isinstance(config, Mapping) else None
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not (number if kind is float else isinstance(value, kind) and isinstance(value, bool) == (kind is bool)):
        raise InputError(f"{file.filename}: its configuration has no fit entry {name} ({kind.__name__})")
    return value


class _Reader:
    """Reads the records of one file."""

    def __init__(self, path: str, given: dict[str, Any]):
        self.path, self.given = path, given

    def record(self, group: h5py.Group, record: type, axes: MutableMapping[str, int]) -> Any:
        """Return the record in a group."""
        values: dict[str, Any] = {}
        numbered: dict[int, MutableMapping[str, int]] = {}
        faults: list[str] = []
        for name, item, optional in items(record):
            repeated = _REPEATED.search(item.at or "")
            if optional and not _present(group, item):
                continue
            if item.record is not None:
                _refuse(self.path, faults)
            if not repeated:
                values[name] = self._value(group, item, item.at or "", axes, faults)
                continue
            count = axes.setdefault(repeated[1], _count(group, item.at or "", repeated))
            values[name] = tuple(
                self._value(group, item, _numbered(item, n), _scope(numbered, n, axes), faults) for n in range(count)
            )
        _refuse(self.path, faults)
        others = {field.name for field in dataclasses.fields(record)} - values.keys()
        values |= {name: self.given[name] for name in others & self.given.keys()}
        try:
            return record(**values)
        except InputError as error:
            raise InputError(f"{self.path}: {str(error).removeprefix(f'{self.path}: ')}") from None

    def _value(self, group, item: Item, path: str, axes: MutableMapping[str, int], faults: list[str]) -> Any:
        if item.record is not None:
            within = group.get(path) if path else group
            if not isinstance(within, h5py.Group):
                raise InputError(f"{self.path}: lacks the group {_join(group.name, path)}")
            return self.record(within, item.record, collections.ChainMap({}, axes))
        if not item.named:
            return self._array(group, item, path, axes, faults)
        within = group.get(path)
        if not isinstance(within, h5py.Group):
            faults.append(f"lacks the group {_join(group.name, path)}")
            return {}
        return {name: self._array(within, item, name, axes, faults) for name in within}

    def _array(self, group: h5py.Group, item: Item, name: str, axes, faults: list[str]) -> Any:
        """Return the values of a data set in memory; what is wrong with them is added to the faults."""
        label, dataset = _join(group.name, name), group.get(name)
        if not isinstance(dataset, h5py.Dataset):
            faults.append(f"lacks the data set {label}")
            return None
        stored, unit = stored_type(item.dtype), _of(item.unit, name)
        if not (dataset.dtype.kind in "iu" if stored == "int" else dataset.dtype.str.startswith(stored)):
            faults.append(f"{label} has the type {dataset.dtype.str}, must be {stored}")
            return None
        if text(dataset, "unit") != unit:
            faults.append(f'{label} has the unit "{text(dataset, "unit")}", must be "{unit}"')
        if wrong := shape_fault(label, item, dataset.shape, axes):
            faults.append(wrong)
            return None
        values = get(group, name)
        faults += value_faults(label, item, values)
        if item.dtype in ("f4", "bool"):
            with np.errstate(over="ignore"):
                values = values.astype(item.dtype)
        return values if values.ndim or item.axes is None else values.item()


def _leaves(record, below: str, axes: MutableMapping[str, int], *, in_file: bool) -> Iterator[tuple]:
    """Yield name, item, array and known lengths of all that a record holds; names are paths in the file or fields."""
    numbered: dict[int, MutableMapping[str, int]] = {}
    for name, item, optional in items(type(record)):
        value = getattr(record, name)
        if optional and value is None:
            continue
        repeated = _REPEATED.search(item.at or "")
        if repeated and axes.setdefault(repeated[1], len(value)) != len(value):
            raise InputError(
                f"{_join(below, name)} has {len(value)} entries, must be {repeated[1]} = {axes[repeated[1]]}"
            )
        for n, one in enumerate(value if repeated else (value,)):
            field = f"{below}.{name}".lstrip(".") + (f"[{n}]" if repeated else "")
            place = _join(below, _numbered(item, n)).lstrip("/") if in_file else field
            scope = _scope(numbered, n, axes) if repeated else axes
            if item.record is not None:
                yield from _leaves(one, place, collections.ChainMap({}, scope), in_file=in_file)
            elif item.named:
                form = f"{place}/{{}}" if in_file else f"{place}[{{}}]"
                yield from ((form.format(key), item, typed_array(item, array), scope) for key, array in one.items())
            else:
                yield place, item, typed_array(item, one), scope


def _groups(record, below: str) -> Iterator[str]:
    """Yield the paths of the groups of named data sets, which may be empty."""
    for name, item, optional in items(type(record)):
        value = getattr(record, name)
        if (item.named or item.record is not None) and not (optional and value is None):
            for n, one in enumerate(value if _REPEATED.search(item.at or "") else (value,)):
                path = _join(below, _numbered(item, n)).lstrip("/")
                yield from (path,) if item.named else _groups(one, path)


def _of(words: str | Callable[[str], str], name: str) -> str:
    """Return the unit or the meaning of a data set of this name."""
    return words if isinstance(words, str) else words(name)


def _present(group: h5py.Group, item: Item) -> bool:
    """Return whether a file holds any of an optional data set or record."""
    if item.record is None:
        return _numbered(item, 0) in group
    within = group.get(_numbered(item, 0)) if item.at else group
    return isinstance(within, h5py.Group) and any(_present(within, inner) for _, inner, _ in items(item.record))


def _count(group: h5py.Group, at: str, repeated: re.Match) -> int:
    """Return how many numbered groups or data sets there are."""
    above, _, stem = at[: repeated.start()].rpartition("/")
    parent = group.get(above) if above else group
    return sum(bool(re.fullmatch(rf"{re.escape(stem)}\d+", name)) for name in parent or ())


def _numbered(item: Item, n: int) -> str:
    return _REPEATED.sub(str(n), item.at or "")


def _scope(numbered: dict, n: int, axes: MutableMapping[str, int]) -> MutableMapping[str, int]:
    return numbered.setdefault(n, collections.ChainMap({}, axes))


def _join(above: str, name: str) -> str:
    return f"{above.rstrip('/')}/{name}".rstrip("/") if name else above


def _refuse(path, faults: list[str]) -> None:
    if faults:
        more = f"; and {len(faults) - _LISTED} more" if len(faults) > _LISTED else ""
        raise InputError(f"{path}: {'; '.join(faults[:_LISTED])}{more}")
