"""Nodes that only TensorFlow.js has, as those that TensorFlow has."""

from __future__ import annotations

from typing import Any

from .graph_model import data_inputs, decoded

#: What TensorFlow.js's converter fused, and what it was before.
PLAIN = {"_FusedConv2D": "Conv2D", "FusedDepthwiseConv2dNative": "DepthwiseConv2dNative"}
_KEPT = ("strides", "padding", "dilations", "data_format")


def unfused(node: dict[str, Any]) -> list[dict[str, Any]]:
    """A fused convolution as a convolution, an addition and an activation, and a PReLU of two ReLUs; else the node.

    The last one has the node's name.
    """
    if node["op"] not in PLAIN and node["op"] != "Prelu":
        return [node]
    source, *others = data_inputs(node)
    attributes = node["attr"]
    of_type = {"T": attributes["T"]}
    nodes: list[dict[str, Any]] = []

    def add(op: str, *inputs: str, **attr: Any) -> str:
        name = f"{node['name']}/unfused{len(nodes)}"
        nodes.append({"name": name, "op": op, "input": list(inputs), "attr": {**of_type, **attr}})
        return name

    def prelu(x: str, slopes: str) -> str:
        below = add("Relu", add("Neg", x))
        return add("Sub", add("Relu", x), add("Mul", below, slopes))

    if node["op"] == "Prelu":
        prelu(source, others[0])
    else:
        kept = {name: attributes[name] for name in _KEPT if name in attributes}
        x = add(PLAIN[node["op"]], source, others.pop(0), **kept)
        for op in map(decoded, attributes.get("fused_ops", {}).get("list", {}).get("s", [])):
            match op:
                case "NoOp":
                    pass
                case "BiasAdd":  # An addition broadcasts a bias of any rank.
                    x = add("AddV2", x, others.pop(0))
                case "Prelu":
                    x = prelu(x, others.pop(0))
                case "LeakyRelu":
                    slope = attributes.get("leakyrelu_alpha")
                    x = add(op, x, **({"alpha": slope} if slope else {}))
                case _:
                    x = add(op, x)
    nodes[-1]["name"] = node["name"]
    return nodes
