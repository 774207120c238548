"""Numbers by themselves and in pairs: ONNX Runtime computes what OpenVINO does."""

from __future__ import annotations

import numpy as np
import pytest
from openvino import opset13 as ops
from openvino import opset16

from both_runtimes import Build, check, ints, kinds, weights
from hilum.classifier.export.onnx.arithmetic import ELEMENTWISE as TRANSLATIONS

ELEMENTWISE: dict[str, Build] = {
    **{
        name: getattr(ops, name)
        for name in (
            "abs", "asinh", "atan", "ceiling", "cos", "cosh", "erf", "exp", "floor",
            "hsigmoid", "hswish", "mish", "negative", "relu", "sigmoid", "sign", "sin", "sinh",
            "softplus", "softsign", "tan", "tanh", "swish",
        )
    },
    "acos": lambda x: ops.acos(ops.clamp(x, -0.9, 0.9)),
    "asin": lambda x: ops.asin(ops.clamp(x, -0.9, 0.9)),
    "atanh": lambda x: ops.atanh(ops.clamp(x, -0.9, 0.9)),
    "acosh": lambda x: ops.acosh(ops.add(ops.abs(x), np.float32(1.5))),
    "log": lambda x: ops.log(ops.add(ops.abs(x), np.float32(0.1))),
    "sqrt": lambda x: ops.sqrt(ops.abs(x)),
    "gelu": lambda x: ops.gelu(x, "erf"),
    "gelu by tanh": lambda x: ops.gelu(x, "tanh"),
    "swish of a slope": lambda x: ops.swish(x, np.float32(1.7)),
    "clamp": lambda x: ops.clamp(x, -0.3, 0.8),
    "elu": lambda x: ops.elu(x, 0.7),
    "selu": lambda x: ops.selu(x, np.float32(1.6), np.float32(1.1)),
    "hard sigmoid": lambda x: ops.hard_sigmoid(x, np.float32(0.3), np.float32(0.4)),
    "one slope": lambda x: ops.prelu(x, np.float32([0.2])),
    "a slope per channel": lambda x: ops.prelu(x, weights(6)),
    "round to even": lambda x: ops.round(ops.multiply(x, np.float32(2)), "half_to_even"),
    "round away": lambda x: ops.round(ops.multiply(x, np.float32(2)), "half_away_from_zero"),
    "add": lambda x: ops.add(x, weights(6, 1, 1)),
    "subtract": lambda x: ops.subtract(weights(1, 8), x),
    "multiply": lambda x: ops.multiply(x, weights(8)),
    "divide": lambda x: ops.divide(x, np.float32(3)),
    "power": lambda x: ops.power(x, np.float32(2)),
    "maximum": lambda x: ops.maximum(x, weights(8)),
    "minimum": lambda x: ops.minimum(x, weights(8)),
    "mod": lambda x: ops.mod(x, np.float32(0.3)),
    "floor mod": lambda x: ops.floor_mod(x, np.float32(0.3)),
    "squared difference": lambda x: ops.squared_difference(x, weights(8)),
    "select": lambda x: ops.select(ops.greater(x, np.float32(0)), x, np.float32(-7)),
    "to whole numbers": lambda x: ops.convert(ops.multiply(x, np.float32(9)), "i32"),
    "like another": lambda x: ops.convert_like(x, ops.shape_of(x)),
    "same type": lambda x: ops.convert(ops.add(x, x), "f32"),
    "identity": lambda x: opset16.identity(x),
}  # fmt: skip

WHOLE: dict[str, Build] = {
    "divide": lambda x: ops.divide(ops.abs(x), ints(3)),
    "mod": lambda x: ops.mod(x, ints(4)),
    "floor mod": lambda x: ops.floor_mod(x, ints(4)),
    "clamp": lambda x: ops.clamp(x, -2.5, 3.5),
    "equal": lambda x: ops.equal(x, ints(1)),
    "not equal": lambda x: ops.not_equal(x, ints(1)),
    "order": lambda x: [
        ops.greater(x, ints(1)), ops.greater_equal(x, ints(1)),
        ops.less(x, ints(1)), ops.less_equal(x, ints(1)),
    ],
    "logic": lambda x: [
        op(ops.greater(x, ints(0)), ops.less(x, ints(3)))
        for op in (ops.logical_and, ops.logical_or, ops.logical_xor)
    ] + [ops.logical_not(ops.equal(x, ints(0)))],
}  # fmt: skip


@pytest.mark.parametrize("build", ELEMENTWISE.values(), ids=ELEMENTWISE.keys())
def test_both_treat_numbers_alike(build: Build) -> None:
    check(build)


@pytest.mark.parametrize("build", WHOLE.values(), ids=WHOLE.keys())
def test_both_treat_whole_numbers_alike(build: Build) -> None:
    check(build, np.arange(-3, 9, dtype=np.int64).reshape(2, 6))


def test_every_translation_of_elementwise_is_tried() -> None:
    whole = kinds(WHOLE, np.zeros((2, 6), np.int64))
    assert set(TRANSLATIONS) <= kinds(ELEMENTWISE) | whole
