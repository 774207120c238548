"""TIFF films: tifffile for plain samples of any depth, libtiff through Pillow for the rest."""

from __future__ import annotations

import io
import sys
from typing import Any

import numpy as np
from jaxtyping import Num, Shaped, UInt8
from PIL.TiffImagePlugin import TiffImageFile

from hilum.cohort.reading.containers import Encoding, FilmLimits, Picture, unsupported_film
from hilum.cohort.reading.grey import grey_from_image, grey_from_samples
from hilum.cohort.reading.tiff_layout import (
    BLACK_IS_ZERO,
    DEFLATE,
    RGB,
    UNCOMPRESSED,
    WHITE_IS_ZERO,
    TiffLayout,
    read_layout,
)

_UNSIGNED, _SIGNED, _FLOAT = 1, 2, 3
_DEEP_MODES = ("I;16", "I;16B", "I", "F")


def read_tiff(data: bytes, limits: FilmLimits) -> Picture:
    """Decode a TIFF film.

    Args:
        data: The whole file.
        limits: Most pixels allowed; checked from the tags.

    Raises:
        FilmCorruptError: Tags or pixels are missing or contradict each other.
        FilmFramesError: There are several pages.
        FilmNonFiniteError: A floating-point sample is NaN or infinite.
        FilmTypeError: The compression or the kind of sample is not read.
        FilmSizeError: The tags declare too many pixels.
    """
    layout = read_layout(data, limits)
    if _is_plain(layout):
        grey, notes = grey_from_samples(
            _plain_samples(layout),
            is_colour=layout.photometric == RGB,
            has_alpha=layout.has_alpha,
            is_white_zero=layout.photometric == WHITE_IS_ZERO,
        )
    else:
        grey, notes = _grey_through_pillow(layout)
    encoding = Encoding(bits=layout.bits, channels=layout.channels, maker=layout.maker)
    size = (layout.width_px, layout.height_px)
    return Picture(grey, tuple(notes), *size, layout.orientation, encoding)


def _is_plain(layout: TiffLayout) -> bool:
    depths = (16, 32, 64) if layout.sample_format == _FLOAT else (8, 16, 32, 64)
    return (
        layout.compression in (UNCOMPRESSED, *DEFLATE)
        and layout.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB)
        and layout.sample_format in (_UNSIGNED, _SIGNED, _FLOAT)
        and layout.bits in depths
        and (layout.predictor == 1 or (layout.predictor == 2 and layout.sample_format != _FLOAT))
        and not layout.is_bit_reversed
    )


def _plain_samples(layout: TiffLayout) -> Shaped[np.ndarray, "height width channels"]:
    import tifffile  # only films of this kind need it

    with tifffile.TiffFile(io.BytesIO(layout.clean)) as file:
        samples: Any = file.pages.first.asarray(maxworkers=1)
    shape = (layout.height_px, layout.width_px)
    if layout.is_planar and layout.channels > 1:
        return np.moveaxis(samples.reshape(layout.channels, *shape), 0, -1)
    return np.asarray(samples.reshape(*shape, layout.channels))


def _grey_through_pillow(
    layout: TiffLayout,
) -> tuple[UInt8[np.ndarray, "height width"], list[str]]:
    if layout.sample_format == _SIGNED and layout.bits == 8:
        raise unsupported_film("The film is a compressed TIFF of signed bytes.")
    image = _open(layout)
    if layout.bits == 16 and image.mode == "RGB":
        samples = _deep_colour(layout)
        return grey_from_samples(samples, is_colour=True)
    image.load()
    grey, notes = grey_from_image(image)
    if layout.photometric == WHITE_IS_ZERO:
        notes.append("white is zero, inverted")
        if image.mode in _DEEP_MODES:  # Pillow inverts the others itself
            grey = ~grey
    return grey, notes


def _open(layout: TiffLayout) -> TiffImageFile:
    try:
        return TiffImageFile(io.BytesIO(layout.clean))
    except Exception as error:
        raise unsupported_film("The film is a TIFF of a kind that is not read.") from error


def _deep_colour(layout: TiffLayout) -> Num[np.ndarray, "height width channels"]:
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
