"""The track: its outline w(x) from notches, tapered ends or a table."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from dwcore.errors import InputError
from dwcore.parameters import Parameters, as_number, descent, numbers, quantity, word
from llg.device.notch import PLACES, Notch
from llg.device.outline_file import read_outline

WIDTHS, THICKNESSES = (1e-9, 1e-4, "nm"), (1e-11, 1e-7, "nm")
"""Least and largest plausible width and thickness of a track [m]."""
FINEST_ROUGHNESS = 1e5
"""Most correlation lengths of the edge roughness along a track."""
_ACROSS = np.linspace(-1, 1, 201)  # of a notch's reach: where its outline is looked at, its middle and ends among them


@dataclasses.dataclass(frozen=True, kw_only=True)
class Track(Parameters):
    """Strip along x from 0 to length; beyond its ends it goes on with the width it has there."""

    length: float = quantity("length of the track", "m", gt=0, plausible=(1e-9, 1e-3, "nm"))
    width: float = quantity("width w_0 of the track without notches", "m", gt=0, plausible=WIDTHS)
    thickness: float = quantity("thickness of the ferromagnet", "m", gt=0, plausible=THICKNESSES)
    pad_width: float | None = quantity(
        "width at both ends, where the track widens into its contact pads", "m", default=None, plausible=WIDTHS
    )
    pad_taper: float | None = quantity("length over which each end widens linearly to the pad", "m", default=None, gt=0)
    outline_x: tuple[float, ...] = numbers("tabulated outline: positions, ascending", "m", plausible=PLACES)
    outline_width: tuple[float, ...] = numbers(
        "tabulated outline: full width w at outline_x, replaces width", "m", plausible=WIDTHS
    )
    outline_file: str | None = word("outline from a CSV file or a picture, instead of the lists", default=None)
    outline_scale: float | None = quantity("size of a pixel of a picture", "m", default=None, gt=0)
    outline_track: str | None = word(
        "grey of the track in a picture; dark if not given", default=None, choices=("dark", "bright")
    )
    edge_roughness_rms: float = quantity("rms roughness of each edge of a device instance", "m", default=0.0, ge=0)
    edge_roughness_length: float = quantity(
        "correlation length of the edge roughness", "m", default=20e-9, gt=0, needs="edge_roughness_rms > 0"
    )
    edge_roughness_rms_lower: float | None = quantity("rms of the lower edge if it differs", "m", default=None, ge=0)
    edge_roughness_length_lower: float | None = quantity(
        "correlation length of the lower edge if it differs",
        "m",
        default=None,
        gt=0,
        needs="edge_roughness_rms > 0 or edge_roughness_rms_lower > 0",
    )

    @classmethod
    def from_mapping(cls, mapping: Mapping, where: str) -> Any:
        """Build the section as `Parameters.from_mapping` does; a file is read, relative to the present folder."""
        if isinstance(mapping, Mapping) and isinstance(file := mapping.get("outline_file"), str):
            if mapping.get("outline_x") or mapping.get("outline_width"):
                raise InputError(f"{where}: outline_file and outline_x must not be given together")
            scale = mapping.get("outline_scale")
            scale = None if scale is None else as_number(scale, "m")
            grey = mapping.get("outline_track")
            if grey not in (None, "dark", "bright"):
                raise InputError(f"{where}: outline_track = {grey!r} must be dark or bright")
            x, width = read_outline(file, scale=scale, bright=grey == "bright")
            if scale is not None:
                _check_length(file, scale * len(x), as_number(mapping.get("length", 0.0), "m"), scale)
            rest = {key: value for key, value in mapping.items() if not key.startswith("outline_")}
            mapping = rest | {"outline_x": x, "outline_width": width}
        return super().from_mapping(mapping, where)

    def problems(self) -> Iterator[str]:
        """Yield what is wrong: pads come with their taper, tables are complete."""
        if (self.pad_width is None) != (self.pad_taper is None):
            yield "pad_width and pad_taper must be given together"
        elif self.pad_width is not None:
            if self.pad_width < self.width:
                yield f"pad_width = {self.pad_width:g} [m] must be >= width = {self.width:g}"
            if self.pad_taper is not None and 2 * self.pad_taper > self.length:
                yield f"pad_taper = {self.pad_taper:g} [m] must be <= half the length = {self.length / 2:g}"
        least = self.length / FINEST_ROUGHNESS
        for name in ("edge_roughness_length", "edge_roughness_length_lower"):
            if (length := getattr(self, name)) is not None and length < least:
                yield f"{name} = {length:g} [m] must be >= {least:g}, length/{FINEST_ROUGHNESS:g}"
        if self.outline_file is not None:
            yield "outline_file is read when a device is loaded or changed; here the lists must be given"
        elif self.outline_scale is not None or self.outline_track is not None:
            yield "outline_scale and outline_track are of a picture, which outline_file names"
        n_x, n_w = len(self.outline_x), len(self.outline_width)
        if n_x != n_w or n_x == 1:
            yield f"outline_x ({n_x}) and outline_width ({n_w}) must have the same length >= 2"
        elif wrong := descent("outline_x", self.outline_x):
            yield wrong
        elif n_x and min(self.outline_width) <= 0:
            yield f"outline_width must be > 0; its least number is {min(self.outline_width):g}"
        elif n_x and not spans(self.outline_x, self.length):
            first, last = self.outline_x[0], self.outline_x[-1]
            yield f"outline_x = {first:g} to {last:g} [m] must span part of the track, 0 to {self.length:g}"

    @property
    def edges(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Roughness of the upper and the lower edge: rms and correlation length [m]."""
        rms, length = self.edge_roughness_rms_lower, self.edge_roughness_length_lower
        lower = (
            self.edge_roughness_rms if rms is None else rms,
            self.edge_roughness_length if length is None else length,
        )
        return (self.edge_roughness_rms, self.edge_roughness_length), lower

    @property
    def corners(self) -> tuple[float, ...]:
        """Places [m] on the track between which the width without notches is linear."""
        if self.outline_x:
            return tuple(x for x in self.outline_x if 0 < x < self.length)
        return () if self.pad_taper is None else (self.pad_taper, self.length - self.pad_taper)

    def base_width(self, x: np.ndarray) -> np.ndarray:
        """Return the full width [m] at x [m] without notches, same shape as x."""
        x = np.clip(x, 0, self.length)
        if self.outline_x:
            return np.interp(x, self.outline_x, self.outline_width)
        if self.pad_width is None:
            return np.full_like(x, self.width)
        from_end = np.minimum(x, self.length - x)
        return self.width + (self.pad_width - self.width) * np.clip(1 - from_end / self.pad_taper, 0, 1)


