"""Small pictures of the films that a report shows, made once and kept."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from hilum.cohort.manifest import Film
from hilum.cohort.reading import READING_VERSION, decode_film
from hilum.cohort.registering import load_registered
from hilum.cohort.thumbnails import thumbnail
from hilum.disk import write_durably
from hilum.errors import FilmError

_LONGEST_SIDE_PX = 192


def load_thumbnails(films: Iterable[Film], cache_dir: Path) -> dict[str, bytes]:
    """Return a JPEG of each film, by film id; decodes only films not shown before.

    A film that has vanished or changed since it was studied has no picture, and the
    report says so in its place. A cache that cannot be used costs time, not the report.
    """
    folder = cache_dir / "thumbnails" / f"v{READING_VERSION}-{_LONGEST_SIDE_PX}"
    pictures: dict[str, bytes] = {}
    for film in films:
        kept = folder / f"{film.sha256}.jpg"
        with contextlib.suppress(OSError):
            pictures[film.film_id] = kept.read_bytes()
            continue
        with contextlib.suppress(FilmError):
            image = decode_film(load_registered(film), at_least_px=_LONGEST_SIDE_PX)
            picture = thumbnail(image, _LONGEST_SIDE_PX)
            pictures[film.film_id] = picture
            with contextlib.suppress(OSError):
                folder.mkdir(parents=True, exist_ok=True)
                write_durably(kept, picture)
    return pictures


def data_uri(film: Film, thumbnails: Mapping[str, bytes]) -> str:
    """Write a film's JPEG as an address that a page can hold; empty where it has none."""
    if film.film_id not in thumbnails:
        return ""
    return "data:image/jpeg;base64," + base64.b64encode(thumbnails[film.film_id]).decode()
