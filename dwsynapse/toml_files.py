"""The TOML files that users write, and what is shipped in their place: their kinds, what they hold, and their check."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dwcore.errors import InputError, nearest
from dwcore.parameters import Parameters
from dwcore.toml import is_toml, read_toml
from dwsynapse.setting import Setting, plain

Fields = tuple[dataclasses.Field, ...]
"""The keys of a section."""


@dataclasses.dataclass(frozen=True)
class Described:
    """What was read.

    Attributes:
        says: what it is, in lines.
        notes: where it strains the model, in lines.
        changed: of settings, those that do not stand at their defaults, by name.
    """

    says: list[str]
    notes: list[str] = dataclasses.field(default_factory=list)
    changed: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Kind:
    """One kind of TOML file.

    Attributes:
        meaning: what the file describes, in words.
        sections: keys by section; "" are keys at the top level, one in [[ ]] is a list of tables.
        load: reads and checks a file, or what is shipped under a name; raises InputError.
        describe: says what was read.
        shipped: returns the names of what is shipped.
    """

    meaning: str
    sections: Callable[[], Mapping[str, Fields]]
    load: Callable[[str], Any]
    describe: Callable[[Any], Described]
    shipped: Callable[[], Iterable[str]] = tuple


def _fields(sections: Mapping[str, type[Parameters]]) -> dict[str, Fields]:
    """Return the keys of declarations."""
    return {title: dataclasses.fields(declaration) for title, declaration in sections.items()}


def _settings(what: str, sections: Mapping[str, Fields], values: Mapping[str, Mapping[str, Any]]) -> Described:
    """Describe a file of settings by those that do not stand at their defaults."""
    lines, changed = [], {}
    for section, fields in sections.items():
        for setting in (Setting(section=section, field=field) for field in fields):
            value, default = values[section].get(setting.field.name), setting.default()
            value = list(value) if isinstance(value, tuple) else value
            if value not in (None, default):
                name = setting.name if section else setting.field.name
                changed[name] = value
                was = "" if default in (None, []) else f"; default {_with_unit(default, setting.unit)}"
                lines.append(f"{name} = {_with_unit(value, setting.unit)}: {setting.field.metadata['meaning']}{was}")
    count = "every key at its default" if not lines else "these keys differ from their defaults"
    return Described([f"{what}: {count}", *lines], changed=changed)


def _with_unit(value: Any, unit: str) -> str:
    text = f"{value:g}" if isinstance(value, float) else plain(value)
    return text if unit in ("", "1") else f"{text} {unit}"


def _device_sections() -> dict[str, Fields]:
    from llg.device.notch import Notch
    from llg.device.sections import SECTIONS

    return _fields({**SECTIONS, "[[notch]]": Notch})


def _load_device(source: str) -> Any:
    from llg.device.device_file import load_device

    return load_device(source)


def _shipped_devices() -> list[str]:
    from llg.device.device_file import shipped_devices

    return shipped_devices()


def _describe_device(device: Any) -> Described:
    from dwsynapse.derived import count_of_wells, device_notes, wells

    found = wells(device)
    heights = [h for well in found for h in (well["barrier_left_kT"], well["barrier_right_kT"])]
    barriers = f", lowest barrier {min(heights):.1f} kB T" if heights else ""
    says = [f'device "{device.name}": {count_of_wells(found)}{barriers}, model {device.wall.model}']
    return Described(says, device_notes(device, found))


def _network_sections() -> dict[str, Fields]:
    from arraysim.networks.definition import KINDS, Whole

    return _fields({"": Whole, **{f"[[layer]] {kind}": declaration for kind, declaration in KINDS.items()}})


def _load_network(source: str) -> Any:
    from arraysim.networks.presets import network_from

    return network_from(source)


def _shipped_networks() -> Iterable[str]:
    from arraysim.networks.presets import PRESETS

    return PRESETS


def _describe_network(network: Any) -> Described:
    """Say which images enter a network.

    Raises:
        InputError: none would, of whatever size and number of channels.
    """
    from arraysim.networks.crossbars import array_layers

    says, misfits = [f'network "{network.name}": {", ".join(layer.kind for layer in network.layers)}'], []
    for data, shape in IMAGES.items():
        try:
            weights = sum(layer.rows * layer.columns for layer in array_layers(network, shape, 10))
            image = ",".join(map(str, shape))
            says.append(f"{data} fits: {weights} weights in arrays; its cost takes --image {image}")
        except InputError as error:
            says.append(f"{data} does not fit: {error}")
            misfits.append(error)
    if len(misfits) < len(IMAGES):
        return Described(says)
    if not any(_takes(network, (rows, 1024, channels)) for rows in (1, 1024) for channels in range(1, 65)):
        raise misfits[-1]
    return Described(says, [f"takes images of your own only, none of {', '.join(IMAGES)}"])


def _takes(network: Any, shape: tuple[int, ...]) -> bool:
    """Return whether a network takes images of a shape."""
    try:
        network.shapes(shape, 10)
    except InputError:
        return False
    return True


def _periphery_sections() -> dict[str, Fields]:
    from arraysim.periphery.config import SECTIONS

    return _fields(SECTIONS)


def _load_periphery(source: str) -> Any:
    from arraysim.periphery.config import load_periphery

    return load_periphery(source)


def _describe_periphery(periphery: Any) -> Described:
    return _settings("periphery", _periphery_sections(), periphery.to_dict())


def _chip_sections() -> dict[str, Fields]:
    from arraysim.cost.settings import ChipSettings

    return _fields({"": ChipSettings})


def _load_chip(source: str) -> Any:
    from arraysim.cost.settings import load_settings

    return load_settings(Path(source), {})


def _describe_chip(chip: Any) -> Described:
    return _settings("chip", _chip_sections(), {"": chip.to_dict()})


def _synapse_sections() -> dict[str, Fields]:
    from compact.exchange.synapse_file import Synapse

    return _fields({"synapse": Synapse})


def _load_synapse(source: str) -> Any:
    from compact.exchange.synapse_file import load_synapse

    return load_synapse(source)


def _shipped_synapses() -> list[str]:
    from compact.exchange.synapse_file import shipped_synapses

    return shipped_synapses()


def _describe_synapse(given: Any) -> Described:
    from compact.exchange.synapse_table import synapse_table
    from compact.table.operating_point import write_points
    from compact.table.origin import placeholders

    table = synapse_table(given)
    try:
        write_points(table, temperature=given.synapse.temperature)
    except InputError as error:  # pulses that move nothing
        raise InputError(f'synapse "{given.name}": {error}') from None
    low, high = given.synapse.window
    says = [f'synapse "{given.name}": {table.position.size} states of {low:.4g} to {high:.4g} S']
    missing = [name for name in placeholders(table) if name in ("energy_per_pulse", "duration")]
    return Described(
        says, [f"{name} of the pulses is not given, so there is no energy and no cost" for name in missing]
    )


def _design_sections() -> dict[str, Fields]:
    from dwsynapse.design.sections import SECTIONS

    return _fields(SECTIONS)


def _load_design(source: str) -> Any:
    from dwsynapse.design.specification import load_specification

    return load_specification(source)


def _describe_design(spec: Any) -> Described:
    wanted = ((name, unit, getattr(spec.require, name)) for name, unit, _ in spec.require.describe())
    required = (f"{name} {_with_unit(value, unit)}" for name, unit, value in wanted if value is not None)
    return Described([f"design: free are {', '.join(spec.variables)}", f"required: {', '.join(required)}",
                      f"smallest {', '.join(spec.minimize.names)}"])  # fmt: skip


def _recipe_sections() -> dict[str, Fields]:
    from dwsynapse.train_settings import SETTINGS

    SETTINGS.complete()
    settings = SETTINGS.all.values()
    return {name: tuple(one.field for one in settings if one.section == name) for name in SETTINGS.sections}


def _load_recipe(source: str) -> Any:
    from dwsynapse.recipes import load_recipe, recipe_settings

    return load_recipe(source)["meaning"], recipe_settings(source)


def _shipped_recipes() -> list[str]:
    from dwsynapse.recipes import shipped

    return shipped()


def _describe_recipe(content: Any) -> Described:
    meaning, values = content
    return _settings(f'recipe "{meaning}"', _recipe_sections(), values)


IMAGES = {"digits": (8, 8, 1), "mnist": (28, 28, 1), "cifar10": (32, 32, 3)}
"""Images of the known data sets, which a network is held against."""

KINDS = {
    "device": Kind("a domain wall in a notched track", _device_sections, _load_device,
                   _describe_device, _shipped_devices),
    "network": Kind("layers of a network", _network_sections, _load_network, _describe_network,
                    _shipped_networks),
    "periphery": Kind("tiles, wires and converters around the arrays", _periphery_sections,
                      _load_periphery, _describe_periphery),
    "chip": Kind("the chip whose area, energy and latency are estimated", _chip_sections,
                 _load_chip, _describe_chip),
    "design": Kind("what a device must do and what may be chosen", _design_sections, _load_design,
                   _describe_design),
    "synapse": Kind("a synapse known by its figures", _synapse_sections, _load_synapse,
                    _describe_synapse, _shipped_synapses),
    "recipe": Kind("settings of `dwsynapse train` that belong together", _recipe_sections,
                   _load_recipe, _describe_recipe, _shipped_recipes),
}  # fmt: skip
"""By name. A file whose keys are those of two kinds is of the first."""


def is_toml_or_name(source: str | Path) -> bool:
    """Return whether a source is meant as a TOML file or as the name of something shipped, not as another file."""
    return is_toml(source) or not (Path(source).exists() or Path(str(source).partition(":")[0]).suffix)


def kind_of(source: str | Path) -> str:
    """Return of which kind a TOML file is, by its keys, or something shipped, by its name.

    Raises:
        InputError: it cannot be read, its keys are those of no kind, or there is none of this name.
    """
    return _kind_of_keys(source) if is_toml(source) else _kind_of_name(str(source))


def _kind_of_keys(path: str | Path) -> str:
    said = {(key, _is_section(value)) for key, value in read_toml(path).items()}
    scores = {kind: len(said & set(_top_level(entry.sections()))) for kind, entry in KINDS.items()}
    best = max(scores, key=lambda kind: scores[kind])
    if not scores[best]:
        keys = sorted(key for key, _ in said)
        shown = ", ".join(keys[:5]) or "none"
        for kind in (key for key in keys if key in KINDS and "" in KINDS[key].sections()):
            raise InputError(f"{path}: there is no section [{kind}]; the keys of a {kind} stand at the top level")
        raise InputError(f"{path}: its keys ({shown}) are those of no {', '.join(KINDS)}; dwsynapse new shows them")
    return best


def _is_section(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(one, dict) for one in value))


def _top_level(sections: Mapping[str, Fields]) -> Iterator[tuple[str, bool]]:
    """Yield the names at the top level, and whether each is a section."""
    for title, fields in sections.items():
        if title:
            yield title.partition(" ")[0].strip("[]"), True
        else:
            yield from ((field.name, False) for field in fields)


def _kind_of_name(name: str) -> str:
    kinds = {shipped: kind for kind, entry in KINDS.items() for shipped in entry.shipped()}
    if name.partition(":")[0] not in kinds:  # a network may have its width behind a colon
        raise InputError(
            f"{name}: no such file, nor a shipped device, network, synapse or recipe{nearest(name, kinds)}"
        )
    return kinds[name.partition(":")[0]]


def check(source: str | Path) -> dict[str, Any]:
    """Read a TOML file, or what is shipped under a name, as the command that takes it would; return what it is.

    That is what `dwsynapse check --json` prints.

    Raises:
        InputError: what is wrong with the file, in one line.
    """
    kind = kind_of(source)
    found = KINDS[kind].describe(KINDS[kind].load(str(source)))
    return {"file": str(source), "kind": kind, "sound": True, **dataclasses.asdict(found)}
