"""Depinning currents do not depend on how far the next notch is, nor on how slowly the wall gets there."""

import dataclasses
import math
import types

import numpy as np
import pytest

from dwcore.errors import RunError
from llg.device.device_file import device_from_mapping, load_device
from llg.landscape.wells import find_wells
from llg.runs import depinning
from llg.runs.depinning import _Push, depinning_current, depinning_steps, rest_angles
from llg.runs.time_step import largest_time_step
from llg.walls.q_phi import QPhiModel

FILM = {"Ms": 1.1e6, "A": 1.6e-11, "K_u": 1.27e6, "D": 1e-3, "alpha": 0.3}


def track_of(pitch, depth=0.5e-9, film=FILM, torque=None):
    """The rigid wall and its wells on a track with two shallow notches, whose mirror image it is."""
    places = [500e-9, 500e-9 + pitch]
    mapping = {
        "material": film,
        "track": {"length": 1e-6 + pitch, "width": 100e-9, "thickness": 0.6e-9},
        "torque": torque or {"theta_SH": 0.1},
        "wall": {"shape": "rigid"},
        "notch": [{"position": x, "shape": "triangular", "depth": depth, "width": 40e-9} for x in places],
    }
    model = QPhiModel(device_from_mapping(mapping))
    return model, find_wells(model, 300.0)


@pytest.fixture(scope="module")
def near():
    model, wells = track_of(100e-9)
    return depinning_current(model, wells[0], 1)


def test_depinning_current_is_that_of_the_notch(near):
    """A wall of a few m/s that has left the notch gets nowhere near the middle of 2 um in 20 ns."""
    model, wells = track_of(2e-6)
    assert len(wells) == 2 and near < 3e10
    ways = np.array([[depinning_current(model, well, side) for side in (-1, 1)] for well in wells])
    assert ways == pytest.approx(near, rel=3e-4)


def test_the_edge_of_the_well_within_a_fixed_time_is_another_question(near, monkeypatch):
    """Negative control: asked whether the wall has passed the middle between two notches within 20 ns, the pitch counts."""
    model, (well, _) = track_of(2e-6)
    monkeypatch.setattr(depinning, "HOLDS", (20e-9,))
    passed = dataclasses.replace(well, right_foot=well.right_edge)
    assert depinning_current(model, passed, 1) > 1.5 * near


def test_a_wall_that_turns_in_its_well_for_ever_is_held():
    """A Bloch wall under both torques: below 6.667e11 A/m^2 it turns and stays, above it turns and gets on, in 100 ns."""
    model, (well, _) = track_of(300e-9, 20e-9, FILM | {"D": 0.0}, {"theta_SH": 0.12, "P": 0.5, "beta": 0.2})
    current = depinning_current(model, well, 1)
    for share, leaves in ((0.997, False), (1.003, True)):
        drive = depinning.Drive(
            waveform=depinning.Waveform(np.array([0.0, 400e-9]), np.ones(2)),
            current_density=share * current * np.array([1.0, -1.0]),
        )
        starts = [(well.q, phi) for phi in depinning.rest_angles(model, well)]
        ends = [depinning.simulate(model.device, drive, n=2, start=x, seed=0, temperature=0.0) for x in starts]
        assert any(np.any(end.q > well.right_foot) for end in ends) is leaves
        assert max(np.abs(end.phi).max() for end in ends) > 100


@pytest.mark.parametrize(
    ("rest", "start", "back", "ends"),
    [(-1.0, -1.0, -0.5, True), (-1.0, -1.0, 0.3, False), (0.1, -1.0, -0.5, False), (-0.2, -0.5, -0.1, True)],
)
def test_a_wall_that_relaxes_to_its_rest_from_behind_is_seen(rest, start, back, ends):
    """exp(-t/tau) ends at `rest`, foot at 0, for any tau; from in front of the start, or to beyond the foot, nothing is said."""
    time = np.linspace(0, 1, 240)[:, None]
    tau = np.array([0.3, 1.0, 3.0])
    way = rest + (start + back - rest) * np.exp(-time / tau)
    way[0] = start
    way = np.where(time > 0, way, start)
    assert np.array_equal(depinning._creeps_back(way), np.full(3, ends) & (way[119:].max(axis=0) < start))
    assert not depinning._creeps_back(way[::-1]).any()


