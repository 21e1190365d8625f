"""Depinning probabilities against current: how many of a number of pulses drove the wall out of its well.

The prediction is simulated: the device's pulse on a wall in its well, the same noise for all values of the
parameters, at the measured currents and at some beside them. The counts k of n are then smoothed over the current by

    P = Phi(z),    z = quadratic in log(J/J_mean)      (maximum of the binomial likelihood),

with Phi the normal distribution. Smoothing pools all currents and makes P differentiable. Measured with 500 shots at
each of 9 currents on the five-state device with 1 ns pulses (`benchmarks/depinning_surrogate.py`): the standard
deviation of P falls from 0.0175 to 0.0079 and that of dP/d(log theta_SH) from 0.33 to 0.17, for a bias of P of at most
0.005. Degrees 1, 3 and 4 have biases up to 0.018, 0.016 and 0.010.

The likelihood is binomial, its residuals are the signed roots of the deviance.

References:
    P. McCullagh, J. A. Nelder, Generalized Linear Models (Chapman and Hall 1989), chapters 2 and 4.
"""

import dataclasses

import numpy as np
import scipy

from dwcore.arguments import checked
from dwcore.errors import InputError
from dwcore.numerics.shares import share
from dwcore.storage.measurements import Measurements
from llg.calibration.data import CURRENT_AXIS, CalibrationData, place_of
from llg.calibration.wall_trace import first_step, shared_step
from llg.constants import MU_0
from llg.device.device import Device
from llg.landscape.wells import Well, find_wells
from llg.runs.drive import Drive
from llg.runs.ensemble import simulate
from llg.walls.q_phi import Field, QPhiModel

SHOTS = 1000
"""Simulated pulses at each current."""
BESIDE = (0.7, 0.85, 1.15, 1.3)
"""Further currents, relative to the lowest (below 1) and highest (above 1) measured one."""
LEAST_COUNT = 0.01
"""Expected counts below this have the standard error of this many; keeps it above zero."""
_DEGREE = 2
_LARGEST_Z = 6.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class DepinningCurve(CalibrationData):
    """Shares of pulses that depinned the wall; one series per duration and field, `x` is the current density.

    Attributes:
        trials: number of pulses behind each share, shape (n,).
        duration: full width at half maximum of the pulses, shape (n,) [s].
        field: B_z, shape (n,) [T].
        well: the well that the wall starts in.
        dt: time step of all simulations, so that they share their noise [s].
        seed: root seed of the noise.
        shots: simulated pulses at each current.
        jobs: threads.
    """

    trials: np.ndarray
    duration: np.ndarray
    field: np.ndarray
    well: Well
    dt: float
    seed: int
    shots: int = SHOTS
    jobs: int | None = None

    kind = "depinning curve"
    x_axis = CURRENT_AXIS
    y_axis = ("share of pulses that depin the wall", 1.0)
    difference_step = 0.02
    simulated = True

    def predict(self, device: Device) -> np.ndarray:
        """Return the depinning probability at each point, shape (n,) [1]."""
        P = np.empty_like(self.measured)
        for number in range(len(self.labels)):
            mine = self.series == number
            J = self.x[mine]
            simulated_at = currents_around(J)
            k = [self._count(device, float(j), mine) for j in simulated_at]
            P[mine] = smooth_probability(simulated_at, np.array(k, float), self.shots, J)
        return P

    def error(self, device: Device, predicted: np.ndarray) -> np.ndarray:
        """Return the binomial standard error of each share if the prediction is right, shape (n,) [1].

        The finite number of simulated pulses counts like that of the measured ones: 1/trials + 1/shots.
        """
        least = np.minimum(LEAST_COUNT / self.trials, 0.5)
        P = np.clip(predicted, least, 1 - least)
        return np.sqrt(P * (1 - P) * (1 / self.trials + 1 / self.shots))

    def deviance_roots(self, predicted: np.ndarray, error: np.ndarray) -> np.ndarray:
        """Return the signed roots of the binomial deviance of each point, shape (n,) [1]."""
        y, P = self.measured, np.clip(predicted, 1e-12, 1 - 1e-12)
        trials = 1 / (1 / self.trials + 1 / self.shots)
        deviance = 2 * trials * (scipy.special.xlogy(y, y / P) + scipy.special.xlogy(1 - y, (1 - y) / (1 - P)))
        return np.sign(y - P) * np.sqrt(np.maximum(deviance, 0.0))

    def _count(self, device: Device, J: float, mine: np.ndarray) -> int:
        drive = Drive(
            waveform=device.section("pulse").waveform(float(self.duration[mine][0])),
            current_density=J,
            field=Field(H_z=float(self.field[mine][0]) / MU_0),
        )
        end = simulate(
            device,
            drive,
            n=self.shots,
            start=(self.well.q, self.well.phi),
            seed=self.seed,
            dt=shared_step(device, self.dt, drive, device.temperature),
            jobs=self.jobs,
        )
        return int(np.sum((end.q < self.well.left_foot) | (end.q > self.well.right_foot)))


