"""The jitted kernel against the plain numpy model: one Heun scheme written out here in SI, and an adaptive integrator.

The kernel reads its force tables linearly, the model through cubic splines: with everything switched on the two differ
by a term of second order in the cell, which the tests follow as cells get smaller. On a straight track they
agree to the rounding of the packed table.
"""

import numpy as np
import pytest
from numba import njit
from scipy.integrate import solve_ivp

import llg.device.geometry
from dwcore.numerics.noise import normal_pair, step_bits, stream_id, trajectory_keys
from llg.constants import K_B
from llg.device.device_file import device_from_mapping
from llg.device.pulse import Waveform
from llg.kernels.heun import LANES
from llg.kernels.q_phi import advance, excess_energy
from llg.landscape.settling import Settling
from llg.landscape.wells import find_wells
from llg.runs.ensemble import Drive, simulate
from llg.runs.scaling import field_rows, kernel_input
from llg.runs.time_step import time_step
from llg.walls.q_phi import Field, QPhiModel

TEMPERATURE = 300.0
FIELD = Field(H_x=2e4, H_y=-1.5e4, H_z=3e3)
CURRENT = 1.3e11
LENGTH = 300e-9


def make_device(Q=1.0, notched=True):
    """Everything on: both spin-orbit torques, spin transfer, half-crowded current, shape field, extra potential."""
    q = np.linspace(0, LENGTH, 31)
    notches = [
        {"position": 150e-9, "shape": "triangular", "depth": 14e-9, "width": 60e-9},
        {"position": 190e-9, "shape": "gaussian", "depth": 8e-9, "width": 30e-9},
    ]
    return device_from_mapping(
        {
            "name": "everything",
            "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 0.4e-3, "alpha": 0.15},
            "wall": {"Q": Q, "H_K": 2e4},
            "track": {"length": LENGTH, "width": 64e-9, "thickness": 0.6e-9},
            "notch": notches if notched else [],
            "torque": {"theta_SH": 0.12, "k_FL": -0.3, "P": 0.6, "beta": 0.2, "current_crowding": 0.4},
            "stack": {"t_HM": 5e-9, "rho_HM": 2e-6, "rho_FM": 1e-6},
            "potential": {"q": q.tolist(), "V": (2e-21 * np.cos(q / 40e-9)).tolist()},
        }
    )


@njit(fastmath={"contract"}, error_model="numpy")
def fill_normals(key_1, key_2, out):
    for step in range(out.shape[0]):
        for lane in range(out.shape[2]):
            out[step, 0, lane], out[step, 1, lane] = normal_pair(step_bits(key_1[lane], key_2[lane], np.uint64(step)))


def noise_keys():
    keys = np.empty((2, LANES), np.uint64)
    trajectory_keys(stream_id(3, 0), np.uint64(0), *keys)
    return keys


def lanes_at_start():
    rng = np.random.default_rng(17)
    return rng.uniform(100e-9, 220e-9, LANES), rng.uniform(-4, 8, LANES), rng.uniform(-1, 1, LANES) * CURRENT


def run_kernel(model, shape, dt, temperature, heat=1.0):
    """Final (q, phi) of the kernel for a current shape, and relative temperature, at the ends of the steps."""
    q, phi, current = lanes_at_start()
    scaled = kernel_input(model, temperature)
    step = dt * scaled.rate
    rows = np.ones((shape.size, 5))
    rows[:, 0], rows[:, 1:4], rows[:, 4] = shape, field_rows(model, FIELD), heat
    x = q / model.Delta
    noise = scaled.noise_per_sqrt_dt * np.sqrt(step)
    steps = shape.size - 1
    advance(
        x, phi, current, *noise_keys(), rows, 0, steps, step, noise, scaled.table, scaled.x_end, scaled.coefficients
    )
    return x * model.Delta, phi


def stratonovich(model, q, phi, current, temperature):
    """Velocities with the drift of the q-dependent noise, and its amplitude [1/sqrt(s)] on q/Delta and phi."""
    v, rate = model.velocity(q, phi, current, FIELD)
    s = model.widths(q)
    alpha, mobile = model.alpha, K_B * temperature / model.friction(q) / (1 + model.alpha**2)
    slope = s.ds2 / s.s2 * model.Delta
    v = v - 0.5 * alpha * mobile * slope * model.Delta  # of the Ito drift, -1, half belongs to the scheme
    rate = rate - model.Q * mobile * slope
    return v, rate, np.sqrt(2 * alpha * mobile)


