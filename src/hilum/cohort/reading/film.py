"""Any supported file to one grey film; content decides the format, never the suffix.

What cannot be read is refused with a reason. Nothing is ever filled in: a wrong
picture would do more harm than a missing one.

Pillow's settings are left alone and nothing is kept between calls, so films may be
read in several threads at once.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from hilum.cohort.reading.bmp import read_bmp
from hilum.cohort.reading.containers import (
    DEFAULT_LIMITS,
    Encoding,
    FilmLimits,
    Picture,
    corrupt_film,
)
from hilum.cohort.reading.dicom import read_dicom
from hilum.cohort.reading.grey import turn_upright
from hilum.cohort.reading.jpeg import read_jpeg
from hilum.cohort.reading.png import read_png
from hilum.cohort.reading.sniffing import DICOM_SUFFIXES, SNIFFED_BYTES, sniff_format
from hilum.cohort.reading.tiff import read_tiff
from hilum.errors import FilmCorruptError, FilmError, FilmMissingError, FilmSizeError

READING_VERSION = 1
"""Part of the address under which features are stored; raised whenever pixels change."""

_FORMAT_OF_SUFFIX = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
} | dict.fromkeys(DICOM_SUFFIXES, "DICOM")
_OTHER_PICTURE_SUFFIXES = frozenset(
    {"", ".ima", ".gif", ".webp", ".jp2", ".j2k", ".jxl", ".heic", ".avif",
     ".nii", ".gz", ".mha", ".mhd", ".nrrd", ".svg", ".eps", ".pdf", ".psd", ".fits"}
)  # fmt: skip
_REASONS = {
    errno.ENOENT: "There is no such file.",
    errno.ENOTDIR: "There is no such file.",
    errno.EACCES: "The file may not be read.",
    errno.EPERM: "The file may not be read.",
    errno.ELOOP: "The link leads round in a circle.",
    errno.EMFILE: "Too many files are open already.",
    errno.ENFILE: "Too many files are open already.",
    errno.ENXIO: "It is no ordinary file.",
    errno.ENAMETOOLONG: "The name is too long to be a file's.",
}


@dataclass(frozen=True)
class FilmImage:
    """One film as grey levels, upright.

    Attributes:
        pixels: Grey levels, 0 black to 255 white, read-only. Smaller than the stored
            size if the film was decoded at a reduced scale.
        notes: What was converted on the way, in plain words; nothing in them says
            who was filmed or how the file is called.
        format: `PNG`, `JPEG`, `TIFF`, `BMP` or `DICOM`, as the content says.
        width_px: Stored width, after the film was turned upright.
        height_px: Stored height, after the film was turned upright.
        encoding: How the file stores the picture.
    """

    pixels: UInt8[np.ndarray, "height width"]
    notes: tuple[str, ...]
    format: str
    width_px: int
    height_px: int
    encoding: Encoding = field(default_factory=Encoding)


def is_film_name(path: Path) -> bool:
    """Tell whether a name ends as films' names usually do. Says nothing of the content."""
    return path.suffix.lower() in _FORMAT_OF_SUFFIX


def is_picture_name(path: Path) -> bool:
    """Tell whether a name is one of a picture of any kind, readable here or not.

    DICOM files often have no suffix at all, so a bare name counts as one.
    """
    return is_film_name(path) or path.suffix.lower() in _OTHER_PICTURE_SUFFIXES


def read_film(
    path: Path, *, at_least_px: int | None = None, limits: FilmLimits = DEFAULT_LIMITS
) -> FilmImage:
    """Read a film from a file.

    Args:
        path: An ordinary file, or a link to one. Pipes and devices are never waited for.
        at_least_px: Side of the square that the film will be shrunk to. Large JPEG
            films are then decoded at a reduced scale that keeps both sides at least
            twice as long, which is quicker. None reads every pixel.
        limits: How large a film may be.

    Returns:
        The film.

    Raises:
        FilmError: The film cannot be read; the kind of error and its code say why.
    """
    data = load_bytes(path, limits)
    return decode_film(data, suffix=path.suffix, at_least_px=at_least_px, limits=limits)


def decode_film(
    data: bytes,
    *,
    suffix: str = "",
    at_least_px: int | None = None,
    limits: FilmLimits = DEFAULT_LIMITS,
) -> FilmImage:
    """Read a film from the bytes of its file.

    Args:
        data: The whole file.
        suffix: End of its name, such as `.png`; only to note that it misleads.
        at_least_px: As in `read_film`.
        limits: How large a film may be.

    Returns:
        The film.

    Raises:
        FilmError: The film cannot be read; the kind of error and its code say why.
    """
    limits.check_file(len(data))
    format_name = sniff_format(data[:SNIFFED_BYTES], suffix)
    try:
        picture = _decode(format_name, data, limits, at_least_px)
    except FilmError:
        raise
    except MemoryError as error:
        raise FilmSizeError(
            "There is not enough memory to decode the film.",
            fix="Close other programs, or export the film at a smaller size.",
        ) from error
    except Exception as error:  # decoders raise whatever they stumble over
        raise _undecodable(error) from error
    pixels = turn_upright(picture.grey, picture.orientation)
    pixels.flags.writeable = False
    is_on_its_side = picture.orientation in (5, 6, 7, 8)
    sides = (picture.width_px, picture.height_px)
    width_px, height_px = reversed(sides) if is_on_its_side else sides
    notes = [*picture.notes, *_further_notes(picture, format_name, suffix)]
    return FilmImage(pixels, tuple(notes), format_name, width_px, height_px, picture.encoding)


def _decode(format_name: str, data: bytes, limits: FilmLimits, at_least_px: int | None) -> Picture:
    match format_name:
        case "PNG":
            return read_png(data, limits)
        case "JPEG":
            return read_jpeg(data, limits, at_least_px)
        case "TIFF":
            return read_tiff(data, limits)
        case "DICOM":
            return read_dicom(data, limits)
        case _:
            return read_bmp(data, limits)


def _undecodable(error: Exception) -> FilmCorruptError:
    is_cut = isinstance(error, (EOFError, OSError)) and "truncated" in str(error)
    return corrupt_film(
        "The file ends before the picture does." if is_cut else "The picture cannot be decoded."
    )


def _further_notes(picture: Picture, format_name: str, suffix: str) -> list[str]:
    notes = []
    if 2 <= picture.orientation <= 8:
        notes.append("rotated by EXIF")
    expected = _FORMAT_OF_SUFFIX.get(suffix.lower(), format_name)
    if expected != format_name:
        notes.append(f"named {suffix.lower()} but holds {format_name}")
    return notes


def load_bytes(path: Path, limits: FilmLimits = DEFAULT_LIMITS) -> bytes:
    """Load a file whole, without waiting for pipes and within the limits.

    Raises:
        FilmMissingError: There is no ordinary file of this name that can be read.
        FilmSizeError: It is larger than the limits allow.
    """
    # Without O_NONBLOCK, opening a pipe would wait for someone to write to it.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                is_folder = stat.S_ISDIR(status.st_mode)
                reason = "It is a folder." if is_folder else _REASONS[errno.ENXIO]
                raise FilmMissingError(reason, fix="Name the film's own file.")
            limits.check_file(status.st_size)
            with open(descriptor, "rb", closefd=False) as file:
                return file.read(status.st_size)
        finally:
            os.close(descriptor)
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, "The file cannot be read to its end.")
    except ValueError:  # a name with a NUL, or one that the file system cannot write
        reason = "There is no such file."
    raise FilmMissingError(reason, fix="Check where the file is and who may read it.")
