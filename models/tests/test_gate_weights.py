"""The weights of graph models on disk."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from dynconv_models.gating import graph_model


def test_quantized_integers_are_rounded(tmp_path: Path) -> None:
    wanted = np.array([0, 3, 50, 48, 96, 17, 33], np.int32)
    scale = 96 / 255
    (tmp_path / "weights.bin").write_bytes(np.rint(wanted / scale).astype(np.uint8).tobytes())
    quantization = {"dtype": "uint8", "scale": scale, "min": 0.0}
    entry = {"name": "w", "shape": [7], "dtype": "int32", "quantization": quantization}
    manifest = [{"paths": ["weights.bin"], "weights": [entry]}]
    (tmp_path / "model.json").write_text(json.dumps({"modelTopology": {"node": []}, "weightsManifest": manifest}))
    np.testing.assert_array_equal(graph_model.read(tmp_path).weights["w"], wanted)
