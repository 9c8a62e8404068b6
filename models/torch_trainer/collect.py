"""From trained weights to what is shipped, as at the end of `dynconv_models.train`."""

from __future__ import annotations

import fnmatch
from pathlib import Path
from typing import Any

import keras

from dynconv_models.cards import Card, Training, fingerprint
from dynconv_models.finish import finish
from dynconv_models.fused_batch_norm import with_fused_batch_norms
from dynconv_models.networks import INPUT_SIZE
from dynconv_models.pose_data.split import Split, central, first, load
from dynconv_models.recipe import Recipe, Stage, recipe
from dynconv_models.train import CACHE, DATA, OUTPUT, Run, configuration, describe_data, summary, trunk_key
from dynconv_models.trainer import RECALIBRATION_IMAGES, recalibrate, take_over
from dynconv_models.trunk import FOLDER, Trunk, write_trunk

from .job import TRUNK, read_weights


def restore(file: Path, key: str, run: Run, stage: Stage, pictures: Split) -> tuple[keras.Model, dict[str, Any]]:
    """The network that a file of `run` holds, batch normalization recalibrated, and what the file says about it.

    Args:
        file: `NAME.npz`.
        key: fingerprint of the configuration that it must be of.
        run: which it is of.
        stage: that training ended with.
        pictures: to recalibrate on.

    Raises:
        ValueError: if the file is of another configuration, or has not what the network is made of.
    """
    model = run.network.build(stage.stacks, stage.size)
    found, about = read_weights(file)
    if about["key"] != key:
        raise ValueError(f"{file}: trained by another recipe, or on other pictures; prepare and train it anew")
    for layer in model.layers:
        weights = layer.get_weights()
        trained = 2 if isinstance(layer, keras.layers.BatchNormalization) else len(weights)
        parts = found.get(layer.name, [])
        if [part.shape for part in parts] != [weight.shape for weight in weights[:trained]]:
            raise ValueError(f"{file}: holds other weights of {layer.name} than the network has")
        layer.set_weights([*parts, *weights[trained:]])
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
    if file.stem.startswith(TRUNK):
        run = Run.parse(file.stem.removeprefix(TRUNK))
        key = trunk_key(run, plan, description)
        model, about = restore(file, key, run, plan.trunk.stages[-1], pictures)
        write_trunk(Trunk(model, float(about["seconds"])), output / FOLDER / f"{run.name}.npz", key)
        return None
    run = Run.parse(file.stem)
    key = fingerprint(configuration(run, plan, description))
    model, about = restore(file, key, run, plan.last.stages[-1], pictures)
    training = Training(
        data=description,
        seed=run.seed,
        steps=plan.steps,
        batch=plan.last.batch,
        command=f"python -m torch_trainer prepare {run.name} --jobs FILE, then run and collect",
        device=f"{about['device']}, {about['parallel']} networks side by side",
        minutes=round(float(about["seconds"]) / 60, 1),
        configuration=key,
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
