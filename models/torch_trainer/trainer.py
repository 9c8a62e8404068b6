"""Training of one network: what a step does, captured once for each stage and replayed."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .graph import Parameters, run
from .job import Part, Program, Weights
from .losses import budget_losses, glance_loss, heatmap_loss, heatmap_targets
from .pictures import NUMBERS, augment
from .weights import take_over

#: AdamW's.
_BETAS, _EPSILON = (0.9, 0.999), 1e-7
#: Steps between two looks at the loss, which wait for the GPU.
REPORT_STEPS = 500
#: Steps that run uncaptured at the start of a stage, so that all libraries are loaded when the capture begins.
_EAGER_STEPS = 3
#: Steps that are queued at most before the GPU is waited for.
_AHEAD = 20

#: Gets the step, and the loss and the executed share of what masks can skip of each network.
Report = Callable[[int, list[list[float]]], None]


class Pictures:
    """The training pictures, on the device: those of `dynconv_models.pose_data.Split`."""

    def __init__(
        self,
        images: NDArray[np.uint8],
        joints: NDArray[np.float32],
        labelled: NDArray[np.bool_],
        margin: float,
        device: torch.device,
    ) -> None:
        self.images = torch.from_numpy(np.array(images)).to(device)
        self.joints = torch.from_numpy(np.array(joints)).to(device)
        self.labelled = torch.from_numpy(np.array(labelled)).to(device)
        self.margin = margin


def train(
    parts: Sequence[Part],
    seeds: Sequence[int],
    starts: Sequence[Weights | None],
    pictures: Pictures,
    constants: dict[str, Any],
    report: Report,
) -> list[Weights]:
    """Runs phases of several networks side by side to their end, on the device of the pictures; returns the weights.

    Args:
        parts: the phases, which must have the same stages.
        seeds: of everything random.
        starts: the weights to take over; None for fresh ones.
        pictures: to train on.
        constants: of the job.
        report: called every `REPORT_STEPS` steps.

    Raises:
        ValueError: for phases of different stages.
    """
    outline = [(stage.size, stage.steps) for stage in parts[0].stages]
    if any([(stage.size, stage.steps) for stage in part.stages] != outline for part in parts):
        raise ValueError("networks that train side by side must have stages of the same sizes and steps")
    first = 0
    weights = list(starts)
    for index, (size, count) in enumerate(outline):
        steps = []
        for part, seed, known in zip(parts, seeds, weights, strict=True):
            taken = take_over(known, part.programs[index])
            steps.append(_Step(part, part.programs[index], size, first, seed, pictures, constants, taken))
        _run(steps, first, count, report)
        weights = [step.parameters.weights(step.program) for step in steps]
        first += count
    return [one for one in weights if one is not None]


def _run(steps: list[_Step], first: int, count: int, report: Report) -> None:
    """Does the steps of a stage; on a GPU each network's on a stream of its own, captured."""
    gc.collect()  # What an earlier stage has left must not be freed while something is captured.
    replays = [step.once for step in steps]
    eager = 0
    if steps[0].counter.is_cuda:
        eager = min(_EAGER_STEPS, count)
        replays = [_captured(step, eager) for step in steps]
        torch.cuda.synchronize()
    for number in range(eager, count):
        for replay in replays:
            replay()
        done = number + 1
        if steps[0].counter.is_cuda and done % _AHEAD == 0:
            torch.cuda.synchronize()
        if done % REPORT_STEPS == 0 or done == count:
            report(first + done, [step.seen.tolist() for step in steps])


