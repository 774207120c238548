"""Looks through an ONNX file for data kept elsewhere, before any native parser runs.

An ONNX file may say of a tensor that its numbers lie in another file, and name any file
of this machine. Such models are refused. The protobuf wire format is walked here without
reading a single number of the network, so that a large file costs no more than its nodes.

Source: https://protobuf.dev/programming-guides/encoding and the field numbers of
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from hilum.errors import UntrustedModelError, WeightsError

_MAX_DEPTH = 64
"""Messages inside messages; real networks stay below 20, even with loops in loops."""

_MAX_FIELDS = 20_000_000
"""More than any network has: a bound on the time that a hostile file can take."""

_Message = Literal[
    "model", "graph", "node", "attribute", "tensor", "sparse", "training", "function"
]

_INSIDE: dict[_Message, dict[int, _Message]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "tensor": {},
}
"""For each kind of message, the fields through which a tensor can be reached."""

_EXTERNAL_DATA, _DATA_LOCATION = 13, 14
_VARINT, _EIGHT_BYTES, _SIZED, _FOUR_BYTES = 0, 1, 2, 5


def check_onnx(data: memoryview) -> None:
    """Make sure that a file is an ONNX model which holds all of its own numbers.

    Args:
        data: The file's bytes, mapped into memory rather than read.

    Raises:
        WeightsError: The bytes are not an ONNX model, or a damaged one.
        UntrustedModelError: A tensor's numbers lie in another file.
    """
    has_graph, n_fields = False, 0
    waiting: list[tuple[_Message, int, int, int]] = [("model", 0, len(data), 0)]
    while waiting:
        message, start, end, depth = waiting.pop()
        if depth > _MAX_DEPTH:
            raise _damaged("its parts are nested too deeply")
        inside = _INSIDE[message]
        for number, wire_type, value, value_end in _fields(data, start, end):
            n_fields += 1
            if n_fields > _MAX_FIELDS:
                raise _damaged("it has more parts than any network")
            if message == "tensor" and (
                number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value != 0)
            ):
                raise UntrustedModelError(
                    "The ONNX file keeps numbers of its network in another file.",
                    fix="Export it as a single file: torch.onnx.export(..., "
                    "external_data=False), or onnx.save(onnx.load(PATH), NEW_PATH).",
                )
            if wire_type == _SIZED and number in inside:
                has_graph = has_graph or inside[number] == "graph"
                waiting.append((inside[number], value, value_end, depth + 1))
    if not has_graph:
        raise _damaged("it holds no network")


def _fields(data: memoryview, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield each field of one message: its number and wire type, and where it lies.

    Of a varint the third value is the number itself, of all else the place of its bytes.
    """
    here = start
    while here < end:
        tag, here = _varint(data, here, end)
        number, wire_type = tag >> 3, tag & 7
        # Parsers cut a longer tag down to 32 bits, and would see another field than we do.
        if number == 0 or tag >= 1 << 32:
            raise _damaged("a field has no valid number")
        if wire_type == _VARINT:
            value, here = _varint(data, here, end)
            yield number, wire_type, value, here
            continue
        if wire_type == _SIZED:
            n_bytes, here = _varint(data, here, end)
        elif wire_type == _EIGHT_BYTES:
            n_bytes = 8
        elif wire_type == _FOUR_BYTES:
            n_bytes = 4
        else:
            raise _damaged("a field is of no known type")
        if n_bytes > end - here:
            raise _damaged("a part reaches beyond its end")
        yield number, wire_type, here, here + n_bytes
        here += n_bytes


def _varint(data: memoryview, here: int, end: int) -> tuple[int, int]:
    """Read a number of one to ten bytes; return it and the place after it."""
    value = 0
    for index in range(10):
        if here + index >= end:
            raise _damaged("it ends in the middle of a number")
        byte = data[here + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, here + index + 1
    raise _damaged("a number is too long")


def _damaged(what: str) -> WeightsError:
    return WeightsError(
        f"This is no ONNX file, or a damaged one: {what}.",
        fix="Export or copy it again; a copy is whole when its size and hash are those of the "
        "original.",
    )
