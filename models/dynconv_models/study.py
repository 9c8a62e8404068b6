"""Trains, evaluates and converts all networks of the study, in an order that makes partial results useful.

`python -m dynconv_models.study` can be stopped and started at will: it skips the runs that are finished and goes on
with the one that was interrupted.
"""

from __future__ import annotations

import argparse
import fnmatch
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import keras

from .cards import Card, fingerprint, read_card
from .recipe import recipe
from .train import Run, add_common_options, configuration, describe_data, execute, report, summary
from .trainer import device

FAMILIES = ("mobilenetv2", "resnet")
#: The comparison that the study is about, the most telling first.
CENTRAL = ("static-w100", "dynamic-b025", "dynamic-b050", "static-w050", "static-w075", "static-w100-without4")
#: A further budget, and blocks.
FURTHER = ("dynamic-b0125", "static-w100-without2")
#: For the central comparison; 0 comes first, for all.
FURTHER_SEEDS = (1, 2)


def runs() -> list[Run]:
    """All runs of the study, in their order."""
    names = [f"{family}-{kind}" for kinds in (CENTRAL, FURTHER) for family in FAMILIES for kind in kinds]
    names += [f"{family}-{kind}-seed{seed}" for seed in FURTHER_SEEDS for family in FAMILIES for kind in CENTRAL]
    return [Run.parse(name) for name in names]


def is_finished(run: Run, key: str, output: Path) -> bool:
    """Whether `output` holds the run's card, with the fingerprint `key` of its configuration."""
    try:
        return read_card(output / run.name).training.configuration == key
    except (FileNotFoundError, ValueError):
        return False


def study(
    selected: Sequence[Run],
    key_of: Callable[[Run], str],
    execute: Callable[[Run], Card],
    output: Path,
    hours: float | None = None,
    now: Callable[[], float] = time.monotonic,
) -> Iterator[Card]:
    """Executes those of the runs that are not finished, and yields their cards.

    Args:
        selected: the runs, in order.
        key_of: the fingerprint of a run's configuration.
        execute: trains, evaluates and converts.
        output: where the finished ones are.
        hours: after which no run is started; None for no limit.
        now: a clock, in seconds.
    """
    started = now()
    for run in selected:
        if is_finished(run, key_of(run), output):
            continue
        if hours is not None and now() - started >= 3600 * hours:
            return
        yield execute(run)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command `python -m dynconv_models.study`."""
    parser = argparse.ArgumentParser(prog="python -m dynconv_models.study", description=(__doc__ or "").split("\n")[0])
    add_common_options(parser)
    parser.add_argument("--only", metavar="PATTERN", default="*", help="runs by name; * matches anything")
    parser.add_argument("--hours", type=float, help="start no run when they are over")
    parser.add_argument("--list", action="store_true", help="say what is finished, and train nothing")
    options = parser.parse_args(arguments)
    selected = [run for run in runs() if fnmatch.fnmatchcase(run.name, options.only)]
    if not selected:
        sys.exit(f"--only {options.only}: no run has such a name; --list shows them all")
    try:
        plan = recipe()
        data = describe_data(options.data)
    except (ValueError, FileNotFoundError) as error:
        sys.exit(str(error))

    def key_of(run: Run) -> str:
        return fingerprint(configuration(run, plan, data))

    if options.list:
        for run in selected:
            print(f"{'finished' if is_finished(run, key_of(run), options.output) else 'to do':9} {run.name}")
        return

    def start(run: Run) -> Card:
        print(f"{run.name}: on {device()}, {time.strftime('%H:%M')}", flush=True)
        keras.backend.clear_session()
        return execute(run, plan, options.data, options.output, options.cache, report)

    for card in study(selected, key_of, start, options.output, options.hours):
        print(summary(card), flush=True)
    left = sum(not is_finished(run, key_of(run), options.output) for run in selected)
    print(f"{len(selected) - left} of {len(selected)} runs are finished")


if __name__ == "__main__":
    main()
