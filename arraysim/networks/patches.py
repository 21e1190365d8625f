"""Jitted arithmetic of unrolled convolutions: patches of an image as rows of a matrix, and back.

Images are (rows, columns, channels) with the channels last, so that a row of a patch is one run of memory. A patch is
laid out by (kernel row, kernel column, channel); a bias adds a last entry that is always 1.
"""

from dwcore.numerics.compiled import compiled


@compiled()
def unroll(image, steps, sides, out):
    """Write the patches of some images.

    Args:
        image: padded, shape (n, rows, columns, channels).
        steps: between patches, along rows and columns.
        sides: rows and columns of a patch.
        out: shape (n * patches, values of a patch or one more), overwritten but for the last of one more.
    """
    down = (image.shape[1] - sides[0]) // steps[0] + 1
    across = (image.shape[2] - sides[1]) // steps[1] + 1
    run = sides[1] * image.shape[3]
    flat = image.reshape(image.shape[0], image.shape[1], image.shape[2] * image.shape[3])
    step = steps[1] * image.shape[3]
    at = 0
    for n in range(image.shape[0]):
        for i in range(down):
            for j in range(across):
                for k in range(sides[0]):
                    row = flat[n, i * steps[0] + k]
                    first = j * step
                    for m in range(run):
                        out[at, k * run + m] = row[first + m]
                at += 1


@compiled()
def roll_back(patch, steps, sides, image):
    """Add patches to the places they were taken from.

    Args:
        patch: shape (n * patches, values of a patch or one more).
        steps: between patches, along rows and columns.
        sides: rows and columns of a patch.
        image: padded, shape (n, rows, columns, channels), added to.
    """
    down = (image.shape[1] - sides[0]) // steps[0] + 1
    across = (image.shape[2] - sides[1]) // steps[1] + 1
    run = sides[1] * image.shape[3]
    flat = image.reshape(image.shape[0], image.shape[1], image.shape[2] * image.shape[3])
    step = steps[1] * image.shape[3]
    at = 0
    for n in range(image.shape[0]):
        for i in range(down):
            for j in range(across):
                for k in range(sides[0]):
                    row = flat[n, i * steps[0] + k]
                    first = j * step
                    for m in range(run):
                        row[first + m] += patch[at, k * run + m]
                at += 1


@compiled()
def multiply_groups(rows, matrix, sizes, out):
    """Write products of patches with a matrix whose columns, group by group, see their own channels only.

    Args:
        rows: patches, shape (n, places * channels) or one more, which is 1.
        matrix: shape (places * channels / groups, columns) or one more.
        sizes: places of the kernel, groups, channels of a group.
        out: shape (n, columns).
    """
    places, groups, inner = sizes
    width = matrix.shape[1] // groups
    for n in range(rows.shape[0]):
        for j in range(out.shape[1]):
            out[n, j] = matrix[-1, j] if matrix.shape[0] > places * inner else 0
        for k in range(places):
            for g in range(groups):
                for c in range(inner):
                    value = rows[n, (k * groups + g) * inner + c]
                    for j in range(g * width, (g + 1) * width):
                        out[n, j] += value * matrix[k * inner + c, j]


@compiled()
def multiply_groups_back(errors, matrix, sizes, rows):
    """Write errors of patches, shape of ``rows`` as of ``multiply_groups``, of those of the columns, (n, columns)."""
    places, groups, inner = sizes
    width = matrix.shape[1] // groups
    for n in range(rows.shape[0]):
        for k in range(places):
            for g in range(groups):
                for c in range(inner):
                    total = errors[n, g * width] * matrix[k * inner + c, g * width]
                    for j in range(g * width + 1, (g + 1) * width):
                        total += errors[n, j] * matrix[k * inner + c, j]
                    rows[n, (k * groups + g) * inner + c] = total


@compiled()
def add_gradient_of_groups(rows, errors, sizes, gradient):
    """Add the gradient by the matrix of ``multiply_groups``, of its shape."""
    places, groups, inner = sizes
    width = gradient.shape[1] // groups
    for n in range(rows.shape[0]):
        for k in range(places):
            for g in range(groups):
                for c in range(inner):
                    value = rows[n, (k * groups + g) * inner + c]
                    for j in range(g * width, (g + 1) * width):
                        gradient[k * inner + c, j] += value * errors[n, j]
        if gradient.shape[0] > places * inner:
            for j in range(gradient.shape[1]):
                gradient[-1, j] += errors[n, j]
