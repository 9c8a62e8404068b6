"""A small converted model made dynamic: what gets a mask, what it is trained to, and what is written."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from PIL import Image

from dynconv_models import gate
from dynconv_models.blocks import inverted_residual
from dynconv_models.convert import convert
from dynconv_models.gating import graph_model, pictures
from dynconv_models.gating.blocks import find_blocks, macs, typical_share
from dynconv_models.gating.distil import Distillation, Recipe
from dynconv_models.gating.insertion import with_masks
from dynconv_models.gating.losses import bounds_loss, glance_loss, kept_finds, map_loss
from dynconv_models.gating.student import Student, executed_share
from dynconv_models.gating.trunk import Trunk, imported
from dynconv_models.gating.unfusing import unfused

pytest.importorskip("tf_keras")

SIZE = 96


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with a residual block, one that changes the width, one too small for a mask, and a head."""
    keras.utils.set_random_seed(0)
    biased = {"bias_initializer": keras.initializers.RandomNormal(stddev=0.1)}
    image = keras.Input((SIZE, SIZE, 3), name="image")
    x = layers.Rescaling(1 / 128, -1)(image)
    x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu", name="stem", **biased)(x)
    x = layers.Conv2D(8, 1, name="narrow", **biased)(x)
    x = inverted_residual(x, 8, "residual", expand_ratio=4)
    x = fine = inverted_residual(x, 12, "wide", strides=2, expand_ratio=4)
    x = inverted_residual(layers.MaxPooling2D(4)(x), 12, "small", expand_ratio=4)
    x = layers.Add(name="sum")([layers.UpSampling2D(4, interpolation="bilinear")(x), fine])
    x = layers.Conv2D(24, 3, padding="same", activation="relu", name="head", **biased)(x)
    heat = layers.Conv2D(2, 1, name="heat", bias_initializer=keras.initializers.Constant(-2.0))(x)
    model = keras.Model(image, layers.Activation("sigmoid", name="probability")(heat))
    path = tmp_path_factory.mktemp("model")
    convert(model, path, "graph")
    return path


@pytest.fixture(scope="module")
def trunk(folder: Path) -> Trunk:
    return Trunk(graph_model.read(folder))


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("images")
    for index in range(6):
        Image.fromarray(picture(index)[0].astype(np.uint8)).resize((120, 90)).save(path / f"{index}.png")
    (path / "notes.txt").write_text("no picture")
    return path


def picture(seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 256, (8, 8, 3), dtype=np.uint8))
    return np.asarray(coarse.resize((SIZE, SIZE), Image.Resampling.BILINEAR), np.float32)[None]


def interpret(model: graph_model.GraphModel, image: np.ndarray, names: list[str]) -> list[np.ndarray]:
    """Runs a graph node by node, without anything of the package but its weights."""
    values: dict[str, Any] = dict(model.weights)
    nodes = {node["name"]: node for node in model.nodes}

    def string(value: str) -> str:
        return base64.b64decode(value).decode()

    def convolve(node: dict[str, Any], x: Any, kernel: Any, *bias: Any) -> Any:
        attributes = node["attr"]
        strides = [int(i) for i in attributes["strides"]["list"]["i"]]
        run = tf.nn.depthwise_conv2d if "Depthwise" in node["op"] else tf.nn.conv2d
        y = run(x, kernel, strides, string(attributes["padding"]["s"]))
        for op in map(string, attributes.get("fused_ops", {}).get("list", {}).get("s", [])):
            if op == "BiasAdd":
                y = y + tf.reshape(bias[0], [-1])
            elif op != "NoOp":
                y = getattr(tf.nn, op.lower())(y)
        return y

    def pool(node: dict[str, Any], x: Any) -> Any:
        sizes = [[int(i) for i in node["attr"][key]["list"]["i"]] for key in ("ksize", "strides")]
        return tf.nn.pool(x, sizes[0][1:3], node["op"][:3].upper(), sizes[1][1:3], string(node["attr"]["padding"]["s"]))

    def resize(node: dict[str, Any], x: Any, size: Any) -> Any:
        return tf.image.resize(x, np.asarray(size), "bilinear")

    operations: dict[str, Callable[..., Any]] = {
        **dict.fromkeys(("_FusedConv2D", "Conv2D", "FusedDepthwiseConv2dNative", "DepthwiseConv2dNative"), convolve),
        **dict.fromkeys(("AvgPool", "MaxPool"), pool),
        **dict.fromkeys(("AddV2", "Add", "BiasAdd"), lambda node, a, b: a + b),
        "Mul": lambda node, a, b: a * b,
        "Sub": lambda node, a, b: a - b,
        "Relu6": lambda node, a: tf.nn.relu6(a),
        "Sigmoid": lambda node, a: tf.sigmoid(a),
        "GreaterEqual": lambda node, a, b: a >= b,
        "Cast": lambda node, a: tf.cast(a, tf.float32),
        "Identity": lambda node, a: a,
        "ResizeBilinear": resize,
    }

    def value(name: str) -> Any:
        name = name.split(":")[0]
        if name not in values:
            node = nodes[name]
            inputs = [value(source) for source in node.get("input", [])]
            values[name] = image if node["op"] == "Placeholder" else operations[node["op"]](node, *inputs)
        return values[name]

    return [np.asarray(value(name)) for name in names]


