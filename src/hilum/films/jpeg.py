"""JPEG films: whole pictures only, decoded at no larger scale than needed.

JPEG has no checksum, and decoders fill missing pixels with grey. So the markers are walked first.
Where the decoder could have filled the end, the picture is decoded once more with other bytes
after its data: a whole picture ignores them.
"""

from __future__ import annotations

import io
import math
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from hilum.films.exif import ExifFacts, read_exif
from hilum.films.grey import grey_from_image
from hilum.films.picture import Encoding, FilmLimits, Picture, corrupt_film, unsupported_film

_SOI, _EOI, _SOS, _DRI, _DQT, _DHT, _DNL = 0xD8, 0xD9, 0xDA, 0xDD, 0xDB, 0xC4, 0xDC
_JFIF, _EXIF, _MULTI_PICTURE, _ADOBE, _COMMENT = 0xE0, 0xE1, 0xE2, 0xEE, 0xFE
_RESTARTS = bytes(range(0xD0, 0xD8))
_PROGRESSIVE = 0xC2
_FRAMES = {0xC0, 0xC1, _PROGRESSIVE}
_OTHER_FRAMES = {0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF, 0xDE}
_WITHOUT_CONTENT = {0x01, _SOI, *_RESTARTS}
_AFTER_A_SCAN = {_SOS, _EOI, _DHT, _DQT, _DRI, _DNL, _COMMENT, *range(0xE0, 0xF0)}
_RGB_IDS = (ord("R"), ord("G"), ord("B"))
_START = b"\xff\xd8\xff"
_MARKER = re.compile(rb"\xff([^\x00\xff])")
_SCAN_END = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
_RESTART = re.compile(rb"\xff([\xd0-\xd7])")
_MOST_SCANS = 100
_END = b"\xff\xd9"
_OTHER_TAIL = b"\x55\x92\x6d" * 16

_FILLED = 128
"""Level that decoders give to missing pixels: coefficients of zero, hence mid-grey."""


@dataclass(frozen=True)
class JpegFrame:
    """What the header of a JPEG declares.

    Attributes:
        width_px: Stored width.
        height_px: Stored height.
        sampling: Horizontal and vertical sampling factor of each channel, by its id.
        is_progressive: Later scans refine earlier ones.
    """

    width_px: int
    height_px: int
    sampling: Mapping[int, tuple[int, int]]
    is_progressive: bool

    def units(self, channels: Sequence[int]) -> int:
        """Count the coded units of a scan over `channels`; a single channel counts its blocks."""
        widest = max(across for across, _ in self.sampling.values())
        tallest = max(down for _, down in self.sampling.values())
        across, down = self.sampling[channels[0]] if len(channels) == 1 else (1, 1)
        columns = math.ceil(math.ceil(self.width_px * across / widest) / 8)
        rows = math.ceil(math.ceil(self.height_px * down / tallest) / 8)
        return columns * rows


@dataclass(frozen=True)
class JpegParts:
    """A whole JPEG without its metadata.

    Attributes:
        frame: The header.
        parts: Segments and scans that decode to the picture, from the start mark on, without
            the end mark.
        scans: Which of `parts` are compressed pixels.
        has_end: The file has its end mark.
        has_more_pictures: Further pictures follow the first.
        is_stored_as_rgb: The channels are red, green and blue, as libjpeg judges.
        quantisation: Mean of the first quantisation table; None without a whole one.
        exif: What the EXIF blocks say.
    """

    frame: JpegFrame
    parts: tuple[bytes, ...]
    scans: frozenset[int]
    has_end: bool
    has_more_pictures: bool
    is_stored_as_rgb: bool
    quantisation: float | None
    exif: ExifFacts


