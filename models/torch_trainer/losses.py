"""What the networks are trained by: `dynconv_models.heatmap_targets` and `dynconv_models.budget`, on a GPU."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional as F

from .job import Block


def heatmap_targets(joints: torch.Tensor, size: int, cells: int, sigma: float) -> torch.Tensor:
    """Gaussians [N, J, cells, cells], 1 at the joints' positions [N, J, 2] in an image of `size` pixels."""
    centres = torch.arange(cells, dtype=torch.float32, device=joints.device) + 0.5
    distances = centres - joints[..., None] * (cells / size)
    profiles = torch.exp(-distances.square() / (2 * sigma**2))
    return profiles[:, :, 1, :, None] * profiles[:, :, 0, None, :]


def heatmap_loss(
    heatmaps: torch.Tensor, targets: torch.Tensor, labelled: torch.Tensor, constants: dict[str, Any]
) -> torch.Tensor:
    """How wrong heatmaps [N, J, h, w] are about place and value, averaged over the labelled joints [N, J]."""
    flat, wanted = heatmaps.flatten(2), targets.flatten(2)
    shape = wanted / wanted.sum(2, keepdim=True).clamp_min(1e-30)
    place = -(shape * F.log_softmax(constants["sharpness"] * flat, dim=2)).sum(2)
    value = ((1 + constants["foreground"] * wanted) * (flat - wanted).square()).sum(2)
    counted = labelled.to(flat.dtype)
    return ((place + constants["values"] * value) * counted).sum() / counted.sum().clamp_min(1)


def glance_loss(
    glance: torch.Tensor, joints: torch.Tensor, labelled: torch.Tensor, size: int, constants: dict[str, Any]
) -> torch.Tensor:
    """The cross-entropy of a glance [N, 1, h, w], as log odds, against where the labelled joints lie."""
    near = heatmap_targets(joints, size, glance.shape[2], constants["sigma"]) * labelled[:, :, None, None]
    wanted = (near.amax(1, keepdim=True) > constants["near"]).to(glance.dtype)
    return F.binary_cross_entropy_with_logits(glance, wanted)


def dilate(masks: torch.Tensor) -> torch.Tensor:
    """Where 3x3 windows around the kept pixels of masks [N, 1, H, W] of 0 and 1 read.

    The gradient by a pixel is the exact difference that it makes, all others being as they are.
    """
    count = 9 * F.avg_pool2d(masks, 3, 1, 1)
    of_kept = 9 * F.avg_pool2d(masks * masks.detach(), 3, 1, 1)
    return torch.where(count > 1.5, torch.ones_like(count), torch.where(count > 0.5, of_kept, count))


def budget_losses(
    masks: dict[str, torch.Tensor], blocks: tuple[Block, ...], bounds: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Squared distances of the executed share of the work to its target, and of each block's share to its bounds.

    Args:
        masks: of 0 and 1, [N, 1, H, W], by name.
        blocks: the work behind them.
        bounds: [3]: the target, the lower and the upper bound.

    Returns:
        the network's loss, the blocks' mean loss, and the executed share.
    """
    target, lower, upper = bounds.unbind()
    fractions: dict[str, torch.Tensor] = {}
    by_size: dict[int, list[Block]] = {}
    for block in blocks:
        by_size.setdefault(masks[block.mask].shape[2], []).append(block)
    for alike in by_size.values():
        together = torch.stack([masks[block.mask] for block in alike])
        kept = together.mean((1, 2, 3, 4))
        dilated = dilate(together.flatten(0, 1)).unflatten(0, together.shape[:2]).mean((1, 2, 3, 4))
        for index, block in enumerate(alike):
            fractions[block.mask] = block.kept * kept[index] + block.dilated * dilated[index]
    # Each block's share of its own work, and all blocks' of all work.
    own = torch.stack([fractions[block.mask] / (block.kept + block.dilated) for block in blocks])
    executed = torch.stack([fractions[block.mask] for block in blocks]).sum()
    outside = F.relu(own - upper) + F.relu(lower - own)
    return (executed - target).square(), outside.square().mean(), executed
