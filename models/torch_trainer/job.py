"""What a training consists of, as data: the networks as lists of operations, the recipe, and all constants."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: What the file of a first phase's weights is called before the name of its network.
TRUNK = "trunk-"

#: The weights of a network by layer, each layer's in Keras's order.
Weights = dict[str, list[NDArray[Any]]]


@dataclasses.dataclass(frozen=True)
class Operation:
    """A layer.

    Attributes:
        kind: `input`, `conv`, `depthwise`, `norm`, `relu`, `maxpool`, `avgpool`, `upsample`, `add`, `multiply` or
            `mask`.
        name: of the layer.
        inputs: the names of those that it reads.
        numbers: what the kind asks for: `strides` and `size` of windows, `scale` of an upsampling, `limit` of a relu,
            `epsilon` of a normalization.
    """

    kind: str
    name: str
    inputs: tuple[str, ...]
    numbers: dict[str, float]


@dataclasses.dataclass(frozen=True)
class Program:
    """A network.

    Attributes:
        operations: each after those that it reads; the first is the input.
        scores: the heatmaps of every stack.
        glance: the glance's name; None without one.
        fresh: the weights that training starts from where none are taken over (`weights.take_over`), by layer.
    """

    operations: tuple[Operation, ...]
    scores: tuple[str, ...]
    glance: str | None
    fresh: Weights


@dataclasses.dataclass(frozen=True)
class Block:
    """The work behind a mask, as shares of all work behind masks.

    Attributes:
        mask: its name.
        kept: of layers that are needed at the mask's pixels.
        dilated: of layers that are needed at their 3x3 neighbourhoods.
    """

    mask: str
    kept: float
    dilated: float


@dataclasses.dataclass(frozen=True)
class Stage:
    """`steps` updates of a network of `stacks` stacks on inputs of `size` pixels: `dynconv_models.recipe.Stage`."""

    stacks: int
    size: int
    steps: int


@dataclasses.dataclass(frozen=True)
class Part:
    """A phase of a training, with what each of its steps needs in tables of one row a step.

    Attributes:
        stages: one after the other.
        programs: the network of each stage.
        batch: pictures a step.
        before: steps of the phases before this one.
        rates: learning rates.
        noises: factors of the masks' noise.
        targets: [steps, 3]: the budget, and the lower and the upper bound of each block's share.
        weight_decay: of AdamW, for kernels alone.
        clip_norm: the gradient's largest norm.
        network_weight: of the distance to the budget.
        block_weight: of the blocks' distances to their bounds.
        blocks: empty for a static network.
    """

    stages: tuple[Stage, ...]
    programs: tuple[Program, ...]
    batch: int
    before: int
    rates: NDArray[np.float32]
    noises: NDArray[np.float32]
    targets: NDArray[np.float32]
    weight_decay: float
    clip_norm: float
    network_weight: float
    block_weight: float
    blocks: tuple[Block, ...]


@dataclasses.dataclass(frozen=True)
class Job:
    """One run of the study.

    Attributes:
        name: of the run.
        seed: of everything random.
        trunk: the first phase.
        trunk_of: the name of the run that the first phase belongs to: several networks start from one.
        last: the last phase.
        start: the weights that an earlier run's first phase left; None if it must be trained.
        start_seconds: that it took; 0 without.
        key: fingerprint of all that decides about the result but the code.
        trunk_key: the same of the first phase.
        constants: of augmentation and losses, by name.
    """

    name: str
    seed: int
    trunk: Part
    trunk_of: str
    last: Part
    start: Weights | None
    start_seconds: float
    key: str
    trunk_key: str
    constants: dict[str, Any]


def write_jobs(file: Path, jobs: list[Job]) -> None:
    """Writes jobs into one file: an archive of arrays and of one text."""
    arrays: dict[str, NDArray[Any]] = {}

    def pack(value: Any) -> Any:
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {field.name: pack(getattr(value, field.name)) for field in dataclasses.fields(value)}
        if isinstance(value, np.ndarray):
            # Several networks start from the same weights.
            name = hashlib.sha256(value.tobytes() + repr(value.shape).encode()).hexdigest()[:16]
            arrays[name] = value
            return {"array": name}
        if isinstance(value, dict):
            return {key: pack(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [pack(one) for one in value]
        return value

    text = json.dumps(pack(jobs))
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(file, text=np.array(text), **arrays)


def read_jobs(file: Path) -> list[Job]:
    """Reads what `write_jobs` wrote.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is another one.
    """
    if not file.is_file():
        raise FileNotFoundError(f"{file}: no jobs there; write them: python -m torch_trainer prepare --help")
    try:
        with np.load(file) as archive:
            arrays = {name: archive[name] for name in archive.files}
        text = str(arrays["text"])
    except (KeyError, ValueError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise ValueError(f"{file}: not what prepare writes") from error

    def unpack(value: Any) -> Any:
        if isinstance(value, dict):
            if value.keys() == {"array"}:
                return arrays[value["array"]]
            return {key: unpack(one) for key, one in value.items()}
        return [unpack(one) for one in value] if isinstance(value, list) else value

    return [_job(one) for one in unpack(json.loads(text))]


def _job(content: dict[str, Any]) -> Job:
    return Job(**{**content, "trunk": _part(content["trunk"]), "last": _part(content["last"])})


def _part(content: dict[str, Any]) -> Part:
    return Part(
        **{
            **content,
            "stages": tuple(Stage(**one) for one in content["stages"]),
            "programs": tuple(_program(one) for one in content["programs"]),
            "blocks": tuple(Block(**one) for one in content["blocks"]),
        }
    )


def _program(content: dict[str, Any]) -> Program:
    operations = tuple(Operation(**{**one, "inputs": tuple(one["inputs"])}) for one in content["operations"])
    return Program(operations, tuple(content["scores"]), content["glance"], content["fresh"])


def write_weights(file: Path, weights: Weights, about: dict[str, Any]) -> None:
    """Writes weights by layer, and what there is to say about them: kernels in float16, the rest in float32.

    The kernels of masks stay in float32, too.
    """
    arrays = {}
    for name, parts in weights.items():
        for index, array in enumerate(parts):
            is_short = array.ndim == 4 and not name.endswith("_mask")
            arrays[f"{name}/{index}"] = array.astype(np.float16) if is_short else array
    scratch = file.with_suffix(".tmp.npz")
    np.savez_compressed(scratch, about=np.array(json.dumps(about)), **arrays)
    os.replace(scratch, file)


def read_weights(file: Path) -> tuple[Weights, dict[str, Any]]:
    """Reads what `write_weights` wrote.

    Raises:
        ValueError: if it is something else.
    """
    weights: Weights = {}
    try:
        with np.load(file) as arrays:
            about: dict[str, Any] = json.loads(str(arrays["about"]))
            for name in arrays.files:
                if name != "about":
                    weights.setdefault(name.rpartition("/")[0], []).append(arrays[name].astype(np.float32))
    except (KeyError, ValueError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise ValueError(f"{file}: not weights of a training") from error
    return weights, about
