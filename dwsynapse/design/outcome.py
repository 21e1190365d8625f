"""From a specification to a folder: the search, the designs that hold after verification, their files and figures."""

import contextlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from compact.bulk.job import Runner
from compact.bulk.place import place
from compact.bulk.sweep import build_table
from dwcore import progress
from dwcore.arguments import checked
from dwcore.canvas.figure_file import figure_bytes
from dwcore.canvas.style import own_look
from dwcore.errors import InputError, RunError
from dwcore.storage.atomic import replacing
from dwcore.storage.lock import only_writer
from dwcore.storage.notes import lines_of, put_note
from dwcore.storage.provenance import canonical_json
from dwsynapse.chain.explorer import MOST_TRIALS, choice_grid, explore
from dwsynapse.chain.html_page import Fact, Section, notes_section, render
from dwsynapse.derived import device_notes, wells
from dwsynapse.design.journal import Journal
from dwsynapse.design.network import clear_networks, through_the_chain
from dwsynapse.design.search import first_missed, front, nearest_design, search
from dwsynapse.design.sections import LIMITS, LISTED
from dwsynapse.design.specification import Specification, load_specification
from dwsynapse.design.trial import Figures, Trial, examine
from dwsynapse.design.verification import FRESH, Verified, verify
from dwsynapse.figures import FRONT
from dwsynapse.front import (
    NOT_JUDGED,
    QUANTITIES,
    Front,
    Held,
    Judged,
    Nearest,
    Trained,
    load_front,
    save_front,
    unit_of,
)
from dwsynapse.options import writable_file, writable_folder
from llg.device.device import Device
from llg.device.device_file import save_device

JOURNAL, RESULT, SUMMARY, REPORT = "trials.jsonl", "front.h5", "front.json", "report.html"
TRIES = 4
"""Designs that are verified at most, as a multiple of those that are offered."""


@checked
def design_devices(
    specification: str | Path,
    *,
    out: str | Path,
    seed: int = 1,
    jobs: int | None = None,
    processes: bool = False,
    dask: str | None = None,
    resume: bool = False,
    force: bool = False,
    network: bool = False,
) -> dict[str, Any]:
    """Search devices that meet a specification, verify them, and write them into a folder.

    Args:
        specification: TOML file.
        out: folder for ``front.h5``, the same as ``front.json``, a device file per design, figures, a report and the
            journal of the search.
        seed: root seed; results depend on it and the specification alone.
        jobs: threads, or processes.
        processes: look at designs in processes instead of threads.
        dask: look at designs on the Dask cluster of this scheduler or scheduler file.
        resume: go on with the journal in the folder; a front of the same search that is there is left as it is.
        force: begin anew, without what an earlier search has left in the folder.
        network: carry each design through table, training and cost of the chain's quick plan.

    Returns:
        What ``front.json`` holds.

    Raises:
        InputError: the specification is not sound, or the folder cannot be written.
        RunError: no design meets the specification; says which requirement fails first, and the nearest design.
    """
    spec, folder = load_specification(specification), Path(out)
    kept, path = folder / JOURNAL, folder / RESULT
    if resume and not force and (done := _finished(path, spec, seed, network)):
        return done
    if not (resume or force):
        _refuse_another(path, kept)
    with contextlib.ExitStack() as places:
        runner = places.enter_context(place(jobs, in_processes=processes, dask=dask))  # no folder where none answers
        writable_folder(folder, resume or force)
        writable_file(path, force=True)
        with only_writer(path):
            if force:
                _clear(folder)
            journal = Journal(kept, spec, seed, resume=True)
            with progress.bar(spec.budget.pulses, "design", "pulses") as advance:
                trials = search(spec, seed=seed, runner=runner, journal=journal, progress=advance)
            best, offered, failed = _offered(spec, trials, seed, runner, jobs, journal)
            places.close()
            trained = through_the_chain(folder, offered, seed, jobs) if network and offered else None
            found = gathered(spec, seed, trials, best, offered, failed, trained)
            if offered:
                _write(folder, found, offered, _choices(offered, seed, jobs))
            _put(folder / SUMMARY, json.dumps(found.as_json(), indent=1, allow_nan=False) + "\n")
            save_front(path, found, inputs=_inputs(specification, spec), force=True)
    if not offered:
        raise RunError(_impossible(spec, seed, trials, failed, path))
    return found.as_json()


