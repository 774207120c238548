"""DICOM films without compression: from stored values to grey levels.

The pixels of the three plain transfer syntaxes are read here, without a foreign decoder, and
nothing is allocated beyond what the file's own length allows. Compressed films are refused by name.

A film stores at most 16 bits per pixel, so every step is one look-up: each value that may be stored
passes through the detector's scale, then through the window or the table of grey levels, and
becomes one of 256 levels.

Source: DICOM PS3.3, C.7.6.3 (pixels), C.11.1 (modality), C.11.2 (window); PS3.5, section 8.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, UInt8, UInt16
from PIL import Image

from hilum.errors import FilmFramesError, FilmPixelMetaError
from hilum.films.dicom_file import (
    DicomFile,
    Tag,
    damaged,
    read_count,
    read_decimal,
    read_elements,
    read_whole,
    read_word,
    senseless,
)
from hilum.films.dicom_tags import check_is_film, film_tags, note_doubts
from hilum.films.grey import grey_from_image
from hilum.films.picture import Encoding, FilmLimits, Picture, unsupported_film

_SHAPES = ("LINEAR", "LINEAR_EXACT", "SIGMOID")
_KEPT_BITS = 8
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = "MONOCHROME1", "MONOCHROME2", "RGB"

_PIXELS_AT_ONCE = 1 << 20
"""So that numpy's copies of the indices stay small."""


@dataclass(frozen=True)
class _Layout:
    """How the pixels are stored.

    Attributes:
        container: Bits that each value takes, 8 or 16.
        bits: How many of them count.
    """

    rows: int
    columns: int
    photometric: str
    channels: int
    container: int
    bits: int
    is_signed: bool
    is_planar: bool


@dataclass(frozen=True)
class _Table:
    """A look-up table of the file: `levels[k]` belongs to the value `first + k`."""

    first: int
    levels: Float64[np.ndarray, " entries"]

    def look_up(self, values: Float64[np.ndarray, " values"]) -> Float64[np.ndarray, " values"]:
        index = np.clip(np.rint(values) - self.first, 0, len(self.levels) - 1)
        found: Float64[np.ndarray, " values"] = self.levels[index.astype(np.int64)]
        return found


def read_dicom(data: bytes, limits: FilmLimits) -> Picture:
    """Decode a DICOM film.

    Args:
        data: The whole file.
        limits: Most pixels allowed; checked before pixels are touched.

    Raises:
        FilmDicomError: The file is damaged, or has more or fewer pixels than it declares.
        FilmNotChestError: It holds something other than a plain radiograph.
        FilmCodecError: Its pixels are compressed.
        FilmFramesError: It holds several pictures.
        FilmPixelMetaError: It contradicts itself about how its pixels are stored.
        FilmTagValueError: A scale, a window or a table of grey levels makes no sense.
        FilmTypeError: The colour model is not supported.
        FilmSizeError: The film has too many pixels.
    """
    file = read_elements(data)
    check_is_film(file)
    layout = _read_layout(file, limits)
    if layout.photometric == _RGB:
        grey, notes = grey_from_image(Image.fromarray(_colours(file, layout)))
    else:
        grey, notes = _grey(file, layout)
    encoding = Encoding(layout.bits, layout.channels, maker=film_tags(file).maker)
    all_notes = (*notes, *note_doubts(file))
    return Picture(grey, all_notes, layout.columns, layout.rows, encoding=encoding)


