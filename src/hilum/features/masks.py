"""Lung masks: pictures that are bright where a film shows lung, found by the films' names."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool

from hilum.cohort import Film
from hilum.errors import CohortError, FilmChangedError, FilmError
from hilum.films import decode_film, load_bytes

_SUFFIX = ".png"

_LEAST_SHARE, _MOST_SHARE = 0.02, 0.9
"""Share of a film that lungs may cover; other masks are empty, full, or of something else."""


@dataclass(frozen=True)
class LungMask:
    """A picture that is bright where a film shows lung.

    Attributes:
        path: Where it is.
        sha256: Hash of its bytes.
    """

    path: Path
    sha256: str


def find_masks(films: Sequence[Film], folder: Path) -> dict[str, LungMask]:
    """Find the lung mask of each film that has one.

    Args:
        films: Rows of a cohort.
        folder: Holds a PNG per film, named as the film but for the suffix; or a subfolder of
            such files per class.

    Returns:
        Masks by film id.

    Raises:
        CohortError: The folder does not exist, no mask fits any film, two different films
            share one, or a mask cannot be read or shows no lungs.
    """
    if not folder.is_dir():
        raise CohortError(f"There is no folder '{folder}' with lung masks.", fix="Check --masks.")
    masks: dict[str, LungMask] = {}
    film_of: dict[Path, Film] = {}
    for film in films:
        name = f"{film.path.stem}{_SUFFIX}"
        path = next((p for p in (folder / film.label / name, folder / name) if p.is_file()), None)
        if path is None:
            continue
        if film_of.setdefault(path, film).sha256 != film.sha256:
            raise CohortError(
                f"The lung mask '{name}' fits several films of that name.",
                fix="Put the masks of each class into a subfolder named for it.",
            )
        masks[film.film_id] = LungMask(path, _check(path))
    if not masks:
        raise CohortError(
            f"No picture in '{folder}' is named as one of the films.",
            fix=f"Name each mask as its film is, ending in {_SUFFIX}.",
        )
    return masks


def load_mask(mask: LungMask) -> Bool[np.ndarray, "height width"]:
    """Load a mask: True where the film shows lung.

    Raises:
        FilmChangedError: The mask's file has changed since it was found.
        FilmError: It can no longer be read.
    """
    data = load_bytes(mask.path)
    if hashlib.sha256(data).hexdigest() != mask.sha256:
        raise FilmChangedError(
            "A lung mask changed while the study ran.", fix="Run the study again."
        )
    return _lit(data)


def _check(path: Path) -> str:
    """Check that a file is a lung mask; return the hash of its bytes."""
    try:
        data = load_bytes(path)
        share = float(_lit(data).mean())
    except FilmError as error:
        raise CohortError(
            f"The lung mask '{path.name}' cannot be used: {error.message}", fix=error.fix
        ) from error
    if not _LEAST_SHARE <= share <= _MOST_SHARE:
        raise CohortError(
            f"The lung mask '{path.name}' is lit over {share:.0%} of the film, which no lungs are.",
            fix="Give masks that are bright where there is lung and black elsewhere.",
        )
    return hashlib.sha256(data).hexdigest()


def _lit(data: bytes) -> Bool[np.ndarray, "height width"]:
    """Split a mask at half its brightest level, so that levels of 0 and 1 work as well."""
    pixels = decode_film(data).pixels
    lit: Bool[np.ndarray, "height width"] = pixels > pixels.max() / 2
    return lit
