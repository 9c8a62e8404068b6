"""Writes a run of the study down as a job."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from dynconv_models import augment, heatmap_targets
from dynconv_models.budget import BudgetLoss, noise_scale
from dynconv_models.cards import fingerprint
from dynconv_models.hourglass import GLANCE_MAP
from dynconv_models.layers import MaskUnit, NearestUpSampling2D
from dynconv_models.masked_blocks import MaskedBlock
from dynconv_models.networks import Network
from dynconv_models.published import MEAN, STANDARD_DEVIATION
from dynconv_models.recipe import Phase, Recipe, recipe
from dynconv_models.train import DATA, OUTPUT, Run, configuration, describe_data, trunk_key
from dynconv_models.trainer import start_calmly
from dynconv_models.trunk import FOLDER, Trunk, read_trunk

from .job import Block, Job, Operation, Part, Program, Stage, Weights, write_jobs
from .weights import fresh_only


def prepare(run: Run, plan: Recipe, data: dict[str, Any], trunk: Trunk | None) -> Job:
    """What `dynconv_models.train.execute` would do for a run.

    Args:
        run: of the study.
        plan: its recipe.
        data: what cards say about the pictures.
        trunk: what an earlier run's first phase left, if one did.
    """
    static = run.network.static
    start = None if trunk is None else weights_of(trunk.model)
    first, trained = _part(static, plan.trunk, run.seed, start)
    last, _ = _part(run.network, plan.last, run.seed, trained)
    return Job(
        name=run.name,
        seed=run.seed,
        trunk=first,
        trunk_of=Run(static, run.seed).name,
        last=last,
        start=start,
        start_seconds=0.0 if trunk is None else trunk.seconds,
        key=fingerprint(configuration(run, plan, data)),
        trunk_key=trunk_key(run, plan, data),
        constants=_constants(),
    )


def weights_of(model: keras.Model) -> Weights:
    """The weights of a model by layer."""
    return {layer.name: layer.get_weights() for layer in model.layers if layer.weights}


def _constants() -> dict[str, Any]:
    return {
        "mean": list(MEAN),
        "deviation": list(STANDARD_DEVIATION),
        "mirrored": list(augment.MIRRORED_JOINTS),
        "scale": list(augment.SCALE),
        "rotation": augment.ROTATION,
        "shift": augment.SHIFT,
        "jitter": augment.JITTER,
        "sigma": heatmap_targets.SIGMA,
        "foreground": heatmap_targets.FOREGROUND,
        "sharpness": heatmap_targets.SHARPNESS,
        "near": heatmap_targets.NEAR,
        "values": heatmap_targets.VALUES,
    }


def _part(network: Network, phase: Phase, seed: int, known: Weights | None) -> tuple[Part, Weights]:
    """A phase after one that left weights of the layers of `known`, and the layers' weights afterwards."""
    progress = [step / phase.steps for step in range(phase.steps)]
    programs: dict[int, Program] = {}
    targets = np.ones((phase.steps, 3))
    blocks: tuple[Block, ...] = ()
    weight = 0.0
    for stage in phase.stages:
        if stage.stacks not in programs:
            keras.utils.set_random_seed(seed)
            model = network.build(stage.stacks, stage.size, all_stacks=True)
            start_calmly(model)
            programs[stage.stacks] = program(model, known)
            known = weights_of(model)
    if network.budget is not None:
        budget = BudgetLoss(model, network.budget, phase.bounded, phase.fall)
        blocks = _blocks(budget.blocks)
        weight = phase.weight_of_budget(network.budget)
        everywhere = np.asarray(progress)
        lower, upper = budget.bounds(everywhere)
        targets = np.stack([np.asarray(values) for values in (budget.target_at(everywhere), lower, upper)], axis=1)
    part = Part(
        stages=tuple(Stage(**dataclasses.asdict(stage)) for stage in phase.stages),
        programs=tuple(programs[stage.stacks] for stage in phase.stages),
        batch=phase.batch,
        before=phase.before,
        rates=np.array([phase.rate_at(step) for step in range(phase.steps)], np.float32),
        noises=np.array([noise_scale(one) for one in progress], np.float32),
        targets=targets.astype(np.float32),
        weight_decay=phase.weight_decay,
        clip_norm=phase.clip_norm,
        network_weight=weight,
        block_weight=phase.budget_weight,
        blocks=blocks,
    )
    return part, known or {}


