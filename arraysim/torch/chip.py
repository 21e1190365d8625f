"""The devices of one layer of PyTorch: what they are made from, their read paths, and what waits for the next step."""

import dataclasses
import functools
import math
from typing import Any

import numpy as np
import torch

from arraysim.periphery.config import Periphery
from arraysim.periphery.reader import PeripheryReader
from arraysim.programming.write_verify import WriteVerifyResult
from arraysim.synapses.pulse_law import PulseLaw
from arraysim.synapses.settings import ArraySettings
from arraysim.synapses.weights import FloatWeights, PulsedWeights
from dwcore.errors import InputError

MAX_NUMBER = 1 << 20
"""Arrays of one seed; the references and fast arrays that go with them have the numbers beyond."""
MAX_SEED = 2**63 - 1
_INITIAL = 7  # stream of the first weights


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ChipPlan:
    """What the devices of a layer are made from.

    Attributes:
        law: what the two pulses, up and down, do to the synapses.
        rows: inputs, the bias included [1].
        columns: outputs [1].
        largest_weight: whose devices are all at their ends [1].
        settings: kind of weights, spread and faults of their devices.
        seed: root seed [1].
        number: of the array among those with the same seed [1].
    """

    law: PulseLaw
    rows: int
    columns: int
    largest_weight: float
    settings: ArraySettings
    seed: int
    number: int

    def make(self) -> PulsedWeights:
        """Return the weights, every wall in its first state."""
        size = {"rows": self.rows, "columns": self.columns, "largest_weight": self.largest_weight}
        return self.settings.make(self.law, **size, seed=self.seed, number=self.number)

    def to_state(self) -> dict:
        """Return numbers, texts and tensors only, so that a file of them runs no code when it is read."""
        law = {field.name: getattr(self.law, field.name) for field in dataclasses.fields(self.law)}
        law = {name: torch.from_numpy(values.copy()) for name, values in law.items() if values is not None}
        own = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return own | {"law": law, "settings": self.settings.to_dict()}

    @classmethod
    def from_state(cls, state: dict) -> "ChipPlan":
        """Return the plan that was kept; an equal law is kept in memory once."""
        law = PulseLaw(**{name: values.numpy() for name, values in state["law"].items()})
        return cls(**state | {"law": law, "settings": ArraySettings(**state["settings"])})


