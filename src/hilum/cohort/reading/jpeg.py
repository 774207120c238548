"""JPEG films: whole pictures only, and no more of each decoded than is asked for.

JPEG has no checksum, and decoders fill missing pixels with grey. So the markers are
walked first, and where the end could have been filled up, the picture is decoded once
more with other bytes behind its data: a whole picture takes no notice of them.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from hilum.cohort.reading.containers import Encoding, FilmLimits, Picture, corrupt_film
from hilum.cohort.reading.grey import grey_from_image
from hilum.cohort.reading.jpeg_markers import JpegParts, walk_jpeg

_END = b"\xff\xd9"
_OTHER_TAIL = b"\x55\x92\x6d" * 16
_FILLED = 128
"""What decoders put where pixels are missing: coefficients of zero, hence mid-grey."""


def read_jpeg(data: bytes, limits: FilmLimits, at_least_px: int | None = None) -> Picture:
    """Decode a JPEG film.

    Args:
        data: The whole file.
        limits: Most pixels allowed; checked from the header.
        at_least_px: Decode at a half, a quarter or an eighth of the size, as long as
            both sides keep twice this length. None decodes every pixel, and only then
            is a colour picture told from a grey one.

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
        bits=8,  # no other depth comes past the header
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
    """Tell whether the end of the picture could be the decoder's own filling."""
    if not jpeg.has_end and jpeg.frame.is_progressive:
        raise corrupt_film("The file ends before the picture does.")
    if not jpeg.has_end or jpeg.frame.is_progressive or len(jpeg.scans) > 1 or image.mode == "CMYK":
        return True
    last = image.getpixel((image.width - 1, image.height - 1))
    return (last[0] if isinstance(last, tuple) else last) == _FILLED
