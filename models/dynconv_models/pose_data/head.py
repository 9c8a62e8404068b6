"""Draws a head: face, hair, and what is worn on it. From behind there is hair, so front and back differ."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .body import SIDES, Shape
from .projection import Projection
from .render import Canvas, Floats, Fragments, Material, paint
from .wardrobe import Outfit

Mask = NDArray[np.bool_]

#: The skull's half axes, to the side, up and forward, in lengths of the head segment.
_SKULL = np.array([0.385, 0.52, 0.45])

#: How much larger than the skull the hair is.
_VOLUME = {"short": 1.06, "full": 1.17, "long": 1.1, "bun": 1.05, "ponytail": 1.05, "curly": 1.36}

#: Headgear: the height it reaches down to (from -1, the chin, to 1), and how much larger than the skull it is.
_HEADGEAR = {
    "cap": (0.42, 1.12), "beanie": (0.38, 1.16), "helmet": (0.3, 1.3), "hat": (0.45, 1.15), "hood": (0.6, 1.3)
}  # fmt: skip

#: Heads of fewer pixels on the canvas get no ears.
_DETAILED = 20


def draw_head(canvas: Canvas, person: Projection, shape: Shape, outfit: Outfit) -> None:
    """Draws a projected person's head."""
    _Head(canvas, person, shape, outfit).draw()


class _Head:
    def __init__(self, canvas: Canvas, person: Projection, shape: Shape, outfit: Outfit) -> None:
        self.canvas = canvas
        self.outfit = outfit
        self.frame = person.frames["head"]
        self.length = shape.head * person.scales["head_top"]
        self.up = self.frame[:, 1] * self.length
        self.ahead = self.frame[:, 2] * self.length
        self.centre = (person.points["upper_neck"] + person.points["head_top"]) / 2 + self.ahead * 0.1
        self.skull = self.frame @ np.diag(_SKULL * self.length)
        self.covers_ears = outfit.hair_style in {"long", "full", "curly"}

    def draw(self) -> None:
        skin, length = self.outfit.skin, self.length
        self.canvas.sweep(self.centre, self.centre, (1.0, 1.0), self._face, self.skull)
        nose = self.centre - self.up * 0.04 + self.ahead * 0.97 * _SKULL[2]
        bridge, tip = nose + self.up * 0.1, nose - self.up * 0.03
        self.canvas.sweep(bridge, tip, (0.03 * length, 0.055 * length), paint(skin * np.float32(0.97)))
        if length > _DETAILED and not self.covers_ears:
            for sign in SIDES.values():
                ear = self.centre + self.frame @ np.array([sign * _SKULL[0], 0.02, -0.02]) * length
                flat = self.frame @ np.diag([0.04, 0.1, 0.07])
                self.canvas.sweep(ear, ear, (length, length), paint(skin * np.float32(0.93)), flat)
        if self.outfit.hair_style != "bald":
            self._hair()
        if self.outfit.headgear != "none":
            self._headgear()

    def _hairy(self, direction: Floats, extra: float) -> Mask:
        """Where hair grows: above the brow in front, down to the nape behind, leaving out the face."""
        _, height, front = direction
        sideburn = -0.35 if self.covers_ears else 0.2
        behind = (front < 0.3 + extra) & (height > sideburn - 1.1 * (0.45 - front))
        return np.asarray((height > 0.66 - extra) | behind, np.bool_)

    def _face(self, fragments: Fragments) -> tuple[Floats, None]:
        outfit = self.outfit
        across, height, front = fragments.direction
        aside, ahead = abs(across), front > 0
        colours = np.empty((len(across), 3), np.float32)
        colours[:] = outfit.skin
        eye = ahead & (((aside - 0.37) / 0.17) ** 2 + ((height - 0.13) / 0.085) ** 2 < 1)
        colours[eye] = (225, 222, 218)
        colours[eye & (abs(aside - 0.37) < 0.09)] = (40, 28, 22)
        colours[ahead & (abs(aside - 0.38) < 0.2) & (abs(height - 0.3) < 0.045)] = outfit.hair * np.float32(0.7)
        colours[ahead & (aside < 0.13) & (abs(height + 0.2) < 0.06)] *= np.float32(0.72)
        mouth = ahead & (aside < 0.27) & (abs(height + 0.47 + 0.2 * across * across) < 0.065)
        colours[mouth] = outfit.skin * np.array([0.75, 0.45, 0.45], np.float32)
        if outfit.beard:
            colours[(height < -0.3) & (front > -0.2) & ~mouth] = outfit.hair
        if outfit.glasses:
            lens = ahead & (((aside - 0.37) / 0.26) ** 2 + ((height - 0.12) / 0.2) ** 2 < 1)
            colours[lens] *= np.float32(0.3)
            colours[ahead & (abs(height - 0.17) < 0.05)] = (30, 30, 32)
        if outfit.hair_style != "bald":
            colours[self._hairy(fragments.direction, 0.02)] = outfit.hair
        return colours, None

    def _strands(self, fragments: Fragments) -> tuple[Floats, Mask]:
        across, height, _ = fragments.direction
        lightness = 1 + 0.12 * np.sin(across * 23 + height * 9)
        colours = np.asarray(self.outfit.hair * lightness[:, None], np.float32)
        return colours, self._hairy(fragments.direction, 0.0)

    def _hair(self) -> None:
        up, ahead, length, hair = self.up, self.ahead, self.length, paint(self.outfit.hair)
        style = self.outfit.hair_style
        middle = self.centre - ahead * 0.02 + up * 0.02
        self.canvas.sweep(middle, middle, (1.0, 1.0), self._strands, self.skull * _VOLUME[style])
        if style == "long":
            nape = self.centre - ahead * 0.28
            end = nape - up * 0.95 - ahead * 0.08
            flat = self.frame @ np.diag([0.4, 0.3, 0.2])
            self.canvas.sweep(nape + up * 0.1, end, (length, 0.9 * length), hair, flat)
        elif style == "bun":
            bun = self.centre - ahead * 0.4 + up * 0.38
            self.canvas.sweep(bun, bun, (0.2 * length, 0.2 * length), hair)
        elif style == "ponytail":
            knot = self.centre - ahead * 0.5 + up * 0.2
            self.canvas.sweep(knot, knot - up * 0.8 - ahead * 0.15, (0.12 * length, 0.07 * length), hair)

    def _headgear(self) -> None:
        kind, colour = self.outfit.headgear, self.outfit.headgear_colour
        lowest, size = _HEADGEAR[kind]

        def covered(fragments: Fragments) -> tuple[Floats, Mask]:
            _, height, front = fragments.direction
            keep = height > lowest
            if kind in {"hood", "helmet"}:
                keep |= (front < 0.35) & (height > -0.75)
            return np.broadcast_to(colour, (len(height), 3)), keep

        self.canvas.sweep(self.centre, self.centre, (size, size), covered, self.skull)
        if kind in {"cap", "hat"}:
            brim = self.centre + self.up * 0.26 + self.ahead * (0.55 if kind == "cap" else 0.0)
            disc = self.frame @ np.diag([0.36, 0.03, 0.36] if kind == "cap" else [0.75, 0.04, 0.75])
            shade: Material = paint(colour * np.float32(0.85))
            self.canvas.sweep(brim, brim, (self.length, self.length), shade, disc)
