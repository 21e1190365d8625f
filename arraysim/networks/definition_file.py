"""A network as a TOML file; its layers come in the order in which an image meets them.

Small example; all keys are in the documentation:

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

from arraysim.networks.definition import FUNCTIONS, KINDS, NetworkDefinition
from dwcore.errors import InputError, Problems, nearest
from dwcore.toml import own_name, read_toml


def definition_from_mapping(mapping: Mapping, where: str) -> NetworkDefinition:
    """Build a network from what a TOML file holds.

    Raises:
        InputError: an unknown key or kind, a missing or impossible value.
    """
    known, problems = ("name", "error_bits", "layer"), Problems()
    problems.found += [f'{where}: unknown key "{key}"{nearest(key, known)}' for key in mapping if key not in known]
    entries = mapping.get("layer", [])
    if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
        raise InputError(f"{where}: layer must be a list of tables, [[layer]]")
    layers = []
    for number, entry in enumerate(entries, 1):
        kind = entry.get("kind")
        if not isinstance(kind, str) or kind not in KINDS:
            function = str(kind).lower()
            meant = f'; write kind = "activation" and function = "{function}"' if function in FUNCTIONS else ""
            meant = meant or nearest(str(kind), KINDS)
            problems.found.append(f'{where}, layer {number}: kind "{kind}" is unknown{meant}')
            continue
        values = {key: value for key, value in entry.items() if key != "kind"}
        with problems.noted():
            layers.append(KINDS[kind].from_mapping(values, f"{where}, layer {number} ({kind})"))
    name = where
    with problems.noted():
        name = own_name(mapping, where, where)
    problems.check(where)
    return NetworkDefinition(name=name, layers=tuple(layers), error_bits=mapping.get("error_bits", 0))


def load_definition(path) -> NetworkDefinition:
    """Read a network from a TOML file.

    Raises:
        InputError: the file cannot be read or is no sound network.
    """
    return definition_from_mapping(read_toml(path), Path(path).name)
