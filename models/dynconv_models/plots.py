"""The study's diagrams: PCKh against the work, static and dynamic networks, one panel a family."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .comparison import BACKENDS, Backend, Entry

_COLOURS = {False: "#5b6b7a", True: "#c2410c"}
_MARKERS = {False: "s", True: "o"}


def write_plots(entries: Sequence[Entry], directory: Path) -> dict[str, str]:
    """Writes an SVG for each diagram that has points; returns the files' names by what the x axis shows.

    The same figures give the same bytes.
    """
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "dynconv"
    finished = [entry for entry in entries if entry.cards]
    axes: dict[str, tuple[str, Callable[[Entry], float | None]]] = {
        "executed MACs of an image, in millions": ("pckh-macs.svg", lambda entry: entry.executed_macs / 1e6)
    }
    for backend in BACKENDS:
        axes[f"latency on {backend}, in milliseconds"] = (f"pckh-latency-{backend}.svg", _latency_on(backend))
    directory.mkdir(parents=True, exist_ok=True)
    written = {}
    for label, (file, x_of) in axes.items():
        points = [(x, entry) for entry in finished if (x := x_of(entry)) is not None]
        if points:
            _plot(points, label, directory / file)
            written[label] = file
        else:
            (directory / file).unlink(missing_ok=True)
    return written


def _latency_on(backend: Backend) -> Callable[[Entry], float | None]:
    return lambda entry: entry.latencies[backend].median if backend in entry.latencies else None


def _plot(points: Sequence[tuple[float, Entry]], label: str, file: Path) -> None:
    from matplotlib import pyplot

    families = list(dict.fromkeys(entry.network.family for _, entry in points))
    figure, panels = pyplot.subplots(
        1, len(families), figsize=(4.6 * len(families), 3.8), sharey=True, squeeze=False, layout="constrained"
    )
    for panel, family in zip(panels[0], families, strict=True):
        of_family = [(x, entry) for x, entry in points if entry.network.family == family]
        for dynamic in (False, True):
            _curve(panel, sorted((p for p in of_family if p[1].is_dynamic == dynamic), key=lambda p: p[0]), dynamic)
        panel.set(title=family, xlabel=label)
        panel.grid(alpha=0.3)
        panel.margins(0.12)
        panel.legend(loc="lower right")
    panels[0][0].set_ylabel("PCKh@0.5, in percent")
    figure.savefig(file, format="svg", metadata={"Date": None})
    pyplot.close(figure)


def _curve(panel: Any, points: Sequence[tuple[float, Entry]], dynamic: bool) -> None:
    if not points:
        return
    x = [value for value, _ in points]
    rates = [entry.pckh for _, entry in points]
    spreads = [entry.spread for _, entry in points]
    errors = [
        [rate - low for rate, (low, _) in zip(rates, spreads, strict=True)],
        [high - rate for rate, (_, high) in zip(rates, spreads, strict=True)],
    ]
    panel.errorbar(
        x,
        rates,
        yerr=errors,
        color=_COLOURS[dynamic],
        marker=_MARKERS[dynamic],
        capsize=3,
        label="dynamic" if dynamic else "static",
    )
    for value, entry in points:
        kind = entry.network.name.split("-")[-1]
        panel.annotate(kind, (value, entry.pckh), xytext=(5, -11), textcoords="offset points", fontsize=8)
