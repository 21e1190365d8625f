"""Changed copies of training images: shifted, mirrored, with a square cut out."""

import numpy as np

from arraysim.training.config import AUGMENT, TrainingConfig


def augmented(
    images: np.ndarray,
    chosen: np.ndarray,
    grey: np.ndarray,
    *,
    seed: int,
    epoch: int,
    batch: int,
    config: TrainingConfig,
) -> np.ndarray:
    """Return the images of a batch as the configuration changes them.

    Args:
        images: shape (images, rows, columns, channels).
        chosen: their numbers in the training set, shape (images,).
        grey: mean level of each channel, shape (channels,), of the type of the images.
        seed: root seed [1].
        epoch: from 1 on [1].
        batch: number within the epoch [1].
        config: which changes.
    """
    if not (config.shift or config.flip or config.cutout):
        return images
    rng = np.random.default_rng([seed, AUGMENT, epoch, batch])
    mirrored = None
    if config.alternate:
        # The coin of an image is thrown once; no epoch has the number 0.
        first = np.random.default_rng([seed, AUGMENT, 0]).random(int(chosen.max()) + 1)[chosen] < 0.5
        mirrored = first ^ bool(epoch % 2)
    images = shift_and_flip(
        images, shift=config.shift, flip=config.flip, rng=rng, border=config.border, mirrored=mirrored
    )
    return cut_out(images, config.cutout, grey, rng) if config.cutout else images


def shift_and_flip(
    images: np.ndarray,
    *,
    shift: int,
    flip: bool,
    rng: np.random.Generator,
    border: str = "black",
    mirrored: np.ndarray | None = None,
) -> np.ndarray:
    """Return changed copies.

    Args:
        images: shape (images, rows, columns, channels).
        shift: largest shift along each axis [pixels].
        flip: mirror left and right with probability one half.
        rng: draws shifts and flips.
        border: what comes in from outside, "black" or "reflect", the image mirrored at its edge.
        mirrored: which images are mirrored instead, shape (images,), bool.
    """
    count, rows, columns, _ = images.shape
    top, left = rng.integers(2 * shift, size=(2, count), endpoint=True)
    if mirrored is None:
        mirrored = np.less(rng.random(count), 0.5) if flip else np.zeros(count, bool)
    room = ((0, 0), (shift, shift), (shift, shift), (0, 0))
    padded = np.pad(images, room, mode="reflect" if border == "reflect" else "constant")
    out = np.empty_like(images)
    for number in range(count):
        part = padded[number, top[number] : top[number] + rows, left[number] : left[number] + columns]
        out[number] = part[:, ::-1] if mirrored[number] else part
    return out


def cut_out(images: np.ndarray, side: int, grey: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return images with a square of one grey somewhere in each, parts of it perhaps outside.

    Args:
        images: shape (images, rows, columns, channels); changed in place.
        side: of the square [pixels].
        grey: its level, shape (channels,).
        rng: draws the centres.

    References:
        T. DeVries and G. W. Taylor, arXiv:1708.04552 (2017).
    """
    count, rows, columns, _ = images.shape
    corners = np.stack([rng.integers(size, size=count) for size in (rows, columns)], axis=1) - side // 2
    for number, (first, left) in enumerate(corners.tolist()):
        images[number, max(first, 0) : first + side, max(left, 0) : left + side] = grey
    return images
