"""Parameters and multiply-accumulates (MACs) of a model, counted as the published evaluation counts them."""

from __future__ import annotations

import dataclasses
import math

import keras
from keras import layers

from .layers import MaskUnit


@dataclasses.dataclass(frozen=True)
class Complexity:
    """Counts for one image.

    Attributes:
        parameters: trainable weights (running statistics of batch normalization are none).
        macs: of all convolutions, masked or not; a bias costs one per output value.
        conditional_macs: the part of `macs` that masks can skip.
    """

    parameters: int
    macs: int
    conditional_macs: int


def complexity(model: keras.Model) -> Complexity:
    """Counts a functional model with a fixed input size."""
    conditional = _masked_layers(model)
    macs = {layer.name: _macs(layer) for layer in model.layers}
    return Complexity(
        parameters=sum(math.prod(weight.shape) for weight in model.trainable_weights),
        macs=sum(macs.values()),
        conditional_macs=sum(macs[name] for name in conditional),
    )


def _macs(layer: keras.layers.Layer) -> int:
    if isinstance(layer, MaskUnit):
        return _conv_macs(layer.conv, layer.output.shape)
    if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D):
        return _conv_macs(layer, layer.output.shape)
    return 0


def _conv_macs(conv: keras.layers.Layer, output_shape: tuple[int, ...]) -> int:
    _, height, width, channels = output_shape
    kernel = math.prod(conv.kernel.shape)
    return height * width * (kernel + (channels if conv.use_bias else 0))


def _masked_layers(model: keras.Model) -> set[str]:
    """Names of the layers between a mask's `Multiply` and the input of its mask unit."""
    names: set[str] = set()
    for layer in model.layers:
        if not isinstance(layer, layers.Multiply):
            continue
        producers = [tensor._keras_history.operation for tensor in layer.input]
        masks = [producer for producer in producers if isinstance(producer, MaskUnit)]
        if len(masks) != 1:
            continue
        source = masks[0].input
        pending = [tensor for tensor in layer.input if tensor is not masks[0].output]
        while pending:
            tensor = pending.pop()
            if tensor is source:
                continue
            operation = tensor._keras_history.operation
            names.add(operation.name)
            inputs = operation.input
            pending.extend(inputs if isinstance(inputs, list) else [inputs])
    return names
