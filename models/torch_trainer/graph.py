"""Runs a network that is written down as operations (`Program`), in PyTorch, for training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional as F

from .job import Operation, Program, Weights

#: Each weight begins at a multiple of so many floats: convolutions read 16 bytes at once.
_ALIGNMENT = 64


class Parameters:
    """The trainable weights of a network, in one vector, so that an update is a few operations on all of them.

    Kernels are stored as [O, H, W, I], the layout that convolutions of channels-last tensors read.
    """

    def __init__(self, program: Program, weights: Weights, device: torch.device) -> None:
        """Takes the weights over: Keras's layouts, by layer."""
        pieces: list[torch.Tensor] = []
        decays: list[torch.Tensor] = []
        shapes: list[tuple[str, torch.Size]] = []
        self._pads: list[torch.Tensor] = []
        for operation in program.operations:
            for array in weights.get(operation.name, ())[: trainable(operation)]:
                tensor = to_torch(operation, torch.from_numpy(array.astype("float32")))
                pad = torch.zeros(-tensor.numel() % _ALIGNMENT)
                pieces += [tensor.reshape(-1), pad]
                decays += [torch.full((tensor.numel(),), float(tensor.ndim > 1)), pad]
                self._pads.append(pad.to(device))
                shapes.append((operation.name, tensor.shape))
        self.flat = torch.cat(pieces).to(device)
        #: 1 where weight decay applies: at kernels.
        self.decays = torch.cat(decays).to(device)
        self.by_layer: dict[str, list[torch.Tensor]] = {}
        start = 0
        for name, shape in shapes:
            leaf = self.flat[start : start + shape.numel()].view(shape).detach().requires_grad_()
            self.by_layer.setdefault(name, []).append(leaf)
            start += shape.numel() + -shape.numel() % _ALIGNMENT

    def gather(self, values: Sequence[torch.Tensor]) -> torch.Tensor:
        """One value for each of all weights, by leaf, as a vector like `flat`."""
        pairs = zip(values, self._pads, strict=True)
        return torch.cat([part for value, pad in pairs for part in (value.reshape(-1), pad)])

    @property
    def leaves(self) -> list[torch.Tensor]:
        """All weights, in the vector's order."""
        return [leaf for leaves in self.by_layer.values() for leaf in leaves]

    def weights(self, program: Program) -> Weights:
        """The weights in Keras's layouts, without the running statistics of batch normalization, which none are."""
        by_name = {operation.name: operation for operation in program.operations}
        return {
            name: [to_keras(by_name[name], leaf.detach().cpu()).numpy().copy() for leaf in leaves]
            for name, leaves in self.by_layer.items()
        }


def trainable(operation: Operation) -> int:
    """How many of a layer's weights are trained: all but the running statistics of batch normalization."""
    return 2 if operation.kind == "norm" else 3


def to_torch(operation: Operation, weight: torch.Tensor) -> torch.Tensor:
    """Of Keras's layout of a kernel, [H, W, I, O] or, depthwise, [H, W, C, 1], makes [O, H, W, I]."""
    if weight.ndim != 4:
        return weight
    return weight.permute(2, 0, 1, 3) if operation.kind == "depthwise" else weight.permute(3, 0, 1, 2)


def to_keras(operation: Operation, weight: torch.Tensor) -> torch.Tensor:
    """The inverse of `to_torch`."""
    if weight.ndim != 4:
        return weight
    return weight.permute(1, 2, 0, 3) if operation.kind == "depthwise" else weight.permute(1, 2, 3, 0)


def run(
    program: Program, parameters: Parameters, images: torch.Tensor, noises: dict[str, torch.Tensor]
) -> tuple[list[torch.Tensor], torch.Tensor | None, dict[str, torch.Tensor]]:
    """Computes heatmaps, the glance and the masks.

    Batch normalization uses the batch's statistics.

    Args:
        program: the network.
        parameters: its weights.
        images: [N, 3, S, S].
        noises: by mask unit, [N, 1, H, W], added to its logits.

    Returns:
        the heatmaps of every stack [N, J, S/4, S/4], the glance as log odds [N, 1, h, w], and the masks by name,
        exactly 0 and 1, with the gradient of a sigmoid.
    """
    values: dict[str, torch.Tensor] = {program.operations[0].name: images}
    for operation in program.operations[1:]:
        inputs = [values[name] for name in operation.inputs]
        weights = parameters.by_layer.get(operation.name, [])
        values[operation.name] = _compute(operation, inputs, weights, noises)
    masks = {operation.name: values[operation.name] for operation in program.operations if operation.kind == "mask"}
    glance = None if program.glance is None else values[program.glance]
    return [values[name] for name in program.scores], glance, masks


def _compute(
    operation: Operation, inputs: list[torch.Tensor], weights: list[torch.Tensor], noises: dict[str, torch.Tensor]
) -> torch.Tensor:
    numbers = operation.numbers
    x = inputs[0]
    match operation.kind:
        case "conv" | "depthwise":
            return _convolve(x, weights, int(numbers["strides"]), operation.kind == "depthwise")
        case "norm":
            gamma, beta = weights
            return F.batch_norm(x, None, None, gamma, beta, training=True, eps=numbers["epsilon"])
        case "relu":
            return F.relu6(x) if numbers["limit"] == 6 else F.relu(x)
        case "maxpool":
            return F.max_pool2d(x, int(numbers["size"]))
        case "avgpool":
            return F.avg_pool2d(x, int(numbers["size"]))
        case "upsample":
            return F.interpolate(x, scale_factor=int(numbers["scale"]), mode="nearest")
        case "add":
            return sum(inputs[1:], x)
        case "multiply":
            return x * inputs[1]
        case "mask":
            kernel, bias, *gain = weights
            logits = _convolve(x, [kernel, bias], 1, False)
            if gain:
                logits = logits + gain[0].view(1, 1, 1, 1) * inputs[1]
            return decide(logits + noises[operation.name])
    raise ValueError(f"{operation.name}: an operation of unknown kind, {operation.kind}")


def decide(logits: torch.Tensor) -> torch.Tensor:
    """1 where logits are at least 0, with the gradient of their sigmoid (straight-through estimator)."""
    soft = torch.sigmoid(logits)
    return (logits >= 0).to(logits.dtype) + (soft - soft.detach())


def _convolve(x: torch.Tensor, weights: list[torch.Tensor], strides: int, is_depthwise: bool) -> torch.Tensor:
    """A convolution with the padding that Keras calls "same"."""
    kernel = weights[0].permute(0, 3, 1, 2)
    bias: Any = weights[1] if len(weights) > 1 else None
    size, inputs = kernel.shape[2], x.shape[2]
    total = max((-(-inputs // strides) - 1) * strides + size - inputs, 0)
    groups = x.shape[1] if is_depthwise else 1
    if total % 2:
        x = F.pad(x, (total // 2, total - total // 2) * 2)
        total = 0
    return F.conv2d(x, kernel, bias, strides, total // 2, groups=groups)
