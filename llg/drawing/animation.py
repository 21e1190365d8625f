"""A trajectory as a moving picture: the wall on its track from above, its energy, the pulse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from dwcore.canvas.style import BLUE, GREY, INK, ORANGE, PALE, SKY, WIDTH, new_figure
from dwcore.errors import InputError
from llg.constants import K_B
from llg.drawing.device_plots import STRIP_HEIGHT, plot_landscape, plot_outline, wells_or_none
from llg.landscape.wells import valley
from llg.runs.trajectories import Trajectories
from llg.walls.q_phi import QPhiModel

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

DPI = 100
MOST_FRAMES = 150
_LEFT, _RIGHT, _TOP, _BOTTOM, _GAP = 0.75, 0.15, 0.45, 0.55, 0.12  # [inch]
_LANDSCAPE, _PULSE, _AXIS = 2.0, 1.1, 0.45  # [inch]
_TIP = np.array([(0, 0.05), (0.62, 0.05), (0.62, 0.16), (1, 0), (0.62, -0.16), (0.62, -0.05), (0, -0.05)]) - (0.5, 0)


class WallScene:
    """The picture of one trajectory, and how it changes in time.

    The domains are blue where the magnetization points up, white where it points down. The band is pi Delta wide, the
    arrow points along the in-plane moment of the wall.
    """

    def __init__(self, trajectories: Trajectories, number: int = 0):
        """Draw everything that stands still.

        Args:
            trajectories: recorded trajectories; tilt `chi` and width `Delta`, shape (n, m), are shown where they are.
            number: which of them.

        Raises:
            InputError: no such trajectory.
        """
        if not 0 <= number < len(trajectories.q):
            raise InputError(f"trajectory = {number} must be < {len(trajectories.q)}, the number recorded")
        self.model = model = QPhiModel(trajectories.device)
        m = trajectories.time.size
        self.samples = np.unique(np.linspace(0, m - 1, min(m, MOST_FRAMES)).round().astype(int))
        self.time = trajectories.time * 1e9
        self.q, self.phi = trajectories.q[number], trajectories.phi[number]
        self.chi = _coordinate(trajectories, "chi", number, 0.0)
        self.Delta = _coordinate(trajectories, "Delta", number, model.Delta)
        track, energy, pulse = self._panels()
        self._draw_track(track)
        self._draw_energy(energy)
        self._draw_pulse(pulse, trajectories)
        self.clock = track.set_title("", fontsize="medium", loc="left")

    def _panels(self) -> list[Axes]:
        track = self.model.device.track
        inner = WIDTH - _LEFT - _RIGHT
        heights = [inner * STRIP_HEIGHT * track.width / track.length, _LANDSCAPE, _PULSE]
        gaps = [_GAP, _AXIS + _GAP, _BOTTOM]
        total = 0.02 * round((sum(heights) + sum(gaps) + _TOP) / 0.02)  # an even number of pixels, for MP4
        self.figure = new_figure(total, dpi=DPI, layout=None)
        axes, y = [], total - _TOP
        for height, gap in zip(heights, gaps, strict=True):
            y -= height
            axes.append(self.figure.add_axes((_LEFT / WIDTH, y / total, inner / WIDTH, height / total)))
            y -= gap
        self.figure.align_ylabels(axes)
        return axes

    def _draw_track(self, ax: Axes) -> None:
        from matplotlib.patches import Polygon

        plot_outline(self.model.device, ax=ax)
        ax.set(xlabel="")
        ax.tick_params(labelbottom=False)
        strip = ax.collections[0]
        colours = (SKY, "white") if self.model.Q > 0 else ("white", SKY)
        strip.set_facecolor(colours[1])
        shape = strip.get_paths()[0], ax.transData
        self.reach = max(abs(y) for y in ax.get_ylim())
        self.domain = Polygon(np.zeros((4, 2)), facecolor=colours[0], edgecolor="none")
        self.band = Polygon(np.zeros((4, 2)), facecolor=ORANGE, edgecolor="none")
        self.arrow = Polygon(np.zeros((len(_TIP), 2)), facecolor=INK, edgecolor="white", linewidth=0.8)
        self.edge = Polygon(shape[0].vertices, fill=False, edgecolor=BLUE, linewidth=0.8)
        for patch in (self.domain, self.band, self.edge, self.arrow):
            patch.set_animated(True)
            ax.add_patch(patch)
        for patch in (self.domain, self.band):
            patch.set_clip_path(*shape)
        sides = "+x, white: -x" if self.model.device.material.in_plane else "up, white: down"
        ax.set_title(f"blue: {sides}; arrow: moment of the wall", fontsize="small", loc="right", color=GREY)

    def _draw_energy(self, ax: Axes) -> None:
        plot_landscape(self.model, ax=ax)
        ax.set_ylabel(r"energy ($k_\mathrm{B}T$)")
        kT = K_B * self.model.device.temperature
        bottom = min((w.energy for w in wells_or_none(self.model)), default=valley(self.model).energy.min())
        self.energy = (self.model.energy(self.q, self.phi) - bottom) / kT
        (self.dot,) = ax.plot([], [], "o", color=INK, markersize=8, markeredgecolor="white", animated=True, zorder=6)

    def _draw_pulse(self, ax: Axes, trajectories: Trajectories) -> None:
        J = trajectories.current_density * trajectories.pulse / 1e11
        ax.spines[["top", "right"]].set_visible(False)
        ax.fill_between(self.time, 0, J, color=PALE, linewidth=0)
        ax.plot(self.time, J, color=BLUE, linewidth=1.4)
        ax.axhline(0, color=GREY, linewidth=0.8)
        ax.set(xlim=(self.time[0], self.time[-1]), xlabel=r"time $t$ (ns)")
        ax.set_ylabel("$J$ ($10^{11}$\nA/m$^2$)")
        ax.margins(y=0.15)
        self.cursor = ax.axvline(0, color=ORANGE, linewidth=1.6, animated=True)

    def show(self, i: int) -> list[Artist]:
        """Move everything to sample i of the trajectory; returns what has moved, in the order of drawing."""
        q, phi = 1e9 * self.q[i], self.phi[i]
        lean, half = np.tan(self.chi[i]) * self.reach, 0.5e9 * np.pi * self.Delta[i]
        top, bottom = (q + lean, self.reach), (q - lean, -self.reach)
        self.domain.set_xy([(0, self.reach), top, bottom, (0, -self.reach)])
        half /= np.cos(self.chi[i])
        corners = ((top, -half), (top, half), (bottom, half), (bottom, -half))
        self.band.set_xy([(x + shift, y) for (x, y), shift in corners])
        along, across = np.array([np.cos(phi), np.sin(phi)]), np.array([-np.sin(phi), np.cos(phi)])
        if self.model.device.material.in_plane:  # the moment turns from +y to +z, towards the eye
            along, across = np.array([0.0, np.cos(phi)]), np.array([1.0, 0.0])
        self.arrow.set_xy(_TIP @ np.stack([along, across]) * 0.9e9 * self.model.device.track.width + (q, 0.0))
        self.dot.set_data([q], [self.energy[i]])
        self.cursor.set_xdata([self.time[i]] * 2)
        return [self.domain, self.band, self.edge, self.arrow, self.dot, self.cursor, self.clock]

    def frames(self) -> Iterator[np.ndarray]:
        """Yield the pictures in order of time, each of shape (height, width, 3), uint8."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        canvas = FigureCanvasAgg(self.figure)
        self.clock.set_animated(True)
        canvas.draw()
        still = canvas.copy_from_bbox(self.figure.bbox)
        for i in self.samples:
            canvas.restore_region(still)
            self.clock.set_text(
                f"t = {self.time[i]:.2f} ns    q = {1e9 * self.q[i]:.1f} nm    φ = {_degrees(self.phi[i]):.0f}°"
            )
            for artist in self.show(i):
                artist.draw(canvas.get_renderer())
            yield np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _coordinate(trajectories: Trajectories, name: str, number: int, constant: float) -> np.ndarray:
    recorded = getattr(trajectories, name, None)
    return np.full(trajectories.time.size, constant) if recorded is None else recorded[number]


def _degrees(phi: float) -> float:
    return float(np.degrees(np.mod(phi, 2 * np.pi)))
