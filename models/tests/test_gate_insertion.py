"""Masks in graphs whose blocks end in unusual ways: what is written must compute what the student does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from graphs import head, stem

from dynconv_models.gating import graph_model
from dynconv_models.gating.blocks import find_blocks
from dynconv_models.gating.graph_model import GraphModel
from dynconv_models.gating.insertion import take_masks, with_masks
from dynconv_models.gating.student import Student
from dynconv_models.gating.trunk import Trunk, imported

PICTURE = np.random.default_rng(1).uniform(0, 1, (1, 96, 96, 3)).astype(np.float32)


def outputs(model: GraphModel) -> list[np.ndarray]:
    results = imported(model, [model.input["name"]], model.outputs)(PICTURE)
    return [np.asarray(result) for result in (results if len(model.outputs) > 1 else [results])]


def student_of(model: GraphModel, bias: float) -> Student:
    """A student with backgrounds and masks that `bias` opens or closes."""
    trunk = Trunk(model)
    student = Student(trunk, find_blocks(trunk)[0])
    random = np.random.default_rng(2)
    for background in student.backgrounds.values():
        background.assign(random.normal(0, 0.3, background.shape))
    for unit in student.units.values():
        unit["bias"].assign([bias])
    return student


def check(model: GraphModel, blocks: int) -> None:
    """Open masks change no output; whatever they are, the graph computes what the student does, under its names."""
    open_, closed = student_of(model, 1e3), student_of(model, -1e3)
    assert len(open_.blocks) == blocks
    written = with_masks(open_)
    assert written.outputs == model.outputs
    for ours, wanted in zip(outputs(written), outputs(model), strict=True):
        np.testing.assert_allclose(ours, wanted, atol=1e-4)
    trunk = closed.trunk
    maps = dict(zip(trunk.maps, closed.run(trunk.before()(PICTURE), training=False).maps, strict=True))
    wanted = trunk.after()(*(maps[name] for name in trunk.maps))
    results = outputs(with_masks(closed))
    for ours, theirs in zip(results, wanted if len(results) > 1 else [wanted], strict=True):
        np.testing.assert_allclose(ours, np.broadcast_to(theirs, ours.shape), atol=1e-4)


def test_a_block_that_is_an_output_is_gated_under_its_name() -> None:
    graph = stem()
    check(graph.model(head(graph)), 1)
    graph = stem()
    end = head(graph)
    check(graph.model(f"{end}:0", graph.node("Sigmoid", "probability", end)), 1)


def test_an_output_within_a_chain_ends_it() -> None:
    graph = stem()
    wide = graph.convolution("wide", graph.convolution("first", "stem", 24, activation="Relu"), 24, activation="Relu")
    graph.convolution("last", graph.convolution("third", wide, 24, activation="Relu"), 4, 1)
    trunk = Trunk(graph.model(wide, graph.node("Sigmoid", "probability", "last")))
    (block,), _ = find_blocks(trunk)
    assert [layer.name for layer in block.layers] == ["third", "last"]


def test_what_is_added_and_an_output_too_has_a_background() -> None:
    graph = stem()
    end = head(graph, strides=1)
    graph.convolution("beside", "stem", 4, 1)
    total = graph.node("AddV2", "sum", end, "beside")
    assert find_blocks(Trunk(graph.model(total)))[0][0].residual
    model = graph.model(total, end)
    assert not find_blocks(Trunk(model))[0][0].residual
    check(model, 1)


@pytest.mark.parametrize("op", ["Conv2D", "_FusedConv2D"])
def test_a_block_without_a_bias_gets_one(op: str) -> None:
    graph = stem()
    end = head(graph, bias=None)
    graph.nodes[-1]["op"] = op
    check(graph.model(graph.node("Sigmoid", "probability", end)), 1)


def test_a_shared_bias_stays_as_it_is(tmp_path: Path) -> None:
    graph = stem()
    zeros = graph.constant("zeros", np.zeros(4, np.float32))
    ends = [head(graph, name=name, bias=zeros) for name in ("left", "right")]
    graph.convolution("third", "stem", 4, 1, bias=zeros)
    model = graph.model(*ends, "third")
    check(model, 2)
    student = student_of(model, 0)
    student.weights["zeros"].assign([1, 2, 3, 4])
    graph_model.write(with_masks(student), tmp_path)
    again = student_of(model, 0)
    take_masks(again, graph_model.read(tmp_path))
    np.testing.assert_array_equal(again.weights["zeros"], [1, 2, 3, 4])
    for name, background in student.backgrounds.items():
        np.testing.assert_array_equal(again.backgrounds[name], background)


def test_a_chain_starts_behind_a_valid_window() -> None:
    graph = stem()
    narrow = graph.convolution("narrow", "stem", 8, padding="VALID", activation="Relu")
    model = graph.model(head(graph, narrow, padding="VALID"))  # Of 1x1.
    (block,), _ = find_blocks(Trunk(model))
    assert block.source == narrow and block.size == (46, 46)
    check(model, 1)


def test_a_chain_that_ends_in_a_valid_window_gets_no_mask() -> None:
    graph = stem()
    wide = graph.convolution("wide", "stem", 24, activation="Relu")
    blocks, refusals = find_blocks(Trunk(graph.model(graph.convolution("narrow", wide, 8, padding="VALID"))))
    assert not blocks
    assert "padding is VALID" in next(refusal.reason for refusal in refusals if refusal.end == "narrow")
