"""Templates of the TOML files that users write: an example that works, with every key.

Keys that stand at their default are commented out. Each has its meaning, unit and rule, which come from the
declaration.
"""

import dataclasses
import importlib.resources
import json
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from dwcore.arguments import checked
from dwcore.errors import InputError, nearest
from dwcore.toml import parse_toml
from dwsynapse.setting import Setting
from dwsynapse.toml_files import KINDS, Fields

WIDTH = 120
HEAD = """\
# {title}
#
# Quantities are SI numbers or strings with units, such as "0.6 nm". A key that is commented out stands at the value
# that it shows; one without a value is not given. `dwsynapse check {file}` says whether the file is right.
"""
CHIP = {"node_nm": 32, "converter_bits": 6, "columns_per_converter": 8}
DESIGN = {
    "choice": {"device": "five_state"},
    "free": {
        "pitch": ["70 nm", "140 nm"],
        "notch_depth": ["8 nm", "35 nm"],
        "notch_width": ["50 nm", "140 nm"],
        "track_width": ["50 nm", "200 nm"],
        "current_density": ["3e11 A/m^2", "9e11 A/m^2"],
        "duration": ["0.4 ns", "1.6 ns"],
    },
    "require": {"states": 5, "barrier": 45, "one_step": 0.99, "one_step_of_devices": 0.95, "constriction": "30 nm"},
    "minimize": {"energy": True, "area": True},
}
RECIPE = {
    "meaning": "one-cycle rate and narrow weight range",
    "training": {"epochs": 5, "schedule": "one-cycle", "learning_rate": 1.0, "weight_range": 3.0},
}


def _device_example(name: str) -> dict[str, Any]:
    """Return the shipped device of five states, cut to three."""
    text = importlib.resources.files("dwsynapse_data").joinpath("five_state.toml").read_text(encoding="utf-8")
    device = parse_toml(text, "five_state.toml") | {"name": name}
    device["notch"] = device["notch"][:3]
    device["track"]["length"], device["readout"]["end"] = "480 nm", "420 nm"
    return device


def _network_example(name: str) -> dict[str, Any]:
    """Return two convolutions and a linear layer."""
    convolution: list[dict[str, Any]] = [
        {"kind": "conv", "channels": 16, "kernel": 3, "padding": 1},
        {"kind": "activation"},
        {"kind": "pool"},
    ]
    wider = [{**convolution[0], "channels": 32}, *convolution[1:]]
    return {"name": name, "layer": [*convolution, *wider, {"kind": "flatten"}, {"kind": "linear"}]}


def _periphery_example(name: str) -> dict[str, Any]:
    """Return tiles of 128 x 128 with wires and converters of a few bits."""
    wires = {"word_resistance": "1 ohm", "bit_resistance": "1 ohm", "solution": "fast"}
    tile = {"rows": 128, "columns": 128}
    return {"tile": tile, "wires": wires, "dac": {"bits": 8}, "adc": {"bits": 6}, "read": {"noise": "1 %"}}


def _synapse_example(name: str) -> dict[str, Any]:
    """Return five states that pulses sometimes miss."""
    window = {"states": 5, "conductance_low": "10 uS", "on_off": 3.0}
    pulse = {"miss": 0.1, "double": 0.02, "pulse_energy": "50 fJ", "pulse_duration": "2 ns"}
    return {"name": name, "source": "where the figures come from", "synapse": window | pulse}


EXAMPLES: dict[str, Callable[[str], Mapping[str, Any]]] = {
    "device": _device_example,
    "network": _network_example,
    "periphery": _periphery_example,
    "chip": lambda name: CHIP,
    "design": lambda name: DESIGN,
    "synapse": _synapse_example,
    "recipe": lambda name: RECIPE,
}
"""By kind, content that works, as a file of this name would hold it."""


@checked
def template(kind: str, name: str) -> str:
    """Return a file of a kind with every key: those of an example that works, the others commented out.

    Args:
        kind: one of `KINDS`.
        name: what the file is to be called, without its suffix.

    Raises:
        InputError: there is no such kind.
    """
    if kind not in KINDS:
        raise InputError(f"{kind}: is no kind of file{nearest(kind, KINDS)}")
    sections, example = KINDS[kind].sections(), dict(EXAMPLES[kind](name))
    blocks = [HEAD.format(title=f"{name}: {KINDS[kind].meaning}", file=f"{name}.toml")]
    said = {field.name for field in sections.get("", ())}
    plain = [
        f"{key} = {_toml(value)}\n" for key, value in example.items() if isinstance(value, str) and key not in said
    ]
    blocks += ["".join(plain)] if plain else []
    for title, declaration in sections.items():
        if not title.startswith("[["):
            head = [f"[{title}]"] if title else []
            blocks.append(
                _block(
                    head,
                    _keys(declaration, example.get(title, {}) if title else example),
                    not title or title in example,
                )
            )
    lists = {title: declaration for title, declaration in sections.items() if title.startswith("[[")}
    return "\n".join([*blocks, *_tables(lists, example)])


def _tables(lists: Mapping[str, Fields], example: Mapping[str, Any]) -> Iterator[str]:
    """Yield the blocks of lists of tables in the order of the example, every key in the first of its kind."""
    for name in dict.fromkeys(title.partition(" ")[0] for title in lists):
        new = {title.partition(" ")[2]: declaration for title, declaration in lists.items() if title.startswith(name)}
        for entry in example[name.strip("[]")]:
            kind = entry.get("kind", "")
            given = {key: value for key, value in entry.items() if key != "kind"}
            short = (f"{key} = {_toml(value)}" for key, value in given.items())
            yield _block(_head(name, kind), _keys(new.pop(kind), given) if kind in new else short, True)
        for kind, declaration in new.items():
            yield _block(_head(name, kind), _keys(declaration, {}), False)


def _head(name: str, kind: str) -> list[str]:
    return [name, f'kind = "{kind}"'] if kind else [name]


def _keys(declaration: Fields, given: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line per key of a section, with meaning, unit and rule; commented out where the key is not given."""
    for field in declaration:
        setting = Setting(section="", field=field)
        notes = "; ".join(filter(None, ("" if setting.unit == "1" else setting.unit, setting.rule())))
        value = given.get(field.name, field.default)
        shown = "" if value in (None, (), dataclasses.MISSING) else f" {_toml(value)}"
        key = f"{'' if field.name in given else '# '}{field.name} ={shown}"
        comment = field.metadata["meaning"] + (f" [{notes}]" if notes else "")
        if len(line := f"{key:38}  # {comment}") > WIDTH:
            yield from textwrap.wrap(comment, WIDTH, initial_indent="# ", subsequent_indent="# ")
            line = key
        yield line


def _block(head: Iterable[str], lines: Iterable[str], used: bool) -> str:
    """Return lines as one block, all commented out where the section is not used."""
    mark = "" if used else "# "
    return "".join(f"{line}\n" for line in (*(f"{mark}{one}" for one in head), *lines))


def _toml(value: Any) -> str:
    """Return a value as TOML writes it."""
    match value:
        case bool():
            return str(value).lower()
        case list() | tuple():
            return f"[{', '.join(map(_toml, value))}]"
        case str():
            return json.dumps(value, ensure_ascii=False)
    return repr(value)
