"""Figures of the physics of one wall: what is computed for them, what they draw, labels, text that does not overlap."""

import functools
import os
from types import SimpleNamespace

import numpy as np
import pytest
from drawings import drawn, overlapping
from PIL import Image

from dwcore.canvas.movie_file import save_movie
from dwcore.canvas.style import WIDTH, new_figure
from dwcore.errors import InputError, RunError
from llg.constants import K_B, MU_0
from llg.device.device_file import device_from_mapping, load_device
from llg.drawing.animation import WallScene
from llg.drawing.curve_plots import plot_retention, plot_velocity_against_current, plot_velocity_against_field
from llg.drawing.device_figures import (
    DrivenDevice,
    field_velocity_figure,
    landscape_figure,
    phase_figure,
    retention_figure,
)
from llg.drawing.energy_surface import _without_ripples, energy_surface
from llg.drawing.flow import _beside, flow
from llg.drawing.surface_plots import plot_energy_surface, plot_phase_portrait
from llg.landscape.wells import find_wells
from llg.rates.rate_matrix import rate_matrix
from llg.rates.retention_curve import TEN_YEARS, RetentionCurves, retention_against_temperature
from llg.runs.trajectories import Trajectories
from llg.runs.velocity import straight_track, velocity_against_current, velocity_against_field
from llg.walls.analytic import spin_hall_velocity, walker_field
from llg.walls.q_phi import Field, QPhiModel


@functools.cache
def reference(D=1e-3, **torque):
    """The track of the reference micromagnetics, with one notch."""
    mapping = {
        "name": "reference",
        "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": D, "alpha": 0.3},
        "track": {"length": 400e-9, "width": 64e-9, "thickness": 0.6e-9},
        "notch": [{"position": 200e-9, "shape": "triangular", "depth": 10e-9, "width": 30e-9}],
        "torque": torque or {"theta_SH": 0.1},
    }
    return device_from_mapping(mapping)


def trajectories(Q=1.0, m=60, **more):
    config = load_device("five_state").config()
    config["wall"]["Q"] = Q
    time = np.linspace(0, 6e-9, m)
    q = np.stack([np.linspace(240e-9, 360e-9, m), np.full(m, 120e-9)])
    pulse = ((time > 1e-9) & (time < 2e-9)).astype(float)
    device, phi = device_from_mapping(config), np.full_like(q, np.pi)
    tracks = Trajectories(device=device, current_density=7e11, duration=1e-9, time=time, pulse=pulse, q=q, phi=phi)
    for name, values in more.items():
        object.__setattr__(tracks, name, np.broadcast_to(values, q.shape))
    return tracks


def marks(ax, marker):
    """Places of all marks of one kind, shape (n, 2)."""
    lines = [line.get_xydata() for line in ax.lines if line.get_marker() == marker]
    return np.concatenate(lines) if lines else np.empty((0, 2))


def legend_texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.mark.parametrize("name", ["five_state", "sixteen_state"])
def test_landscape_marks_wells_saddles_and_paths(name):
    model = QPhiModel(load_device(name))
    surface = energy_surface(model)
    wells = find_wells(model, 300)
    ax = plot_energy_surface(surface)
    figure = drawn(ax.figure)
    assert figure.get_size_inches()[0] == WIDTH
    assert ("nm" in ax.get_xlabel(), "degrees" in ax.get_ylabel()) == (True, True)
    assert "300 K" in figure.axes[1].get_ylabel()
    circles = marks(ax, "o")
    np.testing.assert_allclose(circles[:, 0], [1e9 * w.q for w in wells], atol=0.1)
    np.testing.assert_allclose(circles[:, 1], 180, atol=0.1)
    crosses = marks(ax, "X")
    on_path = crosses[np.abs(crosses[:, 1] - 180) < 1]
    np.testing.assert_allclose(np.sort(on_path[:, 0]), [1e9 * w.right_edge for w in wells[:-1]], atol=0.3)
    assert legend_texts(ax) == ["well", "saddle", "minimum-energy path"]
    barrier = max(min(w.barrier_left, w.barrier_right) for w in wells) / (K_B * 300)
    assert 1.1 * barrier < surface.top < 3 * barrier
    assert not overlapping([ax.get_legend(), *figure.axes[1].get_yticklabels()])