def run_reference(model, shape, dt, temperature, heat=1.0):
    """Final (q, phi) of Heun's scheme in SI with the same noise."""
    q, phi, current = lanes_at_start()
    T = temperature * np.broadcast_to(heat, shape.size)
    normals = np.empty((shape.size - 1, 2, LANES))
    fill_normals(*noise_keys(), normals)
    for n, (z_q, z_phi) in enumerate(normals * np.sqrt(dt)):
        v_0, r_0, b_0 = stratonovich(model, q, phi, current * shape[n], T[n])
        q_1, phi_1 = q + v_0 * dt + model.Delta * b_0 * z_q, phi + r_0 * dt + b_0 * z_phi
        v_1, r_1, b_1 = stratonovich(model, q_1, phi_1, current * shape[n + 1], T[n + 1])
        q = q + 0.5 * ((v_0 + v_1) * dt + (b_0 + b_1) * model.Delta * z_q)
        phi = phi + 0.5 * ((r_0 + r_1) * dt + (b_0 + b_1) * z_phi)
    return q, phi


def difference(model, steps=40, temperature=TEMPERATURE, hottest=1.0):
    """Largest difference of the two in q/Delta or phi, and how far the lanes have moved."""
    dt = time_step(model)
    shape, heat = np.sin(np.linspace(0.3, 2.5, steps + 1)), np.linspace(1.0, hottest, steps + 1)
    kernel, reference = (run(model, shape, dt, temperature, heat) for run in (run_kernel, run_reference))
    moved = np.abs(kernel[0] - lanes_at_start()[0]).max() / model.Delta
    gap = np.abs(kernel[0] - reference[0]) / model.Delta
    return max(gap.max(), np.abs(kernel[1] - reference[1]).max()), moved


@pytest.mark.parametrize("Q", [1.0, -1.0])
def test_straight_track_agrees_to_the_rounding_of_the_table(Q):
    """No geometry and no potential but all torques, fields and the noise."""
    mapping = make_device(Q, notched=False).config()
    del mapping["potential"]
    gap, moved = difference(QPhiModel(device_from_mapping(mapping)))
    assert moved > 1
    assert gap < 1e-7


@pytest.mark.parametrize("Q", [1.0, -1.0])
def test_everything_on_agrees_to_the_order_of_the_table(monkeypatch, Q):
    """In notches, on a track that heats up."""
    gaps = []
    for cells in (40, 160):
        monkeypatch.setattr(llg.device.geometry, "CELLS_PER_DELTA", cells)
        gap, moved = difference(QPhiModel(make_device(Q)), hottest=3.0)
        gaps.append(gap)
    assert moved > 1
    assert gaps[0] < 1e-3
    assert 8 < gaps[0] / gaps[1] < 32  # second order: 16, but each gap is a maximum over lanes


def test_a_single_term_off_is_seen():
    """Negative control: a twentieth of the weakest torque more, or the noise drift left out, breaks the agreement."""
    model = QPhiModel(make_device())
    agreed, _ = difference(model)
    other = QPhiModel(make_device())
    other.beta *= 1.05
    dt, shape = time_step(model), np.sin(np.linspace(0.3, 2.5, 41))
    kernel = run_kernel(model, shape, dt, TEMPERATURE)
    for reference in (run_reference(other, shape, dt, TEMPERATURE), run_reference(model, shape, dt, 301.0)):
        assert np.abs(kernel[0] - reference[0]).max() / model.Delta > 3 * agreed


def test_noise_has_the_temperature_at_each_end_of_a_step():
    """A track that heats up by a tenth per step: predictor with the old temperature, corrector with the new one."""
    mapping = make_device(notched=False).config()
    del mapping["potential"]
    model = QPhiModel(device_from_mapping(mapping))
    dt, shape = time_step(model), np.sin(np.linspace(0.3, 2.5, 21))
    heat = np.linspace(1.0, 3.0, shape.size)
    kernel, reference = (run(model, shape, dt, TEMPERATURE, heat) for run in (run_kernel, run_reference))
    assert np.abs(kernel[0] - reference[0]).max() / model.Delta < 1e-7
    assert np.abs(kernel[1] - reference[1]).max() < 1e-7
    # Negative control: one temperature for a whole step, that of its beginning.
    late = run_reference(model, shape, dt, TEMPERATURE, np.append(heat[0], heat[:-1]))
    assert np.abs(kernel[1] - late[1]).max() > 1e-3


