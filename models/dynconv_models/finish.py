"""From a trained network to what is shipped: evaluation on the test images, conversion, references, card."""

from __future__ import annotations

import math
import os
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from .augment import normalize
from .cards import Card, Figures, Training, write_card
from .complexity import complexity, executed_macs
from .convert import convert
from .folding import float16_patterns, fold_batch_norms, round_to_float16
from .layers import MaskUnit
from .mask_statistics import mask_statistics
from .pckh import pckh
from .pose_data.split import Split
from .predict import predict_joints

#: Test images whose masks are kept as a reference.
MASK_IMAGES = 64


def finish(
    name: str, model: keras.Model, budget: float | None, test: Split, training: Training, output: Path, reference: Path
) -> Card:
    """Folds and rounds the weights, evaluates, and writes the converted network with its card into `output/name`.

    `reference/name` gets what Keras makes of the test images, so that the converted network can be held against it:
    `joints.npy` (float32 [N, 16, 2], pixels) and, for the first images, each mask unit's `mask-NAME.npy` (bool
    [M, H, W, 1]).
    """
    fold_batch_norms(model)
    round_to_float16(model)
    joints = predict_joints(model, test.images)
    card = Card(name, training, evaluate(model, budget, test, joints))
    _write_reference(model, test.images[:MASK_IMAGES], joints, reference / name)
    folder, scratch = output / name, output / f"{name}.tmp"
    for old in (folder, scratch):
        shutil.rmtree(old, ignore_errors=True)
    convert(model, scratch, "graph", quantize={"float16": float16_patterns(model)})
    os.replace(scratch, folder)
    write_card(card, folder)
    return card


def evaluate(model: keras.Model, budget: float | None, test: Split, joints: NDArray[Any]) -> Figures:
    """Figures on the test images, for which the model predicted the joints [N, 16, 2]."""
    result = pckh(joints, test.joints, test.labelled, test.head)
    counts = complexity(model)
    inputs = normalize(tf.cast(test.images, tf.float32) / 255).numpy()
    executed = executed_macs(model, inputs)
    size = test.images.shape[1]
    masks = {
        name: mask_statistics(mask, test.joints, test.labelled, size) for name, mask in _masks(model, inputs).items()
    }
    return Figures(
        pckh=round(result.mean, 3),
        pckhPerJoint={joint: round(rate, 3) for joint, rate in result.per_joint.items() if not math.isnan(rate)},
        parameters=counts.parameters,
        macs=counts.macs,
        conditionalMacs=counts.conditional_macs,
        executedMacs=round(executed.macs),
        executedConditionalMacs=round(executed.conditional_macs),
        budget=budget,
        maskDensities={mask: round(density, 4) for mask, density in executed.densities.items()},
        masks={name: statistics.rounded() for name, statistics in masks.items()},
    )


def _masks(model: keras.Model, inputs: NDArray[Any], batch: int = 100) -> dict[str, NDArray[np.bool_]]:
    """What each mask unit keeps of normalized images: bool [N, H, W, 1], by name."""
    outputs = {layer.name: layer.output for layer in model.layers if isinstance(layer, MaskUnit)}
    if not outputs:
        return {}
    units = keras.Model(model.input, outputs)
    parts = [units.predict_on_batch(inputs[start : start + batch]) for start in range(0, len(inputs), batch)]
    return {name: np.concatenate([np.asarray(part[name]) > 0 for part in parts]) for name in outputs}


def _write_reference(model: keras.Model, images: NDArray[Any], joints: NDArray[Any], directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    np.save(directory / "joints.npy", joints.astype(np.float32))
    for name, mask in _masks(model, normalize(tf.cast(images, tf.float32) / 255).numpy()).items():
        np.save(directory / f"mask-{name}.npy", mask)