def test_a_bloch_wall_that_a_current_has_pushed_back_needs_no_long_steps(monkeypatch):
    """Spin-Hall torque does not move a Bloch wall for good: it falls back to the bottom, however strong, and none leaves."""
    device = load_device("five_state")
    model = QPhiModel(dataclasses.replace(device, material=dataclasses.replace(device.material, D=0.0)))
    well = find_wells(model, 300.0)[2]
    lengths, simulated = [], depinning.simulate

    def simulate(device, drive, **options):
        lengths.append(drive.waveform.time[-1])
        return simulated(device, drive, **options)

    monkeypatch.setattr(depinning, "simulate", simulate)
    monkeypatch.setattr(depinning, "WINDOWS", depinning.WINDOWS[1:3])
    assert depinning_current(model, well, 1) == np.inf and set(lengths) == {depinning.HOLDS[0]}
    monkeypatch.setattr(depinning, "_creeps_back", lambda way: np.zeros(way.shape[1], bool))
    assert depinning_current(model, well, 1) == np.inf and depinning.HOLDS[-1] in lengths
    monkeypatch.undo()
    monkeypatch.setattr(depinning, "simulate", simulate)
    monkeypatch.setattr(depinning, "WINDOWS", depinning.WINDOWS[:3])
    lengths.clear()
    assert depinning_current(model, well, 1) == np.inf and lengths[-2:] == [depinning._SHORT] * 2


def test_an_even_track_between_notches_is_no_row_of_wells():
    """Humps of 2 kB T at the feet of notches make one well between them, whatever rounding does to the energy in it."""
    for pitch in (1e-6, 2e-6, 3e-6):
        mapping = {
            "material": FILM,
            "track": {"length": 2 * pitch, "width": 1e-6, "thickness": 0.6e-9},
            "torque": {"theta_SH": 0.12},
            "notch": [{"position": x * pitch, "depth": 0.2e-6, "width": 60e-9, "shape": "cosine"} for x in (0.5, 1.5)],
        }
        wells = find_wells(QPhiModel(device_from_mapping(mapping)), 300.0)
        places = np.array([well.q for well in wells])
        assert len(wells) == 3 and places + places[::-1] == pytest.approx(2 * pitch, abs=0.2e-9)


SWINGING = {"Ms": 9e5, "A": 1e-11, "K_u": 6.2e5, "D": 5e-5, "alpha": 0.015}


def swinging(alpha):
    """The wall of a film of CoFeB, between Bloch and Neel, in a notch of a wide track, and its well."""
    mapping = {
        "material": SWINGING | {"alpha": alpha},
        "track": {"length": 600e-9, "width": 200e-9, "thickness": 1.2e-9},
        "torque": {"theta_SH": -0.1, "P": 0.6, "beta": 0.02},
        "wall": {"shape": "rigid"},
        "notch": [{"position": 300e-9, "shape": "gaussian", "depth": 25e-9, "width": 100e-9}],
    }
    model = QPhiModel(device_from_mapping(mapping))
    return model, find_wells(model, 300.0)[0]


def leaves(model, well, currents):
    """Which steps [A/m^2] drive the wall to the right out of its well from any angle of rest, held for 400 ns."""
    drive = depinning.Drive(
        waveform=depinning.Waveform(np.array([0.0, 400e-9]), np.ones(2)), current_density=np.array(currents)
    )
    starts = [(well.q, phi) for phi in depinning.rest_angles(model, well)]
    case = {"n": len(currents), "seed": 0, "temperature": 0.0}
    return np.any(
        [depinning.simulate(model.device, drive, start=x, **case).q > well.right_foot for x in starts], axis=0
    )


