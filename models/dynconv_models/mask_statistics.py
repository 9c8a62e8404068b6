"""Whether masks look at the picture: where what they keep differs.

A mask is spatial if it differs between pictures and follows the person. One that is open or closed in whole pictures
is pruning by another name, and one that is the same pattern in each is a smaller map.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: A pixel is near a joint that is at most this share of the picture's height away.
NEAR = 1 / 10


@dataclasses.dataclass(frozen=True)
class MaskStatistics:
    """One mask unit over many pictures.

    Attributes:
        within: the share of its variance that lies within pictures, the rest being between their means; None for a mask
            that is the same everywhere.
        pattern: the share of its variance that a fixed pattern explains, the mean over the pictures; None likewise.
        near: the share that it keeps of the pixels near a labelled joint.
        far: and of all others.
    """

    within: float | None
    pattern: float | None
    near: float
    far: float

    def rounded(self) -> MaskStatistics:
        """To four decimals, for a card."""

        def short(value: float | None) -> float | None:
            return None if value is None else round(value, 4)

        return MaskStatistics(short(self.within), short(self.pattern), round(self.near, 4), round(self.far, 4))


def mask_statistics(masks: NDArray[Any], joints: NDArray[Any], labelled: NDArray[Any], size: int) -> MaskStatistics:
    """Statistics of a mask unit.

    Args:
        masks: of N pictures, [N, H, W, 1] of 0 and 1.
        joints: [N, J, 2], in pixels of pictures of `size` pixels.
        labelled: bool [N, J].
        size: height and width of the pictures.
    """
    kept = np.asarray(masks)[..., 0].astype(np.float64)
    cells = kept.shape[1]
    centres = (np.arange(cells) + 0.5) * size / cells
    x, y = joints[..., 0], joints[..., 1]
    columns = np.square(centres[None, None] - x[..., None])
    rows = np.square(centres[None, None] - y[..., None])
    near = np.zeros(kept.shape, bool)
    for joint in range(joints.shape[1]):
        close = rows[:, joint, :, None] + columns[:, joint, None, :] <= (NEAR * size) ** 2
        near |= close & labelled[:, joint, None, None]
    variance = kept.var()
    shares: tuple[float | None, float | None] = (None, None)
    if variance > 0:
        means = kept.mean((1, 2))
        shares = float(1 - means.var() / variance), float(kept.mean(0).var() / variance)
    return MaskStatistics(
        *shares,
        float(kept[near].mean()) if near.any() else 0.0,
        float(kept[~near].mean()) if (~near).any() else 0.0,
    )
