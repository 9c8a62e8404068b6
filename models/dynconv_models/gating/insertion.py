"""Puts masks into the graph of a student's model, by stock nodes, its signature as it was; and takes them out again."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .blocks import Block
from .graph_model import GraphModel, data_inputs, encoded, rounded
from .student import GLANCE, GLANCE_POOL, Student
from .unfusing import PLAIN

#: What the names of all new nodes start with.
PREFIX = "dynconv"
#: Convolutions that add no bias, and those that can.
_FUSED = {plain: fused for fused, plain in PLAIN.items()}
_FLOAT = {"type": "DT_FLOAT"}


def with_masks(student: Student) -> GraphModel:
    """The model of the student's trunk with the student's weights and masks.

    A mask is a 1x1 convolution with its sign turned, GreaterEqual (of the glance's resized map and that) and Cast. What
    a residual block adds is multiplied by it. Of any other block the background is taken off (in the bias of its last
    convolution), the rest multiplied, and the background added again.

    What was trained, and so can bear it, is rounded for float16; the model's constants are not.
    """
    old = student.trunk.model
    model = GraphModel(copy.deepcopy(old.content), dict(old.weights))
    graph = _Graph(model)
    for name, variable in student.weights.items():
        model.weights[name] = rounded(np.asarray(variable).reshape(old.weights[name].shape))
    glance = _glance(graph, student)
    # A mask reads what the block before puts out, gated, under its name.
    masks = {block.name: _mask(graph, student, block, glance) for block in student.leaders}
    for block in student.blocks:
        _gate(graph, student, block, masks[block.leader])
    return model


def take_masks(student: Student, model: GraphModel) -> None:
    """Gives a student what `with_masks` wrote: its masks, and the weights of its trunk.

    Its scales must be set: kernels are kept without them.

    Raises:
        ValueError: if the model's masks are not those of the student's blocks.
    """

    def constant(name: str, shape: tuple[int, ...]) -> NDArray[Any]:
        values = model.weights.get(name)
        if values is None or values.shape != shape:
            found = "it has none" if values is None else f"its shape is {values.shape}, must be {shape}"
            raise ValueError(f"the model to go on with was not made of this one: {name}: {found}")
        return values

    def new(name: str, variable: Any) -> NDArray[Any]:
        return constant(f"{PREFIX}/{name}", tuple(variable.shape))

    for name, variable in student.weights.items():
        stored = constant(name, student.trunk.model.weights[name].shape)
        variable.assign(stored.reshape(tuple(variable.shape)))
    for name, unit in student.units.items():
        unit["kernel"].assign(-new(f"{name}/own/kernel", unit["kernel"]) / student.scales[name])
        unit["bias"].assign(-new(f"{name}/own/bias", unit["bias"]))
    for block in student.blocks:
        background = student.backgrounds.get(block.name)
        if background is None:
            continue
        background.assign(new(f"{block.name}/background", background))
        bias = _own_bias(student, block)
        if bias is not None:
            student.weights[bias].assign_add(np.asarray(background).reshape(tuple(student.weights[bias].shape)))
    for i, (kernel, bias) in enumerate(student.glance):
        kernel.assign(new(f"glance/conv{i + 1}/kernel", kernel))
        bias.assign(new(f"glance/conv{i + 1}/bias", bias))


class _Graph:
    """Adds nodes to a model."""

    def __init__(self, model: GraphModel) -> None:
        self.model = model

    def constant(self, name: str, values: Any) -> str:
        """A weight."""
        array = rounded(np.asarray(values))
        name = f"{PREFIX}/{name}"
        dtype = {"float32": "DT_FLOAT", "int32": "DT_INT32"}[array.dtype.name]
        shape = {"dim": [{"size": str(size)} for size in array.shape]}
        value = {"tensor": {"dtype": dtype, "tensorShape": shape}}
        self.model.weights[name] = array
        self.model.nodes.append({"name": name, "op": "Const", "attr": {"dtype": {"type": dtype}, "value": value}})
        return name

    def node(self, op: str, name: str, inputs: list[str], **attributes: Any) -> str:
        """Any other node."""
        name = f"{PREFIX}/{name}"
        self.model.nodes.append({"name": name, "op": op, "input": inputs, "attr": {"T": _FLOAT, **attributes}})
        return name

    def convolution(
        self, name: str, source: str, kernel: NDArray[Any], bias: NDArray[Any], strides: int, activation: str | None
    ) -> str:
        """A convolution with a bias and perhaps an activation, "SAME"."""
        fused = ["BiasAdd"] + ([activation] if activation else [])
        inputs = [source, self.constant(f"{name}/kernel", kernel), self.constant(f"{name}/bias", bias)]
        return self.node(
            "_FusedConv2D",
            name,
            inputs,
            strides={"list": {"i": ["1", str(strides), str(strides), "1"]}},
            dilations={"list": {"i": ["1", "1", "1", "1"]}},
            padding={"s": encoded("SAME")},
            data_format={"s": encoded("NHWC")},
            explicit_paddings={"list": {}},
            use_cudnn_on_gpu={"b": True},
            num_args={"i": "1"},
            fused_ops={"list": {"s": [encoded(op) for op in fused]}},
            epsilon={"f": 0.0},
        )

    def give_bias(self, name: str, constant: str, values: NDArray[Any]) -> None:
        """Has a convolution without an activation add another bias, or one at all."""
        node = self.model.by_name[name]
        node["op"] = _FUSED.get(node["op"], node["op"])
        control = [source for source in node["input"] if source.startswith("^")]
        node["input"] = [*data_inputs(node)[:2], self.constant(constant, values), *control]
        node["attr"].update(num_args={"i": "1"}, fused_ops={"list": {"s": [encoded("BiasAdd")]}})

    def rename(self, name: str, other: str) -> str:
        """Gives a node another name; what read it reads whatever gets its old one."""
        self.model.by_name[name]["name"] = other
        return other


def _glance(graph: _Graph, student: Student) -> str:
    size = [str(GLANCE_POOL)] * 2
    x = graph.node(
        "AvgPool",
        "glance/pool",
        [student.trunk.source],
        ksize={"list": {"i": ["1", *size, "1"]}},
        strides={"list": {"i": ["1", *size, "1"]}},
        padding={"s": encoded("SAME")},
        data_format={"s": encoded("NHWC")},
    )
    for i, ((kernel, bias), (_, _, strides)) in enumerate(zip(student.glance, GLANCE, strict=True)):
        activation = "Relu" if i + 1 < len(GLANCE) else None
        x = graph.convolution(f"glance/conv{i + 1}", x, np.asarray(kernel), np.asarray(bias), strides, activation)
    return x


def _mask(graph: _Graph, student: Student, block: Block, glance: str) -> str:
    name = block.name
    # own + glance >= 0 where glance >= -own, which saves an addition.
    kernel, bias = -np.asarray(student.mask_kernel(block)), -np.asarray(student.units[name]["bias"])
    own = graph.convolution(f"{name}/own", block.source, kernel, bias, block.strides, None)
    resized = graph.node(
        "ResizeBilinear",
        f"{name}/glance",
        [glance, graph.constant(f"{name}/size", np.array(block.size, np.int32))],
        align_corners={"b": False},
        half_pixel_centers={"b": True},
    )
    kept = graph.node("GreaterEqual", f"{name}/kept", [resized, own])
    cast = graph.node("Cast", f"{name}/mask", [kept], SrcT={"type": "DT_BOOL"}, DstT=_FLOAT, Truncate={"b": False})
    graph.model.nodes[-1]["attr"].pop("T")
    return cast


def _own_bias(student: Student, block: Block) -> str | None:
    """The bias of a block's last convolution; None if it has none, or shares it, as converters let equal ones be."""
    bias = student.trunk.convolutions[block.end].bias
    return bias if bias is not None and len(student.trunk.consumers(bias)) == 1 else None


def _gate(graph: _Graph, student: Student, block: Block, mask: str) -> None:
    variable = student.backgrounds.get(block.name)
    background = None if variable is None else np.asarray(variable)
    if background is not None:
        bias = _own_bias(student, block)
        if bias is not None:
            values = graph.model.weights[bias]
            graph.model.weights[bias] = rounded(values - background.reshape(values.shape))
        else:
            shared = student.trunk.convolutions[block.end].bias
            values = np.zeros_like(background) if shared is None else graph.model.weights[shared]
            graph.give_bias(block.end, f"{block.name}/bias", values.reshape(background.shape) - background)
    # What reads the block, be it from outside as an output, goes on reading its name.
    whole = graph.rename(block.end, f"{PREFIX}/{block.name}/whole")
    result = graph.node("Mul", f"{block.name}/masked", [whole, mask])
    if background is not None:
        shift = graph.constant(f"{block.name}/background", background)
        result = graph.node("AddV2", f"{block.name}/out", [result, shift])
    graph.rename(result, block.end)
