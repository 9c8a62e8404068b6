"""Which blocks of a converted model can get a mask, and why the others cannot."""

from __future__ import annotations

import dataclasses
import math

from ..masked_blocks import Window
from .graph_model import base, data_inputs
from .trunk import Convolution, Trunk

#: The density of a typical mask, and the largest share of a block's work that may be left under it.
TYPICAL_DENSITY = 0.4
LARGEST_SHARE = 0.58
#: A blob that follows a person has about twice the outline of a square of the same area.
RAGGEDNESS = 2.0
#: A block with less of the model's work is not worth its mask.
SMALLEST_PART = 0.01
#: Consumers that read a map at a few pixels: a backend that knows it computes no others anyway.
GATHERING = ("GatherNd", "GatherV2", "Gather")


@dataclasses.dataclass(frozen=True)
class Layer:
    """A convolution of a block.

    Attributes:
        name: of its node.
        macs: multiply-accumulates for one picture.
        window: None if each pixel of the output reads the same pixel of the input.
    """

    name: str
    macs: int
    window: Window | None


@dataclasses.dataclass(frozen=True)
class Block:
    """A chain of convolutions that a mask can skip.

    Attributes:
        name: short, unique in the model.
        source: the tensor that it reads; so does its mask.
        end: the node whose values the mask multiplies.
        layers: from first to last.
        strides: of the whole chain.
        size: height and width of what it puts out.
        residual: something is added to what it puts out, and remains where the mask is 0. Otherwise a value for each
            channel that is learned, the background, stands there.
        leader: the block whose mask it has: the first one of its size, since deciding anew for each would cost a
            compact model what it saves.
    """

    name: str
    source: str
    end: str
    layers: tuple[Layer, ...]
    strides: int
    size: tuple[int, int]
    residual: bool
    leader: str = ""

    @property
    def macs(self) -> int:
        """For one picture, if the mask keeps every pixel."""
        return sum(layer.macs for layer in self.layers)


@dataclasses.dataclass(frozen=True)
class Refusal:
    """A chain of convolutions that gets no mask, its share of the model's work, and the reason."""

    end: str
    share: float
    reason: str


def find_blocks(trunk: Trunk) -> tuple[list[Block], list[Refusal]]:
    """The blocks of a model, in the order of the graph, and the chains that cannot or need not be gated."""
    total = sum(macs(trunk, found) for found in trunk.convolutions.values())
    blocks: list[Block] = []
    refusals: list[Refusal] = []
    for end, found in trunk.convolutions.items():
        if not _is_end(trunk, found):
            continue
        chain = _chain(trunk, found)
        share = sum(macs(trunk, one) for one in chain) / total
        reason = _reason(trunk, chain, share)
        if reason:
            refusals.append(Refusal(end, share, reason))
        else:
            blocks.append(_block(trunk, chain))
    return _named(blocks), refusals


def macs(trunk: Trunk, found: Convolution) -> int:
    """Multiply-accumulates of a convolution for one picture."""
    rows, columns, _ = trunk.shapes[found.name]
    return rows * columns * math.prod(trunk.model.weights[found.kernel].shape)


def typical_share(block: Block) -> float:
    """The share of a block's work that is left under a mask of `TYPICAL_DENSITY`, its dilation by windows counted.

    The mask is taken for a square blob with a ragged outline; a window of 3x3 widens it by a pixel on each side.
    """
    height, width = block.size
    density, left = TYPICAL_DENSITY, 0.0
    for layer in reversed(block.layers):
        left += layer.macs * density
        if layer.window:
            reach = max(layer.window.size) // 2
            side = math.sqrt(density * height * width)
            density = min(1.0, density + RAGGEDNESS * (4 * side * reach + 4 * reach**2) / (height * width))
            height, width = layer.window.input_size
    return left / block.macs


