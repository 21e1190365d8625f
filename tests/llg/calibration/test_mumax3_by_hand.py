"""The numbers in the scripts for mumax3, by hand: film, grid, outline, fields, currents and pulses."""

import dataclasses
import math
import re

import numpy as np
import pytest

from llg.calibration.mumax3 import left_out, mumax3_files
from llg.calibration.simulated_track import farthest, holding_fields, piece_of_track, reach, side_of_notch, velocity_run
from llg.device.device_file import device_from_mapping, load_device
from llg.landscape.wells import find_wells
from llg.walls.q_phi import QPhiModel

NOTCH = {"position": "200 nm", "shape": "triangular", "depth": "10 nm", "width": "30 nm"}
MAPPING = {
    "name": "one notch",
    "temperature": 320.0,
    "material": {"Ms": 7e5, "A": 1.1e-11, "K_u": 4.8e5, "D": 1e-3, "alpha": 0.3},
    "wall": {"shape": "rigid"},
    "track": {"length": "400 nm", "width": "64 nm", "thickness": "0.6 nm"},
    "torque": {"theta_SH": 0.1, "k_FL": 0.4, "P": 0.5, "beta": 0.2, "current_crowding": 0.5},
    "pulse": {"current_density": 3e11, "duration": "1 ns", "rest_time": "2 ns", "relaxation_time": "3 ns"},
    "notch": [NOTCH],
}
DEVICE = device_from_mapping(MAPPING)


def value(script, name):
    (found,) = re.findall(rf"^{name} = (.*)$", script, re.MULTILINE)
    return float(found)


def arguments(script, name):
    (found,) = re.findall(rf"^{name}\((.*)\)$", script, re.MULTILINE)
    return [float(part) for part in found.split(", ")]


@pytest.mark.parametrize("name", ["pinning.mx3", "velocity.mx3", "depinning.mx3"])
def test_film_and_grid(name):
    """In SI, as the material has them; cells of a third of the wall width, at most 2 nm, the track within the grid."""
    script = mumax3_files(DEVICE)[name]
    film = {"Msat": 7e5, "Aex": 1.1e-11, "Ku1": 4.8e5, "Dind": 1e-3, "alpha": 0.3, "xi": 0.2, "EdgeSmooth": 8}
    assert {key: value(script, key) for key in film} == film
    assert "AnisU = vector(0, 0, 1)" in script
    along, across, high = arguments(script, "SetGridSize")
    dx, dy, dz = arguments(script, "SetCellSize")
    length = piece_of_track(DEVICE, None, "mumax3").track.length
    length = velocity_run(piece_of_track(DEVICE, None, "mumax3"))[1].track.length if "velocity" in name else length
    assert (high, dz) == (1, 0.6e-9) and along * dx == pytest.approx(length, rel=1e-6) and along % 16 == 0
    assert dy == 2e-9 and 1.5e-9 < dx <= 2e-9  # a third of 7.6 nm is more
    assert 64e-9 + dy <= across * dy <= 64e-9 + 6 * dy and across % 2 == 0
    thin = DEVICE.replace({"material.K_u": 1.2e6})
    found = arguments(mumax3_files(thin)["pinning.mx3"], "SetCellSize")
    assert found[1] == pytest.approx(thin.straight_wall.Delta / 3, rel=1e-6) and found[1] < 2e-9


def test_domains_and_position_follow_the_polarity():
    """Up on the left for Q = 1; m_x of the first wall is -0.995 Q for D > 0; q_S > 0 to the right."""
    for Q in (1.0, -1.0):
        device = device_from_mapping(MAPPING | {"wall": {"shape": "rigid", "Q": Q}})
        script = mumax3_files(device)["pinning.mx3"]
        domains = [float(part) for part in re.search(r"TwoDomain\((.*)\)", script)[1].split(", ")]
        assert domains[:3] == [0, 0, Q] and domains[5:] == [0, 0, 0, -Q]
        assert domains[3] == pytest.approx(-Q * math.cos(0.1), abs=0.02) and math.hypot(*domains[3:5]) == pytest.approx(
            1
        )
        track = piece_of_track(device, None, "mumax3")
        (factor,) = set(re.findall(r"([-+\d.e]+)\*m\.comp\(2\)\.average\(\)", script))
        area = track.track.length * 64e-9 - 30e-9 * 10e-9
        assert float(factor) == pytest.approx(Q * 0.5 * area / 64e-9, rel=1e-4)


