"""A converted TensorFlow.js graph model as it lies on disk: `model.json` and its weights."""

from __future__ import annotations

import base64
import dataclasses
import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_DTYPES = {"float32": np.float32, "int32": np.int32, "bool": np.bool_}
_STORED = {"float16": np.float16, "uint8": np.uint8, "uint16": np.uint16}
#: Weights with fewer values stay float32: biases of masks, constants, shapes.
_SMALLEST_FLOAT16 = 64
WEIGHTS_FILE = "weights.bin"


@dataclasses.dataclass
class GraphModel:
    """A graph model, to read and to change.

    Attributes:
        content: of `model.json`; its nodes are those of `nodes`.
        weights: by the name of their Const node.
    """

    content: dict[str, Any]
    weights: dict[str, NDArray[Any]]

    @property
    def nodes(self) -> list[dict[str, Any]]:
        """The graph's nodes, in the JSON form of TensorFlow's NodeDef."""
        nodes: list[dict[str, Any]] = self.content["modelTopology"]["node"]
        return nodes

    @property
    def by_name(self) -> dict[str, dict[str, Any]]:
        """The nodes by their names."""
        return {node["name"]: node for node in self.nodes}

    @property
    def outputs(self) -> list[str]:
        """The tensors that the signature, or else the graph, puts out."""
        signature = self.content.get("signature") or {}
        names = [value["name"] for value in signature.get("outputs", {}).values()]
        if names:
            return names
        read = {base(source) for node in self.nodes for source in node.get("input", [])}
        return [node["name"] for node in self.nodes if node["name"] not in read]

    @property
    def input(self) -> dict[str, Any]:
        """The only placeholder.

        Raises:
            ValueError: if there are several, or none.
        """
        found = [node for node in self.nodes if node["op"] == "Placeholder"]
        if len(found) != 1:
            raise ValueError(f"the model has {len(found)} inputs, must have one: a picture")
        return found[0]

    @property
    def input_size(self) -> int:
        """Height and width of the picture.

        Raises:
            ValueError: if it is not a square of a fixed size with three channels.
        """
        stated = self.input.get("attr", {}).get("shape", {}).get("shape", {})
        shape = [int(dim["size"]) for dim in stated.get("dim", [])]
        if len(shape) != 4 or shape[1] != shape[2] or shape[1] < 1 or shape[3] != 3:
            read = shape or "tensors of no stated shape"
            raise ValueError(f"the model reads {read}, must read a square picture of a fixed size: [1, S, S, 3]")
        return shape[1]

    @property
    def input_dtype(self) -> str:
        """ "int32" or "float32"."""
        return dtype_of(self.input)


def dtype_of(node: dict[str, Any]) -> str:
    """The type of a placeholder's tensor, as TensorFlow and NumPy call it."""
    name: str = node.get("attr", {}).get("dtype", {}).get("type", "DT_FLOAT")
    return {"DT_FLOAT": "float32"}.get(name, name.removeprefix("DT_").lower())


def base(source: str) -> str:
    """The node that an input of a node names: without `:1` for a further output and `^` for control."""
    return source.lstrip("^").split(":")[0]


def data_inputs(node: dict[str, Any]) -> list[str]:
    """The inputs of a node that carry a tensor."""
    return [source for source in node.get("input", []) if not source.startswith("^")]


def text(value: dict[str, Any]) -> str:
    """A string attribute."""
    return decoded(value["s"])


def decoded(value: str) -> str:
    """A string in a graph: JSON holds its bytes in base64."""
    return base64.b64decode(value).decode()


def encoded(value: str) -> str:
    """What `decoded` reads."""
    return base64.b64encode(value.encode()).decode()


def read(path: Path) -> GraphModel:
    """Reads a graph model.

    Args:
        path: `model.json` (of any name), or the folder that holds it.

    Raises:
        FileNotFoundError: if something is missing.
        ValueError: if it is no graph model, or its weights are not what it says.
    """
    file = path / "model.json" if path.is_dir() else path
    if not file.is_file():
        raise FileNotFoundError(f"{file}: no such file; give the model.json of a converted graph model")
    try:
        content = json.loads(file.read_text())
        manifest = content["weightsManifest"]
        content["modelTopology"]["node"]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{file}: not a graph model of TensorFlow.js ({type(error).__name__}: {error})") from error
    weights: dict[str, NDArray[Any]] = {}
    for group in manifest:
        parts = []
        for name in group["paths"]:
            shard = file.parent / name
            if not shard.is_file():
                raise FileNotFoundError(f"{shard}: missing; {file.name} names it")
            parts.append(shard.read_bytes())
        _unpack(group["weights"], b"".join(parts), weights, file)
    return GraphModel(content, weights)


def _unpack(entries: list[dict[str, Any]], data: bytes, weights: dict[str, NDArray[Any]], file: Path) -> None:
    offset = 0
    for entry in entries:
        if entry["dtype"] not in _DTYPES:
            raise ValueError(f"{file}: the weight {entry['name']} is of type {entry['dtype']}, which is not supported")
        dtype = _DTYPES[entry["dtype"]]
        quantization = entry.get("quantization")
        stored = np.dtype(_STORED[quantization["dtype"]] if quantization else dtype)
        count = math.prod(entry["shape"])
        if offset + count * stored.itemsize > len(data):
            raise ValueError(f"{file}: its weights end within {entry['name']}")
        values = np.frombuffer(data, stored, count, offset)
        if quantization and "scale" in quantization:
            values = values * np.float32(quantization["scale"]) + np.float32(quantization["min"])
            if dtype == np.int32:  # As TensorFlow.js does.
                values = np.rint(values)
        weights[entry["name"]] = values.astype(dtype).reshape(entry["shape"])
        offset += count * stored.itemsize
    if offset != len(data):
        raise ValueError(f"{file}: its weights are {len(data)} bytes, it describes {offset}")


def write(model: GraphModel, directory: Path) -> None:
    """Writes `model.json` and its weights, as float16 where that loses nothing; `model.json` comes last."""
    directory.mkdir(parents=True, exist_ok=True)
    entries, data = [], bytearray()
    for name, values in model.weights.items():
        entry: dict[str, Any] = {"name": name, "shape": list(values.shape), "dtype": _name_of(values.dtype)}
        if _may_be_float16(values) and np.array_equal(_float16(values), values, equal_nan=True):
            entry["quantization"] = {"dtype": "float16", "original_dtype": "float32"}
            values = _float16(values)
        entries.append(entry)
        data += np.ascontiguousarray(values).tobytes()
    (directory / WEIGHTS_FILE).write_bytes(data)
    content = {**model.content, "weightsManifest": [{"paths": [WEIGHTS_FILE], "weights": entries}]}
    scratch = directory / "model.json.tmp"
    scratch.write_text(json.dumps(content))
    os.replace(scratch, directory / "model.json")


def rounded(values: NDArray[Any]) -> NDArray[Any]:
    """What `write` stores as float16; values as they are where it never does, or where one is too large for that."""
    half = _float16(values) if _may_be_float16(values) else values
    return half.astype(values.dtype) if np.isfinite(half).all() else values


def _may_be_float16(values: NDArray[Any]) -> bool:
    return values.dtype == np.float32 and values.size >= _SMALLEST_FLOAT16


def _float16(values: NDArray[Any]) -> NDArray[np.float16]:
    with np.errstate(over="ignore"):
        return values.astype(np.float16)


def _name_of(dtype: np.dtype[Any]) -> str:
    return next(name for name, known in _DTYPES.items() if dtype == known)
