"""Settings of the command line: ``--set NAME=VALUE``, read by the declaration of their fields."""

import argparse
import dataclasses
from collections.abc import Iterable

from dwcore.errors import InputError, nearest
from dwcore.parameters import Parameters


def setting(text: str) -> tuple[str, str]:
    """Return name and value of an option NAME=VALUE."""
    name, mark, value = text.partition("=")
    if not (name and mark and value):
        raise argparse.ArgumentTypeError(f"{text!r} must be NAME=VALUE")
    return name.replace("-", "_"), value


def settable(kind: type[Parameters], without: Iterable[str]) -> dict[str, dataclasses.Field]:
    """Return the fields that can be set, by name."""
    return {field.name: field for field in dataclasses.fields(kind) if field.name not in without}


def values_of(settings: Iterable[tuple[str, str]], fields: dict[str, dataclasses.Field], command: str) -> dict:
    """Return the values of settings by name; what a value may be is left to the check of its field.

    Raises:
        InputError: there is no such setting, or its value is no number where it must be one.
    """
    values = {}
    for name, text in settings:
        if name not in fields:
            raise InputError(f'{command}: setting "{name}" is unknown{nearest(name, fields)}')
        values[name] = _value(fields[name], text, command)
    return values


def _value(field: dataclasses.Field, text: str, command: str):
    kind = field.metadata["kind"]
    if kind == "flag":
        return {"true": True, "false": False}.get(text, text)
    try:
        return {"whole": int, "quantity": float}.get(kind, str)(text)
    except ValueError:
        raise InputError(f"{command}: setting {field.name} = {text!r} must be a number") from None


def print_settings(default: Parameters, fields: dict[str, dataclasses.Field]) -> None:
    """Print every setting, its meaning and its default."""
    for name, unit, meaning in default.describe():
        if name in fields:
            print(f"{name:24}{f'[{unit}] ' if unit else ''}{meaning} (default {getattr(default, name)})")
