"""Vector fields of OOMMF and mumax3: OVF 1.0 and 2.0 on a rectangular mesh, as text or in binary of 4 or 8 bytes.

Existing readers bring a notebook environment with them, need a compiler of C++23 or have a licence that this program cannot
take over; that is why the format is read here. A file holds header lines `# key: value` and the values cell by cell, x
fastest, then y, then z. Binary values follow a check value; they are little-endian in OVF 2.0 and big-endian in 1.0.

References:
    OOMMF User's Guide, Vector Field File Format (OVF), https://math.nist.gov/oommf/
"""

import dataclasses
import math
import re
from pathlib import Path

import numpy as np

from dwcore.errors import InputError
from dwcore.units import plain_number

LARGEST_BYTES = 4_000_000_000
_CHECK = {4: 1234567.0, 8: 123456789012345.0}
_TIME = re.compile(r"(?:total )?simulation time:\s*([-+.\deE]+)\s*([munpf]?s)?", flags=re.IGNORECASE)
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12, "fs": 1e-15}
_LENGTHS = {"m": 1.0, "mm": 1e-3, "um": 1e-6, "nm": 1e-9, "pm": 1e-12}


@dataclasses.dataclass(frozen=True, kw_only=True)
class VectorField:
    """One vector field.

    Attributes:
        path: where it came from, for messages.
        value: the vectors in the unit of the file, shape (nz, ny, nx, 3).
        low: lower corner of the mesh, x, y, z [m].
        cell: edges of a cell, x, y, z [m].
        time: simulation time [s]; None where the file says none.
    """

    path: str
    value: np.ndarray
    low: tuple[float, float, float]
    cell: tuple[float, float, float]
    time: float | None


def read_ovf(path) -> VectorField:
    """Read a vector field.

    Raises:
        InputError: no such file, or not an OVF file of three components on a rectangular mesh; one line.
    """
    content = _content(path)
    header, kind, rest = _header(content, path)
    nodes = [_whole(header, f"{axis}nodes", path) for axis in "xyz"]
    scale = _LENGTHS.get(header.get("meshunit", "m"))
    if scale is None:
        raise InputError(f"{path}: meshunit = {header['meshunit']} must be one of {', '.join(_LENGTHS)}")
    if header.get("meshtype", "rectangular") != "rectangular":
        raise InputError(f"{path}: meshtype = {header['meshtype']} must be rectangular")
    if (dim := header.get("valuedim", "3")) != "3":
        raise InputError(f"{path}: valuedim = {dim} must be 3, the components of a vector")
    cell = [scale * _number(header, f"{axis}stepsize", path) for axis in "xyz"]
    if min(cell) <= 0:
        raise InputError(f"{path}: the step sizes {cell} [m] must be > 0")
    low = [scale * _number(header, f"{axis}base", path) - 0.5 * size for axis, size in zip("xyz", cell, strict=True)]
    value = _values(rest, kind, 3 * math.prod(nodes), _is_one(content), path)
    if not np.isfinite(value).all():
        raise InputError(f"{path}: holds values that are not finite")
    factor = _number({"valuemultiplier": "1"} | header, "valuemultiplier", path)
    value = factor * value.reshape(*nodes[::-1], 3)
    low_corner, edges = (low[0], low[1], low[2]), (cell[0], cell[1], cell[2])
    return VectorField(path=str(path), value=value, low=low_corner, cell=edges, time=_time(header, path))


def _content(path) -> bytes:
    try:
        if not Path(path).is_file():
            raise InputError(f"{path}: cannot read: {'not a file' if Path(path).exists() else 'no such file'}")
        if Path(path).stat().st_size > LARGEST_BYTES:
            raise InputError(f"{path}: is larger than {LARGEST_BYTES // 10**6} MB")
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot read: {error.strerror}") from None


def _is_one(content: bytes) -> bool:
    return b"v1.0" in content[:60] or b"OVF 1" in content[:60]


def _header(content: bytes, path) -> tuple[dict[str, str], str, bytes]:
    """Return the keys of the header in lower case, the kind of the data, and what follows their first line."""
    match = re.search(rb"^#+\s*begin:\s*data\s+(text|binary\s*[48])[ \t]*\r?\n", content, re.IGNORECASE | re.MULTILINE)
    if not content.startswith(b"#") or b"OOMMF" not in content[:60] or match is None:
        raise InputError(f"{path}: is no OVF file: no line # OOMMF at its start, or none with # Begin: Data")
    header: dict[str, str] = {"description": ""}
    for line in content[: match.start()].decode("latin-1").splitlines():
        key, _, value = line.lstrip("# ").partition(":")
        if key.strip().lower() == "desc":
            header["description"] += f"{value.strip()}\n"
        else:
            header[key.strip().lower()] = value.partition("##")[0].strip()
    if (count := header.get("segment count", "1")) != "1":
        raise InputError(f"{path}: has {count} segments, must have one")
    return header, match[1].decode().lower().replace(" ", ""), content[match.end() :]


def _number(header: dict[str, str], key: str, path) -> float:
    try:
        value = plain_number(header[key])
    except KeyError:
        raise InputError(f"{path}: the header has no {key}") from None
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{path}: {key} = {header[key]} must be a finite number")
    return value


def _whole(header: dict[str, str], key: str, path) -> int:
    value = _number(header, key, path)
    if not (value >= 1 and value == int(value)):
        raise InputError(f"{path}: {key} = {header[key]} must be a whole number >= 1")
    return int(value)


def _values(rest: bytes, kind: str, count: int, first: bool, path) -> np.ndarray:
    """Return the numbers of the data block, shape (count,)."""
    if kind == "text":
        end = re.search(rb"^#\s*end:\s*data", rest, re.IGNORECASE | re.MULTILINE)
        try:
            words = (rest[: end.start()] if end else rest).decode("ascii", "replace").split()
            found = np.array([plain_number(word) for word in words])
        except ValueError as error:
            raise InputError(f"{path}: {str(error)[:200]} in its data") from None
        if found.size != count:
            raise InputError(f"{path}: has {found.size} numbers, must have {count} as its header says")
        return found
    size = int(kind[-1])
    dtype = np.dtype(f"{'>' if first else '<'}f{size}")
    stop = (count + 1) * size
    if not re.match(rb"\s*#\s*end:\s*data", rest[stop : stop + 40], re.IGNORECASE):
        raise InputError(f"{path}: is cut off, or its header is wrong: after {count} numbers there must be # End: Data")
    found = np.frombuffer(rest, dtype, count + 1)
    if found[0] != _CHECK[size]:
        raise InputError(f"{path}: its check value is {found[0]:g}, must be {_CHECK[size]:.15g}")
    return found[1:].astype(float)


def _time(header: dict[str, str], path) -> float | None:
    match = _TIME.search(header["description"]) or _TIME.search(header.get("title", ""))
    if match is None:
        return None
    return _number({"simulation time": match[1]}, "simulation time", path) * _SECONDS[(match[2] or "s").lower()]
