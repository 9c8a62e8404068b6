"""From trained weights to what is shipped, as at the end of `dynconv_models.train`."""

from __future__ import annotations

import fnmatch
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np

from dynconv_models.cards import Card, Training, fingerprint
from dynconv_models.finish import finish
from dynconv_models.fused_batch_norm import with_fused_batch_norms
from dynconv_models.networks import INPUT_SIZE
from dynconv_models.pose_data.split import Split, central, first, load
from dynconv_models.recipe import Recipe, Stage, recipe
from dynconv_models.train import CACHE, DATA, OUTPUT, Run, configuration, describe_data, summary, trunk_key
from dynconv_models.trainer import RECALIBRATION_IMAGES, recalibrate, take_over
from dynconv_models.trunk import FOLDER, Trunk, write_trunk

_TRUNK = "trunk-"


def restore(file: Path, run: Run, stage: Stage, pictures: Split) -> tuple[keras.Model, dict[str, Any]]:
    """The network that a file of `run` holds, batch normalization recalibrated, and what the file says about it.

    Args:
        file: `NAME.npz`.
        run: which it is of.
        stage: that training ended with.
        pictures: to recalibrate on.

    Raises:
        ValueError: if the file has not what the network is made of.
    """
    model = run.network.build(stage.stacks, stage.size)
    with np.load(file) as arrays:
        about: dict[str, Any] = json.loads(str(arrays["about"]))
        for layer in model.layers:
            weights = layer.get_weights()
            is_norm = isinstance(layer, keras.layers.BatchNormalization)
            for index in range(2 if is_norm else len(weights)):
                name = f"{layer.name}/{index}"
                if name not in arrays or arrays[name].shape != weights[index].shape:
                    raise ValueError(f"{file}: holds no weights {name} of the shape {list(weights[index].shape)}")
                weights[index] = arrays[name].astype(np.float32)
            layer.set_weights(weights)
    fused = with_fused_batch_norms(model)
    recalibrate(fused, central(first(pictures, RECALIBRATION_IMAGES), stage.size).images)
    take_over(fused, model)
    return model, about


def collect(file: Path, plan: Recipe, data: Path, output: Path, cache: Path) -> Card | None:
    """Evaluates and converts the network of a file of `run`, or keeps a first phase for further networks.

    Returns the network's card; None for a first phase.
    """
    description = describe_data(data)
    pictures = load(data, "train")
    if file.stem.startswith(_TRUNK):
        run = Run.parse(file.stem.removeprefix(_TRUNK))
        model, about = restore(file, run, plan.trunk.stages[-1], pictures)
        key = trunk_key(run, plan, description)
        write_trunk(Trunk(model, float(about["seconds"])), output / FOLDER / f"{run.name}.npz", key)
        return None
    run = Run.parse(file.stem)
    model, about = restore(file, run, plan.last.stages[-1], pictures)
    training = Training(
        data=description,
        seed=run.seed,
        steps=plan.steps,
        batch=plan.last.batch,
        command=f"python -m torch_trainer prepare {run.name}",
        device=f"{about['device']}, {about['parallel']} networks side by side",
        minutes=round(float(about["seconds"]) / 60, 1),
        configuration=fingerprint(configuration(run, plan, description)),
    )
    test = central(load(data, "test"), INPUT_SIZE)
    return finish(run.name, model, run.network.budget, test, training, output, cache / "reference")


def collect_all(
    weights: Path, only: str = "*", data: Path | None = None, output: Path | None = None, cache: Path | None = None
) -> None:
    """Collects the files of a folder.

    Raises:
        FileNotFoundError: if there are none, or no pictures.
        ValueError: if one is not what `run` writes.
    """
    files = [file for file in sorted(weights.glob("*.npz")) if fnmatch.fnmatchcase(file.stem, only)]
    if not files:
        raise FileNotFoundError(f"{weights}: holds no trained weights of the name {only}")
    for file in files:
        card = collect(file, recipe(), data or DATA, output or OUTPUT, cache or CACHE)
        print(summary(card) if card else f"{file.stem}: kept for further networks", flush=True)
