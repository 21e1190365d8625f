"""The whole chain: device, ensemble, table, training, figures, summary and report in one folder."""

import contextlib
import dataclasses
import json
import resource
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from arraysim.cost.of_training import TrainingCost, TrainingUse, summary_of, training_cost
from arraysim.datasets.datasets import Dataset, load_dataset
from arraysim.synapses.pulse_law import PulseLaw
from arraysim.synapses.source import Synapses
from arraysim.training.config import TrainingConfig
from arraysim.training.file import save_training
from arraysim.training.result import TrainingResult
from arraysim.training.seeds import train_seeds
from arraysim.training.task import divide
from compact.bulk.sweep import build_table, reference_grid
from compact.table.operating_point import OperatingPoint, write_points
from compact.table.table_file import save_table
from compact.table.transition_table import TransitionTable
from dwcore.arguments import checked
from dwcore.canvas.figure_file import figure_bytes
from dwcore.errors import InputError, RunError
from dwcore.storage.atomic import replacing
from dwsynapse.chain.explorer import explore
from dwsynapse.chain.report import report
from dwsynapse.figures import COST, TABLE, TRAINING, TRAJECTORIES
from dwsynapse.options import progress, writable_folder
from llg.device.device import Device
from llg.device.device_file import load_device
from llg.rates.summary import as_json as rates_json
from llg.rates.summary import well_rates
from llg.runs.simulation import notes_on, run_pulse
from llg.runs.trajectories import Trajectories, record, save_trajectories

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
WRITTEN = (
    "trajectories.h5",
    "table.h5",
    "training.h5",
    "summary.json",
    "report.html",
    *(f"{name}.png" for name in FIGURES),
)
"""Names of all that a folder holds in the end."""


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

    @classmethod
    def of(cls, seed: int, *, quick: bool, training: Mapping[str, Any] | None = None) -> "ChainPlan":
        """Return the full plan, or one that takes a minute or less; `training` changes its configuration by name."""
        config = TrainingConfig(**({"epochs": 20} if quick else {}) | dict(training or {}))
        if quick:
            return cls(trajectories=200, seeds=(seed,), config=config, quick=True)
        return cls(trajectories=1000, seeds=tuple(range(seed, seed + 3)), config=config, quick=False)


