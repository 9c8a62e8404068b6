"""The weights of graph models on disk."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from graphs import head, stem

from dynconv_models.gating import graph_model
from dynconv_models.gating.blocks import find_blocks
from dynconv_models.gating.insertion import with_masks
from dynconv_models.gating.student import Student
from dynconv_models.gating.trunk import Trunk


def test_quantized_integers_are_rounded(tmp_path: Path) -> None:
    wanted = np.array([0, 3, 50, 48, 96, 17, 33], np.int32)
    scale = 96 / 255
    (tmp_path / "weights.bin").write_bytes(np.rint(wanted / scale).astype(np.uint8).tobytes())
    quantization = {"dtype": "uint8", "scale": scale, "min": 0.0}
    entry = {"name": "w", "shape": [7], "dtype": "int32", "quantization": quantization}
    manifest = [{"paths": ["weights.bin"], "weights": [entry]}]
    (tmp_path / "model.json").write_text(json.dumps({"modelTopology": {"node": []}, "weightsManifest": manifest}))
    np.testing.assert_array_equal(graph_model.read(tmp_path).weights["w"], wanted)


def test_float16_holds_what_was_trained_and_what_it_can(tmp_path: Path) -> None:
    graph = stem()
    end = head(graph)
    anchors = graph.constant("anchors", np.arange(100, dtype=np.float32) + 2048.5)
    graph.constant("large", np.full(100, -1e9, np.float32))
    graph.constant("whole", np.arange(100, dtype=np.float32))
    trunk = Trunk(graph.model(end, anchors))
    student = Student(trunk, find_blocks(trunk)[0])
    kernel = student.weights["head/wide/kernel"]
    student.weights["stem/kernel"].assign(kernel[:, :, :3, :8] * 1e6)
    graph_model.write(with_masks(student), tmp_path)
    stored = {
        entry["name"]: entry.get("quantization", {}).get("dtype")
        for entry in json.loads((tmp_path / "model.json").read_text())["weightsManifest"][0]["weights"]
    }
    kept = ("anchors", "large", "stem/kernel")
    assert [stored[name] for name in kept] == [None] * 3
    assert [stored[name] for name in ("whole", "head/wide/kernel", "dynconv/glance/conv1/kernel")] == ["float16"] * 3
    weights = graph_model.read(tmp_path).weights
    for name in (*kept[:2], "whole"):
        np.testing.assert_array_equal(weights[name], graph.weights[name])
    np.testing.assert_array_equal(weights["stem/kernel"], student.weights["stem/kernel"])
    np.testing.assert_allclose(weights["head/wide/kernel"], kernel, rtol=1e-3)


def test_the_shipped_model_keeps_its_kind_and_size(tmp_path: Path) -> None:
    shipped = Path(__file__).parents[1] / "movenet-thunder"
    graph_model.write(graph_model.read(shipped), tmp_path)
    assert (tmp_path / "weights.bin").read_bytes() == (shipped / "weights.bin").read_bytes()
