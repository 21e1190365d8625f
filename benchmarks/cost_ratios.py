"""Why ratios of CMOS to domain-wall chips differ: one choice after the other, VGG8 at full width, 32 nm.

Each row changes one setting with respect to the row that it names; the ratios are SRAM over device.

    python benchmarks/cost_ratios.py
"""

from arraysim.cost.cell import synapse_of
from arraysim.cost.comparison import PAPER, baseline_cost
from arraysim.cost.estimate import chip_cost
from arraysim.cost.settings import ChipSettings
from arraysim.networks.definition import array_layers
from arraysim.networks.presets import vgg8
from llg.device.device import load_device

LITERATURE = {"cells": "single", "cell_area_F2": 16.0}
COPIES = {"duplication": "fill-tile"}
FLASH = {"converter": "flash", "backward_converters": "own"}
ROWS = (
    ("reference device as it is", {}, "sram-8-parallel"),
    ("equal precision: 4-bit SRAM", {}, "sram-equal-parallel"),
    ("SRAM read row by row", {}, "sram-8-sequential"),
    ("copies of small layers fill a tile", COPIES, "sram-8-parallel"),
    ("flash converters, own for rows", FLASH, "sram-8-parallel"),
    ("gradient of every image off chip", {"gradient": "per-image"}, "sram-8-parallel"),
    ("gradient summed in the arrays", {"gradient": "in-array"}, "sram-8-parallel"),
    ("cell of 16 F2, one per weight", LITERATURE, "sram-8-parallel"),
    ("the same, copies", LITERATURE | COPIES, "sram-8-parallel"),
    ("the same, copies, SRAM row by row", LITERATURE | COPIES, "sram-8-sequential"),
    ("the same, copies, in-array gradient, SRAM row by row", LITERATURE | COPIES | {"gradient": "in-array"},
     "sram-8-sequential"),
    ("junction as drawn, 0.65 kohm", {"on_resistance": 0.0}, "sram-8-parallel"),
    ("high-performance transistors", {"transistors": "HP"}, "sram-8-parallel"),
)  # fmt: skip


def main() -> None:
    layers = array_layers(vgg8(), (32, 32, 3), 10)
    synapse = synapse_of(load_device("five_state"))
    print("| choice | area | energy | latency | arrays alone: area | fw + bw: energy | latency |")
    print("|---|---|---|---|---|---|---|")
    for name, changes, baseline in ROWS:
        settings = ChipSettings(**changes)
        chip, other = chip_cost(layers, settings, synapse), baseline_cost(baseline, layers, settings, synapse)
        phases = ("forward", "backward")
        ratios = (
            other.total_area / chip.total_area,
            other.total_energy() / chip.total_energy(),
            other.total_latency() / chip.total_latency(),
            other.area[0] / chip.area[0],
            other.total_energy(*phases) / chip.total_energy(*phases),
            other.total_latency(*phases) / chip.total_latency(*phases),
        )
        print(f"| {name} | " + " | ".join(f"{ratio:.2f}" for ratio in ratios) + " |")
    print("| Dhull et al. 2025 | " + " | ".join(str(PAPER[key]) for key in ("area", "energy", "latency")) + " | | | |")


if __name__ == "__main__":
    main()
