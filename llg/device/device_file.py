"""A device as a TOML file: shipped devices, reading and writing."""

import importlib.resources
import json
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dwcore.arguments import checked
from dwcore.errors import InputError, Problems, RunError, nearest
from dwcore.parameters import as_number
from dwcore.storage.atomic import replacing
from dwcore.toml import is_toml, own_name, parse_toml, read_toml
from llg.device.device import Device
from llg.device.notch import Notch
from llg.device.sections import OPTIONAL, SECTIONS

FILES = (("profile", "file"), ("track", "outline_file"))
"""Sections and keys that name a file, relative to the folder of the device file."""
_REQUIRED = ("material", "track")


def shipped_devices() -> list[str]:
    """Return the names of the devices that come with the package."""
    files = importlib.resources.files("dwsynapse_data").iterdir()
    return sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml"))


def load_device(source: str | Path) -> Device:
    """Read a device from a TOML file, or by the name of a shipped one.

    Raises:
        InputError: no such device or file, not TOML, or not a sound device; one line.
    """
    mapping = _content(str(source))
    for section, key in FILES:
        values = mapping.get(section)
        if isinstance(values, dict) and isinstance(values.get(key), str):
            values[key] = str(Path(source).parent / values[key])
    return device_from_mapping(mapping, str(source))


@checked
def device_from_mapping(mapping: Mapping, where: str = "device") -> Device:
    """Build a device from the content of a device file.

    Args:
        mapping: sections, as `Device.config` returns them or as a TOML file holds them.
        where: name for messages.

    Raises:
        InputError: unknown, missing or impossible content; one line.
    """
    known, problems = {"name", "temperature", "notch", *SECTIONS}, Problems()
    problems.found += [f'{where}: unknown key "{key}"{nearest(key, known)}' for key in mapping if key not in known]
    problems.found += [f"{where}: missing [{key}]" for key in _REQUIRED if key not in mapping]
    sections: dict[str, Any] = {}
    for key, cls in SECTIONS.items():
        if key in mapping or key not in (*OPTIONAL, *_REQUIRED):
            with problems.noted():
                sections[key] = cls.from_mapping(mapping.get(key, {}), f"{where} [{key}]")
    entries, notches = mapping.get("notch", []), []
    if not isinstance(entries, list):
        problems.found.append(f"{where}: notch must be a list of [[notch]] tables")
    for number, entry in enumerate(entries if isinstance(entries, list) else [], 1):
        with problems.noted():
            notches.append(Notch.from_mapping(entry, f"{where} [[notch]] {number}"))
    name, temperature = where, 0.0
    with problems.noted():
        name = own_name(mapping, where, where)
    try:
        temperature = as_number(mapping.get("temperature", 300.0), "K")
    except InputError as error:
        problems.found.append(f"{where}: temperature: {error}")
    problems.check(where)
    try:
        return Device(name=name, temperature=temperature, notches=tuple(notches), **sections)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _content(source: str) -> dict:
    """Return what the file of a device holds."""
    resource = importlib.resources.files("dwsynapse_data") / f"{source}.toml"
    try:
        is_file, is_shipped = is_toml(source) or Path(source).exists(), resource.is_file()
    except OSError as error:  # a name that no file can have
        raise InputError(f"{source}: cannot be read: {error.strerror}") from None
    if is_file:
        return read_toml(source)
    if is_shipped:
        return parse_toml(resource.read_text(encoding="utf-8"), source)
    raise InputError(f"{source}: no such file or shipped device{nearest(source, shipped_devices())}")


def device_text(device: Device, comments: Iterable[str] = ()) -> str:
    """Return the device as TOML: plain SI numbers that read back to the last bit.

    Args:
        device: the device; a drawn instance becomes a nominal device of its own.
        comments: lines for the head of the file.
    """
    config = device.config()
    notches = config.pop("notch")
    plain = {key: value for key, value in config.items() if not isinstance(value, dict)}
    blocks = ["\n".join(f"# {' '.join(line.split())}".rstrip() for line in comments), _lines(plain)]
    blocks += [f"[{key}]\n{_lines(value)}" for key, value in config.items() if isinstance(value, dict) and value]
    blocks += [f"[[notch]]\n{_lines(notch)}" for notch in notches]
    text = "\n\n".join(block.rstrip() for block in blocks if block) + "\n"
    if device_from_mapping(tomllib.loads(text)).config() != device.config():
        raise RunError(f'device "{device.name}": does not read back from its own TOML text')
    return text


@checked
def save_device(path, device: Device, *, comments: Iterable[str] = (), force: bool = False):
    """Write a device file, complete or not at all.

    Raises:
        InputError: the file exists and `force` is not set, or it cannot be written.
    """
    content = device_text(device, comments).encode()
    with replacing(path, force=force) as temporary:
        temporary.write_bytes(content)


def _lines(values: dict) -> str:
    return "\n".join(f"{name} = {_toml(value)}" for name, value in values.items() if value != [])


def _toml(value) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_toml(v) for v in value)}]"
    if isinstance(value, str):  # JSON escapes are those of TOML, except DEL
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(float(value))
