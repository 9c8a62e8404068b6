"""Trains jobs side by side."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .job import Job, Part, Weights
from .trainer import Pictures, train

#: Gets the networks' names, the step, the number of steps, the seconds so far, and what `trainer.Report` gets.
Report = Callable[[list[str], int, int, float, list[list[float]]], None]


def print_progress(names: list[str], step: int, steps: int, seconds: float, seen: list[list[float]]) -> None:
    """Prints a line for all networks: the loss and, of dynamic ones, the executed share of what masks can skip."""
    parts = []
    for name, (loss, executed) in zip(names, seen, strict=True):
        parts.append(f"{name} {loss:.2f}" + (f" {100 * executed:.0f} %" if executed < 1 else ""))
    left = seconds / step * (steps - step) / 60
    rate = len(names) * step / seconds
    print(f"step {step}/{steps}  {rate:.0f} steps/s  {left:.1f} min left  " + ", ".join(parts), flush=True)


def load_pictures(directory: Path, device: torch.device) -> Pictures:
    """The training pictures that `dynconv_models.pose_data` wrote.

    Raises:
        FileNotFoundError: if there are none.
    """
    content = json.loads((directory / "benchmark.json").read_text())

    def array(name: str) -> NDArray[Any]:
        return np.load(directory / f"train-{name}.npy", mmap_mode="r")

    return Pictures(array("images"), array("joints"), array("labelled"), content["trainSize"] / content["size"], device)


def write_weights(file: Path, weights: Weights, about: dict[str, Any]) -> None:
    """Writes weights by layer: kernels in float16, those of masks and all vectors in float32."""
    arrays = {}
    for name, parts in weights.items():
        for index, array in enumerate(parts):
            short = array.ndim == 4 and not name.endswith("_mask")
            arrays[f"{name}/{index}"] = array.astype(np.float16) if short else array
    scratch = file.with_suffix(".tmp.npz")
    np.savez_compressed(scratch, about=np.array(json.dumps(about)), **arrays)
    os.replace(scratch, file)


def run_all(jobs: list[Job], data: Path, output: Path, parallel: int, report: Report = print_progress) -> None:
    """Trains jobs in their order, some at a time; a first phase that several share is trained once.

    `output` gets `NAME.npz` for each network, and `trunk-NAME.npz` for each first phase.

    Args:
        jobs: what to train.
        data: the pictures.
        output: a folder.
        parallel: so many at once.
        report: told how training goes.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    pictures = load_pictures(data, device)
    output.mkdir(parents=True, exist_ok=True)
    trunks: dict[str, tuple[Weights, float]] = {}
    for start in range(0, len(jobs), parallel):
        group = jobs[start : start + parallel]
        owners = {job.trunk_of: job for job in group if job.start is None and job.trunk_of not in trunks}
        if owners:
            parts = [job.trunk for job in owners.values()]
            seeds, names = [job.seed for job in owners.values()], [f"trunk-{name}" for name in owners]
            found = _phase(names, parts, seeds, [None] * len(parts), pictures, group[0].constants, output, report)
            trunks |= zip(owners, found, strict=True)
        parts = [job.last for job in group]
        starts = [job.start or trunks[job.trunk_of][0] for job in group]
        before = [0.0 if job.start else trunks[job.trunk_of][1] for job in group]
        seeds, names = [job.seed for job in group], [job.name for job in group]
        _phase(names, parts, seeds, starts, pictures, group[0].constants, output, report, before)


def _phase(
    names: list[str],
    parts: list[Part],
    seeds: list[int],
    starts: list[Any],
    pictures: Pictures,
    constants: dict[str, Any],
    output: Path,
    report: Report,
    before: list[float] | None = None,
) -> list[tuple[Weights, float]]:
    """Trains, and writes the weights; returns them with the seconds that each has taken, its share of all."""
    begun = time.monotonic()

    def told(step: int, seen: list[list[float]]) -> None:
        report(names, step, len(parts[0].rates), time.monotonic() - begun, seen)

    weights = train(parts, seeds, starts, pictures, constants, told)
    share = (time.monotonic() - begun) / len(names)
    cuda = pictures.images.is_cuda
    about = {"device": torch.cuda.get_device_name() if cuda else "CPU", "parallel": len(names)}
    result = []
    for index, (name, one) in enumerate(zip(names, weights, strict=True)):
        seconds = share + (before[index] if before else 0.0)
        write_weights(output / f"{name}.npz", one, {**about, "run": name, "seconds": seconds})
        result.append((one, seconds))
    return result
