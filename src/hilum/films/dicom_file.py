"""DICOM files: their structure, with every length and depth checked, and their values.

Only the few elements that a film needs are kept, as bytes; names, dates and notes are skipped.
Nothing is inflated, nothing recurses, and elements are counted, so a crafted file costs no more
than a walk through it. Decimal numbers are written in letters and follow the standard's grammar
alone: `nan`, `1_0` or `1e400`, which other readers accept, would bend grey levels unnoticed.

Source: DICOM PS3.5, sections 6.2, 7 and A; PS3.10, section 7.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from hilum.errors import FilmCodecError, FilmDicomError, FilmTagValueError

_ROOT = "1.2.840.10008.1.2"

_NAMES = {
    f"{_ROOT}.1.98": "Encapsulated Uncompressed",
    f"{_ROOT}.1.99": "Deflated",
    f"{_ROOT}.4.50": "JPEG Baseline",
    f"{_ROOT}.4.51": "JPEG Extended",
    f"{_ROOT}.4.57": "JPEG Lossless",
    f"{_ROOT}.4.70": "JPEG Lossless, first-order prediction",
    f"{_ROOT}.4.80": "JPEG-LS Lossless",
    f"{_ROOT}.4.81": "JPEG-LS Near-lossless",
    f"{_ROOT}.4.90": "JPEG 2000 Lossless",
    f"{_ROOT}.4.91": "JPEG 2000",
    f"{_ROOT}.4.92": "JPEG 2000 Multi-component Lossless",
    f"{_ROOT}.4.93": "JPEG 2000 Multi-component",
    f"{_ROOT}.4.201": "HTJ2K Lossless",
    f"{_ROOT}.4.202": "HTJ2K Lossless RPCL",
    f"{_ROOT}.4.203": "HTJ2K",
    f"{_ROOT}.5": "RLE Lossless",
}

_DEFLATED = re.compile(r"1\.2\.840\.10008\.1\.2\.1\.99|1\.2\.840\.10008\.1\.2\.4\.95")

_UNCOMPRESS = (
    "Decompress it in the archive or with a tool such as gdcmconv --raw, or export the film as "
    "PNG, without annotations burnt in."
)

AT_TOP = 0
"""In place of a table: the element belongs to the film itself."""

MARK = b"DICM"
MARK_OFFSET = 128

DEEPEST = 100
"""Sequences within sequences; real films have at most a handful."""

_MOST_ELEMENTS = 20_000
"""Real films have hundreds."""

_MOST_META_ELEMENTS = 1000
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD

_LONG_KINDS = frozenset(
    {"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"}
)  # fmt: skip

_SHORT_KINDS = frozenset(
    {"AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "PN", "SH", "SL",
     "SS", "ST", "TM", "UI", "UL", "US"}
)  # fmt: skip

_OVERLAY_GROUPS = range(0x6000, 0x6020, 2)

_LARGEST, _SMALLEST = 1e12, 1e-12
"""Bounds of the sizes of numbers that make sense in a film's file; zero does too."""

_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,12}", re.ASCII)
_LONGEST_NUMBER = 64
_LONGEST_TEXT = 64


@dataclass(frozen=True)
class Syntax:
    """How a DICOM file stores values and pixels.

    Attributes:
        name: In the standard's words.
        is_explicit: Elements give their types.
        order: Byte order, as `struct` writes it.
        is_compressed: The pixels need a decoder.
    """

    name: str
    is_explicit: bool = True
    order: str = "<"
    is_compressed: bool = False

    def check_is_read(self) -> None:
        """Refuse compressed pixels.

        Raises:
            FilmCodecError: The pixels are compressed.
        """
        if self.is_compressed:
            raise _unread(f"The DICOM film is compressed: {self.name}.")


_UNCOMPRESSED = {
    _ROOT: Syntax("Implicit VR Little Endian", is_explicit=False),
    f"{_ROOT}.1": Syntax("Explicit VR Little Endian"),
    f"{_ROOT}.2": Syntax("Explicit VR Big Endian", order=">"),
}


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


_TABLES = (Tag.MODALITY_TABLE, Tag.VOI_TABLE)
_WANTED = frozenset(Tag) - {*_TABLES}
_IN_TABLES = frozenset({Tag.TABLE_DESCRIPTOR, Tag.TABLE_DATA})


class Element(NamedTuple):
    """One element: its type, empty where the file gives none, and its bytes."""

    kind: str
    value: bytes


@dataclass(frozen=True)
class DicomFile:
    """What a film needs of its DICOM file.

    Attributes:
        syntax: How values and pixels are stored.
        elements: By tag, and by the table that they belong to, or 0.
        tables: The tables that the file has, empty ones included.
        pixels: The pixels as stored; None without pixels, empty if compressed.
        pixel_kind: Their type, where the file gives it.
        has_overlay: The file has drawings in separate planes.
    """

    syntax: Syntax
    elements: Mapping[tuple[int, int], Element]
    tables: frozenset[int]
    pixels: memoryview | None
    pixel_kind: str
    has_overlay: bool

    def find(self, tag: Tag, table: int = AT_TOP) -> Element | None:
        """Find an element; None if it is absent or empty."""
        element = self.elements.get((table, tag))
        return element if element is not None and element.value else None


