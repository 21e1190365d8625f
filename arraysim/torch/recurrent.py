"""Recurrent layers of PyTorch whose weights live in arrays (extra `torch`).

A cell has two arrays, as in ``torch.nn``: one reads the input, one the state, each with a bias row. Gates, products of
gates and states are digital. A layer reads the inputs of all steps at once and the state step by step. Where nothing
stands between numbers and conductances the sweep is that of torch, with the same weights: one call for all steps, and
one product for their gradient.
"""

from typing import Any

import torch
from torch import nn

from arraysim.torch.array_module import pass_once
from arraysim.torch.layers import ArrayLinear
from dwcore.errors import InputError

Gates = tuple[torch.Tensor, ...]


class _Cell(nn.Module):
    """What all cells share.

    Attributes:
        ih: array that reads the input.
        hh: array that reads the state.
    """

    gates: int
    states = 1
    sweep_of_torch: Any  # what torch does for all steps of a cell with matrices

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, **array):
        """Build the cell; ``array`` as of ``ArrayLinear``, for both arrays."""
        super().__init__()
        if array.get("weights") is not None or array.get("number") is not None:
            raise InputError("a cell has two arrays; its devices and their numbers cannot be given, give a law")
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        self.ih = ArrayLinear(input_size, self.gates * hidden_size, bias, **array)
        self.hh = ArrayLinear(hidden_size, self.gates * hidden_size, bias, **array)

    def forward(self, input: torch.Tensor, hx=None):
        """Return the next state, of inputs of shape (batch, input_size) or (input_size,); zero is the first."""
        if hx is None:
            hx = self.first(input.shape[:-1], input)
        new = self.advance(self.ih(input), hx if self.states > 1 else (hx,))
        return new if self.states > 1 else new[0]

    def first(self, shape: torch.Size, like: torch.Tensor):
        """Return a state of zeros for inputs of a shape without their last axis."""
        zero = torch.zeros(*shape, self.hidden_size, device=like.device, dtype=torch.float32)
        return (zero,) * self.states if self.states > 1 else zero

    def advance(self, read: torch.Tensor, state: Gates) -> Gates:
        """Return the next state of what the array of the input gave, and the state."""
        raise NotImplementedError

    def sweep(self, value: torch.Tensor, state: Gates) -> tuple[torch.Tensor, Gates]:
        """Return the states h after each step and the last state, of inputs of shape (steps, ..., input_size)."""
        if self._is_plain(value, state):
            sweep = self._sweep_of_torch
            return (torch.compiler.disable(sweep) if torch.compiler.is_compiling() else sweep)(value, state)
        outputs = []
        for read in self.ih(value):
            state = self.advance(read, state)
            outputs.append(state[0])
        return torch.stack(outputs), state

    def _is_plain(self, value: torch.Tensor, state: Gates) -> bool:
        """Whether the arrays do to inputs and states what matrices do, and nobody looks on."""
        plain = value.dim() == 3 and value.shape[-1] == self.input_size and value.numel() > 0
        plain = plain and not torch.is_autocast_enabled("cpu")
        plain = plain and all(part.is_cpu and part.dtype == torch.float32 for part in (value, *state))
        for layer in (self.ih, self.hh):
            plain = plain and layer.chip.reads_exactly and not (layer.chip.keeps_signals or layer.error_bits)
            plain = plain and not (layer._forward_hooks or layer._forward_pre_hooks or layer._backward_hooks)
        return plain

    def _sweep_of_torch(self, value: torch.Tensor, state: Gates) -> tuple[torch.Tensor, Gates]:
        inner, bias = [], []
        for layer in (self.ih, self.hh):
            layer.chip.check()
            inner.append(layer.cells[: layer.in_features].T)
            bias += [layer.cells[-1]] if self.bias else []
        first = [part[None] for part in state]
        # Training, to torch, is what keeps the gates for the backward pass.
        how = self.bias, 1, 0.0, torch.is_grad_enabled(), False, False
        out, *last = self.sweep_of_torch(value, first if self.states > 1 else first[0], inner + bias, *how)
        for part in (out, *last):
            if part.requires_grad:
                part.register_hook(lambda error: pass_once(self.hh.chip))
        return out, tuple(part[0] for part in last)


class ArrayRNNCell(_Cell):
    """h' = tanh(W_ih x + W_hh h), or with a rectifier."""

    gates = 1

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh", **array):
        """Build the cell; arguments as of ``torch.nn.RNNCell`` and ``ArrayLinear``."""
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity: {nonlinearity}")
        super().__init__(input_size, hidden_size, bias, **array)
        self.nonlinearity = nonlinearity

    @property
    def sweep_of_torch(self):
        """The sweep of torch with this nonlinearity."""
        return torch.rnn_tanh if self.nonlinearity == "tanh" else torch.rnn_relu

    def advance(self, read, state):
        """Return (h',)."""
        return (getattr(torch, self.nonlinearity)(read + self.hh(state[0])),)


