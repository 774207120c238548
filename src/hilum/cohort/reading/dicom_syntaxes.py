"""How DICOM files may store their values and pixels, and which of these ways are read."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hilum.errors import FilmCodecError

_ROOT = "1.2.840.10008.1.2"
_NAMES = {
    f"{_ROOT}.1.98": "Encapsulated Uncompressed",
    f"{_ROOT}.1.99": "Deflated",
    f"{_ROOT}.4.50": "JPEG Baseline",
    f"{_ROOT}.4.51": "JPEG Extended",
    f"{_ROOT}.4.57": "JPEG Lossless",
    f"{_ROOT}.4.70": "JPEG Lossless, first-order prediction",
    f"{_ROOT}.4.80": "JPEG-LS Lossless",
    f"{_ROOT}.4.81": "JPEG-LS Near-lossless",
    f"{_ROOT}.4.90": "JPEG 2000 Lossless",
    f"{_ROOT}.4.91": "JPEG 2000",
    f"{_ROOT}.4.92": "JPEG 2000 Multi-component Lossless",
    f"{_ROOT}.4.93": "JPEG 2000 Multi-component",
    f"{_ROOT}.4.201": "HTJ2K Lossless",
    f"{_ROOT}.4.202": "HTJ2K Lossless RPCL",
    f"{_ROOT}.4.203": "HTJ2K",
    f"{_ROOT}.5": "RLE Lossless",
}
_DEFLATED = re.compile(r"1\.2\.840\.10008\.1\.2\.1\.99|1\.2\.840\.10008\.1\.2\.4\.95")
_UNCOMPRESS = (
    "Decompress it in the archive or with a tool such as gdcmconv --raw, or export the film as "
    "PNG, without annotations burnt in."
)


@dataclass(frozen=True)
class Syntax:
    """How a DICOM file stores values and pixels.

    Attributes:
        name: As the standard calls it.
        is_explicit: Elements give their types.
        order: Byte order, as `struct` writes it.
        is_compressed: The pixels need a decoder.
    """

    name: str
    is_explicit: bool = True
    order: str = "<"
    is_compressed: bool = False

    def check_is_read(self) -> None:
        """Refuse compressed pixels.

        Raises:
            FilmCodecError: They are.
        """
        if self.is_compressed:
            raise _unread(f"The DICOM film is compressed: {self.name}.")


_UNCOMPRESSED = {
    _ROOT: Syntax("Implicit VR Little Endian", is_explicit=False),
    f"{_ROOT}.1": Syntax("Explicit VR Little Endian"),
    f"{_ROOT}.2": Syntax("Explicit VR Big Endian", order=">"),
}


def find_syntax(uid: str) -> Syntax | None:
    """Find how a file is stored by the standard's number for it; None if that is empty.

    Raises:
        FilmCodecError: The whole file is deflated, or stored in a way that is not known:
            not even its elements are looked at.
    """
    if not uid or uid in _UNCOMPRESSED:
        return _UNCOMPRESSED.get(uid)
    if _DEFLATED.fullmatch(uid):
        raise _unread(f"The DICOM file is compressed: {_NAMES.get(uid, 'Deflated')}.")
    if not re.fullmatch(r"1\.2\.840\.10008\.1\.2\.[0-9.]{1,40}", uid):
        raise _unread("The DICOM file is stored in a way of its maker's own.")
    is_video = re.fullmatch(r"1\.2\.840\.10008\.1\.2\.4\.10\d(\.1)?", uid)
    return Syntax(
        _NAMES.get(uid, "a video" if is_video else "in a way that is not known"),
        is_compressed=True,
    )


def _unread(message: str) -> FilmCodecError:
    return FilmCodecError(message, fix=_UNCOMPRESS)
