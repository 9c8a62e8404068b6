"""A small software renderer with a depth buffer: everything a person is made of is a swept ellipsoid.

Camera coordinates are those of the canvas: x right, y down, z away from the viewer, all in pixels of the canvas.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]

_ROUND = np.eye(3)


@dataclass(frozen=True)
class Fragments:
    """The n pixels in which a primitive is the nearest so far.

    `x`, `y`: positions on the canvas. `t`: how far along the sweep, in [0, 1]. `direction`: [3, n], where the surface
    point lies on the ellipsoid around the axis, a unit vector in camera coordinates once the shape is undone.
    """

    x: Floats
    y: Floats
    t: Floats
    direction: Floats


#: Gives each fragment its colour [n, 3] (0 to 255), and a mask [n] of those to keep, or None for all.
Material = Callable[[Fragments], tuple[Floats, NDArray[np.bool_] | None]]


def paint(colour: Floats) -> Material:
    """The same colour everywhere."""

    def material(fragments: Fragments) -> tuple[Floats, None]:
        return np.broadcast_to(colour, (len(fragments.x), 3)), None

    return material


@dataclass(frozen=True)
class Light:
    """A directional light and what comes from everywhere."""

    towards: Vector
    directional: float
    ambient: float


class Canvas:
    """An image [H, W, 3] (float32, 0 to 255) and the depth [H, W] of what is drawn on it, infinite at first."""

    def __init__(self, image: Floats, light: Light) -> None:
        self.image = image
        self.depth = np.full(image.shape[:2], np.inf, np.float32)
        self.light = light

    def sweep(
        self,
        start: Vector,
        end: Vector,
        radii: tuple[float, float],
        material: Material,
        shape: Matrix = _ROUND,
        flat_end: bool = False,
    ) -> None:
        """Draws an ellipsoid swept from `start` to `end` while its size goes from `radii[0]` to `radii[1]`.

        `shape`: [3, 3], takes the unit sphere to the ellipsoid of size 1. `flat_end` cuts the sweep off at `end`.
        """
        between = end - start
        length = float(np.hypot(between[0], between[1]))
        if not flat_end and length < abs(between[2]) and length > 0:
            # Seen along its axis: the nearer end hides the rest, which the search for the nearest axis point misses.
            near, radius = (start, radii[0]) if between[2] > 0 else (end, radii[1])
            self._sweep(near, near, (radius, radius), material, shape, False)
        self._sweep(start, end, radii, material, shape, flat_end)

    def _sweep(
        self,
        start: Vector,
        end: Vector,
        radii: tuple[float, float],
        material: Material,
        shape: Matrix,
        flat_end: bool,
    ) -> None:
        # With S = shape shape^T = B B^T (Cholesky), the ellipsoid's points are B u, u on the unit sphere. B is lower
        # triangular, so the silhouette only needs its upper left 2 x 2 block, whose inverse makes it a unit circle.
        root = _ROUND if shape is _ROUND else np.linalg.cholesky(shape @ shape.T)
        (b00, _, _), (b10, b11, _), (b20, b21, b22) = root.tolist()
        extent = (abs(b00), float(np.hypot(b10, b11)))
        box = []
        for axis in (0, 1):
            low = min(start[axis] - radii[0] * extent[axis], end[axis] - radii[1] * extent[axis])
            high = max(start[axis] + radii[0] * extent[axis], end[axis] + radii[1] * extent[axis])
            limit = self.depth.shape[1 - axis]
            box.append((max(0, int(np.floor(low))), min(limit, int(np.ceil(high)) + 1)))
        (left, right), (top, bottom) = box
        if left >= right or top >= bottom:
            return

        # Python floats: NumPy's would turn the arrays into float64.
        (ax, ay, az), (dx, dy, dz) = start.tolist(), (end - start).tolist()
        first, growth = float(radii[0]), float(radii[1] - radii[0])
        x = np.arange(left, right, dtype=np.float32) + (0.5 - ax)
        y = np.arange(top, bottom, dtype=np.float32) + (0.5 - ay)
        u: Floats = (x / b00)[None, :]
        v: Floats = (y / b11)[:, None] - (x * (b10 / b00 / b11))[None, :]
        du = dx / b00
        dv = (dy - b10 * du) / b11
        square = du * du + dv * dv
        reaches: NDArray[np.bool_] | bool = True
        t: Floats
        if square > 1e-6:
            t = u * (du / square) + v * (dv / square)
            if flat_end:
                reaches = t <= 1
            t = np.clip(t, 0, 1)
            radius = first + growth * t
            u = (u - t * du) / radius
            v = (v - t * dv) / radius
        else:
            t = np.zeros(v.shape, np.float32)
            radius = np.full(v.shape, first, np.float32)
            u = np.broadcast_to(u / first, v.shape)
            v = v / first
        squared = u * u + v * v
        inside = np.flatnonzero((squared < 1) & reaches)
        u, v, t = u.ravel()[inside], v.ravel()[inside], t.ravel()[inside]
        w = -np.sqrt(1 - squared.ravel()[inside])
        depth = az + t * dz + radius.ravel()[inside] * (b20 * u + b21 * v + b22 * w)
        rows, columns = np.divmod(inside, right - left)
        known = self.depth[top:bottom, left:right]
        nearer = np.flatnonzero(depth < known[rows, columns])
        if not len(nearer):
            return
        rows, columns, depth, t = rows[nearer], columns[nearer], depth[nearer], t[nearer]

        on_sphere = np.stack([u[nearer], v[nearer], w[nearer]])
        if shape is _ROUND:
            normal = direction = on_sphere
        else:
            normal = np.linalg.inv(root).T.astype(np.float32) @ on_sphere
            normal /= np.sqrt((normal * normal).sum(0))
            direction = (np.linalg.inv(shape) @ root).astype(np.float32) @ on_sphere
        colours, keep = material(Fragments(x[columns] + ax, y[rows] + ay, t, direction))
        colours = colours * self._lighting(normal)[:, None]
        if keep is not None:
            rows, columns, depth, colours = rows[keep], columns[keep], depth[keep], colours[keep]
        known[rows, columns] = depth
        self.image[top:bottom, left:right][rows, columns] = colours

    def _lighting(self, normal: Floats) -> Floats:
        """Half-Lambert shading, [n]: no part of a person in daylight is black."""
        cosine = (self.light.towards.astype(np.float32) @ normal + 1) / 2
        return self.light.ambient + self.light.directional * cosine * cosine

    def shade_creases(self, strength: float, radius: int) -> None:
        """Darkens what lies close behind something else: ambient occlusion, estimated from the depth alone.

        The background has no depth and stays as it is.
        """
        # Half the resolution is enough.
        depth = self.depth[::2, ::2]
        drawn = np.isfinite(depth)
        # Averages over what is drawn: the background takes no part.
        side = 2 * ((radius + 1) // 2) + 1
        weight = cv2.blur(drawn.astype(np.float32), (side, side))
        average = cv2.blur(np.where(drawn, depth, 0), (side, side)) / np.maximum(weight, 1e-3)
        behind = np.where(drawn, depth - average, 0)
        amount = cv2.resize(np.clip(behind / radius, 0, 1) * strength, self.depth.shape[::-1])
        # Only what is drawn darkens.
        rows, columns = np.nonzero(np.isfinite(self.depth))
        self.image[rows, columns] *= 1 - amount[rows, columns, None]
