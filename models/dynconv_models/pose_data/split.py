"""Pictures with the joints of one person in each: what the networks are trained and measured on."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..published import JOINTS

#: Pictures to train on are wider by this factor than what a network sees: what lies around it comes in when training
#: shifts, rotates and shrinks.
MARGIN = 1.5

SPLITS = ("train", "validation", "test")
ARRAYS = ("images", "joints", "labelled", "head")

_CARD = "benchmark.json"


@dataclass(frozen=True)
class Split:
    """N pictures of S x S pixels with the 16 joints of one person in each, in MPII's order.

    `images`: uint8 [N, S, S, 3], RGB. `joints`: float32 [N, 16, 2], x and y in pixels; the centre of the pixel in
    column i is i + 0.5. `labelled`: bool [N, 16], the joint has a position, hidden or not. `head`: float32 [N], the
    head segment in pixels, of which PCKh's threshold is a half. `margin`: the pictures are wider by this factor than
    their centre, which is what a network sees.
    """

    images: NDArray[np.uint8]
    joints: NDArray[np.float32]
    labelled: NDArray[np.bool_]
    head: NDArray[np.float32]
    margin: float = 1.0

    def __len__(self) -> int:
        return len(self.images)


def stack(splits: list[Split]) -> Split:
    """Splits of the same margin, one after the other."""
    arrays = {name: np.concatenate([getattr(one, name) for one in splits]) for name in ARRAYS}
    return Split(**arrays, margin=splits[0].margin)


def first(split: Split, count: int) -> Split:
    """The first pictures of a split."""
    return Split(**{name: getattr(split, name)[:count] for name in ARRAYS}, margin=split.margin)


def central(split: Split, size: int) -> Split:
    """What a network of an input of `size` pixels sees: the central squares, resized where they differ.

    A joint outside of the square is not labelled.
    """
    import cv2

    stored = split.images.shape[1]
    side = round(stored / split.margin)
    start = (stored - side) // 2
    images = split.images[:, start : start + side, start : start + side]
    if side != size:
        kind = cv2.INTER_AREA if size < side else cv2.INTER_LINEAR
        images = np.stack([cv2.resize(image, (size, size), interpolation=kind) for image in images])
    joints = (split.joints - start) * np.float32(size / side)
    inside = ((joints >= 0) & (joints < size)).all(2)
    return Split(np.ascontiguousarray(images), joints, split.labelled & inside, split.head * np.float32(size / side))


def write(directory: Path, splits: Mapping[str, Split], about: Mapping[str, Any]) -> None:
    """Writes the three splits as arrays, the first with a margin; the file that says what they are comes last."""
    directory.mkdir(parents=True, exist_ok=True)
    for split in SPLITS:
        for name in ARRAYS:
            np.save(directory / f"{split}-{name}.npy", getattr(splits[split], name))
    content = {
        **about,
        "size": splits["test"].images.shape[1],
        "trainSize": splits["train"].images.shape[1],
        "counts": {split: len(splits[split]) for split in SPLITS},
        "joints": JOINTS,
    }
    scratch = directory / f"{_CARD}.tmp"
    scratch.write_text(json.dumps(content, indent=2) + "\n")
    os.replace(scratch, directory / _CARD)


def about(directory: Path) -> dict[str, Any]:
    """What `write` was told about the pictures in a folder, their `size`, `trainSize` and `counts`.

    Raises:
        FileNotFoundError: if there are none.
        ValueError: if the file that says so is broken.
    """
    file = directory / _CARD
    if not file.is_file():
        raise FileNotFoundError(f"{directory}: no pictures here; make them: python -m dynconv_models.pose_data --help")
    try:
        content = json.loads(file.read_text())
        sizes = {name: int(content[name]) for name in ("size", "trainSize")}
        return {**content, **sizes, "counts": {split: int(content["counts"][split]) for split in SPLITS}}
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
    count = content["counts"][split]
    size = content["trainSize" if split == "train" else "size"]
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
    return Split(**arrays, margin=size / content["size"])
