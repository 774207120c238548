"""Windows, borders, resizing, and moving numbers: ONNX Runtime computes what OpenVINO does."""

from __future__ import annotations

import numpy as np
import pytest
from openvino import opset13 as ops, opset14, opset16

from both_runtimes import Build, check, ints, kinds, weights
from hilum.classifier.export.onnx import shapes

FILTERING: dict[str, Build] = {
    "convolution": lambda x: ops.convolution(
        x, weights(5, 6, 3, 2), [2, 1], [1, 0], [0, 2], [1, 2]
    ),
    **{
        f"convolution, {rule}": (
            lambda x, rule=rule: ops.convolution(
                x, weights(5, 6, 3, 4), [2, 2], [0, 0], [0, 0], [1, 1], rule
            )
        )
        for rule in ("same_upper", "same_lower", "valid")
    },
    "depthwise": lambda x: ops.group_convolution(
        x, weights(6, 1, 1, 3, 3), [1, 1], [1, 1], [1, 1], [1, 1]
    ),
    "groups": lambda x: ops.group_convolution(
        x, weights(2, 4, 3, 3, 3), [2, 2], [0, 0], [0, 0], [1, 1], "same_upper"
    ),
    "computed kernels": lambda x: ops.group_convolution(
        x,
        ops.reshape(ops.slice(x, ints(0), ints(1), ints(1), ints(0)), [6, 1, 1, 9, 8], False),
        [1, 1], [0, 0], [0, 0], [1, 1],
    ),
    **{
        f"max pool, {rounding} {rule}": (
            lambda x, rounding=rounding, rule=rule: ops.max_pool(
                x, [2, 2], [1, 1], [0, 0], [0, 1], [3, 2], rounding, rule
            ).output(0)
        )
        for rounding, rule in (
            ("floor", "explicit"), ("floor", "same_upper"), ("floor", "same_lower"),
            ("floor", "valid"), ("ceil", "same_upper"), ("ceil", "valid"),
        )
    },
    "max pool, ceil": lambda x: ops.max_pool(
        x, [2, 2], [1, 1], [0, 0], [0, 1], [3, 3], "ceil"
    ).output(0),
    "max pool, ceil_torch": lambda x: opset14.max_pool(
        x, [2, 2], [1, 1], [1, 1], [1, 1], [3, 3], "ceil_torch"
    ).output(0),
    "max pool, dilated": lambda x: ops.max_pool(
        x, [1, 1], [2, 3], [0, 0], [0, 0], [3, 2]
    ).output(0),
    **{
        f"average pool, {rounding} {rule} {excludes}": (
            lambda x, rounding=rounding, rule=rule, excludes=excludes: ops.avg_pool(
                x, [2, 2], [1, 0], [1, 1], [3, 3], excludes, rounding, rule
            )
        )
        for rounding, rule, excludes in (
            ("floor", "explicit", True), ("floor", "explicit", False),
            ("floor", "same_upper", True), ("floor", "same_upper", False),
            ("floor", "same_lower", True), ("floor", "valid", True), ("ceil", "explicit", True),
        )
    },
    "average pool, new": lambda x: opset16.avg_pool(
        x, [2, 2], [0, 0], [0, 0], [2, 2], True, dilations=[1, 1]
    ),
    "adaptive average": lambda x: ops.adaptive_avg_pool(x, np.array([3, 2])),
    "to one cell": lambda x: ops.adaptive_avg_pool(x, np.array([1, 1])),
    **{
        f"pad, {mode}": (
            lambda x, mode=mode: ops.pad(x, ints(0, 0, 1, 2), ints(0, 0, 3, 0), mode)
        )
        for mode in ("constant", "edge", "reflect")
    },
    "pad with a value": lambda x: ops.pad(
        x, ints(0, 1, 0, 0), ints(0, 0, 0, 2), "constant", np.float32(-4)
    ),
    "crop": lambda x: ops.pad(x, ints(0, 0, -1, 0), ints(0, 0, 0, -2), "constant"),
    **{
        f"resize, {mode} {coordinates}": (
            lambda x, mode=mode, coordinates=coordinates: ops.interpolate(
                x, ints(15, 20), mode, "sizes", coordinate_transformation_mode=coordinates,
                axes=ints(2, 3),
            )
        )
        for mode, coordinates in (
            ("nearest", "asymmetric"), ("nearest", "half_pixel"), ("linear_onnx", "half_pixel"),
            ("linear_onnx", "align_corners"), ("linear_onnx", "asymmetric"),
            ("linear_onnx", "pytorch_half_pixel"), ("cubic", "half_pixel"),
        )
    },
    "resize by scales": lambda x: ops.interpolate(
        x, np.float32([2, 1.5]), "linear_onnx", "scales", axes=ints(2, 3)
    ),
}  # fmt: skip


@pytest.mark.parametrize("build", FILTERING.values(), ids=FILTERING.keys())
def test_both_slide_alike(build: Build) -> None:
    check(build)


