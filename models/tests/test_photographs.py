"""LSPET's files, made here in their structure, read, split and cut; and how pictures are kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.io
from PIL import Image

from dynconv_models.pose_data import MARGIN, SPLITS, central, load, lspet
from dynconv_models.pose_data.__main__ import main
from dynconv_models.pose_data.split import ARRAYS, about, stack
from dynconv_models.published import JOINTS

PEOPLE = 12
WIDTH, HEIGHT = 200, 160
#: LSPET's order: the joints of a person who stands in the middle, 100 pixels tall.
STANDING = [(95, 130), (95, 105), (95, 80), (105, 80), (105, 105), (105, 130)]
STANDING += [(85, 85), (88, 70), (90, 50), (110, 50), (112, 70), (115, 85), (100, 45), (100, 30)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve people; the left knee has no label in the second, most have none in the third. Joints are white dots."""
    images = tmp_path / "lspet" / "images"
    images.mkdir(parents=True)
    labels = np.ones((14, 3, PEOPLE))
    labels[:, :2] = np.array(STANDING)[:, :, None]
    labels[4, 2, 1] = 0
    labels[5:, 2, 2] = 0
    for i in range(PEOPLE):
        pixels = np.full((HEIGHT, WIDTH, 3), 40, np.uint8)
        for x, y in STANDING:
            pixels[y - 2 : y + 2, x - 2 : x + 2] = 255
        Image.fromarray(pixels).save(images / f"im{i + 1:05d}.jpg", quality=95)
    scipy.io.savemat(images.parent / "joints.mat", {"joints": labels})
    return images.parent


def test_labels_come_in_mpii_order(folder: Path) -> None:
    everyone = lspet.people(folder)
    assert len(everyone) == PEOPLE
    first, second = everyone[:2]
    assert first.labelled.all()
    places = {"right_ankle": (95, 130), "left_wrist": (115, 85), "upper_neck": (100, 45), "head_top": (100, 30)}
    for name, place in {**places, "pelvis": (100, 80), "thorax": (100, 50)}.items():
        np.testing.assert_array_equal(first.joints[JOINTS.index(name)], place)
    assert [JOINTS[i] for i in np.flatnonzero(~second.labelled)] == ["left_knee"]
    assert lspet.head_segment(first) == 15


def test_a_person_is_in_one_split_and_measured_ones_are_labelled(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lspet, "VALIDATION", 2)
    monkeypatch.setattr(lspet, "TEST", 4)
    everyone = lspet.people(folder)
    splits = lspet.split(everyone)
    assert {name: len(chosen) for name, chosen in splits.items()} == {"train": 5, "validation": 2, "test": 4}
    files = [person.file for name in SPLITS for person in splits[name]]
    assert len(set(files)) == len(files) == PEOPLE - 1  # The third has too few labels for any.
    assert all(person.is_measured for name in ("validation", "test") for person in splits[name])
    assert splits == lspet.split(everyone)


def test_joints_lie_where_their_pixels_do(folder: Path) -> None:
    split = lspet.cut(lspet.people(folder)[0], 128, MARGIN)
    image, joints = split.images[0], split.joints[0]
    assert image.shape == (192, 192, 3)
    # The box is 100 pixels long.
    step = 100 * lspet.ROOM / 128
    np.testing.assert_allclose(joints[JOINTS.index("head_top")], [96, 96 - 50 / step], atol=0.01)
    assert split.head[0] == pytest.approx(15 / step)
    for name in ("right_ankle", "left_elbow", "head_top"):
        x, y = joints[JOINTS.index(name)]
        rows, columns = (slice(round(value) - 4, round(value) + 4) for value in (y, x))
        weights = np.maximum(image[rows, columns].astype(float).mean(2) - 60, 0)
        r, c = np.indices(weights.shape) + 0.5
        centre = [(c * weights).sum() / weights.sum() + columns.start, (r * weights).sum() / weights.sum() + rows.start]
        np.testing.assert_allclose(centre, [x, y], atol=0.6)


def test_what_is_measured_on_is_the_central_square(folder: Path) -> None:
    stored = lspet.cut(lspet.people(folder)[0], 128, MARGIN)
    seen = central(stored, 128)
    np.testing.assert_array_equal(seen.images[0], stored.images[0, 32:160, 32:160])
    np.testing.assert_array_equal(seen.images, lspet.cut(lspet.people(folder)[0], 128).images)
    np.testing.assert_allclose(seen.joints, stored.joints - 32)
    half = central(stored, 64)
    np.testing.assert_allclose(half.joints, (stored.joints - 32) / 2)
    assert half.head[0] == pytest.approx(stored.head[0] / 2) and half.images.shape == (1, 64, 64, 3)
    moved = stack([stored, stored])
    moved.joints[1, 0] = 10
    assert central(moved, 128).labelled[:, 0].tolist() == [True, False]


def test_pictures_are_kept_and_broken_ones_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lspet, "VALIDATION", 2)
    monkeypatch.setattr(lspet, "TEST", 4)
    kept = tmp_path / "kept"
    main([str(folder), "--output", str(kept), "--size", "32"])
    assert "test: 4 people" in capsys.readouterr().out
    assert about(kept)["counts"] == {"train": 5, "validation": 2, "test": 4}
    made = lspet.prepare(folder, 32, report=lambda line: None)
    for name in SPLITS:
        loaded = load(kept, name)
        assert loaded.margin == made[name].margin == (MARGIN if name == "train" else 1)
        for field in ARRAYS:
            np.testing.assert_array_equal(getattr(loaded, field), getattr(made[name], field))
    with pytest.raises(ValueError, match="one of train, validation, test"):
        load(kept, "all")
    np.save(kept / "test-head.npy", np.zeros(3, np.float32))
    with pytest.raises(ValueError, match="says float32"):
        load(kept, "test")
    (kept / "benchmark.json").write_text("{}")
    with pytest.raises(ValueError, match="broken"):
        load(kept, "train")
    with pytest.raises(FileNotFoundError, match="make them"):
        load(tmp_path / "none", "train")


def test_another_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"must hold images/ and joints\.mat"):
        main([str(tmp_path)])
    (tmp_path / "images").mkdir()
    scipy.io.savemat(tmp_path / "joints.mat", {"joints": np.zeros((3, 14, 5))})
    with pytest.raises(ValueError, match=r"must be \[14, 3, people\]"):
        lspet.people(tmp_path)
