"""Keeps what names a person, a file or a place out of the report.

Film ids are hashes and may be shown. Where a file lies, what it is called and who
was filmed may not; yet messages, evidence and command lines can carry all three.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from hilum.cohort import Cohort
from hilum.studies import Comparison, SourceValidation

HIDDEN = "[hidden]"

# Rooted, home or relative paths, Windows drives and shares; not the address of a web page.
_PATH = re.compile(
    r"""(?<![\w/:.])            # not in the middle of a word or an address
        (?:~|\.{1,2}|[A-Za-z]:|)  # home, here, above, drive
        [/\\]                     # then rooted
        [^\s"'`,;()\[\]{}|]*      # up to the end of the word
    """,
    re.VERBOSE,
)

_SHORTEST_SECRET = 5  # a patient called "12" must not blank every 12


def cohorts_of(comparison: Comparison) -> tuple[Cohort, ...]:
    """Name every cohort whose films and people a comparison knows."""
    if comparison.external is None:
        return (comparison.cohort,)
    return comparison.cohort, comparison.external.cohort


def redactor(*cohorts: Cohort) -> Callable[[str], str]:
    """Make a function that hides paths, file names and patients in any text.

    Args:
        cohorts: Whose films and people must not be recognised.

    Returns:
        A function from text to the same text with `[hidden]` in the place of names.
    """
    shown = " ".join(
        text
        for cohort in cohorts
        for text in (cohort.name, *cohort.classes, *(cohort.left_out or {}))
    )
    entries = [(film.path, film.patient) for cohort in cohorts for film in cohort.films]
    entries += [(exclusion.path, None) for cohort in cohorts for exclusion in cohort.excluded]
    secrets: set[str] = set()
    for path, patient in entries:
        folders = [str(parent) for parent in path.parents if len(parent.parts) > 1]
        secrets.update((str(path), path.as_posix(), path.name, *folders))
        # A stem such as "1" is no name, and one such as "normal" is a class; a folder
        # called "images" betrays nobody, one called "DOE^JANE" or "4711023" may.
        telling = [folder for folder in path.parts[:-1] if re.search(r"[\^\d]", folder)]
        words = (path.stem, patient or "", *telling)
        secrets.update(w for w in words if len(w) >= _SHORTEST_SECRET and w not in shown)
    longest_first = sorted(secrets, key=len, reverse=True)
    # Whole paths go first, spaces and all; then anything else that looks like a path;
    # single names last, lest they leave the rest of a path standing.
    paths = [secret for secret in longest_first if re.search(r"[/\\]", secret)]
    names = [secret for secret in longest_first if not re.search(r"[/\\]", secret)]

    def redact(text: str) -> str:
        text = _hide(paths, text)
        text = _PATH.sub(lambda match: match[0] if len(match[0]) == 1 else HIDDEN, text)
        return _hide(names, text)

    return redact


Told = TypeVar("Told")


def redacted(told: Told, redact: Callable[[str], str]) -> Told:
    """Hide names and places in every text of a nested value, the names of its parts included."""
    hidden: Told = _redacted(told, redact)
    return hidden


def redacted_sources(by_source: SourceValidation, redact: Callable[[str], str]) -> SourceValidation:
    """Hide names and places in what sources are called, and in why they were not tested.

    Args:
        by_source: One source left out, for every source.
        redact: Hides names and places in a text.
    """
    return replace(
        by_source,
        tests=tuple(
            replace(test, source=redact(test.source), why_untested=redact(test.why_untested))
            for test in by_source.tests
        ),
    )


def _redacted(value: Any, redact: Callable[[str], str]) -> Any:
    if isinstance(value, Mapping):
        return {_redacted(key, redact): _redacted(item, redact) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_redacted(item, redact) for item in value]
    return redact(value) if isinstance(value, str) else value


def _hide(secrets: Sequence[str], text: str) -> str:
    for secret in secrets:
        if secret in text:
            text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", HIDDEN, text)
    return text
