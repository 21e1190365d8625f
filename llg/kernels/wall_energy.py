"""Energy of a magnetization on cells cut by an outline, and its gradient, jitted for `llg.device.relaxed_wall`.

The moment of a cell is m = (-cos psi sin theta, sin psi, cos psi cos theta): neither angle has a pole where a wall
lies. Of a strip with a mirror only the half above its middle is stored; below lies its image with (m_x, -m_y, m_z).
"""

import math

from dwcore.numerics.compiled import compiled


@compiled(fastmath={"contract"})
def moments(angles, m):
    """Write the unit vectors of cells.

    Args:
        angles: theta and psi of each cell, shape (columns, rows, 2) [rad].
        m: output, shape (columns, rows, 3).
    """
    for i in range(m.shape[0]):
        for j in range(m.shape[1]):
            theta, psi = angles[i, j, 0], angles[i, j, 1]
            flat = math.cos(psi)
            m[i, j, 0] = -flat * math.sin(theta)
            m[i, j, 1] = math.sin(psi)
            m[i, j, 2] = flat * math.cos(theta)


@compiled(fastmath={"contract"})
def energy_and_slope(m, fill, right, above, whole, h, delta, slope):
    """Return the energy of the strip or of one half of it [sigma_0 Delta t], and the sum of fill m_z over its cells.

    Args:
        m: unit vectors, row 0 at the lower edge or above the middle of the strip, shape (columns, rows, 3).
        fill: share of each cell inside the outline, shape (columns, rows).
        right: open share of the face to the next column, 0 at the last one, shape (columns, rows).
        above: open share of the face to the next row, 0 at the last one, shape (columns, rows).
        whole: whether this is all of the strip, not one half.
        h: edge of a cell [Delta].
        delta: D/sigma_0 [1].
        slope: output, derivatives of the energy by m, shape (columns, rows, 3).
    """
    columns, rows, _ = m.shape
    anisotropy, chiral = 0.25 * h * h, delta * h
    energy, moment = 0.0, 0.0
    for i in range(columns):
        for j in range(rows):
            y, z, f = m[i, j, 1], m[i, j, 2], fill[i, j]
            energy += anisotropy * f * (1 - z * z)
            moment += f * z
            slope[i, j, 0] = 0.0
            slope[i, j, 1] = 0.0
            slope[i, j, 2] = -2 * anisotropy * f * z
            if j == 0 and not whole:  # half of the bond with the mirror image
                energy += f * (0.5 * y * y + chiral * y * z)
                slope[i, 0, 1] += f * (y + chiral * z)
                slope[i, 0, 2] += f * chiral * y
    for i in range(columns):
        for j in range(rows):
            x, y, z = m[i, j, 0], m[i, j, 1], m[i, j, 2]
            if right[i, j] > 0:
                a, c = 0.5 * right[i, j], chiral * right[i, j]
                u, v, w = m[i + 1, j, 0], m[i + 1, j, 1], m[i + 1, j, 2]
                energy += 0.5 * a * ((x - u) ** 2 + (y - v) ** 2 + (z - w) ** 2) + c * (z * u - w * x)
                slope[i, j, 0] += a * (x - u) - c * w
                slope[i, j, 1] += a * (y - v)
                slope[i, j, 2] += a * (z - w) + c * u
                slope[i + 1, j, 0] += a * (u - x) + c * z
                slope[i + 1, j, 1] += a * (v - y)
                slope[i + 1, j, 2] += a * (w - z) - c * x
            if above[i, j] > 0:
                a, c = 0.5 * above[i, j], chiral * above[i, j]
                u, v, w = m[i, j + 1, 0], m[i, j + 1, 1], m[i, j + 1, 2]
                energy += 0.5 * a * ((x - u) ** 2 + (y - v) ** 2 + (z - w) ** 2) + c * (z * v - w * y)
                slope[i, j, 0] += a * (x - u)
                slope[i, j, 1] += a * (y - v) - c * w
                slope[i, j, 2] += a * (z - w) + c * v
                slope[i, j + 1, 0] += a * (u - x)
                slope[i, j + 1, 1] += a * (v - y) + c * z
                slope[i, j + 1, 2] += a * (w - z) - c * y
    return energy, moment


@compiled(fastmath={"contract"})
def turn_to_angles(angles, m, slope, fill, pull, scale, gradient):
    """Write the gradient by the scaled angles.

    Args:
        angles: theta and psi of each cell, shape (columns, rows, 2) [rad].
        m: unit vectors, shape (columns, rows, 3).
        slope: derivatives of the energy by m, shape (columns, rows, 3).
        fill: share of each cell inside the outline, shape (columns, rows).
        pull: derivative of what is minimized by the sum of fill m_z.
        scale: variable of the search over angle, shape (columns, rows).
        gradient: output, shape (columns, rows, 2).
    """
    for i in range(m.shape[0]):
        for j in range(m.shape[1]):
            x, y, z = m[i, j, 0], m[i, j, 1], m[i, j, 2]
            along, across, up = slope[i, j, 0], slope[i, j, 1], slope[i, j, 2] + pull * fill[i, j]
            flat = math.cos(angles[i, j, 1])
            gradient[i, j, 0] = (x * up - z * along) / scale[i, j]
            gradient[i, j, 1] = (flat * across - y / flat * (x * along + z * up)) / scale[i, j]
