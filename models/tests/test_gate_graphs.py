"""Graphs of other converters and networks: what is read, and what is refused in plain words."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from graphs import head, stem

from dynconv_models.gating.trunk import Trunk, imported

PICTURE = np.random.default_rng(1).uniform(0, 1, (1, 96, 96, 3)).astype(np.float32)


@pytest.mark.parametrize("bias", ["", None])
@pytest.mark.parametrize(
    ("activation", "alpha"), [("LeakyRelu", 0.3), ("LeakyRelu", None), ("Prelu", None), ("Elu", None)]
)
def test_fused_activations_are_taken_apart(activation: str, alpha: float | None, bias: str | None) -> None:
    graph = stem()
    slopes = graph.constant("slopes", graph.random.uniform(0, 0.5, 6).astype(np.float32))
    extra = (slopes,) if activation == "Prelu" else ()
    attributes = {} if alpha is None else {"leakyrelu_alpha": {"f": alpha}}
    fused = graph.convolution("fused", "stem", 6, activation=activation, bias=bias, extra=extra, **attributes)
    before, got = imported(graph.model(fused), ["image"], ["stem", "fused"])(PICTURE)
    x = tf.nn.conv2d(before, graph.weights["fused/kernel"], 1, "SAME") + graph.weights.get("fused/bias", 0)
    match activation:
        case "LeakyRelu":
            wanted = tf.nn.leaky_relu(x, 0.2 if alpha is None else alpha)
        case "Prelu":
            wanted = tf.where(x > 0, x, x * graph.weights["slopes"])
        case _:
            wanted = tf.nn.elu(x)
    assert float(tf.reduce_min(wanted)) < -0.01
    np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_a_prelu_of_its_own_lies_outside_the_trunk() -> None:
    graph = stem()
    slopes = graph.constant("slopes", graph.random.uniform(0, 0.5, 4).astype(np.float32))
    trunk = Trunk(graph.model(graph.node("Prelu", "sloped", head(graph), slopes)))
    maps = trunk.run(trunk.before()(PICTURE), {})
    got = trunk.after()(*(maps[name] for name in trunk.maps))
    x = maps["head"]
    np.testing.assert_allclose(got, tf.where(x > 0, x, x * graph.weights["slopes"]), atol=1e-5)


def test_a_loop_is_refused() -> None:
    graph = stem()
    graph.node("Merge", "merge", head(graph), "next")
    graph.node("NextIteration", "next", "merge")
    with pytest.raises(ValueError, match="has a loop, at merge"):
        Trunk(graph.model("merge"))


def test_a_placeholder_without_a_shape_is_refused() -> None:
    graph = stem()
    graph.nodes[0]["attr"].pop("shape")
    with pytest.raises(ValueError, match=r"reads tensors of no stated shape, must read a square picture"):
        Trunk(graph.model(head(graph)))
