"""Where tensors live: PyTorch on the processor or on a GPU, and how it computes there."""

import contextlib
from collections.abc import Iterator

import torch

from dwcore.errors import InputError

PLACES = {"cpu-torch": "cpu", "cuda": "cuda"}
"""By the word of the setting ``device``, the name in PyTorch."""


def place_of(device: str) -> torch.device:
    """Return where tensors live.

    Args:
        device: a word of ``PLACES``.

    Raises:
        InputError: there is no GPU.
    """
    if device == "cuda" and not torch.cuda.is_available():
        built = "" if torch.version.cuda else "; this PyTorch is built without CUDA"
        raise InputError(f"device = cuda: PyTorch {torch.__version__} finds no GPU here{built}; take cpu-torch")
    return torch.device(PLACES[device])


@contextlib.contextmanager
def repeatable() -> Iterator[None]:
    """Compute in float32 as it stands, in ways that repeat, while the block runs.

    A GPU takes no convolution of shorter numbers for float32 and none that adds up in an order of its own; a processor
    takes one thread, since the number of threads changes the order of the sums in a gradient.
    """
    before = torch.get_num_threads()
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
        if before != 1:
            torch.set_num_threads(1)
        try:
            yield
        finally:
            if before != 1:
                torch.set_num_threads(before)
