"""From a specification to a folder: the search, the designs that hold after verification, their files and figures."""

import dataclasses
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from compact.bulk.sweep import build_table
from dwcore import progress
from dwcore.canvas.figure_file import figure_bytes
from dwcore.canvas.style import new_figure, own_look
from dwcore.errors import InputError, RunError
from dwcore.storage.atomic import replacing
from dwcore.storage.lock import only_writer
from dwsynapse.chain.explorer import MOST_TRIALS, choice_grid, explore
from dwsynapse.chain.html_page import Fact, Section, render
from dwsynapse.design.network import plot_network, through_the_chain
from dwsynapse.design.search import first_missed, front, nearest_design, search
from dwsynapse.design.specification import Specification, load_specification
from dwsynapse.design.trial import Trial, examine
from dwsynapse.design.verification import FRESH, Verified, verify
from dwsynapse.options import writable_folder
from llg.device.device_file import save_device

JOURNAL, RESULT = "trials.jsonl", "front.json"
TRIES = 4
"""Designs that are verified at most, as a multiple of those that are offered."""
UNITS = {"energy": "J", "area": "m^2", "duration": "s", "current_density": "A/m^2", "voltage": "V", "heating": "K",
         "constriction": "m", "barrier": "kB T", "retention": "s", "pitch": "m", "notch_depth": "m", "notch_width": "m",
         "track_width": "m", "thickness": "m"}  # fmt: skip


def design_devices(
    specification: str | Path,
    *,
    out: str | Path,
    seed: int = 1,
    jobs: int | None = None,
    resume: bool = False,
    force: bool = False,
    network: bool = False,
) -> dict[str, Any]:
    """Search devices that meet a specification, verify them, and write them into a folder.

    Args:
        specification: TOML file.
        out: folder for ``front.json``, a device file per design, figures, a report and the journal of the search.
        seed: root seed; results depend on it and the specification alone.
        jobs: threads.
        resume: go on with the journal in the folder.
        force: overwrite what the folder holds.
        network: carry each design through table, training and cost of the chain's quick plan.

    Returns:
        What ``front.json`` holds.

    Raises:
        InputError: the specification is not sound, or the folder cannot be written.
        RunError: no design meets the specification; says which requirement fails first, and the nearest design.
    """
    spec, folder = load_specification(specification), Path(out)
    journal = folder / JOURNAL
    if (folder / RESULT).exists() and not force:
        raise InputError(f"{folder / RESULT}: exists; give --force to overwrite it")
    if journal.exists() and not (resume or force):
        raise InputError(f"{journal}: holds an unfinished search; --resume goes on with it, --force begins anew")
    writable_folder(folder, resume or force)
    with only_writer(folder / RESULT):
        with progress.bar(spec.budget.pulses, "design", "pulses") as advance:
            trials = search(spec, seed=seed, jobs=jobs, journal=journal, resume=resume, progress=advance)
        best, offered, failed = _offered(spec, trials, seed, jobs)
        result = _document(spec, seed, trials, best, offered, failed)
        if network and offered:
            result["network"] = through_the_chain(folder, offered, seed, jobs)
        if offered:
            _write(folder, spec, trials, best, offered, result, _choices(offered, seed, jobs))
        _put(folder / RESULT, json.dumps(result, indent=1, allow_nan=False) + "\n")
        if not offered:
            raise RunError(_impossible(spec, trials, failed, folder))
    return result


def _put(path: Path, content: str | bytes) -> None:
    with replacing(path, force=True) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def _offered(spec: Specification, trials: list[Trial], seed: int, jobs) -> tuple[list, list[Verified], list[Verified]]:
    """Return the front, designs of it that hold, spread over it, and those that were verified and failed.

    Before a design is verified, its pulse is found again on the whole track with other noise and as many pulses. One that
    fails is struck off, and designs that it alone had surpassed come to the front.
    """
    held: dict[tuple[float, ...], Verified] = {}
    failed: dict[tuple[float, ...], Verified] = {}
    with progress.bar(None, "verify", "pulses") as advance:
        while True:
            best = front(spec, [trial for trial in trials if trial.x not in failed])
            known = [number for number, trial in enumerate(best) if trial.x in held]
            others = sorted(set(range(len(best))) - set(known))
            enough = len(held) == spec.budget.designs or len(held) + len(failed) == TRIES * spec.budget.designs
            if enough or not others:
                return best, [held[best[number].x] for number in known], list(failed.values())
            x = best[max(others, key=lambda own: min((abs(own - number) for number in known), default=0))].x
            trial = examine(spec, np.array(x), seed + 2 * FRESH, final=True, jobs=jobs)
            verified = verify(spec, trial, seed=seed, jobs=jobs, progress=advance)
            (held if verified.holds else failed)[x] = verified


