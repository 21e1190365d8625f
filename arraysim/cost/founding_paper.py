"""The ratios of the founding paper, and how they become those of a fair comparison, one choice after the other.

S. Dhull et al., IEEE TNNLS 36 (3), 4996 (2025), report 13.8 in area, 9.6 in energy and 3.5 in latency, CMOS over
domain-wall synapses, for VGG8. Public is only the abstract. That the first row below is what they compared is inferred.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from arraysim.cost.cell import Resistive
from arraysim.cost.comparison import baseline_cost
from arraysim.cost.components import published
from arraysim.cost.estimate import chip_cost, sram_settings
from arraysim.cost.settings import ChipSettings
from arraysim.cost.technology import relative_area
from arraysim.networks.crossbars import ArrayLayer

PAPER = {"area": 13.8, "energy": 9.6, "latency": 3.5}
"""CMOS over domain-wall synapses, trained VGG8."""
NETWORKS = ("vgg8", "vgg8:1")
"""Names of the network of the paper."""
WITHOUT: dict[str, Any] = {
    "front_end": "none",
    "converter_floor": False,
    "reference_columns": 0,
    "backward_bits": "together",
    "cell_capacitance": 0.0,
    "control": False,
    "overlap": "none",
    "pipeline": "none",
    "buffer_bank_bits": 0,
}
"""What DNN+NeuroSim 2.1 does not have: clamps, a floor of converters, reference columns, columns of different bits read
apart, the capacitor of a cell, control, overlap, a pipeline between layers, banks of buffers."""


def shrinking_comparators(node_nm: float) -> dict[str, float]:
    """Return the factors on component figures that let comparators shrink as logic does, as that tool has them [1]."""
    one = published()["comparator_area"]
    return {"comparator_area": relative_area(node_nm) / relative_area(one.node_nm) / (node_nm / one.node_nm)}


_TOOL = {**WITHOUT, "input_reuse": "none", "buffer": "register-file", "buffer_levels": 3, "buffer_port_bits": 128}
_SMALL = {"cells": "single", "cell_area_F2": 16.0, "duplication": "fill-tile"}
_FLASH = {"converter": "flash", "backward_converters": "own", "cell_area_F2": 160.0}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Choice:
    """One row: what changed, settings of the device and of SRAM, or a baseline by name, and the phases that count."""

    text: str
    device: Mapping[str, Any]
    sram: Mapping[str, Any] | None = None
    baseline: str = "sram-8-parallel"
    phases: tuple[str, ...] = ()

    def ratios(self, layers: Sequence[ArrayLayer], synapse: Resistive) -> dict[str, float]:
        """Return area, energy and latency of the baseline over the device [1]."""
        settings = ChipSettings(**self.device)
        factors = None if settings.converter_floor else shrinking_comparators(settings.node_nm)
        chip = chip_cost(layers, settings, synapse, factors=factors)
        if self.sram is None:
            other = baseline_cost(self.baseline, layers, settings, synapse, factors=factors)
        else:
            other = chip_cost(layers, sram_settings(settings, bits=8, **self.sram), None, factors=factors)
        return {
            "area": other.total_area / chip.total_area,
            "energy": other.total_energy(*self.phases) / chip.total_energy(*self.phases),
            "latency": other.total_latency(*self.phases) / chip.total_latency(*self.phases),
        }


_ARRAYS = ("forward", "backward")
_OWN = {**_TOOL, "backward_converters": "own"}
CHOICES = (
    Choice(text="8-bit SRAM with flash over small single cells with SAR converters; forward and backward, blocks of "
           "DNN+NeuroSim", device=_OWN | _SMALL, sram=_FLASH, phases=_ARRAYS),
    Choice(text="the same converters for both: SAR", device=_OWN | _SMALL, sram={"cell_area_F2": 160.0},
           phases=_ARRAYS),
    Choice(text="pairs of the device with its own footprint", device=_OWN | {"duplication": "fill-tile"},
           sram={"cell_area_F2": 160.0}, phases=_ARRAYS),
    Choice(text="one copy of each layer; buffers, reuse and converters as chips have them", device=WITHOUT,
           sram={}, phases=_ARRAYS),
    Choice(text="published converters, clamps, control, overlap, pipeline", device={}, phases=_ARRAYS),
    Choice(text="the whole training, weight gradient included", device={}),
    Choice(text="equal bits: 4-bit SRAM", device={}, baseline="sram-equal-parallel"),
    Choice(text="the best organization of 8-bit SRAM", device={}, baseline="sram-best"),
    Choice(text="converters that tell all sums apart", device={"converter_bits": 0}, baseline="sram-best"),
)  # fmt: skip
"""From the paper's numbers to the fair ones; each row keeps what the row before it changed, unless it says so."""


def paper_ratios(layers: Sequence[ArrayLayer], synapse: Resistive) -> list[tuple[str, dict[str, float]]]:
    """Return what changed and the ratios then, choice by choice.

    Args:
        layers: of VGG8.
        synapse: the device.
    """
    return [(choice.text, choice.ratios(layers, synapse)) for choice in CHOICES]
