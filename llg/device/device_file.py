"""Write a device as the TOML file that `llg.device.device.load_device` reads."""

import json
import tomllib
from collections.abc import Iterable

from dwcore.errors import RunError
from dwcore.storage.atomic import replacing
from llg.device.device import Device, device_from_mapping


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
