"""Operations that bring numbers to a common scale."""

from __future__ import annotations

from typing import Final

from hilum.classifier.onnx_export.operation import Operation, Outputs, Translate


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
