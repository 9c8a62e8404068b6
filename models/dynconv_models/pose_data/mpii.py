"""MPII Human Pose, for those who have it: the same `Split` as LSPET's, from the published files.

Andriluka, Pishchulin, Gehler and Schiele, *2D Human Pose Estimation: New Benchmark and State of the Art Analysis*
(CVPR 2014). The annotations are `mpii_human_pose_v1_u12_1.mat`; the pictures come apart from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..published import JOINTS
from .split import MARGIN, Split

SPLITS = ("train", "validation")

#: An annotated person is `scale` times this many pixels tall.
PERSON_HEIGHT = 200

#: As the field crops: a quarter more than the person, from a centre a little lower (Newell, Yang and Deng, *Stacked
#: Hourglass Networks for Human Pose Estimation*, ECCV 2016, in its published code).
ROOM = 1.25
LOWERING = 15

#: PCKh's head size is this share of the head rectangle's diagonal.
HEAD_SHARE = 0.6


#: Takes points [n, 2] of a picture into a crop.
Transform = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True)
class Annotation:
    """One person in one picture, in the picture's pixels. `head`: x1, y1, x2, y2. `joints`: NaN where not annotated."""

    picture: str
    centre: tuple[float, float]
    scale: float
    head: tuple[float, float, float, float]
    joints: NDArray[np.float64]


def _items(value: Any) -> list[Any]:
    """MATLAB's arrays of structs, whatever their length was, as a list."""
    return list(np.atleast_1d(value).ravel()) if value is not None else []


def _number(struct: Any, name: str) -> float | None:
    value = getattr(struct, name, None)
    if value is None or np.size(value) != 1:
        return None
    try:
        return float(np.asarray(value).item())
    except (TypeError, ValueError):
        return None


def _annotation(picture: str, person: Any) -> Annotation | None:
    """A person of the file's `annorect`, or None where the annotation is not complete enough for training."""
    position = getattr(person, "objpos", None)
    x, y, scale = _number(position, "x"), _number(position, "y"), _number(person, "scale")
    box = [_number(person, name) for name in ("x1", "y1", "x2", "y2")]
    points = _items(getattr(getattr(person, "annopoints", None), "point", None))
    if x is None or y is None or not scale or not points:
        return None
    left, top, right, bottom = box
    if left is None or top is None or right is None or bottom is None or right <= left or bottom <= top:
        return None
    joints = np.full((len(JOINTS), 2), np.nan)
    for point in points:
        index, joint_x, joint_y = (_number(point, name) for name in ("id", "x", "y"))
        if index is None or joint_x is None or joint_y is None or not 0 <= int(index) < len(JOINTS):
            continue
        # MATLAB counts pixels from 1, at their centres.
        joints[int(index)] = joint_x - 0.5, joint_y - 0.5
    return Annotation(picture, (x - 0.5, y - 0.5), scale, (left, top, right, bottom), joints)


def read_annotations(file: Path) -> list[Annotation]:
    """The people of the training part that have a position, a scale, a head rectangle and joints.

    The test part's joints are not published.

    Raises FileNotFoundError, and ValueError when the file is not MPII's.
    """
    import scipy.io
    from scipy.io.matlab import MatReadError

    if not file.is_file():
        raise FileNotFoundError(f"{file}: missing; it is part of MPII Human Pose's annotations")
    try:
        release = scipy.io.loadmat(file, struct_as_record=False, squeeze_me=True)["RELEASE"]
        pictures, training = _items(release.annolist), np.atleast_1d(release.img_train)
    except (ValueError, KeyError, AttributeError, NotImplementedError, MatReadError) as error:
        raise ValueError(f"{file}: not MPII Human Pose's annotations ({error})") from error
    if len(pictures) != len(training):
        raise ValueError(f"{file}: {len(pictures)} pictures, but {len(training)} entries in img_train")
    found: list[Annotation] = []
    for picture, used in zip(pictures, training, strict=True):
        if used:
            name = str(picture.image.name)
            people = (_annotation(name, person) for person in _items(getattr(picture, "annorect", None)))
            found.extend(person for person in people if person is not None)
    return found


