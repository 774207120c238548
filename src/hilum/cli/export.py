"""`hilum export`: a classifier for programs that have no Hilum."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from hilum.cli import options

if TYPE_CHECKING:
    from hilum.classifier import BundleRecord, Exported
    from hilum.runs import ExportedJson


def export_command(
    bundle: Annotated[
        Path, typer.Argument(help="The folder that `hilum train` wrote.", metavar="BUNDLE")
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            help="The file to write: NAME.onnx, or NAME.xml for OpenVINO. One that is there is "
            "replaced.",
            metavar="FILE",
        ),
    ],
    file_format: Annotated[
        Literal["onnx", "openvino"],
        typer.Option("--format", help="What to write; onnx needs the extra of that name."),
    ] = "onnx",
    with_map: Annotated[
        bool,
        typer.Option(
            "--map", help="Add an output that says what each part of the film speaks for."
        ),
    ] = False,
    cache_dir: options.CacheDir = None,
    is_json: options.Json = False,
) -> None:
    """Write a classifier as one file: grey squares in, calibrated probabilities out.

    Preprocessing, backbone, heads, calibration and domain guard are inside. What is
    not: reading a file, DICOM above all, and telling a chest film from another
    picture of the right size. docs/export.md has a complete program for the file.
    Before it takes its name, the file is run and held to the bundle's own answers.
    OpenVINO's format is a pair: the weights lie beside NAME.xml as NAME.bin.

    Examples:

      hilum export bundle -o covid.onnx

      hilum export bundle --format openvino -o covid.xml --map

    Exit code: 0 written; 2 the bundle cannot be used, or not written in this format.
    """
    from hilum.classifier import export_bundle, read_bundle
    from hilum.machine import default_cache_dir

    read = read_bundle(bundle, cache_dir or default_cache_dir())
    exported = export_bundle(read, out, file_format, with_map=with_map)
    if is_json:
        told: ExportedJson = {
            "files": [str(file) for file in exported.files],
            "format": file_format,
            "size_bytes": exported.size_bytes,
            "outputs": list(exported.outputs),
            "films_checked": exported.films_checked,
            "largest_differences": dict(exported.largest_differences),
        }
        typer.echo(json.dumps(told, indent=1))
    else:
        _tell(exported, read.record)


def _tell(exported: Exported, record: BundleRecord) -> None:
    from rich.console import Console

    from hilum.report import plain, training_text

    console = Console(highlight=False)
    names = " and ".join(plain(str(file)) for file in exported.files)
    console.print(f"[bold]{names}[/], {exported.size_bytes / 1e6:.1f} MB", soft_wrap=True)
    side = record.backbone.size_px
    console.print(f"In: film, uint8, films x {side} x {side} x 1, upright, 0 black.")
    console.print(f"Out: {', '.join(exported.outputs)}.")
    gap = exported.largest_differences["probabilities"]
    console.print(
        f"Checked: on {exported.films_checked} pictures its probabilities are those of the "
        f"bundle to {gap:.0e}."
    )
    console.print(
        "The file refuses by its call alone: where that is -1, the film is not like the training "
        "films, and its probabilities mean nothing."
    )
    console.print(plain(training_text(record.verdict)))
    console.print("Research use only.")
