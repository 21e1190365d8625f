"""Captions of the figures in a report, for readers who see such figures for the first time."""

TRAJECTORIES = (
    "What one pulse does to the wall. Top: the track from above, to scale; its notches hold the wall because a wall is "
    "the cheaper the shorter it is. Middle: the energy of the wall along the track; each valley is a state of the "
    "synapse, and the numbers on the hills say how many units of thermal energy the wall must gain to cross them. "
    "Bottom: the way of the wall in many repetitions of the same pulse (time runs down, the pulse is shaded); they "
    "differ by thermal noise alone. The row at the foot gives the share that ends in each state."
)
LANDSCAPE = (
    "Energy of the wall along the track. Each valley is a state of the synapse. The numbers on the hills are the "
    "barriers in units of the thermal energy kB T: the higher a barrier, the longer the state keeps, by a factor of "
    "about 2.7 per unit."
)
TRANSITIONS = (
    "Where a pulse leads. Each row is a state before the pulse, each column one after it, each number the percentage "
    "of trials that went from one to the other; white cells never came about. A good pulse shows one dark line beside "
    "the diagonal: every wall moves on by just one state, and those at the end of the track stay there. The last "
    "column counts walls that left the track or came to rest in no state."
)
MOVES = (
    "How surely a pulse moves the wall. Filled markers: moves by just one state; open markers: by two. Too weak a "
    "pulse does nothing, too strong or too long a one carries the wall too far; a good write pulse lies on the plateau "
    "between. The mean runs over the states that have so many neighbours on that side, so with strong pulses the moves "
    "by one that remain are those that the end of the track stops. Bars show the standard error."
)
CONDUCTANCE = (
    "What the synapse reads. Conductance of the tunnel junction in each state; the bars, often smaller than the "
    "markers, are the spread by the thermal motion of the wall within its notch. Even steps make even weights, and "
    "states can be told apart where the steps are larger than the spread."
)
ACCURACY = (
    "How the network learns. Share of images classified correctly after each pass through the training images, as the "
    "mean over the seeds; the band reaches from the lowest seed to the highest. The test images were never trained on, "
    "so they show what carries over to new images. The float32 twin is the same network with ordinary numbers as "
    "weights; the comparison shows what it costs that pulses alone can change the weights, and only in steps."
)
SERIES = (
    "What the accuracy depends on. Share of test images classified correctly at the end of the training on chip, against "
    "what was varied from run to run, as the mean over the seeds; the bars reach from the lowest seed to the highest. "
    "The dotted line is the same network with ordinary numbers as weights."
)
CONFUSION = (
    "Which classes are mistaken for which. Each row is the true class of the test images, each column what the network "
    "on chip says; the numbers count images over all seeds. Right answers lie on the diagonal."
)
OCCUPANCY = (
    "Where the synapses are while the network learns. Share of all synapses in each state after each pass through the "
    "training images. A broad spread says that training uses the whole range of weights; synapses crowded in the "
    "outermost states have no way left to go."
)
WEIGHTS = (
    "The weights that training has left. Each cell is one connection from an input (along the bottom) to an output (up "
    "the side), the difference of the conductances of two synapses in the units of the network."
)
PULSES = (
    "How hard the synapses are worked. Number of synapses against the number of write pulses that they have received, "
    "by layer. Few pulses mean little energy and little wear."
)
ROUNDS = (
    "How programming comes to its end. Above, the rms difference of the weights of each layer from those that were wanted, "
    "over the largest weight; below, the share of weights whose reading was within the tolerance, after each round of "
    "reads and pulses. The error ends where the levels of the devices and the noise of the reads leave it."
)
REACHED = (
    "What the weights became. Number of weights by what was wanted, along the bottom, and what the devices hold, up the "
    "side, both over the largest weight of their layer. The steps are the levels of the devices; wanted weights beyond "
    "the largest were cut to it. On the dashed line both agree."
)
CHIP = (
    "What the chip takes beside others. Area of the chip, and energy and time for one image of the training, by block, "
    "of the chip with these synapses and of chips that do the same with SRAM cells or with digital logic alone, from the "
    "same component figures. Blocks with less than a sixtieth of every bar are drawn together."
)
SURFACE = (
    "Energy of the wall over its position and angle. Each circle is a well, where the wall rests; the lines are the "
    "ways of least climb between them, and the crosses on them the passes. The angle is 0 or 180 degrees where the "
    "moment in the wall points along the track (Neel wall), 90 or 270 where it points across (Bloch wall)."
)
PHASE = (
    "Where the wall goes while the drive is on. The grey lines follow the motion without noise in position and angle. "
    "The wall comes to rest at the stable points; dashed lines through the saddles part the places from which it "
    "reaches one stable point from those from which it reaches another. The blue lines start at rest in a well when "
    "the drive is switched on: one that runs into the next well and beyond is a wall that the drive sets free."
)
VELOCITY = (
    "How fast the current drives the wall on a straight track. The line is the closed form of the rigid wall, the "
    "circles are the simulation without noise, the squares the one at the temperature of the device; bars show the "
    "standard error. Beyond a Walker point the wall angle turns for ever and the wall slows down."
)
FIELD_VELOCITY = (
    "How fast a field drives the wall on a straight track. The velocity grows in proportion to the field up to the "
    "Walker field; beyond it the wall angle turns for ever and the wall slows down."
)
RETENTION = (
    "How long each state keeps. Mean time until the wall leaves its notch by thermal motion alone, by Langer's rate, "
    "against temperature; the material keeps its parameters. The line marks ten years, the usual demand on memories."
)
STAIRCASE = (
    "What trains of equal pulses do. Mean, median and the range of nine in ten of the conductance after each pulse, from "
    "the lowest state upwards and from the highest downwards, over repetitions and devices. Even stairs with a narrow "
    "band make weights that are easy to set; a broad band means that the same pulses leave different weights."
)
DISPLACEMENT = (
    "Which pulse moves the wall how far. Colours and numbers give the most likely move of a wall that starts at the far "
    "end of the track; within the black lines it comes about in more than nine of ten trials. A good write pulse lies in the "
    "middle of such a region, so that neither noise nor small errors of the driver change what it does."
)
STATE_RETENTION = (
    "How long each state keeps without pulses. The probability to find the wall in the state it was left in, as its "
    "rates of escape say. The black line marks ten years, the usual demand on memories."
)
FIT = (
    "How well the closed form describes the counts. Markers with error bars: share of walls that passed at least one ridge "
    "(filled), two (open), three (filled), and so on; lines: the fitted model. Below: the mean displacement observed "
    "minus fitted, in standard errors; where the model is right two thirds of the points lie within one."
)
SPREAD = (
    "How devices differ. Left: the fitted threshold of every ridge in every device. Right: how the logarithms of the "
    "fitted parameters go together from device to device; a notch that is deeper than drawn holds the wall "
    "against pulses of both directions alike."
)