def _impossible(spec: Specification, trials: list[Trial], failed: list[Verified], folder: Path) -> str:
    """Return which requirement fails first, and the nearest design, in words."""
    if failed:
        words = next(verdict.text() for verdict in failed[0].verdicts if not verdict.holds)
        values = _values_text(spec, failed[0].trial)
        return f"no design holds when it is simulated again; of the best one {words} ({values}); {folder / RESULT}"
    nearest = nearest_design(trials)
    name = first_missed(nearest)
    value, bound = nearest.figures.get(name), getattr(spec.require, name)
    found = "unknown" if value is None else "another number" if name == "states" else f"{value:.4g}"
    least = f"no design of {len(trials)} meets the specification; {name} fails first: {found}, {bound:g} is required"
    return f"{least}, in the nearest design ({_values_text(spec, nearest)}); {folder / RESULT}"


def _values_text(spec: Specification, trial: Trial) -> str:
    values = spec.values(np.array(trial.x))
    return ", ".join(f"{name} = {_number_text(name, value)}" for name, value in values.items())


def _number_text(name: str, value: Any) -> str:
    return value if isinstance(value, str) else f"{value:.4g} {UNITS.get(name, '')}".strip()


def _plain(figures: dict[str, float | None]) -> dict[str, float | None]:
    return {name: value if value is not None and math.isfinite(value) else None for name, value in figures.items()}


def _document(spec: Specification, seed: int, trials, best, offered, failed) -> dict[str, Any]:
    def one(trial: Trial) -> dict[str, Any]:
        return {"values": spec.values(np.array(trial.x)), "figures": _plain(trial.figures)}

    def judged(verified: Verified) -> dict[str, Any]:
        verdicts = [dataclasses.asdict(verdict) for verdict in verified.verdicts]
        for verdict in verdicts:
            verdict |= {key: None for key in ("value", "low", "high") if not math.isfinite(verdict[key])}
        return {**one(verified.trial), "figures": _plain(verified.figures), "verdicts": verdicts}

    nearest = nearest_design(trials)
    return {
        "specification": spec.name,
        "seed": seed,
        "objectives": list(spec.minimize.names),
        "designs_tried": len(trials),
        "pulses": sum(trial.pulses for trial in trials) + sum(v.pulses for v in (*offered, *failed)),
        "front": [one(trial) for trial in best],
        "designs": [{"file": f"design_{i}.toml", **judged(v)} for i, v in enumerate(offered, 1)],
        "failed": [judged(v) for v in failed],
        "nearest": None if best or failed else {**one(nearest), "misses": nearest.misses},
        "config": spec.config(),
    }


def _choices(offered: list[Verified], seed: int, jobs) -> list[dict]:
    """Return pulses of each design for the reader of the report to choose from."""
    found = []
    with progress.bar(None, "report", "pulses") as advance:
        for verified in offered:
            device, run = verified.device, {"seed": seed, "jobs": jobs, "progress": advance}
            found.append(explore(build_table(device, choice_grid(device), n=MOST_TRIALS, **run), device, **run))
    return [{**one, "name": f"design {number}"} for number, one in enumerate(found, 1)]


def _write(folder: Path, spec, trials, best, offered: list[Verified], result: dict, choices: list[dict]) -> None:
    """Write a device file per design, the figure and the report."""
    for number, verified in enumerate(offered, 1):
        story = [f"Design {number} of {spec.name}, by dwsynapse design; simulated again with fresh noise:",
                 *(verdict.text() for verdict in verified.verdicts)]  # fmt: skip
        save_device(folder / f"design_{number}.toml", verified.device, comments=story, force=True)
    words = (
        "Each point is a design that meets the specification in the search, blue where none surpasses it. Those with a "
        "number were verified; orange is what they then were, with the pulse that is sure on the whole track."
    )
    figures = {"front.png": (f"The front. {words}", lambda: front_figure(spec, trials, best, offered))}
    if rows := [row for row in result.get("network", []) if "failed" not in row]:
        words = "Each point is a design whose synapses trained on the digits; its size is the area of the track."
        figures["network.png"] = (f"The network. {words}", lambda: plot_network(rows).figure)
    shown = []
    for name, (caption, draw) in figures.items():
        with own_look():
            shown.append((caption, figure_bytes(draw())))
        _put(folder / name, shown[-1][1])
    _put(folder / "report.html", _page(spec, result, offered, shown, choices))


