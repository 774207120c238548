"""A classifier as one graph: backbone, heads, calibration and guard in OpenVINO's operations.

The arithmetic is that of `heads` and `guard`, which a bundle runs in NumPy; here it is part of
the graph, for programs that have no Hilum. Both formats are written from this graph.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from hilum.backbones import BLOCK_CELLS
from hilum.classifier.heads import LOG_LARGEST, LOG_SMALLEST, ROUNDING
from hilum.errors import ExportError

if TYPE_CHECKING:
    import openvino

    from hilum.classifier.bundle import Bundle
    from hilum.classifier.guard import DomainGuard
    from hilum.classifier.heads import HeadStack

INPUT: Final = "film"
"""Name of the input: films x size x size x 1, uint8."""

REFUSED: Final = -1
"""The call of a film that is not like the training films."""

_NEVER: Final = -1e30
"""A logarithm so small that its exponential is 0."""


def combine(bundle: Bundle, *, with_map: bool = False) -> openvino.Model:
    """Build the whole classifier as one graph.

    Its input is `film`, films x size x size x 1, uint8. Its outputs:

    - `probabilities`, films x classes: as `HeadStack.probabilities`.
    - `log_odds`, films: of the positive class, as `HeadStack.log_odds`.
    - `distance`, films: as `DomainGuard.distances`.
    - `call`, films, int64: the index of the class that is called at the operating point,
      -1 outside the domain.
    - `map`, films x rows x columns, if asked for: what each cell of the last feature map
      adds to the positive class's log-odds, as `map_cells` without a reference.

    Args:
        bundle: The classifier.
        with_map: Whether the map is wanted.

    Raises:
        ExportError: A map is wanted of a backbone without one.
    """
    import openvino

    graph = _read(bundle.graph_folder / "graph.xml", bundle.record.backbone.size_px)
    film, results = graph.inputs[0], graph.get_results()
    if with_map and len(results) < 2:
        raise ExportError(
            f"{bundle.record.backbone.title} yields a vector and no feature map, so that no map "
            "of its reasons can be made.",
            fix="Export it without --map.",
        )
    features = results[0].input_value(0)
    kernel = _join_kernels(bundle.heads)
    passed = _pass_heads(features, kernel, bundle.heads)
    distance = _measure_distance(features, bundle.guard)
    outputs = {
        "probabilities": passed.probabilities,
        "log_odds": passed.log_odds,
        "distance": distance,
        "call": _call(passed, distance, bundle),
    }
    if with_map:
        slopes = _slopes(passed, kernel, bundle.heads)
        cells = results[1].input_value(0)
        outputs["map"] = _spread(slopes, cells, bundle.record.backbone.pooling)
    film.get_tensor().set_names({INPUT})
    combined = openvino.Model(list(outputs.values()), [film.get_node()], "hilum")
    for output, name in zip(combined.outputs, outputs, strict=True):
        output.get_tensor().set_names({name})
    return combined


def _read(path: Path, size_px: int) -> openvino.Model:
    import openvino

    graph = openvino.Core().read_model(path)
    graph.reshape([-1, size_px, size_px, 1])
    return graph


class _Passed(NamedTuple):
    """What the heads yield, and what is needed to walk back from it."""

    layer: Any
    """After the ReLU: films x heads x hidden x 1."""

    logits: Any
    """Before the softmax: films x heads x classes."""

    probabilities: Any
    """Films x classes."""

    log_odds: Any
    """Films."""


def _pass_heads(features: Any, kernel: Any, heads: HeadStack) -> _Passed:
    from openvino import opset13 as ops

    n_heads, _, n_hidden = heads.hidden_kernel.shape
    hidden = ops.matmul(features, kernel, False, False)
    hidden = ops.add(hidden, heads.hidden_bias.reshape(-1))
    layer = ops.reshape(ops.relu(hidden), [-1, n_heads, n_hidden, 1], special_zero=False)
    # Not a product of matrices: OpenVINO fails on those of many heads and any number of films.
    products = ops.reduce_sum(ops.multiply(layer, heads.output_kernel), np.array([2]))
    logits = ops.add(products, heads.output_bias)
    scores = ops.clamp(ops.log_softmax(logits, 2), LOG_SMALLEST, LOG_LARGEST)
    tempered = _temper(scores, heads)
    mean = ops.reduce_mean(ops.log_softmax(tempered, 2), np.array([1]))
    positive = ops.gather(tempered, np.array(heads.positive), np.array(2))
    # Log-odds are a difference of logits: the class's own, less what all others amount to.
    others = ops.add(tempered, _marks(heads) * np.float32(_NEVER))
    highest = ops.reduce_max(others, np.array([2]), True)
    sums = ops.reduce_sum(ops.exp(ops.subtract(others, highest)), np.array([2]))
    against = ops.add(ops.squeeze(highest, np.array([2])), ops.log(sums))
    log_odds = ops.reduce_mean(ops.subtract(positive, against), np.array([1]))
    return _Passed(layer, logits, ops.softmax(mean, 1), log_odds)


def _slopes(passed: _Passed, kernel: Any, heads: HeadStack) -> Any:
    """Differentiate the log-odds by the features: films x width, averaged over the heads.

    As in `cells`, the scores are not held within bounds on the way.
    """
    from openvino import opset13 as ops

    n_heads, _, n_hidden = heads.hidden_kernel.shape
    marks = _marks(heads)
    tempered = _temper(passed.logits, heads)
    shares = ops.softmax(ops.add(tempered, marks * np.float32(_NEVER)), 2)
    by_logits = ops.divide(ops.subtract(marks, shares), heads.temperatures[:, np.newaxis])
    each = ops.multiply(ops.unsqueeze(by_logits, np.array(2)), heads.output_kernel)
    by_layer = ops.reduce_sum(each, np.array([3]), True)
    is_active = ops.convert(ops.greater(passed.layer, np.float32(0)), "f32")
    by_hidden = ops.reshape(
        ops.multiply(by_layer, is_active), [-1, n_heads * n_hidden], special_zero=False
    )
    summed = ops.matmul(by_hidden, kernel, False, True)
    return ops.divide(summed, np.float32(n_heads))


def _temper(logits: Any, heads: HeadStack) -> Any:
    """Calibrate: films x heads x classes."""
    from openvino import opset13 as ops

    tempered = ops.divide(logits, heads.temperatures[:, np.newaxis])
    return ops.add(tempered, heads.log_prior_ratios)


def _join_kernels(heads: HeadStack) -> Any:
    """Set the first layers of all heads side by side: width x (heads x hidden)."""
    from openvino import opset13 as ops

    n_heads, width, n_hidden = heads.hidden_kernel.shape
    joined = heads.hidden_kernel.transpose(1, 0, 2).reshape(width, n_heads * n_hidden)
    return ops.constant(np.ascontiguousarray(joined))


def _spread(slopes: Any, cells: Any, pooling: str) -> Any:
    """Give each cell its part in the slope times the feature: films x rows x columns."""
    from openvino import opset13 as ops

    _, rows, columns, channels = cells.get_partial_shape()
    rows, columns, channels = (axis.get_length() for axis in (rows, columns, channels))
    if pooling == "average":
        slope = ops.reshape(slopes, np.array([-1, 1, 1, channels]), special_zero=False)
        parts = ops.reduce_sum(ops.multiply(cells, slope), np.array([3]))
        return ops.divide(parts, np.float32(rows * columns))
    down, across = rows // BLOCK_CELLS, columns // BLOCK_CELLS
    used = np.array([down * BLOCK_CELLS, across * BLOCK_CELLS])
    whole = ops.slice(cells, np.array([0, 0]), used, np.array([1, 1]), np.array([1, 2]))
    blocks = ops.reshape(
        whole,
        np.array([-1, down, BLOCK_CELLS, across, BLOCK_CELLS, channels]),
        special_zero=False,
    )
    slope = ops.reshape(slopes, np.array([-1, down, 1, across, 1, channels]), special_zero=False)
    parts = ops.reduce_sum(ops.multiply(blocks, slope), np.array([5]))
    flat = ops.reshape(parts, np.array([-1, *used]), special_zero=False)
    # What is left over at the edges is not read.
    margin = np.array([0, rows - used[0], columns - used[1]])
    padded = ops.pad(flat, np.zeros(3, np.int64), margin, "constant", np.float32(0))
    return ops.divide(padded, np.float32(BLOCK_CELLS**2))


def _measure_distance(features: Any, guard: DomainGuard) -> Any:
    from openvino import opset13 as ops

    squares = ops.reduce_sum(ops.multiply(features, features), np.array([1]), True)
    lengths = ops.sqrt(squares)
    is_long = ops.greater(lengths, np.float32(0))
    unit = ops.divide(features, ops.select(is_long, lengths, np.float32(1)))
    similarities = ops.matmul(unit, guard.features, False, True)
    nearest = ops.topk(similarities, np.array(guard.neighbours), 1, "max", "value").output(0)
    return ops.subtract(np.float32(1), ops.reduce_min(nearest, np.array([1])))


def _call(passed: _Passed, distance: Any, bundle: Bundle) -> Any:
    """Call the positive class from its operating point on, else the likeliest other one."""
    from openvino import opset13 as ops

    heads = bundle.heads
    needed = heads.log_odds_threshold - ROUNDING
    others = ops.subtract(passed.probabilities, _marks(heads))
    likeliest = ops.topk(others, np.array(1), 1, "max", "value", index_element_type="i64").output(1)
    negative = ops.squeeze(likeliest, np.array([1]))
    is_positive = ops.greater_equal(passed.log_odds, np.float32(needed))
    called = ops.select(is_positive, np.int64(heads.positive), negative)
    is_inside = ops.less_equal(distance, np.float32(bundle.guard.threshold))
    return ops.select(is_inside, called, np.int64(REFUSED))


def _marks(heads: HeadStack) -> np.ndarray:
    """Mark the positive class with a 1."""
    marks = np.zeros(heads.output_bias.shape[1], np.float32)
    marks[heads.positive] = 1
    return marks
