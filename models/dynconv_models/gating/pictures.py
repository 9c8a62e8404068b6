"""Pictures of a folder, cut as training wants them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SUFFIXES = (".jpg", ".jpeg", ".png")
#: The side of a cut square, against the longer side of the picture.
SIZES = (0.6, 1.3)
BRIGHTNESS = (0.75, 1.15)
#: Of so many pictures one is held out.
HELD_OUT_OF = 20


def find(folder: Path) -> tuple[list[Path], list[Path]]:
    """The pictures to train on and those that are held out, each twentieth; sorted by name.

    Raises:
        FileNotFoundError: for fewer than two pictures.
    """
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES)
    if len(files) < 2:
        raise FileNotFoundError(
            f"{folder}: {len(files)} pictures in it ({', '.join(SUFFIXES)}), two are needed at least"
        )
    held_out = files[::HELD_OUT_OF]
    return [file for index, file in enumerate(files) if index % HELD_OUT_OF], held_out


def whole(file: Path, size: int) -> NDArray[np.float32]:
    """A whole picture in the middle of a black square, [size, size, 3] of 0 to 255."""
    return _cut(file, size, 1.0, (0.0, 0.0), False)


def random_cut(file: Path, size: int, random: np.random.Generator) -> NDArray[np.float32]:
    """A square of a picture, larger or smaller than it, shifted, perhaps mirrored, brighter or darker."""
    scale = float(np.exp(random.uniform(*np.log(SIZES))))
    shift = tuple(random.normal(0, 0.1, 2))
    pixels = _cut(file, size, scale, shift, bool(random.random() < 0.5))
    return np.clip(pixels * np.float32(random.uniform(*BRIGHTNESS)), 0, 255)


def _cut(file: Path, size: int, scale: float, shift: tuple[float, ...], mirror: bool) -> NDArray[np.float32]:
    from PIL import Image

    with Image.open(file) as picture:
        side = max(picture.size) * scale
        step = side / size
        x, y = (length / 2 - side / 2 + move * side for length, move in zip(picture.size, shift, strict=True))
        # Reduced by whole factors first where it is much larger, since bilinear sampling skips pixels.
        factor = max(1, int(step))
        small = picture.convert("RGB").reduce(factor)
        matrix = (step / factor, 0, x / factor, 0, step / factor, y / factor)
        cut = small.transform((size, size), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    pixels = np.asarray(cut, np.float32)
    return pixels[:, ::-1] if mirror else pixels
