"""What a result says beside its numbers, and what is refused because no film, track or layer is like that."""

import dataclasses
import math
import re
import warnings

import numpy as np
import pytest
from scipy.optimize import fsolve, minimize_scalar

from dwcore.errors import InputError
from dwcore.storage.measurements import Measurements
from llg.calibration.data import read_positions
from llg.constants import MU_0
from llg.device.device_file import device_from_mapping, load_device
from llg.device.notch import Notch
from llg.device.pulse import Waveform
from llg.device.shape_factors import prism_factor, wall_factor, wall_of_least_energy
from llg.landscape.wells import find_wells, lowest_angle
from llg.rates import summary, thermal_grid
from llg.rates.summary import LONGEST, as_json, notes_on, well_rates
from llg.runs.depinning import depinning_current
from llg.runs.models import with_model
from llg.runs.simulation import as_json as run_json
from llg.runs.simulation import notes_on as run_notes
from llg.runs.simulation import run_pulse
from llg.runs.validity import notes, tilt_and_excess, wall_with_stray_field
from llg.runs.velocity import settling_time, straight_track, velocity_against_field
from llg.walls.analytic import straight_track_velocity
from llg.walls.q_phi import Field, QPhiModel
from llg.walls.q_phi_chi import QPhiChiModel

CHIRAL = {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 1.2e-3, "alpha": 0.3}
WEAK = CHIRAL | {"D": -0.06e-3, "alpha": 0.03}


def make_device(material=CHIRAL, *, length=400e-9, width=100e-9, thickness=0.6e-9, torque=None, notch=None, **more):
    notches = [] if notch is None else [{"position": 0.5 * length, **notch}]
    track = {"length": length, "width": width, "thickness": thickness}
    torque = {"theta_SH": 0.07} if torque is None else torque
    return device_from_mapping({"material": material, "track": track, "torque": torque, "notch": notches, **more})


TRIANGLE = {"shape": "triangular", "depth": 20e-9, "width": 60e-9}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"thickness": 0.6}, r"thickness = 0.6 \[m\].*did you mean \"0.6 nm\""),
        ({"width": 100.0}, r"width = 100 \[m\].*did you mean \"100 nm\""),
        ({"wall": {"Delta": 5.6}}, r"Delta = 5.6 \[m\].*did you mean \"5.6 nm\""),
        ({"material": CHIRAL | {"A": 15.0}}, r"A = 15 \[J/m\].*did you mean \"15 pJ/m\""),
        ({"material": CHIRAL | {"Ms": 0.58}}, r"Ms = 0.58 \[A/m\].*did you mean \"0.58 MA/m\""),
        ({"material": CHIRAL | {"Ms": 1e9}}, r"Ms = 1e\+09 \[A/m\] must be 1000 to 4e\+06 in size$"),
        ({"torque": {"theta_SH": 7.0}}, r"theta_SH = 7 .*did you mean \"7 %\""),
        ({"torque": {"theta_SH": 0.1, "k_FL": -40.0}}, r"k_FL = -40 .*must be <= 10 in size; did you mean \"-40 %\""),
        ({"material": CHIRAL | {"D": 2e-3}}, r"D = 0.002 .*spiral"),
        ({"material": CHIRAL | {"D": 1.2}}, r"D = 1.2 .*did you mean \"1.2 mJ/m\^2\""),
    ],
)
def test_slips_of_units_are_refused(changed, words):
    with pytest.raises(InputError, match=words):
        make_device(**changed)


def test_pads_in_the_wrong_unit_are_refused():
    with pytest.raises(InputError, match=r"pad_width = 300 \[m\].*did you mean \"300 nm\""):
        load_device("five_state").replace(pad_width=300.0)


def test_a_wall_too_cold_for_the_grid_of_its_wells_has_no_rates():
    """At 0.1 K the grid would take gigabytes; wells and barriers are there all the same."""
    found = well_rates(load_device("five_state"), 0.1)
    assert len(found) == 5 and all("at 0.1 K the stiffest well" in one.reason for one in found)
    assert all(one.barrier_left > 1e4 and math.isnan(one.retention) for one in found)


def test_critical_chirality():
    """4 sqrt(A K_eff)/pi = 1.67 mJ/m^2 of this film: just below it is a device, with a note."""
    most = 4 * math.sqrt(1e-11 * (4.8e5 - 0.5 * MU_0 * 7e5**2)) / math.pi
    assert most == pytest.approx(1.67e-3, rel=2e-3)
    near = make_device(CHIRAL | {"D": 0.99 * most})
    assert any("99%" in note and "spiral" in note for note in notes(near))
    with pytest.raises(InputError, match="spiral"):
        make_device(CHIRAL | {"D": -1.001 * most})


def test_silent_where_the_model_holds():
    assert notes(make_device(CHIRAL | {"D": 0.8e-3}), 5e10) == []


@pytest.mark.parametrize("noted", [False, True])
def test_notes_begin_where_they_say(noted):
    """40 Delta of width, 0.9 of the critical D of either sign, alpha = 0.05 and a change of K_u by 0.3 K_eff, each to 1 %."""
    beyond = 1.01 if noted else 0.99
    K_eff = 4.8e5 - 0.5 * MU_0 * 7e5**2
    Delta, most = math.sqrt(1e-11 / K_eff), 4 * math.sqrt(1e-11 * K_eff) / math.pi
    assert any(note.startswith("width") for note in notes(make_device(width=40 * beyond * Delta))) is noted
    for sign in (1, -1):
        strong = make_device(CHIRAL | {"D": sign * 0.9 * beyond * most})
        assert any(note.startswith("D: ") for note in notes(strong)) is noted
    weak = make_device(CHIRAL | {"alpha": 0.05 / beyond}, width=64e-9, notch=TRIANGLE | {"depth": 6e-9})
    assert any(note.startswith("alpha") for note in notes(weak)) is noted
    changes = {"x": [0.0, 1e-7, 4e-7], "K_u_factor": [1.0, 1 - 0.3 * beyond * K_eff / 4.8e5, 1.0]}
    said = [note for note in notes(make_device(CHIRAL | {"D": 0.0}, profile=changes)) if note.startswith("profile")]
    exact = 4 * (1 - math.sqrt(0.7)) / (2 * 0.3)  # of the energy, over its first order
    assert exact == pytest.approx(1.08, abs=0.01) and bool(said) is noted
    assert not noted or "up to 30% of K_eff; to first order its energy is some 8% too high" in said[0]


