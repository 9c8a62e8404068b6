"""People to estimate poses of: photographs of LSPET, and MPII Human Pose for those who have it."""

from .split import MARGIN, SPLITS, Split, central, load

__all__ = ["MARGIN", "SPLITS", "Split", "central", "load"]
