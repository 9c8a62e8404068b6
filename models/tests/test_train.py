"""Training: augmentation, targets, the trainer, and what happens to the weights before they are shipped."""

from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from dynconv_models import trainer as trainer_module
from dynconv_models.augment import MIRRORED_JOINTS, augment, normalize, transform
from dynconv_models.folding import float16_patterns, fold_batch_norms, round_to_float16
from dynconv_models.fused_batch_norm import with_fused_batch_norms
from dynconv_models.heatmap_targets import glance_loss, heatmap_loss, heatmap_targets
from dynconv_models.hourglass import HourglassConfig
from dynconv_models.networks import Network
from dynconv_models.pckh import decode
from dynconv_models.pose_data import MARGIN, Split
from dynconv_models.published import JOINTS
from dynconv_models.recipe import Phase, Stage, recipe
from dynconv_models.train import Run
from dynconv_models.trainer import Progress, Trainer, batch_rows, recalibrate, take_over
from dynconv_models.trunk import Trunk, read_trunk, write_trunk

SIZE = 32
STORED = round(SIZE * MARGIN)


def network(dynamic: bool) -> Network:
    config = HourglassConfig(
        stacks=1,
        features=8,
        input_size=SIZE,
        depth=1,
        expand_ratio=2,
        dynamic=dynamic,
        mask_context="glance",
        smallest_mask=4,
        joints=len(JOINTS),
    )
    return Network("tiny", config, 0.5 if dynamic else None)


def phase(steps: int, batch: int, learning_rate: float = 4e-3, stacks: int = 1) -> Phase:
    return Phase((Stage(stacks, SIZE, steps),), decay=steps, batch=batch, learning_rate=learning_rate, warm_up=3)


def dots(count: int) -> Split:
    """Images of one white dot, where all joints are."""
    random = np.random.default_rng(0)
    centre = random.integers(16, STORED - 16, (count, 2))
    images = np.zeros((count, STORED, STORED, 3), np.uint8)
    for image, (x, y) in zip(images, centre, strict=True):
        image[y - 2 : y + 3, x - 2 : x + 3] = 255
    joints = np.repeat(centre[:, None].astype(np.float32) + 0.5, len(JOINTS), axis=1)
    labelled = np.ones((count, len(JOINTS)), bool)
    return Split(images, joints, labelled, np.full(count, 8, np.float32), MARGIN)


