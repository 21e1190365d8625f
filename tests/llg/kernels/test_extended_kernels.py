"""The kernels with three coordinates against the numpy models: Heun's scheme written out, an adaptive integrator.

The noise drifts are the ones of `docs/theory-extended-walls.md`, in SI and from the mobilities. The kernels read their
tables linearly, the models through cubic splines: on a straight track they agree to the rounding of the packed table,
on a notched one to second order in the cell.
"""

import dataclasses
import math

import numpy as np
import pytest
from numba import njit
from scipy.integrate import solve_ivp

import llg.device.geometry
from dwcore.numerics.noise import normal_pair, step_bits, stream_id, third_normals, trajectory_keys
from llg.constants import K_B, MU_0
from llg.device.device_file import device_from_mapping
from llg.device.pulse import Waveform
from llg.kernels import q_phi_chi, q_phi_delta
from llg.kernels.heun import LANES
from llg.runs.drive import Drive
from llg.runs.ensemble import simulate
from llg.runs.models import equation_of
from llg.runs.scaling import field_rows
from llg.walls.deformed_geometry import tilt_response, widening_response
from llg.walls.q_phi import Field
from llg.walls.q_phi_chi import QPhiChiModel
from llg.walls.q_phi_delta import QPhiDeltaModel

TEMPERATURE = 300.0
FIELD = Field(H_x=2e4, H_y=-1.5e4, H_z=3e3)
CURRENT = 1.3e11
LENGTH = 300e-9
MODELS = ("q-phi-delta", "q-phi-chi")


def make_model(name, Q=1.0, notched=True):
    """Everything on: both spin-orbit torques, spin transfer, half-crowded current, shape field, extra potential."""
    q = np.linspace(0, LENGTH, 31)
    notches = [
        {"position": 150e-9, "shape": "triangular", "depth": 10e-9, "width": 60e-9},
        {"position": 190e-9, "shape": "gaussian", "depth": 5e-9, "width": 30e-9},
    ]
    potential = {"potential": {"q": q.tolist(), "V": (2e-21 * np.cos(q / 40e-9)).tolist()}}
    device = device_from_mapping(
        {
            "name": "everything",
            "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 0.4e-3, "alpha": 0.15},
            "wall": {"Q": Q, "H_K": 2e4, "model": name},
            "track": {"length": LENGTH, "width": 64e-9, "thickness": 0.6e-9},
            "notch": notches if notched else [],
            "torque": {"theta_SH": 0.12, "k_FL": -0.3, "P": 0.6, "beta": 0.2, "current_crowding": 0.4},
            "stack": {"t_HM": 5e-9, "rho_HM": 2e-6, "rho_FM": 1e-6},
            **(potential if notched else {}),
        }
    )
    return equation_of(device).model(device)


def saturating(model):
    """The model with averages that saturate as the wall tilts, as in tracks of many notches; of these two they do not."""
    if "chi" in names(model):
        model.response = dataclasses.replace(model.response, saturation=2.0)
    return model


@njit(fastmath={"contract"}, error_model="numpy")
def fill_normals(key_1, key_2, out):
    for step in range(out.shape[0]):
        for lane in range(out.shape[2]):
            counter = np.uint64(step)
            out[step, 0, lane], out[step, 1, lane] = normal_pair(step_bits(key_1[lane], key_2[lane], counter))
            pair = third_normals(key_1[lane], key_2[lane], counter - counter % np.uint64(2))
            out[step, 2, lane] = pair[step % 2]


def noise_keys():
    keys = np.empty((2, LANES), np.uint64)
    trajectory_keys(stream_id(3, 0), np.uint64(0), *keys)
    return keys


def lanes_at_start(model):
    rng = np.random.default_rng(17)
    third = rng.uniform(0.85, 1.2, LANES) * model.Delta if "Delta" in names(model) else rng.uniform(-0.5, 0.5, LANES)
    start = rng.uniform(100e-9, 220e-9, LANES), rng.uniform(-4, 8, LANES), third
    return start, rng.uniform(-1, 1, LANES) * CURRENT


def names(model):
    return [name for name, _ in model.coordinates]


