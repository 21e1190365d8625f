"""The wall relaxed in its notch: gradient, symmetry, what is kept between runs, and what is refused."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from dwcore.errors import InputError
from llg.constants import MU_0
from llg.device import relaxed_wall, relaxed_wall_cache
from llg.device.device_file import device_from_mapping
from llg.device.notch import Form, Notch
from llg.device.notched_track import NotchedTrack
from llg.device.relaxed_wall import Cut, correction
from llg.kernels.wall_energy import energy_and_slope, moments, turn_to_angles
from llg.landscape.wells import find_wells
from llg.walls.q_phi import QPhiModel
from llg.walls.q_phi_delta import QPhiDeltaModel

TRIANGLE = Form("triangular")
DELTA, NEEL_ENERGY = 7.17e-9, 2.18e-3


def make_device(depth, *, shape="relaxed", D=1e-3, model="q-phi", width=64e-9, notch_shape="triangular", **sections):
    notch = {"position": 120e-9, "shape": notch_shape, "depth": depth, "width": 30e-9}
    wall = {"Delta": DELTA, "sigma_0": NEEL_ENERGY + math.pi * abs(D), "H_K": 0.0, "shape": shape, "model": model}
    return device_from_mapping(
        {
            "name": "notched",
            "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": D, "alpha": 0.3},
            "wall": wall,
            "track": {"length": 240e-9, "width": width, "thickness": 0.6e-9},
            "notch": [notch],
            **sections,
        }
    )


class TestKernel:
    """Energy of a half strip with partly filled cells, at random moments."""

    def setup_method(self):
        rng = np.random.default_rng(5)
        self.angles = rng.normal(size=(5, 4, 2)) * np.array([1.5, 0.4])
        self.fill, self.right, self.above = rng.uniform(0.1, 1, size=(3, 5, 4))
        self.right[-1] = self.above[:, -1] = 0.0
        self.scale, self.whole = rng.uniform(0.5, 2, size=(5, 4)), False

    def objective(self, angles):
        m, slope, gradient = np.empty((5, 4, 3)), np.empty((5, 4, 3)), np.empty((5, 4, 2))
        moments(angles, m)
        energy, moment = energy_and_slope(m, self.fill, self.right, self.above, self.whole, 0.3, 0.17, slope)
        turn_to_angles(angles, m, slope, self.fill, 0.7, self.scale, gradient)
        return energy + 0.7 * moment, gradient, m

    @pytest.mark.parametrize("whole", [False, True])
    def test_gradient_is_that_of_the_energy(self, whole):
        self.whole = whole
        _, gradient, _ = self.objective(self.angles)
        for place in np.ndindex(self.angles.shape):
            step = np.zeros_like(self.angles)
            step[place] = 1e-6
            slope = (self.objective(self.angles + step)[0] - self.objective(self.angles - step)[0]) / 2e-6
            assert gradient[place] * self.scale[place[:2]] == pytest.approx(slope, rel=1e-6, abs=1e-8)

    def test_the_whole_is_two_halves(self):
        """The half unfolded is a strip of its own; without the bonds over the middle it would be another energy."""
        half, _, m = self.objective(self.angles)
        half -= 0.7 * float(np.sum(self.fill * m[..., 2]))
        self.above = np.concatenate([self.above[:, -2::-1], self.fill[:, :1], self.above], axis=1)
        self.fill, self.right, self.scale = (
            np.concatenate([part[:, ::-1], part], axis=1) for part in (self.fill, self.right, self.scale)
        )
        self.above[:, -1] = 0.0
        self.whole, unfolded = True, np.concatenate([(self.angles * [1, -1])[:, ::-1], self.angles], axis=1)
        moments(unfolded, m := np.empty((5, 8, 3)))
        whole = energy_and_slope(m, self.fill, self.right, self.above, True, 0.3, 0.17, np.empty((5, 8, 3)))[0]
        assert whole == pytest.approx(2 * half, rel=1e-12)
        open_ = energy_and_slope(m, self.fill, self.right, self.above, False, 0.3, 0.17, np.empty((5, 8, 3)))[0]
        assert abs(open_ - whole) > 1e-3 * abs(whole)

    def test_energy_of_the_whole_strip_in_plain_numpy(self):
        """The half, unfolded about its middle, bond by bond as the equations are written."""
        energy, _, m = self.objective(self.angles)
        energy -= 0.7 * float(np.sum(self.fill * m[..., 2]))
        whole = np.concatenate([(m * [1, -1, 1])[:, ::-1], m], axis=1)
        fill = np.concatenate([self.fill[:, ::-1], self.fill], axis=1)
        right = np.concatenate([self.right[:, ::-1], self.right], axis=1)
        middle = self.fill[:, :1]
        above = np.concatenate([self.above[:, -2::-1], middle, self.above[:, :-1]], axis=1)
        h, delta = 0.3, 0.17
        total = 0.25 * h**2 * np.sum(fill * (1 - whole[..., 2] ** 2))
        bonds = ((whole[:-1], whole[1:], right[:-1], 0), (whole[:, :-1], whole[:, 1:], above, 1))
        for one, other, open_share, n in bonds:
            exchange = 0.25 * np.sum((one - other) ** 2, axis=-1)
            chiral = delta * h * (one[..., 2] * other[..., n] - other[..., 2] * one[..., n])
            total += np.sum(open_share * (exchange + chiral))
        assert 2 * energy == pytest.approx(total, rel=1e-12)


def test_slope_is_the_derivative():
    """The pull of the spring is the slope of the energies found beside it."""
    found = correction((Cut(0.0, 1.4, 4.2, TRIANGLE),), 8.9, 0.19)
    along = CubicSpline(found.q, found.slope).antiderivative()(found.q)
    assert along - along[0] == pytest.approx(found.V - found.V[0], abs=0.04 * np.ptp(found.V))


def test_mirrored_notches_have_mirrored_potentials():
    """Two different notches that overlap are relaxed together; their mirror image gives the mirror image."""
    pair = (Cut(-1.5, 1.0, 4.0, TRIANGLE), Cut(1.5, 1.8, 5.0, TRIANGLE))
    image = tuple(dataclasses.replace(cut, place=-cut.place) for cut in pair[::-1])
    x = np.linspace(-9, 9, 181)
    V, slope = correction(pair, 9.0, 0.2).evaluate(x)
    other, steep = correction(image, 9.0, 0.2).evaluate(-x)
    assert np.abs(V - other).max() < 1e-6
    assert slope == pytest.approx(-steep, abs=1e-6)
    assert np.abs(V - V[::-1]).max() > 0.02


def test_notches_of_either_edge_are_mirror_images():
    """Cut from above or from below, alone or one after the other; both at one place are a pair, cell by cell."""
    x = np.linspace(-7, 7, 141)
    slanted = Form("table", 0.5, (-1.0, -0.6, 1.0), (0.0, 1.0, 0.0))
    upper, lower = (Cut(0.0, 2.0, 5.0, slanted, edge) for edge in ("upper", "lower"))
    V = correction((upper,), 7.0, 0.2).evaluate(x)[0]
    assert np.array_equal(correction((lower,), 7.0, 0.2).evaluate(x)[0], V)
    assert correction((upper.mirrored,), 7.0, 0.2).evaluate(-x)[0] == pytest.approx(V, abs=1e-12)
    assert np.abs(V - V[::-1]).max() > 0.02
    pair = correction((Cut(0.0, 1.0, 5.0, TRIANGLE),), 7.0, 0.2).evaluate(x)[0]
    both = correction(tuple(Cut(0.0, 1.0, 5.0, TRIANGLE, edge) for edge in ("upper", "lower")), 7.0, 0.2)
    assert both.evaluate(x)[0] == pytest.approx(pair, abs=1e-3 * np.ptp(pair))


def test_notches_of_both_edges_apart_look_the_same_after_half_a_turn():
    """One from above and the same from below as far to the other side: V(-x) = V(x)."""
    x = np.linspace(-9, 9, 181)
    cuts = tuple(Cut(place, 1.6, 4.0, TRIANGLE, edge) for place, edge in ((-2.0, "upper"), (2.0, "lower")))
    V = correction(cuts, 7.0, 0.2).evaluate(x)[0]
    assert np.abs(V - V[::-1]).max() < 2e-3 * np.ptp(V) and np.ptp(V) > 0.05


# Depinning field [mT] and stiffness [mT/nm] of the triangles that follow the outline, benchmarks/notch_micromagnetics.py
MESHED = {
    "pair": ({"shape": "triangular", "depth": 10e-9, "width": 30e-9}, 64e-9, 38.23, 7.678),
    "deep pair": ({"shape": "triangular", "depth": 20e-9, "width": 58e-9}, 128e-9, 19.74, 2.526),
    "steep pair": ({"shape": "semicircular", "depth": 12e-9, "width": 40e-9}, 130e-9, 21.05, 0.796),
    "one edge": ({"shape": "cosine", "depth": 16e-9, "width": 60e-9, "edge": "upper"}, 64e-9, 20.58, 1.627),
    "steep edge": ({"shape": "triangular", "depth": 10e-9, "width": 30e-9, "edge": "lower"}, 64e-9, 17.05, 1.549),
}


@pytest.mark.parametrize("name", MESHED)
def test_against_micromagnetics_on_triangles(name):
    """Within 4 % in field and 5 % in stiffness; the rigid wall is off by more than 20 % in one or the other."""
    notch, width, field, stiffness = MESHED[name]
    off = {}
    for shape in ("rigid", "relaxed"):
        wall, position = {"H_K": 0.0, "shape": shape}, 200e-9
        device = make_device(10e-9, width=width, wall=wall, notch=[notch | {"position": position}])
        device = device.replace({"track.length": 400e-9})
        model, q = QPhiModel(device), position + np.linspace(0, 70e-9, 7001)
        holding = -1e3 * MU_0 * model.fields(q, math.pi)[0]
        moved = np.trapezoid(model.widths(q[:77]).s2, q[:77]) / width
        off[shape] = holding.max() / field - 1, 1e-9 * holding[76] / moved / stiffness - 1
    assert np.all(np.abs(off["relaxed"]) < (0.04, 0.05))
    assert np.abs(off["rigid"]).max() > 0.2


def test_sign_of_the_dmi_and_polarity_change_nothing():
    q = np.linspace(80e-9, 160e-9, 401)
    device = make_device(10e-9)
    V = device.extra_potential(q)[0]
    assert np.ptp(V) > 1e-21
    assert make_device(10e-9, D=-1e-3).extra_potential(q)[0] == pytest.approx(V, abs=1e-27)
    reversed_ = dataclasses.replace(device, wall=dataclasses.replace(device.wall, Q=-1.0))
    assert reversed_.extra_potential(q)[0] == pytest.approx(V, abs=1e-27)


def held(device):
    """Depinning field [T] and barrier [J] of the notch of a device."""
    well = find_wells(QPhiModel(device), 300.0)[0]
    return np.array([well.depinning_field_right, well.barrier_right])


def depinning(factor=1.0, **sections):
    """Depinning field [T] and barrier [J] of a notch whose wall is wider by a factor."""
    wall = {"Delta": factor * DELTA, "sigma_0": NEEL_ENERGY + math.pi * 1e-3, "H_K": 0.0, "shape": "relaxed"}
    return held(make_device(10e-9, wall=wall, **sections))


def test_finer_cells_change_little(monkeypatch):
    """Half the cell moves depinning field and barrier by less than 0.5 %; the wall's own shape by far more."""
    coarse, cut = depinning(), (Cut(0.0, 1.4, 4.2, TRIANGLE),)
    V = correction(cut, 8.9, 0.19).V
    monkeypatch.setattr(relaxed_wall, "CELLS_PER_DELTA", 2 * relaxed_wall.CELLS_PER_DELTA)
    monkeypatch.setattr(relaxed_wall, "_STRIDE", 4)
    correction.cache_clear()
    fine = depinning()
    assert not np.array_equal(V, correction(cut, 8.9, 0.19).V)
    correction.cache_clear()
    assert coarse == pytest.approx(fine, rel=5e-3)
    assert np.all(coarse != fine)


