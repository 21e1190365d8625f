"""What figures of a wall draw, number by number: units of the axes, labels that state values, places of marks."""

import dataclasses
import math

import numpy as np
import pytest
from matplotlib.colors import same_color

from dwcore.canvas.style import COLUMN, SKY, own_look, pulse_text
from dwcore.errors import InputError
from llg.calibration.data import CURRENT_AXIS, CalibrationData
from llg.calibration.potential_map import PotentialMap
from llg.calibration.velocity_curve import VelocityCurve
from llg.calibration.wall_trace import WallTrace
from llg.constants import K_B, MU_0
from llg.device.device_file import device_from_mapping, load_device
from llg.device.pulse import Waveform
from llg.drawing import device_figures
from llg.drawing.animation import WallScene, _degrees
from llg.drawing.calibration_plots import plot_fit, plot_potential, plot_residuals
from llg.drawing.curve_plots import plot_retention, plot_velocity_against_current, plot_velocity_against_field
from llg.drawing.device_figures import DrivenDevice
from llg.drawing.device_plots import _round_step, device_text, plot_landscape, plot_outline, plot_waveform
from llg.drawing.energy_surface import EnergySurface, energy_surface, turn_around
from llg.drawing.flow import Flow, follow, part_of_track
from llg.drawing.motion_plots import motion_figure, pulses_figure
from llg.drawing.surface_plots import plot_energy_surface, plot_phase_portrait
from llg.drawing.trajectory_plots import plot_trajectories, trajectory_figure
from llg.landscape.fixed_points import FixedPoint
from llg.landscape.minimum_energy_path import EnergyPath
from llg.landscape.wells import find_wells
from llg.rates.retention_curve import RetentionCurves
from llg.runs.drive import Drive
from llg.runs.trajectories import Trajectories
from llg.runs.velocity import SimulatedVelocities, velocity_against_current, velocity_against_field
from llg.walls.analytic import walker_field
from llg.walls.q_phi import Field, QPhiModel

RIGID = load_device("five_state").replace({"wall.shape": "rigid"})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Points(CalibrationData):
    """Measured points in units of their own."""

    kind = "pinning map"
    x_axis = ("wall position (nm)", 1e-9)
    y_axis = ("holding field (mT)", 1e-3)

    def predict(self, device):
        raise NotImplementedError


POINTS = Points(
    source="map",
    x=np.array([3e-9, 1e-9, 2e-9]),
    measured=np.array([6e-3, 2e-3, 4e-3]),
    series=np.array([0, 0, 1]),
    labels=("first", "second"),
    errors_known=True,
)


