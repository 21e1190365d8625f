"""Synapses known by their figures, without physics: the `[synapse]` file, as a paper describes a device.

Conductances are listed, or spread evenly from a lowest one. What a pulse does is said in one of three ways: chances to
miss and to move two states; a matrix for each of the two pulses; or the curve of NeuroSim, whose conductance has no
states of its own. The module is light, so that options can be made with it.
"""

import dataclasses
import importlib.resources
import itertools
import math
from collections.abc import Iterator, Mapping
from pathlib import Path

from dwcore.errors import InputError, nearest
from dwcore.parameters import Parameters, numbers, quantity, sizes, whole
from dwcore.toml import is_toml, own_name, parse_toml, read_toml

ROW_SUM = 1e-6
"""How far the sum of a row of probabilities may be from one [1]."""
TEXTS = ("name", "source", "validity", "assumptions")
_LADDER = ("miss", "double", "lost", "miss_down", "double_down")
_CURVE = ("pulses_up", "pulses_down", "nonlinearity_up", "nonlinearity_down", "step_std_ctoc", "nonlinearity_std_dtod")
_MATRIX = ("up", "down")
INSTANCES = 16
"""Device instances that carry spreads, if their number is not given [1]."""
CONTINUOUS = 121
"""States that stand for a curve, if their number is not given [1]."""
LARGEST_TABLE = 2**24
"""Most device instances times squared states; tables of more take gigabytes and minutes [1]."""
MOST_PULSES = 1e6
"""Most pulses from end to end of a curve; a chance to move keeps four digits then [1]."""
CONDUCTANCES = (1e-14, 1.0, "uS")
ON_OFF = (1.001, 1e10, "%")
ENERGIES = (1e-24, 1e-3, "fJ")
"""Least and largest plausible conductance [S], ratio of two of them [1], and energy of a pulse [J]."""


