"""The chip that is meant where nothing is said; every estimate of the documentation rests on it."""

import dataclasses

import pytest

from arraysim.cost.components import published
from arraysim.cost.founding_paper import PAPER, shrinking_comparators
from arraysim.cost.ledger import Entry, close_books
from arraysim.cost.settings import ChipSettings, load_settings
from arraysim.cost.technology import relative_area
from dwcore.errors import InputError

SIZES = {
    "node_nm": 32.0, "clock": 1e9, "array_rows": 128, "array_columns": 128, "arrays_per_tile": 64, "mirror": 1.0,
    "reference_columns": 1, "converter_bits": 6, "columns_per_converter": 8, "input_bits": 8, "error_bits": 8,
    "input_activity": (0.15,), "error_activity": (0.5,), "weight_bits": 8, "cell_capacitance": 1.2e-15,
    "dcim_bits": 1, "dcim_share": 8, "cell_area_F2": 0.0, "on_resistance": 1e5, "read_voltage": 0.1, "read_pulse": 1e-9,
    "read_time": 0.0, "pulse_energy": 0.0, "pulse_time": 0.0, "write_voltage": 0.0, "write_current_limit": 0.0,
    "pulses_per_update": (0.015,), "reads_per_update": (0.0,), "batch_size": 200, "images_per_epoch": 50000,
    "gradient_bits": 16, "gradient_macs": 0, "buffer_bank_bits": 262144, "buffer_port_bits": 1024, "buffer_levels": 1,
    "bus_bits": 1024, "digital_macs": 0, "supply": None, "copies": (),
}  # fmt: skip
CHOICES = {
    "transistors": "LP", "duplication": "none", "readout": "parallel", "front_end": "clamp", "clamps": "converter",
    "column_current": "held", "subtraction": "analog", "bit_combination": "digital", "converter": "sar",
    "backward_bits": "apart", "converter_floor": True, "backward_converters": "shared", "input_coding": "bit-serial",
    "cells": "pair", "training": True, "gradient": "per-batch", "gradient_memory": "auto", "input_reuse": "column",
    "buffer": "sram", "network": "h-tree", "overlap": "layer", "pipeline": "layers", "power_gating": False,
    "control": True, "activations": "auto", "digital_weights": "auto", "off_chip": "HBM2",
}  # fmt: skip


def test_the_chip_that_is_meant_where_nothing_is_said():
    assert {
        field.name: getattr(ChipSettings(), field.name) for field in dataclasses.fields(ChipSettings)
    } == SIZES | CHOICES
    assert load_settings(None, {"clock": 5e8}) == ChipSettings(clock=5e8)


@pytest.mark.parametrize(
    ("bound", "beyond"),
    [
        ({"node_nm": 7.0}, {"node_nm": 6.9}), ({"node_nm": 130.0}, {"node_nm": 131.0}),
        ({"input_activity": (0.0, 1.0)}, {"input_activity": (-0.1,)}),
        ({"error_activity": (1.0,)}, {"error_activity": (1.1,)}),
        ({"pulses_per_update": (0.0,)}, {"pulses_per_update": ()}),
        ({"reads_per_update": (0.0,)}, {"reads_per_update": (-1.0,)}),
        ({"copies": (1.0, 3.0)}, {"copies": (1.5,)}), ({"columns_per_converter": 128}, {"columns_per_converter": 129}),
    ],
)  # fmt: skip
def test_bounds(bound, beyond):
    ChipSettings(**bound)
    with pytest.raises(InputError, match=f"{next(iter(beyond))} = "):
        ChipSettings(**beyond)


def test_ratios_of_the_founding_paper():
    """Dhull et al., IEEE TNNLS 36, 4996 (2025), abstract."""
    assert PAPER == {"area": 13.8, "energy": 9.6, "latency": 3.5}


def test_a_comparator_that_shrinks_as_logic_does():
    """At 65 nm, where its area was published at another node: its own law is proportional to the node."""
    factor = shrinking_comparators(65.0)["comparator_area"]
    node = published()["comparator_area"].node_nm
    assert factor == pytest.approx((relative_area(65.0) / relative_area(node)) * (node / 65.0))
    assert shrinking_comparators(node)["comparator_area"] == pytest.approx(1.0)


def test_books_add_up_by_block_and_phase():
    """Two entries of one block add, each in its layer and phase; what is named is summed, else all."""
    first, second, other = Entry("buffers", 2), Entry("buffers", 2), Entry("arrays", 2)
    first.set_area("A", 1e-9)
    second.set_area("A", 2e-9)
    first.add_energy("forward", "E", [1.0, 2.0])
    second.add_energy("update", "E", [4.0, 8.0])
    other.add_latency("backward", "t", [16.0, 32.0])
    other.hide("backward", other.latency[:, 1] > 20, "more")
    books = close_books("made", ("one", "two"), (first, second, other), {})
    assert books.total_area == pytest.approx(3e-9)
    assert (books.total_energy(), books.total_energy("forward"), books.total_energy("update", "backward")) == (
        15,
        3,
        12,
    )
    assert books.energy[1, books.block("buffers")].tolist() == [2.0, 0.0, 0.0, 8.0]
    assert books.total_latency() == 16.0 and books.latency[:, books.block("arrays"), 1].tolist() == [16.0, 0.0]
    assert [step.value for step in books.derivation["arrays"]] == [48.0, -32.0]
    assert repr(books) == "<ChipCost made: 0.003 mm2, 15 J, 16 s per image>"
