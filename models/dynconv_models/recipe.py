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


@dataclasses.dataclass(frozen=True)
class Phase:
    """Stages, one after the other.

    Attributes:
        stages: at least one.
        decay: steps at the very end in which the learning rate falls to 0 in a straight line.
        before: steps of the training that came before; data and random numbers go on from there.
        batch: images a step.
        learning_rate: its peak: it rises linearly at the start of each stage, and stays.
        warm_up: steps in which it rises.
        weight_decay: of AdamW, for convolutions only.
        clip_norm: the gradient's largest norm.
        budget_weight: of the budget loss, against a heatmap loss that starts near 9 for each stack;
            `weight_of_budget` says what becomes of it for small budgets.
        fall: share of the steps in which a budget falls from 1 to its target.
        bounded: share of the steps in which no mask unit may close or stay open altogether.
    """

    stages: tuple[Stage, ...]
    decay: int
    before: int = 0
    batch: int = 16
    learning_rate: float = 4e-3
    warm_up: int = 200
    weight_decay: float = 1e-4
    clip_norm: float = 1.0
    budget_weight: float = 60.0
    fall: float = 0.5
    bounded: float = 0.8

    def __post_init__(self) -> None:
        if not self.stages:
            raise ValueError("a phase without stages")

    @property
    def steps(self) -> int:
        """Of all stages."""
        return sum(stage.steps for stage in self.stages)

    def stage_at(self, step: int) -> tuple[int, int]:
        """The stage that a step belongs to (the last one for the end), and its place in it."""
        first = 0
        for index, stage in enumerate(self.stages[:-1]):
            if step < first + stage.steps:
                return index, step - first
            first += stage.steps
        return len(self.stages) - 1, step - first

    def rate_at(self, step: int) -> float:
        """The learning rate of a step."""
        _, place = self.stage_at(step)
        rising = min(1.0, (place + 1) / max(1, self.warm_up))
        falling = min(1.0, (self.steps - step) / max(1, self.decay))
        return self.learning_rate * rising * falling

    def weight_of_budget(self, budget: float) -> float:
        """The weight of the distance to a budget.

        Half the budget makes the same miss twice as far off, and the pixels that it closes are dearer than those
        before: under a quarter, the weight grows with the third power. (An eighth ended a fifth above itself without.)
        """
        return self.budget_weight * max(1.0, (0.25 / budget) ** 3)


@dataclasses.dataclass(frozen=True)
class Recipe:
    """The whole training of a network.

    Attributes:
        trunk: trains a static network, at a constant rate. Its dynamic versions start from there, too.
        last: ends the training, of the network itself: masks come second.
    """

    trunk: Phase
    last: Phase

    @property
    def steps(self) -> int:
        """Of both phases."""
        return self.trunk.steps + self.last.steps


def recipe(first: int = 8000, second: int = 6000, third: int = 3000, last: int = 3000) -> Recipe:
    """The recipe of the study: 320,000 images, 16 a step.

    Args:
        first: steps of one stack on small pictures.
        second: steps of two stacks on small pictures.
        third: steps of two stacks on larger pictures, where masks begin.
        last: steps of two stacks on pictures of full size.
    """
    trunk = Phase((Stage(1, 96, first), Stage(2, 96, second)), decay=0)
    ending = (Stage(2, 128, third), Stage(2, 192, last))
    return Recipe(trunk, Phase(ending, decay=round(0.8 * (third + last)), before=trunk.steps))
