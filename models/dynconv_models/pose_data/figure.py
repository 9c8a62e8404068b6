"""Draws one person: a skeleton in camera coordinates, dressed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .body import SIDES, Shape
from .head import draw_head
from .projection import Projection
from .render import Canvas, Floats, Fragments, Material, paint
from .wardrobe import TILE, TILES_PER_STATURE, Garment, Outfit

Vector = NDArray[np.float64]


def _tiles(garment: Garment, fragments: Fragments, along: Vector, unit: float, phase: int) -> Floats:
    """The cloth's colours, its tiles laid out on the canvas along a direction [2]."""
    length = float(np.hypot(*along))
    du, dv = (along / length if length > 1e-6 else np.array([0.0, 1.0])).tolist()
    per_pixel = TILE * TILES_PER_STATURE / float(unit)
    du, dv = du * per_pixel, dv * per_pixel
    rows = (fragments.x * du + fragments.y * dv).astype(np.int32) + phase
    columns = (fragments.y * du - fragments.x * dv).astype(np.int32) + phase
    return np.asarray(garment.tile[rows % TILE, columns % TILE], np.float32)


class Figure:
    """Draws a projected person on a canvas, part by part; the canvas' depth decides what hides what."""

    def __init__(self, canvas: Canvas, person: Projection, shape: Shape, outfit: Outfit) -> None:
        self.canvas = canvas
        self.person = person
        self.shape = shape
        self.outfit = outfit
        self.unit = person.scales["pelvis"]

    def draw(self) -> None:
        """Draws all of the person."""
        self._trunk()
        for side in SIDES:
            self._leg(side)
            self._arm(side)
        if self.outfit.skirt:
            self._skirt()
        draw_head(self.canvas, self.person, self.shape, self.outfit)

    def thickness(self, name: str) -> float:
        """How deep inside the body, in pixels, a joint lies at most."""
        depth = 0.032 * self.shape.limb_girth
        if name in {"pelvis", "thorax", "left_hip", "right_hip"}:
            depth = 0.085 * self.shape.waist_girth
        elif name in {"upper_neck", "head_top", "left_shoulder", "right_shoulder"}:
            depth = 0.075
        return depth * self.person.scales[name] * 1.5

    def _cloth(self, garment: Garment, start: str, end: str) -> Material:
        along = (self.person.points[end] - self.person.points[start])[:2]

        def material(fragments: Fragments) -> tuple[Floats, None]:
            return _tiles(garment, fragments, along, self.unit, 7 * len(start)), None

        return material

    def _limb(
        self, names: tuple[str, str], radii: tuple[float, float], colour: Floats, garment: Garment, covered: float
    ) -> None:
        """A limb's segment: skin, and cloth on its first part; `covered` in [0, 1]."""
        start, end = (self.person.points[name] for name in names)
        girth = self.shape.limb_girth
        sizes = (radii[0] * girth * self.person.scales[names[0]], radii[1] * girth * self.person.scales[names[1]])
        if covered < 1:
            self.canvas.sweep(start, end, sizes, paint(colour))
        if covered > 0:
            cut = start + (end - start) * covered
            cut_size = sizes[0] + (sizes[1] - sizes[0]) * covered
            loose = garment.looseness
            cloth_sizes = (sizes[0] * (1 + loose) / 2, cut_size * loose)
            self.canvas.sweep(start, cut, cloth_sizes, self._cloth(garment, *names), flat_end=covered < 1)

    def _arm(self, side: str) -> None:
        shoulder, elbow, wrist, fingers = (f"{side}_{part}" for part in ("shoulder", "elbow", "wrist", "fingers"))
        outfit, sleeves = self.outfit, self.outfit.sleeves
        self._limb((shoulder, elbow), (0.036, 0.026), outfit.skin, outfit.top, min(sleeves, 1))
        self._limb((elbow, wrist), (0.027, 0.0185), outfit.skin, outfit.top, max(sleeves - 1, 0))
        start, end = self.person.points[wrist], self.person.points[fingers]
        scale = self.person.scales[wrist]
        hand = outfit.skin if outfit.gloves is None else outfit.gloves
        flat = self.person.frames[f"{side}_hand"] @ np.diag([0.55, 1.0, 1.0])
        self.canvas.sweep(
            start + 0.1 * (end - start), start + 0.6 * (end - start), (0.019 * scale, 0.026 * scale), paint(hand), flat
        )
        self.canvas.sweep(
            start + 0.6 * (end - start), end, (0.024 * scale, 0.011 * scale), paint(hand * np.float32(0.96)), flat
        )

    def _leg(self, side: str) -> None:
        hip, knee, ankle, heel, toes = (f"{side}_{part}" for part in ("hip", "knee", "ankle", "heel", "toes"))
        outfit, legs = self.outfit, self.outfit.legs
        self._limb((hip, knee), (0.056, 0.037), outfit.skin, outfit.bottom, min(legs, 1))
        self._limb((knee, ankle), (0.038, 0.023), outfit.skin, outfit.bottom, max(legs - 1, 0))
        points, scale = self.person.points, self.person.scales[ankle]
        self.canvas.sweep(points[heel], points[toes], (0.026 * scale, 0.02 * scale), paint(outfit.shoes))
        self.canvas.sweep(points[ankle], points[heel], (0.025 * scale, 0.024 * scale), paint(outfit.shoes))

    def _trunk(self) -> None:
        points, frames, shape, outfit, unit = (
            self.person.points, self.person.frames, self.shape, self.outfit, self.unit,
        )  # fmt: skip
        # One cross-section, wider than deep, swept over the hips, the waist and the chest.
        section = np.diag([1.0, 0.62, 0.66])
        loose = 1 + (outfit.top.looseness - 1) * 0.35
        hips, waist, chest = (
            width * unit * loose
            for width in (
                0.1 * shape.hip_girth, 0.086 * shape.waist_girth, 0.106 * shape.chest_girth * shape.shoulders / 0.108
            )
        )  # fmt: skip
        along = (points["thorax"] - points["pelvis"])[:2]
        belly = points["waist"]
        bosom = points["waist"] + (points["thorax"] - points["waist"]) * 0.66

        def lower(fragments: Fragments) -> tuple[Floats, None]:
            cloth = _tiles(outfit.bottom, fragments, along, unit, 0)
            upper = fragments.t > outfit.waistline
            cloth[upper] = _tiles(outfit.top, fragments, along, unit, 0)[upper]
            if outfit.belt is not None:
                cloth[abs(fragments.t - outfit.waistline) < 0.07] = outfit.belt
            return cloth, None

        def upper(fragments: Fragments) -> tuple[Floats, None]:
            cloth = _tiles(outfit.top, fragments, along, unit, 0)
            across, _, front = fragments.direction
            if outfit.inner is not None:
                opened = (front > 0) & (abs(across) < 0.12 + 0.2 * fragments.t)
                cloth[opened] = _tiles(outfit.inner, fragments, along, unit, 0)[opened]
            if outfit.emblem is not None:
                cloth[(front > 0) & ((across - 0.25) ** 2 + (fragments.t - 0.6) ** 2 < 0.05)] = outfit.emblem
            return cloth, None

        self.canvas.sweep(points["pelvis"], belly, (hips, waist), lower, frames["waist"] @ section)
        self.canvas.sweep(belly, bosom, (waist, chest), upper, frames["thorax"] @ section)
        cloth = self._cloth(outfit.top, "pelvis", "thorax")
        neck = points["thorax"] + (points["upper_neck"] - points["thorax"]) * 0.15
        for side in SIDES:
            # Collarbones, and the flanks that fill the corners between them and the chest.
            shoulder = points[f"{side}_shoulder"]
            inner = shoulder + (points["thorax"] - shoulder) * 0.35
            self.canvas.sweep(neck, shoulder, (0.042 * unit * loose, 0.038 * unit * loose * shape.limb_girth), cloth)
            self.canvas.sweep(inner, bosom, (0.05 * unit * loose, 0.06 * unit * loose), cloth)
        skin_neck = outfit.skin * np.float32(0.9)
        girth = 0.033 * (0.6 + 0.4 * shape.limb_girth)
        self.canvas.sweep(points["thorax"], points["upper_neck"], (girth * unit, girth * unit), paint(skin_neck))
        if outfit.collar is not None:
            middle = points["thorax"] + (points["upper_neck"] - points["thorax"]) * 0.35
            self.canvas.sweep(points["thorax"], middle, (0.043 * unit, 0.04 * unit), paint(outfit.collar))

    def _skirt(self) -> None:
        points, outfit = self.person.points, self.outfit
        cloth = self._cloth(outfit.bottom, "thorax", "pelvis")
        pelvis = points["pelvis"]
        hems = []
        for side in SIDES:
            hip, knee, ankle = (points[f"{side}_{part}"] for part in ("hip", "knee", "ankle"))
            hem = hip + (knee - hip) * min(outfit.skirt, 1) + (ankle - knee) * max(outfit.skirt - 1, 0)
            hems.append(hem)
            self.canvas.sweep(hip, hem, (0.075 * self.unit, 0.085 * self.unit), cloth, flat_end=True)
        middle = (hems[0] + hems[1]) / 2
        self.canvas.sweep(pelvis, middle, (0.085 * self.unit, 0.095 * self.unit), cloth, flat_end=True)
