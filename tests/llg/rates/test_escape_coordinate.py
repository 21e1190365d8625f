"""How far an escape has come, on a made-up landscape whose work, valleys and integrals are known.

E/kB T = V(x) + K [1 - cos(phi - c x)],  V = B [1 - cos(2 pi (x - 5)/10)]/2,  x = q/Delta,  friction N
"""

import dataclasses
import math
import types

import numpy as np
import pytest
from scipy.integrate import quad

from llg.constants import K_B
from llg.landscape.wells import Well
from llg.rates.escape_coordinate import _work_left, core_energies, motion_in_well, place_of
from llg.rates.thermal_grid import thermal_grid

T = 300.0
KT, DELTA, N, LENGTH = K_B * T, 5e-9, 3e-20, 20.0


@dataclasses.dataclass
class Made:
    """Wells at x = 5 and 15 between saddles at 0, 10 and 20; what lies beyond the middle is lower by `drop` kB T."""

    barrier: float = 8.0
    K: float = 60.0
    c: float = 0.0
    alpha: float = 0.5
    Q: int = 1
    drop: float = 0.0
    Delta = DELTA
    device = types.SimpleNamespace(track=types.SimpleNamespace(length=LENGTH * DELTA))

    def potential(self, x):
        drop = np.where(x > 10, self.drop, 0.0)
        return 0.5 * (self.barrier + drop) * (1 - np.cos(0.2 * np.pi * (x - 5))) - drop

    def energy(self, q, phi):
        x = np.asarray(q) / DELTA
        return KT * (self.potential(x) + self.K * (1 - np.cos(phi - self.c * (x - 5))))

    def friction(self, q):
        return N

    @property
    def wells(self):
        both = zip((5.0, 15.0), (0.0, self.drop), strict=True)
        return [made_well(x, -drop, self.barrier + drop, self.barrier + drop) for x, drop in both]

    def place(self, home, direction, behind=None):
        """Return the landscape, and its progress at a place and angle; the barrier behind may be another one."""
        grid, wells = thermal_grid(self, self.wells, T), self.wells
        if behind is not None:
            side = "barrier_left" if direction > 0 else "barrier_right"
            wells[home] = dataclasses.replace(wells[home], **{side: behind * KT})
        place = place_of(self, wells, grid, home, direction, T)

        def progress(x, phi=0.0):
            angle = np.argmin(np.abs(grid.phi - phi % (2 * math.pi)))
            return float(place.progress[round(x * grid.inverse_step), angle])

        return place, progress


def made_well(x, energy, left, right):
    edges = {"left_edge": (x - 5) * DELTA, "right_edge": (x + 5) * DELTA, "left_foot": 0.0, "right_foot": 0.0}
    held = {"barrier_left": left * KT, "barrier_right": right * KT, "depinning_field_left": 0.0}
    return Well(q=x * DELTA, phi=0.0, energy=energy * KT, **edges, **held, depinning_field_right=0.0)


@pytest.mark.parametrize(("Q", "c", "alpha"), [(1, 0.0, 0.02), (1, 0.6, 0.5), (-1, 0.6, 0.5), (-1, -0.4, 3.0)])
def test_motion_at_the_bottom_in_units_of_its_thermal_widths(Q, c, alpha):
    """z = (X, Y) with (X^2 + Y^2)/2 = E/kB T, X = 0 in the valley of x = 0, and dz/dt = -A z of the Thiele equations."""
    it = Made(c=c, alpha=alpha, Q=Q)
    xx, xp, pp = 0.5 * it.barrier * (0.2 * math.pi) ** 2 + c**2 * it.K, -c * it.K, it.K
    motion = motion_in_well(it, it.wells[0])

    def z(x, phi):
        return np.array([math.sqrt(xx - xp**2 / pp) * x, math.sqrt(pp) * (phi + xp / pp * x)])

    for x, phi in ((0.3, 0.1), (-0.2, 0.4)):
        E_x, E_phi = xx * x + xp * phi, xp * x + pp * phi
        assert 0.5 * z(x, phi) @ z(x, phi) == pytest.approx(0.5 * (E_x * x + E_phi * phi))
        rate = KT / (N * (1 + alpha**2))
        speed = -rate * (alpha * E_x - Q * E_phi), -rate * (Q * E_x + alpha * E_phi)
        assert -motion.matrix @ z(x, phi) == pytest.approx(z(*speed), rel=1e-4)
    assert motion.frequency == pytest.approx(KT / N * math.sqrt((xx * pp - xp**2) / (1 + alpha**2)), rel=1e-4)
    assert motion.damping == pytest.approx(rate * alpha * (xx + pp), rel=1e-4)
    swing = 0.25 * motion.damping**2 - motion.frequency**2
    assert motion.slowest == pytest.approx(0.5 * motion.damping - math.sqrt(max(swing, 0.0)), rel=1e-4)


def test_an_angle_that_nothing_holds_counts_as_held_by_a_twentieth_of_the_place():
    it = Made(K=0.0)
    xx = 0.5 * it.barrier * (0.2 * math.pi) ** 2
    motion = motion_in_well(it, it.wells[0])
    assert motion.frequency == pytest.approx(KT / N * xx * math.sqrt(0.05 / (1 + it.alpha**2)), rel=1e-4)


