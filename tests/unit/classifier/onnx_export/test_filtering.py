"""Windows, borders and resizing: ONNX Runtime computes what OpenVINO does."""

from __future__ import annotations

import numpy as np
import pytest
from openvino import opset13 as ops
from openvino import opset14, opset16

from both_runtimes import Build, check, ints, kinds, weights
from hilum.classifier.export.onnx.shapes import FILTERING as TRANSLATIONS

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
    assert set(TRANSLATIONS) <= kinds(FILTERING)