def test_a_gate_over_a_film_of_changing_thickness_is_noted():
    """By how far the film is off at most, 10 % at its thin end; neither of them alone says it."""
    uneven = {"profile": {"x": [0.0, 2e-7, 4e-7], "thickness_factor": [1.05, 1.0, 0.9]}}
    gated = {"gate": {"delta_K_u": 1e4}}
    said = [
        [note for note in notes(make_device(CHIRAL, torque={}, **changes)) if note.startswith("gate and profile")]
        for changes in (uneven | gated, uneven, gated)
    ]
    assert said == [
        ["gate and profile: the gate acts on a film of the nominal thickness, which is up to 10% off"], [], [],
    ]  # fmt: skip


def test_width_and_tilt_are_noted():
    wide = make_device(width=1e-6)
    assert any("131 wall widths" in note for note in notes(wide))
    necked = make_device(width=1e-6, notch={"shape": "cosine", "depth": 400e-9, "width": 300e-9})
    assert not any(note.startswith("width") for note in notes(necked)), "200 nm are left where it is narrowest"
    device = make_device()
    assert math.degrees(tilt_and_excess(device, 8.5e11)[0]) == pytest.approx(34, abs=3)
    assert tilt_and_excess(device, 0.0)[0] == 0.0
    assert tilt_and_excess(make_device(CHIRAL | {"D": 0.0}), 8.5e11) == (0.0, 0.0), "without chirality no tilt is noted"
    assert any("tilt" in note and "q-phi-chi" in note for note in notes(device, 8.5e11))
    assert 17 < math.degrees(tilt_and_excess(device, 4e11)[0]) < 28
    tilting = device.replace({"wall.model": "q-phi-chi"})
    said = [
        [note for note in notes(one, J) if note.startswith("tilt")] for one in (device, tilting) for J in (4e11, 8.5e11)
    ]
    assert ["knows no tilt" in "".join(words) for words in said] == [True, True, False, False]
    assert said[2] == [] and said[3][0].endswith("q-phi-chi is good for 30")


def test_tilt_is_noted_from_15_degrees_whichever_way_the_current_flows():
    """Up to an excess of a tenth it is only the tilt."""
    device = make_device()
    for J, noted in ((1.2e11, False), (2e11, True)):
        both = [tilt_and_excess(device, sign * J) for sign in (1, -1)]
        tilt, excess = both[0]
        assert both[1] == pytest.approx(both[0], rel=1e-2)
        assert 0.03 < excess < 0.1 and (tilt > math.radians(15)) is noted
        said = [note for note in notes(device, -J) if note.startswith("tilt")]
        assert bool(said) is noted and not any("too fast" in note for note in said)


def test_ferrimagnets_are_noted():
    """Where gamma of Gd-Co is off by more than a third: Ms/gamma = M_Co/2.2 - M_Gd/2.0, M_Co = 0.55 MA/m, in g factors."""
    film, wide = {"A": 7e-12, "K_u": 8e4, "alpha": 0.1}, {"width": 200e-9, "wall": {"H_K": 1e3}}
    for Ms, noted in ((1.9e5, True), (2.1e5, False)):
        said = notes(make_device(film | {"Ms": Ms}, **wide))
        assert [note.split(":")[0] for note in said] == ["Ms"] * noted
        more_Co = Ms / (5.5e5 / 1.1 - (5.5e5 - Ms))
        assert (more_Co > 4 / 3) == noted
    (note,) = notes(make_device(film | {"Ms": 1.2e5}, **wide))
    assert "Ms/(Ms -+ 50000 A/m)" in note and pytest.approx(1.2e5 / (1.2e5 - 5e4)) == 1.2e5 / (5.5e5 / 1.1 - 4.3e5)


def test_walls_that_are_too_fast_without_a_tilt_are_noted():
    """By the closed form without a tilt against the steady state of a wall with one and its stray field, a root of both rates."""
    film = {"Ms": 1.1e6, "A": 16e-12, "K_u": 1.27e6, "alpha": 0.3}

    def steady(device, J):
        wall = wall_of_least_energy(*(film[name] for name in ("Ms", "A", "K_u")), 0.6e-9, 64e-9)
        real = device.replace(
            {f"wall.{name}": value for name, value in zip(("Delta", "sigma_0", "H_K"), wall, strict=True)}
        )
        even = with_model(straight_track(real, 20 * device.straight_wall.Delta), "q-phi-chi")
        model, q = QPhiChiModel(even), 0.5 * even.track.length
        angles = fsolve(lambda y: [float(r) * 1e-9 for r in model.velocity(q, *y, J)[1:]], [math.pi - 0.5, 0.1])
        return float(model.velocity(q, *angles, J)[0])

    for D, noted in ((1.0e-3, False), (1.5e-3, True)):
        device, J = make_device(film | {"D": D}, width=64e-9, torque={"theta_SH": 0.12}), 7e11
        tilt, excess = tilt_and_excess(device, J)
        without = straight_track_velocity(QPhiModel(straight_track(device, 1e-7)), [J])[0][0]
        assert excess == pytest.approx(without / steady(device, J) - 1, abs=3e-3)
        assert tilt < math.radians(15) and (excess > 0.1) is noted
        found = [note for note in notes(device, J) if note.startswith("tilt")]
        assert (f"makes it {excess:.0%} too fast" in found[0]) if noted else found == []
    assert not any(note.startswith("tilt") for note in notes(device.replace({"wall.model": "q-phi-chi"}), J))


