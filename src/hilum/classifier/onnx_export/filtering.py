"""Operations that slide over a picture: convolutions, poolings, borders, and resizing."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from hilum.classifier.onnx_export.operation import Operation, Outputs, Translate


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