def _finished(path: Path, spec: Specification, seed: int, network: bool) -> dict[str, Any] | None:
    """Return what an earlier run of the same search has left, None if something is still to be done.

    Raises:
        InputError: the front is of another search.
    """
    if not path.exists():
        return None
    found = load_front(path)
    if found.seed != seed or canonical_json(found.config["specification"]) != canonical_json(spec.config()):
        raise InputError(f"{path}: is of another search; --force begins anew")
    return found.as_json() if found.offered and (found.network or not network) else None


def _refuse_another(path: Path, kept: Path) -> None:
    """Refuse a folder with the front or the journal of an earlier search."""
    if path.exists():
        raise InputError(f"{path}: exists; give --force to overwrite it")
    if kept.exists():
        raise InputError(f"{kept}: holds an unfinished search; --resume goes on with it, --force begins anew")


def _clear(folder: Path) -> None:
    """Remove the files of an earlier search, which may have found more designs than the next."""
    names = {JOURNAL, RESULT, SUMMARY, REPORT, *(f"{name}.png" for name in FRONT)}
    for one in folder.iterdir():
        if one.is_file() and (one.name in names or re.fullmatch(r"design_\d+\.toml", one.name)):
            one.unlink()
    clear_networks(folder)


def _inputs(specification: str | Path, spec: Specification) -> list[Path]:
    """Return the files that decide on what is found."""
    return [Path(one) for one in (specification, *spec.choice.devices) if Path(one).is_file()]


