"""Augmentation: each training image shifted by a few pixels and, half the time, mirrored."""

import numpy as np


def shift_and_flip(images: np.ndarray, *, shift: int, flip: bool, rng: np.random.Generator) -> np.ndarray:
    """Return changed copies; pixels that come in from outside are black.

    Args:
        images: shape (images, rows, columns, channels), uint8.
        shift: largest shift along each axis [pixels].
        flip: mirror left and right with probability one half.
        rng: draws shifts and flips.
    """
    count, rows, columns, _ = images.shape
    top, left = rng.integers(2 * shift, size=(2, count), endpoint=True)
    mirrored = rng.random(count) < 0.5 if flip else np.zeros(count, bool)
    room = ((0, 0), (shift, shift), (shift, shift), (0, 0))
    padded = np.pad(images, room)
    out = np.empty_like(images)
    for number in range(count):
        part = padded[number, top[number] : top[number] + rows, left[number] : left[number] + columns]
        out[number] = part[:, ::-1] if mirrored[number] else part
    return out
