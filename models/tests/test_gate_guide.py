"""GATING.md says of the shipped model what its card says."""

import json
from pathlib import Path

MODELS = Path(__file__).parents[1]


def test_the_trainings_of_the_shipped_model() -> None:
    gating = json.loads((MODELS / "movenet-thunder" / "dynconv.json").read_text())["gating"]
    trainings = [gating]
    while "earlier" in trainings[0]:
        trainings.insert(0, trainings[0]["earlier"])
    lines = (MODELS / "GATING.md").read_text().splitlines()
    header = next(index for index, line in enumerate(lines) if line.startswith("| training"))
    rows = [[cell.strip() for cell in line.split("|")[2:-1]] for line in lines[header + 2 :] if line.startswith("|")]
    assert rows == [
        [
            f"{training['budget']}",
            f"{training['steps']:,}",
            f"{training['lowest']}",
            f"{training['figures']['executedMacs'] / 1e6:.0f} M",
            f"{training['figures']['labelled']['pck']:.1f}",
        ]
        for training in trainings
    ]