def test_fields_rise_on_both_sides_from_zero():
    """50 steps up to 1.4 times the depinning field; zero counts once."""
    (well,) = find_wells(QPhiModel(DEVICE), 320.0)
    most = 1.4 * max(well.depinning_field_left, well.depinning_field_right)
    track = piece_of_track(DEVICE, None, "mumax3")
    assert holding_fields(track) == (pytest.approx(most, rel=1e-3), pytest.approx(most / 50, rel=1e-3))
    script = mumax3_files(DEVICE)["pinning.mx3"]
    loops = re.findall(r"for size = (\S+); size < (\S+); size \+= (\S+) \{\n\tBz = (-?1)\*size", script)
    up, down = [[float(part) for part in loop] for loop in loops]
    assert up == pytest.approx([0, most, most / 50, 1], rel=1e-3)
    assert down == pytest.approx([most / 50, most, most / 50, -1], rel=1e-3)
    assert script.count("B_ext = vector(0, 0, Bz)") == 2
    assert re.findall(r"if abs\(q\) < (\S+) \{", script) == [f"{reach(track):.6g}"] * 2
    assert reach(track) == pytest.approx(farthest(track) - 10 * track.straight_wall.Delta)


def test_pulses_of_the_depinning_script():
    """Seven currents of 0.7 to 1.3 times that of the device, 20 pulses each; rest, rectangle and relaxation in turn."""
    script = mumax3_files(DEVICE)["depinning.mx3"]
    first, last, step = map(float, re.search(r"for amps = (\S+); amps < (\S+); amps \+= (\S+) \{", script).groups())
    assert np.arange(first, last, step) == pytest.approx(3e11 * np.linspace(0.7, 1.3, 7))
    assert "for k := 1; k <= 20; k++ {" in script and "\t\tseed++\n\t\tThermSeed(seed)\n" in script
    assert value(script, "FixDt") == 1e-13 and "SetSolver(2)" in script
    assert re.findall(r"Temp = (\S+)", script) == ["0", "320"]
    runs = re.findall(r"J = vector\((\S+), 0, (\S+)\)\n\t\trun\((\S+)\)", script)
    assert [(*map(float, (a.split("*")[0] or 0, b.split("*")[0] or 0)), float(t)) for a, b, t in runs[:1]] == [
        (0.5 * 1.04, 0.1, 1e-9)
    ]
    assert [float(time) for time in re.findall(r"\t\trun\((\S+)\)", script)] == pytest.approx([2e-9, 1e-9, 3e-9])
    after = script.partition("run(3e-09)")[2]
    assert re.search(r"depinned = 0\n\t\tif abs\(q\) > (\S+) \{\n\t\t\tdepinned = 1", after)
    assert "J = vector(0, 0, 0)\n\t\trun(3e-09)" in script