def read_jpeg(data: bytes, limits: FilmLimits, at_least_px: int | None = None) -> Picture:
    """Decode a JPEG film.

    Args:
        data: The whole file.
        limits: Most pixels allowed; checked from the header.
        at_least_px: Decode at a half, a quarter or an eighth of the size, as long as both
            sides keep twice this length. None decodes every pixel; only then are colour
            pictures noticed.

    Raises:
        FilmCorruptError: Pixels are missing.
        FilmTypeError: It is lossless, arithmetic-coded, of 12 bits or hierarchical.
        FilmSizeError: The header declares too many pixels.
    """
    jpeg = walk_jpeg(data, limits)
    image = _decode(jpeg, b"", at_least_px)
    if _may_be_filled_up(jpeg, image):
        other = _decode(jpeg, _OTHER_TAIL, at_least_px)
        if not np.array_equal(np.asarray(image), np.asarray(other)):
            raise corrupt_film("Some of the compressed pixels are missing.")
    grey, notes = grey_from_image(image)
    if not jpeg.has_end:
        notes.append("end mark missing, picture whole")
    if jpeg.has_more_pictures:
        notes.append("several pictures in the file, the first one read")
    frame = jpeg.frame
    encoding = Encoding(
        bits=8,  # others are refused at the header
        channels=len(frame.sampling),
        quantisation=jpeg.quantisation,
        is_progressive=frame.is_progressive,
        maker=jpeg.exif.maker,
    )
    orientation = jpeg.exif.orientation
    return Picture(grey, tuple(notes), frame.width_px, frame.height_px, orientation, encoding)


def _decode(jpeg: JpegParts, tail: bytes, at_least_px: int | None) -> Image.Image:
    parts = [part + tail if k in jpeg.scans else part for k, part in enumerate(jpeg.parts)]
    image = JpegImageFile(io.BytesIO(b"".join((*parts, _END))))
    # Grey is the luma channel itself, with or without the colours beside it.
    is_whole_colour = at_least_px is None and not jpeg.is_stored_as_rgb
    size = None if at_least_px is None else (2 * at_least_px, 2 * at_least_px)
    image.draft("YCbCr" if is_whole_colour else "L", size)
    image.load()
    return image


def _may_be_filled_up(jpeg: JpegParts, image: Image.Image) -> bool:
    """Tell whether the decoder could have filled the end of the picture."""
    if not jpeg.has_end and jpeg.frame.is_progressive:
        raise corrupt_film("The file ends before the picture does.")
    if not jpeg.has_end or jpeg.frame.is_progressive or len(jpeg.scans) > 1 or image.mode == "CMYK":
        return True
    last = image.getpixel((image.width - 1, image.height - 1))
    return (last[0] if isinstance(last, tuple) else last) == _FILLED


def walk_jpeg(data: bytes, limits: FilmLimits) -> JpegParts:
    """Take a JPEG file apart.

    Args:
        data: The whole file.
        limits: Most pixels allowed; checked at the header.

    Raises:
        FilmCorruptError: The file is cut short, or a mark is out of place.
        FilmTypeError: It is lossless, arithmetic-coded, of 12 bits or hierarchical.
        FilmSizeError: The header declares too many pixels.
    """
    walk = _Walk(data, limits)
    position, has_end = 2, False
    while marker := _MARKER.search(data, position):
        code, position = marker[1][0], marker.end()
        if code == _EOI:
            has_end = True
            break
        if code not in _WITHOUT_CONTENT:
            position = walk.take(code, marker.start(), position)
    frame = walk.frame
    if frame is None or walk.scanned != set(frame.sampling):
        raise corrupt_film("The file ends before the picture does.")
    return JpegParts(
        frame=frame,
        parts=tuple(walk.parts),
        scans=frozenset(walk.scans),
        has_end=has_end,
        has_more_pictures=walk.has_more_pictures or data.find(_START, position) >= 0,
        is_stored_as_rgb=walk.is_stored_as_rgb(frame),
        quantisation=walk.quantisation,
        exif=walk.exif,
    )


