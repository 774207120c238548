"""The frozen backbone as a classifier runs it: found, proven, and run film by film.

`find_graph` proves that a graph is the one that the heads were trained on.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8

from hilum.backbones import check_model_file, hash_file
from hilum.classifier.records import BundleRecord
from hilum.errors import BundleError, HilumError, UntrustedModelError, WeightsError
from hilum.machine import usable_cores

MOST_FILMS_AT_ONCE = 8
"""Larger batches gain nothing on a few cores and cost memory."""

_OPENING = threading.Lock()
"""Held while a graph is opened and run for the first time: OpenVINO's own first run in a process
must not happen in two threads at once, or both wait forever."""

_FILES = ("graph.xml", "graph.bin")


@dataclass(frozen=True)
class GraphOutput:
    """What the backbone yields for some films.

    Attributes:
        features: Pooled features.
        maps: The last feature map, before pooling; None where it was not asked for.
    """

    features: Float32[np.ndarray, "films width"]
    maps: Float32[np.ndarray, "films rows columns channels"] | None = None


class FeatureGraph:
    """A compiled graph on the CPU in single precision; safe to use from several threads."""

    def __init__(self, folder: Path, *, size_px: int, width: int, streams: int = 1) -> None:
        """Open the graph that a folder holds.

        Args:
            folder: `graph.xml` and `graph.bin`, as the compiling child wrote them; the
                caller checks their hashes.
            size_px: Side of the squares that it takes.
            width: Length of the feature vectors that it yields.
            streams: How many calls of `look` may run side by side, each with its share of
                the cores.

        Raises:
            UntrustedModelError: The graph is of another kind.
        """
        self.size_px, self.width = size_px, width
        with _OPENING:
            self._open(folder, streams)

    def _open(self, folder: Path, streams: int) -> None:
        # OpenVINO is loaded when a graph is, so that everything before stays quick.
        import openvino

        core = openvino.Core()
        # Mapped into memory, the weights would stay beside the engine's own copy of them.
        core.set_property({"ENABLE_MMAP": False})
        try:
            model = core.read_model(folder / "graph.xml")
            model.reshape([-1, self.size_px, self.size_px, 1])
            is_ours = model.outputs[0].partial_shape[1].get_length() == self.width
        except (RuntimeError, IndexError) as error:
            raise _of_another_kind() from error
        if not is_ours:
            raise _of_another_kind()
        self.has_map = len(model.outputs) > 1
        self._compiled = core.compile_model(
            model,
            "CPU",
            {
                "NUM_STREAMS": streams,
                "INFERENCE_NUM_THREADS": usable_cores(),
                # Some processors would otherwise be given bfloat16.
                "INFERENCE_PRECISION_HINT": "f32",
            },
        )
        self._own = threading.local()
        self.look(np.zeros((1, self.size_px, self.size_px), np.uint8))

    def look(
        self, squares: UInt8[np.ndarray, "films size size"], *, maps: bool = False
    ) -> GraphOutput:
        """Run the backbone on some films.

        Args:
            squares: Upright films at the graph's size.
            maps: Give the last feature map as well.

        Raises:
            ValueError: The graph has no feature map, or the films are of another size.
        """
        if squares.shape[1:] != (self.size_px, self.size_px):
            raise ValueError(f"films must be {self.size_px} px squares, got {squares.shape[1:]}")
        if maps and not self.has_map:
            raise ValueError("this graph yields no feature map")
        request = self._request()
        features, seen = [], []
        for start in range(0, len(squares), MOST_FILMS_AT_ONCE):
            batch = np.ascontiguousarray(squares[start : start + MOST_FILMS_AT_ONCE, :, :, None])
            # Shared, not copied: the batch outlives the call.
            request.infer({0: batch}, share_inputs=True)
            features.append(request.get_output_tensor(0).data.copy())
            if maps:
                seen.append(request.get_output_tensor(1).data.copy())
        if not features:
            return GraphOutput(np.empty((0, self.width), np.float32))
        return GraphOutput(np.concatenate(features), np.concatenate(seen) if maps else None)

    def _request(self) -> Any:
        """Return this thread's own request: one takes one call at a time."""
        if not hasattr(self._own, "request"):
            self._own.request = self._compiled.create_infer_request()
        return self._own.request


def _of_another_kind() -> UntrustedModelError:
    return UntrustedModelError(
        "The backbone's graph does not take or yield what the heads need.",
        fix="Make the bundle again with `hilum train`.",
    )


def find_graph(record: BundleRecord, included: Path, cache_dir: Path) -> Path:
    """Find the graph that a bundle's heads belong to, and prove it.

    A graph that the bundle only refers to is looked for in the cache, and compiled again
    from its weights if it is not there.

    Args:
        record: What the bundle says of itself.
        included: Where the graph lies if the bundle holds it.
        cache_dir: Hilum's cache folder.

    Returns:
        A folder that holds `graph.xml` and `graph.bin`.

    Raises:
        BundleError: The graph was not found.
        UntrustedModelError: Its hash is another, or its XML may do more than compute.
    """
    if record.graph.is_included:
        _prove(record, included, "The graph in the bundle")
        try:
            check_model_file(included / "graph.xml")
        except WeightsError as error:
            raise UntrustedModelError(error.message, fix=error.fix) from error
        return included
    folder = cache_dir / "graphs" / record.graph.key
    if not all((folder / name).is_file() for name in _FILES):
        folder = _compile_again(record, cache_dir)
    _prove(record, folder, "The compiled backbone in the cache")
    return folder


def hash_graph(folder: Path) -> dict[str, str]:
    """Hash the two files of a graph.

    Raises:
        OSError: One cannot be read.
    """
    return {name: hash_file(folder / name) for name in _FILES}


def _prove(record: BundleRecord, folder: Path, what: str) -> None:
    try:
        is_same = hash_graph(folder) == dict(record.graph.sha256)
    except OSError as error:
        raise BundleError(
            f"{what} is missing or cannot be read.",
            fix="Copy the whole bundle again, or make it again with `hilum train`.",
        ) from error
    if not is_same:
        raise UntrustedModelError(
            f"{what} is not the one that the heads were trained on.",
            fix="Copy the whole bundle again, or make it again with `hilum train`.",
        )


def _compile_again(record: BundleRecord, cache_dir: Path) -> Path:
    """Compile the referenced backbone, if this installation would make the very same graph."""
    from hilum.backbones import (
        CATALOG,
        Backbone,
        LocalWeights,
        compile_backbone,
        fed_differently,
        graph_key,
    )

    wanted = record.backbone
    nowhere = BundleError(
        f"The bundle refers to {wanted.title} by hash, and the cache of this machine does not "
        f"have that graph ({record.graph.key}).",
        fix="Name the cache that has it with --cache-dir; or make the bundle again with "
        "`hilum train --standalone`, which puts the backbone into it.",
    )
    if wanted.name not in CATALOG:
        raise nowhere
    try:
        found = LocalWeights(cache_dir).find(
            CATALOG[wanted.name], allows_unverified=not wanted.weights.get("is_verified", False)
        )
        fed = fed_differently(
            found.record,
            size_px=wanted.size_px,
            scaling=wanted.scaling,  # type: ignore[arg-type]
            pooling=wanted.pooling,  # type: ignore[arg-type]
        )
        backbone = Backbone(fed, found.weights)
        if f"{backbone.name}-{graph_key(backbone)}" != record.graph.key:
            raise nowhere
        return compile_backbone(backbone, cache_dir)
    except BundleError:
        raise
    except HilumError as error:
        raise BundleError(nowhere.message + f" {error.message}", fix=nowhere.fix) from error
