"""What the networks are trained to put out: a Gaussian for each joint."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

SIGMA = 1.0

#: How much more an error of a heatmap's value counts at a joint than far from it.
FOREGROUND = 4.0

#: A heatmap times this is read as log odds of where its joint lies: a right one, 1 at the joint and 0 elsewhere, then
#: has most of the odds there.
SHARPNESS = 10.0

#: A cell of a glance is near a joint whose Gaussian is higher there: up to 1.2 cells away.
NEAR = 0.5

#: The weight of the values against that of the place.
VALUES = 0.2


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
    """How wrong heatmaps [N, h, w, J] are about place and value, averaged over the labelled joints [N, J].

    - Place: the cross-entropy of the softmax over the cells against the target's shape. A squared error alone is slow
      to start: nearly all cells are background, and answering nothing but zeros is right about those.
    - Value: the weighted squared error, summed over the cells, which makes a heatmap 1 where the joint surely is and
      less where it only may be. A cell's weight is `1 + FOREGROUND * target`.
    """
    cells = heatmaps.shape[1] * heatmaps.shape[2]
    flat = tf.reshape(heatmaps, (-1, cells, heatmaps.shape[3]))
    wanted = tf.reshape(targets, (-1, cells, heatmaps.shape[3]))
    shape = tf.math.divide_no_nan(wanted, tf.reduce_sum(wanted, axis=1, keepdims=True))
    place = -tf.reduce_sum(shape * tf.nn.log_softmax(SHARPNESS * flat, axis=1), axis=1)
    value = tf.reduce_sum((1 + FOREGROUND * wanted) * tf.math.squared_difference(flat, wanted), axis=1)
    counted = tf.cast(labelled, flat.dtype)
    return tf.math.divide_no_nan(tf.reduce_sum((place + VALUES * value) * counted), tf.reduce_sum(counted))


def glance_loss(glance: Any, joints: Any, labelled: Any, size: int) -> Any:
    """The cross-entropy of a glance [N, h, w, 1], as log odds, against where the labelled joints lie.

    Args:
        glance: of an image of `size` pixels.
        joints: float32 [N, J, 2], in pixels.
        labelled: bool [N, J].
    """
    cells = glance.shape[1]
    near = heatmap_targets(joints, size, cells) * tf.cast(labelled, tf.float32)[:, None, None, :]
    wanted = tf.cast(tf.reduce_max(near, axis=3, keepdims=True) > NEAR, tf.float32)
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=wanted, logits=glance))