class _Walk:
    """State of a walk through the markers."""

    def __init__(self, data: bytes, limits: FilmLimits) -> None:
        self.data = data
        self.limits = limits
        self.frame: JpegFrame | None = None
        self.parts = [b"\xff\xd8"]
        self.scans: list[int] = []
        self.scanned: set[int] = set()
        self.has_more_pictures = False
        self.quantisation: float | None = None
        self.exif = ExifFacts()
        self._restart_interval = 0
        self._is_jfif = False
        self._adobe_transform: int | None = None

    def take(self, code: int, start: int, position: int) -> int:
        """Take the segment whose length stands at `position`; return where it ends."""
        end = position + int.from_bytes(self.data[position : position + 2], "big")
        if not position + 2 <= end <= len(self.data):
            raise corrupt_film("The file ends before the picture does.")
        content = self.data[position + 2 : end]
        is_needed = code in (_DQT, _DHT, _DRI)
        if code in _OTHER_FRAMES:
            raise unsupported_film("The film is a lossless, arithmetic or hierarchical JPEG.")
        if code in _FRAMES:
            self._take_frame(content, is_progressive=code == _PROGRESSIVE)
            is_needed = True
        elif code == _DRI:
            self._restart_interval = int.from_bytes(content[:2], "big")
        elif code == _JFIF and content[:5] == b"JFIF\0" and len(content) >= 14:
            self._is_jfif = is_needed = True
        elif code == _ADOBE and content[:5] == b"Adobe" and len(content) >= 12:
            self._adobe_transform = content[11]
            is_needed = True
        elif code == _EXIF and content[:6] == b"Exif\0\0":
            self.exif = self.exif.or_else(read_exif(content[6:]))
        elif code == _DQT and self.quantisation is None:
            self.quantisation = _mean_of_first_table(content)
        elif code == _MULTI_PICTURE and content[:4] == b"MPF\0":
            self.has_more_pictures = True
        if is_needed or code == _SOS:
            self.parts.append(self.data[start:end])
        return self._take_scan(content, end) if code == _SOS else end

    def is_stored_as_rgb(self, frame: JpegFrame) -> bool:
        if len(frame.sampling) != 3 or self._is_jfif:
            return False
        if self._adobe_transform is not None:
            return self._adobe_transform == 0
        return tuple(frame.sampling) == _RGB_IDS

    def _take_frame(self, content: bytes, *, is_progressive: bool) -> None:
        if self.frame or len(content) < 6 or len(content) != 6 + 3 * content[5]:
            raise corrupt_film("The JPEG header is incomplete or stands there twice.")
        bits, height_px, width_px, channels = struct.unpack_from(">BHHB", content)
        self.limits.check_picture(width_px, height_px)
        if bits != 8 or channels not in (1, 3, 4):
            raise unsupported_film(f"The film is a JPEG of {bits} bits and {channels} channels.")
        sampling = {
            content[start]: (content[start + 1] >> 4, content[start + 1] & 15)
            for start in range(6, len(content), 3)
        }
        factors = [factor for pair in sampling.values() for factor in pair]
        if len(sampling) != channels or not all(1 <= factor <= 4 for factor in factors):
            raise corrupt_film("The JPEG header contradicts itself.")
        self.frame = JpegFrame(width_px, height_px, sampling, is_progressive)

    def _take_scan(self, header: bytes, start: int) -> int:
        """Find the end of the compressed pixels; only certain marks may interrupt them."""
        channels = header[1 : 1 + 2 * header[0] : 2] if header else b""
        if self.frame is None or not channels or not set(channels) <= set(self.frame.sampling):
            raise corrupt_film("A scan of the JPEG belongs to no channel of its header.")
        if len(self.scans) >= _MOST_SCANS:
            raise corrupt_film(f"The JPEG has more than {_MOST_SCANS} scans; no encoder does that.")
        marker = _SCAN_END.search(self.data, start)
        end = marker.start() if marker else len(self.data)
        if marker and marker[1][0] not in _AFTER_A_SCAN:
            raise corrupt_film("A stray mark interrupts the compressed pixels.")
        scan = self.data[start:end]
        self._check_restarts(scan, self.frame.units(channels))
        self.scanned |= set(channels)
        self.scans.append(len(self.parts))
        self.parts.append(scan)
        return end

    def _check_restarts(self, scan: bytes, units: int) -> None:
        """Check that no restart mark is missing; they count from 0 to 7 over and over."""
        expected = 0
        if self._restart_interval:
            expected = math.ceil(units / self._restart_interval) - 1
        restarts = b"".join(_RESTART.findall(scan))
        in_turn = (_RESTARTS * (len(restarts) // 8 + 1))[: len(restarts)]
        if restarts != in_turn or not expected <= len(restarts) <= expected + 1:
            raise corrupt_film("Some of the compressed pixels are missing.")


def _mean_of_first_table(content: bytes) -> float | None:
    """Average the 64 steps of a quantisation table of 8 or 16 bits, the first of its segment."""
    form = ">64H" if content[:1] >= b"\x10" else ">64B"
    if len(content) < 1 + struct.calcsize(form):
        return None  # decoders refuse such a table
    steps: tuple[int, ...] = struct.unpack_from(form, content, 1)
    return sum(steps) / len(steps)
