"""From SI to the reduced units of the kernels, in one place: x = q/Delta, fields in Ms, time in 1/(gamma0 Ms)."""

import dataclasses
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from llg.constants import GAMMA_0, K_B, MU_0
from llg.kernels.packed_table import pack
from llg.kernels.q_phi import advance
from llg.walls.q_phi import Field, QPhiModel


class Coefficients(NamedTuple):
    """What the drift of `llg.kernels.q_phi` needs besides the geometry table; currents in A/m^2."""

    inverse_step: float
    last_cell: float
    table_unit: float
    h_K: float
    damping_like: float
    field_like: float
    stt_q: float
    stt_phi: float
    uniform: float
    crowding: float
    mobility_x1: float
    mobility_x2: float
    mobility_phi1: float
    mobility_phi2: float
    half_theta: float


@dataclasses.dataclass(frozen=True)
class KernelInput:
    """One device at one temperature, ready for the time loop.

    Attributes:
        advance: jitted time loop, arguments as `llg.kernels.q_phi.advance`, the coordinates first.
        units: SI size of one reduced unit of each coordinate.
        table: geometry table of the kernel, flat.
        coefficients: scalars of the drift.
        x_end: length of the track in reduced units.
        noise_per_sqrt_dt: noise amplitude over the root of the reduced time step [1].
        rate: reduced time units per second [1/s].
    """

    advance: Callable
    units: tuple[float, ...]
    table: np.ndarray
    coefficients: NamedTuple
    x_end: float
    noise_per_sqrt_dt: float
    rate: float


def kernel_input(model: QPhiModel, temperature: float, noise_scale: float = 1.0) -> KernelInput:
    """Scale a model to the kernel's table and coefficients.

    The table holds, at each grid point, p = static force [Ms] without its phi-dependent part, a = Delta s2'/s2,
    b = Delta s1'/s2, c = s1/s2 and g = sqrt(w_0/s2).

    Args:
        model: the wall in its device.
        temperature: temperature [K], 0 for none.
        noise_scale: factor on the noise, other than 1 only to see a statistical test fail.
    """
    g, Ms, Delta, alpha, Q = model.device.geometry, model.Ms, model.Delta, model.alpha, model.Q
    w_0 = model.device.track.width
    a = Delta * g.ds2 / g.s2
    p = -a * model.sigma_0 / (2 * MU_0 * Ms * Delta) - model.extra_force(g.q) / (2 * MU_0 * Ms * model.t * g.s2)
    points = np.stack([p / Ms, a, Delta * g.ds1 / g.s2, g.s1 / g.s2, np.sqrt(w_0 / g.s2)], axis=1)
    table, unit = pack(points)
    theta = K_B * temperature / (2 * MU_0 * Ms**2 * Delta * model.t * w_0)
    mobility = 1 / (1 + alpha**2)
    half_pi = math.pi / 2
    u = model.u_per_J / (Delta * GAMMA_0 * Ms)
    coefficients = Coefficients(
        inverse_step=Delta / g.step,
        last_cell=math.nextafter(g.q.size - 1.0, 0.0),
        table_unit=unit,
        h_K=model.H_K / Ms,
        damping_like=half_pi * Q * model.H_DL_per_J / Ms,
        field_like=half_pi * model.H_FL_per_J / Ms,
        stt_q=model.beta * u,
        stt_phi=Q * u,
        uniform=1.0 - model.kappa,
        crowding=model.kappa,
        mobility_x1=alpha * mobility,
        mobility_x2=-Q * mobility,
        mobility_phi1=Q * mobility,
        mobility_phi2=alpha * mobility,
        half_theta=0.5 * theta,
    )
    noise = noise_scale * math.sqrt(2 * alpha * theta * mobility)
    return KernelInput(
        advance=advance,
        units=(Delta, 1.0),
        table=table,
        coefficients=coefficients,
        x_end=model.device.track.length / Delta,
        noise_per_sqrt_dt=noise,
        rate=GAMMA_0 * Ms,
    )


def field_rows(model: QPhiModel, field: Field) -> tuple[float, float, float]:
    """Applied field as the kernel takes it: pi/2 (H_x + Q H_D), pi/2 H_y, Q H_z, all in Ms."""
    half_pi = math.pi / 2
    return (
        half_pi * (field.H_x + model.Q * model.H_D) / model.Ms,
        half_pi * field.H_y / model.Ms,
        model.Q * field.H_z / model.Ms,
    )