@pytest.mark.parametrize(("rise", "noted"), [(0.0, "lasts 0 ps"), (20e-12, "lasts 20 ps"), (60e-12, "")])
def test_edges_that_the_relaxed_shape_does_not_follow_are_noted(rise, noted):
    """Without edges, with short ones and with long ones; a rigid wall has no shape that lags, a rest has no edges."""
    edges = {"current_density": 1e10, "duration": 1e-9, "rise_time": rise, "fall_time": 60e-12}
    device = make_device(notch=TRIANGLE, pulse=edges)
    assert device.wall_shape == "relaxed"
    found = [note for note in notes(device, 1e10) if note.startswith("pulse")]
    assert (noted in found[0] and "follows edges of 50 ps and more" in found[0]) if noted else found == []
    assert not [note for note in notes(device) if note.startswith("pulse")]
    rigid = device.replace({"wall.shape": "rigid"})
    assert not [note for note in notes(rigid, 1e10) if note.startswith("pulse")]


def test_edges_are_those_of_the_shape_that_acts():
    device, slow = make_device(notch=TRIANGLE), Waveform([0, 1e-10, 2e-10, 3e-10], [0, 1, -1, 0])
    assert slow.edge == pytest.approx(5e-11)  # from peak to peak in 100 ps
    for shape, count in ((slow, 0), (Waveform([0, 1e-10, 1.9e-10, 3e-10], [0, 1, -1, 0]), 1), (None, 0)):
        assert sum(note.startswith("pulse") for note in notes(device, -1e10, shape)) == count
    run = run_pulse(device, n=1, seed=1, current_density=-1e10, duration=1e-10)
    assert sum("lasts 0 ps" in note for note in run_notes(run)) == 1


@pytest.mark.parametrize(
    "uneven",
    [
        {"notch": TRIANGLE | {"edge": "upper"}},
        {"profile": {"x": [0.0, 400e-9], "D_factor": [1.0, 1.001]}},
        {"profile": {"x": [0.0, 400e-9], "thickness_factor": [1.0, 1.001]}},
        {"profile": {"x": [0.0, 400e-9], "H_y_at": [0.0, 1.0]}},
    ],
)
def test_tilt_is_that_of_the_straight_track(uneven):
    """What only the model without a tilt knows along the track does not keep the tilt of a current from being seen."""
    found = make_device(**uneven)
    assert tilt_and_excess(found, 8.5e11)[0] == pytest.approx(tilt_and_excess(make_device(), 8.5e11)[0], rel=1e-6)
    assert any("tilt" in note for note in notes(found, 8.5e11))


def test_velocity_of_walls_that_leave_is_that_on_the_track():
    """A track five times as long keeps all walls. No [pulse] section: current and duration on the call are enough."""
    pulse = {"n": 16, "seed": 1, "current_density": 2e12, "duration": 1e-9}
    rigid = {"wall": {"shape": "rigid"}}
    short = run_pulse(make_device(length=800e-9, notch=TRIANGLE, **rigid), **pulse)
    long = run_pulse(make_device(length=4e-6, notch=TRIANGLE, **rigid), **pulse)
    assert run_json(short)["left_track"] == 16 and run_json(long)["left_track"] == 0
    assert short.mean_velocity == pytest.approx(long.mean_velocity, rel=0.1)
    assert any(note.startswith("left_track: 16 of 16") for note in run_notes(short))
    assert run_json(long)["unsettled_share"] > 0.8
    with pytest.raises(InputError, match="pulse"):
        run_pulse(make_device(notch=TRIANGLE), n=8, seed=1, current_density=1e10)


def test_rates_answer_where_the_formula_does_not_hold(monkeypatch):
    """By flux sampling, and said; unknown, but for the landscape, where that does not get out in the steps it has."""
    notch = {"shape": "cosine", "depth": 10e-9, "width": 100e-9}
    device = make_device(WEAK, width=200e-9, thickness=1e-9, notch=notch, torque={"theta_SH": -0.11})
    (sampled,) = well_rates(device, jobs=2)
    assert sampled.method == "flux" and 0 < sampled.retention_error < 0.4 * sampled.retention
    strong = well_rates(device.replace(alpha=0.1))[0]  # the formula holds there, and friction alone divides the two
    assert strong.method == "langer" and 0.7 < sampled.retention / strong.retention < 3
    (note,) = (note for note in notes_on(device, [sampled]) if note.startswith("rates"))
    assert note.startswith("rates: by flux sampling, as the wall turns around in the well")
    monkeypatch.setitem(summary.COARSE, "most", 1e6)
    rates = well_rates(device, jobs=1)
    well = as_json(rates)["wells"][0]
    assert well["q_m"] == pytest.approx(200e-9, abs=1e-9) and well["barrier_left_kT"] > 5
    assert well["retention_s"] is None and well["rates_per_s"] == [None] and well["lost_per_s"] == [None, None]
    notes_there = notes_on(device, rates)
    assert any("unknown" in note and "in 1e+06 time steps (--method flux goes on)" in note for note in notes_there)
    assert not any("goes on" in note for note in notes_on(device, well_rates(device, method="langer")))


def test_shallow_double_well_is_its_own_mirror_image():
    """A rectangular notch of several wall widths has a well at each of its ends, less than kB T deep."""
    device = make_device(notch={"shape": "rectangular", "depth": 20e-9, "width": 48e-9})
    model = QPhiModel(device)
    (well,) = find_wells(model, 300.0)
    assert well.q == pytest.approx(200e-9, abs=0.1e-9)
    left, right = (depinning_current(model, well, side) for side in (-1, 1))
    assert left == pytest.approx(right, rel=1e-3)


def test_wells_far_apart_share_the_even_track_between_them():
    """The energy is flat to rounding there, or has two equal humps of less than kB T at the feet of the notches."""
    hump = CHIRAL | {"D": 0.8e-3}  # with 1.2 mJ/m^2 the humps are above kB T, and a well lies between them
    for film, cut in ((hump, TRIANGLE), (WEAK, TRIANGLE), (WEAK | {"D": 0.0}, {**TRIANGLE, "shape": "rectangular"})):
        places = (300e-9, 700e-9)
        track = {"length": 1e-6, "width": 100e-9, "thickness": 0.6e-9}
        notches = [{"position": place, **cut} for place in places]
        device = device_from_mapping({"material": film, "track": track, "torque": {}, "notch": notches})
        wells = find_wells(QPhiModel(device), 300.0)
        step = device.geometry.q[1]
        assert wells[0].right_edge == wells[1].left_edge == pytest.approx(500e-9, abs=step)
        assert wells[0].left_edge == pytest.approx(1e-6 - wells[1].right_edge, abs=step)
        assert wells[0].barrier_left == pytest.approx(wells[1].barrier_right, rel=1e-3)


