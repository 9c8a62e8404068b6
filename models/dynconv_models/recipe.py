"""How the networks are trained, all of them alike."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Stage:
    """A part of a training.

    Attributes:
        stacks: of the network: training starts with one, and what it has learned is where the others start.
        size: of the input in pixels; smaller pictures are cheaper, and convolutions do not mind.
        steps: updates of the weights.
    """

    stacks: int
    size: int
    steps: int


#: 160,000 images, 16 a step.
STAGES = (Stage(1, 96, 5000), Stage(2, 96, 2500), Stage(2, 128, 2500))


@dataclasses.dataclass(frozen=True)
class Recipe:
    """What decides about a training but the network and the data.

    Attributes:
        stages: one after the other.
        batch: images a step.
        learning_rate: its peak: it rises linearly at the start of each stage, stays, and falls to 0 at the end.
        warm_up: steps in which it rises.
        decay: steps at the very end in which it falls.
        weight_decay: of AdamW, for convolutions only.
        clip_norm: the gradient's largest norm.
    """

    stages: tuple[Stage, ...] = STAGES
    batch: int = 16
    learning_rate: float = 4e-3
    warm_up: int = 200
    decay: int = 2500
    weight_decay: float = 1e-4
    clip_norm: float = 1.0

    @property
    def steps(self) -> int:
        """Of all stages."""
        return sum(stage.steps for stage in self.stages)

    def stage_at(self, step: int) -> tuple[int, int]:
        """The stage that a step belongs to (the last one for the end), and its place in it."""
        first = 0
        for index, stage in enumerate(self.stages):
            if step < first + stage.steps or index + 1 == len(self.stages):
                return index, step - first
            first += stage.steps
        raise ValueError("a recipe without stages")

    def rate_at(self, step: int) -> float:
        """The learning rate of a step."""
        _, place = self.stage_at(step)
        rising = min(1.0, (place + 1) / max(1, self.warm_up))
        falling = min(1.0, (self.steps - step) / max(1, self.decay))
        return self.learning_rate * rising * falling
