"""What `dwsynapse infer` does once its options are read, and what it prints."""

import argparse
import dataclasses
from collections.abc import Sequence

import numpy as np

from arraysim.datasets.datasets import Dataset, dataset_again
from arraysim.inference.infer import infer
from arraysim.inference.rest import after_rest
from arraysim.inference.settings import RestSettings
from arraysim.programming.file import SavedChip, load_chips
from arraysim.synapses.source import Synapses, synapses_from
from arraysim.training.result import ChipResult, TrainingResult
from dwcore.canvas.number_text import time_text
from dwcore.storage.notes import notes_in, united
from dwsynapse.given import Given
from dwsynapse.options import emit
from dwsynapse.periphery_text import periphery_of
from dwsynapse.series import Measured, Series
from dwsynapse.variation import Index, Outcome, Variation, mean_and_range


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Reading:
    """Chips of a file that are to be read.

    Attributes:
        arguments: as parsed.
        chips: one per seed.
        points: pulses that they were written with, if the file says so.
        dataset: the data they were made for.
        times: of all rests, ascending; a chip goes through the earlier ones on its way to a later one [s].
        notes: where devices strain the model that their tables are of, of the chips and of those that rest.
    """

    arguments: argparse.Namespace
    chips: Sequence[SavedChip]
    points: list[dict] | None
    dataset: Dataset
    times: Sequence[float]
    notes: list[str]

    @classmethod
    def of(cls, arguments: argparse.Namespace, given: Given) -> "Reading":
        """Return what the options ask for."""
        chips, said = load_chips(arguments.chips)
        rests = [RestSettings(**point["rest"]) for point in given.points()]
        times = sorted({rest.time for rest in rests if rest.time is not None})
        points, tables = said.get("write_pulses"), dict.fromkeys(rest.table for rest in rests if rest.time is not None)
        notes = united(notes_in(said), *(synapses_from(table, points=points).notes for table in tables))
        dataset = dataset_again(chips[0].dataset, chips[0].origin, arguments.data_dir)
        return cls(arguments=arguments, chips=chips, points=points, dataset=dataset, times=times, notes=notes)

    @property
    def how(self) -> str:
        """How the chips got their weights."""
        return "trained" if isinstance(self.chips[0], TrainingResult) else "programmed"

    def rest(self, given: Given) -> tuple[Synapses, float] | None:
        """Return the synapses as they rest and for how long [s]; None without a rest."""
        rest = RestSettings(**given["rest"])
        if rest.time is None:
            return None
        return synapses_from(rest.table, points=self.points).resting_at(rest.temperature), rest.time

    def read(self, given: Given) -> dict[str, list[float]]:
        """Return accuracy, and the share of walls that moved in a rest, for each seed."""
        periphery = periphery_of(given, always=True)
        rest, moved = self.rest(given), list[float]()
        chips: Sequence[ChipResult] = self.chips
        if rest is not None:
            synapses, until = rest
            times = [time for time in self.times if time <= until]
            rested = [list(after_rest(chip, synapses, times, str(self.arguments.chips)))[-1] for chip in self.chips]
            moved, chips = [float(share) for share, _ in rested], [chip for _, chip in rested]
        found = {"test_accuracy": [infer(chip, self.dataset, periphery).accuracy for chip in chips]}
        found[f"{self.how}_test_accuracy"] = [chip.accuracy for chip in self.chips]
        return found | ({"moved_share": moved} if moved else {})


def run_once(arguments: argparse.Namespace, given: Given) -> None:
    """Evaluate every seed with the periphery, after the rest if there is one."""
    reading = Reading.of(arguments, given)
    found = reading.read(given)
    when = {"trained": "training", "programmed": "programming"}[reading.how]
    lines = [f"at the end of the {when}: {mean_and_range(found[f'{reading.how}_test_accuracy'])}"]
    if "moved_share" in found:
        lines.append(f"after {time_text(given['rest']['time'])} {np.mean(found['moved_share']):.3g} of the walls moved")
    lines.append(f"through this periphery: {mean_and_range(found['test_accuracy'])}")
    mirrored = reading.chips[0].config.mirrored
    if mirrored:
        lines.append("measured with the mean of the outputs for an image and its mirror image, as in the file")
    seeds = [chip.seed for chip in reading.chips]
    emit(arguments, {"seeds": seeds, "mirrored": mirrored, **found, "notes": reading.notes}, lines)


def series_of(arguments: argparse.Namespace, given: Given) -> Series:
    """Return the readings that --vary and --rest ask for."""
    reading = Reading.of(arguments, given)
    outcomes = {
        "test_accuracy": Outcome(meaning="test accuracy"),
        f"{reading.how}_test_accuracy": Outcome(meaning=f"as {reading.how}", reference=True),
    }
    if reading.times:
        outcomes["moved_share"] = Outcome(meaning="share of the walls that moved")

    def check(point: Given) -> None:
        periphery_of(point)
        reading.rest(point)

    def measure(point: Given, index: Index, found: Variation) -> Measured:
        return reading.read(point), reading.notes

    files = {point["rest"].get("table") for point in given.points()} | {arguments.periphery, str(arguments.chips)}
    return Series(
        command="infer",
        given=given,
        seeds=[chip.seed for chip in reading.chips],
        outcomes=outcomes,
        check=check,
        measure=measure,
        config={"given": dict(given)},
        inputs=sorted(str(path) for path in files if path),
    )