def test_wall_between_bloch_and_neel_leaves_either_side_alike():
    """It rests at two mirrored angles; from one of them the current drives it out to one side at half that to the other."""
    film = {"Ms": 1.2e6, "A": 2e-11, "K_u": 1.2e6, "D": -0.05e-3, "alpha": 0.06}
    notch = {"shape": "semicircular", "depth": 25e-9, "width": 50e-9}
    torque = {"theta_SH": 0.1, "k_FL": 0.5, "P": 0.4, "beta": 0.1}
    rigid = {"wall": {"Q": -1, "shape": "rigid"}}
    model = QPhiModel(make_device(film, width=200e-9, thickness=1.2e-9, torque=torque, notch=notch, **rigid))
    (well,) = find_wells(model, 300.0)
    assert 0.1 < abs(math.cos(well.phi)) < 0.3
    left, right = (depinning_current(model, well, side) for side in (-1, 1))
    assert left == pytest.approx(right, rel=1e-3)
    other = dataclasses.replace(well, phi=-well.phi)
    assert depinning_current(model, other, 1) == right
    held = model.device.replace({"field.H_y": 5e3})  # one angle is lower: what is equal no longer comes by itself
    (tilted,) = find_wells(QPhiModel(held), 300.0)
    sides = [depinning_current(QPhiModel(held), tilted, side) for side in (-1, 1)]
    assert abs(sides[0] / sides[1] - 1) > 0.1


def test_depinning_where_spin_transfer_wins():
    """Spin-orbit and spin-transfer torque push against each other; the stronger one moves the wall out."""
    torque = {"theta_SH": 0.002, "P": 0.7, "beta": 0.5}
    notch = {"shape": "cosine", "depth": 10e-9, "width": 200e-9}
    film = CHIRAL | {"D": 0.3e-3, "alpha": 0.1}
    model = QPhiModel(make_device(film, length=800e-9, thickness=2e-9, torque=torque, notch=notch))
    (well,) = find_wells(model, 300.0)
    assert 3e11 < depinning_current(model, well, 1) < 1e12


def test_weak_damping_settles():
    """12 times 1/e of the angle take 360 ns here; the field-driven velocity is that of the closed form."""
    device = make_device(WEAK, width=200e-9, thickness=1e-9, torque={"theta_SH": -0.11})
    assert settling_time(QPhiModel(device)) > 100e-9
    assert settling_time(QPhiModel(make_device())) == 10e-9
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        curve = velocity_against_field(device, np.array([0.15e-3, 0.3e-3]) / MU_0, walls=2, temperature=1.0)
    exact = np.interp(curve.drive, curve.exact_drive, curve.exact)
    assert curve.noiseless == pytest.approx(exact, rel=0.01)
    with pytest.warns(UserWarning, match="longer settling time"):
        velocity_against_field(
            device, np.array([0.15e-3, 0.3e-3]) / MU_0, walls=2, temperature=1.0, settling=5e-9, measured=20e-9
        )


def test_window_of_mumax3(tmp_path):
    """ext_dwpos is where the window is: no position if it stands, to be added to that within it if it moves."""
    device = dataclasses.replace(make_device(), name="track")

    def table(window):
        rows = "".join(f"{i}e-9\t{0.1 * i}\t{w}e-9\n" for i, w in enumerate(window))
        path = tmp_path / "table.txt"
        path.write_text("# t (s)\tmz ()\text_dwpos (m)\n" + rows)
        return Measurements(path)

    with pytest.raises(InputError, match=r"ext_dwpos.*never changes"):
        read_positions(table([0, 0, 0]), device, None)
    q, integrated, _ = read_positions(table([0, 0, 0]), device, 400e-9)
    assert integrated and q == pytest.approx([0, 20e-9, 40e-9])
    assert read_positions(table([5, 8, 8]), device, 400e-9)[0] == pytest.approx([0, 23e-9, 43e-9])
    path = tmp_path / "no_position.txt"
    path.write_text("# t (s)\tmz ()\n0\t0.1\n1e-9\t0.2\n")
    with pytest.raises(InputError, match="--mz-length"):
        read_positions(Measurements(path), device, None)


def shapes(device):
    return [note for note in notes(device) if note.startswith("shape")]


def test_notes_of_the_relaxed_wall():
    """Off the corners of a deep rectangular notch the wall snaps, in a shallow triangular one not."""
    shallow = {"shape": "triangular", "depth": 6e-9, "width": 30e-9}
    assert not shapes(make_device(width=64e-9, notch=shallow))
    padded = make_device(width=64e-9, notch=shallow).replace(pad_width=200e-9, pad_taper=50e-9)
    assert not shapes(padded) and any("pads" in note for note in notes_on(padded, []))
    weak = make_device(CHIRAL | {"alpha": 0.04}, width=64e-9, notch=shallow)
    assert any(note.startswith("alpha = 0.04: the relaxed shape") for note in notes(weak))
    deep = {"shape": "rectangular", "depth": 20e-9, "width": 30e-9}
    snapping = make_device(width=64e-9, notch=deep)
    assert any("snaps" in note for note in shapes(snapping))
    assert not shapes(snapping.draw(1, 0)), "what its device has said an instance does not repeat"
    rough = make_device(width=64e-9, notch=shallow).replace(edge_roughness_rms=0.5e-9)
    assert not shapes(rough) and "over rough edges, where" in shapes(rough.draw(1, 0))[0]
    assert "over rough edges" in shapes(rough.replace(edge_roughness_rms_lower=0.0).draw(1, 0))[0]


