"""EXIF blocks, and the directory of tags that TIFF files share with them."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from hilum.errors import FilmCorruptError
from hilum.films.picture import UPRIGHT, corrupt_film

MAKER_TAG = 271
ORIENTATION_TAG = 274
_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_BIG_TYPE_BYTES = _TYPE_BYTES | {13: 8, 16: 8, 17: 8, 18: 8}
_SMALLEST_HEADER_BYTES = 8
_INTEGER_CODES = {1: "B", 3: "H", 4: "I", 16: "Q"}
_TEXT_TYPE = 2
_LONGEST_TEXT = 40


@dataclass(frozen=True)
class Entry:
    """One tag of a directory.

    Attributes:
        record: The entry's own bytes, as stored.
        values: The bytes of its values, or None if they lie outside the file's body.
        code: `struct` code of one value; None unless the values are unsigned integers.
        is_text: The values are letters.
    """

    record: bytes
    values: memoryview | None
    code: str | None
    is_text: bool


@dataclass(frozen=True)
class Directory:
    """One directory of tags, which describes one picture.

    Attributes:
        order: `<` or `>`, as `struct` writes the byte order.
        is_big: Offsets take 8 bytes (BigTIFF) rather than 4.
        entries: By tag number.
        next_offset: Where the next directory lies; 0 after the last.
    """

    order: str
    is_big: bool
    entries: Mapping[int, Entry]
    next_offset: int

    def integers(self, tag: int, default: tuple[int, ...] = ()) -> tuple[int, ...]:
        """Read a tag's values.

        Raises:
            FilmCorruptError: The file has the tag but not its values.
        """
        entry = self.entries.get(tag)
        if entry is None:
            return default
        if entry.values is None or entry.code is None:
            raise corrupt_film("A tag in the file's header cannot be read.")
        count = len(entry.values) // struct.calcsize(entry.code)
        return struct.unpack(f"{self.order}{count}{entry.code}", entry.values)

    def integer(self, tag: int, default: int | None = None) -> int:
        """Read a tag's first value.

        Raises:
            FilmCorruptError: The tag cannot be read, or is absent and has no default.
        """
        values = self.integers(tag)
        if values:
            return values[0]
        if default is None:
            raise corrupt_film("A tag that every film needs is missing from the file's header.")
        return default

    def text(self, tag: int) -> str | None:
        """Read a tag's text.

        Returns:
            At most 40 printable ASCII characters; None if the tag is absent, mangled
            or blank.
        """
        entry = self.entries.get(tag)
        if entry is None or entry.values is None or not entry.is_text:
            return None
        # More than needed, since some characters are left out.
        start, *_ = bytes(entry.values[: 4 * _LONGEST_TEXT]).split(b"\0", 1)
        letters = "".join(c for c in start.decode("ascii", "ignore") if c.isprintable())
        return letters.strip()[:_LONGEST_TEXT].rstrip() or None


@dataclass(frozen=True)
class ExifFacts:
    """What an EXIF block says of a film.

    Attributes:
        orientation: 1 to 8; 1 if the block does not say.
        maker: Maker of the device or the program; None if the block does not say.
    """

    orientation: int = UPRIGHT
    maker: str | None = None

    def or_else(self, other: ExifFacts) -> ExifFacts:
        """Fill in what another block of the same file says."""
        orientation = other.orientation if self.orientation == UPRIGHT else self.orientation
        return ExifFacts(orientation, self.maker or other.maker)


def read_directory(data: bytes, offset: int | None = None) -> Directory:
    """Read a directory of a TIFF file or an EXIF block.

    Args:
        data: The whole file or block, from its byte-order mark on.
        offset: Where the directory lies; None for the first one.

    Raises:
        FilmCorruptError: The directory lies outside the data, or is cut short.
    """
    order = "<" if data[:2] == b"II" else ">"
    try:
        is_big = struct.unpack_from(f"{order}H", data, 2)[0] == 43
        word, record_bytes, count_code = ("Q", 20, "Q") if is_big else ("I", 12, "H")
        if offset is None:
            offset = struct.unpack_from(order + word, data, 8 if is_big else 4)[0]
        (count,) = struct.unpack_from(order + count_code, data, offset)
        start = offset + struct.calcsize(order + count_code)
        end = start + count * record_bytes
        (next_offset,) = struct.unpack_from(order + word, data, end)
    except (struct.error, OverflowError) as error:
        raise corrupt_film("The file ends before its directory of tags.") from error
    entries: dict[int, Entry] = {}
    body = memoryview(data)  # a crafted directory may name the whole file many times over
    for position in range(start, end, record_bytes):
        tag, entry = _read_entry(body, data[position : position + record_bytes], order, is_big)
        entries.setdefault(tag, entry)
    return Directory(order, is_big, entries, next_offset)


def _read_entry(body: memoryview, record: bytes, order: str, is_big: bool) -> tuple[int, Entry]:
    tag, kind, count = struct.unpack_from(f"{order}HH{'Q' if is_big else 'I'}", record)
    inline_bytes = 8 if is_big else 4
    size = (_BIG_TYPE_BYTES if is_big else _TYPE_BYTES).get(kind, 0) * count
    values: memoryview | None = memoryview(record)[-inline_bytes:][:size]
    if size > inline_bytes:
        (offset,) = struct.unpack(order + ("Q" if is_big else "I"), record[-inline_bytes:])
        is_inside = offset >= _SMALLEST_HEADER_BYTES and offset + size <= len(body)
        values = body[offset : offset + size] if is_inside else None
    return tag, Entry(record, values, _INTEGER_CODES.get(kind), kind == _TEXT_TYPE)


def read_exif(block: bytes) -> ExifFacts:
    """Read an EXIF block; damaged blocks and tags say nothing.

    Args:
        block: From the byte-order mark on, without the leading `Exif`.
    """
    if block[:4] not in (b"II*\0", b"MM\0*"):
        return ExifFacts()
    try:
        tags = read_directory(block)
    except FilmCorruptError:
        return ExifFacts()
    try:
        orientation = tags.integer(ORIENTATION_TAG, UPRIGHT)
    except FilmCorruptError:
        orientation = UPRIGHT
    is_known = 1 <= orientation <= 8
    return ExifFacts(orientation if is_known else UPRIGHT, tags.text(MAKER_TAG))
