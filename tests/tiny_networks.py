"""Small ONNX networks, written without the onnx package, and what they compute in NumPy.

The protobuf wire format is simple enough to write by hand: a field is its number and
type, then a varint or a length and bytes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

SIZE_PX, WIDTH = 32, 5
KERNEL = 4  # the stride, too


def field(number: int, value: int | bytes | str) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def tensor(name: str, values: np.ndarray, extra: bytes = b"") -> bytes:
    kind = {"float32": 1, "int64": 7}[values.dtype.name]
    dims = b"".join(field(1, n) for n in values.shape)
    return dims + field(2, kind) + field(8, name) + field(9, values.tobytes()) + extra


def external_tensor(name: str = "away") -> bytes:
    """A tensor of six numbers that are said to lie in another file."""
    where = field(1, "location") + field(2, "/etc/passwd")
    return field(1, 6) + field(2, 1) + field(8, name) + field(13, where) + field(14, 1)


def attribute(name: str, value: Any) -> bytes:
    if isinstance(value, bytes):  # a tensor
        return field(1, name) + field(5, value) + field(20, 4)
    if isinstance(value, int):
        return field(1, name) + field(3, value) + field(20, 2)
    return field(1, name) + b"".join(field(8, n) for n in value) + field(20, 7)


def node(op: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any) -> bytes:
    return (
        b"".join(field(1, name) for name in inputs)
        + b"".join(field(2, name) for name in outputs)
        + field(4, op)
        + b"".join(field(5, attribute(k, v)) for k, v in attributes.items())
    )


def value_info(name: str, shape: Sequence[int | str] | None, kind: int = 1) -> bytes:
    dims = b"".join(
        field(1, field(1, n) if isinstance(n, int) else field(2, n)) for n in shape or ()
    )
    of_type = field(1, kind) + (b"" if shape is None else field(2, dims))
    return field(1, name) + field(2, field(1, of_type))


def graph(
    nodes: Sequence[bytes],
    weights: Sequence[bytes],
    inputs: Sequence[bytes],
    outputs: Sequence[str],
) -> bytes:
    return (
        b"".join(field(1, each) for each in nodes)
        + field(2, "tiny")
        + b"".join(field(5, each) for each in weights)
        + b"".join(field(11, each) for each in inputs)
        + b"".join(field(12, value_info(name, None)) for name in outputs)
    )


def model(graph_bytes: bytes, extra: bytes = b"") -> bytes:
    return field(1, 8) + field(8, field(1, "") + field(2, 13)) + field(7, graph_bytes) + extra


def kernels(channels: int = 1) -> np.ndarray:
    rng = np.random.default_rng(channels)
    return rng.normal(size=(WIDTH, channels, KERNEL, KERNEL)).astype(np.float32)


def convolution(
    channels: int = 1,
    layout: str = "NCHW",
    shape: Sequence[int | str] | None = None,
    outputs: Sequence[str] = ("features",),
    extra_nodes: Sequence[bytes] = (),
    extra_weights: Sequence[bytes] = (),
    input_kind: int = 1,
) -> bytes:
    """A network of one convolution: `features`, `map`, `tokens`, and `alike` for all films.

    Its batch is of any size unless `shape` says otherwise.
    """
    sides = {"N": "batch", "C": channels, "H": SIZE_PX, "W": SIZE_PX}
    nodes = [
        node("Conv", ["x", "kernels"], ["filtered"], strides=[KERNEL, KERNEL]),
        node("Relu", ["filtered"], ["first_map"]),
        node("GlobalAveragePool", ["first_map"], ["pooled"]),
        node("Flatten", ["pooled"], ["features"]),
        node("Reshape", ["first_map", "rows"], ["columns"]),
        node("Transpose", ["columns"], ["tokens"], perm=[0, 2, 1]),
        node("ReduceMean", ["features"], ["average"], axes=[0], keepdims=1),
        node("Sub", ["features", "average"], ["normed"]),
        node("Reshape", ["features", "one_row"], ["row"]),
        node("Sub", ["features", "features"], ["nothing"]),
        node("Div", ["nothing", "nothing"], ["undefined"]),
    ]
    if layout == "NHWC":
        nodes.insert(0, node("Transpose", ["films"], ["x"], perm=[0, 3, 1, 2]))
        nodes.append(node("Transpose", ["first_map"], ["map"], perm=[0, 2, 3, 1]))
    else:
        nodes.insert(0, node("Identity", ["films"], ["x"]))
        nodes.append(node("Identity", ["first_map"], ["map"]))
    weights = [
        tensor("kernels", kernels(channels)),
        tensor("rows", np.array([0, WIDTH, -1])),
        tensor("one_row", np.array([1, WIDTH])),
        *extra_weights,
    ]
    taken = value_info("films", shape or [sides[axis] for axis in layout], input_kind)
    return model(graph([*nodes, *extra_nodes], weights, [taken], outputs))


def maps(
    films: np.ndarray,
    channels: int = 1,
    pixel_range: tuple[float, float] = (0, 1),
    mean: Sequence[float] = (0,),
    std: Sequence[float] = (1,),
) -> np.ndarray:
    """Its feature maps (films x height x width x channels) of grey films, in NumPy."""
    low, high = pixel_range
    grey = low + films.astype(np.float64) / 255 * (high - low)
    fed = np.stack([grey] * channels, 1)
    fed = (fed - np.reshape(mean, (1, -1, 1, 1))) / np.reshape(std, (1, -1, 1, 1))
    blocks = sliding_window_view(fed, (KERNEL, KERNEL), (2, 3))[:, :, ::KERNEL, ::KERNEL]
    return np.maximum(np.einsum("nchwij,kcij->nhwk", blocks, kernels(channels)), 0)


def place(folder: Path, data: bytes, name: str = "net.onnx", **described: Any) -> Path:
    """Write a model file and a description: of one channel, unless told otherwise."""
    path = folder / name
    path.write_bytes(data)
    about = {"size_px": SIZE_PX, "channels": 1, "take": "vector"} | described
    path.with_suffix(".json").write_text(json.dumps(about))
    return path
