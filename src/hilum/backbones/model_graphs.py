"""Makes a graph of Hilum's kind from a model file; runs in child processes only.

OpenVINO's native parsers read strangers' bytes here, so that a crash is an error and never the
end of a run. Only the file itself is read: `convert_model`, which brings telemetry, is never
called, and no library of custom operations is ever loaded.

Run as `python -m hilum.backbones.model_graphs`, it describes the network of a model file; the
compiling child calls `write_model_file_graph`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import openvino
from openvino import opset13 as ops

from hilum.backbones.model_files import ModelKind, check_model_file
from hilum.backbones.records import ModelFileSpec
from hilum.children import refusals_told
from hilum.disk import link_or_copy
from hilum.errors import UntrustedModelError, WeightsError
from hilum.machine import own_peak_bytes

_BATCH = 4
"""Films per trial run: enough to see whether one film's features depend on another's."""

_MEMORY_BYTES, _MEMORY_PER_BYTE = 8 << 30, 8
"""What a child may hold: so much, and so much for each byte of the file. Far above what
networks took that were tried."""

_FLOATS = ("f64", "f32", "f16", "bf16")
_SPATIAL = {"NCHW": (2, 3), "NHWC": (1, 2)}


def write_model_file_graph(
    path: Path, spec: Mapping[str, Any], size_px: int, folder: Path
) -> dict[str, int]:
    """Write the graph of a model file, and try it on a few pictures.

    Args:
        path: The ONNX file, or the XML file of an IR.
        spec: The fields of a `ModelFileSpec`, as JSON gives them back.
        size_px: Side of the square picture that it takes.
        folder: Where `graph.xml` and `graph.bin` go.

    Returns:
        The number of `parameters` and the features' `width`.

    Raises:
        WeightsError: The network cannot be fed or read as its description says, or its
            features are of no use.
        UntrustedModelError: The file has changed since it was described.
    """
    graph, outline = build_graph(path, _spec(spec), size_px)
    with _native_errors_told():
        _try_out(graph, size_px, outline["width"])
    openvino.serialize(graph, str(folder / "graph.xml"), str(folder / "graph.bin"))
    return outline


def build_graph(path: Path, spec: ModelFileSpec, size_px: int) -> tuple[Any, dict[str, int]]:
    """Build the graph: grey uint8 batch x size x size x 1 in, batch x width features out.

    A feature map, where one is taken, is its second output (batch x height x width x
    channels).

    Raises:
        WeightsError: The network cannot be fed or read as its description says.
        UntrustedModelError: The file has changed since it was described.
    """
    _limit_memory(path)
    kind, sha256 = check_model_file(path)
    if sha256 != spec.sha256:
        raise UntrustedModelError(
            f"The model file {path.name} has changed since it was first looked at.",
            fix="Run again, and leave it as it is meanwhile.",
        )
    with _native_errors_told():
        network = read_network(path, kind)
        check_input(network, spec, size_px)
        chosen = choose_output(network, spec.output)
        parameters = count_parameters(network, chosen)
        grey = _feed(network.inputs[0], spec, size_px)
        graph = openvino.Model([ops.result(chosen)], [grey])
        graph.reshape([_BATCH, size_px, size_px, 1])
        features, rest = _take(chosen, spec)
        graph = openvino.Model([ops.result(output) for output in (features, *rest)], [grey])
        width = int(graph.outputs[0].shape[1])
        graph.reshape([-1, size_px, size_px, 1])
    return graph, {"parameters": parameters, "width": width}


def _spec(fields: Mapping[str, Any]) -> ModelFileSpec:
    """Undo what JSON does to tuples."""
    found: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()
    }
    return ModelFileSpec(**found)


def _limit_memory(path: Path) -> None:
    """Let a network that would take all memory fail here, where the system can do that."""
    if sys.platform != "linux":
        return
    import resource

    wanted = _MEMORY_BYTES + _MEMORY_PER_BYTE * path.stat().st_size
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def read_network(path: Path, kind: ModelKind) -> Any:
    """Read the network of a file by its content, whatever the file's name is.

    It gets a name in an otherwise empty folder, so that it cannot reach other files.
    """
    core = openvino.Core()
    # Mapped into memory, a file could not be removed everywhere.
    core.set_property({"ENABLE_MMAP": False})
    with tempfile.TemporaryDirectory() as scratch:
        link = Path(scratch) / f"network.{kind}"
        link_or_copy(path, link)
        if kind == "onnx":
            return core.read_model(link)
        weights = link.with_suffix(".bin")
        link_or_copy(path.with_suffix(".bin"), weights)
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
        WeightsError: The name is unknown, or missing where there are several outputs.
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
    """Count the weights on the way to an output: its constants of floating-point numbers."""
    way = openvino.Model([ops.result(chosen)], network.get_parameters())
    return sum(
        int(np.prod(node.output(0).shape))
        for node in way.get_ordered_ops()
        if node.get_type_name() == "Constant" and node.get_element_type().get_type_name() in _FLOATS
    )


def _feed(takes: Any, spec: ModelFileSpec, size_px: int) -> Any:
    """Put a grey uint8 input, and what is done to it, where the network's own input was."""
    is_nchw = spec.layout == "NCHW"
    grey = ops.parameter([-1, size_px, size_px, 1], np.uint8, name="films")
    pictures = ops.convert(grey, "f32")
    if is_nchw:
        pictures = ops.transpose(pictures, np.array([0, 3, 1, 2]))
    low, high = spec.pixel_range
    mean, std = np.array(spec.mean), np.array(spec.std)
    # Repeated by name: left to broadcasting, OpenVINO drops it where nothing is to be added.
    pictures = ops.concat([pictures] * spec.channels, 1 if is_nchw else 3)
    shape = (1, spec.channels, 1, 1) if is_nchw else (1, 1, 1, spec.channels)
    factor = ((high - low) / 255 / std).reshape(shape).astype(np.float32)
    shift = ((low - mean) / std).reshape(shape).astype(np.float32)
    pictures = ops.add(ops.multiply(pictures, factor), shift)
    pictures = ops.convert(pictures, takes.get_element_type())
    for consumer in takes.get_target_inputs():
        consumer.replace_source_output(pictures.output(0))
    return grey


