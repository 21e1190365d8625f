"""What every layer of PyTorch with an array does: both passes through the array, its state, what it refuses.

A pass keeps what its backward pass needs in the graph, so a layer may be used as often as wanted before a step.
"""

import inspect
import sys
from types import FrameType

import numpy as np
import torch

from arraysim.networks import quantization
from arraysim.periphery.config import Periphery
from arraysim.synapses.weights import FloatWeights
from arraysim.torch.cells import Cells
from arraysim.torch.chip import Chip, new_chip
from dwcore.errors import InputError, nearest


def pass_once(chip: Chip) -> None:
    """Refuse, in a backward pass, to have it recorded for another one.

    Raises:
        InputError: it is.
    """
    if torch.is_grad_enabled():
        raise InputError(f"{chip.name}: arrays pass errors back once; there is no gradient of a gradient")


class _Pass(torch.autograd.Function):
    """Forward and backward through the array of a layer."""

    @staticmethod
    def forward(context, value, cells, layer):
        context.save_for_backward(value, cells)
        context.layer, context.adapt = layer, layer.training
        if cells.chip.reads_exactly:
            return layer._products(value, cells.detach())
        shape = layer._products(torch.empty_like(value, device="meta"), torch.empty_like(cells, device="meta")).shape
        return layer._read(value.detach(), shape)

    @staticmethod
    def backward(context, error):
        pass_once(context.layer.chip)
        value, cells = context.saved_tensors
        chip = context.layer.chip
        if not (chip.reads_exactly or isinstance(cells, Cells)):  # of a pass done again, which reads other noise
            raise InputError(f"{chip.name}: what it read cannot be computed again; take it out of the checkpoint")
        return *context.layer._back(value, cells, error, context.needs_input_grad[:2], context.adapt), None


