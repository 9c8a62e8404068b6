"""Pictures as a model with masks sees them in training: upright, and scaled as its card says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from graphs import head, stem
from PIL import Image

from dynconv_models.gating.blocks import find_blocks
from dynconv_models.gating.distil import Distillation, Recipe
from dynconv_models.gating.pictures import Scaling, random_cut, whole
from dynconv_models.gating.student import Student
from dynconv_models.gating.trunk import Trunk


def fed(tmp_path: Path, dtype: str, scaling: Scaling) -> np.ndarray:
    """What a model gets of a pixel that is (51, 102, 204)."""
    Image.new("RGB", (96, 96)).save(tmp_path / "one.png")
    graph = stem(dtype)
    trunk = Trunk(graph.model(head(graph)))
    student = Student(trunk, find_blocks(trunk)[0])
    work = Distillation(
        trunk, student, Recipe(0.5, batch=1), [tmp_path / "one.png"], tmp_path / "none.npz", scaling=scaling
    )
    work._before = lambda image: image
    pixels = np.broadcast_to(np.float32([51, 102, 204]), (1, 96, 96, 3))
    return np.asarray(work._source(pixels))[0, 0, 0]


def test_floats_are_scaled_as_the_card_says(tmp_path: Path) -> None:
    np.testing.assert_allclose(fed(tmp_path, "DT_FLOAT", Scaling.of({})), [0.2, 0.4, 0.8], rtol=1e-6)
    card = {"input": {"mean": [0.1, 0.2, 0.3], "std": [0.5, 0.25, 0.2]}}
    np.testing.assert_allclose(fed(tmp_path, "DT_FLOAT", Scaling.of(card)), [0.2, 0.8, 2.5], rtol=1e-6)
    np.testing.assert_array_equal(fed(tmp_path, "DT_INT32", Scaling.of(card)), [51, 102, 204])


@pytest.mark.parametrize("stated", [{"mean": [0, 0]}, {"std": [1, 1, 0]}, {"std": "none"}, {"scale": [1, 1, 1]}, [1]])
def test_a_card_without_sense_is_refused(stated: object) -> None:
    with pytest.raises(ValueError, match="card's"):
        Scaling.of({"input": stated})


@pytest.fixture
def base(tmp_path: Path) -> Image.Image:
    random = np.random.default_rng(0)
    picture = Image.fromarray(random.integers(0, 256, (3, 4, 3), dtype=np.uint8)).resize((80, 60))
    picture.save(tmp_path / "base.png")
    return picture


@pytest.mark.parametrize(("orientation", "turn"), [(3, Image.Transpose.ROTATE_180), (6, Image.Transpose.ROTATE_90)])
def test_pictures_are_upright(tmp_path: Path, base: Image.Image, orientation: int, turn: Image.Transpose) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    base.transpose(turn).save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_array_equal(whole(tmp_path / "turned.png", 64), whole(tmp_path / "base.png", 64))


def test_sixteen_bits_are_scaled_to_eight(tmp_path: Path, base: Image.Image) -> None:
    grey = base.convert("L")
    grey.save(tmp_path / "8.png")
    Image.fromarray(np.asarray(grey).astype(np.uint16) * 257).save(tmp_path / "16.png")
    np.testing.assert_array_equal(whole(tmp_path / "16.png", 64), whole(tmp_path / "8.png", 64))


@pytest.mark.parametrize("name", ["cut.jpg", "cut.png"])
def test_a_broken_picture_is_named(tmp_path: Path, base: Image.Image, name: str) -> None:
    base.save(tmp_path / name)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) // 2])
    for draw in (lambda file: whole(file, 64), lambda file: random_cut(file, 64, np.random.default_rng(0))):
        with pytest.raises(ValueError, match=f"{name}: no picture that can be decoded"):
            draw(tmp_path / name)
