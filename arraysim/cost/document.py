"""An estimate as plain data for JSON, and as lines of text."""

import numpy as np

from arraysim.cost.comparison import PAPER, Comparison
from arraysim.cost.components import published
from arraysim.cost.ledger import BLOCKS, PHASES, ChipCost
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
        "energy_J_per_epoch": images_per_epoch * cost.total_energy(),
        "latency_s_per_epoch": images_per_epoch * cost.total_latency(),
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


def comparison_document(result: Comparison, *, images_per_epoch: int) -> dict:
    """Return a chip, its baselines and their ratios."""
    return {
        "chip": chip_document(result.chip, images_per_epoch=images_per_epoch),
        "derivation": derivation_document(result.chip),
        "baselines": {
            name: chip_document(cost, images_per_epoch=images_per_epoch) for name, cost in result.baselines.items()
        },
        "ratios": result.ratios(),
        "founding_paper_ratios": PAPER,
    }


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


def chip_lines(cost: ChipCost) -> list[str]:
    """Return the table of one chip: blocks down, area, energy and latency across."""
    phases = [number for number in range(len(PHASES)) if cost.energy[:, :, number].any()]
    head = "".join(f"{PHASES[p]:>17}" for p in phases)
    images, (energy, latency) = cost.facts["settings"]["images_per_epoch"], (cost.total_energy(), cost.total_latency())
    lines = [f"{cost.name}: {1e6 * cost.total_area:.3g} mm2; {with_prefix(energy, 'J')}, {time_text(latency)} per image; "
             f"{with_prefix(images * energy, 'J')}, {time_text(images * latency)} per epoch of {images}"]  # fmt: skip
    lines.append(f"{'':17}{'area':>11}{head}{'latency':>17}")
    rows = [*((name, slice(i, i + 1)) for i, name in enumerate(BLOCKS)), ("total", slice(None))]
    for name, chosen in rows:
        area, energy = cost.area[chosen].sum(), cost.energy[:, chosen].sum(axis=(0, 1))
        latency = cost.latency[:, chosen].sum()
        if not (area or energy.any() or latency):
            continue
        cells = "".join(f"{with_prefix(float(energy[p]), 'J'):>17}" for p in phases)
        lines.append(f"{name:17}{1e6 * area:>7.4g} mm2{cells}{with_prefix(float(latency), 's'):>17}")
    return lines


def ratio_lines(result: Comparison) -> list[str]:
    """Return the baselines and their ratios to the chip, beside those of the founding paper."""
    lines = [
        f"{'baseline over this chip':32}{'area':>8}{'energy':>8}{'latency':>8}{'forward: energy':>17}{'latency':>8}"
    ]
    for name, ratio in result.ratios().items():
        cells = "".join(f"{ratio[key]:>8.3g}" for key in ("area", "energy", "latency"))
        cells += f"{ratio['forward_energy']:>17.3g}{ratio['forward_latency']:>8.3g}"
        lines.append(f"{result.baselines[name].name:32}{cells}")
    paper = "".join(f"{PAPER[key]:>8.3g}" for key in ("area", "energy", "latency"))
    return [*lines, f"{'Dhull et al. 2025':32}{paper}"]


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
