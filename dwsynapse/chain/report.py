"""The report of a run of the whole chain: what a summary holds, told to a newcomer on one page."""

from collections.abc import Mapping, Sequence

import numpy as np

from arraysim.cost.of_training import block_rows
from dwcore.arguments import checked
from dwcore.canvas.number_text import NONE, counted, memory_text, percent_text, power_of_ten, time_text, with_prefix
from dwcore.errors import InputError
from dwcore.storage.atomic import replacing
from dwsynapse.chain.html_page import Fact, Section, notes_section, render
from llg.device.static_field import field_words

_INTRODUCTION = (
    "One magnetic domain wall sits in one of the notches of a narrow track; which notch it is, is the state of a "
    "synapse, and a tunnel junction reads it as a conductance. Short current pulses move the wall from notch to notch, "
    "against thermal noise. Many such synapses make up the weights of a neural network, which is trained by these "
    "pulses alone. Its float32 twin is the same network trained on the same images with ordinary numbers as weights."
)
_CHIPS = {
    "sram-8-parallel": "SRAM, 8 bits",
    "sram-equal-parallel": "SRAM, equal precision",
    "sram-best": "SRAM, best organization",
    "digital": "Digital logic",
    "gpu": "Graphics processor at its peak, 7 nm",
}


@checked
def report(
    path,
    *,
    title: str,
    summary: Mapping,
    figures: Sequence[tuple[str, bytes]],
    sections: Sequence[Section] = (),
    choices: Sequence[dict] = (),
    force: bool = False,
) -> None:
    """Write the report as one self-contained HTML file, complete or not at all.

    Args:
        path: file to write.
        title: title of the page.
        summary: results in SI, with the keys
            accuracy: {"on_chip_test_per_seed", "float32_test_per_seed", "seeds"}, a list each, one entry per seed [1];
            device: name of the device;
            wells, depinning_field_T, depinning_current_A_per_m2: as `dwsynapse rates` gives them, one entry per state;
            write_pulses: {"up", "down"}, each {"current_density_A_per_m2", "duration_s", "energy_J"};
            pulses, energy_J: totals over all seeds;
            seconds: stage -> wall time; the run time is that of "total", or without it the sum;
            peak_memory_bytes;
            notes (optional): where the device strains the model, in lines;
            cost (optional): as `arraysim.cost.of_training.summary_of` returns it.
            Further keys are left alone; null stands for infinite or unknown.
        figures: caption and PNG bytes of each; the first sentence of a caption is its heading.
        sections: further tables and texts for the end of the page.
        choices: devices whose pulses the reader can choose, as `dwsynapse.chain.explorer.explore` returns them.
        force: overwrite an existing file.

    Raises:
        InputError: the file cannot be written, or the summary lacks a key or holds a wrong value.
        RunError: the disk failed.
    """
    try:
        facts = _facts(summary)
        tables = (
            *notes_section("device", summary.get("notes", ())),
            _seed_table(summary),
            _well_table(summary),
            *_chip_tables(summary),
        )
        tables += (_time_table(summary),)
    except KeyError as error:
        raise InputError(f"summary for the report: the key {error} is missing") from None
    except (TypeError, ValueError, AttributeError) as error:
        raise InputError(f"summary for the report: not of the documented layout: {error}") from None
    page = render(title, _INTRODUCTION, facts=facts, figures=figures, sections=(*tables, *sections), choices=choices)
    with replacing(path, force=force) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _facts(summary: Mapping) -> list[Fact]:
    accuracy, wells = summary["accuracy"], summary["wells"]
    on_chip, twin = accuracy["on_chip_test_per_seed"], accuracy["float32_test_per_seed"]
    seeds = f"{len(on_chip)} seeds, mean ± standard deviation" if len(on_chip) > 1 else "one seed"
    difference = 100 * (np.mean(on_chip) - np.mean(twin))
    barriers = [well[key] for well in wells for key in ("barrier_left_kT", "barrier_right_kT")]
    field = field_words(summary.get("field_A_per_m"))
    static = f", in the static field {field}" if field else ""
    return [
        Fact(label="Test accuracy, trained on chip", value=percent_text(on_chip), note=seeds),
        Fact(label="Test accuracy, float32 twin", value=percent_text(twin), note=_beside(difference)),
        Fact(label="Device", value=summary["device"], note=f"{len(wells)} states per synapse{static}{_noted(summary)}"),
        Fact(
            label="Lowest energy barrier",
            value=f"{min(barriers):.1f} kB\u00a0T",
            note=f"mean retention of the weakest state: {time_text(_shortest(wells))}",
        ),
        *(_pulse_fact(word, summary["write_pulses"][word]) for word in ("up", "down")),
        Fact(label="Write pulses", value=power_of_ten(summary["pulses"]), note="all synapses, all seeds"),
        Fact(label="Write energy", value=with_prefix(summary["energy_J"], "J"), note="of all these pulses"),
        *_chip_facts(summary),
        Fact(label="Run time", value=time_text(_total(summary["seconds"])), note="from device to this page"),
        Fact(label="Peak memory", value=memory_text(summary["peak_memory_bytes"])),
    ]


def _shortest(wells: Sequence[Mapping]) -> float | None:
    """Return the shortest retention [s]; None where one that is unknown may be shorter."""
    known = min((well["retention_s"] for well in wells if well["retention_s"] is not None), default=None)
    bounds = [well["retention_s_at_least"] or 0.0 for well in wells if well["retention_s"] is None]
    return known if known is not None and all(bound >= known for bound in bounds) else None


def _noted(summary: Mapping) -> str:
    notes = summary.get("notes", ())
    return f"; {counted(len(notes), 'note')} on the model below" if notes else ""


