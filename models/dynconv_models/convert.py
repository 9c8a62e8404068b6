"""Conversion for TensorFlow.js, by its official converter, from a Keras 3 functional model.

The converter (4.22) was written for Keras 2. Two things break on what Keras 3 saves: the topology of a layers model
(TensorFlow.js does not read Keras 3's), and, in a graph model, batch normalization behind a depthwise convolution
(Keras 3 writes it as a multiplication and an addition, which the converter does not fold). So the model is first
rebuilt in `tf_keras`, layer by layer with the same weights, and that twin is what the converter gets. Results are the
same; a mask unit becomes

- in a graph model: the convolution, GreaterEqual, Cast;
- in a layers model: stock layers with the same result (see `MaskUnit.stock_layers`), so nothing needs registering.
"""

from __future__ import annotations

import argparse
import contextlib
import inspect
import io
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import keras

from .layers import HasStockLayers, MaskUnit

Format = Literal["graph", "layers"]
Quantization = Literal["float16", "uint8", "uint16"]


def convert(
    model: keras.Model,
    directory: str | os.PathLike[str],
    format: Format,
    *,
    quantize: Mapping[Quantization, Sequence[str]] | None = None,
) -> None:
    """Writes `model.json` and its weights into `directory`, which is made if it is missing.

    Args:
        model: a functional model in which every layer is called once.
        quantize: patterns (`*` matches anything) of the weights to store in fewer bytes.

    Raises:
        ValueError: for a layer that tf_keras has not, or that is called more than once.
    """
    # One of the converter's imports greets its user, and fails without IPython where stdout is no plain stream.
    os.environ.setdefault("TFDF_DISABLE_WELCOME_MESSAGE", "1")
    from tensorflowjs.converters import converter

    twin = tf_keras_twin(model, stock_masks=format == "layers")
    with tempfile.TemporaryDirectory() as scratch:
        if format == "graph":
            source = f"{scratch}/saved_model"
            with contextlib.redirect_stdout(io.StringIO()):  # It lists every variable.
                twin.export(source)
            arguments = ["--input_format=tf_saved_model", "--output_format=tfjs_graph_model"]
        else:
            source = f"{scratch}/model.h5"
            twin.save(source)
            arguments = ["--input_format=keras", "--output_format=tfjs_layers_model"]
        for dtype, patterns in (quantize or {}).items():
            arguments.append(f"--quantize_{dtype}={','.join(patterns)}")
        converter.convert([*arguments, source, os.fspath(directory)])


def tf_keras_twin(model: keras.Model, stock_masks: bool) -> Any:
    """Rebuilds a Keras 3 functional model in tf_keras, weights included.

    Args:
        stock_masks: use only stock layers, mask units included.
    """
    import tf_keras

    tensors: dict[int, Any] = {}
    pairs: list[tuple[keras.layers.Layer, list[Any]]] = []
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            twin_input = tf_keras.Input(layer.batch_shape[1:], name=layer.name, dtype=layer.dtype)
            tensors[id(layer.output)] = twin_input
            continue
        if len(layer._inbound_nodes) > 1:
            raise ValueError(f"layer {layer.name}: it is called more than once, which cannot be converted")
        sources = layer.input
        x = [tensors[id(source)] for source in sources] if isinstance(sources, list) else tensors[id(sources)]
        tensors[id(layer.output)], weighted = _twin(layer, x, stock_masks, tf_keras.layers)
        pairs.append((layer, weighted))
    twin = tf_keras.Model(
        [tensors[id(tensor)] for tensor in model.inputs],
        [tensors[id(tensor)] for tensor in model.outputs],
        name=model.name,
    )
    for layer, weighted in pairs:
        weights = iter(layer.get_weights())
        for twin_layer in weighted:
            twin_layer.set_weights([next(weights) for _ in twin_layer.weights])
    return twin


def _twin(layer: keras.layers.Layer, x: Any, stock_masks: bool, layers: Any) -> tuple[Any, list[Any]]:
    """What tf_keras layers that stand for one Keras 3 layer make of x, and those of them that hold its weights."""
    if isinstance(layer, MaskUnit) and not stock_masks:
        logits, weighted = layer.stock_logits(x, layers)
        return _at_least_zero_layer(layer.name, layers)(logits), weighted
    if isinstance(layer, HasStockLayers):
        return layer.stock_layers(x, layers)
    kind = getattr(layers, type(layer).__name__, None)
    if kind is None:
        raise ValueError(f"layer {layer.name}: tf_keras has no {type(layer).__name__}; give it a stock_layers method")
    known = inspect.signature(kind.__init__).parameters
    # Weights are copied afterwards, so how they were initialized and regularized does not matter.
    training_only = ("_initializer", "_regularizer", "_constraint")
    config = {
        key: value for key, value in layer.get_config().items() if key in known and not key.endswith(training_only)
    }
    twin = kind(**config, name=layer.name)
    return twin(x), [twin]


def _at_least_zero_layer(name: str, layers: Any) -> Any:
    import tensorflow as tf

    class AtLeastZero(layers.Layer):
        def call(self, inputs: tf.Tensor) -> tf.Tensor:
            return tf.cast(inputs >= 0, tf.float32)

    return AtLeastZero(name=name)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command `python -m dynconv_models.convert`."""
    parser = argparse.ArgumentParser(
        prog="python -m dynconv_models.convert", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("model", type=Path, help="a Keras 3 functional model (.keras)")
    parser.add_argument("directory", type=Path, help="where model.json and its weights go")
    parser.add_argument("--format", choices=["graph", "layers"], default="graph", help="default: graph")
    for dtype in get_args(Quantization):
        parser.add_argument(
            f"--quantize-{dtype}",
            metavar="PATTERN",
            action="append",
            help=f"store the weights whose names match as {dtype}; * matches anything; may be repeated",
        )
    options = parser.parse_args(arguments)
    if not options.model.is_file():
        sys.exit(f"{options.model}: no such file")
    quantize = {dtype: getattr(options, f"quantize_{dtype}") for dtype in get_args(Quantization)}
    convert(
        keras.models.load_model(options.model),
        options.directory,
        options.format,
        quantize={dtype: patterns for dtype, patterns in quantize.items() if patterns},
    )


if __name__ == "__main__":
    main()
