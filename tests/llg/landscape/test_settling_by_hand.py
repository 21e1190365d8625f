"""The bound on the escape of a wall at rest, from the energy of the model alone: its formula on a grid of (q, phi)."""

import math

import numpy as np
import pytest

from llg.constants import GAMMA_0, K_B, MU_0
from llg.device.device_file import device_from_mapping
from llg.landscape.settling import CHANCE, EscapeBound, Settling
from llg.landscape.wells import find_wells
from llg.walls.q_phi import QPhiModel

KT = K_B * 300.0


def make_model(field, alpha=0.2, Q=1.0, thickness=1.2e-9, **more):
    return QPhiModel(
        device_from_mapping(
            {
                "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 2e-4, "alpha": alpha},
                "wall": {"shape": "rigid", "H_K": 2e4, "Q": Q},
                "track": {"length": 400e-9, "width": 64e-9, "thickness": thickness},
                "notch": [{"position": 200e-9, "shape": "cosine", "depth": 9e-9, "width": 120e-9}],
                "field": field,
            }
            | more
        )
    )


@pytest.mark.parametrize("alpha", [0.05, 0.5])
@pytest.mark.parametrize(("field", "Q"), [({"H_y": 6e3, "H_z": 900.0}, 1.0), ({"H_x": -5e3}, -1.0)])
def test_constants_of_the_bound(field, Q, alpha):
    """Gamma = max D G where e < e_edge, cells = Gamma |Omega|/(2 min D); G by differences of the energy."""
    model = make_model(field, alpha, Q)
    (well,) = find_wells(model, 300.0)
    bound = Settling(model, [well], 300.0).bounds[0]
    unit, Delta = 1.05 * KT, model.Delta
    q = np.linspace(well.left_edge, well.right_edge, 1501)
    phi = np.linspace(-np.pi, np.pi, 240, endpoint=False)
    h_x, h_phi = 0.02, 0.01

    def e(shift_x=0.0, shift_phi=0.0):
        return model.energy(q[:, None] + shift_x * Delta, phi + shift_phi) / unit

    here, right, left, up, down = e(), e(h_x), e(-h_x), e(0, h_phi), e(0, -h_phi)
    e_x, e_xx = (right - left) / (2 * h_x), (right + left - 2 * here) / h_x**2
    e_phi, e_phiphi = (up - down) / (2 * h_phi), (up + down - 2 * here) / h_phi**2
    w = model.widths(q)
    a = (Delta * w.ds2 / w.s2)[:, None]
    G = e_xx + e_phiphi - a * e_x + np.abs(a * e_phi) / alpha
    D = alpha / (1 + alpha**2) * unit * GAMMA_0 / (2 * MU_0 * 7e5 * Delta * 1.2e-9 * w.s2[:, None])
    edge = here[[0, -1]].min()
    omega = here < edge
    rate = (D * G)[omega].max()
    area = np.count_nonzero(omega) * (q[1] - q[0]) / Delta * (phi[1] - phi[0])
    least = (D * np.ones(phi.size))[omega].min()
    assert bound.edge == pytest.approx(edge * unit, abs=0.02 * KT) and bound.unit == pytest.approx(unit)
    assert bound.rate == pytest.approx(rate, rel=0.01)
    assert bound.cells == pytest.approx(rate * area / (2 * least), rel=0.03)


def test_chance_and_level_of_a_bound():
    """P = exp(1 + (E - edge)/kT) (1 + Gamma t cells), at most 1; the level is where it is 1e-9."""
    bound = EscapeBound(edge=30 * KT, unit=KT, rate=2e9, cells=50.0)
    assert bound.chance(5 * KT, 1e-9) == pytest.approx(math.exp(-24) * 101)
    assert bound.chance(29.9 * KT, 1e-9) == 1.0
    assert bound.level(1e-9) == pytest.approx(KT * (30 - 1 + math.log(1e-9) - math.log(101)))
    assert bound.chance(bound.level(3e-9), 3e-9) == pytest.approx(CHANCE) == 1e-9


