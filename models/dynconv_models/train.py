"""Trains one network of the study.

`python -m dynconv_models.train NAME --data DIRECTORY --output DIRECTORY` trains, going on where an earlier call was
interrupted, then evaluates on the test images, converts, and writes the card.
"""

from __future__ import annotations

import argparse
import dataclasses
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .cards import Card, Training, fingerprint
from .networks import INPUT_SIZE, Network
from .pose_data.split import about, central, load
from .recipe import Phase, Recipe, recipe
from .trainer import Progress, Trainer, device
from .trunk import FOLDER, Trunk, read_trunk, write_trunk

MODELS = Path(__file__).parents[1]
CACHE = MODELS / ".cache"
DATA = CACHE / "lspet-192"
OUTPUT = MODELS / "trained"

_RUN = re.compile(r"(?P<network>.+?)(?:-seed(?P<seed>[1-9]\d*))?")


@dataclasses.dataclass(frozen=True)
class Run:
    """A network and the seed that it is trained from."""

    network: Network
    seed: int = 0

    @classmethod
    def parse(cls, name: str) -> Run:
        """Reads `NETWORK` (seed 0) or `NETWORK-seedN`.

        Raises:
            ValueError: for a name of another form.
        """
        match = _RUN.fullmatch(name)
        if not match:
            raise ValueError("a run without a name: write NETWORK or NETWORK-seedN")
        return cls(Network.parse(match["network"]), int(match["seed"] or 0))

    @property
    def name(self) -> str:
        """`NETWORK` for seed 0, else `NETWORK-seedN`."""
        return self.network.name if self.seed == 0 else f"{self.network.name}-seed{self.seed}"


def describe_data(directory: Path) -> dict[str, Any]:
    """What a card says about the pictures in a folder.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: if they are broken.
    """
    content = about(directory)
    return {
        "name": content["name"],
        "version": content["version"],
        "seed": content["seed"],
        "trainImages": content["counts"]["train"],
    }


def configuration(run: Run, plan: Recipe | Phase, data: dict[str, Any]) -> dict[str, Any]:
    """All that decides about a run's result but the code."""
    return {
        "network": dataclasses.asdict(run.network),
        "recipe": dataclasses.asdict(plan),
        "seed": run.seed,
        "data": data,
    }


def trunk_key(run: Run, plan: Recipe, data: dict[str, Any]) -> str:
    """The fingerprint of a run's first phase, which it may share with others."""
    static = run.network.static
    # It sees pictures of its own size, whatever the last phase ends with.
    small = dataclasses.replace(static.config, input_size=plan.trunk.stages[-1].size)
    network = dataclasses.replace(static, config=small)
    return fingerprint(configuration(Run(network, run.seed), plan.trunk, data))


def execute(
    run: Run,
    plan: Recipe,
    data: Path = DATA,
    output: Path = OUTPUT,
    cache: Path = CACHE,
    report: Callable[[Progress], None] = print,
) -> Card:
    """Trains, evaluates, converts; returns the card, which lies in `output/NAME` with the converted network.

    The first phase trains the static network of the run's family and width, unless `output/trunks/` holds it from an
    earlier run; the second one trains the network itself, from there.

    `cache` gets the checkpoints (`runs/`) and Keras's predictions (`reference/`).
    """
    from .finish import finish  # It brings the converter, which takes seconds to import.

    description = describe_data(data)
    pictures, validation = load(data, "train"), load(data, "validation")

    def trainer(network: Network, part: Recipe | Phase, phase: Phase, name: str, start: Any) -> Trainer:
        folder = cache / "runs" / f"{name}-seed{run.seed}"
        key = fingerprint(configuration(Run(network, run.seed), part, description))
        return Trainer(network, phase, run.seed, pictures, folder, key, start)

    static = run.network.static
    file = output / FOLDER / f"{Run(static, run.seed).name}.npz"
    key = trunk_key(run, plan, description)
    trunk = read_trunk(file, key, static, plan.trunk)
    if trunk is None:
        first = trainer(static, plan.trunk, plan.trunk, f"{static.name}-trunk", None)
        write_trunk(Trunk(first.train(report, validation), first.seconds), file, key)
        trunk = read_trunk(file, key, static, plan.trunk)
        assert trunk is not None
    last = trainer(run.network, plan, plan.last, run.network.name, trunk.model)
    model = last.train(report, validation)
    training = Training(
        data=description,
        seed=run.seed,
        steps=plan.steps,
        batch=plan.last.batch,
        command=_command(run),
        device=device(),
        minutes=round((trunk.seconds + last.seconds) / 60, 1),
        configuration=last.key,
    )
    test = central(load(data, "test"), INPUT_SIZE)
    return finish(run.name, model, run.network.budget, test, training, output, cache / "reference")


def _command(run: Run) -> str:
    seed = f" --seed {run.seed}" if run.seed else ""
    return f"python -m dynconv_models.train {run.network.name}{seed}"


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """The options that `train` and `study` share."""
    parser.add_argument("--data", type=Path, default=DATA, metavar="DIRECTORY", help=f"pictures; default: {DATA.name}")
    parser.add_argument(
        "--output", type=Path, default=OUTPUT, metavar="DIRECTORY", help="converted networks; default: models/trained"
    )
    parser.add_argument(
        "--cache", type=Path, default=CACHE, metavar="DIRECTORY", help="checkpoints; default: models/.cache"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """The command `python -m dynconv_models.train`."""
    parser = argparse.ArgumentParser(prog="python -m dynconv_models.train", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("name", help="FAMILY-static-wPPP or FAMILY-dynamic-b0DDD, e.g. mobilenetv2-dynamic-b025")
    parser.add_argument("--seed", type=int, default=0, help="default: 0")
    add_common_options(parser)
    options = parser.parse_args(arguments)
    try:
        run = Run(Network.parse(options.name), options.seed)
        plan = recipe()
        print(f"{run.name}: on {device()}", flush=True)
        card = execute(run, plan, options.data, options.output, options.cache, report)
    except (ValueError, FileNotFoundError) as error:
        sys.exit(str(error))
    print(summary(card))


def report(progress: Progress) -> None:
    """Prints a line of progress."""
    print(progress, flush=True)


def summary(card: Card) -> str:
    """A finished run in one line."""
    figures = card.figures
    text = f"{card.name}: PCKh {figures.pckh:.2f}, {figures.executedMacs / 1e6:.1f} M MACs"
    if figures.executed_fraction is not None:
        text += f", executed {100 * figures.executed_fraction:.1f} % of what masks can skip"
    return text + (" - MISSES ITS BUDGET" if figures.misses_budget else "")


if __name__ == "__main__":
    main()
