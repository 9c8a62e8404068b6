"""Pictures of a folder, cut as training wants them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = (".jpg", ".jpeg", ".png")
#: The side of a cut square, against the longer side of the picture.
SIZES = (0.6, 1.3)
BRIGHTNESS = (0.75, 1.15)
#: Of so many pictures one is held out.
HELD_OUT_OF = 20


@dataclasses.dataclass(frozen=True)
class Scaling:
    """What a model that reads floats expects: (pixels / 255 - mean) / std, by channel.

    Without anything known, it is 0 to 1. A model that reads integers gets the pixels as they are.
    """

    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)

    @classmethod
    def of(cls, card: dict[str, Any]) -> Scaling:
        """What the card of a model says.

        Raises:
            ValueError: if that is not three numbers each, or a deviation is not above 0.
        """
        try:
            stated = {key: tuple(map(float, values)) for key, values in card.get("input", {}).items()}
            scaling = cls(**stated)
        except (AttributeError, TypeError, ValueError) as error:
            raise ValueError(f"the card's input must hold mean and std alone ({error})") from error
        if not len(scaling.mean) == len(scaling.std) == 3 or min(scaling.std) <= 0:
            raise ValueError("the card's mean and std must be three numbers each, those of std above 0")
        return scaling

    def __call__(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scales pixels [..., 3] of 0 to 255."""
        mean, std = (np.array(values, np.float32) for values in (self.mean, self.std))
        return (pixels / np.float32(255) - mean) / std


ZERO_TO_ONE = Scaling()


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


def upright(file: Path) -> Image:
    """A picture in RGB, turned as its EXIF orientation says.

    Raises:
        ValueError: if it cannot be decoded.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(file) as picture:
            turned = ImageOps.exif_transpose(picture)
            if turned.mode.startswith("I"):  # Pillow would cut 16 bits off at 255.
                turned = Image.fromarray(np.rint(np.asarray(turned, np.float32) / 257).astype(np.uint8))
            return turned.convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"{file}: no picture that can be decoded ({error})") from error


def _cut(file: Path, size: int, scale: float, shift: tuple[float, ...], mirror: bool) -> NDArray[np.float32]:
    from PIL.Image import Resampling, Transform

    picture = upright(file)
    side = max(picture.size) * scale
    step = side / size
    x, y = (length / 2 - side / 2 + move * side for length, move in zip(picture.size, shift, strict=True))
    # Reduced by whole factors first where it is much larger, since bilinear sampling skips pixels.
    factor = max(1, int(step))
    matrix = (step / factor, 0, x / factor, 0, step / factor, y / factor)
    small = picture.reduce(factor)
    cut = small.transform((size, size), Transform.AFFINE, matrix, Resampling.BILINEAR)
    pixels = np.asarray(cut, np.float32)
    return pixels[:, ::-1] if mirror else pixels
