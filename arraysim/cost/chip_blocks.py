"""Interconnect and leakage, which depend on the area of everything else."""

import math

import numpy as np

from arraysim.cost.ledger import PHASES, Entry
from arraysim.cost.memory_blocks import bits_in, bits_out, outer_product_bits
from arraysim.cost.settings import ChipSettings
from arraysim.cost.workload import Workload, read_phases

CORE = (
    "arrays",
    "drivers",
    "multiplexers",
    "front end",
    "converters",
    "shift-and-add",
    "multipliers",
)
"""Blocks of an array and what reads it."""
UPDATE_BITS = 2
"""Bits that tell a device which pulse to take, if any."""


def interconnect_entry(work: Workload, area: float) -> Entry:
    """Return wires from the buffer to the arrays; the gradient unit and the port to the memory lie beside the buffer.

    The published energy is that of random bits, which toggle with a probability of one half; bits that are 1 with the
    probability a toggle with 2 a (1 - a).

    Args:
        work: the workload.
        area: of the chip without its interconnect [m^2].
    """
    settings, parts, entry = work.settings, work.parts, work.entry("interconnect")
    tiles = max(1, -(-work.array_count // settings.arrays_per_tile))
    side = entry.note("S", "side of the chip without interconnect", math.sqrt(area), "m")
    across = math.ceil(math.sqrt(tiles))
    within = side / across * (1 - 1 / math.sqrt(settings.arrays_per_tile))
    entry.note("l_tile", "S/sqrt(tiles) (1 - 1/sqrt(arrays per tile)), path within a tile", within, "m")
    hop = 0.0
    if settings.network == "h-tree":
        path = entry.note("l", "S (1 - 1/sqrt(tiles)), from the root to a leaf", side * (1 - 1 / across), "m")
        length = entry.note("L", "1.5 S (sqrt(tiles) - 1), all branches", 1.5 * side * (across - 1), "m")
        wires = settings.bus_bits * parts["wire_pitch"] * length
        entry.set_area("bus width x pitch x L; wires within a tile lie above it", wires, "wire_pitch")
    else:
        hops = 0.75 * across
        path = entry.note("l", "3/4 S, mean way from the middle of an edge", 0.75 * side * (across > 1), "m")
        length = entry.note("L", "2 S (sqrt(tiles) - 1), all links", 2 * side * (across - 1), "m")
        wires = settings.bus_bits * parts["wire_pitch"] * length
        entry.set_area("bus width x pitch x L + tiles x A_router", wires + tiles * parts["router_area"],
                       "wire_pitch", "router_area")  # fmt: skip
        hop = hops * parts["router_bit_energy"]
        entry.note("E_hops", "3/4 sqrt(tiles) routers x E_router", hop, "J", "router_bit_energy")
    wire = parts["wire_bit_energy"]
    for phase in read_phases(settings):
        reads = work.phase(phase)
        into, out = bits_in(work, phase), bits_out(work, phase)
        toggles = 4 * reads.activity * (1 - reads.activity)
        energy = toggles * into * (path * wire + hop + within * wire * reads.column_tiles)
        energy = energy + out * ((path + within) * wire + hop)
        text = "bits in x 4 a (1 - a) x (l + arrays that share them x l_tile) e + bits out x (l + l_tile) e"
        entry.add_energy(phase, text, energy, "wire_bit_energy")
        flight = work.cycles((path + within) * parts["wire_delay"])
        time = np.ceil((into + out) / settings.bus_bits) * work.clock_period + 2 * flight * reads.steps
        entry.add_latency(phase, "bits/bus width x clock + 2 t_flight x steps", time, "wire_delay")
    if settings.training:
        _updates(work, entry, (path + within) * wire + hop)
    return entry


def _updates(work: Workload, entry: Entry, each: float) -> None:
    settings = work.settings
    if settings.gradient == "in-array":
        bits = outer_product_bits(work)
        entry.add_energy("update", "activations and errors that the arrays multiply x (l + l_tile) e", bits * each)
        entry.add_latency("update", "the same/bus width x clock", np.ceil(bits / settings.bus_bits) * work.clock_period)
        return
    bits = work.devices * work.copies * UPDATE_BITS / settings.batch_size
    entry.add_energy("update", f"devices x {UPDATE_BITS} bits/batch x (l + l_tile) e", bits * each)
    entry.add_latency("update", "bits/bus width x clock", np.ceil(bits) / settings.bus_bits * work.clock_period)


def control_entry(work: Workload, entries: list[Entry]) -> Entry:
    """Return timing, control, references and empty space of the arrays, as a share of them and their periphery.

    The shares are means of published breakdowns, see `control_area` and `control_energy` among the components.
    """
    parts, entry = work.parts, work.entry("control")
    if not work.settings.control:
        entry.set_area("none: control = false", 0.0)
        return entry
    core = [one for one in entries if one.block in CORE]
    area, energy = (parts[name] / (1 - parts[name]) for name in ("control_area", "control_energy"))
    entry.set_area("s/(1 - s) x arrays and what reads them", area * sum(one.area for one in core), "control_area")
    for number, phase in enumerate(PHASES[:2]):
        used = np.sum([one.energy[:, number] for one in core], axis=0)
        entry.add_energy(phase, "s/(1 - s) x arrays and what reads them", energy * used, "control_energy")
    return entry


def leakage_power(work: Workload, area: float) -> float:
    """Return the leakage of CMOS circuits of this area, half of the transistors of its gates being off [W]."""
    parts = work.parts
    width_per_area = parts["gate_width"] / parts["gate_area"]
    density = parts["placement_density"]
    return 0.5 * area * density * width_per_area * parts.off_current * parts.technology.supply


def leakage_entry(work: Workload, area: float, latency: np.ndarray, gated: float = 0.0) -> Entry:
    """Return the leakage of the whole chip, for as long as one image keeps it busy.

    Args:
        work: the workload.
        area: of the circuits that leak [m^2].
        latency: of the other blocks, shape (layers, phases) [s].
        gated: of these, area that leaks only while its layer works [m^2].
    """
    entry = work.entry("leakage")
    power = leakage_power(work, area)
    busy = latency * (image_interval(work.settings, latency) / max(latency.sum(), 1e-300))
    entry.note("t_image", "time between images", float(busy.sum()), "s")
    text = "A density/2 x W_gate/A_gate x I_off V; cells of devices do not leak"
    entry.note("P", text, power, "W", "gate_width", "gate_area", f"{work.parts.technology.transistors}_off_current")
    own = leakage_power(work, gated) * work.arrays / work.array_count
    always = power - leakage_power(work, gated)
    for number, phase in enumerate(PHASES):
        text = "P x time of the phase x t_image/latency"
        text += "; arrays that are gated: share of the layer x time of the phase" if gated else ""
        entry.add_energy(phase, text, always * busy[:, number] + own * latency[:, number])
    return entry


def image_interval(settings: ChipSettings, latency: np.ndarray) -> float:
    """Return the mean time between images [s].

    Without a pipeline that is the latency. With one, the slowest layer decides, or the gradient unit that all layers
    share; a chip that trains empties the pipeline once per batch.

    Args:
        settings: of the chip.
        latency: of all blocks, shape (layers, phases) [s].
    """
    total = float(latency.sum())
    if settings.pipeline == "none":
        return total
    slowest = max(float((latency.sum(axis=1) - latency[:, 2]).max()), float(latency[:, 2].sum()))
    if not settings.training:
        return slowest
    return slowest + (total - slowest) / settings.batch_size


def inference_interval(settings: ChipSettings, latency: np.ndarray) -> float:
    """Return the time between images that only go forward [s].

    Args:
        settings: of the chip.
        latency: of all blocks, shape (layers, phases) [s].
    """
    return float(latency[:, 0].max() if settings.pipeline == "layers" else latency[:, 0].sum())
