"""Writes an ONNX file, and runs one as those do who receive it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import openvino
from jaxtyping import UInt8

from hilum.classifier.onnx_export.translating import translate
from hilum.errors import ExportError


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
    options.log_severity_level = 3  # what it could have done faster is no news here
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
