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
        output: What the engine's vectors are: pooled features, or the probabilities of
            the ImageNet classes.

    Raises:
        CompilingError: Its graph could not be made.
        CacheError: The cache folder cannot be written.
    """
    return OpenVinoEngine(compile_backbone(backbone, cache_dir, output))


class OpenVinoEngine:
    """A compiled graph on the CPU, one stream per core, in single precision."""

    def __init__(self, graph: Path) -> None:
        """Load the graph from the folder that `compile_backbone` returned."""
        # OpenVINO is loaded when a graph is, so that finding features in the store stays quick.
        import openvino

        about = json.loads((graph / "graph.json").read_text(encoding="utf-8"))
        self._size_px = int(about["input"]["size_px"])
        self._feature_width = int(about["width"])
        core = openvino.Core()
        # Mapped into memory, the weights would stay beside the engine's own copy of them.
        core.set_property({"ENABLE_MMAP": False})
        model = core.read_model(graph / "graph.xml")
        for result in model.get_results()[1:]:
            model.remove_result(result)  # the feature map, wanted elsewhere
        model.reshape([_BATCH, self._size_px, self._size_px, 1])
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
                    yield from vectors
        finally:
            # A caller that leaves early must not free a buffer that is still read.
            for request, _, _ in running:
                request.wait()