def test_every_translation_of_filtering_is_tried() -> None:
    assert set(shapes.FILTERING) <= kinds(FILTERING)


def sliced(begins: list[int], ends: list[int], steps: list[int], **masks: list[int]) -> Build:
    full = {
        f"{name}_mask": masks.get(name, [0] * len(begins))
        for name in ("begin", "end", "new_axis", "shrink_axis", "ellipsis")
    }
    return lambda x: ops.strided_slice(x, ints(*begins), ints(*ends), ints(*steps), **full)


SHAPING: dict[str, Build] = {
    "reshape, 0 is kept": lambda x: ops.reshape(x, ints(0, -1), True),
    "reshape": lambda x: ops.reshape(x, np.array([-1, 24], np.int32), False),
    "reshape to its own shape": lambda x: ops.reshape(
        ops.relu(x), ops.concat([ops.shape_of(x, "i32"), np.array([1], np.int32)], 0), False
    ),
    "transpose": lambda x: ops.transpose(x, ints(0, 2, 3, 1)),
    "transpose, reversed": lambda x: ops.transpose(x, np.array([], np.int64)),
    "squeeze": lambda x: ops.squeeze(ops.unsqueeze(x, ints(1, -1)), ints(-1)),
    "squeeze all": lambda x: ops.squeeze(
        ops.reshape(x, ints(1, -1, 6, 1, 72), False), ints(0, 3)
    ),
    "concat": lambda x: ops.concat([x, ops.relu(x), weights(2, 6, 9, 1)], -1),
    "split": lambda x: list(ops.split(x, np.array(1), 3).outputs()),
    "variadic split": lambda x: list(ops.variadic_split(x, np.array(2), ints(2, -1, 3)).outputs()),
    "slice": lambda x: ops.slice(x, ints(1, -1), ints(5, -9), ints(2, -3), ints(1, 2)),
    "slice of all axes": lambda x: ops.slice(
        x, ints(0, 0, 1, 2), ints(9, 9, 5, 7), ints(1, 1, 1, 1)
    ),
    "strided": sliced([0, 1, 8, 0], [2, 5, 2, 7], [1, 2, -2, 1]),
    "strided, open": sliced([0, 1, 3, 2], [0, 5, 3, 7], [1, 1, -1, 1],
                            begin=[1, 0, 1, 0], end=[1, 1, 1, 0]),
    "strided, dropping": sliced([0, -1, 2], [0, 0, 5], [1, 1, 1], begin=[1, 0, 0],
                                end=[1, 0, 0], shrink_axis=[0, 1, 0]),
    "strided, adding": sliced([0, 0, 1], [0, 0, 3], [1, 1, 1], begin=[1, 0, 0], end=[1, 0, 0],
                              new_axis=[0, 1, 0]),
    "strided, skipping": sliced([0, 0, 0, 3], [0, 0, 0, 4], [1, 1, 1, 1], begin=[1, 0, 0, 0],
                                end=[1, 0, 0, 0], ellipsis=[0, 1, 0, 0], new_axis=[0, 0, 1, 0],
                                shrink_axis=[0, 0, 0, 1]),
    "gather": lambda x: ops.gather(x, np.array([[3, 0], [-1, 2]], np.int32), np.array(1)),
    "gather one": lambda x: ops.gather(x, np.array(0), np.array(2)),
    "gather elements": lambda x: ops.gather_elements(
        x, ops.convert(ops.clamp(ops.abs(x), 0, 5), "i32"), 1
    ),
    "broadcast": lambda x: ops.broadcast(ops.gather(x, ints(1), np.array(3)), ints(2, 6, 9, 4)),
    "broadcast both ways": lambda x: ops.broadcast(
        x, ints(3, 1, 6, 1, 1), broadcast_spec="BIDIRECTIONAL"
    ),
    "tile": lambda x: ops.tile(x, ints(2, 1, 3)),
    "tile more axes": lambda x: ops.tile(x, ints(2, 1, 1, 3, 1)),
    "shape": lambda x: [ops.shape_of(x), ops.shape_of(x, "i32")],
    "range": lambda x: ops.range(
        np.array(0), ops.squeeze(ops.gather(ops.shape_of(x), ints(0), np.array(0)), ints(0)),
        np.array(2), "f32",
    ),
    **{
        f"{name}, {mode}": (lambda x, op=op, mode=mode: op(x, mode, 2))
        for op, name, modes in (
            (lambda x, mode, n: ops.depth_to_space(ops.concat([x, x], 1), mode, n),
             "depth to space", ("blocks_first", "depth_first")),
            (lambda x, mode, n: ops.space_to_depth(ops.concat([x, x], 2), mode, n),
             "space to depth", ("blocks_first",)),
        )
        for mode in modes
    },
}  # fmt: skip


@pytest.mark.parametrize("build", SHAPING.values(), ids=SHAPING.keys())
def test_both_move_numbers_alike(build: Build) -> None:
    check(build)


def test_every_translation_of_shaping_is_tried() -> None:
    assert set(shapes.SHAPING) <= kinds(SHAPING)
