"""The study's figures put side by side: means over seeds, latencies, and dynamic against static networks."""

from __future__ import annotations

import dataclasses
import itertools
import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from .cards import Card, read_card
from .networks import Network
from .train import Run

Backend = Literal["dynconv", "wasm"]
BACKENDS: tuple[Backend, ...] = ("dynconv", "wasm")

#: By how many points of PCKh a network must lead to be called better.
MARGIN = 1.0


@dataclasses.dataclass(frozen=True)
class Latency:
    """Milliseconds for one image: the median of the runs, and their tenth and ninetieth percentile."""

    median: float
    p10: float
    p90: float


@dataclasses.dataclass(frozen=True)
class Latencies:
    """What was measured on one machine.

    Attributes:
        machine: in words.
        node: the version of Node.js.
        runs: of each network on each backend.
        models: by the name of the run and the backend.
    """

    machine: str
    node: str
    runs: int
    models: dict[str, dict[Backend, Latency]]


@dataclasses.dataclass(frozen=True)
class Entry:
    """One network with all its finished runs.

    Attributes:
        network: the network.
        cards: of its finished runs; empty if there are none.
        wanted: how many runs the study has.
        latencies: by backend, where measured; with several seeds, means of the medians and percentiles.
    """

    network: Network
    cards: tuple[Card, ...]
    wanted: int
    latencies: dict[Backend, Latency]

    @property
    def is_dynamic(self) -> bool:
        """Whether it has masks."""
        return self.network.budget is not None

    @property
    def pckh(self) -> float:
        """Mean over the seeds, in percent."""
        return statistics.fmean(card.figures.pckh for card in self.cards)

    @property
    def spread(self) -> tuple[float, float]:
        """The lowest and the highest PCKh of the seeds."""
        rates = [card.figures.pckh for card in self.cards]
        return min(rates), max(rates)

    @property
    def executed_macs(self) -> float:
        """Executed multiply-accumulates of an image, mean over the seeds."""
        return statistics.fmean(card.figures.executedMacs for card in self.cards)

    @property
    def latency(self) -> float | None:
        """Median milliseconds on dynconv; None where nothing was measured."""
        return self.latencies["dynconv"].median if "dynconv" in self.latencies else None


@dataclasses.dataclass(frozen=True)
class Verdict:
    """A dynamic network against the static ones of its family, all on dynconv.

    Attributes:
        dynamic: the dynamic network.
        faster: static networks of equal or lower latency, each with the dynamic network's lead in points of PCKh.
        lead_at_equal_latency: over the line through the two static networks whose latencies enclose the dynamic
            network's, of those that no other static network beats; None where no two do.
    """

    dynamic: Entry
    faster: tuple[tuple[Entry, float], ...]
    lead_at_equal_latency: float | None

    @property
    def is_better(self) -> bool:
        """Whether it leads by the margin: every static network of equal or lower latency, of which there is one, and
        what one of just its latency would have."""
        leads = [lead for _, lead in self.faster]
        if self.lead_at_equal_latency is not None:
            leads.append(self.lead_at_equal_latency)
        return bool(self.faster) and min(leads) >= MARGIN


def read_latencies(file: Path) -> Latencies:
    """Reads what `node models/evaluate.mjs --latency` writes.

    Raises:
        ValueError: if it is something else.
    """
    try:
        content = json.loads(file.read_text())
        models = {
            name: {
                backend: Latency(*(float(of_model[backend][key]) for key in ("medianMs", "p10", "p90")))
                for backend in BACKENDS
                if backend in of_model
            }
            for name, of_model in content["models"].items()
        }
        return Latencies(str(content["machine"]), str(content["node"]), int(content["runs"]), models)
    except (json.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(
            f"{file}: not the latencies of models/evaluate.mjs: {type(error).__name__}: {error}"
        ) from error


def entries(runs: Sequence[Run], trained: Path, latencies: Latencies | None) -> list[Entry]:
    """The networks of the runs, in the order of the runs, with what is finished of each.

    Raises:
        ValueError: for a broken card.
    """
    by_network: dict[str, list[Run]] = {}
    for run in runs:
        by_network.setdefault(run.network.name, []).append(run)
    result = []
    for of_network in by_network.values():
        cards = [read_card(trained / run.name) for run in of_network if (trained / run.name / "dynconv.json").exists()]
        measured = [latencies.models.get(card.name, {}) for card in cards] if latencies else []
        result.append(Entry(of_network[0].network, tuple(cards), len(of_network), _means(measured)))
    return result


def trained_alike(entries: Sequence[Entry]) -> bool:
    """Whether all cards have the same data, number of steps and batch, without which they cannot be compared."""
    trainings = [card.training for entry in entries for card in entry.cards]
    return len({json.dumps([t.data, t.steps, t.batch], sort_keys=True) for t in trainings}) <= 1


def verdicts(entries: Sequence[Entry]) -> list[Verdict]:
    """One for each dynamic network whose latency is known, in the order of the entries."""
    result = []
    for dynamic in entries:
        latency = dynamic.latency
        if not dynamic.is_dynamic or not dynamic.cards or latency is None:
            continue
        points = [
            (entry.latency, entry)
            for entry in entries
            if not entry.is_dynamic and entry.cards and entry.network.family == dynamic.network.family
        ]
        static = sorted(((ms, entry) for ms, entry in points if ms is not None), key=lambda point: point[0])
        faster = tuple((entry, dynamic.pckh - entry.pckh) for ms, entry in static if ms <= latency)
        result.append(Verdict(dynamic, faster, _lead(dynamic.pckh, latency, [(ms, e.pckh) for ms, e in static])))
    return result


def _lead(rate: float, latency: float, static: Sequence[tuple[float, float]]) -> float | None:
    """Lead over the front of static (latency, rate) points, interpolated linearly."""
    for (ms0, rate0), (ms1, rate1) in itertools.pairwise(_front(static)):
        if ms0 <= latency <= ms1:
            return rate - (rate0 + (latency - ms0) / (ms1 - ms0) * (rate1 - rate0))
    return None


def _front(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The (latency, rate) points, in ascending order, that no other of them equals or beats in both.

    Nobody would choose the others, and a line through one of them lies too low.
    """
    front: list[tuple[float, float]] = []
    for ms, rate in sorted(points, key=lambda point: (point[0], -point[1])):
        if not front or rate > front[-1][1]:
            front.append((ms, rate))
    return front


def _means(measured: Sequence[dict[Backend, Latency]]) -> dict[Backend, Latency]:
    result: dict[Backend, Latency] = {}
    for backend in BACKENDS:
        found = [of_run[backend] for of_run in measured if backend in of_run]
        if found:
            result[backend] = Latency(
                *(statistics.fmean(getattr(one, key) for one in found) for key in ("median", "p10", "p90"))
            )
    return result
