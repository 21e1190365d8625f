"""Walls with a width or a tilt of their own: limits, Walker breakdown, symmetry, and full micromagnetics."""

import dataclasses
import math
import re
from pathlib import Path

import numpy as np
import pytest

from dwcore.errors import InputError
from llg.constants import GAMMA_0
from llg.device.device_file import device_from_mapping
from llg.device.pulse import Waveform
from llg.landscape.wells import find_wells
from llg.runs.drive import Drive
from llg.runs.ensemble import simulate
from llg.runs.models import EQUATIONS, equation_of, with_model
from llg.walls.q_phi import Field
from llg.walls.q_phi_chi import edge_stiffness

ROOT = Path(__file__).resolve().parents[3]
PLACES = [base / "reference" / "micromagnetics" for base in (ROOT.parent / "shared", ROOT / "shared")]
REFERENCE = next((place for place in PLACES if place.is_dir()), None)
needs_reference = pytest.mark.skipif(REFERENCE is None, reason="no reference micromagnetics in ../shared/reference")

EXTENDED = ("q-phi-delta", "q-phi-chi")
THIRD = {"q-phi-delta": "Delta", "q-phi-chi": "chi"}
LENGTH = 300e-9
STEP = Waveform(np.array([0.0, 3e-9]), np.array([1.0, 1.0]))


def make_device(model, *, length=LENGTH, D=0.4e-3, alpha=0.3, wall=None, **sections):
    return device_from_mapping(
        {
            "name": "extended",
            "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": D, "alpha": alpha},
            "wall": {"H_K": 2e4, "model": model} | (wall or {}),
            "track": {"length": length, "width": 64e-9, "thickness": 0.6e-9},
            **sections,
        }
    )


class TestStiffWall:
    """A wall of large sigma_0 keeps its width and stays upright: the rigid wall. The straight track does not pin it."""

    DRIVE = Drive(
        waveform=Waveform(np.array([0.0, 0.4e-9, 0.8e-9]), np.array([0.0, 1.0, -0.5])),
        current_density=1.2e11,
        field=Field(H_x=2e4, H_y=-1.5e4, H_z=3e3),
    )

    def distance(self, name, sigma_0):
        q = np.linspace(0, LENGTH, 31)
        sections = {
            "torque": {"theta_SH": 0.12, "k_FL": -0.3, "P": 0.6, "beta": 0.2},
            "potential": {"q": q.tolist(), "V": (4e-21 * np.cos(q / 20e-9)).tolist()},
        }
        device = make_device(name, wall={"sigma_0": sigma_0}, **sections)
        rigid, other = (
            simulate(d, self.DRIVE, n=1, start=(150e-9, 2.5), seed=0, temperature=0.0, samples=20, jobs=1)
            for d in (with_model(device, "q-phi"), device)
        )
        assert np.ptp(rigid.q_samples) > 5e-9
        return max(
            np.abs(rigid.q_samples - other.q_samples).max() / 7.2e-9,
            np.abs(rigid.phi_samples - other.phi_samples).max(),
        )

    @pytest.mark.parametrize("name", EXTENDED)
    def test_approaches_the_rigid_wall(self, name):
        soft, stiff, stiffest = (self.distance(name, sigma_0) for sigma_0 in (5e-3, 5e-2, 5e-1))
        assert soft > 0.02
        assert stiff == pytest.approx(soft / 10, rel=0.5)
        assert stiffest < 0.02 * soft


class TestWalker:
    """No DMI: the width contracts as the wall turns to Neel, the velocity with it, and breakdown is at alpha H_K/2."""

    H_K, ALPHA = 6e4, 0.1

    def end(self, H_z, time=20e-9):
        device = make_device("q-phi-delta", length=3e-6, D=0.0, alpha=self.ALPHA, wall={"H_K": self.H_K})
        drive = Drive(waveform=Waveform(np.array([0.0, time]), np.zeros(2)), field=Field(H_z=H_z))
        run = simulate(device, drive, n=1, start=(0.3e-6, 1.5), seed=0, temperature=0.0, samples=40, jobs=1)
        return equation_of(device).model(device), run

    @pytest.mark.parametrize("fraction", [0.3, 0.9])
    def test_below(self, fraction):
        H_z = fraction * self.ALPHA * self.H_K / 2
        model, run = self.end(H_z)
        phi = run.phi[0]
        assert abs(math.sin(2 * phi)) == pytest.approx(fraction, rel=1e-3)
        width = model.Delta / math.sqrt(1 + self.H_K / model.h_sigma * math.cos(phi) ** 2)
        assert run.final["Delta"][0] == pytest.approx(width, rel=1e-5)
        velocity = (run.q_samples[-1, 0] - run.q_samples[-2, 0]) / (run.time[-1] - run.time[-2])
        assert velocity == pytest.approx(GAMMA_0 * width * H_z / self.ALPHA, rel=1e-3)
        if fraction > 0.5:
            assert width < 0.98 * model.Delta

    def test_above(self):
        """5 % above, the wall turns on and on; 5 % below it does not."""
        turned = [np.ptp(self.end(f * self.ALPHA * self.H_K / 2, time=40e-9)[1].phi_samples) for f in (0.95, 1.05)]
        assert turned[0] < math.pi / 2
        assert turned[1] > 2 * math.pi


