"""The values of a DICOM file's elements: counts, decimal numbers, words, text.

Decimal numbers come as letters, and are read by the standard's grammar alone: what other
readers make of `nan`, `1_0` or `1e400` would bend a film's grey levels without a word.

Source: DICOM PS3.5, section 6.2.
"""

from __future__ import annotations

import re
import struct

from hilum.cohort.reading.dicom_file import DicomFile, Tag, damaged
from hilum.errors import FilmTagValueError

LARGEST, SMALLEST = 1e12, 1e-12
"""Beyond these, other than zero itself, no number in a film's file makes sense."""

_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,12}", re.ASCII)
_LONGEST_NUMBER = 64
_LONGEST_TEXT = 64


def senseless(message: str) -> FilmTagValueError:
    """Make the error for values that cannot be meant, as `message` tells."""
    return FilmTagValueError(
        message, fix="Export the film again from its archive, or as PNG with its grey levels set."
    )


def read_count(file: DicomFile, tag: Tag) -> int | None:
    """Read a number of 16 bits without sign; None if it is absent.

    Raises:
        FilmDicomError: The element does not hold one number of 16 bits.
    """
    element = file.find(tag)
    if element is None:
        return None
    if len(element.value) != 2:
        raise damaged("A number in the DICOM file is not of its type.")
    return int(struct.unpack(f"{file.syntax.order}H", element.value)[0])


def read_whole(file: DicomFile, tag: Tag) -> int | None:
    """Read a whole number that is written in letters; None if it is absent.

    Raises:
        FilmDicomError: It is none.
    """
    letters = _first_value(file, tag)
    if letters is None:
        return None
    if not _WHOLE.fullmatch(letters):
        raise damaged("A number in the DICOM file is none.")
    return int(letters)


def read_decimal(file: DicomFile, tag: Tag) -> float | None:
    """Read the first of an element's decimal numbers; None if it is absent.

    Raises:
        FilmTagValueError: It is no number, not finite, or beyond any sense.
    """
    letters = _first_value(file, tag)
    if letters is None:
        return None
    number = float(letters) if _DECIMAL.fullmatch(letters) else None
    if number is None or not (number == 0 or SMALLEST <= abs(number) <= LARGEST):
        raise senseless("A number that sets the film's grey levels is no number that can be meant.")
    return number


def read_word(file: DicomFile, tag: Tag) -> str:
    """Read the first of an element's code words, in capitals; empty if it is absent."""
    return (_first_value(file, tag) or "").upper()


def _first_value(file: DicomFile, tag: Tag) -> str | None:
    element = file.find(tag)
    if element is None:
        return None
    first, *_ = element.value[: _LONGEST_NUMBER + 1].split(b"\\", 1)
    # What is longer than any number or word is cut, and then is neither.
    return first.decode("ascii", "replace").strip(" \0") or None


def read_text(file: DicomFile, tag: Tag) -> str | None:
    """Read free text, with what cannot be shown left out; None if nothing is left.

    Letters beyond ASCII are read as UTF-8 or else as Latin-1, which may misspell them, but
    always in the same way.
    """
    element = file.find(tag)
    if element is None:
        return None
    raw = element.value[: 4 * _LONGEST_TEXT]
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    shown = "".join(letter for letter in text if letter.isprintable())
    return shown.strip()[:_LONGEST_TEXT].rstrip() or None
