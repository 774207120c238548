"""Opens a model file with OpenVINO and finds its way about in it; for child processes only.

Nothing but the file is read: `convert_model`, which brings telemetry, is never called,
and no library of custom operations is ever loaded.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import openvino
from openvino import opset13 as ops

from hilum.backbones.model_files import ModelKind
from hilum.backbones.records import ModelFileSpec
from hilum.disk import lend
from hilum.errors import WeightsError

_FLOATS = ("f64", "f32", "f16", "bf16")


def read_network(path: Path, kind: ModelKind) -> Any:
    """Read the network of a file by its content, whatever the file's name is.

    It is given a name in a folder with nothing else, so that it cannot reach for others.
    """
    core = openvino.Core()
    # Mapped into memory, a file could not be removed everywhere.
    core.set_property({"ENABLE_MMAP": False})
    with tempfile.TemporaryDirectory() as scratch:
        link = Path(scratch) / f"network.{kind}"
        lend(path, link)
        if kind == "onnx":
            return core.read_model(link)
        weights = link.with_suffix(".bin")
        lend(path.with_suffix(".bin"), weights)
        return core.read_model(link, weights)


def check_input(network: Any, spec: ModelFileSpec, size_px: int) -> None:
    """Make sure that a network takes what its description says.

    Raises:
        WeightsError: It takes something else.
    """
    if len(network.inputs) != 1:
        raise WeightsError(
            f"The network has {len(network.inputs)} inputs: {_names(network.inputs)}.",
            fix="Export a network that takes pictures and nothing else.",
        )
    if network.get_sinks():
        raise WeightsError(
            "The network keeps something from one film to the next.",
            fix="Export a network without state.",
        )
    takes = network.inputs[0]
    shape, numbers = takes.get_partial_shape(), takes.get_element_type().get_type_name()
    sides = {"N": None, "C": spec.channels, "H": size_px, "W": size_px}
    wanted = [sides[axis] for axis in spec.layout]
    is_fitting = shape.rank.is_dynamic or (
        len(shape) == len(wanted)
        and all(
            side is None or dimension.is_dynamic or dimension.get_length() == side
            for side, dimension in zip(wanted, shape, strict=True)
        )
    )
    if not is_fitting:
        said = " x ".join("batch" if side is None else str(side) for side in wanted)
        raise WeightsError(
            f"The network takes {describe_shape(shape)}, and its description says {said} "
            f"({spec.layout}).",
            fix="Correct size_px, channels or layout in the description.",
        )
    if numbers not in _FLOATS:
        raise WeightsError(
            f"The network takes numbers of type {numbers}.",
            fix="Export a network that takes floating-point numbers.",
        )


def choose_output(network: Any, name: str | None) -> Any:
    """Find the output, or the tensor within the network, that is to be taken.

    Args:
        network: An OpenVINO model.
        name: Its name; None for the only output.

    Raises:
        WeightsError: There is none of this name, or several and no name.
    """
    if name is None:
        if len(network.outputs) == 1:
            return network.outputs[0].get_node().input_value(0)
        raise WeightsError(
            f"The network has {len(network.outputs)} outputs: {_names(network.outputs)}.",
            fix="Name one of them as `output` in the description.",
        )
    for output in network.outputs:
        if name in output.get_names():
            return output.get_node().input_value(0)
    for node in network.get_ordered_ops():
        for output in node.outputs():
            if name in output.get_names() and node.get_type_name() not in ("Parameter", "Constant"):
                return output
    raise WeightsError(
        f"The network has no output named {name!r}; it has {_names(network.outputs)}.",
        fix="Name one of them, or a tensor within the network, as `output` in the description.",
    )


def _names(outputs: Any) -> str:
    return ", ".join(ascii(min(output.get_names(), default="(no name)")) for output in outputs)


def describe_shape(shape: Any) -> str:
    """Write a shape as a reader would, -1 standing for any size."""
    if shape.rank.is_dynamic:
        return "any shape"
    return " x ".join("any" if d.is_dynamic else str(d.get_length()) for d in shape) or "a number"


def count_parameters(network: Any, chosen: Any) -> int:
    """Count the weights on the way to an output: its constants that are no whole numbers."""
    way = openvino.Model([ops.result(chosen)], network.get_parameters())
    return sum(
        int(np.prod(node.output(0).shape))
        for node in way.get_ordered_ops()
        if node.get_type_name() == "Constant" and node.get_element_type().get_type_name() in _FLOATS
    )
