"""Figures of a device and of trajectories: labels with units, artists that match the data, text that fits."""

import subprocess
import sys

import numpy as np
import pytest
from drawings import drawn, overlapping
from matplotlib.backends.backend_agg import FigureCanvasAgg

from dwcore.canvas.style import COLUMN, PAGE, WIDTH, new_figure, own_look
from llg.constants import K_B
from llg.device.device_file import device_from_mapping, load_device
from llg.device.pulse import Waveform
from llg.drawing.device_plots import plot_landscape, plot_outline, plot_waveform
from llg.drawing.trajectory_plots import MAX_DRAWN, plot_trajectories, trajectory_figure
from llg.landscape.wells import find_wells
from llg.runs.ensemble import Drive
from llg.runs.trajectories import Trajectories
from llg.walls.q_phi import QPhiModel


def track(n_notches, pads=True):
    config = load_device("five_state").config()
    config["track"]["length"] = (n_notches + 1) * 120e-9
    config["notch"] = [{**config["notch"][0], "position": (i + 1) * 120e-9} for i in range(n_notches)]
    del config["readout"]
    if not pads:
        del config["track"]["pad_width"], config["track"]["pad_taper"]
    return device_from_mapping(config)


def trajectories(device, starts, ends, m=201):
    """Straight ways with the pulse on from 1 ns to 2 ns of 4 ns; starts and ends of shape (n,) [m]."""
    time = np.linspace(0, 4e-9, m)
    fraction = np.clip((time - 1e-9) / 1e-9, 0, 1)
    q = np.asarray(starts)[:, None] + np.subtract(ends, starts)[:, None] * fraction
    pulse = ((time >= 1e-9) & (time <= 2e-9)).astype(float)
    return Trajectories(
        device=device, current_density=7e11, duration=1e-9, time=time, pulse=pulse, q=q, phi=np.zeros_like(q)
    )


@pytest.mark.parametrize("name", ["five_state", "sixteen_state"])
def test_outline_is_to_scale_and_has_the_width_of_the_track(name):
    device = load_device(name)
    ax = plot_outline(device)
    drawn(ax.figure)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$x$ (nm)", "$y$ (nm)")
    origin, right, up = ax.transData.transform([(0, 0), (10, 0), (0, 10)])
    assert right[0] - origin[0] == pytest.approx(up[1] - origin[1], rel=1e-6)
    edge = ax.collections[0].get_paths()[0].vertices
    at_notch = np.abs(edge[np.abs(edge[:, 0] - 1e9 * device.notches[1].position) < 0.2, 1])
    assert at_notch.min() == pytest.approx(50 - 1e9 * device.notches[1].depth, abs=0.2)


@pytest.mark.parametrize("n", [1, 2, 5, 16])
def test_landscape_marks_each_well_and_barrier(n):
    model = QPhiModel(track(n))
    ax = plot_landscape(model)
    drawn(ax.figure)
    assert "nm" in ax.get_xlabel()
    assert "300 K" in ax.get_ylabel()
    marks = {line.get_marker(): line for line in ax.lines}
    np.testing.assert_allclose(marks["o"].get_xdata(), 120.0 * np.arange(1, n + 1), atol=1)
    wells = find_wells(model, 300)
    np.testing.assert_allclose(marks["v"].get_xdata(), [1e9 * w.right_edge for w in wells[:-1]])
    numbers = [text for text in ax.texts if text.get_text().isdigit()]
    assert len(numbers) == n + (n - 1)
    assert not overlapping([*ax.texts, ax.get_legend()])


@pytest.mark.parametrize("width", [COLUMN, PAGE, WIDTH])
def test_thirty_two_states_do_not_write_over_one_another(width):
    model = QPhiModel(track(32))
    with own_look(width):
        ax = plot_landscape(model)
        figure = ax.figure
        figure.set_dpi(100)
        FigureCanvasAgg(figure).draw()
        numbers = [text for text in ax.texts if text.get_text().isdigit()]
        assert not overlapping([text for text in numbers if text.get_position()[1] == -6])
        assert not overlapping([text for text in numbers if text.get_position()[1] == 5])
        assert not overlapping([*numbers, ax.get_legend()])
    assert {"0"} < {text.get_text() for text in numbers} and (len(numbers) < 63) == (width < WIDTH)