def test_smooth_in_the_width_of_the_wall():
    """Over 8 % of Delta, in which the number of cells across changes, within 0.4 % of a parabola."""
    factors = np.linspace(0.96, 1.04, 9)
    found = np.array([depinning(factor) for factor in factors])
    for values in found.T:
        smooth = np.polyval(np.polyfit(factors, values, 2), factors)
        assert values == pytest.approx(smooth, rel=4e-3)
        assert np.ptp(smooth) > 0.01 * smooth.mean()


def test_instances_lie_between_those_of_the_lattice():
    """A notch expanded about one that differs by a tenth in each size holds the wall within 1 % as if relaxed in full."""
    nominal = make_device(10e-9)
    notch = dataclasses.replace(nominal.notches[0], depth=11e-9, width=28e-9)
    own = make_device(10e-9, width=66e-9, D=0.92e-3)
    exact = dataclasses.replace(own, notches=(notch,))
    expanded = dataclasses.replace(exact, nominal=nominal)
    q = np.linspace(60e-9, 180e-9, 601)
    assert np.array_equal(nominal.notched_track.potential(q, nominal.notched_track), nominal.notched_track.potential(q))
    assert held(expanded) == pytest.approx(held(exact), rel=1e-2)
    assert not np.array_equal(held(expanded), held(exact))
    assert np.all(np.abs(held(nominal) / held(exact) - 1) > 0.05)


