"""PNG films. Every checksum is verified; text, profiles and times stay packed."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Num, UInt8
from PIL.PngImagePlugin import PngImageFile

from hilum.errors import FilmFramesError
from hilum.films.exif import ExifFacts, read_exif
from hilum.films.grey import grey_from_image, grey_from_samples
from hilum.films.picture import Encoding, FilmLimits, Picture, corrupt_film

_SIGNATURE_BYTES = 8
_GREY, _RGB, _PALETTE, _GREY_ALPHA, _RGB_ALPHA = 0, 2, 3, 4, 6

_DEPTHS = {
    _GREY: (1, 2, 4, 8, 16),
    _RGB: (8, 16),
    _PALETTE: (1, 2, 4, 8),
    _GREY_ALPHA: (8, 16),
    _RGB_ALPHA: (8, 16),
}

_CHANNELS = {_GREY: 1, _RGB: 3, _PALETTE: 1, _GREY_ALPHA: 2, _RGB_ALPHA: 4}

# First column and row, and steps across and down, of the seven passes of Adam7.
_PASSES = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)

_INFLATED_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class _Chunks:
    """The parts of a PNG file that a film needs.

    Attributes:
        essential: A PNG file without metadata.
        compressed: The pixels, in as many pieces as the file has them.
        transparent: Content of the tRNS chunk; empty without one.
    """

    essential: bytes
    compressed: tuple[memoryview, ...]
    width_px: int
    height_px: int
    bits: int
    colour_type: int
    is_interlaced: bool
    transparent: bytes
    exif: ExifFacts

    @property
    def channels(self) -> int:
        """Samples per pixel; a palette's index is one."""
        return _CHANNELS[self.colour_type]


def read_png(data: bytes, limits: FilmLimits) -> Picture:
    """Decode a PNG film.

    Args:
        data: The whole file.
        limits: Most pixels allowed; checked from the header.

    Raises:
        FilmCorruptError: A checksum is wrong, or the file is cut short.
        FilmFramesError: It is an animation.
        FilmSizeError: The header declares too many pixels.
    """
    chunks = _walk(data, limits)
    if chunks.bits == 16 and chunks.colour_type != _GREY:
        grey, notes = _grey_from_deep_colour(chunks)
    else:
        image = _load(chunks)
        grey, notes = grey_from_image(image)
        if chunks.transparent and chunks.colour_type in (_GREY, _RGB):
            grey = np.where(_is_transparent(np.asarray(image), chunks), np.uint8(0), grey)
            notes.append("transparency laid on black")
    encoding = Encoding(
        bits=chunks.bits,
        channels=chunks.channels,
        is_progressive=chunks.is_interlaced,
        maker=chunks.exif.maker,
    )
    size = (chunks.width_px, chunks.height_px)
    return Picture(grey, tuple(notes), *size, chunks.exif.orientation, encoding)


def _walk(data: bytes, limits: FilmLimits) -> _Chunks:
    essential, compressed = [data[:_SIGNATURE_BYTES]], []
    header = transparent = b""
    exif = ExifFacts()
    names: set[bytes] = set()
    position, name = _SIGNATURE_BYTES, b""
    while name != b"IEND":
        length, name = _chunk_head(data, position)
        body, end = position + 8, position + 12 + length
        if end > len(data):
            raise corrupt_film("The file ends before the picture does.")
        if zlib.crc32(memoryview(data)[position + 4 : end - 4]) != _checksum(data, end - 4):
            raise corrupt_film("A checksum in the file is wrong, so its content was changed.")
        if not names:
            header = _checked_header(name, data[body : end - 4], limits)
        if name == b"acTL" and length >= 4 and data[body : body + 4] > b"\0\0\0\1":
            raise FilmFramesError(
                "The file is an animation of several pictures.",
                fix="Export the film that is meant as a PNG of its own.",
            )
        if name == b"eXIf":
            exif = read_exif(data[body : end - 4])
        elif name == b"tRNS":
            transparent = data[body : end - 4]
        is_critical = not name[0] & 0x20
        if is_critical and name not in (b"IHDR", b"PLTE", b"IDAT", b"IEND"):
            raise corrupt_film("The file needs an extension of PNG that is not known.")
        if name == b"IDAT":
            compressed.append(memoryview(data)[body : end - 4])
        if is_critical or (name == b"tRNS" and header[9] == _PALETTE):
            essential.append(data[position:end])
        names.add(name)
        position = end
    if b"IDAT" not in names or (header[9] == _PALETTE and b"PLTE" not in names):
        raise corrupt_film("The file holds no pixels, or no palette for them.")
    width_px, height_px, bits, colour_type = struct.unpack(">IIBB", header[:10])
    return _Chunks(
        essential=b"".join(essential),
        compressed=tuple(compressed),
        width_px=width_px,
        height_px=height_px,
        bits=bits,
        colour_type=colour_type,
        is_interlaced=header[12] == 1,
        transparent=transparent,
        exif=exif,
    )


