"""Runs a compiled backbone: grey uint8 pictures in, features out.

`Engine` is the interface, so that a stage that needs features does not know what computes
them. The one engine here is OpenVINO on the CPU.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, UInt8

from hilum.backbones.compilation import Output, compile_backbone
from hilum.backbones.weights import Backbone
from hilum.machine import usable_cores

_BATCH = 4
"""Films per inference. Larger batches gain nothing on two cores and cost memory."""


@runtime_checkable
class Engine(Protocol):
    """A frozen backbone that is ready to run."""

    @property
    def size_px(self) -> int:
        """Side of the square pictures that it takes."""
        ...

    @property
    def feature_width(self) -> int:
        """Length of the vectors that it yields."""
        ...

    @property
    def map_shape(self) -> tuple[int, int] | None:
        """Rows and columns of the feature maps that it yields; None where it yields none."""
        ...

    def features(
        self, films: Iterable[UInt8[np.ndarray, "size size"]]
    ) -> Iterator[Float32[np.ndarray, " width"]]:
        """Yield one feature vector per picture, in order.

        Pictures are taken from the iterable while earlier ones are computed, so a
        lazy iterable overlaps its own work with the backbone's. A picture's
        features do not depend on the pictures around it, to the last bit.
        """
        ...


def open_engine(backbone: Backbone, cache_dir: Path, output: Output = "features") -> Engine:
    """Load a backbone for this machine, compiling its graph if it was never used before.

    Args:
        backbone: Which backbone, its weights proven.
        cache_dir: Hilum's cache folder.
        output: What the engine's vectors are: pooled features, the last feature map (row by row,
            flat), or the probabilities of the ImageNet classes.

    Raises:
        CompilingError: Its graph could not be made.
        CacheError: The cache folder cannot be written.
    """
    graph: Output = "features" if output == "maps" else output
    return OpenVinoEngine(
        compile_backbone(backbone, cache_dir, graph), yields_maps=output == "maps"
    )


class OpenVinoEngine:
    """A compiled graph on the CPU, one stream per core, in single precision."""

    def __init__(self, graph: Path, *, yields_maps: bool = False) -> None:
        """Load the graph from the folder that `compile_backbone` returned.

        Args:
            graph: The folder.
            yields_maps: The vectors are the last feature map, where the graph has one.
        """
        # OpenVINO is loaded when a graph is, so that finding features in the store stays quick.
        import openvino

        about = json.loads((graph / "graph.json").read_text(encoding="utf-8"))
        self._size_px = int(about["input"]["size_px"])
        self._feature_width = int(about["width"])
        core = openvino.Core()
        # Mapped into memory, the weights would stay beside the engine's own copy of them.
        core.set_property({"ENABLE_MMAP": False})
        model = core.read_model(graph / "graph.xml")
        # Pooled features, and behind them the map that they were pooled from.
        results = model.get_results()
        wanted = results[-1] if yields_maps else results[0]
        for result in results:
            if result is not wanted:
                model.remove_result(result)
        model.reshape([_BATCH, self._size_px, self._size_px, 1])
        shape = model.outputs[0].shape
        self._map_shape = (int(shape[1]), int(shape[2])) if len(shape) == 4 else None
        if self._map_shape:
            self._feature_width *= self._map_shape[0] * self._map_shape[1]
        cores = usable_cores()
        self._compiled = core.compile_model(
            model,
            "CPU",
            {
                "NUM_STREAMS": cores,
                "INFERENCE_NUM_THREADS": cores,
                # Some processors would otherwise be given bfloat16.
                "INFERENCE_PRECISION_HINT": "f32",
            },
        )
        self._requests = [self._compiled.create_infer_request() for _ in range(cores + 1)]

    @property
    def size_px(self) -> int:
        """Side of the square pictures that it takes."""
        return self._size_px

    @property
    def feature_width(self) -> int:
        """Length of the vectors that it yields."""
        return self._feature_width

    @property
    def map_shape(self) -> tuple[int, int] | None:
        """Rows and columns of the feature maps that it yields; None where it yields none."""
        return self._map_shape

    def features(
        self, films: Iterable[UInt8[np.ndarray, "size size"]]
    ) -> Iterator[Float32[np.ndarray, " width"]]:
        """Yield one feature vector per picture, in order; see `Engine.features`."""
        idle: list[tuple[Any, np.ndarray]] = [
            (request, np.zeros((_BATCH, self._size_px, self._size_px, 1), np.uint8))
            for request in self._requests
        ]
        running: deque[tuple[Any, np.ndarray, int]] = deque()
        source, is_exhausted = iter(films), False
        try:
            while not is_exhausted or running:
                while idle and not is_exhausted:
                    request, batch = idle.pop()
                    filled = 0
                    for film in source:
                        batch[filled, :, :, 0] = film
                        filled += 1
                        if filled == _BATCH:
                            break
                    is_exhausted = filled < _BATCH
                    if filled:
                        # Shared, not copied: the buffer is refilled only when idle again.
                        request.start_async({0: batch}, share_inputs=True)
                        running.append((request, batch, filled))
                if running:
                    request, batch, filled = running.popleft()
                    request.wait()
                    vectors = request.get_output_tensor(0).data[:filled].copy()
                    idle.append((request, batch))
                    yield from vectors.reshape(filled, -1)
        finally:
            # A caller that leaves early must not free a buffer that is still read.
            for request, _, _ in running:
                request.wait()
