"""What people look like: skin, hair, and clothes, as colours and small repeating tiles of cloth."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

#: Side of a tile of cloth, and how many tiles an adult is tall.
TILE = 64
TILES_PER_STATURE = 2.6

_SKIN = np.array(
    [(255, 219, 190), (241, 194, 158), (224, 172, 128), (198, 138, 96), (150, 98, 62), (104, 66, 42), (66, 44, 32)],
    np.float32,
)
_HAIR = np.array(
    [(22, 18, 16), (44, 30, 22), (80, 52, 32), (120, 82, 48), (176, 136, 84), (214, 184, 128), (150, 146, 142),
     (226, 222, 216), (128, 56, 30)],
    np.float32,
)  # fmt: skip

_HAIR_STYLES = {
    "short": 0.36, "full": 0.14, "long": 0.2, "bun": 0.07, "ponytail": 0.07, "curly": 0.1, "bald": 0.06
}  # fmt: skip
_HEADGEAR = {"none": 0.72, "cap": 0.1, "beanie": 0.06, "helmet": 0.05, "hat": 0.04, "hood": 0.03}


@dataclass(frozen=True)
class Garment:
    """Cloth as a tile [TILE, TILE, 3], and how much thicker than the body it is."""

    tile: Floats
    looseness: float


@dataclass(frozen=True)
class Outfit:
    """One person's looks. Lengths of sleeves and legs: 0 is none, 1 reaches elbow or knee, 2 wrist or ankle."""

    skin: Floats
    hair: Floats
    hair_style: str
    headgear: str
    headgear_colour: Floats
    glasses: bool
    beard: bool
    top: Garment
    sleeves: float
    inner: Garment | None
    collar: Floats | None
    bottom: Garment
    legs: float
    skirt: float
    waistline: float
    belt: Floats | None
    shoes: Floats
    gloves: Floats | None
    emblem: Floats | None


def sample_colour(rng: np.random.Generator) -> Floats:
    """A colour that clothes have: often grey, black, white or blue, sometimes loud."""
    what = rng.random()
    if what < 0.34:
        grey = rng.choice([18, 40, 80, 130, 190, 235]) + rng.normal(0, 10)
        return np.asarray(np.clip(grey + rng.normal(0, 5, 3), 5, 250), np.float32)
    hue = rng.normal(0.61, 0.04) if what < 0.5 else rng.random()
    saturation = rng.uniform(0.1, 0.65) if what < 0.82 else rng.uniform(0.65, 1)
    red, green, blue = colorsys.hsv_to_rgb(float(hue) % 1, float(saturation), float(rng.uniform(0.2, 0.97)))
    return np.array([red, green, blue], np.float32) * 255


def smooth_noise(rng: np.random.Generator, height: int, width: int, cells: int) -> Floats:
    """Noise [height, width] of unit variance or less, its grains `cells` to a side."""
    coarse = rng.standard_normal((cells, max(1, cells * width // height))).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def sample_garment(rng: np.random.Generator, loose: float) -> Garment:
    """Plain, striped, checked, flowered or faded cloth, with wrinkles."""
    base = sample_colour(rng)
    tile = np.empty((TILE, TILE, 3), np.float32)
    tile[:] = base
    pattern = rng.choice(["plain", "stripes", "checks", "blotches", "noise"], p=[0.56, 0.16, 0.1, 0.1, 0.08])
    other = sample_colour(rng)
    if pattern in {"stripes", "checks"}:
        period = int(rng.choice([4, 8, 16, 32]))
        lines = (np.arange(TILE) % period) < period * rng.uniform(0.25, 0.6)
        axis = int(rng.random() < 0.3)
        mask = lines[:, None] if axis else lines[None, :]
        tile[np.broadcast_to(mask, (TILE, TILE))] = other
        if pattern == "checks":
            crossing = np.broadcast_to(lines[None, :] if axis else lines[:, None], (TILE, TILE))
            tile[crossing] = (tile[crossing] + other) / 2
    elif pattern == "blotches":
        tile[smooth_noise(rng, TILE, TILE, int(rng.integers(4, 14))) > rng.uniform(0.1, 0.9)] = other
    elif pattern == "noise":
        tile += rng.normal(0, 22, (TILE, TILE, 1)).astype(np.float32)
    wrinkles = smooth_noise(rng, TILE, TILE, 5) + 0.7 * smooth_noise(rng, TILE, TILE, 12)
    tile *= 1 + np.float32(rng.uniform(0.02, 0.12)) * wrinkles[:, :, None]
    return Garment(np.clip(tile, 0, 255), loose)


def sample_outfit(rng: np.random.Generator) -> Outfit:
    """Clothes for a summer's day, an office, sports or work; headgear and hair of all kinds."""
    tone = rng.random() * (len(_SKIN) - 1)
    low = int(tone)
    skin = _SKIN[low] + (_SKIN[min(low + 1, len(_SKIN) - 1)] - _SKIN[low]) * np.float32(tone - low)
    skin = np.clip(skin + rng.normal(0, 5, 3), 0, 255).astype(np.float32)
    hair_index = int(rng.integers(0, 4)) if tone > 3.2 and rng.random() < 0.85 else int(rng.integers(0, len(_HAIR)))
    hair = np.clip(_HAIR[hair_index] * rng.uniform(0.8, 1.2) + rng.normal(0, 4, 3), 0, 255).astype(np.float32)

    top = sample_garment(rng, float(rng.uniform(1.04, 1.35)))
    bottom = sample_garment(rng, float(rng.uniform(1.04, 1.3)))
    sleeves = float(rng.choice([0.0, rng.uniform(0.35, 0.8), rng.uniform(1.2, 1.7), 2.0], p=[0.12, 0.32, 0.08, 0.48]))
    legs = float(rng.choice([rng.uniform(0.25, 0.55), rng.uniform(0.6, 1.1), 2.0], p=[0.14, 0.22, 0.64]))
    skirt = 0.0
    if rng.random() < 0.16:
        skirt, legs = float(rng.uniform(0.4, 1.7)), 0.3
    suit = rng.random()
    if suit < 0.12:  # overalls, tracksuits, dresses
        bottom, sleeves = top, 2.0 if suit < 0.07 else sleeves
        legs = 2.0 if skirt == 0 else legs
    elif suit < 0.15:  # bathing
        sleeves, legs, skirt = 0.0, 0.3, 0.0
        if rng.random() < 0.6:
            top = Garment(np.broadcast_to(skin, (TILE, TILE, 3)).copy(), 1.0)
    return Outfit(
        skin=skin,
        hair=hair,
        hair_style=str(rng.choice(list(_HAIR_STYLES), p=list(_HAIR_STYLES.values()))),
        headgear=str(rng.choice(list(_HEADGEAR), p=list(_HEADGEAR.values()))),
        headgear_colour=sample_colour(rng),
        glasses=bool(rng.random() < 0.14),
        beard=bool(rng.random() < 0.14),
        top=top,
        sleeves=sleeves,
        inner=sample_garment(rng, 1.0) if rng.random() < 0.18 else None,
        collar=sample_colour(rng) if rng.random() < 0.3 else None,
        bottom=bottom,
        legs=legs,
        skirt=skirt,
        waistline=float(rng.uniform(0.25, 0.95)),
        belt=sample_colour(rng) * np.float32(0.6) if rng.random() < 0.25 else None,
        shoes=sample_colour(rng) * np.float32(0.8),
        gloves=sample_colour(rng) if rng.random() < 0.05 else None,
        emblem=sample_colour(rng) if rng.random() < 0.2 else None,
    )