def test_landscape_scale_and_window_for_bloch_walls():
    surface = energy_surface(QPhiModel(reference(0.0)))
    assert surface.phi[0] == pytest.approx(-np.pi, abs=1e-4)
    assert surface.energy.min() == pytest.approx(0, abs=0.02)
    assert 10 < surface.top < 20  # the plateau lies 10 kB T above the notch
    ax = plot_energy_surface(surface)
    np.testing.assert_allclose(np.sort(marks(ax, "o")[:, 1]), [-90, 90], atol=0.1)
    saddles = marks(ax, "X")[:, 1]
    np.testing.assert_allclose(np.sort(saddles), [-180, 0, 180], atol=0.6)  # 180 degrees on both borders


def test_a_ripple_of_a_plateau_is_no_well():
    """Between two deep wells lie one of a tenth and one of twice kB T; saddles at other angles say nothing of either."""

    def point(q, kind, phi=np.pi):
        return SimpleNamespace(q=1e-9 * q, phi=phi, kind=kind)

    row = [(0, "stable", 0), (40, "saddle", 20), (60, "stable", 19.9), (80, "saddle", 21), (100, "stable", 19),
           (120, "saddle", 21.5), (200, "stable", 1)]  # fmt: skip
    points = [point(q, kind) for q, kind, _ in row] + [point(110, "saddle", 0.0), point(100.5, "saddle", 3.0)]
    energy = [1.0 * top for *_, top in row] + [19.1, 19.1]
    kept = _without_ripples(points, energy, 5e-9, 1.0)
    assert [round(1e9 * p.q) for p in kept if p.kind == "stable"] == [0, 100, 200]
    assert len(kept) == len(points) - 1
    assert len(_without_ripples(points, energy, 5e-9, 0.05)) == len(points)


def test_landscape_in_a_field_is_tilted_and_needs_an_energy():
    model = QPhiModel(load_device("five_state"))
    H_z = 4e3
    level, tilted = energy_surface(model), energy_surface(model, field=Field(H_z=H_z))
    fall = (tilted.energy - level.energy)[[0, -1], 0] * K_B * 300
    area = model.t * np.trapezoid(model.widths(level.q).s2, level.q)
    assert fall[1] - fall[0] == pytest.approx(-2 * MU_0 * model.Ms * H_z * area, rel=1e-3)
    with pytest.raises(InputError, match="no energy to draw"):
        energy_surface(model, current_density=1e11)


def test_phase_portrait_below_and_above_depinning():
    model = QPhiModel(load_device("five_state"))
    held, free = (flow(model, current_density=J) for J in (3e11, 7e11))
    assert held.q[[0, -1]] == pytest.approx([180e-9, 540e-9], abs=1e-9)
    stable = [point for point in held.points if point.kind == "stable"]
    assert len(stable) == len(held.trajectories) == 3
    for (q, phi), point in zip(held.trajectories, stable, strict=True):
        assert np.hypot((q[-1] - point.q) / model.Delta, phi[-1] - point.phi) % (2 * np.pi) < 0.1
    assert not [point for point in free.points if point.kind == "stable"]
    assert [q[-1] > 540e-9 for q, _ in free.trajectories] == [True] * 3
    ax = plot_phase_portrait(held)
    drawn(ax.figure)
    assert {"stable", "saddle", "unstable", "motion"} < set(legend_texts(ax))
    assert "10^{11}" in ax.get_title(loc="left")
    np.testing.assert_allclose(marks(ax, "o")[:, 0], [1e9 * p.q for p in stable])
    assert not overlapping([ax.get_legend(), ax._left_title])


def test_flow_without_drive_has_no_trajectories_from_rest():
    still = flow(QPhiModel(reference()))
    assert still.trajectories == []
    assert plot_phase_portrait(still).get_title(loc="left") == "motion without drive"


def test_borders_part_the_basins():
    """Walls on the two sides of a border come to rest in different places."""
    model = QPhiModel(load_device("five_state"))
    motion = flow(model)
    stable = np.array([point.q for point in motion.points if point.kind == "stable"])
    q, phi = next((q, phi) for q, phi in motion.borders if abs(q[0] - 300e-9) < 1e-9)
    ends = []
    for side in (-1, 1):
        x = np.array([q[60] / model.Delta + 0.2 * side, phi[60]])
        for _ in range(4000):
            v, rate = model.velocity(x[0] * model.Delta, x[1])
            x = x + 2e-12 * np.array([float(v) / model.Delta, float(rate)])
        ends.append(int(np.argmin(np.abs(stable - x[0] * model.Delta))))
    assert ends == [0, 1]


