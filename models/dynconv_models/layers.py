"""The layers that Keras does not have."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import keras


@runtime_checkable
class HasStockLayers(Protocol):
    """A layer that can say which stock layers, one after the other, compute the same at inference.

    What a TensorFlow.js layers model holds must be layers that TensorFlow.js knows, so the conversion to that format
    replaces a layer that has this method.
    """

    def stock_layers(self, layers: Any) -> list[Any]:
        """Returns unbuilt layers of the module `layers`; their weights, in order, are this layer's weights."""


@keras.saving.register_keras_serializable(package="dynconv_models")
class MaskUnit(keras.layers.Layer):
    """Decides, pixel by pixel, whether a block is computed: a 1x1 convolution to one channel, then `>= 0`.

    Input: [N, H, W, C]. Output: [N, H / strides, W / strides, 1], float, exactly 0 or 1.

    This is the decision at inference. It has no gradient.
    """

    #: Takes every float32 other than zero that a convolution puts out beyond -1 or +1 (`stock_layers`).
    _SATURATING_SCALE = 2.0**100

    def __init__(self, strides: int = 1, bias_initializer: Any = "zeros", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.strides = strides
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.conv = keras.layers.Conv2D(
            1, 1, strides=strides, kernel_initializer="he_normal", bias_initializer=self.bias_initializer, name="conv"
        )

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.conv.build(input_shape)
        self.built = True

    def call(self, inputs: Any) -> Any:
        return keras.ops.cast(self.conv(inputs) >= 0, self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return self.conv.compute_output_shape(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "strides": self.strides,
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }

    def stock_layers(self, layers: Any) -> list[Any]:
        """`clip(2^100 * z + 1, 0, 1)`: 1 for every z >= 0, and 0 for every z <= -2^-100."""
        return [
            layers.Conv2D(1, 1, strides=self.strides, name=f"{self.name}_conv"),
            layers.Rescaling(self._SATURATING_SCALE, offset=1.0, name=f"{self.name}_scale"),
            layers.ReLU(max_value=1.0, name=self.name),
        ]


@keras.saving.register_keras_serializable(package="dynconv_models")
class NearestUpSampling2D(keras.layers.UpSampling2D):
    """Nearest-neighbour upsampling, as one resize operation.

    Keras 3 writes its own `UpSampling2D` as repetitions along two axes, which a converted graph shows as a dozen
    reshapes and tiles; this one converts to a single ResizeNearestNeighbor. The results are the same.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        if None in input_shape[1:3]:
            raise ValueError(f"{self.name}: needs a fixed height and width, got the shape {tuple(input_shape)}")
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        height, width = inputs.shape[1:3]
        size = (height * self.size[0], width * self.size[1])
        return keras.ops.image.resize(inputs, size, interpolation="nearest", data_format="channels_last")

    def stock_layers(self, layers: Any) -> list[Any]:
        return [layers.UpSampling2D(self.size, name=self.name)]
