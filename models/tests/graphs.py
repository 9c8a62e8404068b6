"""Graph models written node by node, for tests that need what no Keras layer converts to, or no conversion at all."""

from __future__ import annotations

from typing import Any

import numpy as np

from dynconv_models.gating.graph_model import GraphModel, encoded

FLOAT = {"type": "DT_FLOAT"}


class Graph:
    """A graph that begins with a picture of `size`, its weights random, and the channels of its nodes by name."""

    def __init__(self, size: int = 96, dtype: str = "DT_FLOAT") -> None:
        self.random = np.random.default_rng(0)
        self.weights: dict[str, np.ndarray] = {}
        self.channels = {"image": 3}
        shape = {"dim": [{"size": str(length)} for length in (-1, size, size, 3)]}
        self.nodes: list[dict[str, Any]] = [
            {"name": "image", "op": "Placeholder", "attr": {"dtype": {"type": dtype}, "shape": {"shape": shape}}}
        ]

    def constant(self, name: str, values: Any) -> str:
        self.weights[name] = np.asarray(values)
        self.nodes.append({"name": name, "op": "Const", "attr": {"dtype": FLOAT}})
        return name

    def node(self, op: str, name: str, *inputs: str, **attributes: Any) -> str:
        self.nodes.append({"name": name, "op": op, "input": list(inputs), "attr": {"T": FLOAT, **attributes}})
        self.channels[name] = self.channels.get(inputs[0], 0)
        return name

    def convolution(
        self,
        name: str,
        source: str,
        filters: int,
        size: int = 3,
        *,
        strides: int = 1,
        activation: str | None = None,
        padding: str = "SAME",
        bias: str | None = "",
        extra: tuple[str, ...] = (),
        **attributes: Any,
    ) -> str:
        """A convolution with weights that float16 holds.

        `bias` names one that is there already; None for none. `extra` are what the activation reads besides.
        """
        kernel = self._normal(0.2, size, size, self.channels[source], filters)
        inputs = [source, self.constant(f"{name}/kernel", kernel)]
        if bias is not None:
            inputs.append(bias or self.constant(f"{name}/bias", self._normal(0.1, filters)))
        fused = (["BiasAdd"] if bias is not None else []) + ([activation] if activation else [])
        self.node(
            "_FusedConv2D" if fused else "Conv2D",
            name,
            *inputs,
            *extra,
            strides={"list": {"i": ["1", str(strides), str(strides), "1"]}},
            padding={"s": encoded(padding)},
            **({"fused_ops": {"list": {"s": [encoded(op) for op in fused]}}} if fused else {}),
            **attributes,
        )
        self.channels[name] = filters
        return name

    def _normal(self, deviation: float, *shape: int) -> np.ndarray:
        return self.random.normal(0, deviation, shape).astype(np.float16).astype(np.float32)

    def model(self, *outputs: str) -> GraphModel:
        signature = {"outputs": {f"output{i}": {"name": name} for i, name in enumerate(outputs)}}
        content = {"format": "graph-model", "modelTopology": {"node": self.nodes}, "signature": signature}
        return GraphModel(content, self.weights)


def stem(dtype: str = "DT_FLOAT") -> Graph:
    """A graph with its first convolution, "stem", of 8 channels; it reads pictures of that type."""
    graph = Graph(dtype=dtype)
    source = "image"
    if dtype != "DT_FLOAT":
        source = graph.node("Cast", "cast", source, SrcT={"type": dtype}, DstT=FLOAT)
        graph.nodes[-1]["attr"].pop("T")
    graph.convolution("stem", source, 8, strides=2, activation="Relu")
    return graph


def head(graph: Graph, source: str = "stem", name: str = "head", **last: Any) -> str:
    """Two convolutions that can get a mask; `last` is for the second one."""
    return graph.convolution(name, graph.convolution(f"{name}/wide", source, 24, activation="Relu"), 4, 1, **last)
