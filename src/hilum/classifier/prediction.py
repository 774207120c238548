"""From a file to the square that the backbone sees, and what the classifier says of it.

What is not a film is refused here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from hilum.errors import FilmError, FilmUnfitError
from hilum.features import resize_film
from hilum.films import LEAST_SIDE_PX, LONGEST_ASPECT, FilmImage, decode_film, read_film

FilmLike = str | os.PathLike[str] | bytes | np.ndarray
"""A file, its bytes, or grey levels (height x width, uint8, 0 black)."""


@dataclass(frozen=True)
class Prediction:
    """One film's answer.

    Attributes:
        probabilities: Calibrated probability of each class, for films mixed as in the
            training cohort. They are computed for every film; outside the domain they are
            meaningless, and are shown on request alone.
        call: The class that is called at the operating point; None outside the domain.
        in_domain: Whether the film is like the training films.
        distance: How far its features lie from theirs; see `DomainGuard`.
        notes: What was converted while the film was read, in plain words.
    """

    probabilities: Mapping[str, float]
    call: str | None
    in_domain: bool
    distance: float
    notes: tuple[str, ...]


@dataclass(frozen=True)
class FilmFailure:
    """Why a film has no answer: it could not be read, or is not a film.

    Attributes:
        code: Stable name of the kind of fault.
        message: What is wrong.
        fix: What to do.
    """

    code: str
    message: str
    fix: str

    @classmethod
    def from_error(cls, error: FilmError) -> FilmFailure:
        """Record why a film has no answer."""
        return cls(error.code, error.message, error.fix)


@dataclass(frozen=True)
class PreparedFilm:
    """A film that is ready for the backbone.

    Attributes:
        square: At the backbone's size.
        pixels: Upright, at the size it was decoded.
        notes: What was converted on the way, in plain words.
    """

    square: UInt8[np.ndarray, "size size"]
    pixels: UInt8[np.ndarray, "height width"]
    notes: tuple[str, ...]


_FIX = "Give one frontal chest film, whole and upright, as it was exported."


def prepare_film(film: FilmLike, size_px: int, *, is_whole: bool = False) -> PreparedFilm:
    """Read a film and bring it to the backbone's square.

    Args:
        film: A file, its bytes, or grey levels.
        size_px: Side of the square.
        is_whole: Read every pixel, to draw the film; otherwise large JPEG films are decoded
            at a reduced scale, as in training.

    Raises:
        FilmError: It cannot be read, or it is not a film: below 64 px, more than four times as
            long as wide, or of one grey level.
        TypeError: It is of a type that cannot hold a film.
    """
    at_least_px = None if is_whole else size_px
    match film:
        case bytes():
            image = decode_film(film, at_least_px=at_least_px)
        case str() | os.PathLike():
            image = read_film(Path(film), at_least_px=at_least_px)
        case np.ndarray():
            image = _from_array(film)
        case _:
            raise TypeError(f"a film is a path, bytes or an array, got {type(film).__name__}")
    _check_fit(image)
    return PreparedFilm(resize_film(image.pixels, size_px), image.pixels, image.notes)


def _from_array(pixels: np.ndarray) -> FilmImage:
    if pixels.dtype != np.uint8 or pixels.ndim != 2:
        raise TypeError(
            "an array must be grey levels, height x width, uint8, 0 black to 255 white; "
            f"got {pixels.dtype} of shape {pixels.shape}"
        )
    height_px, width_px = pixels.shape
    return FilmImage(pixels, (), "array", width_px, height_px)


def _check_fit(image: FilmImage) -> None:
    shorter, longer = sorted((image.width_px, image.height_px))
    if shorter < LEAST_SIDE_PX:
        raise FilmUnfitError(
            f"The picture has {image.width_px} x {image.height_px} px; a film needs at least "
            f"{LEAST_SIDE_PX} px on each side.",
            fix=_FIX,
        )
    if longer > LONGEST_ASPECT * shorter:
        raise FilmUnfitError(
            f"The picture is {longer / shorter:.1f} times as long as wide; no chest film is.",
            fix=_FIX,
        )
    if image.pixels.min() == image.pixels.max():
        raise FilmUnfitError("The picture is of one grey level.", fix=_FIX)
