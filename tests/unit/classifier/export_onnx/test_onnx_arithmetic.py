"""Numbers by themselves, brought to a common scale, or taken together: both compute the same."""

from __future__ import annotations

import numpy as np
import pytest
from openvino import opset1, opset13 as ops, opset16

from both_runtimes import Build, check, ints, kinds, weights
from hilum.classifier.export.onnx import arithmetic

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
    assert set(arithmetic.ELEMENTWISE) <= kinds(ELEMENTWISE) | whole


NORMALISING: dict[str, Build] = {
    "batch norm": lambda x: ops.batch_norm_inference(
        x, weights(6), weights(6), weights(6), np.abs(weights(6)) + 0.1, 1e-3
    ),
    "older batch norm": lambda x: opset1.batch_norm_inference(
        x, weights(6), weights(6), weights(6), np.abs(weights(6)) + 0.1, 1e-3
    ),
    **{
        f"mvn, {place} {divides}": (
            lambda x, place=place, divides=divides: ops.mvn(x, ints(2, 3), divides, 1e-3, place)
        )
        for place in ("INSIDE_SQRT", "OUTSIDE_SQRT")
        for divides in (True, False)
    },
    "group norm": lambda x: ops.group_normalization(x, weights(6), weights(6), 3, 1e-4),
    "l2, added": lambda x: ops.normalize_l2(x, ints(1), 0.1, "add"),
    "l2, at least": lambda x: ops.normalize_l2(x, ints(1, 2, 3), 0.1, "max"),
    "lrn": lambda x: ops.lrn(x, ints(1), 0.5, 0.7, 2.0, 3),
}


@pytest.mark.parametrize("build", NORMALISING.values(), ids=NORMALISING.keys())
def test_both_normalise_alike(build: Build) -> None:
    check(build)


def test_every_translation_of_normalising_is_tried() -> None:
    assert set(arithmetic.NORMALISING) <= kinds(NORMALISING)


REDUCING: dict[str, Build] = {
    **{
        f"{name}, {keeps}": (
            lambda x, name=name, keeps=keeps: getattr(ops, name)(x, ints(-1, 2), keeps)
        )
        for name in ("reduce_mean", "reduce_sum", "reduce_max", "reduce_min", "reduce_prod",
                     "reduce_l1", "reduce_l2")
        for keeps in (True, False)
    },
    "reduce nothing": lambda x: ops.reduce_mean(x, np.array([], np.int64), True),
    "softmax": lambda x: ops.softmax(x, 1),
    "older softmax": lambda x: opset1.softmax(x, 1),
    "log softmax": lambda x: ops.log_softmax(x, -1),
    "largest": lambda x: list(ops.topk(x, np.array(3), 2, "max", "value").outputs()),
    "smallest": lambda x: list(ops.topk(x, np.array(2), 3, "min", "value").outputs()),
    "which is largest": lambda x: ops.topk(
        x, np.array(1), 1, "max", "index", index_element_type="i64"
    ).output(1),
    "times weights": lambda x: ops.matmul(x, weights(8, 3), False, False),
    "times turned weights": lambda x: ops.matmul(x, weights(3, 8), False, True),
    "turned": lambda x: ops.matmul(x, ops.relu(x), True, False),
    "times turned": lambda x: ops.matmul(x, ops.relu(x), False, True),
    "times a vector": lambda x: ops.matmul(x, weights(8), False, True),
    "einsum": lambda x: ops.einsum([x, weights(8, 4)], "ncij,jk->nick"),
    "attention": lambda x: ops.scaled_dot_product_attention(x, ops.relu(x), ops.abs(x)),
    "attention, masked": lambda x: ops.scaled_dot_product_attention(
        x, ops.relu(x), ops.abs(x), weights(9, 9), np.float32(0.3)
    ),
    "attention, hidden": lambda x: ops.scaled_dot_product_attention(
        x, ops.relu(x), ops.abs(x), np.tri(9, dtype=bool)
    ),
}  # fmt: skip


@pytest.mark.parametrize("build", REDUCING.values(), ids=REDUCING.keys())
def test_both_reduce_alike(build: Build) -> None:
    check(build)


def test_every_translation_of_reducing_is_tried() -> None:
    assert set(arithmetic.REDUCING) <= kinds(REDUCING)
