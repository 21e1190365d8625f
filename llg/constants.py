"""Physical constants (CODATA 2022) and the gyromagnetic ratio with its sign.

Written out, so that results do not depend on the version of another library, whose import would also take longer than
all of `llg`. A test compares them with `scipy.constants`.

References:
    P. J. Mohr, D. B. Newell, B. N. Taylor, E. Tiesinga, Rev. Mod. Phys. 97, 025002 (2025).
"""

MU_0 = 1.25663706127e-6
K_B = 1.380649e-23
HBAR = 6.62607015e-34 / 6.283185307179586
E_CHARGE = 1.602176634e-19
MU_B = 9.2740100657e-24
GAMMA_0 = 2.21276157e5
"""gamma_0 = mu0 |gamma_e| with g = 2.0023 [m/(A s)], positive: dm/dt = -gamma_0 m x H."""
