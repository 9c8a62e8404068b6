"""One image of the benchmark: a person, perhaps others, somewhere, photographed; and where the joints are."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..published import JOINTS
from .background import background, crop, occluder
from .body import Shape, rotation, sample_pose, sample_shape, skeleton
from .figure import Figure
from .projection import Projection, project, zoomed
from .render import Canvas, Light, paint
from .wardrobe import Outfit, sample_colour, sample_outfit, smooth_noise

#: The scene is drawn this many times as large.
SUPERSAMPLING = 2

#: Body coordinates (left, up, forward) to camera coordinates (right, down, away), for a person facing the camera.
FACING = np.diag([1.0, -1.0, -1.0])

#: The projected head segment, in pixels of a 128 pixel image.
HEAD_RANGE = (7.0, 50.0)

_TORSO = [JOINTS.index(name) for name in ("right_hip", "left_hip", "thorax", "right_shoulder", "left_shoulder")]
_UPPER = [JOINTS.index(name) for name in ("head_top", "upper_neck", "right_shoulder", "left_shoulder", "pelvis")]
_NECK, _TOP = JOINTS.index("upper_neck"), JOINTS.index("head_top")


@dataclass(frozen=True)
class Sample:
    """`image`: uint8 [S, S, 3]; `joints`: float32 [16, 2]; `visible`, `labelled`: bool [16]; `head`: pixels."""

    image: NDArray[np.uint8]
    joints: NDArray[np.float32]
    visible: NDArray[np.bool_]
    labelled: NDArray[np.bool_]
    head: float


@dataclass(frozen=True)
class Person:
    """Somebody, before it is said where in the image."""

    projection: Projection
    shape: Shape
    outfit: Outfit
    seated: bool

    def joints(self) -> NDArray[np.float64]:
        """[16, 2]."""
        return np.stack([self.projection.points[name][:2] for name in JOINTS])


def _sample_person(rng: np.random.Generator) -> Person:
    shape = sample_shape(rng)
    facing = rng.random()
    # People are photographed from the front more often than not.
    azimuth = rng.normal(0, 38) if facing < 0.62 else rng.uniform(-180, 180)
    elevation = rng.normal(6, 10) if rng.random() < 0.9 else rng.uniform(-25, 50)
    view = FACING @ rotation(2, float(rng.normal(0, 5))) @ rotation(0, float(elevation)) @ rotation(1, float(azimuth))
    pose = sample_pose(rng)
    projection = project(skeleton(shape, pose), view, float(rng.uniform(1.8, 7)))
    return Person(projection, shape, sample_outfit(rng), pose.seated)


def _frame(rng: np.random.Generator, person: Person, size: int) -> Projection:
    """Puts the person into an image of `size` pixels: whole, cut off somewhere, or down to the waist."""
    joints = person.joints()
    what = rng.random()
    chosen = joints if what < 0.72 else joints[_UPPER]
    low, high = chosen.min(0), chosen.max(0)
    extent = max(float((high - low).max()), 0.35)
    if what < 0.6:
        fill = rng.uniform(0.55, 0.92)
    elif what < 0.72:
        fill = rng.uniform(0.95, 1.6)
    else:
        fill = rng.uniform(0.6, 1.05)
    zoom = float(fill) * size / extent
    middle = (low + high) / 2
    if what < 0.72:
        middle = 0.6 * middle + 0.4 * joints[_TORSO].mean(0)
        if fill > 0.95:
            middle = middle + rng.uniform(-0.3, 0.3) * (joints[_NECK] - joints[_TORSO[0]])
    else:
        middle = middle + np.array([0.0, float(rng.uniform(-0.02, 0.14))]) * extent
    offset = size * (0.5 + rng.normal(0, 0.035, 2)) - middle * zoom
    return zoomed(person.projection, zoom, offset)


def _stand_beside(rng: np.random.Generator, person: Person, main: Projection, size: int, behind: bool) -> Projection:
    """Puts a bystander beside the main person, by size a little nearer or farther."""
    unit = main.scales["pelvis"]
    zoom = unit * float(rng.uniform(0.45, 0.95) if behind else rng.uniform(0.95, 1.25))
    side = float(rng.choice([-1, 1]))
    reach = float(rng.uniform(0.26, 0.62)) * size
    centre = np.array([0.5 * size + side * reach, main.points["pelvis"][1] + rng.normal(0, 0.1) * size])
    placed = zoomed(person.projection, zoom, centre)
    depth = np.array([0.0, 0.0, 3.0 * unit * (1 if behind else -1)])
    return Projection({name: point + depth for name, point in placed.points.items()}, placed.scales, placed.frames)


def _sample_light(rng: np.random.Generator) -> Light:
    towards = np.array([rng.uniform(-1, 1), -rng.uniform(0.1, 1), -rng.uniform(0.1, 1)])
    return Light(towards / np.linalg.norm(towards), float(rng.uniform(0.3, 0.85)), float(rng.uniform(0.3, 0.65)))


def _shadow(rng: np.random.Generator, picture: NDArray[np.float32], person: Projection) -> None:
    """A soft shadow on the ground below the feet."""
    size = picture.shape[0]
    feet = [person.points[f"{side}_{part}"] for side in ("left", "right") for part in ("ankle", "toes")]
    middle = np.mean([foot[:2] for foot in feet], 0)
    unit = person.scales["pelvis"]
    if not 0 < middle[1] < size:
        return
    mask = np.zeros((size // 4, size // 4), np.float32)
    axes = (int(unit * rng.uniform(0.15, 0.35) / 4) + 1, int(unit * rng.uniform(0.03, 0.08) / 4) + 1)
    position = (int(middle[0] / 4), int((middle[1] + 0.03 * unit) / 4))
    cv2.ellipse(mask, position, axes, float(rng.normal(0, 6)), 0, 360, 1.0, -1)
    soft = np.asarray(cv2.resize(cv2.blur(mask, (5, 5)), (size, size)), np.float32)
    picture *= 1 - soft[:, :, None] * np.float32(rng.uniform(0.2, 0.6))


def _seat(rng: np.random.Generator, canvas: Canvas, person: Projection) -> None:
    """A stool, a bench or a chair below the pelvis; its back, if any, leaves the person in front."""
    unit, frame, pelvis = person.scales["pelvis"], person.frames["pelvis"], person.points["pelvis"]
    across, up, ahead = frame[:, 0] * unit, frame[:, 1] * unit, frame[:, 2] * unit
    material = paint(sample_colour(rng))
    half = float(rng.uniform(0.08, 0.4))
    top = pelvis - up * 0.1 + ahead * 0.06
    thickness = float(rng.uniform(0.012, 0.03))
    board = frame @ np.diag([0.05, thickness, 0.15]) * unit
    canvas.sweep(top - across * half, top + across * half, (1.0, 1.0), material, board)
    for sign in (-1, 1):
        leg = top + across * sign * min(half, 0.2)
        canvas.sweep(leg, leg - up * 0.24, (0.014 * unit, 0.012 * unit), material)
    if rng.random() < 0.5:
        back = pelvis - ahead * 0.12
        board = frame @ np.diag([0.12, 0.1, 0.015]) * unit
        canvas.sweep(back + up * 0.05, back + up * float(rng.uniform(0.12, 0.3)), (1.0, 1.0), material, board)


def _held_thing(rng: np.random.Generator, canvas: Canvas, person: Projection) -> None:
    """A ball, a helmet, a bag or a stick in a hand."""
    side = "left" if rng.random() < 0.5 else "right"
    hand, unit = person.points[f"{side}_fingers"], person.scales[f"{side}_wrist"]
    material = paint(sample_colour(rng))
    if rng.random() < 0.6:
        radius = float(rng.uniform(0.03, 0.13)) * unit
        flat = np.diag(rng.uniform(0.6, 1.0, 3))
        canvas.sweep(hand, hand, (radius, radius), material, flat)
    else:
        direction = rng.normal(0, 1, 3)
        direction *= float(rng.uniform(0.15, 0.6)) * unit / np.linalg.norm(direction)
        radius = float(rng.uniform(0.006, 0.02)) * unit
        canvas.sweep(hand - 0.2 * direction, hand + direction, (radius, radius), material)


def _enlarged(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Repeats pixels, which the reduction at the end undoes exactly: backgrounds need no supersampling."""
    return picture.repeat(SUPERSAMPLING, 0).repeat(SUPERSAMPLING, 1)


