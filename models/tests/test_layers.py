"""The layers that Keras does not have."""

import keras
import numpy as np
import pytest

from dynconv_models import MaskUnit, NearestUpSampling2D


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


@pytest.mark.parametrize("logit", [0.0, -0.0, 1e-30, -1e-30, 0.7, -0.7, 1e30, -1e30])
def test_stock_layers_take_the_same_decision(logit: float) -> None:
    unit = MaskUnit()
    x = np.full((1, 1, 1, 1), logit, np.float32)
    unit.build(x.shape)
    unit.conv.kernel.assign([[[[1.0]]]])
    stock = keras.Sequential(unit.stock_layers(keras.layers))
    stock.build(x.shape)
    stock.set_weights(unit.get_weights())
    np.testing.assert_array_equal(np.asarray(stock(x)), np.asarray(unit(x)))


def test_mask_unit_survives_saving(tmp_path) -> None:
    image = keras.Input((8, 8, 3))
    model = keras.Model(image, MaskUnit(strides=2, name="mask")(image))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    x = features(1, 8, 8, 3)
    np.testing.assert_array_equal(np.asarray(loaded(x)), np.asarray(model(x)))


def test_upsampling_equals_keras() -> None:
    x = features(2, 5, 3, 4)
    np.testing.assert_array_equal(np.asarray(NearestUpSampling2D(2)(x)), np.asarray(keras.layers.UpSampling2D(2)(x)))


def test_upsampling_refuses_an_unknown_size() -> None:
    with pytest.raises(ValueError, match="fixed height and width"):
        NearestUpSampling2D(2)(keras.Input((None, None, 3)))
