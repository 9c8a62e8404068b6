"""The benchmark on disk: generated from a seed, then loaded without generating anything.

Each image has a random generator of its own, seeded by (seed, split, index): splits never share a scene, and fewer
images are the first of more. The same seed gives the same bytes with the libraries that the extra `train` pins.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..published import JOINTS
from .scene import Sample, render

#: Rises when the generator draws other images from the same seed.
VERSION = 2

#: The splits and how many images each has by default.
SPLITS: dict[str, int] = {"train": 24_000, "validation": 1_000, "test": 2_000}

DEFAULT_DIRECTORY = Path("models/.cache/people-128")

_CARD = "benchmark.json"
_PLAN = "generating.json"
_CHUNK = 125


@dataclass(frozen=True)
class Split:
    """N images of S x S pixels with the 16 joints of one person in each, in MPII's order.

    `images`: uint8 [N, S, S, 3], RGB. `joints`: float32 [N, 16, 2], x and y in pixels; the centre of the pixel in
    column i is i + 0.5. `labelled`: bool [N, 16], the joint has a position and lies in the image, hidden or not.
    `visible`: bool [N, 16], labelled and not hidden. `head`: float32 [N], the head segment in pixels, of which PCKh's
    threshold is a half.
    """

    images: NDArray[np.uint8]
    joints: NDArray[np.float32]
    visible: NDArray[np.bool_]
    labelled: NDArray[np.bool_]
    head: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.images)


def _layout(count: int, size: int) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
    joints = len(JOINTS)
    return {
        "images": ((count, size, size, 3), np.dtype(np.uint8)),
        "joints": ((count, joints, 2), np.dtype(np.float32)),
        "visible": ((count, joints), np.dtype(np.bool_)),
        "labelled": ((count, joints), np.dtype(np.bool_)),
        "head": ((count,), np.dtype(np.float32)),
    }


def sample(seed: int, split: str, index: int, size: int) -> Sample:
    """One image of the benchmark, whatever the other ones are."""
    return render(np.random.default_rng([seed, list(SPLITS).index(split), index]), size)


def stack(samples: list[Sample]) -> Split:
    """Samples as arrays."""
    return Split(
        np.stack([one.image for one in samples]),
        np.stack([one.joints for one in samples]),
        np.stack([one.visible for one in samples]),
        np.stack([one.labelled for one in samples]),
        np.array([one.head for one in samples], np.float32),
    )


@dataclass(frozen=True)
class _Task:
    """The images [start, stop) of a split, and the file for them."""

    file: Path
    seed: int
    split: str
    start: int
    stop: int
    size: int


def _use_one_thread() -> None:
    import cv2

    cv2.setNumThreads(1)


def _write(task: _Task) -> int:
    part = stack([sample(task.seed, task.split, index, task.size) for index in range(task.start, task.stop)])
    partial = task.file.with_suffix(".tmp")
    with partial.open("wb") as stream:
        np.savez(stream, **{field.name: getattr(part, field.name) for field in fields(part)})
    os.replace(partial, task.file)
    return task.stop - task.start


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _write_json(file: Path, content: Mapping[str, Any]) -> None:
    partial = file.with_suffix(".json.tmp")
    partial.write_text(json.dumps(content, indent=2) + "\n")
    os.replace(partial, file)


def _read_json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text())
    except json.JSONDecodeError as error:
        raise ValueError(f"{file}: not JSON ({error}); delete the folder and generate it again") from error
    if not isinstance(content, dict):
        raise ValueError(f"{file}: holds no JSON object; delete the folder and generate it again")
    return content


def _check_plan(file: Path, plan: Mapping[str, Any]) -> dict[str, Any]:
    """The content of `file`, whose entries must agree with the plan."""
    found = _read_json(file)
    for key, wanted in plan.items():
        if found.get(key) != wanted:
            raise ValueError(
                f"{file.parent}: holds a benchmark with {key} {found.get(key)!r}, not {wanted!r}; "
                "delete the folder or take another one"
            )
    return found


def generate(
    directory: Path,
    size: int = 128,
    counts: Mapping[str, int] = SPLITS,
    seed: int = 0,
    processes: int = 2,
    report: Callable[[str], None] = lambda line: None,
) -> None:
    """Draws the benchmark into `directory`; what an interrupted run has drawn is kept, a finished one is left as it is.

    `size`: of the images, at least 32. `counts`: images per split. `report` gets lines of progress.

    Raises ValueError for arguments out of range, or when the directory holds a benchmark made otherwise.
    """
    if size < 32:
        raise ValueError(f"size: {size}, must be at least 32 pixels")
    if seed < 0:
        raise ValueError(f"seed: {seed}, must not be negative")
    if processes < 1:
        raise ValueError(f"processes: {processes}, must be at least 1")
    if set(counts) != set(SPLITS):
        raise ValueError(f"counts: for {', '.join(sorted(counts))}, must be for {', '.join(SPLITS)}")
    for split, count in counts.items():
        if count < 1:
            raise ValueError(f"counts: {count} for {split}, must be at least 1")

    counts = {split: counts[split] for split in SPLITS}
    plan = {"name": "people", "version": VERSION, "seed": seed, "size": size, "counts": counts}
    card = directory / _CARD
    if card.exists():
        _check_plan(card, plan)
        report(f"{directory}: complete")
        return
    directory.mkdir(parents=True, exist_ok=True)
    if (directory / _PLAN).exists():
        _check_plan(directory / _PLAN, plan)
    _write_json(directory / _PLAN, plan)

    parts = directory / "parts"
    parts.mkdir(exist_ok=True)
    tasks = [
        _Task(parts / f"{split}-{start:06d}.npz", seed, split, start, min(start + _CHUNK, count), size)
        for split, count in counts.items()
        for start in range(0, count, _CHUNK)
    ]
    _draw([task for task in tasks if not task.file.exists()], sum(counts.values()), processes, report)
    arrays = {}
    for split, count in counts.items():
        report(f"{split}: writing")
        arrays[split] = _assemble(directory, split, [task for task in tasks if task.split == split], count, size)
    _write_json(card, {**plan, "joints": JOINTS, "sha256": arrays})
    shutil.rmtree(parts)
    (directory / _PLAN).unlink()
    report(f"{directory}: complete")


def _draw(tasks: list[_Task], total: int, processes: int, report: Callable[[str], None]) -> None:
    missing = sum(task.stop - task.start for task in tasks)
    drawn, started = 0, time.monotonic()

    def progress(count: int) -> None:
        nonlocal drawn
        drawn += count
        rate = drawn / (time.monotonic() - started)
        left = (missing - drawn) / rate
        report(f"{total - missing + drawn}/{total} images, {rate:.0f} images/s, {left / 60:.1f} minutes left")

    if processes == 1 or len(tasks) < 2:
        for task in tasks:
            progress(_write(task))
        return
    with multiprocessing.get_context("spawn").Pool(processes, _use_one_thread) as pool:
        for count in pool.imap_unordered(_write, tasks):
            progress(count)


def _assemble(directory: Path, split: str, tasks: list[_Task], count: int, size: int) -> dict[str, str]:
    """Joins a split's parts into its arrays; returns their SHA-256."""
    digests = {}
    for name, (shape, dtype) in _layout(count, size).items():
        file = directory / f"{split}-{name}.npy"
        partial = file.with_suffix(".npy.tmp")
        array = np.lib.format.open_memmap(partial, mode="w+", dtype=dtype, shape=shape)  # type: ignore[no-untyped-call]
        for task in tasks:
            with np.load(task.file) as part:
                array[task.start : task.stop] = part[name]
        array.flush()
        del array
        os.replace(partial, file)
        digests[name] = _sha256(file)
    return digests