@checked
def run(
    device: str | Device = "five_state",
    *,
    out: str | Path,
    seed: int = 1,
    quick: bool = False,
    training: Mapping[str, Any] | None = None,
    jobs: int | None = None,
    force: bool = False,
) -> dict:
    """Run the whole chain and write everything into a folder, which is made once the device is known to be sound.

    Args:
        device: shipped device, TOML file, or a device.
        out: folder.
        seed: root seed of the ensembles, and the first seed of the training.
        quick: coarser and one seed only, a minute or less.
        training: changes of the training's configuration by name, as ``{"epochs": 50}``.
        jobs: threads; all processors by default.
        force: overwrite what the folder holds.

    Returns:
        The summary, as written to summary.json.

    Raises:
        InputError: no such device, or the folder cannot be written.
        RunError: a stage failed.
    """
    if Path(out).exists():
        writable_folder(Path(out), force)
    loaded = device if isinstance(device, Device) else load_device(device)
    for section in NEEDED:
        loaded.section(section)
    plan = ChainPlan.of(seed, quick=quick, training=training)
    return _Chain(device=loaded, out=Path(out), plan=plan, seed=seed, jobs=jobs, force=force).summary()


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Chain:
    """The stages of the chain on one device, and how long each took [s]."""

    device: Device
    out: Path
    plan: ChainPlan
    seed: int
    jobs: int | None
    force: bool
    seconds: dict[str, float] = dataclasses.field(default_factory=dict)

    def summary(self) -> dict:
        """Run all stages, write all files, return the summary."""
        out, seconds = self.out, self.seconds
        with self._timed("wells"):
            rates = rates_json(well_rates(self.device))
        if len(rates["wells"]) < 2:
            raise InputError(f'device "{self.device.name}": has one state only, a weight needs two')
        writable_folder(out, self.force)
        with self._timed("trajectories"):
            trajectories = self._trajectories()
        with self._timed("table"):
            table = self._table()
        with self._timed("training"):
            synapses = self._synapses(table)
            dataset = load_dataset("digits")
            results = self._training(synapses, dataset)
        with self._timed("cost"):
            images = len(divide(dataset, seed=self.plan.seeds[0], config=self.plan.config).train)
            use = TrainingUse(results=results, image_shape=dataset.image_shape, images=images)
            cost = training_cost(table, use, where=str(out / "table.h5"))
        with self._timed("choices"):
            choices = explore(table, self.device, seed=self.seed, jobs=self.jobs)
        with self._timed("figures"):
            figures = self._figures(trajectories, table, results, cost.comparison, synapses.subject)
        seconds["total"] = sum(seconds.values())
        pulses = {way: (synapses.points[i], synapses.law.energy_per_pulse[i]) for i, way in enumerate(("up", "down"))}
        summary = _summary(self.device, out, rates, pulses, results, cost, seconds) | {"notes": table.notes}
        title = f"dwsynapse: {self.device.name}"
        page = out / "report.html"
        report(page, title=title, summary=summary, figures=figures, choices=[choices], force=self.force)
        with replacing(out / "summary.json", force=self.force) as temporary:
            temporary.write_text(json.dumps(summary, indent=2, allow_nan=False) + "\n", encoding="utf-8")
        return summary

    @contextlib.contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[stage] = time.perf_counter() - start

    def _trajectories(self) -> Trajectories:
        run = run_pulse(self.device, n=TRAJECTORY_COUNT, samples=TRAJECTORY_SAMPLES, seed=self.seed, jobs=self.jobs)
        trajectories, notes, out = record(run), notes_on(run), self.out / "trajectories.h5"
        save_trajectories(out, trajectories, seed=self.seed, notes=notes, force=self.force)
        return trajectories

    def _table(self) -> TransitionTable:
        grid, n = reference_grid(self.device, quick=self.plan.quick), self.plan.trajectories
        with progress(None, "transition table", "pulses") as advance:
            table = build_table(self.device, grid, n=n, seed=self.seed, jobs=self.jobs, progress=advance)
        save_table(self.out / "table.h5", table, force=self.force)
        return table

    def _synapses(self, table: TransitionTable) -> Synapses:
        points = _write_points(table, self.device)
        law = PulseLaw.from_table(table, points)
        return Synapses(law=law, name=str(self.out / "table.h5"), table=table, points=points)

    def _training(self, synapses: Synapses, dataset: Dataset) -> list[TrainingResult]:
        results = train_seeds(synapses.law, dataset, seeds=self.plan.seeds, config=self.plan.config, jobs=self.jobs)
        out, inputs = self.out / "training.h5", synapses.inputs
        save_training(out, results, config=synapses.config, inputs=inputs, force=self.force)
        return results

    def _figures(self, trajectories, table, results, comparison, subject: str) -> list[tuple[str, bytes]]:
        """Write the figures; return caption and picture of each."""
        contents = ((TRAJECTORIES, trajectories), (TABLE, table), (TRAINING, results), (COST, comparison))
        of_name = {name: (kind, content) for kinds, content in contents for name, kind in kinds.items()}
        subjects = dict.fromkeys(TRAINING, subject) | dict.fromkeys(COST, f"{self.plan.config.network.name}, {subject}")
        figures = []
        for name in FIGURES:
            kind, content = of_name[name]
            png = figure_bytes(kind.draw(content, subject=subjects.get(name, "")))
            with replacing(self.out / f"{name}.png", force=self.force) as temporary:
                temporary.write_bytes(png)
            figures.append((kind.caption, png))
        return figures


def _write_points(table: TransitionTable, device: Device) -> tuple[OperatingPoint, OperatingPoint]:
    try:
        return write_points(table, temperature=device.temperature)
    except InputError as error:
        raise RunError(f"{error}; table.h5 holds what the pulses do") from None


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
        "field_A_per_m": None if device.field is None else device.field.to_dict(),
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
    """Return the largest resident size of this process so far [bytes]."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
