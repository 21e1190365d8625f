"""Arrays in main memory and their twins as tensors, of which the tensors are worked on."""

import numpy as np
import torch


class Mirror:
    """Tensors that stand in for arrays; ``fetch`` brings the arrays up to date, ``load`` the tensors."""

    def __init__(self, device: torch.device):
        self.device = device
        self._pairs: list[tuple[torch.Tensor, torch.Tensor]] = []

    def of(self, array: np.ndarray) -> torch.Tensor:
        """Return the tensor of an array, of its shape and bits; unsigned 32-bit integers become signed ones."""
        there = torch.from_numpy(array.view(np.int32) if array.dtype == np.uint32 else array)
        tensor = there.to(self.device, copy=True)
        self._pairs.append((there, tensor))
        return tensor

    def load(self) -> None:
        """Take the values of all arrays."""
        with torch.no_grad():
            for there, tensor in self._pairs:
                tensor.copy_(there)

    def fetch(self) -> None:
        """Put the values of all tensors into their arrays."""
        for there, tensor in self._pairs:
            there.copy_(tensor.detach())
