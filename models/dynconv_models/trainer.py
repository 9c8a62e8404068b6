"""Training of one network: what a step does, and what makes it resumable."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from .augment import augment, normalize
from .budget import BudgetLoss, masks_of
from .fused_batch_norm import with_fused_batch_norms
from .heatmap_targets import heatmap_loss, heatmap_targets
from .layers import set_noise_scale
from .networks import Network
from .pckh import pckh
from .pose_data.benchmark import Split
from .predict import predict_joints

CHECKPOINT_SECONDS = 60
PROGRESS_SECONDS = 10
VALIDATION_IMAGES = 200
RECALIBRATION_IMAGES = 1024
RESIDUAL_SCALE = 0.3
SCORE_SCALE = 0.05


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How the networks are trained, all of them alike.

    Attributes:
        steps: updates of the weights.
        batch: images a step.
        learning_rate: its peak; it rises linearly, then falls to 0 as a half cosine.
        warm_up: share of the steps in which it rises.
        weight_decay: of AdamW, for convolutions only.
        clip_norm: the gradient's largest norm.
        budget_weight: of the budget loss, against a heatmap loss that starts near 11.5.
        noise: share of the steps in which the mask units decide with Gumbel noise.
    """

    steps: int = 4000
    batch: int = 16
    learning_rate: float = 6e-3
    warm_up: float = 0.05
    weight_decay: float = 1e-4
    clip_norm: float = 1.0
    budget_weight: float = 60.0
    noise: float = 0.8

    def __post_init__(self) -> None:
        for field in ("steps", "batch"):
            if getattr(self, field) < 1:
                raise ValueError(f"{field} is {getattr(self, field)}: it must be at least 1")


@dataclasses.dataclass(frozen=True)
class Progress:
    """Where a run stands after a step; what has not been measured yet is None."""

    step: int
    steps: int
    loss: float
    executed: float | None
    pckh: float | None
    images_per_second: float
    seconds_left: float

    def __str__(self) -> str:
        parts = [f"step {self.step}/{self.steps}", f"loss {self.loss:.3f}"]
        if self.executed is not None:
            parts.append(f"executed {100 * self.executed:.1f} %")
        if self.pckh is not None:
            parts.append(f"PCKh {self.pckh:.1f}")
        parts.append(f"{self.images_per_second:.0f} images/s")
        parts.append(f"{self.seconds_left / 60:.1f} min left")
        return "  ".join(parts)


