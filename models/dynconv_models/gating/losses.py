"""What training lowers, and how much of what a teacher finds its student finds, too."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

#: A pixel where nothing is found counts as much as this probability.
FLOOR = 0.02
#: A probability from which a map's highest cell is a find.
FIND = 0.3
#: What a mask may keep on average while it is bounded.
HIGHEST = 0.95
#: Finds count as the same up to this share of the map's height.
NEAR = 1 / 24


def map_loss(wanted: Any, got: Any, probable: bool, saliency: Any) -> Any:
    """How far a map [N, H, W, C] is from the wanted one, most where there is something to find.

    Args:
        wanted: the teacher's.
        got: the student's.
        probable: they are log odds; then the loss is the divergence of the probabilities, weighted by the wanted ones.
            Otherwise it is the absolute distance against the wanted standard deviation of each channel, weighted by
            `saliency`.
        saliency: probabilities [N, H', W', 1], or None.
    """
    if probable:
        odds = tf.sigmoid(wanted)
        weight = odds + FLOOR
        error = tf.nn.sigmoid_cross_entropy_with_logits(labels=odds, logits=got)
        error -= tf.nn.sigmoid_cross_entropy_with_logits(labels=odds, logits=wanted)
    else:
        weight = tf.ones_like(wanted[..., :1])
        if saliency is not None:
            weight = FLOOR + tf.image.resize(saliency, wanted.shape[1:3])
        weight = tf.broadcast_to(weight, tf.shape(wanted))
        error = tf.abs(got - wanted) / (tf.math.reduce_std(wanted, axis=(0, 1, 2)) + 1e-6)
    return tf.reduce_sum(weight * error) / tf.reduce_sum(weight)


def bounds_loss(kept: Any, lowest: float) -> Any:
    """By how much the shares of pixels that masks keep, a vector, lie below `lowest` or above `HIGHEST`, in all."""
    return tf.reduce_sum(tf.nn.relu(lowest - kept) + tf.nn.relu(kept - HIGHEST))


def glance_loss(glance: Any, saliency: Any) -> Any:
    """The cross-entropy of a glance against whether anything is found in its cells or beside them."""
    rows = saliency.shape[1] // glance.shape[1]
    size = max(1, rows)
    found = tf.nn.max_pool2d(saliency, 2 * size, size, "SAME")
    found = tf.image.resize(found, glance.shape[1:3], "nearest")
    wanted = tf.cast(found > FIND, tf.float32)
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=wanted, logits=glance))


def kept_finds(wanted: NDArray[Any], got: NDArray[Any]) -> tuple[int, int]:
    """How many finds the log odds [N, H, W, C] of a teacher hold, and how many of them a student's keep.

    A find is the highest cell of a map, if its probability is at least `FIND`. It is kept if the student's is at least
    half as high in one of the cells around, up to `NEAR` of the map's height away: with several people in a picture the
    highest cell may well be another's.
    """
    reach = round(NEAR * wanted.shape[1])
    odds = tf.sigmoid(wanted)
    around = tf.nn.max_pool2d(tf.sigmoid(got), 2 * reach + 1, 1, "SAME")
    flat = (tf.reshape(values, (len(wanted), -1, wanted.shape[3])) for values in (odds, around))
    sure, near = (values.numpy() for values in flat)
    best = sure.argmax(1)[:, None]
    highest, there = (np.take_along_axis(values, best, axis=1) for values in (sure, near))
    finds = highest >= FIND
    return int(finds.sum()), int((finds & (there >= highest / 2)).sum())
