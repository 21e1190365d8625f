"""Buffers on the chip and memory off it."""

import numpy as np

from arraysim.cost.digital_blocks import sum_bits
from arraysim.cost.ledger import Entry
from arraysim.cost.workload import Workload, read_phases


def bits_in(work: Workload, phase: str):
    """Bits that enter the arrays from the buffer in one phase, per image and layer [1]."""
    reads = work.phase(phase)
    return reads.incoming * reads.bits


def bits_out(work: Workload, phase: str):
    """Bits that leave the arrays to the buffer: sums before they are rounded, per image and layer [1]."""
    reads = work.phase(phase)
    return reads.outgoing * sum_bits(work, reads)[1]


def operand_bits(work: Workload):
    """Bits that enter the gradient unit, per image and layer [1].

    A square of s x s multipliers forms the outer product of s rows and s columns, so that each operand serves s
    multiplications.
    """
    settings = work.settings
    if not settings.training or settings.gradient == "in-array":
        return np.zeros(len(work.layers))
    side = np.sqrt(settings.gradient_macs)
    return work.macs / side * (settings.input_bits + settings.error_bits)


def outer_product_bits(work: Workload):
    """Bits that enter the arrays once more where these form the outer product, per image and layer [1]."""
    if not work.settings.training or work.settings.gradient != "in-array":
        return np.zeros(len(work.layers))
    errors = work.positions * work.columns * work.settings.error_bits
    return bits_in(work, "forward") + errors


def gradient_traffic(work: Workload):
    """Bits of weight gradients that go to their memory and back, per image and layer [1]."""
    settings = work.settings
    if not settings.training or settings.gradient == "in-array":
        return np.zeros(len(work.layers))
    images = 1 if settings.gradient == "per-image" else settings.batch_size
    return 2 * work.weights * settings.gradient_bits / images


def activation_traffic(work: Workload):
    """Bits of activations and errors kept for the weight gradient, written and read once, per image and layer [1]."""
    settings = work.settings
    if not settings.training or settings.gradient == "in-array":
        return np.zeros(len(work.layers))
    return 2 * (work.input_values * settings.input_bits + work.output_values * settings.error_bits)


def buffer_bits(work: Workload) -> float:
    """Capacity of the buffer [bit].

    Input and output of the largest layer; where activations stay on the chip, activations and errors of all layers, of a
    whole batch if gradients are summed over it; where gradients stay on the chip, one per weight. Arrays that form the
    outer product themselves need the activations and errors of one image.
    """
    settings = work.settings
    values = work.input_values * settings.input_bits + work.output_values * settings.input_bits
    capacity = float(values.max())
    if settings.training and (settings.activations == "on-chip" or settings.gradient == "in-array"):
        images = settings.batch_size if settings.gradient == "per-batch" else 1
        kept = work.input_values * settings.input_bits + work.output_values * settings.error_bits
        capacity = max(capacity, images * float(kept.sum()))
    if settings.training and settings.gradient_memory == "on-chip" and settings.gradient != "in-array":
        capacity += float(work.weights.sum()) * settings.gradient_bits
    return capacity


def staged_bits(work: Workload) -> float:
    """Capacity of the buffers behind the first: one position of every layer and copy at each level [bit]."""
    forward = work.phase("forward")
    _, width = sum_bits(work, forward)
    one = work.copies * (work.rows * work.settings.input_bits + work.columns * width)
    return (work.settings.buffer_levels - 1) * float(np.sum(one))


def buffer_energy(work: Workload, capacity: float) -> float:
    """Energy of reading or writing one bit [J]."""
    parts = work.parts
    if work.settings.buffer == "register-file":
        return parts["register_energy"]
    return parts["sram_read_bit_energy"] * np.sqrt(max(1.0, capacity / parts["sram_reference_bits"]))


def buffers_entry(work: Workload) -> Entry:
    """The buffer between layers: capacity, accesses, port."""
    settings, parts, entry = work.settings, work.parts, work.entry("buffers")
    capacity = entry.note("capacity", "see docs/cost.md, from the switches for activations and gradients",
                          buffer_bits(work), "bit")  # fmt: skip
    held = capacity + staged_bits(work)
    if settings.buffer == "sram":
        area = held * parts.technology.sram_cell / parts["sram_efficiency"]
        entry.set_area("capacity of all levels x A_cell/efficiency", area, "sram_efficiency")
        text = "E_8KiB sqrt(capacity/8 KiB), at least E_8KiB"
        each = entry.note("E_bit", text, buffer_energy(work, capacity), "J", "sram_read_bit_energy")
    else:
        one = (parts["register_area"] + parts["gate_area"]) / parts["placement_density"]
        text = "capacity of all levels x (A_register + A_gate)/density"
        entry.set_area(text, held * one, "register_area", "gate_area")
        each = entry.note("E_bit", "E_register", buffer_energy(work, capacity), "J", "register_energy")
    port = settings.buffer_port_bits
    for phase in read_phases(settings):
        bits = settings.buffer_levels * (bits_in(work, phase) + bits_out(work, phase))
        entry.add_energy(phase, "levels x bits in and out x E_bit", bits * each)
        entry.add_latency(phase, "levels x bits in and out/port x clock", np.ceil(bits / port) * work.clock_period)
    moved = operand_bits(work) + (activation_traffic(work) if settings.activations == "on-chip" else 0)
    moved = moved + (gradient_traffic(work) if settings.gradient_memory == "on-chip" else 0)
    entry.add_energy("weight gradient", "operands, kept activations and gradients x E_bit", moved * each)
    again = settings.buffer_levels * outer_product_bits(work)
    entry.add_energy("update", "activations and errors that the arrays multiply x E_bit", again * each)
    entry.add_latency("update", "the same/port x clock", np.ceil(again / port) * work.clock_period)
    kept = moved - operand_bits(work)
    text = "kept activations and gradients/port x clock; operands stream while the unit multiplies"
    entry.add_latency("weight gradient", text, np.ceil(kept / port) * work.clock_period)
    return entry


def off_chip_entry(work: Workload) -> Entry:
    """Memory off the chip: images, and what the switches send there."""
    settings, parts, entry = work.settings, work.parts, work.entry("off-chip memory")
    entry.set_area("none: not on the chip", 0.0)
    each, rate = parts[f"{settings.off_chip}_bit_energy"], parts[f"{settings.off_chip}_bandwidth"]
    names = (f"{settings.off_chip}_bit_energy", f"{settings.off_chip}_bandwidth")
    image = np.zeros(len(work.layers))
    image[0] = work.input_values[0] * settings.input_bits
    _move(entry, "forward", "bits of the image", image, each, rate, names)
    moved = activation_traffic(work) if settings.activations == "off-chip" else np.zeros(len(work.layers))
    _move(entry, "weight gradient", "bits of kept activations and errors", moved, each, rate, names)
    if settings.gradient_memory == "off-chip":
        _move(entry, "weight gradient", "bits of weight gradients", gradient_traffic(work), each, rate, names)
    return entry


def _move(entry: Entry, phase: str, what: str, bits, each: float, rate: float, names) -> None:
    entry.add_energy(phase, f"{what} x E_bit", bits * each, names[0])
    entry.add_latency(phase, f"{what}/bandwidth", bits / rate, names[1])
