"""The report's section on the cohort: its films, its sources, what the checks found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from hilum.cohort.manifest import Cohort
from hilum.report import formatting, wording
from hilum.report.films import choose_examples
from hilum.report.thumbnails import data_uri
from hilum.report.tree import list_entries
from hilum.studies.comparison import Comparison

_SEVERITIES = {"fail": "Problem", "warn": "Caution", "note": "Note"}


def view_cohort(comparison: Comparison, thumbnails: Mapping[str, bytes]) -> dict[str, Any]:
    """Put into words which films were studied, of whom, from where, and which were not.

    Args:
        comparison: A finished study.
        thumbnails: JPEG bytes by film id.
    """
    cohort = comparison.cohort
    films = cohort.films
    classes = []
    for label in cohort.classes:
        rows = [row for row, film in enumerate(films) if film.label == label]
        examples = choose_examples(cohort, label)
        classes.append(
            {
                "label": label,
                "films": formatting.films_text(len(rows)),
                "people": wording.people_text(comparison, rows),
                "is_positive": label == comparison.positive,
                "examples": [(film.film_id, data_uri(film, thumbnails)) for film in examples],
            }
        )
    sources = Counter((film.source, film.label) for film in films)
    names = sorted({film.source for film in films if film.source is not None})
    return {
        "films": formatting.films_text(len(films)),
        "people": wording.people_text(comparison, range(len(films))),
        "groups": len(np.unique(comparison.folds.groups)),
        "classes": classes,
        "sources": [(name, [sources[name, label] for label in cohort.classes]) for name in names],
        "no_source": [sources[None, label] for label in cohort.classes],
        "excluded": view_excluded(cohort),
        "left_out": sorted((cohort.left_out or {}).items()),
    }


def view_excluded(cohort: Cohort) -> list[tuple[str, str, list[str]]]:
    """Gather the files that could not be read: code, what it means, ids."""
    by_code: dict[str, list[str]] = {}
    for exclusion in cohort.excluded:
        by_code.setdefault(exclusion.code, []).append(exclusion.film_id)
    return [
        (code, wording.EXCLUSION_REASONS.get(code, ""), ids)
        for code, ids in sorted(by_code.items())
    ]


def view_findings(comparison: Comparison, redact: Callable[[str], str]) -> list[dict[str, Any]]:
    """Put the findings into words, the worst first; `redact` hides names and places."""
    order = list(_SEVERITIES)
    ranked = sorted(
        comparison.findings,
        key=lambda f: order.index(f.severity) if f.severity in order else len(order),
    )
    return [
        {
            "check": redact(finding.check.replace("_", " ")),
            "severity": finding.severity if finding.severity in order else "note",
            "word": _SEVERITIES.get(finding.severity, finding.severity),
            "title": redact(finding.title),
            "what_to_do": redact(finding.what_to_do),
            "evidence": list_entries(finding.evidence, redact),
        }
        for finding in ranked
    ]
