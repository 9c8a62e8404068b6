"""Training in PyTorch: jobs, and that a step computes what a step in Keras computes.

What needs PyTorch runs where it is installed; no other test needs it.
"""

import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from dynconv_models.budget import BudgetLoss, masks_of
from dynconv_models.heatmap_targets import glance_loss, heatmap_loss, heatmap_targets
from dynconv_models.hourglass import GLANCE_MAP
from dynconv_models.layers import set_noise_scale
from dynconv_models.networks import Network
from dynconv_models.recipe import Recipe, recipe
from dynconv_models.train import Run
from dynconv_models.trainer import batch_rows, start_calmly, take_over
from torch_trainer.job import Job, Weights, read_jobs, write_jobs
from torch_trainer.prepare import prepare, program, weights_of
from torch_trainer.weights import take_over as take_over_weights

SIZE = 64


def short() -> Recipe:
    """Two steps a stage."""
    plan = recipe(2, 2, 2, 2)

    def small(size: int, stages: Any) -> Any:
        return tuple(dataclasses.replace(stage, size=size) for stage in stages)

    trunk = dataclasses.replace(plan.trunk, stages=small(SIZE, plan.trunk.stages), batch=2)
    return Recipe(trunk, dataclasses.replace(plan.last, stages=small(SIZE, plan.last.stages), batch=2))


def tiny(backbone: Any, budget: float | None) -> Network:
    config = dataclasses.replace(
        Network.parse("resnet-dynamic-b025").config,
        backbone=backbone,
        features=8,
        input_size=SIZE,
        depth=2,
        smallest_mask=8,
        dynamic=budget is not None,
    )
    return Network("resnet-dynamic-b025" if budget else "resnet-static-w100", config, budget)


def in_float32(weights: Weights) -> Weights:
    return {name: [array.astype(np.float32) for array in arrays] for name, arrays in weights.items()}


def test_a_job_is_read_as_it_was_written(tmp_path: Path) -> None:
    names = ("mobilenetv2-dynamic-b0125-seed1", "resnet-static-w050")
    jobs = [prepare(Run.parse(name), short(), {}, None) for name in names]
    write_jobs(tmp_path / "jobs.npz", jobs)

    def plain(value: Any) -> Any:
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        if isinstance(value, dict):
            return {key: plain(one) for key, one in value.items()}
        return [plain(one) for one in value] if isinstance(value, list | tuple | np.ndarray) else value

    assert plain(read_jobs(tmp_path / "jobs.npz")) == plain(jobs)


def test_a_job_says_what_the_recipe_says() -> None:
    plan = short()
    run = Run.parse("mobilenetv2-dynamic-b0125-seed1")
    job = prepare(run, plan, {}, None)
    assert (job.name, job.trunk_of, job.seed) == (run.name, "mobilenetv2-static-w100-seed1", 1)
    np.testing.assert_allclose(job.last.rates, [plan.last.rate_at(step) for step in range(4)])
    np.testing.assert_allclose(job.last.targets[:, 0], [1, 0.5625, 0.125, 0.125])
    assert (job.trunk.targets == 1).all() and not job.trunk.blocks
    assert sum(block.kept + block.dilated for block in job.last.blocks) == pytest.approx(1)
    # Of an inverted residual block, the expansion is needed at the neighbours of a mask's pixels.
    assert all(0 < block.dilated < block.kept for block in job.last.blocks)


