"""Writes RESULTS.md and its diagrams from the cards of the trained networks.

`python -m dynconv_models.results [--trained FOLDER] [--latency FILE]`; the latencies are what
`node models/evaluate.mjs --latency FILE` measures.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .comparison import (
    BACKENDS,
    MARGIN,
    Backend,
    Entry,
    Latencies,
    Verdict,
    entries,
    read_latencies,
    trained_alike,
    verdicts,
)
from .gated_results import gated_models, gated_section
from .plots import write_plots
from .pose_data.lspet import NAME as LSPET
from .study import runs
from .tables import markdown_table, percent
from .train import MODELS, OUTPUT

_NOT_RUN = "not run yet"
_NOT_MEASURED = "not measured"

#: MPII's joints, left and right together, as its tables show them.
_GROUPS = {
    "head": ("head_top", "upper_neck"),
    **{joint: (f"left_{joint}", f"right_{joint}") for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")},
}

_INTRODUCTION = """\
# Results of the training study

<!-- Written by python -m dynconv_models.results: do not edit. -->

Stacked hourglass networks for human pose estimation on photographs: static ones of several widths, static ones without
their dearest blocks, and dynamic ones of several budgets, all trained with the same number of images. The photographs
are those of Leeds Sports Pose Extended Training (LSPET): people at parkour, gymnastics and athletics, labelled by crowd
workers, one person in each, cut out around the labelled joints. 1,000 of them are held out, and PCKh@0.5 is on those
(the head is what reaches from the upper neck to its top; where that has no label, 0.45 of the torso). **It is not
MPII**, and nothing here can be compared with figures on MPII; what can be compared are the networks with each other.

Training starts with one stack on small pictures, goes on with two, and ends on pictures of full size; until then it is
the same for a static network and its dynamic versions. **Masks come second**: a dynamic network starts with open masks
from what the static one has learned, and its budget falls to the target while half of the last part goes by.

A budget is the share of the work behind masks that a dynamic network was trained to execute. Work is in
millions of multiply-accumulates (MACs) for one image, on average over the held-out photographs. With several seeds,
figures are means, and brackets hold the lowest and the highest.
"""

_PUBLISHED = """\
## Published, on MPII