def test_a_larger_step_that_holds_the_wall_again_is_found():
    """Held for 400 ns, ten times the time in which it swings to rest: out at J_dep, in at the step named, out far above.

    The step named is the least of those tried: each of them from J_dep to it drives the wall out.
    """
    model, well = swinging(0.015)
    least, again = depinning_steps(model, well, 1)
    assert least == depinning_current(model, well, 1) and again > least
    ends = leaves(model, well, -np.array([0.99, 1.01, again / least, 4.0]) * least)
    assert np.array_equal(ends, [False, True, False, True])
    tried = np.geomspace(*depinning.WINDOWS[:2], depinning._LANES)
    between = tried[(tried > least) & (tried < again * (1 - 1e-9))]
    assert leaves(model, well, -between).all() and np.isclose(tried, again, rtol=1e-9).any()


def test_no_larger_step_holds_a_damped_wall():
    """Negative control: at alpha = 0.3 the angle does not swing, and every step above the least drives the wall out."""
    model, well = swinging(0.3)
    least, again = depinning_steps(model, well, 1)
    assert np.isfinite(least) and np.isnan(again)


SEARCHED = {
    "Bloch": (FILM | {"D": 0.0}, {"theta_SH": 0.12, "P": 0.5, "beta": 0.2}),
    "between": (SWINGING | {"alpha": 0.05}, {"theta_SH": -0.1, "P": 0.6, "beta": 0.02}),
}


@pytest.mark.parametrize("name", SEARCHED)
@pytest.mark.parametrize("side", [-1, 1])
def test_a_second_angle_that_cannot_be_less_is_not_searched(name, side, monkeypatch):
    """Two angles of rest: the least current is that of both alone, with fewer steps; none is a few steps too high."""
    film, torque = SEARCHED[name]
    model, wells = track_of(300e-9, 20e-9, film, torque)
    steps, simulated = [], depinning.simulate

    def simulate(device, drive, **options):
        run = simulated(device, drive, **options)
        steps.append(run.n_steps)
        return run

    monkeypatch.setattr(depinning, "simulate", simulate)
    least = depinning_steps(model, wells[0], side)
    taken, both = sum(steps), depinning.rest_angles(model, wells[0])
    steps.clear()
    alone = [depinning._Push(model, wells[0], phi, side).steps_below(np.inf) for phi in both]
    assert len(both) == 2 and least[0] == pytest.approx(min(alone)[0], rel=2e-4)
    assert taken < 0.9 * sum(steps)


def test_a_place_that_holds_nothing_is_no_well(near):
    """A foot behind the start is passed at once, by the least current as well."""
    model, (well, _) = track_of(100e-9)
    with pytest.raises(RunError, match=r"leaves the well at .* below 1e\+09 A/m\^2; not a well"):
        depinning_current(model, dataclasses.replace(well, right_foot=well.q - 1e-9), 1)


def pushed(**given):
    """A push of a wall whose motion is made up."""
    push = object.__new__(_Push)
    vars(push).update({"usual": 1.0, "Delta": 1e-8, "well": types.SimpleNamespace(q=0.0)} | given)
    return push


def test_steps_go_on_below_the_first_that_drives_the_wall_out():
    """Held, a fiftieth of Delta further, out, and as far above the first one out: only the second is given more time."""
    time, asked = np.linspace(0, 1, 241)[:, None], []

    def way(J, length):
        asked.append((J.tolist(), length))
        gained = np.array([0.0, 0.05e-8, 6e-8, 0.05e-8])[J.astype(int)] * (length if length == 1 else 200)
        return -5e-8 + gained * time

    out, held, lengths = pushed(_way=way).out_of_well(np.arange(4.0), (1, 2, 3))
    assert asked == [([0, 1, 2, 3], 1), ([1], 2)] and lengths == (2, 3)
    assert out.tolist() == [False, True, True, False] and held.tolist() == [True, False, False, False]