def run_kernel(model, shape, dt, temperature, heat=1.0, parts=1):
    """Final coordinates of the kernel for a current shape, and relative temperature, at the ends of the steps.

    The steps are made in `parts` calls.
    """
    start, current = lanes_at_start(model)
    scaled = equation_of(model.device).kernel_input(model, temperature, 1.0)
    step = dt * scaled.rate
    rows = np.ones((shape.size, 5))
    rows[:, 0], rows[:, 1:4], rows[:, 4] = shape, field_rows(model, FIELD), heat
    state = [values / unit for values, unit in zip(start, scaled.units, strict=True)]
    noise = scaled.noise_per_sqrt_dt * np.sqrt(step)
    for steps in np.array_split(np.arange(shape.size - 1), parts):
        scaled.advance(
            *state, current, *noise_keys(), rows, steps[0], steps.size, step, noise,
            scaled.table, scaled.x_end, scaled.coefficients,
        )  # fmt: skip
    return [values * unit for values, unit in zip(state, scaled.units, strict=True)]


def mobilities(model, q, third):
    """Symmetric mobilities of (q, phi, third) and the antisymmetric one of q and phi, in SI."""
    N, alpha, Delta = model.friction(q), model.alpha, model.Delta
    if "Delta" in names(model):
        lam = third / Delta
        D_q, D_phi = alpha * lam * Delta**2, alpha / lam
        D_third = third**2 / (alpha * math.pi**2 / 12 * N * lam)
    else:
        C, S = np.cos(third), np.sin(third)
        D_q, D_phi = alpha * Delta**2 / C, alpha * C
        rho = model.widths(q).s2 / Delta
        D_third = 12 * C**3 / (alpha * N * (rho + (math.pi * S) ** 2 / (2 * rho)) ** 2)
    one = N * (1 + alpha**2)
    return D_q / one, D_phi / one, D_third, -model.Q * Delta / one


def stratonovich(model, state, current, temperature):
    """Velocities with the drifts of the multiplicative noise, and its amplitudes [unit/sqrt(s)].

    Drift kT d_j G_ij less half of b_i d_i b_i, all derivatives by differences. The width runs as v = sqrt(Delta): the
    drift of v is that of Delta over 2 v, and the correction the one in v.
    """
    q, phi, third = state
    kT = K_B * temperature
    drift = list(model.velocity(q, phi, third, current, FIELD))
    D = mobilities(model, q, third)
    h_q, h_3 = 1e-3 * model.Delta, 1e-4 * (model.Delta if "Delta" in names(model) else 1.0)
    along = [
        (a - b) / (2 * h_q)
        for a, b in zip(mobilities(model, q + h_q, third), mobilities(model, q - h_q, third), strict=True)
    ]
    across = (mobilities(model, q, third + h_3)[2] - mobilities(model, q, third - h_3)[2]) / (2 * h_3)
    drift[0] = drift[0] + 0.5 * kT * along[0]
    drift[1] = drift[1] - kT * along[3]
    drift[2] = drift[2] + (1.0 if "Delta" in names(model) else 0.5) * kT * across
    amplitude = [np.sqrt(2 * kT * d) for d in D[:3]]
    if "Delta" in names(model):
        # Ito: dv = dDelta/(2 v) - D/(4 v^3) dt, of the amplitude b/(2 v), which does not depend on v.
        v = np.sqrt(third)
        drift[2] = drift[2] / (2 * v) - kT * D[2] / (4 * v**3)
        amplitude[2] = amplitude[2] / (2 * v)
    return np.array(drift), np.array(amplitude)


def run_reference(model, shape, dt, temperature, heat=1.0):
    """Final coordinates of Heun's scheme in SI with the same noise."""
    T = temperature * np.broadcast_to(heat, shape.size)
    state, current = lanes_at_start(model)
    normals = np.empty((shape.size - 1, 3, LANES))
    fill_normals(*noise_keys(), normals)
    inner, outer = (np.sqrt, np.square) if "Delta" in names(model) else (np.asarray, np.asarray)
    y = np.array([state[0], state[1], inner(state[2])])
    for n, z in enumerate(normals * np.sqrt(dt)):
        a_0, b_0 = stratonovich(model, (y[0], y[1], outer(y[2])), current * shape[n], T[n])
        ahead = y + a_0 * dt + b_0 * z
        a_1, b_1 = stratonovich(model, (ahead[0], ahead[1], outer(ahead[2])), current * shape[n + 1], T[n + 1])
        y = y + 0.5 * ((a_0 + a_1) * dt + (b_0 + b_1) * z)
    return [y[0], y[1], outer(y[2])]


