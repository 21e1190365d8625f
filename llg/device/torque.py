"""Current-induced torques: effective fields and drift velocity per current density."""

import dataclasses

from dwcore.parameters import Parameters, quantity
from llg.constants import E_CHARGE, HBAR, MU_0, MU_B


@dataclasses.dataclass(frozen=True, kw_only=True)
class Torque(Parameters):
    """Spin-orbit and spin-transfer torque."""

    theta_SH: float = quantity(
        "spin Hall angle; theta_SH J D > 0 drives the wall to +x", "1", default=0.0, ge=-10, le=10
    )
    k_FL: float = quantity("field-like over damping-like effective field", "1", default=0.0)
    P: float = quantity("spin polarization of the current in the ferromagnet", "1", default=0.0, ge=0, le=1)
    beta: float = quantity("non-adiabaticity of the spin-transfer torque", "1", default=0.0)
    current_crowding: float = quantity(
        "0: uniform J; 1: J(x) = J w_0/w(x); between: the weighted mean of both", "1", default=1.0, ge=0, le=1
    )

    def damping_like_field(self, Ms: float, thickness: float) -> float:
        """H_DL/J = hbar theta_SH/(2 e mu0 Ms t) [m]: effective field -H_DL m x y per heavy-metal current density."""
        return HBAR * self.theta_SH / (2 * E_CHARGE * MU_0 * Ms * thickness)

    def drift_velocity(self, Ms: float) -> float:
        """u/J_e = mu_B P/(e Ms) [m^3/C] per current density along the electron flow in the ferromagnet."""
        return MU_B * self.P / (E_CHARGE * Ms)
