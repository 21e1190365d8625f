"""The chip and its float32 twin trained on a device of PyTorch; what they keep and record is that of their classes.

The arrays in main memory are brought up to date before anybody looks at them, so a checkpoint says nothing of the device
and a run may go on on another one.
"""

import functools
from collections.abc import Sequence

import numpy as np
import torch

from arraysim.networks.crossbars import ArrayLayer
from arraysim.synapses.pulse_law import PulseLaw
from arraysim.tensors.mirror import Mirror
from arraysim.tensors.network import TensorNetwork
from arraysim.tensors.place import place_of, repeatable
from arraysim.tensors.rules import tensor_rule
from arraysim.training.chip import Chip
from arraysim.training.config import TrainingConfig
from arraysim.training.descent import Descent
from arraysim.training.float_twin import FloatTwin
from arraysim.training.result import HardwareRecord, LearnedWeights


class TensorDescent:
    """Gradient descent with momentum on tensors; the velocities are those of a ``Descent``."""

    def __init__(self, descent: Descent, values: Sequence[torch.Tensor], mirror: Mirror):
        """Stand in for a descent.

        Args:
            descent: keeps the velocities and the momentum.
            values: what is changed, in its order.
            mirror: keeps both together.
        """
        self._values, self._momentum = values, float(descent.momentum)
        self._velocity = [mirror.of(velocity) for velocity in descent.velocity]

    def step(self, rate: float) -> None:
        """Take one step by the gradients that the tensors hold."""
        for values, velocity in zip(self._values, self._velocity, strict=True):
            if values.grad is not None:
                velocity.mul_(self._momentum).sub_(values.grad * float(np.float32(rate)))
                values += velocity


class TensorChip(Chip):
    """A network on chip whose arrays, rules and passes are tensors."""

    network: TensorNetwork

    def __init__(self, law: PulseLaw, layers: list[ArrayLayer], *, config: TrainingConfig, **more):
        """Make the chip, set its first weights by pulses, and put it on its device.

        Args:
            law: as for ``Chip``.
            layers: as for ``Chip``.
            config: network, rule, schedule and device.
            more: as for ``Chip``.

        Raises:
            InputError: as for ``Chip``, or there is no such device.
        """
        super().__init__(law, layers, config=config, network=_network_of(config), **more)
        network = self.network
        self._tensor_rules = [tensor_rule(rule, network.mirror) for rule in self._rules]
        self._tensor_descent = TensorDescent(self._descent, network.digital, network.mirror)

    def update(self, share: float) -> None:
        """Send the pulses that the rules ask for; train what is digital digitally."""
        network = self.network
        arrays = [network.arrays[id(weights)] for weights in self._weights]
        with torch.no_grad(), repeatable():
            for array, rule, rate in zip(arrays, self._tensor_rules, self._rates, strict=True):
                rule.write(array, array.gradient, share * rate)
            self._tensor_descent.step(share * self._digital_rate)

    def end_epoch(self) -> dict:
        """Note and return the totals since the arrays were new."""
        self._fetch()
        return super().end_epoch()

    def record(self) -> HardwareRecord:
        """Return what happened to the synapses so far."""
        self._fetch()
        return super().record()

    def checkpoint(self) -> dict[str, np.ndarray]:
        """Return a copy of everything that training has changed."""
        self._fetch()
        return super().checkpoint()

    def restore(self, saved: dict[str, np.ndarray]) -> None:
        """Go back to a checkpoint of a chip built alike, whatever device it was on."""
        super().restore(saved)
        self.network.mirror.load()

    def _fetch(self) -> None:
        self.network.mirror.fetch()
        for weights in self._weights:
            weights.refresh()


class TensorTwin(FloatTwin):
    """The float32 twin on tensors."""

    network: TensorNetwork

    def __init__(self, layers: list[ArrayLayer], *, config: TrainingConfig, **more):
        """Make the twin and put it on its device; arguments as for ``FloatTwin``.

        Raises:
            InputError: there is no such device.
        """
        super().__init__(layers, config=config, network=_network_of(config), **more)
        network = self.network
        self._tensor_descent = TensorDescent(self._descent, network.in_arrays + network.digital, network.mirror)

    def update(self, share: float) -> None:
        """Take one step by the gradients that the tensors hold."""
        with torch.no_grad(), repeatable():
            self._tensor_descent.step(share * self.rate)

    def record(self) -> LearnedWeights:
        """Return a copy of what it has learned."""
        self.network.mirror.fetch()
        return super().record()

    def checkpoint(self) -> dict[str, np.ndarray]:
        """Return a copy of everything that training has changed."""
        self.network.mirror.fetch()
        return super().checkpoint()

    def restore(self, saved: dict[str, np.ndarray]) -> None:
        """Go back to a checkpoint of a twin built alike, whatever device it was on."""
        super().restore(saved)
        self.network.mirror.load()


def _network_of(config: TrainingConfig):
    return functools.partial(TensorNetwork, device=place_of(config.device), numbers=config.device_products)
