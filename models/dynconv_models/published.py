"""Builds `mobilenetv2-hourglass-s0125`: the published network of DynConv's pose experiments, with seeded weights.

`python -m dynconv_models.published DIRECTORY --photo PHOTO` writes the graph model. Nobody trained it: convolutions are
drawn from a seed, and what the photograph decides is batch normalization's statistics and where the masks lie. The
masks' kernels read the smoothest direction of their features, since learned masks are blobs and random ones are noise.
Their exact biases come afterwards, from `calibrate.mjs`, which runs the converted, quantized model itself.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from .convert import convert
from .hourglass import HourglassConfig, hourglass
from .seed import seed_batch_norms, seed_biases, set_smooth_masks

SEED = 2020
CONFIG = HourglassConfig()

#: The evaluation normalizes RGB values in [0, 1] by ImageNet's statistics.
MEAN = (0.485, 0.456, 0.406)
STANDARD_DEVIATION = (0.229, 0.224, 0.225)

#: MPII's joints, in its order.
JOINTS = (
    *("right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle"),
    *("pelvis", "thorax", "upper_neck", "head_top"),
    *("right_wrist", "right_elbow", "right_shoulder", "left_shoulder", "left_elbow", "left_wrist"),
)

#: Everything big is stored as uint8, each weight with its own scale; the masks, the scores and the first layer are not.
QUANTIZED = tuple(f"*{kind}/*" for kind in ("expand", "depthwise", "project", "fc", "merge_features", "merge_score"))


def read_photo(file: Path) -> NDArray[Any]:
    """Reads a JPEG as the network's input: [1, S, S, 3], normalized."""
    import tensorflow as tf

    pixels = tf.io.decode_jpeg(file.read_bytes(), channels=3, dct_method="INTEGER_ACCURATE")
    pixels = tf.image.resize(pixels, (CONFIG.input_size, CONFIG.input_size), antialias=False)
    return ((pixels.numpy()[None] / 255 - MEAN) / STANDARD_DEVIATION).astype(np.float32)


def coarsen(directory: Path) -> None:
    """Rounds the uint8 weights of a converted model to even values, in place.

    What is drawn from a seed loses nothing, and packs an eighth smaller.
    """
    (group,) = json.loads((directory / "model.json").read_text())["weightsManifest"]
    shards = [directory / path for path in group["paths"]]
    contents = np.concatenate([np.fromfile(shard, np.uint8) for shard in shards])
    offset = 0
    for spec in group["weights"]:
        dtype = spec.get("quantization", spec)["dtype"]
        size = int(np.prod(spec["shape"])) * np.dtype(dtype).itemsize
        if dtype == "uint8":
            weights = contents[offset : offset + size]
            weights[:] = np.minimum(weights, 253) + 1 & 0xFE
        offset += size
    start = 0
    for shard in shards:
        end = start + shard.stat().st_size
        contents[start:end].tofile(shard)
        start = end


def build(photo: NDArray[Any]) -> keras.Model:
    """The network, its weights seeded and fitted to the photograph [1, S, S, 3]."""
    keras.utils.set_random_seed(SEED)
    model = hourglass(CONFIG)
    seed_biases(model, SEED)
    seed_batch_norms(model, np.concatenate([photo, photo[:, :, ::-1]]), SEED)
    set_smooth_masks(model, photo, density=0.3)
    return model


def main() -> None:
    """The command `python -m dynconv_models.published`."""
    parser = argparse.ArgumentParser(
        prog="python -m dynconv_models.published", description="Builds the published network with seeded weights."
    )
    parser.add_argument("directory", type=Path, help="where model.json and its weights go")
    parser.add_argument("--photo", type=Path, required=True, help="a square photograph (JPEG)")
    options = parser.parse_args()
    convert(build(read_photo(options.photo)), options.directory, "graph", quantize={"uint8": QUANTIZED})
    coarsen(options.directory)
    card = {
        "name": "mobilenetv2-hourglass-s0125",
        "weights": "seeded",
        "note": "The masks' biases are set so that, on the shipped photograph, each block computes the published share "
        "of its multiply-accumulates.",
        "input": {"mean": MEAN, "std": STANDARD_DEVIATION},
        "joints": JOINTS,
        "source": "Verelst and Tuytelaars, Dynamic Convolutions (CVPR 2020), pose estimation, 4stack/s0125",
        "published": {
            "parameters": 6_885_433,
            "conditionalMacs": 6_157_430_784,
            "conditionalMacsExecuted": 976_714_056,
            "totalMacsExecuted": 1_706_458_360,
        },
    }
    (options.directory / "dynconv.json").write_text(json.dumps(card, indent=2) + "\n")


if __name__ == "__main__":
    main()
