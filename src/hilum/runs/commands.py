"""What commands print as JSON that no run holds: backbones, what was exported, the installation."""

from __future__ import annotations

from typing import Literal, TypedDict


class ListedBackboneJson(TypedDict):
    """A pretrained network, and whether it is here.

    Attributes:
        name: As options take it.
        title: As people read it.
        size_px: Side of the square that it takes.
        feature_width: Length of a film's features.
        licence: Of the weights.
        file: Name of the weight file.
        digest: Published hash of the file; null where none was ever published.
        address: Where the file is fetched from; null where it comes with Hilum or is yours.
        folder: Where the file would be put by hand; null likewise.
        is_available: It is here and proven.
        path: Where it is; null where it is not.
        why_not: What keeps it from running; null where nothing does.
    """

    name: str
    title: str
    parameters: int
    size_px: int
    feature_width: int
    licence: str
    trained_on: str
    file: str
    digest: str | None
    size_bytes: int
    address: str | None
    folder: str | None
    is_available: bool
    path: str | None
    why_not: str | None


class ExportedJson(TypedDict):
    """A classifier that was exported.

    Attributes:
        files: What was written; for OpenVINO the XML file and the weights beside it.
        size_bytes: Of all of them.
        outputs: Names of the outputs, in their order.
        films_checked: Pictures that the file was tried on.
        largest_differences: Between its answers and the bundle's, by output.
    """

    files: list[str]
    format: Literal["onnx", "openvino"]
    size_bytes: int
    outputs: list[str]
    films_checked: int
    largest_differences: dict[str, float]


class SymptomJson(TypedDict):
    """One part of the installation.

    Attributes:
        is_well: Nothing is missing.
        detail: Its version or state; what to do where something is missing.
    """

    part: str
    is_well: bool
    detail: str
