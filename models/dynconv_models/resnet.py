"""Residual networks for image classification (He et al., *Deep Residual Learning*, CVPR 2016)."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any, Literal

import keras
from keras import layers

from .blocks import Block, MaskConfig, conv_bn, resnet_basic, resnet_bottleneck, scaled

Style = Literal["imagenet", "cifar"]

#: Blocks in each of the four stages, by depth.
_IMAGENET_BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}
_EXPANSION = 4  # of the bottleneck block


@dataclasses.dataclass(frozen=True)
class ResNetConfig(MaskConfig):
    """What makes a residual network; a dynamic one has a mask unit in every block.

    Where a block changes the shape, its shortcut is a 1x1 convolution with batch normalization (the paper's option B),
    and its mask lies on its output. A strided bottleneck has its stride at the 3x3 convolution.

    Attributes:
        style: "imagenet": a 7x7 convolution and a max pooling, then four stages of 64 to 512 channels, in basic blocks
            up to depth 34 and bottlenecks beyond. "cifar": a 3x3 convolution, then three stages of 16 to 64 channels.
        depth: layers with weights: 18, 34, 50 or 101; for "cifar" 6n + 2, as 8, 20, 32.
        classes: of the classifier.
        input_size: height and width of the image in pixels.
        width: multiplies the channels, rounded to a multiple of 4 (`scaled`).
    """

    style: Style = "imagenet"
    depth: int = 18
    classes: int = 1000
    input_size: int = 224
    width: float = 1.0

    def __post_init__(self) -> None:
        if self.style not in ("imagenet", "cifar"):
            raise ValueError(f"unknown style {self.style!r}: imagenet or cifar")
        if self.style == "imagenet" and self.depth not in _IMAGENET_BLOCKS:
            raise ValueError(f"depth is {self.depth}: for imagenet it is one of {sorted(_IMAGENET_BLOCKS)}")
        if self.style == "cifar" and (self.depth < 8 or self.depth % 6 != 2):
            raise ValueError(f"depth is {self.depth}: for cifar it is 6n + 2, at least 8")
        if self.classes < 1:
            raise ValueError(f"classes is {self.classes}: it must be at least 1")
        smallest = 32 if self.style == "imagenet" else 4
        if self.input_size < smallest:
            raise ValueError(f"input_size is {self.input_size}: for {self.style} it must be at least {smallest}")
        scaled(1, self.width)
        if self.mask_context == "glance":
            raise ValueError("mask_context is 'glance': hourglasses have one, classifiers have none")

    @property
    def block(self) -> Block:
        """The residual block."""
        return partial(resnet_bottleneck, reduction=_EXPANSION) if self._has_bottlenecks else resnet_basic

    @property
    def stages(self) -> list[tuple[int, int]]:
        """Number of blocks and their output channels, stage by stage."""
        blocks: tuple[int, ...]
        if self.style == "cifar":
            blocks, channels = ((self.depth - 2) // 6,) * 3, [16, 32, 64]
        else:
            blocks, channels = _IMAGENET_BLOCKS[self.depth], [64, 128, 256, 512]
        expansion = _EXPANSION if self._has_bottlenecks else 1
        return [(count, expansion * scaled(c, self.width)) for count, c in zip(blocks, channels, strict=True)]

    @property
    def _has_bottlenecks(self) -> bool:
        return self.style == "imagenet" and self.depth >= 50


def resnet(config: ResNetConfig, name: str = "resnet") -> keras.Model:
    """Builds the network.

    Input `image`: [N, S, S, 3]. Output: logits [N, classes].
    """
    image = keras.Input((config.input_size, config.input_size, 3), name="image")
    x = _stem(image, config)
    for i, (count, channels) in enumerate(config.stages):
        for j in range(count):
            strides = 2 if i > 0 and j == 0 else 1
            block = f"stage{i + 1}_block{j + 1}"
            x = config.block(
                x, channels, block, strides=strides, make_mask=config.make_mask if config.dynamic else None
            )
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(image, layers.Dense(config.classes, name="classifier")(x), name=name)


def _stem(image: Any, config: ResNetConfig) -> Any:
    if config.style == "cifar":
        x = conv_bn(image, scaled(16, config.width), 3, "stem_conv")
        return layers.ReLU(name="stem_relu")(x)
    x = conv_bn(image, scaled(64, config.width), 7, "stem_conv", strides=2)
    x = layers.ReLU(name="stem_relu")(x)
    return layers.MaxPooling2D(3, strides=2, padding="same", name="stem_pool")(x)