@pytest.mark.parametrize("Q", [1.0, -1.0])
def test_adaptive_integrator_without_noise(monkeypatch, Q):
    """T = 0, current ramps: within 5e-4 wall widths and radians all along 3 ns, of several wall widths and radians."""
    monkeypatch.setattr(llg.device.geometry, "CELLS_PER_DELTA", 160)
    device = make_device(Q)
    model = QPhiModel(device)
    waveform = Waveform(np.array([0.0, 1e-9, 2e-9, 3e-9]), np.array([0.0, 1.0, 1.0, -0.5]))
    start = (165e-9, 2.0)
    drive = Drive(waveform=waveform, current_density=CURRENT, field=FIELD)
    dt = 0.02 / model.fastest_rate(FIELD)
    end = simulate(device, drive, n=1, start=start, seed=0, temperature=0.0, dt=dt, samples=30, jobs=1)

    def velocity(time, state):
        current = CURRENT * np.interp(time, waveform.time, waveform.value)
        v, rate = model.velocity(state[0] * model.Delta, state[1], current, FIELD)
        return [v / model.Delta, rate]

    exact = solve_ivp(
        velocity, (0, 3e-9), [start[0] / model.Delta, start[1]], t_eval=end.time, rtol=1e-9, atol=1e-9, max_step=2e-11
    )
    np.testing.assert_allclose(end.q_samples[:, 0] / model.Delta, exact.y[0], atol=5e-4)
    np.testing.assert_allclose(end.phi_samples[:, 0], exact.y[1], atol=5e-4)
    assert np.ptp(exact.y[0]) > 1


def test_wall_close_to_the_end_of_the_track_still_moves():
    """A third of a wall width from either end is on the track."""
    device = make_device()
    drive = Drive(waveform=Waveform(np.array([0.0, 1e-12]), np.array([1.0, 1.0])), field=Field(H_z=5e4))
    for q in (2e-9, LENGTH - 2e-9):
        assert simulate(device, drive, n=1, start=(q, 0.0), seed=1, temperature=0.0, jobs=1).q[0] != q


def test_excess_energy_is_that_of_the_model():
    """E(q, phi) less the level of a settled wall, as the kernel reads it, against the energy of the model."""
    model = QPhiModel(make_device())
    settling = Settling(model, find_wells(model, TEMPERATURE), TEMPERATURE)
    surface, q = settling.surface(1e-9), model.device.geometry.q
    known = np.isfinite(surface[:, 0])
    inside = 1 + np.flatnonzero(known[:-2] & known[1:-1] & known[2:])[::7]
    phi = np.linspace(-3, 3, inside.size)
    found = [excess_energy(q[i], angle, surface, 1 / q[1]) for i, angle in zip(inside, phi, strict=True)]
    flat = [excess_energy(q[i], 0.0, surface, 1 / q[1]) for i in inside]
    rise = model.energy(q[inside], phi) - model.energy(q[inside], 0 * phi)
    np.testing.assert_allclose(np.subtract(found, flat), rise, rtol=0, atol=1e-9 * np.abs(rise).max())


@pytest.mark.parametrize("name", ["q-phi", "q-phi-delta", "q-phi-chi"])
def test_wall_that_has_left_stays_outside(name):
    """Beyond the end the wall is frozen where it crossed, within a step's way of the end, and so is all else of it."""
    device = make_device().replace({"wall.model": name, "notch.depth": 8e-9})
    drive = Drive(waveform=Waveform(np.array([0.0, 20e-9]), np.array([1.0, 1.0])), field=Field(H_z=5e4))
    end = simulate(device, drive, n=64, start=(290e-9, 0.0), seed=1, samples=50, jobs=1)
    assert end.left.all()
    assert np.all((end.q >= LENGTH) & (end.q < LENGTH + 10e-9))
    gone = end.q_samples[25] > LENGTH
    assert gone.any()
    for coordinate, samples in end.samples.items():
        np.testing.assert_array_equal(samples[25][gone], end.final[coordinate][gone])
