"""Conversion for TensorFlow.js; skipped where the converter is not installed (`pip install models[convert]`)."""

import json
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np
import pytest

from dynconv_models.convert import convert, tf_keras_twin
from dynconv_models.fixtures import CONFIGS, build
from dynconv_models.seed import smooth_images

pytest.importorskip("tf_keras")


@pytest.mark.parametrize("stock_masks", [False, True])
@pytest.mark.parametrize("name", CONFIGS)
def test_twin_computes_the_same(name: str, stock_masks: bool) -> None:
    images = smooth_images((1, 64, 64, 3), seed=1)
    model = build(CONFIGS[name], images)
    twin = tf_keras_twin(model, stock_masks=stock_masks)
    np.testing.assert_allclose(np.asarray(twin(images)), np.asarray(model(images)), atol=1e-4)


def test_unknown_layers_are_refused() -> None:
    class Odd(keras.layers.Layer):
        def call(self, inputs):
            return inputs

    x = keras.Input((4, 4, 3))
    with pytest.raises(ValueError, match="tf_keras has no Odd"):
        tf_keras_twin(keras.Model(x, Odd()(x)), stock_masks=True)


def test_layers_called_twice_are_refused() -> None:
    x = keras.Input((4, 4, 3))
    conv = keras.layers.Conv2D(3, 1)
    with pytest.raises(ValueError, match="called more than once"):
        tf_keras_twin(keras.Model(x, conv(conv(x))), stock_masks=True)


@pytest.mark.skipif(find_spec("tensorflowjs") is None, reason="needs the converter")
def test_converter_writes_both_formats(tmp_path: Path) -> None:
    images = smooth_images((1, 64, 64, 3), seed=1)
    model = build(CONFIGS["mobilenetv2-hourglass"], images)
    convert(model, tmp_path / "graph", "graph", quantize={"uint8": ["*expand/*"]})
    convert(model, tmp_path / "layers", "layers")
    graph = json.loads((tmp_path / "graph/model.json").read_text())
    layers = json.loads((tmp_path / "layers/model.json").read_text())
    operations = {node["op"] for node in graph["modelTopology"]["node"]}
    assert {"GreaterEqual", "_FusedConv2D", "FusedDepthwiseConv2dNative"} <= operations
    assert not {"FusedBatchNormV3", "BiasAdd"} & operations
    quantized = [w["name"] for group in graph["weightsManifest"] for w in group["weights"] if "quantization" in w]
    assert quantized and all("expand/" in name for name in quantized)
    kinds = {layer["class_name"] for layer in layers["modelTopology"]["model_config"]["config"]["layers"]}
    assert kinds <= {
        *("InputLayer", "Conv2D", "DepthwiseConv2D", "BatchNormalization", "ReLU", "Rescaling"),
        *("MaxPooling2D", "UpSampling2D", "Add", "Multiply"),
    }
