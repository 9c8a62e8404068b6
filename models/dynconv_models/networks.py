"""The networks of the training study, by name: `mobilenetv2-static-w050`, `resnet-dynamic-b025`."""

from __future__ import annotations

import dataclasses
import re

import keras

from .hourglass import Backbone, HourglassConfig, hourglass
from .published import JOINTS

INPUT_SIZE = 192
STACKS = 2
#: Masks that start with it in their logits keep nearly every pixel: a network that is trained already goes on working.
OPEN = 2.5

_BACKBONES: dict[str, Backbone] = {"mobilenetv2": "mobilenetv2", "resnet": "resnet-basic"}
_NAME = re.compile(
    r"(?P<family>[a-z0-9]+)-(?:static-w(?P<static>\d{3})(?:-without(?P<without>\d))?"
    r"|dynamic(?:-w(?P<dynamic>\d{3}))?-b0(?P<decimals>\d+))"
)

#: The dearest blocks that can be left out, in the order in which static networks go without them.
DEAREST = ("stack1_residual", "stack1_level3_up", "stem_block3", "stack2_level3_up")


@dataclasses.dataclass(frozen=True)
class Network:
    """One network of the study.

    Attributes:
        name: `FAMILY-static-wPPP` (a static network of PPP percent of the features), `FAMILY-static-wPPP-withoutN` (the
            same without its N dearest blocks), `FAMILY-dynamic-b0DDD` (a dynamic one of full width with the budget
            0.DDD) or `FAMILY-dynamic-wPPP-b0DDD` (of another width).
        config: what it is built from.
        budget: the share of the conditional multiply-accumulates that it may execute; None for a static one.
    """

    name: str
    config: HourglassConfig
    budget: float | None

    @classmethod
    def parse(cls, name: str) -> Network:
        """Reads a name.

        Raises:
            ValueError: for a name of another form.
        """
        match = _NAME.fullmatch(name)
        if not match or match["family"] not in _BACKBONES:
            raise ValueError(
                f"{name!r} names no network: write FAMILY-static-wPPP (width in percent), FAMILY-static-wPPP-withoutN "
                f"(N blocks), FAMILY-dynamic-b0DDD (budget 0.DDD) or FAMILY-dynamic-wPPP-b0DDD, FAMILY being "
                f"{' or '.join(_BACKBONES)}"
            )
        width = int(match["static"] or match["dynamic"] or 100) / 100
        budget = None if match["decimals"] is None else float(f"0.{match['decimals']}")
        if width == 0 or budget == 0:
            raise ValueError(f"{name!r}: a width or a budget of 0 leaves no network")
        without = int(match["without"] or 0)
        if without > len(DEAREST):
            raise ValueError(f"{name!r}: {without} blocks less; there are {len(DEAREST)} that can be left out")
        config = HourglassConfig(
            backbone=_BACKBONES[match["family"]],
            stacks=STACKS,
            features=48,
            joints=len(JOINTS),
            input_size=INPUT_SIZE,
            depth=3,
            expand_ratio=4,
            dynamic=budget is not None,
            mask_context="glance",
            mask_initializer="zeros",
            mask_bias=OPEN,
            smallest_mask=16,
            without=DEAREST[:without],
            width=width,
        )
        return cls(name, config, budget)

    @property
    def static(self) -> Network:
        """The static network of the same family and width, which a dynamic one starts from; a static one is its own."""
        if self.budget is None:
            return self
        return Network.parse(f"{self.family}-static-w{round(100 * self.config.width):03d}")

    @property
    def family(self) -> str:
        """`mobilenetv2` or `resnet`."""
        return self.name.split("-")[0]

    def build(self, stacks: int = STACKS, size: int = INPUT_SIZE, all_stacks: bool = False) -> keras.Model:
        """The network with fresh weights, from Keras's global seed.

        Args:
            stacks: fewer make a smaller network to begin with.
            size: of its input in pixels.
            all_stacks: the outputs are a list of the heatmaps of every stack.
        """
        config = dataclasses.replace(self.config, stacks=stacks, input_size=size, all_stacks=all_stacks)
        return hourglass(config, name=self.name)
