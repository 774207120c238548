"""From the values that a DICOM film stores to the grey levels that its file asks for.

A film stores at most 16 bits per pixel, so every step is one look-up: each value that may
be stored passes through the detector's scale, then through the window or the table that
says what is to be seen, and ends as one of 256 levels.

Source: DICOM PS3.3, C.11.1 (modality), C.11.2 (window, called VOI there).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, UInt8

from hilum.cohort.reading.dicom_file import DicomFile, Tag
from hilum.cohort.reading.dicom_values import read_decimal, read_word, senseless

_SHAPES = ("LINEAR", "LINEAR_EXACT", "SIGMOID")
_KEPT_BITS = 8


@dataclass(frozen=True)
class _Table:
    """A table of the file: `levels[k]` is for the value `first + k`."""

    first: int
    levels: Float64[np.ndarray, " entries"]

    def look_up(self, values: Float64[np.ndarray, " values"]) -> Float64[np.ndarray, " values"]:
        index = np.clip(np.rint(values) - self.first, 0, len(self.levels) - 1)
        found: Float64[np.ndarray, " values"] = self.levels[index.astype(np.int64)]
        return found


def grey_levels(
    file: DicomFile,
    values: Float64[np.ndarray, " values"],
    is_used: Bool[np.ndarray, " values"],
    *,
    bits: int,
    is_signed: bool,
) -> tuple[UInt8[np.ndarray, " values"], list[str]]:
    """Find the grey level of every value that may be stored.

    Without a window, films of up to eight bits keep their levels, and the range that
    deeper ones really use is spread over the 256 levels, as it is for every other format:
    few detectors use all that they declare, and their films would come out dark.

    Args:
        file: What sets the levels.
        values: All that may be stored, in the order of their codes.
        is_used: Which of them the film holds outside its padding.
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
    if table is not None:  # the maker's own curve; a window beside it is a coarser one
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


def _spread(
    values: Float64[np.ndarray, " values"], over: Float64[np.ndarray, " some"]
) -> UInt8[np.ndarray, " values"]:
    low, high = over.min(), over.max()
    fraction = np.clip((values - low) / (high - low), 0, 1)
    levels: UInt8[np.ndarray, " values"] = np.rint(255 * fraction).astype(np.uint8)
    return levels


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