@pytest.mark.parametrize(
    ("shape", "depth", "width", "pitch", "track", "close"),
    [
        ("cosine", 3.0, 10.0, 7.0, 17.0, 0.05),
        ("triangular", 1.4, 4.2, 4.2, 8.9, 0.02),
        ("gaussian", 2.0, 3.0, 6.0, 9.0, 0.02),
    ],
)
def test_near_notches_are_like_the_chain_relaxed_as_one(shape, depth, width, pitch, track, close):
    """Largest force and barrier of three notches, pair by pair; alone, each would miss the ridges between them."""
    places, Delta = [-pitch, 0.0, pitch], 1e-9
    q = np.linspace(-pitch - 6, pitch + 6, 1201)
    cuts = tuple(Cut(place, depth, width, Form(shape)) for place in places)

    def potential(notches):
        given = tuple(Notch(position=x * Delta, shape=shape, depth=depth * Delta, width=width * Delta) for x in notches)
        return NotchedTrack(given, lambda x: np.full_like(x, track * Delta), Delta, 0.15).potential(q * Delta)

    rigid = relaxed_wall._Rigid(lambda x: track - 2 * np.max([c.depth_at(x) for c in cuts], axis=0), q[-1], 0.15)
    force, energy = rigid.energy(q, 1), rigid.energy(q)
    whole, parts = correction(cuts, track, 0.15).evaluate(q), potential(places)
    assert np.abs(force + parts[1]).max() == pytest.approx(np.abs(force + whole[1]).max(), rel=close)
    assert np.ptp(energy + parts[0]) == pytest.approx(np.ptp(energy + whole[0]), rel=0.02)
    alone = sum(potential([place]) for place in places)
    assert np.abs(alone[0] - whole[0]).max() > 1.5 * np.abs(parts[0] - whole[0]).max()


