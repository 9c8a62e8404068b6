"""A checkpoint belongs to one training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from graphs import stem
from PIL import Image

from dynconv_models.gating.blocks import find_blocks
from dynconv_models.gating.distil import Distillation, Recipe
from dynconv_models.gating.graph_model import GraphModel
from dynconv_models.gating.insertion import with_masks
from dynconv_models.gating.pictures import ZERO_TO_ONE, Scaling
from dynconv_models.gating.student import Student
from dynconv_models.gating.trunk import Trunk

RECIPE = Recipe(0.5, steps=2, batch=2)


def model(filters: int = 4) -> GraphModel:
    graph = stem()
    end = graph.convolution("head", graph.convolution("wide", "stem", 24, activation="Relu"), filters, 1)
    return graph.model(graph.node("Sigmoid", "probability", end))


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    random = np.random.default_rng(0)
    paths = [tmp_path / f"{index}.png" for index in range(3)]
    for path in paths:
        Image.fromarray(random.integers(0, 256, (60, 80, 3), dtype=np.uint8)).save(path)
    return paths


def student_of(model: GraphModel) -> Student:
    trunk = Trunk(model)
    return Student(trunk, find_blocks(trunk)[0])


def distillation(
    model: GraphModel,
    files: list[Path],
    recipe: Recipe = RECIPE,
    start: GraphModel | None = None,
    scaling: Scaling = ZERO_TO_ONE,
) -> Distillation:
    student = student_of(model)
    return Distillation(student.trunk, student, recipe, files, files[0].parent / "c.npz", start, scaling)


def test_a_checkpoint_of_another_training_is_refused(files: list[Path]) -> None:
    distillation(model(), files).train(lambda line: None, files)
    assert distillation(model(), files).step == 2
    other = model()
    other.weights["stem/bias"] = other.weights["stem/bias"] + 1
    for build in (
        lambda: distillation(other, files),
        lambda: distillation(model(5), files),
        lambda: distillation(model(), files[1:]),
        lambda: distillation(model(), files, start=with_masks(student_of(model()))),
        lambda: distillation(model(), files, scaling=Scaling(mean=(0.5, 0.5, 0.5))),
        lambda: distillation(model(), files, Recipe(0.4, steps=2, batch=2)),
    ):
        with pytest.raises(ValueError, match="of another training"):
            build()