def test_regions_lie_under_their_columns():
    """The torque of a region is that of its width, 1 - kappa + kappa w_0/w, from one end of the track to the other."""
    script = mumax3_files(DEVICE)["pinning.mx3"]
    columns = np.array(re.findall(r"rect\((\S+), (\S+)\)\.transl\((\S+), (\S+), 0\)", script), float)
    regions = np.array(re.findall(r"DefRegion\((\d+), xrange\((\S+), (\S+)\)\)", script), float)
    torques = np.array(
        re.findall(r"Pol\.SetRegion\((\d+), (\S+)\)\nEpsilonPrime\.SetRegion\(\d+, (\S+)\)", script), float
    )
    assert len(columns) == len(regions)
    np.testing.assert_allclose(columns[::-1], columns * [1, 1, -1, 1], rtol=1e-6, atol=1e-15)  # a symmetric notch
    np.testing.assert_allclose(regions[:, 1:].mean(axis=1), columns[:, 2], atol=1e-12)
    np.testing.assert_allclose(np.diff(regions[:, 1:], axis=1)[:, 0], columns[:, 0], rtol=1e-3)
    length = piece_of_track(DEVICE, None, "mumax3").track.length
    assert (regions[0, 1], regions[-1, 2]) == pytest.approx((-0.5 * length, 0.5 * length), rel=1e-5)
    crowd = dict(zip(torques[:, 0], torques[:, 1], strict=True))
    found = np.array([crowd[number] for number in regions[:, 0]])
    np.testing.assert_allclose(found, 0.5 + 0.5 * 64e-9 / columns[:, 1], rtol=1e-5)
    np.testing.assert_allclose(torques[:, 2], -0.2 * torques[:, 1], rtol=1e-5)


def test_piece_of_track_around_a_notch_on_a_taper():
    """The width is that of the track there, the notch in its middle with 15 wall widths on either side of it."""
    track = {
        "length": 800e-9,
        "width": 64e-9,
        "thickness": 0.6e-9,
        "outline_x": [0, 800e-9],
        "outline_width": [60e-9, 100e-9],
    }
    notches = [NOTCH | {"position": 200e-9}, NOTCH | {"position": 600e-9, "edge": "lower"}]
    device = device_from_mapping(MAPPING | {"track": track, "notch": notches})
    piece = piece_of_track(device, 550e-9, "mumax3")
    assert piece.track.width == pytest.approx(90e-9) and "600.0 nm" in piece.name
    half = 15e-9 + 15 * device.straight_wall.Delta
    assert piece.track.length == pytest.approx(2 * half, rel=0.01)
    assert piece.notches[0].position == pytest.approx(0.5 * piece.track.length)
    assert side_of_notch(piece) == 0.5 and side_of_notch(piece_of_track(device, 0.0, "mumax3")) == 0.0
    upper = dataclasses.replace(piece, notches=(dataclasses.replace(piece.notches[0], edge="upper"),))
    assert side_of_notch(upper) == -0.5


@pytest.mark.parametrize("lower", [{}, {"edge_roughness_rms_lower": "2 nm", "edge_roughness_length_lower": "25 nm"}])
def test_piece_of_track_is_smooth(tmp_path, lower):
    """On both edges, as in the scripts; also once it comes back from its file."""
    rough = {"edge_roughness_rms": "1 nm", "edge_roughness_length": "30 nm"} | lower
    device = device_from_mapping(MAPPING | {"track": MAPPING["track"] | rough})
    path = tmp_path / "track.toml"
    path.write_text(mumax3_files(device)["track.toml"])
    for piece in (piece_of_track(device, None, "mumax3"), load_device(str(path))):
        assert [rms for rms, _ in piece.track.edges] == [0, 0]


def test_velocities_without_a_pulse_go_up_to_5e11():
    bare = DEVICE.replace({"pulse": None})
    currents, even, time = velocity_run(piece_of_track(bare, None, "mumax3"))
    np.testing.assert_allclose(currents, 5e11 * np.linspace(0.1, 1, 10))
    assert time >= 3e-9 and even.notches == ()
    assert any("velocity.mx3 goes up to 5e+11 A/m^2" in note for note in left_out(bare))
    weak = DEVICE.replace(alpha=0.002)
    said = " ".join(left_out(weak))
    currents, _, time = velocity_run(weak)
    assert f"in the {2e9 * time:.3g} ns that they need" in said
    assert f"settles for {1e9 * time:.3g} ns" in said and f"are {2e6 * 10 * time:.2g} us" in said