def test_follows_out_of_a_deep_notch():
    """A notch that leaves 6 % of the track: the gain varies over all its length, smoothly, and ends beyond its edge."""
    found = correction((Cut(0.0, 4.17, 18.0, TRIANGLE),), 8.9, 0.077)
    assert np.diff(found.q[np.abs(found.q) < 9]).min() > 0.4 and np.diff(found.q).max() < 0.65
    at = found.evaluate(np.array([0.0, 2.0, 5.0, 8.0, 12.9]))[0]
    assert np.all(at[:4] < -0.02) and abs(at[4]) < 1e-5


def test_a_kink_is_not_overshot():
    """Over the ridge of two steep notches the wall snaps; the force is at most that before and after."""
    pair = (Cut(-5.0, 3.0, 10.0, Form("cosine")), Cut(5.0, 3.0, 10.0, Form("cosine")))
    found = correction(pair, 17.0, 0.15)
    assert found.snapped.all()
    x = np.linspace(-2, 2, 4001)
    rigid = relaxed_wall._Rigid(lambda x: 17.0 - 2 * np.max([c.depth_at(x) for c in pair], axis=0), 15.0, 0.15)
    force = rigid.energy(x, 1) + found.evaluate(x)[1]
    assert np.abs(force).max() < 1.02
    assert np.abs(force[[1900, 2100]]).min() > 0.8 and force[1900] * force[2100] < 0


