"""Settings that choose a network; light, for the help of commands."""

import dataclasses
from typing import TYPE_CHECKING

from dwcore.errors import InputError
from dwcore.parameters import Parameters, flag, quantity, whole, word
from dwcore.toml import is_toml

if TYPE_CHECKING:
    from arraysim.networks.definition import NetworkDefinition

PRODUCTS = ("numpy", "onednn-float32", "onednn-bfloat16")
"""What multiplies: BLAS, or oneDNN in numbers of a type, which needs the extra `torch`."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkSettings(Parameters):
    """A network as a command is told."""

    network: str = word(
        "linear, mlp[:N,N], lenet, vgg8, resnet8, resnet20 or mobilenet-small[:WIDTH], or a TOML file", default="mlp:32"
    )
    bits: int = whole("bits of the activations of a preset; 0: floating point", default=0, le=16)
    error_bits: int = whole("bits of the errors sent backward in a preset; 0: floating point", default=0, le=16)
    whiten: bool = flag("begin a preset by a fixed digital whitening of patches of 2 x 2 pixels", default=False)
    normalization_momentum: float | None = quantity(
        "share of a batch in the running means of a preset's normalizations; by default 0.1",
        "1",
        default=None,
        gt=0,
        le=1,
    )

    digital: str = word(
        "which of a preset's layers with weights are digital", default="none", choices=("none", "first", "last", "both")
    )

    def definition(self) -> "NetworkDefinition":
        """Return the network.

        Raises:
            InputError: there is none of this name, or the file is not sound or states itself what is set here.
        """
        from arraysim.networks.definition import Activation, BatchNorm, Whiten, in_array
        from arraysim.networks.presets import network_from

        own = {name: value for name in ("bits", "error_bits") if (value := getattr(self, name))}
        changed = [*own, *(name for name in ("whiten", "normalization_momentum") if getattr(self, name))]
        changed += ["digital"] if self.digital != "none" else []
        if changed and is_toml(self.network):
            raise InputError(f"{self.network} states all of its layers itself; {' and '.join(changed)} are for presets")
        definition = network_from(self.network, **own)
        layers = definition.layers
        if self.whiten:
            layers = (Whiten(), Activation(bits=self.bits), *layers)
        if self.normalization_momentum is not None:
            normal = dataclasses.replace(BatchNorm(), momentum=self.normalization_momentum)
            if BatchNorm() not in layers:
                raise InputError(f"{self.network} has no normalization, normalization_momentum must not be set")
            layers = tuple(normal if isinstance(layer, BatchNorm) else layer for layer in layers)
        places = [place for place, layer in enumerate(layers) if in_array(layer)]
        ends = {"none": (), "first": places[:1], "last": places[-1:], "both": (places[0], places[-1])}[self.digital]
        layers = tuple(
            dataclasses.replace(layer, digital=True) if in_array(layer) and place in ends else layer
            for place, layer in enumerate(layers)
        )
        return dataclasses.replace(definition, layers=layers)