def _read_layout(file: DicomFile, limits: FilmLimits) -> _Layout:
    rows, columns = read_count(file, Tag.ROWS), read_count(file, Tag.COLUMNS)
    if not rows or not columns:
        raise damaged("The DICOM file does not say how many rows and columns it has.")
    limits.check_picture(columns, rows)
    channels, container, bits, high_bit, sign = (
        read_count(file, tag)
        for tag in (
            Tag.CHANNELS, Tag.BITS_ALLOCATED, Tag.BITS_STORED, Tag.HIGH_BIT, Tag.IS_SIGNED,
        )
    )  # fmt: skip
    if channels is None or container is None or bits is None or high_bit is None or sign is None:
        raise _clash("does not say how its pixels are stored")
    if not 1 <= bits <= container or high_bit != bits - 1 or sign > 1:
        raise _clash("contradicts itself about the bits of its pixels")
    photometric = read_word(file, Tag.PHOTOMETRIC)
    layout = _Layout(
        rows=rows,
        columns=columns,
        photometric=photometric,
        channels=channels,
        container=container,
        bits=bits,
        is_signed=sign == 1,
        is_planar=read_count(file, Tag.PLANAR) == 1,
    )
    if (channels == 1) != (photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, "PALETTE COLOR")):
        raise _clash("contradicts itself about the channels of its pixels")
    if photometric not in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB):
        raise unsupported_film("The film is a DICOM file of a colour model that is not read.")
    _check_size(file, layout)
    is_deep_colour = photometric == _RGB and (channels, container, bits, sign) != (3, 8, 8, 0)
    if container not in (8, 16) or is_deep_colour:
        raise unsupported_film("The film is a DICOM file of a depth that is not read.")
    return layout


