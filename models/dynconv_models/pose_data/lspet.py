"""Leeds Sports Pose Extended Training: 10,000 photographs of people at parkour, gymnastics and athletics.

Johnson and Everingham, *Learning Effective Human Pose Estimation from Inaccurate Annotation* (CVPR 2011). The folder is
the published archive's: `images/im00001.jpg` and so on, and `joints.mat`. Its labels come from crowd workers: some are
off, hidden joints have none. The set bears no licence; a public copy is github.com/axelcarlier/lsp.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..published import JOINTS
from .split import MARGIN, SPLITS, Split, stack

NAME = "lspet"

#: LSPET's joints, in its order, as places in MPII's; it has neither pelvis nor thorax, which are middles.
_PLACES = (0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 8, 9)
_HIPS, _SHOULDERS = (2, 3), (12, 13)
_PELVIS, _THORAX, _NECK, _HEAD_TOP = 6, 7, 8, 9

#: The side of the square that a network is measured on, against the longer side of the labelled joints' box.
ROOM = 1.35
#: The shortest box in pixels: people are some 150 pixels long, and the labels of some show a part of them only.
SHORTEST = 60.0

#: A person counts in validation and test with as many joints labelled, hips and shoulders among them.
MEASURED_JOINTS = 10
#: A person is trained on with as many.
TRAINED_JOINTS = 7

VALIDATION, TEST = 300, 1000


@dataclass(frozen=True)
class Person:
    """One photograph's person, in its pixels. `joints`: float64 [16, 2], 0 where not `labelled` [16]."""

    file: Path
    joints: NDArray[np.float64]
    labelled: NDArray[np.bool_]

    @property
    def is_measured(self) -> bool:
        """Whether enough is labelled to be in validation or test."""
        torso = self.labelled[[*_HIPS, *_SHOULDERS]].all()
        middles = self.labelled[[_PELVIS, _THORAX]].sum()
        return bool(torso and self.labelled.sum() - middles >= MEASURED_JOINTS)


def people(folder: Path) -> list[Person]:
    """All people of the set, in its order, with what is labelled of them.

    Raises:
        FileNotFoundError: if the folder is not that of the set.
        ValueError: if its labels have another shape.
    """
    from scipy.io import loadmat

    labels = folder / "joints.mat"
    if not labels.is_file() or not (folder / "images").is_dir():
        raise FileNotFoundError(f"{folder}: must hold images/ and joints.mat, as LSPET's archive does")
    values = np.asarray(loadmat(labels)["joints"], float)
    if values.ndim != 3 or values.shape[:2] != (len(_PLACES), 3):
        raise ValueError(f"{labels}: joints are {list(values.shape)}, must be [14, 3, people]")
    return [_person(folder / "images" / f"im{i + 1:05d}.jpg", values[:, :, i]) for i in range(values.shape[2])]


def _person(file: Path, values: NDArray[np.float64]) -> Person:
    joints, labelled = np.zeros((len(JOINTS), 2)), np.zeros(len(JOINTS), bool)
    labelled[list(_PLACES)] = values[:, 2] > 0
    joints[list(_PLACES)] = np.where(values[:, 2:] > 0, values[:, :2], 0)
    for middle, ends in ((_PELVIS, _HIPS), (_THORAX, _SHOULDERS)):
        if labelled[list(ends)].all():
            joints[middle], labelled[middle] = joints[list(ends)].mean(0), True
    return Person(file, joints, labelled)


def split(everyone: list[Person], seed: int = 0) -> dict[str, list[Person]]:
    """People for validation and test, drawn from those with enough labels, and all others of use for training."""
    order = np.random.default_rng(seed).permutation(len(everyone))
    measured = [i for i in order if everyone[i].is_measured][: VALIDATION + TEST]
    held_out = set(measured)
    rest = [i for i in order if i not in held_out and everyone[i].labelled.sum() >= TRAINED_JOINTS]
    chosen = {"train": rest, "validation": measured[TEST:], "test": measured[:TEST]}
    return {name: [everyone[i] for i in chosen[name]] for name in SPLITS}


def cut(person: Person, size: int, margin: float = 1.0) -> Split:
    """A person's photograph around the box of the labelled joints, `size * margin` pixels wide; black outside of it."""
    from PIL import Image

    points = person.joints[person.labelled]
    low, high = points.min(0), points.max(0)
    step = max(float((high - low).max()), SHORTEST) * ROOM / size
    stored = round(size * margin)
    start = (low + high) / 2 - stored * step / 2
    with Image.open(person.file) as photograph:
        picture = photograph.convert("RGB").transform(
            (stored, stored), Image.Transform.AFFINE, (step, 0, start[0], 0, step, start[1]), Image.Resampling.BILINEAR
        )
    joints = np.where(person.labelled[:, None], (person.joints - start) / step, 0)
    inside = ((joints >= 0) & (joints < stored)).all(1)
    return Split(
        np.asarray(picture)[None],
        joints[None].astype(np.float32),
        (person.labelled & inside)[None],
        np.array([head_segment(person) / step], np.float32),
        margin,
    )


def head_segment(person: Person) -> float:
    """The length of the head in the photograph's pixels: from the upper neck to the top.

    Where one of them has no label it is 0.45 of the torso, and never less than 0.3 of it; without a torso, 0.18 of the
    box, as in people who stand.
    """

    def between(a: int, b: int) -> float | None:
        both = person.labelled[a] and person.labelled[b]
        return float(np.hypot(*(person.joints[a] - person.joints[b]))) if both else None

    torso, head = between(_PELVIS, _THORAX), between(_NECK, _HEAD_TOP)
    if torso is None:
        points = person.joints[person.labelled]
        return head or 0.18 * float(np.ptp(points, axis=0).max())
    return max(head if head is not None else 0.45 * torso, 0.3 * torso, 1.0)


def prepare(folder: Path, size: int, seed: int = 0, report: Callable[[str], None] = print) -> dict[str, Split]:
    """Cuts all people out of the set's photographs.

    Args:
        folder: with `images/` and `joints.mat`.
        size: of what a network sees; the pictures to train on are wider (`MARGIN`).
        seed: of the split.
        report: gets a line for each split.
    """
    splits = {}
    for name, chosen in split(people(folder), seed).items():
        report(f"{name}: {len(chosen)} people")
        splits[name] = stack([cut(person, size, MARGIN if name == "train" else 1.0) for person in chosen])
    return splits


def describe(seed: int) -> dict[str, Any]:
    """What cards say about the set."""
    return {"name": NAME, "version": 1, "seed": seed}
