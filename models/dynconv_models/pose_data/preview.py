"""Contact sheets: images with their skeletons drawn in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from .scene import Sample

#: Pairs of joints to connect, and their colours: the person's right is warm, the left cool.
BONES = (
    *((a, b, (255, 120, 60)) for a, b in ((0, 1), (1, 2), (2, 6), (10, 11), (11, 12), (12, 7))),
    *((a, b, (80, 160, 255)) for a, b in ((5, 4), (4, 3), (3, 6), (15, 14), (14, 13), (13, 7))),
    *((a, b, (120, 255, 120)) for a, b in ((6, 7), (7, 8), (8, 9))),
)


def contact_sheet(samples: Sequence[Sample], file: Path, columns: int = 8, skeletons: bool = True) -> None:
    """Writes a PNG of all samples, each twice as large; occluded joints are hollow, unlabelled ones left out.

    Raises OSError when the file cannot be written.
    """
    tiles = []
    for sample in samples:
        tile = cv2.resize(sample.image, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
        points = [(round(32 * float(joint[0])), round(32 * float(joint[1]))) for joint in sample.joints]
        if skeletons:
            for one, other, colour in BONES:
                if sample.labelled[one] and sample.labelled[other]:
                    cv2.line(tile, points[one], points[other], colour, 1, cv2.LINE_AA, 4)
            for index, point in enumerate(points):
                if sample.labelled[index]:
                    thickness = -1 if sample.visible[index] else 1
                    cv2.circle(tile, point, 3 * 16, (255, 255, 0), thickness, cv2.LINE_AA, 4)
        tiles.append(tile)
    while len(tiles) % columns:
        tiles.append(np.zeros_like(tiles[0]))
    rows = [np.hstack(tiles[start : start + columns]) for start in range(0, len(tiles), columns)]
    if not cv2.imwrite(str(file), np.vstack(rows)[:, :, ::-1]):
        raise OSError(f"{file}: cannot be written")
