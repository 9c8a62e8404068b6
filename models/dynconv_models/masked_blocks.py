"""Which layers of a model a mask can skip, and at which pixels it needs them.

A layer is behind a mask if all that it feeds, in the end, is a `Multiply` by that mask. It is needed at the mask's
pixels and, where windows of more than one pixel lie between it and the mask, at their neighbours.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import keras
from keras import layers, ops

from .layers import MaskUnit

_POINTWISE = (
    *(layers.BatchNormalization, layers.Activation, layers.ReLU, layers.LeakyReLU, layers.PReLU, layers.ELU),
    *(layers.Add, layers.Subtract, layers.Multiply, layers.Maximum, layers.Minimum, layers.Concatenate),
    *(layers.Dropout, layers.GaussianNoise, layers.Rescaling, layers.Identity),
)
_CONVOLUTIONS = (layers.Conv2D, layers.DepthwiseConv2D)
_POOLINGS = (layers.MaxPooling2D, layers.AveragePooling2D)


@dataclasses.dataclass(frozen=True)
class Window:
    """The window of a convolution or pooling, rows first; `input_size` is the height and width of what it reads."""

    size: tuple[int, int]
    strides: tuple[int, int]
    padding: str
    input_size: tuple[int, int]


@dataclasses.dataclass(frozen=True)
class MaskedLayer:
    """A layer behind a mask.

    Attributes:
        name: of the layer.
        macs: for one image, at every pixel.
        window: None if each pixel of the output reads the same pixel of the input.
        consumers: those of the layers behind the mask that read the output.
        is_masked: the mask multiplies the output itself.
    """

    name: str
    macs: int
    window: Window | None
    consumers: tuple[str, ...]
    is_masked: bool


@dataclasses.dataclass(frozen=True)
class MaskedBlock:
    """The layers behind one mask.

    Attributes:
        mask: name of the mask unit.
        layers: from the mask backwards.
    """

    mask: str
    layers: tuple[MaskedLayer, ...]

    @property
    def macs(self) -> int:
        """For one image, if the mask keeps every pixel."""
        return sum(layer.macs for layer in self.layers)

    def executed_fraction(self, mask: Any) -> Any:
        """The share of `macs` that is left to execute under a mask [N, H, W, 1] of 0 and 1; a scalar.

        Differentiable by the mask, through its mean and the means of its dilations (`dilate`).
        """
        wanted_inputs: dict[str, Any] = {}
        executed = 0.0
        for layer in self.layers:
            wanted = mask if layer.is_masked else wanted_inputs[layer.consumers[0]]
            for consumer in layer.consumers:
                if wanted_inputs[consumer] is not wanted:
                    wanted = ops.maximum(wanted, wanted_inputs[consumer])
            if layer.macs:
                executed = executed + layer.macs * ops.mean(wanted)
            wanted_inputs[layer.name] = dilate(wanted, layer.window) if layer.window else wanted
        return executed / self.macs


def dilate(mask: Any, window: Window) -> Any:
    """Where the input of a window is needed, for a mask [N, H, W, 1] of 0 and 1 on its output.

    The gradient by a pixel of the mask is the exact difference that this pixel makes, all others being as they are: a
    pixel among kept ones costs nothing here. That favours masks of connected areas, which are cheaper.
    """
    spread = _spread(mask, window.strides)
    pads = []
    for axis in (0, 1):
        size, inputs, outputs = window.size[axis], window.input_size[axis], mask.shape[1 + axis]
        reach = (outputs - 1) * window.strides[axis] + size
        padding = max(reach - inputs, 0) if window.padding == "same" else 0
        before = size - 1 - padding // 2
        pads.append((before, inputs + size - 1 - before - spread.shape[1 + axis]))
    # Strides larger than the window leave pixels behind the last one that nothing reads.
    padded = ops.pad(spread, [(0, 0), *((before, max(after, 0)) for before, after in pads), (0, 0)])
    rows, columns = (inputs + size - 1 for inputs, size in zip(window.input_size, window.size, strict=True))
    readers = padded[:, :rows, :columns]
    ones = ops.ones((*window.size, 1, 1), readers.dtype)
    count = ops.conv(readers, ones, padding="valid")
    # Of equal value, but its gradient goes to the kept pixels only.
    count_of_kept = ops.conv(readers * ops.stop_gradient(readers), ones, padding="valid")
    return ops.where(count > 1.5, 1.0, ops.where(count > 0.5, count_of_kept, count))


def _spread(mask: Any, strides: tuple[int, int]) -> Any:
    """Puts each pixel at the top left of a cell of zeros as large as the strides."""
    if strides == (1, 1):
        return mask
    _, rows, columns, _ = mask.shape
    cells = ops.reshape(mask, (-1, rows, 1, columns, 1))
    cells = ops.pad(cells, [(0, 0), (0, 0), (0, strides[0] - 1), (0, 0), (0, strides[1] - 1)])
    return ops.reshape(cells, (-1, rows * strides[0], columns * strides[1], 1))


def masked_blocks(model: keras.Model) -> list[MaskedBlock]:
    """The blocks behind the mask units of a functional model with a fixed input size, one per unit.

    Raises:
        ValueError: for a mask that skips no convolution, and for a layer behind a mask whose work is not known.
    """
    consumers: dict[int, list[keras.layers.Layer]] = {}
    for layer in model.layers:
        if not isinstance(layer, layers.InputLayer):
            for tensor in _list(layer.input):
                consumers.setdefault(id(tensor), []).append(layer)
    outputs = {id(tensor) for tensor in model.outputs}
    blocks = []
    for unit in model.layers:
        if isinstance(unit, MaskUnit):
            gates = {layer.name for layer in consumers.get(id(unit.output), []) if isinstance(layer, layers.Multiply)}
            block = MaskedBlock(unit.name, _layers_behind(unit, gates, model, consumers, outputs))
            if not block.macs:
                raise ValueError(f"{unit.name}: multiply what convolutions put out by this mask; now it skips none")
            blocks.append(block)
    return blocks


def _layers_behind(
    unit: MaskUnit,
    gates: set[str],
    model: keras.Model,
    consumers: dict[int, list[keras.layers.Layer]],
    outputs: set[int],
) -> tuple[MaskedLayer, ...]:
    found: dict[str, MaskedLayer] = {}
    for layer in reversed(model.layers):
        if layer is unit or isinstance(layer.output, list) or id(layer.output) in outputs:
            continue
        readers = {consumer.name for consumer in consumers.get(id(layer.output), [])}
        if readers and all(reader in found or reader in gates for reader in readers):
            behind = tuple(sorted(readers - gates))
            found[layer.name] = MaskedLayer(
                layer.name, layer_macs(layer), _window(layer, unit), behind, not readers.isdisjoint(gates)
            )
    return tuple(found.values())


def _window(layer: keras.layers.Layer, unit: MaskUnit) -> Window | None:
    if isinstance(layer, _POINTWISE):
        return None
    if isinstance(layer, _CONVOLUTIONS):
        size = layer.kernel_size
        if tuple(layer.dilation_rate) != (1, 1):
            raise ValueError(f"{layer.name}: behind the mask {unit.name} a convolution must not be dilated")
    elif isinstance(layer, _POOLINGS):
        size = layer.pool_size
    else:
        raise ValueError(
            f"{layer.name}: behind the mask {unit.name} there may be Conv2D, DepthwiseConv2D, pooling and layers that "
            f"work pixel by pixel, not {type(layer).__name__}"
        )
    window = Window(tuple(size), tuple(layer.strides), layer.padding, tuple(layer.input.shape[1:3]))
    return None if window.size == window.strides == (1, 1) else window


def layer_macs(layer: keras.layers.Layer) -> int:
    """Multiply-accumulates of a layer for one image: convolutions, dense layers and mask units have some.

    A bias costs one per output value.
    """
    if isinstance(layer, MaskUnit):
        parts = [(layer.conv, layer.output.shape)]
        if layer.dense:
            parts.append((layer.dense, (1, 1)))
        if layer.gain:
            parts.append((layer.gain, layer.output.shape))
        return sum(_macs(part, shape) for part, shape in parts)
    if isinstance(layer, (*_CONVOLUTIONS, layers.Dense)):
        return _macs(layer, layer.output.shape)
    return 0


def _macs(layer: keras.layers.Layer, output_shape: tuple[int, ...]) -> int:
    *places, channels = output_shape[1:]
    per_place: int = math.prod(layer.kernel.shape) + (channels if layer.use_bias else 0)
    return math.prod(places) * per_place


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
