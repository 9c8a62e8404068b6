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
from .budget import BudgetLoss, masks_of, noise_scale
from .fused_batch_norm import with_fused_batch_norms
from .heatmap_targets import glance_loss, heatmap_loss, heatmap_targets
from .hourglass import GLANCE_MAP
from .layers import set_noise_scale
from .networks import Network
from .pckh import pckh
from .pose_data.split import Split, central, first
from .predict import predict_joints
from .recipe import Phase, Stage

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
    """One phase of a training, which can be interrupted and resumed.

    Everything random but the masks' noise follows from the seed and the step; the noise's state is saved with the
    weights. Where a stage begins, a network of its size takes over the weights of the one before.
    """

    def __init__(
        self,
        network: Network,
        phase: Phase,
        seed: int,
        data: Split,
        run: Path,
        key: str,
        start: keras.Model | None = None,
    ) -> None:
        """Builds the network and, if the run's folder holds a checkpoint of the same `key`, goes on from there.

        Args:
            network: what to train.
            phase: how.
            seed: of everything random.
            data: the training pictures.
            run: folder of the checkpoint.
            key: fingerprint of the configuration; a checkpoint with another one is left alone until overwritten.
            start: a network to take over the weights of (`take_over`); None for fresh ones.
        """
        keras.utils.set_random_seed(seed)
        self.network, self.phase, self.seed, self.data, self.run, self.key = network, phase, seed, data, run, key
        self.seconds = 0.0
        self.step = 0
        self._begin(0, start)
        if self._checkpoint.exists():
            self._restore()

    def _begin(self, index: int, before: keras.Model | None) -> None:
        """Builds what a stage trains; `before` is the network of the stage before, None for fresh weights."""
        self._index = index
        stage = self._stage
        plain = self.network.build(stage.stacks, stage.size, all_stacks=True)
        if before is None:
            start_calmly(plain)
        else:
            take_over(before, plain)
        self.model = with_fused_batch_norms(plain)
        self._budget = None
        if self.network.budget is not None:
            self._budget = BudgetLoss(self.model, self.network.budget, self.phase.bounded, self.phase.fall)
        self._with_masks = masks_of(self.model)
        self._glance = None
        if any(layer.name == GLANCE_MAP for layer in self.model.layers):
            outputs = (self._with_masks.output, self.model.get_layer(GLANCE_MAP).output)
            self._glance = keras.Model(self.model.input, outputs)
        self._optimizer = _optimizer(self.phase)
        self._optimizer.build(self.model.trainable_variables)
        self._graph = tf.function(self._step_eagerly)

    @property
    def _stage(self) -> Stage:
        return self.phase.stages[self._index]

    def train(self, report: Callable[[Progress], None], validation: Split | None = None) -> keras.Model:
        """Trains to the end, recalibrates batch normalization and returns the network, of the last stage's size.

        Masks are without noise then.
        """
        phase = self.phase
        score: float | None = None
        started = reported = saved = time.monotonic()
        begun = last = self.step
        before = self.seconds
        for step in range(begun, phase.steps):
            index, _ = phase.stage_at(step)
            if index != self._index:
                self._save(self.run / f"stage{self._index + 1}.npz")
                self._begin(index, self.model)
            loss, executed = self._do(step)
            self.step = step + 1
            now = time.monotonic()
            self.seconds = before + now - started
            if validation is not None and self.step % VALIDATION_STEPS == 0:
                score = self._score(validation)
            if now - saved > CHECKPOINT_SECONDS:
                self._save(self._checkpoint)
                saved = now
            if now - reported > PROGRESS_SECONDS or self.step == phase.steps:
                rate = (self.step - last) / (now - reported)
                left = (phase.steps - self.step) / rate
                fraction = None if self._budget is None else float(executed)
                report(Progress(self.step, phase.steps, float(loss), fraction, score, rate * phase.batch, left))
                reported, last = now, self.step
        set_noise_scale(self.model, 0.0)
        if self.step > begun:
            self._save(self._checkpoint)
        return self._finished()

    def _do(self, step: int) -> tuple[Any, Any]:
        """One update of the weights."""
        phase = self.phase
        progress = step / phase.steps
        set_noise_scale(self.model, noise_scale(progress))
        self._optimizer.learning_rate.assign(phase.rate_at(step))
        everywhere = phase.before + step
        rows = np.sort(batch_rows(everywhere, phase.batch, len(self.data), self.seed))
        batch = self.data.images[rows], self.data.joints[rows], self.data.labelled[rows]
        result: tuple[Any, Any] = self._graph(*batch, tf.constant([self.seed, everywhere]), np.float32(progress))
        return result

    def _finished(self) -> keras.Model:
        size = self._stage.size
        recalibrate(self.model, central(first(self.data, RECALIBRATION_IMAGES), size).images)
        final = self.network.build(self._stage.stacks, size)
        take_over(self.model, final)
        return final

    def _step_eagerly(self, images: Any, joints: Any, labelled: Any, seed: Any, progress: Any) -> tuple[Any, Any]:
        size = self._stage.size
        images, joints, labelled = augment(images, joints, labelled, size, self.data.margin, seed)
        targets = heatmap_targets(joints, size, size // 4)
        executed = tf.constant(1.0)
        with tf.GradientTape() as tape:
            if self._glance is None:
                total = tf.constant(0.0)
                outputs, masks = self._with_masks(images, training=True)
            else:
                (outputs, masks), glance = self._glance(images, training=True)
                total = glance_loss(glance, joints, labelled, size)
            stacks = outputs if isinstance(outputs, list) else [outputs]
            losses = [heatmap_loss(heatmaps, targets, labelled) for heatmaps in stacks]
            total += tf.add_n(losses)
            if self._budget is not None:
                terms = self._budget(masks, progress)
                total += self.phase.weight_of_budget(self._budget.target) * terms.network_loss
                total += self.phase.budget_weight * terms.block_loss
                executed = terms.executed_fraction
        variables = self.model.trainable_variables
        self._optimizer.apply(tape.gradient(total, variables), variables)
        return losses[-1], executed

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
            # The checkpoint was written after a step, so by the stage of that step.
            index, _ = self.phase.stage_at(max(0, self.step - 1))
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


def _optimizer(phase: Phase) -> keras.optimizers.Optimizer:
    optimizer = keras.optimizers.AdamW(phase.learning_rate, phase.weight_decay, global_clipnorm=phase.clip_norm)
    optimizer.exclude_from_weight_decay(var_names=["bias", "beta", "gamma"])
    return optimizer