class Chip:
    """Devices of one layer, their read paths, and what waits for the next step.

    Attributes:
        weights: shape (rows, columns).
        plan: what they are made from; None where they were made elsewhere.
        cells: the parameter on their memory.
        name: of the layer, for messages.
        keeps_signals: whether the rule needs what drove the rows and came back on the columns of each pass.
        signals: of the passes whose gradients have been added up, pairs of shapes (n, rows) and (n, columns).
        programmed: how write-verify went, if it was done.
        settled: whether the devices may not be drawn anew, since somebody has seen them or gave their number.
    """

    weights: Any  # FloatWeights, or PulsedWeights where pulsed is true

    def __init__(self, weights: FloatWeights, *, groups: int = 1, plan: ChipPlan | None = None, share: float = 0.0):
        """Take weights.

        Args:
            weights: of the layer.
            groups: blocks of columns that are crossbars of their own [1].
            plan: what they are made from, if that is known.
            share: largest first weight as a share of the largest [1].
        """
        self.plan, self.groups, self.share = plan, groups, share
        self.name, self.settled, self.keeps_signals = "array", plan is None, False
        self.periphery: Periphery | None = None
        self.programmed: WriteVerifyResult | None = None
        self._readers: list[PeripheryReader] = []
        self.forget()
        self._take(weights)

    def __getstate__(self) -> dict:
        """A copy has a parameter of its own, and nothing waits for its step."""
        left = {"cells", "signals", "_pending", "_seen", "_version"}
        return {name: value for name, value in self.__dict__.items() if name not in left}

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        self.forget()

    @property
    def pulsed(self) -> bool:
        """Whether only pulses may change the weights."""
        return isinstance(self.weights, PulsedWeights)

    @property
    def reads_exactly(self) -> bool:
        """Whether nothing stands between numbers and conductances."""
        return not self._readers and getattr(self.weights, "reader", None) is None

    def attach(self, cells: torch.nn.Parameter) -> None:
        """Let a parameter stand on the memory of the weights."""
        self.cells = cells
        cells.register_post_accumulate_grad_hook(self._gradient_added)
        self.written()

    def written(self) -> None:
        """Note that what was done to the weights was right; graphs made before are refused from now on."""
        torch.autograd.graph.increment_version(self.cells)
        self._version = self.cells._version

    def check(self) -> None:
        """Refuse weights that something else than pulses has written.

        Raises:
            InputError: it has.
        """
        if self.pulsed and self.cells._version != self._version:
            several = torch.distributed.is_available() and torch.distributed.is_initialized()
            hint = "; DistributedDataParallel leaves them alone with init_sync=False" if several else ""
            raise InputError(
                f"{self.name}: its weights were written as numbers; use PulseOptimizer or write_verify{hint}"
            )
        self.settled = True

    def redraw(self, number: int, largest_weight: float | None = None) -> None:
        """Give the array its number among those of the seed, and devices anew if that or their range is another one."""
        if self.plan is None:
            raise InputError(f"{self.name}: weights made elsewhere cannot be drawn anew")
        largest = self.plan.largest_weight if largest_weight is None else largest_weight
        plan = dataclasses.replace(self.plan, number=number, largest_weight=largest)
        if (self.plan.number, self.plan.largest_weight) != (number, largest):
            self.plan = plan
            self._take(first_weights(plan, self.share))
            self.look_through(self.periphery)
        self.settled = True

    def look_through(self, periphery: Periphery | None) -> None:
        """Read the array through a periphery from now on; None multiplies exactly.

        Raises:
            InputError: the weights are no devices.
        """
        self.periphery, self._readers = periphery, []
        if periphery is None:
            return
        if not self.pulsed:
            raise InputError(f"{self.name}: a periphery reads devices, these weights are numbers")
        seed, number = (0, self.weights.number) if self.plan is None else (self.plan.seed, self.plan.number)
        # Groups are crossbars of their own: their numbers lie beyond those of arrays, references and fast arrays.
        self._readers = [
            PeripheryReader(periphery, seed=seed, number=number + 4 * MAX_NUMBER * group)
            for group in range(self.groups)
        ]

    def forward(self, rows: list[np.ndarray], adapt: bool) -> np.ndarray:
        """Return what the columns give, shape (n, columns).

        Args:
            rows: what drives the rows of each group, shape (n, rows).
            adapt: whether ranges may follow the data.
        """
        parts = [reader.forward(r, w) for reader, r, w in zip(self._ready(adapt), rows, self._parts(), strict=True)]
        return parts[0] if self.groups == 1 else np.concatenate(parts, axis=1)

    def backward(self, errors: np.ndarray, adapt: bool) -> list[np.ndarray]:
        """Return what the rows of each group give, shape (n, rows), of errors of shape (n, columns)."""
        parts = np.split(errors, self.groups, axis=1)
        return [reader.backward(e, w) for reader, e, w in zip(self._ready(adapt), parts, self._parts(), strict=True)]

    def pass_signals(self, rows: list[np.ndarray], errors: np.ndarray) -> None:
        """Take what drove rows and columns in one backward pass; errors of a group reach its own columns only."""
        width = errors.shape[1] // self.groups
        for group, signal in enumerate(rows):
            own = np.zeros_like(errors) if self.groups > 1 else errors
            part = slice(group * width, (group + 1) * width)
            own[:, part] = errors[:, part]
            self._pending.append((signal, own))

    def forget(self) -> None:
        """Drop what waits for the step."""
        self.signals: list[tuple[np.ndarray, np.ndarray]] = []
        self._pending: list[tuple[np.ndarray, np.ndarray]] = []
        self._seen: torch.Tensor | None = None

    def to_state(self) -> dict:
        """Return the chip: plan, memory of the devices, ranges of the converters; numbers, texts and tensors only."""
        self.settled = True
        if not self.pulsed:
            return {"values": torch.from_numpy(self.weights.values.copy())}
        state = {"memory": _tensors(self.weights.checkpoint())}
        if self.plan is None:
            return state | {"devices": self._devices()}
        readers = [_tensors(reader.checkpoint()) for reader in self._readers]
        periphery = None if self.periphery is None else self.periphery.to_dict()
        return state | {"plan": self.plan.to_state(), "periphery": periphery, "readers": readers}

    def load_state(self, state: dict) -> None:
        """Become the chip that was kept; ranges of converters are taken over if the periphery is the same.

        Raises:
            InputError: it is that of another kind of layer, or damaged.
        """
        kind = "plan" if self.plan is not None else "devices" if self.pulsed else "values"
        if not isinstance(state, dict) or kind not in state:
            raise InputError(f"{self.name}: the state given is not that of such an array ({kind} missing)")
        try:
            self._load(state)
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{self.name}: the state given is no sound state of an array: {error}") from None
        self.settled = True
        self.forget()
        self.written()

    def _load(self, state: dict) -> None:
        shape = self.weights.values.shape
        if not self.pulsed:
            given = state["values"].numpy()
            _same_shape(self.name, given.shape, shape)
            self.weights.values[...] = given
            return
        if self.plan is None:
            if not torch.equal(state["devices"], self._devices()):
                raise InputError(f"{self.name}: the state given is that of other devices")
            self.weights.restore(_arrays(state["memory"]))
            return
        plan = ChipPlan.from_state(state["plan"])
        _same_shape(self.name, (plan.rows, plan.columns), shape)
        weights = plan.make()
        weights.restore(_arrays(state["memory"]))
        self.plan = plan
        self._take(weights)
        self.look_through(self.periphery)
        if self.periphery is not None and self.periphery.to_dict() == state["periphery"]:
            for reader, saved in zip(self._readers, state["readers"], strict=True):
                reader.restore(_arrays(saved))

    def _take(self, weights: FloatWeights) -> None:
        if weights.values.dtype != np.float32 or not weights.values.flags.c_contiguous:
            weights.values = np.ascontiguousarray(weights.values, np.float32)
        self.weights = weights
        if hasattr(self, "cells"):
            # Cells refuse to be moved by others.
            torch.Tensor.data.__set__(self.cells, torch.from_numpy(weights.values))  # type: ignore[attr-defined]
            self.written()

    def _devices(self) -> torch.Tensor:
        """What tells the devices of weights made elsewhere from others."""
        arrays = self.weights.arrays
        own = [values.astype(np.float64).ravel() for a in arrays for values in (a.instance, a.device_factors())]
        return torch.from_numpy(np.concatenate([*own, self.weights.array.law.probability.ravel()]))

    def _ready(self, adapt: bool) -> list[PeripheryReader]:
        readers = self._readers or [self.weights.reader] * self.groups
        for reader in readers:
            reader.adapt = adapt
        return readers

    def _parts(self) -> list:
        """Blocks of columns as a read path takes them."""
        if self.groups == 1:
            return [self.weights]
        width = self.weights.values.shape[1] // self.groups
        return [_Columns(self.weights, slice(g * width, (g + 1) * width)) for g in range(self.groups)]

    def _gradient_added(self, cells: torch.Tensor) -> None:
        """Keep the signals of a gradient that was added up; a gradient that was dropped takes its signals along."""
        if cells.grad is not self._seen:
            self.signals = []
        self._seen = cells.grad if self.keeps_signals else None
        self.signals += self._pending
        self._pending = []


