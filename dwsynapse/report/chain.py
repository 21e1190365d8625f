"""The whole chain: device, ensemble, table, training, figures, summary and report in one folder."""

import contextlib
import dataclasses
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

from arraysim.cost.of_training import TrainingCost, summary_of, training_cost
from arraysim.cost.training_use import TrainingUse
from arraysim.datasets.datasets import load_dataset
from arraysim.synapses.pulse_law import PulseLaw
from arraysim.training.config import TrainingConfig
from arraysim.training.file import save_training
from arraysim.training.seeds import train_seeds
from arraysim.training.trainee import divide
from compact.bulk.sweep import build_table, reference_grid
from compact.table.operating_point import write_points
from compact.table.table_file import save_table
from dwcore.canvas.figure_file import figure_bytes
from dwcore.errors import InputError, RunError
from dwcore.storage.atomic import replacing
from dwsynapse.figures import COST, TABLE, TRAINING, TRAJECTORIES
from dwsynapse.options import writable_folder
from dwsynapse.report.report import write_report
from llg.device.device import Device, load_device
from llg.rates.summary import as_json as rates_json
from llg.rates.summary import well_rates
from llg.runs.simulation import run_pulse
from llg.runs.trajectories import record, save_trajectories

NEEDED = ("stack", "readout", "pulse")
"""Optional sections of a device that the chain cannot do without."""
TRAJECTORY_COUNT = 64
TRAJECTORY_SAMPLES = 400
FIGURES = (
    "trajectories",
    "transitions",
    "moves",
    "conductance",
    "accuracy",
    "confusion",
    "occupancy",
    "pulses",
    "chip",
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChainPlan:
    """How much work the chain does.

    Attributes:
        trajectories: pulses simulated per state and grid point.
        seeds: training seeds.
        config: network, rule and schedule.
        quick: a coarse grid.
    """

    trajectories: int
    seeds: tuple[int, ...]
    config: TrainingConfig
    quick: bool


def chain_plan(seed: int, *, quick: bool) -> ChainPlan:
    """The full plan, or one that takes a minute or less."""
    if quick:
        return ChainPlan(trajectories=200, seeds=(seed,), config=TrainingConfig(epochs=20), quick=True)
    seeds = tuple(range(seed, seed + 3))
    return ChainPlan(trajectories=1000, seeds=seeds, config=TrainingConfig(), quick=False)


def run_chain(
    device_name: str, out: Path, plan: ChainPlan, *, seed: int, jobs: int | None, force: bool, progress: Callable
) -> dict:
    """Run the chain and write everything into a folder, which is made once the device is known to be sound.

    Args:
        device_name: shipped device or TOML file.
        out: folder.
        plan: how much work to do.
        seed: root seed of the ensembles.
        jobs: threads.
        force: overwrite what the folder holds.
        progress: context manager (total, what, unit) that yields a function to advance a bar.

    Returns:
        The summary, as written to summary.json.

    Raises:
        InputError: no such device, or the folder cannot be written.
        RunError: a stage failed.
    """
    if out.exists():
        writable_folder(out, force)
    device = load_device(device_name)
    for section in NEEDED:
        device.section(section)
    seconds = {}
    content = {}
    with _timed(seconds, "wells"):
        rates = rates_json(well_rates(device))
    if len(rates["wells"]) < 2:
        raise InputError(f'device "{device.name}": has one state only, a weight needs two')
    writable_folder(out, force)
    with _timed(seconds, "trajectories"):
        content |= _trajectories(device, out, seed=seed, jobs=jobs, force=force)
    with _timed(seconds, "table"):
        table = _table(device, out, plan, seed=seed, jobs=jobs, force=force, progress=progress)
    with _timed(seconds, "training"):
        up, down = _write_points(table, device)
        law = PulseLaw.from_table(table, (up, down))
        dataset = load_dataset("digits")
        results = train_seeds(law, dataset, seeds=plan.seeds, config=plan.config, jobs=jobs)
        points = {"write_pulses": [dataclasses.asdict(point) for point in (up, down)]}
        save_training(out / "training.h5", results, config=points, inputs=[out / "table.h5"], force=force)
    with _timed(seconds, "cost"):
        images = len(divide(dataset, seed=plan.seeds[0], config=plan.config).train)
        use = TrainingUse(results=results, image_shape=dataset.image_shape, images=images)
        cost = training_cost(table, use, where=str(out / "table.h5"))
    with _timed(seconds, "figures"):
        content |= dict.fromkeys(TABLE, table) | dict.fromkeys(TRAINING, results) | dict.fromkeys(COST, cost.comparison)
        figures = _figures(content, out, force=force)
    seconds["total"] = sum(seconds.values())
    pulses = {"up": (up, law.energy_per_pulse[0]), "down": (down, law.energy_per_pulse[1])}
    summary = _summary(device, out, rates, pulses, results, cost, seconds)
    write_report(out / "report.html", title=f"dwsynapse: {device.name}", summary=summary, figures=figures, force=force)
    with replacing(out / "summary.json", force=force) as temporary:
        temporary.write_text(json.dumps(summary, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return summary


@contextlib.contextmanager
def _timed(seconds: dict, stage: str):
    start = time.perf_counter()
    yield
    seconds[stage] = time.perf_counter() - start


def _trajectories(device: Device, out: Path, *, seed: int, jobs: int | None, force: bool) -> dict:
    run = run_pulse(device, n=TRAJECTORY_COUNT, samples=TRAJECTORY_SAMPLES, seed=seed, jobs=jobs)
    trajectories = record(device, run.current_density, run.waveform, run.ensemble)
    save_trajectories(out / "trajectories.h5", trajectories, seed=seed, force=force)
    return dict.fromkeys(TRAJECTORIES, trajectories)


def _table(device: Device, out: Path, plan: ChainPlan, *, seed, jobs, force, progress):
    grid = reference_grid(device, quick=plan.quick)
    with progress(None, "transition table", "pulses") as advance:
        table = build_table(device, grid, n=plan.trajectories, seed=seed, jobs=jobs, progress=advance)
    save_table(out / "table.h5", table, force=force)
    return table


def _write_points(table, device: Device):
    try:
        return write_points(table, temperature=device.temperature)
    except InputError as error:
        raise RunError(f"{error}; table.h5 holds what the pulses do") from None


def _figures(content: dict, out: Path, *, force: bool) -> list[tuple[str, bytes]]:
    kinds = TRAJECTORIES | TABLE | TRAINING | COST
    figures = []
    for name in FIGURES:
        png = figure_bytes(kinds[name].draw(content[name]))
        with replacing(out / f"{name}.png", force=force) as temporary:
            temporary.write_bytes(png)
        figures.append((kinds[name].caption, png))
    return figures


def _summary(device: Device, out: Path, rates: dict, pulses: dict, results, cost: TrainingCost, seconds: dict) -> dict:
    on_chip = [float(r.chip.test_accuracy[-1]) for r in results]
    twin = [float(r.float32.test_accuracy[-1]) for r in results]
    return {
        "accuracy": {
            "on_chip_test": sum(on_chip) / len(on_chip),
            "float32_test": sum(twin) / len(twin),
            "seeds": [r.seed for r in results],
            "on_chip_test_per_seed": on_chip,
            "float32_test_per_seed": twin,
        },
        "device": device.name,
        "table": str(out / "table.h5"),
        **rates,
        "write_pulses": {
            name: {
                "current_density_A_per_m2": point.current_density,
                "duration_s": point.duration,
                "energy_J": float(energy),
            }
            for name, (point, energy) in pulses.items()
        },
        "pulses": int(sum(r.hardware.pulses[-1] for r in results)),
        "energy_J": float(sum(r.hardware.energy[-1] for r in results)),
        "cost": summary_of(cost),
        "seconds": seconds,
        "peak_memory_bytes": _peak_memory(),
    }


def _peak_memory() -> int:
    """Largest resident size of this process so far [bytes]."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