@pytest.mark.parametrize("threshold", [3.2e10, -3.5e10, 2.7e12, -2e13])
def test_the_least_step_is_the_middle_of_the_last_bracket(threshold):
    """63 parts of 12.8 %, 63 of one of these, and half of that, at most 1.7e-5; either sign, through all windows.

    What cannot be less than a limit is not tried: for one within the first window, both signs of that. A step lasts up to
    180 ns, and above 2e12 A/m^2 it begins with 4 ns.
    """
    asked, holds = [], (20e-9, 60e-9, 180e-9)

    def out_of_well(J, lengths):
        asked.append(lengths)
        out = J / threshold > 1
        return out, ~out, lengths

    push = pushed(out_of_well=out_of_well)
    least, again = push.steps_below(math.inf)
    assert least == pytest.approx(abs(threshold), rel=1.8e-5) and math.isnan(again)
    assert asked[0] == holds and asked[-1] == (holds if abs(threshold) < 2e12 else (4e-9, *holds))
    asked.clear()
    assert pushed(out_of_well=lambda J, lengths: out_of_well(0 * J, lengths)).steps_below(1.9e12) is None
    assert len(asked) == 2
    assert push.steps_below(abs(threshold)) is None


@pytest.mark.parametrize("gate", [{}, {"gate": {"delta_K_u": 1e3}}])
def test_a_wall_is_pushed_without_noise_from_its_foot_on(monkeypatch, gate):
    """A width follows the wall in the largest steps that the current allows, but not under a gate."""
    model, (well, _) = track_of(100e-9)
    device, asked = device_from_mapping(model.device.config() | gate).replace({"wall.model": "q-phi-delta"}), {}

    def simulate(device, drive, **given):
        asked.update(given, drive=drive)
        return types.SimpleNamespace(q_samples=np.array([[well.left_foot + 2e-9, well.left_foot - 3e-9]]))

    monkeypatch.setattr(depinning, "simulate", simulate)
    push = _Push(QPhiModel(device), well, well.phi, -1)
    assert push._way(np.array([1e13, 3e13]), 5e-9)[0] == pytest.approx([-2e-9, 3e-9])
    assert asked["drive"].current_density.tolist() == [-1e13, -3e13] and asked["drive"].length == 5e-9
    assert (asked["temperature"], asked["n"], asked["start"]) == (0.0, 2, (well.q, well.phi))
    assert asked["dt"] == (None if gate else largest_time_step(push.wall, current_density=3e13))
    assert gate or asked["dt"] < largest_time_step(push.wall)


@pytest.mark.parametrize("H_z", [0.0, 3e4, -3e4])
def test_the_usual_sign_is_that_of_the_current_whatever_field_drives_the_wall(H_z):
    model, (well, _) = track_of(100e-9)
    for theta_SH, sign in ((0.1, 1.0), (-0.1, -1.0)):
        device = model.device.replace({"field.H_z": H_z, "torque.theta_SH": theta_SH})
        assert _Push(QPhiModel(device), well, well.phi, 1).usual == sign


def test_angles_of_rest_are_told_apart():
    """A Neel wall has one, a Bloch wall two unless a field across it chooses; without any torque no current moves it."""
    neel, (well, _) = track_of(100e-9)
    assert rest_angles(neel, well) == [well.phi] and abs(math.sin(well.phi)) < 1e-3
    bloch, (well, _) = track_of(300e-9, 20e-9, FILM | {"D": 0.0})
    assert rest_angles(bloch, well) == [well.phi, -well.phi]
    held = QPhiModel(bloch.device.replace({"field.H_y": 1e3}))
    assert len(rest_angles(held, find_wells(held, 300.0)[0])) == 1


@pytest.mark.parametrize(
    ("torque", "least"), [({"P": 0.5}, 5e10), ({"theta_SH": 0.1}, 5e10), ({"k_FL": 0.5}, math.inf)]
)
def test_either_torque_may_drive_a_wall_out(monkeypatch, torque, least):
    monkeypatch.setattr(depinning, "_Push", lambda *_: types.SimpleNamespace(steps_below=lambda limit: (5e10, 6e10)))
    model, (well, _) = track_of(100e-9, torque=torque)
    assert depinning_steps(model, well, 1)[0] == least
