"""Moving pictures as files: GIF, and MP4 where the program ffmpeg is there; complete or absent."""

import io
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from dwcore.errors import InputError, RunError
from dwcore.storage.atomic import replacing

FORMATS = ("gif", "mp4")
FRAMES_PER_SECOND = 20
_COLOURS = 64


def is_movie(path) -> bool:
    """Whether the suffix of a path asks for a moving picture."""
    return Path(path).suffix.lower().removeprefix(".") in FORMATS


def movie_format(path) -> str:
    """Format that the suffix of a path asks for.

    Raises:
        InputError: the suffix is none of `FORMATS`, or an MP4 is asked for and ffmpeg is not there.
    """
    if not is_movie(path):
        raise InputError(f"{path}: the name of an animation must end in .gif or .mp4")
    kind = Path(path).suffix.lower().removeprefix(".")
    if kind == "mp4" and shutil.which("ffmpeg") is None:
        raise InputError(f"{path}: an MP4 needs the program ffmpeg, which is not on the PATH; name a .gif instead")
    return kind


def save_movie(path, frames: Iterable[np.ndarray], *, force: bool = False):
    """Write pictures, each of shape (height, width, 3), uint8, at `FRAMES_PER_SECOND`.

    Raises:
        InputError: as `movie_format`, or the file exists and `force` is not set, or cannot be written.
        RunError: ffmpeg fails.
    """
    kind = movie_format(path)
    with replacing(path, force=force) as temporary:
        if kind == "gif":
            temporary.write_bytes(_gif(frames))
        else:
            _run_ffmpeg(temporary, frames)


def _gif(frames: Iterable[np.ndarray]) -> bytes:
    from PIL import Image

    pictures, palette = [], None
    for frame in frames:
        picture = Image.fromarray(frame)
        # One palette for all, so that what stands still does not flicker.
        palette = palette or picture.quantize(_COLOURS, Image.Quantize.MAXCOVERAGE)
        pictures.append(picture.quantize(palette=palette, dither=Image.Dither.NONE))
    buffer = io.BytesIO()
    times = [round(1000 / FRAMES_PER_SECOND)] * (len(pictures) - 1) + [1500]  # rests at the end
    pictures[0].save(buffer, "GIF", save_all=True, append_images=pictures[1:], duration=times, loop=0, optimize=False)
    return buffer.getvalue()


def _run_ffmpeg(path: Path, frames: Iterable[np.ndarray]):
    frames = list(frames)
    height, width = frames[0].shape[:2]
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(FRAMES_PER_SECOND), "-i", "-"]
    # yuv420p, which every player knows, needs even sizes.
    target = ["-vf", "crop=trunc(iw/2)*2:trunc(ih/2)*2", "-pix_fmt", "yuv420p", "-movflags", "+faststart", str(path)]
    command = ["ffmpeg", "-y", "-loglevel", "error", *source, *target]
    done = subprocess.run(command, input=b"".join(f.tobytes() for f in frames), capture_output=True, check=False)
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise RunError(f"{path.name}: ffmpeg failed: {lines[-1] if lines else f'exit code {done.returncode}'}")
