"""Writes OpenVINO's own format, and runs it as those do who receive it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import UInt8

if TYPE_CHECKING:
    import openvino


def write_file(graph: openvino.Model, metadata: Mapping[str, str], path: Path) -> None:
    """Write a graph as an XML file, and its weights beside it.

    Raises:
        OSError: They cannot be written.
    """
    import openvino

    for key, text in metadata.items():
        graph.set_rt_info(text, ["hilum", key])
    # Not halved: the answers are to be those of the bundle.
    try:
        openvino.save_model(graph, path, compress_to_fp16=False)
    except RuntimeError as error:  # all that it raises
        raise OSError("OpenVINO could not write the file") from error


def run_file(
    path: Path,
) -> Callable[[UInt8[np.ndarray, "films size size 1"]], dict[str, np.ndarray]]:
    """Open the files in OpenVINO, on the CPU in single precision.

    Returns:
        A function from squares to the file's outputs by name.
    """
    import openvino

    core = openvino.Core()
    core.set_property({"ENABLE_MMAP": False})  # the file is about to be moved
    hints = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(core.read_model(path), "CPU", hints)
    names = [output.get_any_name() for output in compiled.outputs]

    def run(squares: UInt8[np.ndarray, "films size size 1"]) -> dict[str, np.ndarray]:
        answers = compiled(squares)
        return {name: answers[name] for name in names}

    return run