def _put(path: Path, content: str | bytes) -> None:
    with replacing(path, force=True) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def _offered(
    spec: Specification, trials: list[Trial], seed: int, runner: Runner, jobs: int | None, journal: Journal
) -> tuple[list, list[Verified], list[Verified]]:
    """Return the front, designs of it that hold, spread over it, and those that were verified and failed.

    Before a design is verified, its pulse is found again on the whole track with other noise and as many pulses. One that
    fails is struck off, and designs that it alone had surpassed come to the front. What the journal holds is not verified
    again.
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
            name = f"verified {len(held) + len(failed)}"
            if name not in journal.known:
                trial = examine(spec, np.array(x), seed + 2 * FRESH, final=True, jobs=jobs)
                verified = verify(spec, trial, seed=seed, runner=runner, progress=advance)
                journal.put(name, verified.content())
            verified = Verified.of(spec, journal.known[name])
            (held if verified.holds else failed)[x] = verified


def _impossible(spec: Specification, seed: int, trials: list[Trial], failed: list[Verified], path: Path) -> str:
    """Return which requirement fails first, and the nearest design, in words."""
    if failed:
        words = next(verdict.text() for verdict in failed[0].verdicts if not verdict.holds)
        values = _values_text(spec.values(np.array(failed[0].trial.x)))
        return f"no design holds when it is simulated again; of the best one {words} ({values}); {path}"
    nearest = nearest_design(trials)
    name = first_missed(nearest)
    value, bound = nearest.figures.get(name), getattr(spec.require, name)
    found = _unknown(spec, seed, nearest) if value is None else "another number" if name == "states" else f"{value:.4g}"
    least = f"no design of {len(trials)} meets the specification; {name} fails first: {found}, {bound:g} is required"
    return f"{least}, in the nearest design ({_values_text(spec.values(np.array(nearest.x)))}); {path}"


def _unknown(spec: Specification, seed: int, trial: Trial) -> str:
    """Return in words that a figure of a design is unknown, and why if it cannot be simulated."""
    try:
        examine(spec, np.array(trial.x), seed, rigid={} if trial.figures.get("rigid") else None, strict=True)
    except (InputError, RunError) as error:
        return f"unknown ({error})"
    return "unknown"


def _values_text(values: dict[str, Any]) -> str:
    return ", ".join(f"{name} = {_number_text(name, value)}" for name, value in values.items())


def _number_text(name: str, value: Any) -> str:
    return value if isinstance(value, str) else f"{value:.4g} {unit_of(name)}".removesuffix(" 1")


def gathered(
    spec: Specification,
    seed: int,
    trials: list[Trial],
    best: list[Trial],
    offered: list[Verified],
    failed: list[Verified],
    network: Trained | None,
) -> Front:
    """Return what a search has found as its file holds it.

    Args:
        spec: the specification.
        seed: root seed.
        trials: all designs that were looked at.
        best: those that hold and that none surpasses, in their order.
        offered: those that hold when they are simulated again.
        failed: those that do not.
        network: what networks gain from those that are offered.
    """
    known = {trial.x for trial in best}
    held = [*best, *{t.x: t for t in trials if t.holds and t.x not in known}.values()]
    parts: dict[str, Any] = {"network": network}
    if held:
        parts["held"] = Held(**_searched(spec, held), best=np.arange(len(held)) < len(best))
    parts |= {name: _judged(spec, some) for name, some in (("offered", offered), ("failed", failed)) if some}
    if not (best or failed):
        nearest = nearest_design(trials)
        missed = {name: np.array([value]) for name, value in nearest.misses.items()}
        parts["nearest"] = Nearest(**_searched(spec, [nearest]), missed=missed)
    asked = {name: getattr(spec.require, name) for name in ("states", *LIMITS)}
    judged = {verdict.name: verdict.bound for one in (*offered, *failed) for verdict in one.verdicts}
    devices = tuple(verified.device for verified in offered)
    config = {"specification": spec.config(), "text": spec.text, "devices": [device.config() for device in devices]}
    return Front(
        config=config | {"notes": _strains(devices)},
        seed=seed,
        devices=devices,
        tried=len(trials),
        pulses=sum(one.pulses for one in trials) + sum(one.pulses for one in (*offered, *failed)),
        bounds={name: float(bound) for name, bound in asked.items() if bound is not None} | judged,
        **parts,
    )


def _strains(devices: Sequence[Device]) -> list[str]:
    """Return where designs strain the model at rest and under their write pulse, one line each."""
    said: dict[str, set[int]] = {}
    for number, device in enumerate(devices):
        for note in device_notes(device, wells(device)):
            put_note(said, number, note)
    return lines_of(said, [f"design_{number}.toml" for number in range(1, len(devices) + 1)], "designs")


def _searched(spec: Specification, trials: list[Trial]) -> dict[str, Any]:
    """Return rows of trials; whether a trial has as many states as are required is not their number."""
    return _rows(spec, trials, [trial.figures | {"states": None} for trial in trials])


def _rows(spec: Specification, trials: list[Trial], figures: list[Figures]) -> dict[str, Any]:
    """Return values, words and figures of designs; figures that `QUANTITIES` does not name are for the search alone."""
    values = [spec.values(np.array(trial.x)) for trial in trials]
    columns = {name: np.array([one[name] for one in values]) for name in spec.variables}
    known = {name for one in figures for name, value in one.items() if name in QUANTITIES and value is not None}
    return {"values": {name: each for name, each in columns.items() if name not in LISTED},
            "words": {name: each for name, each in columns.items() if name in LISTED},
            "figures": {name: np.array([one.get(name) for one in figures], float) for name in sorted(known)}}  # fmt: skip


def _judged(spec: Specification, some: list[Verified]) -> Judged:
    """Return designs with the verdict on each requirement; one that was not judged has NaN."""
    each = [{verdict.name: verdict for verdict in verified.verdicts} for verified in some]
    names = dict.fromkeys(name for one in each for name in one)

    def column(name: str, part: str) -> np.ndarray:
        return np.array([getattr(one[name], part) if name in one else np.nan for one in each])

    parts = {kept: {name: column(name, part) for name in names}
             for kept, part in (("found", "value"), ("low", "low"), ("high", "high"))}  # fmt: skip
    verdict = {
        name: np.array([one[name].holds if name in one else NOT_JUDGED for one in each], np.int8) for name in names
    }
    rows = _rows(spec, [verified.trial for verified in some], [verified.figures for verified in some])
    return Judged(**rows, **parts, verdict=verdict)


def _choices(offered: list[Verified], seed: int, jobs) -> list[dict]:
    """Return pulses of each design for the reader of the report to choose from."""
    found = []
    with progress.bar(None, "report", "pulses") as advance:
        for verified in offered:
            device, run = verified.device, {"seed": seed, "jobs": jobs, "progress": advance}
            found.append(explore(build_table(device, choice_grid(device), n=MOST_TRIALS, **run), device, **run))
    return [{**one, "name": f"design {number}"} for number, one in enumerate(found, 1)]


def _write(folder: Path, found: Front, offered: list[Verified], choices: list[dict]) -> None:
    """Write a device file per design, the figures and the report."""
    for number, verified in enumerate(offered, 1):
        story = [f"Design {number} of {found.name}, by dwsynapse design; simulated again with fresh noise:",
                 *(verdict.text() for verdict in verified.verdicts)]  # fmt: skip
        save_device(folder / f"design_{number}.toml", verified.device, comments=story, force=True)
    shown = []
    for name, kind in FRONT.items():
        if name != "network" or any("failed" not in row for row in found.network_rows()):
            with own_look():
                shown.append((kind.caption, figure_bytes(kind.draw(found))))
            _put(folder / f"{name}.png", shown[-1][1])
    _put(folder / REPORT, _page(found, offered, shown, choices))


def _page(found: Front, offered: list[Verified], figures: list, choices: list[dict]) -> str:
    facts = [
        Fact(label="Designs", value=str(len(offered)), note="each simulated again with fresh noise"),
        Fact(
            label="Least energy of a write pulse",
            value=f"{min(e for v in offered if (e := v.figures['energy']) is not None):.3g} J",
        ),
        Fact(label="Tried", value=str(found.tried), note=f"{found.pulses} simulated pulses"),
    ]
    sections = [
        Section(
            heading=f"Design {number}",
            text=f"{_values_text(row['values'])}. The device is in design_{number}.toml.",
            columns=("Requirement", "Found", "95 % interval", "Bound", "Verdict"),
            rows=tuple((v.words.replace("_", " "), f"{v.value:.5g}", f"{v.low:.5g} to {v.high:.5g}", f"{v.bound:.5g}",
                        "holds" if v.holds else "fails") for v in verified.verdicts),
        )
        for number, (verified, row) in enumerate(zip(offered, found.as_json()["designs"], strict=True), 1)
    ]  # fmt: skip
    sections[:0] = notes_section("designs", found.notes)
    if rows := list(found.network_rows()):
        columns = ("Design", "States", "Test accuracy", "In float32", "Energy of the training", "Area of a track")
        lines = tuple((str(row["design"]), row["failed"], "", "", "", "") if "failed" in row else
                      (str(row["design"]), str(row["states"]), f"{row['test_accuracy']:.4f}",
                       f"{row['float32_test_accuracy']:.4f}", f"{row['training_energy_J']:.3g} J",
                       f"{1e12 * row['area']:.3g} um^2") for row in rows)  # fmt: skip
        text = "One training on the 8 x 8 digits with the synapses of each design, as dwsynapse run --quick does."
        sections.append(Section(heading="Network", text=text, columns=columns, rows=lines))
    return render(found.name, "Devices that meet a specification, found and verified by simulation.", facts=facts,
                  figures=figures, sections=sections, choices=choices)  # fmt: skip