class Trainer:
    """One training run, which can be interrupted and resumed.

    Everything random but the masks' noise follows from the seed and the step; the noise's state is saved with the
    weights.
    """

    def __init__(self, network: Network, recipe: Recipe, seed: int, data: Split, run: Path, key: str) -> None:
        """Builds the network and, if the run's folder holds a checkpoint of the same `key`, goes on from there.

        Args:
            network: what to train.
            recipe: how.
            seed: of everything random.
            data: the training images.
            run: folder of the checkpoint.
            key: fingerprint of the configuration; a checkpoint with another one is left alone until overwritten.
        """
        keras.utils.set_random_seed(seed)
        self.network, self.recipe, self.seed, self.data, self.run, self.key = network, recipe, seed, data, run, key
        self._network = network.build()
        start_calmly(self._network)
        self.model = with_fused_batch_norms(self._network)
        self.seconds = 0.0
        self._with_masks = masks_of(self.model)
        self._budget = None if network.budget is None else BudgetLoss(self.model, network.budget)
        self._optimizer = _optimizer(recipe)
        self._optimizer.build(self.model.trainable_variables)
        self._step = tf.function(self._step_eagerly)
        if self._checkpoint.exists():
            self._restore()

    @property
    def step(self) -> int:
        """Steps done."""
        return int(self._optimizer.iterations.numpy())

    def train(self, report: Callable[[Progress], None], validation: Split | None = None) -> keras.Model:
        """Trains to the end, recalibrates batch normalization and returns the network; masks are without noise then."""
        recipe = self.recipe
        score: float | None = None
        started = reported = saved = time.monotonic()
        first = last = self.step
        before = self.seconds
        for step in range(first, recipe.steps):
            set_noise_scale(self.model, float(step < recipe.noise * recipe.steps))
            terms = self._step(*self._batch(step), tf.constant([self.seed, step]), np.float32(step / recipe.steps))
            now = time.monotonic()
            self.seconds = before + now - started
            done = step + 1
            if validation is not None and done % max(1, recipe.steps // 10) == 0:
                score = self._score(validation)
            if now - saved > CHECKPOINT_SECONDS:
                self._save()
                saved = now
            if now - reported > PROGRESS_SECONDS or done == recipe.steps:
                rate = (done - last) / (now - reported)
                loss, executed = (float(term) for term in terms)
                left = (recipe.steps - done) / rate
                fraction = None if self._budget is None else executed
                report(Progress(done, recipe.steps, loss, fraction, score, rate * recipe.batch, left))
                reported, last = now, done
        set_noise_scale(self.model, 0.0)
        if self.step > first:
            self._save()
        count = min(RECALIBRATION_IMAGES, len(self.data.images))
        recalibrate(self.model, self.data.images[:count])
        self._network.set_weights(self.model.get_weights())
        return self._network

    def _batch(self, step: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        rows = batch_rows(step, self.recipe.batch, len(self.data.images), self.seed)
        return self.data.images[rows], self.data.joints[rows], self.data.labelled[rows]

    def _step_eagerly(self, images: Any, joints: Any, labelled: Any, seed: Any, progress: Any) -> tuple[Any, Any]:
        images, joints, labelled = augment(images, joints, labelled, seed)
        size = self.network.config.input_size
        targets = heatmap_targets(joints, size, size // 4)
        executed = tf.constant(1.0)
        with tf.GradientTape() as tape:
            heatmaps, masks = self._with_masks(images, training=True)
            loss = total = heatmap_loss(heatmaps, targets, labelled)
            if self._budget is not None:
                terms = self._budget(masks, progress)
                total += self.recipe.budget_weight * terms.loss
                executed = terms.executed_fraction
        variables = self.model.trainable_variables
        self._optimizer.apply(tape.gradient(total, variables), variables)
        return loss, executed

    def _score(self, split: Split) -> float:
        """PCKh@0.5 on the first images."""
        rows = slice(0, VALIDATION_IMAGES)
        joints = predict_joints(self.model, split.images[rows])
        return pckh(joints, split.joints[rows], split.labelled[rows], split.head[rows]).mean

    @property
    def _checkpoint(self) -> Path:
        return self.run / "checkpoint.npz"

    def _state(self) -> list[Any]:
        return [*self.model.variables, *self._optimizer.variables]

    def _save(self) -> None:
        self.run.mkdir(parents=True, exist_ok=True)
        scratch = self._checkpoint.with_suffix(".tmp.npz")
        arrays = {f"{index}": variable.numpy() for index, variable in enumerate(self._state())}
        np.savez(scratch, key=np.array(self.key), seconds=np.float64(self.seconds), **arrays)
        os.replace(scratch, self._checkpoint)

    def _restore(self) -> None:
        with np.load(self._checkpoint) as arrays:
            if str(arrays["key"]) != self.key:
                return
            for index, variable in enumerate(self._state()):
                variable.assign(arrays[f"{index}"])
            self.seconds = float(arrays["seconds"])


def batch_rows(step: int, batch: int, count: int, seed: int) -> NDArray[np.int64]:
    """The images of a step: each epoch a new order of all of them; an epoch need not end with a batch."""
    positions = np.arange(step * batch, (step + 1) * batch)
    rows = np.empty(batch, np.int64)
    for epoch in np.unique(positions // count):
        of_epoch = positions // count == epoch
        rows[of_epoch] = np.random.default_rng([seed, epoch]).permutation(count)[positions[of_epoch] % count]
    return rows


def recalibrate(model: keras.Model, images: NDArray[Any], batch: int = 64) -> None:
    """Sets batch normalization's running statistics to their averages over the images, the weights being fixed."""
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    momenta = [norm.momentum for norm in norms]
    try:
        for index in range(max(1, len(images) // batch)):
            for norm in norms:
                norm.momentum = index / (index + 1)
            rows = images[index * batch : (index + 1) * batch]
            model(normalize(tf.cast(rows, tf.float32) / 255), training=True)
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum


def start_calmly(model: keras.Model) -> None:
    """Scales down what a residual block adds, and the heatmaps: a sum of many fresh blocks puts out hundreds."""
    for layer in model.layers:
        if layer.name.endswith(("_project_bn", "_conv2_bn")):
            layer.gamma.assign(layer.gamma * RESIDUAL_SCALE)
        if layer.name.endswith("_score"):
            layer.kernel.assign(layer.kernel * SCORE_SCALE)


def device() -> str:
    """What TensorFlow computes on, in words."""
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        return str(tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU"))
    return f"CPU, {len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()} cores"


def _optimizer(recipe: Recipe) -> keras.optimizers.Optimizer:
    warm_up = max(1, round(recipe.warm_up * recipe.steps))
    schedule = keras.optimizers.schedules.CosineDecay(
        recipe.learning_rate / 100,
        max(1, recipe.steps - warm_up),
        warmup_target=recipe.learning_rate,
        warmup_steps=warm_up,
    )
    optimizer = keras.optimizers.AdamW(schedule, recipe.weight_decay, global_clipnorm=recipe.clip_norm)
    optimizer.exclude_from_weight_decay(var_names=["bias", "beta", "gamma"])
    return optimizer
