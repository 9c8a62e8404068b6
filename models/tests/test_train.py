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
from dynconv_models.heatmap_targets import FOREGROUND, heatmap_loss, heatmap_targets
from dynconv_models.hourglass import HourglassConfig
from dynconv_models.networks import Network
from dynconv_models.pckh import decode
from dynconv_models.pose_data.benchmark import Split
from dynconv_models.published import JOINTS
from dynconv_models.train import Run
from dynconv_models.trainer import Progress, Recipe, Trainer, batch_rows, recalibrate

SIZE = 32


def network(dynamic: bool) -> Network:
    config = HourglassConfig(
        stacks=1, features=8, input_size=SIZE, depth=1, expand_ratio=2, dynamic=dynamic, joints=len(JOINTS)
    )
    return Network("tiny", config, 0.5 if dynamic else None)


def dots(count: int) -> Split:
    """Images of one white dot, where all joints are."""
    random = np.random.default_rng(0)
    centre = random.integers(8, SIZE - 8, (count, 2))
    images = np.zeros((count, SIZE, SIZE, 3), np.uint8)
    for image, (x, y) in zip(images, centre, strict=True):
        image[y - 2 : y + 3, x - 2 : x + 3] = 255
    joints = np.repeat(centre[:, None].astype(np.float32) + 0.5, len(JOINTS), axis=1)
    labelled = np.ones((count, len(JOINTS)), bool)
    return Split(images, joints, labelled, labelled, np.full(count, 8, np.float32))


@pytest.fixture
def eagerly() -> Iterator[None]:
    """For a few steps, compiling them is what takes long."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def test_a_short_training_lowers_the_loss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer_module, "PROGRESS_SECONDS", 0)
    losses: list[float] = []
    trainer = Trainer(network(False), Recipe(steps=60, batch=16, learning_rate=1e-2), 0, dots(64), tmp_path, "key")
    trainer.train(lambda progress: losses.append(progress.loss))
    assert len(losses) == 60
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:5])


@pytest.mark.usefixtures("eagerly")
def test_an_interrupted_run_ends_with_the_weights_of_an_uninterrupted_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer_module, "PROGRESS_SECONDS", 0)
    monkeypatch.setattr(trainer_module, "CHECKPOINT_SECONDS", 0)
    data, recipe = dots(6), Recipe(steps=4, batch=2)

    def train(folder: str, stop_after: int | None = None) -> keras.Model:
        def report(progress: Progress) -> None:
            if progress.step == stop_after:
                raise KeyboardInterrupt

        return Trainer(network(True), recipe, 1, data, tmp_path / folder, "key").train(report)

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
    Trainer(network(False), Recipe(steps=2, batch=2), 0, dots(4), tmp_path, "key").train(lambda progress: None)
    assert Trainer(network(False), Recipe(steps=2, batch=2), 0, dots(4), tmp_path, "key").step == 2
    assert Trainer(network(False), Recipe(steps=2, batch=2), 0, dots(4), tmp_path, "other").step == 0


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
    joints = np.random.default_rng(0).uniform(1, SIZE - 1, (1, 16, 2)).astype(np.float32)
    labelled = np.arange(16)[None] != JOINTS.index("left_wrist")
    _, mirrored, still = transform(
        np.zeros((1, SIZE, SIZE, 3), np.float32),
        joints,
        labelled,
        float(SIZE),
        *map(tf.constant, ([True], [1.0], [0.0])),
    )
    left, right = JOINTS.index("left_knee"), JOINTS.index("right_knee")
    np.testing.assert_allclose(mirrored[0, left], [SIZE - joints[0, right, 0], joints[0, right, 1]], rtol=1e-5)
    assert not still[0, JOINTS.index("right_wrist")] and still[0, JOINTS.index("left_wrist")]


@pytest.mark.parametrize(
    ("flip", "scale", "degrees"), [(True, 1.0, 0), (False, 1.25, 0), (False, 1, 30), (True, 0.8, -20)]
)
def test_joints_go_where_their_pixels_go(flip: bool, scale: float, degrees: float) -> None:
    image = np.zeros((1, SIZE, SIZE, 3), np.float32)
    image[0, 10:13, 18:21] = 1
    joints = np.full((1, 16, 2), (19.5, 11.5), np.float32)
    parameters = map(tf.constant, ([flip], [float(scale)], [float(np.radians(degrees))]))
    moved, joints, _ = transform(image, joints, np.ones((1, 16), bool), float(SIZE), *parameters)
    weights = np.asarray(moved)[0, :, :, 0]
    rows, columns = np.indices(weights.shape) + 0.5
    centre = np.array([(columns * weights).sum(), (rows * weights).sum()]) / weights.sum()
    np.testing.assert_allclose(joints[0, 0], centre, atol=0.1)


def test_augmentation_follows_from_the_seed_and_ignores_unlabelled_positions() -> None:
    data = dots(8)
    joints, labelled = data.joints.copy(), data.labelled.copy()
    joints[0, 3], labelled[0, 3] = np.nan, False
    first, again, other = (augment(data.images, joints, labelled, tf.constant([0, step])) for step in (1, 1, 2))
    for one, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, same)
    assert not np.array_equal(first[0], other[0])
    assert np.isfinite(first[1]).all()
    assert not first[2][0, 3] or not first[2][0, MIRRORED_JOINTS[3]]


def test_targets_peak_at_the_joint() -> None:
    joints = np.random.default_rng(0).uniform(4, SIZE - 4, (50, 16, 2)).astype(np.float32)
    cells = SIZE // 4
    targets = heatmap_targets(joints, SIZE, cells).numpy()
    assert np.abs(decode(targets, SIZE) - joints).max() <= 0.25 * 4 + 1e-4
    centred = heatmap_targets(np.full((1, 1, 2), 3.5 * 4, np.float32), SIZE, cells).numpy()
    assert centred[0, 3, 3, 0] == 1
    np.testing.assert_allclose(centred[0, 3, 4, 0], np.exp(-0.5), rtol=1e-6)


def test_the_loss_leaves_unlabelled_joints_out() -> None:
    targets = heatmap_targets(np.full((1, 2, 2), 16.0, np.float32), SIZE, 8)
    wrong_second = tf.stack([targets[..., 0], targets[..., 1] + 5], axis=-1)
    assert float(heatmap_loss(wrong_second, targets, tf.constant([[True, False]]))) == 0
    zeros = heatmap_loss(tf.zeros_like(targets), targets, tf.constant([[True, True]]))
    assert float(zeros) == pytest.approx(np.pi * (1 + FOREGROUND * 2 / 3), rel=1e-2)
    assert float(heatmap_loss(wrong_second, targets, tf.constant([[False, False]]))) == 0


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
    model = network(False).build()
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
    model = network(True).build()
    patterns = float16_patterns(model)
    assert patterns and not any("mask" in pattern for pattern in patterns)


def test_names() -> None:
    assert Network.parse("mobilenetv2-static-w075").config.width == 0.75
    assert Network.parse("mobilenetv2-dynamic-b0125").budget == 0.125
    assert Network.parse("mobilenetv2-dynamic-w150-b0125").config.channels == 72
    assert Network.parse("resnet-dynamic-b025").config.backbone == "resnet-basic"
    for name in ("mobilenetv2-static-w050-seed2", "resnet-dynamic-b025"):
        assert Run.parse(name).name == name
    for name in ("", "vgg-static-w100", "resnet-static-100", "resnet-dynamic-b0", "resnet-static-w000"):
        with pytest.raises(ValueError):
            Run.parse(name)
