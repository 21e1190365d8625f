"""One design on trial: its figures by what is cheap first, and how far it misses each requirement.

A row of at most five notches stands for the whole: from its middle a pulse meets what it meets anywhere. Barriers and
rates come from the landscape; only a design that holds its wall is simulated, in rounds of more and more pulses that
end once it clearly fails. All designs see the same noise, so that the difference of two of them is not noise.

To relax a wall takes as long as tens of thousands of pulses, and seldom raises a barrier (by 0.6 % where it did). So a
design whose wall is to be relaxed is looked at with a rigid wall first. What others surpass, or what misses by more
than `CLEARLY`, keeps these figures, with ``rigid`` = 1; no design that holds does.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from compact.states.energy import pulse_energy
from compact.states.states import find_states
from dwcore.errors import InputError, RunError
from dwsynapse.design.specification import LIMITS, ROUNDING, Specification, track_area
from llg.constants import K_B
from llg.device.device import Device
from llg.landscape.settling import Settling
from llg.landscape.wells import Well, find_wells
from llg.rates.rate_matrix import rate_matrix
from llg.runs.drive import Drive
from llg.runs.outcomes import count_outcomes
from llg.runs.run_plan import EnsembleCase
from llg.walls.q_phi import QPhiModel

ROUNDS = (64, 192, 768)
"""Pulses in each direction, one round after the other."""
HOPELESS = 0.1
"""A design whose probability is this far below what is required gets no further round."""
CLEARLY = {"barrier": 0.05, "retention": 0.15, "contrast": 0.05, "one_step": 0.1, "one_step_of_devices": 0.1}
"""Misses of a design with a rigid wall beyond which it does not hold with a relaxed one either."""
INSTANCES, INSTANCE_PULSES = 8, 128
TAIL = 2.4
"""The worst of 64 devices lies about so many standard deviations below their mean."""
UNKNOWN = 1e3
"""Stands for an objective that is not known, of a design that cannot exist."""
NOTCHES = 5
"""The longest row that stands for the whole."""
COST_OF_A_LOOK = 500
"""What a design counts in pulses beside those that it sees: its wells take about as long."""
SURPASSED = 1e-3
"""How far a design counts as missing what was not looked for, as others that hold surpass it in every objective."""


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

    @property
    def holds(self) -> bool:
        """Whether no requirement is missed."""
        return not any(self.misses.values())


def objectives(spec: Specification, figures: Mapping[str, float | None]) -> list[float]:
    """Return what is to be small, in powers of ten; `UNKNOWN` for a design that cannot exist."""
    values = (figures.get(name) for name in spec.minimize.names)
    return [UNKNOWN if value is None else math.log10(value) for value in values]


def examine(spec: Specification, x: np.ndarray, seed: int, held: Sequence[list[float]] = ()) -> Trial:
    """Return the figures of a design.

    Args:
        spec: the specification.
        x: point of the unit cube.
        seed: root seed of the noise and of the instances, the same for all designs.
        held: objectives of designs that hold; one that they surpass sees no pulse.
    """
    values = spec.values(x)
    found: dict[str, float | None] = {}
    pulses = 0
    try:
        whole, row = spec.device(values), spec.device(values, min(spec.require.states, NOTCHES))
        found |= plain_figures(whole)
        own = objectives(spec, found)
        found["surpassed"] = float(any(all(a <= b for a, b in zip(o, own, strict=True)) and o != own for o in held))
        if _may_go_on(spec, found):
            pulses = _look_closer(spec, row, found, seed)
    except (InputError, RunError):
        pass  # no such device or no such wall: what is unknown is missed
    return Trial(x=tuple(x.tolist()), figures=found, misses=misses(spec, found), pulses=pulses + COST_OF_A_LOOK)


def plain_figures(device: Device) -> dict[str, float | None]:
    """Return what follows from the device without its walls."""
    pulse, track, stack = device.section("pulse"), device.track, device.section("stack")
    J = pulse.current_density
    current = abs(stack.current(J, track.width, track.thickness))
    resistance = stack.resistance(device.geometry.q, device.geometry.w, track.thickness)
    return {
        "energy": float(pulse_energy(device, [J], [pulse.duration])[0, 0]),
        "area": track_area(track),
        "duration": pulse.duration,
        "current_density": abs(J),
        "voltage": float(current * resistance),
        "heating": None if device.heating is None else float(device.steady_rise(J)),
        "constriction": float(track.width - max(notch.edges * notch.depth for notch in device.notches)),
    }


def misses(spec: Specification, figures: Mapping[str, float | None]) -> dict[str, float]:
    """Return how far each requirement is missed, relative to its bound; probabilities by their difference."""
    found = {"states": 0.0 if figures.get("states") == 1.0 else 1.0}
    for name, at_least in LIMITS.items():
        bound = getattr(spec.require, name)
        if bound is None:
            continue
        value, is_step = figures.get(name), name.startswith("one_step")
        if value is None or math.isnan(value):
            found[name] = SURPASSED if is_step and figures.get("surpassed") and figures.get("barrier") else 1.0
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


def _look_closer(spec: Specification, row: Device, found: dict[str, float | None], seed: int) -> int:
    """Add the figures of the wall, of a rigid one first; return the number of pulses."""
    pulses = 0
    if row.wall_shape == "relaxed":
        rigid = dataclasses.replace(row, wall=dataclasses.replace(row.wall, shape="rigid"))
        guess: dict[str, float | None] = found | {"rigid": 1.0}
        pulses = _look(spec, rigid, guess, seed, ROUNDS[:1])
        missed = misses(spec, guess)
        if guess["surpassed"] or any(missed[name] > CLEARLY.get(name, 0) for name in missed if name in guess):
            found.update(guess)
            return pulses
    return pulses + _look(spec, row, found, seed, ROUNDS, instances=True)


def _look(
    spec: Specification,
    row: Device,
    found: dict[str, float | None],
    seed: int,
    rounds: Sequence[int],
    instances: bool = False,
) -> int:
    """Add the figures of the wells, then of pulses, then of device instances; return the number of pulses."""
    require, model = spec.require, QPhiModel(row)
    wells = find_wells(model, row.temperature)
    found["states"] = float(len(wells) == len(row.notches))
    if not found["states"]:
        return 0
    found["barrier"] = lowest_barrier(wells, row.temperature)
    if require.retention is not None:
        found["retention"] = shortest_stay(row, require.retention_temperature)
    if require.contrast is not None:
        states = find_states(row, row.temperature)
        found["contrast"] = contrast(states.conductance, states.conductance_std_ctoc)
    pulsed = require.one_step is not None or require.one_step_of_devices is not None
    if found["surpassed"] or not pulsed or not _may_go_on(spec, found):
        return 0
    done = _pulsed(spec, row, wells, found, seed, rounds)
    least = require.one_step_of_devices
    if not instances or least is None or (found["one_step"] or 0) < least:
        return done
    return done + _drawn(row, wells, found, seed, least)


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


def _pulsed(
    spec: Specification,
    row: Device,
    wells: list[Well],
    found: dict[str, float | None],
    seed: int,
    rounds: Sequence[int],
) -> int:
    """Add the probability of one step, from rounds of pulses; return how many were simulated."""
    wanted = max(filter(None, (spec.require.one_step, spec.require.one_step_of_devices)))
    done, steps, p = 0, 0, 0.0
    for n in rounds:
        steps += _steps(row, wells, seed, n, first=done // 2)
        done += 2 * n
        p = steps / done
        if p < wanted - HOPELESS / (1 + done / 1000):
            break
    found["one_step"] = p
    return done


def _drawn(row: Device, wells: list[Well], found: dict[str, float | None], seed: int, least: float) -> int:
    """Add what 95 % of all device instances reach; return how many pulses were simulated."""
    done, each = 0, list[float]()
    for number in range(1, INSTANCES + 1):
        device = row.draw(number, seed)
        own = find_wells(QPhiModel(device), row.temperature)
        if len(own) != len(wells):
            each.append(0.0)
            break
        each.append(_steps(device, own, seed, INSTANCE_PULSES) / (2 * INSTANCE_PULSES))
        done += 2 * INSTANCE_PULSES
        if each[-1] < least:
            break
    found["one_step_of_devices"] = min(min(each), float(np.mean(each) - TAIL * np.std(each)))
    return done


def _steps(device: Device, wells: list[Well], seed: int, n: int, first: int = 0) -> int:
    """Return how many of n pulses in each direction, from the middle, move the wall by one state and no more."""
    pulse, settling = device.section("pulse"), Settling(QPhiModel(device), wells, device.temperature)
    S, total = len(wells), 0
    for sign, start in ((1, (len(wells) - 1) // 2), (-1, len(wells) // 2)):
        drive = Drive(waveform=pulse.waveform(pulse.duration), current_density=sign * pulse.current_density)
        case: dict[str, Any] = {"n": n, "seed": seed, "first": first, "temperature": device.temperature, "dt": None}
        place = (wells[start].q, wells[start].phi)
        counts = count_outcomes(EnsembleCase(device=device, drive=drive, start=place, **case), wells, settling=settling,
                                jobs=1).counts  # fmt: skip
        total += int(max(counts[max(start - 1, 0)] * (start > 0), counts[min(start + 1, S - 1)] * (start < S - 1)))
    return total
