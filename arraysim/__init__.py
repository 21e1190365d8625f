"""Crossbars of domain-wall synapses that train and run networks.

>>> from arraysim import PulseLaw, TrainingConfig, load_dataset, train
>>> law = PulseLaw.load("table.h5")  # or ladder_law(states=5), an idealized synapse
>>> result = train(law, load_dataset("digits"), seed=0, config=TrainingConfig(network="mlp:32"))

From single devices to networks: ``SynapseArray`` (states and pulses), ``make_weights`` (weights made of devices),
``make_rule`` (who decides on pulses), ``Network`` (passes forward and backward), ``train`` (all of it). A training loop
of one's own is in docs/synapse-arrays.md. ``convert``, ``ArrayLinear`` and the like, and ``PulseOptimizer`` bring models
of PyTorch into arrays (docs/pytorch.md), with the extra `torch`.
"""

import importlib
from typing import Any

from dwcore import __version__ as __version__
from dwcore.lazy import attach_stub

_attribute, __dir__ = attach_stub(__name__, __file__)
# These need the extra `torch`; `__all__` leaves them out, so that `import *` works without it.
_OF_TORCH = {
    "aware": ("aware", "plain"),
    "conversion": ("convert", "to_torch"),
    "layers": ("ArrayConv1d", "ArrayConv2d", "ArrayLinear"),
    "pulse_optimizer": ("PulseOptimizer",),
    "recurrent": ("ArrayGRU", "ArrayGRUCell", "ArrayLSTM", "ArrayLSTMCell", "ArrayRNN", "ArrayRNNCell"),
    "survey": ("arrays_of", "network_weights"),
}


def __getattr__(name: str) -> Any:
    """Return a public name, imported on first use."""
    for module, names in _OF_TORCH.items():
        if name in names:
            return getattr(importlib.import_module(f"arraysim.torch.{module}"), name)
    return _attribute(name)
