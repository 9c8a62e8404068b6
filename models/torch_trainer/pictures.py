"""Random changes of training pictures and their joints: `dynconv_models.augment`, on a GPU."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch.nn import functional as F

#: Random numbers that a picture's changes take.
NUMBERS = 11


def augment(
    images: torch.Tensor,
    joints: torch.Tensor,
    labelled: torch.Tensor,
    uniform: torch.Tensor,
    size: int,
    margin: float,
    constants: dict[str, Any],
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Mirrors, scales, rotates and shifts, then changes colours, each picture in its own way.

    Args:
        images: uint8 [N, S, S, 3].
        joints: float32 [N, 16, 2], in their pixels.
        labelled: bool [N, 16].
        uniform: [N, NUMBERS], in [0, 1).
        size: of the network's input.
        margin: the central S / `margin` pixels are what the network would see without changes.
        constants: of `Job`.

    Returns:
        images (normalized, [N, 3, size, size]), joints in their pixels, and labelled, which is false where a joint has
        left the image.
    """
    low, high = (math.log(end) for end in constants["scale"])
    angle_limit, shift_limit = constants["rotation"], constants["shift"] * size
    flip = uniform[:, 0] < 0.5
    scale = torch.exp(low + (high - low) * uniform[:, 1]) * margin
    angle = (2 * uniform[:, 2] - 1) * angle_limit
    shift = (2 * uniform[:, 3:5] - 1) * shift_limit
    mirrored = constants["mirrored"]
    images, joints, labelled = transform(images, joints, labelled, size, flip, scale, angle, shift, mirrored)
    return normalize(_jitter(images, uniform[:, 5:], constants["jitter"]), constants), joints, labelled


def normalize(images: torch.Tensor, constants: dict[str, Any]) -> torch.Tensor:
    """RGB in [0, 1], [N, 3, H, W], to what the networks read."""
    mean, deviation = constants["mean"], constants["deviation"]
    return (images - mean) / deviation


def transform(
    images: torch.Tensor,
    joints: torch.Tensor,
    labelled: torch.Tensor,
    size: int,
    flip: torch.Tensor,
    scale: torch.Tensor,
    angle: torch.Tensor,
    shift: torch.Tensor,
    mirrored: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """`dynconv_models.augment.transform`, but for images: RGB in [0, 1], [N, 3, size, size]."""
    stored = images.shape[1]
    joints = torch.where(labelled[:, :, None], joints, torch.zeros_like(joints))
    joints = torch.where(flip[:, None, None], joints.index_select(1, mirrored), joints)
    labelled = torch.where(flip[:, None], labelled.index_select(1, mirrored), labelled)
    sign = 1.0 - 2.0 * flip.to(torch.float32)
    scale = scale * (size / stored)
    cos, sin = torch.cos(angle), torch.sin(angle)
    x, y = (joints - stored / 2).unbind(2)
    across, down = (scale * cos * sign)[:, None], (scale * sin)[:, None]
    joints = torch.stack(
        [
            across * x - down * y + size / 2 + shift[:, :1],
            (scale * sin * sign)[:, None] * x + (scale * cos)[:, None] * y + size / 2 + shift[:, 1:],
        ],
        dim=2,
    )
    labelled = labelled & ((joints >= 0) & (joints < size)).all(2)
    # From the output's coordinates, in [-1, 1], to the input's: the inverse about the centres.
    ratio = size / stored
    a, b, c, d = sign * cos / scale * ratio, sign * sin / scale * ratio, -sin / scale * ratio, cos / scale * ratio
    across, down = 2 * shift[:, 0] / size, 2 * shift[:, 1] / size
    matrix = torch.stack(
        [torch.stack([a, b, -a * across - b * down], 1), torch.stack([c, d, -c * across - d * down], 1)], 1
    )
    grid = F.affine_grid(matrix, [len(images), 3, size, size], align_corners=False)
    sources = images.permute(0, 3, 1, 2).to(torch.float32) / 255
    return F.grid_sample(sources, grid, mode="bilinear", padding_mode="zeros", align_corners=False), joints, labelled


def _jitter(images: torch.Tensor, uniform: torch.Tensor, jitter: float) -> torch.Tensor:
    """Changes brightness, contrast, saturation and the gain of each channel, and clips to [0, 1]."""
    around = (2 * uniform - 1) * jitter
    contrast, brightness, saturation = (around[:, i].view(-1, 1, 1, 1) for i in range(3))
    gains = around[:, 3:6].view(-1, 3, 1, 1) + 1
    mean = images.mean((2, 3), keepdim=True)
    images = (images - mean) * (contrast + 1) + mean + brightness
    grey = images.mean(1, keepdim=True)
    images = (images - grey) * (saturation + 1) + grey
    return (images * gains).clamp(0, 1).contiguous(memory_format=torch.channels_last)