def _chance(meaning: str):
    return quantity(meaning, "1", default=None, ge=0, le=1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Synapse(Parameters):
    """A synapse and the two pulses that write it; the pulse up raises the conductance."""

    states: int | None = whole(
        "number of states, evenly spaced; of a curve those that stand for it (default 121)",
        default=None, ge=2, le=1024,
    )  # fmt: skip
    conductances: tuple[float, ...] = numbers(
        "conductance of each state, ascending, in place of even spacing", "S", plausible=CONDUCTANCES
    )
    conductance_low: float | None = quantity("lowest conductance", "S", default=None, gt=0, plausible=CONDUCTANCES)
    conductance_high: float | None = quantity("highest conductance", "S", default=None, gt=0, plausible=CONDUCTANCES)
    on_off: float | None = quantity(
        "highest over lowest conductance, in place of the highest", "1", default=None, gt=1, plausible=ON_OFF
    )
    miss: float | None = _chance("chance that a pulse does nothing (default 0)")
    double: float | None = _chance("chance that it moves two states (default 0)")
    lost: float | None = _chance("chance that it ruins the device, such as a wall that leaves its track (default 0)")
    miss_down: float | None = _chance("of the pulse down, where it differs")
    double_down: float | None = _chance("of the pulse down, where it differs")
    up: tuple[float, ...] = numbers("chances of the pulse up, a list for each state before; a last column is lost", "1")
    down: tuple[float, ...] = numbers("of the pulse down, likewise", "1")
    pulses_up: float | None = quantity(
        "curve: pulses from the lowest to the highest conductance", "1", default=None, ge=1, le=MOST_PULSES
    )
    pulses_down: float | None = quantity("curve: pulses back", "1", default=None, ge=1, le=MOST_PULSES)
    nonlinearity_up: float | None = quantity(
        "curve: label of NeuroSim, > 0 if steps shrink (default 0)", "1", default=None, ge=-9, le=9
    )
    nonlinearity_down: float | None = quantity(
        "curve: label of NeuroSim, < 0 if steps shrink (default 0)", "1", default=None, ge=-9, le=9
    )
    step_std_ctoc: float | None = quantity(
        "curve: spread of a pulse from cycle to cycle, share of the range (default 0)", "1", default=None, ge=0, lt=1
    )
    nonlinearity_std_dtod: float | None = quantity(
        "curve: spread of both labels from device to device (default 0)", "1", default=None, ge=0, lt=9
    )
    conductance_std_ctoc: float = quantity(
        "spread of a state's conductance from write to write, relative", "1", default=0.0, ge=0, lt=1
    )
    conductance_std_dtod: float = quantity(
        "spread of a device's conductances, standard deviation of their logarithm", "1", default=0.0, ge=0, lt=1
    )
    step_std_dtod: float = quantity(
        "spread of what a pulse does from device to device, relative to its mean", "1", default=0.0, ge=0, lt=1
    )
    instances: int | None = whole(
        "device instances that carry the spreads (default 16, without spreads 1)", default=None, ge=1, le=4096
    )
    pulse_energy: float | None = quantity(
        "energy of a pulse; otherwise voltage times current times duration", "J", default=None, ge=0, plausible=ENERGIES
    )
    pulse_energy_down: float | None = quantity(
        "of the pulse down, where it differs", "J", default=None, ge=0, plausible=ENERGIES
    )
    pulse_duration: float | None = quantity("duration of a pulse", "s", default=None, gt=0, plausible=(1e-15, 1, "ns"))
    pulse_voltage: float | None = quantity(
        "voltage over the device during a pulse", "V", default=None, gt=0, plausible=(1e-6, 100, "mV")
    )
    pulse_current: float | None = quantity(
        "current through the device during a pulse", "A", default=None, gt=0, plausible=(1e-15, 1, "uA")
    )
    temperature: float = quantity("at which the figures hold", "K", default=300.0, gt=0, plausible=(1e-3, 2000, "K"))
    retention: float | None = quantity(
        "mean time until a state is left for a neighbour without pulses", "s", default=None, gt=0,
        plausible=(1e-12, 1e15, "s"),
    )  # fmt: skip
    cell_area_F2: float | None = quantity(
        "area of a cell in squared feature sizes; otherwise that of its transistors", "1", default=None, gt=0,
        plausible=(0.1, 1e9, ""),
    )  # fmt: skip

    @property
    def way(self) -> str:
        """How the pulses are described: `ladder`, `matrix` or `curve`."""
        return "curve" if self._given(_CURVE) else "matrix" if self._given(_MATRIX) else "ladder"

    @property
    def energy(self) -> float | None:
        """Energy of a pulse, None if unknown [J]."""
        voltage, current, duration = self.pulse_voltage, self.pulse_current, self.pulse_duration
        if self.pulse_energy is not None or voltage is None or current is None or duration is None:
            return self.pulse_energy
        return voltage * current * duration

    @property
    def size(self) -> tuple[int, int]:
        """Number of device instances and of states [1]."""
        spread = self.conductance_std_dtod or self.step_std_dtod or self.nonlinearity_std_dtod
        instances = (INSTANCES if spread else 1) if self.instances is None else self.instances
        return instances, len(self.conductances) or (CONTINUOUS if self.states is None else self.states)

    @property
    def window(self) -> tuple[float, float]:
        """Lowest and highest conductance [S]."""
        if self.conductance_low is None:
            return self.conductances[0], self.conductances[-1]
        return self.conductance_low, self.conductance_high or self.conductance_low * (self.on_off or math.nan)

    def problems(self) -> Iterator[str]:
        """Yield what is wrong with the fields taken together."""
        ways = {"chances": _LADDER, "a matrix": _MATRIX, "a curve": _CURVE}
        given = {words: names for words, names in ways.items() if self._given(names)}
        if len(given) > 1:
            first = [self._given(names)[0] for names in given.values()]
            yield f"{' and '.join(first)} describe the pulses in different ways, {' or '.join(given)}; leave one out"
            return
        yield from self._conductance_problems()
        yield from {"ladder": self._ladder_problems, "matrix": self._matrix_problems, "curve": self._curve_problems}[
            self.way
        ]()
        if self.pulse_energy_down is not None and self.energy is None:
            yield "pulse_energy_down needs pulse_energy"
        if self.pulse_energy is None and self.energy is not None and not ENERGIES[0] <= self.energy <= ENERGIES[1]:
            yield (
                f"pulse_voltage * pulse_current * pulse_duration = {self.energy:g} [J], the energy of a pulse, must be "
                f"{sizes(*ENERGIES)}"
            )
        instances, states = self.size
        if instances * states**2 > LARGEST_TABLE:
            yield (
                f"instances * states^2 = {instances} * {states}^2 [1] must be <= {LARGEST_TABLE}, so that a table fits "
                f"the memory; {max(LARGEST_TABLE // states**2, 1)} instances would do"
            )
        if self.instances is None or self.instances == 1:
            spread = [n for n in ("conductance_std_dtod", "step_std_dtod", "nonlinearity_std_dtod") if getattr(self, n)]
            if spread and self.instances == 1:
                yield f"instances = 1 cannot carry {spread[0]}"

    def _given(self, names) -> list[str]:
        return [name for name in names if getattr(self, name) not in (None, ())]

    def _conductance_problems(self) -> Iterator[str]:
        if self.conductances:
            ranged = self._given(("states", "conductance_low", "conductance_high", "on_off"))
            if ranged:
                yield f"conductances are listed, {ranged[0]} has no use"
            if len(self.conductances) < 2 or self.conductances[0] <= 0:
                yield "conductances [S] must be two or more and > 0"
            if any(a >= b for a, b in itertools.pairwise(self.conductances)):
                yield "conductances [S] must be ascending"
            elif self.conductances:
                yield from self._ratio_problems("conductances")
            return
        if self.conductance_low is None or (self.conductance_high is None) == (self.on_off is None):
            yield "needs conductances, or conductance_low with either conductance_high or on_off"
        elif self.conductance_high is not None and self.conductance_high <= self.conductance_low:
            yield f"conductance_high = {self.conductance_high:g} [S] must be > conductance_low = {self.conductance_low:g}"
        else:
            yield from self._ratio_problems("conductance_high")
        if self.states is None and self.way != "curve":
            yield "needs states or conductances"

    def _ratio_problems(self, name: str) -> Iterator[str]:
        """Yield what is wrong with the range, whose ends are sound and ascend."""
        low, high = self.window
        if self.on_off is not None and high > CONDUCTANCES[1]:
            yield f"conductance_low * on_off = {high:g} [S] must be <= {CONDUCTANCES[1]:g}"
        elif not ON_OFF[0] <= high / low <= ON_OFF[1]:
            yield f"{name}: highest over lowest = {high / low:.10g} [1] must be {sizes(*ON_OFF)}"

    def _ladder_problems(self) -> Iterator[str]:
        for end in ("", "_down"):
            chances = [getattr(self, f"{name}{end}", None) for name in ("miss", "double")]
            same = [self.miss, self.double]
            total = sum(own if own is not None else other or 0.0 for own, other in zip(chances, same, strict=True))
            if total + (self.lost or 0.0) > 1 + ROW_SUM:
                yield f"miss{end} + double{end} + lost must be <= 1"

    def _matrix_problems(self) -> Iterator[str]:
        size = len(self.conductances) or self.states or 0
        for name in _MATRIX:
            values = getattr(self, name)
            if size and len(values) not in (size**2, size * (size + 1)):
                yield f"{name} holds {len(values)} chances, {size} lists of {size} or {size + 1} are needed"
                continue
            if values and min(values) < 0:
                yield f"{name} = {min(values):g} [1] must be >= 0"
            width = len(values) // size if size else 0
            for state in range(size):
                total = sum(values[state * width : (state + 1) * width])
                if abs(total - 1) > ROW_SUM:
                    yield f"{name}: the chances from state {state} sum to {total:g}, must be 1"
                    break

    def _curve_problems(self) -> Iterator[str]:
        if self.pulses_up is None or self.pulses_down is None:
            yield "a curve needs pulses_up and pulses_down"
        if self.conductances:
            yield "a curve has no states of its own; give conductance_low with conductance_high or on_off"
        if self.retention is not None:
            yield "retention is of a state, and a curve has none; conductances that drift are not modelled"


@dataclasses.dataclass(frozen=True, kw_only=True)
class SynapseFile:
    """A synapse with what is to be said about it.

    Attributes:
        name: of the device.
        synapse: its figures.
        source: where they come from.
        validity: where they hold.
        assumptions: what the source does not say.
    """

    name: str
    synapse: Synapse
    source: str = ""
    validity: str = ""
    assumptions: str = ""


def shipped_synapses() -> list[str]:
    """Return the names of the synapses that come with the package."""
    files = (importlib.resources.files("dwsynapse_data") / "synapses").iterdir()
    return sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml"))


def is_shipped_synapse(source: str | Path) -> bool:
    """Return whether a source is the name of a shipped synapse, and no file."""
    return str(source) in shipped_synapses() and not Path(source).exists()


def is_synapse(source: str | Path) -> bool:
    """Return whether a source is a shipped synapse or a TOML file with a `[synapse]`."""
    if not is_toml(source):
        return is_shipped_synapse(source)
    return "synapse" in read_toml(source)


def load_synapse(source: str | Path) -> SynapseFile:
    """Read a synapse from a TOML file, or by the name of a shipped one.

    Raises:
        InputError: no such synapse or file, or not a sound one; one line.
    """
    if is_shipped_synapse(source):
        text = (importlib.resources.files("dwsynapse_data") / "synapses" / f"{source}.toml").read_text(encoding="utf-8")
        return synapse_from_mapping(parse_toml(text, str(source)), str(source))
    if not is_toml(source) and not Path(source).exists():
        raise InputError(f"{source}: no such file or shipped synapse{nearest(str(source), shipped_synapses())}")
    return synapse_from_mapping(read_toml(source), str(source))


def synapse_from_mapping(mapping: Mapping, where: str) -> SynapseFile:
    """Build a synapse from the content of a file.

    Args:
        mapping: what the file holds.
        where: its name, for messages.

    Raises:
        InputError: unknown, missing or impossible content; one line.
    """
    if "synapse" not in mapping:
        hint = "; a table of a device with physics is made by `dwsynapse sweep`" if "track" in mapping else ""
        raise InputError(f"{where}: holds no [synapse]{hint}")
    name, known = own_name(mapping, Path(where).stem, where), {"synapse", *TEXTS}
    for key, value in mapping.items():
        if key not in known:
            raise InputError(f'{where}: unknown key "{key}"{nearest(key, known)}')
        if key in TEXTS and not isinstance(value, str):
            raise InputError(f"{where}: {key} = {value!r} must be a text")
    content = mapping["synapse"]
    if isinstance(content, Mapping):
        content = {key: _listed(key, value, where) if key in _MATRIX else value for key, value in content.items()}
    texts = {key: mapping[key] for key in TEXTS if key in mapping} | {"name": name}
    return SynapseFile(synapse=Synapse.from_mapping(content, f"{where} [synapse]"), **texts)


def _listed(name: str, value, where: str) -> list:
    """Return the rows of a matrix one after another."""
    if not isinstance(value, list) or not value or not all(isinstance(row, list) for row in value):
        raise InputError(f"{where} [synapse]: {name} must be a list of lists of numbers, one for each state")
    lengths = {len(row) for row in value}
    if len(lengths) > 1 or not lengths <= {len(value), len(value) + 1}:
        raise InputError(
            f"{where} [synapse]: {name} has {len(value)} lists of {sorted(lengths)} numbers, each must have "
            f"{len(value)} or {len(value) + 1}"
        )
    return list(itertools.chain(*value))
