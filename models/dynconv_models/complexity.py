"""Parameters and multiply-accumulates (MACs) of a model, counted as the published evaluation counts them."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from .masked_blocks import layer_macs, masked_blocks


@dataclasses.dataclass(frozen=True)
class Complexity:
    """Counts for one image.

    Attributes:
        parameters: trainable weights (running statistics of batch normalization are none).
        macs: of all convolutions and dense layers, masked or not; a bias costs one per output value.
        conditional_macs: the part of `macs` that masks can skip.
    """

    parameters: int
    macs: int
    conditional_macs: int


@dataclasses.dataclass(frozen=True)
class ExecutedMacs:
    """What a dynamic model computes of some images, on average per image.

    Attributes:
        macs: executed, masked or not.
        conditional_macs: executed of those that masks can skip.
        fraction: `conditional_macs` over all those that masks can skip; 1 for a static model.
        blocks: for each mask unit, the executed fraction of the MACs behind it.
        densities: for each mask unit, the share of pixels that it keeps.
    """

    macs: float
    conditional_macs: float
    fraction: float
    blocks: dict[str, float]
    densities: dict[str, float]


def complexity(model: keras.Model) -> Complexity:
    """Counts a functional model with a fixed input size."""
    return Complexity(
        parameters=sum(math.prod(weight.shape) for weight in model.trainable_weights),
        macs=sum(layer_macs(layer) for layer in model.layers),
        conditional_macs=sum(block.macs for block in masked_blocks(model)),
    )


def executed_macs(model: keras.Model, images: NDArray[Any], batch_size: int = 32) -> ExecutedMacs:
    """Runs the model on the images [N, H, W, C] and counts what its masks keep.

    What happens before a mask is needed at the neighbours of its pixels, too: in a block of a 1x1, a 3x3 and a 1x1
    convolution the first is counted at every pixel that has a kept one in its 3x3 neighbourhood.

    Raises:
        ValueError: for no images.
    """
    if not len(images):
        raise ValueError("no images: the executed MACs are a mean over images")
    counts = complexity(model)
    blocks = masked_blocks(model)
    if not blocks:
        return ExecutedMacs(counts.macs, 0.0, 1.0, {}, {})
    run = keras.Model(model.input, {block.mask: model.get_layer(block.mask).output for block in blocks})
    fractions = dict.fromkeys((block.mask for block in blocks), 0.0)
    densities = dict(fractions)
    for start in range(0, len(images), batch_size):
        batch = np.asarray(images[start : start + batch_size], np.float32)
        share = len(batch) / len(images)
        masks = run.predict_on_batch(batch)
        for block in blocks:
            mask = np.asarray(masks[block.mask])
            fractions[block.mask] += share * float(block.executed_fraction(mask))
            densities[block.mask] += share * float(mask.mean(dtype=np.float64))
    conditional = sum(block.macs * fractions[block.mask] for block in blocks)
    return ExecutedMacs(
        macs=counts.macs - counts.conditional_macs + conditional,
        conditional_macs=conditional,
        fraction=conditional / counts.conditional_macs,
        blocks=fractions,
        densities=densities,
    )
