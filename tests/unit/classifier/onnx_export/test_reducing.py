"""Sums, products of matrices, attention: ONNX Runtime computes what OpenVINO does."""

from __future__ import annotations

import numpy as np
import pytest
from openvino import opset1
from openvino import opset13 as ops

from both_runtimes import Build, check, ints, kinds, weights
from hilum.classifier.export.onnx.arithmetic import REDUCING as TRANSLATIONS

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
    assert set(TRANSLATIONS) <= kinds(REDUCING)
