"""What the networks are trained to put out: a Gaussian for each joint."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

SIGMA = 1.0

#: How much more an error counts at a joint than far from it.
FOREGROUND = 4.0


def heatmap_targets(joints: Any, size: int, cells: int) -> Any:
    """Gaussians of one cell's standard deviation, 1 at the joints' continuous positions.

    Args:
        joints: float32 [N, J, 2], in pixels.
        size: height and width of the image in pixels.
        cells: height and width of a heatmap.

    Returns:
        float32 [N, cells, cells, J].
    """
    centres = tf.range(cells, dtype=tf.float32) + 0.5
    distances = centres[None, :, None, None] - joints[:, None] * (cells / size)
    profiles = tf.exp(-tf.square(distances) / (2 * SIGMA**2))
    return profiles[:, None, :, :, 0] * profiles[:, :, None, :, 1]


def heatmap_loss(heatmaps: Any, targets: Any, labelled: Any) -> Any:
    """Weighted squared error, summed over a heatmap's cells and averaged over the labelled joints [N, J].

    A cell's weight is `1 + FOREGROUND * target`: nearly all cells are background, and a network that answers nothing
    but zeros is right about those. It pays pi * (1 + 2/3 * FOREGROUND), whatever the resolution.
    """
    weights = 1 + FOREGROUND * targets
    errors = tf.reduce_sum(weights * tf.math.squared_difference(heatmaps, targets), axis=(1, 2))
    counted = tf.cast(labelled, errors.dtype)
    return tf.math.divide_no_nan(tf.reduce_sum(errors * counted), tf.reduce_sum(counted))
