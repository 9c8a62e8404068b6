"""The weights that a stage of a training starts from."""

from __future__ import annotations

import re

import numpy as np

from .job import Program, Weights

_STACK = re.compile(r"stack(\d+)_(.+)")


def elder(name: str, known: Weights) -> str | None:
    """The layer that the layer `name` takes its weights over from; None where it starts fresh.

    That is the one of the same name, or for a stack that is new, that of the last stack there is.
    """
    if name in known:
        return name
    stacks = [int(match[1]) for one in known if (match := _STACK.fullmatch(one))]
    match = _STACK.fullmatch(name)
    candidate = f"stack{max(stacks)}_{match[2]}" if match and stacks else ""
    return candidate if candidate in known else None


def fresh_only(weights: Weights, known: Weights | None) -> Weights:
    """Of a network's fresh weights, those of the layers that take none over from `known`.

    What merges a stack into the next starts as zeros: so the new stack sees at first what the last one saw.
    """
    if known is None:
        return weights
    return {
        name: [np.zeros_like(array) for array in arrays] if "_merge_" in name else arrays
        for name, arrays in weights.items()
        if elder(name, known) is None
    }


def take_over(known: Weights | None, program: Program) -> Weights:
    """The weights that a network starts from, after one of the weights `known`; None for none."""
    taken = dict(program.fresh)
    for operation in program.operations if known else ():
        source = elder(operation.name, known or {})
        if source is not None:
            taken[operation.name] = (known or {})[source]
    return taken
