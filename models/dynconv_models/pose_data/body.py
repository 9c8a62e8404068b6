"""Bodies and poses: proportions, joint angles with limits, and where that puts each part in space.

Lengths are in units of an adult's stature. Body coordinates: x to the person's left, y up, z to where the person faces;
the pelvis is the origin. Angles are in degrees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..published import JOINTS

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Range = tuple[float, float]

SIDES = {"left": 1.0, "right": -1.0}


@dataclass(frozen=True)
class Shape:
    """Proportions of one person; the defaults are an average adult's."""

    thigh: float = 0.245
    shin: float = 0.24
    foot: float = 0.125
    spine: float = 0.285
    neck: float = 0.058
    head: float = 0.135
    upper_arm: float = 0.172
    forearm: float = 0.15
    hand: float = 0.085
    shoulders: float = 0.108
    hips: float = 0.058
    #: Thickness of limbs and of the trunk, relative to an average adult's.
    limb_girth: float = 1.0
    waist_girth: float = 1.0
    chest_girth: float = 1.0
    hip_girth: float = 1.0


def sample_shape(rng: np.random.Generator) -> Shape:
    """An adult of any build, or, one time in six, a child."""
    heavy = float(np.clip(rng.normal(0, 1), -1.6, 2.4))
    curvy = float(rng.uniform(-1, 1))
    shape = Shape(
        limb_girth=1.03 + 0.11 * heavy + float(rng.normal(0, 0.05)),
        waist_girth=1.0 + 0.16 * heavy - 0.08 * curvy,
        chest_girth=1.0 + 0.09 * heavy - 0.05 * curvy,
        hip_girth=1.0 + 0.1 * heavy + 0.06 * curvy,
        shoulders=0.108 * (1 - 0.07 * curvy),
    )
    lengths = ("thigh", "shin", "foot", "spine", "neck", "head", "upper_arm", "forearm", "hand", "shoulders", "hips")
    shape = replace(shape, **{name: getattr(shape, name) * float(rng.normal(1, 0.045)) for name in lengths})
    if rng.random() < 1 / 6:
        young = float(rng.uniform(0.3, 1))
        shape = replace(
            shape,
            head=shape.head * (1 + 0.35 * young),
            neck=shape.neck * (1 - 0.25 * young),
            thigh=shape.thigh * (1 - 0.2 * young),
            shin=shape.shin * (1 - 0.2 * young),
            upper_arm=shape.upper_arm * (1 - 0.13 * young),
            forearm=shape.forearm * (1 - 0.13 * young),
            spine=shape.spine * (1 - 0.06 * young),
            shoulders=shape.shoulders * (1 - 0.06 * young),
        )
    return shape


@dataclass(frozen=True)
class Arm:
    """`flexion` raises the arm forward, `abduction` sideways, `twist` turns it about its axis (inwards)."""

    flexion: float
    abduction: float
    twist: float
    elbow: float


@dataclass(frozen=True)
class Leg:
    """`flexion` raises the thigh forward, `abduction` sideways, `twist` turns the knee outwards."""

    flexion: float
    abduction: float
    twist: float
    knee: float
    ankle: float


@dataclass(frozen=True)
class Pose:
    """Joint angles. `trunk` and `neck`: bend forward, to the person's left, and twist to the person's left."""

    lean: tuple[float, float]
    trunk: tuple[float, float, float]
    neck: tuple[float, float, float]
    arms: dict[str, Arm]
    legs: dict[str, Leg]
    shrug: float
    seated: bool


#: What arms do: weight, then flexion, abduction, twist, elbow, each as mean and standard deviation.
_ARMS: dict[str, tuple[float, Range, Range, Range, Range]] = {
    "hanging": (5, (4, 12), (10, 7), (10, 20), (18, 14)),
    "swinging": (2, (5, 35), (10, 8), (10, 15), (45, 35)),
    "on the hip": (1.6, (-15, 12), (42, 9), (55, 15), (98, 14)),
    "holding": (2.5, (25, 22), (12, 10), (35, 25), (85, 25)),
    "crossed": (0.9, (35, 8), (8, 6), (78, 10), (100, 10)),
    "reaching": (1.6, (88, 24), (10, 18), (10, 30), (22, 20)),
    "to the side": (1.3, (5, 15), (88, 18), (-20, 40), (20, 22)),
    "raised": (2, (165, 18), (12, 14), (0, 40), (25, 25)),
    "waving": (1.2, (30, 25), (85, 20), (-95, 25), (80, 25)),
    "at the head": (1.1, (70, 20), (40, 20), (25, 25), (135, 9)),
    "any": (2.5, (50, 60), (45, 40), (0, 50), (60, 45)),
}