def test_a_trunk_gives_the_graphs_maps_and_the_rest_its_outputs(trunk: Trunk) -> None:
    assert [trunk.shapes[name] for name in trunk.maps] == [(24, 24, 2)]
    image = picture(0)
    source = trunk.before()(image)
    maps = [trunk.run(source, {})[name] for name in trunk.maps]
    heat, wanted = interpret(trunk.model, image, [trunk.maps[0], trunk.model.outputs[0]])
    np.testing.assert_allclose(maps[0], heat, atol=1e-5)
    np.testing.assert_allclose(trunk.after()(*maps), wanted, atol=1e-5)


def test_what_gets_a_mask_and_what_does_not(trunk: Trunk) -> None:
    blocks, refusals = find_blocks(trunk)
    assert [(block.size, block.residual, block.strides) for block in blocks] == [
        ((48, 48), False, 2),
        ((48, 48), True, 1),
        ((24, 24), False, 2),
        ((24, 24), False, 1),
    ]
    assert [block.leader for block in blocks] == [blocks[0].name] * 2 + [blocks[2].name] * 2
    reasons = {refusal.end.split("/")[-2]: refusal.reason for refusal in refusals}
    assert "too small" in next(reason for end, reason in reasons.items() if "small" in end)
    total = sum(macs(trunk, found) for found in trunk.convolutions.values())
    gated = sum(block.macs for block in blocks)
    assert gated / total + sum(refusal.share for refusal in refusals) == pytest.approx(1)
    text = gate.describe(trunk, blocks, refusals)
    assert f"{100 * gated / total:5.1f} %  in all" in text and "too small" in text


def test_work_under_a_mask_counts_windows(trunk: Trunk) -> None:
    (_, residual, *_), _ = find_blocks(trunk)
    expand, depthwise, project = (layer.macs for layer in residual.layers)
    mask = np.zeros((1, 48, 48, 1), np.float32)
    mask[0, 10:20, 10:20] = 1
    inner, outer = 100 / 48**2, 144 / 48**2
    left = (inner * (depthwise + project) + outer * expand) / residual.macs
    assert float(executed_share(residual, tf.constant(mask))) == pytest.approx(left, rel=1e-5)
    assert typical_share(residual) > 0.4


def masked(trunk: Trunk, seed: int) -> Student:
    """A student whose masks keep some of the pixels of a picture, and not all."""
    blocks, _ = find_blocks(trunk)
    student = Student(trunk, blocks)
    source = trunk.before()(picture(seed))
    student.look(trunk.run(source, {}))
    random = np.random.default_rng(0)
    for block in student.leaders:  # In their order, since a mask depends on those before it.
        unit = student.units[block.name]
        unit["kernel"].assign(random.normal(0, 3, unit["kernel"].shape))
        low, high = -30.0, 30.0
        while True:
            unit["bias"].assign([(low + high) / 2])
            kept = float(tf.reduce_mean(student.run(source, training=False).masks[block.name]))
            if 0.2 < kept < 0.8 or high - low < 1e-3:
                break
            low, high = ((low + high) / 2, high) if kept < 0.5 else (low, (low + high) / 2)
    return student


def test_open_masks_change_nothing(trunk: Trunk) -> None:
    student = masked(trunk, 0)
    for unit in student.units.values():
        unit["bias"].assign([1e3])
    source = trunk.before()(picture(0))
    outcome = student.run(source, training=False)
    assert float(outcome.share) == 1
    np.testing.assert_allclose(outcome.maps[0], trunk.run(source, {})[trunk.maps[0]], atol=1e-4)