@pytest.fixture(scope="module")
def current_curve():
    return velocity_against_current(reference(), np.array([0.0, 1e11, 4e11]), walls=64, measured=10e-9, settling=4e-9)


@pytest.fixture(scope="module")
def field_curve():
    """Without chirality, across the Walker field of 0.69 mT."""
    device = reference(0.0)
    model = QPhiModel(device)
    fields = walker_field(model.alpha, model.H_K) * np.array([-0.5, 0.5, 1.5])
    return velocity_against_field(device, fields, walls=8, measured=30e-9, settling=10e-9)


def test_velocity_against_current(current_curve):
    exact = np.interp(current_curve.drive, current_curve.exact_drive, current_curve.exact)
    np.testing.assert_allclose(current_curve.noiseless, exact, rtol=1e-3, atol=1e-3)
    assert current_curve.walker.size == 0
    model = QPhiModel(reference())
    formula = spin_hall_velocity(model.H_DL_per_J * 4e11, Delta=model.Delta, alpha=0.3, H_D=model.H_D)
    assert current_curve.formula[-1] == pytest.approx(float(formula))
    # Noise slows the wall down by a few per cent at most; the standing wall has no mean velocity.
    deviation = (current_curve.velocity - exact) / current_curve.error
    assert abs(deviation[0]) < 4
    np.testing.assert_allclose(current_curve.velocity[1:], exact[1:], rtol=0.04)
    assert np.all((current_curve.error > 0) & (current_curve.error < 3))


def test_velocity_against_field_has_its_walker_point(field_curve):
    model = QPhiModel(reference(0.0))
    assert field_curve.walker == pytest.approx([walker_field(model.alpha, model.H_K)], rel=1e-5)
    np.testing.assert_allclose(field_curve.exact, field_curve.formula, rtol=1e-6, atol=1e-9)
    exact = np.interp(field_curve.drive, field_curve.exact_drive, field_curve.exact)
    np.testing.assert_allclose(field_curve.noiseless, exact, rtol=2e-3)


def test_straight_track_has_one_width():
    device = straight_track(load_device("five_state"), 1e-6)
    assert device.track.length == 1e-6
    assert np.ptp(device.width_at(np.linspace(0, 1e-6, 500))) == 0


@pytest.mark.parametrize("bad", [[1e11], [2e11, 1e11], [1e11, 1e11]])
def test_drives_must_ascend(bad):
    with pytest.raises(InputError, match="at least two, finite, ascending"):
        velocity_against_current(reference(), np.array(bad))


def test_velocity_figures(current_curve, field_curve):
    for curve, plot, unit in (
        (current_curve, plot_velocity_against_current, "A/m"),
        (field_curve, plot_velocity_against_field, "mT"),
    ):
        ax = plot(curve)
        drawn(ax.figure)
        assert unit in ax.get_xlabel() and "m/s" in ax.get_ylabel()
        assert {"simulation, no noise", "simulation at 300 K"} < set(legend_texts(ax))
        points = next(line for line in ax.lines if line.get_marker() == "o")
        np.testing.assert_allclose(points.get_ydata(), curve.noiseless)
        low, high = ax.get_xlim()
        assert low < points.get_xdata().min() and points.get_xdata().max() < high
    walker = 1e3 * MU_0 * field_curve.walker[0]
    assert f"Walker field: {walker:.3g} mT" in legend_texts(ax)


def test_retention_falls_as_the_rates_say():
    device = load_device("five_state")
    curves = retention_against_temperature(device, np.array([300.0, 400.0]))
    model = QPhiModel(device)
    rates = rate_matrix(model, find_wells(model, 300), 400.0)
    np.testing.assert_allclose(curves.time[:, 1], rates.retention)
    assert np.all(curves.time[:, 0] > 1e4 * curves.time[:, 1])
    assert pytest.approx(10 * 365.25 * 86400) == TEN_YEARS
    config = device.config()
    config["notch"][2]["depth"] = 6e-9
    shallow = device_from_mapping(config)
    barriers = np.array([min(w.barrier_left, w.barrier_right) for w in find_wells(QPhiModel(shallow), 300)])
    between = 1.2 * barriers.min() / (5 * K_B)  # hot enough for the lowest barrier alone
    time = retention_against_temperature(shallow, np.array([300.0, between])).time
    np.testing.assert_array_equal(np.isnan(time), [[False, i == 2] for i in range(5)])
    with pytest.raises(InputError, match="must be > 0"):
        retention_against_temperature(device, np.array([-1.0]))


