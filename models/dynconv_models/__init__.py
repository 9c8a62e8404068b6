"""Spatially dynamic networks in Keras 3, after Verelst and Tuytelaars, *Dynamic Convolutions* (CVPR 2020)."""

from .hourglass import HourglassConfig, hourglass
from .layers import MaskUnit, NearestUpSampling2D

__all__ = ["HourglassConfig", "MaskUnit", "NearestUpSampling2D", "hourglass"]