Figures of the authors, not of this study: a network of four stacks for 256 x 256 images, trained on MPII's photographs.
From the [authors' repository](https://github.com/thomasverelst/dynconv/tree/master/pose).

| network (published)      | PCKh@0.5 on MPII | parameters | MACs behind masks   | executed MACs |
| ------------------------ | ---------------: | ---------: | ------------------: | ------------: |
| 4 stacks, budget 0.125   |            86.68 |     6.89 M | 0.98 G of 6.16 G    |        1.71 G |
"""


def render(
    entries: Sequence[Entry], latencies: Latencies | None, plots: dict[str, str], gated: Sequence[dict[str, Any]]
) -> str:
    """RESULTS.md; `plots` names, by what the x axis shows, files in `figures/`; `gated` are cards (`gated_models`)."""
    finished = sum(len(entry.cards) for entry in entries)
    wanted = sum(entry.wanted for entry in entries)
    parts = [_INTRODUCTION]
    if finished < wanted:
        parts.append(f"**The study is not complete: {finished} of {wanted} runs are finished.**\n")
    parts.append(_earlier(entries))
    parts.append(_training(entries))
    parts.append(_latency_note(latencies))
    for family in dict.fromkeys(entry.network.family for entry in entries):
        of_family = [entry for entry in entries if entry.network.family == family]
        parts.append(f"## {family}\n")
        if not trained_alike(of_family):
            parts.append("**These networks differ in data, steps or batch, so they cannot be compared.**\n")
        parts += [_table(of_family), _joint_table(of_family), _mask_tables(of_family)]
    if plots:
        parts.append("## Diagrams\n")
        parts += [f"![PCKh against {label}](figures/{file})\n" for label, file in plots.items()]
    parts.append("## Dynamic against static\n")
    parts.append(_verdicts(entries))
    parts.append(gated_section(gated))
    parts.append(_PUBLISHED)
    return "\n".join(part for part in parts if part)


def _earlier(entries: Sequence[Entry]) -> str:
    """A warning of networks that were trained on other pictures."""
    others = {
        entry.network.name: card.training.data["name"]
        for entry in entries
        for card in entry.cards
        if card.training.data["name"] != LSPET
    }
    if not others:
        return ""
    names = ", ".join(f"`{name}`" for name in others)
    data = ", ".join(sorted({f"`{name}`" for name in others.values()}))
    return (
        f"**Not trained on these photographs, but on {data}** (drawn people, in an earlier study), and measured on "
        f"pictures of the same kind: {names}. Their figures say nothing about photographs.\n"
    )


def _training(entries: Sequence[Entry]) -> str:
    trainings = [card.training for entry in entries for card in entry.cards]
    if not trainings:
        return ""
    first = trainings[0]
    devices = ", ".join(sorted({training.device for training in trainings}))
    return (
        f"Data: `{first.data['name']}`, version {first.data['version']}, seed {first.data['seed']}, "
        f"{first.data['trainImages']} training images. A run is {first.steps} steps of {first.batch} images. "
        f"Computed on: {devices}; {sum(training.minutes for training in trainings) / 60:.1f} hours in all.\n"
    )


def _latency_note(latencies: Latencies | None) -> str:
    if latencies is None:
        return "Latencies: not measured yet.\n"
    return (
        f"Latencies: medians of {latencies.runs} runs on {latencies.machine}, Node.js {latencies.node}, "
        "one image at a time, of the converted networks.\n"
    )


def _table(entries: Sequence[Entry]) -> str:
    header = ["network", "seeds", "PCKh@0.5", "executed behind masks", "executed MACs", "all MACs", "parameters"]
    header += [f"ms on {backend}" for backend in BACKENDS]
    rows = []
    for entry in entries:
        name = f"`{entry.network.name}`"
        if not entry.cards:
            rows.append([name, f"0 of {entry.wanted}", _NOT_RUN, *["-"] * (len(header) - 3)])
            continue
        figures = entry.cards[0].figures
        rows.append(
            [
                name,
                f"{len(entry.cards)} of {entry.wanted}",
                _rate(entry),
                _executed(entry),
                f"{entry.executed_macs / 1e6:.1f} M",
                f"{figures.macs / 1e6:.1f} M",
                f"{figures.parameters / 1e3:.0f} k",
                *(_milliseconds(entry, backend) for backend in BACKENDS),
            ]
        )
    return markdown_table(header, rows)


def _rate(entry: Entry) -> str:
    low, high = entry.spread
    return f"{entry.pckh:.2f}" + (f" [{low:.2f}, {high:.2f}]" if len(entry.cards) > 1 else "")


def _executed(entry: Entry) -> str:
    if not entry.is_dynamic:
        return "-"
    fractions = [card.figures.executed_fraction or 0.0 for card in entry.cards]
    text = f"{100 * sum(fractions) / len(fractions):.1f} %"
    missed = sum(card.figures.misses_budget for card in entry.cards)
    if missed:
        text += " **misses its budget**" + (f" ({missed} of {len(entry.cards)})" if len(entry.cards) > 1 else "")
    return text


def _milliseconds(entry: Entry, backend: Backend) -> str:
    latency = entry.latencies.get(backend)
    return f"{latency.median:.2f} [{latency.p10:.2f}, {latency.p90:.2f}]" if latency else _NOT_MEASURED


def _joint_table(entries: Sequence[Entry]) -> str:
    finished = [entry for entry in entries if entry.cards]
    if not finished:
        return ""
    rows = []
    for entry in finished:
        cells = []
        for joints in _GROUPS.values():
            rates = [
                card.figures.pckhPerJoint[joint]
                for card in entry.cards
                for joint in joints
                if joint in card.figures.pckhPerJoint
            ]
            cells.append(f"{sum(rates) / len(rates):.1f}" if rates else "-")
        rows.append([f"`{entry.network.name}`", *cells])
    return "PCKh@0.5 by joint, left and right together:\n\n" + markdown_table(["network", *_GROUPS], rows)


def _mask_tables(entries: Sequence[Entry]) -> str:
    """For each dynamic network, of its first seed: what its mask units keep and where."""
    tables = []
    for entry in entries:
        if not entry.cards or not entry.cards[0].figures.masks:
            continue
        figures = entry.cards[0].figures
        rows = [
            [
                f"`{unit.removesuffix('_mask')}`",
                *(percent(share) for share in (figures.maskDensities[unit], mask.near, mask.far)),
                *(percent(share) for share in (mask.within, mask.pattern)),
            ]
            for unit, mask in figures.masks.items()
        ]
        header = ["block", "kept", "near joints", "elsewhere", "variance within pictures", "of a fixed pattern"]
        tables.append(f"The masks of `{entry.network.name}`:\n\n" + markdown_table(header, rows))
    if not tables:
        return ""
    explained = (
        "A mask is spatial if it keeps more near the person than elsewhere, most of its variance lies within pictures, "
        "and a pattern that is the same in all pictures explains little of it.\n"
    )
    return "\n".join([explained, *tables])


def _verdicts(entries: Sequence[Entry]) -> str:
    lines = [
        "Each network counts with its latency on dynconv. A dynamic network is called better if its PCKh is at least "
        f"{MARGIN:g} point above that of every static network of its family with equal or lower latency, and as much "
        "above the straight line between the two static networks whose latencies enclose its own. That line leaves out "
        "static networks that another static one beats: with equal or lower latency, and equal or higher PCKh.\n"
    ]
    found = verdicts(entries)
    judged = {verdict.dynamic.network.name for verdict in found}
    for entry in entries:
        if entry.is_dynamic and entry.network.name not in judged:
            reason = _NOT_RUN if not entry.cards else "its latency is not measured yet"
            lines.append(f"- `{entry.network.name}`: no verdict, {reason}.")
    lines += [_verdict(verdict) for verdict in found]
    return "\n".join(lines) + "\n"


def _verdict(verdict: Verdict) -> str:
    name = f"- `{verdict.dynamic.network.name}`"
    if not verdict.faster:
        return f"{name}: no verdict, no static network with equal or lower latency is measured."
    leads = ", ".join(f"`{entry.network.name}` by {lead:+.2f}" for entry, lead in verdict.faster)
    text = f"{name}: **{'better' if verdict.is_better else 'not better'}**; points against {leads}."
    if verdict.lead_at_equal_latency is not None:
        text += f" At equal latency, between the static networks: {verdict.lead_at_equal_latency:+.2f}."
    return text


def main(arguments: Sequence[str] | None = None) -> None:
    """The command `python -m dynconv_models.results`."""
    parser = argparse.ArgumentParser(
        prog="python -m dynconv_models.results", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument(
        "--trained", type=Path, default=OUTPUT, metavar="FOLDER", help="the networks; default: models/trained"
    )
    parser.add_argument(
        "--models", type=Path, default=MODELS, metavar="FOLDER", help="pretrained models with masks; default: models"
    )
    parser.add_argument("--latency", type=Path, metavar="FILE", help="JSON of node models/evaluate.mjs --latency")
    parser.add_argument(
        "--output", type=Path, default=MODELS, metavar="FOLDER", help="for RESULTS.md and figures/; default: models"
    )
    options = parser.parse_args(arguments)
    try:
        latencies = read_latencies(options.latency) if options.latency else None
        compared = entries(runs(), options.trained, latencies)
        gated = gated_models(options.models)
    except (ValueError, FileNotFoundError) as error:
        sys.exit(str(error))
    plots = write_plots(compared, options.output / "figures")
    file = options.output / "RESULTS.md"
    file.write_text(render(compared, latencies, plots, gated))
    print(f"{file}: {sum(len(entry.cards) for entry in compared)} runs")


if __name__ == "__main__":
    main()
