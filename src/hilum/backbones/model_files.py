"""Takes an ONNX or OpenVINO IR file of the user's as a frozen backbone.

What a file is, its content tells and never its name. Nothing that may run code is taken,
nor anything that reaches for other files. What the network yields is asked of a child
process, since only native code can tell.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import stat
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Literal

from hilum.backbones.model_descriptions import read_description
from hilum.backbones.onnx_wire import check_onnx
from hilum.backbones.records import BackboneRecord, InputSpec, ModelFileSpec, OwnWeights
from hilum.children import refusal, run_child
from hilum.errors import UntrustedModelError, WeightsError
from hilum.machine import note_child

PREFIXES = ("onnx:", "openvino:")
"""What stands before a path where the name of a backbone is wanted; both mean the same."""

ModelKind = Literal["onnx", "xml"]

_MAX_BYTES = 4 << 30
_INSPECTION_SECONDS = 300

_STRANGERS = {
    b"PK\x03\x04": "a PyTorch checkpoint, a .keras file or another archive",
    b"\x80\x02": "a pickle",
    b"\x80\x03": "a pickle",
    b"\x80\x04": "a pickle",
    b"\x80\x05": "a pickle",
    b"\x89HDF\r\n\x1a\n": "an HDF5 file, as Keras writes",
    b"\x1f\x8b": "a compressed file",
}
"""First bytes of what is given by mistake, and may run code when it is loaded."""


def is_model_file(name: str) -> bool:
    """Tell whether the name of a backbone is the place of a model file."""
    return name.strip().lower().startswith(PREFIXES)


def read_model_file(path: Path) -> BackboneRecord:
    """Make a record of a model file and the description beside it.

    Args:
        path: An ONNX file, or the XML file of an OpenVINO IR with its .bin beside it;
            the description has the same name, ending in .json.

    Raises:
        WeightsError: A file is missing, damaged or faulty, or the network cannot be fed
            or read as its description says.
        UntrustedModelError: The file is of a kind that may run code, or its numbers lie
            in other files.
    """
    try:
        path = path.expanduser().absolute()
    except RuntimeError as error:  # ~nobody
        raise WeightsError(f"There is no {path}.", fix="Check the path.") from error
    _, sha256 = check_model_file(path)
    described = read_description(path, sha256)
    parameters, width = _inspect(path, described.spec, described.size_px)
    return BackboneRecord(
        name=described.name,
        title=described.title,
        family="file",
        input=InputSpec(size_px=described.size_px, scaling="given"),
        parameters=parameters,
        feature_width=width,
        weights=OwnWeights(
            file=path.name,
            digest=f"sha256:{sha256}",
            size_bytes=path.stat().st_size,
            licence=described.licence,
            trained_on=described.trained_on,
            path=path,
            spec=described.spec,
        ),
    )


def check_model_file(path: Path) -> tuple[ModelKind, str]:
    """Look at a model file's bytes without any parser of native code.

    Returns:
        What it is, and its SHA-256: of an IR, that of its XML and weights as if they were
        one file.

    Raises:
        WeightsError: It is missing, damaged, too large or no ordinary file.
        UntrustedModelError: It may run code, or needs other files.
    """
    sha256 = hashlib.sha256()
    kind = _check_network(path, sha256.update)
    if kind == "xml":
        weights = path.with_suffix(".bin")
        _check_ordinary(weights, f"An OpenVINO IR is two files: {path.name} and {weights.name}.")
        try:
            with weights.open("rb") as file:
                while block := file.read(1 << 20):
                    sha256.update(block)
        except OSError as error:
            raise _unreadable(weights, error) from error
    return kind, sha256.hexdigest()


def _check_network(path: Path, add_to_hash: Callable[[memoryview], None]) -> ModelKind:
    """Judge the file with the network in it, and add its bytes to the hash."""
    if not _check_ordinary(path, "Give the path of an ONNX file or of an OpenVINO IR's XML file."):
        raise WeightsError(f"The model file {path.name} is empty.", fix="Export or copy it again.")
    try:
        with (
            path.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
            memoryview(data) as view,
        ):
            kind = _kind(path, data[:64])
            if kind == "onnx":
                check_onnx(view)
            elif data.find(b"<!DOCTYPE") >= 0 or data.find(b"<!ENTITY") >= 0:
                raise UntrustedModelError(
                    f"The XML file {path.name} defines a document type or entities.",
                    fix="Write the model again with openvino.save_model.",
                )
            add_to_hash(view)
            return kind
    except OSError as error:
        raise _unreadable(path, error) from error


def _kind(path: Path, head: bytes) -> ModelKind:
    for start, what in _STRANGERS.items():
        if head.startswith(start):
            raise UntrustedModelError(
                f"The model file {path.name} is {what}: loading it could run code.",
                fix="Export the network as a single ONNX file; docs/own-networks.md shows how.",
            )
    is_xml = head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"<?xml", b"<net"))
    return "xml" if is_xml else "onnx"


def _check_ordinary(path: Path, fix: str) -> int:
    """Return a file's size, if it is one that can be read to its end."""
    try:
        about = path.stat()
    except (OSError, ValueError) as error:
        raise WeightsError(
            f"The model file {path.name!r} is not there: {getattr(error, 'strerror', error)}.",
            fix=fix,
        ) from error
    if not stat.S_ISREG(about.st_mode):
        raise WeightsError(f"{path.name!r} is no file.", fix=fix)
    if about.st_size > _MAX_BYTES:
        raise WeightsError(
            f"The model file {path.name} is larger than 4 GB.", fix="Use a smaller network."
        )
    return about.st_size


def _unreadable(path: Path, error: OSError) -> WeightsError:
    return WeightsError(
        f"The model file {path.name} cannot be read: {error.strerror or error}.",
        fix="Check that you may read it.",
    )


@cache
def _inspect(path: Path, spec: ModelFileSpec, size_px: int) -> tuple[int, int]:
    """Ask a child process for the number of parameters and the features' width."""
    job = {"path": str(path), "spec": asdict(spec), "size_px": size_px}
    with tempfile.TemporaryDirectory() as elsewhere:
        try:
            child = run_child(
                "hilum.backbones.model_graphs",
                job,
                cwd=Path(elsewhere),
                timeout_seconds=_INSPECTION_SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            raise WeightsError(
                f"The network in {path.name} could not be read in {_INSPECTION_SECONDS} seconds.",
                fix="Export it again; a network of this size is read in one.",
            ) from error
    if child.returncode == 0:
        found = json.loads(child.stdout.strip().rpartition("\n")[2])
        note_child(found["peak_rss_bytes"])
        return found["parameters"], found["width"]
    if refused := refusal(child):
        message, fix = refused
        raise WeightsError(f"{path.name}: {message}", fix=fix)
    last_lines = " ".join(child.stderr.strip().splitlines()[-3:])
    raise WeightsError(
        f"Reading the network in {path.name} failed (exit {child.returncode}): {last_lines}",
        fix="Export it again with standard ONNX operations; if memory was short, free some.",
    )