class _Level(NamedTuple):
    """Where the walk is: in a data set, in a sequence of them, or in bare fragments.

    Attributes:
        kind: `elements`, `items` or `fragments`.
        end: Where it ends; None if a delimiter ends it.
        limit: Where the level above ends.
        is_explicit: Elements give their types.
        order: Byte order, as `struct` writes it.
        table: The table whose first item this is or will be; 0 elsewhere.
    """

    kind: str
    end: int | None
    limit: int
    is_explicit: bool
    order: str
    table: int = AT_TOP


def read_elements(data: bytes) -> DicomFile:
    """Walk a DICOM file up to its pixels.

    Args:
        data: The whole file, from its preamble on.

    Raises:
        FilmDicomError: A length or a delimiter is wrong, an element occurs twice, or the
            nesting is too deep.
        FilmCodecError: The file is deflated, or its syntax is unknown.
    """
    if data[MARK_OFFSET : MARK_OFFSET + len(MARK)] != MARK:
        raise damaged("The file does not begin as a DICOM file does.")
    meta, position = _read_meta(data)
    syntax = _find_syntax(_letters(meta.get(Tag.SYNTAX)))
    if syntax is None:
        raise damaged("The DICOM file does not say how its values are stored.")
    found = _Walk(data, position, syntax)
    found.go()
    elements = {(AT_TOP, tag): element for tag, element in meta.items()} | found.elements
    tables = frozenset(found.tables)
    return DicomFile(syntax, elements, tables, found.pixels, found.pixel_kind, found.has_overlay)


def _letters(element: Element | None) -> str:
    return "" if element is None else element.value.decode("ascii", "replace").strip(" \0")


def _read_meta(data: bytes) -> tuple[dict[int, Element], int]:
    """Read the first group, which every file stores in the same way."""
    position = MARK_OFFSET + len(MARK)
    meta: dict[int, Element] = {}
    for _ in range(_MOST_META_ELEMENTS):
        if data[position : position + 2] != b"\2\0":
            return meta, position
        tag, kind, length, body = _read_head(data, position, "<", is_explicit=True)
        position = body + length
        if position > len(data):
            raise damaged("A length in the DICOM file leads beyond its end.")
        if tag in _WANTED:
            meta[tag] = Element(kind, data[body:position])
    raise damaged("The DICOM file's first group does not end.")


def _read_head(
    data: bytes, position: int, order: str, *, is_explicit: bool
) -> tuple[int, str, int, int]:
    """Read an element's tag, type and length, and where its value begins."""
    if position + 8 > len(data):
        raise damaged("The DICOM file ends within an element.")
    group, number = struct.unpack_from(f"{order}HH", data, position)
    tag = group << 16 | number
    if not is_explicit or group == 0xFFFE:
        return tag, "", struct.unpack_from(f"{order}I", data, position + 4)[0], position + 8
    kind = data[position + 4 : position + 6].decode("latin-1")
    if kind in _SHORT_KINDS:
        return tag, kind, struct.unpack_from(f"{order}H", data, position + 6)[0], position + 8
    if kind not in _LONG_KINDS:
        raise damaged("An element of the DICOM file is of no known type.")
    if position + 12 > len(data):
        raise damaged("The DICOM file ends within an element.")
    return tag, kind, struct.unpack_from(f"{order}I", data, position + 8)[0], position + 12