#: What legs do: weight, whether the two sides differ, then for either side flexion, abduction, twist, knee.
_Side = tuple[Range, Range, Range, Range]
_LEGS: dict[str, tuple[float, _Side, _Side]] = {
    "standing": (6, ((2, 5), (4, 4), (10, 10), (4, 4)), ((2, 5), (4, 4), (10, 10), (4, 4))),
    "at ease": (2, ((0, 4), (5, 4), (8, 10), (2, 3)), ((16, 8), (9, 6), (22, 14), (28, 12))),
    "astride": (1.5, ((0, 8), (24, 9), (15, 10), (6, 6)), ((0, 8), (24, 9), (15, 10), (6, 6))),
    "walking": (3, ((25, 8), (2, 3), (5, 8), (12, 9)), ((-14, 6), (2, 3), (5, 8), (26, 14))),
    "running": (2.2, ((62, 16), (3, 5), (3, 8), (78, 24)), ((-16, 10), (3, 5), (3, 8), (48, 32))),
    "sitting": (2.5, ((86, 8), (9, 8), (8, 10), (86, 16)), ((86, 8), (9, 8), (8, 10), (86, 16))),
    "on the floor": (0.9, ((95, 12), (12, 10), (10, 15), (40, 30)), ((95, 12), (12, 10), (10, 15), (40, 30))),
    "cross-legged": (0.6, ((95, 8), (42, 8), (55, 10), (125, 8)), ((95, 8), (42, 8), (55, 10), (125, 8))),
    "crouching": (1.2, ((112, 12), (12, 10), (10, 10), (128, 12)), ((112, 12), (12, 10), (10, 10), (128, 12))),
    "jumping": (1, ((40, 30), (15, 14), (10, 12), (60, 35)), ((40, 30), (15, 14), (10, 12), (60, 35))),
    "lunging": (1.2, ((80, 12), (8, 10), (8, 10), (85, 18)), ((-15, 10), (6, 8), (5, 10), (22, 16))),
    "kicking": (0.9, ((88, 22), (10, 20), (5, 15), (18, 18)), ((0, 8), (4, 5), (8, 8), (10, 10))),
    "kneeling": (0.8, ((88, 8), (6, 6), (5, 8), (92, 10)), ((0, 8), (5, 5), (5, 8), (95, 14))),
    "any": (1, ((40, 45), (15, 20), (5, 25), (60, 45)), ((40, 45), (15, 20), (5, 25), (60, 45))),
}

_SEATED = {"sitting", "on the floor", "cross-legged"}


def _pick(rng: np.random.Generator, table: Mapping[str, tuple[float, *tuple[object, ...]]]) -> str:
    weights = np.array([row[0] for row in table.values()], float)
    return list(table)[int(rng.choice(len(table), p=weights / weights.sum()))]


def _normal(rng: np.random.Generator, centre: Range, low: float, high: float) -> float:
    return float(np.clip(rng.normal(*centre), low, high))


def _sample_arm(rng: np.random.Generator, kind: str) -> Arm:
    _, flexion, abduction, twist, elbow = _ARMS[kind]
    return Arm(
        _normal(rng, flexion, -55, 180),
        _normal(rng, abduction, -12, 165),
        _normal(rng, twist, -100, 90),
        _normal(rng, elbow, 0, 148),
    )


def _sample_leg(rng: np.random.Generator, side: _Side) -> Leg:
    flexion, abduction, twist, knee = side
    return Leg(
        _normal(rng, flexion, -30, 128),
        _normal(rng, abduction, -10, 70),
        _normal(rng, twist, -25, 65),
        _normal(rng, knee, 0, 145),
        float(rng.uniform(-12, 28)),
    )


def sample_pose(rng: np.random.Generator) -> Pose:
    """Anything from standing to sports: what the arms do is drawn apart from what the legs do."""
    legs_kind = _pick(rng, _LEGS)
    _, one, other = _LEGS[legs_kind]
    first, second = ("left", "right") if rng.random() < 0.5 else ("right", "left")
    legs = {first: _sample_leg(rng, one), second: _sample_leg(rng, other)}

    arm_kind = "swinging" if legs_kind == "running" and rng.random() < 0.6 else _pick(rng, _ARMS)
    other_kind = arm_kind if rng.random() < 0.5 else _pick(rng, _ARMS)
    arms = {first: _sample_arm(rng, arm_kind), second: _sample_arm(rng, other_kind)}

    active = legs_kind in {"running", "jumping", "lunging", "kicking", "crouching", "any"}
    spread = 2.0 if active else 1.0
    lean_forward = float(rng.normal(8 if active else 0, 5 * spread))
    lean_side = float(rng.normal(0, 3 * spread))
    what = rng.random()
    if what < 0.05:  # lying
        lean_forward, lean_side = float(rng.choice([-90, 90])), float(rng.normal(0, 20))
    elif what < 0.07:  # falling, diving, a cartwheel
        lean_forward, lean_side = float(rng.normal(0, 60)), float(rng.uniform(-180, 180))
    elif legs_kind in _SEATED:
        lean_forward = float(rng.normal(-6, 9))
    bend = float(np.clip(rng.normal(6, 9 * spread), -30, 75))
    if rng.random() < 0.06:
        bend = float(rng.uniform(40, 95))
    return Pose(
        lean=(lean_forward, lean_side),
        trunk=(bend, float(rng.normal(0, 6 * spread)), float(rng.normal(0, 10 * spread))),
        neck=(
            float(np.clip(rng.normal(2 - 0.3 * bend, 13), -50, 45)),
            float(np.clip(rng.normal(0, 9), -35, 35)),
            float(np.clip(rng.normal(0, 26), -75, 75)),
        ),
        arms=arms,
        legs=legs,
        shrug=float(rng.normal(0, 4)),
        seated=legs_kind == "sitting" and what >= 0.07,
    )


