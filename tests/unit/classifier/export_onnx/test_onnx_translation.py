"""Whole graphs: what comes in and goes out, what is refused, and networks of other makers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from both_runtimes import Build, assert_agree, build_graph, check, ints, named, weights
from hilum.classifier.export.onnx.translation import translate
from hilum.errors import ExportError

# isort: split
import openvino
from openvino import opset13 as ops


def test_films_are_bytes() -> None:
    films = np.random.default_rng(0).integers(0, 256, (3, 4, 4, 1), np.uint8)

    def build(x: object) -> object:
        grey = ops.reshape(x, ints(-1, 1, 4, 4), False)
        return ops.multiply(ops.convert(ops.concat([grey] * 3, 1), "f32"), np.float32(1 / 255))

    check(build, films)


def test_one_array_may_go_out_twice_and_a_constant_alone() -> None:
    x = ops.parameter([-1, 3], np.float32, name="x")
    twice = ops.relu(x)
    graph = named([twice, twice, ops.constant(weights(2, 2))], [x])
    assert_agree(graph, {"x0": weights(4, 3)})


def test_the_graph_itself_stays_as_it_is() -> None:
    graph = build_graph(lambda x: ops.add(ops.add(ints(1), ints(2)), x), np.zeros((2, 3), np.int64))
    before = [node.get_name() for node in graph.get_ordered_ops()]
    translate(graph, {"said": "so"})
    assert [node.get_name() for node in graph.get_ordered_ops()] == before


def test_axes_of_any_length_and_metadata_are_written() -> None:
    graph = build_graph(ops.relu, weights(2, 5))
    model = translate(graph, {"said": "so"})
    (taken,) = model.graph.input
    assert [axis.dim_param or axis.dim_value for axis in taken.type.tensor_type.shape.dim] == [
        "films", 5,
    ]  # fmt: skip
    assert [(entry.key, entry.value) for entry in model.metadata_props] == [("said", "so")]
    assert model.opset_import[0].version == 17


def test_halved_weights_are_taken(tmp_path: Path) -> None:
    full = build_graph(lambda x: ops.matmul(x, weights(70, 60), False, False), weights(2, 70))
    openvino.save_model(full, tmp_path / "half.xml", compress_to_fp16=True)
    half = openvino.Core().read_model(tmp_path / "half.xml")
    assert_agree(half, {"x0": weights(3, 70)})


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (lambda x: ops.cum_sum(x, np.array(1)), "CumSum"),
        (lambda x: ops.pad(x, ints(0, 1, 0, 0), ints(0, 0, 0, 0), "symmetric"), "Pad.*symmetric"),
        (lambda x: ops.max_pool(x, [2, 2], [1, 1], [0, 0], [0, 0], [3, 3]).output(1), "MaxPool"),
        (lambda x: ops.reduce_mean(x, ops.convert(ops.gather(ops.shape_of(x), ints(0),
            np.array(0)), "i64"), True), "ReduceMean.*computed"),
        (lambda x: ops.gather(x, np.zeros((2, 1), np.int64), np.array(1), 1), "Gather.*batch"),
        (lambda x: ops.adaptive_avg_pool(x, np.array([4, 3])), r"AdaptiveAvgPool.*\[9, 8\]"),
        (lambda x: ops.avg_pool(x, [2, 2], [0, 0], [0, 0], [2, 2], False, "ceil"), "AvgPool"),
    ],
)  # fmt: skip
def test_what_has_no_translation_is_named(build: Build, told: str) -> None:
    with pytest.raises(ExportError, match=told) as caught:
        translate(build_graph(build, weights(2, 6, 9, 8)), {})
    assert "--format openvino" in caught.value.fix


TRANSFORMER = """
<ir_version: 8, opset_import: ["" : 17]>
net (float[n, 1, 16, 16] x) => (float[n, 12] y)
<float[12, 1, 4, 4] patches, float[1, 16, 12] places, float[12] scale, float[12] shift,
 float[12, 36] to_qkv, float[12, 12] out, float[12, 24] wide, float[24, 12] narrow,
 int64[3] flat = {0, 12, -1}, int64[4] split = {0, 16, 3, 12}, int64 first = {0},
 float root = {3.4641016}, float half = {0.5}, float one = {1.0}, float two_root = {1.4142135}>
{
  seen = Conv <strides = [4, 4]> (x, patches)
  columns = Reshape (seen, flat)
  tokens = Transpose <perm = [0, 2, 1]> (columns)
  placed = Add (tokens, places)
  normed = LayerNormalization <axis = -1, epsilon = 1e-5> (placed, scale, shift)
  mixed = MatMul (normed, to_qkv)
  threes = Reshape (mixed, split)
  ordered = Transpose <perm = [2, 0, 1, 3]> (threes)
  q1, k1, v1 = Split <axis = 0> (ordered)
  zero = Constant <value = int64[1] {0}> ()
  q = Squeeze (q1, zero)
  k = Squeeze (k1, zero)
  v = Squeeze (v1, zero)
  turned = Transpose <perm = [0, 2, 1]> (k)
  products = MatMul (q, turned)
  scores = Div (products, root)
  attended = Softmax <axis = -1> (scores)
  looked = MatMul (attended, v)
  projected = MatMul (looked, out)
  summed = Add (placed, projected)
  normed2 = LayerNormalization <axis = -1, epsilon = 1e-5> (summed, scale, shift)
  inner = MatMul (normed2, wide)
  divided = Div (inner, two_root)
  curve = Erf (divided)
  raised = Add (curve, one)
  times = Mul (inner, raised)
  active = Mul (times, half)
  outer = MatMul (active, narrow)
  last = Add (summed, outer)
  y = Gather <axis = 1> (last, first)
}
"""

CONVOLUTIONS = """
<ir_version: 8, opset_import: ["" : 17]>
net (float[n, 3, 20, 20] x) => (float[n, 6] y)
<float[8, 3, 3, 3] stem, float[8] bias, float[8] gamma, float[8] beta, float[8] mean,
 float[8] variance, float[8, 1, 5, 5] deep, float[2, 8, 1, 1] squeeze, float[8, 2, 1, 1] excite,
 float[6, 8] weights, float[6] shift, float[4] scales = {1.0, 1.0, 2.0, 2.0}>
{
  a = Conv <strides = [2, 2], pads = [1, 1, 1, 1]> (x, stem, bias)
  b = BatchNormalization <epsilon = 1e-3> (a, gamma, beta, mean, variance)
  c = HardSwish (b)
  d = MaxPool <kernel_shape = [3, 3], strides = [2, 2], ceil_mode = 1> (c)
  e = Conv <group = 8, auto_pad = "SAME_UPPER"> (d, deep)
  low = Constant <value = float {0.0}> ()
  high = Constant <value = float {6.0}> ()
  f = Clip (e, low, high)
  g = GlobalAveragePool (f)
  h = Conv (g, squeeze)
  i = Relu (h)
  j = Conv (i, excite)
  k = HardSigmoid <alpha = 0.1666667, beta = 0.5> (j)
  l = Mul (f, k)
  m = InstanceNormalization <epsilon = 1e-4> (l, gamma, beta)
  o = Resize <mode = "linear", coordinate_transformation_mode = "pytorch_half_pixel"> (m, , scales)
  p = LeakyRelu <alpha = 0.1> (o)
  q = AveragePool <kernel_shape = [2, 2], strides = [2, 2]> (p)
  r = ReduceMean <axes = [2, 3], keepdims = 0> (q)
  y = Gemm <transB = 1> (r, weights, shift)
}
"""


@pytest.mark.parametrize(
    ("text", "shape"), [(TRANSFORMER, (3, 1, 16, 16)), (CONVOLUTIONS, (3, 3, 20, 20))]
)
def test_networks_of_other_makers_come_through(text: str, shape: tuple[int, ...]) -> None:
    """From ONNX into OpenVINO, as a network of the user's own comes, and out again."""
    model = onnx.parser.parse_model(text)
    filled = {tensor.name for tensor in model.graph.initializer}
    rng = np.random.default_rng(0)
    for info in [*model.graph.value_info]:
        sides = [axis.dim_value for axis in info.type.tensor_type.shape.dim]
        if info.name not in filled:
            values = rng.normal(0.3, 0.4, sides).astype(np.float32)
            values = np.abs(values) + 0.1 if info.name == "variance" else values
            model.graph.initializer.append(onnx.numpy_helper.from_array(values, info.name))
    onnx.checker.check_model(model, full_check=True)
    graph = openvino.Core().read_model(model.SerializeToString())
    graph.inputs[0].get_tensor().set_names({"x0"})
    assert_agree(graph, {"x0": rng.normal(size=shape).astype(np.float32)})
