"""What stands behind and before people: crops of photographs, rooms, fields, and clutter."""

from __future__ import annotations

import hashlib
import importlib.util
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from .wardrobe import Floats, sample_colour, smooth_noise

#: Photographs without people that come inside the wheels of scikit-image and scikit-learn, by SHA-256.
PHOTOGRAPHS = {
    "skimage/data/brick.png": "7966caf324f6ba843118d98f7a07746d22f6a343430add0233eca5f6eaaa8fcf",
    "skimage/data/chelsea.png": "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
    "skimage/data/coffee.png": "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
    "skimage/data/grass.png": "b6b6022426b38936c43a4ac09635cd78af074e90f42ffa8227ac8b7452d39f89",
    "skimage/data/gravel.png": "c48615b451bf1e606fbd72c0aa9f8cc0f068ab7111ef7d93bb9b0f2586440c12",
    "skimage/data/motorcycle_left.png": "db18e9c4157617403c3537a6ba355dfeafe9a7eabb6b9b94cb33f6525dd49179",
    "skimage/data/rocket.jpg": "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c",
    "sklearn/datasets/images/china.jpg": "8378025ad2519d649d02e32bd98990db4ab572357d9f09841c2fbfbb4fefad29",
    "sklearn/datasets/images/flower.jpg": "a77f6ec41e353afdf8bdff2ea981b2955535d8d83294f8cfa49cf4e423dd5638",
}

#: How often each is taken: those that show places more than those that show one texture.
_WEIGHTS = (1, 1, 2, 1, 1, 4, 2, 4, 2)


@lru_cache(maxsize=1)
def photographs() -> tuple[NDArray[np.uint8], ...]:
    """The photographs, RGB, each [H, W, 3].

    Raises FileNotFoundError when a package is missing and ValueError when it brings another file than expected, since
    the benchmark would not be the same.
    """
    pictures = []
    for name, expected in PHOTOGRAPHS.items():
        package, _, rest = name.partition("/")
        spec = importlib.util.find_spec(package)
        file = Path(str(spec.origin)).parent / rest if spec else None
        if file is None or not file.is_file():
            raise FileNotFoundError(f"{name}: missing; run: pip install 'dynconv-models[train]'")
        content = file.read_bytes()
        if hashlib.sha256(content).hexdigest() != expected:
            raise ValueError(
                f"{file}: not the photograph that the benchmark is made with; run: pip install 'dynconv-models[train]'"
            )
        decoded = np.asarray(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR), np.uint8)
        pictures.append(np.ascontiguousarray(decoded[:, :, ::-1]))
    return tuple(pictures)


def crop(rng: np.random.Generator, size: int) -> Floats:
    """A random part of a random photograph, [size, size, 3]: turned, mirrored, stretched, its colours changed."""
    weights = np.array(_WEIGHTS, float)
    photo = photographs()[int(rng.choice(len(weights), p=weights / weights.sum()))]
    height, width = photo.shape[:2]
    part = float(rng.uniform(0.3, 1.0)) * min(height, width)
    angle = float(rng.normal(0, 8)) if rng.random() < 0.8 else float(rng.uniform(0, 360))
    pivot = (float(rng.uniform(0.2, 0.8)) * width, float(rng.uniform(0.2, 0.8)) * height)
    matrix = np.asarray(cv2.getRotationMatrix2D(pivot, angle, size / part), np.float64)
    matrix[:, 2] += size / 2 - matrix[:, :2] @ np.array([width, height]) * rng.uniform(0.35, 0.65, 2)
    if rng.random() < 0.5:
        matrix[0] = -matrix[0]
        matrix[0, 2] += size
    view = cv2.warpAffine(photo, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    if rng.random() < 0.25:
        view = view[:, :, rng.permutation(3)]
    picture = np.ascontiguousarray(view, np.float32)
    tint = rng.uniform(0.75, 1.2, 3).astype(np.float32)
    picture *= tint * np.float32(rng.uniform(0.6, 1.2))
    if rng.random() < 0.4:
        sigma = float(rng.uniform(0.4, 3))
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.float32)
    return picture


