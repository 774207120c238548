"""The section on the cohort: its films, its sources, what the checks found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hilum.auditing import Finding, State, associate_sources, tabulate_sources
from hilum.cohort import Cohort
from hilum.report import wording, wording as formatting
from hilum.report.films import choose_examples, data_uri
from hilum.report.pages import list_entries
from hilum.report.sections.shortcuts import association_text

_STATES: Mapping[State, tuple[str, str]] = {
    "fail": ("Problem", "Problems"),
    "warn": ("Caution", "Cautions"),
    "note": ("Note", "Notes"),
    "muted": ("Muted finding", "Muted findings"),
}


def view_cohort(cohort: Cohort, positive: str, thumbnails: Mapping[str, bytes]) -> dict[str, Any]:
    """Put into words which films were studied, of whom, from where, and which were not.

    Args:
        cohort: The films that were read, and those that were not.
        positive: The class that sensitivity speaks of.
        thumbnails: JPEG bytes by film id.
    """
    films = cohort.films
    classes = []
    for label in cohort.classes:
        rows = [row for row, film in enumerate(films) if film.label == label]
        examples = choose_examples(cohort, label)
        classes.append(
            {
                "label": label,
                "films": formatting.films_text(len(rows)),
                "people": wording.people_text(cohort, rows),
                "is_positive": label == positive,
                "examples": [(film.film_id, data_uri(film, thumbnails)) for film in examples],
            }
        )
    table = tabulate_sources(cohort)
    counts = Counter(film.label for film in films if film.source is None)
    return {
        "films": formatting.films_text(len(films)),
        "people": wording.people_text(cohort, range(len(films))),
        "classes": classes,
        "sources": list(zip(table.sources, table.counts.tolist(), strict=True)),
        "no_source": [counts[label] for label in cohort.classes],
        "association": association_text(associate_sources(cohort, positive)),
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


def view_findings(
    findings: Sequence[Finding], redact: Callable[[str], str]
) -> list[dict[str, Any]]:
    """Put the findings into words, the gravest first, muted ones last; notes come folded.

    Args:
        findings: What the checks say.
        redact: Hides names and places.
    """
    return [
        {
            "severity": state,
            "heading": plural if len(listed) > 1 else word,
            "count": len(listed),
            "findings": listed,
        }
        for state, (word, plural) in _STATES.items()
        if (listed := [_finding(f, redact) for f in findings if f.state == state])
    ]


def severity_word(finding: Finding) -> str:
    """Say in a word or two how grave a finding is: `Problem`, or `Muted problem`."""
    word, _ = _STATES[finding.severity]
    return f"Muted {word.lower()}" if finding.is_muted else word


def _finding(finding: Finding, redact: Callable[[str], str]) -> dict[str, Any]:
    return {
        "word": severity_word(finding),
        "check": redact(finding.check.replace("-", " ")),
        "title": redact(finding.title),
        "what_to_do": redact(finding.what_to_do),
        "evidence": list_entries(finding.evidence, redact),
    }
