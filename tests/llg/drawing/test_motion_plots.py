"""Figures against time: what is drawn are means and ranges of what was recorded; one pulse or several."""

import dataclasses

import numpy as np
import pytest

from dwcore.canvas.style import COLUMN, own_look
from dwcore.errors import InputError
from llg.drawing.motion_plots import QUANTITIES, motion_figure, plot_motion, pulses_figure, velocity
from llg.runs.trajectories import Trajectories

N, M = 40, 81


@pytest.fixture
def walls(two_notches):
    """Walls that run at different constant velocities while their angles turn as cos t."""
    time = np.linspace(0, 4e-9, M)
    speed = np.linspace(20.0, 60.0, N)[:, None]
    q = 100e-9 + speed * time
    return Trajectories(
        device=two_notches, current_density=7e11, duration=1e-9, time=time, pulse=((time > 1e-9) & (time < 2e-9)) * 1.0,
        q=q, phi=np.broadcast_to(0.3 * np.cos(2e9 * np.pi * time), q.shape).copy(),
    )  # fmt: skip


@pytest.fixture
def two_notches():
    from llg.device.device_file import load_device

    return load_device("five_state")


def line(ax, label):
    return next(one for one in ax.lines if one.get_label() == label)


def test_velocity_of_walls_at_constant_speed(walls):
    assert velocity(walls) == pytest.approx(np.broadcast_to(np.linspace(20.0, 60.0, N)[:, None], (N, M)), rel=1e-9)
    ax = plot_motion(walls, "velocity")
    assert line(ax, "mean").get_ydata() == pytest.approx(40.0)
    band = next(one for one in ax.collections if one.get_label() == "nine of ten walls").get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == pytest.approx((22.0, 58.0))  # of speeds that are uniform
    shaded = next(one for one in ax.collections if one.get_label() == "pulse").get_paths()[0].vertices
    assert 1.0 <= shaded[:, 0].min() < shaded[:, 0].max() <= 2.0  # [ns]
    assert "m/s" in ax.get_ylabel() and "ns" in ax.get_xlabel()


def test_angles_are_in_degrees(walls):
    ax = plot_motion(walls, "angle")
    assert line(ax, "one of them").get_ydata() == pytest.approx(np.degrees(walls.phi[0]))
    assert max(line(ax, "mean").get_ydata()) == pytest.approx(np.degrees(0.3))


def test_a_tilt_is_drawn_where_the_wall_has_one_and_refused_where_not(walls):
    with pytest.raises(InputError, match=r'its wall has no tilt of its own; that of .wall. model = "q-phi-chi" has'):
        plot_motion(walls, "tilt")
    assert len(motion_figure(walls).axes) == 3
    tilted = dataclasses.replace(walls, chi=np.full((N, M), 0.1))
    assert line(plot_motion(tilted, "tilt"), "mean").get_ydata() == pytest.approx(np.degrees(0.1))
    assert len(motion_figure(tilted).axes) == 4 and len(motion_figure(tilted, "tilt").axes) == 1
    assert set(QUANTITIES) == {"position", "velocity", "angle", "tilt", "width"}


def test_several_pulses_begin_together(walls):
    later = dataclasses.replace(walls, current_density=3e11, pulse=((walls.time > 2e-9) & (walls.time < 3e-9)) * 1.0)
    figure = pulses_figure([walls, later])
    ax = figure.axes[0]
    first, second = ax.lines
    assert "+7" in first.get_label() and "+3" in second.get_label()
    assert second.get_xdata()[0] - first.get_xdata()[0] == pytest.approx(-1.0, rel=1e-6)  # [ns]
    assert first.get_ydata() == pytest.approx(1e9 * walls.q.mean(axis=0))


def test_a_column_has_its_width(walls):
    with own_look(COLUMN):
        figures = motion_figure(walls), pulses_figure([walls])
    assert [figure.get_figwidth() for figure in figures] == [COLUMN, COLUMN]
