"""The layers that Keras does not have."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from dynconv_models import MaskUnit, NearestUpSampling2D, set_noise_scale
from dynconv_models.blocks import Block, MaskConfig, inverted_residual, resnet_basic, resnet_bottleneck
from dynconv_models.convert import tf_keras_twin
from dynconv_models.layers import MaskContext


def features(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("strides", [1, 2])
def test_mask_is_the_sign_of_the_convolution(strides: int) -> None:
    unit = MaskUnit(strides=strides)
    x = features(2, 8, 8, 4)
    mask = np.asarray(unit(x))
    logits = np.asarray(unit.conv(x))
    assert mask.shape == (2, 8 // strides, 8 // strides, 1)
    assert mask.dtype == np.float32
    np.testing.assert_array_equal(mask, logits >= 0)
    assert 0 < mask.mean() < 1


def test_squeeze_sees_neighbours_and_the_mean_of_all_pixels() -> None:
    unit = MaskUnit(context="squeeze")
    x = features(2, 5, 6, 3)
    unit.build(x.shape)
    assert [weight.shape for weight in unit.weights] == [(3, 3, 3, 1), (1,), (3, 1)]
    unit.conv.bias.assign([0.1])
    kernel, dense = np.asarray(unit.conv.kernel, np.float64), np.asarray(unit.dense.kernel, np.float64)
    padded = np.pad(x.astype(np.float64), [(0, 0), (1, 1), (1, 1), (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    logits = np.einsum("nijcab,abco->nijo", windows, kernel) + 0.1 + (x.mean((1, 2)) @ dense)[:, None, None]
    np.testing.assert_allclose(np.asarray(unit.logits(x)), logits, atol=1e-5)
    np.testing.assert_array_equal(np.asarray(unit(x)), logits >= 0)


def constant_unit(logit: float, **options: Any) -> MaskUnit:
    """A unit whose logit is the same everywhere."""
    unit = MaskUnit(kernel_initializer="zeros", bias_initializer=keras.initializers.Constant(logit), **options)
    unit.build((None, None, None, 1))
    return unit


@pytest.mark.parametrize("logit", [-2.0, 0.0, 1.0])
def test_training_keeps_a_pixel_with_the_probability_of_its_logit(logit: float) -> None:
    mask = np.asarray(constant_unit(logit, seed=1)(np.zeros((1, 200, 200, 1)), training=True))
    assert set(np.unique(mask)) == {0.0, 1.0}
    probability = 1 / (1 + np.exp(-logit))
    deviation = np.sqrt(probability * (1 - probability) / mask.size)
    assert abs(mask.mean() - probability) < 5 * deviation
    neighbours = np.corrcoef(mask[0, :, :-1, 0].ravel(), mask[0, :, 1:, 0].ravel())[0, 1]
    assert abs(neighbours) < 0.03


def test_noise_is_another_in_every_step_and_the_same_from_one_seed() -> None:
    x = np.zeros((1, 16, 16, 1))
    first, second = constant_unit(0.0, seed=7), constant_unit(0.0, seed=7)
    draws = [np.asarray(first(x, training=True)) for _ in range(3)]
    assert not np.array_equal(draws[0], draws[1])
    for draw in draws:
        np.testing.assert_array_equal(draw, np.asarray(second(x, training=True)))
    keras.utils.set_random_seed(3)
    unseeded = np.asarray(MaskUnit()(x, training=True))
    keras.utils.set_random_seed(3)
    np.testing.assert_array_equal(unseeded, np.asarray(MaskUnit()(x, training=True)))


@pytest.mark.parametrize("context", ["conv", "squeeze"])
def test_gradient_is_that_of_the_sigmoid(context: MaskContext) -> None:
    temperature = 0.5
    unit = MaskUnit(context=context, temperature=temperature)
    unit.noise_scale.assign(0.0)
    x = tf.constant(features(2, 6, 6, 4))
    weight = tf.constant(features(2, 6, 6, 1))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        mask = unit(x, training=True)
        step = tf.reduce_sum(weight * mask)
        sigmoid = tf.reduce_sum(weight * tf.sigmoid(unit.logits(x) / temperature))
    np.testing.assert_array_equal(mask, np.asarray(unit(x)))
    sources = [x, *(variable.value for variable in unit.trainable_weights)]
    for actual, expected in zip(tape.gradient(step, sources), tape.gradient(sigmoid, sources), strict=True):
        assert np.any(actual) and np.all(np.isfinite(actual))
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("block", [inverted_residual, resnet_basic, resnet_bottleneck])
def test_gradient_reaches_every_weight_of_a_dynamic_block(block: Block) -> None:
    keras.utils.set_random_seed(0)
    image = keras.Input((8, 8, 8))
    model = keras.Model(image, block(image, 8, "block", make_mask=MaskConfig().make_mask))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(model(features(4, 8, 8, 8), training=True)))
    weights = model.trainable_variables
    assert {"kernel", "bias"} <= {w.name for w in model.get_layer("block_mask").trainable_weights}
    for weight, gradient in zip(weights, tape.gradient(loss, [w.value for w in weights]), strict=True):
        assert gradient is not None and np.all(np.isfinite(gradient)), weight.path
        assert np.any(gradient), weight.path


def test_noise_can_be_switched_off_in_a_compiled_step() -> None:
    image = keras.Input((16, 16, 1))
    model = keras.Model(image, MaskUnit(name="mask")(image))
    step = tf.function(lambda x: model(x, training=True))
    x = tf.constant(0.1 * features(1, 16, 16, 1))
    decided = np.asarray(model(x))
    assert not np.array_equal(step(x), decided)
    set_noise_scale(model, 0.0)
    np.testing.assert_array_equal(step(x), decided)
    set_noise_scale(model, 1.0)
    assert not np.array_equal(step(x), decided)


def test_noise_scale_is_no_weight() -> None:
    unit = constant_unit(0.0)
    assert [weight.name for weight in unit.weights] == ["kernel", "bias"]
    assert len(unit.get_weights()) == 2


def test_noise_draws_no_seed_that_other_layers_would_get() -> None:
    def next_seed(make: Callable[[], Any]) -> int:
        keras.utils.set_random_seed(5)
        make()
        return random.randint(1, 10**9)

    assert next_seed(MaskUnit) == next_seed(lambda: keras.layers.Conv2D(1, 1, kernel_initializer="he_normal"))


@pytest.mark.parametrize("options", [{"context": "se"}, {"temperature": 0.0}])
def test_impossible_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        MaskUnit(**options)


@pytest.mark.parametrize("context", ["conv", "squeeze"])
@pytest.mark.parametrize("logit", [0.0, -0.0, 1e-30, -1e-30, 0.7, -0.7, 1e30, -1e30])
def test_stock_layers_take_the_same_decision(logit: float, context: MaskContext) -> None:
    unit = MaskUnit(context=context)
    x = np.full((1, 1, 1, 1), logit, np.float32)
    unit.build(x.shape)
    unit.set_weights([np.zeros(w.shape) if w.name == "bias" else np.ones(w.shape) for w in unit.weights])
    image = keras.Input(x.shape[1:])
    outputs, weighted = unit.stock_layers(image, keras.layers)
    stock = keras.Model(image, outputs)
    weights = [weight for layer in weighted for weight in layer.weights]
    for weight, value in zip(weights, unit.get_weights(), strict=True):
        weight.assign(value)
    np.testing.assert_array_equal(np.asarray(stock(x)), np.asarray(unit(x)))


@pytest.mark.parametrize("context", ["conv", "squeeze"])
@pytest.mark.parametrize("stock_masks", [False, True])
def test_converted_masks_are_the_same(context: MaskContext, stock_masks: bool) -> None:
    pytest.importorskip("tf_keras")
    image = keras.Input((8, 8, 3))
    model = keras.Model(image, MaskUnit(strides=2, context=context, name="mask")(image))
    x = features(2, 8, 8, 3)
    twin = tf_keras_twin(model, stock_masks=stock_masks)
    np.testing.assert_array_equal(np.asarray(twin(x)), np.asarray(model(x)))


@pytest.mark.parametrize("context", ["conv", "squeeze"])
def test_mask_unit_survives_saving(tmp_path: Path, context: MaskContext) -> None:
    image = keras.Input((8, 8, 3))
    unit = MaskUnit(2, context, 0.5, seed=3, bias_initializer=keras.initializers.Constant(0.1), name="mask")
    model = keras.Model(image, unit(image))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    x = features(1, 8, 8, 3)
    np.testing.assert_array_equal(np.asarray(loaded(x)), np.asarray(model(x)))
    assert loaded.get_layer("mask").get_config() == unit.get_config()


def test_upsampling_equals_keras() -> None:
    x = features(2, 5, 3, 4)
    np.testing.assert_array_equal(np.asarray(NearestUpSampling2D(2)(x)), np.asarray(keras.layers.UpSampling2D(2)(x)))


def test_upsampling_refuses_an_unknown_size() -> None:
    with pytest.raises(ValueError, match="fixed height and width"):
        NearestUpSampling2D(2)(keras.Input((None, None, 3)))
