"""From SI to the reduced units of the kernels, in one place: x = q/Delta, fields in Ms, time in 1/(gamma0 Ms).

The kernels with three coordinates read one table, that of the tilt without t1. At each grid point, with zeta the
measure of the deformation:

    a = Delta s2'/s2     b = Delta s1'/s2     c = s1/s2      the wall at rest
    a1 = Delta b2'/s2    b1 = Delta b1'/s2    c1 = b1/s2     their change with zeta
    k1 = b2/s2           t1 = p/(Delta s2)                   change of s2 and of the torque potential with zeta
    p = -V_extra'/(2 mu0 Ms^2 t s2)           g = sqrt(w_0/s2)
"""

import collections
import dataclasses
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from dwcore.errors import InputError
from llg.constants import GAMMA_0, K_B, MU_0
from llg.kernels import q_phi as q_phi_kernel
from llg.kernels import q_phi_chi as q_phi_chi_kernel
from llg.kernels import q_phi_delta as q_phi_delta_kernel
from llg.kernels.packed_table import pack
from llg.walls.q_phi import Field, QPhiModel
from llg.walls.q_phi_chi import QPhiChiModel
from llg.walls.q_phi_delta import FRICTION, QPhiDeltaModel

LEAST_STIFFNESS = 15.0
"""Least energy of the wall over kB T for which the averages may be taken as linear in the deformation."""


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


def _more(name: str, *fields: str) -> type:
    """Return the named tuple of `Coefficients` with further fields."""
    return collections.namedtuple(name, (*Coefficients._fields, *fields))


