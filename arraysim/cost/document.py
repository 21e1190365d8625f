"""An estimate as plain data for JSON, and as lines of text."""

from collections.abc import Sequence

import numpy as np

from arraysim.cost.comparison import Comparison
from arraysim.cost.components import published
from arraysim.cost.founding_paper import NETWORKS, PAPER
from arraysim.cost.ledger import BLOCKS, PHASES, ChipCost
from arraysim.cost.merits import UNCERTAINTY, factor_text, merit_rows, merits, operands, use_lines
from arraysim.cost.sensitivity import Sensitivity
from dwcore.canvas.number_text import time_text, with_prefix
from dwcore.errors import InputError, nearest


def chip_document(cost: ChipCost, *, images_per_epoch: int) -> dict:
    """Return one chip: totals, blocks by phase, layers, facts."""
    return {
        "name": cost.name,
        "area_m2": {"total": cost.total_area, "blocks": dict(zip(BLOCKS, cost.area.tolist(), strict=True))},
        "energy_J_per_image": _book(cost.energy),
        "latency_s_per_image": _book(cost.latency),
        "merits": merits(cost),
        "operands": operands(cost),
        "uncertainty_factor": dict(UNCERTAINTY),
        "energy_J_per_epoch": images_per_epoch * cost.total_energy(),
        "latency_s_per_epoch": images_per_epoch * cost.facts["image_interval_s"],
        "layers": [
            {
                "name": name,
                "energy_J_per_image": dict(zip(PHASES, energy.tolist(), strict=True)),
                "latency_s_per_image": dict(zip(PHASES, latency.tolist(), strict=True)),
            }
            for name, energy, latency in zip(
                cost.layers, cost.energy.sum(axis=1), cost.latency.sum(axis=1), strict=True
            )
        ],
        "facts": cost.facts,
    }


def _book(book: np.ndarray) -> dict:
    by_phase = book.sum(axis=0)
    return {
        "total": float(book.sum()),
        "inference": float(by_phase[:, 0].sum()),
        "phases": {
            phase: {
                "total": float(by_phase[:, p].sum()),
                "blocks": dict(zip(BLOCKS, by_phase[:, p].tolist(), strict=True)),
            }
            for p, phase in enumerate(PHASES)
        },
    }


def derivation_document(cost: ChipCost) -> dict:
    """Return how every figure came about: lines per block, with the sources of the components they use."""
    known = published()
    return {
        block: [
            {
                "symbol": step.symbol,
                "formula": step.formula,
                "value": step.value,
                "unit": step.unit,
                "sources": {name: known[name].source for name in step.components},
            }
            for step in steps
        ]
        for block, steps in cost.derivation.items()
    }


def comparison_document(
    result: Comparison, *, images_per_epoch: int, network: str = "", equal: Comparison | None = None
) -> dict:
    """Return a chip, its baselines and their ratios.

    Args:
        result: the comparison.
        images_per_epoch: for energy and time per epoch [1].
        network: its name; the founding paper's ratios are those of VGG8.
        equal: the same comparison with converters that tell all sums apart.
    """
    same = {} if equal is None else {"equal_accuracy": {"bits": bits_of(equal), "ratios": equal.ratios()}}
    return {
        "chip": chip_document(result.chip, images_per_epoch=images_per_epoch),
        "derivation": derivation_document(result.chip),
        "baselines": {
            name: chip_document(cost, images_per_epoch=images_per_epoch) for name, cost in result.baselines.items()
        },
        "ratios": result.ratios(),
        **same,
        "founding_paper_ratios": PAPER if network in NETWORKS else None,
    }


def bits_of(result: Comparison) -> dict[str, int | None]:
    """Return the bits of the converters of a chip and its baselines; None without converters."""
    chips = {"chip": result.chip, **result.baselines}
    return {name: one.facts.get("converter_bits") for name, one in chips.items()}


def sensitivity_document(base: dict[str, float], found: list[Sensitivity], baseline: str) -> dict:
    """Return the ratios under each changed assumption."""
    return {
        "baseline": baseline,
        "ratios": base,
        "assumptions": [
            {
                "name": one.name,
                "kind": one.kind,
                "low": {"value": one.low, "ratios": one.low_ratios},
                "high": {"value": one.high, "ratios": one.high_ratios},
            }
            for one in found
        ],
    }


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines whose columns never meet: the first to the left, the others to the right."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    lines = []
    for first, *others in rows:
        cells = (text.rjust(width) for text, width in zip(others, widths[1:], strict=True))
        lines.append("  ".join((first.ljust(widths[0]), *cells)).rstrip())
    return lines


