"""The estimate of a chip: all blocks, added up."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from arraysim.cost.array_blocks import arrays_entry, drivers_entry, lines_of, multiplexers_entry
from arraysim.cost.cell import Resistive, device_cell, sram_cell
from arraysim.cost.chip_blocks import interconnect_entry, leakage_entry, leakage_power
from arraysim.cost.components import Parts
from arraysim.cost.converters import converters_entry
from arraysim.cost.digital_blocks import (
    accumulators_entry,
    adder_trees_entry,
    function_units_entry,
    gradient_unit_entry,
    shift_and_add_entry,
)
from arraysim.cost.ledger import ChipCost, close_books
from arraysim.cost.memory_blocks import buffers_entry, off_chip_entry, stored_bits, working_bits
from arraysim.cost.settings import ChipSettings
from arraysim.cost.technology import technology
from arraysim.cost.workload import Workload, workload
from arraysim.networks.definition import ArrayLayer


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
        InputError: an impossible setting.
    """
    parts = Parts(technology(settings.node_nm, settings.transistors, settings.supply), factors)
    cell = sram_cell(settings, parts) if synapse is None else device_cell(synapse, settings, parts)
    return price(workload(layers, settings, cell, parts), name or cell.name)


def price(work: Workload, name: str) -> ChipCost:
    """Estimate a network on a chip."""
    lines = lines_of(work)
    entries = [
        arrays_entry(work, lines),
        drivers_entry(work, lines),
        multiplexers_entry(work, lines),
        converters_entry(work),
        shift_and_add_entry(work),
        adder_trees_entry(work),
        accumulators_entry(work),
        function_units_entry(work),
        buffers_entry(work),
        gradient_unit_entry(work),
        off_chip_entry(work),
    ]
    entries.append(interconnect_entry(work, sum(entry.area for entry in entries)))
    leaking = sum(entry.area for entry in entries if not (entry.block == "arrays" and work.cell.kind == "device"))
    latency = np.sum([entry.latency for entry in entries], axis=0)
    entries.append(leakage_entry(work, leaking, latency))
    return close_books(name, work.names, entries, _facts(work, leaking))


def _facts(work: Workload, leaking: float) -> dict:
    cell, settings = work.cell, work.settings
    return {
        "arrays": work.array_count,
        "arrays_per_layer": [int(n) for n in work.arrays],
        "copies_per_layer": [int(n) for n in work.copies],
        "utilization": work.utilization,
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


def sram_settings(settings: ChipSettings, *, bits: int = 8, readout: str = "parallel") -> ChipSettings:
    """Return the same chip with SRAM cells: what the baseline changes.

    SRAM cells cannot add outer products, so that gradients summed in the arrays become gradients summed over a batch.
    """
    changed: dict[str, Any] = {
        "weight_bits": bits,
        "readout": readout,
        "cell_area_F2": 0.0,
        "copies": (),
        "reads_per_update": (0.0,),
    }
    if settings.gradient == "in-array":
        changed["gradient"] = "per-batch"
    return dataclasses.replace(settings, **changed)
