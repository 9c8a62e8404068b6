"""Percentage of correct keypoints relative to the head (PCKh), MPII Human Pose's measure.

Andriluka, Pishchulin, Gehler and Schiele, *2D Human Pose Estimation: New Benchmark and State of the Art Analysis*
(CVPR 2014).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .published import JOINTS

#: MPII's evaluation counts neither.
NOT_COUNTED = ("pelvis", "thorax")


@dataclass(frozen=True)
class PckhResult:
    """Rates in percent. `per_joint`: by name, NaN where no image has the joint. `mean`: over all counted joints."""

    per_joint: dict[str, float]
    mean: float
    #: How many joints the mean is over.
    count: int


#: Standard deviation, in cells, of the Gaussian that heatmaps are smoothed with; of 1, 1.25, 1.5, 1.75 and 2, which are
#: within half a point of one another, it suits the validation pictures.
SMOOTHING = 1.5
_REACH = 4


def smooth(heatmaps: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Heatmaps [N, h, w, J] under a Gaussian of `SMOOTHING` cells, cut off 4 cells away; beyond the border all is 0."""
    weights = np.exp(-(np.arange(_REACH + 1) ** 2) / (2 * SMOOTHING**2))
    weights /= weights[0] + 2 * weights[1:].sum()
    values = np.asarray(heatmaps, np.float64)
    for axis in (1, 2):
        size = values.shape[axis]
        padding = [(0, 0)] * 4
        padding[axis] = (_REACH, _REACH)
        padded = np.pad(values, padding)
        at = [np.take(padded, range(start, start + size), axis) for start in range(2 * _REACH + 1)]
        # Both sides at once, so that what is symmetric stays so to the bit.
        values = weights[0] * at[_REACH]
        for away in range(1, _REACH + 1):
            values = values + weights[away] * (at[_REACH - away] + at[_REACH + away])
    return values


def decode(heatmaps: NDArray[np.floating[Any]], size: int) -> NDArray[np.float32]:
    """The joints' positions, [N, J, 2] in pixels of the `size` x `size` input, that heatmaps [N, h, w, J] show.

    Each joint lies in the centre of the highest cell of its smoothed heatmap (the first in row-major order where
    several are), moved by a quarter of a cell towards the higher neighbour, in x and in y; not at the border. The
    quarter is that of Newell, Yang and Deng (ECCV 2016); to smooth first is from Zhang et al., *Distribution-Aware
    Coordinate Representation for Human Pose Estimation* (CVPR 2020), section 3.2.

    Raises ValueError for another number of dimensions, or when a heatmap has values that are not numbers.
    """
    if heatmaps.ndim != 4:
        raise ValueError(f"heatmaps: {heatmaps.ndim} dimensions, must be four: [N, h, w, J]")
    if np.isnan(heatmaps).any():
        raise ValueError("heatmaps: some values are NaN")
    heatmaps = smooth(heatmaps)
    count, height, width, joints = heatmaps.shape
    best = heatmaps.reshape(count, height * width, joints).argmax(1)
    rows, columns = np.divmod(best, width)
    image, joint = np.ogrid[:count, :joints]

    def shift(row_step: int, column_step: int) -> NDArray[np.float64]:
        """A quarter of a cell, signed, towards the higher of the two neighbours."""
        before = heatmaps[image, np.maximum(rows - row_step, 0), np.maximum(columns - column_step, 0), joint]
        after = heatmaps[
            image, np.minimum(rows + row_step, height - 1), np.minimum(columns + column_step, width - 1), joint
        ]
        bordering = (rows < row_step) | (rows >= height - row_step)
        bordering |= (columns < column_step) | (columns >= width - column_step)
        return np.where(bordering, 0.0, 0.25 * ((after > before).astype(float) - (after < before)))

    x = columns + 0.5 + shift(0, 1)
    y = rows + 0.5 + shift(1, 0)
    return np.asarray(np.stack([x * size / width, y * size / height], -1), np.float32)


def pckh(
    predicted: NDArray[np.floating[Any]],
    joints: NDArray[np.floating[Any]],
    labelled: NDArray[np.bool_],
    head: NDArray[np.floating[Any]],
    threshold: float = 0.5,
) -> PckhResult:
    """How many predicted joints [N, 16, 2] lie no farther than `threshold` heads [N] from the true ones [N, 16, 2].

    Only `labelled` [N, 16] joints count, hidden ones too, but for pelvis and thorax.

    Raises ValueError for shapes that do not belong together, predictions that are not finite, heads that are not
    positive, or when there is nothing to count.
    """
    count = len(head)
    for name, array, shape in (
        ("predicted", predicted, (count, len(JOINTS), 2)),
        ("joints", joints, (count, len(JOINTS), 2)),
        ("labelled", labelled, (count, len(JOINTS))),
        ("head", head, (count,)),
    ):
        if array.shape != shape:
            raise ValueError(f"{name}: shape {list(array.shape)}, must be {list(shape)}")
    if not np.isfinite(predicted).all():
        raise ValueError("predicted: some positions are not finite")
    if not (head > 0).all():
        raise ValueError("head: some lengths are not positive")
    counted = np.asarray(labelled, bool) & ~np.isin(JOINTS, NOT_COUNTED)
    if not counted.any():
        raise ValueError("labelled: there is no joint to count")
    difference = np.where(counted[:, :, None], np.asarray(predicted, float) - np.asarray(joints, float), 0)
    distance = np.hypot(difference[..., 0], difference[..., 1])
    correct = (distance <= threshold * np.asarray(head, float)[:, None]) & counted
    totals, hits = counted.sum(0), correct.sum(0)
    rates = {
        name: float(100 * hits[index] / totals[index]) if totals[index] else float("nan")
        for index, name in enumerate(JOINTS)
        if name not in NOT_COUNTED
    }
    return PckhResult(rates, float(100 * hits.sum() / totals.sum()), int(totals.sum()))
