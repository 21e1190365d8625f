"""The estimate of a chip: all blocks, added up."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from arraysim.cost.array_blocks import (
    arrays_entry,
    drivers_entry,
    lines_of,
    multiplexers_entry,
    write_current,
    write_rail,
)
from arraysim.cost.cell import Cell, Resistive, device_cell, sram_cell
from arraysim.cost.chip_blocks import (
    CORE,
    control_entry,
    image_interval,
    inference_interval,
    interconnect_entry,
    leakage_entry,
    leakage_power,
)
from arraysim.cost.components import Parts
from arraysim.cost.converters import converters_entry, front_end_entry
from arraysim.cost.digital_blocks import (
    accumulators_entry,
    adder_trees_entry,
    function_units_entry,
    gradient_unit_entry,
    multipliers_entry,
    shift_and_add_entry,
)
from arraysim.cost.ledger import PHASES, ChipCost, Entry, close_books
from arraysim.cost.memory_blocks import buffers_entry, off_chip_entry, stored_bits, working_bits
from arraysim.cost.settings import ChipSettings
from arraysim.cost.technology import technology
from arraysim.cost.workload import Workload, macs_by_phase, workload
from arraysim.networks.crossbars import ArrayLayer
from dwcore.arguments import checked


@checked
def chip_cost(
    layers: Sequence[ArrayLayer],
    settings: ChipSettings,
    synapse: Resistive | None,
    *,
    factors: Mapping[str, float] | None = None,
    name: str | None = None,
) -> ChipCost:
    """Estimate a compute-in-memory chip.

    Args:
        layers: of the network.
        settings: of the chip.
        synapse: device in the cells; None for SRAM of `settings.weight_bits` per weight.
        factors: factor on single component figures [1].
        name: for tables; by default that of the cell.

    Raises:
        InputError: an impossible setting, or an estimate that is not finite.
    """
    parts = Parts(technology(settings.node_nm, settings.transistors, settings.supply), factors)
    cell = sram_cell(settings, parts) if synapse is None else device_cell(synapse, settings, parts)
    return price(workload(layers, settings, cell, parts), name or cell.name)


@np.errstate(over="ignore", invalid="ignore")  # the books refuse what is not finite
def price(work: Workload, name: str) -> ChipCost:
    """Estimate a network on a chip."""
    lines = lines_of(work)
    entries = [
        arrays_entry(work, lines),
        drivers_entry(work, lines),
        multiplexers_entry(work, lines),
        front_end_entry(work, lines.bit_capacitance),
        converters_entry(work),
        shift_and_add_entry(work),
        adder_trees_entry(work),
        multipliers_entry(work),
        accumulators_entry(work),
        function_units_entry(work),
        buffers_entry(work),
        gradient_unit_entry(work),
        off_chip_entry(work),
    ]
    entries.append(control_entry(work, entries))
    entries.append(interconnect_entry(work, sum(entry.area for entry in entries)))
    overlap(work, entries)
    return close(work, name, entries)


def close(work: Workload, name: str, entries: list[Entry]) -> ChipCost:
    """Add what leaks, and close the books."""
    leaking = [entry for entry in entries if not (entry.block == "arrays" and work.cell.kind == "device")]
    area = sum(entry.area for entry in leaking)
    gated = sum(entry.area for entry in leaking if entry.block in CORE) if work.settings.power_gating else 0.0
    latency = np.sum([entry.latency for entry in entries], axis=0)
    entries.append(leakage_entry(work, area, latency, gated))
    return close_books(name, work.names, entries, _facts(work, area, latency))


def overlap(work: Workload, entries: list[Entry]) -> None:
    """Leave of each layer and phase the latency of its slowest stage alone: positions follow one another.

    Stages: drivers, arrays and front end; multiplexers and converters; every other block by itself. Currents that are
    held during a conversion make one stage of the first two. The first position's way through the other stages is left
    out. Pulses are sent one after the other to what is addressed, so that the update does not overlap.
    """
    if work.settings.overlap == "none":
        return
    held = work.cell.kind == "device" and work.settings.column_current == "held"
    reading, converting = ("drivers", "arrays", "front end"), ("multiplexers", "converters")
    groups: list[tuple[str, ...]] = [reading + converting] if held else [reading, converting]
    grouped = [name for group in groups for name in group]
    groups += [(entry.block,) for entry in entries if entry.block not in grouped]
    groups = [one for one in groups if any(entry.block in one for entry in entries)]
    for phase in PHASES[:3]:
        number = PHASES.index(phase)
        members = [[entry for entry in entries if entry.block in group] for group in groups]
        times = np.array([sum(entry.latency[:, number] for entry in one) for one in members])
        slowest = np.argmax(times, axis=0)
        for stage, one in enumerate(members):
            for entry in one:
                entry.hide(phase, slowest != stage, "the slowest stage of the layer")


def _facts(work: Workload, leaking: float, latency: np.ndarray) -> dict:
    cell, settings = work.cell, work.settings
    interval = image_interval(settings, latency)
    reading = latency[:, :2].sum(axis=1)
    return {
        "arrays": work.array_count,
        "arrays_per_layer": [int(n) for n in work.arrays],
        "copies_per_layer": [int(n) for n in work.copies],
        "utilization": work.utilization,
        "utilization_in_time": float(work.arrays @ reading / (work.array_count * interval)),
        "image_interval_s": interval,
        "inference_interval_s": inference_interval(settings, latency),
        "macs_by_phase": macs_by_phase(work),
        "weight_bits": math.log2(_values(cell)),
        "write_current_A": write_current(work),
        "write_rail_V": write_rail(work) if cell.kind == "device" else None,
        "converter_bits": settings.converter_bits if settings.readout == "parallel" else None,
        "weights": int(work.weights.sum()),
        "macs_per_image": float(work.macs.sum()),
        "conversions_per_image_forward": float(work.phase("forward").conversions.sum()),
        "cell_area_m2": cell.area,
        "cell_area_F2": cell.area / work.parts.technology.feature**2,
        "cells_per_weight": cell.cells_per_weight,
        "levels_per_cell": cell.levels,
        "on_conductance_S": float(cell.on_conductance),
        "mean_conductance_S": cell.mean_conductance,
        "energy_per_pulse_J": cell.pulse_energy,
        "buffer_bits": working_bits(work),
        "stored_bits": stored_bits(work),
        "leakage_power_W": leakage_power(work, leaking),
        "supply_V": work.parts.technology.supply,
        "settings": settings.to_dict(),
    }


def _values(cell: Cell) -> int:
    """Return the values that a weight can hold: 2 L - 1 for a pair of L levels, L for one cell, 2^bits of SRAM [1]."""
    if cell.kind == "sram":
        return 2**cell.cells_per_weight
    return cell.cells_per_weight * (cell.levels - 1) + 1


def sram_settings(settings: ChipSettings, *, bits: int = 8, readout: str = "parallel", **changed: Any) -> ChipSettings:
    """Return the same chip with SRAM cells: what the baseline changes.

    SRAM cells cannot add outer products, so that gradients summed in the arrays become gradients summed over a batch.

    Args:
        settings: of the chip that it is compared with, not resolved: each design sizes its own memories.
        bits: of a weight [1].
        readout: as the setting of this name.
        changed: other settings.
    """
    own: dict[str, Any] = {
        "weight_bits": bits,
        "readout": readout,
        "cell_area_F2": 0.0,
        "reads_per_update": (0.0,),
        **changed,
    }
    if settings.gradient == "in-array":
        own["gradient"] = "per-batch"
    return dataclasses.replace(settings, **own)
