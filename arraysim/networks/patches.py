"""Jitted arithmetic of unrolled convolutions: patches of an image as rows of a matrix, and back.

Images are (rows, columns, channels) with the channels last, so that a row of a patch is one run of memory. A patch is
laid out by (kernel row, kernel column, channel); a bias adds a last entry that is always 1.
"""

from numba import njit


@njit(cache=True, nogil=True)
def unroll(image, stride, kernel, out):
    """Write the patches of some images.

    Args:
        image: padded, shape (n, rows, columns, channels).
        stride: step between patches.
        kernel: side of a patch.
        out: shape (n * patches, kernel * kernel * channels or one more), overwritten but for the last of one more.
    """
    down = (image.shape[1] - kernel) // stride + 1
    across = (image.shape[2] - kernel) // stride + 1
    run = kernel * image.shape[3]
    flat = image.reshape(image.shape[0], image.shape[1], image.shape[2] * image.shape[3])
    step = stride * image.shape[3]
    at = 0
    for n in range(image.shape[0]):
        for i in range(down):
            for j in range(across):
                for k in range(kernel):
                    row = flat[n, i * stride + k]
                    first = j * step
                    for m in range(run):
                        out[at, k * run + m] = row[first + m]
                at += 1


@njit(cache=True, nogil=True)
def roll_back(patch, stride, kernel, image):
    """Add patches to the places they were taken from.

    Args:
        patch: shape (n * patches, kernel * kernel * channels or one more).
        stride: step between patches.
        kernel: side of a patch.
        image: padded, shape (n, rows, columns, channels), added to.
    """
    down = (image.shape[1] - kernel) // stride + 1
    across = (image.shape[2] - kernel) // stride + 1
    run = kernel * image.shape[3]
    flat = image.reshape(image.shape[0], image.shape[1], image.shape[2] * image.shape[3])
    step = stride * image.shape[3]
    at = 0
    for n in range(image.shape[0]):
        for i in range(down):
            for j in range(across):
                for k in range(kernel):
                    row = flat[n, i * stride + k]
                    first = j * step
                    for m in range(run):
                        row[first + m] += patch[at, k * run + m]
                at += 1
