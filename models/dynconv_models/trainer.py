"""Training of one network: what a step does, and what makes it resumable."""

from __future__ import annotations

import dataclasses
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from .augment import augment, normalize
from .fused_batch_norm import with_fused_batch_norms
from .heatmap_targets import heatmap_loss, heatmap_targets
from .networks import Network
from .pckh import pckh
from .pose_data.split import Split, central
from .predict import predict_joints
from .recipe import Recipe, Stage

CHECKPOINT_SECONDS = 120
PROGRESS_SECONDS = 20
#: Steps between two looks at the validation pictures.
VALIDATION_STEPS = 500
RECALIBRATION_IMAGES = 1024
RESIDUAL_SCALE = 0.3
SCORE_SCALE = 0.05

_STACK = re.compile(r"stack(\d+)_(.+)")


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
    weights. Where a stage begins, a network of its size takes over the weights of the one before.
    """

    def __init__(self, network: Network, recipe: Recipe, seed: int, data: Split, run: Path, key: str) -> None:
        """Builds the network and, if the run's folder holds a checkpoint of the same `key`, goes on from there.

        Args:
            network: what to train.
            recipe: how.
            seed: of everything random.
            data: the training pictures.
            run: folder of the checkpoint.
            key: fingerprint of the configuration; a checkpoint with another one is left alone until overwritten.
        """
        keras.utils.set_random_seed(seed)
        self.network, self.recipe, self.seed, self.data, self.run, self.key = network, recipe, seed, data, run, key
        self.seconds = 0.0
        self.step = 0
        self._begin(0, None)
        if self._checkpoint.exists():
            self._restore()

    def _begin(self, index: int, before: keras.Model | None) -> None:
        """Builds what a stage trains; `before` is the network of the stage before, None for fresh weights."""
        self._index = index
        stage = self.recipe.stages[index]
        plain = self.network.build(stage.stacks, stage.size, all_stacks=True)
        if before is None:
            start_calmly(plain)
        else:
            take_over(before, plain)
        self.model = with_fused_batch_norms(plain)
        self._optimizer = _optimizer(self.recipe)
        self._optimizer.build(self.model.trainable_variables)
        self._graph = tf.function(self._step_eagerly)

    @property
    def _stage(self) -> Stage:
        return self.recipe.stages[self._index]

    def train(self, report: Callable[[Progress], None], validation: Split | None = None) -> keras.Model:
        """Trains to the end, recalibrates batch normalization and returns the network, of the last stage's size."""
        recipe = self.recipe
        score: float | None = None
        started = reported = saved = time.monotonic()
        first = last = self.step
        before = self.seconds
        for step in range(first, recipe.steps):
            index, _ = recipe.stage_at(step)
            if index != self._index:
                self._save(self.run / f"stage{self._index + 1}.npz")
                self._begin(index, self.model)
            self._optimizer.learning_rate.assign(recipe.rate_at(step))
            loss = self._graph(*self._batch(step), tf.constant([self.seed, step]))
            self.step = step + 1
            now = time.monotonic()
            self.seconds = before + now - started
            if validation is not None and self.step % VALIDATION_STEPS == 0:
                score = self._score(validation)
            if now - saved > CHECKPOINT_SECONDS:
                self._save(self._checkpoint)
                saved = now
            if now - reported > PROGRESS_SECONDS or self.step == recipe.steps:
                rate = (self.step - last) / (now - reported)
                left = (recipe.steps - self.step) / rate
                report(Progress(self.step, recipe.steps, float(loss), None, score, rate * recipe.batch, left))
                reported, last = now, self.step
        if self.step > first:
            self._save(self._checkpoint)
        stage = self._stage
        recalibrate(self.model, central(_first(self.data, RECALIBRATION_IMAGES), stage.size).images)
        final = self.network.build(stage.stacks, stage.size)
        take_over(self.model, final)
        return final

    def _batch(self, step: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        rows = np.sort(batch_rows(step, self.recipe.batch, len(self.data), self.seed))
        return self.data.images[rows], self.data.joints[rows], self.data.labelled[rows]

    def _step_eagerly(self, images: Any, joints: Any, labelled: Any, seed: Any) -> Any:
        size = self._stage.size
        images, joints, labelled = augment(images, joints, labelled, size, seed)
        targets = heatmap_targets(joints, size, size // 4)
        with tf.GradientTape() as tape:
            outputs = self.model(images, training=True)
            stacks = outputs if isinstance(outputs, list) else [outputs]
            losses = [heatmap_loss(heatmaps, targets, labelled) for heatmaps in stacks]
            total = tf.add_n(losses)
        variables = self.model.trainable_variables
        self._optimizer.apply(tape.gradient(total, variables), variables)
        return losses[-1]

    def _score(self, split: Split) -> float:
        """PCKh@0.5."""
        measured = central(split, self._stage.size)
        last = keras.Model(self.model.input, self.model.outputs[-1])
        joints = predict_joints(last, measured.images)
        return pckh(joints, measured.joints, measured.labelled, measured.head).mean

    @property
    def _checkpoint(self) -> Path:
        return self.run / "checkpoint.npz"

    def _state(self) -> list[Any]:
        return [*self.model.variables, *self._optimizer.variables]

    def _save(self, file: Path) -> None:
        self.run.mkdir(parents=True, exist_ok=True)
        scratch = file.with_suffix(".tmp.npz")
        arrays = {f"{index}": variable.numpy() for index, variable in enumerate(self._state())}
        np.savez(scratch, key=np.array(self.key), step=self.step, seconds=np.float64(self.seconds), **arrays)
        os.replace(scratch, file)

    def _restore(self) -> None:
        with np.load(self._checkpoint) as arrays:
            if str(arrays["key"]) != self.key:
                return
            self.step = int(arrays["step"])
            # The checkpoint was written after this step's update, so by the stage of the step before.
            index, _ = self.recipe.stage_at(max(0, self.step - 1))
            if index != self._index:
                self._begin(index, None)
            for number, variable in enumerate(self._state()):
                variable.assign(arrays[f"{number}"])
            self.seconds = float(arrays["seconds"])


def take_over(source: keras.Model, target: keras.Model) -> None:
    """Gives the layers of `target` the weights of those of the same name in `source`.

    A stack that `source` has not starts as its last one, and what merges a stack into the next starts as zeros: so the
    new stack sees at first what the last one saw. Anything else that is new keeps its weights.
    """
    weights = {layer.name: layer.get_weights() for layer in source.layers}
    stacks = [int(match[1]) for name in weights if (match := _STACK.fullmatch(name))]
    for layer in target.layers:
        match = _STACK.fullmatch(layer.name)
        taken = weights.get(layer.name)
        if taken is None and match and "_merge_" in layer.name:
            taken = [np.zeros_like(weight) for weight in layer.get_weights()]
        elif taken is None and match:
            taken = weights.get(f"stack{max(stacks)}_{match[2]}")
        if taken:
            layer.set_weights(taken)


def _first(split: Split, count: int) -> Split:
    return Split(*(getattr(split, field.name)[:count] for field in dataclasses.fields(Split)))


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
    optimizer = keras.optimizers.AdamW(recipe.learning_rate, recipe.weight_decay, global_clipnorm=recipe.clip_norm)
    optimizer.exclude_from_weight_decay(var_names=["bias", "beta", "gamma"])
    return optimizer
