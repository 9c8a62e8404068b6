"""Makes a pretrained, converted model dynamic.

`python -m dynconv_models.gate MODEL --images FOLDER --budget 0.5 --out FOLDER` reads a graph model of TensorFlow.js,
puts masks on the blocks that can gain from one, trains them against the model itself on pictures without labels, and
writes the same graph with the masks in it. It can be interrupted, and goes on where it was.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .gating import graph_model, pictures
from .gating.blocks import Block, Refusal, find_blocks, macs
from .gating.distil import Agreement, Distillation, Recipe
from .gating.insertion import with_masks
from .gating.student import Student
from .gating.trunk import Trunk

_ONEDNN = "TF_ENABLE_ONEDNN_OPTS"

CARD = "dynconv.json"
CHECKPOINT = "checkpoint.npz"


def describe(trunk: Trunk, blocks: Sequence[Block], refusals: Sequence[Refusal]) -> str:
    """What gets a mask and what does not, in words."""
    total = sum(macs(trunk, found) for found in trunk.convolutions.values())
    lines = [f"{total / 1e6:.1f} million multiply-accumulates a picture, of which get a mask:"]
    for block in blocks:
        kind = "residual" if block.residual else "with a background"
        kind += "" if block.leader == block.name else f", the mask of {block.leader}"
        lines.append(f"  {100 * block.macs / total:5.1f} %  {block.name}, {block.size[1]}x{block.size[0]}, {kind}")
    lines.append(f"  {100 * sum(block.macs for block in blocks) / total:5.1f} %  in all")
    lines.append("No mask for:")
    lines += [f"  {100 * refusal.share:5.1f} %  {refusal.end}: {refusal.reason}" for refusal in refusals]
    return "\n".join(lines)


def card(
    before: dict[str, Any],
    blocks: Sequence[Block],
    work: Distillation,
    agreement: Agreement,
    earlier: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """What `dynconv.json` says about the result, beyond what `before`, the card of the model, says.

    `earlier` is what the card of the result that it went on with says of its own training.
    """
    total = sum(macs(work.trunk, found) for found in work.trunk.convolutions.values())
    conditional = sum(block.macs for block in blocks)
    recipe = work.recipe
    return {
        "weights": "pretrained",
        **before,
        "gating": {
            **dataclasses.asdict(recipe),
            "images": len(work.files),
            "minutes": round(work.seconds / 60, 1),
            "command": f"python -m dynconv_models.gate MODEL --images FOLDER --budget {recipe.budget:g} "
            f"--steps {recipe.steps} --batch {recipe.batch} --lowest {recipe.lowest:g} "
            f"{'' if earlier is None else '--further EARLIER '}--out FOLDER",
            **({} if earlier is None else {"earlier": earlier}),
            "figures": {
                "macs": total,
                "conditionalMacs": conditional,
                "executedMacs": round(total - conditional + agreement.share * conditional),
                **dataclasses.asdict(agreement),
            },
        },
    }


def card_of(model: Path) -> dict[str, Any]:
    """The card that lies beside a `model.json`; empty if there is none.

    Raises:
        ValueError: if it is broken.
    """
    file = (model if model.is_dir() else model.parent) / CARD
    if not file.is_file():
        return {}
    try:
        content = json.loads(file.read_text())
    except json.JSONDecodeError as error:
        raise ValueError(f"{file}: not valid JSON ({error})") from error
    if not isinstance(content, dict):
        raise ValueError(f"{file}: not a card; it holds a {type(content).__name__}")
    return content


def gate(
    model: Path, images: Path, out: Path, recipe: Recipe, start: Path | None = None, report: Any = print
) -> dict[str, Any]:
    """Does what the command does; returns the card.

    `start` is an earlier result (`model.json`, or its folder), whose masks and weights are trained further.

    Raises:
        OSError: for a missing model, no pictures, or a folder that cannot be made.
        ValueError: for a model that cannot be gated, a broken card or picture, a checkpoint of another training, an
            earlier result that was not made of this model, or a folder for the result that is that of a model.
    """
    before = card_of(model)
    scaling = pictures.Scaling.of(before)
    trunk = Trunk(graph_model.read(model))
    blocks, refusals = find_blocks(trunk)
    report(describe(trunk, blocks, refusals))
    training, held_out = pictures.find(images)
    earlier = None if start is None else card_of(start).get("gating", {})
    student = Student(trunk, blocks, recipe.seed)
    first = None if start is None else graph_model.read(start)
    _make_folder(out, [model] if start is None else [model, start])
    work = Distillation(trunk, student, recipe, training, out / CHECKPOINT, first, scaling)
    work.train(report, held_out)
    for variable in student.weights.values():
        variable.assign(graph_model.rounded(variable.numpy()))
    agreement = work.agreement(held_out)
    report(f"On {len(held_out)} pictures that it was not trained on: {agreement}")
    graph_model.write(with_masks(student), out)
    content = card(before, blocks, work, agreement, earlier)
    scratch = out / f"{CARD}.tmp"
    scratch.write_text(json.dumps(content, indent=2) + "\n")
    os.replace(scratch, out / CARD)
    return content


def _make_folder(out: Path, models: Sequence[Path]) -> None:
    """Makes the folder for the result, which must not be that of a model it is made of."""
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out}: a file; --out names a folder")
    for model in models:
        if out.resolve() == (model if model.is_dir() else model.parent).resolve():
            raise ValueError(f"{out}: {model} lies there and would be overwritten; give another folder to --out")
    out.mkdir(parents=True, exist_ok=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m dynconv_models.gate", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("model", type=Path, help="model.json of a converted graph model, or its folder")
    parser.add_argument("--images", type=Path, required=True, metavar="FOLDER", help="pictures; they need no labels")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="for the result, and the checkpoint")
    parser.add_argument("--budget", type=float, default=0.5, help="share of the work behind masks; default: 0.5")
    parser.add_argument("--steps", type=int, default=Recipe.steps, help=f"default: {Recipe.steps}")
    parser.add_argument("--batch", type=int, default=Recipe.batch, help=f"pictures a step; default: {Recipe.batch}")
    parser.add_argument(
        "--lowest",
        type=float,
        default=Recipe.lowest,
        help=f"what each mask keeps at least, on average, until late; default: {Recipe.lowest}",
    )
    parser.add_argument("--seed", type=int, default=0, help="default: 0")
    parser.add_argument(
        "--further", type=Path, metavar="EARLIER", help="an earlier result, to train its masks and weights further"
    )
    options = parser.parse_args(arguments)

    def report(line: str) -> None:
        print(line, flush=True)

    try:
        recipe = Recipe(options.budget, options.steps, options.batch, lowest=options.lowest, seed=options.seed)
        if options.further is not None:
            recipe = recipe.further
        gate(options.model, options.images, options.out, recipe, options.further, report)
    except (ValueError, OSError) as error:
        sys.exit(str(error))


def _go_on_without_onednn() -> None:
    """Starts the command anew, for TensorFlow looks at the variable when it is imported.

    With oneDNN, TensorFlow 2.19 writes beyond its memory in a step of this training on some CPUs (AMD Zen 5), and dies.
    """
    command = [sys.executable, "-m", "dynconv_models.gate", *sys.argv[1:]]
    os.execve(sys.executable, command, {**os.environ, _ONEDNN: "0"})


if __name__ == "__main__":
    if _ONEDNN not in os.environ:
        _go_on_without_onednn()
    main()
