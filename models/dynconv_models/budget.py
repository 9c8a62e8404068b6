"""The budget of a dynamic network: a loss that holds its masks to a share of the work they can skip.

Verelst and Tuytelaars, *Dynamic Convolutions* (CVPR 2020), the sparsity criterion; the bounds and their annealing
are those of the authors' code (https://github.com/thomasverelst/dynconv).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
from keras import ops

from .layers import MaskUnit, set_noise_scale
from .masked_blocks import masked_blocks


class BudgetTerms(NamedTuple):
    """What `BudgetLoss` returns: scalar tensors.

    Attributes:
        loss: `network_loss + block_loss`.
        executed_fraction: executed over all MACs that masks can skip, over the batch.
        per_block: that fraction for each mask unit by name.
        network_loss: squared distance of `executed_fraction` to the target.
        block_loss: mean over the blocks of the squared distance to their bounds; 0 within them.
        lower: bound of each block's fraction.
        upper: bound of each block's fraction.
    """

    loss: Any
    executed_fraction: Any
    per_block: dict[str, Any]
    network_loss: Any
    block_loss: Any
    lower: Any
    upper: Any


class BudgetLoss:
    """Squared distance of the executed share of the MACs to a target, and of each block's share to its bounds.

    The bounds keep blocks from closing or staying open for good before they have learned what to keep. They start at
    the target, so every block must meet it, and open to 0 and 1 by the square of a cosine while the first `annealing`
    of the training goes by.

    A network that is trained already, and gets masks that are open at first, wants a target that falls: from 1, in a
    straight line, while the first `fall` of the training goes by. The bounds lie around what the target is by then.

    Args:
        model: a functional model with mask units and a fixed input size.
        target: share of the MACs behind masks to execute, above 0 and at most 1.
        annealing: share of the training after which there are no bounds; the authors take 0.33.
        fall: share of the training in which the target falls from 1; 0 if it holds from the start.

    Raises:
        ValueError: for a model without mask units, or a share outside its range.
    """

    def __init__(self, model: keras.Model, target: float, annealing: float = 0.33, fall: float = 0.0) -> None:
        if not 0 < target <= 1:
            raise ValueError(f"target is {target}: the share of the MACs to execute is above 0 and at most 1")
        if not 0 < annealing <= 1:
            raise ValueError(f"annealing is {annealing}: the share of the training is above 0 and at most 1")
        if not 0 <= fall <= 1:
            raise ValueError(f"fall is {fall}: the share of the training is at least 0 and at most 1")
        self.target = target
        self.annealing = annealing
        self.fall = fall
        self.blocks = masked_blocks(model)
        if not self.blocks:
            raise ValueError(f"{model.name}: it has no mask units, so there is nothing to hold to a budget")

    def target_at(self, progress: Any) -> Any:
        """The share of the MACs to execute at a progress of the training in [0, 1]."""
        if not self.fall:
            return ops.convert_to_tensor(self.target, "float32")
        fallen = ops.clip(ops.cast(progress, "float32") / self.fall, 0.0, 1.0)
        return 1.0 - (1.0 - self.target) * fallen

    def bounds(self, progress: Any) -> tuple[Any, Any]:
        """The lower and the upper bound of a block's executed fraction at a progress of the training in [0, 1]."""
        phase = ops.clip(ops.cast(progress, "float32") / self.annealing, 0.0, 1.0)
        tightness = ops.square(ops.cos(phase * (math.pi / 2)))
        target = self.target_at(progress)
        return tightness * target, 1.0 - tightness * (1.0 - target)

    def __call__(self, masks: dict[str, Any], progress: Any = 1.0) -> BudgetTerms:
        """Measures masks [N, H, W, 1] of 0 and 1, by the name of their mask unit (`masks_of`), over a batch.

        Args:
            progress: of the training, 0 at its start and 1 at its end.

        Raises:
            ValueError: for a mask that is missing.
        """
        missing = [block.mask for block in self.blocks if block.mask not in masks]
        if missing:
            raise ValueError(f"no mask for {', '.join(missing)}")
        lower, upper = self.bounds(progress)
        total = sum(block.macs for block in self.blocks)
        per_block: dict[str, Any] = {}
        executed, block_loss = 0.0, 0.0
        for block in self.blocks:
            fraction = ops.cast(block.executed_fraction(masks[block.mask]), "float32")
            per_block[block.mask] = fraction
            executed = executed + block.macs / total * fraction
            outside = ops.maximum(fraction - upper, 0.0) + ops.maximum(lower - fraction, 0.0)
            block_loss = block_loss + ops.square(outside) / len(self.blocks)
        network_loss = ops.square(executed - self.target_at(progress))
        return BudgetTerms(network_loss + block_loss, executed, per_block, network_loss, block_loss, lower, upper)