@pytest.mark.parametrize(
    ("track", "shape", "depth", "width", "noted"),
    [
        (64e-9, "triangular", 24e-9, 58e-9, True),
        (64e-9, "triangular", 20e-9, 58e-9, True),
        (64e-9, "triangular", 12e-9, 58e-9, False),
        (64e-9, "cosine", 20e-9, 60e-9, True),
        (40e-9, "triangular", 8e-9, 30e-9, True),
        (32e-9, "triangular", 8e-9, 30e-9, True),
        (20e-9, "cosine", 3e-9, 30e-9, False),
    ],
)
def test_necks_that_make_the_well_too_stiff_are_noted(track, shape, depth, width, noted):
    """Against the triangles of the benchmark the stiffness is +17, +10, +3, +6, +6, +11 and +1.5 % off."""
    film = {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 1e-3, "alpha": 0.3}
    device = make_device(film, width=track, notch={"shape": shape, "depth": depth, "width": width})
    found = [note for note in notes(device) if "neck of" in note]
    assert bool(found) is noted
    narrow = device.geometry.w.min() < 3 * device.straight_wall.Delta
    assert not noted or f"is {'10 to 30' if narrow else '5 to 10'} % too large" in found[0]
    assert not any("neck of" in note for note in notes(device.replace({"wall.shape": "rigid"})))


def test_a_shape_field_that_leaves_the_wall_no_energy_is_refused():
    """sigma_0 - pi |D| + mu0 Ms H_K Delta of a Neel wall; in a soft strip 4 sqrt(A K) - mu0 Ms H_K Delta out of the plane."""
    wall = make_device().straight_wall
    least = -(wall.sigma_0 - math.pi * CHIRAL["D"]) / (MU_0 * CHIRAL["Ms"] * wall.Delta)
    make_device(wall={"H_K": 0.99 * least})
    with pytest.raises(InputError, match=r"\[wall\]: H_K = .* must be > .*" + re.escape(f"{least:.4g}")):
        make_device(wall={"H_K": 1.01 * least})
    soft = {"Ms": 8.6e5, "A": 1.3e-11, "K_u": 3e4, "alpha": 0.02, "easy_axis": "x"}
    most = 4 * soft["K_u"] / (MU_0 * soft["Ms"])
    make_device(soft, torque={}, wall={"H_K": 0.99 * most})
    with pytest.raises(InputError, match=r"\[wall\]: H_K = .* must be < .*" + re.escape(f"{most:.4g}")):
        make_device(soft, torque={}, wall={"H_K": 1.01 * most})


def test_a_shallow_well_high_above_the_deepest_one_has_rates():
    """Between two notches 1000 kB T deep, whose humps leave a well of kB T; its own partition function is no 0."""
    film = {"Ms": 1.4e6, "A": 2.5e-11, "K_u": 1.6e6, "D": 1.3e-3, "alpha": 0.3}
    track = {"length": 540e-9, "width": 300e-9, "thickness": 9e-9}
    notches = [{"position": x, "shape": "gaussian", "depth": 30e-9, "width": 40e-9} for x in (180e-9, 360e-9)]
    mapping = {"material": film, "track": track, "wall": {"H_K": 3e4, "shape": "rigid"}, "notch": notches}
    deep, shallow, other = well_rates(device_from_mapping(mapping | {"torque": {"theta_SH": 0.1}}), jobs=1)
    assert deep.barrier_right > 800 and 1 < shallow.barrier_left < 5
    assert shallow.method == "langer" and 1e-9 < shallow.retention < 1e-3
    assert deep.retention == other.retention == math.inf
    bounds = [well["retention_s_at_least"] for well in as_json([deep, shallow])["wells"]]
    assert bounds == [LONGEST, None] and LONGEST > 1e307


def test_the_device_decides_on_the_shape():
    """Relaxed where the method holds; where it does not, rigid with a note, and an explicit wish is refused."""
    shallow = {"shape": "triangular", "depth": 6e-9, "width": 30e-9}
    assert make_device(width=64e-9, notch=shallow).wall_shape == "relaxed"
    assert make_device(width=64e-9).wall_shape == "rigid" and not shapes(make_device(width=64e-9))
    assert "real walls bend" in shapes(make_device(width=64e-9, notch=shallow, wall={"shape": "rigid"}))[0]
    for width, notch, words in ((320e-9, shallow, "track width = 3.2e-07"),
                                (64e-9, shallow | {"width": 2e-6}, "length = 2e-06")):  # fmt: skip
        device = make_device(width=width, notch=notch)
        assert device.wall_shape == "rigid" and words in shapes(device)[0]
        with pytest.raises(InputError, match=f'"relaxed" must be "rigid" or "auto": .*{words}'):
            make_device(width=width, notch=notch, wall={"shape": "relaxed"})
    soft = {"Ms": 8.6e5, "A": 1.3e-11, "K_u": 3e4, "alpha": 0.02, "easy_axis": "x"}
    strip = make_device(soft, torque={}, width=64e-9, notch=shallow, wall={"H_K": -6.9e5})
    assert strip.wall_shape == "rigid" and "perpendicular" in shapes(strip)[0]


def test_instances_have_the_shape_of_their_device():
    """Also where the drawn track or notch alone would be relaxed or not."""
    shallow = {"shape": "triangular", "depth": 6e-9, "width": 30e-9}
    limit = 40 * make_device().straight_wall.Delta
    for width in (0.999 * limit, 1.001 * limit):
        device = make_device(width=width, notch=shallow, variation={"width_dtod": 0.01})
        drawn = [device.draw(number, 0) for number in range(1, 9)]
        assert len({one.track.width < limit for one in drawn}) == 2
        assert {one.wall_shape for one in drawn} == {device.wall_shape}


def test_share_of_the_current_in_the_ferromagnet_is_said():
    """rho_HM/rho_FM = 1/3 of the heavy metal's current density is a third of the spin-transfer velocity."""
    stack = {"stack": {"t_HM": 4e-9, "rho_HM": 2e-7, "rho_FM": 6e-7}}
    mixed = make_device(torque={"theta_SH": 0.07, "P": 0.5, "beta": 0.3}, **stack)
    assert any(note.startswith("stack") and "0.333" in note for note in notes(mixed))
    for silent in (make_device(**stack), make_device(torque={"P": 0.5})):
        assert not any(note.startswith("stack") for note in notes(silent))


@pytest.mark.parametrize(("ratio", "noted"), [(1.12, True), (1.09, False), (1 / 1.09, False), (1 / 1.12, True)])
def test_a_ferromagnet_of_nearly_the_same_resistivity_is_not_said(ratio, noted):
    stack = {"t_HM": 4e-9, "rho_HM": 2e-7 * ratio, "rho_FM": 2e-7}
    device = make_device(torque={"P": 0.5}, stack=stack)
    assert any(note.startswith("stack") for note in notes(device)) is noted