def test_fit_is_drawn_in_the_units_of_its_axes():
    """Each series in the order of x; the bars are one error to either side, residuals measured less fitted."""
    predicted, error = np.array([5e-3, 2.5e-3, 4e-3]), np.array([1e-3, 0.5e-3, 0.2e-3])
    ax = plot_fit(POINTS, predicted, error)
    fitted = next(line for line in ax.lines if line.get_label() == "fitted")
    assert (list(fitted.get_xdata()), list(fitted.get_ydata())) == (pytest.approx([1, 3]), pytest.approx([2.5, 5]))
    first, second = (bars.lines for bars in ax.containers)
    assert list(first[0].get_ydata()) == pytest.approx([2, 6]) and list(second[0].get_xdata()) == pytest.approx([2])
    np.testing.assert_allclose([span[:, 1] for span in first[2][0].get_segments()], [[1.5, 2.5], [5, 7]])
    assert [text.get_text().strip() for text in ax.texts] == ["first", "second"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("wall position (nm)", "holding field (mT)")
    ax = plot_residuals(POINTS, predicted, error)
    points = next(line for line in ax.lines if line.get_marker() == "o")
    assert list(points.get_ydata()) == pytest.approx([1, -1, 0]) and list(points.get_xdata()) == pytest.approx(
        [3, 1, 2]
    )
    (band,) = ax.patches
    assert (band.get_y(), band.get_height()) == (-1.96, 2 * 1.96)


def test_units_that_the_data_of_a_calibration_are_drawn_in():
    """What the label names is the factor: 1e11 A/m^2, mT, m/s, ns, nm."""
    assert CURRENT_AXIS[1] == 1e11 and "10^{11}" in CURRENT_AXIS[0]
    assert VelocityCurve.y_axis == ("velocity (m/s)", 1.0)
    assert (WallTrace.x_axis, WallTrace.y_axis) == (("time (ns)", 1e-9), ("wall position (nm)", 1e-9))


def test_potential_of_a_map_is_drawn_in_pn_and_zj():
    q = np.linspace(100e-9, 140e-9, 41)
    device = device_from_mapping(
        {
            "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 1e-3, "alpha": 0.3},
            "track": {"length": 240e-9, "width": 64e-9, "thickness": 0.6e-9},
            "potential": {"q": q.tolist(), "V": (5e-21 * (q - 120e-9) ** 2 / 1e-16).tolist()},
        }
    )
    map_of_forces = PotentialMap(np.array([-1e-9, 0.0, 2e-9]), np.array([-3e-12, 0.0, 4e-12]))
    figure = plot_potential(map_of_forces, device)
    force, energy = figure.axes
    (line,) = force.lines
    assert (list(line.get_xdata()), list(line.get_ydata())) == (pytest.approx([-1, 0, 2]), pytest.approx([-3, 0, 4]))
    (line,) = energy.lines
    assert np.interp(110, line.get_xdata(), line.get_ydata()) == pytest.approx(5, rel=1e-3)  # (10 nm)^2 of 5e-5 J/m^2
    assert line.get_xdata()[-1] == pytest.approx(240)


def curve(walker, formula=None):
    return SimulatedVelocities(
        drive=np.array([1e11, 3e11]), temperature=310.0, velocity=np.array([10.0, 20.0]), error=np.array([1.0, 2.0]),
        noiseless=np.array([11.0, 21.0]), exact_drive=np.array([1e11, 2e11, 3e11]), exact=np.array([11.0, 15.0, 22.0]),
        walker=np.asarray(walker), formula=formula,
    )  # fmt: skip


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_velocities_are_drawn_over_current_and_over_field():
    ax = plot_velocity_against_current(curve([2.5e11]))
    assert any(text.startswith(r"Walker point: $J=2.5\times10^{11}") for text in labels(ax))
    walker = next(line for line in ax.lines if line.get_linestyle() == ":")
    assert walker.get_xdata()[0] == pytest.approx(2.5)
    (bars,) = ax.containers
    assert list(bars.lines[0].get_xdata()) == pytest.approx([1, 3]) and list(bars.lines[0].get_ydata()) == [10, 20]
    np.testing.assert_allclose([span[:, 1] for span in bars.lines[2][0].get_segments()], [[9, 11], [18, 22]])
    closed = next(line for line in ax.lines if line.get_label() == "closed form of the rigid wall, no noise")
    assert list(closed.get_xdata()) == pytest.approx([1, 2, 3]) and list(closed.get_ydata()) == [11, 15, 22]
    assert "simulation at 310 K" in labels(ax) and "formula" not in " ".join(labels(ax))
    fields = dataclasses.replace(
        curve([], formula=np.array([11.0, 16.0, 22.0])), drive=np.array([1e3, 3e3]) / MU_0 * 1e-3,
        exact_drive=np.array([1.0, 2.0, 3.0]) / MU_0, walker=np.array([1.5, -1.5]) / MU_0,
    )  # fmt: skip
    ax = plot_velocity_against_field(fields)
    formula = next(line for line in ax.lines if line.get_label().startswith("formula"))
    assert list(formula.get_xdata()) == pytest.approx([1e3, 2e3, 3e3]) and list(formula.get_ydata()) == [11, 16, 22]
    assert "Walker points" in labels(ax) and "mT" in ax.get_xlabel()


def test_what_acts_besides_the_drive_is_named():
    """A field of the drive and a current; not the field of the device, which the title of a figure has."""
    ax = plot_velocity_against_field(dataclasses.replace(curve([]), beside="H_x = 20 mT, 1e+11 A/m$^2$"))
    assert ax.get_xlabel().splitlines()[1:] == ["with H_x = 20 mT, 1e+11 A/m$^2$"]
    assert "\n" not in plot_velocity_against_current(curve([])).get_xlabel()
    device = load_device("five_state").replace({"field.H_x": "20 mT"})
    axis = np.array([0.0, 1e4])
    run = {"walls": 2, "settling": 5e-9, "measured": 1e-9, "jobs": 1}
    found = velocity_against_field(device, axis, current_density=1e11, field=Field(H_y=1e-2 / MU_0), **run)
    assert found.beside == "H_y = 10 mT, 1e+11 A/m$^2$"
    found = velocity_against_current(load_device("five_state"), 1e7 * axis, field=Field(H_y=1e-2 / MU_0), **run)
    assert found.beside == "H_y = 10 mT"
    assert velocity_against_current(load_device("five_state"), 1e7 * axis, **run).beside == ""


@pytest.mark.parametrize(("seconds", "place"), [(1e-5, "top"), (1e16, "bottom")])
def test_ten_years_stay_clear_of_the_title(seconds, place):
    """Below the line where it is the highest thing drawn, above it elsewhere."""
    ax = plot_retention(RetentionCurves(np.array([1e-7]), np.array([300.0, 400.0]), np.array([[1.0, 0.5]]) * seconds))
    (text,) = (text for text in ax.texts if text.get_text() == "10 years")
    assert text.get_verticalalignment() == place
    ax.figure.canvas.draw()
    assert text.get_window_extent().y1 < ax.get_window_extent().y1


def test_marks_at_the_ends_of_the_turn_stay_clear_of_the_legend():
    """Saddles at 0 and 360 degrees of a Neel wall, half of each mark beyond the frame."""
    ax = plot_energy_surface(energy_surface(QPhiModel(load_device("five_state"))))
    ax.figure.canvas.draw()
    mark = 0.5 * 8 * ax.figure.dpi / 72
    assert ax.get_legend().get_window_extent().y0 > ax.get_window_extent().y1 + mark


def test_retention_is_drawn_in_seconds_over_kelvin():
    time = np.array([[1e9, 1e3], [2e10, 4e4]])
    ax = plot_retention(RetentionCurves(np.array([1.2e-7, 2.4e-7]), np.array([300.0, 400.0]), time))
    drawn = [line for line in ax.lines if line.get_label().startswith(("0", "1"))]
    assert [line.get_label() for line in drawn] == ["0, at 120 nm", "1, at 240 nm"]
    np.testing.assert_allclose([line.get_ydata() for line in drawn], time)
    assert ax.get_xlim() == (300, 400) and "barriers above 5" in ax.get_title()


@pytest.mark.parametrize("given", [None, -2e11])
def test_axes_of_the_velocity_figures(monkeypatch, given):
    """Twice the current of the pulse and three Walker fields; 1e12 A/m^2 and 8e4 A/m where nothing says more."""
    asked = {}
    for name in ("velocity_against_current", "velocity_against_field"):
        monkeypatch.setattr(
            device_figures, name, lambda _device, values, name=name, **more: asked.update({name: (values, more)})
        )
    for name in ("plot_velocity_against_current", "plot_velocity_against_field", "figure_of"):
        monkeypatch.setattr(device_figures, name, lambda *_: None)
    device_figures.velocity_figure(DrivenDevice(device=RIGID, current_density=given, H_z=5e3))
    currents, more = asked["velocity_against_current"]
    ends = (0, 2 * RIGID.pulse.current_density) if given is None else (-2e11, 0)
    assert (currents[0], currents[-1]) == pytest.approx(ends) and currents.size == 21 and np.all(np.diff(currents) > 0)
    assert more == {"field": Field(H_z=5e3)}
    device_figures.velocity_figure(DrivenDevice(device=RIGID.replace({"pulse": None})))
    assert asked["velocity_against_current"][0][-1] == 1e12
    device_figures.field_velocity_figure(DrivenDevice(device=RIGID, current_density=1e11))
    model = QPhiModel(RIGID)
    fields, more = asked["velocity_against_field"]
    assert fields[-1] == pytest.approx(3 * walker_field(model.alpha, model.H_K, model.H_D)) and fields.size == 17
    assert more == {"current_density": 1e11}
    soft = RIGID.replace({"material.D": 0.0, "wall.H_K": 0.0})
    device_figures.field_velocity_figure(DrivenDevice(device=soft))
    assert asked["velocity_against_field"][0][-1] == 8e4


def test_a_device_in_words():
    assert device_text(RIGID) == "five-state reference, 300 K"
    assert device_text(RIGID, 0.0) == "five-state reference, 300 K, no noise"
    assert device_text(RIGID.replace({"field.H_z": 2e-3 / MU_0})) == "five-state reference, 300 K, H_z = 2 mT"


@pytest.mark.parametrize(("size", "step"), [(50, 50), (49, 20), (19, 10), (0.7, 0.5), (1000, 1000), (4.99, 2)])
def test_steps_of_the_axis_across(size, step):
    assert _round_step(size) == pytest.approx(step)


def test_outline_is_cut_where_the_notch_cuts_it():
    """A notch in the upper edge alone: the lower edge stays straight at -32 nm."""
    notch = {"position": 100e-9, "shape": "rectangular", "depth": 10e-9, "width": 40e-9, "edge": "upper"}
    device = device_from_mapping(
        {
            "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 1e-3, "alpha": 0.3},
            "track": {"length": 200e-9, "width": 64e-9, "thickness": 0.6e-9},
            "notch": [notch],
        }
    )
    edge = plot_outline(device).collections[0].get_paths()[0].vertices
    middle = edge[np.abs(edge[:, 0] - 100) < 5, 1]
    assert (middle.min(), middle.max()) == pytest.approx((-32, 22), abs=0.2)


def test_landscape_counts_from_the_deepest_well():
    """In kB T of the device; wells lie on the curve, barriers on its tops, the ends are named beyond the scale."""
    model = QPhiModel(RIGID.replace({"temperature": 350.0}))
    ax, wells, kT = plot_landscape(model), find_wells(model, 350.0), K_B * 350.0
    bottom = min(well.energy for well in wells)
    line = ax.lines[0]
    assert min(line.get_ydata()) == pytest.approx(0, abs=0.02)
    at_well = next(one for one in ax.lines if one.get_marker() == "o")
    np.testing.assert_allclose(at_well.get_ydata(), [(well.energy - bottom) / kT for well in wells], atol=1e-9)
    tops = next(one for one in ax.lines if one.get_marker() == "v")
    for x, y in zip(tops.get_xdata(), tops.get_ydata(), strict=True):
        assert np.interp(x, line.get_xdata(), line.get_ydata()) == pytest.approx(y, rel=1e-3)
    words = [text.get_text() for text in ax.texts]
    assert f"to the end: {wells[0].barrier_left / kT:.0f}" in words and "350 K" in ax.get_ylabel()
    assert [w.isdigit() and w for w in words[:5]] == ["0", "1", "2", "3", "4"]


def test_waveform_is_drawn_in_ns_and_1e11():
    ax = plot_waveform(Drive(waveform=Waveform([0.0, 1e-9, 3e-9], [0.0, 1.0, -0.5]), current_density=4e11))
    (line,) = (one for one in ax.lines if len(one.get_xdata()) == 3)
    assert (list(line.get_xdata()), list(line.get_ydata())) == (pytest.approx([0, 1, 3]), pytest.approx([0, 4, -2]))


@pytest.mark.parametrize(
    ("J", "time", "words"),
    [
        (7e11, 1e-9, r"$+7\times10^{11}$ A/m$^2$ for 1 ns"),
        (-2.5e10, 0.4e-9, r"$-0.25\times10^{11}$ A/m$^2$ for 0.4 ns"),
    ],
)
def test_a_pulse_in_words(J, time, words):
    assert pulse_text(J, time) == words


def fixed(q, phi=math.pi, kind="stable"):
    return FixedPoint(q, phi, kind, np.zeros(2, complex), np.eye(2, dtype=complex))


def made_surface(paths):
    q, phi = np.linspace(0, 100e-9, 101), np.linspace(0, 2 * np.pi, 61)
    energy = 10 * (1 - np.cos(2 * np.pi * q / 50e-9))[:, None] + 5 * (1 + np.cos(phi))
    points = [fixed(50e-9), fixed(25e-9, kind="saddle"), fixed(75e-9, 0.0, kind="saddle")]
    return EnergySurface(q, phi, energy, 2e-20, 300.0, points, paths)


def path_of(top, saddle=True, turns=False):
    q = np.linspace(0, 50e-9, 21)
    energy = 2e-20 + K_B * 300 * top * np.sin(np.linspace(0, np.pi, 21)) ** 2
    return EnergyPath(q, np.full(21, np.pi), energy, fixed(25e-9, kind="saddle") if saddle else None, turns)


def test_scale_of_a_surface_is_1_6_times_the_highest_barrier_between_wells():
    assert made_surface([path_of(12.0), path_of(10.0), path_of(90.0, saddle=False)]).top == pytest.approx(1.6 * 12)
    assert made_surface([path_of(30.0, saddle=False), path_of(20.0, saddle=False)]).top == pytest.approx(1.6 * 20)
    assert made_surface([path_of(99.0, turns=True)]).top == pytest.approx(30)  # the largest energy drawn
    assert made_surface([]).height(2e-20 + 3 * K_B * 300) == pytest.approx(3)


def test_surface_marks_are_in_nm_and_degrees():
    ax = plot_energy_surface(made_surface([path_of(14.0)]))
    marks = {line.get_marker(): line.get_xydata() for line in ax.lines if line.get_marker() not in ("None", "")}
    np.testing.assert_allclose(marks["o"], [[50, 180]])
    np.testing.assert_allclose(marks["X"], [[25, 180]])  # the other one lies above the scale
    way = next(line for line in ax.lines if line.get_marker() == "None" and len(line.get_xdata()) == 21)
    assert way.get_xdata()[-1] == pytest.approx(50) and way.get_ydata()[0] == pytest.approx(180)
    assert ax.get_xlim() == pytest.approx((0, 100)) and ax.get_ylim() == pytest.approx((0, 360))


def test_paths_end_where_the_scale_does():
    """Of a path up to 90 kB T, on a scale of 1.6 times 14 to the next round number, the top is left out."""
    high = path_of(90.0, saddle=False)
    ax = plot_energy_surface(made_surface([path_of(14.0), high]))
    low, cut = (line for line in ax.lines if line.get_marker() == "None" and len(line.get_xdata()) == 21)
    height = 90 * np.sin(np.linspace(0, np.pi, 21)) ** 2
    assert np.isfinite(low.get_xdata()).all()
    np.testing.assert_array_equal(np.isfinite(cut.get_xdata()), height < 25)


def test_landscape_is_that_under_the_current(monkeypatch):
    """A field-like torque alone has an energy."""
    asked = {}
    monkeypatch.setattr(device_figures, "energy_surface", lambda model, **given: asked.update(given))
    for name in ("plot_energy_surface", "figure_of"):
        monkeypatch.setattr(device_figures, name, lambda *_: None)
    monkeypatch.setattr(device_figures, "has_energy", lambda model, current_density: current_density == 2e11)
    device_figures.landscape_figure(DrivenDevice(device=RIGID, current_density=2e11, H_z=5e3))
    assert asked == {"field": Field(H_z=5e3), "current_density": 2e11}


def test_turn_of_the_angle_begins_in_the_widest_gap():
    """Wells at 10 and 100 degrees: the gap of 270 degrees has its middle at -125; one alone stands in the middle."""
    ends = [turn_around([fixed(0.0, np.radians(a)) for a in angles]) for angles in ((10, 100), (180,), (0,))]
    np.testing.assert_allclose(np.degrees(ends), [-125, 0, -180], atol=1e-3)
    assert turn_around([]) == -np.pi


def test_part_of_the_track_around_the_middle_wells():
    """The middle well and its neighbours, and half the least pitch beyond; a lone well with 10 Delta on either side."""
    model = QPhiModel(RIGID)
    q = (120e-9, 240e-9, 350e-9, 480e-9, 600e-9)
    assert part_of_track(model, [fixed(x) for x in q]) == pytest.approx((240e-9 - 55e-9, 480e-9 + 55e-9))
    both_angles = [fixed(x, phi) for x in q for phi in (1.5, -1.5)]
    assert part_of_track(model, both_angles) == pytest.approx((185e-9, 535e-9))
    reach = 10 * model.Delta
    assert part_of_track(model, [fixed(300e-9)]) == pytest.approx((300e-9 - reach, 300e-9 + reach))
    assert part_of_track(model, [fixed(20e-9)]) == pytest.approx((0.0, 20e-9 + reach))


def test_lines_follow_a_circle_and_end_at_a_point_or_an_edge():
    """Around (0, 0) the classical Runge-Kutta method keeps the radius to 1e-6 in steps of 0.08."""

    def around(x):
        return np.stack([-x[:, 1], x[:, 0]], axis=1) / np.hypot(*x.T)[:, None]

    (line,) = follow(around, np.array([[2.0, 0.0]]), (-5.0, 5.0), np.array([[0.0, -2.0]]))
    assert np.abs(np.hypot(*line.T) - 2).max() < 1e-6
    assert len(line) == pytest.approx(1.5 * np.pi * 2 / 0.08, abs=2)
    assert np.hypot(*(line[-1] - (0.0, -2.0))) < 0.06 + 1e-9
    (line,) = follow(around, np.array([[2.0, 0.0]]), (0.5, 5.0), np.array([[0.0, -2.0]]))
    assert line[-1, 0] <= 0.5 < line[-2, 0]


def test_a_drive_is_named_with_its_values():
    rates = np.ones((5, 5))
    motion = Flow(
        2.5e11, Field(H_x=1e-3 / MU_0, H_z=-4e-3 / MU_0), np.linspace(0, 1e-7, 5), np.linspace(0, 6, 5), 2 * rates,
        0.5e9 * rates, [], [], [],
    )  # fmt: skip
    ax = plot_phase_portrait(motion)
    title = ax.get_title(loc="left")
    assert title.startswith("motion under a held drive, ")
    assert all(w in title for w in (r"$J=2.5\times10^{11}$ A/m$^2$", "$\\mu_0H_x=1$ mT", "$\\mu_0H_z=-4$ mT"))
    assert "H_y" not in title
    stream = next(one for one in ax.collections if hasattr(one, "get_segments"))
    steps = np.concatenate([np.diff(part, axis=0) for part in stream.get_segments()])
    slopes = steps[np.abs(steps[:, 0]) > 1e-9]
    np.testing.assert_allclose(slopes[:, 1] / slopes[:, 0], np.degrees(0.5) / 2, rtol=1e-3)  # degrees/ns over nm/ns


def made_trajectories(**more):
    time = np.linspace(0, 4e-9, 5)
    q = np.array([[100e-9, 110e-9, 140e-9, 190e-9, 240e-9], [120e-9] * 5])
    pulse = np.array([0.0, 0.6, -1.0, 0.4, 0.0])
    given = {"phi": np.full_like(q, np.pi / 2), "current_density": 7e11, "duration": 1e-9, "temperature": 300.0}
    return Trajectories(device=RIGID, time=time, pulse=pulse, q=q, **(given | more))


def test_trajectories_are_shaded_above_half_the_amplitude():
    ax = plot_trajectories(made_trajectories())
    one = next(line for line in ax.lines if line.get_label() == "one of them")
    np.testing.assert_allclose(one.get_xydata(), [[100, 0], [110, 1], [140, 2], [190, 3], [240, 4]], atol=1e-9)
    band = next(c for c in ax.collections if c.get_label() == "pulse").get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == pytest.approx((1, 2))
    assert (ax.get_xlim(), ax.get_ylim()) == (pytest.approx((0, 720)), pytest.approx((4, 0)))
    title = trajectory_figure(made_trajectories()).axes[0].get_title()
    assert title == r"five-state reference, 300 K: 2 trajectories, $+7\times10^{11}$ A/m$^2$ for 1 ns"
    figure = motion_figure(made_trajectories(), "position", "angle")
    lines = [next(line for line in ax.lines if line.get_label() == "mean") for ax in figure.axes]
    assert lines[0].get_ydata()[-1] == pytest.approx(180) and lines[1].get_ydata()[0] == pytest.approx(90)


@pytest.mark.parametrize("Q", [1.0, -1.0])
def test_moving_picture_of_a_tilted_wall(Q):
    """The band is pi Delta/cos chi wide and leans with tan chi, the arrow 0.9 w long along phi; J with its sign; a clock."""
    device = device_from_mapping({**RIGID.config(), "wall": RIGID.config()["wall"] | {"Q": Q}})
    scene = WallScene(
        dataclasses.replace(made_trajectories(), device=device, chi=np.full((2, 5), 0.2), Delta=np.full((2, 5), 6e-9))
    )
    moved = scene.show(4)
    assert len(moved) == 7 and scene.dot.get_xdata() == [pytest.approx(240)]
    band = scene.band.get_xy()
    assert band[1, 0] - band[0, 0] == pytest.approx(np.pi * 6 / np.cos(0.2))
    assert 0.5 * (band[0, 0] + band[1, 0]) - 240 == pytest.approx(np.tan(0.2) * scene.reach)
    np.testing.assert_allclose(scene.domain.get_xy()[1], [240 + np.tan(0.2) * scene.reach, scene.reach])
    left, right = (scene.domain, scene.figure.axes[0].collections[0])[:: 1 if Q > 0 else -1]  # what is up, what is down
    assert same_color(left.get_facecolor(), SKY) and same_color(right.get_facecolor(), "white")
    tip, tail = scene.arrow.get_xy()[3], scene.arrow.get_xy()[0]
    np.testing.assert_allclose(tip, [240, 0.45 * 1e9 * device.track.width], atol=1e-9)
    assert tail[1] == pytest.approx(-0.45 * 1e9 * device.track.width)
    assert scene.cursor.get_xdata()[0] == pytest.approx(4)
    current = next(line for line in scene.figure.axes[2].lines if len(line.get_xdata()) == 5)
    np.testing.assert_allclose(current.get_ydata(), 7 * np.array([0, 0.6, -1, 0.4, 0]))
    for _ in scene.frames():
        pass
    assert scene.clock.get_text() == "t = 4.00 ns    q = 240.0 nm    φ = 90°"
    assert [_degrees(turns * 2 * np.pi) for turns in (-0.25, 1.25, 7.5)] == pytest.approx([270, 90, 180])
    model = QPhiModel(device)
    bottom = min(well.energy for well in find_wells(model, 300.0))
    at_end = (model.energy(240e-9, np.pi / 2) - bottom) / (K_B * 300)
    assert scene.energy[4] == pytest.approx(float(at_end))


SOFT = device_from_mapping(
    {"name": "strip", "material": {"Ms": 8.6e5, "A": 1.3e-11, "K_u": 3e4, "alpha": 0.02, "easy_axis": "x"},
     "wall": {"H_K": -6.9e5}, "track": {"length": 8e-6, "width": 100e-9, "thickness": 5e-9}}
)  # fmt: skip


def test_the_moment_of_a_transverse_wall_turns_towards_the_eye():
    """In a soft strip phi = 0 lies across it, and of a quarter turn there is nothing to see but the breadth of the arrow."""
    time, q = np.linspace(0, 1e-9, 3), np.array([[1e-6, 2e-6, 3e-6]])
    made = {"pulse": np.zeros(3), "current_density": 0.0, "duration": 1e-9, "temperature": 300.0}
    phi = np.array([[0.0, np.pi / 3, np.pi]])
    scene = WallScene(Trajectories(device=SOFT, time=time, q=q, phi=phi, **made))
    for i, turn in enumerate((1.0, 0.5, -1.0)):
        scene.show(i)
        arrow = scene.arrow.get_xy()[:7] - [1e9 * q[0, i], 0]
        np.testing.assert_allclose(arrow[3], [0, 0.45 * 100 * turn], atol=1e-9)
        assert np.abs(arrow[:, 0]).max() == pytest.approx(0.16 * 0.9 * 100)
    assert scene.figure.axes[0].get_title(loc="right") == "blue: +x, white: -x; arrow: moment of the wall"
    assert WallScene(made_trajectories()).figure.axes[0].get_title(loc="right").startswith("blue: up, white: down")


def test_a_field_that_does_not_drive_a_soft_strip_is_no_axis():
    with pytest.raises(InputError, match='device "strip": H_z does not drive a soft strip, so it cannot be the axis'):
        device_figures.field_velocity_figure(DrivenDevice(device=SOFT, H_z=1e3))


def test_a_long_strip_has_no_room_for_numbers_across():
    """A hundred times as long as wide it is 0.07 inches high on a figure of 8.8 inches."""
    assert plot_outline(RIGID).get_ylabel() == r"$y$ (nm)" and len(plot_outline(RIGID).get_yticks()) > 1
    thin = plot_outline(SOFT)
    assert thin.get_ylabel() == "" and list(thin.get_yticks()) == []


def test_share_of_trajectories_in_each_well_is_that_of_all():
    """Of 300 walls the last hundred end in the second well, and 200 are drawn."""
    wells = find_wells(QPhiModel(RIGID), 300.0)
    time = np.linspace(0, 1e-9, 4)
    q = np.full((300, 4), wells[0].q)
    q[200:, -1] = wells[1].q
    made = {"pulse": np.zeros(4), "current_density": 0.0, "duration": 1e-9, "temperature": 300.0}
    run = Trajectories(device=RIGID, time=time, q=q, phi=np.full_like(q, np.pi), **made)
    texts = {text.get_text(): text.get_position()[0] for text in trajectory_figure(run).axes[2].texts}
    assert texts == {"66.7 %": pytest.approx(1e9 * wells[0].q), "33.3 %": pytest.approx(1e9 * wells[1].q)}
    with own_look(COLUMN):
        assert trajectory_figure(run).axes[1].get_legend() is None
    assert trajectory_figure(run).axes[1].get_legend() is not None


def test_a_formula_that_says_the_same_is_not_drawn_again():
    """Within a thousandth of the largest velocity, 22 m/s, it is the closed form."""
    for off, drawn in ((0.021, False), (0.023, True)):
        ax = plot_velocity_against_current(curve([], formula=np.array([11.0, 15.0 + off, 22.0])))
        assert any(text.startswith("formula") for text in labels(ax)) is drawn


def test_a_phase_portrait_names_what_is_applied_and_shows_what_acts(monkeypatch):
    """H_z of the track is H_y of the wall of a soft strip, and the title has it as given; retention, 250 to 500 K."""
    asked = {}
    monkeypatch.setattr(device_figures, "flow", lambda model, **given: asked.update(given) or made_flow(given["field"]))
    shown = device_figures.phase_figure(DrivenDevice(device=SOFT, current_density=2e11, H_z=4e3))
    title = shown.axes[0].get_title(loc="left")
    assert f"$\\mu_0H_z={4e6 * MU_0:.3g}$ mT" in title and "H_y" not in title
    assert asked["field"] == Field(H_y=4e3) and asked["current_density"] == 2e11
    monkeypatch.setattr(device_figures, "retention_against_temperature", lambda device, T: asked.update(T=T))
    for name in ("plot_retention", "figure_of"):
        monkeypatch.setattr(device_figures, name, lambda *_: None)
    device_figures.retention_figure(DrivenDevice(device=RIGID))
    assert asked["T"] == pytest.approx(np.linspace(250, 500, 16))


def made_flow(field):
    rates = np.ones((5, 5))
    return Flow(2e11, field, np.linspace(0, 1e-7, 5), np.linspace(0, 6, 5), rates, 1e9 * rates, [], [], [])


def test_pulses_of_two_devices_are_named():
    one = made_trajectories()
    other = dataclasses.replace(one, device=dataclasses.replace(RIGID, name="other"))
    both, alone = (pulses_figure(runs).axes[0] for runs in ([one, other], [one, one]))
    assert [text.split(":")[0] for text in labels(both)] == ["five-state reference", "other"]
    assert labels(alone) == [r"$+7\times10^{11}$ A/m$^2$ for 1 ns"] * 2