def chip_lines(cost: ChipCost, network: str) -> list[str]:
    """Return one chip: totals, figures of merit, and a table with blocks down, area, energy and latency across.

    Args:
        cost: of the chip.
        network: that it carries, in words.
    """
    phases = [number for number in range(len(PHASES)) if cost.energy[:, :, number].any()]
    images, (energy, latency) = cost.facts["settings"]["images_per_epoch"], (cost.total_energy(), cost.total_latency())
    lines = [f"{network} on {cost.name}: {1e6 * cost.total_area:.3g} mm2; "
             f"{with_prefix(energy, 'J')}, {time_text(latency)} per image; "
             f"{with_prefix(images * energy, 'J')}, {time_text(images * cost.facts['image_interval_s'])} per epoch of "
             f"{images}"]  # fmt: skip
    lines.append(f"  area {factor_text('area')}, energy {factor_text('energy')} (spread over published chips); operations "
                 f"of {operands(cost)}")  # fmt: skip
    lines += [f"  {line}" for line in use_lines(cost)] if "utilization" in cost.facts else []
    lines += ["", *aligned(merit_rows(cost)), ""]
    table = [("", "area", *(PHASES[p] for p in phases), "latency")]
    for name, chosen in [*((name, slice(i, i + 1)) for i, name in enumerate(BLOCKS)), ("total", slice(None))]:
        area, energy = cost.area[chosen].sum(), cost.energy[:, chosen].sum(axis=(0, 1))
        latency = cost.latency[:, chosen].sum()
        if not (area or energy.any() or latency):
            continue
        cells = (with_prefix(float(energy[p]), "J") for p in phases)
        table.append((name, f"{1e6 * area:.4g} mm2", *cells, with_prefix(float(latency), "s")))
    return lines + aligned(table)


COLUMNS = ("area", "energy", "latency", "interval", "forward_energy", "forward_latency")


def ratio_lines(result: Comparison, network: str = "", equal: Comparison | None = None) -> list[str]:
    """Return the baselines and their ratios to the chip, beside those of the founding paper if the network is its own.

    Args:
        result: the comparison.
        network: its name.
        equal: the same comparison with converters that tell all sums apart.
    """
    rows = [("baseline over this chip", *(name.replace("_", " ") for name in COLUMNS))]
    for name, ratio in _apart(result).items():
        rows.append((result.baselines[name].name, *(f"{ratio[key]:.3g}" for key in COLUMNS)))
    if network in NETWORKS:
        rows.append(
            ("Dhull et al. 2025, over CMOS", *(f"{PAPER[key]:.3g}" for key in COLUMNS[:3]), *[""] * len(COLUMNS[3:]))
        )
    lines = aligned(rows)
    if equal is not None:
        bits = bits_of(equal)
        own = f"{bits['chip']}-bit converters" if bits["chip"] else "of this chip no converters"
        rows = [(f"at equal accuracy: {own}", *(name.replace("_", " ") for name in COLUMNS))]
        for name, ratio in _apart(equal).items():
            own = f", {bits[name]}-bit converters" if bits[name] else ""
            rows.append((equal.baselines[name].name + own, *(f"{ratio[key]:.3g}" for key in COLUMNS)))
        lines += ["", *aligned(rows)]
    return lines


def _apart(result: Comparison) -> dict[str, dict[str, float]]:
    """Return the ratios of baselines that differ: the precision of a device may be the 8 bits of another row."""
    first = {cost.name: name for name, cost in reversed(result.baselines.items())}
    return {name: ratio for name, ratio in result.ratios().items() if name in first.values()}


def paper_lines(found: Sequence[tuple[str, dict[str, float]]]) -> list[str]:
    """Return how the ratios of the founding paper become fair ones, choice by choice."""
    rows: list[tuple[str, ...]] = [("SRAM over device", "area", "energy", "latency")]
    rows.append(("Dhull et al. 2025, CMOS over domain-wall synapses", *(f"{PAPER[key]:.3g}" for key in COLUMNS[:3])))
    rows += [(text, *(f"{ratio[key]:.3g}" for key in COLUMNS[:3])) for text, ratio in found]
    return aligned(rows)


def explain_lines(cost: ChipCost, block: str) -> list[str]:
    """Return how the figures of one block came about, with sources.

    Raises:
        InputError: no such block.
    """
    if block not in BLOCKS:
        raise InputError(f'block "{block}" is unknown{nearest(block, BLOCKS)}')
    known = published()
    steps = cost.derivation.get(block, ())
    lines = [f"{cost.name}, {block}"]
    lines += [f"  {step.symbol} = {step.formula} = {step.value:.6g} {step.unit}" for step in steps]
    used = dict.fromkeys(name for step in steps for name in step.components)
    lines += [f"  {name}: {known[name].value:g} {known[name].unit}{_origin(known[name])}; {known[name].source}"
              for name in used]  # fmt: skip
    return lines


def _origin(part) -> str:
    return f" at {part.node_nm:g} nm, {part.supply:g} V" if part.node_nm else ""
