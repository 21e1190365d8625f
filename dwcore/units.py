"""Quantities written as text: "0.6 nm", "20 ohm um^2", "150 %"."""

import functools
import re
from decimal import Decimal

from dwcore.errors import InputError

_QUANTITY = re.compile(
    r"(\s*[-+]?)(?:0+(?=[0-9]))?((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|inf|nan)"
    r"(\s*%\s*|(?:(?:[^\W\d_]|°)++(?:\s*(?:\^|\*\*)\s*\(?[-+]?[0-9]{1,2}(?:\.[0-9]+|/[0-9])?\)?|-?[0-9]{1,2})?"
    r"|1(?=\s*/)|/(?!/)|[\s*·.()\[\]])*)"
)
"""One number, then a unit, in which digits are powers or the 1 of 1/s. The units library would calculate with anything
else: "05 nm" is not zero, nor "1 000 nm", "5.2(3) nm" not 15.6, "5±1 nm" not five; "10**10**10" takes for ever."""
_PLAIN_POWER = re.compile(r"(?<![\w.])([A-Za-zµμΩ]+)(-?[1-4])(?![\w.])")
"""A unit as people type it: m2, cm-2."""
_MU_0 = 1.25663706127e-6  # vacuum permeability [T m/A], CODATA 2022
_FIELDS = {("A/m", "T"): 1 / _MU_0, ("T", "A/m"): _MU_0}
"""Wanted and given unit of a field -> factor: a flux density B stands for the field B/mu_0, and the reverse."""
_FIELD_OF_1_OE = 79.57747154594767  # 1000/(4 pi) [A/m]
_CGS = ((re.compile(r"(?<![A-Za-z])([kmu]?)(Oe|oersted)\b"), r"\1fieldoersted"),
        (re.compile(r"(?<![A-Za-z])([kmu]?)(G|gauss)\b"), r"\1fluxgauss"))  # fmt: skip
"""The units library gives these the dimensions of the CGS system, which no SI unit converts to."""
_LONGEST = 200
_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_NOT_ZERO = re.compile(r"\s*[-+]?[0.]*[1-9]")


@functools.cache
def _registry():
    import pint  # slow to import, and most runs never need it

    registry = pint.UnitRegistry(autoconvert_offset_to_baseunit=True, on_redefinition="ignore")  # of px, else logged
    registry.define(f"fieldoersted = {_FIELD_OF_1_OE} * ampere / meter")
    registry.define("fluxgauss = 1e-4 * tesla")
    registry.define("emu = 1e-3 * ampere * meter ** 2")  # of a magnetic moment
    registry.define("@alias ohm = Ohm")
    registry.define("@alias pixel = px")  # of a picture: a 96th of an inch, that of web pages, is none
    return registry


def hyphen_minus(text: str) -> str:
    """Return a text with the sign "-" where a typeset one has the minus sign U+2212."""
    return text.replace("\u2212", "-")


def plain_number(text: str) -> float:
    """Return a number without a unit, as programs of all kinds write it; nan and inf are some.

    Raises:
        ValueError: it is none. Python alone would take "5_0" for 50, the digits of any script, and "1e-400" for 0.
    """
    text = hyphen_minus(text)
    if "_" in text or not text.isascii():
        raise ValueError(f"{text!r} is no plain number")
    return not_lost(float(text), text)


def not_lost(value: float, text: str) -> float:
    """Return the value that was read from a text, unless it became 0 and the number in the text is not.

    Raises:
        InputError: it has.
    """
    if value == 0 and _NOT_ZERO.match(text):
        raise InputError(f'"{text[:_LONGEST]}" is nearer to 0 than any number that a computer holds')
    return value


def plain_whole(text: str) -> int:
    """Return a whole number, see ``plain_number``; "1e5" is one, to the last digit.

    Raises:
        ValueError: it is none, or takes more than 64 bits.
    """
    number = plain_number(text)
    if number == 0:  # whatever its power of ten
        return 0
    if abs(number) < 2**63 and (exact := Decimal(hyphen_minus(text))) == int(exact):
        return int(exact)
    raise ValueError(f"{text!r} is no plain whole number")


def is_number(text: str) -> bool:
    """Return whether a text is a plain number, which has no unit."""
    try:
        plain_number(text)
    except ValueError:
        return False
    return True


def to_si(text: str, unit: str) -> float:
    """Convert a number with a unit to its value in the SI unit `unit` ("1" if dimensionless).

    A field in A/m may be given in T or Oe too (B/mu_0), and a flux density in T as a field.

    Raises:
        InputError: the text is not a quantity, or of another dimension.
    """
    text = hyphen_minus(text)
    if "," in text:
        raise InputError(f'"{text[:_LONGEST]}" holds a comma; the decimal sign is a point')
    try:
        return plain_number(text) if unit == "1" else _parse(text, unit)
    except InputError:
        raise
    except ValueError:
        return _parse(text, unit)


def _parse(text: str, unit: str) -> float:
    import pint

    try:
        found = _QUANTITY.fullmatch(text) if len(text) <= _LONGEST else None
        if found is None or not all(map(_is_read, text)):
            raise ValueError
        plain = _PLAIN_POWER.sub(r"\1^\2", "".join(found.groups()))
        for pattern, name in _CGS:
            plain = pattern.sub(name, plain)
        parsed = _registry().Quantity(plain)
        if parsed.dimensionless and unit != "1" and parsed.unitless:
            raise InputError(f'"{text}" lacks a unit; expected one like {unit}, or a plain number in {unit}')
        return not_lost(_magnitude(parsed, unit), text)
    except InputError:
        raise
    except pint.DimensionalityError:
        expected = {"1": "none, or %", "K": "K or degC"}.get(unit, f"one like {unit}")
        raise InputError(f'"{text}" has the wrong unit; expected {expected}') from None
    except Exception as error:  # the parser raises whatever its tokenizer meets
        with_unit = "" if unit == "1" else f" with a unit like {unit}"
        unknown = _unknown_units(error, text, unit) if isinstance(error, pint.UndefinedUnitError) else ""
        raise InputError(f'"{text[:_LONGEST]}" is not a number{with_unit}{unknown}') from None


def _is_read(character: str) -> bool:
    """Return whether the units library reads a character; it drops others in silence, and "1½ nm" was 1 nm."""
    return character.isascii() or not character.isalnum() or character.isidentifier() or character in _SUPERSCRIPTS


def _unknown_units(error, text: str, unit: str) -> str:
    """Return which unit of a text there is not, and the one that was meant if other capitals make it one that fits."""
    name = error.unit_names if isinstance(error.unit_names, str) else error.unit_names[0]
    for prefix, base, _ in _registry().parse_unit_name(name, case_sensitive=False):
        meant = f"{_registry().Unit(prefix + base):~}"
        try:
            to_si(text.replace(name, meant), unit)
        except InputError:
            continue
        return f': there is no unit "{name}"; did you mean "{meant}"?'
    return f': there is no unit "{name}"'


def _magnitude(parsed, unit: str) -> float:
    for (wanted, given), factor in _FIELDS.items():
        if unit == wanted and parsed.is_compatible_with(given):
            return factor * float(parsed.to(given).magnitude)
    return float(parsed.to("dimensionless" if unit == "1" else unit).magnitude)
