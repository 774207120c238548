"""Writes a classifier for programs that have no Hilum: as ONNX, or as OpenVINO IR.

Nothing is handed over unproven: the file is written beside its place, read back, run on a few
pictures, and takes its name only if its answers are those of the bundle.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypedDict

import numpy as np
from jaxtyping import UInt8

from hilum.backbones import Pooling
from hilum.classifier.bundle import Bundle
from hilum.classifier.classifier import Classifier
from hilum.classifier.explain.cells import map_cells
from hilum.classifier.export.graph import INPUT, REFUSED, combine
from hilum.disk import sync_files, sync_folder
from hilum.errors import ExportError, OutputError
from hilum.version import __version__

if TYPE_CHECKING:
    import openvino

Format = Literal["onnx", "openvino"]
"""What the file is to be."""

SUFFIXES: Final[Mapping[Format, str]] = {"onnx": ".onnx", "openvino": ".xml"}
"""How its name has to end."""


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
    verdict_title: str
    verdict_reasons: str
    created: str
    hilum: str


_USE: Final = "Research use only. Not a medical device."

MOST_DIFFERENCE: Final = 1e-4
"""A file whose answers differ by more from the bundle's is not handed over."""

_CLOSE: Final = 1e-3
"""So near to a bound, rounding may decide on which side a film lies."""


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
            this format, a map is wanted of a backbone without one, or the answers differ.
        OutputError: The place cannot be written.
    """
    _check_place(path, file_format, bundle)
    if file_format == "onnx":
        _require_onnx()
    graph = combine(bundle, with_map=with_map)
    about = {name: str(text) for name, text in describe(bundle, graph).items()}
    squares = draw_test_squares(bundle.record.backbone.size_px)
    expected = bundle_outputs(bundle, squares, with_map=with_map)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".export-") as scratch:
            draft = Path(scratch) / path.name
            write_file, run_file = write_ir, run_ir
            if file_format == "onnx":
                from hilum.classifier.export.onnx.translation import run_file, write_file
            write_file(graph, about, draft)
            run = run_file(draft)
            outputs = tuple(output.get_any_name() for output in graph.outputs)
            differences = compare_outputs(run(squares), expected, bundle)
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
        "verdict_title": record.verdict.heading,
        "verdict_reasons": json.dumps(record.verdict.reasons, ensure_ascii=False),
        "created": record.created,
        "hilum": __version__,
    }


def write_ir(graph: openvino.Model, metadata: Mapping[str, str], path: Path) -> None:
    """Write a graph as an XML file, and its weights beside it.

    Raises:
        OSError: They cannot be written.
    """
    import openvino

    for key, text in metadata.items():
        graph.set_rt_info(text, ["hilum", key])
    # Not halved: the answers are to be those of the bundle.
    try:
        openvino.save_model(graph, path, compress_to_fp16=False)
    except RuntimeError as error:  # all that it raises
        raise OSError("OpenVINO could not write the file") from error


def run_ir(
    path: Path,
) -> Callable[[UInt8[np.ndarray, "films size size 1"]], dict[str, np.ndarray]]:
    """Open the files in OpenVINO, on the CPU in single precision.

    Returns:
        A function from squares to the file's outputs by name.
    """
    import openvino

    core = openvino.Core()
    core.set_property({"ENABLE_MMAP": False})  # the file is about to be moved
    hints = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(core.read_model(path), "CPU", hints)
    names = [output.get_any_name() for output in compiled.outputs]

    def run(squares: UInt8[np.ndarray, "films size size 1"]) -> dict[str, np.ndarray]:
        answers = compiled(squares)
        return {name: answers[name] for name in names}

    return run


def draw_test_squares(size_px: int) -> UInt8[np.ndarray, "films size size 1"]:
    """Draw a few pictures that are as unlike as films can be: the check's input."""
    rng = np.random.default_rng(0)
    ramp = np.linspace(0, 255, size_px)
    noise = rng.integers(0, 256, (size_px, size_px))
    squares = [np.add.outer(ramp, ramp[::-1]) / 2, np.add.outer(ramp, -ramp) % 256, noise]
    for brightness in (60, 190):
        blots = rng.normal(0, 60, (-(-size_px // 16), -(-size_px // 16)))
        large = np.kron(blots, np.ones((16, 16)))[:size_px, :size_px]
        squares.append(brightness + large + noise / 16)
    return np.asarray(np.clip(squares, 0, 255), np.uint8)[..., np.newaxis]


def bundle_outputs(
    bundle: Bundle, squares: UInt8[np.ndarray, "films size size 1"], *, with_map: bool
) -> dict[str, np.ndarray]:
    """Compute what an exported file should give: the bundle's own outputs.

    Args:
        bundle: The classifier.
        squares: Upright films at its size.
        with_map: Whether the map of reasons is among the answers.

    Returns:
        The outputs by name.
    """
    classifier = Classifier(bundle)
    seen = classifier.graph.look(squares[..., 0], maps=with_map)
    features = seen.features
    judged = classifier.judge(features, [()] * len(squares))
    classes = bundle.record.classes
    answers = {
        "probabilities": bundle.heads.probabilities(features),
        "log_odds": bundle.heads.log_odds(features, bundle.heads.positive),
        "distance": bundle.guard.distances(features),
        "call": np.array(
            [REFUSED if each.call is None else classes.index(each.call) for each in judged]
        ),
    }
    if seen.maps is not None:
        pooling: Pooling = bundle.record.backbone.pooling  # type: ignore[assignment]
        cells = [
            map_cells(bundle.heads, each, bundle.heads.positive, pooling=pooling)
            for each in seen.maps
        ]
        answers["map"] = np.stack([each.contributions for each in cells])
    return answers


def compare_outputs(
    answers: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray], bundle: Bundle
) -> dict[str, float]:
    """Compare a file's outputs with the bundle's: the largest difference of each.

    Args:
        answers: Outputs of a file.
        expected: What the bundle itself answers.
        bundle: Has the operating point and the limit of the domain.

    Returns:
        As in `Exported`, without the calls, which are equal or not.

    Raises:
        ExportError: One is too large, or another class is called.
    """
    differences = {}
    for name, wanted in expected.items():
        if name == "call":
            continue
        scale = max(1.0, float(np.abs(wanted).max()))
        # NaN counts as a large difference.
        gap = np.nan_to_num(np.abs(answers[name] - wanted), nan=np.inf)
        differences[name] = float(gap.max()) / scale
        if differences[name] > MOST_DIFFERENCE:
            raise _unequal(f"{name} differs by {differences[name]:.1e}")
    to_threshold = np.abs(expected["log_odds"] - bundle.heads.log_odds_threshold)
    to_limit = np.abs(expected["distance"] - bundle.guard.threshold)
    is_clear = (to_threshold > _CLOSE) & (to_limit > _CLOSE)
    if np.any(is_clear & (answers["call"] != expected["call"])):
        raise _unequal("another class is called")
    return differences


def _unequal(how: str) -> ExportError:
    return ExportError(
        f"The file does not answer as the bundle does: {how}. It was not kept.",
        fix="Use the other format, and tell the makers of Hilum about it.",
    )
