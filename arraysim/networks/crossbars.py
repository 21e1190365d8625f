"""The crossbars that a network needs: how large they are, how often each is read, and what multiplies digitally."""

import dataclasses
import math
from collections.abc import Iterator

import numpy as np

from arraysim.networks.definition import Convolution, Linear, NetworkDefinition, Whiten
from dwcore.arguments import checked


@dataclasses.dataclass(frozen=True, kw_only=True)
class ArrayLayer:
    """One layer that lives in a crossbar.

    Attributes:
        name: kind and number among its kind, from 1.
        kind: "conv" or "linear".
        rows: inputs of the crossbar, the bias row included [1].
        columns: outputs of the crossbar, weights per row [1].
        positions: matrix-vector products per image, forward [1].
        input_values: values of one image that enter the layer [1].
        output_values: values of one image that leave it [1].
        kernel: side of the kernel, or of a square of its area, 1 for a linear layer [1].
        groups: crossbars side by side that share the columns evenly, each with all of the rows [1].
        digital: multiplications per image, forward, of digital layers that go with this one [1].
        digital_backward: of these, the ones that an error passes backward [1].
        digital_gradient: of these, the ones that form gradients of digital weights [1].
    """

    name: str
    kind: str
    rows: int
    columns: int
    positions: int
    input_values: int
    output_values: int
    kernel: float = 1
    groups: int = 1
    digital: int = 0
    digital_backward: int = 0
    digital_gradient: int = 0


@checked
def array_layers(definition: NetworkDefinition, input_shape: tuple[int, ...], classes: int) -> list[ArrayLayer]:
    """List the crossbars of a network: what maps, prices and sizes them.

    Digital layers go with the next crossbar, those behind the last one with the last.

    Args:
        definition: the network.
        input_shape: (rows, columns, channels) of an image, or (values,).
        classes: number of classes.

    Raises:
        InputError: the network does not fit such images.
    """
    shapes = definition.shapes(input_shape, classes)
    layers, waiting, learns = list[ArrayLayer](), np.zeros(3, int), False
    crossbars = _array_layers(definition, shapes)
    for number, layer in enumerate(definition.layers):
        if isinstance(layer, Convolution | Linear) and not layer.digital:
            layers.append(_with_digital(next(crossbars), waiting))
            waiting = np.zeros(3, int)
        products = _digital_products(layer, shapes[number], shapes[number + 1])
        # Errors need not reach what no weight before it learns from.
        waiting += products if learns else products * (1, 0, 1)
        learns = learns or isinstance(layer, Convolution | Linear)
    layers[-1] = _with_digital(layers[-1], waiting)
    return layers


def _with_digital(layer: ArrayLayer, products: np.ndarray) -> ArrayLayer:
    forward, backward, gradient = (int(n) for n in products)
    return dataclasses.replace(
        layer,
        digital=layer.digital + forward,
        digital_backward=layer.digital_backward + backward,
        digital_gradient=layer.digital_gradient + gradient,
    )


def digital_products(definition: NetworkDefinition, input_shape: tuple[int, ...], classes: int) -> dict[str, int]:
    """Return the multiplications per image, forward, of the layers that multiply digitally, by kind and place."""
    shapes = definition.shapes(input_shape, classes)
    each = zip(definition.layers, shapes, shapes[1:], strict=False)
    found = {f"{layer.kind} (layer {number})": int(_digital_products(layer, before, after)[0])
             for number, (layer, before, after) in enumerate(each, 1)}  # fmt: skip
    return {name: count for name, count in found.items() if count}


def _digital_products(layer, before: tuple[int, ...], after: tuple[int, ...]) -> np.ndarray:
    """Return the digital multiplications of a layer per image: forward, backward, for its gradient."""
    if isinstance(layer, Whiten):  # fixed, of the images
        return np.array([math.prod(after[:2]) * (after[2] // 2) ** 2, 0, 0])
    if isinstance(layer, Convolution | Linear) and layer.digital:
        inputs = layer.rows_of(before[2]) if isinstance(layer, Convolution) else before[0] + layer.bias
        return np.full(3, (inputs - layer.bias) * math.prod(after))
    return np.zeros(3, int)


def _array_layers(definition: NetworkDefinition, shapes) -> Iterator[ArrayLayer]:
    count = {"conv": 0, "linear": 0}
    for layer, before, after in zip(definition.layers, shapes, shapes[1:], strict=False):
        if not isinstance(layer, Convolution | Linear) or layer.digital:
            continue
        count[layer.kind] += 1
        inputs = math.prod(before)
        rows, kernel, groups = inputs + layer.bias, 1.0, 1
        if isinstance(layer, Convolution):
            rows, kernel, groups = layer.rows_of(before[2]), _side(layer.sides), layer.groups_of(before[2])
        yield ArrayLayer(
            name=f"{layer.kind}{count[layer.kind]}",
            kind=layer.kind,
            rows=rows,
            columns=after[-1],
            positions=math.prod(after[:-1]),
            input_values=inputs,
            output_values=math.prod(after),
            kernel=kernel,
            groups=groups,
        )


def _side(sides: tuple[int, int]) -> float:
    return sides[0] if sides[0] == sides[1] else math.sqrt(math.prod(sides))
