"""Operations that take numbers together: sums, norms, products of matrices, attention."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from hilum.classifier.onnx_export.graph_writer import TYPES
from hilum.classifier.onnx_export.operation import Operation, Outputs, Translate


def _reduce(op: Operation) -> Outputs:
    axes, keeps = op.axes(1), int(op.attributes["keep_dims"])
    if not axes:  # nothing to reduce here, and everything in ONNX
        return op.writer.add("Identity", op.input(0))
    if op.kind == "ReduceSum":  # the one whose axes are an input in this opset already
        names = op.writer.integers(*axes)
        return op.writer.add("ReduceSum", op.input(0), names, keepdims=keeps)
    return op.writer.add(op.kind, op.input(0), axes=axes, keepdims=keeps)


def _softmax(op: Operation) -> Outputs:
    return op.writer.add(op.kind, op.input(0), axis=int(op.attributes["axis"]))


def _top_k(op: Operation) -> Outputs:
    many = op.writer.integers(*op.axes(1))
    values, places = op.writer.add_split(
        "TopK",
        (op.input(0), many),
        2,
        axis=int(op.attributes["axis"]),
        largest=int(op.attributes["mode"] == "max"),
        sorted=int(op.attributes["sort"] != "none"),
    )
    if op.attributes["sort"] == "index" and op.axes(1) != [1]:
        op.refuse("in order of place")
    if op.output_type(1) != "i64":
        places = op.writer.add("Cast", places, to=TYPES[op.output_type(1)])
    return [values, places]


def _mat_mul(op: Operation) -> Outputs:
    factors = []
    for port, flag in enumerate(("transpose_a", "transpose_b")):
        factor, rank = op.input(port), len(op.shape(port))
        if op.attributes[flag] and rank > 1:
            # Of weights, too, which may be wanted both ways; runtimes turn them when loading.
            order = [*range(rank - 2), rank - 1, rank - 2]
            factor = op.writer.add("Transpose", factor, perm=order)
        factors.append(factor)
    return op.writer.add("MatMul", *factors)


def _einsum(op: Operation) -> Outputs:
    return op.writer.add("Einsum", *op.inputs(), equation=str(op.attributes["equation"]))


def _attention(op: Operation) -> Outputs:
    """Softmax of the scaled products of queries and keys, times values."""
    if op.attributes["causal"]:
        op.refuse("that looks back only")
    add = op.writer.add
    queries, keys, values = (op.input(port) for port in range(3))
    shape = op.shape(1)
    depth, rank = shape[-1], len(shape)
    if op.n_inputs > 4:
        scale = op.input(4)
    elif depth is None:
        op.refuse("on vectors of any length")
    else:
        scale = op.scalar(1 / math.sqrt(depth))
    turned = add("Transpose", keys, perm=[*range(rank - 2), rank - 1, rank - 2])
    weights = add("Mul", add("MatMul", queries, turned), scale)
    # A mask of one zero, which a stated scale has to bring along, is none.
    mask = op.known(3) if op.n_inputs > 3 else np.zeros(())
    if mask is None or np.any(mask != 0):
        if op.input_type(3) == "boolean":
            shunned = op.scalar(-np.inf)
            weights = add("Where", op.input(3), weights, shunned)
        else:
            weights = add("Add", weights, op.input(3))
    elif op.n_inputs > 3 and op.input_type(3) == "boolean":
        op.refuse("that looks at nothing")
    return add("MatMul", add("Softmax", weights, axis=-1), values)


_REDUCTIONS: Final = (
    "ReduceL1",
    "ReduceL2",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceProd",
    "ReduceSum",
)

REDUCING: Final[dict[str, Translate]] = {
    **dict.fromkeys(_REDUCTIONS, _reduce),
    "Einsum": _einsum,
    "LogSoftmax": _softmax,
    "MatMul": _mat_mul,
    "ScaledDotProductAttention": _attention,
    "Softmax": _softmax,
    "TopK": _top_k,
}
"""The translations of this module."""