OPERATIONS = {  # place, Q, phi, signs of the field, of the current, of the tilt
    "mirror x": (True, 1, lambda phi: -phi, (1, -1, -1), -1, -1),
    "half turn": (True, -1, lambda phi: phi + math.pi, (-1, -1, 1), -1, 1),
    "mirror y": (False, -1, lambda phi: math.pi - phi, (-1, 1, -1), 1, -1),
}
FIELD = (2e4, -1.5e4, 3e3)
CURRENT = np.array([-1.5e11, -0.6e11, 0.4e11, 1.1e11, 2e11])


def lopsided(name, Q, mirror, start, signs, current):
    """Trajectories on lopsided notches with every torque on."""
    place = (lambda x: LENGTH - x) if mirror else (lambda x: x)
    q = np.linspace(0, LENGTH, 31)
    device = make_device(
        name, alpha=0.15, wall={"Q": Q},
        notch=[
            {"position": place(150e-9), "shape": "triangular", "depth": 8e-9, "width": 60e-9},
            {"position": place(190e-9), "shape": "gaussian", "depth": 5e-9, "width": 30e-9},
        ],
        torque={"theta_SH": 0.12, "k_FL": -0.3, "P": 0.6, "beta": 0.2, "current_crowding": 0.4},
        potential={"q": q.tolist(), "V": (3e-21 * np.cos(place(q) / 40e-9)).tolist()},
    )  # fmt: skip
    waveform = Waveform(np.array([0.0, 0.4e-9, 0.8e-9, 1.2e-9]), np.array([0.0, 1.0, 1.0, -0.5]))
    field = Field(**dict(zip(("H_x", "H_y", "H_z"), np.multiply(signs, FIELD), strict=True)))
    drive = Drive(waveform=waveform, current_density=current, field=field)
    return simulate(device, drive, n=current.size, start=start, seed=0, temperature=0.0, samples=12, jobs=1)


@pytest.mark.parametrize("name", EXTENDED)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_symmetry(name, operation):
    mirror, flip, turn, signs, current_sign, tilt = OPERATIONS[operation]
    start = (165e-9, 2.0)
    original = lopsided(name, 1.0, False, start, (1, 1, 1), CURRENT)
    image_start = (LENGTH - start[0] if mirror else start[0], turn(start[1]))
    image = lopsided(name, flip, mirror, image_start, signs, current_sign * CURRENT)
    q = LENGTH - image.q_samples if mirror else image.q_samples
    np.testing.assert_allclose(q, original.q_samples, rtol=0, atol=5e-14)
    np.testing.assert_allclose(image.phi_samples, turn(original.phi_samples), rtol=0, atol=1e-5)
    third = THIRD[name]
    sign, unit = (tilt, 1.0) if third == "chi" else (1, 7.2e-9)
    np.testing.assert_allclose(sign * image.samples[third] / unit, original.samples[third] / unit, rtol=0, atol=1e-5)
    assert np.ptp(original.samples[third]) > 0.03 * unit
    assert np.all(np.ptp(original.q_samples, axis=0) > 2e-9)


@pytest.mark.parametrize("name", EXTENDED)
def test_rest_is_a_fixed_point(name):
    """Wells of the extended model: the wall stays, with its third coordinate at rest, where the energy is least."""
    device = make_device(name, notch=[{"position": 150e-9, "shape": "cosine", "depth": 8e-9, "width": 80e-9}])
    model = equation_of(device).model(device)
    well = find_wells(model, 300.0)[0]
    state = model.complete(well.q, well.phi)
    assert abs(well.q - 150e-9) < 1e-10
    v, turning, change = model.velocity(*state)
    unit = model.Delta if name == "q-phi-delta" else 1.0
    assert max(abs(v) / model.Delta, abs(turning), abs(change) / unit) < 1e-4 * model.fastest_rate()
    least = model.energy(*state)
    for offset in (-0.05, 0.05):
        assert model.energy(well.q, well.phi, state[2] + offset * unit) > least


@pytest.mark.parametrize("name", EXTENDED)
def test_too_soft_a_wall_is_refused(name):
    device = make_device(name, D=0.1e-3, wall={"sigma_0": 5e-4})
    drive = Drive(waveform=STEP)
    with pytest.raises(InputError, match=r'must be >= 15 kB T .* use "q-phi"'):
        simulate(device, drive, n=1, start=(150e-9, 0.0), seed=0, temperature=300.0, jobs=1)


