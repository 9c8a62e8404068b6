"""Weights as they are shipped: batch normalization folded into the convolutions, rounded to float16.

The converter folds batch normalization, too, and rounds afterwards. Doing both here first means that what Keras
evaluates is what is shipped: the converter then folds by exactly one, and rounding a second time changes nothing.
"""

from __future__ import annotations

import keras
import numpy as np

from .layers import MaskUnit


def fold_batch_norms(model: keras.Model) -> None:
    """Moves each batch normalization's scale into the convolution that it reads, and its offsets into its `beta`.

    Raises:
        ValueError: for a batch normalization that reads something else.
    """
    for norm in model.layers:
        if not isinstance(norm, keras.layers.BatchNormalization):
            continue
        conv = norm.input._keras_history.operation
        if not isinstance(conv, keras.layers.Conv2D | keras.layers.DepthwiseConv2D):
            raise ValueError(f"{norm.name}: it reads {conv.name}, which is no convolution, so it cannot be folded")
        epsilon = np.float32(norm.epsilon)
        scale = norm.gamma.numpy() / np.sqrt(norm.moving_variance.numpy() + epsilon)
        shift = norm.beta.numpy() - norm.moving_mean.numpy() * scale
        per_channel = scale[:, None] if isinstance(conv, keras.layers.DepthwiseConv2D) else scale
        conv.kernel.assign(conv.kernel.numpy() * per_channel)
        if conv.use_bias:
            shift += conv.bias.numpy() * scale
            conv.bias.assign(np.zeros_like(shift))
        norm.gamma.assign(np.ones_like(scale))
        norm.beta.assign(shift)
        norm.moving_mean.assign(np.zeros_like(scale))
        norm.moving_variance.assign(np.full_like(scale, np.float32(1) - epsilon))


def round_to_float16(model: keras.Model) -> None:
    """Rounds all weights but those of the mask units and of batch normalization's statistics."""
    for layer in model.layers:
        if not isinstance(layer, MaskUnit):
            for weight in layer.trainable_weights:
                weight.assign(weight.numpy().astype(np.float16).astype(np.float32))


def float16_patterns(model: keras.Model) -> list[str]:
    """The converter's patterns for what `round_to_float16` rounds."""
    return [f"*{layer.name}/*" for layer in model.layers if layer.trainable_weights and not isinstance(layer, MaskUnit)]