def difference(model, steps=40, temperature=TEMPERATURE, hottest=1.0):
    """Largest difference of the two in wall widths or radians, and how far the lanes have moved."""
    dt = 0.1 / model.fastest_rate(FIELD)
    shape, heat = np.sin(np.linspace(0.3, 2.5, steps + 1)), np.linspace(1.0, hottest, steps + 1)
    kernel, reference = (run(model, shape, dt, temperature, heat) for run in (run_kernel, run_reference))
    scale = model.Delta, 1.0, model.Delta if "Delta" in names(model) else 1.0
    start, _ = lanes_at_start(model)
    moved = [np.abs(k - s).max() / unit for k, s, unit in zip(kernel, start, scale, strict=True)]
    return max(np.abs(k - r).max() / unit for k, r, unit in zip(kernel, reference, scale, strict=True)), min(moved)


@pytest.mark.parametrize("Q", [1.0, -1.0])
@pytest.mark.parametrize("name", MODELS)
def test_straight_track_agrees_to_the_rounding_of_the_table(name, Q):
    gap, moved = difference(make_model(name, Q, notched=False))
    assert moved > 0.1
    assert gap < 3e-7


@pytest.mark.parametrize("name", MODELS)
def test_everything_on_agrees_to_the_order_of_the_table(monkeypatch, name):
    """In notches, on a track that heats up."""
    gaps = []
    for cells in (40, 160):
        monkeypatch.setattr(llg.device.geometry, "CELLS_PER_DELTA", cells)
        widening_response.cache_clear()
        tilt_response.cache_clear()
        gap, moved = difference(saturating(make_model(name, -1.0)), hottest=3.0)
        gaps.append(gap)
    widening_response.cache_clear()
    tilt_response.cache_clear()
    assert moved > 0.1
    assert gaps[0] < 1e-3
    assert 8 < gaps[0] / gaps[1] < 32


@pytest.mark.parametrize("name", MODELS)
def test_noise_has_the_temperature_at_each_end_of_a_step(name):
    """A track that heats up by a tenth per step: predictor with the old temperature, corrector with the new one."""
    model = make_model(name, notched=False)
    dt, shape = 0.1 / model.fastest_rate(FIELD), np.sin(np.linspace(0.3, 2.5, 21))
    heat = np.linspace(1.0, 3.0, shape.size)
    kernel, reference = (run(model, shape, dt, TEMPERATURE, heat) for run in (run_kernel, run_reference))
    late = run_reference(model, shape, dt, TEMPERATURE, np.append(heat[0], heat[:-1]))
    for found, right, wrong in zip(kernel, reference, late, strict=True):
        scale = np.abs(right).max()
        assert np.abs(found - right).max() < 1e-6 * scale
        assert np.abs(found - wrong).max() > 1e-5 * scale  # negative control: that of the beginning for a whole step


@pytest.mark.parametrize("name", MODELS)
def test_steps_in_parts_are_the_same_steps(name):
    """Calls of 13 steps begin with even and with odd ones, whose third deviates share a hash with the step before."""
    model = make_model(name)
    dt, shape = 0.1 / model.fastest_rate(FIELD), np.sin(np.linspace(0.3, 2.5, 53))
    whole, parts = (run_kernel(model, shape, dt, TEMPERATURE, parts=parts) for parts in (1, 4))
    np.testing.assert_array_equal(parts, whole)


@pytest.mark.parametrize("name", MODELS)
def test_third_coordinate_is_held_within_its_bounds(name):
    """Steps so long that one crosses the whole range."""
    model = make_model(name, notched=False)
    _, _, third = run_kernel(model, np.zeros(9), 30 / model.fastest_rate(FIELD), TEMPERATURE)
    low, high = (0.25, 4.0) if "Delta" in names(model) else (-1.4, 1.4)
    third = third / model.Delta if "Delta" in names(model) else third
    assert (
        np.all((third >= low * (1 - 1e-12)) & (third <= high * (1 + 1e-12))) if low > 0 else np.all(abs(third) <= high)
    )
    assert np.any(np.isclose(third, high, rtol=1e-9, atol=0))


@pytest.mark.parametrize(("kernel", "model", "root"), [(q_phi_delta, QPhiDeltaModel, 2), (q_phi_chi, QPhiChiModel, 1)])
def test_bounds_of_the_loop_are_those_of_the_model(kernel, model, root):
    """The width runs as its root."""
    low, high = model.bounds
    assert kernel.held(low - 9.0) ** root == low and kernel.held(high + 9.0) ** root == high
    assert kernel.held(0.9 * high ** (1 / root)) == 0.9 * high ** (1 / root)