def _captured(step: _Step, eager: int) -> Callable[[], None]:
    """A step as a CUDA graph, on a stream of its own, after some that run as they are."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.stream(stream):
        for _ in range(eager):
            step.once()
        torch.cuda.synchronize()
        graph.capture_begin()
        step.do()
        graph.capture_end()

    def replay() -> None:
        with torch.cuda.stream(stream):
            step.draw()
            graph.replay()

    return replay


class _Step:
    """A step of a stage: from rows of pictures to new weights, all of it on the device, its own counter included."""

    def __init__(
        self,
        part: Part,
        program: Program,
        size: int,
        first: int,
        seed: int,
        pictures: Pictures,
        constants: dict[str, Any],
        weights: Weights,
    ) -> None:
        device = pictures.images.device
        self.part, self.program, self.size, self.first, self.pictures = part, program, size, first, pictures
        self.parameters = Parameters(program, weights, device)
        self.constants = {
            name: torch.tensor(value, device=device) if isinstance(value, list) and name != "scale" else value
            for name, value in constants.items()
        }
        for name in ("mean", "deviation"):
            self.constants[name] = self.constants[name].view(1, 3, 1, 1)
        self.generator = torch.Generator(device).manual_seed(1_000_003 * seed + part.before + first)
        self.masks = mask_sizes(program, size)
        pixels = sum(side**2 for side in self.masks.values())
        #: A step's random numbers: first those of augmentation, then those of the masks' noise.
        self.random = torch.empty(part.batch * (NUMBERS + pixels), device=device)
        self.optimizer = AdamW(self.parameters.flat, self.parameters.decays, part.clip_norm)
        self.counter = torch.zeros(1, dtype=torch.int64, device=device)
        self.seen = torch.zeros(2, device=device)
        self.tables = self._tables(seed, len(pictures.images), device)

    def _tables(self, seed: int, count: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
        """Of each step of the stage: the rows of its pictures, and its numbers."""
        part, first = self.part, self.first
        steps = len(part.rates) - first
        rows = batch_rows(part.before + first, steps, part.batch, count, seed)
        rates = part.rates[first:].astype(np.float64)
        columns = (AdamW.corrected(rates), 1 - part.weight_decay * rates, part.noises[first:], *part.targets[first:].T)
        numbers = np.stack(columns, axis=1).astype(np.float32)
        return torch.from_numpy(rows).to(device), torch.from_numpy(numbers).to(device)

    def once(self) -> None:
        """One update of the weights, with new random numbers."""
        self.draw()
        self.do()

    def draw(self) -> None:
        """Draws the random numbers of a step."""
        self.random.uniform_(generator=self.generator)

    def do(self) -> None:
        """One update of the weights."""
        part, size, constants, pictures = self.part, self.size, self.constants, self.pictures
        rows = self.tables[0].index_select(0, self.counter)[0]
        numbers = self.tables[1].index_select(0, self.counter)[0]
        rate, keep, noise_scale = numbers[0], numbers[1], numbers[2]
        images, joints, labelled = augment(
            pictures.images.index_select(0, rows),
            pictures.joints.index_select(0, rows),
            pictures.labelled.index_select(0, rows),
            self.random[: part.batch * NUMBERS].view(part.batch, NUMBERS),
            size,
            pictures.margin,
            constants,
        )
        targets = heatmap_targets(joints, size, size // 4, constants["sigma"])
        scores, glance, masks = run(self.program, self.parameters, images, self._noises(noise_scale))
        losses = [heatmap_loss(heatmaps, targets, labelled, constants) for heatmaps in scores]
        total = sum(losses[1:], losses[0])
        executed = torch.ones_like(total)
        if glance is not None:
            total = total + glance_loss(glance, joints, labelled, size, constants)
        if part.blocks:
            network, block, executed = budget_losses(masks, part.blocks, numbers[3:6])
            total = total + part.network_weight * network + part.block_weight * block
        gradients = torch.autograd.grad(total, self.parameters.leaves)
        with torch.no_grad():
            self.optimizer.update(self.parameters.gather(gradients), rate, keep)
            self.seen.copy_(torch.stack([losses[-1].detach(), executed.detach()]))
            self.counter += 1

    def _noises(self, scale: torch.Tensor) -> dict[str, torch.Tensor]:
        """Logistic noise for each mask unit."""
        if not self.masks:
            return {}
        uniform = self.random[self.part.batch * NUMBERS :].clamp(1e-6, 1 - 1e-6)
        logistic = scale * (torch.log(uniform) - torch.log1p(-uniform))
        shapes = [(self.part.batch, 1, side, side) for side in self.masks.values()]
        pieces = logistic.split([int(np.prod(shape)) for shape in shapes])
        return {name: piece.view(shape) for name, piece, shape in zip(self.masks, pieces, shapes, strict=True)}


class AdamW:
    """Keras's AdamW with a limit on the gradient's norm, on all weights at once, in place."""

    def __init__(self, flat: torch.Tensor, decays: torch.Tensor, clip_norm: float) -> None:
        """`decays` is 1 for each of the weights `flat` that decays, else 0."""
        self.flat, self.decays, self.clip_norm = flat, decays, clip_norm
        self.momentum = torch.zeros_like(flat)
        self.velocity = torch.zeros_like(flat)

    @staticmethod
    def corrected(rates: NDArray[np.float64]) -> NDArray[np.float64]:
        """The learning rates of steps from the first one on, times what makes up for averages that start as zeros."""
        times = np.arange(1, len(rates) + 1, dtype=np.float64)
        return rates * np.sqrt(1 - _BETAS[1] ** times) / (1 - _BETAS[0] ** times)

    def update(self, gradient: torch.Tensor, rate: torch.Tensor, keep: torch.Tensor) -> None:
        """A step at a corrected rate; `keep` is what decay leaves of a weight."""
        gradient = gradient * (self.clip_norm / gradient.norm().clamp_min(self.clip_norm))
        self.momentum.lerp_(gradient, 1 - _BETAS[0])
        self.velocity.lerp_(gradient.square(), 1 - _BETAS[1])
        self.flat.mul_(1 - self.decays * (1 - keep))
        self.flat.sub_(rate * self.momentum / (self.velocity.sqrt() + _EPSILON))


def mask_sizes(program: Program, size: int) -> dict[str, int]:
    """The height and width of every mask, by name, for an input of `size` pixels."""
    sides = {program.operations[0].name: size}
    for operation in program.operations[1:]:
        numbers, side = operation.numbers, sides[operation.inputs[0]]
        if operation.kind in ("maxpool", "avgpool"):
            side //= int(numbers["size"])
        elif operation.kind == "upsample":
            side *= int(numbers["scale"])
        elif operation.kind in ("conv", "depthwise"):
            side = -(-side // int(numbers["strides"]))
        sides[operation.name] = side
    return {operation.name: sides[operation.name] for operation in program.operations if operation.kind == "mask"}


def batch_rows(first: int, steps: int, batch: int, count: int, seed: int) -> NDArray[np.int64]:
    """The pictures of steps, [steps, batch]: those that `dynconv_models.trainer.batch_rows` gives."""
    positions = np.arange(first * batch, (first + steps) * batch)
    rows = np.empty(len(positions), np.int64)
    for epoch in np.unique(positions // count):
        of_epoch = positions // count == epoch
        rows[of_epoch] = np.random.default_rng([seed, epoch]).permutation(count)[positions[of_epoch] % count]
    return rows.reshape(steps, batch)