@pytest.mark.parametrize("S", [1, 5, 16])
def test_retention_figure(S):
    temperature = np.linspace(250, 500, 6)
    time = np.exp(14_000 / temperature) * 1e-8 * np.ones((S, 1))
    ax = plot_retention(RetentionCurves(np.linspace(1e-7, 1e-6, S), temperature, time))
    drawn(ax.figure)
    assert ax.get_yscale() == "log" and "K" in ax.get_xlabel() and "(s)" in ax.get_ylabel()
    curves = [line for line in ax.lines if len(line.get_xdata()) == 6]
    assert len(curves) == len(legend_texts(ax)) == S
    assert len({line.get_linewidth() for line in curves}) == S  # so that equal curves can be told apart
    assert any(np.all(np.asarray(line.get_ydata()) == TEN_YEARS) for line in ax.lines)
    assert any(text.get_text() == "10 years" for text in ax.texts)
    assert not overlapping([ax, ax.get_legend()])


def test_retention_figure_says_where_there_is_none():
    lost = RetentionCurves(np.array([2e-7]), np.array([300.0, 400.0]), np.full((1, 2), np.nan))
    assert legend_texts(plot_retention(lost)) == ["0, at 200 nm: no rate"]


def test_retention_figure_says_whose_film_it_is():
    """That of the device at all temperatures, until laws say how it follows."""
    device, T = load_device("five_state").replace({"wall.shape": "rigid"}), np.array([300.0, 310.0])
    kept = plot_retention(retention_against_temperature(device, T))
    assert kept.get_title().endswith("with the film of 300 K at all temperatures")
    drawn(kept.figure)
    assert not overlapping([kept, kept.get_legend(), kept.title])
    follows = retention_against_temperature(device.replace({"temperature_laws.T_C": 900.0}), T)
    assert "film" not in plot_retention(follows).get_title()


def test_animation_shows_the_wall_where_it_is():
    scene = WallScene(trajectories())
    assert scene.samples[[0, -1]].tolist() == [0, 59]
    for i, q in ((0, 240), (59, 360)):
        scene.show(i)
        band = scene.band.get_xy()
        assert band[:, 0].mean() == pytest.approx(q, abs=10)
        assert np.ptp(band[:, 0]) == pytest.approx(1e9 * np.pi * scene.model.Delta, rel=1e-6)
        assert scene.dot.get_xdata() == pytest.approx([q])
        tip = scene.arrow.get_xy()[3] - (q, 0)
        assert tip == pytest.approx([-45, 0], abs=1e-9)  # phi = 180 degrees
    wells = find_wells(scene.model, 300)
    assert scene.energy[0] == pytest.approx(0, abs=0.01)
    top = scene.energy.max() * K_B * 300
    assert top == pytest.approx(wells[1].barrier_right, rel=0.01)


def test_animation_shows_tilt_and_width_of_models_that_have_them():
    scene = WallScene(trajectories(chi=0.3, Delta=8e-9))
    scene.show(0)
    left_top, right_top, _, left_bottom = scene.band.get_xy()[:4]
    assert right_top[0] - left_top[0] == pytest.approx(np.pi * 8 / np.cos(0.3))
    assert (left_top[0] - left_bottom[0]) / (left_top[1] - left_bottom[1]) == pytest.approx(np.tan(0.3))


def test_frames_differ_only_where_something_moves():
    scene = WallScene(trajectories(m=12))
    frames = list(scene.frames())
    assert len(frames) == 12
    height, width, _ = frames[0].shape
    assert (width, height % 2) == (880, 0)
    changed = (frames[0] != frames[-1]).any(axis=2)
    assert 0.001 < changed.mean() < 0.2
    assert not changed[-20:].any()  # labels at the foot


