"""The structure of a DICOM file, walked with every length and every depth checked.

Only the few elements that a film needs are kept, as bytes; names, dates and notes are
passed over. Nothing is inflated, nothing recurses, and the elements are counted, so a
crafted file costs no more than a walk through it.

Source: DICOM PS3.5, sections 7 and A, and PS3.10, section 7.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from hilum.cohort.reading.dicom_file import AT_TOP, DicomFile, Element, Tag, damaged
from hilum.cohort.reading.dicom_syntaxes import Syntax, find_syntax

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
_TABLES = (Tag.MODALITY_TABLE, Tag.VOI_TABLE)
_WANTED = frozenset(Tag) - {*_TABLES}
_IN_TABLES = frozenset({Tag.TABLE_DESCRIPTOR, Tag.TABLE_DATA})


class _Level(NamedTuple):
    """Where the walk is: in a data set, in a sequence of them, or in bare fragments.

    Attributes:
        kind: `elements`, `items` or `fragments`.
        end: Where it ends; None if a delimiter tells.
        limit: What lies behind belongs to a level above.
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
        FilmDicomError: A length or a delimiter is wrong, something stands there twice,
            or the nesting is too deep.
        FilmCodecError: The file is deflated, or stored in a way that is not known.
    """
    if data[MARK_OFFSET : MARK_OFFSET + len(MARK)] != MARK:
        raise damaged("The file does not begin as a DICOM file does.")
    meta, position = _read_meta(data)
    syntax = find_syntax(_letters(meta.get(Tag.SYNTAX)))
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
    """Read the first group, which is stored in the same way in every file."""
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
    """One walk through the elements behind the first group."""

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
        """Tell a sequence; where types are not given, by the item that it begins with."""
        looks_like_one = self.data[body : body + 4] == b"\xfe\xff\0\xe0" and length >= 8
        return kind == "SQ" or (kind == "" and looks_like_one and tag not in _WANTED)

    def _enter_sequence(self, level: _Level, table: int, kind: str, length: int, body: int) -> None:
        if kind not in ("SQ", "UN", "", "OB", "OW"):
            raise damaged("A length is missing in the DICOM file.")
        end = None if length == _UNDEFINED else self._end(level, body, length)
        # What is of unknown type but has items stores them in the simplest way.
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
