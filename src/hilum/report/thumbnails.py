"""Small pictures of the films that a report shows, made once and kept."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from hilum.cohort.manifest import Film
from hilum.cohort.reading import READING_VERSION, read_film
from hilum.cohort.thumbnails import thumbnail
from hilum.errors import FilmError

_LONGEST_SIDE_PX = 192


def load_thumbnails(films: Iterable[Film], cache_dir: Path) -> dict[str, bytes]:
    """Return a JPEG of each film, by film id; decodes only films not shown before.

    A film that has vanished since it was studied has no picture, and the report
    says so in its place.
    """
    folder = cache_dir / "thumbnails" / f"v{READING_VERSION}-{_LONGEST_SIDE_PX}"
    folder.mkdir(parents=True, exist_ok=True)
    pictures: dict[str, bytes] = {}
    for film in films:
        kept = folder / f"{film.sha256}.jpg"
        try:
            if not kept.exists():
                image = read_film(film.path, at_least_px=_LONGEST_SIDE_PX)
                scratch = kept.with_suffix(f".{film.film_id}.part")
                scratch.write_bytes(thumbnail(image))
                scratch.replace(kept)
            pictures[film.film_id] = kept.read_bytes()
        except FilmError:
            continue
    return pictures
