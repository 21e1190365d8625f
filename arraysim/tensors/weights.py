"""Weights made of devices, written by pulses, as tensors: the arithmetic of ``weight_kernel``, to the last bit.

Draws are integer arithmetic. Conductances are looked up; what is computed with them takes one rounding to single
precision at a time, in the order of the kernel, and no sum is fused with a product. So a processor and a GPU give the
same states, wear and weights as the compiled kernels.
"""

from typing import NamedTuple

import torch

from arraysim.synapses.weight_kernel import ODDS_IN_BITS
from arraysim.synapses.weights import PulsedWeights
from arraysim.tensors.counter import counters, next_states, step_bits, upper
from arraysim.tensors.mirror import Mirror

_LEAST = 1 / 32
_LEAST_ODDS = 31


class _Layout(NamedTuple):
    """How devices make a weight, as ``PulsedWeights.target`` says it."""

    digits: int
    sides: int
    ratio: int
    columns: int
    factor: list[float]
    scale: float
    low: float
    high: float
    least: float


class TensorWeights:
    """The devices of one layer as tensors.

    Attributes:
        values: weights, shape (rows, columns), float32 [1].
    """

    def __init__(self, weights: PulsedWeights, mirror: Mirror):
        """Take the devices as they are.

        Args:
            weights: whose arrays the tensors stand in for.
            mirror: keeps them together.
        """
        self._weights = weights
        values, _, devices, sent, instance, reading, writing, self._keys, self._choice, layout = weights.target()
        state, settled, follow, received, wear = devices
        levels, many, own, spread = reading
        table, self._kinds, self._states, log_columns = writing
        device = mirror.device
        self.values = mirror.of(weights.values)
        self._flat = self.values.view(-1)
        self._n = values.size
        self._state, self._sent = mirror.of(state), mirror.of(sent)
        self._settled = mirror.of(settled) if follow else None
        self._received = mirror.of(received) if wear else None
        self._reads = mirror.of(weights.array.memory()["reads"])
        self._instance = torch.from_numpy(instance.astype("int32")).to(device)
        self._levels = torch.from_numpy(levels).to(device).reshape(-1)
        self._many, self._level_shape = bool(many), levels.shape
        self._own = torch.from_numpy(own).to(device) if spread else None
        self._table, self._log_columns = torch.from_numpy(table.view("int64")).to(device), int(log_columns)
        digits, sides, ratio, columns, factor, offset, scale, low, high, least = layout
        self._offset = torch.from_numpy(offset).to(device)
        self._layout = _Layout(
            digits, sides, ratio, columns, factor.tolist(), float(scale), float(low), float(high), float(least)
        )

    @property
    def gradient(self) -> torch.Tensor:
        """Gradient of the loss by the weights, shape (rows, columns), float32; zero where nothing has come back."""
        return torch.zeros_like(self.values) if self.values.grad is None else self.values.grad

    def pulse(self, weight: torch.Tensor, up: torch.Tensor) -> None:
        """Send a pulse each to some weights; ``weight_kernel`` says which device it goes to.

        Args:
            weight: flat indices, none twice, shape (m,), int64.
            up: whether to raise the weight, shape (m,), bool.
        """
        if not len(weight):
            return
        layout, array = self._layout, self._weights.array
        event = array.take_events(self._weights.events_per_pulse)
        bits = step_bits(self._choice, counters(event, weight))
        digit, side = self._chosen(weight, up, bits)
        first = bits & 1
        # Raising the weight lowers G-. The digits below step back, both sides in turn.
        for step in range(1 + (layout.digits - 1) * (layout.ratio - 1)):
            if step > 0:
                due = step <= digit * (layout.ratio - 1)
                lower = torch.full_like(digit, (step - 1) // (layout.ratio - 1))
                self._step(event + step, weight, lower, (step + first) % layout.sides, ~up, due)
            else:
                self._step(event, weight, digit, side, up, None)
        self._refresh(weight)

    def _step(self, event: int, weight, digit, side, up, due: torch.Tensor | None) -> None:
        """Send one pulse to a device of each weight that is due; None: of all."""
        if due is not None:
            weight, digit, side, up = (values[due] for values in (weight, digit, side, up))
        kind = (up != (side == 0)).long()
        i = (digit * self._layout.sides + side) * self._n + weight
        bits = step_bits(self._keys, counters(event, i))
        row = (self._instance[i].long() * self._kinds + kind) * self._states + self._state[i]
        self._state[i] = next_states(self._table, row, self._log_columns, bits)
        if self._settled is not None:
            self._settled[i] = (bits & 0xFF).to(torch.uint8)
        if self._received is not None:
            self._received[i] += 1
        lowered = kind.sum()
        self._sent += torch.stack([len(kind) - lowered, lowered])

    def _chosen(self, weight, up, bits) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the digit and the side of each pulse, int64, and count what was read to know."""
        layout = self._layout
        chance = (upper(bits, 11).double() * 2.0**-53).float()
        digit, side = torch.zeros_like(weight), (bits & 1) % layout.sides
        undecided = torch.ones_like(up)
        for number in range(layout.digits if layout.sides == 2 else 0):
            first, second = self._room(weight, number, up)
            self._reads += 2 * undecided.sum()
            found = undecided & (first + second > layout.least)
            if layout.digits > 1:
                found &= (bits >> 5 * (number % ODDS_IN_BITS)) & _LEAST_ODDS != 0
            share = (first / (first + second)).clamp(_LEAST, 1 - _LEAST)
            side = torch.where(found, (chance >= share).long(), side)
            digit = torch.where(found, number, digit)
            undecided = undecided & ~found
        return digit, side

    def _room(self, weight, digit: int, up) -> tuple[torch.Tensor, torch.Tensor]:
        """Return what the conductances of a pair, one digit, leave to the window on either side, float32 [S]."""
        layout = self._layout
        i = 2 * digit * self._n + weight
        g = self._conductance(i)
        first = torch.where(up, layout.high - g, g - layout.low).clamp(min=0)
        g = self._conductance(i + self._n)
        return first, torch.where(up, g - layout.low, layout.high - g).clamp(min=0)

    def _conductance(self, i: torch.Tensor) -> torch.Tensor:
        """Return the conductances of some synapses, float32 [S]."""
        _, states, settlings = self._level_shape
        place = self._state[i].long()
        if self._many:
            place += self._instance[i].long() * states
        place *= settlings
        if self._settled is not None:
            place += self._settled[i]
        g = self._levels[place]
        return g if self._own is None else g * self._own[i]

    def _refresh(self, weight: torch.Tensor) -> None:
        """Set some weights from their devices."""
        layout = self._layout
        total = -self._offset[weight // layout.columns]
        for plane, factor in enumerate(layout.factor):
            total = total + self._conductance(plane * self._n + weight) * factor
        self._flat[weight] = total * layout.scale