def _check_size(file: DicomFile, layout: _Layout) -> None:
    """Check that the file holds exactly the bytes that the picture needs."""
    frames = read_whole(file, Tag.FRAMES)
    frames = 1 if frames is None else frames
    assert file.pixels is not None
    n_values = frames * layout.rows * layout.columns * layout.channels
    n_bytes = -(-n_values * layout.container // 8)
    # One byte more makes the number even; not every writer adds it.
    if frames < 1 or len(file.pixels) not in (n_bytes, n_bytes + n_bytes % 2):
        raise damaged("The DICOM film's pixels are not as many as its rows and columns say.")
    if frames > 1:
        raise FilmFramesError(
            f"The DICOM file holds {frames} pictures.",
            fix="Export the film that is meant as a file of its own.",
        )


def _clash(message: str) -> FilmPixelMetaError:
    return FilmPixelMetaError(
        f"The DICOM file {message}.",
        fix="Fetch the film again from its archive, or export it as PNG from there.",
    )


def _colours(file: DicomFile, layout: _Layout) -> UInt8[np.ndarray, "rows columns 3"]:
    samples = _samples(file, layout)
    if layout.is_planar:
        planes = samples.reshape(3, layout.rows, layout.columns)
        return np.ascontiguousarray(np.moveaxis(planes, 0, -1))
    return samples.reshape(layout.rows, layout.columns, 3)


def _grey(file: DicomFile, layout: _Layout) -> tuple[UInt8[np.ndarray, "rows columns"], list[str]]:
    samples = _samples(file, layout)
    _check_spare_bits(samples, layout)
    n_codes = 1 << layout.bits
    mask = samples.dtype.type(n_codes - 1)
    parts = [
        slice(start, start + _PIXELS_AT_ONCE) for start in range(0, samples.size, _PIXELS_AT_ONCE)
    ]
    is_there = np.zeros(n_codes, dtype=bool)
    for part in parts:
        is_there[samples[part] & mask] = True
    values = np.arange(n_codes)
    if layout.is_signed:
        values[n_codes // 2 :] -= n_codes
    is_padding = _is_padding(file, layout, values)
    levels, notes = _grey_levels(
        file,
        values.astype(np.float64),
        is_there & ~is_padding,
        bits=layout.bits,
        is_signed=layout.is_signed,
    )
    if layout.photometric == _WHITE_IS_ZERO:
        levels = ~levels
        notes.append("white is zero, inverted")
    if (is_there & is_padding).any():
        levels = np.where(is_padding, np.uint8(0), levels)
        notes.append("padding shown black")
    grey = np.empty(samples.size, np.uint8)
    for part in parts:
        grey[part] = levels[samples[part] & mask]
    return grey.reshape(layout.rows, layout.columns), notes


def _samples(
    file: DicomFile, layout: _Layout
) -> UInt8[np.ndarray, " n"] | UInt16[np.ndarray, " n"]:
    assert file.pixels is not None
    n_values = layout.rows * layout.columns * layout.channels
    order = file.syntax.order
    if layout.container == 16:
        return np.frombuffer(file.pixels, f"{order}u2", n_values)
    if order == ">" and file.pixel_kind != "OB":  # bytes that are stored as words
        return np.frombuffer(file.pixels, "<u2").byteswap().view(np.uint8)[:n_values]
    return np.frombuffer(file.pixels, np.uint8, n_values)


def _check_spare_bits(
    samples: UInt8[np.ndarray, " n"] | UInt16[np.ndarray, " n"], layout: _Layout
) -> None:
    """Refuse a film that uses more bits than it declares; cutting them would tear it."""
    if samples.max() < 1 << layout.bits:
        return
    signed = samples.view(samples.dtype.str.replace("u", "i"))
    half = 1 << (layout.bits - 1)
    if not layout.is_signed or signed.min() < -half or signed.max() >= half:
        raise _clash("uses more bits for its pixels than it declares")


def _is_padding(
    file: DicomFile, layout: _Layout, values: np.ndarray
) -> Bool[np.ndarray, " values"]:
    """Find the values that mark what lies outside the picture."""
    padding = read_count(file, Tag.PADDING)
    if padding is None:
        return np.zeros(values.shape, dtype=bool)
    limit = read_count(file, Tag.PADDING_LIMIT)
    ends = [padding, padding if limit is None else limit]
    if layout.is_signed:
        ends = [end - (1 << 16) if end >= 1 << 15 else end for end in ends]
    is_padding: Bool[np.ndarray, " values"] = (values >= min(ends)) & (values <= max(ends))
    return is_padding


def _grey_levels(
    file: DicomFile,
    values: Float64[np.ndarray, " values"],
    is_used: Bool[np.ndarray, " values"],
    *,
    bits: int,
    is_signed: bool,
) -> tuple[UInt8[np.ndarray, " values"], list[str]]:
    """Find the grey level of every value that may be stored.

    Without a window, films of up to eight bits keep their levels, and deeper ones are scaled by
    the range that they really use, as in every other format: few detectors use all the bits
    that they declare, and their films would come out dark.

    Args:
        file: Scale, window and tables.
        values: All values that may be stored, in the order of their codes.
        is_used: Which of them occur in the film outside its padding.
        bits: Stored bits per value.
        is_signed: Values may be negative.

    Returns:
        The level of each value, before white and black change places; and notes.

    Raises:
        FilmTagValueError: A scale, a window or a table makes no sense.
    """
    values = _apply_modality(file, values, is_signed)
    table = _read_table(file, Tag.VOI_TABLE, is_signed)
    window = _read_window(file)
    if table is not None:  # the maker's own curve, finer than a window
        levels = table.look_up(values)
        return _spread(levels, table.levels), [f"{bits} bit, table of grey levels applied"]
    if window is not None:
        return np.rint(255 * _apply_window(values, *window)).astype(np.uint8), [
            f"{bits} bit, window applied"
        ]
    is_shallow = bits <= _KEPT_BITS
    range_of = values if is_shallow else values[is_used]
    low, high = (range_of.min(), range_of.max()) if range_of.size else (0.0, 0.0)
    if low == high:
        return np.zeros(values.shape, np.uint8), [f"{bits} bit, constant at {low:g}"]
    notes = [] if is_shallow else [f"{bits} bit, scaled from {low:g} to {high:g}"]
    return _spread(values, range_of), notes


def _apply_modality(
    file: DicomFile, values: Float64[np.ndarray, " values"], is_signed: bool
) -> Float64[np.ndarray, " values"]:
    table = _read_table(file, Tag.MODALITY_TABLE, is_signed)
    slope, intercept = read_decimal(file, Tag.SLOPE), read_decimal(file, Tag.INTERCEPT)
    if (slope is None) != (intercept is None):
        raise senseless("The DICOM film's scale is given by half.")
    if slope == 0:
        raise senseless("The DICOM film's scale would make all pixels equal.")
    if table is not None:
        return table.look_up(values)
    if slope is None or intercept is None:
        return values
    scaled = slope * values + intercept
    if len(np.unique(scaled)) < len(values):
        raise senseless("The DICOM film's scale would make different pixels equal.")
    return scaled


def _read_window(file: DicomFile) -> tuple[str, float, float] | None:
    """Read the first window: its shape, centre and width."""
    centre, width = read_decimal(file, Tag.WINDOW_CENTRE), read_decimal(file, Tag.WINDOW_WIDTH)
    shape = read_word(file, Tag.WINDOW_SHAPE) or "LINEAR"
    if centre is None and width is None:
        return None
    if centre is None or width is None:
        raise senseless("The DICOM film's window is given by half.")
    if shape not in _SHAPES:
        raise senseless("The DICOM film's window is of a shape that is not known.")
    if width <= 0 or (shape == "LINEAR" and width < 1):
        raise senseless("The DICOM film's window has no width.")
    return shape, centre, width


def _apply_window(
    values: Float64[np.ndarray, " values"], shape: str, centre: float, width: float
) -> Float64[np.ndarray, " values"]:
    """Apply a window; 0 is black, 1 is white."""
    fraction: Float64[np.ndarray, " values"]
    if shape == "SIGMOID":  # the standard's 1 / (1 + exp(-4 x)), in a form that cannot overflow
        fraction = (1 + np.tanh(2 * (values - centre) / width)) / 2
    elif shape == "LINEAR_EXACT":
        fraction = np.clip((values - centre) / width + 0.5, 0, 1)
    elif width == 1:
        fraction = (values > centre - 0.5).astype(np.float64)
    else:
        fraction = np.clip((values - (centre - 0.5)) / (width - 1) + 0.5, 0, 1)
    return fraction


def _read_table(file: DicomFile, table: Tag, is_signed: bool) -> _Table | None:
    """Read the first item of a sequence of tables.

    Raises:
        FilmTagValueError: The table is incomplete, or all its levels are the same.
    """
    if table not in file.tables:
        return None
    descriptor = file.find(Tag.TABLE_DESCRIPTOR, table)
    data = file.find(Tag.TABLE_DATA, table)
    order = file.syntax.order
    if descriptor is None and data is None:
        return None
    if descriptor is None or data is None or len(descriptor.value) != 6:
        raise senseless("The DICOM film's table of grey levels is incomplete.")
    is_first_signed = descriptor.kind == "SS" or (descriptor.kind != "US" and is_signed)
    count, first, bits = struct.unpack(
        f"{order}H{'h' if is_first_signed else 'H'}H", descriptor.value
    )
    count = count or 1 << 16
    size = len(data.value)
    if size == 2 * count:
        levels = np.frombuffer(data.value, f"{order}u2")
    elif bits == _KEPT_BITS and size == count + count % 2 and data.kind != "US":
        if order == ">":  # bytes that are stored as words
            raise senseless("The DICOM film's table of grey levels cannot be read.")
        levels = np.frombuffer(data.value, np.uint8, count)
    else:
        raise senseless("The DICOM film's table of grey levels is not as long as it says.")
    if not 1 <= bits <= 16 or levels.max() >= 1 << bits or levels.min() == levels.max():
        raise senseless("The DICOM film's table of grey levels makes no sense.")
    return _Table(first, levels.astype(np.float64))


def _spread(
    values: Float64[np.ndarray, " values"], over: Float64[np.ndarray, " some"]
) -> UInt8[np.ndarray, " values"]:
    low, high = over.min(), over.max()
    fraction = np.clip((values - low) / (high - low), 0, 1)
    levels: UInt8[np.ndarray, " values"] = np.rint(255 * fraction).astype(np.uint8)
    return levels