@pytest.mark.parametrize("name", MODELS)
def test_one_degree_is_seen(name):
    """Negative control: noise of another temperature in the reference breaks the agreement."""
    model = make_model(name)
    agreed, _ = difference(model)
    dt, shape = 0.1 / model.fastest_rate(FIELD), np.sin(np.linspace(0.3, 2.5, 41))
    kernel, other = run_kernel(model, shape, dt, TEMPERATURE), run_reference(model, shape, dt, TEMPERATURE + 1)
    assert np.abs(kernel[0] - other[0]).max() / model.Delta > 3 * agreed


@pytest.mark.parametrize("Q", [1.0, -1.0])
@pytest.mark.parametrize("name", MODELS)
def test_adaptive_integrator_without_noise(monkeypatch, name, Q):
    """T = 0, current ramps: within 1e-3 wall widths and radians all along 1.5 ns."""
    monkeypatch.setattr(llg.device.geometry, "CELLS_PER_DELTA", 160)
    widening_response.cache_clear()
    tilt_response.cache_clear()
    model = make_model(name, Q)
    waveform = Waveform(np.array([0.0, 0.5e-9, 1e-9, 1.5e-9]), np.array([0.0, 1.0, 1.0, -0.5]))
    start = (165e-9, 2.0)
    drive = Drive(waveform=waveform, current_density=CURRENT, field=FIELD)
    end = simulate(model.device, drive, n=1, start=start, seed=0, temperature=0.0, samples=15, jobs=1)
    scale = np.array([model.Delta, 1.0, model.Delta if "Delta" in names(model) else 1.0])

    def velocity(time, state):
        current = CURRENT * np.interp(time, waveform.time, waveform.value)
        return np.array(model.velocity(*(state * scale), current, FIELD)) / scale

    exact = solve_ivp(
        velocity, (0, 1.5e-9), np.array(model.complete(*start)) / scale, t_eval=end.time, rtol=1e-8, atol=1e-8,
        max_step=1e-11,
    )  # fmt: skip
    widening_response.cache_clear()
    tilt_response.cache_clear()
    for name, unit, y in zip(names(model), scale, exact.y, strict=True):
        np.testing.assert_allclose(end.samples[name][:, 0] / unit, y, atol=1e-3)
        assert np.ptp(y) > 0.05


@pytest.mark.parametrize("name", MODELS)
def test_forces_are_the_slopes_of_the_energy(name):
    """All energy terms, field-like torque included; differences of second order."""
    model = saturating(make_model(name))
    (q, phi, third), _ = lanes_at_start(model)
    forces = model.forces(q, phi, third, 0.0, FIELD, fl_current=CURRENT)
    friction = 2 * MU_0 * model.Ms * model.t * model.widths(q).s2
    width = "Delta" in names(model)
    scale = 1.0, third if width else model.Delta, 1.0 if width else model.Delta
    for i, step in enumerate((1e-4 * model.Delta, 1e-5, 1e-5 * (model.Delta if width else 1.0))):
        sides = []
        for sign in (1, -1):
            at = [q, phi, third]
            at[i] = at[i] + sign * step
            sides.append(model.energy(*at, FIELD, CURRENT))
        slope = -(sides[0] - sides[1]) / (2 * step) / friction / scale[i]
        np.testing.assert_allclose(forces[i], slope, rtol=0, atol=1e-5 * np.abs(slope).max())


def test_third_normal():
    """Moments of the third deviate, and no correlation with the other two nor between neighbours; 4 standard errors."""
    keys = np.empty((2, 256), np.uint64)
    trajectory_keys(stream_id(5, 0), np.uint64(0), *keys)
    z = np.empty((2000, 3, 256))
    fill_normals(*keys, z)
    third, n = z[:, 2], z[:, 2].size
    assert abs(third.mean()) < 4 / math.sqrt(n)
    assert third.var() == pytest.approx(1, abs=4 * math.sqrt(2 / n))
    assert np.mean(third**4) == pytest.approx(3, abs=4 * math.sqrt(96 / n))
    others = z[:, 0], z[:, 1], z[:, 0] ** 2 - 1, np.roll(third, 1, axis=0), np.roll(third, 1, axis=1)
    for other in others:
        spread = math.sqrt(np.mean(other**2) / n)
        assert abs(np.mean(third * other)) < 4 * spread
