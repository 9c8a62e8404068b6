"""MPII's files, made here in their structure, read and cropped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import scipy.io

from dynconv_models.pose_data.mpii import Annotation, crop, load, read_annotations
from dynconv_models.published import JOINTS

WIDTH, HEIGHT = 400, 300
#: 1.25 * 200 pixels * scale, and half of it more.
SCALE = 0.8
SIDE = 300.0


def joint(index: int, x: float, y: float, visible: Any) -> dict[str, Any]:
    point: dict[str, Any] = {"id": float(index), "x": x, "y": y}
    if index not in (8, 9):
        point["is_visible"] = visible
    return point


def person(points: list[dict[str, Any]] | None, x: float = 201.0, y: float = 151.0) -> dict[str, Any]:
    found: dict[str, Any] = {"x1": 180.0, "y1": 90.0, "x2": 210.0, "y2": 130.0}
    found |= {"scale": SCALE, "objpos": {"x": x, "y": y}}
    if points is not None:
        found["annopoints"] = {"point": points}
    return found


def picture(name: str, people: list[dict[str, Any]]) -> dict[str, Any]:
    return {"image": {"name": name}, "annorect": people}


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Ten pictures of the training part with one person each, one with two, one of the test part."""
    images = tmp_path / "images"
    images.mkdir()
    points = [joint(index, 150 + 5.0 * index, 110 + 5.0 * index, index % 2) for index in range(15)]
    # The wrist lies outside of the crop; MPII sometimes says visibility with characters, or not at all.
    points.append(joint(15, 390.0, 2.0, "1"))
    points[3]["is_visible"] = "0"
    points[5]["is_visible"] = np.empty((0, 0))
    listed = [picture(f"{index:02d}.png", [person(points)]) for index in range(10)]
    listed.append(picture("10.png", [person(points[:1], x=100.0), person(None)]))
    listed.append(picture("11.png", [{"x1": 1.0, "y1": 1.0, "x2": 9.0, "y2": 9.0}]))
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    # Where joint 4 is: the pixel (170, 130), counted from 1.
    pixels[129, 169] = (0, 128, 255)
    for index in range(11):
        cv2.imwrite(str(images / f"{index:02d}.png"), pixels)
    file = tmp_path / "mpii_human_pose_v1_u12_1.mat"
    annolist = np.array(listed, dtype=object)
    release = {"annolist": annolist, "img_train": np.array([1] * 11 + [0])}
    scipy.io.savemat(file, {"RELEASE": release}, long_field_names=True)
    return file, images


def test_reads_the_people_that_are_annotated(files: tuple[Path, Path]) -> None:
    people = read_annotations(files[0])
    assert len(people) == 11
    first = people[0]
    # From MATLAB's pixels, counted from 1, to continuous coordinates.
    assert first.centre == (200.5, 150.5)
    assert first.joints[4].tolist() == [169.5, 129.5]
    only = people[10]
    assert np.isfinite(only.joints).all(1).tolist() == [True] + [False] * 15


def test_crops_and_labels(files: tuple[Path, Path]) -> None:
    everybody = [load(*files, split, size=300) for split in ("train", "validation")]
    assert sum(len(split) for split in everybody) == 11
    assert len(everybody[1]) == 1
    split = load(*files, "train", size=300, limit=1)
    assert len(split) == 1
    assert split.images.shape == (1, 300, 300, 3) and split.images.dtype == np.uint8
    # A crop of 300 pixels at a scale of 1, its centre 15 * 0.8 pixels below the person's.
    corner = np.array([200.5 - 150, 150.5 + 12 - 150])
    assert split.joints[0, 4] == pytest.approx(np.array([169.5, 129.5]) - corner)
    assert split.labelled[0].tolist() == [True] * 15 + [False]
    assert split.head[0] == pytest.approx(0.6 * np.hypot(30, 40))
    half = load(*files, "train", size=150, limit=1)
    assert half.joints[0, 4] == pytest.approx(split.joints[0, 4] / 2)
    assert half.head[0] == pytest.approx(split.head[0] / 2)


@pytest.mark.parametrize("size", [64, 128, 200, 333])
def test_the_crop_moves_pixels_as_it_moves_points(size: int) -> None:
    rng = np.random.default_rng(size)
    for _ in range(5):
        pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        x, y = rng.uniform([160, 110], [240, 190])
        distance = np.hypot(np.arange(WIDTH) + 0.5 - x, (np.arange(HEIGHT) + 0.5 - y)[:, None])
        pixels[:] = (255 * np.exp(-((distance / 6) ** 2)))[:, :, None]
        someone = Annotation("", (200.0, 150.0), SCALE, (0, 0, 1, 1), np.zeros((16, 2)))
        cropped, into = crop(pixels, someone, size)
        weights = cropped[:, :, 0].astype(float)
        rows, columns = np.mgrid[:size, :size] + 0.5
        found = [(weights * columns).sum() / weights.sum(), (weights * rows).sum() / weights.sum()]
        assert found == pytest.approx(into(np.array([[x, y]]))[0], abs=0.15 * size / SIDE + 0.05)


def test_a_picture_is_in_one_split_only(files: tuple[Path, Path]) -> None:
    from dynconv_models.pose_data.mpii import _held_out

    names = [f"{index}.jpg" for index in range(50)] * 3
    held_out = _held_out(names, 0.2, 0)
    assert len(held_out) == 10
    assert held_out == _held_out(names[::-1], 0.2, 0) != _held_out(names, 0.2, 1)


def test_errors_say_what_is_wrong(files: tuple[Path, Path], tmp_path: Path) -> None:
    file, images = files
    with pytest.raises(ValueError, match=r"split: 'test'.*not published"):
        load(file, images, "test")
    with pytest.raises(ValueError, match=r"validation_share: 1\.5, must lie between 0 and 1"):
        load(file, images, "train", validation_share=1.5)
    with pytest.raises(FileNotFoundError, match=r"other.mat: missing"):
        load(tmp_path / "other.mat", images, "train")
    (tmp_path / "text.mat").write_text("no matrices here, only text, and some more of it to fill a header\n" * 9)
    with pytest.raises(ValueError, match=r"text.mat: not MPII Human Pose's annotations"):
        load(tmp_path / "text.mat", images, "train")
    scipy.io.savemat(tmp_path / "empty.mat", {"x": 1})
    with pytest.raises(ValueError, match=r"empty.mat: not MPII Human Pose's annotations"):
        load(tmp_path / "empty.mat", images, "train")
    (tmp_path / "nothing.mat").touch()
    with pytest.raises(ValueError, match=r"nothing.mat: not MPII Human Pose's annotations"):
        load(tmp_path / "nothing.mat", images, "train")
    for index in range(11):
        (images / f"{index:02d}.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"\.png: missing; MPII Human Pose's pictures belong into"):
        load(file, images, "train")


def test_joints_are_those_of_the_published_order() -> None:
    assert JOINTS[0] == "right_ankle" and JOINTS[15] == "left_wrist" and JOINTS[9] == "head_top"
