"""The command `python -m dynconv_models.pose_data`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .benchmark import DEFAULT_DIRECTORY, SPLITS, generate, sample
from .preview import contact_sheet

PREVIEWED = 48


def main() -> None:
    """Generates the benchmark, or draws a contact sheet of it."""
    parser = argparse.ArgumentParser(
        prog="python -m dynconv_models.pose_data",
        description="Generates the pose estimation benchmark from a seed; an interrupted run goes on where it stopped.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("directory", type=Path, nargs="?", default=DEFAULT_DIRECTORY, help="where the arrays go")
    parser.add_argument("--size", type=int, default=128, help="side of the images, pixels")
    for split, count in SPLITS.items():
        parser.add_argument(f"--{split}", type=int, default=count, help=f"images of the {split} split")
    parser.add_argument("--seed", type=int, default=0, help="decides every image")
    parser.add_argument("--processes", type=int, default=2, help="how many draw at the same time")
    parser.add_argument(
        "--preview",
        type=Path,
        metavar="FILE",
        help=f"only draw the first {PREVIEWED} training images with their skeletons into this PNG file",
    )
    options = parser.parse_args()
    try:
        if options.preview:
            samples = [sample(options.seed, "train", index, options.size) for index in range(PREVIEWED)]
            contact_sheet(samples, options.preview)
            return
        counts = {split: getattr(options, split) for split in SPLITS}
        interactive = sys.stderr.isatty()
        generate(
            options.directory,
            options.size,
            counts,
            options.seed,
            options.processes,
            lambda line: print(line, end="\033[K\r" if interactive else "\n", file=sys.stderr, flush=True),
        )
        if interactive:
            print(file=sys.stderr)
    except (OSError, ValueError) as error:
        parser.exit(1, f"{parser.prog}: {error}\n")


if __name__ == "__main__":
    main()
