"""Decoding of heatmaps and PCKh, against loops and cases made by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dynconv_models.pckh import NOT_COUNTED, decode, pckh, smooth
from dynconv_models.published import JOINTS


def smooth_in_loops(heatmap: np.ndarray) -> np.ndarray:
    """One joint's heatmap under a Gaussian of 1.5 cells, cut off 4 cells away."""
    height, width = heatmap.shape
    total = sum(math.exp(-(away**2) / 4.5) for away in range(-4, 5)) ** 2
    smooth = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            for down in range(max(-4, -y), min(4, height - 1 - y) + 1):
                for right in range(max(-4, -x), min(4, width - 1 - x) + 1):
                    weight = math.exp(-(down**2 + right**2) / 4.5) / total
                    smooth[y, x] += weight * heatmap[y + down, x + right]
    return smooth


def test_smoothing_equals_loops_and_keeps_symmetry() -> None:
    rng = np.random.default_rng(3)
    heatmaps = rng.normal(size=(2, 7, 12, 3))
    smoothed = smooth(heatmaps)
    for n in range(2):
        for j in range(3):
            assert np.allclose(smoothed[n, :, :, j], smooth_in_loops(heatmaps[n, :, :, j]), atol=1e-12)
    assert (smooth(heatmaps[:, ::-1, ::-1]) == smoothed[:, ::-1, ::-1]).all()


def decode_in_loops(heatmaps: np.ndarray, size: int) -> np.ndarray:
    count, height, width, joints = heatmaps.shape
    found = np.zeros((count, joints, 2))
    for n in range(count):
        for j in range(joints):
            heatmap = smooth(heatmaps[n : n + 1])[0, :, :, j]
            best, row, column = -math.inf, 0, 0
            for y in range(height):
                for x in range(width):
                    if heatmap[y, x] > best:
                        best, row, column = heatmap[y, x], y, x
            right, down = column + 0.5, row + 0.5
            if 0 < column < width - 1:
                before, after = heatmap[row, column - 1], heatmap[row, column + 1]
                right += 0.25 if after > before else -0.25 if after < before else 0
            if 0 < row < height - 1:
                before, after = heatmap[row - 1, column], heatmap[row + 1, column]
                down += 0.25 if after > before else -0.25 if after < before else 0
            found[n, j] = right * size / width, down * size / height
    return found


def test_decode_equals_loops() -> None:
    rng = np.random.default_rng(0)
    heatmaps = rng.integers(0, 6, (5, 7, 9, 16)).astype(np.float32)
    assert np.allclose(decode(heatmaps, 63), decode_in_loops(heatmaps, 63), atol=1e-5)


def test_decode_takes_the_first_of_equals_and_stays_at_the_border() -> None:
    heatmaps = np.zeros((1, 21, 21, 2), np.float32)
    heatmaps[0, 0, 20, 0] = heatmaps[0, 20, 0, 0] = heatmaps[0, 20, 20, 0] = 1
    heatmaps[0, 8, 8, 1], heatmaps[0, 8, 7, 1], heatmaps[0, 9, 8, 1] = 1, 0.3, 0.2
    first, second = decode(heatmaps, 84)[0]
    assert first.tolist() == [20.5 * 4, 0.5 * 4]
    assert second.tolist() == [8.25 * 4, 8.75 * 4]


def test_decode_prefers_what_is_broad_to_one_cell_that_sticks_out() -> None:
    heatmap = np.zeros((1, 21, 21, 1), np.float32)
    heatmap[0, 13:16, 12:15] = 0.5
    heatmap[0, 2, 2] = 1
    assert decode(heatmap, 21)[0, 0].tolist() == [13.5, 14.5]


def test_decode_refuses_what_is_no_heatmap() -> None:
    with pytest.raises(ValueError, match="3 dimensions, must be four"):
        decode(np.zeros((4, 4, 16)), 16)
    with pytest.raises(ValueError, match="NaN"):
        decode(np.full((1, 4, 4, 16), np.nan), 16)


def test_pckh_equals_loops() -> None:
    rng = np.random.default_rng(1)
    joints = rng.uniform(0, 128, (40, 16, 2))
    predicted = joints + rng.normal(0, 6, joints.shape)
    labelled = rng.random((40, 16)) < 0.7
    head = rng.uniform(8, 25, 40)
    hits, totals = [0] * 16, [0] * 16
    for n in range(40):
        for j in range(16):
            if labelled[n, j]:
                totals[j] += 1
                hits[j] += math.dist(predicted[n, j], joints[n, j]) <= 0.5 * head[n]
    result = pckh(predicted, joints, labelled, head)
    counted = [j for j, name in enumerate(JOINTS) if name not in ("pelvis", "thorax")]
    assert set(result.per_joint) == {JOINTS[j] for j in counted}
    for j in counted:
        assert result.per_joint[JOINTS[j]] == pytest.approx(100 * hits[j] / totals[j])
    assert result.count == sum(totals[j] for j in counted)
    assert result.mean == pytest.approx(100 * sum(hits[j] for j in counted) / result.count)


def test_pckh_at_the_threshold_and_beyond() -> None:
    joints = np.zeros((2, 16, 2))
    labelled = np.zeros((2, 16), bool)
    wrist = JOINTS.index("left_wrist")
    labelled[:, wrist] = True
    predicted = joints.copy()
    predicted[0, wrist], predicted[1, wrist] = (3, 4), (3, 4.01)
    result = pckh(predicted, joints, labelled, np.array([10.0, 10.0]))
    assert result.per_joint["left_wrist"] == 50
    assert math.isnan(result.per_joint["right_wrist"])
    assert pckh(predicted, joints, labelled, np.array([10.0, 10.0]), threshold=0.6).mean == 100


def test_pckh_does_not_count_pelvis_thorax_and_unlabelled_joints() -> None:
    joints = np.zeros((1, 16, 2))
    predicted = np.full((1, 16, 2), 99.0)
    labelled = np.zeros((1, 16), bool)
    for name in NOT_COUNTED:
        labelled[0, JOINTS.index(name)] = True
    with pytest.raises(ValueError, match="no joint to count"):
        pckh(predicted, joints, labelled, np.ones(1))
    labelled[0, 0] = True
    predicted[0, 0] = 0
    joints[0, 1] = np.nan
    assert pckh(predicted, joints, labelled, np.ones(1)).mean == 100


def test_pckh_refuses_what_does_not_belong_together() -> None:
    joints, labelled, head = np.zeros((2, 16, 2)), np.ones((2, 16), bool), np.ones(2)
    with pytest.raises(ValueError, match=r"predicted: shape \[1, 16, 2\], must be \[2, 16, 2\]"):
        pckh(joints[:1], joints, labelled, head)
    with pytest.raises(ValueError, match="predicted: some positions are not finite"):
        pckh(joints + np.nan, joints, labelled, head)
    with pytest.raises(ValueError, match="head: some lengths are not positive"):
        pckh(joints, joints, labelled, head * 0)
