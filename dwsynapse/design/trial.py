"""One design on trial: its figures by what is cheap first, and how far it misses each requirement.

Barriers and rates come from the landscape of a row of at most five notches, which stands for the whole; only a design
that holds its wall sees pulses, of which `dwsynapse.design.pulses` finds the shortest sure one. All designs see the
same noise, so that the difference of two of them is not noise.

To relax a wall takes as long as tens of thousands of pulses, so a design is looked at with a rigid wall first. Its
barriers and rates are scaled by what relaxation changed in the designs that were relaxed. A rigid wall's figures have
``rigid`` = 1, and do not make a design hold.
"""

import dataclasses
import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np

from compact.states.energy import pulse_energy
from compact.states.states import find_states
from dwcore.errors import InputError, RunError
from dwcore.storage.provenance import canonical_json
from dwsynapse.design.pulses import FALL, Row, shortest
from dwsynapse.design.sections import FINENESS, LIMITS, ROUNDING
from dwsynapse.design.specification import Specification, plain_figures
from llg.constants import K_B
from llg.device.device import Device
from llg.landscape.wells import Well, find_wells
from llg.rates.rate_matrix import rate_matrix
from llg.walls.q_phi import QPhiModel

ROUNDS = (64, 128, 256, 512)
"""Pulses per direction after each round; a rigid wall that screens sees those before the last."""
WITHIN = 3
"""Lengths of the pulse from the one that is kept to one that is not sure: so many are noise in 1,024 pulses."""
SOFTENED = "barrier", "retention"
"""Figures of a rigid wall that are scaled."""
INSTANCES, INSTANCE_PULSES = 8, 128
TAIL = 2.4
"""The worst of 64 devices lies about so many standard deviations below their mean."""
Figures = dict[str, float | None]
"""Figures by name; None where one is unknown."""
UNKNOWN = 1e3
"""Stands for an objective that is not known, of a design that cannot exist."""
NOTCHES = 5
"""The longest row that stands for the whole."""
STAYED = 1.5
"""Of the pulses of the first round in both directions, so many may miss where the length is looked for at first."""
COST_OF_A_LOOK, COST_TO_RELAX = 500, 5000
"""What a design counts in pulses beside those that it sees, with a rigid and with a relaxed wall."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trial:
    """What is known of a design.

    Attributes:
        x: point of the unit cube.
        figures: by name; None where a figure is unknown or has not been looked for.
        misses: by requirement, how far it is missed, 0 where it holds; 1 or more where the figure is unknown.
        pulses: that were simulated, `COST_OF_A_LOOK` at least.
    """

    x: tuple[float, ...]
    figures: dict[str, float | None]
    misses: dict[str, float]
    pulses: int

    @classmethod
    def of(cls, content: dict[str, Any]) -> Self:
        """Return the one that `content` tells, as a journal has it."""
        return cls(**content | {"x": tuple(content["x"])})

    @property
    def holds(self) -> bool:
        """Whether no requirement is missed."""
        return self.promising and not self.figures.get("rigid")

    @property
    def promising(self) -> bool:
        """Whether no requirement is missed, be it with a rigid wall."""
        return not any(self.misses.values())


def objectives(spec: Specification, figures: Mapping[str, float | None]) -> list[float]:
    """Return what is to be small, in powers of ten; `UNKNOWN` for a design that cannot exist."""
    values = (figures.get(name) for name in spec.minimize.names)
    return [UNKNOWN if value is None else math.log10(value) for value in values]


class Examiner:
    """The job of a search: looks at designs.

    Args:
        spec: the specification.
        seed: root seed of the noise and of the instances.
        tuned: find the shortest sure pulse of each design.
    """

    def __init__(self, spec: Specification, seed: int, *, tuned: bool = True):
        self.spec, self.seed, self.tuned = spec, seed, tuned

    def run(self, task: tuple[int, np.ndarray, dict[str, Any]], progress: Callable[[int], None]) -> Trial:
        """Look at a design: its number, its point of the unit cube, and what else `examine` is told."""
        _, point, how = task
        return examine(self.spec, point, self.seed, tuned=self.tuned, **how)

    def text(self) -> str:
        """Return all that it depends on as JSON."""
        return canonical_json({"specification": self.spec.config(), "seed": self.seed, "tuned": self.tuned})

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Make it again."""
        content = json.loads(text)
        return cls(Specification.from_config(content["specification"]), content["seed"], tuned=content["tuned"])


