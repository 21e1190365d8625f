"""Wires as ladders: one line with devices to ground, solved from the far end towards its source.

A line is seen from node k as a Norton source J_k with the admittance Y_k. A segment of resistance r turns (J, Y) into
(J, Y) a with a = 1/(1 + r Y), a device adds its conductance to Y and its current to J. Only sums of positive numbers
occur, so that no digit is lost for thin or thick wires, and a wire without resistance is no special case.
"""

import numpy as np

from dwcore.numerics.compiled import compiled

# Lines that are solved side by side.
LANES = 16


@compiled()
def fill_ratios(conductance, segment, end, ratio):
    """Return the voltage ratios of lines that run down the rows of an array, source below the last row.

    Args:
        conductance: to ground at node k of line j, shape (n, m) [S].
        segment: resistance between nodes [ohm].
        end: resistance between the last node and the source [ohm].
        ratio: output, a_k = 1/(1 + r Y_k), shape (n, m) [1].
    """
    n, m = conductance.shape
    admittance = np.zeros(m)
    for k in range(n):
        resistance = end if k == n - 1 else segment
        for j in range(m):
            admittance[j] += conductance[k, j]
            ratio[k, j] = 1.0 / (1.0 + resistance * admittance[j])
            admittance[j] *= ratio[k, j]


@compiled()
def solve_lines(ratio, segment, end, current, source, voltage, out):
    """Solve lines that run down the rows of an array, source below the last row.

    Args:
        ratio: from `fill_ratios`, shape (n, m) [1].
        segment: resistance between nodes [ohm].
        end: resistance between the last node and the source [ohm].
        current: into each node, shape (n, m) [A].
        source: voltage of each source, shape (m,) [V].
        voltage: output, of each node, shape (n, m) [V].
        out: output, current into the source at 0 V by the node currents alone, shape (m,) [A].
    """
    n, m = current.shape
    for j in range(m):
        voltage[0, j] = current[0, j]
    for k in range(1, n):
        for j in range(m):
            voltage[k, j] = current[k, j] + ratio[k - 1, j] * voltage[k - 1, j]
    for j in range(m):
        out[j] = ratio[n - 1, j] * voltage[n - 1, j]
        voltage[n - 1, j] = ratio[n - 1, j] * (source[j] + end * voltage[n - 1, j])
    for k in range(n - 2, -1, -1):
        for j in range(m):
            voltage[k, j] = ratio[k, j] * (voltage[k + 1, j] + segment * voltage[k, j])


@compiled()
def fill_port_matrix(conductance, segment, end, port, transfer):
    """Return word line between its source and the bit lines: its admittance matrix and its transfer from the source.

    Args:
        conductance: of the devices from the source on, shape (m,) [S].
        segment: resistance between nodes [ohm].
        end: resistance between the source and the first node [ohm].
        port: output, current into the line from bit line j per voltage of bit line k, shape (m, m) [S].
        transfer: output, current into bit line j, held at 0 V, per voltage of the source, shape (m,) [S].
    """
    m = conductance.size
    ratio, right = np.empty(m), np.empty(m)
    admittance = 0.0
    for k in range(m - 1, -1, -1):
        right[k] = admittance
        total = admittance + conductance[k]
        ratio[k] = 1.0 / (1.0 + (segment if k > 0 else end) * total)
        admittance = total * ratio[k]
    left = end
    voltage = 1.0
    for j in range(m):
        d = conductance[j]
        rest = left / (1.0 + left * right[j])  # impedance of all but the device itself
        share = 1.0 / (1.0 + d * rest)
        port[j, j] = d * share
        moved = d * rest * share
        for k in range(j + 1, m):
            moved *= ratio[k]
            port[j, k] = -moved * conductance[k]
            port[k, j] = port[j, k]
        voltage *= ratio[j]
        transfer[j] = d * voltage
        left = segment + left / (1.0 + d * left)
