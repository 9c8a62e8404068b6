"""Pictures with the joints of one person in each: what the networks are trained and measured on."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..published import JOINTS

#: A network is measured on the central square of a stored picture, which is wider by this factor: what lies around the
#: square comes in when training shifts, rotates and shrinks.
MARGIN = 1.5

SPLITS = ("train", "validation", "test")

_CARD = "pictures.json"


@dataclass(frozen=True)
class Split:
    """N pictures of S x S pixels with the 16 joints of one person in each, in MPII's order.

    `images`: uint8 [N, S, S, 3], RGB, of which the central S / `MARGIN` are what a network is measured on. `joints`:
    float32 [N, 16, 2], x and y in pixels; the centre of the pixel in column i is i + 0.5. `labelled`: bool [N, 16],
    the joint has a position, hidden or not. `head`: float32 [N], the head segment in pixels, of which PCKh's threshold
    is a half.
    """

    images: NDArray[np.uint8]
    joints: NDArray[np.float32]
    labelled: NDArray[np.bool_]
    head: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.images)


def stack(splits: list[Split]) -> Split:
    """Splits, one after the other."""
    return Split(**{field.name: np.concatenate([getattr(one, field.name) for one in splits]) for field in fields(Split)})


def central(split: Split, size: int) -> Split:
    """What a network of an input of `size` pixels is measured on: the central squares, resized where they differ.

    A joint outside of the square is not labelled.
    """
    import cv2

    stored = split.images.shape[1]
    side = round(stored / MARGIN)
    start = (stored - side) // 2
    images = split.images[:, start : start + side, start : start + side]
    if side != size:
        kind = cv2.INTER_AREA if size < side else cv2.INTER_LINEAR
        images = np.stack([cv2.resize(image, (size, size), interpolation=kind) for image in images])
    joints = (split.joints - start) * np.float32(size / side)
    inside = ((joints >= 0) & (joints < size)).all(2)
    return Split(np.ascontiguousarray(images), joints, split.labelled & inside, split.head * np.float32(size / side))


def write(directory: Path, splits: Mapping[str, Split], about: Mapping[str, Any]) -> None:
    """Writes the three splits as arrays; the file that says what they are comes last."""
    directory.mkdir(parents=True, exist_ok=True)
    for name in SPLITS:
        for field in fields(Split):
            np.save(directory / f"{name}-{field.name}.npy", getattr(splits[name], field.name))
    counts = {name: len(splits[name]) for name in SPLITS}
    scratch = directory / f"{_CARD}.tmp"
    content = {**about, "size": splits["train"].images.shape[1], "counts": counts, "joints": JOINTS}
    scratch.write_text(json.dumps(content, indent=2) + "\n")
    os.replace(scratch, directory / _CARD)


def about(directory: Path) -> dict[str, Any]:
    """What `write` was told about the pictures in a folder, their `size` and their `counts`.

    Raises:
        FileNotFoundError: if there are none.
        ValueError: if the file that says so is broken.
    """
    file = directory / _CARD
    if not file.is_file():
        raise FileNotFoundError(f"{directory}: no pictures here; make them: python -m dynconv_models.pose_data --help")
    try:
        content = json.loads(file.read_text())
        return {**content, "size": int(content["size"]), "counts": {split: int(content["counts"][split]) for split in SPLITS}}
    except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{file}: broken ({error}); delete the folder and make it again") from error


def load(directory: Path, split: str) -> Split:
    """A split that `write` wrote, its pictures mapped into memory.

    Raises:
        FileNotFoundError: when the directory holds none.
        ValueError: for an unknown split, or arrays that are not what was written.
    """
    if split not in SPLITS:
        raise ValueError(f"split: {split!r}, must be one of {', '.join(SPLITS)}")
    content = about(directory)
    count, size = content["counts"][split], content["size"]
    layout = {
        "images": ((count, size, size, 3), np.uint8),
        "joints": ((count, len(JOINTS), 2), np.float32),
        "labelled": ((count, len(JOINTS)), np.bool_),
        "head": ((count,), np.float32),
    }
    arrays = {}
    for name, (shape, dtype) in layout.items():
        file = directory / f"{split}-{name}.npy"
        if not file.is_file():
            raise FileNotFoundError(f"{file}: missing; delete the folder and make it again")
        array = np.load(file, mmap_mode="r")
        if array.shape != shape or array.dtype != dtype:
            raise ValueError(
                f"{file}: {array.dtype} {list(array.shape)}, {_CARD} says {np.dtype(dtype)} {list(shape)}; delete the "
                "folder and make it again"
            )
        arrays[name] = array
    return Split(**arrays)
