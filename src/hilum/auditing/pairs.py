"""Listing pairs of copies in a finding: by the ids of both films, a bounded number of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hilum.auditing.listing import FILMS_LISTED
from hilum.auditing.twins import Twin
from hilum.cohort.manifest import Cohort


def list_pairs(cohort: Cohort, twins: Sequence[Twin]) -> list[dict[str, Any]]:
    """List pairs for a finding's evidence, the surest first.

    Args:
        cohort: The films.
        twins: Pairs of its rows.
    """
    surest_first = sorted(twins, key=lambda twin: -twin.correlation)
    return [_describe(cohort, twin) for twin in surest_first[: FILMS_LISTED // 2]]


def _describe(cohort: Cohort, twin: Twin) -> dict[str, Any]:
    both = [cohort.films[twin.first], cohort.films[twin.second]]
    return {
        "films": [film.film_id for film in both],
        "classes": [film.label for film in both],
        "correlation": float(twin.correlation),
        "rotation_degrees": float(twin.rotation_degrees),
    }
