"""Bundles: a classifier as a folder that can be copied, checked and handed on.

Weights are safetensors, the graph is OpenVINO IR, the rest is JSON and Markdown; nothing is
pickled, and only files that `classifier.json` names by their hash are read.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from hilum.classifier.explain.references import ReferenceMaps
from hilum.classifier.graph import find_graph, hash_graph
from hilum.classifier.guard import DomainGuard
from hilum.classifier.heads import HeadStack
from hilum.classifier.records import BundleRecord, parse_json, read_record, write_record
from hilum.disk import check_writable, sync_files, sync_folder, take_place
from hilum.errors import BundleError, OutputError, UntrustedModelError
from hilum.features import VIEWS_VERSION
from hilum.films import READING_VERSION
from hilum.version import __version__

RECORD, HEAD, STUDY, CARD, GRAPH = (
    "classifier.json", "head.safetensors", "study.json", "README.md", "graph",
)  # fmt: skip

_HASHED = (HEAD, STUDY)
"""The card may be edited: it is for people, and its figures are never read."""

_MOST_BYTES = {RECORD: 1_000_000, HEAD: 4_000_000_000, STUDY: 100_000_000, CARD: 5_000_000}
_MOST_HEADER_BYTES = 1_000_000
_STRANGERS = frozenset(
    {".pkl", ".pickle", ".joblib", ".pt", ".pth", ".ckpt", ".h5", ".hdf5", ".keras", ".npy", ".npz",
     ".onnx", ".pb", ".tflite"}
)  # fmt: skip
_LONGEST_NAME_BYTES = 200
_COPY_AGAIN = "Copy the whole bundle again from where it came, or make it again with `hilum train`."

READS = {"reading": READING_VERSION, "views": VIEWS_VERSION}
"""What decides which pixels the backbone sees."""


@dataclass(frozen=True)
class Bundle:
    """A bundle's content, proven.

    Attributes:
        record: What it says of itself.
        heads: The heads.
        guard: The domain guard.
        references: What explanations compare a film with; None where the backbone shows no
            feature map.
        graph_folder: Where the backbone's graph lies.
        card: The model card, Markdown.
        study: All figures of the study behind it, as in the run folder's `results.json`.
    """

    record: BundleRecord
    heads: HeadStack
    guard: DomainGuard
    references: ReferenceMaps | None
    graph_folder: Path
    card: str
    study: dict[str, Any]


def versions() -> dict[str, Any]:
    """List the versions that a bundle written here is made with."""
    packages = {name: version(name) for name in ("openvino", "keras", "numpy")}
    return {"hilum": __version__, **READS, **packages}


def check_bundle_place(folder: Path) -> None:
    """Find out before any work whether a bundle may be written to a place.

    Raises:
        OutputError: It may not, or the place is taken by something else.
    """
    elsewhere = "Choose another place with -o."
    place = folder.absolute()
    try:
        is_there = folder.exists() or folder.is_symlink()
        inside = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
        check_writable(place.parent)
    except OSError as error:
        raise OutputError(
            f"The bundle cannot be written to '{folder}': {error.strerror or error}.", fix=elsewhere
        ) from error
    if len(os.fsencode(place.name)) > _LONGEST_NAME_BYTES:
        raise OutputError("The bundle's name is too long.", fix=elsewhere)
    if is_there and (place.is_mount() or place.resolve() == Path.cwd()):
        raise OutputError(
            f"'{folder}' cannot be replaced as a whole: it is a mount point or the current folder.",
            fix="Name a folder inside it with -o.",
        )
    is_bundle = RECORD in inside and inside <= {RECORD, HEAD, STUDY, CARD, GRAPH}
    is_empty = folder.is_dir() and not inside
    if is_there and not (is_empty or is_bundle):
        raise OutputError(
            f"'{folder}' is there already and is no bundle, or holds more than one.", fix=elsewhere
        )


def write_bundle(bundle: Bundle, folder: Path) -> BundleRecord:
    """Write a bundle, whole or not at all; an older one of that name is replaced.

    Returns:
        The record as written, with the hashes of its files.

    Raises:
        OutputError: The place is taken by something else, cannot be written, or is full.
    """
    check_bundle_place(folder)
    place = folder.absolute()
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=".bundle-") as scratch:
            draft = Path(scratch) / "draft"
            draft.mkdir()
            record = _write_files(bundle, draft)
            sync_files(draft)
            take_place(draft, place, Path(scratch) / "older")
        sync_folder(place.parent)
    except OSError as error:
        raise OutputError(
            f"The bundle cannot be written to '{folder}': {error.strerror or error}.",
            fix="Free some space, or choose another place with -o.",
        ) from error
    return record


def _write_files(bundle: Bundle, draft: Path) -> BundleRecord:
    contents = {
        HEAD: write_weights(bundle.heads, bundle.guard, bundle.references),
        STUDY: _encoded(json.dumps(bundle.study, indent=1, ensure_ascii=False) + "\n"),
    }
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    record = replace(bundle.record, files=hashes)
    for name, content in contents.items():
        (draft / name).write_bytes(content)
    (draft / CARD).write_bytes(_encoded(bundle.card))
    (draft / RECORD).write_bytes(_encoded(write_record(record)))
    if record.graph.is_included:
        (draft / GRAPH).mkdir()
        for name in record.graph.sha256:
            shutil.copyfile(bundle.graph_folder / name, draft / GRAPH / name)
        if hash_graph(draft / GRAPH) != dict(record.graph.sha256):
            raise UntrustedModelError(
                "The backbone's graph changed while it was copied.", fix="Run the command again."
            )
    return record


def write_weights(heads: HeadStack, guard: DomainGuard, references: ReferenceMaps | None) -> bytes:
    """Write all weights of a classifier."""
    from safetensors.numpy import save

    tensors = {
        "hidden_kernel": heads.hidden_kernel,
        "hidden_bias": heads.hidden_bias,
        "output_kernel": heads.output_kernel,
        "output_bias": heads.output_bias,
        "temperatures": heads.temperatures,
        "log_prior_ratios": heads.log_prior_ratios,
        "guard_features": guard.features,
    }
    if references is not None:
        tensors["reference_maps"] = references.class_maps
        tensors["reference_films"] = references.n_films.astype(np.float32)
    return bytes(save({name: np.ascontiguousarray(t) for name, t in tensors.items()}))


def _encoded(text: str) -> bytes:
    """Encode a text; an invalid character, as a folder's name may hold, becomes a `?`."""
    return text.encode("utf-8", "replace")


