"""Turns a backbone into an OpenVINO graph, once, in a child process.

Keras is slow to start and large in memory, so it lives in a child that ends when the graph is
written; a crash of native code on a damaged weight file ends the child and leaves the run an
error to report. The graph holds the preprocessing: it takes grey uint8 pictures and yields
pooled features and the last feature map, so nothing outside can drift from what the network
was trained on.

The child is this module, run as `python -m hilum.backbones.compilation` with its job as JSON on
standard input.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock

from hilum.backbones.catalog import CATALOG
from hilum.backbones.records import OwnWeights, fed_differently
from hilum.backbones.weights import Backbone, hash_file
from hilum.children import refusal, refusals_told, run_child
from hilum.disk import sweep, sync_files, sync_folder
from hilum.errors import CacheError, CompilingError, UntrustedModelError
from hilum.machine import note_child, own_peak_bytes

GRAPH_VERSION = 5
"""Raised whenever the way a graph is built changes its outputs."""

_LOG = logging.getLogger(__name__)

Output = Literal["features", "maps", "classes"]
"""Pooled features and the last feature map; or the probabilities of the ImageNet classes."""


def graph_key(backbone: Backbone, output: Output = "features") -> str:
    """Address of a backbone's graph: everything that its outputs depend on."""
    parts = _outline(backbone, output) | {
        "weights": backbone.weights.sha256,
        "graph_version": GRAPH_VERSION,
        "precision": "float32",
        "keras": release("keras"),
        "openvino": release("openvino"),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]


def _outline(backbone: Backbone, output: Output) -> dict[str, Any]:
    """Say what is to be built, but for the numbers: for the address and for the child."""
    record = backbone.record
    return {
        "name": record.name,
        "input": asdict(record.input),
        "pooling": record.pooling,
        "output": output,
        "spec": asdict(record.weights.spec) if isinstance(record.weights, OwnWeights) else None,
    }


def release(package: str) -> str:
    """Return a package's major and minor version: results may change between them."""
    return ".".join(version(package).split(".")[:2])


def compile_backbone(backbone: Backbone, cache_dir: Path, output: Output = "features") -> Path:
    """Return the folder with the backbone's graph, compiling it if it is not there yet.

    Two processes may ask at once: one compiles, the other waits. A graph whose bytes
    have changed since it was written is set aside and compiled anew.

    Args:
        backbone: Which backbone, its weights proven.
        cache_dir: Hilum's cache folder; created if absent.
        output: What the graph is to yield.

    Returns:
        A folder holding `graph.xml`, `graph.bin` and `graph.json`.

    Raises:
        CompilingError: The child process failed.
        CacheError: The cache folder cannot be written.
    """
    folder = cache_dir / "graphs" / f"{backbone.name}-{graph_key(backbone, output)}"
    if _is_whole(folder):
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f"{folder.name}.lock")):
            if not _is_whole(folder):
                scratch_prefix = f".{folder.name}-"
                sweep(folder.parent, scratch_prefix)
                with tempfile.TemporaryDirectory(dir=folder.parent, prefix=scratch_prefix) as here:
                    _compile_in_child(backbone, output, Path(here) / "graph")
                    sync_files(Path(here) / "graph")
                    if folder.exists():
                        _LOG.warning("A damaged graph of %s is compiled anew.", backbone.title)
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


def _compile_in_child(backbone: Backbone, output: Output, folder: Path) -> None:
    """Run this module as a program; a crash there is an error here, never a crash."""
    job = _outline(backbone, output) | {
        "weights": str(backbone.weights.path.absolute()),
        "sha256": backbone.weights.sha256,
        "folder": str(folder.absolute()),
    }
    environment = os.environ | {
        "KERAS_BACKEND": "openvino",
        # Keras writes its settings into its home: keep the user's own out of it.
        "KERAS_HOME": str(folder.parent / "keras"),
    }
    child = run_child(
        "hilum.backbones.compilation",
        job,
        cwd=folder.parent,  # a model file that names others finds none
        environment=environment,
    )
    if child.returncode == 0:
        about = json.loads((folder / "graph.json").read_text(encoding="utf-8"))
        note_child(about["peak_rss_bytes"])
        return
    if refused := refusal(child):
        message, fix = refused
        raise CompilingError(f"{backbone.title} could not be compiled: {message}", fix=fix)
    last_lines = "\n".join(child.stderr.strip().splitlines()[-3:])
    raise CompilingError(
        f"{backbone.title} could not be compiled (exit {child.returncode}): {last_lines}",
        fix="If memory or disk space was short, free some and try again; "
        "`hilum doctor` shows both.",
    )


def _write_graph(job: Mapping[str, Any]) -> None:
    """Build, load, export: the child's whole life."""
    folder, weights = Path(job["folder"]), Path(job["weights"])
    folder.mkdir()
    if job["spec"] is not None:
        from hilum.backbones.model_graphs import write_model_file_graph

        outline = write_model_file_graph(weights, job["spec"], job["input"]["size_px"], folder)
    else:
        from hilum.backbones.networks import build_classifier, build_features

        size_px, scaling = job["input"]["size_px"], job["input"]["scaling"]
        record = fed_differently(
            CATALOG[job["name"]], size_px=size_px, scaling=scaling, pooling=job["pooling"]
        )
        build = build_features if job["output"] == "features" else build_classifier
        model = build(record, weights)
        if hash_file(weights) != job["sha256"]:
            raise UntrustedModelError(
                f"The weight file {weights.name} changed after its hash was taken.",
                fix="Run the same command again.",
            )
        model.export(str(folder / "graph.xml"), format="openvino", verbose=False)
        outline = {
            "parameters": int(model.count_params()),
            "width": int(model.outputs[0].shape[-1]),
        }
    about = {
        "name": job["name"],
        "input": job["input"],
        "pooling": job["pooling"],
        "output": job["output"],
        "weights_sha256": job["sha256"],
        **outline,
        "sha256": {name: hash_file(folder / name) for name in ("graph.xml", "graph.bin")},
        "peak_rss_bytes": own_peak_bytes(),
    }
    (folder / "graph.json").write_text(json.dumps(about, indent=1), encoding="utf-8")


if __name__ == "__main__":
    with refusals_told():
        _write_graph(json.load(sys.stdin))