def test_landscape_tells_apart_the_barriers_of_a_saddle_seen_from_two_wells():
    config = track(2).config()
    config["notch"][1]["depth"] = 15e-9
    model = QPhiModel(device_from_mapping(config))
    left, right = find_wells(model, 300)
    texts = [text.get_text() for text in plot_landscape(model).texts]
    kT = K_B * 300
    assert f"{left.barrier_right / kT:.0f} | {right.barrier_left / kT:.0f}" in texts


def test_landscape_of_a_track_without_wells():
    config = track(0, pads=False).config()
    config["track"] |= {"outline_x": [0.0, 120e-9], "outline_width": [80e-9, 120e-9]}
    ax = plot_landscape(QPhiModel(device_from_mapping(config)))
    assert len(ax.lines) == 1
    assert not ax.texts


def test_trajectories_draw_one_line_each_and_shade_the_pulse():
    device = track(2)
    many = trajectories(device, [120e-9] * 3, [120e-9, 240e-9, 240e-9])
    ax = plot_trajectories(many)
    assert "nm" in ax.get_xlabel()
    assert "ns" in ax.get_ylabel()
    lines = next(c for c in ax.collections if hasattr(c, "get_segments"))
    assert len(lines.get_segments()) == 3
    np.testing.assert_allclose(lines.get_segments()[1][-1], [240, 4])
    band = next(c for c in ax.collections if c.get_label() == "pulse").get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == pytest.approx((1, 2))
    assert ax.get_ylim() == (4, 0)


def test_trajectories_beyond_the_most_are_left_out():
    device = track(1)
    n = MAX_DRAWN + 7
    many = trajectories(device, [120e-9] * n, [120e-9] * n, m=11)
    lines = next(c for c in plot_trajectories(many).collections if hasattr(c, "get_segments"))
    assert len(lines.get_segments()) == MAX_DRAWN
    assert f"{MAX_DRAWN} of {n}" in trajectory_figure(many).axes[0].get_title()


@pytest.mark.parametrize("n_notches", [2, 16])
def test_trajectory_figure_shares_the_position_and_counts_the_outcomes(n_notches):
    device = track(n_notches)
    many = trajectories(device, [120e-9] * 4, [120e-9, 240e-9, 240e-9, 240e-9])
    figure = drawn(trajectory_figure(many))
    outline, landscape, paths = figure.axes
    assert outline.get_xlim() == landscape.get_xlim() == paths.get_xlim() == (0, 1e9 * device.track.length)
    boxes = [ax.get_window_extent() for ax in figure.axes]
    assert {round(box.x0) for box in boxes} == {round(boxes[0].x0)}
    assert {round(box.width) for box in boxes} == {round(boxes[0].width)}
    origin, right, up = outline.transData.transform([(0, 0), (10, 0), (0, 10)])
    assert right[0] - origin[0] == pytest.approx(up[1] - origin[1], rel=1e-6)
    shares = {round(text.get_position()[0]): text.get_text() for text in paths.texts}
    assert shares == {120: "25 %", 240: "75 %"}
    assert not overlapping(paths.texts)


def test_waveform_shows_the_amplitude_and_its_unit():
    shape = Waveform(np.array([0.0, 1e-9, 2e-9]), np.array([0.0, 1.0, 0.0]))
    ax = plot_waveform(Drive(waveform=shape, current_density=np.array([7e11, -3e11, 7e11])))
    peaks = sorted(max(line.get_ydata(), key=abs) for line in ax.lines if len(line.get_xdata()) == 3)
    assert peaks == pytest.approx([-3, 7])
    assert "A/m" in ax.get_ylabel()
    assert "ns" in ax.get_xlabel()


def test_new_figures_are_as_wide_as_the_page():
    device = track(2)
    figures = (plot_outline(device).figure, trajectory_figure(trajectories(device, [120e-9], [240e-9])))
    assert {figure.get_size_inches()[0] for figure in figures} == {WIDTH}


def test_given_axes_are_used():
    device = track(1)
    ax = new_figure(3).subplots()
    for draw, data in ((plot_outline, device), (plot_landscape, QPhiModel(device))):
        assert draw(data, ax=ax) is ax


def test_drawing_leaves_no_global_state():
    code = (
        "import io, sys, matplotlib; before = dict(dict.items(matplotlib.rcParams))  # without resolving the back end\n"
        "import llg.drawing.device_plots, llg.drawing.trajectory_plots, compact.drawing.transition_plots\n"
        "from dwcore.canvas.style import axes_or_new\n"
        "axes_or_new(None).figure.savefig(io.BytesIO())\n"
        "sys.exit('matplotlib.pyplot' in sys.modules or dict(dict.items(matplotlib.rcParams)) != before)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
