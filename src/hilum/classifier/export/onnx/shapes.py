"""Operations that slide over a picture, move numbers, pick some of them, or speak of shapes."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from hilum.classifier.export.onnx.graph import TYPES, Operation, Outputs, Translate


def _convolution(op: Operation) -> Outputs:
    return op.writer.add("Conv", op.input(0), op.input(1), **_window(op))


def _group_convolution(op: Operation) -> Outputs:
    # Groups x outputs x inputs x kernel here; in ONNX, groups and outputs are one axis.
    groups, outputs, *rest = _known_shape(op, 1)
    flat_shape = (groups * outputs, *rest)
    weights = op.known(1)
    if weights is not None:
        flat = op.writer.constant(weights.reshape(flat_shape))
    else:
        flat = op.writer.add("Reshape", op.input(1), op.writer.integers(*flat_shape))
    return op.writer.add("Conv", op.input(0), flat, group=groups, **_window(op))


def _window(op: Operation) -> dict[str, Any]:
    """Give the strides, dilations and borders of a convolution as ONNX has them."""
    begin, end = _borders(op)
    return {
        "strides": list(op.attributes["strides"]),
        "dilations": list(op.attributes["dilations"]),
        "pads": [*begin, *end],
    }


def _borders(op: Operation) -> tuple[list[int], list[int]]:
    """Give the borders in cells, whatever rule they were stated by."""
    begin, end = list(op.attributes["pads_begin"]), list(op.attributes["pads_end"])
    rule = op.attributes["auto_pad"]
    if rule == "valid":
        return [0] * len(begin), [0] * len(end)
    # OpenVINO has worked the other rules out, if the size of the picture is known.
    if rule != "explicit":
        _known_sides(op)
    return begin, end


def _max_pool(op: Operation) -> Outputs:
    if op.n_outputs > 1 and op.node.output(1).get_target_inputs():
        op.refuse("whose places are used")
    pooled = op.writer.add("MaxPool", op.input(0), **_pooling_window(op))
    return [pooled, ""][: op.n_outputs]


def _avg_pool(op: Operation) -> Outputs:
    if any(step != 1 for step in op.attributes.get("dilations", ())):
        op.refuse("with dilations")
    excludes = bool(op.attributes["exclude-pad"])
    window = _pooling_window(op)
    begin, end = _borders(op)
    if not excludes and window["pads"] != [*begin, *end]:
        op.refuse("that counts its border and rounds its size up")
    return op.writer.add("AveragePool", op.input(0), count_include_pad=int(not excludes), **window)


def _pooling_window(op: Operation) -> dict[str, Any]:
    """Give a pooling's window; a size rounded up becomes a wider border at the end."""
    kernel, strides = list(op.attributes["kernel"]), list(op.attributes["strides"])
    dilations = list(op.attributes.get("dilations", [1] * len(kernel)))
    begin, end = _borders(op)
    if op.attributes["rounding_type"] != "floor":
        sides, outcomes = _known_sides(op), op.output_shape()[2:]
        for axis, (side, outcome) in enumerate(zip(sides, outcomes, strict=True)):
            reach = dilations[axis] * (kernel[axis] - 1) + 1
            covered = strides[axis] * ((outcome or 0) - 1) + reach
            end[axis] = max(end[axis], covered - side - begin[axis])
        if any(border >= cells for border, cells in zip(end, kernel, strict=True)):
            op.refuse("with windows that lie on the border alone")
    window: dict[str, Any] = {"kernel_shape": kernel, "strides": strides, "pads": [*begin, *end]}
    if any(step != 1 for step in dilations):
        window["dilations"] = dilations
    return window


def _adaptive_avg_pool(op: Operation) -> Outputs:
    sides, wanted = _known_sides(op), op.axes(1)
    if any(side % cells for side, cells in zip(sides, wanted, strict=True)):
        op.refuse(f"from {sides} to {wanted} cells")
    kernel = [side // cells for side, cells in zip(sides, wanted, strict=True)]
    return op.writer.add("AveragePool", op.input(0), kernel_shape=kernel, strides=kernel)


def _pad(op: Operation) -> Outputs:
    mode = op.attributes["pad_mode"]
    if mode not in ("constant", "edge", "reflect"):
        op.refuse(f"in the mode {mode}")
    begin, end = op.constant(1), op.constant(2)
    widths = op.writer.constant(np.concatenate([begin, end]).astype(np.int64))
    value = [op.input(3)] if mode == "constant" and op.n_inputs > 3 else []
    return op.writer.add("Pad", op.input(0), widths, *value, mode=mode)


def _interpolate(op: Operation) -> Outputs:
    mode = op.attributes["mode"]
    if op.version != "opset11" or mode not in _RESIZE_MODES:
        op.refuse(f"in the mode {mode}")
    borders = [*op.attributes["pads_begin"], *op.attributes["pads_end"]]
    if op.attributes["antialias"] or any(borders):
        op.refuse("with a border or smoothing")
    x, rank, given = op.input(0), len(op.shape(0)), op.constant(1)
    axes = op.axes(2) if op.n_inputs > 2 else list(range(rank))
    if op.attributes["shape_calculation_mode"] == "sizes":
        # ONNX wants the lengths of all axes, and that of some is known only when it runs.
        lengths = op.writer.add("Shape", x)
        places, wanted = op.writer.integers(*axes), op.writer.integers(*given.tolist())
        target = ["", op.writer.add("ScatterElements", lengths, places, wanted)]
    else:
        factors = np.ones(rank, np.float32)
        factors[axes] = given
        target = [op.writer.constant(factors)]
    return op.writer.add(
        "Resize",
        x,
        "",
        *target,
        mode=_RESIZE_MODES[mode],
        coordinate_transformation_mode=op.attributes["coordinate_transformation_mode"],
        nearest_mode=op.attributes["nearest_mode"],
        cubic_coeff_a=float(op.attributes["cube_coeff"]),
    )


def _known_shape(op: Operation, port: int) -> list[int]:
    shape = op.shape(port)
    if None in shape:
        op.refuse("with weights of an unknown size")
    return [length for length in shape if length is not None]


def _known_sides(op: Operation) -> list[int]:
    sides = op.shape(0)[2:]
    if None in sides:
        op.refuse("on pictures of any size")
    return [side for side in sides if side is not None]


_RESIZE_MODES: Final = {
    "nearest": "nearest",
    "linear": "linear",
    "linear_onnx": "linear",
    "cubic": "cubic",
}

FILTERING: Final[dict[str, Translate]] = {
    "AdaptiveAvgPool": _adaptive_avg_pool,
    "AvgPool": _avg_pool,
    "Convolution": _convolution,
    "GroupConvolution": _group_convolution,
    "Interpolate": _interpolate,
    "MaxPool": _max_pool,
    "Pad": _pad,
}
"""The translations of this module."""

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
