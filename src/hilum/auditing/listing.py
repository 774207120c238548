"""Listing films in a finding: by their ids, a bounded number of them, the count exact."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from hilum.cohort.manifest import Cohort

FILMS_LISTED = 50
"""A finding names at most so many films; a longer list helps nobody to look at them."""


def list_films(cohort: Cohort, rows: Iterable[int]) -> dict[str, Any]:
    """List films for a finding's evidence: how many, how many of each class, which.

    Args:
        cohort: The films.
        rows: Those that the finding is about.
    """
    films = [cohort.films[row] for row in rows]
    per_class = {label: sum(film.label == label for film in films) for label in cohort.classes}
    return {
        "n_films": len(films),
        "per_class": per_class,
        "films": [film.film_id for film in films[:FILMS_LISTED]],
    }


def list_groups(cohort: Cohort, groups: Iterable[Sequence[int]]) -> list[list[str]]:
    """List sets of films that belong together, as long as there is room for a whole one.

    Args:
        cohort: The films.
        groups: Rows of each set.
    """
    listed: list[list[str]] = []
    room = FILMS_LISTED
    for rows in groups:
        kept = [cohort.films[row].film_id for row in rows[:FILMS_LISTED]]
        if len(kept) > room:
            break
        room -= len(kept)
        listed.append(kept)
    return listed


def tell_number(number: int, noun: str, verbs: str = "") -> str:
    """Write a number with its noun, as in `1 film` and `2 films`.

    Args:
        number: 0 or more.
        noun: In the singular.
        verbs: Follows the noun: the singular and the plural, as in `is/are`.
    """
    one, _, several = verbs.partition("/")
    told = f"{number} {noun} {one}" if number == 1 else f"{number} {noun}s {several}"
    return told.rstrip()


def tell_per_class(per_class: dict[str, int]) -> str:
    """Write counts per class, as in `12 COVID-19, 3 Normal`; classes without any are left out."""
    return ", ".join(f"{count} {label}" for label, count in per_class.items() if count)
