"""The array of one layer as PyTorch sees it: a parameter that only pulses change.

``Cells`` is a ``torch.nn.Parameter`` on the very memory in which the devices' weights stand, so gradients add up in its
``grad`` as in any other, `requires_grad_(False)` freezes it and a graph that is older than the last pulses is refused.
``Chip`` is what stands behind it.
"""

import copy

import torch

from arraysim.torch.chip import MAX_NUMBER, Chip
from dwcore.errors import InputError


class Cells(torch.nn.Parameter):
    """Weights of an array, shape (rows, columns), the bias last; read them, send pulses, do not write them."""

    chip: Chip

    def __new__(cls, chip: Chip, requires_grad: bool = True):
        """Stand on the memory of the chip."""
        cells = torch.Tensor._make_subclass(cls, torch.from_numpy(chip.weights.values), True)
        cells.chip = chip
        chip.attach(cells)
        return cells.requires_grad_(requires_grad)

    @property
    def data(self) -> torch.Tensor:
        """The weights; unlike those of other parameters, what is written to them is noticed, and refused."""
        return self.detach()

    @data.setter
    def data(self, values) -> None:
        raise InputError(f"{self.chip.name}: its weights are devices, no numbers can take their place")

    def __deepcopy__(self, memo):
        if id(self) not in memo:
            if self.chip.pulsed:
                law = self.chip.weights.array.law
                memo[id(law)] = law  # nobody changes it
            memo[id(self)] = Cells(copy.deepcopy(self.chip, memo), self.requires_grad)
        return memo[id(self)]

    def __reduce_ex__(self, protocol):
        return Cells, (self.chip, self.requires_grad)


def chips_of(model: torch.nn.Module) -> list[Chip]:
    """Return the arrays of a model in its order, each once, and name them for messages."""
    found = {}
    for name, cells in model.named_parameters(remove_duplicate=True):
        if isinstance(cells, Cells):
            cells.chip.name = f'layer "{name.rpartition(".")[0]}"' if "." in name else "layer"
            found[id(cells)] = cells.chip
    return list(found.values())


def number(chips: list[Chip]) -> None:
    """Give every array of a model devices of its own: numbers in the order of the model.

    Arrays whose devices were seen or whose number was given keep theirs.

    Raises:
        InputError: two of those are the same devices.
    """
    held: dict[int, Chip] = {}
    for chip in chips:
        other = held.setdefault(id(chip.weights), chip)
        if other is not chip:
            raise InputError(f"{other.name} and {chip.name} hold the same weights; use one of the modules twice")
    planned = [(chip, chip.plan) for chip in chips if chip.plan is not None]
    taken: dict[tuple[int, int], Chip] = {}
    for chip, plan in planned:
        if chip.settled and (other := taken.setdefault((plan.seed, plan.number), chip)) is not chip:
            raise InputError(
                f"{other.name} and {chip.name} are the same devices (seed {plan.seed}, number {plan.number}); "
                "give each a number of its own, or make the PulseOptimizer before the model is used"
            )
    for chip, plan in planned:
        if not chip.settled:
            free = next(n for n in range(MAX_NUMBER) if (plan.seed, n) not in taken)
            taken[plan.seed, free] = chip
            chip.redraw(free)
