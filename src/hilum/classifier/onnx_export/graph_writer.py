"""Collects the nodes and weights of an ONNX graph, and names what flows between them."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import numpy as np
import onnx
from onnx import helper

OPSET: Final = 17
"""The oldest that has all we need, so that old runtimes take the files, too."""

IR_VERSION: Final = 8
"""The file format that came with that opset."""

TYPES: Final = {
    "f16": onnx.TensorProto.FLOAT16,
    "f32": onnx.TensorProto.FLOAT,
    "f64": onnx.TensorProto.DOUBLE,
    "i8": onnx.TensorProto.INT8,
    "i16": onnx.TensorProto.INT16,
    "i32": onnx.TensorProto.INT32,
    "i64": onnx.TensorProto.INT64,
    "u8": onnx.TensorProto.UINT8,
    "u16": onnx.TensorProto.UINT16,
    "u32": onnx.TensorProto.UINT32,
    "u64": onnx.TensorProto.UINT64,
    "boolean": onnx.TensorProto.BOOL,
}
"""OpenVINO's names of number types, and what ONNX calls them."""


class GraphWriter:
    """An ONNX graph that grows node by node.

    Weights go straight into the model, as every further copy of them would be felt.

    Attributes:
        model: What was written so far.
        weight_bytes: Size of all weights in it.
    """

    def __init__(self) -> None:
        self.model = onnx.ModelProto()
        self.weight_bytes = 0
        self._count: Counter[str] = Counter()

    def add(self, operation: str, *inputs: str, **attributes: Any) -> str:
        """Append a node of one output, and return that output's name.

        Args:
            operation: The ONNX operation.
            inputs: Names of earlier outputs; an empty one is an input left out.
            attributes: By ONNX's names.
        """
        return self.add_split(operation, inputs, 1, **attributes)[0]

    def add_split(
        self, operation: str, inputs: tuple[str, ...], n_outputs: int, **attributes: Any
    ) -> list[str]:
        """Append a node of several outputs, and return their names."""
        name = self._new_name(operation)
        outputs = [name] if n_outputs == 1 else [f"{name}.{i}" for i in range(n_outputs)]
        node = helper.make_node(operation, inputs, outputs, name, **attributes)
        self.model.graph.node.append(node)
        return outputs

    def constant(self, values: np.ndarray) -> str:
        """Append weights, and return their name."""
        name = self._new_name("Constant")
        self.model.graph.initializer.add(
            name=name,
            data_type=helper.np_dtype_to_tensor_dtype(values.dtype),
            dims=values.shape,
            raw_data=values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes(),
        )
        self.weight_bytes += values.nbytes
        return name

    def integers(self, *values: int) -> str:
        """Append a list of whole numbers, as ONNX wants its axes and shapes."""
        return self.constant(np.array(values, np.int64))

    def _new_name(self, operation: str) -> str:
        self._count[operation] += 1
        return f"{operation}_{self._count[operation]}"