def _blocks(blocks: list[MaskedBlock]) -> tuple[Block, ...]:
    total = sum(block.macs for block in blocks)
    return tuple(_block(block, total) for block in blocks)


def _block(block: MaskedBlock, total: int) -> Block:
    """Sorts a block's work by where it is needed: a mask's pixels (of which 3x3 windows read one row more)."""
    reach: dict[str, int] = {}
    macs = [0, 0]
    for layer in block.layers:
        rows = 0 if layer.is_masked else reach[layer.consumers[0]]
        if any(reach[consumer] != rows for consumer in layer.consumers):
            raise ValueError(f"{layer.name}: behind the mask {block.mask} it is read in two ways")
        if layer.macs:
            if rows > 1:
                raise ValueError(f"{layer.name}: more than one 3x3 window lies between it and the mask {block.mask}")
            macs[rows] += layer.macs
        window = layer.window
        if window and (window.size, window.strides, window.padding) != ((3, 3), (1, 1), "same"):
            raise ValueError(f"{layer.name}: behind the mask {block.mask} windows must be 3x3, of stride 1, padded")
        reach[layer.name] = rows + (1 if window else 0)
    return Block(block.mask, macs[0] / total, macs[1] / total)


def program(model: keras.Model, known: Weights | None = None) -> Program:
    """A functional model as operations; its fresh weights are those of layers that take none over from `known`.

    Raises:
        ValueError: for a layer that has no operation.
    """
    names = {id(layer.output): layer.name for layer in model.layers}
    operations = []
    for layer in model.layers:
        inputs = [] if isinstance(layer, keras.layers.InputLayer) else layer.input
        tensors = inputs if isinstance(inputs, list) else [inputs]
        kind, numbers = _kind(layer)
        operations.append(Operation(kind, layer.name, tuple(names[id(tensor)] for tensor in tensors), numbers))
    has_glance = any(operation.name == GLANCE_MAP for operation in operations)
    scores = tuple(names[id(output)] for output in model.outputs)
    fresh = short(fresh_only(weights_of(model), known))
    return Program(tuple(operations), scores, GLANCE_MAP if has_glance else None, fresh)


def _kind(layer: keras.layers.Layer) -> tuple[str, dict[str, float]]:
    layers = keras.layers
    match layer:
        case layers.InputLayer():
            return "input", {}
        case layers.DepthwiseConv2D():
            return "depthwise", {"strides": layer.strides[0]}
        case layers.Conv2D():
            return "conv", {"strides": layer.strides[0]}
        case layers.BatchNormalization():
            return "norm", {"epsilon": layer.epsilon}
        case layers.ReLU():
            return "relu", {"limit": layer.max_value or 0}
        case layers.MaxPooling2D():
            return "maxpool", {"size": layer.pool_size[0]}
        case layers.AveragePooling2D():
            return "avgpool", {"size": layer.pool_size[0]}
        case NearestUpSampling2D():
            return "upsample", {"scale": layer.size[0]}
        case layers.Add():
            return "add", {}
        case layers.Multiply():
            return "multiply", {}
        case MaskUnit() if layer.context != "squeeze" and layer.strides == 1 and layer.temperature == 1:
            return "mask", {}
    raise ValueError(f"{layer.name}: a {type(layer).__name__} has no operation here")


def short(weights: Weights) -> Weights:
    """Weights with kernels in float16: what is drawn at random loses nothing."""
    return {
        name: [array.astype(np.float16) if array.ndim == 4 else array for array in arrays]
        for name, arrays in weights.items()
    }


def prepare_all(names: Sequence[str], jobs: Path, data: Path | None, trained: Path | None) -> None:
    """Writes the runs of these names into a file, with the first phases that lie in `trained/trunks` already.

    Raises:
        FileNotFoundError: if there are no pictures to train on.
        ValueError: for a name of another form.
    """
    plan = recipe()
    description = describe_data(data or DATA)
    prepared = []
    for name in names:
        run = Run.parse(name)
        static = run.network.static
        file = (trained or OUTPUT) / FOLDER / f"{Run(static, run.seed).name}.npz"
        trunk = read_trunk(file, trunk_key(run, plan, description), static, plan.trunk)
        prepared.append(prepare(run, plan, description, trunk))
        print(f"{name}: {'starts from a trunk' if trunk else 'from scratch'}", flush=True)
    write_jobs(jobs, prepared)
