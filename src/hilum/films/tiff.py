"""TIFF films. The places of all pixels are checked before a decoder runs.

tifffile reads plain samples of any depth; libtiff, through Pillow, reads the rest.
"""

from __future__ import annotations

import io
import math
import struct
import sys
import zlib
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from jaxtyping import Num, Shaped, UInt8
from PIL.TiffImagePlugin import TiffImageFile

from hilum.errors import FilmFramesError
from hilum.films.exif import MAKER_TAG, ORIENTATION_TAG, Directory, read_directory
from hilum.films.grey import grey_from_image, grey_from_samples
from hilum.films.jpeg import walk_jpeg
from hilum.films.picture import Encoding, FilmLimits, Picture, corrupt_film, unsupported_film

_UNCOMPRESSED = 1
_DEFLATE = (8, 32946)
_LZW, _JPEG, _PACK_BITS = 5, 7, 32773
_READ_COMPRESSIONS = (_UNCOMPRESSED, _LZW, _JPEG, *_DEFLATE, _PACK_BITS)
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_PALETTE = 3
_ALPHA = 2  # 1 is alpha that the colours have been multiplied with: on black already
_SUBFILE_TYPE = 254
_MOST_PAGES_LOOKED_AT = 16
_UNSIGNED, _SIGNED, _FLOAT = 1, 2, 3
_DEEP_MODES = ("I;16", "I;16B", "I", "F")


class _Tag(IntEnum):
    """The tags that pixels need. Source: TIFF 6.0 and its Technical Note 2."""

    WIDTH = 256
    HEIGHT = 257
    BITS = 258
    COMPRESSION = 259
    PHOTOMETRIC = 262
    FILL_ORDER = 266
    STRIP_OFFSETS = 273
    CHANNELS = 277
    ROWS_PER_STRIP = 278
    STRIP_BYTES = 279
    PLANAR = 284
    PREDICTOR = 317
    COLOUR_MAP = 320
    TILE_WIDTH = 322
    TILE_HEIGHT = 323
    TILE_OFFSETS = 324
    TILE_BYTES = 325
    EXTRA_SAMPLES = 338
    SAMPLE_FORMAT = 339
    JPEG_TABLES = 347
    SUBSAMPLING = 530


_LISTS = frozenset(
    {
        _Tag.BITS,
        _Tag.STRIP_OFFSETS,
        _Tag.STRIP_BYTES,
        _Tag.COLOUR_MAP,
        _Tag.TILE_OFFSETS,
        _Tag.TILE_BYTES,
        _Tag.EXTRA_SAMPLES,
        _Tag.SAMPLE_FORMAT,
        _Tag.SUBSAMPLING,
    }
)
"""Tags with several values; decoders warn about any other tag that has more than one."""

_KNOWN_VALUES = {
    _Tag.PHOTOMETRIC: {0, 1, 2, 3, 5, 6},
    _Tag.FILL_ORDER: {1, 2},
    _Tag.PLANAR: {1, 2},
    _Tag.PREDICTOR: {1, 2, 3},
    _Tag.EXTRA_SAMPLES: {0, 1, 2},
    _Tag.SAMPLE_FORMAT: {1, 2, 3, 4, 5, 6},
}


@dataclass(frozen=True)
class _Layout:
    """The one film of a TIFF file.

    Attributes:
        clean: The file with only the tags that the pixels need.
        width_px: Stored width.
        height_px: Stored height.
        bits: Of each sample; channels of different depth are refused.
        channels: Samples per pixel.
        sample_format: 1 unsigned, 2 signed, 3 floating point.
        compression: TIFF's number for it.
        photometric: 0 white is zero, 1 black is zero, 2 RGB, and others.
        is_planar: Each channel is a separate plane.
        predictor: 1 none, 2 differences, 3 floating-point differences.
        is_bit_reversed: The lowest bit of each byte comes first.
        has_alpha: The channel after the colours is opacity.
        orientation: 1 to 8, as in EXIF.
        maker: Maker of the device or the program; None if no tag says so.
    """

    clean: bytes
    width_px: int
    height_px: int
    bits: int
    channels: int
    sample_format: int
    compression: int
    photometric: int
    is_planar: bool
    predictor: int
    is_bit_reversed: bool
    has_alpha: bool
    orientation: int
    maker: str | None