def spans(x: Sequence[float], length: float) -> bool:
    """Return whether places [m] reach into a track, by a hundredth at least; less was meant in another unit."""
    return x[0] < 0.99 * length and x[-1] > 0.01 * length


def _check_length(file: str, shown: float, length: float, scale: float) -> None:
    """Refuse a picture that is longer or shorter than the track by more than a pixel."""
    if abs(shown - length) > 1.01 * scale:
        raise InputError(f"{file}: shows {shown:g} m at outline_scale = {scale:g}, must be the length {length:g} [m]")


def outline_problems(track: Track, notches: tuple[Notch, ...]) -> Iterator[str]:
    """Yield what is wrong with the notches on this track."""
    each_fits = True
    for number, notch in enumerate(notches, 1):
        if not 0 <= notch.position <= track.length:
            yield f"[[notch]] {number}: position = {notch.position:g} [m] must lie on the track, 0 to {track.length:g}"
        local = float(track.base_width(np.array(notch.position))) / notch.edges
        if notch.depth >= local:
            what = "half the track width" if notch.edges == 2 else "the track width"
            yield f"[[notch]] {number}: depth = {notch.depth:g} [m] must be < {what} = {local:g}"
            each_fits = False
    x = np.concatenate([track.corners, *(notch.position + notch.reach * _ACROSS for notch in notches)])
    through = x[outline(track, notches, x) <= 0]
    if through.size and each_fits:
        yield f"the notches cut through the outline at x = {through[0]:g} [m], must leave a width > 0"


def outline(track: Track, notches: tuple[Notch, ...], x: np.ndarray) -> np.ndarray:
    """Return the full width w(x) [m] of the notched track, shape as x [m]; where they overlap the deeper cut counts."""
    x = np.asarray(x, float)
    upper, lower = edge_cuts(notches, x)
    return track.base_width(x) - (upper + lower)


def edge_cuts(notches: tuple[Notch, ...], x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how deep the upper and the lower edge are cut [m] at x [m], each of the shape of x."""
    upper, lower = np.zeros_like(x), np.zeros_like(x)
    for notch in notches:
        for edge, cut in (("upper", upper), ("lower", lower)):
            if notch.edge in (None, edge):
                np.maximum(cut, notch.cut(x), out=cut)
    return upper, lower