def _in_a_pass() -> bool:
    """Whether a module of torch is being called."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code is not torch.nn.Module._call_impl.__code__:
        frame = frame.f_back
    return frame is not None


def _check_options(array: dict) -> None:
    """Take out where and of what type weights are, which arrays leave no choice of.

    Raises:
        InputError: elsewhere, of another type, or an option that there is not.
    """
    device, dtype = array.pop("device", None), array.pop("dtype", None)
    if device is not None and torch.device(device).type != "cpu":
        raise InputError(
            f'device = "{device}": devices of an array stay in main memory, and results go where inputs are'
        )
    if dtype not in (None, torch.float32):
        raise InputError(f"dtype = {dtype}: arrays compute in torch.float32")
    known = [name for name, kind in inspect.signature(new_chip).parameters.items() if kind.kind is kind.KEYWORD_ONLY]
    for name in array:
        if name not in known:
            raise InputError(f'unknown option "{name}" of an array{nearest(name, known)}')


class ArrayModule(torch.nn.Module):
    """What all layers with an array share.

    Attributes:
        cells: the parameter that only pulses change, shape (rows, columns).
    """

    cells: Cells

    def __init__(self, rows: int, columns: int, *, bias: bool, error_bits: int, groups: int = 1, periphery, **array):
        super().__init__()
        if (
            isinstance(error_bits, bool)
            or not isinstance(error_bits, int)
            or error_bits == 1
            or not 0 <= error_bits <= 16
        ):
            raise InputError(f"error_bits = {error_bits!r} [1] must be 0 or 2 to 16")
        self._bias, self.error_bits = bool(bias), error_bits
        _check_options(array)
        chip = new_chip(rows + self._bias, columns, groups=groups, **array)
        self.cells = Cells(chip)
        if periphery is not None:
            chip.look_through(periphery)

    @property
    def chip(self) -> Chip:
        """The devices and their read path."""
        cells = self.cells
        if not isinstance(cells, Cells):
            raise InputError("the weights of an array are its devices; no other tensor can take their place")
        return cells.chip

    @property
    def weights(self) -> FloatWeights:
        """The weights as the rest of ``arraysim`` takes them."""
        return self.chip.weights

    @property
    def weight(self) -> torch.Tensor:
        """The weights as they are now, shape (rows, columns), a copy; the bias, if any, is the last row."""
        self.chip.check()
        if _in_a_pass():
            raise InputError(
                f"{self.chip.name}: a pass reads its weight, and what it multiplies by that passes by the devices; "
                "call the layer (cells.detach() only shows the weights)"
            )
        return self.cells.detach().clone()

    @property
    def periphery(self) -> Periphery | None:
        """What stands between numbers and conductances; another one may be set at any time."""
        return self.chip.periphery

    @periphery.setter
    def periphery(self, periphery: Periphery | None) -> None:
        self.chip.look_through(periphery)

    def gradient(self) -> torch.Tensor:
        """Return the gradient that waits for the next step, shape (rows, columns); zero where nothing waits."""
        return torch.zeros_like(self.cells.detach()) if self.cells.grad is None else self.cells.grad.detach().clone()

    def get_extra_state(self) -> dict:
        """Return the chip, for ``state_dict``."""
        return self.chip.to_state()

    def set_extra_state(self, state: dict) -> None:
        """Become the chip that was kept, devices and all."""
        self.chip.load_state(state)

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        super()._save_to_state_dict(destination, prefix, keep_vars)
        del destination[prefix + "cells"]  # the extra state holds the devices

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, strict, missing, unexpected, errors):
        super()._load_from_state_dict(state_dict, prefix, local_metadata, strict, missing, unexpected, errors)
        missing[:] = [name for name in missing if name != prefix + "cells"]

    def _apply(self, fn, recurse=True):
        """Arrays stay in main memory and in float32 wherever the rest of the model goes."""
        return self

    def _pass(self, value: torch.Tensor) -> torch.Tensor:
        if torch.compiler.is_compiling():  # a compiler would read a wrong version off the parameter
            return torch.compiler.disable(self._through)(value)
        return self._through(value)

    def _through(self, value: torch.Tensor) -> torch.Tensor:
        chip = self.chip
        chip.check()
        if value.layout != torch.strided or value.is_meta:
            kind = "on the meta device" if value.is_meta else f"of layout {str(value.layout).removeprefix('torch.')}"
            raise InputError(f"{chip.name}: an array is driven by numbers in a row, but got a tensor {kind}")
        device = value.device.type
        if torch.is_autocast_enabled(device):
            with torch.autocast(device, enabled=False):
                return self._through(value.float())
        if value.dtype != torch.float32:
            # As torch words it where the parameters are float32.
            kind = str(value.dtype).removeprefix("torch.").capitalize()
            raise RuntimeError(
                f"mat1 and mat2 must have the same dtype, but got {kind} and Float: an array takes float32"
            )
        if value.is_cpu:
            return _Pass.apply(value, chip.cells, self)
        return _Pass.apply(value.cpu(), chip.cells, self).to(value.device)

    def _read(self, value: torch.Tensor, shape: torch.Size) -> torch.Tensor:
        """Return the outputs, of a shape, as the read path gives them."""
        if not torch.isfinite(value.sum()) and not (finite := torch.isfinite(value)).all():
            place = tuple((~finite).nonzero()[0].tolist())
            raise InputError(
                f"{self.chip.name}: input {place} is {value[place].item()}, a converter takes finite numbers"
            )
        if not value.numel():
            return value.new_zeros(shape)
        out = self.chip.forward(self._signals(value), self.training)
        return self._shaped(torch.from_numpy(np.ascontiguousarray(out)), shape)

    def _back(self, value, cells, error, needed, adapt):
        """Return the errors of the inputs and the gradient by the weights, each if needed."""
        chip = self.chip
        if self.error_bits:
            error = torch.from_numpy(quantization.errors(error.contiguous().numpy(), self.error_bits))
        if needed[1] and chip.keeps_signals:
            chip.pass_signals(self._signals(value), self._listed(error).numpy())
        if chip.reads_exactly:
            return self._gradients(value, cells.detach(), error, needed)
        back, gradient = None, self._gradients(value, cells.detach(), error, (False, needed[1]))[1]
        if needed[0]:
            rows = chip.backward(np.ascontiguousarray(self._listed(error).numpy()), adapt) if error.numel() else []
            back = self._rolled(rows, value) if rows else torch.zeros_like(value)
        return back, gradient

    def _signals(self, value: torch.Tensor) -> list[np.ndarray]:
        """What drives the rows of each group, bias included, shape (n, rows)."""
        rows = self._unrolled(value).numpy()
        full = np.ones((*rows.shape[:2], rows.shape[2] + self._bias), np.float32)
        full[..., : rows.shape[2]] = rows
        return list(full)

    def _products(self, value: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Return inputs times weights, computed exactly."""
        raise NotImplementedError

    def _gradients(self, value, weights, error, needed) -> tuple[torch.Tensor | None, torch.Tensor | None]:
        """Return the gradients by inputs and weights of the same, each if needed."""
        raise NotImplementedError

    def _unrolled(self, value: torch.Tensor) -> torch.Tensor:
        """Return what drives the rows without the bias, shape (groups, n, rows)."""
        raise NotImplementedError

    def _rolled(self, rows: list[np.ndarray], value: torch.Tensor) -> torch.Tensor:
        """Return what came back on the rows of each group, shape (n, rows), in the shape of the inputs."""
        raise NotImplementedError

    def _listed(self, error: torch.Tensor) -> torch.Tensor:
        """Return the errors of the outputs as they enter the columns, shape (n, columns)."""
        raise NotImplementedError

    def _shaped(self, out: torch.Tensor, shape: torch.Size) -> torch.Tensor:
        """Return what the columns gave, shape (n, columns), in the shape of the outputs."""
        raise NotImplementedError
