"""The probability density of the wall under one pulse: the Fokker-Planck equation on grids of (q, phi)."""
