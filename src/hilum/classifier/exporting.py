"""Writes a classifier for programs that have no Hilum: as ONNX, or as OpenVINO IR.

Nothing is handed over unseen: the file is written beside its place, read back, run on a few
pictures, and takes its name only if its answers are those of the bundle.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypedDict

from hilum.classifier.bundle import Bundle
from hilum.classifier.combined_graph import INPUT, combine
from hilum.classifier.export_proof import answer, draw_squares, hold_equal
from hilum.disk import sync_files, sync_folder
from hilum.errors import ExportError, OutputError
from hilum.version import __version__

if TYPE_CHECKING:
    import openvino

Format = Literal["onnx", "openvino"]
"""What the file is to be."""

SUFFIXES: Final[Mapping[Format, str]] = {"onnx": ".onnx", "openvino": ".xml"}
"""How its name has to end."""


class ExportNotesJson(TypedDict):
    """What an exported file says of itself, as texts; lists are JSON.

    Attributes:
        distance_limit: Largest distance that is not refused.
        hilum: The version that wrote the file.
    """

    schema: Literal["hilum.export/1"]
    use: str
    input: str
    outputs: str
    size_px: str
    classes: str
    positive: str
    threshold: str
    log_odds_threshold: str
    distance_limit: str
    backbone: str
    verdict: str
    verdict_reasons: str
    created: str
    hilum: str


_USE: Final = "Research use only. Not a medical device."


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        files: The file; for OpenVINO the XML file and the weights beside it.
        size_bytes: Of all of them.
        outputs: Names of the outputs, in their order.
        films_checked: Pictures that the file was tried on.
        largest_differences: Between its answers and the bundle's, by output; of log-odds and
            map, as a share of the largest value where that is above 1.
    """

    files: tuple[Path, ...]
    size_bytes: int
    outputs: tuple[str, ...]
    films_checked: int
    largest_differences: Mapping[str, float]


def export_bundle(
    bundle: Bundle, path: Path, file_format: Format, *, with_map: bool = False
) -> Exported:
    """Write a classifier as one file, and prove that it answers as the bundle does.

    OpenVINO's format is a pair: the weights lie beside the XML file, under its name and
    `.bin`. A file that is there already is replaced.

    Args:
        bundle: The classifier, read and proven.
        path: Where to; ends in `.onnx` or `.xml`. Its folder is made if need be.
        file_format: What to write.
        with_map: Add the map of reasons to the outputs.

    Raises:
        ExportError: The packages for ONNX are missing, the network cannot be written in
            this format, a map is wanted of a backbone that has none, or the answers differ.
        OutputError: The place cannot be written.
    """
    _check_place(path, file_format, bundle)
    if file_format == "onnx":
        _require_onnx()
    graph = combine(bundle, with_map=with_map)
    about = {name: str(text) for name, text in describe(bundle, graph).items()}
    squares = draw_squares(bundle.record.backbone.size_px)
    expected = answer(bundle, squares, with_map=with_map)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".export-") as scratch:
            draft = Path(scratch) / path.name
            if file_format == "onnx":
                from hilum.classifier.onnx_export.running import run_file, write_file
            else:
                from hilum.classifier.ir_export import run_file, write_file
            write_file(graph, about, draft)
            run = run_file(draft)
            outputs = tuple(output.get_any_name() for output in graph.outputs)
            differences = hold_equal(run(squares), expected, bundle)
            sync_files(Path(scratch))
            # The weights first, so that the XML file never names what is not there.
            drafts = sorted(Path(scratch).iterdir(), key=lambda file: file.suffix)
            files = tuple(file.replace(path.with_name(file.name)) for file in drafts)
        sync_folder(path.parent)
        size_bytes = sum(file.stat().st_size for file in files)
    except OSError as error:
        raise OutputError(
            f"The classifier cannot be written to '{path}': {error.strerror or error}.",
            fix="Free some space, or choose another place with -o.",
        ) from error
    return Exported(files[::-1], size_bytes, outputs, len(squares), differences)


def describe(bundle: Bundle, graph: openvino.Model) -> ExportNotesJson:
    """Say what a reader of the file has to know, as texts; lists are JSON."""
    record = bundle.record
    return {
        "schema": "hilum.export/1",
        "use": _USE,
        "input": f"{INPUT}: films x {record.backbone.size_px} x {record.backbone.size_px} x 1, "
        "uint8, upright, 0 black",
        "outputs": json.dumps([output.get_any_name() for output in graph.outputs]),
        "size_px": str(record.backbone.size_px),
        "classes": json.dumps(record.classes, ensure_ascii=False),
        "positive": record.positive,
        "threshold": repr(record.threshold),
        "log_odds_threshold": repr(bundle.heads.log_odds_threshold),
        "distance_limit": repr(record.distance_limit),
        "backbone": record.backbone.title,
        "verdict": record.verdict.headline,
        "verdict_reasons": json.dumps(record.verdict.reasons, ensure_ascii=False),
        "created": record.created,
        "hilum": __version__,
    }


def _check_place(path: Path, file_format: Format, bundle: Bundle) -> None:
    suffix = SUFFIXES[file_format]
    if path.suffix != suffix:
        others = [name for name, ending in SUFFIXES.items() if ending == path.suffix]
        raise OutputError(
            f"'{path}' does not end in {suffix}, as a file of the format {file_format} does.",
            fix=f"Give --format {others[0]}." if others else f"Let the name end in {suffix}.",
        )
    if path.is_dir():
        raise OutputError(f"'{path}' is a folder.", fix="Choose another place with -o.")
    if path.parent.resolve() == bundle.graph_folder.resolve():
        raise OutputError(
            f"'{path}' lies among the bundle's own files.", fix="Choose another place with -o."
        )


def _require_onnx() -> None:
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
    except ImportError as error:
        raise ExportError(
            "ONNX files are written and checked by packages that are not installed here.",
            fix='Install them with `pip install "hilum[onnx]"`, or use --format openvino.',
        ) from error
