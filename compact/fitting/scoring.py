"""Maximum likelihood by Fisher scoring, damped after Levenberg and Marquardt, for many devices with shared parameters.

Devices share some parameters and have others of their own, so that the information matrix is an arrow: one shared
block, one block per device, no coupling between devices. Own parameters are eliminated device by device.
"""

import dataclasses
from collections.abc import Callable

import numpy as np

from compact.fitting.likelihood import deviance, score_and_information
from compact.fitting.problem import DeviceRows, Layout
from dwcore.errors import RunError

MOST_ROUNDS = 200
LONGEST_STEP = 0.7
_TRIES = 15
_SETTLED = 1e-4  # in twice the log likelihood still to be gained
_PATIENCE, _SLOW = 60, 1e-2  # along a ridge that the counts hardly determine progress is slow, and does not matter
_WEAKEST = 1e-9  # relative eigenvalue of the information below which a combination counts as unknown


@dataclasses.dataclass(frozen=True, eq=False)
class Estimate:
    """Working parameters at the maximum.

    Attributes:
        z: shape (K, P).
        covariance: shape (K, P, P); rows of parameters not determined are zero.
        known: which parameters the counts determine, shape (K, P), bool.
        deviance: sum over all rows.
        rounds: number of steps taken.
    """

    z: np.ndarray
    covariance: np.ndarray
    known: np.ndarray
    deviance: float
    rounds: int


def maximize(
    layout: Layout, devices: list[DeviceRows], start: np.ndarray, progress: Callable[[int], None] = lambda n: None
) -> Estimate:
    """Fit all devices together.

    Args:
        layout: the parameters.
        devices: rows of each device.
        start: working parameters, shape (K, P).
        progress: called with 1 after each round.

    Raises:
        RunError: no convergence.
    """
    z, damping = start.copy(), 1e-2
    total = _total(devices, z)
    for rounds in range(MOST_ROUNDS):
        blocks = [_score(layout, device, zk) for device, zk in zip(devices, z, strict=True)]
        for _ in range(_TRIES):
            step = _arrow_step(layout.shared, blocks, damping)
            trial = np.clip(z + np.clip(step, -LONGEST_STEP, LONGEST_STEP), *layout.bounds)
            new = _total(devices, trial)
            if new < total:
                break
            damping *= 4.0
        else:
            return Estimate(z, *_covariance(layout, devices, z), total, rounds)
        gained, total, z, damping = total - new, new, trial, max(damping / 5.0, 1e-9)
        progress(1)
        if gained < (_SETTLED if rounds < _PATIENCE else _SLOW):
            return Estimate(z, *_covariance(layout, devices, z), total, rounds + 1)
    raise RunError(f"the fit did not converge in {MOST_ROUNDS} steps")


def _total(devices: list[DeviceRows], z: np.ndarray) -> float:
    return float(sum(deviance(d.counts, d.probability(zk)).sum() for d, zk in zip(devices, z, strict=True)))


def _score(layout: Layout, device: DeviceRows, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return gradient and information of one device; parameters at a bound that push outwards stay where they are."""
    gradient, information = score_and_information(device.counts, device.probability(z), device.slopes(z))
    low, high = layout.bounds
    stuck = ((z <= low) & (gradient < 0)) | ((z >= high) & (gradient > 0))
    gradient[stuck] = 0.0
    information[stuck] = information[:, stuck] = 0.0
    return gradient, information


def _arrow_step(shared: np.ndarray, blocks: list, damping: float) -> np.ndarray:
    """Solve (I + damping diag information) step = gradient for all devices, shape (K, P)."""
    own = ~shared
    total, right = np.zeros((shared.sum(),) * 2), np.zeros(shared.sum())
    diagonal = sum(np.diag(information)[shared] for _, information in blocks)
    parts = []
    for gradient, information in blocks:
        damped = information[np.ix_(own, own)] + np.diag(damping * np.diag(information)[own] + _tiny(information))
        solved = np.linalg.solve(damped, np.column_stack([information[np.ix_(own, shared)], gradient[own]]))
        parts.append(solved)
        total += information[np.ix_(shared, shared)] - information[np.ix_(shared, own)] @ solved[:, :-1]
        right += gradient[shared] - information[np.ix_(shared, own)] @ solved[:, -1]
    total += np.diag(damping * diagonal + 1e-9 * max(diagonal.max(initial=0.0), 1e-9))
    step = np.empty((len(blocks), shared.size))
    step[:, shared] = np.linalg.solve(total, right)
    for k, solved in enumerate(parts):
        step[k, own] = solved[:, -1] - solved[:, :-1] @ step[k, shared]
    return step


def _tiny(information: np.ndarray) -> float:
    return 1e-9 * max(float(np.diag(information).max(initial=0.0)), 1e-9)


def _covariance(layout: Layout, devices: list[DeviceRows], z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the covariance of the parameters of each device and which of them the counts determine."""
    shared, own = layout.shared, ~layout.shared
    blocks = [_score(layout, device, zk)[1] for device, zk in zip(devices, z, strict=True)]
    reduced, inverses = np.zeros((shared.sum(),) * 2), []
    covariance, known = np.zeros((len(blocks), layout.size, layout.size)), np.zeros((len(blocks), layout.size), bool)
    for k, information in enumerate(blocks):
        inverse, known[k, own] = _inverse(information[np.ix_(own, own)])
        inverses.append((inverse, information[np.ix_(own, shared)]))
        reduced += information[np.ix_(shared, shared)] - inverses[-1][1].T @ inverse @ inverses[-1][1]
    common, known[:, shared] = _inverse(reduced)
    for k, (inverse, cross) in enumerate(inverses):
        lever, row = inverse @ cross, np.array([k])
        covariance[np.ix_(row, shared, shared)] = common
        covariance[np.ix_(row, own, shared)] = -lever @ common
        covariance[np.ix_(row, shared, own)] = -(lever @ common).T
        covariance[np.ix_(row, own, own)] = inverse + lever @ common @ lever.T
    covariance *= known[:, :, None] * known[:, None, :]
    return covariance, known


def _inverse(information: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the inverse over the combinations that are determined, and which parameters take part in no other."""
    size = np.sqrt(
        np.maximum(np.diag(information), 0.0)
    )  # what others take all of is left with the rounding, below 0 too
    dead = size <= 1e-6 * max(size.max(initial=0.0), 1e-300)
    size = np.where(dead, 1.0, size)
    scaled = information / np.outer(size, size)
    scaled[dead] = scaled[:, dead] = 0.0
    value, vector = np.linalg.eigh(scaled)
    good = value > _WEAKEST * max(value.max(initial=0.0), 1e-300)
    inverse = (vector[:, good] / value[good]) @ vector[:, good].T / np.outer(size, size)
    lost = np.any(np.abs(vector[:, ~good]) > 1e-2, axis=1)
    return inverse, ~(dead | lost)