def examine(
    spec: Specification,
    x: np.ndarray,
    seed: int,
    held: Sequence[list[float]] = (),
    *,
    rigid: Mapping[str, float] | None = None,
    before: Mapping[str, float | None] = {},
    tuned: bool = True,
    final: bool = False,
    strict: bool = False,
    jobs: int | None = 1,
) -> Trial:
    """Return the figures of a design.

    Args:
        spec: the specification.
        x: point of the unit cube.
        seed: root seed of the noise and of the instances, the same for all designs.
        held: objectives of designs that hold; one that they surpass is not looked at.
        rigid: look with a rigid wall, without instances, and scale its figures by these factors.
        before: figures with a rigid wall, of which those before the scaling are kept.
        tuned: find the shortest sure pulse, near that of the point; otherwise it is that of the point.
        final: look at the whole track, with as many pulses as verify a design.
        strict: raise what cannot be simulated.
        jobs: threads.

    Raises:
        InputError, RunError: there is no such device or no such wall, where it is ``strict``; else its figures are unknown.
    """
    points = spec.lengths(x) if tuned else x[None]
    at, look = int(np.abs(points - x).sum(axis=1).argmin()), None
    found: Figures = {f"rigid_{name}": before[f"rigid_{name}"] for name in SOFTENED if f"rigid_{name}" in before}
    try:
        whole = spec.device(spec.values(x))
        pulse = whole.section("pulse")
        times = np.array([spec.values(point).get("duration", pulse.duration) for point in points])
        energies = pulse_energy(whole, [pulse.current_density], times)[0]
        found |= plain_figures(whole) | {"energy": float(energies[0]), "duration": float(times[0])}
        worth = _worth(spec, found, times, energies, held)
        if not worth:
            at, found["surpassed"] = 0, 1.0
        elif _may_go_on(spec, found):
            row = whole if final else spec.device(spec.values(x), min(spec.require.states, NOTCHES))
            if rigid is not None:
                row = dataclasses.replace(row, wall=dataclasses.replace(row.wall, shape="rigid"))
                found["rigid"] = 1.0
            most = spec.verify_pulses // 2
            look = Look(spec, row, times[:worth], seed, jobs)
            rounds = (*(n for n in ROUNDS if n < most), most) if final else ROUNDS if rigid is None else ROUNDS[:-1]
            at = look.closer(found, at, rounds, 1 if final else WITHIN, rigid)
        found |= {"energy": float(energies[at]), "duration": float(times[at])}
    except (InputError, RunError):
        if strict:
            raise
        # no such device or no such wall: what is unknown is missed
    pulses = COST_OF_A_LOOK if look is None else look.pulses
    return Trial(x=tuple(points[at].tolist()), figures=found, misses=misses(spec, found), pulses=pulses)


def _worth(spec: Specification, figures: Figures, times: np.ndarray, energies: np.ndarray, held) -> int:
    """Return how many lengths of the pulse, from the shortest, no design that holds surpasses, within the energy allowed.

    The first counts in any case if only its energy speaks against it.
    """
    each = (figures | {"energy": energy, "duration": time} for energy, time in zip(energies, times, strict=True))
    own = np.array([objectives(spec, one) for one in each])
    surpassed = np.zeros(times.size, bool)
    for other in held:
        surpassed |= (np.array(other) <= own).all(axis=1)
    most = math.inf if spec.require.energy is None else spec.require.energy * (1 + ROUNDING)
    allowed = np.maximum(np.count_nonzero(energies <= most), 1)
    return int(min(np.count_nonzero(~surpassed), allowed))


def misses(spec: Specification, figures: Mapping[str, float | None]) -> dict[str, float]:
    """Return how far each requirement is missed, relative to its bound; probabilities by their difference.

    The probability of one step is to be `Specification.wanted`, which the verification is likely to show. A rigid wall
    sees no instances, so that it misses nothing of them.
    """
    found = {"states": 0.0 if figures.get("states") == 1.0 else 1.0}
    for name, at_least in LIMITS.items():
        bound = getattr(spec.require, name)
        if bound is None or (name == "one_step_of_devices" and figures.get("rigid")):
            continue
        if name == "one_step":
            bound = spec.wanted
        value, is_step = figures.get(name), name.startswith("one_step")
        if value is None or math.isnan(value):
            found[name] = 1.0
        elif name == "retention":
            found[name] = max(math.log(bound / value) / 20, 0.0) if value > 0 else 2.0
        else:
            short = (bound - value if at_least else value - bound) / (1 if is_step else bound)
            found[name] = float(short) if short > ROUNDING else 0.0
    return found


def _may_go_on(spec: Specification, figures: Mapping[str, float | None]) -> bool:
    """Whether all requirements hold that are known so far."""
    missed = misses(spec, figures)
    return not any(missed[name] for name in missed if figures.get(name) is not None)


