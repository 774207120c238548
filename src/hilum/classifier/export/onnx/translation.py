"""From a graph in OpenVINO's operations to an ONNX file that runs.

Constants are worked out first, so that most shapes and axes are plain numbers. Then every
operation is translated by itself, in an order in which all inputs come before what takes them.
An operation without a translation is refused by its name; nothing is approximated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime
import openvino
from jaxtyping import UInt8
from onnx import helper
from openvino import passes

from hilum.classifier.export.onnx.arithmetic import ELEMENTWISE, NORMALISING, REDUCING
from hilum.classifier.export.onnx.graph import (
    IR_VERSION,
    OPSET,
    TYPES,
    GraphWriter,
    Operation,
    Place,
    Translate,
    Value,
)
from hilum.classifier.export.onnx.shapes import FILTERING, SHAPING
from hilum.errors import ExportError
from hilum.version import __version__

TRANSLATIONS: Final[Mapping[str, Translate]] = (
    ELEMENTWISE | FILTERING | NORMALISING | REDUCING | SHAPING
)
"""How each operation is written, by OpenVINO's name of it."""

MOST_BYTES: Final = 2_000_000_000
"""Protocol buffers, of which ONNX files are made, end at 2 GiB."""

_NAME: Final = "hilum"

_FREE: Final = "films"
"""The name of an axis that may be of any length."""


def translate(graph: openvino.Model, metadata: Mapping[str, str]) -> onnx.ModelProto:
    """Write a graph in ONNX's operations.

    Args:
        graph: Any number of inputs and outputs, each with a name, which the ONNX graph
            takes over. An axis of unknown length is that of the films. The graph itself
            is not changed.
        metadata: Goes into the file as it is.

    Returns:
        The model, all weights inside.

    Raises:
        ExportError: An operation has no translation, or the file would be too large.
    """
    graph = graph.clone()
    folding = passes.Manager()
    folding.register_pass(passes.ConstantFolding())
    folding.run_passes(graph)

    writer = GraphWriter()
    values: dict[Place, Value] = {}
    for source in graph.inputs:
        values[_place(source)] = source.get_any_name()
    for node in graph.get_ordered_ops():
        kind = node.get_type_name()
        if kind == "Constant":
            values[node.get_name(), 0] = _numbers(node)
        elif kind not in ("Parameter", "Result"):
            operation = Operation(node, values, writer)
            if kind not in TRANSLATIONS:
                operation.refuse()
            outputs = TRANSLATIONS[kind](operation)
            for port, name in enumerate([outputs] if isinstance(outputs, str) else outputs):
                values[node.get_name(), port] = name
    for result in graph.outputs:
        value = values[_place(result.get_node().input_value(0))]
        name = value if isinstance(value, str) else writer.constant(value)
        # A node of its own, as one array may go out under two names.
        named = helper.make_node("Identity", [name], [result.get_any_name()])
        writer.model.graph.node.append(named)
    if writer.weight_bytes > MOST_BYTES:
        raise ExportError(
            f"The network's weights take {writer.weight_bytes / 1e9:.1f} GB, "
            "and an ONNX file can hold 2.",
            fix="Export it with `--format openvino`.",
        )
    model = writer.model
    model.graph.name = _NAME
    model.graph.input.extend(_described(graph.inputs))
    model.graph.output.extend(_described(graph.outputs))
    model.ir_version = IR_VERSION
    model.opset_import.append(helper.make_opsetid("", OPSET))
    model.producer_name, model.producer_version = _NAME, __version__
    helper.set_model_props(model, dict(metadata))
    return model


def _described(places: Sequence[Any]) -> list[onnx.ValueInfoProto]:
    return [
        helper.make_tensor_value_info(
            place.get_any_name(),
            TYPES[place.get_element_type().get_type_name()],
            [axis.get_length() if axis.is_static else _FREE for axis in place.get_partial_shape()],
        )
        for place in places
    ]


def _place(output: Any) -> Place:
    return output.get_node().get_name(), output.get_index()


def _numbers(node: Any) -> np.ndarray:
    kind = node.get_element_type().get_type_name()
    if kind not in TYPES:
        raise ExportError(
            f"The network holds weights of the type {kind}, which are not written as ONNX.",
            fix="Export it with `--format openvino`.",
        )
    return np.asarray(node.data)


def write_file(graph: openvino.Model, metadata: Mapping[str, str], path: Path) -> None:
    """Write a graph as one ONNX file, its weights inside.

    Raises:
        ExportError: An operation has no translation, or the file would be too large.
        OSError: The file cannot be written.
    """
    path.write_bytes(translate(graph, metadata).SerializeToString())
    onnx.checker.check_model(str(path))


def run_file(
    path: Path,
) -> Callable[[UInt8[np.ndarray, "films size size 1"]], dict[str, np.ndarray]]:
    """Open an ONNX file in ONNX Runtime, on the CPU.

    Returns:
        A function from squares to the file's outputs by name.

    Raises:
        ExportError: ONNX Runtime does not take the file.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # silences hints about speed
    try:
        session = onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])
    except Exception as error:  # it has a type of its own for every kind of fault
        raise ExportError(
            f"ONNX Runtime does not take the file: {str(error).splitlines()[0][:300]}",
            fix="Export it with `--format openvino`.",
        ) from error
    (taken,) = session.get_inputs()
    names = [output.name for output in session.get_outputs()]

    def run(squares: UInt8[np.ndarray, "films size size 1"]) -> dict[str, np.ndarray]:
        return dict(zip(names, session.run(names, {taken.name: squares}), strict=True))

    return run
