"""Quantities written as text: "0.6 nm", "20 ohm um^2", "150 %"."""

import functools
import re

from dwcore.errors import InputError

_SEVERAL_NUMBERS = re.compile(r"\s(?!1\s*/)[-+]?[\d.]|\s[-+]\s|\d\s*\*\s*\d")
"""What the units library would calculate with: "1 000 nm" is not zero, nor "2 3 nm" six nanometres."""


@functools.cache
def _registry():
    import pint  # slow to import, and most runs never need it

    return pint.UnitRegistry(autoconvert_offset_to_baseunit=True)


def to_si(text: str, unit: str) -> float:
    """Convert a number with a unit to its value in the SI unit `unit` ("1" if dimensionless).

    Raises:
        InputError: the text is not a quantity, or of another dimension.
    """
    try:
        return float(text) if unit == "1" else _parse(text, unit)
    except ValueError:
        return _parse(text, unit)


def _parse(text: str, unit: str) -> float:
    import pint

    registry = _registry()
    try:
        if _SEVERAL_NUMBERS.search(text.strip()):
            raise ValueError
        parsed = registry.Quantity(text)
        if parsed.dimensionless and unit != "1" and parsed.unitless:
            raise InputError(f'"{text}" lacks a unit; expected one like {unit}, or a plain number in {unit}')
        return float(parsed.to("dimensionless" if unit == "1" else unit).magnitude)
    except InputError:
        raise
    except pint.DimensionalityError:
        expected = "none, or %" if unit == "1" else f"one like {unit}"
        raise InputError(f'"{text}" has the wrong unit; expected {expected}') from None
    except Exception:  # the parser raises whatever its tokenizer meets
        raise InputError(f'"{text}" is not a number{"" if unit == "1" else f" with a unit like {unit}"}') from None
