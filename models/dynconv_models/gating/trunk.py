"""The part of a graph that can be trained: from the first convolution to the maps that something else reads.

What comes before (casts, normalization) and after (where the highest cell lies, what is read there) is not
differentiable or not batched; it is run as it is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf import json_format

from .graph_model import GraphModel, base, data_inputs, decoded, dtype_of, text
from .unfusing import unfused

CONVOLUTIONS = ("_FusedConv2D", "Conv2D")
DEPTHWISE = ("FusedDepthwiseConv2dNative", "DepthwiseConv2dNative")
_ACTIVATIONS: dict[str, Callable[[Any], Any]] = {"Relu": tf.nn.relu, "Relu6": tf.nn.relu6}
_ADDITIONS = ("Add", "AddV2")
_OTHERS = ("BiasAdd", "Relu", "Relu6", "ResizeBilinear", "ResizeNearestNeighbor", "MaxPool", "AvgPool")


@dataclasses.dataclass(frozen=True)
class Convolution:
    """A node that is a convolution.

    Attributes:
        name: of the node.
        source: what it reads.
        kernel: the weight's name.
        bias: the weight's name; None for none.
        activation: "Relu", "Relu6" or None.
        depthwise: each channel by itself.
        strides: along both axes.
        padding: "SAME" or "VALID".
    """

    name: str
    source: str
    kernel: str
    bias: str | None
    activation: str | None
    depthwise: bool
    strides: int
    padding: str


def convolution(node: Mapping[str, Any], weights: Mapping[str, Any]) -> Convolution | None:
    """Reads a node; None if it is no convolution of the supported kind (square strides, no dilation, fixed weights)."""
    if node["op"] not in (*CONVOLUTIONS, *DEPTHWISE):
        return None
    source, *others = data_inputs(dict(node))
    names = [base(other) for other in others]
    attributes = node.get("attr", {})
    fused = [decoded(op) for op in attributes.get("fused_ops", {}).get("list", {}).get("s", [])]
    biases = [op for op in fused if op == "BiasAdd"]
    activations = [op for op in fused if op not in ("BiasAdd", "NoOp")]
    strides = [int(value) for value in attributes["strides"]["list"]["i"]]
    dilations = {int(value) for value in attributes.get("dilations", {}).get("list", {}).get("i", [1])}
    padding = text(attributes["padding"])
    data_format = attributes.get("data_format")
    supported = (
        all(name in weights for name in names)
        and strides[1] == strides[2]
        and dilations == {1}
        and padding in ("SAME", "VALID")
        and (data_format is None or text(data_format) == "NHWC")
        and len(activations) <= 1
        and all(activation in _ACTIVATIONS for activation in activations)
    )
    if not supported:
        return None
    return Convolution(
        node["name"],
        source,
        names[0],
        names[1] if biases else None,
        activations[0] if activations else None,
        node["op"] in DEPTHWISE,
        strides[1],
        padding,
    )


class Trunk:
    """The trainable part of a graph model.

    Attributes:
        source: the tensor that it reads, [N, S, S, C].
        nodes: by name, in an order in which each comes after what it reads.
        convolutions: those of the nodes, by name.
        outputs: the nodes of the whole graph that are outputs.
        maps: the nodes that something outside reads, or that are outputs.
        shapes: of what each node puts out for one picture, [H, W, C]; with the source.
    """

    def __init__(self, model: GraphModel) -> None:
        """Finds the trunk.

        Raises:
            ValueError: if there is none, it reads several tensors, or the graph has a loop.
        """
        self.model = model
        order = _sorted(model)
        self.nodes: dict[str, dict[str, Any]] = {}
        self.convolutions: dict[str, Convolution] = {}
        sources: dict[str, None] = {}
        after: set[str] = set()  # What depends on the trunk, but is no part of it.
        for node in order:
            name = node["name"]
            inputs = [base(source) for source in data_inputs(node) if base(source) not in model.weights]
            found = convolution(node, model.weights)
            if found and found.source.split(":")[0] not in after:
                if base(found.source) not in self.nodes:
                    sources[found.source] = None
                self.nodes[name], self.convolutions[name] = node, found
            elif inputs and all(source in self.nodes for source in inputs) and _is_supported(node):
                self.nodes[name] = node
            elif any(source in self.nodes or source in after for source in inputs):
                after.add(name)
        if len(sources) != 1:
            raise ValueError(f"the model's convolutions read {len(sources)} tensors first, must read one: a picture")
        self.source = next(iter(sources))
        self.outputs = {base(name) for name in model.outputs}
        read_outside = {base(s) for node in order if node["name"] not in self.nodes for s in data_inputs(node)}
        self.maps = [name for name in self.nodes if name in read_outside or name in self.outputs]
        self.shapes = self._shapes()

    @cached_property
    def weights(self) -> list[str]:
        """The names of the weights that its convolutions and additions of a bias read."""
        names = []
        for name, node in self.nodes.items():
            found = self.convolutions.get(name)
            if found:
                names += [found.kernel] + ([found.bias] if found.bias else [])
            elif node["op"] == "BiasAdd":
                names.append(base(node["input"][1]))
        return list(dict.fromkeys(names))

    def consumers(self, name: str) -> list[dict[str, Any]]:
        """The nodes of the whole graph that read a node."""
        return [node for node in self.model.nodes if name in (base(source) for source in data_inputs(node))]

    def run(
        self,
        source: Any,
        weights: Mapping[str, Any],
        replace: Callable[[str, Any, Callable[[str], Any]], Any] | None = None,
    ) -> dict[str, Any]:
        """Runs the trunk.

        Args:
            source: [N, S, S, C].
            weights: by name; those that it lacks are the model's own.
            replace: called with the name of a node, what it puts out, and what gives the value of an earlier node;
                returns what is to be put out instead.

        Returns:
            What each node puts out, by name; the source too.
        """
        values: dict[str, Any] = {base(self.source): source}

        def weight(name: str) -> Any:
            return weights[name] if name in weights else self.model.weights[name]

        for name, node in self.nodes.items():
            found = self.convolutions.get(name)
            if found:
                value = _convolve(found, values[base(found.source)], weight)
            else:
                inputs = [values[k] if (k := base(s)) in values else weight(k) for s in data_inputs(node)]
                value = _apply(node, inputs)
            values[name] = value if replace is None else replace(name, value, values.__getitem__)
        return values

    def before(self) -> Callable[[Any], Any]:
        """What makes the source, [1, S, S, C], of the model's input."""
        return imported(self.model, [self.model.input["name"]], [self.source])

    def after(self) -> Callable[..., list[Any]]:
        """What makes the model's outputs of the maps, given in their order, of one picture."""
        return imported(self.model, self.maps, self.model.outputs)

    def _shapes(self) -> dict[str, tuple[int, int, int]]:
        size = self.model.input_size
        source = self.before()(tf.zeros((1, size, size, 3), self.model.input_dtype))
        values = self.run(source, {})
        return {name: tuple(value.shape[1:]) for name, value in values.items()}


