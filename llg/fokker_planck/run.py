"""Pulses on one state of a device without sampling noise: the Fokker-Planck equation on two grids.

The module answers as `llg.runs.simulation.run_pulse` does, with a discretization error in place of the sampling
error. The cells are measured in the thermal width of the wells in their stiffest direction: the least length on which
the density varies, because diffusion is as strong in q/Delta as in phi.

A wall that starts at one point is, some time later, a Gaussian around the path without noise (`gaussian`). To first
order in the noise the deviation from that path is an Ornstein-Uhlenbeck process, with the mean m and the covariance C
of (x, phi), x = q/Delta, from

    dm/dt = v(m),     dC/dt = K C + C K^T + 2 D 1,     K = dv/d(x, phi).

Exact for a harmonic well, good for times in which the spread stays small.

References:
    C. W. Gardiner, Stochastic Methods (Springer 2009), section 7.2 (expansion in small noise).
"""

import dataclasses
from collections.abc import Callable

import numpy as np
import scipy

from dwcore.arguments import checked
from dwcore.errors import InputError
from llg.constants import K_B
from llg.device.device import Device
from llg.device.material import LARGEST_TEMPERATURE
from llg.device.pulse import Waveform
from llg.fokker_planck.density import Density, evolve
from llg.fokker_planck.operator import CellGrid, Operator, make_grid
from llg.landscape.wells import Well
from llg.runs.drive import Drive
from llg.runs.simulation import PulseCase, case_json, pulse_case
from llg.walls.q_phi import NO_FIELD, Field, QPhiModel

CELL = 0.3
"""Default size of the cells in phi, in thermal widths."""
CELL_RATIO = 1.5
"""Size of the cells in q/Delta over that in phi: drift along the track is slower."""
COARSER = 1.5
"""Cells of the second grid over those of the first."""
LARGEST_GRID = 4_000_000
"""Most cells of a grid; they take about 4 GB."""
_START_WIDTH = 2.0  # cells
_NUDGE = 1e-5


@dataclasses.dataclass(frozen=True, repr=False)
class DensityRun:
    """Outcome of one pulse, from the density.

    Attributes:
        case: what acted on which wall.
        grid: cells of the finer grid.
        density: the density at the end on it.
        probability: of each state, then of having left the track or being in no state, shape (S + 1,) [1].
        standard_error: discretization error of each, the change from the coarser grid, shape (S + 1,) [1].
        mean_q: mean position at the end [m].
    """

    case: PulseCase
    grid: CellGrid
    density: Density
    probability: np.ndarray
    standard_error: np.ndarray
    mean_q: float

    def __repr__(self) -> str:
        shares = ", ".join(f"{p:.3g}" for p in self.probability)
        return f"<DensityRun on {self.grid.shape} cells: probability {shares} of {len(self.case.wells)} states, none>"

    @property
    def mean_velocity(self) -> float:
        """Mean displacement over the duration of the pulse [m/s]."""
        return (self.mean_q - self.case.start[0]) / self.case.duration


@checked
def run_pulse_density(
    device: Device,
    *,
    temperature: float | None = None,
    cell: float = CELL,
    progress: Callable[[float], None] = lambda share: None,
    **what,
) -> DensityRun:
    """Follow the density through one pulse, train or waveform.

    Args:
        device: a device with a [pulse] section.
        temperature: temperature [K]; the device's own by default.
        cell: size of the cells in phi, in thermal widths.
        progress: called with the share of the work that has just been done.
        what: what acts on which wall, arguments of `llg.runs.simulation.pulse_case`.

    Raises:
        InputError: impossible arguments, or something that the method does not cover.
    """
    temperature = device.temperature if temperature is None else temperature
    device = device.at_temperature(temperature)
    case = pulse_case(device, **what)
    _check(device, case.drive, temperature, cell)
    model = QPhiModel(device)
    size = cell * thermal_width(model, [(w.q, w.phi) for w in case.wells] or [case.start], temperature)
    coarse, _, _ = _outcome(case, model, temperature, COARSER * size, progress)
    probability, grid, density = _outcome(case, model, temperature, size, progress)
    mean_q = float(density.p.sum(axis=1) @ grid.q + density.left[1] * device.track.length)
    return DensityRun(case, grid, density, probability, np.abs(probability - coarse), mean_q)


def as_json(run: DensityRun) -> dict:
    """Return the JSON object of `dwsynapse simulate --method fokker-planck`: that of the ensemble without its count."""
    return case_json(run.case, n=None, left=float(run.density.left.sum()), dt=run.density.dt, run=run)


def pulse_density(
    model: QPhiModel,
    grid: CellGrid,
    start: tuple[float, float],
    waveform: Waveform,
    current_density: float,
    *,
    temperature: float,
    field: Field = NO_FIELD,
    progress: Callable[[float], None] = lambda seconds: None,
) -> Density:
    """Return density at the end of a waveform of a wall that starts at one point (arguments as `run_pulse_density`).

    A point is no density that a grid can hold. The first few time constants are those of a Gaussian
    (`gaussian`), until it is `_START_WIDTH` cells wide.
    """
    D = K_B * temperature * model.alpha / ((1 + model.alpha**2) * float(model.friction(start[0])))
    begin = min((_START_WIDTH * max(grid.dx, grid.dphi)) ** 2 / (2 * D), 0.5 * waveform.length)
    mean, covariance = gaussian(
        model, start, begin, temperature=temperature, field=field,
        current=lambda time: current_density * np.interp(time, waveform.time, waveform.value),
    )  # fmt: skip
    x = grid.q[:, None] / model.Delta - mean[0]
    angle = (grid.phi[None, :] - mean[1] + np.pi) % (2 * np.pi) - np.pi
    a, b, c = np.linalg.inv(covariance)[[0, 0, 1], [0, 1, 1]]
    p = np.exp(-0.5 * (a * x**2 + 2 * b * x * angle + c * angle**2))
    progress(begin)
    operator = Operator(model, grid, temperature, field)
    return evolve(operator, p / p.sum(), waveform, current_density, begin=begin, progress=progress)