def _chip_facts(summary: Mapping) -> list[Fact]:
    if "cost" not in summary:
        return []
    cost = summary["cost"]
    ratio = cost["ratios"]["sram-8-parallel"]
    inference = with_prefix(cost["inference_energy_J_per_image"], "J")
    return [
        Fact(
            label="Chip area",
            value=f"{1e6 * cost['area_m2']:.3g} mm²",
            note=f"estimated at {cost['node_nm']:g} nm; with 8-bit SRAM {ratio['area']:.2g} times as much",
        ),
        Fact(
            label="Chip energy",
            value=with_prefix(cost["energy_J_per_image"], "J"),
            note=f"per training image, {inference} per inference; with 8-bit SRAM {ratio['energy']:.2g} times as much",
        ),
        Fact(
            label="Chip time",
            value=time_text(cost["latency_s_per_image"]),
            note=f"per training image, {time_text(cost['inference_latency_s_per_image'])} per inference",
        ),
    ]


def _chip_tables(summary: Mapping) -> list[Section]:
    if "cost" not in summary:
        return []
    cost = summary["cost"]
    ratios = [
        (
            _CHIPS.get(name, name),
            *(f"{ratio[key]:.3g}" for key in ("area", "energy", "latency", "forward_energy", "forward_latency")),
        )
        for name, ratio in cost["ratios"].items()
    ]
    settings, factors = cost["settings"], cost["uncertainty_factor"]
    size = f"{settings['array_rows']} x {settings['array_columns']}"
    notes = "".join(f" Note: {note}." for note in cost["notes"])
    arrays = tuple((name, str(count)) for name, count in cost["arrays_per_layer"].items())
    return [
        Section(
            heading="The network on the chip",
            text=f"Arrays of {size} cells that each layer takes; {100 * cost['utilization']:.0f} % of their cells "
            "hold a weight.",
            columns=("Layer", "Arrays"),
            rows=arrays,
        ),
        Section(
            heading="What the chip takes, block by block",
            text="An estimate from published component figures: dwsynapse cost explains each number and changes each "
            "assumption. Energy and time are those of one image of the training, write pulses included. Against "
            f"published chips areas are off by a factor of {factors['area']:g}, energies by {factors['energy']:g} (one "
            f"standard deviation).{notes}",
            columns=("Block", "Area (µm²)", "Energy per image", "Time per image"),
            rows=block_rows(cost),
        ),
        Section(
            heading="Beside other chips",
            text="The same network and settings with other cells, relative to this chip.",
            columns=("Chip", "Area", "Energy", "Time", "Inference energy", "Inference time"),
            rows=tuple(ratios),
        ),
    ]


def _total(seconds: Mapping) -> float:
    return seconds["total"] if "total" in seconds else sum(seconds.values())


def _beside(difference: float) -> str:
    """Return the accuracy on chip relative to the twin, from their difference [percentage points]."""
    if abs(difference) < 0.05:
        return "on chip is as accurate"
    side = "above" if difference > 0 else "below"
    return f"on chip lies {abs(difference):.1f} percentage points {side}"


def _pulse_fact(word: str, pulse: Mapping) -> Fact:
    current = power_of_ten(pulse["current_density_A_per_m2"])
    note = f"for {with_prefix(pulse['duration_s'], 's')}, {with_prefix(pulse['energy_J'], 'J')} per pulse"
    return Fact(label=f"Write pulse, {word}", value=f"{current} A/m²", note=note)


def _seed_table(summary: Mapping) -> Section:
    accuracy = summary["accuracy"]
    columns = (accuracy["seeds"], accuracy["on_chip_test_per_seed"], accuracy["float32_test_per_seed"])
    rows = [(str(s), percent_text([chip]), percent_text([twin])) for s, chip, twin in zip(*columns, strict=True)]
    return Section(
        heading="Accuracy by seed",
        text="The seed sets which images are held back for the test, the first weights, the order of the images and "
        "the noise.",
        columns=("Seed", "On chip", "Float32 twin"),
        rows=tuple(rows),
    )


def _well_table(summary: Mapping) -> Section:
    per_well = (summary["wells"], summary["depinning_field_T"], summary["depinning_current_A_per_m2"])
    rows = []
    for number, (well, field, current) in enumerate(zip(*per_well, strict=True)):
        rows.append(
            (
                str(number),
                f"{1e9 * well['q_m']:.1f}",
                *(f"{well[f'barrier_{side}_kT']:.1f}" for side in ("left", "right")),
                time_text(well["retention_s"]),
                *(f"{1e3 * value:.1f}" for value in field),
                *(NONE if value is None else f"{value / 1e11:.2f}" for value in current),
            )
        )
    return Section(
        heading="Where the wall rests",
        text="Each state is a well in the energy of the wall. A barrier is the energy that the wall must climb to "
        "leave the well on that side; retention is the mean time until thermal noise carries it over one of them. "
        "Depinning field and current are the least that drive the wall out without the help of noise.",
        columns=(
            "State",
            "Position (nm)",
            "Barrier left (kB\u00a0T)",
            "Barrier right (kB\u00a0T)",
            "Retention",
            "Depinning field left (mT)",
            "Depinning field right (mT)",
            "Depinning current left (10¹¹\u00a0A/m²)",
            "Depinning current right (10¹¹\u00a0A/m²)",
        ),
        rows=tuple(rows),
    )


def _time_table(summary: Mapping) -> Section:
    rows = tuple((stage.replace("_", " "), time_text(seconds)) for stage, seconds in summary["seconds"].items())
    return Section(heading="Run time", columns=("Stage", "Wall time"), rows=rows)
