"""The TOML files that users write: what sections each kind has, a template with every key, and a check of a file.

A template holds an example that works. Keys that stand at their default are commented out, each below a line with its
meaning, unit and rule, which come from the declaration.
"""

import dataclasses
import importlib.resources
import json
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dwcore.errors import InputError, nearest
from dwcore.parameters import Parameters
from dwcore.toml import parse_toml, read_toml
from dwsynapse.setting import Setting

WIDTH = 120
HEAD = """\
# {title}
#
# Quantities are SI numbers or strings with units, such as "0.6 nm". A key that is commented out stands at the value
# that it shows; one without a value is not given. `dwsynapse check {file}` says whether the file is right.
"""


@dataclasses.dataclass(frozen=True)
class Kind:
    """One kind of TOML file.

    Attributes:
        meaning: what the file describes, in words.
        sections: declaration by section; "" are keys at the top level, one in [[ ]] is a list of tables.
        example: returns content that works, as the file would hold it.
        load: reads and checks a file; raises InputError.
        describe: says in lines what was read, and in lines where it strains the model.
    """

    meaning: str
    sections: Callable[[], Mapping[str, type[Parameters]]]
    example: Callable[[str], Mapping[str, Any]]
    load: Callable[[Path], Any]
    describe: Callable[[Any], tuple[list[str], list[str]]]


def _device_sections() -> dict[str, type[Parameters]]:
    from llg.device.notch import Notch
    from llg.device.sections import SECTIONS

    return {**SECTIONS, "[[notch]]": Notch}


def _device_example(name: str) -> dict[str, Any]:
    """Return the shipped device of five states, cut to three."""
    text = importlib.resources.files("dwsynapse_data").joinpath("five_state.toml").read_text(encoding="utf-8")
    device = parse_toml(text, "five_state.toml") | {"name": name}
    device["notch"] = device["notch"][:3]
    device["track"]["length"], device["readout"]["end"] = "480 nm", "420 nm"
    return device


def _load_device(path: Path) -> Any:
    from llg.device.device_file import load_device

    return load_device(path)


def _describe_device(device: Any) -> tuple[list[str], list[str]]:
    from dwsynapse.about import wells
    from dwsynapse.device_settings import idle_keys
    from llg.runs.validity import notes

    found = wells(device)
    heights = [h for well in found for h in (well["barrier_left_kT"], well["barrier_right_kT"]) if h is not None]
    barriers = f", lowest barrier {min(heights):.1f} kB T" if heights else ""
    says = [f'device "{device.name}": {len(found)} wells{barriers}, model {device.wall.model}']
    strained = notes(device, 0.0 if device.pulse is None else device.pulse.current_density)
    return says, strained + idle_keys(device)


def _network_sections() -> dict[str, type[Parameters]]:
    from arraysim.networks.definition import KINDS

    return {f"[[layer]] {kind}": declaration for kind, declaration in KINDS.items()}


def _network_example(name: str) -> dict[str, Any]:
    """Return two convolutions and a linear layer."""
    convolution: list[dict[str, Any]] = [
        {"kind": "conv", "channels": 16, "kernel": 3, "padding": 1},
        {"kind": "activation"},
        {"kind": "pool"},
    ]
    wider = [{**convolution[0], "channels": 32}, *convolution[1:]]
    return {"name": name, "layer": [*convolution, *wider, {"kind": "flatten"}, {"kind": "linear"}]}


def _load_network(path: Path) -> Any:
    from arraysim.networks.definition import load_definition

    return load_definition(path)


def _describe_network(network: Any) -> tuple[list[str], list[str]]:
    from arraysim.networks.crossbars import array_layers

    says = [f'network "{network.name}": {", ".join(layer.kind for layer in network.layers)}']
    for data, shape in IMAGES.items():
        try:
            weights = sum(layer.rows * layer.columns for layer in array_layers(network, shape, 10))
            says.append(f"{data} fits: {weights} weights in arrays")
        except InputError as error:
            says.append(f"{data} does not fit: {error}")
    return says, []


