"""What a film needs of a DICOM file: a few elements by their tags, and the pixels as stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from hilum.cohort.reading.dicom_syntaxes import Syntax
from hilum.errors import FilmDicomError

AT_TOP = 0
"""In place of a table: the element belongs to the film itself."""


class Tag(IntEnum):
    """The elements that a film needs. Source: DICOM PS3.6."""

    MEDIA_CLASS = 0x00020002
    SYNTAX = 0x00020010
    CLASS = 0x00080016
    MODALITY = 0x00080060
    INTENT = 0x00080068
    MAKER = 0x00080070
    PATIENT = 0x00100020
    SEX = 0x00100040
    AGE = 0x00101010
    BODY_PART = 0x00180015
    VIEW = 0x00185101
    CHANNELS = 0x00280002
    PHOTOMETRIC = 0x00280004
    PLANAR = 0x00280006
    FRAMES = 0x00280008
    ROWS = 0x00280010
    COLUMNS = 0x00280011
    BITS_ALLOCATED = 0x00280100
    BITS_STORED = 0x00280101
    HIGH_BIT = 0x00280102
    IS_SIGNED = 0x00280103
    PADDING = 0x00280120
    PADDING_LIMIT = 0x00280121
    BURNT_IN = 0x00280301
    WINDOW_CENTRE = 0x00281050
    WINDOW_WIDTH = 0x00281051
    INTERCEPT = 0x00281052
    SLOPE = 0x00281053
    WINDOW_SHAPE = 0x00281056
    MODALITY_TABLE = 0x00283000
    TABLE_DESCRIPTOR = 0x00283002
    TABLE_DATA = 0x00283006
    VOI_TABLE = 0x00283010
    PIXELS = 0x7FE00010


class Element(NamedTuple):
    """One element: its type where the file gives it, else empty; and its bytes."""

    kind: str
    value: bytes


@dataclass(frozen=True)
class DicomFile:
    """What a film needs of its file.

    Attributes:
        syntax: How values and pixels are stored.
        elements: By tag, and by the table that they belong to, or 0.
        tables: Which tables the file has, empty ones among them.
        pixels: The pixels as stored; None if there are none, and empty if compressed.
        pixel_kind: Their type, where the file gives it.
        has_overlay: There are drawings in planes of their own.
    """

    syntax: Syntax
    elements: Mapping[tuple[int, int], Element]
    tables: frozenset[int]
    pixels: memoryview | None
    pixel_kind: str
    has_overlay: bool

    def find(self, tag: Tag, table: int = AT_TOP) -> Element | None:
        """Find an element that is there and not empty."""
        element = self.elements.get((table, tag))
        return element if element is not None and element.value else None


def damaged(message: str) -> FilmDicomError:
    """Make the error for a DICOM file that is damaged in the way that `message` tells."""
    return FilmDicomError(
        message, fix="Fetch the film again from its archive, or export it as PNG from there."
    )