class TestKept:
    """What was relaxed once is read back bit for bit; anything unsound is done anew; no place for it is no fault."""

    CUT = (Cut(0.0, 0.8, 3.0, TRIANGLE),)

    def relaxed(self):
        correction.cache_clear()
        return correction(self.CUT, 7.0, 0.1)

    def test_read_back(self, monkeypatch, tmp_path):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        first = self.relaxed()
        (kept,) = (tmp_path / "dwsynapse" / "relaxed-walls").iterdir()
        monkeypatch.setattr(relaxed_wall, "_both_sides", None)
        again = self.relaxed()
        assert all(np.array_equal(getattr(first, name), getattr(again, name)) for name in ("q", "V", "slope"))
        assert not kept.name.startswith(".")

    @pytest.mark.parametrize("damage", [lambda c: b"", lambda c: c[:-8], lambda c: bytes([c[0] ^ 1]) + c[1:]])
    def test_unsound_is_done_anew(self, monkeypatch, tmp_path, damage):
        """Cut off, or with one bit of its first place flipped."""
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        first = self.relaxed()
        (kept,) = (tmp_path / "dwsynapse" / "relaxed-walls").iterdir()
        kept.write_bytes(damage(kept.read_bytes()))
        again = self.relaxed()
        assert all(np.array_equal(getattr(first, name), getattr(again, name)) for name in ("q", "V", "slope"))

    def test_values_of_another_key_are_not_taken(self, monkeypatch, tmp_path):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        relaxed_wall_cache.keep("a", np.ones((4, 3)))
        (tmp_path / "dwsynapse" / "relaxed-walls" / "a.bin").rename(tmp_path / "dwsynapse" / "relaxed-walls" / "b.bin")
        assert relaxed_wall_cache.read("b") is None

    def test_another_grid_is_kept_apart(self, monkeypatch, tmp_path):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        correction.cache_clear()
        grids = [correction(self.CUT, 7.0, 0.1, rows) for rows in (13, 15)]
        assert len(list((tmp_path / "dwsynapse" / "relaxed-walls").iterdir())) == 2
        assert grids[0].q[-1] != grids[1].q[-1]
        assert relaxed_wall.rows_across(7.0) == 13 and relaxed_wall.rows_across(7.6) == 14  # 12.6 and 13.7 of Delta/3.6

    def test_no_place(self, monkeypatch, tmp_path):
        (tmp_path / "file").write_text("in the way")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
        assert np.all(np.isfinite(self.relaxed().V))
        monkeypatch.delenv("XDG_CACHE_HOME")
        monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
        assert np.all(np.isfinite(self.relaxed().V))


def test_wells_and_width_of_its_own():
    """The softer well of the relaxed wall; with q-phi-delta the energy that the width gains is not counted twice."""
    rigid, relaxed = (QPhiModel(make_device(10e-9, shape=shape)) for shape in ("rigid", "relaxed"))
    q = np.linspace(100e-9, 140e-9, 201)
    wells = [find_wells(model, 300.0)[0] for model in (rigid, relaxed)]
    assert wells[1].depinning_field_right == pytest.approx(0.96 * wells[0].depinning_field_right, rel=0.02)
    wide = QPhiDeltaModel(make_device(10e-9, model="q-phi-delta"))
    here, there = (model.energy(q, math.pi) - model.energy(30e-9, math.pi) for model in (relaxed, wide))
    assert here == pytest.approx(there, abs=1e-6 * np.ptp(here))
    assert np.ptp(wide._own_gain(q)) > 0.003 * np.ptp(here)
    straight = QPhiDeltaModel(make_device(10e-9, shape="rigid", model="q-phi-delta"))
    gained = rigid.energy(q, math.pi) - straight.energy(q, math.pi)
    assert gained == pytest.approx(straight._own_gain(q), abs=1e-6 * np.ptp(here))


def test_refused():
    with pytest.raises(InputError, match=r"must be \"rigid\" or \"auto\": .*width = 1e-06.* must be <= 40 Delta"):
        make_device(10e-9, width=1e-6)
    with pytest.raises(InputError, match="shape"):
        make_device(10e-9, shape="relax")
