"""Trains masks, and the weights around them, so that a model goes on giving the maps that it gave."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from . import pictures
from .graph_model import GraphModel
from .insertion import take_masks
from .losses import HIGHEST, bounds_loss, glance_loss, kept_finds, map_loss
from .student import Student
from .trunk import Trunk

CHECKPOINT_SECONDS = 120
PROGRESS_SECONDS = 20
#: Held-out pictures to look at while training goes on.
LOOKED_AT = 100


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a model is trained.

    Attributes:
        budget: the share of the work behind masks to execute.
        steps: updates of the weights.
        batch: pictures a step.
        learning_rate: of the model's own weights; ten times as much destroys them.
        mask_rate: of masks, backgrounds and glance.
        fall: share of the steps in which the budget falls from 1.
        noise: share of the steps in which the masks' noise fades out.
        bounded: share of the steps in which no mask may close or stay open altogether.
        lowest: what a mask must keep until then; near the budget, no mask pays for the others by closing.
        budget_weight: of the squared distance to the budget.
        seed: of everything random.
    """

    budget: float
    steps: int = 4000
    batch: int = 16
    learning_rate: float = 6e-5
    mask_rate: float = 2e-3
    fall: float = 0.6
    noise: float = 0.8
    bounded: float = 0.8
    lowest: float = 0.05
    budget_weight: float = 40.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.budget < 1:
            raise ValueError(f"budget is {self.budget}: the share of the work to execute lies between 0 and 1")
        if not 0 <= self.lowest < HIGHEST:
            raise ValueError(f"lowest is {self.lowest}: what a mask keeps lies between 0 and {HIGHEST}")
        for field in ("steps", "batch"):
            if getattr(self, field) < 1:
                raise ValueError(f"{field} is {getattr(self, field)}: it must be at least 1")

    @property
    def further(self) -> Recipe:
        """The same for masks that have been trained already: no falling budget, no noise."""
        return dataclasses.replace(self, mask_rate=self.mask_rate / 4, fall=0.0, noise=0.0)


@dataclasses.dataclass(frozen=True)
class Agreement:
    """A student against its teacher on pictures.

    Attributes:
        finds: the share of the teacher's finds (highest cells of maps that a sigmoid reads) near which the student is
            at least half as sure; None if no map is read so.
        error: the mean distance of the maps, as a share of their standard deviation.
        share: of the work behind masks that is executed.
        densities: the share of pixels that each mask keeps.
        within: the share of each mask's variance that lies within pictures: 1 if all pictures keep as much, 0 if a mask
            is open for some pictures and closed for others; None for one that never changes.
    """

    finds: float | None
    error: float
    share: float
    densities: dict[str, float]
    within: dict[str, float | None]

    def __str__(self) -> str:
        finds = "" if self.finds is None else f"{self.finds:.1%} of the finds kept, "
        kept = ", ".join(f"{name} {density:.0%}" for name, density in self.densities.items())
        return f"{finds}error {self.error:.3f}, {self.share:.0%} executed; kept: {kept}"