class ArrayLSTMCell(_Cell):
    """Long short-term memory: gates i, f, g, o; c' = f c + i g, h' = o tanh(c'); the state is (h, c).

    References:
        S. Hochreiter and J. Schmidhuber, Neural Computation 9, 1735 (1997), doi:10.1162/neco.1997.9.8.1735.
    """

    gates, states = 4, 2
    sweep_of_torch = staticmethod(torch.lstm)

    def advance(self, read, state):
        """Return (h', c')."""
        hidden, kept = state
        into, forget, new, out = (read + self.hh(hidden)).chunk(4, -1)
        kept = torch.sigmoid(forget) * kept + torch.sigmoid(into) * torch.tanh(new)
        return torch.sigmoid(out) * torch.tanh(kept), kept


class ArrayGRUCell(_Cell):
    """Gated recurrent unit: gates r, z, n; n = tanh(W x + r (W h)), h' = n + z (h - n).

    References:
        K. Cho et al., EMNLP 2014, arXiv:1406.1078, in the form of ``torch.nn.GRU``.
    """

    gates = 3
    sweep_of_torch = staticmethod(torch.gru)

    def advance(self, read, state):
        """Return (h',)."""
        hidden = state[0]
        (reset, update, new), (reset_h, update_h, new_h) = read.chunk(3, -1), self.hh(hidden).chunk(3, -1)
        new = torch.tanh(new + torch.sigmoid(reset + reset_h) * new_h)
        return (new + torch.sigmoid(update + update_h) * (hidden - new),)


class _Recurrent(nn.Module):
    """Layers of cells over a sequence, arguments, inputs and outputs as of ``torch.nn.LSTM``.

    Attributes:
        cells: layer by layer, with two directions forward before backward.
    """

    cell: type[_Cell]

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        **array,
    ):
        """Build the layers; ``array`` as of ``ArrayLinear``, for every array."""
        super().__init__()
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout, self.bidirectional = bias, batch_first, dropout, bidirectional
        self.directions = 1 + bool(bidirectional)
        sizes = [input_size] + [hidden_size * self.directions] * (num_layers - 1)
        self.cells = nn.ModuleList(
            self.cell(size, hidden_size, bias, **array) for size in sizes for _ in range(self.directions)
        )

    def forward(self, input: torch.Tensor, hx=None):
        """Return the outputs of the last layer and the last state of every cell.

        Args:
            input: shape (steps, batch, input_size), (batch, steps, input_size) with ``batch_first``, or
                (steps, input_size).
            hx: first states, each of shape (cells, batch, hidden_size), or (cells, hidden_size); default zero.
        """
        if isinstance(input, nn.utils.rnn.PackedSequence):
            raise InputError("arrays take no packed sequence; pad it (torch.nn.utils.rnn.pad_packed_sequence)")
        if input.dim() not in (2, 3):
            raise RuntimeError(f"{type(self).__name__}: Expected input to be 2D or 3D, got {input.dim()}D instead")
        swap = self.batch_first and input.dim() == 3
        input, last = input.transpose(0, 1) if swap else input, []
        if not len(input):
            raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
        for layer in range(self.num_layers):
            if layer and self.dropout:
                input = nn.functional.dropout(input, self.dropout, self.training)
            done = [
                self._sweep(index, input, hx) for index in range(layer * self.directions, (layer + 1) * self.directions)
            ]
            input = torch.cat([outputs for outputs, _ in done], -1)
            last += [end for _, end in done]
        ends = tuple(torch.stack(part) for part in zip(*last, strict=True))
        return input.transpose(0, 1) if swap else input, ends if self.cell.states > 1 else ends[0]

    def flatten_parameters(self) -> None:
        """Do nothing, as on a processor; the weights are devices."""

    def _sweep(self, index: int, value: torch.Tensor, state) -> tuple[torch.Tensor, Gates]:
        """Return the outputs of one cell along a sequence, and its last state."""
        cell: Any = self.cells[index]
        backward = index % self.directions == 1
        if state is None:
            now = cell.first(value.shape[1:-1], value)
        else:
            now = tuple(part[index] for part in state) if cell.states > 1 else state[index]
        now = now if cell.states > 1 else (now,)
        if now[0].shape != (*value.shape[1:-1], self.hidden_size):
            expected = (len(self.cells), *value.shape[1:-1], self.hidden_size)
            given = (len(self.cells), *now[0].shape)
            raise RuntimeError(f"Expected hidden size {expected}, got {given}")
        out, now = cell.sweep(value.flip(0) if backward else value, now)
        return out.flip(0) if backward else out, now


class ArrayRNN(_Recurrent):
    """Elman network in arrays."""

    cell = ArrayRNNCell

    def __init__(self, *sizes: int, nonlinearity: str = "tanh", **more):
        """Build the layers; arguments as of ``torch.nn.RNN`` and ``ArrayLinear``."""
        super().__init__(*sizes, nonlinearity=nonlinearity, **more)
        self.nonlinearity = nonlinearity


class ArrayLSTM(_Recurrent):
    """Long short-term memory in arrays; the state is (h, c)."""

    cell = ArrayLSTMCell


class ArrayGRU(_Recurrent):
    """Gated recurrent units in arrays."""

    cell = ArrayGRUCell
