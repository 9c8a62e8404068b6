"""Spatially dynamic networks in Keras 3, after Verelst and Tuytelaars, *Dynamic Convolutions* (CVPR 2020)."""

from .budget import BudgetLoss, BudgetSchedule, BudgetTerms, masks_of, noise_scale, with_budget
from .complexity import Complexity, ExecutedMacs, complexity, executed_macs
from .hourglass import HourglassConfig, hourglass
from .layers import MaskUnit, NearestUpSampling2D, set_noise_scale
from .resnet import ResNetConfig, resnet

__all__ = [
    "BudgetLoss",
    "BudgetSchedule",
    "BudgetTerms",
    "Complexity",
    "ExecutedMacs",
    "HourglassConfig",
    "MaskUnit",
    "NearestUpSampling2D",
    "ResNetConfig",
    "complexity",
    "executed_macs",
    "hourglass",
    "masks_of",
    "noise_scale",
    "resnet",
    "set_noise_scale",
    "with_budget",
]
