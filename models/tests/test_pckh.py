"""Decoding of heatmaps and PCKh, against loops and cases made by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dynconv_models.pckh import NOT_COUNTED, decode, pckh
from dynconv_models.published import JOINTS


def decode_in_loops(heatmaps: np.ndarray, size: int) -> np.ndarray:
    count, height, width, joints = heatmaps.shape
    found = np.zeros((count, joints, 2))
    for n in range(count):
        for j in range(joints):
            best, row, column = -math.inf, 0, 0
            for y in range(height):
                for x in range(width):
                    if heatmaps[n, y, x, j] > best:
                        best, row, column = heatmaps[n, y, x, j], y, x
            right, down = column + 0.5, row + 0.5
            if 0 < column < width - 1:
                before, after = heatmaps[n, row, column - 1, j], heatmaps[n, row, column + 1, j]
                right += 0.25 if after > before else -0.25 if after < before else 0
            if 0 < row < height - 1:
                before, after = heatmaps[n, row - 1, column, j], heatmaps[n, row + 1, column, j]
                down += 0.25 if after > before else -0.25 if after < before else 0
            found[n, j] = right * size / width, down * size / height
    return found


def test_decode_equals_loops() -> None:
    rng = np.random.default_rng(0)
    # Few levels, so that there are many ties.
    heatmaps = rng.integers(0, 6, (5, 7, 9, 16)).astype(np.float32)
    assert np.allclose(decode(heatmaps, 63), decode_in_loops(heatmaps, 63), atol=1e-5)


def test_decode_takes_the_first_of_equals_and_stays_at_the_border() -> None:
    heatmaps = np.zeros((1, 4, 4, 2), np.float32)
    heatmaps[0, 0, 3, 0] = heatmaps[0, 2, 1, 0] = 1
    heatmaps[0, 0, 2, 0] = 0.5
    heatmaps[0, 2, 2, 1], heatmaps[0, 2, 1, 1], heatmaps[0, 3, 2, 1] = 1, 0.3, 0.2
    first, second = decode(heatmaps, 16)[0]
    assert first.tolist() == [3.5 * 4, 0.5 * 4]
    assert second.tolist() == [2.25 * 4, 2.75 * 4]


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