def _place(rng: np.random.Generator, size: int) -> Floats:
    """A wall and a floor, or a sky and a field."""
    picture = np.empty((size, size, 3), np.float32)
    horizon = int(rng.uniform(0.3, 1.1) * size)
    ramp = np.linspace(rng.uniform(0.7, 1.1), rng.uniform(0.7, 1.1), size, dtype=np.float32)[:, None, None]
    picture[:] = sample_colour(rng) * ramp
    if horizon < size:
        picture[horizon:] = sample_colour(rng) * ramp[horizon:]
        if rng.random() < 0.5:
            texture = crop(rng, size)[horizon:]
            picture[horizon:] = picture[horizon:] * 0.4 + texture * 0.6
    strength = float(rng.uniform(0, 28))
    picture += strength * smooth_noise(rng, size, size, int(rng.integers(3, 40)))[:, :, None]
    return picture


_SQUARE = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])


def _polygon(rng: np.random.Generator, size: int) -> NDArray[np.int32]:
    """A box, a bar, a disc or a splinter somewhere on the canvas."""
    corners: NDArray[np.float64]
    centre = rng.uniform(0, size, 2)
    kind = rng.random()
    if kind < 0.35:
        corners = _SQUARE * rng.uniform(0.05, 0.35, 2) * size
    elif kind < 0.7:
        corners = _SQUARE * np.array([rng.uniform(0.012, 0.07), rng.uniform(0.25, 1.3)]) * size
    elif kind < 0.85:
        around = np.linspace(0, 2 * np.pi, 20)[:-1]
        corners = np.stack([np.cos(around), np.sin(around)], 1) * rng.uniform(0.02, 0.15, 2) * size
    else:
        corners = rng.normal(0, 0.14, (int(rng.integers(3, 6)), 2)) * size
    turn = np.radians(rng.normal(0, 12) if rng.random() < 0.6 else rng.uniform(0, 180))
    cosine, sine = np.cos(turn), np.sin(turn)
    turned = corners @ np.array([[cosine, sine], [-sine, cosine]]) + centre
    return np.asarray(np.round(turned * 16), np.int32)


def _add_clutter(rng: np.random.Generator, picture: NDArray[np.uint8], count: int) -> None:
    """Paints polygons over a picture [S, S, 3], some of them outlined."""
    size = picture.shape[0]
    for _ in range(count):
        corners = _polygon(rng, size)
        colour = sample_colour(rng)
        cv2.fillPoly(picture, [corners], colour.tolist(), cv2.LINE_AA, 4)
        if rng.random() < 0.4:
            outline = colour * np.float32(rng.uniform(0.4, 1.4))
            cv2.polylines(picture, [corners], True, outline.tolist(), 1, cv2.LINE_AA, 4)


def background(rng: np.random.Generator, size: int) -> Floats:
    """A place for people to be in, [size, size, 3], float32, about 0 to 255."""
    what = rng.random()
    if what < 0.62:
        picture = crop(rng, size)
        if rng.random() < 0.35:
            other = crop(rng, size)
            mask = smooth_noise(rng, size, size, int(rng.integers(2, 6))) > 0
            picture = np.where(mask[:, :, None], picture, other)
    else:
        picture = _place(rng, size)
    if rng.random() < 0.6:
        # OpenCV smooths edges in 8-bit pictures only.
        pixels = np.clip(picture, 0, 255).astype(np.uint8)
        _add_clutter(rng, pixels, int(rng.integers(1, 12)))
        picture = pixels.astype(np.float32)
    if rng.random() < 0.3:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.5, 3.5))), np.float32)
    # Most places are duller than the things in them.
    grey = picture.mean(2, keepdims=True)
    return np.asarray(np.clip(picture + (grey - picture) * np.float32(rng.uniform(0, 0.75)), 0, 255), np.float32)


def occluder(rng: np.random.Generator, size: int) -> NDArray[np.uint8]:
    """The mask [size, size] of a thing in the foreground: a table's edge, a post, a box."""
    mask = np.zeros((size, size), np.uint8)
    kind = rng.random()
    if kind < 0.3:
        level = rng.uniform(0.6, 0.95) * size
        tilt = rng.normal(0, 0.05) * size
        corners = np.array([[0, level - tilt], [size, level + tilt], [size, size + 1], [0, size + 1]])
    elif kind < 0.6:
        middle, half = rng.uniform(0, size), rng.uniform(0.01, 0.05) * size
        tilt = rng.normal(0, 0.15) * size
        low = middle + tilt
        corners = np.array([[middle - half, 0], [middle + half, 0], [low + half, size], [low - half, size]])
    else:
        cv2.fillPoly(mask, [_polygon(rng, size)], 255, cv2.LINE_8, 4)
        return mask
    cv2.fillPoly(mask, [np.round(corners * 16).astype(np.int32)], 255, cv2.LINE_8, 4)
    return mask
