"""Which films the report shows, and small pictures of them."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hilum.cohort import Cohort, Film, load_registered
from hilum.disk import write_durably
from hilum.errors import FilmError
from hilum.films import READING_VERSION, decode_film, thumbnail
from hilum.studies import BackboneResult, Comparison

_LONGEST_SIDE_PX = 192


SPOT_SIDE_PX = 448
"""Longest side of a film whose strongest spot is cut out of it."""


def load_thumbnails(
    films: Iterable[Film], cache_dir: Path, longest_side_px: int = _LONGEST_SIDE_PX
) -> dict[str, bytes]:
    """Return a JPEG of each film, by film id; decodes only films not shown before.

    A film that has vanished or changed since it was studied has no picture, and the
    report says so in its place. A cache that cannot be used costs time, not the report.
    """
    folder = cache_dir / "thumbnails" / f"v{READING_VERSION}-{longest_side_px}"
    pictures: dict[str, bytes] = {}
    for film in films:
        kept = folder / f"{film.sha256}.jpg"
        with contextlib.suppress(OSError):
            pictures[film.film_id] = kept.read_bytes()
            continue
        with contextlib.suppress(FilmError):
            image = decode_film(load_registered(film), at_least_px=longest_side_px)
            picture = thumbnail(image, longest_side_px)
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


EXAMPLES_PER_CLASS = 6
MISJUDGED_AT_MOST = 24


@dataclass(frozen=True)
class Misjudged:
    """A film that the best backbone called wrongly.

    Attributes:
        film: The film.
        called: The class that it was called.
        score: Probability given to that class.
        misjudged_by: How many backbones called it wrongly.
        tested_by: How many backbones called it at all.
    """

    film: Film
    called: str
    score: float
    misjudged_by: int
    tested_by: int


def choose_examples(cohort: Cohort, label: str) -> tuple[Film, ...]:
    """Pick films of one class, evenly spaced over the cohort, the same ones every time."""
    films = [film for film in cohort.films if film.label == label]
    if len(films) <= EXAMPLES_PER_CLASS:
        return tuple(films)
    # The middle of each of six equal stretches: neither end of the folder weighs more.
    steps = (np.arange(EXAMPLES_PER_CLASS) + 0.5) * len(films) / EXAMPLES_PER_CLASS
    return tuple(films[int(step)] for step in steps)


def find_misjudged(comparison: Comparison) -> tuple[Misjudged, ...]:
    """List the films that the best backbone called wrongly, the surest error first."""
    cohort, y = comparison.cohort, comparison.cohort.y
    wrong = np.zeros(len(cohort), dtype=np.int64)
    tested = np.zeros(len(cohort), dtype=np.int64)
    for result in comparison.backbones:
        films = result.evaluation.films
        tested[films] += 1
        wrong[films] += result.evaluation.y_pred != y[films]
    best = comparison.backbones[0].evaluation
    errors = [
        Misjudged(
            film=cohort.films[row],
            called=cohort.classes[called],
            score=float(scores[called]),
            misjudged_by=int(wrong[row]),
            tested_by=int(tested[row]),
        )
        for row, called, scores in zip(best.films, best.y_pred, best.scores, strict=True)
        if called != y[row]
    ]
    return tuple(sorted(errors, key=lambda error: (-error.score, error.film.film_id)))


def count_misjudged(comparison: Comparison) -> tuple[int, int]:
    """Count the films that any backbone, and that every backbone, called wrongly."""
    y = comparison.cohort.y
    errors = [_errors_of(result, y) for result in comparison.backbones]
    return len(set[int]().union(*errors)), len(errors[0].intersection(*errors))


def _errors_of(result: BackboneResult, y: np.ndarray) -> set[int]:
    evaluation = result.evaluation
    return set(evaluation.films[evaluation.y_pred != y[evaluation.films]].tolist())