@pytest.fixture
def eagerly() -> Iterator[None]:
    """For a few steps, compiling them is what takes long."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def test_a_short_training_lowers_the_loss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer_module, "PROGRESS_SECONDS", 0)
    losses: list[float] = []
    trainer = Trainer(network(False), phase(60, 16, 1e-2), 0, dots(64), tmp_path, "key")
    trainer.train(lambda progress: losses.append(progress.loss))
    assert len(losses) == 60
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:5])


@pytest.mark.usefixtures("eagerly")
def test_an_interrupted_run_ends_with_the_weights_of_an_uninterrupted_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer_module, "PROGRESS_SECONDS", 0)
    monkeypatch.setattr(trainer_module, "CHECKPOINT_SECONDS", 0)
    data, plan = dots(6), phase(4, 2)

    def train(folder: str, stop_after: int | None = None) -> keras.Model:
        def report(progress: Progress) -> None:
            if progress.step == stop_after:
                raise KeyboardInterrupt

        return Trainer(network(True), plan, 1, data, tmp_path / folder, "key").train(report)

    whole = train("whole").get_weights()
    with pytest.raises(KeyboardInterrupt):
        train("parts", stop_after=2)
    parts = train("parts").get_weights()
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.usefixtures("eagerly")
def test_a_checkpoint_of_another_configuration_is_not_continued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer_module, "CHECKPOINT_SECONDS", 0)
    Trainer(network(False), phase(2, 2), 0, dots(4), tmp_path, "key").train(lambda progress: None)
    assert Trainer(network(False), phase(2, 2), 0, dots(4), tmp_path, "key").step == 2
    assert Trainer(network(False), phase(2, 2), 0, dots(4), tmp_path, "other").step == 0


def test_a_trunk_is_read_as_it_was_written_and_by_its_own_configuration_only(tmp_path: Path) -> None:
    static, plan, file = network(False), phase(1, 2), tmp_path / "trunks" / "tiny.npz"
    keras.utils.set_random_seed(0)
    model = static.build(1, SIZE)
    write_trunk(Trunk(model, 7.0), file, "key")
    read = read_trunk(file, "key", static, plan)
    assert read is not None and read.seconds == 7.0
    for written, weight in zip(model.get_weights(), read.model.get_weights(), strict=True):
        np.testing.assert_allclose(weight, written, rtol=1e-3)
    assert read_trunk(file, "other", static, plan) is None
    assert read_trunk(tmp_path / "none.npz", "key", static, plan) is None
    first = model.get_weights()
    model.set_weights([np.full_like(first[0], 1e6), *first[1:]])
    with pytest.raises(ValueError, match="beyond float16"):
        write_trunk(Trunk(model, 7.0), file, "key")


def test_an_epoch_shows_every_image_once_whatever_the_batch() -> None:
    rows = np.concatenate([batch_rows(step, batch=7, count=10, seed=3) for step in range(10)])
    epochs = rows.reshape(7, 10)
    assert (np.sort(epochs, axis=1) == np.arange(10)).all()
    assert len({tuple(epoch) for epoch in epochs}) == 7


def test_mirroring_swaps_left_and_right() -> None:
    for joint, mirrored in enumerate(MIRRORED_JOINTS):
        sides = {"right": "left", "left": "right"}
        side, _, rest = JOINTS[joint].partition("_")
        assert JOINTS[mirrored] == (f"{sides[side]}_{rest}" if side in sides else JOINTS[joint])
    margin = (STORED - SIZE) // 2
    joints = np.random.default_rng(0).uniform(margin + 1, margin + SIZE - 1, (1, 16, 2)).astype(np.float32)
    labelled = np.arange(16)[None] != JOINTS.index("left_wrist")
    _, mirrored, still = transform(
        np.zeros((1, STORED, STORED, 3), np.float32),
        joints,
        labelled,
        SIZE,
        *map(tf.constant, ([True], [MARGIN], [0.0], [[0.0, 0.0]])),
    )
    left, right = JOINTS.index("left_knee"), JOINTS.index("right_knee")
    x, y = joints[0, right] - margin
    np.testing.assert_allclose(mirrored[0, left], [SIZE - x, y], rtol=1e-4)
    assert not still[0, JOINTS.index("right_wrist")] and still[0, JOINTS.index("left_wrist")]


@pytest.mark.parametrize(
    ("flip", "scale", "degrees", "shift", "size"),
    [
        (True, 1.0, 0, (0, 0), 32),
        (False, 1.25, 0, (2, -3), 32),
        (False, 1, 30, (0, 0), 32),
        (True, 0.8, -20, (1, 2), 32),
        (True, 1.1, 10, (1, 2), 40),
    ],
)
def test_joints_go_where_their_pixels_go(
    flip: bool, scale: float, degrees: float, shift: tuple[float, float], size: int
) -> None:
    image = np.zeros((1, STORED, STORED, 3), np.float32)
    image[0, 18:21, 26:29] = 1
    joints = np.full((1, 16, 2), (27.5, 19.5), np.float32)
    parameters = map(tf.constant, ([flip], [MARGIN * scale], [float(np.radians(degrees))], [list(map(float, shift))]))
    moved, joints, _ = transform(image, joints, np.ones((1, 16), bool), size, *parameters)
    assert moved.shape == (1, size, size, 3)
    weights = np.asarray(moved)[0, :, :, 0]
    rows, columns = np.indices(weights.shape) + 0.5
    centre = np.array([(columns * weights).sum(), (rows * weights).sum()]) / weights.sum()
    np.testing.assert_allclose(joints[0, 0], centre, atol=0.1)


def test_augmentation_follows_from_the_seed_and_ignores_unlabelled_positions() -> None:
    data = dots(8)
    joints, labelled = data.joints.copy(), data.labelled.copy()
    joints[0, 3], labelled[0, 3] = np.nan, False
    first, again, other = (
        augment(data.images, joints, labelled, SIZE, MARGIN, tf.constant([0, step])) for step in (1, 1, 2)
    )
    for one, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, same)
    assert not np.array_equal(first[0], other[0])
    assert np.isfinite(first[1]).all()
    assert not first[2][0, 3] or not first[2][0, MIRRORED_JOINTS[3]]


def test_targets_peak_at_the_joint() -> None:
    # At the border, decoding feels what is cut off of a peak.
    joints = np.random.default_rng(0).uniform(10, 4 * SIZE - 10, (50, 16, 2)).astype(np.float32)
    targets = heatmap_targets(joints, 4 * SIZE, SIZE).numpy()
    assert np.abs(decode(targets, 4 * SIZE) - joints).max() <= 0.25 * 4 + 1e-4
    cells = SIZE // 4
    centred = heatmap_targets(np.full((1, 1, 2), 3.5 * 4, np.float32), SIZE, cells).numpy()
    assert centred[0, 3, 3, 0] == 1
    np.testing.assert_allclose(centred[0, 3, 4, 0], np.exp(-0.5), rtol=1e-6)


def test_the_loss_leaves_unlabelled_joints_out_and_is_least_at_the_target() -> None:
    targets = heatmap_targets(np.full((1, 2, 2), 16.0, np.float32), SIZE, 8)
    both, one = tf.constant([[True, True]]), tf.constant([[True, False]])
    wrong_second = tf.stack([targets[..., 0], tf.roll(targets[..., 1], 3, axis=1)], axis=-1)
    right = float(heatmap_loss(targets, targets, both))
    assert float(heatmap_loss(wrong_second, targets, one)) == pytest.approx(right, rel=1e-6)
    assert float(heatmap_loss(wrong_second, targets, both)) > right + 1
    assert float(heatmap_loss(tf.zeros_like(targets), targets, both)) > right + 1
    assert float(heatmap_loss(wrong_second, targets, tf.constant([[False, False]]))) == 0


def test_a_glance_is_wanted_near_labelled_joints() -> None:
    joints = tf.constant([[[4.0, 4.0], [28.0, 28.0]]])
    glance = np.full((1, 4, 4, 1), -9.0, np.float32)
    glance[0, :2, 0] = glance[0, 0, 1] = 9  # Its own cell, and its neighbours.
    assert float(glance_loss(glance, joints, tf.constant([[True, False]]), SIZE)) < 0.01
    assert float(glance_loss(glance, joints, tf.constant([[True, True]]), SIZE)) > 0.1


def test_a_stack_starts_as_the_one_before_and_a_dynamic_network_as_the_static_one() -> None:
    keras.utils.set_random_seed(0)
    static, dynamic = network(False), network(True)
    x = np.random.default_rng(0).normal(size=(2, SIZE, SIZE, 3)).astype(np.float32)
    one = static.build(1, SIZE)
    two = static.build(2, SIZE, all_stacks=True)
    take_over(one, two)
    for heatmaps in two(x):
        np.testing.assert_allclose(heatmaps, one(x), rtol=1e-5, atol=1e-5)
    masked = dynamic.build(1, SIZE)
    for layer in masked.layers:
        if layer.name.endswith("_mask"):
            layer.conv.bias.assign([100.0])
    take_over(one, masked)
    np.testing.assert_allclose(masked(x), one(x), rtol=1e-5, atol=1e-5)


def test_stages_follow_one_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer_module, "PROGRESS_SECONDS", 0)
    plan = Phase((Stage(1, SIZE, 2), Stage(2, 48, 2)), decay=2, batch=2, warm_up=2)
    assert [plan.stage_at(step) for step in range(4)] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    np.testing.assert_allclose([plan.rate_at(step) / 4e-3 for step in range(4)], [0.5, 1, 0.5, 0.5])

    def report(progress: Progress) -> None:
        if progress.step == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(trainer_module, "CHECKPOINT_SECONDS", 0)
    with pytest.raises(KeyboardInterrupt):
        Trainer(network(False), plan, 0, dots(4), tmp_path, "key").train(report)
    resumed = Trainer(network(False), plan, 0, dots(4), tmp_path, "key")
    assert resumed.step == 3
    assert resumed.train(lambda progress: None).output_shape == (None, 12, 12, 16)


def test_small_budgets_weigh_more() -> None:
    weights = [phase(10, 4).weight_of_budget(budget) for budget in (1.0, 0.5, 0.25, 0.125)]
    assert weights == [60, 60, 60, 480]


def test_a_falling_budget_reaches_the_trained_network(tmp_path: Path) -> None:
    trainer = Trainer(network(True), phase(2, 2), 0, dots(4), tmp_path, "key", network(False).build(1, SIZE))
    trainer.train(lambda progress: None)
    assert recipe().steps == recipe().trunk.steps + recipe().last.steps == 20_000
    assert recipe().last.before == recipe().trunk.steps


def test_fused_batch_normalization_trains_as_keras_does() -> None:
    keras.utils.set_random_seed(0)
    image = keras.Input((6, 6, 3))
    model = keras.Model(image, keras.layers.BatchNormalization(momentum=0.5)(image))
    fused = with_fused_batch_norms(model)
    x = np.random.default_rng(0).normal(2, 3, (40, 6, 6, 3)).astype(np.float32)
    np.testing.assert_allclose(fused(x, training=True), model(x, training=True), atol=1e-4)
    for one, other in zip(fused.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-3)
    np.testing.assert_allclose(fused(x, training=False), model(x, training=False), atol=5e-3)


def test_recalibration_averages_over_the_images() -> None:
    image = keras.Input((4, 4, 3))
    model = keras.Model(image, keras.layers.BatchNormalization(momentum=0.9)(image))
    images = np.random.default_rng(0).integers(0, 256, (6, 4, 4, 3), dtype=np.uint8)
    recalibrate(model, images, batch=2)
    mean = normalize(images.astype(np.float32) / 255).numpy().mean((0, 1, 2))
    np.testing.assert_allclose(model.layers[1].moving_mean, mean, rtol=1e-4)
    assert model.layers[1].momentum == 0.9


def test_folding_changes_no_result_and_leaves_nothing_to_fold() -> None:
    keras.utils.set_random_seed(0)
    model = network(False).build(1, SIZE)
    x = np.random.default_rng(0).normal(size=(4, SIZE, SIZE, 3)).astype(np.float32)
    for _ in range(5):
        model(x, training=True)
    before = model(x).numpy()
    fold_batch_norms(model)
    np.testing.assert_allclose(model(x), before, rtol=1e-3, atol=1e-3 * np.abs(before).max())
    round_to_float16(model)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            scale = layer.gamma.numpy() / np.sqrt(layer.moving_variance.numpy() + np.float32(layer.epsilon))
            assert (scale == 1).all() and not layer.moving_mean.numpy().any()
        for weight in layer.trainable_weights:
            assert np.array_equal(weight.numpy().astype(np.float16), weight.numpy())


def test_mask_units_keep_their_precision() -> None:
    model = network(True).build(1, SIZE)
    patterns = float16_patterns(model)
    assert patterns and not any("mask" in pattern for pattern in patterns)


def test_names() -> None:
    assert Network.parse("mobilenetv2-static-w075").config.width == 0.75
    assert Network.parse("mobilenetv2-dynamic-b0125").budget == 0.125
    assert Network.parse("mobilenetv2-dynamic-w150-b0125").config.channels == 72
    assert Network.parse("resnet-dynamic-b025").config.backbone == "resnet-basic"
    assert Network.parse("resnet-dynamic-w150-b025").static.name == "resnet-static-w150"
    pruned = Network.parse("mobilenetv2-static-w100-without2")
    assert pruned.config.without == ("stack1_residual", "stack1_level3_up") and pruned.static is pruned
    for name in ("mobilenetv2-static-w050-seed2", "resnet-dynamic-b025"):
        assert Run.parse(name).name == name
    for name in (
        "",
        "vgg-static-w100",
        "resnet-static-100",
        "resnet-dynamic-b0",
        "resnet-static-w000",
        "resnet-static-w100-without9",
    ):
        with pytest.raises(ValueError):
            Run.parse(name)
