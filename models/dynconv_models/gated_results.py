"""What RESULTS.md says of pretrained models that got masks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .cards import FILE
from .tables import markdown_table, percent

_INTRODUCTION = """\
## Pretrained models with masks

Made by `python -m dynconv_models.gate` ([how](GATING.md)), without labels. The share of finds is against the model that
they were made of, on pictures that they were not trained on; PCK@0.2 (`python -m dynconv_models.keypoints`) is against
labels of such pictures, whole ones, in which the labelled person may be small or one of several.
"""


def gated_models(models: Path) -> list[dict[str, Any]]:
    """The cards of models with masks in the folders below one, by name.

    Raises:
        ValueError: for a broken card.
    """
    cards = []
    for file in sorted(models.glob(f"*/{FILE}")):
        try:
            card = json.loads(file.read_text())
            if "gating" in card:
                cards.append({"folder": file.parent.name, **card})
        except (json.JSONDecodeError, TypeError) as error:
            raise ValueError(f"{file}: broken ({error})") from error
    return cards


def gated_section(cards: Sequence[dict[str, Any]]) -> str:
    """The section, empty for no models."""
    if not cards:
        return ""
    header = ["model", "all MACs", "behind masks", "of these executed", "executed MACs", "finds kept", "PCK@0.2", "was"]
    rows, masks = [], []
    for card in cards:
        figures = card["gating"]["figures"]
        labelled = figures.get("labelled")
        rows.append(
            [
                f"`{card['folder']}`",
                f"{figures['macs'] / 1e6:.0f} M",
                percent(figures["conditionalMacs"] / figures["macs"]),
                percent(figures["share"]),
                f"{figures['executedMacs'] / 1e6:.0f} M",
                percent(figures["finds"]),
                *([f"{labelled[key]:.1f}" for key in ("pck", "originalPck")] if labelled else ["not measured"] * 2),
            ]
        )
        units = [
            [f"`{name}`", percent(density), percent(figures.get("within", {}).get(name))]
            for name, density in figures["densities"].items()
        ]
        table = markdown_table(["mask of", "kept", "variance within pictures"], units)
        masks.append(f"The masks of `{card['folder']}`, each of all blocks of its size:\n\n{table}")
    return "\n".join([_INTRODUCTION, markdown_table(header, rows), *masks])
