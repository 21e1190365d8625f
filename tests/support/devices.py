"""Text of device files that several tests begin with."""

MATERIAL = """[material]
Ms = 7e5
A = 1e-11
K_u = 4.8e5
D = 1e-3
alpha = 0.3
"""
"""Ta/CoFeB-like."""
NOTCH = """[[notch]]
position = "200 nm"
shape = "triangular"
depth = "10 nm"
width = "30 nm"
"""
"""In the middle of a track of 400 nm."""
TRACK = """[track]
length = "400 nm"
width = "64 nm"
thickness = "0.6 nm"
[torque]
theta_SH = 0.1
"""