def test_walls_at_rest_lie_below_their_levels():
    """Deep wells: the level of the bound, without time left that of exp(1 + e); shallow ones 5 kB T, 3 from the edge."""
    model = make_model({}, thickness=3e-9)
    (well,) = find_wells(model, 300.0)
    lowest = min(well.barrier_left, well.barrier_right)
    settling = Settling(model, [well], 300.0)
    at_once = lowest + 1.05 * KT * (math.log(1e-9) - 1)
    assert lowest > 40 * KT and settling.rest_levels(0.0) == pytest.approx([at_once])
    later = settling.bounds[0].level(2e-9) - well.energy
    assert settling.rest_levels(2e-9) == pytest.approx([later]) and 5 * KT < later < at_once
    for share, level in ((15, 5), (6, 3)):  # a barrier of 15 and of 6 kB T
        hot = Settling(model, [well], lowest / share / K_B)
        assert hot.rest_levels(2e-9) == pytest.approx([level * lowest / share])
    assert Settling(model, [well], 0.0).rest_levels(1.0) == pytest.approx([lowest])
    for H_z in (900.0, -900.0):  # less is left to climb on the side to which the field pulls
        tilted = make_model({"H_z": H_z})
        (well,) = find_wells(tilted, 300.0)
        left, right = well.barrier_left, well.barrier_right
        assert Settling(tilted, [well], 0.0).rest_levels(1.0) == pytest.approx([right if H_z > 0 else left])
        assert (right < 0.9 * left) is (H_z > 0)


@pytest.mark.parametrize("more", [{}, {"profile": {"x": [0.0, 150e-9, 400e-9], "H_x_at": [0.0, 4e3, 1e3]}}])
def test_surface_is_the_energy_less_the_level_of_its_well(more):
    model = make_model({"H_x": 3e3, "H_y": -2e3, "H_z": 500.0}, **more)
    (well,) = find_wells(model, 300.0)
    settling, q = Settling(model, [well], 300.0), model.device.geometry.q
    surface = settling.surface(2e-9)
    inside = (q > well.left_edge) & (q < well.right_edge)
    assert np.isinf(surface[~inside, 0]).all() and np.isfinite(surface[inside]).all()
    for phi in (0.4, 2.5, -1.0):
        energy = surface[inside] @ [1, math.cos(phi) ** 2, math.cos(phi), math.sin(phi)]
        expected = model.energy(q[inside], phi) - settling.bounds[0].level(2e-9)
        np.testing.assert_allclose(energy, expected, atol=1e-6 * KT)


@pytest.mark.parametrize("Q", [1.0, -1.0])
@pytest.mark.parametrize("more", [{}, {"profile": {"x": [0.0, 150e-9, 400e-9], "H_y_at": [0.0, 4e3, -1e4]}}])
def test_slopes_of_the_parts_are_the_forces_on_the_wall(more, Q):
    """-dE/d(q/Delta) = 2 mu0 Ms t s2 Delta f1, and its own slope along the track; H_z makes a tenth of it and more."""
    model = make_model({"H_x": 3e3, "H_y": -2e3, "H_z": 2e3}, Q=Q, **more)
    parts = Settling(model, [], 300.0).parts
    scale = -2 * MU_0 * model.Ms * model.t * model.Delta * model.widths(parts.q).s2
    for phi in (0.4, 2.5, -1.0):
        slope = parts.slope.T @ [1, math.cos(phi) ** 2, math.cos(phi), math.sin(phi)]
        bend = parts.curvature.T @ [1, math.cos(phi) ** 2, math.cos(phi), math.sin(phi)]
        expected = scale * model.fields(parts.q, phi)[0]
        np.testing.assert_allclose(slope, expected, atol=1e-6 * np.abs(expected).max())
        across = np.gradient(expected, parts.q / model.Delta)
        np.testing.assert_allclose(bend[2:-2], across[2:-2], atol=1e-3 * np.abs(across).max())
