"""Any supported file to one grey film; the content decides the format, never the suffix.

A file that cannot be read is refused with a reason. Missing pixels are never filled in: a wrong
picture would do more harm than a missing one. Pillow's settings stay as they are and nothing is
kept between calls, so films may be read in several threads at once.
"""

from __future__ import annotations

import errno
import io
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from hilum.errors import (
    FilmCorruptError,
    FilmEmptyError,
    FilmError,
    FilmMissingError,
    FilmSizeError,
    FilmTypeError,
)
from hilum.films.bmp import read_bmp
from hilum.films.dicom import read_dicom
from hilum.films.dicom_file import MARK, MARK_OFFSET, damaged
from hilum.films.grey import turn_upright
from hilum.films.jpeg import read_jpeg
from hilum.films.picture import DEFAULT_LIMITS, Encoding, FilmLimits, Picture, corrupt_film
from hilum.films.png import read_png
from hilum.films.tiff import read_tiff

SNIFFED_BYTES = 1024
"""Bytes from a file's beginning that `sniff_format` looks at."""

_PNG = b"\x89PNG\r\n\x1a\n"
_TIFF = (b"II*\0", b"MM\0*", b"II+\0\x08\0\0\0", b"MM\0+\0\x08\0\0")
_BMP_HEADER_BYTES = {12, 40, 52, 56, 64, 108, 124}
_AS_PNG = "Export the film as PNG, JPEG, TIFF or BMP."
_UNPACK = "Unpack it first."

# (offset, bytes found there, what such a file is, what to do)
_LOOKALIKES: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"GIF8", "a GIF picture", _AS_PNG),
    (8, b"WEBP", "a WebP picture", _AS_PNG),
    (0, b"\0\0\0\x0cjP  ", "a JPEG 2000 picture", _AS_PNG),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 picture", _AS_PNG),
    (0, b"\0\0\0\x0cJXL ", "a JPEG XL picture", _AS_PNG),
    (0, b"\xff\x0a", "a JPEG XL picture", _AS_PNG),
    (4, b"ftyp", "a HEIC, AVIF or video file", _AS_PNG),
    (0, b"8BPS", "a Photoshop document", _AS_PNG),
    (0, b"%PDF", "a PDF document", "Export its picture as PNG."),
    (0, b"%!PS", "a PostScript document", "Export its picture as PNG."),
    (0, b"\xc5\xd0\xd3\xc6", "a PostScript document", "Export its picture as PNG."),
    (0, b"SIMPLE  =", "a FITS file", _AS_PNG),
    (344, b"n+1\0", "a NIfTI volume", "Export one view of it as PNG."),
    (0, b"NRRD", "an NRRD volume", "Export one view of it as PNG."),
    (0, b"\x93NUMPY", "a NumPy array", _AS_PNG),
    (0, b"\x89HDF", "an HDF5 file", _AS_PNG),
    (0, b"\0\0\1\0", "an icon", _AS_PNG),
    (0, b"\x8aMNG", "an MNG animation", _AS_PNG),
    (0, b"PK\x03\x04", "a ZIP archive or an office document", _UNPACK),
    (0, b"\x1f\x8b", "a gzip archive", _UNPACK),
    (0, b"7z\xbc\xaf", "a 7-Zip archive", _UNPACK),
    (0, b"Rar!", "a RAR archive", _UNPACK),
    (0, b"MZ", "a Windows program", "Take it out of the folder."),
    (0, b"\x7fELF", "a Linux program", "Take it out of the folder."),
)

_MARKUP = (
    (re.compile(rb"<svg[\s>]", re.IGNORECASE), "an SVG drawing", _AS_PNG),
    (
        re.compile(rb"<(!doctype html|html|head|body)[\s>]", re.IGNORECASE),
        "a web page",
        "Often a failed download: fetch the film again.",
    ),
    (re.compile(rb"<\?xml"), "an XML document", "Take it out of the folder."),
)

DICOM_SUFFIXES = (".dcm", ".dicom")

_BARE_DICOM = re.compile(
    # The first group, or the first elements that files have without it, in either byte order.
    rb"DICM\x02\0|\x02\0[\0\x01]\0[A-Z]{2}|\x08\0[\0\x05\x08\x12\x14\x16\x18]\0[\0-\x7f]"
    rb"|\0\x08\0[\0\x05\x08\x12\x14\x16\x18][A-Z]{2}"
)

_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")

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

LEAST_SIDE_PX = 64
"""Shortest side of a chest film. Below it a lung is 20 pixels wide, and a finding looks like a
vessel."""

LONGEST_ASPECT = 4.0
"""Largest ratio of a chest film's sides. Public films reach 1.8; a backbone's square would squeeze
longer ones."""


