"""Device configuration of aihwkit, the IBM Analog Hardware Acceleration Kit: a `PiecewiseStepDevice`.

Its weight is w = 2 (G - G_min)/(G_max - G_min) - 1. A pulse up changes it by dw_min times the value interpolated
between the nodes `piecewise_up`, evenly spaced over the range, with a relative Gaussian scatter `dw_min_std`; pulses
down likewise. Here the nodes are the mean steps of the table.

References:
    M. J. Rasch et al., IEEE AICAS 2021 (aihwkit); aihwkit 1.2, class `PiecewiseStepDevice`.
"""

import numpy as np

from compact.exchange.pulse_rows import PulseRows, step_mean, step_std

MAX_NODES = 63
"""The CUDA kernels take fewer than 64 nodes."""


def aihwkit_device(rows: PulseRows) -> dict:
    """Return the fields of a `PiecewiseStepDevice`, with what they leave out.

    Args:
        rows: states and write pulses.

    Returns:
        A dictionary with a JSON form: `class`, `fields`, `usage`, `not_expressed`, `fit`.
    """
    nodes = np.linspace(-1.0, 1.0, min(rows.levels, MAX_NODES))
    up, down = (_steps(rows, side, nodes) for side in (0, 1))
    middle = slice(1, -1) if nodes.size > 2 else slice(None)
    of_device = np.array([[u[middle].mean(), d[middle].mean()] for u, d in zip(up, down, strict=True)])
    dw_min = float(of_device.mean())
    scatter = [_scatter(rows, side) for side in (0, 1)]
    low, high = rows.conductance.min(axis=1), rows.conductance.max(axis=1)
    half = (high - low).mean() / 2
    relative = of_device / of_device.mean(axis=0)
    fields = {
        "w_min": -1.0,
        "w_max": 1.0,
        "dw_min": dw_min,
        "dw_min_std": float(np.sqrt(np.mean(np.square(scatter)))),
        "piecewise_up": (up.mean(axis=0) / dw_min).tolist(),
        "piecewise_down": (down.mean(axis=0) / dw_min).tolist(),
        "up_down": 0.0,
        "dw_min_dtod": _std(relative.mean(axis=1)),
        "up_down_dtod": _std((relative[:, 0] - relative[:, 1]) / 2),
        "w_min_dtod": _std(low / half),
        "w_max_dtod": _std(high / half),
        "write_noise_std": float(2 * np.mean(rows.spread / np.ptp(rows.conductance, axis=1)[:, None]) / dw_min),
    }
    return {
        "format": "aihwkit",
        "class": "aihwkit.simulator.configs.devices.PiecewiseStepDevice",
        "fields": fields,
        "usage": 'PiecewiseStepDevice(**config["fields"])',
        "weight": "w = 2 (G - G_min)/(G_max - G_min) - 1",
        "G_min_S": float(low.mean()),
        "G_max_S": float(high.mean()),
        "fit": {"dw_min_std_up": scatter[0], "dw_min_std_down": scatter[1], "largest_probability_lost": rows.lost},
        "not_expressed": [
            f"the {rows.levels} states: weights are continuous",
            "the distribution of a step: Gaussian with one relative spread for all weights, and no rare long moves",
            "steps whose spread is not in proportion to their mean, as where the mean step vanishes",
            "walls that leave the track: they count as arriving at the end",
            "each device's own shape of the steps: only their mean size and the bounds vary, each on its own",
        ],
    }


def _steps(rows: PulseRows, side: int, nodes: np.ndarray) -> np.ndarray:
    """Return the mean step at the nodes of each device, in weights, > 0 in the sense of the pulse, shape (K, n)."""
    found = []
    for G, matrix in zip(rows.conductance, (rows.up, rows.down)[side], strict=True):
        weight = 2 * (G - G[0]) / (G[-1] - G[0]) - 1
        found.append(np.interp(nodes, weight, (1, -1)[side] * step_mean(weight, matrix)))
    return np.array(found)


def _scatter(rows: PulseRows, side: int) -> float:
    """Return spread of a step over its mean, root mean square without the state at the end that the pulse drives to."""
    inner = slice(None, -1) if side == 0 else slice(1, None)
    square, mean = 0.0, 0.0
    for G, matrix in zip(rows.conductance, (rows.up, rows.down)[side], strict=True):
        square += np.sum(step_std(G, matrix)[inner] ** 2)
        mean += np.sum(step_mean(G, matrix)[inner] ** 2)
    return float(np.sqrt(square / mean))


def _std(values: np.ndarray) -> float:
    return float(values.std(ddof=1)) if values.size > 1 else 0.0