def read_tiff(data: bytes, limits: FilmLimits) -> Picture:
    """Decode a TIFF film.

    Args:
        data: The whole file.
        limits: Most pixels allowed; checked from the tags.

    Raises:
        FilmCorruptError: Tags or pixels are missing or contradict each other.
        FilmFramesError: The file has several pages.
        FilmNonFiniteError: A floating-point sample is NaN or infinite.
        FilmTypeError: The compression or the kind of sample is not supported.
        FilmSizeError: The tags declare too many pixels.
    """
    layout = _read_layout(data, limits)
    if _is_plain(layout):
        grey, notes = grey_from_samples(
            _plain_samples(layout),
            is_colour=layout.photometric == _RGB,
            has_alpha=layout.has_alpha,
            is_white_zero=layout.photometric == _WHITE_IS_ZERO,
        )
    else:
        grey, notes = _grey_through_pillow(layout)
    encoding = Encoding(bits=layout.bits, channels=layout.channels, maker=layout.maker)
    size = (layout.width_px, layout.height_px)
    return Picture(grey, tuple(notes), *size, layout.orientation, encoding)


def _read_layout(data: bytes, limits: FilmLimits) -> _Layout:
    """Read and check what the tags say of the film.

    Args:
        data: The whole file.
        limits: Most pixels allowed.

    Raises:
        FilmCorruptError: Tags or pixels are missing or contradict each other.
        FilmFramesError: The file has several pages.
        FilmTypeError: The compression or the kind of sample is not supported.
        FilmSizeError: The tags declare too many pixels.
    """
    tags = _only_page(data)
    for tag in set(_Tag) & set(tags.entries) - {_Tag.JPEG_TABLES}:
        values = tags.integers(tag)
        is_known = set(values) <= _KNOWN_VALUES.get(tag, set(values))
        if not (values and is_known) or (len(values) > 1 and tag not in _LISTS):
            raise corrupt_film("The TIFF's tags contradict each other.")
    if _Tag.JPEG_TABLES in tags.entries and tags.entries[_Tag.JPEG_TABLES].values is None:
        raise corrupt_film("The file ends before the picture does.")
    width_px, height_px = tags.integer(_Tag.WIDTH), tags.integer(_Tag.HEIGHT)
    limits.check_picture(width_px, height_px)
    compression = tags.integer(_Tag.COMPRESSION, _UNCOMPRESSED)
    if compression not in _READ_COMPRESSIONS:
        raise unsupported_film("The film is a TIFF with a compression that is not read.")
    channels = tags.integer(_Tag.CHANNELS, 1)
    bits, sample_format = (
        set(tags.integers(_Tag.BITS, (1,))),
        set(tags.integers(_Tag.SAMPLE_FORMAT, (1,))),
    )
    if len(bits) != 1 or len(sample_format) != 1 or not 1 <= channels <= 6:
        raise unsupported_film("The film is a TIFF whose channels are not read.")
    photometric = tags.integer(_Tag.PHOTOMETRIC, _WHITE_IS_ZERO)
    colours = 3 if photometric == _RGB else 1
    extra = tags.integers(_Tag.EXTRA_SAMPLES)
    if photometric == _RGB and channels == 4 and not extra:
        extra = (_ALPHA,)
    layout = _Layout(
        clean=_without_metadata(data, tags),
        width_px=width_px,
        height_px=height_px,
        bits=bits.pop(),
        channels=channels,
        sample_format=sample_format.pop(),
        compression=compression,
        photometric=photometric,
        is_planar=tags.integer(_Tag.PLANAR, 1) == 2,
        predictor=tags.integer(_Tag.PREDICTOR, 1),
        is_bit_reversed=tags.integer(_Tag.FILL_ORDER, 1) == 2,
        has_alpha=channels > colours and extra[:1] == (_ALPHA,),
        orientation=tags.integer(ORIENTATION_TAG, 1) if ORIENTATION_TAG in tags.entries else 1,
        maker=tags.text(MAKER_TAG),
    )
    _check_segments(data, tags, layout, limits)
    return layout


