"""From SI to the reduced units of the kernels with three coordinates; the counterpart of `llg.runs.scaling`.

Both kernels read the same table, that of the tilt without t1. At each grid point, with zeta the measure of the
deformation:

    a = Delta s2'/s2     b = Delta s1'/s2     c = s1/s2      the wall at rest
    a1 = Delta b2'/s2    b1 = Delta b1'/s2    c1 = b1/s2     their change with zeta
    k1 = b2/s2           t1 = p/(Delta s2)                   change of s2 and of the torque potential with zeta
    p = -V_extra'/(2 mu0 Ms^2 t s2)           g = sqrt(w_0/s2)
"""

import math
from typing import NamedTuple

import numpy as np

from dwcore.errors import InputError
from llg.constants import K_B, MU_0
from llg.kernels import q_phi_chi as q_phi_chi_kernel
from llg.kernels import q_phi_delta as q_phi_delta_kernel
from llg.kernels.packed_table import pack
from llg.runs.scaling import KernelInput
from llg.runs.scaling import kernel_input as rigid_input
from llg.walls.q_phi_chi import QPhiChiModel
from llg.walls.q_phi_delta import FRICTION, QPhiDeltaModel

LEAST_STIFFNESS = 15.0
"""Least energy of the wall over kB T for which the averages may be taken as linear in the deformation."""


class DeltaCoefficients(NamedTuple):
    """What the drift of `llg.kernels.q_phi_delta` needs besides the geometry table; currents in A/m^2."""

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
    h_D: float
    half_h_sigma: float
    mobility_v: float
    noise_v: float


class ChiCoefficients(NamedTuple):
    """What the drift of `llg.kernels.q_phi_chi` needs besides the geometry table; currents in A/m^2."""

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
    h_D: float
    h_sigma: float
    mobility_chi: float
    rho: float
    noise_chi: float
    saturation: float
    edge: float


def delta_input(model: QPhiDeltaModel, temperature: float, noise_scale: float = 1.0) -> KernelInput:
    """Scale a model of moving width to its kernel; arguments as `llg.runs.scaling.kernel_input`.

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
    """Scale a model of the tilt to its kernel; arguments as `llg.runs.scaling.kernel_input`.

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
    """Kernel input of the rigid wall, the packed table with the column t1 if any, and the shared coefficients."""
    g, r, Delta = model.device.geometry, model.response, model.Delta
    energy = model.sigma_0 * float(g.s2.min()) * model.t
    if energy < LEAST_STIFFNESS * K_B * temperature:
        found = f"{energy / (K_B * temperature):.1f} kB T at {temperature:g} K"
        raise InputError(
            f'device "{model.device.name}": the wall energy sigma_0 s2 t = {found} must be >= {LEAST_STIFFNESS:g} kB T '
            f'for the model {model.device.wall.model}; use "q-phi"'
        )
    rest = rigid_input(model, temperature, noise_scale)
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
