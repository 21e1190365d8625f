"""The table of figures: of each kind of file and of devices, what draws a figure and the caption that explains it.

A new figure is a function in a room `drawing` and an entry here. Captions are for readers who see such a figure for
the first time.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, Literal

from matplotlib.figure import Figure

from arraysim.drawing.cost_plots import comparison_figure
from arraysim.drawing.programming_plots import plot_reached, rounds_figure
from arraysim.drawing.training_plots import (
    plot_confusion,
    plot_learning_curves,
    plot_pulses_per_device,
    plot_state_occupancy,
    plot_weights,
)
from compact.drawing.drive_words import table_view_text
from compact.drawing.fit_plots import fit_figure
from compact.drawing.phase_plots import plot_phase_diagram
from compact.drawing.spread_plots import spread_figure
from compact.drawing.staircase_plots import plot_state_retention, staircase_figure
from compact.drawing.transition_plots import plot_conductance_states, plot_move_probability, transition_figure
from compact.table.phase_diagram import phase_diagram
from compact.table.staircase import staircase
from compact.table.transition_table import TransitionTable
from dwcore.canvas.line_breaks import entitle
from dwcore.canvas.style import own_look
from dwsynapse.front_plot import front_figure, plot_network
from dwsynapse.variation import Variation
from dwsynapse.variation_plot import plot_rivals, plot_variation
from llg.device.device import Device
from llg.drawing.device_figures import (
    field_velocity_figure,
    landscape_figure,
    phase_figure,
    retention_figure,
    velocity_figure,
)
from llg.drawing.device_plots import device_text, plot_landscape
from llg.drawing.motion_plots import motion_figure
from llg.drawing.trajectory_plots import trajectory_figure
from llg.runs.trajectories import Trajectories
from llg.walls.q_phi import QPhiModel


@dataclasses.dataclass(frozen=True)
class FigureKind:
    """One figure: how it is drawn, and what it tells.

    Attributes:
        plot: draws the content of a file; returns the figure, or axes of it.
        caption: for the report; its first sentence is the heading.
        takes: of a device, parts of its drive that it shows, attributes of `llg.drawing.device_figures.DrivenDevice`;
            of a table, "device" and "temperature" where it shows one device instance and one temperature.
        shown: of a table, what it shows of the instances if none is chosen: all, the first, or the nominal device.
    """

    plot: Callable[..., Any]
    caption: str
    takes: tuple[str, ...] = ()
    shown: Literal["all", "first", "nominal"] = "all"

    def draw(self, content: object, width: float | None = None, *, subject: str = "", **view: int | None) -> Figure:
        """Return the figure of the content of a file.

        Args:
            content: what to draw.
            width: of the figure; by default that of screens [inch].
            subject: what it is of, for the title, where the content does not know it.
            view: which device instance and temperature of a table.
        """
        if self.shown == "first":
            view.setdefault("device", 0)
        with own_look(width):
            drawn = self.plot(content, **view)
            figure = drawn if isinstance(drawn, Figure) else drawn.figure
            words = subject or _subject(content, view, nominal=self.shown == "nominal")
            entitle(figure, words)
        return figure


def _subject(content: object, view: dict, *, nominal: bool) -> str:
    """Return which device a figure shows, and at which temperature; empty where the content knows none."""
    if isinstance(content, Variation):
        return content.subject
    if isinstance(content, TransitionTable):
        return table_view_text(content, **view, nominal=nominal)
    device = getattr(content, "device", None)
    return device_text(device, getattr(content, "temperature", None)) if isinstance(device, Device) else ""


def _one_motion(name: str, content: Trajectories) -> Figure:
    return motion_figure(content, name)


TRAJECTORIES = {
    "trajectories": FigureKind(
        trajectory_figure,
        "What one pulse does to the wall. Top: the track from above, to scale; its notches hold the wall because a "
        "wall is the cheaper the shorter it is. Middle: the energy of the wall along the track; each valley is a "
        "state of the synapse, and the numbers on the hills say how many units of thermal energy the wall must gain "
        "to cross them. Bottom: the way of the wall in many repetitions of the same pulse (time runs down, the pulse "
        "is shaded); they differ by thermal noise alone. The row at the foot gives the share that ends in each state.",
    ),
    "motion": FigureKind(
        motion_figure,
        "How the wall moves in time. Position, velocity and angle of the wall, and its tilt or width where it has one of "
        "its own: mean of all walls, the range of nine in ten, and one of them. The pulse is shaded.",
    ),
    **{
        name: FigureKind(
            functools.partial(_one_motion, name),
            f"How the {name} of the wall changes in time. Mean of all walls, and the range of nine in ten. The pulse is "
            "shaded.",
        )
        for name in ("velocity", "angle", "tilt", "width")
    },
    "landscape": FigureKind(
        lambda content: plot_landscape(QPhiModel(content.device)),
        "Energy of the wall along the track. Each valley is a state of the synapse. The numbers on the hills are the "
        "barriers in units of the thermal energy kB T: the higher a barrier, the longer the state keeps, by a factor "
        "of about 2.7 per unit.",
    ),
}
_ONE = ("device", "temperature")
TABLE = {
    "transitions": FigureKind(
        transition_figure,
        "Where a pulse leads. Each row is a state before the pulse, each column one after it, each number the "
        "percentage of trials that went from one to the other; white cells never came about. A good pulse shows one "
        "dark line beside the diagonal: every wall moves on by just one state, and those at the end of the track stay "
        "there. The last column counts walls that left the track or came to rest in no state.",
        takes=_ONE,
    ),
    "moves": FigureKind(
        plot_move_probability,
        "How surely a pulse moves the wall. Filled markers: moves by just one state; open markers: by two. Too weak a "
        "pulse does nothing, too strong or too long a one carries the wall too far; a good write pulse lies on the "
        "plateau between. The mean runs over the states that have so many neighbours on that side, so with strong "
        "pulses the moves by one that remain are those that the end of the track stops. Bars show the standard error. "
        "A band reaches from the lowest device instance to the highest.",
        takes=_ONE,
    ),
    "conductance": FigureKind(
        plot_conductance_states,
        "What the synapse reads. Conductance of the tunnel junction in each state; the bars, often smaller than the "
        "markers, are the spread by the thermal motion of the wall within its notch. Even steps make even weights, "
        "and states can be told apart where the steps are larger than the spread.",
        shown="nominal",
    ),
    "staircase": FigureKind(
        lambda table: staircase_figure(staircase(table)),
        "What trains of equal pulses do. Mean, median and the range of nine in ten of the conductance after each "
        "pulse, from the lowest state upwards and from the highest downwards, over repetitions and devices. Even "
        "stairs with a narrow band make weights that are easy to set; a broad band means that the same pulses leave "
        "different weights.",
    ),
    "displacement": FigureKind(
        lambda table, **view: plot_phase_diagram(phase_diagram(table, **view), table),
        "Which pulse moves the wall how far. Colours and numbers give the most likely move of a wall that starts at "
        "the far end of the track; within the black lines it comes about in more than nine of ten trials. A good "
        "write pulse lies in the middle of such a region, so that neither noise nor small errors of the driver change "
        "what it does.",
        takes=_ONE,
    ),
    "retention": FigureKind(
        plot_state_retention,
        "How long each state keeps without pulses. The probability to find the wall in the state it was left in, as "
        "its rates of escape say. The black line marks ten years, the usual demand on memories.",
        takes=_ONE,
    ),
    "fit": FigureKind(
        fit_figure,
        "How well the closed form describes the counts. Markers with error bars: share of walls that passed at least "
        "one ridge (filled), two (open), three (filled), and so on; lines: the fitted model. Below: the mean "
        "displacement observed minus fitted, in standard errors; where the model is right two thirds of the points "
        "lie within one.",
        takes=_ONE,
        shown="first",
    ),
    "spread": FigureKind(
        spread_figure,
        "How devices differ. Left: the fitted threshold of every ridge in every device. Right: how the logarithms of "
        "the fitted parameters go together from device to device; a notch that is deeper than drawn holds the wall "
        "against pulses of both directions alike.",
    ),
}
_PULSES = FigureKind(
    lambda results: plot_pulses_per_device(results[0]),
    "How hard the synapses are worked. Number of synapses against the number of write pulses that they have "
    "received, by layer. Few pulses mean little energy and little wear.",
)
TRAINING = {
    "accuracy": FigureKind(
        plot_learning_curves,
        "How the network learns. Share of images classified correctly after each pass through the training images, as "
        "the mean over the seeds; the band reaches from the lowest seed to the highest. The test images were never "
        "trained on, so they show what carries over to new images. The float32 twin is the same network with ordinary "
        "numbers as weights; the comparison shows what it costs that pulses alone can change the weights, and only "
        "in steps.",
    ),
    "confusion": FigureKind(
        plot_confusion,
        "Which classes are mistaken for which. Each row is the true class of the test images, each column what the "
        "network on chip says; the numbers count images over all seeds. Right answers lie on the diagonal.",
    ),
    "occupancy": FigureKind(
        lambda results: plot_state_occupancy(results[0]),
        "Where the synapses are while the network learns. Share of all synapses in each state after each pass through "
        "the training images. A broad spread says that training uses the whole range of weights; synapses crowded in "
        "the outermost states have no way left to go.",
    ),
    "weights": FigureKind(
        lambda results: plot_weights(results[0]),
        "The weights that training has left. Each cell is one connection from an input (along the bottom) to an "
        "output (up the side), the difference of the conductances of two synapses in the units of the network.",
    ),
    "pulses": _PULSES,
}
PROGRAMMING = {
    "rounds": FigureKind(
        rounds_figure,
        "How programming comes to its end. Above, the rms difference of the weights of each layer from those that "
        "were wanted, over the largest weight; below, the share of weights whose reading was within the tolerance, "
        "after each round of reads and pulses. The error ends where the levels of the devices and the noise of the "
        "reads leave it.",
    ),
    "reached": FigureKind(
        lambda chips: plot_reached(chips[0]),
        "What the weights became. Number of weights by what was wanted, along the bottom, and what the devices hold, "
        "up the side, both over the largest weight of their layer. The steps are the levels of the devices; wanted "
        "weights beyond the largest were cut to it. On the dashed line both agree.",
    ),
    "pulses": _PULSES,
}
VARIATION = {
    "result": FigureKind(
        plot_variation,
        "What the result depends on. The first result of the command against the setting that was varied: the mean over "
        "the seeds as a line, each seed as a point; a second setting makes a family of lines. The dotted line is what "
        "the result is compared with, such as the same network with ordinary numbers as weights.",
    ),
    "rivals": FigureKind(
        plot_rivals,
        "What accuracy costs. Test accuracy of each training against the energy of all its write pulses, one large mark "
        "for the mean over the seeds and a small one for each. Up and to the left is better.",
    ),
}
FRONT = {
    "front": FigureKind(
        front_figure,
        "The front of the designs. Each point is a design that meets the specification in the search, blue where none "
        "surpasses it. Those with a number were verified; orange is what they then were, with the pulse that is sure on "
        "the whole track.",
    ),
    "network": FigureKind(
        plot_network,
        "What networks gain. Each mark is a design whose synapses trained on the digits; its size is the area of the "
        "track.",
    ),
}
COST = {
    "chip": FigureKind(
        comparison_figure,
        "What the chip takes beside others. Area of the chip, and energy and time for one image of the training, by "
        "block, of the chip with these synapses and of chips that do the same with SRAM cells or with digital logic "
        "alone, from the same component figures. Blocks with less than a sixtieth of every bar are drawn together; "
        "a bar that runs out of its panel has an arrow.",
    ),
}
_DRIVE = ("current_density", "H_z")
DEVICE = {
    "landscape": FigureKind(
        landscape_figure,
        "Energy of the wall over its position and angle. Each circle is a well, where the wall rests; the lines are "
        "the ways of least climb between them, and the crosses on them the passes. The angle is 0 or 180 degrees "
        "where the moment in the wall points along the track (Neel wall), 90 or 270 where it points across (Bloch "
        "wall).",
        takes=_DRIVE,
    ),
    "phase": FigureKind(
        phase_figure,
        "Where the wall goes while the drive is on. The grey lines follow the motion without noise in position and "
        "angle. The wall comes to rest at the stable points; dashed lines through the saddles part the places from "
        "which it reaches one stable point from those from which it reaches another. The blue lines start at rest in "
        "a well when the drive is switched on: one that runs into the next well and beyond is a wall that the drive "
        "sets free.",
        takes=_DRIVE,
    ),
    "velocity": FigureKind(
        velocity_figure,
        "How fast the current drives the wall on a straight track. The line is the closed form of the rigid wall, the "
        "circles are the simulation without noise, the squares the one at the temperature of the device; bars show "
        "the standard error. Beyond a Walker point the wall angle turns for ever and the wall slows down.",
        takes=_DRIVE,
    ),
    "field-velocity": FigureKind(
        field_velocity_figure,
        "How fast a field drives the wall on a straight track. The velocity grows in proportion to the field up to "
        "the Walker field; beyond it the wall angle turns for ever and the wall slows down.",
        takes=_DRIVE,
    ),
    "retention": FigureKind(
        retention_figure,
        "How long each state keeps. Mean time until the wall leaves its notch by thermal motion alone, by Langer's "
        "rate, against temperature; the material keeps its parameters. The line marks ten years, the usual demand on "
        "memories.",
    ),
}