class _Walk:
    """One walk through the elements after the first group."""

    def __init__(self, data: bytes, position: int, syntax: Syntax) -> None:
        self.data = data
        self.position = position
        self.elements: dict[tuple[int, int], Element] = {}
        self.tables: set[int] = set()
        self.pixels: memoryview | None = None
        self.pixel_kind = ""
        self.has_overlay = False
        end = len(data)
        self._levels = [_Level("elements", end, end, syntax.is_explicit, syntax.order)]

    def go(self) -> None:
        """Walk until the pixels, or the end."""
        for _ in range(_MOST_ELEMENTS):
            while self._levels and self.position == self._levels[-1].end:
                self._levels.pop()
            if not self._levels or self.pixels is not None:
                return
            level = self._levels[-1]
            tag, kind, length, body = _read_head(
                self.data, self.position, level.order, is_explicit=level.is_explicit
            )
            if level.kind == "elements":
                self._take_element(level, tag, kind, length, body)
            else:
                self._take_item(level, tag, length, body)
        raise damaged("The DICOM file has more elements than a film's.")

    def _take_element(self, level: _Level, tag: int, kind: str, length: int, body: int) -> None:
        if tag == _ITEM_END and level.end is None:
            self._levels.pop()
            self.position = body
            return
        if tag >> 16 == 0xFFFE:
            raise damaged("A delimiter in the DICOM file is out of place.")
        is_top = len(self._levels) == 1
        if is_top and tag == Tag.PIXELS:
            is_compressed = length == _UNDEFINED
            end = body if is_compressed else self._end(level, body, length)
            self.pixels, self.pixel_kind = memoryview(self.data)[body:end], kind
            return
        table = tag if is_top and tag in _TABLES else AT_TOP
        if table:
            if table in self.tables:
                raise damaged("The DICOM file says something twice.")
            self.tables.add(table)
        if length == _UNDEFINED or self._holds_items(tag, kind, length, body):
            self._enter_sequence(level, table, kind, length, body)
            return
        self.position = self._end(level, body, length)
        if is_top:
            self.has_overlay |= tag >> 16 in _OVERLAY_GROUPS
        if tag in (_WANTED if is_top else _IN_TABLES if level.table else ()):
            key = (level.table, tag)
            if key in self.elements:
                raise damaged("The DICOM file says something twice.")
            self.elements[key] = Element(kind, self.data[body : self.position])

    def _holds_items(self, tag: int, kind: str, length: int, body: int) -> bool:
        """Tell whether an element is a sequence; without a type, by its first item."""
        looks_like_one = self.data[body : body + 4] == b"\xfe\xff\0\xe0" and length >= 8
        return kind == "SQ" or (kind == "" and looks_like_one and tag not in _WANTED)

    def _enter_sequence(self, level: _Level, table: int, kind: str, length: int, body: int) -> None:
        if kind not in ("SQ", "UN", "", "OB", "OW"):
            raise damaged("A length is missing in the DICOM file.")
        end = None if length == _UNDEFINED else self._end(level, body, length)
        # A sequence of unknown type stores its items in the simplest way.
        is_plain = kind in ("UN", "")
        below = _Level(
            "fragments" if kind in ("OB", "OW") else "items",
            end,
            level.limit if end is None else end,
            level.is_explicit and not is_plain,
            "<" if is_plain else level.order,
            table,
        )
        self._enter(below, body)

    def _take_item(self, level: _Level, tag: int, length: int, body: int) -> None:
        if tag == _SEQUENCE_END and level.end is None:
            self._levels.pop()
            self.position = body
            return
        if tag != _ITEM:
            raise damaged("A sequence in the DICOM file holds something else than items.")
        end = None if length == _UNDEFINED else self._end(level, body, length)
        if level.kind == "fragments":
            if end is None:
                raise damaged("A length is missing in the DICOM file.")
            self.position = end
            return
        # Only a table's first item counts.
        self._levels[-1] = level._replace(table=AT_TOP)
        limit = level.limit if end is None else end
        self._enter(level._replace(kind="elements", end=end, limit=limit), body)

    def _enter(self, level: _Level, body: int) -> None:
        if len(self._levels) > 2 * DEEPEST:
            raise damaged("The DICOM file nests its sequences too deeply.")
        self._levels.append(level)
        self.position = body

    def _end(self, level: _Level, body: int, length: int) -> int:
        end = body + length
        if length == _UNDEFINED or end > level.limit:
            raise damaged("A length in the DICOM file leads beyond its end.")
        return end


def _find_syntax(uid: str) -> Syntax | None:
    """Find the syntax of a UID; None if that is empty.

    Raises:
        FilmCodecError: The whole file is deflated, or its syntax is unknown, so that even its
            elements cannot be read.
    """
    if not uid or uid in _UNCOMPRESSED:
        return _UNCOMPRESSED.get(uid)
    if _DEFLATED.fullmatch(uid):
        raise _unread(f"The DICOM file is compressed: {_NAMES.get(uid, 'Deflated')}.")
    if not re.fullmatch(r"1\.2\.840\.10008\.1\.2\.[0-9.]{1,40}", uid):
        raise _unread("The DICOM file is stored in a way of its maker's own.")
    is_video = re.fullmatch(r"1\.2\.840\.10008\.1\.2\.4\.10\d(\.1)?", uid)
    return Syntax(
        _NAMES.get(uid, "a video" if is_video else "in a way that is not known"),
        is_compressed=True,
    )


def _unread(message: str) -> FilmCodecError:
    return FilmCodecError(message, fix=_UNCOMPRESS)


def damaged(message: str) -> FilmDicomError:
    """Make the error for a damaged DICOM file."""
    return FilmDicomError(
        message, fix="Fetch the film again from its archive, or export it as PNG from there."
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
        FilmDicomError: The letters are not a whole number.
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
        FilmTagValueError: It is not a number, not finite, or out of bounds.
    """
    letters = _first_value(file, tag)
    if letters is None:
        return None
    number = float(letters) if _DECIMAL.fullmatch(letters) else None
    if number is None or not (number == 0 or _SMALLEST <= abs(number) <= _LARGEST):
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
    # Longer values are cut; they are then neither numbers nor words.
    return first.decode("ascii", "replace").strip(" \0") or None


def read_text(file: DicomFile, tag: Tag) -> str | None:
    """Read the printable letters of a text; None if none are left.

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


def senseless(message: str) -> FilmTagValueError:
    """Make the error for values that make no sense."""
    return FilmTagValueError(
        message, fix="Export the film again from its archive, or as PNG with its grey levels set."
    )
