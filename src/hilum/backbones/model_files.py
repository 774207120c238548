"""An ONNX or OpenVINO IR file of the user's as a backbone, with the JSON that describes it.

A file is judged by its content, never by its name. A file that may run code, or that reaches
for other files, is refused. What the network yields is asked of a child process, since only
native code can tell. Every fault of a description is reported at once, with an example of a
whole one.
"""

from __future__ import annotations

import hashlib
import json
import math
import mmap
import re
import stat
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

from hilum.backbones.onnx_wire import check_onnx
from hilum.backbones.records import BackboneRecord, InputSpec, ModelFileSpec, OwnWeights
from hilum.children import refusal, run_child
from hilum.errors import UntrustedModelError, WeightsError
from hilum.machine import note_child

PREFIXES = ("onnx:", "openvino:")
"""Put before a path in place of a backbone's name; both mean the same."""

ModelKind = Literal["onnx", "xml"]
_MOST_MODEL_BYTES = 4 << 30
_INSPECTION_SECONDS = 300

_FOREIGN_KINDS = {
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
    """Tell whether the name of a backbone is the path of a model file."""
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
    except RuntimeError as error:  # the home of an unknown user
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
    for start, what in _FOREIGN_KINDS.items():
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
    if about.st_size > _MOST_MODEL_BYTES:
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


EXAMPLE = """\
{
  "name": "my-densenet",
  "title": "DenseNet-121 of our ward",
  "size_px": 224,
  "channels": 1,
  "layout": "NCHW",
  "pixel_range": [-1024, 1024],
  "mean": 0,
  "std": 1,
  "output": "features",
  "take": "map",
  "trained_on": "four public chest X-ray sets",
  "licence": "Apache-2.0"
}"""
"""A whole description, to copy."""

_MOST_DESCRIPTION_BYTES = 1 << 20
_SIZES_PX = range(8, 4097)
_TAKES = ("vector", "map", "first-token", "mean-token")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_NEEDED = object()


@dataclass(frozen=True, kw_only=True)
class ModelDescription:
    """What the JSON beside a model file says.

    Attributes:
        name: What results call it; safe as part of a file's name.
        title: What tables print.
        size_px: Side of the square picture that it takes.
        spec: How it is fed and read.
        trained_on: The data behind the weights, as its user states it.
        licence: The same of their licence.
    """

    name: str
    title: str
    size_px: int
    spec: ModelFileSpec
    trained_on: str
    licence: str


def read_description(model_file: Path, sha256: str) -> ModelDescription:
    """Read the description of a model file: `net.json` of `net.onnx` or `net.xml`.

    Args:
        model_file: The model, which need not exist.
        sha256: Its hash; a description that states one must state this one.

    Raises:
        WeightsError: The description is missing, or has faults, which are all listed.
    """
    path = model_file.with_suffix(".json")
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_DESCRIPTION_BYTES + 1)
        if len(text) > _MOST_DESCRIPTION_BYTES:
            raise ValueError("it is larger than 1 MB")
        found = json.loads(text)
    except OSError as error:
        raise WeightsError(
            f"The model file {model_file.name} has no description beside it: "
            f"{path.name} cannot be read ({error.strerror}).",
            fix=_how_to_write(path),
        ) from error
    except (ValueError, RecursionError) as error:
        raise _faulty(path, [f"it is no JSON: {error}"]) from error
    if not isinstance(found, dict):
        raise _faulty(path, ["it must be one JSON object, in curly brackets"])
    reader = _Reader(found)
    description = _read_fields(reader, _safe_name(model_file.stem), sha256)
    reader.refuse_unknown()
    if reader.faults:
        raise _faulty(path, reader.faults)
    return description


