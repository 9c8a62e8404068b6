"""The network builder."""

import dataclasses

import keras
import numpy as np
import pytest

from dynconv_models import HourglassConfig, MaskUnit, hourglass
from dynconv_models.blocks import Block, MaskConfig, inverted_residual, resnet_basic, resnet_bottleneck
from dynconv_models.hourglass import Backbone

SMALL = HourglassConfig(stacks=2, features=8, joints=5, input_size=32, depth=2)


def masks(model: keras.Model) -> list[keras.layers.Layer]:
    return [layer for layer in model.layers if isinstance(layer, MaskUnit)]


@pytest.mark.parametrize("backbone", ["mobilenetv2", "resnet-basic", "resnet-bottleneck"])
def test_heatmaps_at_a_quarter_of_the_size(backbone: Backbone) -> None:
    model = hourglass(dataclasses.replace(SMALL, backbone=backbone))
    assert model.output.shape == (None, 8, 8, 5)
    blocks_per_stack = 3 * SMALL.depth + 2
    assert len(masks(model)) == 1 + SMALL.stacks * blocks_per_stack


def test_static_network_has_no_masks() -> None:
    assert not masks(hourglass(dataclasses.replace(SMALL, dynamic=False)))


@pytest.mark.parametrize("backbone", ["mobilenetv2", "resnet-basic", "resnet-bottleneck"])
def test_dynamic_and_static_networks_differ_in_their_masks_only(backbone: Backbone) -> None:
    config = dataclasses.replace(SMALL, backbone=backbone)
    static = {layer.name: layer for layer in hourglass(dataclasses.replace(config, dynamic=False)).layers}
    for layer in hourglass(config).layers:
        if layer.name.endswith(("_mask", "_masked")):
            assert layer.name not in static
        else:
            twin = static.pop(layer.name)
            assert [weight.shape for weight in twin.weights] == [weight.shape for weight in layer.weights]
    assert not static


@pytest.mark.parametrize(("width", "channels"), [(0.75, 36), (0.5, 24), (0.25, 12), (0.125, 8), (0.01, 4), (1.5, 72)])
def test_width_scales_the_main_path(width: float, channels: int) -> None:
    config = HourglassConfig(stacks=1, features=48, width=width, input_size=32, depth=2, dynamic=False)
    assert config.channels == channels
    model = hourglass(config)
    assert model.get_layer("stem_conv").filters == channels // 4
    assert model.get_layer("stem_block1_project").filters == channels // 2
    assert model.get_layer("stack1_level2_up_project").filters == channels
    assert model.get_layer("stack1_fc").filters == channels


def test_mask_options_reach_the_mask_units() -> None:
    config = dataclasses.replace(SMALL, mask_context="squeeze", mask_initializer="zeros", mask_bias=2.0)
    for unit in masks(hourglass(config)):
        assert unit.context == "squeeze"
        assert not np.any(unit.conv.kernel)
        assert np.asarray(unit.conv.bias) == 2


def test_all_stacks_give_heatmaps() -> None:
    model = hourglass(dataclasses.replace(SMALL, all_stacks=True))
    assert [output.shape for output in model.outputs] == [(None, 8, 8, 5)] * 2


@pytest.mark.parametrize("block", [resnet_basic, resnet_bottleneck])
def test_resnet_blocks_may_be_strided_and_dynamic(block: Block) -> None:
    x = keras.Input((8, 8, 4))
    assert block(x, 8, "block", strides=2, make_mask=MaskConfig().make_mask).shape == (None, 4, 4, 8)


def test_inverted_residual_without_shortcut_cannot_be_dynamic() -> None:
    with pytest.raises(ValueError, match="needs a shortcut"):
        inverted_residual(keras.Input((8, 8, 4)), 8, "block", make_mask=MaskConfig().make_mask)


@pytest.mark.parametrize(
    "change", [{"features": 10}, {"input_size": 40}, {"stacks": 0}, {"backbone": "vgg"}, {"width": 0.0}]
)
def test_impossible_configurations_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        hourglass(dataclasses.replace(SMALL, **change))