class _Columns:
    """Some columns of weights, as a read path takes them."""

    def __init__(self, weights: PulsedWeights, part: slice):
        self.values = np.ascontiguousarray(weights.values[:, part])
        self.factors, self.scale = weights.factors, weights.scale
        self._weights, self._part = weights, part

    @functools.cached_property
    def conductances(self) -> tuple[np.ndarray, ...]:
        """Planes of these columns; a reference column is that of all [S]."""
        planes = self._weights.conductances
        return tuple(plane if plane.shape[1] == 1 else plane[:, self._part] for plane in planes)


def new_chip(
    rows: int,
    columns: int,
    *,
    groups: int,
    law: PulseLaw | None = None,
    weights: FloatWeights | None = None,
    settings: ArraySettings | None = None,
    seed: int | None = None,
    number: int | None = None,
    weight_range: float = 4.0,
    initial_share: float = 0.5,
) -> Chip:
    """Return the array of a layer: the weights given, or devices with the first weights set by pulses.

    Args:
        rows: inputs, the bias included.
        columns: outputs.
        groups: blocks of columns that are crossbars of their own.
        law: what the two pulses, up and down, do to the synapses.
        weights: weights made elsewhere, instead.
        settings: kind of weights, spread and faults of their devices; default pairs without any.
        seed: root seed; None draws one from torch's generator, as its own layers do [1].
        number: of the array among those with the same seed; None leaves that to the optimizer, in the order of the
            model [1].
        weight_range: largest weight times the root of the rows [1].
        initial_share: largest initial weight as a share of the largest [1].
    """
    if law is not None and weights is not None:
        raise InputError("give a law to make an array, or weights made elsewhere, not both")
    if law is None:
        if weights is None:
            raise InputError("give a law to make an array, or weights made elsewhere")
        if weights.values.shape != (rows, columns):
            raise InputError(f"weights of shape {weights.values.shape} given to a layer of shape {(rows, columns)}")
        if groups > 1 and getattr(weights, "reader", None) is not None:
            raise InputError(f"weights with a reader given to {groups} groups; give the layer a periphery instead")
        return Chip(weights, groups=groups)
    if seed is None:
        seed = int(torch.randint(MAX_SEED, ()).item())
    for name, value, most in (("seed", seed, MAX_SEED), ("number", 0 if number is None else number, MAX_NUMBER - 1)):
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
            raise InputError(f"{name} = {value!r} must be an integer from 0 to {most}")
    if not (math.isfinite(weight_range) and weight_range > 0 and 0 <= initial_share <= 1):
        raise InputError(
            f"weight_range = {weight_range} [1] must be > 0, initial_share = {initial_share} [1] from 0 to 1"
        )
    plan = ChipPlan(
        law=law,
        rows=rows,
        columns=columns,
        largest_weight=weight_range / math.sqrt(rows),
        settings=ArraySettings() if settings is None else settings,
        seed=seed,
        number=0 if number is None else number,
    )
    chip = Chip(first_weights(plan, initial_share), groups=groups, plan=plan, share=initial_share)
    chip.settled = number is not None
    return chip


def first_weights(plan: ChipPlan, share: float) -> PulsedWeights:
    """Return new weights, set by pulses up to a share of the largest [1]; a share of zero leaves every wall alone."""
    weights = plan.make()
    if share:
        weights.initialize(share, np.random.default_rng([plan.seed, _INITIAL, plan.number]))
    return weights


def _same_shape(name: str, given: tuple, needed: tuple) -> None:
    if tuple(given) != tuple(needed):
        raise InputError(
            f"{name}: size mismatch: an array of {tuple(given)} in the state, {tuple(needed)} in the model"
        )


def _tensors(memory: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(values.copy()) for name, values in memory.items()}


def _arrays(memory: dict[str, torch.Tensor]) -> dict[str, np.ndarray]:
    return {name: values.numpy() for name, values in memory.items()}