def front_figure(spec: Specification, trials: list[Trial], best: list[Trial], offered: list[Verified]):
    """Draw the designs that hold over two objectives, those offered with a number, and the outline of each."""
    from llg.drawing.device_plots import plot_outline

    names = (*spec.minimize.names, "current_density", "duration")[:2]
    rows = len(offered)
    figure = new_figure(max(3.6, 1.5 * rows))
    grid = figure.add_gridspec(rows, 2, width_ratios=(1, 1.2))
    ax = figure.add_subplot(grid[:, 0])
    holding = [trial for trial in trials if trial.holds]
    for some, color, size in ((holding, "0.75", 10), (best, "C0", 18)):
        points = np.array([[trial.figures[name] for name in names] for trial in some], float).reshape(-1, 2)
        ax.scatter(points[:, 1], points[:, 0], color=color, s=size)
    for number, verified in enumerate(offered, 1):
        y, x = np.array([verified.figures[name] for name in names], float)
        ax.plot(x, y, "o", color="C1")
        ax.annotate(str(number), (x, y), textcoords="offset points", xytext=(5, 5), fontweight="bold")
        beside = plot_outline(verified.device, ax=figure.add_subplot(grid[number - 1, 1]))
        beside.set_title(f"{number}: {', '.join(_figures_text(verified.figures, names))}", fontsize="small")
    ax.set(xlabel=f"{names[1].replace('_', ' ')} ({UNITS[names[1]]})",
           ylabel=f"{names[0].replace('_', ' ')} ({UNITS[names[0]]})", title=spec.name)  # fmt: skip
    return figure


def _figures_text(figures: dict[str, float | None], names) -> Iterator[str]:
    for name in names:
        if (value := figures[name]) is not None:
            yield f"{name.replace('_', ' ')} {value:.3g} {UNITS[name]}"


def _page(spec: Specification, result: dict, offered: list[Verified], figures: list, choices: list[dict]) -> str:
    facts = [
        Fact(label="Designs", value=str(len(offered)), note="each simulated again with fresh noise"),
        Fact(
            label="Least energy of a write pulse",
            value=f"{min(e for v in offered if (e := v.figures['energy']) is not None):.3g} J",
        ),
        Fact(label="Tried", value=str(result["designs_tried"]), note=f"{result['pulses']} simulated pulses"),
    ]
    sections = [
        Section(
            heading=f"Design {number}",
            text=f"{_values_text(spec, verified.trial)}. The device is in design_{number}.toml.",
            columns=("Requirement", "Found", "95 % interval", "Bound", "Verdict"),
            rows=tuple((v.name.replace("_", " "), f"{v.value:.5g}", f"{v.low:.5g} to {v.high:.5g}", f"{v.bound:.5g}",
                        "holds" if v.holds else "fails") for v in verified.verdicts),
        )
        for number, verified in enumerate(offered, 1)
    ]  # fmt: skip
    if rows := result.get("network"):
        columns = ("Design", "States", "Test accuracy", "In float32", "Energy of the training", "Area of a track")
        lines = tuple((str(row["design"]), row["failed"], "", "", "", "") if "failed" in row else
                      (str(row["design"]), str(row["states"]), f"{row['test_accuracy']:.4f}",
                       f"{row['float32_test_accuracy']:.4f}", f"{row['training_energy_J']:.3g} J",
                       f"{1e12 * row['area']:.3g} um^2") for row in rows)  # fmt: skip
        text = "One training on the 8 x 8 digits with the synapses of each design, as dwsynapse run --quick does."
        sections.append(Section(heading="Network", text=text, columns=columns, rows=lines))
    return render(spec.name, "Devices that meet a specification, found and verified by simulation.", facts=facts,
                  figures=figures, sections=sections, choices=choices)  # fmt: skip
