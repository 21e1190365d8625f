"""What `dwsynapse design` has found, and the file that keeps it, schema ``dwsynapse.front``.

The file is what counts: JSON, figures and report are made of what it holds. ``/held`` are the designs that meet the
requirements in the search, those on the front first; ``/offered`` and ``/failed`` were simulated again, with a verdict
on each requirement; ``/nearest`` is there where no design holds. The configuration has the specification, as text and
as plain numbers, and the devices of the designs that are offered.
"""

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dwcore.canvas.number_text import counted
from dwcore.errors import InputError
from dwcore.storage import files, records
from dwcore.storage.notes import notes_in
from dwcore.storage.records import data, named, part
from llg.device.device import Device
from llg.device.device_file import device_from_mapping

SCHEMA = "dwsynapse.front"
QUANTITIES = {
    "pitch": ("m", "distance from notch to notch"),
    "notch_depth": ("m", "depth of a notch, per edge"),
    "notch_width": ("m", "width of a notch at the edge"),
    "track_width": ("m", "width of the track"),
    "thickness": ("m", "thickness of the ferromagnet"),
    "current_density": ("A/m^2", "current density of the write pulse"),
    "duration": ("s", "length of the write pulse, at half its height"),
    "states": ("1", "number of states"),
    "barrier": ("1", "lowest barrier between states, in kB T of writing"),
    "retention": ("s", "shortest mean time in a state at rest"),
    "one_step": ("1", "probability that a pulse moves the wall by one state and no more"),
    "one_step_of_devices": ("1", "the same of the weakest device; its verdict is on the share of devices that hold"),
    "contrast": ("1", "least step of the conductance over the noise of a read"),
    "energy": ("J", "energy of a write pulse"),
    "voltage": ("V", "voltage of a write pulse"),
    "heating": ("K", "temperature rise of a long pulse"),
    "area": ("m^2", "area, length times largest width"),
    "constriction": ("m", "least width between two notches"),
    "device": ("1", "device whose film, stack, junction and spreads are taken"),
    "shape": ("1", "shape of the notches"),
}
"""What is known of a design: unit and meaning."""
PLAIN = "energy", "area", "duration", "current_density"
"""What is known of every design, and can be made small; figures show the first two objectives."""
HOLDS, FAILS, NOT_JUDGED = 1, 0, -1


def unit_of(name: str) -> str:
    """Return the unit of a quantity of a design."""
    return QUANTITIES.get(name, ("1", ""))[0]


