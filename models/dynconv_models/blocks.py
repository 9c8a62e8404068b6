"""Residual blocks, static and dynamic: `out = x + mask * f(x)`.

Each function takes and returns a symbolic tensor [N, H, W, C] of the functional API. `name` prefixes every layer.
A dynamic block is one that gets `make_mask`, which has a `MaskUnit` (`{name}_mask`) read the block's input.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from .layers import MaskContext, MaskUnit

BATCH_NORM_EPSILON = 1e-5
BATCH_NORM_MOMENTUM = 0.9

Block = Callable[..., Any]

#: Called with a block's input, `strides` and `name`; returns the mask.
MakeMask = Callable[..., Any]


@dataclasses.dataclass(frozen=True, kw_only=True)
class MaskConfig:
    """What the configurations of all networks say about their masks.

    Attributes:
        dynamic: blocks have mask units.
        mask_context: what the mask units see (`MaskUnit`).
        mask_initializer: of their kernels; "zeros" starts training with every pixel equally likely to be kept.
        mask_bias: where their logits' bias starts; a positive one starts training with masks that keep most pixels.
    """

    dynamic: bool = True
    mask_context: MaskContext = "conv"
    mask_initializer: str = "he_normal"
    mask_bias: float = 0.0

    def make_mask(self, x: Any, *, strides: int, name: str, glance: Any = None) -> Any:
        """A mask on the output of a block of these strides that reads `x`; `glance` is for that context."""
        unit = MaskUnit(
            strides,
            self.mask_context,
            kernel_initializer=self.mask_initializer,
            bias_initializer=keras.initializers.Constant(self.mask_bias),
            name=name,
        )
        return unit(x if glance is None else [x, glance])


def scaled(channels: int, width: float) -> int:
    """Channels at a width: the nearest multiple of 4, at least 4.

    Raises:
        ValueError: for a width that is not positive and finite.
    """
    if not 0 < width < math.inf:
        raise ValueError(f"width is {width}: it must be positive and finite")
    return max(4, round(channels * width / 4) * 4)


def batch_norm(x: Any, name: str) -> Any:
    """Batch normalization with the constants of the published networks."""
    return layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM, epsilon=BATCH_NORM_EPSILON, name=name)(x)


def conv_bn(x: Any, filters: int, kernel_size: int, name: str, strides: int = 1, use_bias: bool = False) -> Any:
    """Convolution and batch normalization."""
    x = layers.Conv2D(
        filters,
        kernel_size,
        strides=strides,
        padding="same",
        use_bias=use_bias,
        kernel_initializer="he_normal",
        name=name,
    )(x)
    return batch_norm(x, f"{name}_bn")


def inverted_residual(
    x: Any, filters: int, name: str, *, strides: int = 1, make_mask: MakeMask | None = None, expand_ratio: int = 6
) -> Any:
    """MobileNetV2's inverted residual block: expand 1x1, depthwise 3x3, project 1x1; linear at its end.

    There is a shortcut only where input and output have one shape, and only there can the block be dynamic.

    Raises:
        ValueError: for a dynamic block whose input and output differ in shape.
    """
    has_shortcut = strides == 1 and x.shape[-1] == filters
    if make_mask and not has_shortcut:
        raise ValueError(f"{name}: a dynamic inverted residual needs a shortcut: stride 1 and {x.shape[-1]} filters")
    y = conv_bn(x, x.shape[-1] * expand_ratio, 1, f"{name}_expand")
    y = layers.ReLU(max_value=6.0, name=f"{name}_expand_relu")(y)
    y = layers.DepthwiseConv2D(
        3, strides=strides, padding="same", use_bias=False, depthwise_initializer="he_normal", name=f"{name}_depthwise"
    )(y)
    y = batch_norm(y, f"{name}_depthwise_bn")
    y = layers.ReLU(max_value=6.0, name=f"{name}_depthwise_relu")(y)
    y = conv_bn(y, filters, 1, f"{name}_project")
    if not has_shortcut:
        return y
    return _residual_sum(x, x, y, name, strides, make_mask)


def resnet_basic(x: Any, filters: int, name: str, *, strides: int = 1, make_mask: MakeMask | None = None) -> Any:
    """ResNet's basic block: two 3x3 convolutions, post-activation."""
    y = conv_bn(x, filters, 3, f"{name}_conv1", strides=strides)
    y = layers.ReLU(name=f"{name}_relu1")(y)
    y = conv_bn(y, filters, 3, f"{name}_conv2")
    out = _residual_sum(x, _shortcut(x, filters, name, strides), y, name, strides, make_mask)
    return layers.ReLU(name=f"{name}_relu")(out)


def resnet_bottleneck(
    x: Any, filters: int, name: str, *, strides: int = 1, make_mask: MakeMask | None = None, reduction: int = 2
) -> Any:
    """ResNet's bottleneck block, post-activation: reduce 1x1, 3x3, restore 1x1.

    `filters / reduction` channels lie inside: 4 in ResNet, 2 in the stacked hourglass (Newell et al., ECCV 2016).
    """
    width = filters // reduction
    y = conv_bn(x, width, 1, f"{name}_conv1")
    y = layers.ReLU(name=f"{name}_relu1")(y)
    y = conv_bn(y, width, 3, f"{name}_conv2", strides=strides)
    y = layers.ReLU(name=f"{name}_relu2")(y)
    y = conv_bn(y, filters, 1, f"{name}_conv3")
    out = _residual_sum(x, _shortcut(x, filters, name, strides), y, name, strides, make_mask)
    return layers.ReLU(name=f"{name}_relu")(out)


def _shortcut(x: Any, filters: int, name: str, strides: int) -> Any:
    if strides == 1 and x.shape[-1] == filters:
        return x
    return conv_bn(x, filters, 1, f"{name}_shortcut", strides=strides)


def _residual_sum(x: Any, shortcut: Any, y: Any, name: str, strides: int, make_mask: MakeMask | None) -> Any:
    if make_mask:
        mask = make_mask(x, strides=strides, name=f"{name}_mask")
        y = layers.Multiply(name=f"{name}_masked")([y, mask])
    return layers.Add(name=f"{name}_add")([shortcut, y])
