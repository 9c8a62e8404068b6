"""Trains jobs side by side."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .job import TRUNK, Job, Part, Weights, read_weights, write_weights
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
    card = directory / "benchmark.json"
    if not card.is_file():
        raise FileNotFoundError(f"{directory}: no pictures here; make them: python -m dynconv_models.pose_data --help")
    content = json.loads(card.read_text())

    def array(name: str) -> NDArray[Any]:
        return np.load(directory / f"train-{name}.npy", mmap_mode="r")

    return Pictures(array("images"), array("joints"), array("labelled"), content["trainSize"] / content["size"], device)


def run_all(jobs: list[Job], data: Path, output: Path, parallel: int, report: Report = print_progress) -> None:
    """Trains jobs in their order, some at a time; a first phase that several share is trained once.

    `output` gets `NAME.npz` for each network, and `trunk-NAME.npz` for each first phase, when a phase of a group ends.
    What lies there already, of the same configuration, is not trained again.

    Args:
        jobs: what to train.
        data: the pictures.
        output: a folder.
        parallel: so many at once.
        report: told how training goes.

    Raises:
        ValueError: for less than one network at once.
        FileNotFoundError: if there are no pictures.
    """
    if parallel < 1:
        raise ValueError(f"--parallel {parallel}: at least one network must train at once")
    jobs = [job for job in jobs if _finished(output / f"{job.name}.npz", job.key) is None]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    print(f"networks to train: {len(jobs)}, on {_name(device)}", flush=True)
    if not jobs:
        return
    pictures = load_pictures(data, device)
    output.mkdir(parents=True, exist_ok=True)
    for start in range(0, len(jobs), parallel):
        group = jobs[start : start + parallel]
        owners = {job.trunk_of: job for job in group if job.start is None}
        trunks = {name: _finished(_trunk(output, name), job.trunk_key) for name, job in owners.items()}
        missing = [job for name, job in owners.items() if trunks[name] is None]
        if missing:
            tasks = [Task(_trunk(output, job.trunk_of), job.trunk_key, job.trunk, job.seed, None, 0) for job in missing]
            _run(tasks, pictures, group[0].constants, report)
            trunks = {name: _finished(_trunk(output, name), job.trunk_key) for name, job in owners.items()}
        tasks = []
        for job in group:
            known, seconds = trunks.get(job.trunk_of) or (job.start, job.start_seconds)
            tasks.append(Task(output / f"{job.name}.npz", job.key, job.last, job.seed, known, seconds))
        _run(tasks, pictures, group[0].constants, report)


def _trunk(output: Path, name: str) -> Path:
    return output / f"{TRUNK}{name}.npz"


def _finished(file: Path, key: str) -> tuple[Weights, float] | None:
    """The weights of a file of the configuration `key`, and the seconds that they took; None if there are none."""
    if not file.exists():
        return None
    weights, about = read_weights(file)
    return (weights, float(about["seconds"])) if about["key"] == key else None


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "the CPU: there is no GPU"


@dataclasses.dataclass(frozen=True)
class Task:
    """A phase of a training: what of, from which weights, that took how many `seconds`, and the file for its result."""

    file: Path
    key: str
    part: Part
    seed: int
    start: Weights | None
    seconds: float


def _run(tasks: list[Task], pictures: Pictures, constants: dict[str, Any], report: Report) -> None:
    """Trains, and writes the weights, each with the seconds that it has taken: its share of all."""
    begun = time.monotonic()
    names = [task.file.stem for task in tasks]
    parts = [task.part for task in tasks]

    def told(step: int, seen: list[list[float]]) -> None:
        report(names, step, len(parts[0].rates), time.monotonic() - begun, seen)

    seeds, starts = [task.seed for task in tasks], [task.start for task in tasks]
    weights = train(parts, seeds, starts, pictures, constants, told)
    share = (time.monotonic() - begun) / len(tasks)
    device = torch.cuda.get_device_name() if pictures.images.is_cuda else "CPU"
    for task, one in zip(tasks, weights, strict=True):
        about = {"key": task.key, "seconds": task.seconds + share, "device": device, "parallel": len(tasks)}
        write_weights(task.file, one, about)
