"""The section on the cohort: its films, its sources, what the checks found."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hilum.auditing import Finding, State, associate_sources, tabulate_sources
from hilum.cohort import Cohort
from hilum.report.films import choose_examples, data_uri
from hilum.report.pages import list_entries
from hilum.report.section import section
from hilum.wording import counted, films_text

_STATES: Mapping[State, tuple[str, str]] = {
    "fail": ("Problem", "Problems"),
    "warn": ("Caution", "Cautions"),
    "note": ("Note", "Notes"),
    "muted": ("Muted finding", "Muted findings"),
}


@section("cohort", place=100, variable="cohort_view")
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
                "films": films_text(len(rows)),
                "people": people_text(cohort, rows),
                "is_positive": label == positive,
                "examples": [(film.film_id, data_uri(film, thumbnails)) for film in examples],
            }
        )
    table = tabulate_sources(cohort)
    counts = Counter(film.label for film in films if film.source is None)
    return {
        "films": films_text(len(films)),
        "people": people_text(cohort, range(len(films))),
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
    return [(code, EXCLUSION_REASONS.get(code, ""), ids) for code, ids in sorted(by_code.items())]


@section("findings", place=110)
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


# From Cohen (1988), Statistical Power Analysis: small, medium and large for one degree of freedom.
_ASSOCIATIONS = (
    (0.5, "source and class go closely together"),
    (0.3, "source and class go together"),
    (0.1, "source and class go together a little"),
    (0.0, "source and class have hardly anything to do with each other"),
)


def association_text(association: float) -> str:
    """Put Cramér's V of source and class into words; empty where it does not exist."""
    if math.isnan(association):
        return ""
    meaning = (
        "no source holds films of more than one class"
        if association >= 1.0
        else next(text for least, text in _ASSOCIATIONS if association >= least)
    )
    # A V of 0.996 is not the 1.0 of which the verdict speaks.
    shown = "1.0" if association >= 1.0 else f"{min(association, 0.99):.2f}"
    return f"Cramér’s V of source and class, from 0 to 1, is {shown}: {meaning}."


EXCLUSION_REASONS = {
    "EMPTY": "The file holds no bytes.",
    "TYPE": "The content is not of a supported picture format.",
    "CORRUPT": "The file is damaged or ends early.",
    "FRAMES": "The file holds several pictures, and nothing says which one is meant.",
    "NONFINITE": "The pixels hold values that are no numbers.",
    "SIZE": "The file or its picture is too large.",
    "MISSING": "The file is not there or cannot be opened.",
    "LINK": "The file is a link that leads out of the folder, or nowhere.",
    "CHANGED": "The file changed while the study ran.",
    "DICOM": "The file is damaged as a DICOM file, or is none though its name says so.",
    "TAGVALUE": "What the DICOM file says about showing its grey levels makes no sense.",
    "PIXELMETA": "The DICOM file contradicts itself about how its pixels are stored.",
    "NOT_CXR": "The DICOM file holds something else than a plain radiograph.",
    "CODEC": "The pixels of the DICOM file are compressed.",
}


def people_text(cohort: Cohort, rows: Sequence[int]) -> str:
    """Say of how many patients the films of some rows are, as far as that is known."""
    patients = [cohort.films[row].patient for row in rows]
    known = {patient for patient in patients if patient is not None}
    unnamed = patients.count(None)
    if not known:
        return "of an unknown number of patients"
    people = f"of {counted(len(known), 'patient')}"
    return f"{people}, {unnamed:,} of unknown people" if unnamed else people
