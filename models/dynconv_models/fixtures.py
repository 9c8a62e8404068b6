"""Builds the small converted models that the tests load: `python -m dynconv_models.fixtures DIRECTORY`.

Each lies in `{name}/`: the graph model in `graph/`, the layers model in `layers/`, and in `reference.json` the shapes
of `input.bin` and `output.bin` (float32, little-endian): an input, and what Keras makes of it.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from .convert import convert
from .hourglass import HourglassConfig, hourglass
from .layers import MaskUnit
from .seed import seed_batch_norms, seed_biases, set_mask_density, smooth_images

SEED = 2021
BATCH = 2
DENSITY = 0.5

CONFIGS = {
    "mobilenetv2-hourglass": HourglassConfig("mobilenetv2", stacks=1, features=16, input_size=64, depth=2),
    "resnet-basic-hourglass": HourglassConfig("resnet-basic", stacks=1, features=16, input_size=64, depth=2),
    "resnet-bottleneck-hourglass": HourglassConfig("resnet-bottleneck", stacks=2, features=16, input_size=64, depth=2),
}


def build(config: HourglassConfig, images: NDArray[Any]) -> keras.Model:
    """A network with seeded weights, whose masks keep about half of the images' pixels."""
    keras.utils.set_random_seed(SEED)
    model = hourglass(config)
    seed_biases(model, SEED)
    seed_batch_norms(model, images, SEED)
    set_mask_density(model, images, DENSITY)
    return model


def write(name: str, config: HourglassConfig, directory: Path) -> None:
    """Writes one fixture, in place of what was there."""
    images = smooth_images((BATCH, config.input_size, config.input_size, 3), SEED)
    model = build(config, images)
    target = directory / name
    shutil.rmtree(target, ignore_errors=True)
    convert(model, target / "graph", "graph")
    convert(model, target / "layers", "layers")
    masks = [layer for layer in model.layers if isinstance(layer, MaskUnit)]
    output, *values = keras.Model(model.input, [*model.outputs, *(mask.output for mask in masks)])(images)
    reference = {"seed": SEED, "keras": keras.__version__}
    for key, array in {"input": images, "output": np.asarray(output)}.items():
        (target / f"{key}.bin").write_bytes(array.astype("<f4").tobytes())
        reference[key] = {"file": f"{key}.bin", "shape": list(array.shape)}
    reference["maskDensities"] = {
        mask.name: round(float(np.mean(np.asarray(value))), 4) for mask, value in zip(masks, values, strict=True)
    }
    (target / "reference.json").write_text(json.dumps(reference, indent=2) + "\n")


def main() -> None:
    """The command `python -m dynconv_models.fixtures`."""
    parser = argparse.ArgumentParser(
        prog="python -m dynconv_models.fixtures", description=(__doc__ or "").split(":")[0]
    )
    parser.add_argument("directory", type=Path)
    options = parser.parse_args()
    for name, config in CONFIGS.items():
        print(name, flush=True)
        write(name, config, options.directory)


if __name__ == "__main__":
    main()
