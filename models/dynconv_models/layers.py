"""The layers that Keras does not have."""

from __future__ import annotations

from typing import Any, Literal, Protocol, get_args, runtime_checkable

import keras
from keras import ops

MaskContext = Literal["conv", "squeeze", "glance"]
_CONVOLUTIONS: dict[MaskContext, dict[str, Any]] = {
    "conv": {"kernel_size": 1},
    "squeeze": {"kernel_size": 3, "padding": "same"},
    "glance": {"kernel_size": 1},
}
#: How much of the glance a logit takes in when training starts.
_GLANCE_GAIN = 0.25


@runtime_checkable
class HasStockLayers(Protocol):
    """A layer that can be made of stock layers that compute the same at inference.

    What a TensorFlow.js layers model holds must be layers that TensorFlow.js knows, so the conversion to that format
    replaces a layer that has this method.
    """

    def stock_layers(self, inputs: Any, layers: Any) -> tuple[Any, list[Any]]:
        """Applies new layers of the module `layers` to a symbolic tensor of theirs.

        Returns what they put out, and those that have weights: these, in order, are this layer's weights.
        """


@keras.saving.register_keras_serializable(package="dynconv_models")
class MaskUnit(keras.layers.Layer):
    """Decides, pixel by pixel, whether a block is computed (Verelst and Tuytelaars, CVPR 2020).

    Input: [N, H, W, C]; with the context "glance" a list of this and [N, H, W, 1]. Output: [N, H / strides,
    W / strides, 1], float, exactly 0 or 1.

    At inference the decision is `logits >= 0`. In training it is `logits + noise >= 0`, where the noise is logistic:
    the difference of two Gumbel variables, so that a pixel is kept with the probability `sigmoid(logits)`. Backwards
    the step has the gradient of `sigmoid((logits + noise) / temperature)` (straight-through estimator).

    Args:
        strides: of the mask against the input, as of the block's output.
        context: what a logit sees. "conv": its pixel, by a 1x1 convolution. "squeeze": its 3x3 neighbourhood, by a
            convolution, plus the mean of all pixels, by a dense layer. "glance": its pixel, plus what the second input
            says there, times a factor: early in a network a pixel cannot know what lies around it, and a small look at
            the whole image beforehand can.
        temperature: of the sigmoid; the lower, the steeper its gradient.
        seed: of the noise; without one, the noise follows from the seed that the kernel is drawn from.
        kernel_initializer: of all kernels; "zeros" starts training with every pixel equally likely to be kept.
        bias_initializer: of the logits; a positive constant starts training with masks that keep most pixels.

    Raises:
        ValueError: for an unknown context, or a temperature that is not positive.
    """

    #: Takes every float32 other than zero that a convolution puts out beyond -1 or +1 (`stock_layers`).
    _SATURATING_SCALE = 2.0**100

    def __init__(
        self,
        strides: int = 1,
        context: MaskContext = "conv",
        temperature: float = 1.0,
        seed: int | None = None,
        kernel_initializer: Any = "he_normal",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if context not in get_args(MaskContext):
            raise ValueError(f"{self.name}: unknown context {context!r}: {' or '.join(get_args(MaskContext))}")
        if not temperature > 0:
            raise ValueError(f"{self.name}: temperature is {temperature}: it must be positive")
        self.strides = strides
        self.context = context
        self.temperature = temperature
        self.seed = seed
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.conv = keras.layers.Conv2D(
            1,
            **_CONVOLUTIONS[context],
            strides=strides,
            kernel_initializer=self.kernel_initializer,
            bias_initializer=self.bias_initializer,
            name="conv",
        )
        self.dense = self.gain = None
        if context == "squeeze":
            self.dense = keras.layers.Dense(1, use_bias=False, kernel_initializer=self.kernel_initializer, name="dense")
        if context == "glance":
            start = keras.initializers.Constant(_GLANCE_GAIN)
            self.gain = keras.layers.Conv2D(
                1, 1, strides=strides, use_bias=False, kernel_initializer=start, name="gain"
            )
        if seed is None:  # One more seed drawn here would change what every later layer is initialized with.
            seed = getattr(self.kernel_initializer, "seed", None)
        self._random = keras.random.SeedGenerator(seed)
        self._noise = _NoiseScale()

    @property
    def noise_scale(self) -> Any:
        """The factor of the noise, a scalar variable that is no weight: 1 at first, 0 for none (`set_noise_scale`)."""
        return self._noise.variable

    def build(self, input_shape: Any) -> None:
        if self.gain:
            input_shape, glance = input_shape
            self.gain.build(glance)
        self.conv.build(input_shape)
        if self.dense:
            self.dense.build((input_shape[0], input_shape[-1]))
        self.built = True

    def logits(self, inputs: Any) -> Any:
        """The log odds of keeping each pixel: [N, H / strides, W / strides, 1]."""
        features, *glance = inputs if self.gain else [inputs]
        logits = self.conv(features)
        if self.gain:
            logits = logits + self.gain(*glance)
        if self.dense:
            logits = logits + self.dense(ops.mean(features, axis=(1, 2)))[:, None, None, :]
        return logits

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        logits = self.logits(inputs)
        if not training:
            return ops.cast(logits >= 0, self.compute_dtype)
        noise = ops.cast(self.noise_scale * self._logistic(ops.shape(logits)), logits.dtype)
        soft = ops.sigmoid((logits + noise) / self.temperature)
        hard = ops.cast(logits + noise >= 0, self.compute_dtype)
        return hard + (soft - ops.stop_gradient(soft))  # In this order, what is added is exactly zero.

    def _logistic(self, shape: Any) -> Any:
        uniform = keras.random.uniform(shape, 1e-6, 1 - 1e-6, dtype="float32", seed=self._random)
        return ops.log(uniform) - ops.log1p(-uniform)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        return self.conv.compute_output_shape(input_shape[0] if self.gain else input_shape)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "strides": self.strides,
            "context": self.context,
            "temperature": self.temperature,
            "seed": self.seed,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }

    def stock_logits(self, inputs: Any, layers: Any) -> tuple[Any, list[Any]]:
        """As `stock_layers`, but for the logits alone."""
        conv = layers.Conv2D(1, **_CONVOLUTIONS[self.context], strides=self.strides, name=f"{self.name}_conv")
        if self.gain:
            features, glance = inputs
            gain = layers.Conv2D(1, 1, strides=self.strides, use_bias=False, name=f"{self.name}_gain")
            return layers.Add(name=f"{self.name}_logits")([conv(features), gain(glance)]), [conv, gain]
        logits = conv(inputs)
        if not self.dense:
            return logits, [conv]
        dense = layers.Dense(1, use_bias=False, name=f"{self.name}_dense")
        mean = layers.GlobalAveragePooling2D(name=f"{self.name}_mean")(inputs)
        everywhere = layers.Reshape((1, 1, 1), name=f"{self.name}_everywhere")(dense(mean))
        return layers.Add(name=f"{self.name}_logits")([logits, everywhere]), [conv, dense]

    def stock_layers(self, inputs: Any, layers: Any) -> tuple[Any, list[Any]]:
        """`clip(2^100 * z + 1, 0, 1)` of the logits: 1 for every z >= 0, and 0 for every z <= -2^-100."""
        logits, weighted = self.stock_logits(inputs, layers)
        scaled = layers.Rescaling(self._SATURATING_SCALE, offset=1.0, name=f"{self.name}_scale")(logits)
        return layers.ReLU(max_value=1.0, name=self.name)(scaled), weighted


class _NoiseScale:
    """Keeps a variable out of the weights of the layer that holds it: it steers training and is not saved."""

    def __init__(self) -> None:
        self.variable = keras.Variable(1.0, trainable=False, dtype="float32", name="noise_scale")


def set_noise_scale(model: keras.Model, scale: float) -> None:
    """Sets how much noise the model's mask units add in training: 1 as published, 0 none (for its last part).

    Takes effect inside a compiled training step, too.
    """
    for layer in model.layers:
        if isinstance(layer, MaskUnit):
            layer.noise_scale.assign(scale)


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

    def stock_layers(self, inputs: Any, layers: Any) -> tuple[Any, list[Any]]:
        return layers.UpSampling2D(self.size, name=self.name)(inputs), []
