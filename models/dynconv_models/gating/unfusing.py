"""Nodes that only TensorFlow.js has, as those that TensorFlow has."""

from __future__ import annotations

from typing import Any

from .graph_model import data_inputs, decoded

#: What TensorFlow.js's converter fused, and what it was before.
_PLAIN = {"_FusedConv2D": "Conv2D", "FusedDepthwiseConv2dNative": "DepthwiseConv2dNative"}
_KEPT = ("T", "strides", "padding", "dilations", "data_format")


def unfused(node: dict[str, Any]) -> list[dict[str, Any]]:
    """A fused convolution as a convolution, an addition and an activation; any other node as it is.

    The last one has the node's name.
    """
    if node["op"] not in _PLAIN:
        return [node]
    source, kernel, *others = data_inputs(node)
    attributes = node["attr"]
    kept = {name: attributes[name] for name in _KEPT if name in attributes}
    nodes: list[dict[str, Any]] = [{"op": _PLAIN[node["op"]], "input": [source, kernel], "attr": kept}]
    for op in map(decoded, attributes.get("fused_ops", {}).get("list", {}).get("s", [])):
        if op != "NoOp":
            operands = others if op == "BiasAdd" else []
            # An addition broadcasts a bias of any rank.
            nodes.append({"op": "AddV2" if op == "BiasAdd" else op, "input": operands, "attr": {"T": attributes["T"]}})
    for index, one in enumerate(nodes):
        is_last = index + 1 == len(nodes)
        one["name"] = node["name"] if is_last else f"{node['name']}/unfused{index}"
        if index > 0:
            one["input"] = [nodes[index - 1]["name"], *one["input"]]
    return nodes
