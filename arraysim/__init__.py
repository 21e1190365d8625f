"""Crossbars of domain-wall synapses that train and run networks.

>>> from arraysim import PulseLaw, TrainingConfig, load_dataset, train
>>> law = PulseLaw.load("table.h5")  # or ladder_law(states=5), an idealized synapse
>>> result = train(law, load_dataset("digits"), seed=0, config=TrainingConfig(network="mlp:32"))

From single devices to networks: ``SynapseArray`` (states and pulses), ``make_weights`` (weights made of devices),
``make_rule`` (who decides on pulses), ``Network`` (passes forward and backward), ``train`` (all of it). A training loop
of one's own is in docs/synapse-arrays.md. ``convert``, ``ArrayLinear`` and the like, and ``PulseOptimizer`` bring models
of PyTorch into arrays (docs/pytorch.md), with the extra `torch`.
"""

from typing import Any

import lazy_loader

from dwcore import __version__ as __version__

_attribute, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
# These need the extra `torch`; `__all__` leaves them out, so that `import *` works without it.
_torch_attribute, _, _torch_names = lazy_loader.attach(
    __name__,
    submod_attrs={
        "torch.aware": ["aware", "plain"],
        "torch.conversion": ["convert", "to_torch"],
        "torch.layers": ["ArrayConv1d", "ArrayConv2d", "ArrayLinear"],
        "torch.pulse_optimizer": ["PulseOptimizer"],
        "torch.recurrent": ["ArrayGRU", "ArrayGRUCell", "ArrayLSTM", "ArrayLSTMCell", "ArrayRNN", "ArrayRNNCell"],
        "torch.survey": ["arrays_of", "network_weights"],
    },
)


def __getattr__(name: str) -> Any:
    """Return a public name, imported on first use."""
    return _torch_attribute(name) if name in _torch_names else _attribute(name)
