"""One field of a record in a file: what its array must be, and what is wrong with one."""

import dataclasses
import operator
from collections.abc import Callable, Iterator, Mapping, MutableMapping

import numpy as np

_HOLDS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Item:
    """What a field of a record is in a file; see `data`, `named` and `part`."""

    meaning: str | Callable[[str], str] = ""
    unit: str | Callable[[str], str] = "1"
    axes: str | None = ""
    dtype: str = "f8"
    at: str | None = None
    finite: bool = True
    nan: bool = False
    ascending: bool = False
    bounds: Mapping[str, float | None] = dataclasses.field(default_factory=dict)
    named: bool = False
    record: type | None = None


def typed_array(item: Item, value) -> np.ndarray:
    """Return a value as the array that the file gets; other types than declared are left as they are."""
    try:
        values = np.asarray(value)
    except ValueError:  # lists of different lengths
        values = np.asarray(None)
    if item.dtype == "bool" and values.dtype.kind == "b":
        return values.astype(np.uint8)
    fits = values.dtype.kind in {"f": "fiu", "i": "iu", "u": "iu"}.get(item.dtype[0], "")
    if fits and item.dtype != "int" and values.dtype.str != (stored := stored_type(item.dtype)):
        exact = values.astype(stored)
        return exact if values.dtype.kind == "f" or np.array_equal(exact, values) else values
    return values


def stored_type(dtype: str) -> str:
    """Return the beginning of the name of the type in the file, "int" for any whole numbers."""
    special = {"f4": "<f8", "bool": "|u1", "text": "|S", "int": "int", "u1": "|u1", "i1": "|i1"}
    return special.get(dtype) or f"<{dtype}"


def faults_of(label: str, item: Item, values: np.ndarray, axes: MutableMapping[str, int]) -> Iterator[str]:
    """Yield what is wrong with an array on its way to a file."""
    stored = stored_type(item.dtype)
    kinds = {"int": "iu", "|S": "U"}.get(stored)
    if not (values.dtype.kind in kinds if kinds else values.dtype.str == stored):
        yield f"{label} of type {values.dtype} must be {item.dtype}"
    elif wrong := shape_fault(label, item, values.shape, axes):
        yield wrong
    else:
        yield from value_faults(label, item, values)


def shape_fault(label: str, item: Item, shape: tuple[int, ...], axes: MutableMapping[str, int]) -> str | None:
    """Return what is wrong with a shape; lengths not known before are known from here on."""
    if item.axes is None:
        return None
    names = item.axes.split()
    needed = [axis_length(axis, length, axes) for axis, length in zip(names, shape, strict=False)]
    if len(names) == len(shape) and tuple(needed) == shape:
        return None
    known = f" = {tuple(needed)}" if len(names) == len(shape) and None not in needed else ""
    return f"{label} has the shape {shape}, must be ({', '.join(names)}){known}"


def axis_length(axis: str, found: int, axes: MutableMapping[str, int]) -> int | None:
    """Return the length that an axis must have, that found where none is known yet; None if there can be none."""
    name, _, offset = axis.partition("+")
    if axis == "_":
        return found
    if axis.isdigit():
        return int(axis)
    if name not in axes and found > int(offset or 0):
        axes[name] = found - int(offset or 0)
    return axes[name] + int(offset or 0) if name in axes else None


def value_faults(label: str, item: Item, values: np.ndarray) -> Iterator[str]:
    """Yield what is wrong with the values of an array."""
    if values.dtype.kind in "US" or not values.size:
        return
    if values.dtype.kind == "f" and item.finite:
        known = values[~np.isnan(values)] if item.nan else values
        if not np.all(np.isfinite(known)):
            rule = "finite or nan" if item.nan else "finite"
            yield f"{label} holds {known[~np.isfinite(known)][0]}, all values must be {rule}"
        elif item.dtype == "f4" and np.any(np.abs(known) > np.finfo(np.float32).max):
            yield f"{label} holds {known.flat[np.argmax(np.abs(known))]:g}, more than float32 can hold"
    bounds = {sign: bound for sign, bound in item.bounds.items() if bound is not None}
    for sign, bound in ({">=": 0, "<=": 1} if item.dtype == "bool" else bounds).items():
        with np.errstate(invalid="ignore"):
            wrong = values[~(_HOLDS[sign](values, bound) | np.isnan(values))]
        if wrong.size:
            yield f"{label} = {wrong[0]:g} [{item.unit}] must be {sign} {bound:g}"
    with np.errstate(invalid="ignore"):
        falls = item.ascending and np.any(np.diff(values) <= 0)
    if falls:
        shown = np.array2string(values, threshold=8, max_line_width=10_000)
        yield f"{label} must be strictly ascending, is {shown} [{item.unit}]"