def test_the_core_is_one_kT_deep_or_a_quarter_of_the_lower_barrier():
    wells = [made_well(5.0, -2.0, 9.0, 5.0), made_well(15.0, 1.0, 2.0, 8.0), made_well(25.0, 0.0, 7.0, 1.0)]
    assert core_energies(wells, T) / KT == pytest.approx([-1.0, 1.5, 0.25])


@pytest.mark.parametrize("X", [-2.0, 0.0, 1.0, 2.5, 3.9, 4.2])
def test_work_against_a_valley_is_the_height_that_is_left(X):
    """Overdamped, the least work from 0 <= X to the top is that of the way down, turned about; from X < 0 by the bottom."""
    work = float(_work_left(np.diag([1.0, 40.0]), 4.0, np.array([[X]]), np.array([[0.5]]))[0, 0])
    assert work == pytest.approx(0.5 * max(16.0 - max(X, 0.0) ** 2, 0.0), abs=0.05)


@pytest.mark.parametrize(("X", "Y"), [(0.0, 2.0), (-2.0, 0.0), (1.0, -2.0), (-2.0, 4.0)])
def test_work_of_a_wall_that_swings_is_the_energy_that_is_left(X, Y):
    """Lightly damped, wherever it is in its swing; without it, 8 kB T are left."""
    swinging = np.array([[0.002, -1.0], [1.0, 0.002]])
    work = float(_work_left(swinging, 4.0, np.array([[X]]), np.array([[Y]]))[0, 0])
    assert work == pytest.approx(max(0.5 * (16.0 - X**2 - Y**2), 0.0), abs=0.4)


def test_a_wall_that_swings_over_the_top_by_itself_needs_no_work():
    """With 10 kB T of the 8 that it takes, whatever noise could add in so short a time."""
    swinging = np.array([[1e-6, -1.0], [1.0, 1e-6]])
    assert _work_left(swinging, 4.0, np.array([[-2.0]]), np.array([[4.0]])) == 0.0


@pytest.mark.parametrize(("home", "direction"), [(0, 1), (1, -1)])
def test_progress_of_a_wall_that_creeps_is_the_height_of_the_valley(home, direction):
    """V from the bottom to the saddle, then all that it fell, and ln(1 + integral of exp(V - V_saddle) dx) throughout."""
    it = Made(alpha=2.0, K=200.0, drop=2.0)
    place, progress = it.place(home, direction)
    start, saddle = it.wells[home].q / DELTA, it.wells[home].barrier_left / KT

    def V(way):
        return float(it.potential(start + direction * way) - it.potential(start))

    for way in (0.0, 1.0, 2.5, 4.0, 5.0, 7.0, 10.0, 12.0):
        crossed = math.log1p(quad(lambda d: math.exp(V(d) - saddle), 0, way, limit=200)[0])
        fallen = saddle - V(min(way, 10.0))
        assert progress(start + direction * way) == pytest.approx(
            (V(way) if way <= 5 else saddle + fallen) + crossed, abs=0.25
        )
    assert progress(start - 3.0 * direction) == pytest.approx(0.0, abs=0.25)
    assert place.energy[round(start * place.inverse_step), 0] == pytest.approx(0.0, abs=0.01)
    for x, core in ((2.0, 1.0), (18.0, 1.0 - it.drop)):
        assert place.core[round(x * place.inverse_step)] == pytest.approx(core - float(it.potential(start)))


@pytest.mark.parametrize("direction", [1, -1])
def test_progress_of_a_wall_that_swings_is_its_energy_up_to_either_saddle(direction):
    """Energy of the angle counts as that of the place; what lies above the saddle behind leaves on that side."""
    it = Made(alpha=1e-3)
    _, progress = it.place(0 if direction > 0 else 1, direction, behind=5.0)
    start = 5.0 if direction > 0 else 15.0
    for way, phi in ((0.0, 0.3), (0.0, -0.4), (1.5, 0.2), (-1.0, 0.2)):
        energy = float(it.energy((start + direction * way) * DELTA, phi)) / KT
        assert energy < 5.0
        assert progress(start + direction * way, phi) == pytest.approx(energy, abs=0.5)
    assert progress(start + 1.0 * direction, 0.9) == pytest.approx(it.barrier, abs=0.1)  # 24 kB T
    assert progress(start - 4.0 * direction) == pytest.approx(5.0)


@pytest.mark.parametrize("direction", [1, -1])
def test_a_wall_far_up_the_other_side_comes_back_with_what_its_angle_can_hold(direction):
    """From 18 kB T there, as its angle turns around at 2 K."""
    it = Made(barrier=20.0, K=6.0, alpha=0.01)
    _, progress = it.place(0 if direction > 0 else 1, direction)
    assert it.potential(1.0) > 18
    assert progress((5.0 if direction > 0 else 15.0) - 4.0 * direction) == pytest.approx(12.0, abs=0.5)


@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("Q", [1, -1])
def test_an_angle_that_drives_the_wall_towards_the_saddle_is_progress(Q, direction):
    """alpha f1 - Q f2 with f2 = -dE/dphi/N: an angle above the valley moves a wall of Q = 1 to the right."""
    it = Made(alpha=0.5, Q=Q)
    _, progress = it.place(0 if direction > 0 else 1, direction)
    start = 5.0 if direction > 0 else 15.0
    ahead, back = (progress(start, sign * Q * direction * 0.4) for sign in (1, -1))
    assert ahead > back + 0.5
