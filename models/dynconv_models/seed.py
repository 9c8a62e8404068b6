"""Seeded weights with sane activations, for networks that nobody trained.

Convolutions are drawn by their initializers (`keras.utils.set_random_seed` first). What is left, batch normalization
and the masks' biases, is set from images: the running statistics to what the layers really see, the biases so that
each mask keeps a wanted share of the pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from .layers import MaskUnit, set_noise_scale

#: Scale of the last batch normalization of a residual block: small, so that a sum of many blocks stays sane.
_RESIDUAL_SCALE = 0.3


def seed_batch_norms(model: keras.Model, images: NDArray[Any], seed: int) -> None:
    """Draws scales and offsets, and sets the running statistics to those of the images [N, H, W, 3]."""
    random = np.random.default_rng(seed)
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for norm in norms:
        channels = norm.gamma.shape
        scale = _RESIDUAL_SCALE if _ends_residual(norm.name) else 1.0
        norm.gamma.assign(scale * random.uniform(0.8, 1.2, channels))
        norm.beta.assign(0.2 * random.standard_normal(channels))
    momenta = [norm.momentum for norm in norms]
    try:
        for norm in norms:
            norm.momentum = 0.0
        set_noise_scale(model, 0.0)
        model(images, training=True)
    finally:
        set_noise_scale(model, 1.0)
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum


def seed_biases(model: keras.Model, seed: int) -> None:
    """Draws the biases of the convolutions, which their initializers leave at zero; those of the masks stay."""
    random = np.random.default_rng(seed)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D) and layer.use_bias:
            layer.bias.assign(0.1 * random.standard_normal(layer.bias.shape))


def set_mask_density(model: keras.Model, images: NDArray[Any], density: float) -> None:
    """Sets each mask unit's bias so that about this share of the images' pixels is kept.

    The bias lies in the widest gap near the wanted quantile, so that rounding elsewhere flips no pixel.
    """
    _run_and_set_masks(model, images, lambda mask, features: _set_bias(mask, features, density))


def set_smooth_masks(model: keras.Model, image: NDArray[Any], density: float) -> None:
    """Sets each mask unit's kernel so that its logits on one image [1, H, W, 3] are as smooth as its features allow.

    The kernel is the direction in channel space that keeps the most of its variance through a blur, and points so that
    the middle of the image gets more than its border. The bias follows, as in `set_mask_density`.
    """

    def set_mask(mask: MaskUnit, features: NDArray[Any]) -> None:
        kernel = _smoothest_direction(features[0].astype(np.float64))
        mask.conv.kernel.assign((kernel / np.std(features @ kernel)).reshape(mask.conv.kernel.shape))
        _set_bias(mask, features, density)

    _run_and_set_masks(model, image, set_mask)


def _run_and_set_masks(
    model: keras.Model, images: NDArray[Any], set_mask: Callable[[MaskUnit, NDArray[Any]], None]
) -> None:
    """Runs the model once, layer by layer, and each mask unit only after it was set for the features it gets."""
    values = {id(model.inputs[0]): images}
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        sources = layer.input
        inputs = [values[id(source)] for source in sources] if isinstance(sources, list) else values[id(sources)]
        if isinstance(layer, MaskUnit):
            set_mask(layer, np.asarray(inputs))
        values[id(layer.output)] = layer(inputs)


def _set_bias(mask: MaskUnit, features: NDArray[Any], density: float) -> None:
    mask.conv.bias.assign([0.0])
    logits = np.sort(np.asarray(mask.conv(features)).ravel().astype(np.float64))
    first = round((1 - density) * logits.size)
    slack = max(1, logits.size // 50)
    candidates = np.arange(max(1, first - slack), min(logits.size, first + slack + 1))
    cut = candidates[np.argmax(logits[candidates] - logits[candidates - 1])]
    mask.conv.bias.assign([-(logits[cut] + logits[cut - 1]) / 2])


def _smoothest_direction(features: NDArray[Any]) -> NDArray[Any]:
    """The largest generalized eigenvector of the features' covariance after a blur against the one before."""
    height, width, channels = features.shape
    centered = features - features.mean(axis=(0, 1))
    blurred = centered
    for axis, size in ((0, height), (1, width)):
        reach = max(1, size // 16)
        padded = np.pad(blurred, [(reach, reach) if a == axis else (0, 0) for a in range(3)], mode="edge")
        windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=axis)
        blurred = windows.mean(axis=-1)
    before, after = (np.einsum("ijc,ijd->cd", x, x) / (height * width) for x in (centered, blurred))
    before += 1e-2 * np.trace(before) / channels * np.eye(channels)
    root = np.linalg.inv(np.linalg.cholesky(before))
    _, vectors = np.linalg.eigh(root @ after @ root.T)
    direction = root.T @ vectors[:, -1]
    rows, columns = (np.hanning(size + 2)[1:-1] for size in (height, width))
    middle = np.outer(rows, columns)
    towards = np.sum((centered @ direction) * (middle - middle.mean()))
    return direction if towards >= 0 else -direction


def smooth_images(shape: tuple[int, int, int, int], seed: int, cells: int = 8) -> NDArray[Any]:
    """Draws images [N, H, W, C] of smooth blobs with some detail, normalized to mean 0 and variance 1."""
    random = np.random.default_rng(seed)
    count, height, width, channels = shape
    coarse = random.standard_normal((count, cells, cells, channels)).astype(np.float32)
    images = np.asarray(keras.ops.image.resize(coarse, (height, width), interpolation="bicubic"))
    images = images + 0.1 * random.standard_normal(shape)
    return ((images - images.mean()) / images.std()).astype(np.float32)


def _ends_residual(name: str) -> bool:
    return name.endswith(("_project_bn", "_conv2_bn", "_conv3_bn"))