def crop(picture: NDArray[np.uint8], person: Annotation, size: int) -> tuple[NDArray[np.uint8], Transform]:
    """The square around a person, [size, size, 3], and what takes the picture's coordinates [n, 2] into it.

    It is wider than the field's crop by `split.MARGIN`; outside of the picture it is black.
    """
    side = ROOM * MARGIN * PERSON_HEIGHT * person.scale
    zoom = size / side
    x, y = person.centre
    corner = np.array([x, y + LOWERING * person.scale]) - side / 2
    # Averages over areas where the crop is smaller than what it shows, so shrink first.
    shrink = max(1, int(1 / zoom))
    height, width = picture.shape[:2]
    if shrink > 1:
        reduced = (max(1, width // shrink), max(1, height // shrink))
        picture = np.asarray(cv2.resize(picture, reduced, interpolation=cv2.INTER_AREA), np.uint8)
    ratio = np.array([picture.shape[1] / width, picture.shape[0] / height])
    # OpenCV's coordinates are 0 in the centre of the first pixel.
    scale = zoom / ratio
    offset = -corner * zoom + scale * 0.5 - 0.5
    matrix = np.array([[scale[0], 0, offset[0]], [0, scale[1], offset[1]]])
    pixels = np.asarray(cv2.warpAffine(picture, matrix, (size, size), flags=cv2.INTER_LINEAR), np.uint8)
    return pixels, lambda points: (points - corner) * zoom


def _held_out(pictures: list[str], share: float, seed: int) -> set[str]:
    """The pictures for validation: whole pictures, so that nobody is in both parts."""
    names = sorted(set(pictures))
    order = np.random.default_rng(seed).permutation(len(names))
    return {names[index] for index in order[: round(share * len(names))]}


def _crops(
    people: list[Annotation], images: Path, size: int
) -> Iterator[tuple[Annotation, NDArray[np.uint8], Transform]]:
    name = ""
    picture: NDArray[np.uint8] | None = None
    for person in people:
        if person.picture != name or picture is None:
            name = person.picture
            file = images / name
            decoded = cv2.imread(str(file), cv2.IMREAD_COLOR)
            if decoded is None:
                reason = "not a picture" if file.exists() else "missing"
                raise FileNotFoundError(f"{file}: {reason}; MPII Human Pose's pictures belong into {images}")
            picture = np.ascontiguousarray(np.asarray(decoded, np.uint8)[:, :, ::-1])
        yield person, *crop(picture, person, size)


def load(
    annotation_file: Path,
    images: Path,
    split: str,
    size: int = 192,
    validation_share: float = 0.1,
    seed: int = 0,
    limit: int | None = None,
) -> Split:
    """A split of MPII's training part, in memory: `size` * `size` * 3 bytes for each person.

    The split that papers use is not part of the data set; here a seed picks a share of the pictures for validation.
    `head` is 0.6 of the head rectangle's diagonal, as in MPII's own evaluation. `limit`: the first so many people only.

    Raises FileNotFoundError for a missing file and ValueError for a bad one or a bad argument.
    """
    if split not in SPLITS:
        raise ValueError(f"split: {split!r}, must be one of {', '.join(SPLITS)}; MPII's test labels are not published")
    if not 0 < validation_share < 1:
        raise ValueError(f"validation_share: {validation_share}, must lie between 0 and 1")
    everybody = read_annotations(annotation_file)
    held_out = _held_out([person.picture for person in everybody], validation_share, seed)
    people = [person for person in everybody if (person.picture in held_out) == (split == "validation")][:limit]
    if not people:
        raise ValueError(f"{annotation_file}: nobody in the {split} split")

    count = len(people)
    pixels = np.empty((count, size, size, 3), np.uint8)
    joints = np.zeros((count, len(JOINTS), 2), np.float32)
    labelled = np.zeros((count, len(JOINTS)), bool)
    head = np.empty(count, np.float32)
    for index, (person, pixels[index], into) in enumerate(_crops(people, images, size)):
        positions = into(person.joints)
        inside = ((positions >= 0) & (positions < size)).all(1)
        labelled[index] = inside
        joints[index] = np.nan_to_num(positions)
        left, top, right, bottom = person.head
        head[index] = (
            HEAD_SHARE * np.hypot(right - left, bottom - top) * size / (ROOM * MARGIN * PERSON_HEIGHT * person.scale)
        )
    return Split(pixels, joints, labelled, head, MARGIN)
