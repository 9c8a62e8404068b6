"""The default configuration is the published network."""

from dynconv_models import HourglassConfig, hourglass
from dynconv_models.complexity import complexity


def test_parameters_and_conditional_macs_are_the_published_ones() -> None:
    counts = complexity(hourglass(HourglassConfig()))
    assert counts.parameters == 6_885_433
    assert counts.conditional_macs == 6_157_430_784
