"""Definitions of networks as TOML.

name = "small"
error_bits = 8

[[layer]]
kind = "conv"
channels = 16
kernel = 3
padding = 1

[[layer]]
kind = "activation"
function = "relu"
bits = 4

[[layer]]
kind = "flatten"

[[layer]]
kind = "linear"       # without outputs: one per class
"""

from collections.abc import Mapping
from pathlib import Path

from arraysim.networks.definition import KINDS, NetworkDefinition
from dwcore.errors import InputError, nearest


def definition_from_mapping(mapping: Mapping, where: str) -> NetworkDefinition:
    """Build a network from what a TOML file holds.

    Raises:
        InputError: an unknown key or kind, a missing or impossible value.
    """
    known = ("name", "error_bits", "layer")
    for key in mapping:
        if key not in known:
            raise InputError(f'{where}: unknown key "{key}"{nearest(key, known)}')
    entries = mapping.get("layer", [])
    if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
        raise InputError(f"{where}: layer must be a list of tables, [[layer]]")
    layers = []
    for number, entry in enumerate(entries, 1):
        kind = entry.get("kind")
        if kind not in KINDS:
            raise InputError(f'{where}, layer {number}: kind "{kind}" is unknown{nearest(str(kind), KINDS)}')
        values = {key: value for key, value in entry.items() if key != "kind"}
        layers.append(KINDS[kind].from_mapping(values, f"{where}, layer {number} ({kind})"))
    name = mapping.get("name", where)
    if not isinstance(name, str):
        raise InputError(f"{where}: name = {name!r} must be a text")
    return NetworkDefinition(name=name, layers=tuple(layers), error_bits=mapping.get("error_bits", 0))


def load_definition(path) -> NetworkDefinition:
    """Read a network from a TOML file.

    Raises:
        InputError: the file cannot be read or is no sound network.
    """
    import tomllib

    try:
        with open(path, "rb") as stream:
            mapping = tomllib.load(stream)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not TOML: {error}") from None
    return definition_from_mapping(mapping, Path(path).name)
