"""Random changes of training pictures and their joints, as part of a TensorFlow graph."""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf

from .published import JOINTS, MEAN, STANDARD_DEVIATION

#: Factors of a person's size, as likely below 1 as above it.
SCALE = (0.7, 1.35)
ROTATION = math.radians(35)
#: The largest shift, as a share of the network's input.
SHIFT = 0.08
#: How far the brightness, a channel's gain, the contrast and the saturation go from what they were.
JITTER = 0.2


def _mirrored(joint: str) -> str:
    if joint.startswith("left_"):
        return joint.replace("left_", "right_")
    return joint.replace("right_", "left_")


#: For each joint, the one that takes its place in a mirrored image.
MIRRORED_JOINTS = tuple(JOINTS.index(_mirrored(joint)) for joint in JOINTS)


def augment(images: Any, joints: Any, labelled: Any, size: int, margin: float, seed: Any) -> tuple[Any, Any, Any]:
    """Mirrors, scales, rotates and shifts, then changes colours, each picture in its own way.

    Args:
        images: uint8 [N, S, S, 3].
        joints: float32 [N, 16, 2], in their pixels.
        labelled: bool [N, 16].
        size: of the network's input.
        margin: the central S / `margin` pixels are what the network would see without changes.
        seed: integer [2]; the same one gives the same changes.

    Returns:
        images (normalized, float32 [N, size, size, 3]), joints in their pixels, and labelled, which is false where a
        joint has left the image.
    """
    joints = tf.where(labelled[:, :, None], joints, 0.0)  # Positions that mean nothing must not become NaN.
    count = tf.shape(images)[0]
    seeds = tf.unstack(tf.random.split(seed, 5), num=5)
    flip = tf.random.stateless_uniform([count], seeds[1]) < 0.5
    scale = tf.exp(tf.random.stateless_uniform([count], seeds[2], *(math.log(end) for end in SCALE)))
    angle = tf.random.stateless_uniform([count], seeds[3], -ROTATION, ROTATION)
    shift = tf.random.stateless_uniform([count, 2], seeds[4], -SHIFT * size, SHIFT * size)
    images, joints, labelled = transform(images, joints, labelled, size, flip, margin * scale, angle, shift)
    return normalize(_jitter(images / 255, seeds[0])), joints, labelled


def normalize(images: Any) -> Any:
    """RGB in [0, 1] to what the networks read."""
    return (images - tf.constant(MEAN)) / tf.constant(STANDARD_DEVIATION)


def transform(
    images: Any, joints: Any, labelled: Any, size: int, flip: Any, scale: Any, angle: Any, shift: Any
) -> tuple[Any, Any, Any]:
    """Makes inputs of `size` pixels of pictures [N, S, S, 3], centre on centre.

    On the way it mirrors where `flip` [N], scales by `scale` [N] (1 takes in the whole pictures), rotates by `angle`
    [N] about the centre and shifts by `shift` [N, 2] pixels of the input. `angle` is in radians and turns x towards y,
    which is clockwise to the eye. What comes in from outside is black.
    """
    stored = images.shape[1]
    mirrored = tf.gather(joints, MIRRORED_JOINTS, axis=1)
    joints = tf.where(flip[:, None, None], mirrored, joints)
    labelled = tf.where(flip[:, None], tf.gather(labelled, MIRRORED_JOINTS, axis=1), labelled)
    sign = tf.where(flip, -1.0, 1.0)
    scale = scale * (size / stored)
    cos, sin = tf.cos(angle), tf.sin(angle)
    # Out = R * scale * F * in about the centres; the image operation asks for the inverse, in indices of pixels.
    forward = tf.stack(
        [tf.stack([scale * cos * sign, -scale * sin], axis=1), tf.stack([scale * sin * sign, scale * cos], axis=1)],
        axis=1,
    )
    joints = tf.einsum("nab,njb->nja", forward, joints - stored / 2) + size / 2 + shift[:, None]
    labelled &= tf.reduce_all((joints >= 0) & (joints < size), axis=2)
    a, b, c, d = sign * cos / scale, sign * sin / scale, -sin / scale, cos / scale
    x, y = (size - 1) / 2 + shift[:, 0], (size - 1) / 2 + shift[:, 1]
    centre = (stored - 1) / 2
    zero = tf.zeros_like(a)
    matrix = tf.stack([a, b, centre - a * x - b * y, c, d, centre - c * x - d * y, zero, zero], axis=1)
    images = tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=matrix,
        output_shape=[size, size],
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
        fill_value=0.0,
    )
    images = tf.cast(images, tf.float32)
    images.set_shape([None, size, size, 3])
    return images, joints, labelled


def _jitter(images: Any, seed: Any) -> Any:
    """Changes brightness, contrast, saturation and the gain of each channel, and clips to [0, 1]."""
    seeds = tf.unstack(tf.random.split(seed, 4), num=4)
    count = tf.shape(images)[0]

    def uniform(index: int, channels: int, middle: float) -> Any:
        shape = [count, 1, 1, channels]
        return tf.random.stateless_uniform(shape, seeds[index], middle - JITTER, middle + JITTER)

    mean = tf.reduce_mean(images, axis=(1, 2), keepdims=True)
    images = (images - mean) * uniform(0, 1, 1.0) + mean + uniform(1, 1, 0.0)
    grey = tf.reduce_mean(images, axis=3, keepdims=True)
    images = (images - grey) * uniform(2, 1, 1.0) + grey
    return tf.clip_by_value(images * uniform(3, 3, 1.0), 0.0, 1.0)
