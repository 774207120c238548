"""Turns a backbone into an OpenVINO graph, once, in a child process.

Keras is slow to start and large in memory, so it lives in a child that ends when
the graph is written. The graph holds the preprocessing: it takes grey uint8
pictures and yields pooled features and the last feature map, so nothing outside
can drift from what the network was trained on.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock

from hilum.backbones.catalog import BackboneRecord, at_size, find_backbone
from hilum.backbones.weights import find_weights, hash_file, verify_weights
from hilum.errors import CacheError, CompilingError
from hilum.writing import sweep, sync_files, sync_folder

GRAPH_VERSION = 1
"""Raised whenever the way a graph is built changes its outputs."""

_LOG = logging.getLogger(__name__)


def graph_key(record: BackboneRecord) -> str:
    """Address of a backbone's graph: everything that its outputs depend on."""
    parts = {
        "name": record.name,
        "input": asdict(record.input),
        "weights": record.weights.sha256,
        "graph_version": GRAPH_VERSION,
        "precision": "float32",
        "keras": release("keras"),
        "openvino": release("openvino"),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]


def release(package: str) -> str:
    """Return a package's major and minor version: results may change between them."""
    return ".".join(version(package).split(".")[:2])


def compile_backbone(record: BackboneRecord, cache_dir: Path) -> Path:
    """Return the folder with the backbone's graph, compiling it if it is not there yet.

    Two processes may ask at once: one compiles, the other waits. A graph whose bytes
    have changed since it was written is set aside and compiled anew.

    Args:
        record: Which backbone.
        cache_dir: Hilum's cache folder; created if absent.

    Returns:
        A folder holding `graph.xml`, `graph.bin` and `graph.json`.

    Raises:
        WeightsError: The weights are absent or not the catalog's.
        CompilingError: The child process failed.
        CacheError: The cache folder cannot be written.
    """
    folder = cache_dir / "graphs" / f"{record.name}-{graph_key(record)}"
    if _is_whole(folder):
        return folder
    verify_weights(find_weights(record), record.weights)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f"{folder.name}.lock")):
            if not _is_whole(folder):
                scratch_prefix = f".{folder.name}-"
                sweep(folder.parent, scratch_prefix)
                with tempfile.TemporaryDirectory(dir=folder.parent, prefix=scratch_prefix) as here:
                    _compile_in_child(record, Path(here) / "graph")
                    sync_files(Path(here) / "graph")
                    if folder.exists():
                        _LOG.warning("A damaged graph of %s is compiled anew.", record.title)
                        folder.rename(Path(here) / "damaged")
                    (Path(here) / "graph").rename(folder)
                    sync_folder(folder.parent)
    except OSError as error:
        raise CacheError(
            f"The compiled backbone cannot be kept: {error.strerror or error}.",
            fix="Free some space, or name another folder with --cache-dir.",
        ) from error
    return folder


def _is_whole(folder: Path) -> bool:
    """Tell whether a graph is there and its bytes are those that were written."""
    try:
        about = json.loads((folder / "graph.json").read_text(encoding="utf-8"))
        return all(
            hash_file(folder / name) == sha256 for name, sha256 in about["sha256"].items()
        ) and {"graph.xml", "graph.bin"} <= set(about["sha256"])
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return False


def _compile_in_child(record: BackboneRecord, folder: Path) -> None:
    """Run this module as a program; a crash there is an error here, never a crash."""
    environment = os.environ | {
        "KERAS_BACKEND": "openvino",
        # Keras writes its settings into its home: keep the user's own out of it.
        "KERAS_HOME": str(folder.parent / "keras"),
    }
    # -P: the user's current folder may hold a keras.py.
    child = subprocess.run(  # noqa: S603  (our own module, our own arguments)
        [
            sys.executable,
            "-P",
            "-m",
            "hilum.backbones.compiling",
            record.name,
            str(record.input.size_px),
            str(folder.absolute()),
        ],
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
            fix="If memory or disk space was short, free some and try again; "
            "`hilum doctor` shows both.",
        )


def _write_graph(record: BackboneRecord, folder: Path) -> None:
    """Build, load, export: the child's whole life."""
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
        "sha256": {name: hash_file(folder / name) for name in ("graph.xml", "graph.bin")},
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
    _write_graph(at_size(find_backbone(sys.argv[1]), int(sys.argv[2])), Path(sys.argv[3]))