def test_tilt_of_narrow_tracks():
    """Two-dimensional micromagnetics with local demagnetization: mean tilt at 1e11 A/m^2 against the track width.

    A = 1e-11 J/m, K_eff = 1.72e5 J/m^3, D = 1 mJ/m^2, alpha = 0.3, theta_SH = 0.1, t = 0.6 nm; cells of 2 nm,
    damping-like torque only. Slope of the straight line fitted to the wall, to 0.15 degrees by halving the cells.
    """
    for width, tilt in ((128e-9, -10.23), (96e-9, -9.76), (64e-9, -8.79), (48e-9, -7.91), (32e-9, -6.59)):
        device = make_device(
            "q-phi-chi", length=800e-9, D=1e-3, wall={"H_K": 0.0}, torque={"theta_SH": 0.1, "current_crowding": 0.0}
        )
        device = dataclasses.replace(device, track=dataclasses.replace(device.track, width=width))
        drive = Drive(waveform=Waveform(np.array([0.0, 8e-9]), np.ones(2)), current_density=1e11)
        end = simulate(device, drive, n=1, start=(150e-9, math.pi), seed=0, temperature=0.0, jobs=1)
        assert math.degrees(end.final["chi"][0]) == pytest.approx(tilt, abs=0.3), width
    assert edge_stiffness(1e-6, 7e-9) < 1e-3


def reference_model(name, length, depth=None):
    """Delta and sigma_0 of the relaxed straight wall of the reference, nothing else."""
    notch = {"position": 0.5 * length, "shape": "triangular", "depth": depth, "width": 30e-9}
    wall = {"shape": "rigid", "Delta": 7.17e-9, "sigma_0": 2.18e-3 + math.pi * 1e-3, "H_K": 0.0}
    device = make_device(
        name, length=length, D=1e-3, wall=wall, notch=[notch] if depth else [],
        torque={"theta_SH": 0.1, "current_crowding": 0.0},
    )  # fmt: skip
    return equation_of(device).model(device)


def reference_table(name):
    lines = (REFERENCE / name).read_text().splitlines()
    comments = [line for line in lines if line.startswith("#")]
    return "\n".join(comments), np.genfromtxt(REFERENCE / name, delimiter=",", names=True, skip_header=len(comments))


@needs_reference
@pytest.mark.parametrize("J", ["0.5", "1", "2"])
def test_velocity_and_tilt_against_micromagnetics(J):
    """Velocity within 3 % and tilt within 1 degree in the steady state, within 2.5 degrees while it builds up."""
    comments, trace = reference_table(f"task3_sot_J{J}.csv")
    model = reference_model("q-phi-chi", 800e-9)
    step = Waveform(np.array([0.0, 2.5e-9]), np.array([1.0, 1.0]))
    drive = Drive(waveform=step, current_density=float(J) * 1e11)
    end = simulate(model.device, drive, n=1, start=(200e-9, math.pi), seed=0, temperature=0.0, samples=50, jobs=1)
    velocity = (end.q_samples[-1, 0] - end.q_samples[-11, 0]) / (end.time[-1] - end.time[-11])
    assert velocity == pytest.approx(float(re.search(r"v_steady = ([\d.]+)", comments).group(1)), rel=0.03)
    tilt = np.degrees(end.samples["chi"][:, 0])
    expected = np.interp(end.time * 1e9, trace["t_ns"], trace["tilt_deg"])
    assert tilt[-1] == pytest.approx(expected[-1], abs=1)
    np.testing.assert_allclose(tilt, expected, rtol=0, atol=2.5)


@needs_reference
@pytest.mark.parametrize("name", list(EQUATIONS))
@pytest.mark.parametrize("depth", [6, 10])
def test_depinning_field_against_micromagnetics(name, depth):
    comments, _ = reference_table(f"task2_notch_d{depth}_W30_dx1_D1_L240.csv")
    wells = find_wells(reference_model(name, 240e-9, depth * 1e-9), 300.0)
    well = min(wells, key=lambda w: abs(w.q - 120e-9))
    found = 1e3 * well.depinning_field_right
    assert found == pytest.approx(float(re.search(r"B_dep = ([\d.]+) mT", comments).group(1)), rel=0.08)


@needs_reference
@pytest.mark.parametrize("name", list(EQUATIONS))
def test_depinning_current_against_micromagnetics(name):
    """A 3 ns current step on the wall at rest in the 10 nm notch: within 5 % of the middle of the bracket."""
    _, shots = reference_table("task4_sot_depinning_d10_W30.csv")
    depinned = shots["depinned"] > 0
    middle = 0.5 * (shots["J_1e11_A_m2"][~depinned].max() + shots["J_1e11_A_m2"][depinned].min())
    model = reference_model(name, 600e-9, 10e-9)
    J = np.linspace(2.6, 4.2, 65)
    drive = Drive(waveform=STEP, current_density=J * 1e11)
    end = simulate(model.device, drive, n=J.size, start=(300e-9, math.pi), seed=0, temperature=0.0, samples=300, jobs=1)
    out = end.q_samples.max(axis=0) > 345e-9
    assert np.all(np.diff(out.astype(int)) >= 0)
    assert not out[0]
    assert out[-1]
    assert J[np.argmax(out)] == pytest.approx(middle, rel=0.05)


def test_given_width():
    """The Bloch wall without field has the width that the device gives."""
    model = reference_model("q-phi-delta", 300e-9)
    assert model.relaxed(150e-9, math.pi / 2) == pytest.approx(7.17e-9, rel=1e-9)