@pytest.mark.parametrize("stacks", [1, 2])
def test_networks_take_over_the_weights_that_keras_takes_over(stacks: int) -> None:
    keras.utils.set_random_seed(3)
    static, dynamic = tiny("resnet-basic", None), tiny("resnet-basic", 0.25)
    one = static.build(stacks, SIZE, all_stacks=True)
    for network in (static, dynamic):
        two = network.build(stacks + 1, SIZE, all_stacks=True)
        start_calmly(two)
        described = program(two, weights_of(one))
        take_over(one, two)
        taken = take_over_weights(weights_of(one), described)
        assert taken.keys() == weights_of(two).keys()
        for name, weights in weights_of(two).items():
            for weight, other in zip(weights, taken[name], strict=True):
                np.testing.assert_allclose(other, weight, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(
    ("backbone", "budget"), [("resnet-basic", 0.25), ("mobilenetv2", 0.125), ("resnet-basic", None)]
)
def test_a_step_has_the_loss_and_the_gradients_that_keras_has(backbone: Any, budget: float | None) -> None:
    torch = pytest.importorskip("torch")
    from torch_trainer import graph, losses
    from torch_trainer.trainer import mask_sizes

    random = np.random.default_rng(0)
    keras.utils.set_random_seed(1)
    network = tiny(backbone, budget)
    model = network.build(2, SIZE, all_stacks=True)
    for layer in model.layers:
        if layer.name.endswith("_mask"):
            layer.conv.kernel.assign(random.normal(size=layer.conv.kernel.shape))
            layer.conv.bias.assign([0.1])
    images = random.normal(size=(3, SIZE, SIZE, 3)).astype(np.float32)
    joints = random.uniform(0, SIZE, (3, 16, 2)).astype(np.float32)
    labelled = random.random((3, 16)) < 0.8
    phase, progress = short().last, 0.6
    set_noise_scale(model, 0)
    criterion = BudgetLoss(model, budget, phase.bounded, phase.fall) if budget else None
    with tf.GradientTape() as tape:
        outputs, masks = masks_of(model)(images, training=True)
        targets = heatmap_targets(joints, SIZE, SIZE // 4)
        total = tf.add_n([heatmap_loss(heatmaps, targets, labelled) for heatmaps in outputs])
        if criterion:
            glance = keras.Model(model.input, model.get_layer(GLANCE_MAP).output)(images, training=True)
            terms = criterion(masks, progress)
            total += glance_loss(glance, joints, labelled, SIZE)
            total += phase.weight_of_budget(budget) * terms.network_loss + phase.budget_weight * terms.block_loss
    paths = [variable.path for variable in model.trainable_variables]
    wanted = dict(zip(paths, tape.gradient(total, model.trainable_variables), strict=True))

    job = prepare(Run(network), short(), {}, None)
    described = program(model)
    described = dataclasses.replace(described, fresh=in_float32(weights_of(model)))
    parameters = graph.Parameters(described, described.fresh, torch.device("cpu"))
    noises = {name: torch.zeros(3, 1, side, side) for name, side in mask_sizes(described, SIZE).items()}
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
    scores, glance, masks = graph.run(described, parameters, pixels, noises)
    places, known, constants = torch.from_numpy(joints), torch.from_numpy(labelled), job.constants
    targets = losses.heatmap_targets(places, SIZE, SIZE // 4, constants["sigma"])
    loss = sum(losses.heatmap_loss(heatmaps, targets, known, constants) for heatmaps in scores)
    if criterion:
        bounds = torch.tensor([float(value) for value in (criterion.target_at(progress), *criterion.bounds(progress))])
        apart, block, executed = losses.budget_losses(masks, job.last.blocks, bounds)
        loss += losses.glance_loss(glance, places, known, SIZE, constants)
        loss += job.last.network_weight * apart + job.last.block_weight * block
        assert 0.1 < float(executed.detach()) < 0.95
        assert float(executed.detach()) == pytest.approx(float(terms.executed_fraction), rel=1e-5)
    assert float(loss.detach()) == pytest.approx(float(total), rel=1e-4)
    found = iter(torch.autograd.grad(loss, parameters.leaves))
    by_name = {operation.name: operation for operation in described.operations}
    for name, leaves in parameters.by_layer.items():
        for variable in model.get_layer(name).trainable_variables[: len(leaves)]:
            gradient = next(found)
            expected = np.asarray(wanted[variable.path])
            difference = graph.to_keras(by_name[name], gradient).numpy() - expected
            assert np.linalg.norm(difference) <= 1e-2 * np.linalg.norm(expected) + 1e-3, variable.path


def test_pictures_are_changed_as_tensorflow_changes_them() -> None:
    torch = pytest.importorskip("torch")
    from dynconv_models.augment import MIRRORED_JOINTS, transform
    from torch_trainer import pictures

    random = np.random.default_rng(0)
    rough = random.integers(0, 255, (3, 6, 6, 3)).astype(np.float32)
    images = np.asarray(tf.image.resize(rough, (48, 48))).astype(np.uint8)
    joints = random.uniform(5, 43, (3, 16, 2)).astype(np.float32)
    labelled = random.random((3, 16)) < 0.8
    arguments = (
        np.array([True, False, True]),
        np.array([1.5, 1.2, 1.8], np.float32),
        np.array([0, 0.4, -0.5], np.float32),
        random.normal(size=(3, 2)).astype(np.float32),
    )
    wanted = transform(images, joints * labelled[:, :, None], labelled, 32, *map(tf.constant, arguments))
    tensors = [torch.from_numpy(array) for array in (images, joints, labelled)]
    mirrored = torch.tensor(MIRRORED_JOINTS)
    found = pictures.transform(*tensors, 32, *(torch.from_numpy(array) for array in arguments), mirrored)
    # TensorFlow cuts the colours down to integers.
    np.testing.assert_allclose(found[0].permute(0, 2, 3, 1).numpy() * 255 - 0.5, wanted[0], atol=0.51)
    np.testing.assert_allclose(found[1], wanted[1], atol=1e-3)
    np.testing.assert_array_equal(found[2], wanted[2])


def test_weights_are_updated_as_keras_updates_them() -> None:
    torch = pytest.importorskip("torch")
    from torch_trainer.trainer import AdamW

    random = np.random.default_rng(0)
    start = random.normal(size=50).astype(np.float32)
    variable = keras.Variable(start, name="kernel")
    reference = keras.optimizers.AdamW(4e-3, 1e-2, global_clipnorm=1.0)
    reference.build([variable])
    flat = torch.from_numpy(start.copy())
    optimizer = AdamW(flat, torch.ones(50), 1.0)
    rates = np.array([4e-3 * min(1, (step + 1) / 10) for step in range(30)])
    for step, (rate, corrected) in enumerate(zip(rates, AdamW.corrected(rates), strict=True)):
        gradient = (random.normal(size=50) * (1 if step % 2 else 0.01)).astype(np.float32)
        reference.learning_rate.assign(rate)
        reference.apply([gradient], [variable])
        optimizer.update(torch.from_numpy(gradient), torch.tensor(corrected), torch.tensor(1 - 1e-2 * rate))
    np.testing.assert_allclose(flat, variable.numpy(), atol=1e-5)


def test_jobs_train_and_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    from torch_trainer import collect, side_by_side
    from torch_trainer.side_by_side import run_all
    from torch_trainer.trainer import batch_rows as rows

    np.testing.assert_array_equal(rows(5, 3, 4, 10, 1), [batch_rows(step, 4, 10, 1) for step in (5, 6, 7)])
    random = np.random.default_rng(0)
    np.save(tmp_path / "train-images.npy", random.integers(0, 255, (8, 96, 96, 3)).astype(np.uint8))
    np.save(tmp_path / "train-joints.npy", random.uniform(20, 70, (8, 16, 2)).astype(np.float32))
    np.save(tmp_path / "train-labelled.npy", np.ones((8, 16), bool))
    (tmp_path / "benchmark.json").write_text('{"trainSize": 96, "size": 64}')
    networks = [Run(tiny("resnet-basic", None)), Run(tiny("resnet-basic", 0.25))]
    monkeypatch.setattr(Network, "static", property(lambda self: tiny("resnet-basic", None)))
    jobs: list[Job] = [prepare(run, short(), {}, None) for run in networks]
    seen: list[tuple[str, ...]] = []
    run_all(jobs, tmp_path, tmp_path / "out", 2, lambda names, *_: seen.append(tuple(names)))
    assert [*dict.fromkeys(seen)] == [("trunk-resnet-static-w100",), ("resnet-static-w100", "resnet-dynamic-b025")]
    assert side_by_side.load_pictures(tmp_path, torch.device("cpu")).margin == 1.5
    monkeypatch.setattr(collect, "central", lambda split, size: split)
    monkeypatch.setattr(collect, "first", lambda split, count: split)
    images = type("Pictures", (), {"images": random.integers(0, 255, (4, SIZE, SIZE, 3)).astype(np.uint8)})()
    stage = short().last.stages[-1]
    for run, job in zip(networks, jobs, strict=True):
        file = tmp_path / "out" / f"{run.name}.npz"
        model, about = collect.restore(file, job.key, run, stage, images)
        assert about["device"] == "CPU" and model.output_shape == (None, 16, 16, 16)
        with pytest.raises(ValueError, match="another recipe"):
            collect.restore(file, "other", run, stage, images)
    with pytest.raises(ValueError, match="holds other weights"):
        collect.restore(tmp_path / "out" / "resnet-static-w100.npz", jobs[0].key, networks[1], stage, images)
    # What is finished is not trained again; what is of another configuration is.
    seen.clear()
    run_all(jobs, tmp_path, tmp_path / "out", 2, lambda names, *_: seen.append(tuple(names)))
    assert not seen
    other = dataclasses.replace(jobs[1], key="other")
    run_all([jobs[0], other], tmp_path, tmp_path / "out", 2, lambda names, *_: seen.append(tuple(names)))
    assert {*seen} == {("resnet-dynamic-b025",)}
