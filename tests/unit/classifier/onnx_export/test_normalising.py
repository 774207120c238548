"""Common scales: ONNX Runtime computes what OpenVINO does."""

from __future__ import annotations

import numpy as np
import pytest
from openvino import opset1
from openvino import opset13 as ops

from both_runtimes import Build, check, ints, kinds, weights
from hilum.classifier.export.onnx.arithmetic import NORMALISING as TRANSLATIONS

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
    assert set(TRANSLATIONS) <= kinds(NORMALISING)
