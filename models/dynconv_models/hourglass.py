"""Stacked hourglass networks for human pose estimation (Newell, Yang and Deng, ECCV 2016)."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any, Literal

import keras
from keras import layers

from .blocks import Block, MakeMask, MaskConfig, conv_bn, inverted_residual, resnet_basic, resnet_bottleneck, scaled
from .layers import NearestUpSampling2D

#: Channels and strides of the glance's convolutions.
GLANCE = ((16, 2), (32, 2), (32, 1), (32, 1))
GLANCE_MAP = "glance_map"

Backbone = Literal["mobilenetv2", "resnet-basic", "resnet-bottleneck"]


@dataclasses.dataclass(frozen=True)
class HourglassConfig(MaskConfig):
    """What makes a stacked hourglass; the defaults are the published MobileNetV2 network of DynConv's pose experiments.

    A dynamic one has a mask unit in every block, but the two of the stem that change the number of channels. With the
    mask context "glance" all of them read one small map of where people seem to be, made of the image at a quarter of
    its size (`glance_map`, [N, S/16, S/16, 1]).

    Attributes:
        backbone: the residual block.
        stacks: hourglasses, one after the other.
        features: channels on the main path at width 1; a multiple of 4.
        width: multiplies the channels on the main path, rounded to a multiple of 4 (`scaled`).
        joints: heatmaps.
        input_size: height and width of the image in pixels; a multiple of `4 * 2**depth`.
        depth: how often an hourglass halves its resolution.
        blocks_per_residual: blocks in a row wherever the hourglass has a residual.
        expand_ratio: hidden over input channels of the inverted residual block.
        smallest_mask: blocks on maps of fewer pixels in height and width have no mask unit: a 3x3 window takes in most
            of a small map whatever its mask says.
        without: names of blocks to leave out (`stem_block3`, `stack1_level4_up`): what they read goes on as it is.
        all_stacks: the outputs are the heatmaps of every stack (for training), not of the last alone.
    """

    backbone: Backbone = "mobilenetv2"
    stacks: int = 4
    features: int = 96
    width: float = 1.0
    joints: int = 16
    input_size: int = 256
    depth: int = 4
    blocks_per_residual: int = 1
    expand_ratio: int = 6
    smallest_mask: int = 1
    without: tuple[str, ...] = ()
    all_stacks: bool = False

    def __post_init__(self) -> None:
        for field in ("stacks", "features", "joints", "input_size", "depth", "blocks_per_residual", "expand_ratio"):
            if getattr(self, field) < 1:
                raise ValueError(f"{field} is {getattr(self, field)}: it must be at least 1")
        if self.features % 4:
            raise ValueError(f"features is {self.features}: it must be a multiple of 4")
        scaled(self.features, self.width)
        if self.mask_context == "glance" and self.smallest_mask < self.input_size // 16:
            raise ValueError(
                f"smallest_mask is {self.smallest_mask}: the glance is a map of {self.input_size // 16} pixels"
            )
        if self.input_size % (4 * 2**self.depth):
            raise ValueError(
                f"input_size is {self.input_size}: a depth of {self.depth} asks for a multiple of {4 * 2**self.depth}"
            )

    @property
    def channels(self) -> int:
        """Channels on the main path."""
        return scaled(self.features, self.width)

    @property
    def block(self) -> Block:
        """The residual block of the backbone."""
        match self.backbone:
            case "mobilenetv2":
                return partial(inverted_residual, expand_ratio=self.expand_ratio)
            case "resnet-basic":
                return resnet_basic
            case "resnet-bottleneck":
                return resnet_bottleneck
        raise ValueError(f"unknown backbone {self.backbone!r}: mobilenetv2, resnet-basic or resnet-bottleneck")


def hourglass(config: HourglassConfig, name: str = "hourglass") -> keras.Model:
    """Builds the network.

    Input `image`: [N, S, S, 3]. Output `heatmaps` (with `all_stacks`: one `stack{i}_score` per stack):
    [N, S/4, S/4, joints].
    """
    image = keras.Input((config.input_size, config.input_size, 3), name="image")
    masks = _Masks(image, config)
    x = _stem(image, config, masks)
    scores = []
    for i in range(config.stacks):
        prefix = f"stack{i + 1}"
        y = _hourglass(x, config, masks, f"{prefix}_level{config.depth}", config.depth)
        y = _residual(y, config, masks, f"{prefix}_residual")
        y = conv_bn(y, config.channels, 1, f"{prefix}_fc", use_bias=True)
        y = layers.ReLU(name=f"{prefix}_fc_relu")(y)
        score = layers.Conv2D(config.joints, 1, name=f"{prefix}_score")(y)
        scores.append(score)
        if i + 1 < config.stacks:
            from_features = layers.Conv2D(config.channels, 1, name=f"{prefix}_merge_features")(y)
            from_score = layers.Conv2D(config.channels, 1, name=f"{prefix}_merge_score")(score)
            x = layers.Add(name=f"{prefix}_merge")([x, from_features, from_score])
    return keras.Model(image, scores if config.all_stacks else scores[-1], name=name)


class _Masks:
    """Hands out the mask units of a network's blocks."""

    def __init__(self, image: Any, config: HourglassConfig) -> None:
        self._config = config
        self._glances: dict[int, Any] = {}
        if config.dynamic and config.mask_context == "glance":
            glance = _glance(image)
            self._glances[glance.shape[1]] = glance

    def of(self, x: Any) -> MakeMask | None:
        """What makes the mask of a block that reads `x`; None for a static block."""
        size = x.shape[1]
        if not self._config.dynamic or size < self._config.smallest_mask:
            return None
        return partial(self._config.make_mask, glance=self._glance_of(size))

    def _glance_of(self, size: int) -> Any:
        """The glance, as large as a map of `size` pixels; None for other contexts."""
        if not self._glances:
            return None
        if size not in self._glances:
            smallest = min(self._glances)
            resize = NearestUpSampling2D(size // smallest, name=f"glance_of_{size}")
            self._glances[size] = resize(self._glances[smallest])
        return self._glances[size]


def _glance(image: Any) -> Any:
    """A sixteenth of the image's height and width: positive where people seem to be."""
    x = layers.AveragePooling2D(4, name="glance_pool")(image)
    for i, (channels, strides) in enumerate(GLANCE):
        x = conv_bn(x, channels, 3, f"glance_conv{i + 1}", strides=strides)
        x = layers.ReLU(name=f"glance_relu{i + 1}")(x)
    return layers.Conv2D(1, 1, name=GLANCE_MAP)(x)


def _stem(image: Any, config: HourglassConfig, masks: _Masks) -> Any:
    """Image to features at a quarter of its height and width."""
    x = conv_bn(image, config.channels // 4, 7, "stem_conv", strides=2, use_bias=True)
    x = layers.ReLU(name="stem_relu")(x)
    x = config.block(x, config.channels // 2, "stem_block1")
    x = layers.MaxPooling2D(2, name="stem_pool")(x)
    x = config.block(x, config.channels, "stem_block2")
    return _block(x, config, masks, "stem_block3")


def _residual(x: Any, config: HourglassConfig, masks: _Masks, name: str) -> Any:
    for i in range(config.blocks_per_residual):
        suffix = "" if config.blocks_per_residual == 1 else f"_{i + 1}"
        x = _block(x, config, masks, f"{name}{suffix}")
    return x


def _block(x: Any, config: HourglassConfig, masks: _Masks, name: str) -> Any:
    """A block that keeps the number of channels, and so can be dynamic or left out."""
    if name in config.without:
        return x
    return config.block(x, config.channels, name, make_mask=masks.of(x))


def _hourglass(x: Any, config: HourglassConfig, masks: _Masks, name: str, level: int) -> Any:
    """One level: a branch at full resolution, and one at half of it that holds the next level."""
    up = _residual(x, config, masks, f"{name}_up")
    low = layers.MaxPooling2D(2, name=f"{name}_pool")(x)
    low = _residual(low, config, masks, f"{name}_low1")
    if level > 1:
        low = _hourglass(low, config, masks, f"{name[: -len(str(level))]}{level - 1}", level - 1)
    else:
        low = _residual(low, config, masks, f"{name}_low2")
    low = _residual(low, config, masks, f"{name}_low3")
    low = NearestUpSampling2D(2, name=f"{name}_upsample")(low)
    return layers.Add(name=f"{name}_add")([up, low])
