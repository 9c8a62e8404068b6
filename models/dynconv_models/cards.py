"""The card of a trained network: `dynconv.json` in its folder.

The card is written last, so a folder with a card is a finished run.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from .mask_statistics import MaskStatistics
from .published import JOINTS, MEAN, STANDARD_DEVIATION

FILE = "dynconv.json"
SOURCE = "Verelst and Tuytelaars, Dynamic Convolutions (CVPR 2020), pose estimation; smaller, and trained anew"
DATA = "Leeds Sports Pose Extended Training (Johnson and Everingham, CVPR 2011); its photographs bear no licence"

#: How far the executed share of the test images may lie from the budget, as a share of the budget.
BUDGET_TOLERANCE = 0.1


@dataclasses.dataclass(frozen=True)
class Figures:
    """What was measured on the test images; multiply-accumulates (MACs) are for one image, on average.

    Attributes:
        pckh: PCKh@0.5 in percent, over all counted joints.
        pckhPerJoint: the same for each joint by name; joints that are not counted are missing.
        parameters: trainable weights.
        macs: of all convolutions, masked or not.
        conditionalMacs: the part of `macs` that masks can skip.
        executedMacs: what is left to execute of `macs`.
        executedConditionalMacs: what is left to execute of `conditionalMacs`.
        budget: for the share `executedConditionalMacs / conditionalMacs`; None for a static network.
        maskDensities: the share of pixels that each mask unit keeps, by its name.
        masks: of each mask unit, by its name, where what it keeps differs.
    """

    pckh: float
    pckhPerJoint: dict[str, float]
    parameters: int
    macs: int
    conditionalMacs: int
    executedMacs: int
    executedConditionalMacs: int
    budget: float | None
    maskDensities: dict[str, float]
    masks: dict[str, MaskStatistics] = dataclasses.field(default_factory=dict)

    @property
    def executed_fraction(self) -> float | None:
        """The executed share of the conditional MACs; None for a static network."""
        return self.executedConditionalMacs / self.conditionalMacs if self.conditionalMacs else None

    @property
    def misses_budget(self) -> bool:
        """Whether the executed share lies too far from the budget."""
        fraction = self.executed_fraction
        return (
            fraction is not None
            and self.budget is not None
            and abs(fraction - self.budget) > BUDGET_TOLERANCE * self.budget
        )


@dataclasses.dataclass(frozen=True)
class Training:
    """How a network was trained.

    Attributes:
        data: the pictures: name, version, seed of the split, how many to train on.
        seed: of the weights, the order of the images, their augmentation and the masks' noise.
        steps: updates of the weights.
        batch: images a step.
        command: that trains it anew.
        device: what it was computed on.
        minutes: that the training took.
        configuration: fingerprint of all that decides about the result; see `fingerprint`.
    """

    data: dict[str, Any]
    seed: int
    steps: int
    batch: int
    command: str
    device: str
    minutes: float
    configuration: str


@dataclasses.dataclass(frozen=True)
class Card:
    """What the study says about one trained network."""

    name: str
    training: Training
    figures: Figures


def fingerprint(configuration: dict[str, Any]) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a configuration, whatever the order of its keys."""
    text = json.dumps(configuration, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def write_card(card: Card, directory: Path) -> None:
    """Writes the card, at once or not at all."""
    content = {
        "name": card.name,
        "weights": "trained",
        "note": _note(card.figures),
        "input": {"mean": MEAN, "std": STANDARD_DEVIATION},
        "joints": JOINTS,
        "source": SOURCE,
        "data": DATA,
        "training": dataclasses.asdict(card.training),
        "figures": dataclasses.asdict(card.figures),
    }
    scratch = directory / f"{FILE}.tmp"
    scratch.write_text(json.dumps(content, indent=2) + "\n")
    os.replace(scratch, directory / FILE)


def read_card(directory: Path) -> Card:
    """Reads the card of a trained network.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: if it is broken.
    """
    file = directory / FILE
    try:
        content = json.loads(file.read_text())
        figures = content["figures"]
        masks = {name: MaskStatistics(**statistics) for name, statistics in figures.get("masks", {}).items()}
        return Card(content["name"], Training(**content["training"]), Figures(**{**figures, "masks": masks}))
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{file} is not the card of a trained network: {type(error).__name__}: {error}") from error


def _note(figures: Figures) -> str:
    note = "Trained on photographs of people at sports, one in each, cut out around the person."
    if figures.misses_budget:
        note += (
            f" FAILED ITS BUDGET: it executes {figures.executed_fraction:.3f} of the work that masks can skip, "
            f"where {figures.budget:g} was wanted."
        )
    return note