def _periphery_sections() -> dict[str, type[Parameters]]:
    from arraysim.periphery.config import SECTIONS

    return dict(SECTIONS)


def _periphery_example(name: str) -> dict[str, Any]:
    """Return tiles of 128 x 128 with wires and converters of a few bits."""
    wires = {"word_resistance": "1 ohm", "bit_resistance": "1 ohm", "solution": "fast"}
    tile = {"rows": 128, "columns": 128}
    return {"tile": tile, "wires": wires, "dac": {"bits": 8}, "adc": {"bits": 6}, "read": {"noise": "1 %"}}


def _load_periphery(path: Path) -> Any:
    from arraysim.periphery.config import load_periphery

    return load_periphery(path)


def _describe_periphery(periphery: Any) -> tuple[list[str], list[str]]:
    return [f"periphery: {_differing(type(periphery)().to_dict(), periphery.to_dict())}"], []


def _chip_sections() -> dict[str, type[Parameters]]:
    from arraysim.cost.settings import ChipSettings

    return {"": ChipSettings}


def _load_chip(path: Path) -> Any:
    from arraysim.cost.settings import load_settings

    return load_settings(path, {})


def _describe_chip(chip: Any) -> tuple[list[str], list[str]]:
    return [f"chip: {_differing({'': type(chip)().to_dict()}, {'': chip.to_dict()})}"], []


def _synapse_sections() -> dict[str, type[Parameters]]:
    from compact.exchange.synapse_file import Synapse

    return {"synapse": Synapse}


def _synapse_example(name: str) -> dict[str, Any]:
    """Return five states that pulses sometimes miss."""
    window = {"states": 5, "conductance_low": "10 uS", "on_off": 3.0}
    pulse = {"miss": 0.1, "double": 0.02, "pulse_energy": "50 fJ", "pulse_duration": "2 ns"}
    return {"name": name, "source": "where the figures come from", "synapse": window | pulse}


def _load_synapse(path: Path) -> Any:
    from compact.exchange.synapse_file import load_synapse

    return load_synapse(path)


def _describe_synapse(given: Any) -> tuple[list[str], list[str]]:
    from compact.exchange.synapse_table import synapse_table
    from compact.table.origin import placeholders

    table = synapse_table(given)
    low, high = given.synapse.window
    says = [f'synapse "{given.name}": {table.position.size} states of {low:.4g} to {high:.4g} S']
    missing = [name for name in placeholders(table) if name in ("energy_per_pulse", "duration")]
    return says, [f"{name} of the pulses is not given, so there is no energy and no cost" for name in missing]


def _design_sections() -> dict[str, type[Parameters]]:
    from dwsynapse.design.specification import SECTIONS

    return SECTIONS


def _load_design(path: Path) -> Any:
    from dwsynapse.design.specification import load_specification

    return load_specification(path)


def _describe_design(spec: Any) -> tuple[list[str], list[str]]:
    free = ", ".join(spec.variables)
    wanted = ", ".join(f"{name} {value:g}" for name, value in spec.require.to_dict().items() if value is not None)
    return [f"design: free are {free}", f"  required: {wanted}", f"  smallest {', '.join(spec.minimize.names)}"], []


def _differing(defaults: Mapping[str, Mapping], given: Mapping[str, Mapping]) -> str:
    """Return the keys of a file that do not stand at their defaults, with their values."""
    found = [
        f"{f'{section}.' if section else ''}{key} = {value}"
        for section, values in given.items()
        for key, value in values.items()
        if defaults.get(section, {}).get(key) != value
    ]
    return ", ".join(found) or "every key at its default"


