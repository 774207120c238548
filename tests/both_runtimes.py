"""One small graph, run by OpenVINO and, translated, by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

# Behind Hilum's door OpenVINO cannot tell its maker that it was imported.
from hilum.classifier.export.onnx.translation import translate

# isort: split
import onnxruntime
import openvino
from openvino import opset13 as ops

Build = Callable[[Any], Any]
"""Appends to an input whatever is tried, and returns it, or a list of it."""

PICTURE = (2, 6, 9, 8)  # films x channels x rows x columns
_RNG = np.random.default_rng(0)


def weights(*shape: int) -> np.ndarray:
    return _RNG.normal(size=shape).astype(np.float32)


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def build_graph(build: Build, values: np.ndarray) -> openvino.Model:
    """Make a graph of one input, of any number of films."""
    x = ops.parameter([-1, *values.shape[1:]], values.dtype, name="x")
    built = build(x)
    return named(built if isinstance(built, list) else [built], [x])


def check(build: Build, values: np.ndarray | None = None, tolerance: float = 1e-5) -> None:
    """Hold a graph of one input to the same answers."""
    values = weights(*PICTURE) if values is None else values
    assert_agree(build_graph(build, values), {"x0": values}, tolerance)


def kinds(builds: Mapping[str, Build], values: np.ndarray | None = None) -> set[str]:
    """Name all operations that occur in some graphs."""
    values = weights(*PICTURE) if values is None else values
    graphs = [build_graph(build, values) for build in builds.values()]
    return {node.get_type_name() for graph in graphs for node in graph.get_ordered_ops()}


def named(outputs: list[Any], inputs: list[Any]) -> openvino.Model:
    """Make a graph whose inputs are x0, x1, … and whose outputs are y0, y1, …"""
    graph = openvino.Model(outputs, inputs)
    for letter, places in (("x", graph.inputs), ("y", graph.outputs)):
        for i, place in enumerate(places):
            place.get_tensor().set_names({f"{letter}{i}"})
    return graph


def run_openvino(graph: openvino.Model, fed: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    hints = {"INFERENCE_PRECISION_HINT": "f32"}
    answers = openvino.Core().compile_model(graph, "CPU", hints)(dict(fed))
    return {place.get_any_name(): answers[i] for i, place in enumerate(graph.outputs)}


def run_onnx(graph: openvino.Model, fed: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 3, 1
    data = translate(graph, {}).SerializeToString()
    session = onnxruntime.InferenceSession(data, options, ["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, dict(fed)), strict=True))


def assert_agree(
    graph: openvino.Model, fed: Mapping[str, np.ndarray], tolerance: float = 1e-5
) -> None:
    """Hold both to the same answers, as a share of the largest value."""
    wanted, got = run_openvino(graph, fed), run_onnx(graph, fed)
    assert set(wanted) == set(got)
    for name, values in wanted.items():
        assert got[name].shape == values.shape, name
        assert got[name].dtype == values.dtype, name
        scale = max(1.0, float(np.abs(values.astype(float)).max(initial=0)))
        np.testing.assert_allclose(got[name], values, rtol=0, atol=tolerance * scale)
