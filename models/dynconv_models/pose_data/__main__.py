"""`python -m dynconv_models.pose_data FOLDER`: cuts LSPET's people out of its photographs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from . import lspet
from .split import write

DEFAULT_DIRECTORY = Path("models/.cache/lspet-192")


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m dynconv_models.pose_data", description=(__doc__ or "").split(": ")[1]
    )
    parser.add_argument("folder", type=Path, help="LSPET: images/ and joints.mat")
    parser.add_argument(
        "--output", type=Path, default=DEFAULT_DIRECTORY, metavar="DIRECTORY", help=f"default: {DEFAULT_DIRECTORY}"
    )
    parser.add_argument("--size", type=int, default=192, help="of what a network sees, in pixels; default: 192")
    options = parser.parse_args(arguments)
    try:
        splits = lspet.prepare(options.folder, options.size)
    except (FileNotFoundError, ValueError) as error:
        sys.exit(str(error))
    write(options.output, splits, lspet.describe(0))


if __name__ == "__main__":
    main()
