"""BMP films. The format has no checksum; only the file's size shows missing pixels."""

from __future__ import annotations

import io

from PIL.BmpImagePlugin import BmpImageFile

from hilum.films.grey import grey_from_image
from hilum.films.picture import Encoding, FilmLimits, Picture, unsupported_film

_OLDEST_HEADER_BYTES = 12
_RUN_LENGTH = (BmpImageFile.COMPRESSIONS["RLE8"], BmpImageFile.COMPRESSIONS["RLE4"])


def read_bmp(data: bytes, limits: FilmLimits) -> Picture:
    """Decode a BMP film.

    Args:
        data: The whole file.
        limits: Most pixels allowed; checked from the header.

    Raises:
        FilmCorruptError: The header contradicts itself, or the file is cut short.
        FilmTypeError: The pixels are compressed in a way that is not read.
        FilmSizeError: The header declares too many pixels.
    """
    image = BmpImageFile(io.BytesIO(data))
    limits.check_picture(*image.size)
    if image.info["compression"] in _RUN_LENGTH:
        # Pillow unpacks these in Python; a crafted file takes minutes.
        raise unsupported_film("The film is a BMP with run-length compression.")
    image.load()
    grey, notes = grey_from_image(image)
    channels = len(image.getbands())
    encoding = Encoding(bits=min(8, _pixel_bits(data) // channels), channels=channels)
    return Picture(grey, tuple(notes), *image.size, encoding=encoding)


def _pixel_bits(data: bytes) -> int:
    """Read how many bits a pixel takes; the oldest header has shorter fields before it."""
    position = 24 if data[14] == _OLDEST_HEADER_BYTES else 28
    return int.from_bytes(data[position : position + 2], "little")
