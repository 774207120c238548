"""Operations that treat each number by itself, or each pair of numbers."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from hilum.classifier.onnx_export.graph_writer import TYPES
from hilum.classifier.onnx_export.operation import Operation, Outputs, Translate

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
        # A bound that the type cannot hold is none.
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
