"""The budget loss, and the counts that it and the evaluation rest on."""

import dataclasses
import math
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray

from dynconv_models import (
    BudgetLoss,
    BudgetSchedule,
    HourglassConfig,
    MaskUnit,
    executed_macs,
    hourglass,
    masks_of,
    noise_scale,
    with_budget,
)
from dynconv_models.blocks import Block, MaskConfig, inverted_residual, resnet_basic, resnet_bottleneck
from dynconv_models.complexity import complexity
from dynconv_models.masked_blocks import Window, dilate, masked_blocks

SMALL = HourglassConfig(stacks=1, features=16, input_size=32, depth=1)


def random_mask(seed: int, *shape: int) -> NDArray[Any]:
    """Random zeros and ones, as float32; their density is random, too."""
    random = np.random.default_rng(seed)
    return (random.random(shape) < random.random()).astype(np.float32)


def neighbourhood(mask: NDArray[Any], stride: int) -> NDArray[Any]:
    """Where a 3x3 convolution with padding "same" reads for a mask [N, H, W, 1]: loops over every pixel and tap."""
    count, height, width, _ = mask.shape
    rows, columns = height * stride, width * stride
    first = 1 if stride == 1 else 0  # TensorFlow pads an even size at the end only.
    needed = np.zeros((count, rows, columns, 1))
    for n, i, j in np.argwhere(mask[..., 0]):
        for a in range(3):
            for b in range(3):
                row, column = i * stride + a - first, j * stride + b - first
                if 0 <= row < rows and 0 <= column < columns:
                    needed[n, row, column] = 1
    return needed


