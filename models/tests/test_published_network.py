"""The default configuration is the published network, and how that is stored."""

import json
from pathlib import Path

import numpy as np

from dynconv_models import HourglassConfig, hourglass
from dynconv_models.complexity import complexity
from dynconv_models.published import coarsen


def test_parameters_and_conditional_macs_are_the_published_ones() -> None:
    counts = complexity(hourglass(HourglassConfig()))
    assert counts.parameters == 6_885_433
    assert counts.conditional_macs == 6_157_430_784


def test_coarsening_makes_uint8_weights_even_and_leaves_the_others(tmp_path: Path) -> None:
    floats = np.array([1.5, -2.25], np.float32)
    weights = np.arange(256, dtype=np.uint8)
    contents = floats.tobytes() + weights.tobytes() + floats.tobytes()
    specs = [
        {"name": "first", "shape": [2], "dtype": "float32"},
        {
            "name": "big",
            "shape": [16, 16],
            "dtype": "float32",
            "quantization": {"dtype": "uint8", "scale": 1, "min": 0},
        },
        {"name": "last", "shape": [2], "dtype": "float32"},
    ]
    manifest = [{"paths": ["a.bin", "b.bin"], "weights": specs}]
    (tmp_path / "model.json").write_text(json.dumps({"weightsManifest": manifest}))
    (tmp_path / "a.bin").write_bytes(contents[:100])
    (tmp_path / "b.bin").write_bytes(contents[100:])

    coarsen(tmp_path)

    shards = [(tmp_path / name).read_bytes() for name in ("a.bin", "b.bin")]
    assert len(shards[0]) == 100
    after = b"".join(shards)
    assert after[:8] == floats.tobytes() and after[-8:] == floats.tobytes()
    coarse = np.frombuffer(after[8:-8], np.uint8).astype(int)
    assert np.all(coarse % 2 == 0)
    assert np.abs(coarse - weights).max() == 1
