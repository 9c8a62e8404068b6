"""People to estimate poses of: a benchmark drawn from a seed, and MPII Human Pose for those who have it."""

from .benchmark import DEFAULT_DIRECTORY, SPLITS, VERSION, Split, generate, load

__all__ = ["DEFAULT_DIRECTORY", "SPLITS", "VERSION", "Split", "generate", "load"]