def test_the_written_graph_computes_what_the_student_does(trunk: Trunk, tmp_path: Path) -> None:
    student = masked(trunk, 2)
    for variable in student.weights.values():
        variable.assign(graph_model.rounded(variable.numpy()))
    graph_model.write(with_masks(student), tmp_path)
    written = graph_model.read(tmp_path)
    assert written.content["signature"] == trunk.model.content["signature"]
    assert written.outputs == trunk.model.outputs
    image = picture(2)
    outcome = student.run(trunk.before()(image), training=False)
    names = [f"dynconv/{block.name}/mask" for block in student.leaders]
    *masks, output = interpret(written, image, [*names, written.outputs[0]])
    for block, mask in zip(student.leaders, masks, strict=True):
        assert 0.1 < mask.mean() < 0.9
        assert (mask == outcome.masks[block.name].numpy()).mean() > 0.999
    np.testing.assert_allclose(output, tf.sigmoid(outcome.maps[0]), atol=2e-3)
    plain = interpret(trunk.model, image, trunk.model.outputs)[0]
    assert np.abs(output - plain).max() > 0.003


def test_training_keeps_to_the_budget_and_goes_on_where_it_was(trunk: Trunk, images: Path, tmp_path: Path) -> None:
    training, held_out = pictures.find(images)
    assert [len(training), len(held_out)] == [5, 1]
    recipe = Recipe(0.6, steps=60, batch=2, mask_rate=0.15)
    blocks, _ = find_blocks(trunk)
    first = Distillation(trunk, Student(trunk, blocks), recipe, training, tmp_path / "checkpoint.npz")
    before = first.agreement(held_out)
    assert before.share == 1 and before.error < 1e-3
    first.train(lambda line: None, held_out)
    after = first.agreement(held_out)
    assert after.share < 0.9
    resumed = Distillation(trunk, Student(trunk, blocks), recipe, training, tmp_path / "checkpoint.npz")
    assert resumed.step == 60
    assert resumed.agreement(held_out) == after
    with pytest.raises(ValueError, match="of another training"):
        Distillation(trunk, Student(trunk, blocks), Recipe(0.5), training, tmp_path / "checkpoint.npz")


def test_losses_are_least_for_what_is_wanted() -> None:
    random = np.random.default_rng(0)
    wanted = tf.constant(random.normal(size=(2, 6, 6, 3)).astype(np.float32))
    saliency = tf.sigmoid(wanted[..., :1])
    for probable in (True, False):
        assert float(map_loss(wanted, wanted, probable, saliency)) == pytest.approx(0, abs=1e-6)
        assert float(map_loss(wanted, wanted + 0.5, probable, saliency)) > 0.01
    found = np.zeros((1, 8, 8, 1), np.float32)
    found[0, 6, 6] = 1
    right, wrong = np.full((2, 1, 2, 2, 1), -9.0, np.float32)
    right[0, 1, 1], wrong[0, 0, 0] = 9, 9
    assert float(glance_loss(tf.constant(right), tf.constant(found))) < float(
        glance_loss(tf.constant(wrong), tf.constant(found))
    )


def test_a_find_is_kept_where_the_student_is_nearly_as_sure() -> None:
    wanted, got = np.full((2, 2, 24, 24, 2), -6.0, np.float32)
    wanted[0, 5, 5, 0] = wanted[0, 9, 9, 1] = wanted[1, 3, 3, 0] = 2
    got[0, 6, 5, 0] = got[0, 20, 20, 1] = 2  # One a cell away, one elsewhere, one not at all.
    assert kept_finds(wanted, got) == (3, 1)
    got[0, 9, 9, 1] = 0  # Surer elsewhere, but there too.
    assert kept_finds(wanted, got) == (3, 2)