def rotation(axis: int, degrees: float) -> Matrix:
    """Turns about an axis by the right-hand rule."""
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = np.eye(3)
    following, last = (axis + 1) % 3, (axis + 2) % 3
    matrix[following, following] = matrix[last, last] = cosine
    matrix[following, last], matrix[last, following] = -sine, sine
    return matrix


@dataclass(frozen=True)
class Skeleton:
    """Where the parts of a person are. `points`: MPII's joints, and ends of hands and feet. `frames`: orientations."""

    points: dict[str, Vector]
    frames: dict[str, Matrix]

    def joints(self) -> NDArray[np.float64]:
        """[16, 3], in MPII's order."""
        return np.stack([self.points[name] for name in JOINTS])

    def transformed(self, matrix: Matrix) -> Skeleton:
        """The skeleton turned (and mirrored) by a matrix [3, 3]."""
        return Skeleton(
            {name: matrix @ point for name, point in self.points.items()},
            {name: matrix @ frame for name, frame in self.frames.items()},
        )


def skeleton(shape: Shape, pose: Pose) -> Skeleton:
    """Forward kinematics, from the pelvis outwards."""
    forward, left = pose.lean
    pelvis_frame = rotation(2, -left) @ rotation(0, forward)
    bend, side, twist = pose.trunk
    trunk_turn = rotation(0, bend) @ rotation(2, -side) @ rotation(1, twist)
    half_turn = rotation(0, bend / 2) @ rotation(2, -side / 2) @ rotation(1, twist / 2)
    waist_frame, thorax_frame = pelvis_frame @ half_turn, pelvis_frame @ trunk_turn
    nod, tilt, turn = pose.neck
    head_turn = rotation(1, turn) @ rotation(2, -tilt) @ rotation(0, nod)
    neck_frame = thorax_frame @ rotation(0, 12 + nod / 2) @ rotation(2, -tilt / 2)
    head_frame = thorax_frame @ head_turn

    up = np.array([0.0, 1.0, 0.0])
    pelvis = np.zeros(3)
    waist = pelvis + pelvis_frame @ up * (0.2 * shape.spine) + waist_frame @ up * (0.22 * shape.spine)
    thorax = waist + thorax_frame @ up * (0.58 * shape.spine)
    upper_neck = thorax + neck_frame @ up * shape.neck
    head_top = upper_neck + head_frame @ up * shape.head
    points = {"pelvis": pelvis, "waist": waist, "thorax": thorax, "upper_neck": upper_neck, "head_top": head_top}
    frames = {"pelvis": pelvis_frame, "waist": waist_frame, "thorax": thorax_frame, "head": head_frame}

    for name, sign in SIDES.items():
        arm, leg = pose.arms[name], pose.legs[name]
        # The shoulder blade follows a raised arm.
        raised = max(0.0, float(np.sin(np.radians(max(arm.flexion, arm.abduction) - 60))))
        lift = np.sin(np.radians(pose.shrug)) * 0.1 + 0.022 * raised
        shoulder = thorax + thorax_frame @ np.array([sign * shape.shoulders * (1 - 0.1 * raised), lift - 0.012, 0.0])
        swing = rotation(0, -arm.flexion) @ rotation(2, sign * arm.abduction)
        frame = thorax_frame @ swing @ rotation(1, -sign * arm.twist)
        elbow = shoulder - frame @ up * shape.upper_arm
        fore = frame @ rotation(0, -arm.elbow)
        wrist = elbow - fore @ up * shape.forearm
        frames[f"{name}_hand"] = fore
        points |= {f"{name}_shoulder": shoulder, f"{name}_elbow": elbow, f"{name}_wrist": wrist}
        points[f"{name}_fingers"] = wrist - fore @ up * shape.hand

        hip = pelvis + pelvis_frame @ np.array([sign * shape.hips, -0.01, 0.0])
        swing = rotation(0, -leg.flexion) @ rotation(2, sign * leg.abduction)
        frame = pelvis_frame @ swing @ rotation(1, sign * leg.twist)
        knee = hip - frame @ up * shape.thigh
        lower = frame @ rotation(0, leg.knee)
        ankle = knee - lower @ up * shape.shin
        foot = lower @ rotation(0, leg.ankle)
        points |= {f"{name}_hip": hip, f"{name}_knee": knee, f"{name}_ankle": ankle}
        points[f"{name}_heel"] = ankle + foot @ np.array([0.0, -0.024, -0.2 * shape.foot])
        points[f"{name}_toes"] = ankle + foot @ np.array([0.0, -0.03, 0.8 * shape.foot])
    return Skeleton(points, frames)
