"""The benchmark: its kinematics, its renderer, its labels, and how it is kept on disk."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from dynconv_models.pose_data import SPLITS, VERSION, Split, benchmark, generate, load
from dynconv_models.pose_data.__main__ import main
from dynconv_models.pose_data.body import Arm, Leg, Pose, Shape, rotation, sample_pose, sample_shape, skeleton
from dynconv_models.pose_data.render import Canvas, Light, paint
from dynconv_models.pose_data.scene import FACING, Sample
from dynconv_models.published import JOINTS

SIZE = 128
SMALL = {"train": 5, "validation": 2, "test": 3}

STRAIGHT_ARM = Arm(flexion=0, abduction=0, twist=0, elbow=0)
STRAIGHT_LEG = Leg(flexion=0, abduction=0, twist=0, knee=0, ankle=0)
STANDING = Pose(
    lean=(0, 0),
    trunk=(0, 0, 0),
    neck=(0, 0, 0),
    arms={"left": STRAIGHT_ARM, "right": STRAIGHT_ARM},
    legs={"left": STRAIGHT_LEG, "right": STRAIGHT_LEG},
    shrug=0,
    seated=False,
)


@cache
def drawn(count: int = 160) -> tuple[Sample, ...]:
    return tuple(benchmark.sample(0, "test", index, SIZE) for index in range(count))


def same(one: Split, other: Split) -> bool:
    return all(np.array_equal(getattr(one, field.name), getattr(other, field.name)) for field in fields(Split))


# Kinematics


def test_a_standing_person_is_one_stature_tall_and_symmetric() -> None:
    points = skeleton(Shape(), STANDING).points
    assert points["head_top"][1] - points["left_heel"][1] == pytest.approx(1, abs=0.03)
    for part in ("ankle", "knee", "hip", "shoulder", "elbow", "wrist"):
        assert points[f"left_{part}"] == pytest.approx(points[f"right_{part}"] * [-1, 1, 1])
        assert points[f"left_{part}"][0] > 0


def test_angles_move_limbs_the_way_they_are_named() -> None:
    arms = {"left": replace(STRAIGHT_ARM, flexion=90), "right": replace(STRAIGHT_ARM, abduction=90)}
    legs = {"left": replace(STRAIGHT_LEG, flexion=90, knee=90), "right": replace(STRAIGHT_LEG, knee=90)}
    points = skeleton(Shape(), replace(STANDING, arms=arms, legs=legs)).points
    forward = points["left_wrist"] - points["left_shoulder"]
    sideways = points["right_wrist"] - points["right_shoulder"]
    assert forward == pytest.approx([0, 0, np.linalg.norm(forward)])
    assert sideways == pytest.approx([-np.linalg.norm(sideways), 0, 0])
    assert points["left_ankle"] == pytest.approx(points["left_knee"] - [0, Shape().shin, 0])
    assert points["right_ankle"] == pytest.approx(points["right_knee"] - [0, 0, Shape().shin])
    bent = {"left": replace(STRAIGHT_ARM, elbow=90), "right": STRAIGHT_ARM}
    points = skeleton(Shape(), replace(STANDING, arms=bent, trunk=(40, 0, 0))).points
    assert points["head_top"][2] > 0.2
    assert np.dot(points["left_wrist"] - points["left_elbow"], points["left_elbow"] - points["left_shoulder"]) == (
        pytest.approx(0, abs=1e-9)
    )


def test_a_mirrored_pose_gives_the_mirrored_skeleton() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        shape, pose = sample_shape(rng), sample_pose(rng)
        (forward, left), (bend, side, twist), (nod, tilt, turn) = pose.lean, pose.trunk, pose.neck
        swapped = {"left": "right", "right": "left"}
        mirrored = replace(
            pose,
            lean=(forward, -left),
            trunk=(bend, -side, -twist),
            neck=(nod, -tilt, -turn),
            arms={name: pose.arms[other] for name, other in swapped.items()},
            legs={name: pose.legs[other] for name, other in swapped.items()},
        )
        one, other = skeleton(shape, pose).joints(), skeleton(shape, mirrored).joints()
        order = [JOINTS.index(_swap_side(name)) for name in JOINTS]
        assert other[order] == pytest.approx(one * [-1, 1, 1])


def _swap_side(name: str) -> str:
    side, _, part = name.partition("_")
    return f"{ {'left': 'right', 'right': 'left'}[side] }_{part}" if side in ("left", "right") else name


def test_bones_keep_their_lengths_in_every_pose() -> None:
    rng = np.random.default_rng(4)
    for _ in range(50):
        shape = sample_shape(rng)
        points = skeleton(shape, sample_pose(rng)).points
        for side in ("left", "right"):
            for start, end, length in (
                ("shoulder", "elbow", shape.upper_arm),
                ("elbow", "wrist", shape.forearm),
                ("hip", "knee", shape.thigh),
                ("knee", "ankle", shape.shin),
            ):
                assert np.linalg.norm(points[f"{side}_{end}"] - points[f"{side}_{start}"]) == pytest.approx(length)
        assert np.linalg.norm(points["head_top"] - points["upper_neck"]) == pytest.approx(shape.head)


def test_the_camera_keeps_left_and_right_apart() -> None:
    assert np.linalg.det(FACING) == pytest.approx(1)
    front = skeleton(Shape(), STANDING).transformed(FACING).points
    back = skeleton(Shape(), STANDING).transformed(FACING @ rotation(1, 180)).points
    # Facing the camera, the person's left is on the image's right.
    assert front["left_wrist"][0] > 0 > back["left_wrist"][0]
    assert front["left_toes"][2] < front["left_heel"][2]
    assert front["head_top"][1] < front["pelvis"][1]


# Renderer


def _canvas(side: int = 64) -> Canvas:
    return Canvas(np.zeros((side, side, 3), np.float32), Light(np.array([0.0, 0.0, -1.0]), 0.0, 1.0))


def test_a_sphere_is_a_disc_with_a_sphere_s_depth() -> None:
    canvas = _canvas()
    centre = np.array([30.0, 33.0, 100.0])
    canvas.sweep(centre, centre, (12, 12), paint(np.array([10, 20, 30], np.float32)))
    y, x = np.mgrid[:64, :64] + 0.5
    squared = (x - 30) ** 2 + (y - 33) ** 2
    inside = squared < 144
    assert np.array_equal(np.isfinite(canvas.depth), inside)
    assert canvas.depth[inside] == pytest.approx(100 - np.sqrt(144 - squared[inside]), abs=1e-3)
    assert (canvas.image[inside] == [10, 20, 30]).all()


def test_an_ellipsoid_s_depth_is_where_rays_meet_it() -> None:
    canvas = _canvas()
    centre = np.array([32.0, 32.0, 0.0])
    shape = rotation(0, 30) @ rotation(1, 40) @ rotation(2, 20) @ np.diag([20.0, 6.0, 12.0])
    canvas.sweep(centre, centre, (1, 1), paint(np.ones(3, np.float32)), shape)
    y, x = np.mgrid[:64, :64] + 0.5
    inverse = np.linalg.inv(shape)
    origin = np.einsum("ij,jyx->iyx", inverse, np.stack([x - 32, y - 32, np.zeros_like(x)]))
    ray = inverse[:, 2]
    a, b, c = ray @ ray, np.einsum("iyx,i->yx", origin, ray), (origin**2).sum(0) - 1
    discriminant = b * b - a * c
    hit = discriminant > 1e-4
    expected = (-b[hit] - np.sqrt(discriminant[hit])) / a
    assert canvas.depth[hit] == pytest.approx(expected, abs=0.05)
    assert not np.isfinite(canvas.depth[discriminant < -1e-4]).any()


def test_what_is_nearer_hides_what_is_behind_in_any_order() -> None:
    near, far = np.array([30.0, 30.0, 10.0]), np.array([34.0, 30.0, 60.0])
    pictures = []
    for order in ((near, far), (far, near)):
        canvas = _canvas()
        for centre in order:
            canvas.sweep(centre, np.add(centre, (6, 8, 2)), (9, 5), paint(np.full(3, centre[2], np.float32)))
        pictures.append(canvas.image)
    assert np.array_equal(*pictures)
    assert pictures[0][30, 30, 0] == 10


def test_a_limb_seen_along_its_axis_shows_its_near_end() -> None:
    canvas = _canvas()
    canvas.sweep(np.array([30.0, 30, 50]), np.array([33.0, 30, 10]), (6, 6), paint(np.ones(3, np.float32)))
    assert canvas.depth[30, 33] == pytest.approx(10 - 6, abs=0.1)
    assert canvas.depth[30, 37] < 10


# Labels


def test_the_same_seed_draws_the_same_bytes_and_others_do_not() -> None:
    first, again = benchmark.sample(7, "train", 3, 64), benchmark.sample(7, "train", 3, 64)
    assert first.image.tobytes() == again.image.tobytes()
    assert first.joints.tobytes() == again.joints.tobytes()
    for seed, split, index in ((8, "train", 3), (7, "test", 3), (7, "train", 4)):
        other = benchmark.sample(seed, split, index, 64)
        assert first.joints.tobytes() != other.joints.tobytes()


def test_labels_describe_what_is_in_the_image() -> None:
    for sample in drawn():
        assert sample.image.shape == (SIZE, SIZE, 3) and sample.image.dtype == np.uint8
        inside = ((sample.joints >= 0) & (sample.joints < SIZE)).all(1)
        assert np.array_equal(sample.labelled, inside)
        assert not (sample.visible & ~sample.labelled).any()
        top, neck = sample.joints[JOINTS.index("head_top")], sample.joints[JOINTS.index("upper_neck")]
        assert sample.head == pytest.approx(float(np.linalg.norm(top - neck)), abs=1e-3)
        assert 7 <= sample.head <= 50


def test_the_statistics_of_the_labels() -> None:
    labelled = np.mean([sample.labelled for sample in drawn()], 0)
    visible = np.mean([sample.visible for sample in drawn()], 0)
    assert (labelled > 0.5).all(), dict(zip(JOINTS, labelled, strict=True))
    assert (visible > 0.35).all(), dict(zip(JOINTS, visible, strict=True))
    assert 0.5 < visible.sum() / labelled.sum() < 0.95
    # Upper bodies: whoever is cut off at the bottom.
    ankles = [JOINTS.index("left_ankle"), JOINTS.index("right_ankle")]
    assert 0.15 < np.mean([not sample.labelled[ankles].any() for sample in drawn()]) < 0.45
    # Neither side is favoured.
    left = np.mean([sample.labelled[JOINTS.index("left_wrist")] for sample in drawn()])
    right = np.mean([sample.labelled[JOINTS.index("right_wrist")] for sample in drawn()])
    assert abs(left - right) < 0.12
    # The person is about in the middle.
    middles = np.mean([sample.joints[[2, 3, 12, 13]].mean(0) for sample in drawn()], 0)
    assert abs(middles - SIZE / 2).max() < 14


def test_faces_look_at_the_camera_with_their_left_on_the_right() -> None:
    """Of those whose shoulders are wide apart, most are seen from the front, so left joints lie to the right."""
    shoulders = [JOINTS.index("left_shoulder"), JOINTS.index("right_shoulder")]
    across = np.array([np.subtract(*sample.joints[shoulders, 0]) / sample.head for sample in drawn()])
    wide = across[abs(across) > 0.8]
    assert 0.55 < (wide > 0).mean() < 0.95


# On disk


def test_generate_and_load(tmp_path: Path) -> None:
    lines: list[str] = []
    generate(tmp_path, 64, SMALL, seed=5, processes=1, report=lines.append)
    for split, count in SMALL.items():
        found = load(tmp_path, split)
        assert len(found) == count
        expected = benchmark.stack([benchmark.sample(5, split, index, 64) for index in range(count)])
        assert same(found, expected)
        assert isinstance(found.images, np.memmap)
    card = json.loads((tmp_path / "benchmark.json").read_text())
    assert (card["version"], card["seed"], card["size"], card["counts"]) == (VERSION, 5, 64, SMALL)
    assert card["sha256"]["test"]["images"] == benchmark._sha256(tmp_path / "test-images.npy")
    assert not (tmp_path / "parts").exists() and not list(tmp_path.glob("*.tmp"))
    assert any("minutes left" in line for line in lines)


def test_an_interrupted_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "_CHUNK", 2)
    real, calls = benchmark._write, []

    def write_twice(task: benchmark._Task) -> int:
        if len(calls) == 2:
            # Killed while it writes: part of a file is there, under its temporary name.
            task.file.with_suffix(".tmp").write_bytes(b"PK")
            raise KeyboardInterrupt
        calls.append(task.file.name)
        return real(task)

    monkeypatch.setattr(benchmark, "_write", write_twice)
    with pytest.raises(KeyboardInterrupt):
        generate(tmp_path / "one", 64, SMALL, processes=1)
    with pytest.raises(FileNotFoundError, match="generation has begun and is not finished"):
        load(tmp_path / "one", "train")
    monkeypatch.setattr(benchmark, "_write", lambda task: calls.append(task.file.name) or real(task))
    generate(tmp_path / "one", 64, SMALL, processes=1)
    assert len(calls) == len(set(calls)) == 6
    monkeypatch.undo()
    generate(tmp_path / "other", 64, SMALL, processes=1)
    for split in SPLITS:
        assert same(load(tmp_path / "one", split), load(tmp_path / "other", split))
    before = (tmp_path / "one" / "train-images.npy").stat().st_mtime_ns
    generate(tmp_path / "one", 64, SMALL, processes=1)
    assert (tmp_path / "one" / "train-images.npy").stat().st_mtime_ns == before


def test_other_benchmarks_are_not_overwritten(tmp_path: Path) -> None:
    counts = dict.fromkeys(SPLITS, 1)
    generate(tmp_path, 32, counts, processes=1)
    with pytest.raises(ValueError, match="holds a benchmark with seed 0, not 1; delete the folder or take another"):
        generate(tmp_path, 32, counts, seed=1, processes=1)
    card = tmp_path / "benchmark.json"
    content = json.loads(card.read_text())
    card.write_text(json.dumps({**content, "version": VERSION - 1}))
    with pytest.raises(ValueError, match=f"holds a benchmark with version {VERSION - 1}, not {VERSION}"):
        load(tmp_path, "test")
    card.write_text("{")
    with pytest.raises(ValueError, match="not JSON"):
        load(tmp_path, "test")
    card.write_text(json.dumps({**content, "counts": {**counts, "test": 2}}))
    with pytest.raises(ValueError, match=r"test-images.npy: uint8 \[1, 32, 32, 3\], benchmark.json says uint8 \[2, "):
        load(tmp_path, "test")
    card.write_text(json.dumps(content))
    (tmp_path / "test-head.npy").unlink()
    with pytest.raises(FileNotFoundError, match=r"test-head.npy: missing"):
        load(tmp_path, "test")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 16}, "size: 16, must be at least 32"),
        ({"seed": -1}, "seed: -1, must not be negative"),
        ({"processes": 0}, "processes: 0, must be at least 1"),
        ({"counts": {"train": 1}}, "counts: for train, must be for train, validation, test"),
        ({"counts": {"train": 1, "validation": 0, "test": 1}}, "counts: 0 for validation"),
    ],
)
def test_arguments_out_of_range(tmp_path: Path, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        generate(tmp_path / "x", **arguments)  # type: ignore[arg-type]
    assert not (tmp_path / "x").exists()


def test_load_says_how_to_get_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"run: python -m dynconv_models\.pose_data"):
        load(tmp_path, "train")
    with pytest.raises(ValueError, match="split: 'val', must be one of train, validation, test"):
        load(tmp_path, "val")


def test_the_command(tmp_path: Path) -> None:
    """Two processes, started by the command, draw what one does."""
    command = [sys.executable, "-m", "dynconv_models.pose_data", str(tmp_path / "two"), "--size", "32"]
    counts = {"train": 130, "validation": 1, "test": 1}
    sizes = [f"--{split}={count}" for split, count in counts.items()]
    done = subprocess.run([*command, *sizes, "--processes", "2"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "132/132 images" in done.stderr
    generate(tmp_path / "one", 32, counts, processes=1)
    for split in SPLITS:
        assert same(load(tmp_path / "one", split), load(tmp_path / "two", split))


def test_the_command_s_errors_and_preview(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "sheet.png"
    monkeypatch.setattr(sys, "argv", ["pose_data", str(tmp_path), "--size", "32", "--preview", str(sheet)])
    main()
    assert sheet.read_bytes().startswith(b"\x89PNG")
    assert list(tmp_path.iterdir()) == [sheet]
    monkeypatch.setattr(sys, "argv", ["pose_data", str(tmp_path), "--size", "8"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 1
    assert capsys.readouterr().err == "python -m dynconv_models.pose_data: size: 8, must be at least 32 pixels\n"
