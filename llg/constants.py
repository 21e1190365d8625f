"""Physical constants (CODATA through scipy) and the gyromagnetic ratio with its sign."""

from scipy import constants

MU_0 = constants.mu_0
K_B = constants.k
HBAR = constants.hbar
E_CHARGE = constants.e
MU_B = constants.physical_constants["Bohr magneton"][0]
GAMMA_0 = 2.21276157e5
"""gamma_0 = mu0 |gamma_e| with g = 2.0023 [m/(A s)], positive: dm/dt = -gamma_0 m x H."""