def _meaning(prefix: str = ""):
    return lambda name: f"{prefix}{QUANTITIES.get(name, ('1', name))[1]}"


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Designs:
    """Some designs, one in each row.

    Attributes:
        values: of what was free, by name.
        words: of what was chosen from a list, by name.
        figures: by name; NaN where one is unknown.
    """

    values: dict[str, np.ndarray] = named(_meaning(), unit_of, "n")
    words: dict[str, np.ndarray] = named(_meaning(), "1", "n", dtype="text")
    figures: dict[str, np.ndarray] = named(_meaning(), unit_of, "n", finite=False)

    def __post_init__(self):
        if not self.values and not self.words:
            raise InputError("designs have neither values nor words")
        unknown = [
            name for names in (self.values, self.words, self.figures) for name in names if name not in QUANTITIES
        ]
        if unknown:
            raise InputError(f'a design has no "{unknown[0]}"')

    def __len__(self) -> int:
        return len(next(iter((self.values or self.words).values())))

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield each design as plain numbers and texts; what is unknown or infinite is None."""
        for i in range(len(self)):
            yield {"values": _row(self.values | self.words, i), "figures": _plain(_row(self.figures, i))}


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Held(Designs):
    """Designs that hold in the search.

    Attributes:
        best: whether no other one surpasses it.
    """

    best: np.ndarray = data("whether no design that holds surpasses it", axes="n", dtype="bool")


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Judged(Designs):
    """Designs that were simulated again.

    Attributes:
        found, low, high: what was found of each requirement, and its interval of 95 %; NaN where it was not judged.
        verdict: `HOLDS` if the whole interval keeps to the bound, `FAILS`, or `NOT_JUDGED` after another had failed.
    """

    found: dict[str, np.ndarray] = named(_meaning(), unit_of, "n", finite=False)
    low: dict[str, np.ndarray] = named(_meaning("lower end of the interval of 95 %: "), unit_of, "n", finite=False)
    high: dict[str, np.ndarray] = named(_meaning("upper end of the interval of 95 %: "), unit_of, "n", finite=False)
    verdict: dict[str, np.ndarray] = named("1 holds, 0 fails, -1 not judged as another one fails", axes="n", dtype="i1")

    def __post_init__(self):
        super().__post_init__()
        if not self.verdict or not all(one.keys() == self.verdict.keys() for one in (self.found, self.low, self.high)):
            raise InputError("found, low, high and verdict must be there for each requirement alike")
        if wrong := [
            name for name, each in self.verdict.items() if not np.isin(each, (HOLDS, FAILS, NOT_JUDGED)).all()
        ]:
            raise InputError(f"verdict/{wrong[0]} must be {HOLDS}, {FAILS} or {NOT_JUDGED}")

    def verdicts(self, bounds: Mapping[str, float]) -> Iterator[list[dict[str, Any]]]:
        """Yield the verdicts on each design as plain numbers and texts."""
        for i in range(len(self)):
            found, low, high = (_row(part, i) for part in (self.found, self.low, self.high))
            yield [{"name": name, **_plain({"value": found[name], "low": low[name], "high": high[name]}),
                    "bound": bounds[name], "holds": verdict == HOLDS}
                   for name, verdict in _row(self.verdict, i).items() if verdict != NOT_JUDGED]  # fmt: skip


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Nearest(Designs):
    """The design that misses the requirements by the least.

    Attributes:
        missed: by how much each requirement is missed, as the search counts it.
    """

    missed: dict[str, np.ndarray] = named("by how much it is missed, over the bound", axes="n")


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Trained:
    """What a network gains from each design that is offered; NaN where none could be trained.

    Attributes:
        test_accuracy: on chip, shape (n,) [1].
        float32_test_accuracy: of the same network in float32, shape (n,) [1].
        energy: of all write pulses of the training, shape (n,) [J].
        failed: why there is none, empty where there is one, shape (n,).
    """

    test_accuracy: np.ndarray = data("share of test images that the network on chip classifies correctly", axes="n",
                                     nan=True, ge=0, le=1)  # fmt: skip
    float32_test_accuracy: np.ndarray = data("the same of the network in float32", axes="n", nan=True, ge=0, le=1)
    energy: np.ndarray = data("energy of the write pulses of the training", "J", "n", nan=True, ge=0)
    failed: np.ndarray = data("why no network could be trained", axes="n", dtype="text")

    def __post_init__(self):
        for name in ("test_accuracy", "float32_test_accuracy", "energy"):
            if (odd := np.isnan(getattr(self, name)) == (self.failed == "")).any():
                raise InputError(
                    f"{name} of design {np.flatnonzero(odd)[0] + 1} must be NaN if its network failed, and else a number"
                )


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Front:
    """What a search has found.

    Attributes:
        config: the ``specification`` as plain numbers, its ``text``, and the ``devices`` of the designs offered, with the
            ``notes`` on where they strain the model.
        seed: root seed.
        devices: those that are offered.
        tried: designs that were looked at.
        pulses: that were simulated, verification included.
        bounds: what is required, by name.
        held: designs that hold in the search, those on the front first; None if there are none.
        offered: designs that hold when they are simulated again.
        failed: designs that did not.
        nearest: the nearest design where none holds in the search.
        network: what networks gain from those that are offered; None where none was trained.
    """

    config: dict[str, Any]
    seed: int
    devices: tuple[Device, ...]
    tried: int = data("designs that were looked at", dtype="int", ge=1)
    pulses: int = data("pulses that were simulated, verification included", dtype="int", ge=0)
    bounds: dict[str, float] = named(_meaning("bound of a requirement: "), unit_of, "")
    held: Held | None = part(Held, default=None)
    offered: Judged | None = part(Judged, default=None)
    failed: Judged | None = part(Judged, default=None)
    nearest: Nearest | None = part(Nearest, default=None)
    network: Trained | None = part(Trained, default=None)

    def __post_init__(self):
        for name in ("offered", "failed"):
            some = getattr(self, name)
            if some is not None and (lost := sorted(some.verdict.keys() - self.bounds.keys())):
                raise InputError(f"{name} has a verdict on {lost[0]}, which has no bound")
        for name, needed in (("held", PLAIN), ("offered", (*PLAIN, "states")), ("failed", PLAIN)):
            some = getattr(self, name)
            for key in () if some is None else needed:
                if key not in some.figures:
                    raise InputError(f"{name} has no {key} among its figures")
                if not np.isfinite(each := some.figures[key]).all():
                    raise InputError(
                        f"{name} has {key} = {each[~np.isfinite(each)][0]} among its figures, must be finite"
                    )
        n = 0 if self.offered is None else len(self.offered)
        if len(self.devices) != n or (self.network is not None and len(self.network.energy) != n):
            raise InputError(
                f"{n} designs are offered; there must be as many devices, and results of a network for each"
            )

    def __repr__(self) -> str:
        """In one line, for interactive work."""
        return f"<Front of {self.name}: {self.words}>"

    @property
    def name(self) -> str:
        """Name of the specification."""
        return self.config["specification"]["name"]

    @property
    def notes(self) -> list[str]:
        """Where the designs that are offered strain the model, one line each."""
        return notes_in(self.config)

    @property
    def objectives(self) -> tuple[str, ...]:
        """Names of what was made as small as can be."""
        wanted = self.config["specification"]["minimize"]
        return tuple(name for name in PLAIN if wanted.get(name))

    @property
    def words(self) -> str:
        """How many designs there are, in words."""
        return f"{counted(len(self.devices), 'design')} of {self.tried} tried, {counted(self.pulses, 'pulse')}"

    def as_json(self) -> dict[str, Any]:
        """Return all of it as plain numbers and texts; what is unknown or infinite is None."""
        best = () if self.held is None else np.flatnonzero(self.held.best)
        held = [] if self.held is None else list(self.held.rows())
        nearest = None
        if self.nearest is not None:
            nearest = {**next(self.nearest.rows()), "misses": _row(self.nearest.missed, 0)}
        found = {
            "specification": self.name,
            "seed": self.seed,
            "objectives": list(self.objectives),
            "designs_tried": self.tried,
            "pulses": self.pulses,
            "front": [held[i] for i in best],
            "designs": [{"file": f"design_{k}.toml", **one} for k, one in enumerate(self._judged(self.offered), 1)],
            "failed": list(self._judged(self.failed)),
            "nearest": nearest,
            "notes": self.notes,
            "config": self.config["specification"],
        }
        return found if self.network is None else found | {"network": list(self.network_rows())}

    def _judged(self, some: Judged | None) -> Iterator[dict[str, Any]]:
        if some is not None:
            for row, verdicts in zip(some.rows(), some.verdicts(self.bounds), strict=True):
                yield {**row, "verdicts": verdicts}

    def network_rows(self) -> Iterator[dict[str, Any]]:
        """Yield what a network gains from each design: accuracy, energy [J], states, area [m^2], or why nothing."""
        if self.network is None or self.offered is None:
            return
        own, figures = self.network, self.offered.figures
        for i, failed in enumerate(own.failed.tolist()):
            gained = {
                "states": int(figures["states"][i]),
                "area": figures["area"][i].item(),
                "test_accuracy": own.test_accuracy[i].item(),
                "float32_test_accuracy": own.float32_test_accuracy[i].item(),
                "training_energy_J": own.energy[i].item(),
                "report": f"design_{i + 1}/report.html",
            }
            yield {"design": i + 1, **({"failed": failed} if failed else gained)}


def save_front(path: str | Path, front: Front, *, inputs: Sequence[Any] = (), force: bool = False) -> None:
    """Write what was found.

    Args:
        path: file to write.
        front: what was found.
        inputs: paths of the files that it is made from; their hashes are kept.
        force: overwrite an existing file.

    Raises:
        InputError: the path is unfit.
    """
    with files.create(path, SCHEMA, config=front.config, seed=front.seed, inputs=inputs, force=force) as file:
        records.write(file, front)


def load_front(path: str | Path) -> Front:
    """Read what a search has found.

    Raises:
        InputError: not a sound file of this kind.
    """
    with files.open_checked(path, SCHEMA) as file:
        origin = files.provenance(file)
        config = origin["config"]
        whole = records.entry(file, config, "specification", dict)
        records.entry(file, config, "text", str)
        records.entry(file, whole, "name", str)
        records.entry(file, whole, "minimize", dict)
        devices = records.entry(file, config, "devices", list)
        if not all(isinstance(one, dict) for one in devices):
            raise InputError(f"{path}: the devices of its configuration must be tables of names and values")
        devices = tuple(device_from_mapping(one, f"{path}: design {k}") for k, one in enumerate(devices, 1))
        return records.read(file, Front, given={"config": config, "seed": origin["seed"], "devices": devices})


def _row(columns: Mapping[str, np.ndarray], i: int) -> dict[str, Any]:
    """Return one row as plain numbers and texts, in the order of `QUANTITIES`, whatever that of the file."""
    return {name: columns[name][i].item() for name in QUANTITIES if name in columns}


def _plain(numbers: Mapping[str, float]) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in numbers.items()}