CHIP = {"node_nm": 32, "converter_bits": 6, "columns_per_converter": 8}
DESIGN = {
    "choice": {"device": "five_state"},
    "free": {
        "pitch": ["70 nm", "140 nm"],
        "notch_depth": ["8 nm", "35 nm"],
        "notch_width": ["50 nm", "140 nm"],
        "track_width": ["50 nm", "120 nm"],
        "current_density": ["3e11 A/m^2", "9e11 A/m^2"],
        "duration": ["0.4 ns", "1.6 ns"],
    },
    "require": {"states": 5, "barrier": 45, "one_step": 0.99, "one_step_of_devices": 0.95, "constriction": "30 nm"},
    "minimize": {"energy": True, "area": True},
}
IMAGES = {"digits": (8, 8, 1), "mnist": (28, 28, 1), "cifar10": (32, 32, 3)}
"""Images of the known data sets, which a network is held against."""

KINDS = {
    "device": Kind("a domain wall in a notched track", _device_sections, _device_example, _load_device,
                   _describe_device),
    "network": Kind("layers of a network", _network_sections, _network_example, _load_network, _describe_network),
    "periphery": Kind("tiles, wires and converters around the arrays", _periphery_sections, _periphery_example,
                      _load_periphery, _describe_periphery),
    "chip": Kind("the chip whose area, energy and latency are estimated", _chip_sections, lambda name: CHIP,
                 _load_chip, _describe_chip),
    "design": Kind("what a device must do and what may be chosen", _design_sections, lambda name: DESIGN, _load_design,
                   _describe_design),
    "synapse": Kind("a synapse known by its figures", _synapse_sections, _synapse_example, _load_synapse,
                    _describe_synapse),
}  # fmt: skip


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
    sections, example = KINDS[kind].sections(), dict(KINDS[kind].example(name))
    blocks = [HEAD.format(title=f"{name}: {KINDS[kind].meaning}", file=f"{name}.toml")]
    said = {field.name for field in dataclasses.fields(sections[""])} if "" in sections else set()
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


def _tables(lists: Mapping[str, type[Parameters]], example: Mapping[str, Any]) -> Iterator[str]:
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


def _keys(declaration: type[Parameters], given: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line per key of a section, with meaning, unit and rule; commented out where the key is not given."""
    for field in dataclasses.fields(declaration):
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


def kind_of(path: Path) -> str:
    """Return of which kind a TOML file is, by its keys.

    Raises:
        InputError: it cannot be read, or its keys are those of no kind.
    """
    keys = set(read_toml(path))
    scores = {kind: len(keys & set(_top_level(entry.sections()))) for kind, entry in KINDS.items()}
    best = max(scores, key=lambda kind: scores[kind])
    if not scores[best]:
        shown = ", ".join(sorted(keys)[:5]) or "none"
        raise InputError(f"{path}: its keys ({shown}) are those of no {', '.join(KINDS)}; dwsynapse new shows them")
    return best


def _top_level(sections: Mapping[str, type[Parameters]]) -> Iterator[str]:
    for title, declaration in sections.items():
        if title:
            yield title.partition(" ")[0].strip("[]")
        else:
            yield from (field.name for field in dataclasses.fields(declaration))


def _kind_of_name(name: str) -> str:
    from compact.exchange.synapse_file import shipped_synapses
    from llg.device.device_file import shipped_devices

    kinds = dict.fromkeys(shipped_devices(), "device") | dict.fromkeys(shipped_synapses(), "synapse")
    if name not in kinds:
        raise InputError(f"{name}: no such file, shipped device or synapse{nearest(name, kinds)}")
    return kinds[name]


def check(path: str | Path) -> dict[str, Any]:
    """Read a TOML file, or a shipped one by its name, as the command that takes it would; return what it is.

    That is what `dwsynapse check --json` prints.

    Raises:
        InputError: what is wrong with the file, in one line.
    """
    kind = _kind_of_name(str(path)) if not (Path(path).suffix or Path(path).exists()) else kind_of(Path(path))
    says, notes = KINDS[kind].describe(KINDS[kind].load(Path(path)))
    return {"file": str(path), "kind": kind, "sound": True, "says": says, "notes": notes}