class Look:
    """One design as it is looked at, closer and closer.

    Args:
        spec: the specification.
        row: notches that stand for the whole, or the whole.
        times: lengths of the pulse that are worth a try, from the shortest [s].
        seed: root seed of the noise.
        jobs: threads.
    """

    def __init__(self, spec: Specification, row: Device, times: np.ndarray, seed: int, jobs: int | None):
        self.spec, self.row, self.times, self.seed, self.jobs = spec, row, times, seed, jobs
        self.pulses = COST_TO_RELAX if row.wall_shape == "relaxed" else COST_OF_A_LOOK

    def closer(
        self,
        found: Figures,
        guess: int,
        rounds: Sequence[int],
        within: int,
        rigid: Mapping[str, float] | None = None,
    ) -> int:
        """Add the figures of the wells, then of pulses, then of instances; return the number of the shortest sure pulse.

        Args:
            found: figures so far.
            guess: about what number.
            rounds: pulses per direction after each round.
            within: as of `dwsynapse.design.pulses.shortest`.
            rigid: the wall is rigid: sees no instances, and its figures are scaled by these factors.
        """
        row = self.row
        require = self.spec.require
        wells = find_wells(QPhiModel(row), row.temperature)
        found["states"] = float(len(wells) == len(row.notches))
        if not found["states"]:
            return 0
        found["barrier"] = lowest_barrier(wells, row.temperature)
        if require.retention is not None:
            found["retention"] = shortest_stay(row, require.retention_temperature)
        for name in SOFTENED:
            if rigid is not None and (value := found.get(name)) is not None:
                found[f"rigid_{name}"], found[name] = value, value * rigid.get(name, 1.0)
        if require.contrast is not None:
            states = find_states(row, row.temperature)
            found["contrast"] = contrast(states.conductance, states.conductance_std_ctoc)
        if self.spec.wanted is None or not _may_go_on(self.spec, found):
            return 0
        least = require.one_step_of_devices if rigid is None else None
        return self._shortest_sure(found, wells, guess, rounds, within, least)

    def _shortest_sure(self, found: Figures, wells, guess: int, rounds: Sequence[int], within: int, least) -> int:
        """Add the figures of the shortest sure pulse: about how long it is by the pulses of the first round, then by all."""
        nominal, instances, seen = self._pulsed(self.row, wells), list[Row | None](), dict[int, Figures]()
        wanted, top = self.spec.wanted or 0.0, len(self.times) - 1

        def judge(number: int, wanted: float, rounds: Sequence[int], least: float | None) -> tuple[bool, float]:
            counts = nominal.certainty(self.times[number], wanted, rounds)
            self.pulses += int(counts.sum())
            seen[number] = {"one_step": float(counts[1] / counts.sum())}
            sure = counts[1] >= wanted * counts.sum()
            if sure and least is not None:
                tail, counts = self._tail(self.row, instances, self.times[number], least)
                seen[number]["one_step_of_devices"], sure = tail, tail >= least
            return bool(sure or counts[2] > counts[0]), steps((counts[0] + 0.5) / (counts.sum() + 1), 1 - wanted)

        about = min(wanted, 1 - STAYED / (2 * rounds[0]))
        if top:
            guess = shortest(lambda number: judge(number, about, rounds[:1], None), top, guess, within)
        if not top or (seen[guess]["one_step"] or 0.0) >= about:
            guess += round(steps(1 - about, 1 - wanted)) if top else 0
            guess = shortest(lambda number: judge(number, wanted, rounds, least), top, guess, within)
        found.update(seen[guess])
        return guess

    def _pulsed(self, row: Device, wells: Sequence[Well]) -> Row:
        return Row(device=row, wells=wells, states=self.spec.require.states, longest=float(self.times[-1]), seed=self.seed,
                   jobs=self.jobs)  # fmt: skip

    def _drawn(self, row: Device, number: int) -> Row | None:
        """Return an instance; None where it lacks a state."""
        device = row.draw(number, self.seed)
        wells = find_wells(QPhiModel(device), row.temperature)
        return self._pulsed(device, wells) if len(wells) == len(row.notches) else None

    def _tail(self, row: Device, known: list[Row | None], time: float, least: float) -> tuple[float, np.ndarray]:
        """Return what 95 % of all instances reach, and the outcomes; instances that were drawn are kept in `known`."""
        each, total = list[float](), np.zeros(3)
        for number in range(INSTANCES):
            if number == len(known):
                known.append(self._drawn(row, number + 1))
            one = known[number]
            if one is None:
                return 0.0, total
            counts = one.outcomes(time, 0, INSTANCE_PULSES)
            total += counts
            self.pulses += int(counts.sum())
            each.append(counts[1] / counts.sum())
            if each[-1] < least:
                break
        return min(*each, float(np.mean(each) - TAIL * np.std(each))), total


def steps(share: float, allowed: float) -> float:
    """Return by how many lengths a pulse is about too short, of which a share of walls stays."""
    return FALL / math.log(FINENESS) * math.log(share / allowed)


def shortest_stay(device: Device, temperature: float | None) -> float | None:
    """Return the shortest mean time in a state at rest [s], at a temperature or that of the device [K].

    None where the track has no state at that temperature, or none that Langer's formula holds for.
    """
    at = device.temperature if temperature is None else temperature
    model = QPhiModel(device.at_temperature(at))
    try:
        return float(np.min(rate_matrix(model, find_wells(model, at), at).retention))
    except RunError:
        return None


def lowest_barrier(wells: list[Well], temperature: float) -> float:
    """Return the lowest barrier between two wells [kB T]."""
    inner = [w.barrier_right for w in wells[:-1]] + [w.barrier_left for w in wells[1:]]
    return min(inner) / (K_B * temperature)


def contrast(conductance: np.ndarray, noise: np.ndarray) -> float:
    """Return the least step of the conductance [S] over the noise of a read [S]; infinite without noise."""
    steps = np.abs(np.diff(conductance))
    most = np.maximum(noise[1:], noise[:-1])
    return float(np.min(np.divide(steps, most, out=np.full(steps.size, np.inf), where=most > 0)))