def _only_page(data: bytes) -> Directory:
    pages, seen = [read_directory(data)], set[int]()
    while (offset := pages[-1].next_offset) and offset not in seen:
        if len(pages) == _MOST_PAGES_LOOKED_AT:
            break
        seen.add(offset)
        pages.append(read_directory(data, offset))
    # Bits 0 and 2 mark previews and masks.
    films = [page for page in pages if not page.integer(_SUBFILE_TYPE, 0) & 0b101]
    if len(films) > 1:
        raise FilmFramesError(
            f"The file holds {len(films)} pages or more.",
            fix="Export the page that is meant as a file of its own.",
        )
    return films[0] if films else pages[0]


def _without_metadata(data: bytes, tags: Directory) -> bytes:
    """Append a directory of the needed tags, and point the file's header to it.

    Single values are written anew in one plain form, so that all decoders read them alike.
    """
    form, integer_type = ("HHQQ", 16) if tags.is_big else ("HHII", 4)
    records = []
    needed = set(_Tag) & set(tags.entries)
    if tags.integer(_Tag.PHOTOMETRIC, _WHITE_IS_ZERO) != _PALETTE:
        needed.discard(_Tag.COLOUR_MAP)
    for tag in sorted(needed):
        if tag in _LISTS or tag == _Tag.JPEG_TABLES:
            records.append(tags.entries[tag].record)
            continue
        value = tags.integer(tag)
        if tag == _Tag.ROWS_PER_STRIP:
            value = min(value, tags.integer(_Tag.HEIGHT))
        records.append(struct.pack(tags.order + form, tag, integer_type, 1, value))
    padded = data + bytes(-len(data) % 8)
    word, count, header = ("Q", "Q", 8) if tags.is_big else ("I", "H", 4)
    pointer = struct.pack(tags.order + word, len(padded))
    directory = struct.pack(tags.order + count, len(records)) + b"".join(records) + bytes(8)
    return data[:header] + pointer + padded[header + len(pointer) :] + directory