def one_block(block: Block, strides: int) -> keras.Model:
    image = keras.Input((8, 12, 8))
    return keras.Model(image, block(image, 8 * strides, "block", strides=strides, make_mask=MaskConfig().make_mask))


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("seed", range(12))
def test_dilation_is_where_a_convolution_reads(padding: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    size, strides = tuple(random.integers(1, 6, 2).tolist()), tuple(random.integers(1, 4, 2).tolist())
    inputs = tuple(random.integers(7, 13, 2).tolist())
    kernel = tf.ones((*size, 1, 1))
    outputs = tf.nn.conv2d(tf.zeros((2, *inputs, 1)), kernel, strides, padding.upper()).shape
    mask = random_mask(seed, *outputs)
    reads = tf.nn.conv2d_transpose(mask, kernel, (2, *inputs, 1), strides, padding.upper())
    np.testing.assert_array_equal(dilate(mask, Window(size, strides, padding, inputs)), np.asarray(reads) > 0)


@pytest.mark.parametrize("density", [0.02, 0.1, 0.5])
def test_gradient_of_a_dilation_is_the_difference_that_a_pixel_makes(density: float) -> None:
    window = Window((3, 3), (2, 2), "same", (10, 12))
    mask = (np.random.default_rng(0).random((1, 5, 6, 1)) < density).astype(np.float32)
    variable = tf.Variable(mask)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(dilate(variable, window))
    gradient = np.asarray(tape.gradient(total, variable))
    for index in np.ndindex(mask.shape):
        kept, dropped = mask.copy(), mask.copy()
        kept[index], dropped[index] = 1, 0
        assert gradient[index] == np.sum(dilate(kept, window)) - np.sum(dilate(dropped, window))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("block", "strides", "at_neighbours", "at_mask", "reading_stride"),
    # Multiply-accumulates of one pixel: of the first convolution, which the 3x3 one reads, and of those behind it.
    [
        (inverted_residual, 1, 8 * 48, 9 * 48 + 48 * 8, 1),
        (resnet_basic, 1, 9 * 8 * 8, 9 * 8 * 8, 1),
        (resnet_basic, 2, 9 * 8 * 16, 9 * 16 * 16, 1),
        (resnet_bottleneck, 1, 8 * 4, 9 * 4 * 4 + 4 * 8, 1),
        (resnet_bottleneck, 2, 8 * 8, 9 * 8 * 8 + 8 * 16, 2),
    ],
)
def test_executed_macs_of_a_block_are_those_of_loops(
    block: Block, strides: int, at_neighbours: int, at_mask: int, reading_stride: int, seed: int
) -> None:
    mask = random_mask(seed, 3, 8 // strides, 12 // strides, 1)
    reads = neighbourhood(mask, reading_stride)
    executed = at_neighbours * reads.sum() + at_mask * mask.astype(np.float64).sum()
    total = at_neighbours * reads.size + at_mask * mask.size
    (found,) = masked_blocks(one_block(block, strides))
    assert found.macs == total // 3
    assert float(found.executed_fraction(mask)) == pytest.approx(executed / total, rel=1e-6)


@pytest.mark.parametrize("progress", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_loss_is_that_of_a_loop_in_double_precision(seed: int, progress: float) -> None:
    target, annealing = 0.4, 0.5
    model = hourglass(dataclasses.replace(SMALL, input_size=16 + 8 * seed))
    units = [layer for layer in model.layers if isinstance(layer, MaskUnit)]
    masks = {unit.name: random_mask(10 * seed + i, 2, *unit.output.shape[1:]) for i, unit in enumerate(units)}
    terms = BudgetLoss(model, target, annealing)(masks, progress)

    tightness = math.cos(math.pi / 2 * min(progress / annealing, 1)) ** 2
    lower, upper = tightness * target, 1 - tightness * (1 - target)
    executed, total, block_loss = 0.0, 0.0, 0.0
    for name, mask in masks.items():
        block_executed = 16 * 96 * neighbourhood(mask, 1).sum() + (9 * 96 + 96 * 16) * mask.astype(np.float64).sum()
        block_total = (16 * 96 + 9 * 96 + 96 * 16) * mask.size
        fraction = block_executed / block_total
        assert float(terms.per_block[name]) == pytest.approx(fraction, rel=1e-5)
        block_loss += (max(0, fraction - upper) ** 2 + max(0, lower - fraction) ** 2) / len(masks)
        executed, total = executed + block_executed, total + block_total
    assert float(terms.executed_fraction) == pytest.approx(executed / total, rel=1e-5)
    assert float(terms.network_loss) == pytest.approx((executed / total - target) ** 2, rel=1e-4, abs=1e-9)
    assert float(terms.block_loss) == pytest.approx(block_loss, rel=1e-4, abs=1e-9)
    assert float(terms.loss) == pytest.approx((executed / total - target) ** 2 + block_loss, rel=1e-4, abs=1e-9)


def test_bounds_start_at_the_target_and_open() -> None:
    budget = BudgetLoss(one_block(resnet_basic, 1), 0.25, annealing=0.5)
    for progress, lower, upper in [(0, 0.25, 0.25), (0.25, 0.125, 0.625), (0.5, 0, 1), (1, 0, 1)]:
        np.testing.assert_allclose(budget.bounds(progress), (lower, upper), atol=1e-6)


@pytest.mark.parametrize("arguments", [(0.0,), (1.5,), (0.5, 0.0), (0.5, 2.0)])
def test_shares_out_of_range_are_refused(arguments: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="target" if len(arguments) == 1 else "annealing"):
        BudgetLoss(one_block(resnet_basic, 1), *arguments)


def test_static_models_and_missing_masks_are_refused() -> None:
    with pytest.raises(ValueError, match="no mask units"):
        BudgetLoss(hourglass(dataclasses.replace(SMALL, dynamic=False)), 0.5)
    with pytest.raises(ValueError, match="no mask for block_mask"):
        BudgetLoss(one_block(resnet_basic, 1), 0.5)({})


def test_layers_that_others_read_are_not_behind_the_mask() -> None:
    image = keras.Input((8, 8, 4))
    shared = layers.Conv2D(4, 3, padding="same", name="shared")(image)
    own = layers.Conv2D(4, 3, padding="same", name="own")(shared)
    pooled = layers.AveragePooling2D(3, strides=1, padding="same", name="pooled")(own)
    both = layers.Add()(
        [layers.Conv2D(4, 1, name="left")(pooled), layers.Conv2D(4, 3, padding="same", name="right")(own)]
    )
    out = layers.Add()([shared, layers.Multiply()([MaskUnit(name="mask")(image), both])])
    (block,) = masked_blocks(keras.Model(image, out))
    assert {layer.name for layer in block.layers if layer.macs} == {"own", "left", "right"}
    mask = random_mask(1, 1, 8, 8, 1)
    macs = {"own": 4 * (9 * 4 + 1), "left": 4 * (4 + 1), "right": 4 * (9 * 4 + 1)}
    executed = macs["own"] * neighbourhood(mask, 1).sum() + (macs["left"] + macs["right"]) * mask.sum()
    assert float(block.executed_fraction(mask)) == pytest.approx(executed / (64 * sum(macs.values())), rel=1e-5)


def test_what_cannot_be_counted_is_refused() -> None:
    image = keras.Input((8, 8, 4))
    mask = MaskUnit(name="mask")(image)
    with pytest.raises(ValueError, match="not UpSampling2D"):
        y = layers.UpSampling2D()(layers.Conv2D(4, 3, strides=2, padding="same")(image))
        masked_blocks(keras.Model(image, layers.Multiply()([y, mask])))
    with pytest.raises(ValueError, match="must not be dilated"):
        y = layers.Conv2D(4, 3, dilation_rate=2, padding="same")(image)
        masked_blocks(keras.Model(image, layers.Multiply()([y, mask])))
    with pytest.raises(ValueError, match="skips none"):
        masked_blocks(keras.Model(image, layers.Multiply()([image, mask])))


def test_masks_of_returns_the_outputs_and_the_masks() -> None:
    keras.utils.set_random_seed(0)
    model = hourglass(SMALL)
    images = np.random.default_rng(0).standard_normal((2, 32, 32, 3)).astype(np.float32)
    outputs, masks = masks_of(model)(images)
    np.testing.assert_array_equal(np.asarray(outputs), np.asarray(model(images)))
    units = [layer for layer in model.layers if isinstance(layer, MaskUnit)]
    assert set(masks) == {unit.name for unit in units}
    for unit in units:
        mask = np.asarray(masks[unit.name])
        assert mask.shape == (2, *unit.output.shape[1:])
        assert set(np.unique(mask)) <= {0.0, 1.0}


def test_executed_macs_are_a_mean_over_the_images() -> None:
    keras.utils.set_random_seed(1)
    model = hourglass(dataclasses.replace(SMALL, mask_context="squeeze"))
    images = np.random.default_rng(0).standard_normal((5, 32, 32, 3)).astype(np.float32)
    counts = complexity(model)
    executed = executed_macs(model, images, batch_size=2)
    terms = BudgetLoss(model, 0.5)(masks_of(model)(images)[1])
    assert executed.fraction == pytest.approx(float(terms.executed_fraction), rel=1e-5)
    assert executed.conditional_macs == pytest.approx(executed.fraction * counts.conditional_macs)
    assert executed.macs == pytest.approx(counts.macs - counts.conditional_macs + executed.conditional_macs)
    assert executed.blocks == pytest.approx({name: float(value) for name, value in terms.per_block.items()}, rel=1e-5)
    masks = masks_of(model)(images)[1]
    assert executed.densities == pytest.approx({name: float(np.mean(mask)) for name, mask in masks.items()}, rel=1e-5)
    static = executed_macs(hourglass(dataclasses.replace(SMALL, dynamic=False)), images)
    assert (static.fraction, static.conditional_macs, static.blocks) == (1, 0, {})
    with pytest.raises(ValueError, match="no images"):
        executed_macs(model, images[:0])


def stripes(count: int, seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Noise with a striped square somewhere, and 1 on it if the stripes are vertical, -1 if they are horizontal."""
    random = np.random.default_rng(seed)
    images = 0.3 * random.standard_normal((count, 16, 16, 3)).astype(np.float32)
    wanted = np.zeros((count, 16, 16, 1), np.float32)
    for image, answer in zip(images, wanted, strict=True):
        row, column = random.integers(0, 11, 2)
        axis = random.integers(2)
        image[row : row + 6, column : column + 6] += 1.5 * (np.indices((6, 6))[axis] % 2)[..., None]
        answer[row : row + 6, column : column + 6] = 2 * axis - 1
    return images, wanted


def test_training_meets_the_budget_where_it_matters() -> None:
    keras.utils.set_random_seed(0)
    target, epochs, batch = 0.5, 24, 32
    images, wanted = stripes(256, seed=0)
    image = keras.Input((16, 16, 3))
    x = layers.Conv2D(8, 3, padding="same", activation="relu")(image)
    for name in ("first", "second"):
        x = inverted_residual(x, 8, name, make_mask=MaskConfig(mask_initializer="zeros").make_mask, expand_ratio=4)
    model = keras.Model(image, layers.Conv2D(1, 1)(x))
    trained = with_budget(model, BudgetLoss(model, target), weight=10.0)
    rate = keras.optimizers.schedules.CosineDecay(2e-2, epochs * len(images) // batch)
    trained.compile(optimizer=keras.optimizers.Adam(rate), loss="mse")
    history = trained.fit(
        images, wanted, batch_size=batch, epochs=epochs, callbacks=[BudgetSchedule()], verbose=0
    ).history

    images, wanted = stripes(128, seed=1)
    outputs, masks = (keras.tree.map_structure(np.asarray, part) for part in masks_of(model)(images))
    assert executed_macs(model, images).fraction == pytest.approx(target, rel=0.1)
    assert history["executed_fraction"][-1] == pytest.approx(target, rel=0.1)
    assert np.mean((outputs - wanted) ** 2) < 0.3 * np.mean(wanted**2)
    kept = sum(masks.values())
    assert kept[wanted != 0].mean() > 1.5 * kept[wanted == 0].mean()


def test_schedule_moves_the_bounds_and_fades_the_noise_out() -> None:
    model = one_block(resnet_basic, 1)
    trained = with_budget(model, BudgetLoss(model, 0.5), weight=1.0)
    trained.compile(optimizer="sgd", loss="mse")
    seen = []

    class Look(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
            progress = float(trained.get_layer("budget").progress)
            seen.append((progress, float(model.get_layer("block_mask").noise_scale)))

    images = np.zeros((4, 8, 12, 8), np.float32)
    trained.fit(images, images, batch_size=2, epochs=5, callbacks=[BudgetSchedule(), Look()], verbose=0)
    np.testing.assert_allclose(seen, [(i / 10, noise_scale(i / 10)) for i in range(10)], atol=1e-6)
    assert [noise_scale(progress) for progress in (0, 0.2, 0.45, 0.7, 1)] == pytest.approx([1, 1, 0.5, 0, 0])


def test_schedule_refuses_other_models() -> None:
    model = one_block(resnet_basic, 1)
    model.compile(optimizer="sgd", loss="mse")
    images = np.zeros((2, 8, 12, 8), np.float32)
    with pytest.raises(ValueError, match="with_budget"):
        model.fit(images, images, callbacks=[BudgetSchedule()], verbose=0)