def _is_end(trunk: Trunk, found: Convolution) -> bool:
    """Whether a convolution ends a chain: it is linear or narrows, or something else than one convolution reads it."""
    readers = trunk.consumers(found.name)
    if (
        _narrows(trunk, found)
        or found.name in trunk.outputs
        or len(readers) != 1
        or readers[0]["name"] not in trunk.convolutions
    ):
        return True
    # A linear depthwise one is the first half of a separable convolution.
    return not found.activation and not found.depthwise


def _narrows(trunk: Trunk, found: Convolution) -> bool:
    """Whether a map is smaller than the strides make it, and so of another size than a mask of its source."""
    window = _window(trunk, found)
    return found.padding == "VALID" and window is not None and window.size != (1, 1)


def _chain(trunk: Trunk, end: Convolution) -> list[Convolution]:
    """The convolutions that feed nothing but this one, first to last."""
    chain = [end]
    while (before := trunk.convolutions.get(base(chain[0].source))) and not _is_end(trunk, before):
        chain.insert(0, before)
    return chain


def _reason(trunk: Trunk, chain: list[Convolution], share: float) -> str | None:
    """Why a chain gets no mask."""
    end = chain[-1]
    readers = trunk.consumers(end.name)
    if len(chain) == 1:
        return "it is one convolution alone, so a mask's decision would cost as much as it saves"
    if _narrows(trunk, end):
        return "its padding is VALID, so its map is smaller than a mask of what it reads"
    if share < SMALLEST_PART:
        return f"it is {100 * share:.1f} % of the model's work"
    if end.activation:
        return f"it ends in {end.activation}: a background would have to pass it"
    if readers and end.name not in trunk.outputs and all(reader["op"] in GATHERING for reader in readers):
        return "it is read at a few pixels, and a backend that knows it computes those alone"
    block = _block(trunk, chain)
    left = typical_share(block)
    if left > LARGEST_SHARE:
        return (
            f"its map of {block.size[1]}x{block.size[0]} is too small: under a mask of {TYPICAL_DENSITY:.0%} its "
            f"windows leave {left:.0%} of the work"
        )
    return None


def _block(trunk: Trunk, chain: list[Convolution]) -> Block:
    end = chain[-1]
    layers = tuple(Layer(one.name, macs(trunk, one), _window(trunk, one)) for one in chain)
    readers = trunk.consumers(end.name)
    is_added = end.name not in trunk.outputs and len(readers) == 1 and readers[0]["op"] in ("Add", "AddV2")
    residual = is_added and _adds_a_map(trunk, readers[0], end.name)
    return Block(
        end.name,
        chain[0].source,
        end.name,
        layers,
        math.prod(one.strides for one in chain),
        trunk.shapes[end.name][:2],
        residual,
    )


def _adds_a_map(trunk: Trunk, addition: dict[str, object], name: str) -> bool:
    others = [base(source) for source in data_inputs(addition) if base(source) != name]
    return bool(others) and all(other in trunk.nodes for other in others)


def _window(trunk: Trunk, found: Convolution) -> Window | None:
    size = trunk.model.weights[found.kernel].shape[:2]
    if size == (1, 1) and found.strides == 1:
        return None
    rows, columns, _ = trunk.shapes[base(found.source)]
    strides = (found.strides, found.strides)
    return Window((int(size[0]), int(size[1])), strides, found.padding.lower(), (rows, columns))


def _named(blocks: list[Block]) -> list[Block]:
    """Gives each block a part of its node's path that no other block's node has, and its leader."""
    paths = {block.end: block.end.split("/") for block in blocks}

    def parts(end: str) -> list[str]:
        return [part for part in paths[end] if sum(part in path for path in paths.values()) == 1]

    named = [
        dataclasses.replace(block, name=(parts(block.end) or [block.end.replace("/", "_")])[0]) for block in blocks
    ]
    leaders = {block.size: block.name for block in reversed(named)}
    return [dataclasses.replace(block, leader=leaders[block.size]) for block in named]
