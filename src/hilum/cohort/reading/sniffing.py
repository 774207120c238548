"""Tell a file's format from its first bytes; names and suffixes have no say."""

from __future__ import annotations

import re

from hilum.cohort.reading.containers import corrupt_film
from hilum.cohort.reading.dicom_elements import MARK, MARK_OFFSET
from hilum.cohort.reading.dicom_file import damaged
from hilum.errors import FilmEmptyError, FilmTypeError

SNIFFED_BYTES = 1024
"""How much of a file's beginning `sniff_format` wants to see."""

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


def sniff_format(head: bytes, suffix: str = "") -> str:
    """Name the format of a file from its first bytes.

    Args:
        head: The file's first `SNIFFED_BYTES` bytes, or all of them if there are fewer.
        suffix: End of its name; only to say of what is none that it was meant as DICOM.

    Returns:
        `PNG`, `JPEG`, `TIFF`, `BMP` or `DICOM`.

    Raises:
        FilmEmptyError: There are no bytes.
        FilmDicomError: It is a DICOM file without its beginning, or is named as one and is
            no film of any kind.
        FilmCorruptError: The file ends, or is mangled, within a supported format's mark.
        FilmTypeError: It is something else; the message says what, if that is known.
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
    """Tell a film that was cut or mangled within its mark from one of another format."""
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