def test_polarity_turns_the_colours_of_the_domains():
    up, down = (next(WallScene(trajectories(Q=Q, m=2)).frames()) for Q in (1.0, -1.0))
    row, left, right = 120, 100, 800
    assert tuple(up[row, left]) == tuple(down[row, right]) != tuple(up[row, right])


def test_gif(tmp_path):
    path = tmp_path / "wall.gif"
    frames = list(WallScene(trajectories(m=5)).frames())
    save_movie(path, frames)
    with Image.open(path) as movie:
        assert (movie.n_frames, movie.size) == (5, (frames[0].shape[1], frames[0].shape[0]))
        assert movie.info["loop"] == 0
        movie.seek(4)
        last = np.asarray(movie.convert("RGB"), float)
    assert np.abs(last - frames[4]).mean() < 3
    with pytest.raises(InputError, match="exists"):
        save_movie(path, frames)


def test_mp4_needs_ffmpeg(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"needs the program ffmpeg, .*; name a \.gif instead"):
        save_movie(tmp_path / "wall.mp4", [])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("code", [0, 1])
def test_mp4_goes_through_ffmpeg(tmp_path, monkeypatch, code):
    """A stand-in that writes what it is given, or fails."""
    tools, frames = tmp_path / "bin", np.arange(2 * 4 * 6 * 3, dtype=np.uint8).reshape(2, 4, 6, 3)
    tools.mkdir()
    script = tools / "ffmpeg"
    lines = (
        "#!/bin/sh",
        "for last; do :; done",
        'echo "$@" >"$LOG"',
        'cat >"$last"',
        'echo "no codec" >&2',
        "exit $CODE",
    )
    script.write_text("\n".join(lines))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    monkeypatch.setenv("CODE", str(code))
    path = tmp_path / "wall.mp4"
    if code:
        with pytest.raises(RunError, match="ffmpeg failed: no codec"):
            save_movie(path, frames)
        assert not path.exists()
    else:
        save_movie(path, frames)
        assert path.read_bytes() == frames.tobytes()
    assert "-s 6x4" in (tmp_path / "log").read_text()


def test_no_such_trajectory():
    with pytest.raises(InputError, match="trajectory = 2 must be < 2"):
        WallScene(trajectories(), 2)


def test_figures_of_a_device_follow_the_drive():
    device = load_device("five_state")
    assert "energy" in landscape_figure(DrivenDevice(device=device)).axes[1].get_ylabel()
    motion = landscape_figure(DrivenDevice(device=device, current_density=4e11)).axes
    assert len(motion) == 1 and "4\\times10" in motion[0].get_title(loc="left")
    assert motion[0].get_xlim() == pytest.approx((0, 720))
    nominal = phase_figure(DrivenDevice(device=device)).axes[0].get_title(loc="left")
    assert "7\\times10" in nominal
    in_field = phase_figure(DrivenDevice(device=device, H_z=4e3)).axes[0].get_title(loc="left")
    assert "mT" in in_field and "A/m" not in in_field
    with pytest.raises(InputError, match="must not be 0"):
        field_velocity_figure(DrivenDevice(device=device, H_z=0.0))


def test_given_axes_are_used(current_curve):
    model = QPhiModel(reference())
    curves = RetentionCurves(np.array([2e-7]), np.array([300.0, 400.0]), np.ones((1, 2)))
    for draw, data in (
        (plot_energy_surface, energy_surface(model)),
        (plot_phase_portrait, flow(model)),
        (plot_velocity_against_current, current_curve),
        (plot_retention, curves),
    ):
        ax = new_figure(4).subplots()
        assert draw(data, ax=ax) is ax


def test_retention_figure_of_a_device_refuses_a_track_without_wells():
    config = reference().config()
    config["notch"] = []
    with pytest.raises(RunError, match="no well"):
        retention_figure(DrivenDevice(device=device_from_mapping(config)))


def test_borders_start_on_the_lines_that_lead_into_a_saddle():
    """A wall beside a saddle, placed where a border starts, comes nearer to it on either side."""
    model = QPhiModel(load_device("five_state"))
    saddle = next(point for point in flow(model).points if point.kind == "saddle")
    for q, phi in _beside(model, saddle):
        v, rate = model.velocity(q * model.Delta, phi)
        away = np.array([q - saddle.q / model.Delta, phi - saddle.phi])
        assert away @ np.array([float(v) / model.Delta, float(rate)]) < 0
