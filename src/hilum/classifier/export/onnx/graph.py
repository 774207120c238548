"""An ONNX graph while it is written, and one OpenVINO operation as its translation sees it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

import numpy as np
import onnx
from onnx import helper

from hilum.errors import ExportError

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


Value = str | np.ndarray
"""The name of what a node yields, or a constant that may not have been written yet."""

Place = tuple[str, int]
"""A node's unique name, and which of its outputs."""


class Operation:
    """A node, its inputs' ONNX names, and the graph that its translation goes into.

    Constants are written once a translation asks for them by name: many are axes and
    shapes, which become attributes.
    """

    def __init__(self, node: Any, values: dict[Place, Value], writer: GraphWriter) -> None:
        self.node = node
        self.writer = writer
        self.kind: str = node.get_type_name()
        self.version: str = node.get_type_info().version_id
        self.attributes: Mapping[str, Any] = node.get_attributes()
        self._values = values

    @property
    def n_inputs(self) -> int:
        """How many inputs the node has."""
        return int(self.node.get_input_size())

    @property
    def n_outputs(self) -> int:
        """How many outputs the node has."""
        return int(self.node.get_output_size())

    def input(self, port: int) -> str:
        """Name an input in the ONNX graph."""
        place = self._place(port)
        value = self._values[place]
        if not isinstance(value, str):
            value = self._values[place] = self.writer.constant(value)
        return value

    def inputs(self) -> list[str]:
        """Name all inputs."""
        return [self.input(port) for port in range(self.n_inputs)]

    def known(self, port: int) -> np.ndarray | None:
        """Return an input's numbers if they are constant."""
        value = self._values[self._place(port)]
        return None if isinstance(value, str) else value

    def constant(self, port: int) -> np.ndarray:
        """Return an input's numbers, which have to be constant.

        Raises:
            ExportError: They depend on the film.
        """
        values = self.known(port)
        if values is None:
            self.refuse(f"with an input {port} that is computed rather than constant")
        return values

    def axes(self, port: int) -> list[int]:
        """Return the whole numbers of a constant input.

        Raises:
            ExportError: They depend on the film.
        """
        return [int(value) for value in self.constant(port).reshape(-1)]

    def whole(self, port: int) -> str:
        """Name an input as 64-bit whole numbers, which is what ONNX's shapes are."""
        values = self.known(port)
        if values is not None:
            return self.writer.constant(values.astype(np.int64))
        name = self.input(port)
        if self.input_type(port) == "i64":
            return name
        return self.writer.add("Cast", name, to=TYPES["i64"])

    def shape(self, port: int) -> list[int | None]:
        """Return an input's shape, None where an axis may be of any length.

        Raises:
            ExportError: Not even the number of axes is known.
        """
        return self._lengths(self.node.input_value(port).get_partial_shape())

    def output_shape(self, port: int = 0) -> list[int | None]:
        """Return an output's shape, likewise."""
        return self._lengths(self.node.output(port).get_partial_shape())

    def input_type(self, port: int) -> str:
        """Name an input's number type as OpenVINO does: f32, i64, boolean."""
        return str(self.node.input_value(port).get_element_type().get_type_name())

    def output_type(self, port: int = 0) -> str:
        """Name an output's number type, likewise."""
        return str(self.node.output(port).get_element_type().get_type_name())

    def scalar(self, value: float) -> str:
        """Write one number, of the type of the first input."""
        return self.writer.constant(np.array(value, self.dtype(0)))

    def dtype(self, port: int) -> np.dtype[Any]:
        """NumPy's name of an input's number type."""
        dtype: np.dtype[Any] = self.node.input_value(port).get_element_type().to_dtype()
        return np.dtype(dtype)

    def refuse(self, what: str = "") -> NoReturn:
        """Refuse an operation without a translation.

        Args:
            what: What about the operation is the obstacle; nothing if it is unknown altogether.

        Raises:
            ExportError: Always.
        """
        raise ExportError(
            f"The network holds the operation {self.kind} ({self.version})"
            f"{what and ' ' + what}, which cannot be written as ONNX.",
            fix="Export it with `--format openvino`.",
        )

    def _place(self, port: int) -> Place:
        source = self.node.input_value(port)
        return source.get_node().get_name(), source.get_index()

    def _lengths(self, shape: Any) -> list[int | None]:
        if shape.rank.is_dynamic:
            self.refuse("on arrays of an unknown number of axes")
        return [axis.get_length() if axis.is_static else None for axis in shape]


Outputs = str | list[str]

Translate = Callable[[Operation], Outputs]
"""Appends what computes the same, and returns the names of its outputs."""
