"""Turns a backbone into an OpenVINO graph, once, in a child process.

Keras is slow to start and large in memory, so it lives in a child that ends when
the graph is written. The graph holds the preprocessing: it takes grey uint8
pictures and yields pooled features and the last feature map, so nothing outside
can drift from what the network was trained on.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock

from hilum.backbones.catalog import BackboneRecord, find_backbone
from hilum.backbones.weights import find_weights, verify_weights
from hilum.errors import CompilingError

GRAPH_VERSION = 1
"""Raised whenever the way a graph is built changes its outputs."""


def graph_key(record: BackboneRecord) -> str:
    """Address of a backbone's graph: everything that its outputs depend on."""
    parts = {
        "name": record.name,
        "input": asdict(record.input),
        "weights": record.weights.sha256,
        "graph_version": GRAPH_VERSION,
        "precision": "float32",
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]


def compile_backbone(record: BackboneRecord, cache_dir: Path) -> Path:
    """Return the folder with the backbone's graph, compiling it if it is not there yet.

    Two processes may ask at once: one compiles, the other waits.

    Args:
        record: Which backbone.
        cache_dir: Hilum's cache folder; created if absent.

    Returns:
        A folder holding `graph.xml`, `graph.bin` and `graph.json`.

    Raises:
        WeightsError: The weights are absent or not the catalog's.
        CompilingError: The child process failed.
    """
    folder = cache_dir / "graphs" / f"{record.name}-{_engine_tag()}-{graph_key(record)}"
    if (folder / "graph.json").is_file():
        return folder
    verify_weights(find_weights(record), record.weights)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f"{folder.name}.lock")):
        if not (folder / "graph.json").is_file():
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".compiling-") as scratch:
                _compile_in_child(record, Path(scratch) / "graph")
                (Path(scratch) / "graph").rename(folder)
    return folder


def _engine_tag() -> str:
    """Graphs are kept per OpenVINO release: an older reader may not know newer operations."""
    return "ov" + ".".join(version("openvino").split(".")[:2])


def _compile_in_child(record: BackboneRecord, folder: Path) -> None:
    """Run this module as a program; a crash there is an error here, never a crash."""
    environment = os.environ | {
        "KERAS_BACKEND": "openvino",
        # Keras writes its settings into its home: keep the user's own out of it.
        "KERAS_HOME": str(folder.parent / "keras"),
    }
    child = subprocess.run(  # noqa: S603  (our own module, our own arguments)
        [sys.executable, "-m", "hilum.backbones.compiling", record.name, str(folder)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if child.returncode != 0:
        last_lines = "\n".join(child.stderr.strip().splitlines()[-3:])
        raise CompilingError(
            f"{record.title} could not be compiled (exit {child.returncode}): {last_lines}",
            fix="Run `hilum doctor`; if memory was short, close other programs and try again.",
        )


def _write_graph(record: BackboneRecord, folder: Path) -> None:
    """Build, load, export: the child's whole life."""
    import keras

    from hilum.backbones.checkpoints import read_checkpoint
    from hilum.backbones.lite import load_lite_weights

    model = build_model(record)
    load_lite_weights(model, read_checkpoint(find_weights(record)))
    folder.mkdir()
    model.export(str(folder / "graph.xml"), format="openvino", verbose=False)
    about = {
        "name": record.name,
        "input": asdict(record.input),
        "weights_sha256": record.weights.sha256,
        "parameters": int(model.count_params()),
        "feature_width": int(model.outputs[0].shape[-1]),
        "keras": keras.__version__,
    }
    (folder / "graph.json").write_text(json.dumps(about, indent=1), encoding="utf-8")


def build_model(record: BackboneRecord) -> Any:
    """Build the Keras model: grey uint8 in; pooled features and last feature map out.

    Args:
        record: Which backbone.

    Returns:
        A `keras.Model` with input batch x size x size x 1 and outputs
        batch x width and batch x height x width x channels; weights are not loaded.
    """
    import keras
    from keras import layers

    from hilum.backbones.lite import VARIANTS, lite_body, scale_pixels

    size = record.input.size_px
    film = keras.Input((size, size, 1), batch_size=1, dtype="uint8", name="film")
    scaled = scale_pixels(film)
    feature_map = lite_body(layers.Concatenate()([scaled] * 3), VARIANTS[record.name])
    features = layers.GlobalAveragePooling2D(name="features")(feature_map)
    return keras.Model(film, [features, feature_map], name=record.name)


if __name__ == "__main__":
    _write_graph(find_backbone(sys.argv[1]), Path(sys.argv[2]))