def load(directory: Path, split: str) -> Split:
    """A split of a generated benchmark, its arrays mapped into memory.

    Raises FileNotFoundError when the directory holds none, and ValueError when it is of another version of the
    generator or its arrays are not what its `benchmark.json` says.
    """
    if split not in SPLITS:
        raise ValueError(f"split: {split!r}, must be one of {', '.join(SPLITS)}")
    card = directory / _CARD
    if not card.is_file():
        unfinished = " (generation has begun and is not finished)" if (directory / _PLAN).exists() else ""
        raise FileNotFoundError(
            f"{directory}: no benchmark here{unfinished}; run: python -m dynconv_models.pose_data {directory}"
        )
    plan = _check_plan(card, {"name": "people", "version": VERSION})
    try:
        layout = _layout(int(plan["counts"][split]), int(plan["size"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{card}: has no valid size or counts; delete the folder and generate it again") from error
    arrays = {}
    for name, (shape, dtype) in layout.items():
        file = directory / f"{split}-{name}.npy"
        if not file.is_file():
            raise FileNotFoundError(f"{file}: missing; delete the folder and generate it again")
        array = np.load(file, mmap_mode="r")
        if array.shape != shape or array.dtype != dtype:
            raise ValueError(
                f"{file}: {array.dtype} {list(array.shape)}, {_CARD} says {dtype} {list(shape)}; "
                "delete the folder and generate it again"
            )
        arrays[name] = array
    return Split(**arrays)