def test_sampling_is_not_promised_where_it_has_no_grid(monkeypatch):
    monkeypatch.setattr(thermal_grid, "_LARGEST", 10.0)
    device = load_device("five_state")
    (note,) = (note for note in notes_on(device, well_rates(device, jobs=1)) if note.startswith("rates"))
    assert note.count("needs a grid of") == 1 and "goes on" not in note


@pytest.mark.parametrize(
    ("D", "edge", "said"),
    [(0.2e-3, "upper", True), (0.2e-3, None, False), (1e-3, "upper", False), (0.0, "upper", False)],
)
def test_a_wall_between_bloch_and_neel_in_a_notch_of_one_edge_is_noted(D, edge, said):
    """At D = 0.2 mJ/m^2 and H_K = 60 kA/m the angle is 38 degrees from Neel."""
    notch = {"shape": "cosine", "depth": 16e-9, "width": 60e-9} | ({"edge": edge} if edge else {})
    device = make_device(
        {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": D, "alpha": 0.3}, width=64e-9, notch=notch, wall={"H_K": 60e3}
    )
    assert any("between Bloch and Neel" in note for note in notes(device)) is said


def test_shape_factors_of_a_wall_against_sums_in_space():
    """The ends by Coulomb's law between the charges on both edges, whose correlation along x is 2x/sinh x; the inside by its limits."""
    t, w = 0.4, 9.0
    x = np.linspace(1e-6, 40, 200_001)
    correlation = 2 * x / np.sinh(x)
    point, weight = np.polynomial.legendre.leggauss(60)
    total = 0.0
    for u, share in zip(0.5 * (point + 1), 0.5 * weight, strict=True):
        s = t * u**2  # distance along z of two charges; their distance along x is s sinh v
        v = np.linspace(0, math.asinh(40 / s), 2001)
        near = np.trapezoid(np.interp(s * np.sinh(v), x, correlation), v)
        far = np.trapezoid(correlation / np.sqrt(x**2 + s**2 + w**2), x)
        total += share * 2 * t * u * 2 * (t - s) * (near - far)
    ends = wall_factor(t, 1.0, 1e9) - wall_factor(t, 1.0, w)
    assert ends == pytest.approx(total / (2 * math.pi * t * w), rel=1e-4)
    assert wall_factor(1e-3, 1.0, 1e9) == pytest.approx(1e-3 * math.log(2) / math.pi, rel=1e-3)
    assert wall_factor(1.0, 1.0, 1e9) < 0.85 * math.log(2) / math.pi, "not the limit of thin films"
    assert wall_factor(2000.0, 1.0, 1e9) == pytest.approx(1.0, abs=0.01), "N_x of a wall in the bulk"
    for thickness in (0.1, 0.5, 3.0):
        both = prism_factor(thickness, 1.0), prism_factor(1.0, thickness)
        assert sum(both) == pytest.approx(1.0) and (both[0] > both[1]) is (thickness < 1)
    assert prism_factor(1.0, 1.0) == pytest.approx(0.5) and prism_factor(1e-4, 1.0) == pytest.approx(1.0, abs=1e-3)


def test_energy_between_a_bloch_and_a_neel_wall_is_that_of_micromagnetics():
    """On 64 nm of the reference film at D = 0 it is 0.0066 mJ/m^2 there (2 nm cells); the limit of a wide track says 0.08."""
    unit = 1e3 * MU_0 * 7e5**2 * 7.24e-9
    assert unit * wall_factor(0.6e-9, 7.24e-9, 64e-9) == pytest.approx(0.0066, abs=0.006)
    assert unit * wall_factor(0.6e-9, 7.24e-9, 1e-3) == pytest.approx(0.08, abs=0.002)


@pytest.mark.parametrize(
    ("width", "thickness", "noted"),
    [
        (30e-9, 0.6e-9, False),
        (30e-9, 0.7e-9, True),
        (60e-9, 0.7e-9, False),
        (60e-9, 1.3e-9, False),
        (60e-9, 1.4e-9, True),
    ],
)
def test_stray_field_of_notches_is_noted(width, thickness, noted):
    """The share is 7e5^2 mu0 t/pi over 4 sqrt(A K_eff); up to four of it in notches below 6 Delta (46 nm), two in others."""
    device = make_device(thickness=thickness, notch=TRIANGLE | {"width": width})
    share = MU_0 * 7e5**2 * thickness / math.pi / (4 * math.sqrt(1e-11 * (4.8e5 - 0.5 * MU_0 * 7e5**2)))
    change = (4 if width < 46e-9 else 2) * share
    found = [note for note in notes(device) if "edges of notches" in note]
    assert (change > 0.1) is noted
    assert (f"is {share:.1%} of" in found[0] and f"up to {change:.0%}," in found[0]) if noted else found == []
    assert not [note for note in notes(make_device(thickness=2e-9)) if "edges of notches" in note]


def test_the_shortest_notch_decides_on_its_stray_field():
    """30 nm are below 6 Delta, 60 nm are not: four shares instead of two at 0.7 nm, whichever notch comes first."""
    for lengths in ((30e-9, 60e-9), (60e-9, 30e-9)):
        cuts = [TRIANGLE | {"width": w, "position": x} for w, x in zip(lengths, (1e-7, 3e-7), strict=True)]
        device = make_device(thickness=0.7e-9)
        device = device.replace(notches=tuple(Notch.from_mapping(cut, "notch") for cut in cuts))
        assert any("edges of notches below 6 Delta" in note for note in notes(device))


def test_a_narrow_track_is_no_neck():
    """26 nm of tabulated outline, of which a notch leaves 22: a neck is what is left of the track there, not of its w_0."""
    outline = {"outline_x": [0.0, 4e-7], "outline_width": [26e-9, 26e-9]}
    device = make_device(width=64e-9, notch={"shape": "cosine", "depth": 2e-9, "width": 60e-9}).replace(
        {f"track.{name}": value for name, value in outline.items()}
    )
    assert device.wall_shape == "relaxed" and not any("neck of" in note for note in notes(device))


@pytest.mark.parametrize(("share", "said"), [(0.04, False), (0.06, True), (0.94, True), (0.96, False)])
def test_between_bloch_and_neel_is_a_twentieth_from_either(share, said):
    """cos phi = pi D/(2 mu0 Ms Delta H_K), with H_K = 60 kA/m."""
    notch = {"shape": "cosine", "depth": 16e-9, "width": 60e-9, "edge": "upper"}
    plain = make_device(CHIRAL | {"D": 0.0}, width=64e-9, notch=notch, wall={"H_K": 60e3})
    D = share * 2 * MU_0 * 7e5 * plain.straight_wall.Delta * 60e3 / math.pi
    device = dataclasses.replace(plain, material=dataclasses.replace(plain.material, D=D), nominal=plain)
    assert any("between Bloch and Neel" in note for note in notes(device)) is said


# Material, thickness, track, notch, and its depinning field [mT] in full micromagnetics: 2 nm cells cut by the outline, so
# that the local energy on them is within 2 % of the exact outline. The reference film has 39.5 and 65.6 on 0.5 nm cells.
_CoFeB = {"Ms": 1.1e6, "A": 1.5e-11, "K_u": 0.5 * MU_0 * 1.1e6**2 + 2e5, "alpha": 0.1}
_Co = {"Ms": 1.1e6, "A": 1.6e-11, "K_u": 1.27e6, "alpha": 0.3}
_FILM = {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "alpha": 0.3}
FULL = [
    (_Co | {"D": 1e-3}, 0.6e-9, 100e-9, ("cosine", 20e-9, 120e-9), 44.6),
    (_Co | {"D": 1e-3}, 0.6e-9, 64e-9, ("cosine", 12e-9, 50e-9), 88.4),
    (_FILM | {"D": 1e-3}, 0.6e-9, 64e-9, ("triangular", 10e-9, 30e-9), 39.5),
    (_FILM | {"D": 0.0}, 0.6e-9, 64e-9, ("triangular", 10e-9, 30e-9), 65.6),
    (_CoFeB | {"D": 0.8e-3}, 1.2e-9, 96e-9, ("cosine", 16e-9, 50e-9), 38.7),
    (_CoFeB | {"D": 0.8e-3}, 1.2e-9, 48e-9, ("cosine", 10e-9, 40e-9), 70.3),
    (_CoFeB | {"D": 0.0}, 1.2e-9, 48e-9, ("cosine", 10e-9, 40e-9), 87.3),
]


@pytest.mark.parametrize(("film", "thickness", "width", "cut", "field"), FULL)
def test_depinning_fields_of_full_micromagnetics_are_within_what_is_noted(film, thickness, width, cut, field):
    """Default walls: within 10 % where nothing is said, else within the share that the note gives."""
    notch = dict(zip(("shape", "depth", "width"), cut, strict=True))
    device = make_device(film, width=width, thickness=thickness, notch=notch)
    model, q = QPhiModel(device), np.linspace(200e-9, 200e-9 + 0.8 * cut[2], 2001)
    found = float((-MU_0 * model.fields(q, lowest_angle(model, q))[0]).max())
    said = [note for note in notes(device) if "edges of notches" in note]
    within = float(re.search(r"up to (\d+)%", said[0]).group(1)) / 100 if said else 0.1
    assert 1e-3 * field == pytest.approx(found, rel=within)


def energy_of_charges(Ms, A, K_u, t, w, Delta):
    """Energy per area of a wall beyond the strip without one [J/m^2], charges on top and bottom summed in space.

    1 - m_z m_z' of the tanh, integrated over the place of the wall, is 2 X coth(X/Delta) at the distance X along the track.
    """
    x = np.geomspace(1e-5 * t, 1e4 * w, 800)[:, None]
    s = np.concatenate([[0.0], np.geomspace(1e-6 * t, w, 800)])
    pairs = 1 / np.hypot(x, s) - 1 / np.sqrt(x**2 + s**2 + t**2)
    near = np.trapezoid(np.trapezoid((w - s) * pairs, s) * 2 * x[:, 0] / np.tanh(x[:, 0] / Delta), x[:, 0])
    return 2 * A / Delta + 2 * K_u * Delta - MU_0 * Ms**2 / (math.pi * t * w) * near


def test_wall_of_least_energy_against_sums_in_space():
    """Its energy is that of charges by Coulomb's law, and no wall of another width has less; its H_K is that of its width."""
    for film in (
        (7e5, 1e-11, 4.8e5, 0.6e-9, 64e-9),
        (1.1e6, 1.5e-11, 9.6e5, 1.3e-9, 100e-9),
        (7e5, 1e-11, 4.8e5, 0.6e-9, 20e-9),
        (1.1e6, 1.5e-11, 1.2e6, 5e-9, 20e-9),  # the ends are a twentieth of its energy
    ):
        Delta, sigma_0, H_K = wall_of_least_energy(*film)
        Ms, _, _, t, w = film
        ends = wall_factor(t, Delta, np.inf) - wall_factor(t, Delta, w)
        energies = [energy_of_charges(*film, factor * Delta) for factor in (0.9, 1.0, 1.1)]
        assert sigma_0 == pytest.approx(energies[1] + MU_0 * Ms**2 * Delta * ends, rel=1e-3)
        assert energies[1] < min(energies[0], energies[2])
        assert energies[0] - energies[2] == pytest.approx(0.0, abs=0.25 * (energies[0] + energies[2] - 2 * energies[1]))
        assert pytest.approx(H_K) == Ms * wall_factor(t, Delta, w)


def test_a_wall_whose_stray_field_nearly_cancels_its_anisotropy_is_far_from_the_local_one():
    """K_u a hundredth above mu0 Ms^2/2 in a film of 3 nm: two thirds of sqrt(A/K), as by Coulomb's law."""
    film = (7e5, 1.5e-11, 1.01 * 0.5 * MU_0 * 7e5**2, 3e-9, 1e-6)
    local = math.sqrt(film[1] / (film[2] - 0.5 * MU_0 * film[0] ** 2 * prism_factor(*film[3:])))
    best = minimize_scalar(lambda x: energy_of_charges(*film, x * local), bounds=(0.3, 1.0), method="bounded").x
    assert wall_of_least_energy(*film)[0] == pytest.approx(best * local, rel=0.01) and 0.6 < best < 0.7


def test_wall_of_least_energy_is_that_of_micromagnetics():
    """Bloch walls of the reference film, 64 nm wide on 1 nm cells, 256 nm wide on 2; without thickness there is no stray field."""
    Delta, sigma_0, _ = wall_of_least_energy(7e5, 1e-11, 4.8e5, 0.6e-9, 64e-9)
    assert Delta == pytest.approx(7.37e-9, rel=0.01) and sigma_0 == pytest.approx(5.219e-3, rel=0.01)
    assert wall_of_least_energy(7e5, 1e-11, 4.8e5, 0.6e-9, 256e-9)[1] == pytest.approx(5.00e-3, rel=0.01)
    local = 4 * math.sqrt(1e-11 * (4.8e5 - 0.5 * MU_0 * 7e5**2))
    assert wall_of_least_energy(7e5, 1e-11, 4.8e5, 1e-12, 1e-6)[1] == pytest.approx(local, rel=1e-3)


def test_a_wall_with_its_stray_field_keeps_what_is_given():
    """Each of its three numbers is that of the wall of least energy, or that of [wall]."""
    least = wall_of_least_energy(7e5, 1e-11, 4.8e5, 0.6e-9, 60e-9)
    given = {"Delta": 8e-9, "sigma_0": 6e-3, "H_K": 2e4}
    for kept in ((), ("Delta",), ("sigma_0",), ("H_K",), ("sigma_0", "H_K")):
        wall = wall_with_stray_field(make_device(width=60e-9, wall={name: given[name] for name in kept}))
        expected = [given[name] if name in kept else own for name, own in zip(given, least, strict=True)]
        assert [wall.Delta, wall.sigma_0, wall.H_K] == pytest.approx(expected)


def test_stray_field_of_a_wall_is_noted_where_it_matters():
    """Bloch walls on 60 nm, thick films, narrow tracks; not where [wall] says, nor where D holds the angle."""
    bloch = CHIRAL | {"D": 0.0}

    def said(**more):
        return [n for n in notes(make_device(**({"torque": {"P": 0.5}} | more))) if n.startswith("wall")]

    def least(material, width=100e-9, thickness=0.6e-9):
        found = wall_of_least_energy(*(material[name] for name in ("Ms", "A", "K_u")), thickness, width)
        return dict(zip(("Delta", "sigma_0", "H_K"), found, strict=True))

    (note,) = said(material=bloch, width=60e-9)
    wall = least(bloch, 60e-9)
    assert f'Delta = "{1e9 * wall["Delta"]:.4g} nm"' in note and f'H_K = "{wall["H_K"]:.4g} A/m"' in note
    assert not said(material=bloch, width=60e-9, wall=wall)
    assert not said(material=bloch, width=60e-9, wall={"H_K": wall["H_K"]})
    assert not said(material=bloch, width=1e-6) and not said(width=60e-9)
    thick = CHIRAL | {"Ms": 1.1e6, "A": 1.5e-11, "K_u": 9.6e5, "D": 0.3e-3}
    of_other_width = {name: value for name, value in least(thick, thickness=1.3e-9).items() if name != "Delta"}
    assert said(material=thick, thickness=1.3e-9, wall=of_other_width)
    assert not said(material=thick, thickness=1.3e-9, wall=least(thick, thickness=1.3e-9))
    (note,) = said(material=thick | {"D": 1.9e-3}, thickness=1.3e-9, width=400e-9)
    assert "no energy" in note and "give" not in note
    assert said(width=20e-9, thickness=1e-9, material=bloch) and not said(
        width=20e-9, thickness=1e-9, material=bloch, wall=wall
    )
    unit, rigid = 0.5 * math.pi / (MU_0 * 7e5), make_device(bloch, width=60e-9).straight_wall
    most = (
        10 * abs(least(bloch, 60e-9)["H_K"] - rigid.H_K) * rigid.Delta / unit
    )  # D whose field holds the angle ten times
    for factor, noted in ((0.98, True), (1.02, False)):
        assert bool(said(material=CHIRAL | {"D": factor * most}, width=60e-9)) is noted


@pytest.mark.parametrize("Q", [1.0, -1.0])
def test_a_field_that_leaves_the_wall_no_energy_is_refused(Q):
    """Along the moment of the chiral wall (m_x = -1 for Q D > 0) it adds to D: pi D + pi Delta mu0 Ms H < sigma_0 + shape."""
    wall = make_device(wall={"Q": Q}).straight_wall
    unit = MU_0 * CHIRAL["Ms"] * wall.Delta
    most = (wall.sigma_0 + unit * wall.H_K - math.pi * CHIRAL["D"]) / (math.pi * unit)
    make_device(wall={"Q": Q}, field={"H_x": -Q * 0.99 * most})
    make_device(wall={"Q": Q}, field={"H_x": Q * 1.5 * most})  # the other way, the chirality holds out
    with pytest.raises(InputError, match=r"\[field\]: H_x = .* must be below its energy"):
        make_device(wall={"Q": Q}, field={"H_x": -Q * 1.01 * most})
    assert "leaves a wall no energy" in str(notes(make_device(wall={"Q": Q}), field=Field(H_x=-Q * 1.01 * most)))


def test_a_depinning_current_that_would_heat_the_film_is_noted():
    stack = {"t_HM": 4e-9, "rho_HM": 2e-7, "rho_FM": 6e-7}
    it = make_device(notch=TRIANGLE, wall={"shape": "rigid"}, stack=stack, heating={"R_th": 1e6, "tau_th": 1e-9})
    rates = well_rates(it)
    largest = max(J for r in rates for J in r.depinning_current)
    per_ohm = it.steady_rise(largest) / 1e6

    def said(rise):
        warm = it.replace({"heating.R_th": rise / per_ohm})
        return [note for note in notes_on(warm, rates) if note.startswith("heating")]

    (note,) = said(60.0)
    assert "by 60 K" in note and f"{largest:.3g} A/m^2" in note
    assert said(25.0) == []
