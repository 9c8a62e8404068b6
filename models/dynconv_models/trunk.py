"""What a first phase of training leaves: the weights that the last phase of several networks starts from.

A file beside the trained networks, so that a further budget costs its own last phase alone, on any machine.
"""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import keras
import numpy as np

from .networks import Network
from .recipe import Phase

FOLDER = "trunks"


@dataclasses.dataclass(frozen=True)
class Trunk:
    """A static network after its first phase.

    Attributes:
        model: the network, of the size that the phase ended with.
        seconds: that its training took.
    """

    model: keras.Model
    seconds: float


def write_trunk(trunk: Trunk, file: Path, key: str) -> None:
    """Writes the weights: kernels in float16, all vectors in float32.

    Args:
        trunk: what was trained.
        file: ends in `.npz`.
        key: fingerprint of all that decides about the weights.

    Raises:
        ValueError: if a kernel holds a value that float16 does not.
    """
    arrays = {}
    for index, weight in enumerate(trunk.model.get_weights()):
        array = weight.astype(np.float16) if weight.ndim > 1 else weight
        if not np.isfinite(array).all():
            raise ValueError(f"{trunk.model.name}: weights beyond float16, the training has gone astray")
        arrays[f"{index}"] = array
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch = file.with_suffix(".tmp.npz")
    np.savez_compressed(scratch, key=np.array(key), seconds=np.float64(trunk.seconds), **arrays)
    os.replace(scratch, file)


def read_trunk(file: Path, key: str, network: Network, phase: Phase) -> Trunk | None:
    """Reads what `write_trunk` wrote; None if there is no such file, or it is of another configuration.

    Args:
        file: where it may be.
        key: fingerprint of the configuration.
        network: the static network.
        phase: the phase that trained it.
    """
    if not file.exists():
        return None
    stage = phase.stages[-1]
    with np.load(file) as arrays:
        if str(arrays["key"]) != key:
            return None
        model = network.build(stage.stacks, stage.size)
        model.set_weights([arrays[f"{index}"].astype(np.float32) for index in range(len(model.weights))])
        return Trunk(model, float(arrays["seconds"]))
