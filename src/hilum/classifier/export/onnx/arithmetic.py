"""Operations on numbers: each by itself, brought to a common scale, or taken together."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from hilum.classifier.export.onnx.graph import TYPES, Operation, Outputs, Translate

_SAME: Final = {
    "Abs": "Abs",
    "Acos": "Acos",
    "Acosh": "Acosh",
    "Add": "Add",
    "Asin": "Asin",
    "Asinh": "Asinh",
    "Atan": "Atan",
    "Atanh": "Atanh",
    "Ceiling": "Ceil",
    "Cos": "Cos",
    "Cosh": "Cosh",
    "Divide": "Div",
    "Equal": "Equal",
    "Erf": "Erf",
    "Exp": "Exp",
    "Floor": "Floor",
    "Greater": "Greater",
    "GreaterEqual": "GreaterOrEqual",
    "HSwish": "HardSwish",
    "Identity": "Identity",
    "Less": "Less",
    "LessEqual": "LessOrEqual",
    "Log": "Log",
    "LogicalAnd": "And",
    "LogicalNot": "Not",
    "LogicalOr": "Or",
    "LogicalXor": "Xor",
    "Maximum": "Max",
    "Minimum": "Min",
    "Multiply": "Mul",
    "Negative": "Neg",
    "Power": "Pow",
    "Relu": "Relu",
    "Select": "Where",
    "Sigmoid": "Sigmoid",
    "Sign": "Sign",
    "Sin": "Sin",
    "Sinh": "Sinh",
    "SoftPlus": "Softplus",
    "SoftSign": "Softsign",
    "Sqrt": "Sqrt",
    "Subtract": "Sub",
    "Tan": "Tan",
    "Tanh": "Tanh",
}
"""What is the same in both but for its name."""

_FLOATS: Final = ("f16", "f32", "f64")


def _rename(op: Operation) -> Outputs:
    if op.attributes.get("auto_broadcast") == "pdpd":
        op.refuse("with PaddlePaddle's broadcasting")
    return op.writer.add(_SAME[op.kind], *op.inputs())


def _convert(op: Operation) -> Outputs:
    wanted = op.output_type()
    if wanted not in TYPES:
        op.refuse(f"to {wanted}")
    if wanted == op.input_type(0):
        return op.input(0)
    return op.writer.add("Cast", op.input(0), to=TYPES[wanted])


def _not_equal(op: Operation) -> Outputs:
    return op.writer.add("Not", op.writer.add("Equal", *op.inputs()))


def _mod(op: Operation) -> Outputs:
    return op.writer.add("Mod", *op.inputs(), fmod=1)


def _floor_mod(op: Operation) -> Outputs:
    dividend, divisor = op.inputs()
    add = op.writer.add
    if op.output_type() not in _FLOATS:
        return add("Mod", dividend, divisor)
    whole = add("Floor", add("Div", dividend, divisor))
    return add("Sub", dividend, add("Mul", whole, divisor))


def _squared_difference(op: Operation) -> Outputs:
    difference = op.writer.add("Sub", *op.inputs())
    return op.writer.add("Mul", difference, difference)


def _clamp(op: Operation) -> Outputs:
    dtype = op.dtype(0)
    low, high = float(op.attributes["min"]), float(op.attributes["max"])
    if np.issubdtype(dtype, np.integer):
        # A bound that the type cannot hold does not bound.
        range_of = np.iinfo(dtype)
        low, high = max(math.ceil(low), range_of.min), min(math.floor(high), range_of.max)
    return op.writer.add("Clip", op.input(0), op.scalar(low), op.scalar(high))


def _gelu(op: Operation) -> Outputs:
    add, x = op.writer.add, op.input(0)
    if op.attributes.get("approximation_mode", "ERF") == "TANH":
        cube = add("Mul", x, add("Mul", x, x))
        inner = add("Add", x, add("Mul", cube, op.scalar(0.044715)))
        curve = add("Tanh", add("Mul", inner, op.scalar(math.sqrt(2 / math.pi))))
    else:
        curve = add("Erf", add("Div", x, op.scalar(math.sqrt(2))))
    return add("Mul", add("Mul", x, add("Add", curve, op.scalar(1))), op.scalar(0.5))


def _swish(op: Operation) -> Outputs:
    add, x = op.writer.add, op.input(0)
    scaled = add("Mul", x, op.input(1)) if op.n_inputs > 1 else x
    return add("Mul", x, add("Sigmoid", scaled))


def _mish(op: Operation) -> Outputs:
    add, x = op.writer.add, op.input(0)
    return add("Mul", x, add("Tanh", add("Softplus", x)))


def _h_sigmoid(op: Operation) -> Outputs:
    return op.writer.add("HardSigmoid", op.input(0), alpha=1 / 6, beta=0.5)


def _hard_sigmoid(op: Operation) -> Outputs:
    alpha, beta = (float(op.constant(port).item()) for port in (1, 2))
    return op.writer.add("HardSigmoid", op.input(0), alpha=alpha, beta=beta)


def _elu(op: Operation) -> Outputs:
    return op.writer.add("Elu", op.input(0), alpha=float(op.attributes["alpha"]))


def _selu(op: Operation) -> Outputs:
    alpha, gamma = (float(op.constant(port).item()) for port in (1, 2))
    return op.writer.add("Selu", op.input(0), alpha=alpha, gamma=gamma)


def _prelu(op: Operation) -> Outputs:
    slope = op.constant(1)
    rank = len(op.shape(0))
    if slope.ndim == 1 and slope.size > 1 and rank > 1:  # one per channel
        slope = slope.reshape(-1, *[1] * (rank - 2))
    return op.writer.add("PRelu", op.input(0), op.writer.constant(slope))


def _round(op: Operation) -> Outputs:
    add, x = op.writer.add, op.input(0)
    if op.attributes["mode"] == "half_to_even":
        return add("Round", x)
    size = add("Floor", add("Add", add("Abs", x), op.scalar(0.5)))
    return add("Mul", add("Sign", x), size)


ELEMENTWISE: Final[dict[str, Translate]] = {
    **dict.fromkeys(_SAME, _rename),
    "Clamp": _clamp,
    "Convert": _convert,
    "ConvertLike": _convert,
    "Elu": _elu,
    "FloorMod": _floor_mod,
    "Gelu": _gelu,
    "HSigmoid": _h_sigmoid,
    "HardSigmoid": _hard_sigmoid,
    "Mish": _mish,
    "Mod": _mod,
    "NotEqual": _not_equal,
    "PRelu": _prelu,
    "Round": _round,
    "Selu": _selu,
    "SquaredDifference": _squared_difference,
    "Swish": _swish,
}
"""The translations of this module."""


def _batch_norm(op: Operation) -> Outputs:
    # The first version has the picture third.
    order = (2, 0, 1, 3, 4) if op.version == "opset1" else (0, 1, 2, 3, 4)
    inputs = [op.input(port) for port in order]
    return op.writer.add("BatchNormalization", *inputs, epsilon=float(op.attributes["epsilon"]))


def _mvn(op: Operation) -> Outputs:
    """Subtract the mean and divide by the deviation."""
    if op.version != "opset6":
        op.refuse("of an old kind")
    is_inside = str(op.attributes["eps_mode"]).lower() == "inside_sqrt"
    return _standardise(
        op,
        op.input(0),
        op.axes(1),
        epsilon=float(op.attributes["eps"]),
        is_inside=is_inside,
        divides=bool(op.attributes["normalize_variance"]),
    )


def _standardise(
    op: Operation,
    x: str,
    axes: list[int],
    *,
    epsilon: float,
    is_inside: bool = True,
    divides: bool = True,
) -> str:
    add = op.writer.add
    centred = add("Sub", x, add("ReduceMean", x, axes=axes, keepdims=1))
    if not divides:
        return centred
    variance = add("ReduceMean", add("Mul", centred, centred), axes=axes, keepdims=1)
    small = op.scalar(epsilon)
    if is_inside:
        return add("Div", centred, add("Sqrt", add("Add", variance, small)))
    return add("Div", centred, add("Add", add("Sqrt", variance), small))


def _group_norm(op: Operation) -> Outputs:
    add, integers = op.writer.add, op.writer.integers
    x, rank = op.input(0), len(op.shape(0))
    grouped = add("Reshape", x, integers(0, int(op.attributes["num_groups"]), -1))
    epsilon = float(op.attributes["epsilon"])
    flat = _standardise(op, grouped, [2], epsilon=epsilon)
    normed = add("Reshape", flat, add("Shape", x))
    per_channel = integers(-1, *[1] * (rank - 2))
    scale, shift = (add("Reshape", op.input(port), per_channel) for port in (1, 2))
    return add("Add", add("Mul", normed, scale), shift)


def _normalize_l2(op: Operation) -> Outputs:
    add, axes = op.writer.add, op.axes(1)
    x = op.input(0)
    squares = add("Mul", x, x)
    if axes:
        squares = add("ReduceSum", squares, op.writer.integers(*axes), keepdims=1)
    join = "Max" if op.attributes["eps_mode"] == "max" else "Add"
    total = add(join, squares, op.scalar(float(op.attributes["eps"])))
    return add("Div", x, add("Sqrt", total))


def _lrn(op: Operation) -> Outputs:
    if op.axes(1) != [1]:
        op.refuse("over other axes than the channels")
    numbers = {name: float(op.attributes[name]) for name in ("alpha", "beta", "bias")}
    return op.writer.add("LRN", op.input(0), size=int(op.attributes["size"]), **numbers)


NORMALISING: Final[dict[str, Translate]] = {
    "BatchNormInference": _batch_norm,
    "GroupNormalization": _group_norm,
    "LRN": _lrn,
    "MVN": _mvn,
    "NormalizeL2": _normalize_l2,
}
"""The translations of this module."""


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
    # A stated scale comes with a mask; one of a single zero masks nothing.
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