def _read_fields(reader: _Reader, stem: str, sha256: str) -> ModelDescription:
    """Read every field; where one is faulty, what is returned is not to be used."""
    channels = reader.one_of("channels", (1, 3))
    name = reader.text("name", stem)
    if not _NAME.fullmatch(name):
        reader.faults.append("name: letters, digits, '.', '_' and '-', 64 at most")
    title = reader.text("title", name)
    low, high = reader.numbers("pixel_range", 2, (0.0, 1.0))
    if low == high:
        reader.faults.append("pixel_range: its two numbers are the same")
    std = reader.numbers("std", channels, 1.0)
    if min(std) <= 0:
        reader.faults.append("std: above 0")
    expected = reader.text("sha256", sha256)
    if not _SHA256.fullmatch(expected):
        reader.faults.append("sha256: 64 hex digits")
    elif expected.lower() != sha256:
        reader.faults.append(f"sha256: the model file's is {sha256}: another file, or damaged")
    spec = ModelFileSpec(
        channels=channels,
        layout=reader.one_of("layout", ("NCHW", "NHWC"), "NCHW"),
        pixel_range=(low, high),
        mean=reader.numbers("mean", channels, 0.0),
        std=std,
        output=reader.text("output", None),
        take=reader.one_of("take", _TAKES),
        sha256=sha256,
    )
    return ModelDescription(
        name=name,
        title=title,
        size_px=reader.whole_number("size_px", _SIZES_PX),
        spec=spec,
        trained_on=reader.text("trained_on", "training data not stated"),
        licence=reader.text("licence", "not stated"),
    )


class _Reader:
    """Takes fields out of a JSON object and gathers what is wrong with them.

    A faulty field is replaced by something of its type, so that reading goes on.
    """

    def __init__(self, found: Mapping[str, Any]) -> None:
        self._found = dict(found)
        self._known: list[str] = []
        self.faults: list[str] = []

    def text(self, key: str, default: Any) -> Any:
        """Take a line of text, safe to show anywhere."""

        def is_plain(value: Any) -> bool:
            return (
                isinstance(value, str)
                and 0 < len(value) <= 200
                and value.isprintable()
                # A spreadsheet would take these for a formula.
                and value[0] not in "=+-@"
            )

        return self._take(key, is_plain, "one line of text, 200 letters at most", default, "a")

    def whole_number(self, key: str, allowed: range) -> int:
        """Take a whole number out of a range."""
        what = f"a whole number from {allowed[0]} to {allowed[-1]}"
        found = self._take(
            key, lambda v: type(v) is int and v in allowed, what, _NEEDED, allowed[0]
        )
        return cast(int, found)

    def one_of(self, key: str, choices: tuple[Any, ...], default: Any = None) -> Any:
        """Take one of a few values."""
        what = f"one of {', '.join(json.dumps(choice) for choice in choices)}"
        return self._take(
            key,
            lambda v: any(type(v) is type(choice) and v == choice for choice in choices),
            what,
            _NEEDED if default is None else default,
            choices[0],
        )

    def numbers(
        self, key: str, count: int, default: float | tuple[float, ...]
    ) -> tuple[float, ...]:
        """Take so many numbers; a single one counts for all, except in a range."""
        is_range = isinstance(default, tuple)

        def fits(value: Any) -> bool:
            values = value if isinstance(value, list) else [value]
            is_count_right = len(values) == count or (not is_range and len(values) == 1)
            return is_count_right and all(_is_number(v) for v in values)

        what = f"{count} numbers" if is_range or count > 1 else "one number"
        found = self._take(key, fits, what, default, [1.0, 2.0] if is_range else 1.0)
        values = list(found) if isinstance(found, list | tuple) else [found]
        return tuple(float(value) for value in (values * count if len(values) == 1 else values))

    def refuse_unknown(self) -> None:
        """List the unknown fields, which may be misspelt."""
        for key in self._found.keys() - set(self._known):
            self.faults.append(f"{_shown(key)}: no such field; there are {', '.join(self._known)}")

    def _take(
        self, key: str, fits: Callable[[Any], bool], what: str, default: Any, stand_in: Any
    ) -> Any:
        self._known.append(key)
        if key not in self._found:
            if default is not _NEEDED:
                return default
            self.faults.append(f"{key}: missing; {what}")
            return stand_in
        value = self._found[key]
        if fits(value):
            return value
        self.faults.append(f"{key}: must be {what}, and is {_shown(value)}")
        return stand_in


def _is_number(value: Any) -> bool:
    try:
        return type(value) in (int, float) and math.isfinite(value)
    except OverflowError:
        return False


def _shown(value: Any) -> str:
    """Write a foreign value so that it cannot break its line."""
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:60]}..."


def _safe_name(stem: str) -> str:
    """Make a name for results out of a file's name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:64] or "own-network"


def _faulty(path: Path, faults: list[str]) -> WeightsError:
    listed = "\n  ".join(faults)
    return WeightsError(
        f"The description {path.name} has faults:\n  {listed}\n", fix=_how_to_write(path)
    )


def _how_to_write(path: Path) -> str:
    return (
        f"Write {path.name} beside the model like this, with its own values; all fields but "
        f"size_px, channels and take may be left out:\n{EXAMPLE}"
    )
