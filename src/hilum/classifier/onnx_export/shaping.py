"""Operations that move numbers, pick some of them, or speak of shapes."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from hilum.classifier.onnx_export.graph_writer import TYPES
from hilum.classifier.onnx_export.operation import Operation, Outputs, Translate

_LAST: Final = np.iinfo(np.int64).max
"""ONNX takes an end beyond the end for the end."""

_FIRST: Final = np.iinfo(np.int64).min
"""Likewise for walking backwards."""


def _reshape(op: Operation) -> Outputs:
    allows_zero = int(not op.attributes["special_zero"])
    return op.writer.add("Reshape", op.input(0), op.whole(1), allowzero=allows_zero)


def _transpose(op: Operation) -> Outputs:
    order = op.axes(1) or list(range(len(op.shape(0))))[::-1]
    return op.writer.add("Transpose", op.input(0), perm=order)


def _squeeze(op: Operation) -> Outputs:
    axes = [op.whole(1)] if op.n_inputs > 1 else []
    return op.writer.add("Squeeze", op.input(0), *axes)


def _unsqueeze(op: Operation) -> Outputs:
    axes = op.writer.integers(*op.axes(1))
    return op.writer.add("Unsqueeze", op.input(0), axes)


def _concat(op: Operation) -> Outputs:
    return op.writer.add("Concat", *op.inputs(), axis=int(op.attributes["axis"]))


def _split(op: Operation) -> Outputs:
    (axis,) = op.axes(1)
    return op.writer.add_split("Split", (op.input(0),), op.n_outputs, axis=axis)


def _variadic_split(op: Operation) -> Outputs:
    (axis,) = op.axes(1)
    lengths = op.axes(2)
    if -1 in lengths:  # whatever is left
        whole = op.shape(0)[axis]
        if whole is None:
            op.refuse("along an axis of any length")
        lengths[lengths.index(-1)] = whole - sum(length for length in lengths if length != -1)
    inputs = (op.input(0), op.writer.integers(*lengths))
    return op.writer.add_split("Split", inputs, op.n_outputs, axis=axis)


def _slice(op: Operation) -> Outputs:
    begin, end, step = (op.whole(port) for port in (1, 2, 3))
    if op.n_inputs > 4:
        axes = op.whole(4)
    else:
        length = op.shape(1)[0]
        if length is None:
            op.refuse("along an unknown number of axes")
        axes = op.writer.integers(*range(length))
    return op.writer.add("Slice", op.input(0), begin, end, axes, step)


def _strided_slice(op: Operation) -> Outputs:
    begins, ends = op.axes(1), op.axes(2)
    steps = op.axes(3) if op.n_inputs > 3 else [1] * len(begins)
    cuts: list[_Cut] = []
    dropped: list[int] = []
    added: list[int] = []
    axis = place = 0  # in what comes in, and in what goes out
    for i, (begin, end, step) in enumerate(zip(begins, ends, steps, strict=True)):
        if _is_marked(op, "ellipsis", i):
            skipped = _left_out(op, len(begins))
            axis, place = axis + skipped, place + skipped
        elif _is_marked(op, "new_axis", i):
            added.append(place)
            place += 1
        elif _is_marked(op, "shrink_axis", i):
            cuts.append(_Cut(axis, begin, begin + 1 or _LAST, 1))
            dropped.append(axis)
            axis += 1
        else:
            first, last = (0, _LAST) if step > 0 else (_LAST, _FIRST)
            begin = first if _is_marked(op, "begin", i) else begin
            end = last if _is_marked(op, "end", i) else end
            cuts.append(_Cut(axis, begin, end, step))
            axis, place = axis + 1, place + 1
    add, integers = op.writer.add, op.writer.integers
    part = op.input(0)
    if cuts:
        axes, starts, stops, strides = (integers(*each) for each in zip(*cuts, strict=True))
        part = add("Slice", part, starts, stops, axes, strides)
    if dropped:
        part = add("Squeeze", part, integers(*dropped))
    return add("Unsqueeze", part, integers(*added)) if added else part


class _Cut(NamedTuple):
    """What is taken along one axis."""

    axis: int
    begin: int
    end: int
    step: int


def _is_marked(op: Operation, mask: str, i: int) -> bool:
    marks = op.attributes[f"{mask}_mask"]
    return i < len(marks) and bool(marks[i])


def _left_out(op: Operation, n_entries: int) -> int:
    """Count the axes that an ellipsis stands for."""
    n_spoken_of = sum(
        not (_is_marked(op, "new_axis", i) or _is_marked(op, "ellipsis", i))
        for i in range(n_entries)
    )
    return len(op.shape(0)) - n_spoken_of


def _gather(op: Operation) -> Outputs:
    if int(op.attributes.get("batch_dims", 0)) != 0:
        op.refuse("batch by batch")
    (axis,) = op.axes(2)
    return op.writer.add("Gather", op.input(0), op.whole(1), axis=axis)


def _gather_elements(op: Operation) -> Outputs:
    axis = int(op.attributes["axis"])
    return op.writer.add("GatherElements", op.input(0), op.whole(1), axis=axis)


def _broadcast(op: Operation) -> Outputs:
    mode = str(op.attributes["mode"]).lower()
    if mode not in ("numpy", "bidirectional"):
        op.refuse(f"in the mode {mode}")
    return op.writer.add("Expand", op.input(0), op.whole(1))


def _tile(op: Operation) -> Outputs:
    rank, repeats = len(op.shape(0)), op.axes(1)
    repeats = [1] * (rank - len(repeats)) + repeats
    x = op.input(0)
    if len(repeats) > rank:
        missing = op.writer.integers(*range(len(repeats) - rank))
        x = op.writer.add("Unsqueeze", x, missing)
    return op.writer.add("Tile", x, op.writer.integers(*repeats))


def _shape_of(op: Operation) -> Outputs:
    shape = op.writer.add("Shape", op.input(0))
    wanted = op.output_type()
    return shape if wanted == "i64" else op.writer.add("Cast", shape, to=TYPES[wanted])


def _range(op: Operation) -> Outputs:
    wanted = op.output_type()
    if wanted not in ("f32", "f64", "i32", "i64"):
        op.refuse(f"of {wanted}")
    ends = []
    for port in range(3):
        name = op.input(port)
        if op.input_type(port) != wanted:
            name = op.writer.add("Cast", name, to=TYPES[wanted])
        ends.append(op.writer.add("Squeeze", name) if op.shape(port) else name)
    return op.writer.add("Range", *ends)


def _depth_to_space(op: Operation) -> Outputs:
    mode = "DCR" if op.attributes["mode"] == "blocks_first" else "CRD"
    size = int(op.attributes["block_size"])
    return op.writer.add("DepthToSpace", op.input(0), blocksize=size, mode=mode)


def _space_to_depth(op: Operation) -> Outputs:
    if op.attributes["mode"] != "blocks_first":
        op.refuse(f"in the mode {op.attributes['mode']}")
    size = int(op.attributes["block_size"])
    return op.writer.add("SpaceToDepth", op.input(0), blocksize=size)


SHAPING: Final[dict[str, Translate]] = {
    "Broadcast": _broadcast,
    "Concat": _concat,
    "DepthToSpace": _depth_to_space,
    "Gather": _gather,
    "GatherElements": _gather_elements,
    "Range": _range,
    "Reshape": _reshape,
    "ShapeOf": _shape_of,
    "Slice": _slice,
    "SpaceToDepth": _space_to_depth,
    "Split": _split,
    "Squeeze": _squeeze,
    "StridedSlice": _strided_slice,
    "Tile": _tile,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
    "VariadicSplit": _variadic_split,
}
"""The translations of this module."""
