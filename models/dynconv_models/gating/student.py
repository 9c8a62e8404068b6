"""A trunk with masks in it: what is trained against the trunk as it was."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..masked_blocks import dilate
from .blocks import Block
from .graph_model import base
from .trunk import Trunk

#: Masks whose logits start here keep nearly every pixel.
OPEN = 4.0
#: The glance reads the picture at an eighth of its size.
GLANCE_POOL = 8
#: Size, channels and strides of its convolutions; the last one makes the map.
GLANCE = ((3, 16, 2), (3, 16, 1), (3, 16, 1), (1, 1, 1))


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a student makes of pictures.

    Attributes:
        maps: as the trunk's `maps`.
        masks: of each leading block by name, [N, H, W, 1], exactly 0 or 1.
        share: of the work behind masks that is executed, a scalar.
        glance: log odds of there being something to look at, [N, h, w, 1].
    """

    maps: list[Any]
    masks: dict[str, Any]
    share: Any
    glance: Any


class Student:
    """The weights of a trunk, masks for its blocks, and a glance at the whole picture that the masks share.

    Blocks of one size have one mask. Early in a network a pixel cannot know what lies around it: the glance is a small
    convolutional network on the picture at an eighth of its size, whose map, resized, is added to the logits of every
    mask.

    Attributes:
        weights: of the trunk, by name.
        units: by leading block: "kernel" [1, 1, C, 1] and "bias" [1] of its mask.
        backgrounds: by block, [C]; residual ones have none.
        scales: by leading block: what a kernel is multiplied by before use, so that logits move as fast over many large
            channels as over few small ones.
        glance: kernel and bias of each convolution.
        seed: of its weights and of the masks' noise.
        noise: how much of it there is in training.
        step: of the training, for which the noise is drawn.
    """

    def __init__(self, trunk: Trunk, blocks: list[Block], seed: int = 0) -> None:
        if not blocks:
            raise ValueError("no block of the model can get a mask")
        self.trunk, self.blocks = trunk, blocks
        self.weights = {name: keras.Variable(trunk.model.weights[name]) for name in trunk.weights}
        random = np.random.default_rng(seed)
        self.leaders = [block for block in blocks if block.leader == block.name]
        self.scales = {block.name: keras.Variable(1.0, trainable=False) for block in self.leaders}
        self.units: dict[str, dict[str, keras.Variable]] = {}
        for block in self.leaders:
            channels = trunk.shapes[base(block.source)][2]
            self.units[block.name] = {
                "kernel": keras.Variable(np.zeros((1, 1, channels, 1), np.float32)),
                "bias": keras.Variable(np.full(1, OPEN, np.float32)),
            }
        self.backgrounds = {
            block.name: keras.Variable(np.zeros(trunk.shapes[block.end][2], np.float32))
            for block in blocks
            if not block.residual
        }
        self.glance: list[tuple[keras.Variable, keras.Variable]] = []
        channels = trunk.shapes[base(trunk.source)][2]
        for size, filters, _ in GLANCE:
            kernel = random.normal(0, np.sqrt(2 / (size * size * channels)), (size, size, channels, filters))
            self.glance.append(
                (keras.Variable(kernel.astype(np.float32)), keras.Variable(np.zeros(filters, np.float32)))
            )
            channels = filters
        self.seed = seed
        self.noise = keras.Variable(0.0, trainable=False)
        self.step = keras.Variable(0, trainable=False, dtype="int64")

    @property
    def new_variables(self) -> list[keras.Variable]:
        """Masks, backgrounds and glance, which training has to find."""
        units = [variable for unit in self.units.values() for variable in unit.values()]
        glance = [variable for pair in self.glance for variable in pair]
        return [*units, *self.backgrounds.values(), *glance]

    @property
    def variables(self) -> list[keras.Variable]:
        """All that training changes."""
        return [*self.weights.values(), *self.new_variables]

    @property
    def state(self) -> list[keras.Variable]:
        """All that makes it what it is."""
        return [*self.variables, *self.scales.values()]

    def look(self, values: dict[str, Any]) -> None:
        """Sets scales and backgrounds from what the nodes of the trunk put out for some pictures, by name."""
        for block in self.leaders:
            features = values[base(block.source)]
            power = tf.reduce_sum(tf.reduce_mean(tf.square(features), axis=(0, 1, 2)))
            self.scales[block.name].assign(tf.math.rsqrt(power + 1e-6))
        for block in self.blocks:
            if not block.residual:
                self.backgrounds[block.name].assign(tf.reduce_mean(values[block.end], axis=(0, 1, 2)))

    def mask_kernel(self, block: Block) -> Any:
        """The kernel of a block's mask as it is used."""
        return self.units[block.name]["kernel"] * self.scales[block.name]

    def run(self, source: Any, training: bool) -> Outcome:
        """Runs it on sources [N, S, S, C]; masks have noise in training, and a gradient."""
        masks: dict[str, Any] = {}
        glance = self._glance(source)
        ends = {block.end: block for block in self.blocks}

        def replace(name: str, value: Any, of: Any) -> Any:
            block = ends.get(name)
            if block is None:
                return value
            if block.name == block.leader:
                masks[block.name] = self._mask(block, of(base(block.source)), glance, training)
            mask = masks[block.leader]
            if block.residual:
                return value * mask
            background = self.backgrounds[block.name]
            return (value - background) * mask + background

        values = self.trunk.run(source, self.weights, replace)
        executed = tf.add_n([block.macs * executed_share(block, masks[block.leader]) for block in self.blocks])
        share = executed / sum(block.macs for block in self.blocks)
        return Outcome([values[name] for name in self.trunk.maps], masks, share, glance)

    def _glance(self, source: Any) -> Any:
        x = tf.nn.avg_pool2d(source, GLANCE_POOL, GLANCE_POOL, "SAME")
        for i, ((kernel, bias), (_, _, strides)) in enumerate(zip(self.glance, GLANCE, strict=True)):
            x = tf.nn.conv2d(x, kernel, strides, "SAME") + bias
            if i + 1 < len(GLANCE):
                x = tf.nn.relu(x)
        return x

    def _mask(self, block: Block, features: Any, glance: Any, training: bool) -> Any:
        unit = self.units[block.name]
        strides = [1, block.strides, block.strides, 1]
        logits = tf.nn.conv2d(features, self.mask_kernel(block), strides, "SAME") + unit["bias"]
        logits += tf.raw_ops.ResizeBilinear(images=glance, size=list(block.size), half_pixel_centers=True)
        if not training:
            return tf.cast(logits >= 0, tf.float32)
        drawn = tf.random.experimental.stateless_fold_in([self.seed, self.step.value], self.leaders.index(block))
        uniform = tf.random.stateless_uniform(tf.shape(logits), drawn, 1e-6, 1 - 1e-6)
        noisy = logits + self.noise * (tf.math.log(uniform) - tf.math.log1p(-uniform))
        soft = tf.sigmoid(noisy)
        return tf.cast(noisy >= 0, tf.float32) + (soft - tf.stop_gradient(soft))


def executed_share(block: Block, mask: Any) -> Any:
    """The share of a block's work that is left under a mask [N, H, W, 1], windows counted; a scalar."""
    wanted, executed = mask, 0.0
    for layer in reversed(block.layers):
        executed += layer.macs * tf.reduce_mean(wanted)
        if layer.window:
            wanted = dilate(wanted, layer.window)
    return executed / block.macs