class Distillation:
    """A training that can be interrupted and resumed."""

    def __init__(
        self,
        trunk: Trunk,
        student: Student,
        recipe: Recipe,
        files: list[Path],
        checkpoint: Path,
        start: GraphModel | None = None,
        scaling: pictures.Scaling = pictures.ZERO_TO_ONE,
    ) -> None:
        """Goes on from the checkpoint if it is there.

        Args:
            trunk: the teacher.
            student: what is trained.
            recipe: how.
            files: the pictures.
            checkpoint: where it is kept.
            start: the result of an earlier training, whose masks and weights this one begins with.
            scaling: what the model expects of pictures, if it reads floats.

        Raises:
            ValueError: if the checkpoint is of another training, or `start` of another model.
        """
        self.trunk, self.student, self.recipe, self.files = trunk, student, recipe, files
        self.checkpoint, self.scaling = checkpoint, scaling
        self._material = _fingerprint(trunk.model, start, [file.name for file in files], scaling)
        self.seconds = 0.0
        self.step = 0
        self._probable = [_is_probability(trunk, name) for name in trunk.maps]
        self._before = trunk.before()
        self._slow, self._fast = (keras.optimizers.Adam(rate) for rate in (recipe.learning_rate, recipe.mask_rate))
        self._own = list(student.weights.values())
        self._new = student.new_variables
        self._teacher = tf.function(
            lambda source: [trunk.run(source, {})[name] for name in trunk.maps], autograph=False
        )
        self._student = tf.function(lambda source: vars(student.run(source, training=False)), autograph=False)
        self._graph = tf.function(self._update, autograph=False)
        self._slow.build(self._own)
        self._fast.build(self._new)
        if checkpoint.is_file():
            self._restore()
        else:
            first = self._sources(0)
            student.look(trunk.run(first, {}))
            if start is not None:
                take_masks(student, start)

    def train(self, report: Callable[[str], None], held_out: list[Path]) -> None:
        """Trains to the end, and leaves the checkpoint; each tenth of it looks at some held-out pictures."""
        recipe = self.recipe
        started = reported = saved = time.monotonic()
        begun, before = self.step, self.seconds
        last = begun
        with ThreadPoolExecutor(1) as pool:
            ahead = pool.submit(self._sources, begun)
            for step in range(begun, recipe.steps):
                source = ahead.result()
                ahead = pool.submit(self._sources, step + 1)
                progress = step / recipe.steps
                self.student.step.assign(step)
                self.student.noise.assign(max(0.0, 1 - progress / recipe.noise) if recipe.noise else 0.0)
                loss, share = self._graph(source, *(np.float32(value) for value in self._schedule(step)))
                self.step = step + 1
                now = time.monotonic()
                self.seconds = before + now - started
                if now - saved > CHECKPOINT_SECONDS:
                    self._save()
                    saved = now
                if self.step % max(1, recipe.steps // 10) == 0:
                    report(f"step {self.step}: {self.agreement(held_out[:LOOKED_AT])}")
                if now - reported > PROGRESS_SECONDS or self.step == recipe.steps:
                    rate = (self.step - last) / (now - reported)
                    report(
                        f"step {self.step}/{recipe.steps}  loss {float(loss):.4f}  executed {float(share):.0%}  "
                        f"{rate * recipe.batch:.1f} pictures/s  {(recipe.steps - self.step) / rate / 60:.1f} min left"
                    )
                    reported, last = now, self.step
        if self.step > begun:
            self._save()

    def agreement(self, files: list[Path]) -> Agreement:
        """The student, without noise, against the teacher on whole pictures."""
        size = self.trunk.model.input_size
        found = same = 0
        errors: list[float] = []
        shares: list[float] = []
        densities: list[list[float]] = []
        for start in range(0, len(files), self.recipe.batch):
            batch = [pictures.whole(file, size) for file in files[start : start + self.recipe.batch]]
            source = self._source(np.stack(batch))
            outcome = self._student(source)
            shares += [float(outcome["share"])] * len(batch)
            kept = [tf.reduce_mean(mask, axis=(1, 2, 3)) for mask in outcome["masks"].values()]
            densities += tf.stack(kept, axis=1).numpy().tolist()
            for wanted, got, probable in zip(self._teacher(source), outcome["maps"], self._probable, strict=True):
                wanted, got = np.asarray(wanted), np.asarray(got)
                errors.append(float(np.abs(wanted - got).mean() / max(wanted.std(), 1e-6)))
                if probable:
                    one, other = kept_finds(wanted, got)
                    found, same = found + one, same + other
        names = [block.name for block in self.student.leaders]
        means = np.mean(densities, axis=0)
        of_pictures = np.mean(np.multiply(densities, np.subtract(1, densities)), axis=0)
        of_all = means * (1 - means)
        return Agreement(
            same / found if found else None,
            float(np.mean(errors)),
            float(np.mean(shares)),
            {name: float(mean) for name, mean in zip(names, means, strict=True)},
            {
                name: float(part / whole) if whole > 0 else None
                for name, part, whole in zip(names, of_pictures, of_all, strict=True)
            },
        )

    def _schedule(self, step: int) -> tuple[float, ...]:
        """The two learning rates, the budget, and how much the bounds count."""
        recipe = self.recipe
        progress = step / recipe.steps
        rising = min(1.0, (step + 1) / 100)
        slow = recipe.learning_rate * rising * (0.5 + 0.5 * np.cos(np.pi * progress))
        fast = recipe.mask_rate * (1 - 0.9 * progress)
        fallen = min(1.0, progress / recipe.fall) if recipe.fall else 1.0
        budget = 1 - (1 - recipe.budget) * fallen
        return slow, fast, budget, float(progress < recipe.bounded)

    def _sources(self, step: int) -> Any:
        random = np.random.default_rng([self.recipe.seed, step])
        files = [self.files[i] for i in random.integers(0, len(self.files), self.recipe.batch)]
        size = self.trunk.model.input_size
        return self._source(np.stack([pictures.random_cut(file, size, random) for file in files]))

    def _source(self, batch: NDArray[np.float32]) -> Any:
        dtype = self.trunk.model.input_dtype
        if np.issubdtype(np.dtype(dtype), np.floating):
            batch = self.scaling(batch)
        return tf.concat([self._before(tf.cast(one[None], dtype)) for one in batch], axis=0)

    def _update(self, source: Any, slow: Any, fast: Any, budget: Any, bounded: Any) -> tuple[Any, Any]:
        wanted = [self.trunk.run(source, {})[name] for name in self.trunk.maps]
        saliency = self._saliency(wanted)
        with tf.GradientTape() as tape:
            outcome = self.student.run(source, training=True)
            pairs = zip(wanted, outcome.maps, self._probable, strict=True)
            loss = tf.add_n([map_loss(*pair, saliency) for pair in pairs])
            means = tf.stack([tf.reduce_mean(mask) for mask in outcome.masks.values()])
            total = loss + self.recipe.budget_weight * tf.square(tf.nn.relu(outcome.share - budget))
            total += bounded * bounds_loss(means, self.recipe.lowest)
            if saliency is not None:
                total += glance_loss(outcome.glance, saliency)
        gradients = tape.gradient(total, [variable.value for variable in (*self._own, *self._new)])
        gradients = [tf.clip_by_norm(one, 1.0) for one in gradients]
        count = len(self._own)
        for optimizer, rate, ours, variables in (
            (self._slow, slow, gradients[:count], self._own),
            (self._fast, fast, gradients[count:], self._new),
        ):
            optimizer.learning_rate.assign(rate)
            optimizer.apply(ours, variables)
        return loss, outcome.share

    def _saliency(self, wanted: list[Any]) -> Any:
        """Where the teacher finds anything, [N, H, W, 1] of probabilities; None if no map says so."""
        found = [
            tf.reduce_max(tf.sigmoid(values), axis=3, keepdims=True)
            for values, probable in zip(wanted, self._probable, strict=True)
            if probable
        ]
        if not found:
            return None
        largest = max(found, key=lambda values: int(values.shape[1]))
        return tf.reduce_max([tf.image.resize(one, largest.shape[1:3]) for one in found], axis=0)

    def _state(self) -> list[Any]:
        return [*self.student.state, *self._slow.variables, *self._fast.variables]

    def _save(self) -> None:
        self.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        scratch = self.checkpoint.with_suffix(".tmp.npz")
        arrays = {f"{index}": variable.numpy() for index, variable in enumerate(self._state())}
        np.savez(
            scratch, recipe=str(self.recipe), material=self._material, step=self.step, seconds=self.seconds, **arrays
        )
        os.replace(scratch, self.checkpoint)

    def _restore(self) -> None:
        with np.load(self.checkpoint) as arrays:
            if str(arrays["recipe"]) != str(self.recipe):
                raise ValueError(
                    f"{self.checkpoint}: of another training ({arrays['recipe']}); delete it, or ask for the same"
                )
            if "material" not in arrays or str(arrays["material"]) != self._material:
                raise ValueError(
                    f"{self.checkpoint}: of another training (of another model, on other pictures, or with another "
                    "start); delete it, or ask for the same"
                )
            for index, variable in enumerate(self._state()):
                variable.assign(arrays[f"{index}"])
            self.step, self.seconds = int(arrays["step"]), float(arrays["seconds"])


def _fingerprint(model: GraphModel, start: GraphModel | None, names: list[str], scaling: pictures.Scaling) -> str:
    """What tells the material of a training from that of any other: models, pictures, and how these are scaled."""
    digest = hashlib.sha256(json.dumps([names, dataclasses.astuple(scaling)]).encode())
    for one in (model, start):
        if one is not None:
            digest.update(json.dumps([one.content["modelTopology"], one.outputs], sort_keys=True).encode())
            for name, values in sorted(one.weights.items()):
                digest.update(f"{name}{values.shape}{values.dtype}".encode())
                digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def _is_probability(trunk: Trunk, name: str) -> bool:
    """Whether all that reads a map is a sigmoid."""
    readers = [node for node in trunk.consumers(name) if node["name"] not in trunk.nodes]
    return bool(readers) and all(node["op"] == "Sigmoid" for node in readers)