def masks_of(model: keras.Model) -> keras.Model:
    """A model with the same layers that returns `(outputs, masks)`: the model's own outputs, and its masks by name.

    Each mask is [N, H, W, 1], exactly 0 or 1.
    """
    masks = {layer.name: layer.output for layer in model.layers if isinstance(layer, MaskUnit)}
    return keras.Model(model.input, (model.output, masks), name=f"{model.name}_with_masks")


def with_budget(model: keras.Model, budget: BudgetLoss, weight: float) -> keras.Model:
    """A model for `fit`: the same inputs, outputs and layers, and `weight` times the budget loss on top of others.

    It reports the metric `executed_fraction`. Fit it with a `BudgetSchedule`; what it learns is in `model`, which is
    the one to convert.
    """
    outputs, masks = masks_of(model).output
    return keras.Model(model.input, _Budget(budget, weight, name="budget")((outputs, masks)), name=model.name)


def noise_scale(progress: float, start: float = 0.2, end: float = 0.7) -> float:
    """The scale of the masks' noise (`set_noise_scale`) at a progress of the training in [0, 1].

    1 up to `start`, then falling in a straight line to 0 at `end`. The authors switch it off at once, at 0.8. The
    gentle end keeps short trainings on their budget: where noise alone had kept pixels, their logits can follow.
    """
    return min(max((end - progress) / (end - start), 0.0), 1.0)


class BudgetSchedule(keras.callbacks.Callback):
    """Tells a model made by `with_budget`, batch by batch, how far its training is, and fades its masks' noise out.

    Args:
        noise: the scale of the noise by the progress of the training.

    Raises:
        ValueError: while fitting, for a model that `with_budget` did not make, or an unknown number of batches.
    """

    def __init__(self, noise: Callable[[float], float] = noise_scale) -> None:
        super().__init__()
        self.noise = noise
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Keras's hook."""
        self._epoch = epoch

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Keras's hook."""
        steps = self.params["steps"]
        if not steps:
            raise ValueError("the number of batches is unknown: give `fit` its `steps_per_epoch`")
        progress = (self._epoch * steps + batch) / (self.params["epochs"] * steps)
        budgets = [layer for layer in self.model.layers if isinstance(layer, _Budget)]
        if not budgets:
            raise ValueError(f"{self.model.name}: fit the model that `with_budget` makes")
        for budget in budgets:
            budget.progress.assign(progress)
        set_noise_scale(self.model, self.noise(progress))


class _Budget(keras.layers.Layer):
    """Returns the first of (outputs, masks), and adds the budget loss of the second."""

    def __init__(self, budget: BudgetLoss, weight: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.budget = budget
        self.weight = weight
        self.progress = self.add_weight(shape=(), initializer="zeros", trainable=False, name="progress")
        self.executed_fraction = keras.metrics.Mean(name="executed_fraction")

    def call(self, inputs: tuple[Any, dict[str, Any]]) -> Any:
        outputs, masks = inputs
        terms = self.budget(masks, self.progress)
        self.add_loss(self.weight * terms.loss)
        self.executed_fraction.update_state(terms.executed_fraction)
        return outputs
