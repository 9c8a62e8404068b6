"""A checkpoint belongs to one training, which comes out the same, interrupted or not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from graphs import head, stem
from PIL import Image

from dynconv_models.gating.blocks import find_blocks
from dynconv_models.gating.distil import Distillation, Recipe
from dynconv_models.gating.graph_model import GraphModel, encoded
from dynconv_models.gating.insertion import with_masks
from dynconv_models.gating.pictures import ZERO_TO_ONE, Scaling
from dynconv_models.gating.student import Student
from dynconv_models.gating.trunk import Trunk

POOLING = {
    **{name: {"list": {"i": ["1", "2", "2", "1"]}} for name in ("ksize", "strides")},
    "padding": {"s": encoded("SAME")},
}
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


class Interrupted(Exception):
    pass


def test_the_seed_fixes_the_result(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def trained(name: str, interrupted: bool = False) -> list[np.ndarray]:
        recipe = Recipe(0.5, steps=6, batch=2, mask_rate=0.2)
        checkpoint = files[0].parent / f"{name}.npz"

        def begun() -> Distillation:
            student = student_of(model())
            return Distillation(student.trunk, student, recipe, files, checkpoint)

        work = begun()
        if interrupted:
            schedule = work._schedule

            def stopping(step: int) -> tuple[float, ...]:
                if step == 3:
                    work._save()
                    raise Interrupted
                return schedule(step)

            monkeypatch.setattr(work, "_schedule", stopping)
            with pytest.raises(Interrupted):
                work.train(lambda line: None, files)
            work = begun()
            assert work.step == 3
        work.train(lambda line: None, files)
        return [variable.numpy() for variable in work.student.state]

    for ours, wanted in zip(trained("resumed", interrupted=True), trained("once"), strict=True):
        np.testing.assert_allclose(ours, wanted, rtol=1e-5, atol=1e-6)


def test_noise_differs_between_steps_masks_and_seeds() -> None:
    graph = stem()
    ends = [head(graph, name="fine"), head(graph, graph.node("MaxPool", "pool", "stem", **POOLING), name="coarse")]
    student = student_of(graph.model(*ends))
    assert len(student.leaders) == 2
    student.noise.assign(10.0)
    source = student.trunk.before()(np.zeros((1, 96, 96, 3), np.float32))

    def masks(step: int) -> list[np.ndarray]:
        student.step.assign(step)
        return [mask.numpy() for mask in student.run(source, training=True).masks.values()]

    (fine, coarse), again, (later, _) = masks(0), masks(0), masks(1)
    student.seed = 1
    assert (fine != masks(0)[0]).mean() > 0.1
    assert (fine == again[0]).all() and (coarse == again[1]).all()
    assert (fine != later).mean() > 0.1
    assert (fine[:, :24, :24] != coarse).mean() > 0.1
