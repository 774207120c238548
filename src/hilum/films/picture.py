"""What the readers of all formats share: limits, the picture that they return, their errors.

Each reader walks its container before a decoder sees it: it verifies sizes and checksums, drops
metadata, and passes on only what the pixels need. So no decoder allocates memory before the limits
are checked, inflates a text or a colour profile, or warns about tags.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import UInt8

from hilum.errors import FilmCorruptError, FilmSizeError, FilmTypeError

UPRIGHT = 1
"""EXIF orientation of a film that is stored upright."""


@dataclass(frozen=True)
class FilmLimits:
    """How large a film may be. The largest chest films have about 20 megapixels.

    Attributes:
        file_bytes: Largest file.
        pixels: Most pixels in a picture, as its header declares them.
    """

    file_bytes: int = 50_000_000
    pixels: int = 50_000_000

    def check_file(self, size_bytes: int) -> None:
        """Refuse a file that is too large.

        Raises:
            FilmSizeError: The file has more bytes than allowed.
        """
        if size_bytes > self.file_bytes:
            raise FilmSizeError(
                f"The file is larger than the {self.file_bytes / 1e6:g} MB allowed.",
                fix="Export the film at a smaller size or with compression.",
            )

    def check_picture(self, width_px: int, height_px: int) -> None:
        """Refuse a picture whose header declares too many pixels, or none.

        Raises:
            FilmSizeError: The picture has more pixels than allowed.
            FilmCorruptError: The picture has no pixels.
        """
        if width_px <= 0 or height_px <= 0:
            raise corrupt_film("The header declares a picture without pixels.")
        if width_px * height_px > self.pixels:
            raise FilmSizeError(
                f"The picture has {width_px} x {height_px} px, "
                f"more than the {self.pixels / 1e6:g} megapixels allowed.",
                fix="Export the film at a smaller size.",
            )


DEFAULT_LIMITS = FilmLimits()


@dataclass(frozen=True)
class Encoding:
    """How a file stores its picture, apart from what the film shows.

    Attributes:
        bits: Bits per sample, as declared.
        channels: Samples per pixel, as declared; a palette counts as one.
        quantisation: Mean of a JPEG's first quantisation table, 1 finest to 255 coarsest;
            None for other formats.
        is_progressive: The picture comes in several passes (progressive JPEG, Adam7 PNG).
        maker: Maker of the device or the program, as tags say; None if they do not.
    """

    bits: int = 8
    channels: int = 1
    quantisation: float | None = None
    is_progressive: bool = False
    maker: str | None = None


@dataclass(frozen=True)
class Picture:
    """One grey picture as its file stores it, before it is turned upright.

    Attributes:
        grey: Grey levels; smaller than the stored size if decoded at reduced scale.
        notes: What was converted on the way, in plain words.
        width_px: Stored width.
        height_px: Stored height.
        orientation: EXIF orientation, 1 to 8.
        encoding: How the file stores it.
    """

    grey: UInt8[np.ndarray, "height width"]
    notes: tuple[str, ...]
    width_px: int
    height_px: int
    orientation: int = UPRIGHT
    encoding: Encoding = field(default_factory=Encoding)


def corrupt_film(message: str) -> FilmCorruptError:
    """Make the error for a damaged film."""
    return FilmCorruptError(message, fix="Copy or export the film again from its source.")


def unsupported_film(message: str) -> FilmTypeError:
    """Make the error for a film of a known format but an unsupported kind."""
    return FilmTypeError(message, fix="Export the film as an ordinary PNG.")
