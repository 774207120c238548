"""Data kept elsewhere is found wherever an ONNX file can hide it, and in little time."""

from __future__ import annotations

import contextlib
import time

import numpy as np
import pytest
from hypothesis import given, strategies as st

from hilum.backbones.onnx_wire import check_onnx
from hilum.errors import HilumError, UntrustedModelError, WeightsError
from tiny_networks import convolution, external_tensor, field, graph, model, node, tensor, varint

AWAY = external_tensor()
HOLDS = node("Constant", [], ["c"], value=AWAY)


def attributed(number: int, value: bytes) -> bytes:
    """A node with an attribute that holds something in the field of this number."""
    return field(4, "Loop") + field(5, field(1, "body") + field(number, value))


def in_graph(*nodes: bytes) -> bytes:
    return model(graph(nodes, [], [], ["y"]))


def nested(depth: int) -> bytes:
    inner = graph([HOLDS], [], [], [])
    for _ in range(depth):
        inner = graph([attributed(6, inner)], [], [], [])
    return model(inner)


HIDDEN = {
    "initializer": model(graph([], [AWAY], [], [])),
    "second initializer": convolution(extra_weights=[AWAY]),
    "constant node": in_graph(HOLDS),
    "list of tensors": in_graph(attributed(10, AWAY)),
    "subgraph": in_graph(attributed(6, graph([HOLDS], [], [], []))),
    "list of subgraphs": in_graph(attributed(11, graph([], [AWAY], [], []))),
    "sparse attribute": in_graph(attributed(22, field(1, AWAY))),
    "list of sparse attributes": in_graph(attributed(23, field(2, AWAY))),
    "sparse initializer": model(field(15, field(2, AWAY))),
    "function": model(graph([], [], [], []), field(25, field(7, HOLDS))),
    "default of a function": model(
        graph([], [], [], []), field(25, field(11, field(1, "a") + field(5, AWAY)))
    ),
    "training": model(graph([], [], [], []), field(20, field(1, graph([HOLDS], [], [], [])))),
    "training step": model(graph([], [], [], []), field(20, field(2, graph([HOLDS], [], [], [])))),
    "place alone": model(graph([], [tensor("a", np.zeros(2, "f4"), field(14, 1))], [], [])),
    "address alone": model(
        graph([], [tensor("a", np.zeros(2, "f4"), field(13, field(1, "x")))], [], [])
    ),
    "second graph": convolution() + field(7, graph([], [AWAY], [], [])),
    "loop in a loop": nested(10),
}


@pytest.mark.parametrize("where", HIDDEN)
def test_data_kept_elsewhere_is_refused_wherever_it_is_said(where: str) -> None:
    with pytest.raises(UntrustedModelError, match="in another file") as caught:
        check_onnx(memoryview(HIDDEN[where]))
    assert "external_data=False" in caught.value.fix


def test_whole_models_pass() -> None:
    check_onnx(memoryview(convolution()))
    check_onnx(memoryview(convolution(3, "NHWC")))
    stored_here = tensor("a", np.zeros(2, "f4"), field(14, 0))
    check_onnx(memoryview(model(graph([], [stored_here], [], []))))


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\x08", "in the middle of a number"),
        (b"\x08" + b"\xff" * 11, "too long"),
        (field(7, b"abc")[:-1], "beyond its end"),
        (varint(7 << 3 | 2) + varint((1 << 64) - 1), "beyond its end"),
        (varint(7 << 3 | 3), "no known type"),
        (varint(7 << 3 | 6), "no known type"),
        (varint(2), "no valid number"),
        # The first 32 bits alone would be the field of a graph.
        (varint(1 << 35 | 7 << 3 | 2) + varint(0), "no valid number"),
        (field(1, 8), "holds no network"),
        (nested(200), "nested too deeply"),
    ],
)
def test_what_is_no_onnx_is_said_to_be_none(data: bytes, what: str) -> None:
    with pytest.raises(WeightsError, match=what):
        check_onnx(memoryview(data))


@given(st.binary(max_size=200), st.integers(0, 2000), st.integers(0, 255))
def test_no_bytes_are_a_crash(junk: bytes, place: int, byte: int) -> None:
    whole = bytearray(convolution())
    whole[place % len(whole)] = byte
    for data in (junk, bytes(whole)):
        with contextlib.suppress(HilumError):
            check_onnx(memoryview(data))


def test_numbers_are_stepped_over_and_not_read() -> None:
    large = model(graph([], [tensor("w", np.zeros(25_000_000, "f4"))], [], []))
    start = time.perf_counter()
    check_onnx(memoryview(large))
    assert time.perf_counter() - start < 0.1
