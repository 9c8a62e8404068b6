"""From a person in space to a person on the canvas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .body import Skeleton

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Projection:
    """A person on the canvas: `points` [3] each, x, y and depth in pixels; `scales`: pixels per stature there."""

    points: dict[str, Vector]
    scales: dict[str, float]
    frames: dict[str, Matrix]


def project(skeleton: Skeleton, view: Matrix, distance: float) -> Projection:
    """Perspective projection from `distance` (in statures) of the pelvis, before zooming: a stature is about 1 there.

    `view`: takes body coordinates to camera coordinates.
    """
    seen = skeleton.transformed(view)
    scales = {name: distance / max(distance + float(point[2]), 0.3 * distance) for name, point in seen.points.items()}
    points = {name: point * (scales[name], scales[name], 1) for name, point in seen.points.items()}
    return Projection(points, scales, seen.frames)


def zoomed(projection: Projection, zoom: float, offset: Vector) -> Projection:
    """The projection `zoom` times as large, moved by `offset` [2] pixels."""
    shift = np.array([offset[0], offset[1], 0.0])
    return Projection(
        {name: point * zoom + shift for name, point in projection.points.items()},
        {name: scale * zoom for name, scale in projection.scales.items()},
        projection.frames,
    )