def _chunk_head(data: bytes, position: int) -> tuple[int, bytes]:
    if position + 8 > len(data):
        raise corrupt_film("The file ends before the picture does.")
    length, name = struct.unpack_from(">I4s", data, position)
    return length, name


def _checksum(data: bytes, position: int) -> int:
    return int.from_bytes(data[position : position + 4], "big")


def _checked_header(name: bytes, header: bytes, limits: FilmLimits) -> bytes:
    if name != b"IHDR" or len(header) != 13:
        raise corrupt_film("The file does not begin with a PNG header.")
    width_px, height_px, bits, colour_type, *methods = struct.unpack(">IIBBBBB", header)
    if bits not in _DEPTHS.get(colour_type, ()) or methods[:2] != [0, 0] or methods[2] > 1:
        raise corrupt_film("The PNG header contradicts itself.")
    limits.check_picture(width_px, height_px)
    return header


def _is_transparent(
    pixels: Num[np.ndarray, "height width *channels"], chunks: _Chunks
) -> Bool[np.ndarray, "height width"]:
    """Find the pixels of the colour that the film declares as transparent."""
    channels = 1 if chunks.colour_type == _GREY else 3
    if len(chunks.transparent) < 2 * channels:
        raise corrupt_film("The PNG's transparent colour is incomplete.")
    key = np.frombuffer(chunks.transparent, ">u2", channels).astype(np.int64)
    if chunks.bits < 8:  # Pillow has spread these over 0 to 255, or to False and True
        key = key * (1 if chunks.bits == 1 else 255 // (2**chunks.bits - 1))
    is_key: Bool[np.ndarray, "height width"]
    is_key = np.all(pixels.reshape(*pixels.shape[:2], channels) == key, axis=-1)
    return is_key


def _grey_from_deep_colour(chunks: _Chunks) -> tuple[UInt8[np.ndarray, "height width"], list[str]]:
    """Read 16 bits per channel, of which Pillow keeps only the upper eight.

    Read once in the right byte order and once in the wrong one, the upper eight
    are first the high and then the low byte of each sample.
    """
    if chunks.colour_type == _GREY_ALPHA:
        pairs = _unpack(chunks, "RGBA").astype(np.uint16)  # high, low, high, low
        samples = pairs[..., 0::2] << 8 | pairs[..., 1::2]
        return grey_from_samples(samples, has_alpha=True)
    mode = "RGB" if chunks.colour_type == _RGB else "RGBA"
    high, low = _unpack(chunks, f"{mode};16B"), _unpack(chunks, f"{mode};16L")
    samples = high.astype(np.uint16) << 8 | low
    grey, notes = grey_from_samples(samples, is_colour=True, has_alpha=mode == "RGBA")
    if chunks.transparent and mode == "RGB":
        grey = np.where(_is_transparent(samples, chunks), np.uint8(0), grey)
        notes.append("transparency laid on black")
    return grey, notes


def _unpack(chunks: _Chunks, layout: str) -> UInt8[np.ndarray, "height width channels"]:
    return np.asarray(_load(chunks, layout))


def _load(chunks: _Chunks, layout: str | None = None) -> PngImageFile:
    """Decode the pixels, in Pillow's own memory layout unless another is given.

    Raises:
        FilmCorruptError: The compressed rows end early; Pillow would leave the rest black.
    """
    image = PngImageFile(io.BytesIO(chunks.essential))
    if layout:
        image.tile = [tile._replace(args=layout) for tile in image.tile]
    image.load()
    last_row = image.crop((0, chunks.height_px - 1, chunks.width_px, chunks.height_px))
    if chunks.is_interlaced or not np.asarray(last_row).any():
        _check_all_rows_are_there(chunks)
    return image


def _check_all_rows_are_there(chunks: _Chunks) -> None:
    missing = 0
    for left, top, across, down in _PASSES if chunks.is_interlaced else ((0, 0, 1, 1),):
        columns = -(-(chunks.width_px - left) // across)
        rows = -(-(chunks.height_px - top) // down)
        if columns > 0:
            missing += max(rows, 0) * (1 + -(-columns * chunks.channels * chunks.bits // 8))
    inflater = zlib.decompressobj()
    for piece in chunks.compressed:
        rest: bytes | memoryview = piece
        while missing > 0 and rest and not inflater.eof:
            missing -= len(inflater.decompress(rest, _INFLATED_AT_ONCE))
            rest = inflater.unconsumed_tail
    if missing > len(inflater.flush()):
        raise corrupt_film("The picture ends before its last row.")