def gaussian(
    model: QPhiModel,
    start: tuple[float, float],
    time: float,
    *,
    temperature: float,
    field: Field,
    current: Callable[[float], float],
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and covariance of a wall that was at one point a given time ago.

    Args:
        model: the wall in its device.
        start: q [m] and phi [rad] at time 0.
        time: time since then [s].
        temperature: temperature [K].
        field: constant applied field.
        current: current density [A/m^2] against time [s].

    Returns:
        Mean of (q/Delta, phi), shape (2,), and covariance, shape (2, 2).
    """
    unit = np.array([model.Delta, 1.0])

    def rate(t: float, y: np.ndarray) -> np.ndarray:
        J = current(t * time)
        around = y[:2] + _NUDGE * np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]])
        q, phi = (around * unit).T
        v = np.stack(model.velocity(q, phi, J, field), axis=1) / unit
        K = np.stack([v[1] - v[2], v[3] - v[4]], axis=1) / (2 * _NUDGE)
        C = y[2:].reshape(2, 2)
        diffusion = K_B * temperature * model.alpha / ((1 + model.alpha**2) * model.friction(y[0] * model.Delta))
        growth = K @ C + C @ K.T + 2 * float(diffusion) * np.eye(2)
        return time * np.concatenate([v[0], growth.ravel()])

    first = np.concatenate([np.array(start) / unit, np.zeros(4)])
    y = scipy.integrate.solve_ivp(rate, (0.0, 1.0), first, rtol=1e-8, atol=1e-12).y[:, -1]
    return y[:2], y[2:].reshape(2, 2)


def thermal_width(model: QPhiModel, places: list[tuple[float, float]], temperature: float) -> float:
    """Return the least thermal width [1] in (q/Delta, phi) at q [m], phi [rad]: root of kB T over the stiffness."""
    h = 1e-3
    stiffest = 0.0
    for q, phi in places:
        step = h * np.array([-1, 0, 1])
        E = model.energy(q + model.Delta * step[:, None], phi + step)
        xx, pp = (E[2, 1] - 2 * E[1, 1] + E[0, 1]) / h**2, (E[1, 2] - 2 * E[1, 1] + E[1, 0]) / h**2
        xp = (E[2, 2] - E[2, 0] - E[0, 2] + E[0, 0]) / (4 * h**2)
        stiffest = max(stiffest, np.abs(np.linalg.eigvalsh([[xx, xp], [xp, pp]])).max())
    return float(np.sqrt(K_B * temperature / stiffest))


def _check(device: Device, drive: Drive, temperature: float, cell: float):
    method = "the fokker-planck method"
    if device.wall.model != "q-phi":
        raise InputError(f'wall.model = "{device.wall.model}" must be "q-phi" for {method}')
    if device.heating is not None:
        raise InputError(f'device "{device.name}": [heating] is not covered by {method}')
    if drive.field_waveform is not None or drive.gate_levels(device) is not None:
        raise InputError(f"fields and gates that change in time are not covered by {method}")
    if not np.isfinite(drive.current_density):
        raise InputError(f"current_density = {drive.current_density:g} [A/m^2] must be finite")
    if not 0 < temperature < LARGEST_TEMPERATURE:
        raise InputError(f"temperature = {temperature:g} [K] must be > 0 and < {LARGEST_TEMPERATURE:g} for {method}")
    if not 0 < cell <= 1:
        raise InputError(f"cell = {cell:g} [1] must be > 0 and <= 1")


def _outcome(
    case: PulseCase, model: QPhiModel, temperature: float, size: float, progress: Callable[[float], None]
) -> tuple[np.ndarray, CellGrid, Density]:
    """Return probabilities, shape (S + 1,), with the grid and density they come from; `size` is that of a cell."""
    cells = model.device.track.length / (CELL_RATIO * size * model.Delta) * 2 * np.pi / size
    if cells > LARGEST_GRID:
        raise InputError(f"temperature = {temperature:g} [K] needs {cells:.2g} cells, must be <= {LARGEST_GRID:.0e}")
    grid, drive = make_grid(model, CELL_RATIO * size, size), case.drive
    density = pulse_density(
        model, grid, case.start, drive.waveform, drive.single_current, temperature=temperature, field=drive.field,
        progress=lambda seconds: progress(0.5 * seconds / drive.waveform.length),
    )  # fmt: skip
    return _shares(case.wells, grid, density), grid, density


def _shares(wells: list[Well], grid: CellGrid, density: Density) -> np.ndarray:
    """Return the probability of each well, then the rest, shape (S + 1,): the edges of wells may lie inside cells."""
    if not wells:
        return np.ones(1)
    faces = (np.arange(grid.q.size + 1) - 0.5) * (grid.q[1] - grid.q[0]) + grid.q[0]
    below = scipy.interpolate.PchipInterpolator(faces, np.concatenate([[0.0], np.cumsum(density.p.sum(axis=1))]))
    edges = np.array([wells[0].left_edge, *(well.right_edge for well in wells)])
    shares = np.maximum(np.diff(below(np.clip(edges, faces[0], faces[-1]))), 0.0)
    return np.append(shares, max(1.0 - shares.sum(), 0.0))