def test_the_command(folder: Path, images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [str(folder), "--images", str(images), "--out", str(tmp_path), "--steps", "2", "--batch", "2"]
    (folder / "dynconv.json").write_text('{"source": "made here", "joints": ["nose"]}')
    gate.main(arguments)
    assert "step 2/2" in capsys.readouterr().out
    content = json.loads((tmp_path / "dynconv.json").read_text())
    assert content["source"] == "made here" and content["joints"] == ["nose"] and content["weights"] == "pretrained"
    gating = content["gating"]
    assert gating["images"] == 5 and "--steps 2 --batch 2" in gating["command"]
    figures = gating["figures"]
    assert 0 < figures["executedMacs"] <= figures["macs"] and len(figures["densities"]) == 2
    assert graph_model.read(tmp_path).outputs == graph_model.read(folder).outputs


def test_what_is_wrong_is_said(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no such file"):
        gate.main([str(tmp_path / "none.json"), "--images", str(tmp_path), "--out", str(tmp_path)])
    with pytest.raises(SystemExit, match="two are needed"):
        gate.main([str(folder), "--images", str(tmp_path), "--out", str(tmp_path)])
    with pytest.raises(SystemExit, match="between 0 and 1"):
        gate.main([str(folder), "--images", str(tmp_path), "--out", str(tmp_path), "--budget", "1.5"])
    with pytest.raises(SystemExit, match="lowest is 1"):
        gate.main([str(folder), "--images", str(tmp_path), "--out", str(tmp_path), "--lowest", "1"])
    (folder / "dynconv.json").write_text("no card")
    with pytest.raises(SystemExit, match="not valid JSON"):
        gate.main([str(folder), "--images", str(tmp_path), "--out", str(tmp_path)])
    (folder / "dynconv.json").unlink()
    (tmp_path / "model.json").write_text('{"format": "layers-model"}')
    with pytest.raises(ValueError, match="not a graph model"):
        graph_model.read(tmp_path)
    image = keras.Input((16, 16, 3))
    convert(keras.Model(image, layers.Conv2D(4, 3, activation="relu")(image)), tmp_path / "plain", "graph")
    plain = Trunk(graph_model.read(tmp_path / "plain"))
    blocks, refusals = find_blocks(plain)
    assert not blocks and "one convolution alone" in refusals[0].reason
    with pytest.raises(ValueError, match="no block"):
        Student(plain, blocks)


def test_trained_masks_can_be_trained_further(trunk: Trunk, images: Path, tmp_path: Path) -> None:
    training, held_out = pictures.find(images)
    blocks, _ = find_blocks(trunk)
    assert any(not block.residual for block in blocks)
    student = Student(trunk, blocks)
    first = Distillation(trunk, student, Recipe(0.6, 3, 2, mask_rate=0.2), training, tmp_path / "a.npz")
    first.train(lambda line: None, held_out)
    graph_model.write(with_masks(student), tmp_path)
    recipe = Recipe(0.5, steps=4, batch=2).further
    assert (recipe.fall, recipe.noise, recipe.bounded) == (0, 0, 0.8)
    again = Student(trunk, blocks, seed=1)
    further = Distillation(trunk, again, recipe, training, tmp_path / "b.npz", graph_model.read(tmp_path))
    for ours, before in zip(again.variables, student.variables, strict=True):
        # Weights are kept as float16, and scales are those of other pictures.
        if not any(ours is unit["kernel"] for unit in again.units.values()):
            np.testing.assert_allclose(ours, before, rtol=1e-3, atol=1e-3)
    for block in again.leaders:
        np.testing.assert_allclose(again.mask_kernel(block), student.mask_kernel(block), rtol=1e-3, atol=1e-6)
    assert further.agreement(held_out).share == pytest.approx(first.agreement(held_out).share, abs=0.02)
    assert further._schedule(0)[2] == 0.5
    further.train(lambda line: None, held_out)
    assert further.agreement(held_out) != first.agreement(held_out)


def test_only_a_result_of_the_same_model_can_be_trained_further(
    folder: Path, trunk: Trunk, images: Path, tmp_path: Path
) -> None:
    arguments = [str(folder), "--images", str(images), "--out", str(tmp_path / "out"), "--steps", "1", "--batch", "2"]
    with pytest.raises(SystemExit, match=r"not made of this one: dynconv/.*: it has none"):
        gate.main([*arguments, "--further", str(folder)])
    gate.main(arguments)
    gate.main([*arguments, "--further", str(tmp_path / "out"), "--out", str(tmp_path / "again")])
    gating = json.loads((tmp_path / "again" / "dynconv.json").read_text())["gating"]
    assert "--further EARLIER" in gating["command"] and gating["earlier"]["steps"] == 1


def test_bounds_count_what_masks_keep_beyond_them() -> None:
    assert float(bounds_loss(tf.constant([0.3, 0.6, 0.95]), 0.3)) == pytest.approx(0, abs=1e-6)
    assert float(bounds_loss(tf.constant([0.1, 0.6, 0.99]), 0.3)) == pytest.approx(0.2 + 0.04)


def test_fused_convolutions_are_taken_apart(trunk: Trunk) -> None:
    image = picture(1)
    whole = imported(trunk.model, [trunk.model.input["name"]], trunk.model.outputs)(image)
    np.testing.assert_allclose(whole, interpret(trunk.model, image, trunk.model.outputs)[0], atol=1e-5)
    assert any(len(unfused(node)) == 3 for node in trunk.model.nodes)
    assert all(unfused(node)[-1]["name"] == node["name"] for node in trunk.model.nodes)
