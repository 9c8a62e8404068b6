"""PCK of keypoints on whole photographs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import loadmat, savemat

from dynconv_models.keypoints import COCO_JOINTS, COMMON, held_out, pck
from dynconv_models.published import JOINTS


@pytest.fixture
def lspet(tmp_path: Path) -> Path:
    """Twenty-one photographs of 40x80 pixels, the people labelled all over them; two of them are held out."""
    (tmp_path / "images").mkdir()
    random = np.random.default_rng(0)
    for index in range(21):
        pixels = np.full((80, 40, 3), 10 * index, np.uint8)
        Image.fromarray(pixels).save(tmp_path / "images" / f"im{index + 1:05d}.jpg", quality=95)
    joints = random.uniform(5, 35, (14, 3, 21))
    joints[:, 2] = 1
    savemat(tmp_path / "joints.mat", {"joints": joints})
    return tmp_path


def test_photographs_are_whole_and_centred(lspet: Path) -> None:
    data = held_out(lspet, 160)
    assert data.images.shape == (2, 160, 160, 3)  # The first and the twenty-first.
    assert data.images[1, 80, 39].max() == 0 and abs(int(data.images[1, 80, 80, 0]) - 200) <= 2
    assert held_out(lspet, 160, 1).images.shape[0] == 1
    labels = loadmat(lspet / "joints.mat")["joints"]
    ankle = labels[0, :2, 20]  # LSPET's first joint is MPII's first, too.
    np.testing.assert_allclose(data.joints[1, 0], (ankle + np.array([20, 0])) * 2)


def test_labels_are_those_of_the_upright_photograph(lspet: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    file = lspet / "images" / "im00021.jpg"
    with Image.open(file) as photograph:
        photograph.transpose(Image.Transpose.ROTATE_90).save(file, exif=exif)
    ankle = loadmat(lspet / "joints.mat")["joints"][0, :2, 20]
    np.testing.assert_allclose(held_out(lspet, 160).joints[1, 0], (ankle + np.array([20, 0])) * 2)


def test_pck_counts_joints_near_their_labels(lspet: Path) -> None:
    data = held_out(lspet, 160)
    assert len(COMMON) == 12
    keypoints = np.zeros((2, 17, 3), np.float32)
    for ours, theirs in COMMON:
        keypoints[:, ours, :2] = data.joints[:, theirs, ::-1] / 160
    assert pck(keypoints, data) == (100, 24)
    torso = np.linalg.norm(data.joints[0, JOINTS.index("right_hip")] - data.joints[0, JOINTS.index("left_shoulder")])
    nose, wrist = COCO_JOINTS.index("nose"), COCO_JOINTS.index("left_wrist")
    keypoints[0, nose] = 9  # MPII has no label of it.
    keypoints[0, wrist, 1] += 0.19 * torso / 160
    assert pck(keypoints, data)[0] == 100
    keypoints[0, wrist, 1] += 0.02 * torso / 160
    assert pck(keypoints, data)[0] == pytest.approx(100 * 23 / 24)
