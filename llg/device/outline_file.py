"""The outline of a track from a file: its edges in CSV, or a picture of it.

CSV has a column `x` and either `width` or both edges, `upper` and `lower`, each with its unit in the header (`x_nm`,
`upper [um]`). The width is what the wall feels: it stays straight, so that a track that swings to and fro at constant
width pins nothing here.

A picture (PNG, PGM, TIFF and what else Pillow reads, which comes with matplotlib) shows the track along its width from
its left end to its right one, dark on bright or bright on dark. The medians of its dark and of its bright pixels are
track and background; greys between, as of smooth edges, count as parts of a pixel, and noise cancels. What is
transparent is background. A column of pixels makes the width in its middle: each has
one piece of track, with background on both sides. The error is that of the edges, half a pixel or less, and the average
over the wall smooths what is shorter than the wall.
"""

import re
from pathlib import Path

import numpy as np

from dwcore.errors import InputError
from dwcore.storage.column_file import read_columns
from dwcore.storage.picture_file import opened_picture
from dwcore.units import to_si

_HEADER = re.compile(r"(?P<name>x|width|upper|lower)(?:_(?P<a>\S+)|\s*\[(?P<b>[^\]]+)\]|\s*\((?P<c>[^)]+)\))?")
_LARGEST = 20_000
_LEAST_CONTRAST = 0.2
_STEEPEST = 0.1  # slope of the middle; the width upright is 0.5 % more than that across the track


def read_outline(path, *, scale: float | None = None, bright: bool = False) -> tuple[list[float], list[float]]:
    """Return places along the track and its width there [m].

    Args:
        path: CSV file or picture.
        scale: size of a pixel of a picture [m].
        bright: the track of a picture is bright.

    Raises:
        InputError: not such a file; one line that names it and the fault.
    """
    if Path(path).suffix.lower() in (".csv", ".txt", ".dat", ".tsv"):
        if scale is not None or bright:
            raise InputError(f"{path}: outline_scale and outline_track are of pictures, this is a table")
        return _of_table(path)
    if scale is None:
        raise InputError(f"{path}: a picture needs outline_scale, the size of a pixel")
    return _of_picture(path, scale, bright)


def _of_table(path) -> tuple[list[float], list[float]]:
    table, found = read_columns(path), dict[str, np.ndarray]()
    for column, apart in zip(table.names, table.units, strict=True):
        match = _HEADER.fullmatch(column)
        if match is None:
            raise InputError(f'{path}: column "{column}" must be x, width, upper or lower, with its unit')
        unit = match["a"] or match["b"] or match["c"] or apart
        if not unit:
            raise InputError(f'{path}: column "{column}" must name its unit, as in {column}_nm')
        if match["name"] in found:
            raise InputError(f'{path}: column "{column}" says {match["name"]} a second time')
        try:
            found[match["name"]] = to_si(f"1 {unit}", "m") * table.numbers(column)
        except InputError as error:
            raise InputError(f'{path}: column "{column}": {error}') from None
    if set(found) not in ({"x", "width"}, {"x", "upper", "lower"}):
        raise InputError(f"{path}: must have the columns x and width, or x, upper and lower; has {', '.join(found)}")
    width = found["width"] if "width" in found else found["upper"] - found["lower"]
    middle = 0 * width if "width" in found else 0.5 * (found["upper"] + found["lower"])
    for values, rule in ((np.diff(found["x"]), "x must be strictly ascending"), (width, "the width must be > 0")):
        wrong = np.flatnonzero(values <= 0)
        if wrong.size:
            raise InputError(f"{path} line {table.lines[int(wrong[0]) + (values.size < width.size)]}: {rule}")
    _check_level(path, found["x"], middle)
    return found["x"].tolist(), width.tolist()


def _of_picture(path, scale: float, bright: bool) -> tuple[list[float], list[float]]:
    grey = _grey(path, bright)
    low, high = _levels(grey)
    if high - low < _LEAST_CONTRAST:
        raise InputError(f"{path}: has hardly any contrast, {high - low:.2g} of white; a track and its background")
    share = (grey - low) / (high - low)
    share = share if bright else 1 - share
    inside = share >= 0.5
    starts = (np.diff(np.pad(inside, ((1, 0), (0, 0))).astype(int), axis=0) == 1).sum(axis=0)
    if (wrong := np.flatnonzero(starts != 1)).size:
        what = "no track" if starts[wrong[0]] == 0 else f"{starts[wrong[0]]} pieces of track"
        raise InputError(f"{path}: column {wrong[0]} of the picture has {what}, must have one")
    if inside[[0, -1]].any():
        column = int(np.flatnonzero(inside[[0, -1]].any(axis=0))[0])
        raise InputError(f"{path}: the track touches the rim of the picture in column {column}; is it dark or bright?")
    x = scale * (np.arange(grey.shape[1]) + 0.5)
    rows = np.arange(grey.shape[0])[:, None] + 0.5
    _check_level(path, x, -scale * (share * rows).sum(axis=0) / share.sum(axis=0))
    return x.tolist(), (scale * share.sum(axis=0)).tolist()


def _check_level(path, x: np.ndarray, middle: np.ndarray) -> None:
    """Refuse a track that rises or falls by a straight line and by its ends: notches do one of both."""
    if x.size < 2:
        return
    fitted = np.polyfit(x, middle, 1)[0]
    ends = (middle[-1] - middle[0]) / (x[-1] - x[0])
    slope = min(fitted, ends, key=abs)
    if fitted * ends > 0 and abs(slope) > _STEEPEST:
        degrees = np.degrees(np.arctan(slope))
        raise InputError(
            f"{path}: the middle of the track slopes by {degrees:.0f} degrees, must be level within "
            f"{np.degrees(np.arctan(_STEEPEST)):.0f}: its width is taken upright; turn it"
        )


def _levels(grey: np.ndarray) -> tuple[float, float]:
    """Return the greys of the dark and of the bright part: medians, which neither noise nor a speck shifts."""
    dark = grey < 0.5 * (grey.min() + grey.max())
    return (float(np.median(grey[dark])), float(np.median(grey[~dark]))) if dark.any() else (0.0, 0.0)


def _grey(path, bright: bool) -> np.ndarray:
    """Return the picture as shares of white, shape (rows, columns); what is transparent belongs to the background."""
    from PIL import Image

    with opened_picture(path) as picture:
        if max(picture.size) > _LARGEST:
            raise InputError(f"{path}: has {picture.size[0]} x {picture.size[1]} pixels, at most {_LARGEST} a side")
        if picture.mode == "F":
            raise InputError(f"{path}: holds fractions (mode F), must hold greys or colours of 8 or 16 bits")
        deep = picture.mode.startswith("I")
        if "A" in picture.getbands() or "transparency" in picture.info:
            drawn = picture.convert("RGBA")
            ground = Image.new("RGBA", drawn.size, "black" if bright else "white")
            values = np.asarray(Image.alpha_composite(ground, drawn).convert("L"), float)
        else:
            values = np.asarray(picture if deep else picture.convert("L"), float)
    return values / (65535.0 if deep else 255.0)
