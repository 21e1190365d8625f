"""Buffers on the chip and memory off it."""

import numpy as np

from arraysim.cost.digital_blocks import sum_bits
from arraysim.cost.ledger import Entry
from arraysim.cost.workload import Workload, read_phases


def bits_in(work: Workload, phase: str):
    """Return the bits that enter the arrays from the buffer in one phase, per image and layer [1]."""
    reads = work.phase(phase)
    return reads.incoming * reads.bits


def bits_out(work: Workload, phase: str):
    """Return the bits that leave the arrays to the buffer: sums before they are rounded, per image and layer [1]."""
    reads = work.phase(phase)
    return reads.outgoing * sum_bits(work, reads)[-1]


def operand_bits(work: Workload):
    """Return the bits that enter the gradient unit, per image and layer [1].

    A square of s x s multipliers forms the outer product of s rows and s columns, so that each operand serves s
    multiplications.
    """
    settings = work.settings
    if not settings.training or settings.gradient == "in-array":
        return np.zeros(len(work.layers))
    side = np.sqrt(settings.gradient_macs)
    return work.macs / side * (settings.input_bits + settings.error_bits)


def outer_product_bits(work: Workload):
    """Return the bits that enter the arrays once more where these form the outer product, per image and layer [1]."""
    if not work.settings.training or work.settings.gradient != "in-array":
        return np.zeros(len(work.layers))
    errors = work.positions * work.columns * work.settings.error_bits
    return bits_in(work, "forward") + errors


def gradient_traffic(work: Workload):
    """Return the bits of weight gradients that go to their memory and back, per image and layer [1]."""
    settings = work.settings
    if not settings.training or settings.gradient == "in-array":
        return np.zeros(len(work.layers))
    images = 1 if settings.gradient == "per-image" else settings.batch_size
    return 2 * work.weights * settings.gradient_bits / images


def kept_bits(work: Workload):
    """Return the bits of activations and errors that one image leaves for the weight gradient, per layer [1]."""
    if not work.settings.training:
        return np.zeros(len(work.layers))
    return work.input_values * work.settings.input_bits + work.output_values * work.settings.error_bits


def activation_traffic(work: Workload):
    """Return the bits of activations and errors that are kept, written and read once, per image and layer [1].

    Arrays that form the outer product themselves read them as often as these need them, see `outer_product_bits`.
    """
    if work.settings.gradient == "in-array":
        return np.zeros(len(work.layers))
    return 2 * kept_bits(work)


def working_bits(work: Workload) -> float:
    """Return the capacity of the buffers between layers [bit].

    Input and output of the largest layer; two inputs of every layer where each works on an image of its own.
    """
    if work.settings.pipeline == "layers":
        return 2.0 * float(work.input_values.sum()) * work.settings.input_bits
    return float((work.input_values + work.output_values).max() * work.settings.input_bits)


def stored_bits(work: Workload) -> float:
    """Return the capacity of the memory on the chip for what training keeps [bit].

    Where activations stay on the chip: those and the errors of all layers, of a whole batch if gradients are summed
    over it; where gradients stay on the chip, one per weight. Arrays that form the outer product themselves need the
    activations and errors of one image.
    """
    settings = work.settings
    capacity = 0.0
    if settings.activations == "on-chip" or settings.gradient == "in-array":
        images = settings.batch_size if settings.gradient == "per-batch" else 1
        capacity += images * float(kept_bits(work).sum())
    if settings.training and settings.gradient_memory == "on-chip" and settings.gradient != "in-array":
        capacity += float(work.weights.sum()) * settings.gradient_bits
    return capacity


def staged_bits(work: Workload) -> float:
    """Return the capacity of the buffers behind the first: one position of every layer and copy at each level [bit]."""
    forward = work.phase("forward")
    *_, width = sum_bits(work, forward)
    one = work.copies * (work.driven * work.settings.input_bits + work.columns * width)
    return (work.settings.buffer_levels - 1) * float(np.sum(one))