def read_bundle(folder: Path, cache_dir: Path) -> Bundle:
    """Read a bundle and prove every part of it.

    Args:
        folder: The bundle.
        cache_dir: Where the backbone's graph lies if the bundle does not hold it.

    Raises:
        BundleError: There is no bundle, a part is missing, or another version made it.
        UntrustedModelError: A part differs from the one that was written, or may do more
            than compute.
    """
    _check_is_bundle(folder)
    record = read_record(_load(folder, RECORD).decode("utf-8", "replace"), reads=READS)
    if set(record.files) != set(_HASHED):
        raise BundleError("The bundle's classifier.json names other files.", fix=_COPY_AGAIN)
    contents = {name: _load(folder, name) for name in _HASHED}
    for name, content in contents.items():
        if hashlib.sha256(content).hexdigest() != record.files[name]:
            raise UntrustedModelError(
                f"The bundle's {name} is not the one that was written with it.", fix=_COPY_AGAIN
            )
    heads, guard, references = read_weights(contents[HEAD], record)
    return Bundle(
        record=record,
        heads=heads,
        guard=guard,
        references=references,
        graph_folder=find_graph(record, folder / GRAPH, cache_dir),
        card=_load(folder, CARD).decode("utf-8", "replace"),
        study=_read_study(contents[STUDY]),
    )


def _check_is_bundle(folder: Path) -> None:
    if (folder / RECORD).is_file():
        return
    try:
        inside = [path.suffix.lower() for path in folder.iterdir()] if folder.is_dir() else []
        strangers = _STRANGERS & {folder.suffix.lower(), *inside}
        is_there = folder.exists()
    except OSError:
        strangers, is_there = frozenset(), False
    if strangers and is_there:
        kinds = ", ".join(sorted(strangers))
        raise UntrustedModelError(
            f"'{folder}' is no bundle but a model of another kind ({kinds}); loading such a file "
            "may run code.",
            fix="Give a folder that `hilum train` wrote. A network of your own goes in with "
            "--backbone onnx:PATH.",
        )
    what = "has no classifier.json" if is_there else "is not there"
    raise BundleError(
        f"The bundle '{folder}' {what}.", fix="Give a folder that `hilum train` wrote."
    )


