"""The network builder."""

import dataclasses

import keras
import pytest

from dynconv_models import HourglassConfig, MaskUnit, hourglass
from dynconv_models.blocks import inverted_residual, resnet_basic, resnet_bottleneck

SMALL = HourglassConfig(stacks=2, features=8, joints=5, input_size=32, depth=2)


def masks(model: keras.Model) -> list[keras.layers.Layer]:
    return [layer for layer in model.layers if isinstance(layer, MaskUnit)]


@pytest.mark.parametrize("backbone", ["mobilenetv2", "resnet-basic", "resnet-bottleneck"])
def test_heatmaps_at_a_quarter_of_the_size(backbone: str) -> None:
    model = hourglass(dataclasses.replace(SMALL, backbone=backbone))
    assert model.output.shape == (None, 8, 8, 5)
    blocks_per_stack = 3 * SMALL.depth + 2
    assert len(masks(model)) == 1 + SMALL.stacks * blocks_per_stack


def test_static_network_has_no_masks() -> None:
    assert not masks(hourglass(dataclasses.replace(SMALL, dynamic=False)))


def test_all_stacks_give_heatmaps() -> None:
    model = hourglass(dataclasses.replace(SMALL, all_stacks=True))
    assert [output.shape for output in model.outputs] == [(None, 8, 8, 5)] * 2


@pytest.mark.parametrize("block", [resnet_basic, resnet_bottleneck])
def test_resnet_blocks_may_be_strided_and_dynamic(block) -> None:
    x = keras.Input((8, 8, 4))
    assert block(x, 8, "block", strides=2, dynamic=True).shape == (None, 4, 4, 8)


def test_inverted_residual_without_shortcut_cannot_be_dynamic() -> None:
    with pytest.raises(ValueError, match="needs a shortcut"):
        inverted_residual(keras.Input((8, 8, 4)), 8, "block", dynamic=True)


@pytest.mark.parametrize("change", [{"features": 10}, {"input_size": 40}, {"stacks": 0}, {"backbone": "vgg"}])
def test_impossible_configurations_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        hourglass(dataclasses.replace(SMALL, **change))