def _take(chosen: Any, spec: ModelFileSpec) -> tuple[Any, list[Any]]:
    """Make one vector per film of what was chosen, and the feature map if there is one."""
    shape = chosen.get_partial_shape()
    if not shape.is_static or shape[0].get_length() != _BATCH:
        raise WeightsError(
            f"Given {_BATCH} films, the network yields {describe_shape(shape)}: its batch is "
            "fixed, or what it yields depends on the pictures.",
            fix="Export it again with a batch of any size (dynamic_shapes, in torch.onnx.export).",
        )
    sizes = [dimension.get_length() for dimension in shape]
    is_vector = len(sizes) >= 2 and all(size == 1 for size in sizes[2:])
    fits = {"vector": is_vector, "map": len(sizes) == 4}.get(spec.take, len(sizes) == 3)
    if not fits or 0 in sizes:
        raise WeightsError(
            f"The output is {describe_shape(shape)}, of which no {spec.take} can be taken.",
            fix="Batch x width is a `vector`, batch x tokens x width has a `first-token` and a "
            "`mean-token`, and four axes are a `map`: correct `take` or `output` in the "
            "description.",
        )
    numbers = ops.convert(chosen, "f32")
    if spec.take == "vector":
        return ops.reshape(numbers, np.array([0, -1]), special_zero=True), []
    if spec.take == "first-token":
        return ops.gather(numbers, np.array(0), np.array(1)), []
    if spec.take == "mean-token":
        return ops.reduce_mean(numbers, np.array([1])), []
    features = ops.reduce_mean(numbers, np.array(_SPATIAL[spec.layout]))
    if spec.layout == "NCHW":
        numbers = ops.transpose(numbers, np.array([0, 2, 3, 1]))
    return features, [numbers]


def _try_out(graph: Any, size_px: int, width: int) -> None:
    """Run a few pictures of noise, twice, in other company.

    Raises:
        WeightsError: Features are not finite, are the same for all pictures, or depend on
            the pictures beside them.
    """
    trial = graph.clone()
    trial.reshape([_BATCH, size_px, size_px, 1])
    hints = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(trial, "CPU", hints)
    rng = np.random.default_rng(0)
    films = rng.integers(0, 256, (_BATCH, size_px, size_px, 1), np.uint8)
    features = compiled(films)[0].copy()
    # Other neighbours in another order, as no statistic of a batch would survive.
    mixed = compiled(films[[3, 0, 0, 0]])[0]
    fault = None
    if features.shape != (_BATCH, width):
        fault = f"are of shape {features.shape}"
    elif not np.isfinite(features).all():
        fault = "are not finite"
    elif np.ptp(features, axis=0).max() == 0:
        fault = "are the same for every picture"
    elif not np.allclose(mixed, features[[3, 0, 0, 0]], rtol=1e-3, atol=1e-3 * np.ptp(features)):
        fault = "depend on the pictures that share its batch"
    if fault is not None:
        raise WeightsError(
            f"On pictures of noise, the features that the network yields {fault}.",
            fix="Export it for inference (model.eval() before torch.onnx.export), with a batch "
            "of any size; check pixel_range, mean, std and output in its description.",
        )


@contextmanager
def _native_errors_told() -> Iterator[None]:
    """Make an error of ours out of OpenVINO's."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if isinstance(error, MemoryError) or "bad_alloc" in str(error):
            raise WeightsError(
                "The network takes more memory than a network of its size should.",
                fix="Export a smaller network.",
            ) from error
        raise WeightsError(
            f"OpenVINO cannot use the network: {_shorten(error)}",
            fix="Export it again with a batch of any size, for pictures of the size that its "
            "description states, and with standard ONNX operations alone.",
        ) from error


def _shorten(error: Exception) -> str:
    """Keep what native code says last, in one line, and not where it was built."""
    lines = [line.strip() for line in str(error).splitlines()]
    telling = [line for line in lines if line and not line.startswith(("Exception from", "Check"))]
    return " ".join(telling or lines)[-300:]


if __name__ == "__main__":
    job = json.load(sys.stdin)
    with refusals_told():
        _, found = build_graph(Path(job["path"]), _spec(job["spec"]), job["size_px"])
    print(json.dumps(found | {"peak_rss_bytes": own_peak_bytes()}))  # noqa: T201