def _sorted(model: GraphModel) -> list[dict[str, Any]]:
    """The nodes, each after what it reads.

    Raises:
        ValueError: for a graph with a loop.
    """
    nodes, done, order = model.by_name, set[str](), []
    for first in nodes:
        path: dict[str, None] = {} if first in done else {first: None}  # Each waits for the one behind it.
        while path:
            name = next(reversed(path))
            sources = map(base, nodes[name].get("input", []))
            missing = next((source for source in sources if source in nodes and source not in done), None)
            if missing is None:
                path.popitem()
                done.add(name)
                order.append(nodes[name])
            elif missing in path:
                raise ValueError(f"the graph has a loop, at {missing}: a model with loops cannot be gated")
            else:
                path[missing] = None
    return order


def _is_supported(node: Mapping[str, Any]) -> bool:
    return node["op"] in (*_ADDITIONS, *_OTHERS)


def _convolve(found: Convolution, x: Any, weight: Callable[[str], Any]) -> Any:
    strides = [1, found.strides, found.strides, 1]
    operation = tf.nn.depthwise_conv2d if found.depthwise else tf.nn.conv2d
    y = operation(x, weight(found.kernel), strides, found.padding)
    if found.bias:
        y = y + tf.reshape(weight(found.bias), (-1,))
    return _ACTIVATIONS[found.activation](y) if found.activation else y


def _apply(node: Mapping[str, Any], inputs: Sequence[Any]) -> Any:
    attributes = node.get("attr", {})

    def flag(name: str) -> bool:
        return bool(attributes.get(name, {}).get("b", False))

    def window(name: str) -> list[int]:
        return [int(value) for value in attributes[name]["list"]["i"]]

    match node["op"]:
        case "Add" | "AddV2" | "BiasAdd":
            return inputs[0] + inputs[1]
        case "Relu" | "Relu6":
            return _ACTIVATIONS[node["op"]](inputs[0])
        case "ResizeBilinear" | "ResizeNearestNeighbor":
            resize = tf.raw_ops.ResizeBilinear if node["op"] == "ResizeBilinear" else tf.raw_ops.ResizeNearestNeighbor
            return resize(
                images=inputs[0],
                size=tf.cast(inputs[1], tf.int32),
                align_corners=flag("align_corners"),
                half_pixel_centers=flag("half_pixel_centers"),
            )
        case "MaxPool":
            return tf.nn.max_pool2d(inputs[0], window("ksize"), window("strides"), text(attributes["padding"]))
        case "AvgPool":
            return tf.nn.avg_pool2d(inputs[0], window("ksize"), window("strides"), text(attributes["padding"]))
    raise ValueError(f"{node['name']}: {node['op']} is no part of a trunk")


def imported(model: GraphModel, feeds: Sequence[str], fetches: Sequence[str]) -> Any:
    """A function from tensors of the graph to others, run by TensorFlow node by node."""
    nodes, needed = model.by_name, dict[str, None]()
    stack = [base(name) for name in fetches]
    fed = {base(name) for name in feeds}
    while stack:
        name = stack.pop()
        if name in needed:
            continue
        needed[name] = None
        if name not in fed:
            stack += [base(source) for source in nodes[name].get("input", [])]
    definition = tf.compat.v1.GraphDef()
    for name in needed:
        proto = definition.node.add()
        if name in fed:
            proto.name, proto.op = name, "Placeholder"
            proto.attr["dtype"].type = tf.as_dtype(dtype_of(nodes[name])).as_datatype_enum
        elif name in model.weights:
            proto.name, proto.op = name, "Const"
            values = np.asarray(model.weights[name])
            proto.attr["dtype"].type = tf.as_dtype(values.dtype).as_datatype_enum
            proto.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(values))
        else:
            *before, last = unfused(nodes[name])
            for one in before:
                json_format.ParseDict(one, definition.node.add())
            json_format.ParseDict(last, proto)

    def tensor(name: str) -> str:
        return name if ":" in name else f"{name}:0"

    wrapped = tf.compat.v1.wrap_function(lambda: tf.graph_util.import_graph_def(definition, name=""), [])
    pruned = wrapped.prune([tensor(base(name)) for name in feeds], [tensor(name) for name in fetches])

    def call(*values: Any) -> Any:
        results = pruned(*(tf.convert_to_tensor(value) for value in values))
        return results[0] if len(fetches) == 1 else results

    return call
