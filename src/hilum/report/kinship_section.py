"""The section "Which films belong together": patients, groups, copies, and a leak's worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Int

from hilum.auditing.report import AuditReport
from hilum.auditing.twins import Twin
from hilum.cohort.manifest import Cohort, Film
from hilum.report import kinship_wording as words
from hilum.report.thumbnails import data_uri

PAIRS_AT_MOST = 6


def choose_pairs(twins: Sequence[Twin], films: Sequence[Film]) -> tuple[Twin, ...]:
    """Pick a few pairs that show what was found: two labels first, then one kind after another.

    Args:
        twins: Every pair found.
        films: Rows of the cohort.
    """
    in_turn: list[tuple[bool, int, int, Twin]] = []
    seen: dict[str, int] = {}
    kinds = list(words.TWIN_TEXTS)
    for twin in twins:
        turn = seen[twin.kind] = seen.get(twin.kind, -1) + 1
        agrees = films[twin.first].label == films[twin.second].label
        in_turn.append((agrees, turn, kinds.index(twin.kind), twin))
    ranked = sorted(in_turn, key=lambda entry: entry[:3])
    return tuple(entry[3] for entry in ranked[:PAIRS_AT_MOST])


def films_of_pairs(audit: AuditReport, cohort: Cohort) -> tuple[Film, ...]:
    """Name the films whose thumbnails the section wants."""
    return tuple(
        cohort.films[row]
        for twin in choose_pairs(audit.kinship.twins, cohort.films)
        for row in (twin.first, twin.second)
    )


def view_kinship(
    audit: AuditReport,
    *,
    cohort: Cohort,
    groups: Int[np.ndarray, " films"],
    model: str,
    thumbnails: Mapping[str, bytes],
    redact: Callable[[str], str],
    n_straddling: int | None = 0,
) -> dict[str, Any]:
    """Put into words and pictures which films belong together, and how that is known.

    Args:
        audit: What the audit found.
        cohort: The films.
        groups: Group of each film.
        model: Title of the backbone that was studied with and without the leak.
        thumbnails: JPEG bytes by film id.
        redact: Hides names and places.
        n_straddling: Groups that stand on both sides of some split; None where nothing
            was split.
    """
    films, twins = cohort.films, audit.kinship.twins
    pairs = choose_pairs(twins, films)
    return {
        "patients": redact(words.patients_text(cohort)),
        "groups": words.groups_text(groups, n_straddling),
        "is_torn": bool(n_straddling),
        "twins": words.twins_text(twins),
        "pairs": [_pair(twin, films, thumbnails) for twin in pairs],
        "n_hidden": len(twins) - len(pairs),
        "leak": "" if audit.leak is None else words.leak_text(audit.leak, model),
    }


def _pair(twin: Twin, films: Sequence[Film], thumbnails: Mapping[str, bytes]) -> dict[str, Any]:
    both = films[twin.first], films[twin.second]
    return {
        "films": [(film.film_id, film.label, data_uri(film, thumbnails)) for film in both],
        "text": words.twin_text(twin),
        "correlation": f"{twin.correlation:.2f}",
        "is_contradiction": both[0].label != both[1].label,
    }