def sram_energy(work: Workload, capacity: float) -> float:
    """Return the energy of reading or writing one bit of a memory of this capacity [J].

    That of a bank, which grows as the square root of its size, and of a wire across half of the side of the memory if
    this has several banks.
    """
    parts, bank = work.parts, work.settings.buffer_bank_bits or np.inf
    own = parts["sram_read_bit_energy"] * np.sqrt(max(1.0, min(capacity, bank) / parts["sram_reference_bits"]))
    wire = 0.5 * np.sqrt(sram_area(work, capacity)) * parts["wire_bit_energy"] if capacity > bank else 0.0
    return float(own + wire)


def sram_area(work: Workload, capacity: float) -> float:
    """Return the area of a memory of this capacity [m^2]."""
    return capacity * work.parts.technology.sram_cell / work.parts["sram_efficiency"]


WORKING = {
    "layers": "two inputs of every layer",
    "none": "input and output of the largest layer",
}
BANKS = "E_8KiB sqrt(bank/8 KiB), at least E_8KiB, + e_wire/2 sqrt(area) if there are several banks"


def buffers_entry(work: Workload) -> Entry:
    """Return the buffer between layers, and the memory on the chip for what training keeps."""
    settings, parts, entry = work.settings, work.parts, work.entry("buffers")
    working = entry.note("capacity", WORKING[settings.pipeline], working_bits(work), "bit")
    stored = entry.note("stored", "activations, errors and gradients kept on the chip", stored_bits(work), "bit")
    held = working + staged_bits(work)
    if settings.buffer == "sram":
        area, text = sram_area(work, held), "(capacity of all levels + stored) x A_cell/efficiency"
        each = entry.note("E_bit", BANKS, sram_energy(work, working), "J", "sram_read_bit_energy", "wire_bit_energy")
    else:
        area = held * (parts["register_area"] + parts["gate_area"]) / parts["placement_density"]
        text = "capacity of all levels x (A_register + A_gate)/density + stored x A_cell/efficiency"
        each = entry.note("E_bit", "E_register", parts["register_energy"], "J", "register_energy")
    entry.set_area(text, area + sram_area(work, stored), "sram_efficiency")
    far = entry.note("E_stored", BANKS, sram_energy(work, stored), "J", "sram_read_bit_energy", "wire_bit_energy")
    port = settings.buffer_port_bits
    for phase in read_phases(settings):
        bits = settings.buffer_levels * (bits_in(work, phase) + bits_out(work, phase))
        entry.add_energy(phase, "levels x bits in and out x E_bit", bits * each)
        entry.add_latency(phase, "levels x bits in and out/port x clock", np.ceil(bits / port) * work.clock_period)
    _kept(work, entry, each, far)
    return entry


def _kept(work: Workload, entry: Entry, each: float, far: float) -> None:
    """Enter what training reads and writes, from energies per bit of the buffer and of the memory [J]."""
    settings, port = work.settings, work.settings.buffer_port_bits
    nothing = np.zeros(len(work.layers))
    kept = activation_traffic(work) if settings.activations == "on-chip" else nothing
    kept = kept + (gradient_traffic(work) if settings.gradient_memory == "on-chip" else nothing)
    text = "operands x E_bit + kept activations and gradients x E_stored"
    entry.add_energy("weight gradient", text, operand_bits(work) * each + kept * far)
    text = "kept activations and gradients/port x clock; operands stream while the unit multiplies"
    entry.add_latency("weight gradient", text, np.ceil(kept / port) * work.clock_period)
    if settings.training and settings.gradient == "in-array":
        moved = kept_bits(work) + outer_product_bits(work)
        entry.add_energy("update", "activations and errors, kept and multiplied by the arrays, x E_stored", moved * far)
        entry.add_latency("update", "the same/port x clock", np.ceil(moved / port) * work.clock_period)


def off_chip_entry(work: Workload) -> Entry:
    """Return the memory off the chip: images, and what the switches send there."""
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