ProfileCoefficients = _more("ProfileCoefficients", "profile_columns")
"""The same of a device whose D or in-plane field changes along the track, with the number of its columns."""
DeltaCoefficients = _more("DeltaCoefficients", "h_D", "half_h_sigma", "mobility_v", "noise_v")
"""What the drift of `llg.kernels.q_phi_delta` needs besides the geometry table; currents in A/m^2."""
ChiCoefficients = _more("ChiCoefficients", "h_D", "h_sigma", "mobility_chi", "rho", "noise_chi", "saturation", "edge")
"""What the drift of `llg.kernels.q_phi_chi` needs besides the geometry table; currents in A/m^2."""


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
    b = Delta s1'/s2, c = s1/s2 and g = sqrt(w_0/s2); where D or the in-plane field changes along the track pi/2 times
    Delta X'/s2, Delta Y'/s2, X/s2 and Y/s2 as well, X and Y those of `llg.device.profile_averages` [Ms].

    Args:
        model: the wall in its device.
        temperature: temperature [K], 0 for none.
        noise_scale: factor on the noise, other than 1 only to see a statistical test fail.
    """
    g, Ms, Delta, alpha, Q = model.device.geometry, model.Ms, model.Delta, model.alpha, model.Q
    w_0 = model.device.track.width
    a = Delta * g.ds2 / g.s2
    p = -a * model.sigma_0 / (2 * MU_0 * Ms * Delta) - model.extra_force(g.q) / (2 * MU_0 * Ms * model.t * g.s2)
    columns = [p / Ms, a, Delta * g.ds1 / g.s2, g.s1 / g.s2, np.sqrt(w_0 / g.s2)]
    rows = None if model.device.averages is None else model.device.averages.in_plane
    if rows is not None:
        columns += [*(0.5 * math.pi * Delta / Ms * rows[2:] / g.s2), *(0.5 * math.pi / Ms * rows[:2] / g.s2)]
    table, unit = pack(np.stack(columns, axis=1))
    theta = K_B * temperature / (2 * MU_0 * Ms**2 * Delta * model.t * w_0)
    mobility = 1 / (1 + alpha**2)
    half_pi = math.pi / 2
    u = model.u_per_J / (Delta * GAMMA_0 * Ms)
    coefficients: NamedTuple = Coefficients(
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
    if rows is not None:
        coefficients = ProfileCoefficients(**coefficients._asdict(), profile_columns=len(rows))
    noise = noise_scale * math.sqrt(2 * alpha * theta * mobility)
    return KernelInput(
        advance=q_phi_kernel.advance,
        units=(Delta, 1.0),
        table=table,
        coefficients=coefficients,
        x_end=model.device.track.length / Delta,
        noise_per_sqrt_dt=noise,
        rate=GAMMA_0 * Ms,
    )


def delta_input(model: QPhiDeltaModel, temperature: float, noise_scale: float = 1.0) -> KernelInput:
    """Scale a model of moving width to its kernel; arguments as `kernel_input`.

    Raises:
        InputError: the wall is too soft at this temperature for the linear averages.
    """
    g = model.device.geometry
    torque = model.response.p / (model.Delta * g.s2)
    rest, table, shared = _shared(model, temperature, noise_scale, torque)
    mobility = 6 / (math.pi**2 * model.alpha)
    coefficients = DeltaCoefficients(
        **shared,
        half_h_sigma=0.5 * model.h_sigma / model.Ms,
        mobility_v=mobility,
        noise_v=math.sqrt((1 + model.alpha**2) / (4 * FRICTION)) / model.alpha,
    )
    units = (model.Delta, 1.0, model.Delta)
    return _input(rest, q_phi_delta_kernel.advance, units, table, coefficients)


def chi_input(model: QPhiChiModel, temperature: float, noise_scale: float = 1.0) -> KernelInput:
    """Scale a model of the tilt to its kernel; arguments as `kernel_input`.

    Raises:
        InputError: the wall is too soft at this temperature for the linear averages.
    """
    rest, table, shared = _shared(model, temperature, noise_scale)
    coefficients = ChiCoefficients(
        **shared,
        h_sigma=model.h_sigma / model.Ms,
        mobility_chi=12 / model.alpha,
        rho=model.device.track.width / model.Delta,
        noise_chi=math.sqrt(12 * (1 + model.alpha**2)) / model.alpha,
        saturation=model.response.saturation,
        edge=model.edge_stiffness * model.h_sigma / model.Ms,
    )
    return _input(rest, q_phi_chi_kernel.advance, (model.Delta, 1.0, 1.0), table, coefficients)


def _shared(model, temperature, noise_scale, *torque):
    """Return the rigid wall's kernel input, the packed table with t1 if any, and the shared coefficients."""
    g, r, Delta = model.device.geometry, model.response, model.Delta
    energy = model.sigma_0 * float(g.s2.min()) * model.t
    if energy < LEAST_STIFFNESS * K_B * temperature:
        found = f"{energy / (K_B * temperature):.1f} kB T at {temperature:g} K"
        raise InputError(
            f'device "{model.device.name}": the wall energy sigma_0 s2 t = {found} must be >= {LEAST_STIFFNESS:g} kB T '
            f'for the model {model.device.wall.model}; use "q-phi"'
        )
    rest = kernel_input(model, temperature, noise_scale)
    p = -model.extra_force(g.q) / (2 * MU_0 * model.Ms**2 * model.t * g.s2)
    columns = (
        Delta * g.ds2 / g.s2, Delta * g.ds1 / g.s2, g.s1 / g.s2,
        Delta * r.db2 / g.s2, Delta * r.db1 / g.s2, r.b1 / g.s2,
        r.b2 / g.s2, *torque, p, np.sqrt(g.w_0 / g.s2),
    )  # fmt: skip
    table, unit = pack(np.stack(np.broadcast_arrays(*columns), axis=1))
    shared = rest.coefficients._asdict() | {"table_unit": unit, "h_D": 0.5 * math.pi * model.Q * model.H_D / model.Ms}
    return rest, table, shared


def _input(rest: KernelInput, advance, units, table, coefficients) -> KernelInput:
    return KernelInput(advance, units, table, coefficients, rest.x_end, rest.noise_per_sqrt_dt, rest.rate)


def field_rows(model: QPhiModel, field: Field) -> tuple[float, float, float]:
    """Return the applied field and that of the device as the kernel does: pi/2 (H_x + Q H_D), pi/2 H_y, Q H_z [Ms]."""
    half_pi, field = math.pi / 2, model.whole(field)
    return (
        half_pi * (field.H_x + model.Q * model.H_D) / model.Ms,
        half_pi * field.H_y / model.Ms,
        model.Q * field.H_z / model.Ms,
    )
