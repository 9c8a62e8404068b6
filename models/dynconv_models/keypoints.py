"""Measures a model that gives COCO's keypoints, as MoveNet does, on labelled photographs.

`python -m dynconv_models.keypoints MODEL --original ORIGINAL --data LSPET` runs a model with masks and the one that it
was made of on the photographs that `dynconv_models.gate` holds out, compares PCK@0.2, and writes it into the card.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from .gate import CARD, card_of
from .gating import graph_model, pictures
from .gating.trunk import imported
from .pose_data.lspet import Person, people
from .published import JOINTS

#: COCO's keypoints, as MoveNet puts them out.
COCO_JOINTS = (
    *("nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow"),
    *("right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle"),
    "right_ankle",
)
#: Those that MPII's labels have, too: their places among COCO's and MPII's.
COMMON = tuple((i, JOINTS.index(name)) for i, name in enumerate(COCO_JOINTS) if name in JOINTS)
#: A joint counts as found within this share of the torso, which goes from the right hip to the left shoulder.
THRESHOLD = 0.2
_HIP, _SHOULDER = JOINTS.index("right_hip"), JOINTS.index("left_shoulder")
DATA = "Leeds Sports Pose Extended Training, whole photographs that it was not trained on"

Report = Callable[[str], None]


@dataclass(frozen=True)
class Labelled:
    """Photographs as a model reads them, and labels in their pixels.

    Attributes:
        images: uint8 [N, S, S, 3], each photograph whole, between black bars.
        joints: float64 [N, 16, 2], in MPII's order, in pixels of `images`.
        labelled: bool [N, 16].
    """

    images: NDArray[np.uint8]
    joints: NDArray[np.float64]
    labelled: NDArray[np.bool_]


def held_out(folder: Path, size: int, count: int | None = None) -> Labelled:
    """The photographs of LSPET that gating holds out and that have enough labels.

    Args:
        folder: of the set, with `images/` and `joints.mat`.
        size: of the model's input in pixels.
        count: the first ones alone; None for all.
    """
    files = set(pictures.find(folder / "images")[1])
    chosen = [person for person in people(folder) if person.file in files and person.is_measured][:count]
    images = np.stack([np.rint(pictures.whole(person.file, size)).astype(np.uint8) for person in chosen])
    joints = np.stack([_placed(person, size) for person in chosen])
    return Labelled(images, joints, np.stack([person.labelled for person in chosen]))


def _placed(person: Person, size: int) -> NDArray[np.float64]:
    """A person's joints in the pixels of the square that holds the whole photograph in its middle."""
    sides = np.array(pictures.upright(person.file).size, float)
    side = sides.max()
    return (person.joints + (side - sides) / 2) * (size / side)


def predict(model: graph_model.GraphModel, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Keypoints [N, 17, 3]: y and x as shares of the picture's sides, and the score; TensorFlow computes them.

    Raises:
        ValueError: for a model that puts out something else.
    """
    run = imported(model, [model.input["name"]], model.outputs)
    results = [np.asarray(run(tf.cast(image[None], model.input_dtype))) for image in images]
    if results[0].shape != (1, 1, len(COCO_JOINTS), 3):
        raise ValueError(f"the model puts out {list(results[0].shape)}, must put out keypoints, [1, 1, 17, 3]")
    return np.concatenate(results).reshape(-1, len(COCO_JOINTS), 3)


def pck(keypoints: NDArray[np.float32], data: Labelled) -> tuple[float, int]:
    """PCK@0.2 in percent over the joints that COCO and MPII share, and how many are labelled."""
    ours, theirs = (list(places) for places in zip(*COMMON, strict=True))
    positions = keypoints[:, ours, 1::-1] * data.images.shape[1]
    distance = np.linalg.norm(positions - data.joints[:, theirs], axis=2)
    torso = np.linalg.norm(data.joints[:, _HIP] - data.joints[:, _SHOULDER], axis=1)
    counted = data.labelled[:, theirs]
    near = (distance <= THRESHOLD * torso[:, None]) & counted
    return float(100 * near.sum() / counted.sum()), int(counted.sum())


def evaluate(
    folder: Path, original: Path, data: Path, reference: Path | None, count: int | None, report: Report = print
) -> dict[str, Any]:
    """Does what the command does; returns what the card says of it."""
    content = card_of(folder)
    if "gating" not in content:
        raise ValueError(f"{folder}: its card tells of no masks; make it by python -m dynconv_models.gate")
    model = graph_model.read(folder)
    labels = held_out(data, model.input_size, count)
    keypoints = predict(model, labels.images)
    rate, joints = pck(keypoints, labels)
    before, _ = pck(predict(graph_model.read(original), labels.images), labels)
    report(f"{len(labels.images)} photographs: PCK@{THRESHOLD} {rate:.2f} %, {before:.2f} % without masks")
    figures = {
        "data": DATA,
        "photographs": len(labels.images),
        "joints": joints,
        "threshold": THRESHOLD,
        "pck": round(rate, 2),
        "originalPck": round(before, 2),
    }
    content["gating"]["figures"]["labelled"] = figures
    scratch = folder / f"{CARD}.tmp"
    scratch.write_text(json.dumps(content, indent=2) + "\n")
    os.replace(scratch, folder / CARD)
    if reference is not None:
        reference.mkdir(parents=True, exist_ok=True)
        np.save(reference / "images.npy", labels.images)
        np.save(reference / "keypoints.npy", keypoints)
    return figures


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m dynconv_models.keypoints", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("model", type=Path, help="the folder of a model with masks, and its card")
    parser.add_argument("--original", type=Path, required=True, metavar="MODEL", help="the model that it was made of")
    parser.add_argument("--data", type=Path, required=True, metavar="LSPET", help="images/ and joints.mat")
    parser.add_argument("--photographs", type=int, help="the first ones alone; default: all that are held out")
    parser.add_argument(
        "--reference", type=Path, metavar="FOLDER", help="gets the pictures and keypoints, for node models/evaluate.mjs"
    )
    options = parser.parse_args(arguments)
    try:
        evaluate(options.model, options.original, options.data, options.reference, options.photographs)
    except (ValueError, FileNotFoundError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
