"""`python -m torch_trainer prepare|run|collect`: networks of the study, trained side by side on one GPU."""

from __future__ import annotations

import argparse
import fnmatch
import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m torch_trainer", description=(__doc__ or "").split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("prepare", help="write runs down as jobs; needs what training with Keras needs")
    one.add_argument("names", nargs="+", metavar="NAME", help="runs, such as resnet-static-w050-seed1")
    one.add_argument("--jobs", type=Path, required=True, metavar="FILE", help="to write")
    one.add_argument("--data", type=Path, metavar="DIRECTORY", help="pictures; default: lspet-192")
    one.add_argument("--trained", type=Path, metavar="DIRECTORY", help="trained networks; default: models/trained")
    two = commands.add_parser("run", help="train them; needs PyTorch, a GPU, and NumPy")
    two.add_argument("--jobs", type=Path, required=True, metavar="FILE", help="that prepare wrote")
    two.add_argument("--data", type=Path, required=True, metavar="DIRECTORY", help="pictures")
    two.add_argument("--output", type=Path, required=True, metavar="DIRECTORY", help="gets the weights")
    two.add_argument("--parallel", type=int, default=12, metavar="N", help="networks at once; default: 12")
    two.add_argument("--only", default="*", metavar="PATTERN", help="runs by name; * matches anything")
    three = commands.add_parser("collect", help="evaluate and convert them; needs what training with Keras needs")
    three.add_argument("weights", type=Path, metavar="DIRECTORY", help="that run wrote")
    three.add_argument("--only", default="*", metavar="PATTERN", help="runs by name; * matches anything")
    three.add_argument("--data", type=Path, metavar="DIRECTORY", help="pictures; default: lspet-192")
    three.add_argument("--output", type=Path, metavar="DIRECTORY", help="default: models/trained")
    three.add_argument("--cache", type=Path, metavar="DIRECTORY", help="gets Keras's predictions")
    options = parser.parse_args(arguments)
    try:
        match options.command:
            case "prepare":
                from .prepare import prepare_all

                prepare_all(options.names, options.jobs, options.data, options.trained)
            case "run":
                from .job import read_jobs
                from .side_by_side import run_all

                jobs = [job for job in read_jobs(options.jobs) if fnmatch.fnmatchcase(job.name, options.only)]
                if not jobs:
                    raise ValueError(f"--only {options.only}: no job in {options.jobs} has such a name")
                run_all(jobs, options.data, options.output, options.parallel)
            case _:
                from .collect import collect_all

                collect_all(options.weights, options.only, options.data, options.output, options.cache)
    except ModuleNotFoundError as error:
        sys.exit(f"{error}: `run` needs PyTorch and NumPy, the others what models[convert,train] asks for")
    except (ValueError, FileNotFoundError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
