"""Residual networks for classification."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from dynconv_models import MaskUnit, ResNetConfig, resnet
from dynconv_models.complexity import complexity
from dynconv_models.convert import convert, tf_keras_twin


@pytest.mark.parametrize(
    ("depth", "parameters", "giga_macs"),
    # Parameters and multiply-accumulates as torchvision states them.
    [(18, 11_689_512, 1.814), (34, 21_797_672, 3.664), (50, 25_557_032, 4.089)],
)
def test_imagenet_networks_have_the_known_size(depth: int, parameters: int, giga_macs: float) -> None:
    counts = complexity(resnet(ResNetConfig(depth=depth, dynamic=False)))
    assert counts.parameters == parameters
    assert counts.macs / 1e9 == pytest.approx(giga_macs, abs=5e-4)


@pytest.mark.parametrize(("depth", "parameters"), [(8, 78_042), (20, 272_474), (32, 466_906)])
def test_cifar_networks_have_the_known_size(depth: int, parameters: int) -> None:
    static = resnet(ResNetConfig("cifar", depth, classes=10, input_size=32, dynamic=False))
    assert complexity(static).parameters == parameters
    assert static.output.shape == (None, 10)


@pytest.mark.parametrize(
    ("config", "blocks"),
    [
        (ResNetConfig("cifar", 20, 10, 32), 9),
        (ResNetConfig("imagenet", 18, 10, 64), 8),
        (ResNetConfig("imagenet", 50, 10, 64, width=0.25), 16),
    ],
)
def test_every_block_has_a_mask_of_its_output(config: ResNetConfig, blocks: int) -> None:
    model = resnet(config)
    units = [layer for layer in model.layers if isinstance(layer, MaskUnit)]
    assert len(units) == blocks
    for unit in units:
        masked = model.get_layer(f"{unit.name}ed")
        assert unit.output.shape[1:3] == masked.output.shape[1:3]
    shares_of_masks = complexity(model).conditional_macs / complexity(model).macs
    assert shares_of_masks > 0.8


def test_width_scales_every_stage() -> None:
    assert ResNetConfig(width=0.5).stages == [(2, 32), (2, 64), (2, 128), (2, 256)]
    assert ResNetConfig(depth=50, width=0.5).stages == [(3, 128), (4, 256), (6, 512), (3, 1024)]
    assert ResNetConfig("cifar", 8, width=0.1).stages == [(1, 4), (1, 4), (1, 8)]


@pytest.mark.parametrize(
    "change",
    [
        *({"style": "vgg"}, {"depth": 20}, {"style": "cifar", "depth": 18}, {"classes": 0}, {"input_size": 16}),
        *({"width": 0.0}, {"width": float("nan")}),
    ],
)
def test_impossible_configurations_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=list(change)[-1]):
        ResNetConfig(**change)


@pytest.mark.parametrize("stock_masks", [False, True])
@pytest.mark.parametrize(
    "config",
    [
        ResNetConfig("cifar", 8, 10, 16, mask_context="squeeze"),
        ResNetConfig("imagenet", 50, 10, 32, width=0.0625),
    ],
)
def test_twin_computes_the_same(config: ResNetConfig, stock_masks: bool) -> None:
    pytest.importorskip("tf_keras")
    keras.utils.set_random_seed(0)
    model = resnet(config)
    images = np.random.default_rng(0).standard_normal((2, config.input_size, config.input_size, 3)).astype(np.float32)
    twin = tf_keras_twin(model, stock_masks=stock_masks)
    np.testing.assert_allclose(np.asarray(twin(images)), np.asarray(model(images)), rtol=1e-4, atol=1e-4)


@pytest.mark.skipif(find_spec("tensorflowjs") is None, reason="needs the converter")
@pytest.mark.parametrize("format", ["graph", "layers"])
def test_converter_takes_it(tmp_path: Path, format: Any) -> None:
    convert(resnet(ResNetConfig("cifar", 8, 10, 16, mask_context="squeeze")), tmp_path, format)
    text = (tmp_path / "model.json").read_text()
    assert "stage3_block1_mask" in text
    assert "noise" not in text and "seed_generator" not in text