def _occlude(rng: np.random.Generator, canvas: Canvas) -> None:
    size = canvas.image.shape[0]
    mask = occluder(rng, size) > 0
    if rng.random() < 0.4:
        filling = _enlarged(crop(rng, size // SUPERSAMPLING))
    else:
        filling = np.empty_like(canvas.image)
        filling[:] = sample_colour(rng)
        filling += float(rng.uniform(0, 14)) * smooth_noise(rng, size, size, 8)[:, :, None]
    canvas.image[mask] = filling[mask]
    canvas.depth[mask] = -np.inf


def _photograph(rng: np.random.Generator, picture: NDArray[np.float32], size: int) -> NDArray[np.uint8]:
    """What a camera makes of the scene: blur, exposure, a colour cast, noise, JPEG."""
    image = cv2.resize(np.clip(picture, 0, 255), (size, size), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.4:
        image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.3, 0.95)))
    cast = rng.normal(1, 0.06, 3).astype(np.float32) * np.float32(rng.uniform(0.75, 1.25))
    image = np.clip(image * cast + np.float32(rng.normal(0, 8)), 0, 255)
    gamma = float(np.exp(rng.normal(0, 0.2)))
    image = 255 * cv2.pow(image / 255, gamma)
    if rng.random() < 0.04:
        image[:] = image.mean(2, keepdims=True)
    image = image + rng.standard_normal(image.shape, np.float32) * np.float32(abs(rng.normal(0, 5)))
    pixels = np.clip(np.round(image), 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        quality = int(rng.integers(35, 96))
        _, encoded = cv2.imencode(".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        decoded = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)
        pixels = np.ascontiguousarray(decoded[:, :, ::-1])
    return np.asarray(pixels, np.uint8)


def _attempt(rng: np.random.Generator, size: int) -> Sample | None:
    person = _sample_person(rng)
    canvas_size = size * SUPERSAMPLING
    main = _frame(rng, person, canvas_size)
    joints = np.stack([main.points[name][:2] for name in JOINTS]) / SUPERSAMPLING
    head = float(np.linalg.norm(joints[_TOP] - joints[_NECK]))
    labelled = ((joints >= 0) & (joints < size)).all(1)
    upright_head = person.shape.head * main.scales["head_top"] / SUPERSAMPLING
    scale = size / 128
    if not HEAD_RANGE[0] * scale <= head <= HEAD_RANGE[1] * scale or head < 0.55 * upright_head:
        return None
    if labelled.sum() < 6 or not labelled[[_NECK, _TOP]].any():
        return None

    picture = _enlarged(background(rng, size))
    if rng.random() < 0.6:
        _shadow(rng, picture, main)
    canvas = Canvas(picture, _sample_light(rng))
    for _ in range(int(rng.choice(4, p=[0.5, 0.28, 0.16, 0.06]))):
        bystander = _sample_person(rng)
        placed = _stand_beside(rng, bystander, main, canvas_size, bool(rng.random() < 0.8))
        Figure(canvas, placed, bystander.shape, bystander.outfit).draw()
    figure = Figure(canvas, main, person.shape, person.outfit)
    figure.draw()
    if person.seated and rng.random() < 0.7:
        _seat(rng, canvas, main)
    if rng.random() < 0.2:
        _held_thing(rng, canvas, main)
    canvas.shade_creases(float(rng.uniform(0.2, 0.6)), max(2, int(0.05 * main.scales["pelvis"])))
    if rng.random() < 0.25:
        _occlude(rng, canvas)

    visible = labelled.copy()
    for index in np.flatnonzero(labelled):
        name = JOINTS[index]
        x, y, depth = main.points[name]
        visible[index] = canvas.depth[int(y), int(x)] >= depth - figure.thickness(name)
    if visible.sum() < max(5, 0.45 * labelled.sum()):
        return None
    return Sample(_photograph(rng, canvas.image, size), joints.astype(np.float32), visible, labelled, head)


def render(rng: np.random.Generator, size: int) -> Sample:
    """Draws a scene of `size` x `size` pixels; attempts that show too little of the person are thrown away."""
    while True:
        sample = _attempt(rng, size)
        if sample is not None:
            return sample