def _check_segments(data: bytes, tags: Directory, layout: _Layout, limits: FilmLimits) -> None:
    """Check that every strip or tile lies in the file and holds its share of pixels."""
    planes = layout.channels if layout.is_planar else 1
    bits = layout.bits * layout.channels // planes
    if _Tag.TILE_OFFSETS in tags.entries:
        width, height = tags.integer(_Tag.TILE_WIDTH), tags.integer(_Tag.TILE_HEIGHT)
        limits.check_picture(width, height)
        across = math.ceil(layout.width_px / width)
        rows = [height] * (across * math.ceil(layout.height_px / height))
        offsets, sizes = tags.integers(_Tag.TILE_OFFSETS), tags.integers(_Tag.TILE_BYTES)
    else:
        width = layout.width_px
        height = min(tags.integer(_Tag.ROWS_PER_STRIP, layout.height_px), layout.height_px)
        if height == 0:
            raise corrupt_film("The TIFF's tags contradict each other.")
        rows = [height] * (layout.height_px // height)
        rows += [layout.height_px % height] if layout.height_px % height else []
        offsets, sizes = tags.integers(_Tag.STRIP_OFFSETS), tags.integers(_Tag.STRIP_BYTES)
    if not len(offsets) == len(sizes) == len(rows) * planes:
        raise corrupt_film("The film has not as many strips or tiles as its size needs.")
    row_bytes = math.ceil(width * bits / 8)
    for offset, size, its_rows in zip(offsets, sizes, rows * planes, strict=False):
        if not (offset and size) or offset + size > len(data):
            raise corrupt_film("The file ends before the picture does.")
        least, most = its_rows * row_bytes, height * row_bytes
        if layout.compression == _JPEG:
            _check_jpeg_ends(data[offset : offset + size], limits)
        if layout.compression in _DEFLATE:
            size = _inflated_bytes(data[offset : offset + size], most)
        elif layout.compression != _UNCOMPRESSED:
            continue
        if size < least or (layout.compression in _DEFLATE and size > most):
            raise corrupt_film("A strip or tile of the film is of the wrong size.")


def _check_jpeg_ends(segment: bytes, limits: FilmLimits) -> None:
    if not walk_jpeg(segment, limits).has_end:
        raise corrupt_film("A compressed strip or tile ends too early.")


def _inflated_bytes(segment: bytes, most: int) -> int:
    """Measure what a compressed segment holds, without unpacking far beyond `most`."""
    try:
        return len(zlib.decompressobj().decompress(segment, most + 1))
    except zlib.error as error:
        raise corrupt_film("A compressed strip or tile is damaged.") from error


def _is_plain(layout: _Layout) -> bool:
    depths = (16, 32, 64) if layout.sample_format == _FLOAT else (8, 16, 32, 64)
    return (
        layout.compression in (_UNCOMPRESSED, *_DEFLATE)
        and layout.photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB)
        and layout.sample_format in (_UNSIGNED, _SIGNED, _FLOAT)
        and layout.bits in depths
        and (layout.predictor == 1 or (layout.predictor == 2 and layout.sample_format != _FLOAT))
        and not layout.is_bit_reversed
    )


def _plain_samples(layout: _Layout) -> Shaped[np.ndarray, "height width channels"]:
    import tifffile  # only films of this kind need it

    with tifffile.TiffFile(io.BytesIO(layout.clean)) as file:
        samples: Any = file.pages.first.asarray(maxworkers=1)
    shape = (layout.height_px, layout.width_px)
    if layout.is_planar and layout.channels > 1:
        return np.moveaxis(samples.reshape(layout.channels, *shape), 0, -1)
    return np.asarray(samples.reshape(*shape, layout.channels))


def _grey_through_pillow(
    layout: _Layout,
) -> tuple[UInt8[np.ndarray, "height width"], list[str]]:
    if layout.sample_format == _SIGNED and layout.bits == 8:
        raise unsupported_film("The film is a compressed TIFF of signed bytes.")
    image = _open(layout)
    if layout.bits == 16 and image.mode == "RGB":
        samples = _deep_colour(layout)
        return grey_from_samples(samples, is_colour=True)
    image.load()
    grey, notes = grey_from_image(image)
    if layout.photometric == _WHITE_IS_ZERO:
        notes.append("white is zero, inverted")
        if image.mode in _DEEP_MODES:  # Pillow inverts the others itself
            grey = ~grey
    return grey, notes


def _open(layout: _Layout) -> TiffImageFile:
    try:
        return TiffImageFile(io.BytesIO(layout.clean))
    except Exception as error:
        raise unsupported_film("The film is a TIFF of a kind that is not read.") from error


def _deep_colour(layout: _Layout) -> Num[np.ndarray, "height width channels"]:
    """Read all 16 bits per channel, of which Pillow keeps only the upper eight.

    Read once in the right byte order and once in the wrong one, the upper eight
    are first the high and then the low byte of each sample.
    """
    high, low = ("L", "B") if sys.byteorder == "little" else ("B", "L")
    halves = []
    for order in (high, low):
        image = _open(layout)
        (tile,) = image.tile
        assert isinstance(tile.args, tuple)
        image.tile = [tile._replace(args=(f"RGB;16{order}", *tile.args[1:]))]
        image.load()
        halves.append(np.asarray(image).astype(np.uint16))
    return halves[0] << 8 | halves[1]
