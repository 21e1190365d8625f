"""Figures of merit of an estimate, and how far absolute figures can be trusted."""

from arraysim.cost.ledger import ChipCost
from dwcore.canvas.number_text import time_text, with_prefix

UNCERTAINTY = {"area": 1.9, "energy": 2.3}
"""Spread of the model over published chips, one standard deviation as a factor: `benchmarks/cost_against_silicon.py`."""
MULTIPLYING = ("forward", "backward", "weight gradient")


def merits(cost: ChipCost) -> dict[str, dict[str, float | None]]:
    """Return the figures of merit of inference, and of training if the chip trains.

    An operation is a multiplication or an addition of the bits that `operands` names. Power is the energy of an image
    over the time between images; the energy-delay product takes the latency of an image.
    """
    found = {"inference": _merits(cost, ("forward",), cost.facts["inference_interval_s"])}
    if cost.facts["settings"]["training"]:
        found["training"] = _merits(cost, (), cost.facts["image_interval_s"])
    return found


def _merits(cost: ChipCost, phases: tuple[str, ...], interval: float) -> dict[str, float | None]:
    macs = sum(cost.facts["macs_by_phase"][phase] for phase in (phases or MULTIPLYING))
    energy, latency = cost.total_energy(*phases), cost.total_latency(*phases)
    off_chip = float(cost.energy[:, cost.block("off-chip memory"), slice(0, 1) if phases else slice(None)].sum())
    return {
        "tops_per_W": 2e-12 * macs / energy,
        "tops_per_mm2": 2e-18 * macs / interval / cost.total_area,
        "J_per_mac": energy / macs,
        "images_per_s": 1 / interval,
        "power_W": energy / interval,
        "energy_delay_J_s": energy * latency,
        "off_chip_share": off_chip / energy,
    }


def operands(cost: ChipCost) -> str:
    """Return the bits of what is multiplied, inputs and weights, as text."""
    settings, weights = cost.facts["settings"], cost.facts["weight_bits"]
    return f"{settings['input_bits']} x {weights:.3g} bit"


def endurance(cost: ChipCost, epochs: int = 1) -> float:
    """Return the write pulses that a cell of the most written layer takes in a training [1]."""
    settings = cost.facts["settings"]
    if not settings["training"] or "pulses_per_update" not in settings:
        return 0.0
    images = settings["images_per_epoch"] * epochs
    batch = 1 if settings["gradient"] == "in-array" else settings["batch_size"]
    return max(settings["pulses_per_update"]) * images / batch


def factor_text(what: str) -> str:
    """Return the uncertainty of an absolute figure as text."""
    return f"+- a factor {UNCERTAINTY[what]:g}"


def merit_rows(cost: ChipCost) -> list[tuple[str, ...]]:
    """Return a table of the figures of merit: a head, and a row for inference and training."""
    rows: list[tuple[str, ...]] = [
        ("", "TOPS/W", "TOPS/mm2", "per MAC", "images/s", "power", "energy x delay", "off the chip")
    ]
    for name, one in merits(cost).items():
        rows.append(
            (
                name,
                f"{one['tops_per_W']:.3g}",
                f"{one['tops_per_mm2']:.3g}",
                with_prefix(one["J_per_mac"], "J"),
                f"{one['images_per_s']:.3g}",
                with_prefix(one["power_W"], "W"),
                with_prefix(one["energy_delay_J_s"], "J s"),
                f"{one['off_chip_share']:.1%}",
            )
        )
    return rows


def use_lines(cost: ChipCost) -> list[str]:
    """Return lines about how a chip of arrays is used: cells and time; write current and pulses if it trains."""
    facts = cost.facts
    lines = [f"cells in use {facts['utilization']:.0%}, arrays read {facts['utilization_in_time']:.1%} of the time, an "
             f"image every {time_text(facts['image_interval_s'])}"]  # fmt: skip
    if facts["write_current_A"]:
        lines.append(f"write current {with_prefix(facts['write_current_A'], 'A')} from {facts['write_rail_V']:.3g} V, "
                     f"{endurance(cost):.3g} pulses per epoch in each cell of the most written layer")  # fmt: skip
    return lines