@dataclass(frozen=True)
class FilmImage:
    """One film as grey levels, upright.

    Attributes:
        pixels: Grey levels, 0 black to 255 white, read-only. Smaller than the stored
            size if the film was decoded at a reduced scale.
        notes: What was converted on the way, in plain words; they name neither the patient
            nor the file.
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


def read_film(
    path: Path, *, at_least_px: int | None = None, limits: FilmLimits = DEFAULT_LIMITS
) -> FilmImage:
    """Read a film from a file.

    Args:
        path: A file, or a link to one. Pipes and devices are refused at once.
        at_least_px: Side of the square that the film will be shrunk to. Large JPEG films
            are then decoded faster, at a reduced scale that keeps both sides at least twice
            as long. None reads every pixel.
        limits: Largest file and picture allowed.

    Raises:
        FilmError: The film cannot be read; the kind of error and its code say why.
    """
    data = load_bytes(path, limits)
    return decode_film(data, suffix=path.suffix, at_least_px=at_least_px, limits=limits)


def load_bytes(path: Path, limits: FilmLimits = DEFAULT_LIMITS) -> bytes:
    """Load a file whole, without waiting for pipes and within the limits.

    Raises:
        FilmMissingError: The path does not name a file that can be read.
        FilmSizeError: The file is larger than the limits allow.
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
        suffix: End of its name, such as `.png`; used only to note that it misleads.
        at_least_px: As in `read_film`.
        limits: As in `read_film`.

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
    except Exception as error:  # decoders raise errors of any kind
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


def sniff_format(head: bytes, suffix: str = "") -> str:
    """Name the format of a file from its first bytes.

    Args:
        head: The file's first `SNIFFED_BYTES` bytes, or all of them if there are fewer.
        suffix: End of its name; used only in the error for a file that was meant as DICOM.

    Returns:
        `PNG`, `JPEG`, `TIFF`, `BMP` or `DICOM`.

    Raises:
        FilmEmptyError: The file holds no bytes.
        FilmDicomError: The file is DICOM without its beginning, or is named as DICOM and has
            no supported format.
        FilmCorruptError: The file ends, or is mangled, within the mark of a supported format.
        FilmTypeError: The file is something else; the message says what, if that is known.
    """
    if not head:
        raise FilmEmptyError("The file is empty.", fix="Copy or export the film again.")
    if head.startswith(_PNG):
        return "PNG"
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(MARK, MARK_OFFSET):  # some writers begin these files as TIFF, too
        return "DICOM"
    if head.startswith(_TIFF):
        return "TIFF"
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADER_BYTES:
        return "BMP"
    if _BARE_DICOM.match(head):
        raise damaged("The content seems to be DICOM, but does not begin as a DICOM file does.")
    _check_mark_is_whole(head)
    looks_like, fix = _guess(head)
    if suffix.lower() in DICOM_SUFFIXES:
        raise damaged(f"The file is named {suffix.lower()} and is no DICOM: it is {looks_like}.")
    raise FilmTypeError(
        f"The content is no PNG, JPEG, TIFF, BMP or DICOM: it is {looks_like}.", fix=fix
    )


def _check_mark_is_whole(head: bytes) -> None:
    """Refuse a film that was cut or mangled within its mark."""
    marks = (_PNG, b"\xff\xd8\xff", *_TIFF)
    if len(head) >= 2 and any(mark.startswith(head) for mark in marks):
        raise corrupt_film("The file ends after its first few bytes.")
    if head.startswith(b"\x89PNG"):
        raise corrupt_film("The file was changed by a transfer in text mode.")
    if head.startswith(b"BM") and len(head) < 18 and (len(head) == 2 or _BINARY.search(head)):
        raise corrupt_film("The file ends within its header.")


def _guess(head: bytes) -> tuple[str, str]:
    for offset, mark, looks_like, fix in _LOOKALIKES:
        if head.startswith(mark, offset):
            return looks_like, fix
    for pattern, looks_like, fix in _MARKUP:
        if pattern.search(head):
            return looks_like, fix
    if not any(head):
        return "nothing but zero bytes", "Copy or export the film again from its source."
    if not _BINARY.search(head):
        return "text", "Take it out of the folder."
    return "of an unknown format", _AS_PNG


def is_film_name(path: Path) -> bool:
    """Tell whether a name ends as films' names usually do, whatever the content."""
    return path.suffix.lower() in _FORMAT_OF_SUFFIX


def is_picture_name(path: Path) -> bool:
    """Tell whether a name is that of a picture, supported or not.

    DICOM files often have no suffix, so a bare name counts.
    """
    return is_film_name(path) or path.suffix.lower() in _OTHER_PICTURE_SUFFIXES


def thumbnail(image: FilmImage, longest_side_px: int = 192) -> bytes:
    """Shrink a film for display; a smaller film keeps its size.

    Args:
        image: The film.
        longest_side_px: Longer side of the result, which keeps the proportions of
            the stored film.

    Returns:
        A grey JPEG file without any metadata.
    """
    shrink = min(1.0, longest_side_px / max(image.width_px, image.height_px))
    size = [max(1, round(side * shrink)) for side in (image.width_px, image.height_px)]
    small = Image.fromarray(image.pixels).resize((size[0], size[1]), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    small.save(file, "JPEG", quality=80)
    return file.getvalue()
