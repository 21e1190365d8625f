"""The cost model beside published macros of compute-in-memory, none of which it was fitted to.

Each chip stands in a TOML of its own in `silicon/`: what its paper says of rows, columns, converters, supply and cells,
and the two figures that it published. The model takes these settings and everything else as for any chip. The energy is
that of one product of a whole array with vectors whose bits are 1 half of the time; the area that of the array with what
reads it. A density (TOPS/mm2) is compared where no area is published.

    python benchmarks/cost_against_silicon.py            # table in Markdown
    python benchmarks/cost_against_silicon.py --json
    python benchmarks/cost_against_silicon.py --blocks mram_22nm_2025     # what the figures are made of
"""

import argparse
import json
import math
from pathlib import Path

import numpy as np

from arraysim.cost.cell import Resistive
from arraysim.cost.chip_blocks import CORE
from arraysim.cost.estimate import chip_cost
from arraysim.cost.ledger import BLOCKS, ChipCost
from arraysim.cost.settings import ChipSettings
from arraysim.networks.crossbars import ArrayLayer
from dwcore.toml import read_toml

CHIPS = Path(__file__).parent / "silicon"
MACRO = (*CORE, "accumulators", "control", "leakage")
"""Blocks that a published macro has."""


def estimate(chip: dict) -> ChipCost:
    """Return the array of a chip in this model."""
    device, given = chip["kind"] == "device", chip["chip"]
    per_weight = given.get("weight_bits", 8) if not device else 2 if given["cells"] == "pair" else 1
    settings = ChipSettings(
        **given,
        array_rows=chip["rows"],
        array_columns=chip["outputs"] * per_weight,
        reference_columns=0,
        on_resistance=0.0,
        input_activity=(0.5,),
        training=False,
        pipeline="none",
        overlap="none",
    )
    layer = ArrayLayer(name="array", kind="linear", rows=chip["rows"], columns=chip["outputs"], positions=1,
                       input_values=chip["rows"], output_values=chip["outputs"], kernel=1)  # fmt: skip
    return chip_cost([layer], settings, _cell(chip) if device else None, name=chip["name"])


def _cell(chip: dict) -> Resistive:
    low, high = chip["resistance_ohm"]
    return Resistive(name=chip["name"], conductance=np.array([1 / high, 1 / low]), length=0.0, breadth=0.0,
                     pulse_energy=0.0, pulse_current=0.0, pulse_voltage=0.0, pulse_time=0.0)  # fmt: skip


def figures(cost: ChipCost, chip: dict) -> dict[str, float]:
    """Return TOPS/W, area [mm^2] and TOPS/mm^2 of the macros of a chip."""
    numbers = [BLOCKS.index(block) for block in MACRO]
    operations, count = 2 * chip["rows"] * chip["outputs"], chip.get("macros", 1)
    energy, area = cost.energy[:, numbers].sum(), cost.area[numbers].sum()
    time = cost.latency[:, numbers].sum()
    return {
        "tops_per_W": operations / energy / 1e12,
        "area_mm2": 1e6 * count * area,
        "tops_per_mm2": operations / time / area / 1e18,
    }


def compare(name: str) -> dict:
    """Return the figures of a chip, published and of the model, and the ratios model over published."""
    chip = read_toml(CHIPS / f"{name}.toml")
    found, published = figures(estimate(chip), chip), chip["published"]
    size = "area_mm2" if "area_mm2" in published else "tops_per_mm2"
    area = found[size] / published[size]
    return {
        "name": chip["name"],
        "source": chip["source"],
        "remarks": chip["remarks"],
        "published": published,
        "model": {key: found[key] for key in published},
        "energy": published["tops_per_W"] / found["tops_per_W"],
        "area": area if size == "area_mm2" else 1 / area,
    }


def run() -> dict[str, dict]:
    """Return the comparison of every chip, by the name of its file."""
    return {path.stem: compare(path.stem) for path in sorted(CHIPS.glob("*.toml"))}


def summary(result: dict[str, dict]) -> dict[str, dict[str, float]]:
    """Return the geometric mean, the spread (one standard deviation, as a factor) and the worst of the ratios [1]."""
    found = {}
    for what in ("energy", "area"):
        logs = np.log([one[what] for one in result.values()])
        found[what] = {
            "geometric_mean": math.exp(logs.mean()),
            "spread": math.exp(logs.std(ddof=1)),
            "worst": math.exp(np.abs(logs).max()),
        }
    return found


def table(result: dict[str, dict]) -> str:
    """Return the chips and the summary as Markdown."""
    lines = ["| chip | TOPS/W published | model | area or density published | model | energy, model/published | area |"]
    lines.append("|---" * 7 + "|")
    for one in result.values():
        key = "area_mm2" if "area_mm2" in one["published"] else "tops_per_mm2"
        unit = "mm²" if key == "area_mm2" else "TOPS/mm²"
        lines.append(
            f"| {one['name']} | {one['published']['tops_per_W']:.4g} | {one['model']['tops_per_W']:.3g} | "
            f"{one['published'][key]:.4g} {unit} | {one['model'][key]:.3g} | {one['energy']:.2f} | {one['area']:.2f} |"
        )
    for what, value in summary(result).items():
        lines.append(f"\n{what}: geometric mean {value['geometric_mean']:.2f}, spread x/÷ {value['spread']:.2f}, "
                     f"worst {value['worst']:.2f}")  # fmt: skip
    return "\n".join(lines)


def blocks(name: str) -> str:
    """Return area and energy of the blocks of a chip."""
    cost = estimate(read_toml(CHIPS / f"{name}.toml"))
    rows = zip(BLOCKS, cost.area, cost.energy.sum(axis=(0, 2)), cost.latency.sum(axis=(0, 2)), strict=True)
    return "\n".join(f"{block:16}{1e12 * a:12.4g} um2{1e12 * e:12.4g} pJ{1e9 * t:12.4g} ns"
                     for block, a, e, t in rows if a or e or t)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--blocks", metavar="NAME", help="area and energy of one chip, block by block")
    arguments = parser.parse_args()
    if arguments.blocks:
        print(blocks(arguments.blocks))
        return
    result = run()
    print(json.dumps({"chips": result, "summary": summary(result)}) if arguments.json else table(result))


if __name__ == "__main__":
    main()