def _load(folder: Path, name: str) -> bytes:
    path = folder / name
    try:
        if not path.is_file():
            raise BundleError(f"The bundle has no {name}.", fix=_COPY_AGAIN)
        _check_stays(path)
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES[name] + 1)
    except OSError as error:
        raise BundleError(
            f"The bundle's {name} cannot be read: {error.strerror or error}.", fix=_COPY_AGAIN
        ) from error
    if len(content) > _MOST_BYTES[name]:
        raise UntrustedModelError(f"The bundle's {name} is far too large.", fix=_COPY_AGAIN)
    return content


def _check_stays(path: Path) -> None:
    """Refuse a link out of the bundle: what it leads to would be shown as the bundle's own.

    A hub's cache keeps files as links into `blobs`, two folders up; those are its own.
    """
    real, folder = path.resolve(), path.parent.resolve()
    blobs = folder.parents[1] / "blobs" if len(folder.parents) > 1 else folder
    if real.parent not in (folder, blobs):
        raise UntrustedModelError(
            f"The bundle's {path.name} is a link that leads out of it.", fix=_COPY_AGAIN
        )


def _read_study(content: bytes) -> dict[str, Any]:
    try:
        study = parse_json(content.decode("utf-8"))
    except ValueError as error:
        raise BundleError(
            f"The bundle's {STUDY} is no JSON of Hilum's.", fix=_COPY_AGAIN
        ) from error
    return study


def read_weights(
    content: bytes, record: BundleRecord
) -> tuple[HeadStack, DomainGuard, ReferenceMaps | None]:
    """Read all weights of a classifier, and check that they fit together.

    Args:
        content: A safetensors file.
        record: What the bundle says of itself.

    Raises:
        UntrustedModelError: The file is damaged, or its tensors are not those of the record.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    if len(content) < 8 or int.from_bytes(content[:8], "little") > _MOST_HEADER_BYTES:
        raise UntrustedModelError(
            "The header of the bundle's weights is larger than 1 MB.", fix=_COPY_AGAIN
        )
    try:
        tensors = load(content)
        _check_shapes(tensors, record)
    except (SafetensorError, LookupError, ValueError, TypeError) as error:
        raise UntrustedModelError(
            "The bundle's weights are not those that its classifier.json speaks of.",
            fix=_COPY_AGAIN,
        ) from error
    references = None
    if "reference_maps" in tensors:
        maps, films = tensors.pop("reference_maps"), tensors.pop("reference_films")
        references = ReferenceMaps(maps, np.rint(films).astype(np.int64))
    guard = DomainGuard(tensors.pop("guard_features"), record.neighbours, record.distance_limit)
    heads = HeadStack(**tensors, positive=record.positive_index, threshold=record.threshold)
    return heads, guard, references


def _check_shapes(tensors: dict[str, np.ndarray], record: BundleRecord) -> None:
    """Raise ValueError or KeyError where the tensors are not those of the record."""
    heads, width, classes = record.n_heads, record.backbone.feature_width, len(record.classes)
    hidden = tensors["hidden_bias"].shape[-1]
    n_guard = len(tensors["guard_features"])
    shapes: dict[str, tuple[int, ...]] = {
        "hidden_kernel": (heads, width, hidden),
        "hidden_bias": (heads, hidden),
        "output_kernel": (heads, hidden, classes),
        "output_bias": (heads, classes),
        "temperatures": (heads,),
        "log_prior_ratios": (heads, classes),
        "guard_features": (n_guard, width),
    }
    if "reference_maps" in tensors:
        cells = tensors["reference_maps"].shape[1:]
        if len(cells) != 3:
            raise ValueError("a map has rows, columns and channels")
        shapes |= {"reference_maps": (classes, *cells), "reference_films": (classes,)}
    if set(tensors) != set(shapes):
        raise ValueError("other tensors")
    for name, shape in shapes.items():
        tensor = tensors[name]
        if tensor.dtype != np.float32 or tensor.shape != shape or not np.isfinite(tensor).all():
            raise ValueError(name)
    if n_guard < record.neighbours or tensors["temperatures"].min() <= 0:
        raise ValueError("too few films, or a temperature that cannot be")
    if "reference_films" in tensors and tensors["reference_films"].min() < 1:
        raise ValueError("a class without reference films")
