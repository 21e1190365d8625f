"""The digital baseline: multipliers with a buffer, weights on or off the chip, the same component figures."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from arraysim.cost.cell import sram_cell
from arraysim.cost.chip_blocks import image_interval, leakage_entry, leakage_power
from arraysim.cost.components import Parts
from arraysim.cost.digital_blocks import ACCUMULATOR_BITS, function_units_entry
from arraysim.cost.estimate import overlap
from arraysim.cost.ledger import PHASES, ChipCost, Entry, close_books
from arraysim.cost.memory_blocks import (
    BANKS,
    WORKING,
    activation_traffic,
    gradient_traffic,
    sram_area,
    sram_energy,
    stored_bits,
    working_bits,
)
from arraysim.cost.settings import ChipSettings
from arraysim.cost.technology import technology
from arraysim.cost.workload import Workload, macs_by_phase, read_phases, workload
from arraysim.networks.crossbars import ArrayLayer


@np.errstate(over="ignore", invalid="ignore")  # the books refuse what is not finite
def digital_cost(layers: Sequence[ArrayLayer], settings: ChipSettings, *, factors=None) -> ChipCost:
    """Estimate a digital accelerator.

    A batch goes through one layer after the other, so that weights are fetched once per batch and phase. A square of s
    x s multipliers uses each operand s times. Weight gradients are summed over the batch in place of the outputs.

    Args:
        layers: of the network.
        settings: node, clock, memories; those of arrays do not matter.
        factors: factor on single component figures [1].

    Raises:
        InputError: an impossible setting, or an estimate that is not finite.
    """
    settings = dataclasses.replace(settings, copies=(), duplication="none", pipeline="none")
    if settings.gradient == "in-array":
        settings = dataclasses.replace(settings, gradient="per-batch")
    parts = Parts(technology(settings.node_nm, settings.transistors, settings.supply), factors)
    work = workload(layers, settings, sram_cell(settings, parts), parts)
    settings, stored = work.settings, stored_bits(work)
    if settings.digital_weights == "on-chip":
        stored += float(work.weights.sum()) * settings.weight_bits
    entries = [_multipliers(work), _buffer(work, stored), _off_chip(work), function_units_entry(work)]
    overlap(work, entries)
    return _closed("digital", work, entries, {"multipliers": settings.digital_macs, "stored_bits": stored})


def _closed(name: str, work: Workload, entries: list[Entry], facts: dict) -> ChipCost:
    area, latency = sum(entry.area for entry in entries), np.sum([entry.latency for entry in entries], axis=0)
    interval = image_interval(work.settings, latency)
    entries.append(leakage_entry(work, area, latency))
    facts |= {
        "weights": int(work.weights.sum()),
        "macs_per_image": float(work.macs.sum()),
        "macs_by_phase": macs_by_phase(work),
        "weight_bits": float(work.settings.weight_bits),
        "inference_interval_s": float(latency[:, 0].sum()),
        "buffer_bits": working_bits(work),
        "image_interval_s": interval,
        "utilization_in_time": float(latency[:, :3].sum()) / interval,
        "leakage_power_W": leakage_power(work, area),
        "supply_V": work.parts.technology.supply,
        "settings": work.settings.to_dict(),
    }
    return close_books(name, work.names, entries, facts)


def gpu_cost(layers: Sequence[ArrayLayer], settings: ChipSettings, *, factors=None) -> ChipCost:
    """Return what a published graphics processor takes at its peak, memory and idle units included in its power.

    Inference multiplies 8-bit numbers, training 16-bit ones. No network of this size reaches the peak: energy and time
    are lower bounds.

    Args:
        layers: of the network.
        settings: whether the chip trains.
        factors: factor on single component figures [1].
    """
    settings = dataclasses.replace(settings, copies=(), duplication="none", pipeline="none")
    if settings.gradient == "in-array":
        settings = dataclasses.replace(settings, gradient="per-batch")
    parts = Parts(technology(settings.node_nm, settings.transistors, settings.supply), factors)
    work = workload(layers, settings, sram_cell(settings, parts), parts)
    entry, kind = work.entry("multipliers"), "training" if settings.training else "inference"
    entry.set_area("die", parts["GPU_area"], "GPU_area")
    for phase, share in _phases(work):
        energy, rate = f"GPU_{kind}_energy", f"GPU_{kind}_rate"
        macs = share * work.macs + work.digital[phase]
        entry.add_energy(phase, "multiplications x E_mac at peak", macs * parts[energy], energy)
        entry.add_latency(phase, "multiplications/rate at peak", macs / parts[rate], rate)
    facts = {
        "weights": int(work.weights.sum()),
        "macs_per_image": float(work.macs.sum()),
        "macs_by_phase": macs_by_phase(work),
        "weight_bits": 16.0 if work.settings.training else 8.0,
        "inference_interval_s": float(entry.latency[:, 0].sum()),
        "image_interval_s": float(entry.latency.sum()),
        "utilization_in_time": 1.0,
        "leakage_power_W": None,
        "supply_V": None,
        "settings": work.settings.to_dict(),
    }
    return close_books("GPU, 7 nm, at peak", work.names, [entry], facts)


def _phases(work: Workload) -> tuple[tuple[str, np.ndarray], ...]:
    """Return the phases that multiply, with the share of each layer."""
    everywhere = np.ones(len(work.layers))
    if not work.settings.training:
        return (("forward", everywhere),)
    return (("forward", everywhere), ("backward", work.backward_layers), ("weight gradient", everywhere))


def _multipliers(work: Workload) -> Entry:
    settings, parts, entry = work.settings, work.parts, work.entry("multipliers")
    density = parts["placement_density"]
    registers = ACCUMULATOR_BITS + settings.input_bits + settings.weight_bits
    one = parts["multiplier_area"] + ACCUMULATOR_BITS * parts["adder_bit_area"] + registers * parts["register_area"]
    names = ("multiplier_area", "adder_bit_area", "register_area", "placement_density")
    entry.set_area(f"{settings.digital_macs} x (A_multiplier + 32 A_adder + {registers} A_register)/density",
                   settings.digital_macs * one / density, *names)  # fmt: skip
    each = parts["multiplier_energy"] + ACCUMULATOR_BITS * parts["adder_bit_energy"]
    each += registers * parts["register_energy"]
    for phase, share in _phases(work):
        entry.add_energy(phase, "multiplications x (E_multiplier + 32 E_adder + registers x E_register)",
                         share * work.macs * each, "multiplier_energy", "adder_bit_energy", "register_energy")  # fmt: skip
        time = share * np.ceil(work.macs / settings.digital_macs) * work.clock_period
        entry.add_latency(phase, "multiplications/multipliers x clock", time)
    return entry


def _buffer(work: Workload, stored: float) -> Entry:
    settings, entry = work.settings, work.entry("buffers")
    working = entry.note("capacity", WORKING[settings.pipeline], working_bits(work), "bit")
    entry.note("stored", "activations, errors, gradients and weights kept on the chip", stored, "bit")
    area = sram_area(work, working + stored)
    entry.set_area("(capacity + stored) x A_cell/efficiency", area, "sram_efficiency")
    names = ("sram_read_bit_energy", "wire_bit_energy")
    each = entry.note("E_bit", BANKS, sram_energy(work, working), "J", *names)
    far = entry.note("E_stored", BANKS, sram_energy(work, stored), "J", *names)
    side = np.sqrt(settings.digital_macs)
    for phase, share in _phases(work):
        operands = share * work.macs / side * (settings.input_bits + settings.weight_bits)
        entry.add_energy(phase, "multiplications/s x (input bits + weight bits) x E_bit", operands * each)
    for phase in read_phases(settings):
        values = work.output_values if phase == "forward" else work.input_values * work.backward_layers
        entry.add_energy(phase, "results x bits x E_bit", values * settings.input_bits * each)
    for phase, bits in _traffic(work, "on-chip").items():
        entry.add_energy(phase, "weights per batch, activations and gradients on the chip x E_stored", bits * far)
        time = np.ceil(bits / settings.buffer_port_bits) * work.clock_period
        entry.add_latency(phase, "the same/port x clock", time)
    return entry


def _traffic(work: Workload, place: str) -> dict[str, np.ndarray]:
    """Return the bits that move to and from the memories on or off the chip, per image and layer, by phase [1]."""
    settings = work.settings
    traffic = {phase: np.zeros(len(work.layers)) for phase in PHASES}
    weights = work.weights * settings.weight_bits / settings.batch_size
    if settings.digital_weights == place:
        traffic["forward"] = traffic["forward"] + weights
        if settings.training:
            traffic["backward"] = weights * work.backward_layers
            traffic["update"] = 2 * weights
    if settings.activations == place:
        traffic["weight gradient"] = traffic["weight gradient"] + activation_traffic(work)
    if settings.gradient_memory == place:
        traffic["weight gradient"] = traffic["weight gradient"] + gradient_traffic(work)
    return traffic


def _off_chip(work: Workload) -> Entry:
    settings, parts, entry = work.settings, work.parts, work.entry("off-chip memory")
    each, rate = parts[f"{settings.off_chip}_bit_energy"], parts[f"{settings.off_chip}_bandwidth"]
    entry.set_area("none: not on the chip", 0.0)
    traffic = _traffic(work, "off-chip")
    traffic["forward"][0] += work.input_values[0] * settings.input_bits
    for phase, bits in traffic.items():
        text = "bits of image, weights per batch, activations and gradients"
        entry.add_energy(phase, f"{text} x E_bit", bits * each, f"{settings.off_chip}_bit_energy")
        entry.add_latency(phase, f"{text}/bandwidth", bits / rate, f"{settings.off_chip}_bandwidth")
    return entry
