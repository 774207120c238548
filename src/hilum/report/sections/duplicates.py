"""The section "Which films belong together": patients, groups, copies, and a leak's worth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Int

from hilum.auditing import AuditReport, LeakWorth
from hilum.cohort import Cohort, Film
from hilum.duplicates import Duplicate, DuplicateKind
from hilum.report.films import data_uri
from hilum.report.section import section
from hilum.wording import counted, difference_text, films_text, joined, metric_text

DUPLICATE_TEXTS: Mapping[DuplicateKind, str] = {
    "bytes": "the same file",
    "pixels": "the same pixels in another file",
    "copy": "a changed copy",
    "mirrored": "a mirrored copy",
    "rotated": "a turned copy",
}
"""What the second film is of the first."""


def leak_text(leak: LeakWorth, model: str) -> str:
    """Say in one sentence what it is worth to tear apart films that belong together.

    Args:
        leak: What was measured.
        model: Title of the backbone that was studied both ways.
    """
    gain = difference_text("auroc", leak.gain.value)
    low, high = (difference_text("auroc", bound) for bound in (leak.gain.low, leak.gain.high))
    bounds = f"[{low}, {high}]"
    both = (
        f"With films dealt out one by one, {model} reaches AUROC "
        f"{metric_text('auroc', leak.ungrouped)} instead of {metric_text('auroc', leak.grouped)}"
    )
    if leak.gain.low > 0:
        return f"{both}: the leak would have been worth {gain} {bounds}."
    if leak.gain.high < 0:
        return f"{both}: the leak would have made it worse, by {gain} {bounds}."
    return f"{both}: no gain that these films could show ({gain} {bounds})."


def duplicates_text(duplicates: Sequence[Duplicate]) -> str:
    """Say how many films stand in the cohort more than once, and how they came there."""
    if not duplicates:
        return "No film was found twice, neither as a copy nor mirrored nor turned."
    counts = Counter(duplicate.kind for duplicate in duplicates)
    if len(duplicates) == 1:
        return f"One pair of films is one film: {DUPLICATE_TEXTS[duplicates[0].kind]}."
    kinds = [f"{text} ({counts[kind]:,})" for kind, text in DUPLICATE_TEXTS.items() if counts[kind]]
    n_films = len({row for duplicate in duplicates for row in (duplicate.first, duplicate.second)})
    return (
        f"{len(duplicates):,} pairs among {films_text(n_films)} are one film each: {joined(kinds)}."
    )


def duplicate_text(duplicate: Duplicate) -> str:
    """Say what lies between two films that are one: `a turned copy, by 12°`."""
    text = DUPLICATE_TEXTS[duplicate.kind]
    if duplicate.kind == "rotated":
        return f"{text}, by {abs(duplicate.rotation_degrees):.0f}°"
    return text


def groups_text(groups: Int[np.ndarray, " films"], n_straddling: int | None = 0) -> str:
    """Say how many films were held together, and whether they really were.

    Args:
        groups: Group of each film.
        n_straddling: Groups that stand on both sides of some split; None where nothing
            was split.
    """
    sizes = np.unique(groups, return_counts=True)[1]
    shared = sizes[sizes > 1]
    if not len(shared):
        return "No two films are known to belong together, so each could be dealt out by itself."
    least, most = shared.min(), shared.max()
    held = (
        f"{films_text(int(shared.sum()))} belong together with others, in "
        f"{counted(len(shared), 'group')} of {'' if least == most else 'up to '}{most:,}."
    )
    if n_straddling is None:
        return f"{held} Nothing was split."
    if n_straddling:
        stand = counted(n_straddling, "group", "stands/stand")
        return f"{held} {stand} in training and in test all the same."
    return f"{held} No group was torn apart between training, validation and test."


def patients_text(cohort: Cohort) -> str:
    """Say whose films these are, as far as that is known, and how it is known.

    What the user's table or file names say of it may stand in the text: a page hides
    names in it.
    """
    unnamed = sum(film.patient is None for film in cohort.films)
    if cohort.n_patients is None:
        return (
            "Patients are unknown: films of one person may stand in training and in test, and "
            "nothing would show it."
        )
    text = f"{counted(cohort.n_patients, 'patient', 'is/are')} known" + (
        f"; of {films_text(unnamed)} the patient is not."
        if unnamed
        else ", and each film’s patient."
    )
    if cohort.patients_from:
        text += f" Known for {'; '.join(cohort.patients_from)}."
    return text


PAIRS_AT_MOST = 6


def choose_pairs(duplicates: Sequence[Duplicate], films: Sequence[Film]) -> tuple[Duplicate, ...]:
    """Pick a few pairs that show what was found: two labels first, then one kind after another.

    Args:
        duplicates: Every pair found.
        films: Rows of the cohort.
    """
    in_turn: list[tuple[bool, int, int, Duplicate]] = []
    seen: dict[str, int] = {}
    kinds = list(DUPLICATE_TEXTS)
    for duplicate in duplicates:
        turn = seen[duplicate.kind] = seen.get(duplicate.kind, -1) + 1
        agrees = films[duplicate.first].label == films[duplicate.second].label
        in_turn.append((agrees, turn, kinds.index(duplicate.kind), duplicate))
    ranked = sorted(in_turn, key=lambda entry: entry[:3])
    return tuple(entry[3] for entry in ranked[:PAIRS_AT_MOST])


def films_of_pairs(audit: AuditReport, cohort: Cohort) -> tuple[Film, ...]:
    """Name the films whose thumbnails the section wants."""
    return tuple(
        cohort.films[row]
        for duplicate in choose_pairs(audit.relations.duplicates, cohort.films)
        for row in (duplicate.first, duplicate.second)
    )


@section("duplicates", place=90, variable="relations")
def view_duplicates(
    audit: AuditReport,
    *,
    cohort: Cohort,
    groups: Int[np.ndarray, " films"],
    model_title: str,
    thumbnails: Mapping[str, bytes],
    redact: Callable[[str], str],
    n_straddling: int | None = 0,
) -> dict[str, Any]:
    """Put into words and pictures which films belong together, and how that is known.

    Args:
        audit: What the audit found.
        cohort: The films.
        groups: Group of each film.
        model_title: Title of the backbone that was studied with and without the leak.
        thumbnails: JPEG bytes by film id.
        redact: Hides names and places.
        n_straddling: Groups that stand on both sides of some split; None where nothing
            was split.
    """
    films, duplicates = cohort.films, audit.relations.duplicates
    pairs = choose_pairs(duplicates, films)
    return {
        "patients": redact(patients_text(cohort)),
        "groups": groups_text(groups, n_straddling),
        "is_torn": bool(n_straddling),
        "duplicates": duplicates_text(duplicates),
        "pairs": [_pair(duplicate, films, thumbnails) for duplicate in pairs],
        "n_hidden": len(duplicates) - len(pairs),
        "leak": "" if audit.leak is None else leak_text(audit.leak, model_title),
    }


def _pair(
    duplicate: Duplicate, films: Sequence[Film], thumbnails: Mapping[str, bytes]
) -> dict[str, Any]:
    both = films[duplicate.first], films[duplicate.second]
    return {
        "films": [(film.film_id, film.label, data_uri(film, thumbnails)) for film in both],
        "text": duplicate_text(duplicate),
        "correlation": f"{duplicate.correlation:.2f}",
        "is_contradiction": both[0].label != both[1].label,
    }
