"""Where pictures of explanations go, and that they take nobody else's place."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from hilum.disk import write_durably
from hilum.errors import OutputError
from hilum.report.explanation_picture import SOFTWARE

_LONGEST_STEM = 60


def place_pictures(films: Sequence[Path], out: Path) -> list[Path]:
    """Choose a file for each film's picture.

    Args:
        films: One or more.
        out: A PNG file, for a single film; or a folder, whose pictures are named as the
            films are, with a number where several would be named alike.

    Raises:
        OutputError: Several films and one file; or a place holds something that is no
            picture of ours.
    """
    is_file = out.suffix.lower() == ".png" and not out.is_dir()
    if is_file and len(films) > 1:
        raise OutputError(
            f"{len(films)} pictures do not go into one file '{out}'.",
            fix="Name a folder with -o.",
        )
    places = [out] if is_file else _inside(out, films)
    for place in places:
        if place.exists() and not _is_ours(place):
            raise OutputError(
                f"'{place}' is there already and is no picture of an explanation.",
                fix="Choose another place with -o.",
            )
    return places


def save_picture(picture: bytes, place: Path) -> None:
    """Write a picture whole; its folder is made, an older picture of ours is replaced.

    Raises:
        OutputError: It cannot be written.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_durably(place, picture)
    except OSError as error:
        raise OutputError(
            f"The picture '{place}' cannot be written: {error.strerror or error}.",
            fix="Name a place that you may write to, on a disk with room.",
        ) from error


def _inside(folder: Path, films: Sequence[Path]) -> list[Path]:
    places: list[Path] = []
    for film in films:
        stem = re.sub(r"[^A-Za-z0-9._-]+", "-", film.stem).strip(".-")[:_LONGEST_STEM] or "film"
        place, number = folder / f"{stem}.png", 2
        while place in places:
            place, number = folder / f"{stem}-{number}.png", number + 1
        places.append(place)
    return places


def _is_ours(place: Path) -> bool:
    try:
        with Image.open(io.BytesIO(place.read_bytes()), formats=["PNG"]) as picture:
            return picture.info.get("Software") == SOFTWARE
    except (OSError, ValueError, Image.DecompressionBombError):
        return False