def currents_around(J: np.ndarray) -> np.ndarray:
    """Return the measured currents and some beside them, shape (m,), ascending in magnitude [A/m^2]."""
    sizes = np.unique(np.abs(J))
    beside = [f * (sizes[0] if f < 1 else sizes[-1]) for f in BESIDE]
    return np.sign(J[0]) * np.unique(np.concatenate([sizes, beside]))


def smooth_probability(J: np.ndarray, counts: np.ndarray, shots: int, at: np.ndarray) -> np.ndarray:
    """Return the probit regression of simulated counts on log J.

    Args:
        J: simulated currents of one sign, shape (m,) [A/m^2].
        counts: how many of the shots depinned at each, shape (m,).
        shots: number of shots at each.
        at: currents to evaluate at, shape (n,) [A/m^2].

    Returns:
        Probabilities, shape (n,) [1].
    """
    centre = np.mean(np.log(np.abs(J)))
    width = np.std(np.log(np.abs(J)))
    basis, wanted = (np.vander((np.log(np.abs(j)) - centre) / width, _DEGREE + 1) for j in (J, at))
    found = share(counts, shots)
    z = scipy.special.ndtri(found)
    ridge = 1e-3 * np.eye(_DEGREE + 1)
    for _ in range(30):
        density = np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
        P = scipy.special.ndtr(z)
        weight = shots * density**2 / (P * (1 - P))
        target = z + (found - P) / density
        coefficients = np.linalg.solve(basis.T @ (weight[:, None] * basis) + ridge, basis.T @ (weight * target))
        z_new = np.clip(basis @ coefficients, -_LARGEST_Z, _LARGEST_Z)
        if np.max(np.abs(z_new - z)) < 1e-8:
            break
        z = z_new
    return scipy.special.ndtr(np.clip(wanted @ coefficients, -_LARGEST_Z, _LARGEST_Z))


@checked
def read_depinning_curve(
    path, device: Device, *, origin: float | None = None, columns=None, seed: int = 1, jobs: int | None = None
) -> DepinningCurve:
    """Read depinning counts: columns J, depinned, trials (1 if left out), optionally duration and Bz.

    Rows of equal current, duration and field are added up.

    Args:
        path: table with J_A_per_m2, trials and depinned (other units as `dwcore.storage.measurements` says).
        device: where the fit starts; its [pulse] gives the waveform and its temperature the noise.
        origin: the wall starts in the well nearest to this place [m], see `llg.calibration.data.place_of`.
        columns: names of columns that have names of their own.
        seed: root seed of the simulations.
        jobs: threads; all processors by default.

    Raises:
        InputError: missing columns or impossible counts.
    """
    table = Measurements(path, columns)
    pulse = device.section("pulse")
    J, k, n = table.get("J"), table.get("depinned"), table.get_or("trials", 1.0)
    if np.any(n < 1) or np.any(k < 0) or np.any(k > n) or np.any(k % 1) or np.any(n % 1):
        raise InputError(f"{path}: depinned and trials must be whole numbers, 0 <= depinned <= trials")
    if np.any(J == 0) or np.any(np.sign(J) != np.sign(J[0])):
        raise InputError(f"{path}: all J must have one sign and not be 0")
    conditions = np.stack([table.get_or("duration", pulse.duration), table.get_or("Bz", 0.0), J], axis=1)
    points, row_of = np.unique(conditions, axis=0, return_inverse=True)
    trials, depinned = (np.bincount(row_of.ravel(), weights=w) for w in (n, k))
    groups, series = np.unique(points[:, :2], axis=0, return_inverse=True)
    place = place_of(device, origin)
    wells = find_wells(QPhiModel(device), device.temperature)
    for duration in groups[:, 0]:
        pulse.waveform(float(duration))
    table.note_unread()
    return DepinningCurve(
        source=str(path),
        x=points[:, 2],
        measured=depinned / trials,
        series=series.ravel(),
        labels=tuple(f"{1e9 * d:g} ns" + (f", {1e3 * B:g} mT" if B else "") for d, B in groups),
        errors_known=True,
        trials=trials,
        duration=points[:, 0],
        field=points[:, 1],
        well=min(wells, key=lambda w: abs(w.q - place)),
        dt=first_step(device),
        seed=seed,
        jobs=jobs,
    )
