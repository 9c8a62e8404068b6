"""Joints by a network, from images as the benchmark holds them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from .augment import normalize
from .pckh import decode


def predict_joints(model: keras.Model, images: NDArray[Any], batch: int = 100) -> NDArray[np.float32]:
    """Decoded joints [N, 16, 2], in pixels, of images uint8 [N, S, S, 3]."""
    heatmaps = [
        model(normalize(tf.cast(images[start : start + batch], tf.float32) / 255), training=False).numpy()
        for start in range(0, len(images), batch)
    ]
    return decode(np.concatenate(heatmaps), images.shape[1])
